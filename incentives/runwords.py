"""What a run says of orders and of itself, in the reader's words."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy, gettext_noop

# Why no rule credited an order: the engine's reasons and those of the run.
REASONS: dict[str, Promise] = {
    "no_owner": gettext_lazy("Nobody owns it; give it a payee, or exclude it by a named rule."),
    "no_account": gettext_lazy("It is credited by territory and names no account."),
    "no_territory": gettext_lazy("It is credited by territory, and its account was in no territory on that day."),
    "no_holder": gettext_lazy("It is credited by territory, and nobody held its account's territory on that day."),
    "shared_territory": gettext_lazy("It is credited by territory, and several payees held its account's territory on that day; split it, or end all but one."),
    "no_rule": gettext_lazy("No crediting rule of the owner's plan fits it."),
    "no_plan": gettext_lazy("Its owner was under no plan on that day."),
    "no_assignment": gettext_lazy("Its owner held no position under the plan on that day."),
    "split_total": gettext_lazy("Its splits do not add up to 100 percent."),
    "outside_calendar": gettext_lazy("Its date lies outside the periods of the calendar."),
    "no_fx_rate": gettext_lazy("There is no currency rate for its currency on that day."),
    "line_currency": gettext_lazy("Its lines are in another currency than the order; a plan that reads lines cannot credit it."),
    "not_stated": gettext_lazy("Its lines do not state a figure that the plan reads."),
}

# Why a run computed everybody: kept as they stand here, shown by `full_because_shown`.
ASKED = gettext_noop("asked for")
FIRST = gettext_noop("first run")
EARLIER = gettext_noop("an earlier change number")
FRAME = gettext_noop("plans, people, reporting lines or calendars changed")
SHAPE = gettext_noop("chunks or decimals changed")
RATES = gettext_noop("currency rates changed")


def reason_shown(reason: str) -> str:
    """The reason in words; one that is not known is shown as it is."""
    return str(REASONS.get(reason, reason))


def full_because_shown(text: str) -> str:
    """Why a run computed everybody; empty for one that did not."""
    return gettext(text) if text else ""
