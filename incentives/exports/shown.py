"""Texts that both files share."""

from __future__ import annotations

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from incentives.exports.book import StatementBook
from incentives.selectors.rewards import Reward
from incentives.selectors.statements import StatementPart
from spm.calendars.models import Period
from spm.ui.formats import number_text, period_text


def period_shown(period: Period) -> str:
    """The period's name in the reader's language."""
    return period_text(period.code, period.starts, period.ends, get_language() or "en")


def span_shown(book: StatementBook) -> str:
    """The book's periods: one, or the first and the last."""
    first, last = period_shown(book.periods[0].view.period), period_shown(book.periods[-1].view.period)
    return first if first == last else f"{first} – {last}"


def causes_shown(part: StatementPart) -> str:
    """Why an amount of an earlier period is paid now; empty for the period's own."""
    return _("late: %(causes)s") % {"causes": ", ".join(part.cause_labels)} if part.is_late else ""


def reward_why(reward: Reward) -> str:
    """Why a reward of an approved period stands here; empty for the period's own."""
    if not reward.is_late:
        return ""
    locale = get_language() or "en"
    return _("changed since it was approved: told %(told)s, now %(now)s") % {
        "told": number_text(reward.told, locale), "now": number_text(reward.now, locale),
    }  # fmt: skip
