"""Cells in every dialect: what was written is what is read, and what cannot be read is refused, never guessed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm.imports.values import CellError, date_read, number_read, salesforce_id, scaled_read

AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, places=2)
GROUPS = st.sampled_from([" ", "\u00a0", "\u202f", "\u2009", "'", ""])


def written(value: Decimal, *, decimal: str, group: str) -> str:
    return f"{value:,.2f}".replace(",", "\0").replace(".", decimal).replace("\0", group)


@given(value=AMOUNTS, decimal=st.sampled_from(".,"), group=GROUPS)
def test_an_amount_comes_back_whatever_groups_its_digits(value, decimal, group):
    assert number_read(written(value, decimal=decimal, group=group), decimal=decimal) == value


@given(value=AMOUNTS, decimal=st.sampled_from(".,"))
def test_the_other_mark_groups_thousands(value, decimal):
    other = "." if decimal == "," else ","
    assert number_read(written(value, decimal=decimal, group=other), decimal=decimal) == value


@given(value=AMOUNTS.filter(lambda v: v != 0))
def test_brackets_and_the_typographic_minus_are_negative(value):
    bare = f"{abs(value):.2f}"
    assert number_read(f"({bare})") == number_read(f"\u2212{bare}") == -abs(value)


@given(value=st.integers(-(2**62) // 10**4, 2**62 // 10**4), scale=st.integers(0, 6))
def test_a_scaled_amount_is_exact(value, scale):
    amount = Decimal(value).scaleb(-scale)
    assert scaled_read(format(amount, "f"), scale=scale) == value


def test_a_point_in_a_decimal_comma_file_is_never_taken_for_decimals():
    assert number_read("1.234", decimal=",") == 1234
    assert number_read("12.345.678,9", decimal=",") == Decimal("12345678.9")
    for text in ("1.5", "1.23", "1234.567", "1.234.5"):
        with pytest.raises(CellError, match="point where no group"):
            number_read(text, decimal=",")


@pytest.mark.parametrize("text", ["", "abc", "1,5", "1.2.3", "1,23,456", "NaN", "Infinity", "--5", "5-5"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(CellError):
        number_read(text)


def test_decimals_beyond_the_scale_are_refused_but_zeros_are_none():
    assert scaled_read("1.2300", scale=2) == 123
    with pytest.raises(CellError, match="more than 2 decimals"):
        scaled_read("1.239", scale=2)
    with pytest.raises(CellError, match="too large"):
        scaled_read("99999999999999999", scale=4)


@given(day=st.dates(dt.date(1900, 1, 1), dt.date(2200, 1, 1)), form=st.sampled_from(["%d.%m.%Y", "%m/%d/%Y", "%Y%m%d", "%d-%m-%Y", ""]))
def test_a_date_comes_back_in_its_form_and_without_its_time_of_day(day, form):
    text = day.strftime(form) if form else day.isoformat()
    assert date_read(text, form=form) == day
    assert date_read(f"{text} 09:30:00", form=form) == day
    # Date cells of a workbook come as ISO whatever form the mapping names for its text cells.
    assert date_read(day.isoformat(), form=form) == day


@pytest.mark.parametrize("text", ["2024-01-051", "2024-01-05x", "2024-02-30", "05.03.2024", "45000", "2024-1-5"])
def test_what_is_no_day_is_refused(text):
    with pytest.raises(CellError, match="is not a date"):
        date_read(text)


@given(head=st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=15, max_size=15))
def test_both_spellings_of_a_salesforce_id_are_one_and_case_tells_records_apart(head):
    long = salesforce_id(head)
    assert len(long) == 18
    assert salesforce_id(long) == long
    if head.swapcase() != head:
        assert salesforce_id(head.swapcase()) != long
        with pytest.raises(CellError, match="lost the case"):
            salesforce_id(head.swapcase() + long[15:])
