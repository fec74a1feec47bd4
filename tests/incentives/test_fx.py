"""Orders of one currency and day are converted together: to the same unit as one by one, in every mode of rounding."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from incentives.engine.rounding import MODES, divide_round
from incentives.fx import _times

AMOUNTS = st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=20)
RATES = st.builds(Fraction, st.integers(1, 10**13), st.integers(1, 10**10))


@given(amounts=AMOUNTS, fx_rate=RATES, step=st.sampled_from([1, 100, 10_000]), mode=st.sampled_from(MODES))
@example(amounts=[5, -5, 15], fx_rate=Fraction(1, 10), step=1, mode="half_even")
@example(amounts=[2**62, -(2**62)], fx_rate=Fraction(1, 10**9), step=100, mode="half_up")  # does not fit into 63 bits on the way
def test_amounts_converted_together_are_those_converted_one_by_one(amounts, fx_rate, step, mode):
    expected = [divide_round(amount * fx_rate.numerator, fx_rate.denominator * step, mode) * step for amount in amounts]
    if max(map(abs, expected)) >= 2**63:
        with pytest.raises(OverflowError):
            _times(np.array(amounts, dtype=np.int64), fx_rate, step, mode)
        return
    assert _times(np.array(amounts, dtype=np.int64), fx_rate, step, mode).tolist() == expected


def test_a_rate_that_is_off_by_one_digit_is_seen():
    amounts = np.array([12_345_678_901_234], dtype=np.int64)
    assert _times(amounts, Fraction("1.0810800001"), 1, "half_up").tolist() != _times(amounts, Fraction("1.08108"), 1, "half_up").tolist()
