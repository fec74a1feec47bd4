"""Windows of a custom calendar as people write them: one a line, cells apart by semicolon, comma or tab."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext_noop as _n

from spm.calendars.generate import CalendarError, Window

MOST = 1000


def windows_read(text: str) -> list[Window]:
    """`code; first day; day after the last; quarter; year` a line, quarter and year may be left out (the year is then that of the
    first day). Raises CalendarError naming the line."""
    found: list[Window] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.split(next((mark for mark in "\t;," if mark in line), ";"))]
        if not 3 <= len(cells) <= 5:
            raise CalendarError(
                _n("Line %(line)s has %(count)s values; write code, first day, end, quarter and year."), field="windows", line=number, count=len(cells)
            )
        starts, ends = _day(cells[1], number), _day(cells[2], number)
        quarter = cells[3] if len(cells) > 3 else ""
        year = cells[4] if len(cells) > 4 and cells[4] else str(starts.year)
        found.append(Window(cells[0], starts, ends, quarter, year))
        if len(found) > MOST:
            raise CalendarError(_n("A calendar takes at most %(count)s windows at once."), field="windows", count=MOST)
    return found


def _day(text: str, line: int) -> dt.date:
    try:
        return dt.datetime.strptime(text, "%d.%m.%Y").date() if "." in text else dt.date.fromisoformat(text)  # noqa: DTZ007 - a date has no zone
    except ValueError as error:
        raise CalendarError(_n("Line %(line)s: '%(text)s' is no date; write 2024-02-01 or 01.02.2024."), field="windows", line=line, text=text) from error
