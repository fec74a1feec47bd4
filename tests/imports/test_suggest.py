"""What is proposed for a file: columns by their names, dates, decimals and marks by the first rows; and what the file does not tell."""

from __future__ import annotations

import io

import pytest
from openpyxl import Workbook

from spm.imports.errors import ImportFault
from spm.imports.formwords import field_takes
from spm.imports.mapping import document_load, mapping_parse
from spm.imports.readers import Source
from spm.imports.suggest import columns_guess, dates_guess, decimal_guess, file_sample, mapping_fits, mapping_suggest, scale_guess, target_guess, unused_columns
from spm.imports.targets import target_get, targets
from tests.imports.conftest import ORDERS

CRM = "Opportunity;Close Date;OWNER_ID;Total amount;CurrencyIsoCode;Comment\n006A;31.03.2026;ann;1 234,50;EUR;x\n006B;01.04.2026;bob;7,125;EUR;\n"


def sample(text: str, name: str = "orders.csv", encoding: str = "utf-8", **form: str):
    return file_sample(Source(name, content=text.encode(encoding)), form)


def suggested(text: str, target: str = "order") -> dict:
    return document_load(mapping_suggest(target=target_get(target), sample=sample(text), source="crm").text)


def test_columns_are_found_by_their_names_whatever_case_and_marks():
    found = columns_guess(target_get("order"), ["ORDER-DATE", "External Id", "amount", "Currency code", "salesperson", "Regoin"])
    assert found == {
        "order_date": "ORDER-DATE", "external_id": "External Id", "amount": "amount", "currency": "Currency code", "payee": "salesperson",
        "region": "Regoin",
    }  # fmt: skip


def test_a_column_is_used_once_and_a_needed_field_chooses_first():
    found = columns_guess(target_get("assignment"), ["Payee", "Position", "Start", "Note"])
    assert found == {"payee": "Payee", "position": "Position", "valid_from": "Start"}
    assert columns_guess(target_get("order"), ["Shoe size", "Weather"]) == {}


def test_columns_are_found_among_other_words_and_cut_short():
    names = ["Deal No", "Closed", "Account owner", "Net value", "Curr", "Deal type", "Discount note"]
    assert target_guess(targets(), names).name == "order"
    assert columns_guess(target_get("order"), names) == {
        "external_id": "Deal No", "order_date": "Closed", "payee": "Account owner", "amount": "Net value", "currency": "Curr",
        "kind": "Deal type",
    }  # fmt: skip


def test_dates_and_decimals_are_looked_for_in_all_cells_when_no_column_is_recognised():
    assert suggested("Alpha;Beta;Gamma\n31.03.2026;1,50;x\n")["format"] == {"date": "%d.%m.%Y", "decimal": ","}


def test_a_russian_export_is_understood():
    found = columns_guess(target_get("order"), ["Номер", "Дата", "Менеджер", "Сумма", "Валюта"])
    assert found == {"external_id": "Номер", "order_date": "Дата", "payee": "Менеджер", "amount": "Сумма", "currency": "Валюта"}


def test_dates_and_decimals_are_read_off_the_first_rows():
    document = suggested(CRM.replace("Opportunity", "Id"))
    assert document["format"] == {"date": "%d.%m.%Y", "decimal": ","}
    assert document["fields"] == {
        "external_id": "Id", "order_date": "Close Date", "payee": "OWNER_ID", "amount": {"column": "Total amount", "scale": 3}, "currency": "CurrencyIsoCode",
    }  # fmt: skip


def test_a_proposed_document_is_whole_when_all_needed_columns_are_there():
    text = mapping_suggest(target=target_get("order"), sample=sample("Id,Date,Owner,Amount,Currency\n1,2026-01-31,ann,1.5,USD\n"), source="crm").text
    assert set(mapping_parse(text).fields) == {"external_id", "order_date", "payee", "amount", "currency"}


