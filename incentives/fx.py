"""Brings a chunk's amounts into the plan's currency at a named, dated fx_rate."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from incentives.engine.contracts import Facts, Uncredited, day_number
from incentives.engine.conversions import conversion_day
from incentives.engine.rounding import divide_round, scaled
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
    amount, keep, missing = facts.amount.copy(), np.ones(len(facts), dtype=bool), []
    further = {name: replace(column, values=column.values.copy()) for name, column in facts.numbers.items() if column.is_money}
    for row in np.flatnonzero(other):
        day = int(facts.event_date[row])
        if conversion is not None and positions[row] >= 0:
            day = conversion_day(version.prepared, conversion, day, int(positions[row]))
        value = table.fx_rate(currency_unpack(int(codes[row])), day)
        if value is None:
            keep[row] = False
            source = scaled(int(facts.amount[row]), facts.amount_scale)
            missing.append(Uncredited(int(facts.object_id[row]), int(facts.payee[row]), int(facts.event_date[row]), source, "no_fx_rate"))
        else:
            for values in (amount, *(column.values for column in further.values())):
                values[row] = divide_round(int(values[row]) * value.numerator, value.denominator * step, mode) * step
    facts = replace(facts, amount=amount, numbers={**facts.numbers, **further})
    if missing:
        facts = facts.taken(np.flatnonzero(keep))
    return facts, missing


def _table(inputs: RunInputs, currency: str, rate_types: tuple[str, ...]) -> FxTable:
    kept: dict[tuple[str, tuple[str, ...]], FxTable] = inputs.__dict__.setdefault("_fx_tables", {})
    if (currency, rate_types) not in kept:
        kept[currency, rate_types] = FxTable(number=inputs.numbers["fx_rate"], currency=currency, rate_types=rate_types)
    return kept[currency, rate_types]
