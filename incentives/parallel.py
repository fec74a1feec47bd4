"""Both sides of a parallel run: the file of the earlier system, row by row in our terms, and what is posted here for the same periods."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext_noop

from incentives.engine.parallel import CellKey, Side
from incentives.engine.plan import CompiledPlan
from incentives.inputs import plan_compiled
from incentives.models import EARNED_VERBS, LedgerEntry, ParallelBasis, PlanVersion
from incentives.opening import openings_known
from incentives.selectors.results import Result, results_load
from spm.calendars.models import Period
from spm.imports.errors import ImportFault
from spm.imports.readers import Source, table_open
from spm.imports.values import CellError, number_read
from spm.people.models import Payee
from spm.told import told

COLUMNS: dict[str, tuple[str, ...]] = {
    "payee": ("payee", "employee", "employee_number", "employee_id", "rep", "seller", "person", "id"),
    "plan": ("plan", "scheme", "plan_name"),
    "component": ("component", "element", "incentive", "measure"),
    "period": ("period", "month", "pay_period", "date"),
    "amount": ("amount", "pay", "payout", "commission", "paid", "earned"),
    "credit": ("credit", "credited", "sales", "base", "quota_credit"),
    "currency": ("currency", "curr"),
}
"""What is read of a file, and the headers by which a column is known where none is named."""
GROUP = 500
"""Payees whose results are read at once."""
NEEDED = ("payee", "period", "amount")
_YEAR_MONTH = re.compile(r"(\d{4})[-/.](\d{1,2})$")


@dataclass
class FileRow:
    """One row of the file in its own words; lines: where it stands."""

    payee: str
    plan: str
    component: str
    period: str
    amount: Decimal
    credit: Decimal | None
    currency: str
    lines: str


@dataclass
class Theirs:
    """The file: cells that are ours too, rows that say nothing to us with the reason, and sums by currency as read."""

    cells: dict[CellKey, Side] = field(default_factory=dict)
    words: dict[CellKey, FileRow] = field(default_factory=dict)
    strange: list[tuple[FileRow, str]] = field(default_factory=list)
    total: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))


def file_read(source: Source, *, columns: Mapping[str, str], decimal: str = ".") -> tuple[list[FileRow], dict[str, str]]:
    """The rows of a CSV or XLSX file, and which column was read as what. ImportFault names what is missing or cannot be read."""
    table = table_open(source, decimal=decimal)
    chosen = columns_chosen(table.header, columns)
    at = {name: table.header.index(column) for name, column in chosen.items()}
    rows: list[FileRow] = []
    wrong: list[str] = []
    for line, cells in table.rows:
        if not any(cell.strip() for cell in cells):
            continue
        given = {name: cells[i].strip() if i < len(cells) else "" for name, i in at.items()}
        try:
            amount = number_read(given["amount"] or "0", decimal=decimal)
            credit = number_read(given["credit"], decimal=decimal) if given.get("credit") else None
        except CellError as error:
            wrong.append(f"{line}: {error}")
            continue
        rows.append(
            FileRow(
                given["payee"], given.get("plan", ""), given.get("component", ""), given["period"], amount, credit, given.get("currency", "").upper(), str(line)
            )
        )
    if wrong:
        raise ImportFault(
            gettext_noop(
                "%(count)s rows of %(name)s hold an amount that is not a number, so its sum is not known: line %(first)s. "
                "Mend the cells, or name the decimal mark."
            ),
            count=len(wrong), name=source.name, first="; ".join(wrong[:5]),
        )  # fmt: skip
    if not rows:
        raise ImportFault(gettext_noop("%(name)s has a header and no rows."), name=source.name)
    return rows, chosen


def columns_chosen(header: list[str], columns: Mapping[str, str]) -> dict[str, str]:
    """Column by meaning: as named, else by its header."""
    found: dict[str, str] = {}
    plain = {re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_"): name for name in reversed(header)}
    for name, guesses in COLUMNS.items():
        wanted = columns.get(name, "")
        if wanted and wanted not in header:
            raise ImportFault(gettext_noop("The file has no column %(column)s; its columns are %(header)s."), column=wanted, header=", ".join(header))
        column = wanted or next((plain[guess] for guess in guesses if guess in plain and plain[guess] not in found.values()), "")
        if column:
            found[name] = column
        elif name in NEEDED:
            raise ImportFault(gettext_noop("Name the column that holds the %(what)s; the file has %(header)s."), what=name, header=", ".join(header))
    return found


class Mapper:
    """Brings rows of the file into our terms. words: their component or plan -> ours, as NAME or PLAN.NAME."""

    def __init__(self, rows: Collection[FileRow], words: Mapping[str, str]) -> None:
        self.words = {their.strip().lower(): our.strip() for their, our in words.items()}
        self.payees: dict[str, list[int]] = defaultdict(list)
        for pk, external_id in Payee.objects.filter(external_id__in={row.payee for row in rows}).values_list("pk", "external_id"):
            self.payees[external_id].append(pk)
        self.plans: dict[str, CompiledPlan] = {}
        self.calendars: dict[str, int] = {}
        for version in PlanVersion.objects.exclude(state=PlanVersion.State.DRAFT).select_related("plan").order_by("number"):
            self.plans[version.plan.code] = plan_compiled(version.digest, version.text)
            self.calendars[version.plan.code] = version.plan.calendar_id
        self.periods: dict[int, list[Period]] = defaultdict(list)
        for period in Period.objects.filter(calendar_id__in=set(self.calendars.values())).order_by("starts"):
            self.periods[period.calendar_id].append(period)
        self.by_component = any(row.component for row in rows)
        self.by_plan = self.by_component or any(row.plan for row in rows)

    def periods_named(self, rows: Iterable[FileRow]) -> set[int]:
        """The periods of any plan's calendar that the file speaks of."""
        words = {row.period for row in rows}
        return {found for text in words for code in self.calendars if (found := self._period(text, code)) is not None}

    def read(self, rows: Iterable[FileRow], ours: Mapping[CellKey, Side]) -> Theirs:
        """All rows. A component that several plans have is taken for that of the plan that pays the payee (`ours`)."""
        found = Theirs()
        for row in rows:
            where = self._place(row, ours)
            if isinstance(where, str):
                found.strange.append((row, where))
                currency = row.currency or "XXX"
            else:
                found.cells.setdefault(where, Side()).add(row.amount, row.credit)
                known = found.words.setdefault(where, row)
                if known is not row and len(known.lines) < 150:
                    known.lines += f", {row.lines}"
                currency = where.currency
            found.total[currency] += row.amount
        return found

    def _place(self, row: FileRow, ours: Mapping[CellKey, Side]) -> CellKey | str:
        payees = self.payees.get(row.payee, [])
        if len(payees) != 1:
            return told(gettext_noop("there is no payee %(name)s") if not payees else gettext_noop("several payees have the number %(name)s"), name=row.payee)
        plan = self._plan(row.plan)
        if plan is None:
            return told(gettext_noop("there is no plan %(name)s"), name=row.plan)
        places = self._components(row.component, plan) if self.by_component else [(plan, "")]
        if not places:
            return told(gettext_noop("no plan has a component %(name)s"), name=row.component)
        cells = []
        for code, component in places:
            period = self._period(row.period, code)
            if period is not None:
                currency = row.currency or self._currency(code)
                cells.append(CellKey(payees[0], code if self.by_plan else "", component, period, currency))
        if not cells:
            return told(gettext_noop("there is no period %(name)s"), name=row.period)
        if len(cells) > 1:
            cells = [cell for cell in cells if cell in ours]
        if len(cells) != 1:
            return told(gettext_noop("several plans have a component %(name)s; name the plan"), name=row.component)
        return cells[0]

    def _currency(self, code: str) -> str:
        if code:
            return self.plans[code].currency
        return next(iter(sorted({plan.currency for plan in self.plans.values()})), "")

    def _plan(self, text: str) -> str | None:
        """The plan's code; "" where the row names none."""
        wanted = self.words.get(text.lower(), text)
        if not wanted:
            return ""
        return next((code for code, plan in self.plans.items() if wanted.lower() in (code.lower(), plan.title.lower())), None)

    def _components(self, text: str, plan: str) -> list[tuple[str, str]]:
        wanted = self.words.get(text.lower(), text)
        if not plan and "." in wanted and wanted.partition(".")[0] in self.plans:
            plan, _, wanted = wanted.partition(".")
        found = []
        for code in [plan] if plan else sorted(self.plans):
            compiled = self.plans[code]
            names = [c.name for c in compiled.components if wanted.lower() in (c.name.lower(), c.label.lower())]
            names += [draw.component for draw in compiled.terms.draws if wanted.lower() in (draw.component.lower(), draw.label.lower())]
            found += [(code, name) for name in names[:1]]
        return found

    def _period(self, text: str, code: str) -> int | None:
        calendars = [self.calendars[code]] if code else sorted(self.periods)
        for calendar in calendars:
            for period in self.periods[calendar]:
                if period.code.lower() == text.lower():
                    return period.pk
        day = _day(text)
        if day is None:
            return None
        return next((period.pk for calendar in calendars for period in self.periods[calendar] if period.starts <= day < period.ends), None)


