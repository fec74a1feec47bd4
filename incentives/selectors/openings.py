"""Opening balances as people read them: lines of their own on statement and scorecard, with the system they came from."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from incentives.engine.plan import CompiledPlan
from incentives.inputs import plan_compiled
from incentives.models import OpeningKind, PlanVersion
from incentives.opening import OpeningSum
from spm.calendars.models import Period
from spm.sales.models import Order


@dataclass(frozen=True)
class OpeningLine:
    """One opening balance of a payee. day: the first day that counts here; label: of the measure, component or draw."""

    kind: str
    kind_label: str
    name: str
    label: str
    plan_title: str
    day: dt.date
    period_code: str
    amount: Decimal
    currency: str
    source: str
    release_on: dt.date | None
    change_number: int
    order: Order | None = None
    """The deal that was paid, of what is open to clawback."""

    @property
    def is_money(self) -> bool:
        """Is it an amount of pay? Credit may be units or counts."""
        return self.kind != OpeningKind.CREDIT


def opening_lines(openings: Collection[OpeningSum], period: Period) -> dict[int, list[OpeningLine]]:
    """Payee -> opening balances of the year before a period begins. Two queries, one more where some are of orders, none where there are none."""
    known = [one for one in openings if one.day <= period.starts < one.day + dt.timedelta(days=366)]
    if not known:
        return {}
    periods = {row.pk: row for row in Period.objects.filter(pk__in={one.period_id for one in known})}
    plans = plans_of({one.plan_id for one in known})
    ids = {one.order_id for one in known if one.order_id is not None}
    orders = {order.pk: order for order in Order.objects.filter(pk__in=ids)} if ids else {}
    found: dict[int, list[OpeningLine]] = defaultdict(list)
    for one in known:
        if one.plan_id in plans:
            found[one.payee_id].append(_line(one, plans[one.plan_id], periods[one.period_id], orders.get(one.order_id or 0)))
    order = list(OpeningKind)
    for lines in found.values():
        lines.sort(key=lambda line: (line.plan_title, order.index(OpeningKind(line.kind)), line.label, line.period_code))
    return found


def plans_of(ids: Collection[int]) -> dict[int, CompiledPlan]:
    """Plans by id, each in its newest version that is or was in force. One query."""
    rows = PlanVersion.objects.filter(plan_id__in=ids).exclude(state=PlanVersion.State.DRAFT).order_by("number")
    newest = {row.plan_id: row for row in rows}
    return {pk: plan_compiled(row.digest, row.text) for pk, row in newest.items()}


def _line(one: OpeningSum, plan: CompiledPlan, period: Period, order: Order | None) -> OpeningLine:
    label = one.name
    if one.kind == OpeningKind.CREDIT:
        label = next((measure.label for measure in plan.measures if measure.name == one.name and measure.label), one.name)
    elif one.kind == OpeningKind.DRAW:
        label = next((draw.label for draw in plan.terms.draws if draw.name == one.name), one.name)
    else:
        label = next((component.label for component in plan.components if component.name == one.name and component.label), one.name)
    return OpeningLine(
        one.kind, str(OpeningKind(one.kind).label), one.name, label, plan.title, one.day, period.code, one.amount, one.currency, one.source, one.release_on,
        one.number, order,
    )  # fmt: skip
