"""The plan form speaks the reader's language, except where the plan's author gave the name."""

from __future__ import annotations

from pathlib import Path

from django.utils import translation

from incentives.engine.document import plan_schema
from incentives.engine.messages import MESSAGES
from incentives.planform import FormNode, form_tree
from incentives.planwords import WORDS, form_translate
from incentives.problemwords import WORDS as PROBLEM_WORDS

PLAN = (Path(__file__).resolve().parents[1] / "adventureworks/plans/accelerator.yaml").read_text(encoding="utf-8")


def schema_words(part, found):
    if isinstance(part, dict):
        found.update(part[key] for key in ("title", "description") if isinstance(part.get(key), str))
        for inner in part.values():
            schema_words(inner, found)
    elif isinstance(part, list):
        for inner in part:
            schema_words(inner, found)
    return found


def test_every_title_and_description_of_the_schema_is_marked_for_translation():
    with translation.override("en"):
        assert {str(word) for word in WORDS} == schema_words(plan_schema(), set())


def schema_hints(part, found):
    if isinstance(part, dict):
        if isinstance(part.get("$comment"), str):
            found.add(part["$comment"])
        for inner in part.values():
            schema_hints(inner, found)
    elif isinstance(part, list):
        for inner in part:
            schema_hints(inner, found)
    return found


def test_every_text_of_a_finding_and_every_hint_of_the_schema_is_marked_for_translation():
    texts = {text for pair in MESSAGES.values() for text in pair} - {"%(text)s", "%(hint)s"}
    with translation.override("en"):
        assert {str(word) for word in PROBLEM_WORDS} == texts | schema_hints(plan_schema(), {"see docs/plans.md"})


def test_the_form_is_in_russian():
    with translation.override("ru"):
        root = form_translate(form_tree(PLAN))
    titles = {node.title for node in root.children}
    assert {"Ключ", "Компоненты", "Валюта"} <= titles
    assert not titles & {"Key", "Components", "Currency"}
    split = next(word for word in schema_words(plan_schema(), set()) if word.startswith("Must make 100"))
    with translation.override("ru"):
        assert form_translate(FormNode((), split, "", "text")).title == "Должно составлять 100 %"


def test_a_name_that_the_author_gave_stays_as_it_is():
    children = [FormNode((0,), "Quota", "", "text")]
    with translation.override("ru"):
        node = form_translate(FormNode((), "Quotas", "", "list", children=children))
    assert (node.title, node.children[0].title) == ("Квоты", "Quota")
