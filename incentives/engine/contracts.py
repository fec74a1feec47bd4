"""The contract of the engine: what goes in and what comes out, as frozen dataclasses (named tuples where there are many).

Loaders fill these, the engine computes, writers store what comes back. Nothing here knows a database or a clock.

Conventions that hold everywhere in the engine:

* **Dates** are int32 days since 1970-01-01 (`day_number`, `day_text`); every interval is half-open `[start, end)`,
  `OPEN_END` standing for "no end".
* **Amounts of lines** are int64 at one stated scale for the whole `Facts` (`amount_scale` 4: 1 = 0.0001).
* **Everything per payee and period** is an exact `Decimal` (or `Fraction` where a quotient does not end).
* **Shares** are parts per million: 1_000_000 is the whole.
* **Ids** are non-negative int64; `NOBODY` (-1) is "no owner".
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

IntColumn = npt.NDArray[np.int64]
DayColumn = npt.NDArray[np.int32]

NOBODY = -1
WHOLE = 1_000_000
OPEN_END = 2_932_897  # 10000-01-01: later than any date that can be written
_EPOCH = datetime.date(1970, 1, 1).toordinal()


def day_number(value: str | datetime.date) -> int:
    """Days since 1970-01-01.

    >>> day_number("1970-01-02")
    1
    """
    date = value if isinstance(value, datetime.date) else datetime.date.fromisoformat(value)
    return date.toordinal() - _EPOCH


def day_text(day: int) -> str:
    """ISO date of a day number; "" for `OPEN_END`."""
    return "" if day >= OPEN_END else datetime.date.fromordinal(day + _EPOCH).isoformat()


def _empty() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True)
class NumberColumn:
    """A further number per line: int64 at its own scale (margin_pct 60.5 at scale 1 is 605).

    stated: where the source gives it (None: everywhere); elsewhere the value is 0 and credits nothing. is_money: an amount
    in the line's currency, converted as the amount is.
    """

    values: IntColumn
    scale: int
    stated: npt.NDArray[np.bool_] | None = None
    is_money: bool = False

    def taken(self, rows: Any) -> NumberColumn:
        """The column of some rows, by index or mask."""
        return replace(self, values=self.values[rows], stated=None if self.stated is None else self.stated[rows])


@dataclass(frozen=True)
class Facts:
    """Sales objects (order, order line, invoice, KPI value ...), one row each, in any order.

    The engine sorts by (payee, event_date, object_id) unless `is_sorted` says that it is done; object ids must then
    be unique. `payee` is the owner; who is credited is decided by the plan's crediting rules and `Splits`.

    A chunk is a set of payees. It must hold every object that one of them owns and every object in whose splits one
    of them takes part (with all splits of that object). Objects without an owner go with the pseudo payee `NOBODY`.

    codes: small-integer columns by name ("kind", "product", "channel", "currency", ...); -1 is "none". The labels by
    which plans speak of them are in `Vocabulary`. numbers: further numeric columns; "quantity" is one of them.
    `compiled.code_columns` and `compiled.number_columns` say which of them a plan reads.
    """

    object_id: IntColumn
    payee: IntColumn
    event_date: DayColumn
    amount: IntColumn
    amount_scale: int
    codes: Mapping[str, npt.NDArray[np.integer[Any]]] = field(default_factory=_empty)
    numbers: Mapping[str, NumberColumn] = field(default_factory=_empty)
    assignment: IntColumn | None = None
    """The owner's assignment where the source names it, else -1: the engine takes the one in force on the date."""
    is_sorted: bool = False
    parent: IntColumn | None = None
    """The object to which a row belongs, where rows are parts (lines of an order): counts are of these. None: rows are whole."""

    def __len__(self) -> int:
        return len(self.object_id)

    def taken(self, rows: Any, *, is_sorted: bool | None = None) -> Facts:
        """The facts of some rows, by index or mask. is_sorted: of the result; default as it is."""
        return Facts(
            object_id=self.object_id[rows],
            payee=self.payee[rows],
            event_date=self.event_date[rows],
            amount=self.amount[rows],
            amount_scale=self.amount_scale,
            codes={name: codes[rows] for name, codes in self.codes.items()},
            numbers={name: column.taken(rows) for name, column in self.numbers.items()},
            assignment=None if self.assignment is None else self.assignment[rows],
            is_sorted=self.is_sorted if is_sorted is None else is_sorted,
            parent=None if self.parent is None else self.parent[rows],
        )

    def objects(self, rows: Any) -> int:
        """How many objects some rows (a mask) belong to."""
        return int(np.count_nonzero(rows)) if self.parent is None else len(np.unique(self.parent[rows]))


@dataclass(frozen=True)
class Splits:
    """Who takes part in an object, in any order: one row per object, participant and role, shares in ppm.

    `role` is a code of vocabulary "role" ("" when the source has none).
    """

    object_id: IntColumn
    payee: IntColumn
    quota_share: IntColumn
    pay_share: IntColumn
    role: IntColumn

    def __len__(self) -> int:
        return len(self.object_id)

    @staticmethod
    def none() -> Splits:
        """No splits at all."""
        empty = np.empty(0, dtype=np.int64)
        return Splits(empty, empty, empty, empty, empty)


