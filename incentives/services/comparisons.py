"""Asking for a comparison of two plan versions, and keeping what came out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from incentives.comparison import Compared, versions_compare
from incentives.engine.compare import PERCENTILES, ZERO, Pair
from incentives.engine.errors import InputError
from incentives.inputs import plan_compiled
from incentives.models import PlanComparison, PlanVersion
from incentives.services.kept import AnswerFailed, answer_queue
from incentives.services.plans import PlanRefused, version_readable
from spm.tenancy.changes import known_number
from spm.tenancy.scope import tenant_scope


def comparison_start(*, first: PlanVersion, second: PlanVersion, start: dt.date, end: dt.date, actor_id: int | None = None) -> PlanComparison:
    """Queues the computation of both versions over the periods that begin in [start, end), as known now. Raises PlanRefused."""
    if first.pk == second.pk:
        raise PlanRefused(_("Choose two different versions; a version compared with itself shows nothing."))
    if end <= start:
        raise PlanRefused(_("The time ends before it begins; give a later end."))
    if first.currency != second.currency:
        raise PlanRefused(
            _("The plans pay in %(first)s and %(second)s; only plans of one currency can be compared.") % {"first": first.currency, "second": second.currency}
        )
    for version in (first, second):
        version_readable(version)
    row = PlanComparison.objects.create(
        first=first, second=second, start=start, end=end, known_number=known_number(), currency=first.currency, actor_id=actor_id
    )
    answer_queue(row, kind="plan_comparison")
    return row


def comparison_compute(
    *, tenant_id: int, uid: str, commit: Callable[[], AbstractContextManager[Any]], progress: Callable[[int, int], None] = lambda done, total: None
) -> None:
    """Computes and keeps the result. Repeating it changes nothing. Raises AnswerFailed."""
    with tenant_scope(tenant_id):
        row = PlanComparison.objects.select_related("first__plan", "second__plan").get(uid=uid)
        if row.state == PlanComparison.State.DONE:
            return
        try:
            found = versions_compare(first=row.first, second=row.second, start=row.start, end=row.end, known_number=row.known_number, progress=progress)
        except InputError as error:
            raise AnswerFailed(gettext_noop("The sales record cannot be read: %(error)s"), error=error) from error
        except LookupError as error:
            raise AnswerFailed(
                gettext_noop("Nobody is under the plan %(plan)s from %(start)s to %(end)s, or its calendar has no period then; choose another time."),
                plan=row.first.plan.code, start=row.start, end=row.end,
            ) from error  # fmt: skip
    with commit():
        PlanComparison.objects.filter(pk=row.pk).update(
            state=PlanComparison.State.DONE, summary=summary_of(found) | _texts(row), finished_at=timezone.now(),
            people=[_pair(p) for p in found.comparison.payees],
        )  # fmt: skip


def _texts(row: PlanComparison) -> dict[str, Any]:
    """Which texts were compared, and the currencies whose sums were converted for it."""
    compiled = [plan_compiled(version.digest, version.text) for version in (row.first, row.second)]
    converted = sorted({code for plan in compiled for code in plan.currencies} - {row.currency})
    return {"digests": [row.first.digest, row.second.digest], "converted": converted}


def summary_of(found: Compared) -> dict[str, Any]:
    """The sums as JSON, amounts as exact texts."""
    c = found.comparison
    return {
        "total": [_text(amount) for amount in c.total], "periods": [_pair(p) for p in c.periods], "components": [_pair(p) for p in c.components],
        "winners": len(c.gains), "losers": len(c.losses), "unchanged": len(c.payees) - len(c.gains) - len(c.losses),
        "gained": _text(sum(c.gains, ZERO)), "lost": _text(sum(c.losses, ZERO)),
        "percentiles": list(PERCENTILES), "pay": [[_text(v) for v in spread] for spread in c.pay],
        "attainment": [list(counts) for counts in c.attainment], "issues": list(found.issues), "uncredited": list(found.uncredited), "orders": found.orders,
    }  # fmt: skip


def _pair(pair: Pair) -> list[Any]:
    return [pair.key, _text(pair.first), _text(pair.second)]


def _text(amount: Decimal) -> str:
    return f"{amount:f}"
