"""Money between currencies: which dated fx_rate, of which type, on which day, rounded how. Each conversion is named in the plan:
transaction (into the plan's currency, at credit), quota, payment (what is paid out) and reporting.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from .contracts import Facts, FxRate, NumberColumn, day_text
from .plan import Conversion
from .prepare import Prepared
from .results import Earning, Issue, Uncredited
from .rounding import divide_round, round_number, scaled


class FxIndex:
    """Look-ups of dated rates by type, pair and day; a pair that is kept the other way round is inverted, exactly."""

    def __init__(self, rates: Iterable[FxRate]) -> None:
        self._spans: dict[tuple[str, str, str], list[tuple[int, int, Fraction]]] = defaultdict(list)
        for rate in rates:
            value = Fraction(rate.fx_rate)
            self._spans[rate.rate_type, rate.base, rate.quote].append((rate.start, rate.end, value))
            if value:
                self._spans[rate.rate_type, rate.quote, rate.base].append((rate.start, rate.end, 1 / value))

    def fx_rate(self, rate_type: str, source: str, target: str, day: int) -> Fraction | None:
        """Units of `target` for one unit of `source`; None when there is no rate of the type on the day."""
        if source == target:
            return Fraction(1)
        for start, end, value in self._spans.get((rate_type, source, target), ()):
            if start <= day < end:
                return value
        return None


def conversion_day(prepared: Prepared, conversion: Conversion, event: int, position: int) -> int:
    """The day whose rate is used: of the event itself, or the first or last day of its period or year."""
    if conversion.as_of == "event":
        return event
    over = "year" if conversion.as_of == "year_start" else "period"
    low, high = prepared.span(over, position)
    return high - 1 if conversion.as_of == "period_end" else low


def facts_converted(prepared: Prepared, facts: Facts) -> tuple[Facts, tuple[Uncredited, ...]]:
    """The facts with all amounts in the plan's currency, and those for which there is no rate (reason no_fx_rate).

    Currencies in which the plan earns apart stay as they are. Rounded as the conversion says (default: the plan's rounding);
    the scale of all amounts is widened where it has to be.
    """
    plan, conversion = prepared.plan, prepared.plan.conversions.get("transaction")
    labels = {code: label for label, code in prepared.inputs.vocabulary.get("currency", {}).items()}
    if conversion is None or "currency" not in facts.codes or not len(facts):
        return facts, ()
    keep = {code for code, label in labels.items() if label in (plan.currency, *plan.currencies)} | {-1}
    scale = max(facts.amount_scale, conversion.rounding.places)
    amount = facts.amount * 10 ** (scale - facts.amount_scale)
    further = {name: _widened(column, conversion.rounding.places) for name, column in facts.numbers.items() if column.is_money}
    codes = facts.codes["currency"]
    found, missing = np.ones(len(facts), dtype=bool), []
    periods = prepared.cells(set())
    positions = periods.of(facts.event_date)
    for row in np.flatnonzero(~np.isin(codes, list(keep))):
        event, position = int(facts.event_date[row]), int(positions[row])
        day = event if position < 0 else conversion_day(prepared, conversion, event, position)
        value = prepared.fx.fx_rate(conversion.rate_type, labels.get(int(codes[row]), ""), plan.currency, day)
        if value is None:
            found[row] = False
            source = scaled(int(facts.amount[row]), facts.amount_scale)
            missing.append(Uncredited(int(facts.object_id[row]), int(facts.payee[row]), event, source, "no_fx_rate"))
            continue
        for values, own in ((amount, scale), *((column.values, column.scale) for column in further.values())):
            units = Fraction(int(values[row]), 10**own) * value * 10**conversion.rounding.places
            values[row] = divide_round(units.numerator, units.denominator, conversion.rounding.mode) * 10 ** (own - conversion.rounding.places)
    changed = replace(facts, amount=amount, amount_scale=scale, numbers={**facts.numbers, **further})
    return (changed if not missing else changed.taken(np.flatnonzero(found))), tuple(missing)


def _widened(column: NumberColumn, places: int) -> NumberColumn:
    """A copy with at least so many places."""
    scale = max(column.scale, places)
    return replace(column, values=column.values * 10 ** (scale - column.scale), scale=scale)


class Converted(NamedTuple):
    """An earning in another currency, with the rate and its day."""

    payee: int
    assignment: int
    component: str
    period: int
    source: Decimal
    amount: Decimal
    currency: str
    fx_rate: Fraction
    day: int


@dataclass(frozen=True)
class ConvertedEarnings:
    """Earnings in their currency of payment or reporting; an earning without a rate is an exception on its payee."""

    rows: tuple[Converted, ...]
    issues: tuple[Issue, ...]


def earnings_converted(prepared: Prepared, earnings: Iterable[Earning], kind: str, currency_of: Mapping[int, str] | None = None) -> ConvertedEarnings:
    """Earnings under the plan's `payment` or `reporting` conversion; without one they stay in their currency.

    currency_of: assignment -> currency, for a conversion to the payee's own (default: that of the assignment)."""
    plan, conversion = prepared.plan, prepared.plan.conversions.get(kind)
    positions = {period.id: i for i, period in enumerate(prepared.periods)}
    own = currency_of or {a.id: a.currency for a in prepared.people.assignments}
    rows, issues = [], []
    for earning in earnings:
        source = earning.currency or plan.currency
        target = source if conversion is None else (own.get(earning.assignment) or source) if conversion.to == "payee" else conversion.to
        position = positions[earning.period]
        day = prepared.periods[position].end - 1 if conversion is None else conversion_day(prepared, conversion, 0, position)
        value = Fraction(1) if conversion is None else prepared.fx.fx_rate(conversion.rate_type, source, target, day)
        if value is None:
            cause = f"there is no {conversion.rate_type if conversion else ''} rate from {source} to {target} on {day_text(day)}"
            issues.append(Issue(earning.payee, earning.assignment, earning.component, earning.period, cause))
            continue
        amount = earning.amount
        if conversion is not None and source != target:
            rounding = conversion.rounding_for(target)
            amount = round_number(Fraction(earning.amount) * value, rounding.places, rounding.mode)
        rows.append(Converted(earning.payee, earning.assignment, earning.component, earning.period, earning.amount, amount, target, value, day))
    return ConvertedEarnings(tuple(rows), tuple(issues))