def test_days_that_two_forms_read_are_said_to_be_unsure():
    assert dates_guess(["03/04/2026", "05/06/2026"]) == ["%m/%d/%Y", "%d/%m/%Y"]
    assert dates_guess(["03/14/2026", "05/06/2026"]) == ["%m/%d/%Y"]
    assert dates_guess(["2026-01-31"]) == [""]
    assert dates_guess(["soon"]) == dates_guess([]) == []
    made = mapping_suggest(target=target_get("order"), sample=sample("Id,Date,Amount,Currency\n1,03/04/2026,1,USD\n"), source="crm")
    assert made.unsure_dates == ("%m/%d/%Y", "%d/%m/%Y")


@pytest.mark.parametrize(("values", "mark"), [(["1.234,5"], ","), (["1,234.5"], "."), (["1,234,567"], "."), (["12,5", "1.5", "2,5"], ","), ([], ".")])
def test_the_decimal_mark_is_the_one_that_does_not_group(values, mark):
    assert decimal_guess(values) == mark


def test_decimals_of_amounts_are_as_many_as_the_cells_have():
    assert [scale_guess(v, ".") for v in (["1", "2.5"], ["1.2345"], ["1.23456789"], ["1.2300"])] == [2, 4, 6, 2]


@pytest.mark.parametrize(
    "name", ["order", "payee", "position", "quota", "territory", "fx_rate", "calendar_period", "reporting_line", "order_line", "pay_terms"]
)
def test_a_file_with_the_fields_of_a_target_is_known_as_one(name):
    columns = [known.name for known in target_get(name).fields if not known.name.endswith(".*")]
    assert target_guess(targets(), columns).name == name


def test_every_reference_is_told_in_words():
    fields = {known.to: field_takes(known) for target in targets() for known in target.fields if known.kind == "ref"}
    assert len(fields) > 8
    assert not {to for to, words in fields.items() if words in {"code", "external id"}}


def test_a_saved_mapping_fits_a_file_that_has_all_its_columns():
    assert mapping_fits(ORDERS, ["Id", "Date", "Owner", "Amount", "More"])
    assert not mapping_fits(ORDERS, ["Id", "Date", "Owner"])
    assert not mapping_fits("import: 1", ["Id"])


def test_columns_that_nothing_reads_are_named():
    text = ORDERS + "where:\n  - {column: Stage, in: [Won], reason: not won}\n"
    assert unused_columns(text, target_get("order"), sample("Id,Date,Owner,Amount,Stage,Note\n")) == ["Note"]


def test_samples_are_the_first_distinct_values_and_damaged_lines_are_passed_over():
    seen = sample("A,B\nx,1\nx,\ny,2,3\nz,4\nw,5\nq,6\n")
    assert [(column.name, column.samples) for column in seen.columns] == [("A", ("x", "z", "w")), ("B", ("1", "4", "5"))]


def test_the_way_of_reading_can_be_changed_and_what_it_is_is_told():
    text = "Имя|Сумма\nАня|1\n"
    assert [c.name for c in sample(text, encoding="cp1251").columns] == ["Имя", "Сумма"]
    assert sample(text, encoding="cp1251").encoding == "cp1251"
    assert sample(text, encoding="cp866", encoding_="").delimiter == "|"
    assert [c.name for c in file_sample(Source("a.csv", content=text.encode("cp866")), {"encoding": "cp866", "delimiter": ";"}).columns] == ["Имя|Сумма"]


def test_sheets_of_a_workbook_are_told_and_another_can_be_read():
    book = Workbook()
    book.active.title = "About"
    book.active.append(["Text"])
    orders = book.create_sheet("Orders")
    orders.append(["Id", "Amount"])
    orders.append([1, 1.5])
    out = io.BytesIO()
    book.save(out)
    source = Source("book.xlsx", content=out.getvalue())
    assert file_sample(source, {}).sheets == ("About", "Orders")
    assert [(c.name, c.samples) for c in file_sample(source, {"sheet": "Orders"}).columns] == [("Id", ("1",)), ("Amount", ("1.5",))]
    with pytest.raises(ImportFault, match="no sheet"):
        file_sample(source, {"sheet": "Order"})
