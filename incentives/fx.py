"""Brings a chunk's amounts into the plan's currency at a named, dated fx_rate."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from incentives.engine.columns import LIMIT
from incentives.engine.contracts import Facts, IntColumn, Uncredited, day_number
from incentives.engine.conversions import conversion_day
from incentives.engine.plan import Conversion
from incentives.engine.rounding import divide_round, round_column, scaled
from incentives.inputs import RunInputs, VersionInputs
from spm.currencies.codes import currency_pack, currency_unpack
from spm.currencies.models import FxRate
from spm.tenancy.changes import known_as_at

# The rate type for orders in other currencies: the plan rates of a tenant where it keeps some, else the daily reference.
RATE_TYPES = ("plan", "daily")


class FxTable:
    """Rates into one currency by source currency and day, as known at a change number."""

    def __init__(self, *, number: int, currency: str, rate_types: tuple[str, ...] = RATE_TYPES) -> None:
        self.rate_types = rate_types
        rows = known_as_at(FxRate.objects.filter(rate_type__in=rate_types), number)
        self._spans: dict[tuple[str, str], list[tuple[int, int, Fraction]]] = {}
        for row in rows.order_by("valid_from"):
            low, high = day_number(row.valid_from), 2**31 if row.valid_to is None else day_number(row.valid_to)
            if row.quote == currency:
                self._spans.setdefault((row.rate_type, row.base), []).append((low, high, Fraction(row.fx_rate)))
            elif row.base == currency:
                self._spans.setdefault((row.rate_type, row.quote), []).append((low, high, 1 / Fraction(row.fx_rate)))

    def fx_rate(self, currency: str, day: int) -> Fraction | None:
        """Units of the target currency for one unit of `currency` on a day."""
        for kind in self.rate_types:
            for low, high, value in self._spans.get((kind, currency), ()):
                if low <= day < high:
                    return value
        return None


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
    table = _table(inputs, plan.currency, RATE_TYPES if conversion is None else (conversion.rate_type,))
    positions = version.prepared.cells(set()).of(facts.event_date)
    places = facts.amount_scale if conversion is None else min(facts.amount_scale, conversion.rounding.places)
    step, mode = 10 ** (facts.amount_scale - places), "half_up" if conversion is None else conversion.rounding.mode
    rows = np.flatnonzero(other)
    days = facts.event_date[rows].astype(np.int64)
    if conversion is not None:
        days = _days(version, conversion, days, positions[rows])
    amount, keep, missing = facts.amount.copy(), np.ones(len(facts), dtype=bool), []
    further = {name: replace(column, values=column.values.copy()) for name, column in facts.numbers.items() if column.is_money}
    # Orders of one currency and day are converted together: the rate is looked up and the division done once for all of them.
    pairs, of = np.unique(codes[rows].astype(np.int64) * 2**32 + days + 2**31, return_inverse=True)
    order = np.argsort(of, kind="stable")
    for pair, same in zip(pairs.tolist(), np.split(rows[order], np.cumsum(np.bincount(of, minlength=len(pairs)))[:-1]), strict=True):
        value = table.fx_rate(currency_unpack(pair >> 32), (pair & 0xFFFFFFFF) - 2**31)
        if value is None:
            keep[same] = False
        else:
            for values in (amount, *(column.values for column in further.values())):
                values[same] = _times(values[same], value, step, mode)
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


def _times(values: IntColumn, fx_rate: Fraction, step: int, mode: str) -> IntColumn:
    """Each value x fx_rate, rounded to multiples of step; by int64 where that is exact, else one by one in whole numbers."""
    factor, divisor = fx_rate.numerator, fx_rate.denominator * step
    top = max(abs(int(values.max())), abs(int(values.min()))) if len(values) else 0
    if top * factor < LIMIT and divisor * 2 < LIMIT:
        return round_column(values * factor, divisor, 0, mode) * step
    return np.array([divide_round(value * factor, divisor, mode) * step for value in values.tolist()], dtype=np.int64)


def _table(inputs: RunInputs, currency: str, rate_types: tuple[str, ...]) -> FxTable:
    kept: dict[tuple[str, tuple[str, ...]], FxTable] = inputs.__dict__.setdefault("_fx_tables", {})
    if (currency, rate_types) not in kept:
        kept[currency, rate_types] = FxTable(number=inputs.numbers["fx_rate"], currency=currency, rate_types=rate_types)
    return kept[currency, rate_types]
