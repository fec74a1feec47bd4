"""Reads the text of an HR feed: CSV in the dialects that spreadsheets write, and the values of its cells. Pure: no database, no clock."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext_noop as _n

from spm.told import ToldError

EVENTS = ("join", "move", "leave", "absence", "return", "change")
COLUMNS = (
    "event", "external_id", "date", "end_date", "name", "given_name", "family_name", "email", "phone", "country", "kind", "legal_entity", "pay_group",
    "pay_currency", "position", "position_title", "leaving_position", "manager_position", "team", "fte", "currency", "target_incentive", "ote", "leave_kind",
)  # fmt: skip
REQUIRED = ("event", "external_id", "date")


class FeedUnreadable(ToldError, ValueError):
    """The file as a whole cannot be read; the message says why and what to do, in the reader's language when it is shown."""


@dataclass(frozen=True)
class FeedRow:
    """One row; `line` is its line in the file, the heading being line 1."""

    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


def feed_rows(content: bytes | str) -> Iterator[FeedRow]:
    """The rows of a feed. UTF-8 with or without a byte order mark, else windows-1251; comma, semicolon or tab. Raises FeedUnreadable."""
    text = content if isinstance(content, str) else _decoded(content)
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    heading = [cell.strip().lower().replace(" ", "_") for cell in next(reader, [])]
    missing = [column for column in REQUIRED if column not in heading]
    if missing:
        raise FeedUnreadable(_n("The heading lacks %(columns)s; it may hold: %(known)s."), columns=", ".join(missing), known=", ".join(COLUMNS))
    unknown = [column for column in heading if column and column not in COLUMNS]
    if unknown:
        raise FeedUnreadable(
            _n("The heading holds %(columns)s, which the feed does not know; it may hold: %(known)s."), columns=", ".join(unknown), known=", ".join(COLUMNS)
        )
    doubled = {column for column in heading if column and heading.count(column) > 1}
    if doubled:
        raise FeedUnreadable(_n("The heading holds %(columns)s twice; leave one."), columns=", ".join(sorted(doubled)))
    begins = reader.line_num + 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield FeedRow(begins, {name: cell.strip() for name, cell in zip(heading, cells, strict=False) if name})
        begins = reader.line_num + 1


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1251"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FeedUnreadable(_n("The file is neither UTF-8 nor windows-1251; save it as CSV UTF-8."))


def day_read(text: str) -> dt.date | None:
    """2024-02-01 or 01.02.2024 (day first); None when empty. Raises ValueError."""
    if not text:
        return None
    if "." in text:
        return dt.datetime.strptime(text, "%d.%m.%Y").date()  # noqa: DTZ007 - a date has no zone
    return dt.date.fromisoformat(text)


def amount_read(text: str) -> tuple[int, int]:
    """(int, scale) of an exact amount: 60000.50 or 60000,50 is (6000050, 2); at least two, at most six decimals. Raises ValueError."""
    plain = text.replace("\u00a0", "").replace("\u202f", "").replace(" ", "")
    if "," in plain and "." in plain:
        raise ValueError(text)
    try:
        value = Decimal(plain.replace(",", "."))
    except InvalidOperation as error:
        raise ValueError(text) from error
    if not value.is_finite() or value < 0:
        raise ValueError(text)
    scale = max(2, -int(value.as_tuple().exponent))
    if scale > 6 or value.copy_abs().scaleb(scale) >= 2**63:
        raise ValueError(text)
    return int(value.scaleb(scale)), scale


def share_read(text: str) -> int:
    """Millionths of full time: 0.5, 0,5 or 50% is 500000; empty is full time. Raises ValueError."""
    if not text:
        return 1_000_000
    percent = text.endswith("%")
    try:
        value = Decimal(text.rstrip("%").strip().replace(",", ".")) * (10_000 if percent else 1_000_000)
    except InvalidOperation as error:
        raise ValueError(text) from error
    if not value.is_finite() or value != value.to_integral_value() or not 0 < value <= 1_000_000:
        raise ValueError(text)
    return int(value)
