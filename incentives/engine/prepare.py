"""What a run of one plan needs of its inputs, indexed once and shared by all chunks."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from .categories import CategoryTree
from .contracts import Calendar, Enrolment, Inputs, Period, Quota, day_text
from .errors import InputError
from .exact import ZERO, Number, add, mul, simple
from .opening import Opening, openings_indexed
from .people import PeopleIndex
from .period_formula import Unusable
from .plan import CompiledPlan, CreditRule
from .proration import DayCount, Holiday
from .said import said


class Prepared:
    """Plan, inputs and their indexes. Build once per run and worker: `Prepared(plan, inputs)`."""

    def __init__(self, plan: CompiledPlan, inputs: Inputs) -> None:
        self.plan, self.inputs = plan, inputs
        self.team_days: Mapping[int, list[tuple[int, int]]] | None = None
        """Of a lead-in: on which days a manager's team counts."""
        self.periods = calendar_checked(inputs.calendar)
        self.people = PeopleIndex(inputs.people)
        rolling = {over for over in (*(m.over for m in plan.measures), *(q.over for q in plan.quotas)) if over.startswith("rolling:")}
        overs = ("period", "quarter", "year", "ever", *sorted(rolling))
        self.windows = {over: [window_label(period, over) for period in self.periods] for over in overs}
        self._spans: dict[tuple[str, str], tuple[int, int]] = {}
        for over, labels in self.windows.items():
            for period, label in zip(self.periods, labels, strict=True):
                low, high = self._spans.get((over, label), (period.start, period.end))
                self._spans[over, label] = (min(low, period.start), max(high, period.end))
            if over in rolling:
                for position, label in enumerate(labels):
                    first = self.periods[max(0, position + 1 - rolling_periods(over))]
                    self._spans[over, label] = (first.start, self.periods[position].end)
        self._quotas: dict[tuple[int, str], list[tuple[Quota, Any]]] = defaultdict(list)
        for quota in inputs.quotas:
            if quota.start >= quota.end:
                raise InputError(f"quotas: {quota.measure} of position {quota.position} ends before it starts")
            self._quotas[quota.position, quota.measure].append(self._quota_converted(quota))

    @cached_property
    def lead(self) -> Prepared | None:
        """The same plan over the days of lead-ins, on which its assignments take their payee's credits as if they had begun; None without any."""
        inputs = self.inputs
        if not inputs.lead_ins or not self.plan.carried:
            return None
        first: dict[int, int] = {}
        for item in inputs.lead_ins:
            first[item.assignment] = min(item.start, first.get(item.assignment, item.start))
        seats = tuple(replace(a, start=min(a.start, first.get(a.id, a.start))) for a in inputs.people.assignments)
        enrolled = (*(Enrolment(item.assignment, item.start, item.end) for item in inputs.lead_ins), *inputs.beside)
        people = replace(inputs.people, assignments=seats, enrolments=enrolled, attributes=())
        found = Prepared(self.plan, replace(inputs, people=people, quotas=(), lead_ins=(), beside=()))
        found.team_days = self.led
        return found

    @cached_property
    def led(self) -> dict[int, list[tuple[int, int]]]:
        """Days of lead-ins by assignment."""
        found: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for item in self.inputs.lead_ins if self.plan.carried else ():
            found[item.assignment].append((item.start, item.end))
        return dict(found)

    def position_of(self, day: int) -> int | None:
        """The period in which a day lies, by position; None outside all periods."""
        at = bisect_right(self._starts, day) - 1
        return at if at >= 0 and day < self.periods[at].end else None

    @cached_property
    def _starts(self) -> list[int]:
        return [period.start for period in self.periods]

    @cached_property
    def fx(self) -> Any:
        """Rates of the run by type, pair and day."""
        from .conversions import FxIndex

        return FxIndex(self.inputs.fx_rates)

    @cached_property
    def day_count(self) -> DayCount:
        """Working days, by the holidays of the plan, of the company, or both, as the plan says."""
        if self.plan.holidays_of == "plan":
            return DayCount(self.plan.holidays)
        return DayCount([*self.plan.holidays, *(Holiday(day, name, (country,) if country else ()) for day, name, country in self.inputs.holidays)])

    @cached_property
    def categories(self) -> CategoryTree:
        """The tree of product categories."""
        return CategoryTree(self.inputs.categories)

    @cached_property
    def credit_order(self) -> list[CreditRule]:
        """The rules in the order in which they take objects. Where they name categories by the tree, of those that say as much the one
        that names the deepest goes first."""
        return self.plan.credit_order(self.categories.depth)

    @cached_property
    def openings(self) -> dict[int, Opening]:
        """Opening balances by assignment."""
        return openings_indexed(self.inputs.openings, self.periods, self.plan.currency)

    def _quota_converted(self, quota: Quota) -> tuple[Quota, Any]:
        """A quota and its amount, one in another currency in the plan's; without a rate it is unusable, on that payee alone."""
        plan = self.plan
        if quota.currency in ("", plan.currency, *plan.currencies):
            return quota, quota.amount
        conversion = plan.conversions.get("quota")
        if conversion is None:
            why = said("is in %(source)s, the plan in %(target)s: state `conversions: quota`", source=quota.currency, target=plan.currency)
            return replace(quota, currency=""), Unusable(why)
        position = next((i for i, p in enumerate(self.periods) if p.start <= quota.start < p.end), None)
        day = quota.start
        if position is not None and conversion.as_of != "event":
            low, high = self.span("year" if conversion.as_of == "year_start" else "period", position)
            day = high - 1 if conversion.as_of == "period_end" else low
        value = self.fx.fx_rate(conversion.rate_type, quota.currency, plan.currency, day)
        if value is None:
            unusable = Unusable(
                said(
                    "has no %(kind)s rate from %(source)s to %(target)s on %(day)s",
                    kind=conversion.rate_type, source=quota.currency, target=plan.currency, day=day_text(day),
                )
            )  # fmt: skip
            return replace(quota, currency=""), unusable
        return replace(quota, currency=""), simple(Fraction(quota.amount) * value)

    @cached_property
    def measures(self) -> list[tuple[int, str, str, int]]:
        """(index, name, window, periods of a rolling window) of each measure."""
        return [(i, m.name, m.over, rolling_periods(m.over)) for i, m in enumerate(self.plan.measures[: self.plan.block])]

    def span(self, over: str, period: int) -> tuple[int, int]:
        """First day and end of the window to which the period (by position) belongs."""
        return self._spans[over, self.windows[over][period]]

    def quota(self, position: int, name: str, low: int, high: int, currency: str = "") -> Any:
        """Quota of a position over `[low, high)`: whole rows within it, a row that reaches over an edge in proportion
        of its calendar days. None without any row. Only rows in the given currency, "" being the plan's; an unusable row
        (no rate for its currency) makes the quota unusable."""
        found: Number | None = None
        for row, amount in self._quotas.get((position, name), ()):
            start, end = max(low, row.start), min(high, row.end)
            if start >= end or (row.currency if row.currency != self.plan.currency else "") != currency:
                continue
            if isinstance(amount, Unusable):
                return amount
            part: Number = amount
            if (start, end) != (row.start, row.end):
                part = mul(amount, simple(Fraction(end - start, row.end - row.start)))
            found = add(found if found is not None else ZERO, part)
        return found

    def cells(self, cuts: set[int]) -> Cells:
        """The periods, cut further at the given days."""
        return Cells(self.periods, cuts)


