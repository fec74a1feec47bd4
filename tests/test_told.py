"""Kept texts are read in the reader's language, also where one stands within another."""

from __future__ import annotations

import re

import pytest
from django.utils import translation

from spm.told import LONGEST, ToldError, is_told, shown, told, told_in_turn, told_of

STOPPED, PART, GIVEN_UP = "The worker was told to stop.", "Stage “%(stage)s”, part %(part)s of %(total)s: %(error)s", "Given up after %(n)s attempts."


def test_a_kept_text_is_read_in_the_readers_language() -> None:
    kept = told_in_turn(told(PART, stage="load", part=3, total=8, error=told(STOPPED)), told(GIVEN_UP, n=5))
    with translation.override("en"):
        assert shown(kept) == "Stage “load”, part 3 of 8: The worker was told to stop. Given up after 5 attempts."
    with translation.override("ru"):
        words = shown(kept)
    assert not re.search("worker|Given|Stage", words), "every part is in Russian, the inner one too"
    assert re.findall(r"load|\d", words) == ["load", "3", "8", "5"]


@pytest.mark.parametrize("text", ["", "payee E2 has no plan", "100% of {quota}", '{"told": broken', "%(n)s"])
def test_a_text_that_was_not_told_is_shown_as_it_is(text: str) -> None:
    assert shown(text) == text


def test_a_cell_of_any_length_leaves_the_text_readable() -> None:
    kept = told(PART, stage="load", part=1, total=1, error="x" * 5000)
    assert is_told(kept)
    assert len(kept) < 1000
    assert shown(kept).count("x") == LONGEST - 1


def test_a_percent_sign_in_a_value_is_not_taken_for_a_placeholder() -> None:
    assert shown(told(GIVEN_UP, n="5%(x)s")) == "Given up after 5%(x)s attempts."


def test_errors_keep_their_told_text_and_others_their_type() -> None:
    assert shown(told_of(ToldError(GIVEN_UP, n=2))) == "Given up after 2 attempts." == str(ToldError(GIVEN_UP, n=2))
    assert told_of(ValueError("no such column")) == "ValueError: no such column"
