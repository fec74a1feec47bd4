"""docs/plans.md names every key and every word of the plan schema."""

from __future__ import annotations

import re
from pathlib import Path

from incentives.engine.document import plan_schema

DOCS = (Path(__file__).resolve().parents[3] / "docs/plans.md").read_text(encoding="utf-8")


def words(part, found):
    if isinstance(part, dict):
        found |= set(part.get("properties", {}))
        found |= {value for value in part.get("enum", []) if isinstance(value, str)}
        for inner in part.values():
            words(inner, found)
    elif isinstance(part, list):
        for inner in part:
            words(inner, found)
    return found


def unnamed(text):
    fences = re.findall(r"```.*?```", text, flags=re.DOTALL)
    code = " ".join([*fences, *re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))])
    return {word for word in words(plan_schema(), set()) if not re.search(rf"(?<![A-Za-z0-9_]){re.escape(word)}(?![A-Za-z0-9_])", code)}


def test_every_key_and_word_of_the_schema_is_described():
    assert unnamed(DOCS) == set()


def test_a_missing_word_would_be_found():
    assert "recovery_limit" in unnamed(DOCS.replace("recovery_limit", ""))
