"""A manager's team: a heat map of people by metric for one period, and what needs a look."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q

from incentives.models import RunIssue, Statement, UncreditedOrder
from incentives.selectors.quotas import QuotaState, money, quota_states, share
from incentives.selectors.results import results_load
from incentives.selectors.runs import Freshness, freshness
from spm.calendars.models import Period
from spm.people.models import PersonDetail, Seat
from spm.told import shown


@dataclass(frozen=True)
class HeatColumn:
    """A metric. kind: percent (a share of 1), amount, or number."""

    key: str
    label: str
    kind: str
    currency: str


@dataclass(frozen=True)
class HeatCell:
    """A value, or None where nothing was computed or it is undefined. level 0..4: its place among the team's values of the
    column by fifths (None without a value); attainments are placed by what they are: below 50, 75, 100, 125 %."""

    value: Decimal | None
    level: int | None


@dataclass(frozen=True)
class HeatRow:
    """One person in one seat."""

    payee_id: int
    seat_id: int
    name: str
    position_title: str
    cells: tuple[HeatCell, ...]
    quota: QuotaState | None
    """The first quota of the seat's plan; None: the plan has no attainment."""
    earned: dict[str, Decimal]
    """In the period, by currency."""


@dataclass(frozen=True)
class TeamException:
    """Something that needs a look. kind: issue (the run could not compute a component), uncredited, held."""

    kind: str
    payee_id: int
    name: str
    text: str
    period_code: str


@dataclass(frozen=True)
class HeatMap:
    """People by metric for one period of a calendar."""

    period: Period
    columns: tuple[HeatColumn, ...]
    rows: tuple[HeatRow, ...]
    exceptions: tuple[TeamException, ...]
    freshness: Freshness


def team_heat_map(payee_ids: Sequence[int], *, period: Period, today: dt.date | None = None) -> HeatMap:
    """The team in a period, as far as it has gone on the day `today` (None: at its end). Ten queries at most, whatever its size.
    Columns are attainments, then measures, then pay."""
    last = period.ends - dt.timedelta(days=1)
    results = results_load(payee_ids=payee_ids, periods=[period])
    quotas = quota_states(results, today=last if today is None else min(today, last))
    columns: dict[tuple[str, str], HeatColumn] = {}
    values: dict[tuple[int, int], dict[tuple[str, str], Decimal | None]] = defaultdict(dict)
    earned: dict[tuple[int, int], dict[str, Decimal]] = defaultdict(dict)
    for result in results:
        plan, who = result.plan, (result.payee_id, result.seat_id)
        row = values[who]
        for attainment in plan.attainments:
            key = ("0attainment", attainment.label)
            columns.setdefault(key, HeatColumn(attainment.name, attainment.label, "percent", ""))
            row[key] = _number(result.figures.get(attainment.name), share)
        for measure in plan.measures:
            if not measure.hidden:
                key = ("1measure", measure.label)
                kind = "number" if measure.aggregate == "count" else "amount"
                columns.setdefault(key, HeatColumn(measure.name, measure.label, kind, plan.currency))
                row[key] = _number(result.figures.get(measure.name), money)
        key = ("2pay", plan.currency)
        columns.setdefault(key, HeatColumn("earned", "", "amount", plan.currency))
        row[key] = (row.get(key) or Decimal(0)) + result.earned
        earned[who][plan.currency] = earned[who].get(plan.currency, Decimal(0)) + result.earned
    order = sorted(columns)
    names = dict(PersonDetail.objects.filter(payee_id__in=payee_ids).values_list("payee_id", "display_name"))
    titles = dict(Seat.objects.filter(pk__in=[seat for _, seat in values]).values_list("pk", "position__title"))
    levels = {key: _levels(key, [row.get(key) for row in values.values()]) for key in order}
    rows = [
        HeatRow(
            payee, seat, names.get(payee, ""), titles.get(seat, ""),
            tuple(HeatCell(row.get(key), None if row.get(key) is None else levels[key](row[key])) for key in order), quotas.get((payee, seat)),
            earned[payee, seat],
        )
        for (payee, seat), row in values.items()
    ]  # fmt: skip
    rows.sort(key=lambda row: (row.name, row.seat_id))
    return HeatMap(period, tuple(columns[key] for key in order), tuple(rows), tuple(_exceptions(payee_ids, period, names)), freshness())


def _number(value: Decimal | None, rounded: Callable[[Decimal], Decimal]) -> Decimal | None:
    return None if value is None else rounded(value)


def _levels(key: tuple[str, str], found: Sequence[Decimal | None]):  # type: ignore[no-untyped-def]
    known = sorted(value for value in found if value is not None)
    if key[0] == "0attainment":
        bounds = [Decimal("0.5"), Decimal("0.75"), Decimal(1), Decimal("1.25")]
    else:
        bounds = [known[len(known) * fifth // 5] for fifth in (1, 2, 3, 4)] if known else []
    return lambda value: sum(value >= bound for bound in bounds)


def _exceptions(payee_ids: Sequence[int], period: Period, names: dict[int, str]) -> list[TeamException]:
    found = []
    for issue in RunIssue.objects.filter(payee_id__in=payee_ids, period=period, run_to__isnull=True).order_by("payee_id", "component")[:50]:
        found.append(TeamException("issue", issue.payee_id, names.get(issue.payee_id, ""), f"{issue.component}: {shown(issue.problem)}", period.code))
    lost = UncreditedOrder.objects.filter(payee_id__in=payee_ids, run_to__isnull=True, event_date__gte=period.starts, event_date__lt=period.ends)
    for order in lost.select_related("order").order_by("event_date", "id")[:50]:
        text = f"{order.order.external_id}: {order.reason} ({order.amount.normalize():f})"
        found.append(TeamException("uncredited", order.payee_id or 0, names.get(order.payee_id or 0, ""), text, period.code))
    for held in Statement.objects.filter(Q(payee_id__in=payee_ids), period=period, state=Statement.State.HELD)[:50]:
        found.append(TeamException("held", held.payee_id, names.get(held.payee_id, ""), held.hold_reason, period.code))
    return found
