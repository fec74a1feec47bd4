"""Text and form are two views of one mapping document: an unchanged form gives the same text, a changed input changes its place alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from spm.imports.errors import ImportFault
from spm.imports.mapform import attribute_name, form_apply, form_fields, form_head, form_read, mapping_new
from spm.imports.mapping import document_load, mapping_parse
from spm.imports.targets import target_get, targets

ROOT = Path(__file__).resolve().parents[2]
SAVED = sorted(ROOT.glob("tests/adventureworks/mappings/*.yaml"))
TEXT = """\
# Orders of the CRM.
import: 1
source: crm
target: order
format: {decimal: ","}   # as our office writes
where:
  - {column: Stage, in: [Won], reason: not won}
fields:
  # who it is
  external_id: {column: Id, salesforce_id: true}
  order_date: {column: Closed, date: "%d.%m.%Y"}   # the day it was won
  payee: Owner
  amount: {column: Amount, scale: 4}
  currency: {constant: USD}
"""


PAY = "import: 1\nsource: hr\ntarget: pay_terms\nfields: {payee: P}\n"


def edit(text: str, **posted: str) -> str:
    return form_apply(text, {name.replace("__", "."): value for name, value in posted.items()}, target_get(posted.get("target", form_head(text)[0])))


def test_there_are_saved_documents_to_try():
    assert len(SAVED) > 5


@pytest.mark.parametrize("path", SAVED, ids=lambda p: p.stem)
def test_an_unchanged_form_gives_the_same_text(path):
    text = path.read_text(encoding="utf-8")
    target = target_get(form_head(text)[0])
    posted = {name: value.replace("\n", "\r\n") for name, value in form_fields(form_read(text, target)).items()}
    assert form_apply(text, posted, target) == text


@pytest.mark.parametrize("path", SAVED, ids=lambda p: p.stem)
def test_a_changed_source_changes_nothing_else_and_keeps_every_comment(path):
    text = path.read_text(encoding="utf-8")
    changed = edit(text, source="another")
    before, after = document_load(text), document_load(changed)
    assert after.pop("source") == "another"
    before.pop("source")
    assert after == before
    assert [line for line in changed.splitlines() if "#" in line] == [line for line in text.splitlines() if "#" in line]


def test_another_column_keeps_what_the_form_does_not_show():
    changed = edit(TEXT, origin__order_date="c:Booked")
    assert changed == TEXT.replace("column: Closed", "column: Booked")


def test_columns_constants_and_scale_are_written_in_their_place():
    changed = edit(TEXT, origin__currency="c:Ccy", origin__payee="=", constant__payee="ann", scale="2")
    fields = document_load(changed)["fields"]
    assert (fields["currency"], fields["payee"], fields["amount"]) == ({"column": "Ccy"}, {"constant": "ann"}, "Amount")
    assert "# who it is" in changed
    assert document_load(changed)["where"] == document_load(TEXT)["where"]


def test_a_value_written_for_a_field_without_a_column_is_taken():
    assert document_load(edit(TEXT, constant__status="won"))["fields"]["status"] == {"constant": "won"}


def test_what_is_not_mapped_is_taken_out():
    changed = edit(TEXT, origin__currency="")
    assert "currency" not in document_load(changed)["fields"]
    assert form_read(changed, target_get("order")).rows[0].origin == "c:Id"


def test_words_of_the_file_are_a_map_and_an_unclear_line_is_told():
    changed = edit(TEXT, origin__status="c:Stage", words__status="Closed Won = won\r\nOpen=open")
    assert document_load(changed)["fields"]["status"] == {"column": "Stage", "map": {"Closed Won": "won", "Open": "open"}}
    assert document_load(edit(changed, words__status=""))["fields"]["status"] == "Stage"
    with pytest.raises(ImportFault, match="status, words"):
        edit(TEXT, origin__status="c:Stage", words__status="Closed Won")


def test_where_a_reference_is_looked_for_is_written_and_taken_out():
    changed = edit(TEXT, source__payee="hr")
    assert document_load(changed)["fields"]["payee"] == {"column": "Owner", "source": "hr"}
    assert document_load(edit(changed, source__payee=""))["fields"]["payee"] == "Owner"


def test_another_target_drops_the_fields_that_it_does_not_have():
    changed = document_load(edit(TEXT, target="payee"))
    assert changed["target"] == "payee"
    assert set(changed["fields"]) == {"external_id"}


def test_columns_become_attributes_under_plain_names():
    text = form_apply(PAY, {}, target_get("pay_terms"), columns=["Deal size (k)"], attributes=["Deal size (k)"])
    assert document_load(text)["fields"]["attributes.deal_size_k"] == "Deal size (k)"
    assert (attribute_name("2024"), attribute_name("***")) == ("c_2024", "")


@pytest.mark.parametrize("text", ["- a\n", "fields: 3\nimport: 1\n", "a: [\n", "a: &x 1\nb: *x\n"])
def test_a_text_that_no_form_can_show_is_told(text):
    with pytest.raises(ImportFault, match="mapping"):
        form_read(text, target_get("order"))


@given(column=st.text(min_size=1, max_size=30).filter(lambda t: t.strip() == t and "\r" not in t), constant=st.text(max_size=20))
def test_any_column_and_any_value_come_back_as_they_were_given(column, constant):
    """No name of a column is taken for a number, a flag, a comment or a date."""
    try:
        text = form_apply(mapping_new(target="account", source="crm"), {"origin.external_id": f"c:{column}", "constant.name": constant}, target_get("account"))
    except ImportFault:
        # YAML has no place for most control characters; they are refused rather than changed.
        assert any(not c.isprintable() for c in column + constant)
        return
    fields = document_load(text)["fields"]
    assert fields["external_id"] == column
    if constant.strip():
        assert fields["name"] == {"constant": constant.replace("\r\n", "\n").strip()}
        again = form_apply(text, form_fields(form_read(text, target_get("account"))), target_get("account"))
        assert again == text


@pytest.mark.parametrize("target", targets(), ids=lambda t: t.name)
def test_every_target_can_be_mapped_by_the_form_alone(target):
    posted = {f"origin.{known.name}": f"c:{known.name.upper()}" for known in target.fields if not known.name.endswith(".*")}
    text = form_apply(mapping_new(target=target.name, source="crm"), posted, target)
    mapping = mapping_parse(text)
    assert {name: spec.columns for name, spec in mapping.fields.items()} == {
        known.name: (known.name.upper(),) for known in target.fields if not known.name.endswith(".*")
    }
    assert yaml.safe_load(text)["fields"]