class Cells:
    """Stretches of days inside periods, within which totals are kept: normally the periods themselves."""

    def __init__(self, periods: tuple[Period, ...], cuts: set[int]) -> None:
        starts, ends, owners = [], [], []
        inner = sorted(cuts)
        for index, period in enumerate(periods):
            edges = [period.start, *[day for day in inner if period.start < day < period.end], period.end]
            starts += edges[:-1]
            ends += edges[1:]
            owners += [index] * (len(edges) - 1)
        self.starts, self.ends = starts, ends
        self.period = np.array(owners, dtype=np.int64)
        self.count = len(starts)
        self._first = starts[0] if starts else 0
        self._table = np.full((ends[-1] - self._first if starts else 0) + 2, -1, dtype=np.int64)
        for cell, (start, end) in enumerate(zip(starts, ends, strict=True)):
            self._table[start - self._first + 1 : end - self._first + 1] = cell

    def of(self, days: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        """Cell of each day; -1 outside all periods."""
        return self._table[np.clip(days.astype(np.int64) - self._first + 1, 0, len(self._table) - 1)]


def window_label(period: Period, over: str) -> str:
    """The accumulation window of a period; a period without a quarter or year is a window of its own, and each rolling
    window ends with its own period."""
    if over == "ever":
        return over
    if over.startswith("rolling:"):
        return period.key
    return period.key if over == "period" else getattr(period, over) or period.key


def rolling_periods(over: str) -> int:
    """N of a window rolling:N (the period itself and the N-1 before it); 0 for any other."""
    return int(over.removeprefix("rolling:")) if over.startswith("rolling:") else 0


def calendar_checked(calendar: Calendar) -> tuple[Period, ...]:
    """The periods, if they are in order and apart."""
    periods = calendar.periods
    if not periods:
        raise InputError("calendar: there is no period; give at least one")
    for before, after in itertools.pairwise(periods):
        if after.start < before.end:
            raise InputError(f"calendar: period {after.key} starts before {before.key} ends; order periods and keep them apart")
    for period in periods:
        if period.start >= period.end:
            raise InputError(f"calendar: period {period.key} ends before it starts")
    if len({period.id for period in periods}) != len(periods):
        raise InputError("calendar: a period id is given twice; ids are unique")
    return periods
