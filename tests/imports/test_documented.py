"""docs/imports.md against the code: targets, causes of refusal, keys of the schema, and the worked example, which is imported as it stands there."""

from __future__ import annotations

import ast
import re
from decimal import Decimal
from pathlib import Path

import pytest

from spm.imports.mapping import mapping_schema
from spm.imports.models import StagedRow
from spm.imports.readers import Source
from spm.imports.reference import DOCUMENT, document_with
from spm.imports.services import import_run
from spm.imports.targets import targets
from spm.people.models import Payee
from spm.told import shown
from tests.support.factories import make_entity

ROOT = Path(__file__).resolve().parents[2]
TEXT = DOCUMENT.read_text(encoding="utf-8")


def test_every_target_and_field_stands_in_the_document():
    assert document_with(TEXT) == TEXT, "run manage.py import_reference"
    assert all(f"### `{target.name}`" in TEXT for target in targets())


def test_a_target_that_is_missing_would_be_seen():
    """Negative control."""
    without = re.sub(r"### `quota`.*?(?=###|<!--)", "", TEXT, flags=re.DOTALL)
    assert without != TEXT
    assert document_with(without) != without


def _message(node: ast.expr) -> str:
    assert isinstance(node, ast.Call)
    text = node.args[0]
    assert isinstance(text, ast.Constant)
    return re.sub(r"%\(\w+\)s", "…", str(text.value)).replace("%%", "%")


def causes() -> set[tuple[str, str]]:
    """(cause, mend) of every refusal of a row in the code: cells that raise, and rows that a check refuses."""
    found = set()
    for path in [*sorted((ROOT / "spm/imports").glob("*.py")), ROOT / "planning/imports.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            given = {word.arg: word.value for word in node.keywords}
            if name == "CellError":
                found.add((_message(node.args[0]), _message(node.args[1])))
            elif name == "refuse" and "cause" in given:
                found.add((_message(given["cause"]), _message(given["mend"])))
            elif name == "RowError" and all(isinstance(a, ast.Call) and getattr(a.func, "id", "") == "told" for a in node.args[2:4]):
                found.add(tuple(_message(a.args[0]) for a in node.args[2:4]))  # type: ignore[attr-defined, arg-type]
    return found


def test_every_cause_of_refusal_stands_in_the_document_and_no_other():
    table = TEXT.partition("| cause | mend |\n|---|---|\n")[2].partition("\n\n")[0]
    said = {tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in table.splitlines()}
    assert len(causes()) > 25
    assert said == causes()


def test_every_key_of_the_schema_stands_in_the_document():
    schema = mapping_schema()
    keys = set(schema["properties"]) | set(schema["properties"]["format"]["properties"]) | set(schema["properties"]["unpivot"]["properties"])
    keys |= set(schema["properties"]["where"]["items"]["properties"]) | set(schema["$defs"]["spec"]["properties"]) | set(schema["$defs"]["step"]["properties"])
    said = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`([^`\n]+)`", TEXT))))
    assert keys - {"file", "options"} <= said, "say what these keys do"


def _example(name: str) -> str:
    found = re.search(rf"<!-- example: {re.escape(name)} -->\n```\w+\n(.*?)```", TEXT, flags=re.DOTALL)
    assert found is not None
    return found.group(1)


@pytest.mark.django_db
def test_the_worked_example_does_what_the_document_says(scope):
    entity = make_entity()
    Payee.objects.bulk_create(Payee(source="hr", external_id=key, legal_entity=entity, pay_currency="EUR") for key in ("ann", "bob"))
    batch = import_run(mapping_text=_example("shop.yaml"), files=[Source("orders.csv", content=_example("orders.csv").encode())], dry_run=True)
    counts = (batch.rows_file, batch.rows_accepted, batch.rows_rejected, batch.rows_left_out)
    assert counts == (4, 2, 1, 1)
    assert f"{counts[0]} rows in the file, {counts[1]} accepted, {counts[2]} refused, {counts[3]} left out" in TEXT
    refused = StagedRow.objects.get(batch=batch, state=StagedRow.State.REJECTED)
    assert f"line {refused.line}, column {refused.column}, `{shown(refused.cause)}`" in TEXT
    assert Decimal(batch.sums["file"]) == Decimal(batch.sums["accepted"]) + Decimal(batch.sums["left_out"]) == Decimal("2049.90")
    assert "2049.90" in TEXT
    assert batch.sums["unreadable"] == 1
