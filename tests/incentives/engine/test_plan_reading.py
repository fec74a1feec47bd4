"""A stored plan is read anew by libyaml: what it says, and where, must be what the first reading found."""

from __future__ import annotations

from pathlib import Path

import pytest

from incentives.engine import compile as compiling
from incentives.engine.compile import plan_load, plan_load_again
from incentives.engine.document import Document, document_again, document_parse, document_read
from incentives.engine.errors import PlanError

PLANS = sorted((Path(__file__).parents[2] / "golden").glob("*/plan.y*ml"))
SCALARS = """
plan: words
text: yes
quoted: 'yes'
octal: 017
hex: 0x1F
minutes: 1:30
day: 2025-01-01
on: off
truth: true
nothing: ~
empty:
whole: 1_000
part: 0.10
large: 123456789012345678901234567890123456789012345
list: [1, "1", 1.0, 2%]
block: |
  first
  second
"""


def test_the_plans_are_there() -> None:
    assert len(PLANS) > 50


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.parent.name)
def test_a_plan_says_the_same_and_stands_in_the_same_place(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    first, again = document_read(text), document_again(text)
    assert repr(again.data) == repr(first.data)  # 1, 1.0 and "1" are told apart
    assert again.places == first.places


def test_words_of_older_yaml_stay_text() -> None:
    first, again = document_parse(SCALARS), document_again(SCALARS)
    assert repr(again.data) == repr(first.data)
    assert again.data["text"] == "yes"
    assert again.data["minutes"] == "1:30"
    assert again.data["octal"] == 17
    nowhere = ("empty",)  # what is not there stands before or behind the line's end
    assert {**again.places, nowhere: ()} == {**first.places, nowhere: ()}


def test_a_digest_that_does_not_fit_is_read_as_the_first_time(monkeypatch: pytest.MonkeyPatch) -> None:
    text = PLANS[0].read_text(encoding="utf-8")
    plan, slow = plan_load(text), list[str]()

    def read(text: str) -> Document:
        slow.append(text)
        return document_read(text)

    monkeypatch.setattr(compiling, "document_read", read)
    assert repr(plan_load_again(text, plan.digest).document) == repr(plan.document)
    assert not slow
    assert plan_load_again(text, "0" * 64).digest == plan.digest
    assert slow == [text]


@pytest.mark.parametrize("text", ["", "- a list", "plan: a\nplan: b", "a: &x [1]\nb: *x", "{unclosed", "plan: \t- x"])
def test_what_is_no_plan_is_refused_as_the_first_time(text: str) -> None:
    with pytest.raises(ValueError):
        document_again(text)
    with pytest.raises(PlanError):
        plan_load_again(text, "0" * 64)
