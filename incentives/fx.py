"""Brings a chunk's amounts into the plan's currency at a named, dated fx_rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from incentives.engine.columns import LIMIT
from incentives.engine.contracts import Facts, IntColumn, day_number
from incentives.engine.conversions import conversion_day
from incentives.engine.plan import Conversion
from incentives.engine.results import Uncredited
from incentives.engine.rounding import divide_round, round_quotients, scaled
from incentives.inputs import RunInputs, VersionInputs
from spm.currencies.codes import currency_pack, currency_unpack
from spm.currencies.models import FxRate
from spm.tenancy.changes import known_as_at

# The rate type for orders in other currencies: the plan rates of a tenant where it keeps some, else the daily reference.
RATE_TYPES = ("plan", "daily")
MOST_INDEXES = 64
"""Spans of days that a table keeps the places of rates for: payees of one tenant share a table, and each has days of his own."""


class FxTable:
    """Rates into one currency by source currency and day, as known at a change number."""

    def __init__(self, *, number: int, currency: str, rate_types: tuple[str, ...] = RATE_TYPES) -> None:
        self.rate_types = rate_types
        rows = known_as_at(FxRate.objects.filter(rate_type__in=rate_types), number)
        self.rates: list[Fraction] = []
        self._spans: dict[tuple[str, str], list[tuple[int, int, int]]] = {}
        self._indexes: dict[tuple[str, int, int], IntColumn] = {}
        for row in rows.order_by("valid_from"):
            low, high = day_number(row.valid_from), 2**31 if row.valid_to is None else day_number(row.valid_to)
            if row.quote == currency:
                self._add(row.rate_type, row.base, low, high, Fraction(row.fx_rate))
            elif row.base == currency:
                self._add(row.rate_type, row.quote, low, high, 1 / Fraction(row.fx_rate))

    def _add(self, rate_type: str, currency: str, low: int, high: int, value: Fraction) -> None:
        self._spans.setdefault((rate_type, currency), []).append((low, high, len(self.rates)))
        self.rates.append(value)

    def fx_rate(self, currency: str, day: int) -> Fraction | None:
        """Units of the target currency for one unit of `currency` on a day."""
        for kind in self.rate_types:
            for low, high, index in self._spans.get((kind, currency), ()):
                if low <= day < high:
                    return self.rates[index]
        return None

    def indexes(self, currency: str, first: int, end: int) -> IntColumn:
        """For each day in [first, end) the place in `rates` of that day's rate, the same as `fx_rate` finds; -1 where there is none."""
        key = (currency, first, end)
        if key not in self._indexes:
            if len(self._indexes) >= MOST_INDEXES:
                self._indexes.clear()
            found = np.full(end - first, -1, dtype=np.int64)
            for kind in reversed(self.rate_types):  # what is looked at first is written last
                for low, high, index in reversed(self._spans.get((kind, currency), [])):
                    found[max(low - first, 0) : max(high - first, 0)] = index
            self._indexes[key] = found
        return self._indexes[key]


def facts_converted(inputs: RunInputs, version: VersionInputs, facts: Facts) -> tuple[Facts, list[Uncredited]]:
    """The facts with all amounts in the plan's currency, and those without a rate.

    Type and day of the rate and the rounding are those of the plan's `conversions`; a plan that states none takes the rate of the
    order's day, rounded half up at the run's scale. Currencies in which the plan earns apart stay as they are.
    """
    plan, conversion = version.compiled, version.compiled.conversions.get("transaction")
    codes = facts.codes["currency"]
    other = ~np.isin(codes, [currency_pack(code) for code in {plan.currency, *plan.currencies}])
    if not other.any():
        return facts, []
    table = table_of(inputs, plan.currency, RATE_TYPES if conversion is None else (conversion.rate_type,))
    positions = version.prepared.cells(set()).of(facts.event_date)
    places = facts.amount_scale if conversion is None else min(facts.amount_scale, conversion.rounding.places)
    step, mode = 10 ** (facts.amount_scale - places), "half_up" if conversion is None else conversion.rounding.mode
    rows = np.flatnonzero(other)
    days = facts.event_date[rows].astype(np.int64)
    if conversion is not None:
        days = _days(version, conversion, days, positions[rows])
    amount, keep, missing = facts.amount.copy(), np.ones(len(facts), dtype=bool), []
    further = {name: replace(column, values=column.values.copy()) for name, column in facts.numbers.items() if column.is_money}
    for code in np.unique(codes[rows]).tolist():
        same = codes[rows] == code
        here, first = rows[same], int(days[same].min())
        of = table.indexes(currency_unpack(int(code)), first, int(days[same].max()) + 1)[days[same] - first]
        keep[here[of < 0]] = False
        here, of = here[of >= 0], of[of >= 0]
        for values in (amount, *(column.values for column in further.values())):
            values[here] = amounts_times(values[here], table.rates, of, step, mode)
    for row in np.flatnonzero(~keep):
        source = scaled(int(facts.amount[row]), facts.amount_scale)
        missing.append(Uncredited(int(facts.object_id[row]), int(facts.payee[row]), int(facts.event_date[row]), source, "no_fx_rate"))
    facts = replace(facts, amount=amount, numbers={**facts.numbers, **further})
    if missing:
        facts = facts.taken(np.flatnonzero(keep))
    return facts, missing


def _days(version: VersionInputs, conversion: Conversion, days: IntColumn, positions: IntColumn) -> IntColumn:
    """The day of the rate for each order's day and period; outside all periods the order's own."""
    keys, of = np.unique(np.stack([days, positions]), axis=1, return_inverse=True)
    found = [conversion_day(version.prepared, conversion, day, at) if at >= 0 else day for day, at in keys.T.tolist()]
    result: IntColumn = np.array(found, dtype=np.int64)[of.ravel()]
    return result


def amounts_times(values: IntColumn, rates: Sequence[Fraction], of: IntColumn, step: int, mode: str) -> IntColumn:
    """Each value x rates[of], rounded to multiples of step: all at once by int64 where that is exact, else one by one in whole numbers."""
    if not len(values):
        return values
    used, place = np.unique(of, return_inverse=True)
    factors = [rates[index].numerator for index in used.tolist()]
    divisors = [rates[index].denominator * step for index in used.tolist()]
    top = max(abs(int(values.max())), abs(int(values.min())))
    if top * max(factors) >= LIMIT or 2 * max(divisors) >= LIMIT:
        pairs = zip(values.tolist(), place.tolist(), strict=True)
        return np.array([divide_round(value * factors[at], divisors[at], mode) * step for value, at in pairs], dtype=np.int64)
    divisor = np.array(divisors, dtype=np.int64)[place]
    return round_quotients(values * np.array(factors, dtype=np.int64)[place], divisor, mode) * step


def table_of(inputs: RunInputs, currency: str, rate_types: tuple[str, ...]) -> FxTable:
    """Rates into a currency as the run knows them; read once per run."""
    kept: dict[tuple[str, tuple[str, ...]], FxTable] = inputs.__dict__.setdefault("_fx_tables", {})
    if (currency, rate_types) not in kept:
        kept[currency, rate_types] = FxTable(number=inputs.numbers["fx_rate"], currency=currency, rate_types=rate_types)
    return kept[currency, rate_types]