def _day(text: str) -> dt.date | None:
    """A day within the period that the text names: an ISO date or a year and month."""
    month = _YEAR_MONTH.match(text)
    try:
        return dt.date(int(month[1]), int(month[2]), 1) if month else dt.date.fromisoformat(text[:10])
    except ValueError:
        return None


def ours_read(
    *, periods: Collection[int], basis: str, by_plan: bool, by_component: bool, progress: Callable[[int, int], None] = lambda done, total: None
) -> dict[CellKey, Side]:  # fmt: skip
    """What is posted here in these periods. Credit is stated by component alone, and where the component pays on one measure. progress:
    payees whose credit is read, of how many."""
    earned = basis == ParallelBasis.EARNED
    period = "earning_period_id" if earned else "pay_period_id"
    rows = LedgerEntry.objects.filter(**{f"{period}__in": list(periods)})
    if earned:
        rows = rows.filter(verb__in=EARNED_VERBS)
    found: dict[CellKey, Side] = {}
    keys = ("payee_id", "plan_version__plan__code", "component", period, "currency", "scale")
    for payee, plan, component, at, currency, scale, total in rows.order_by().values_list(*keys).annotate(total=Sum("amount")):
        key = CellKey(payee, plan if by_plan else "", component if by_component else "", at, currency)
        found.setdefault(key, Side()).add(Decimal(total).scaleb(-scale), None)
    if by_component:
        payees = sorted({key.payee for key in found})
        for i in range(0, len(payees), GROUP):
            for key, credit in _credits(payees[i : i + GROUP], periods).items():
                if key in found:
                    found[key].credit = credit
            progress(min(i + GROUP, len(payees)), len(payees))
    return {key: side for key, side in found.items() if side.amount or side.credit}