Vocabulary = Mapping[str, Mapping[str, int]]
"""Column name -> label -> code; also "role" for splits."""


@dataclass(frozen=True)
class Assignment:
    """A payee in a seat. Credit and earnings sit on it, quota on its position."""

    id: int
    payee: int
    position: int
    start: int
    end: int = OPEN_END
    fte: int = WHOLE
    legal_entity: str = ""
    primary: bool = True
    currency: str = ""
    """In which it is paid; "": in the plan's."""
    country: str = ""
    """Of the legal entity: by it holidays and limits of recovery go."""


@dataclass(frozen=True)
class Attribute:
    """A dated number of an assignment: pay rates such as commission_pct, target_incentive, base salary."""

    assignment: int
    name: str
    value: Decimal
    start: int
    end: int = OPEN_END


@dataclass(frozen=True)
class KpiValue:
    """What was measured of a payee on a day, and no transaction tells: a survey score, calls, how far an objective is reached."""

    payee: int
    kpi: str
    day: int
    value: Decimal


@dataclass(frozen=True)
class EmploymentSpan:
    """A payee is employed over `[start, end)`; status: active, leave, or notice (given). leave_kind: of a leave, one of
    `proration.LEAVE_KINDS`; "": the record does not say."""

    payee: int
    status: str
    start: int
    end: int = OPEN_END
    leave_kind: str = ""


@dataclass(frozen=True)
class Relation:
    """`related` (an assignment) stands in a named relation to `assignment` outside the reporting line: its mentor, its partner."""

    name: str
    assignment: int
    related: int
    start: int
    end: int = OPEN_END


@dataclass(frozen=True)
class ReportingLine:
    """`assignment` reports to `manager` (an assignment too). `people.reporting_from_positions` makes them."""

    assignment: int
    manager: int
    start: int
    end: int = OPEN_END


@dataclass(frozen=True)
class Enrolment:
    """An assignment is under this plan. With no enrolment at all (None) everybody is."""

    assignment: int
    start: int
    end: int = OPEN_END


@dataclass(frozen=True)
class LeadIn:
    """Days `[start, end)` before an assignment came under this plan version, on which the payee was under another one (or in
    another seat, `before`): what was sold then counts in measures that carry, and what that version paid counts as paid."""

    assignment: int
    start: int
    end: int
    before: int
    version: int = 0


@dataclass(frozen=True)
class Quota:
    """Quota of a position for a measure by name, over `[start, end)`."""

    position: int
    measure: str
    amount: Decimal
    start: int
    end: int
    currency: str = ""
    """"": the plan's."""


@dataclass(frozen=True)
class FxRate:
    """One unit of `base` is `fx_rate` units of `quote`, for a named type of rate, over `[start, end)`."""

    rate_type: str
    base: str
    quote: str
    fx_rate: Decimal | Fraction
    start: int
    end: int = OPEN_END


@dataclass(frozen=True)
class Period:
    """One pay period `[start, end)`. `quarter` and `year` name the accumulation windows it belongs to."""

    id: int
    key: str
    start: int
    end: int
    quarter: str = ""
    year: str = ""


@dataclass(frozen=True)
class Calendar:
    """Periods given explicitly, ascending, without overlap; gaps are allowed and earn nothing."""

    kind: str
    periods: tuple[Period, ...]


@dataclass(frozen=True)
class People:
    """Everybody the run needs: the chunk's payees, their managers, and all participants of the chunk's splits."""

    assignments: tuple[Assignment, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    reporting: tuple[ReportingLine, ...] = ()
    enrolments: tuple[Enrolment, ...] | None = None
    kpi_values: tuple[KpiValue, ...] = ()
    relations: tuple[Relation, ...] = ()
    employments: tuple[EmploymentSpan, ...] = ()


class OpeningAmount(NamedTuple):
    """Part of an assignment's opening balance: what the system before this one credited to a measure (kind `credit`) or paid of a
    component (`paid`) before `day`, the first day that is ours. period: id of the period to which the amount belongs. Other kinds
    say only that there is an opening balance."""

    assignment: int
    kind: str
    name: str
    period: int
    amount: Decimal
    day: int
    currency: str = ""


class CategoryLink(NamedTuple):
    """A product category lies in another one over `[start, end)`."""

    category: str
    parent: str
    start: int
    end: int = OPEN_END


@dataclass(frozen=True)
class Inputs:
    """All that a run of one plan reads. Small things are given whole, facts by chunk."""

    calendar: Calendar
    people: People
    quotas: tuple[Quota, ...] = ()
    vocabulary: Vocabulary = field(default_factory=_empty)
    fx_rates: tuple[FxRate, ...] = ()
    openings: tuple[OpeningAmount, ...] = ()
    lead_ins: tuple[LeadIn, ...] = ()
    holidays: tuple[tuple[int, str, str], ...] = ()
    """Of the company: (day, name, country; "": all), for plans that read its calendar."""
    beside: tuple[Enrolment, ...] = ()
    """Assignments that take their payee's (or their team's) credits on days of lead-ins, without being measured for themselves."""
    categories: tuple[CategoryLink, ...] = ()
    """The tree of product categories, where the plan asks what lies within one."""
