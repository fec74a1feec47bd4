"""Files as sources write them: delimiters, encodings, quotes, workbooks. Nothing is dropped without a word."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900

from spm.imports.errors import ImportFault
from spm.imports.readers import Source, table_open

ROWS = [["Ivan; Ltd, Co", "1 234,56"], ["Zoë | \u201cquoted\u201d", "7"], ["two\nlines", "8"]]


def csv_bytes(delimiter: str, encoding: str) -> bytes:
    import csv

    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows([["name", "sum"], *ROWS])
    return out.getvalue().encode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_and_encoding_are_found(delimiter, encoding):
    table = table_open(Source("a.csv", content=csv_bytes(delimiter, encoding)))
    assert table.header == ["name", "sum"]
    assert [row for _, row in table.rows] == ROWS


def test_lines_are_those_of_a_text_editor():
    table = table_open(Source("a.csv", content=b'id,name\n1,"two\nlines"\n\n2,b\n'))
    assert list(table.rows) == [(2, ["1", "two\nlines"]), (5, ["2", "b"])]


def test_cp1251_is_read_where_it_is_not_utf_8():
    assert list(table_open(Source("a.csv", content="имя;сумма\nОтдел;5\n".encode("cp1251"))).rows) == [(2, ["Отдел", "5"])]


def test_a_quote_that_is_never_closed_is_an_error_not_the_end_of_the_file():
    table = table_open(Source("a.csv", content=b'id,name\n1,"abc\n2,def\n3,x\n'))
    with pytest.raises(ImportFault, match="line 2: unexpected end of data"):
        list(table.rows)


def test_a_name_that_stands_twice_in_the_header_is_refused():
    with pytest.raises(ImportFault, match="'b' stands in the header more than once"):
        table_open(Source("a.csv", content=b"a,b,b\n1,2,3\n"))


def workbook(*rows: list[object], epoch: dt.datetime = CALENDAR_WINDOWS_1900) -> bytes:
    book = Workbook()
    book.epoch = epoch
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("epoch", [CALENDAR_WINDOWS_1900, CALENDAR_MAC_1904])
def test_days_of_a_workbook_are_the_same_in_both_of_excels_calendars(epoch):
    content = workbook(["id", "day"], [43659, dt.date(2024, 2, 29)], epoch=epoch)
    assert list(table_open(Source("a.xlsx", content=content)).rows) == [(2, ["43659", "2024-02-29"])]


def test_numbers_of_a_workbook_come_with_the_decimal_mark_of_the_mapping_and_without_binary_noise():
    content = workbook(["a"], [1234.5], [0.00001], [True])
    assert [row for _, row in table_open(Source("a.xlsx", content=content), decimal=",").rows] == [["1234,5"], ["0,00001"], ["1"]]
    # Excel itself stores 0.1 + 0.2 with seventeen digits and shows fifteen.
    noisy = content_with(content, "<v>1234.5</v>", "<v>0.30000000000000004</v>")
    assert next(table_open(Source("a.xlsx", content=noisy)).rows) == (2, ["0.3"])


def content_with(content: bytes, old: str, new: str) -> bytes:
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(out, "w") as after:
        for name in before.namelist():
            data = before.read(name)
            if name.endswith("sheet1.xml"):
                assert old.encode() in data
                data = data.replace(old.encode(), new.encode())
            after.writestr(name, data)
    return out.getvalue()


def test_cells_of_a_workbook_beyond_its_header_are_shown_so_that_their_row_is_refused():
    content = workbook(["a", "b"], [1, 2, "stray"], [], [3, 4])
    assert list(table_open(Source("a.xlsx", content=content)).rows) == [(2, ["1", "2", "stray"]), (4, ["3", "4"])]