def _credits(payees: Collection[int], periods: Collection[int]) -> dict[CellKey, Decimal]:
    """Credit of each period by component: of a measure to date, what the period added to it."""
    years = Period.objects.filter(pk__in=list(periods)).values("calendar_id", "year")
    whole = [p for one in {(y["calendar_id"], y["year"]) for y in years} for p in Period.objects.filter(calendar_id=one[0], year=one[1])]
    opened: dict[tuple[int, str], list[tuple[Period | None, Decimal]]] = defaultdict(list)
    by_id = {period.pk: period for period in whole}
    for one in openings_known(number=None, payees=payees):
        if one.kind == "credit":
            opened[one.seat_id, one.name].append((by_id.get(one.period_id), one.amount))
    found: dict[CellKey, Decimal] = defaultdict(Decimal)
    before: dict[tuple[int, str, str], tuple[Any, Decimal]] = {}
    for result in results_load(payee_ids=sorted(payees), periods=whole):
        for component in result.plan.components:
            credit = _credit(result, component, opened, before)
            if credit is not None and result.period.pk in periods:
                found[CellKey(result.payee_id, result.plan.key, component.name, result.period.pk, result.currency)] += credit
    return found


def _credit(
    result: Result, component: Any, opened: Mapping[tuple[int, str], list[tuple[Period | None, Decimal]]],
    before: dict[tuple[int, str, str], tuple[Any, Decimal]],
) -> Decimal | None:  # fmt: skip
    if component.base_measure is None:
        return None
    measure = result.plan.measures[component.base_measure]
    value = result.figures.get(measure.name)
    if value is None or measure.over not in ("period", "quarter", "year"):
        return None
    window = _window(result.period, measure.over)
    key = (result.seat_id, result.plan.key, component.name)
    start = sum((amount for period, amount in opened.get((result.seat_id, measure.name), []) if period and _window(period, measure.over) == window), Decimal(0))
    last = before.get(key, (None, Decimal(0)))
    before[key] = (window, value)
    return value - (last[1] if last[0] == window else start)


def _window(period: Period, over: str) -> Any:
    return period.pk if over == "period" else (period.year, period.quarter) if over == "quarter" else period.year
