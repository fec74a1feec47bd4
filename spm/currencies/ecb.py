"""The files in which the European Central Bank publishes its reference rates, brought to one form for the imports.

It offers CSV in a ZIP archive (the day's rates, or all since 1999) and XML. The one form is a CSV with the days down and the
currencies across: units of the currency for one euro, a blank where none was quoted.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from xml.etree import ElementTree

from django.utils.translation import gettext_noop as _n

from spm.currencies.errors import CurrencyError

LARGEST = 50 * 1024 * 1024
_CODE = re.compile(r"[A-Z]{3}")
_RATE = re.compile(r"\d{1,14}(\.\d{1,10})?")
NAME = "ecb.csv"
MAPPING = """\
# Reference rates of the European Central Bank: units of a currency for one euro, from one day of publication to the next.
import: 1
source: ecb
target: fx_rate
file: ecb.csv
unpivot: {{keep: [Date], name: Currency, value: Rate}}
fields:
  rate_type: {{constant: {rate_type}}}
  base: {{constant: EUR}}
  quote: Currency
  fx_rate: Rate
  valid_from: Date
  valid_to: {{next: Date, within: [Currency]}}
"""

Table = list[tuple[dt.date, dict[str, str]]]


def mapping_for(rate_type: str) -> str:
    """The mapping document by which the imports read what `ecb_csv` makes, into rates of this type."""
    return MAPPING.format(rate_type=rate_type)


def ecb_csv(content: bytes, *, since: dt.date | None = None) -> bytes:
    """The rates of a file of the bank as the one CSV, days before `since` left out. Raises CurrencyError when it is no such file."""
    if content[:4] == b"PK\x03\x04":
        content = _unzipped(content)
    table = _xml(content) if content.lstrip()[:1] == b"<" else _csv(content)
    table = sorted((day, rates) for day, rates in table if since is None or day >= since)
    if not table:
        raise CurrencyError(_n("The file holds no rates since the day that was given. Give an earlier day."), field="since")
    codes = sorted({code for _day, rates in table for code in rates})
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["Date", *codes])
    writer.writerows([day.isoformat(), *(rates.get(code, "") for code in codes)] for day, rates in table)
    return out.getvalue().encode()


def _refused() -> CurrencyError:
    return CurrencyError(
        _n("This is no file of the bank's reference rates. Upload eurofxref.zip, eurofxref-hist.zip, or the CSV or XML of the same name."), field="file"
    )


def _unzipped(content: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            inside = [info for info in archive.infolist() if info.filename.lower().endswith((".csv", ".xml"))]
            if len(inside) != 1 or inside[0].file_size > LARGEST:
                raise _refused()
            with archive.open(inside[0]) as file:
                text = file.read(LARGEST + 1)  # the stated size may be wrong: what is read is bounded too
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise _refused() from error
    if len(text) > LARGEST:
        raise _refused()
    return text


def _csv(content: bytes) -> Table:
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise _refused() from error
    heading = [cell.strip() for cell in rows[0]] if rows else []
    while heading and not heading[-1]:
        heading.pop()  # the bank ends its lines with a comma
    if len(heading) < 2 or heading[0] != "Date" or not all(_CODE.fullmatch(code) for code in heading[1:]):
        raise _refused()
    return [(_day(row[0]), _rates(dict(zip(heading[1:], row[1:], strict=False)))) for row in rows[1:] if any(cell.strip() for cell in row)]


def _xml(content: bytes) -> Table:
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise _refused()  # the bank's files have none; entities are how an XML file does harm
    try:
        root = ElementTree.fromstring(content)  # noqa: S314 - no entities, see above
    except ElementTree.ParseError as error:
        raise _refused() from error
    days = [node for node in root.iter() if node.tag.endswith("}Cube") and "time" in node.attrib]
    if not days:
        raise _refused()
    return [(_day(day.attrib["time"]), _rates({cube.get("currency", ""): cube.get("rate", "") for cube in day})) for day in days]


def _day(text: str) -> dt.date:
    text = text.strip()
    for form in ("%Y-%m-%d", "%d %B %Y"):
        try:
            return dt.datetime.strptime(text, form).date()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            continue
    raise CurrencyError(_n("'%(text)s' in the file is no date."), field="file", text=text)


def _rates(given: dict[str, str]) -> dict[str, str]:
    found = {}
    for code, text in given.items():
        text = text.strip()
        if text in {"", "N/A"}:
            continue
        if not _CODE.fullmatch(code) or not _RATE.fullmatch(text):
            raise CurrencyError(_n("'%(text)s' in the file is no rate of %(code)s."), field="file", text=text, code=code)
        found[code] = text
    return found
