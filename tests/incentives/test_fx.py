"""Orders of one currency and day are converted together: to the same unit as one by one, in every mode of rounding."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from incentives.engine.contracts import day_number
from incentives.engine.rounding import MODES, divide_round
from incentives.fx import FxTable, amounts_times
from spm.currencies.models import FxRate
from spm.tenancy.changes import change, known_number

AMOUNTS = st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=20)
RATES = st.builds(Fraction, st.integers(1, 10**13), st.integers(1, 10**10))


@given(amounts=AMOUNTS, rates=st.lists(RATES, min_size=1, max_size=3), step=st.sampled_from([1, 100, 10_000]), mode=st.sampled_from(MODES))
@example(amounts=[5, -5, 15], rates=[Fraction(1, 10)], step=1, mode="half_even")
@example(amounts=[2**62, -(2**62)], rates=[Fraction(1, 10**9)], step=100, mode="half_up")  # does not fit into 63 bits on the way
def test_amounts_converted_together_are_those_converted_one_by_one(amounts, rates, step, mode):
    of = np.arange(len(amounts), dtype=np.int64) % len(rates)
    found = [(amount, rates[at]) for amount, at in zip(amounts, of.tolist(), strict=True)]
    expected = [divide_round(amount * value.numerator, value.denominator * step, mode) * step for amount, value in found]
    if max(map(abs, expected)) >= 2**63:
        with pytest.raises(OverflowError):
            amounts_times(np.array(amounts, dtype=np.int64), rates, of, step, mode)
        return
    assert amounts_times(np.array(amounts, dtype=np.int64), rates, of, step, mode).tolist() == expected


def test_a_rate_that_is_off_by_one_digit_is_seen():
    amounts, of = np.array([12_345_678_901_234], dtype=np.int64), np.zeros(1, dtype=np.int64)
    one, other = (amounts_times(amounts, [Fraction(text)], of, 1, "half_up").tolist() for text in ("1.0810800001", "1.08108"))
    assert one != other


def test_rates_by_day_are_those_looked_up_one_by_one(scope):
    with change(kind="setup", reason="rates") as changeset:
        for kind, base, quote, value, low, high in (
            ("daily", "EUR", "USD", "1.1", "2024-01-01", "2024-03-01"), ("daily", "USD", "EUR", "0.5", "2024-02-10", None),
            ("plan", "EUR", "USD", "1.2", "2024-01-10", "2024-01-20"), ("plan", "EUR", "USD", "1.3", "2024-02-01", "2024-02-15"),
        ):  # fmt: skip
            FxRate.objects.create(rate_type=kind, base=base, quote=quote, fx_rate=value, valid_from=low, valid_to=high, known_from=changeset)
    table = FxTable(number=known_number(), currency="USD")
    first, end = day_number("2023-12-20"), day_number("2024-03-20")
    found = [None if index < 0 else table.rates[index] for index in table.indexes("EUR", first, end).tolist()]
    assert found == [table.fx_rate("EUR", day) for day in range(first, end)]
    assert len(set(found)) == 5  # none, daily, plan, plan later, the other way round
