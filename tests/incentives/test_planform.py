"""Text and form are two views of one plan document: nothing is lost between them, and every construct of the schema has a field."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incentives.engine.document import document_read, plan_schema
from incentives.planform import FormNode, FormProblem, form_apply, form_fields, form_tree

ROOT = Path(__file__).resolve().parents[2]
PLANS = sorted([*ROOT.glob("tests/golden/*/plan.yaml"), *ROOT.glob("tests/adventureworks/plans/*.yaml")])
ACCELERATOR = (ROOT / "tests/adventureworks/plans/accelerator.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PLANS, ids=lambda p: p.parent.name + "/" + p.stem)
def test_an_unchanged_form_gives_the_same_text(path):
    text = path.read_text(encoding="utf-8")
    assert form_apply(text, form_fields(form_tree(text))) == text


@pytest.mark.parametrize("path", PLANS, ids=lambda p: p.parent.name + "/" + p.stem)
def test_a_changed_field_changes_that_value_alone_and_keeps_every_comment(path):
    text = path.read_text(encoding="utf-8")
    changed = form_apply(text, {"f:title": "Another title"})
    before, after = document_read(text).data, document_read(changed).data
    assert after.pop("title") == "Another title"
    before.pop("title", None)
    assert after == before

    def comments(source: str) -> list[str]:
        return [line.strip() for line in source.splitlines() if line.strip().startswith("#")]

    assert comments(changed) == comments(text)


def test_a_rate_a_bound_and_a_formula_are_edited_in_their_place():
    text = form_apply(ACCELERATOR, {"f:tables/0/steps/3/value": "2.5", "f:tables/0/steps/3/from": "130%", "f:components/1/pay_rate/flat": "0.2%"})
    data = document_read(text).data
    assert str(data["tables"][0]["steps"][3]["value"]) == "2.5"
    assert data["tables"][0]["steps"][3]["from"] == "130%"
    assert data["components"][1]["pay_rate"]["flat"] == "0.2%"


def test_items_and_parts_are_added_and_taken_out():
    added = form_apply(ACCELERATOR, {}, add="components")
    assert len(form_tree(added).children[[c.path for c in form_tree(added).children].index(("components",))].children) == 4
    assert form_apply(added, {}, remove="components/3").count("- name:") == ACCELERATOR.count("- name:")
    capped = form_apply(ACCELERATOR, {"f:components/0/cap": "10000"})
    assert document_read(capped).data["components"][0]["cap"] == 10000
    assert "cap" not in document_read(form_apply(capped, {"f:components/0/cap": ""})).data["components"][0]


def _schema_paths(schema, seen=()):
    """Every property of the schema by name, references followed."""
    defs = plan_schema()["$defs"]
    if "$ref" in schema:
        yield from _schema_paths(defs[schema["$ref"].rsplit("/", 1)[1]], seen)
        return
    for name, part in schema.get("properties", {}).items():
        if part is False:
            continue
        yield (*seen, name)
        yield from _schema_paths(part, (*seen, name))
    if "items" in schema:
        yield from _schema_paths(schema["items"], seen)


def _form_paths(node: FormNode):
    names = tuple(step for step in node.path if isinstance(step, str))
    if names:
        yield names
    for child in node.children:
        yield from _form_paths(child)


def _opened(text: str) -> str:
    """A document in which every list has an item and every object is there, as a person would open them one by one."""
    for _ in range(6):
        todo = [n for n in _walk(form_tree(text)) if (n.kind == "object" and not n.present) or (n.kind == "list" and not n.children)]
        if not todo:
            return text
        for node in todo:
            text = form_apply(text, {}, add="/".join(map(str, node.path)))
    return text


def _walk(node: FormNode):
    yield node
    for child in node.children:
        yield from _walk(child)


def test_every_construct_of_the_schema_has_its_field():
    opened = _opened("engine: 1\nplan: p\ncurrency: USD\ncalendar: month\n")
    shown = set(_form_paths(form_tree(opened)))
    fragments = {tuple(s for s in n.path if isinstance(s, str)) for n in _walk(form_tree(opened)) if n.kind == "fragment"}
    missing = [p for p in _schema_paths(plan_schema()) if p not in shown and not any(p[: len(f)] == f for f in fragments)]
    assert missing == []


def test_text_that_is_no_yaml_is_refused_with_its_place():
    with pytest.raises(FormProblem, match="text view"):
        form_tree("a: [")
    with pytest.raises(FormProblem, match="components/0/pay_rate/mode"):
        form_apply(ACCELERATOR, {"f:components/0/pay_rate/mode": "[1"})


@given(title=st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=60).map(str.strip).filter(bool))
@settings(max_examples=60, deadline=None)
def test_any_title_comes_back_as_it_was_typed(title):
    assert document_read(form_apply(ACCELERATOR, {"f:title": title})).data["title"] == title
