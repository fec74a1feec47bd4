"""Exceptions of pay are kept with their parameters and said in the reader's language."""

from __future__ import annotations

import ast
from pathlib import Path

from django.utils import translation

from incentives.engine.said import said
from incentives.issuewords import WORDS, issue_told
from spm.told import shown

ENGINE = Path(__file__).resolve().parents[2] / "incentives/engine"


def messages() -> set[str]:
    found = set()
    for path in ENGINE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "said":
                assert isinstance(node.args[0], ast.Constant), f"{path.name}: said() takes a literal, so that it can be translated"
                found.add(node.args[0].value)
    return found


def test_every_sentence_of_the_engine_is_marked_for_translation():
    assert set(WORDS) == messages()


def test_an_exception_is_read_in_the_readers_language_with_its_parameters():
    cause = said("%(name)s %(cause)s", name="attr.commission_pct", cause=said("is %(value)s, above its greatest value %(limit)s", value="7", limit="1"))
    assert cause == "attr.commission_pct is 7, above its greatest value 1"
    kept = issue_told(cause)
    with translation.override("en"):
        assert shown(kept) == cause
    with translation.override("ru"):
        assert "attr.commission_pct" in shown(kept)
        assert "больше" in shown(kept)
        assert "is 7" not in shown(kept)
