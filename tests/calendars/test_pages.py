"""Calendars in the browser: shown before they are written, extended, one the default, errors in the reader's language."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import translation

from spm.access.models import Role, User
from spm.audit.models import AuditEntry
from spm.calendars import services
from spm.calendars.generate import CalendarError, Window
from spm.calendars.models import FiscalCalendar
from spm.calendars.window_lines import windows_read
from tests.support.factories import make_member

D = dt.date
MONTHS = {"code": "m", "name": "Months", "first_year": 2024, "last_year": 2025, "year_start_month": 2}


def browser(*roles: str) -> Client:
    user = User.objects.create_user(f"c{User.objects.count()}@example.com", None)
    make_member(user, *roles)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_nobody_has_a_calendar_and_is_told_what_to_do(scope):
    assert "/t/acme/calendars/new/" in browser(Role.COMP_ADMIN).get("/t/acme/calendars/").content.decode().split("No calendars yet")[1]
    page = browser(Role.AUDITOR).get("/t/acme/calendars/").content.decode()
    assert "A compensation admin or tenant admin creates them" in page
    assert "/t/acme/calendars/new/" not in page


def test_the_periods_are_shown_before_anything_is_written(scope):
    client = browser(Role.COMP_ADMIN)
    page = client.post("/t/acme/calendars/new/?kind=month", {**MONTHS, "preview": "1"})
    assert (page.status_code, FiscalCalendar.objects.count()) == (200, 0)
    assert "24 periods, nothing is written yet" in page.content.decode()
    assert "FY2024-P01" in page.content.decode()
    made = client.post("/t/acme/calendars/new/?kind=month", {**MONTHS, "create": "1", "is_default": "on"})
    calendar = FiscalCalendar.objects.get()
    assert (made.status_code, made.url) == (302, f"/t/acme/calendars/{calendar.uid}/")
    assert (calendar.is_default, calendar.periods.count(), calendar.periods.first().starts) == (True, 24, D(2023, 2, 1))
    again = client.post("/t/acme/calendars/new/?kind=month", {**MONTHS, "create": "1"})
    assert (again.status_code, "exists already" in again.content.decode()) == (400, True)


def test_each_kind_asks_for_what_it_needs_and_makes_its_periods(scope):
    client = browser(Role.COMP_ADMIN)
    weeks = {"pattern": "4-4-5", "year_end_weekday": "5", "year_end_rule": "last", "week53": "12"}
    windows = "W1; 2024-01-01; 2024-01-08; 2024-Q1; 2024\nW2\t08.01.2024\t15.01.2024"
    given = {"quarter": ({}, 8), "445": (weeks, 24), "semi_monthly": ({}, 48), "biweekly": ({"anchor": "2024-01-05"}, 52), "custom": ({"windows": windows}, 2)}
    for kind, (more, count) in given.items():
        page = client.get("/t/acme/calendars/new/", {"kind": kind}).content.decode()
        assert ('name="anchor"' in page, 'name="pattern"' in page, 'name="windows"' in page) == (kind == "biweekly", kind == "445", kind == "custom")
        years = {} if kind == "custom" else {"first_year": 2024, "last_year": 2025, "year_start_month": 1}
        answer = client.post(f"/t/acme/calendars/new/?kind={kind}", {"code": kind, "name": kind, "create": "1", **years, **more})
        assert answer.status_code == 302, answer.content.decode()
        calendar = FiscalCalendar.objects.get(code=kind)
        assert calendar.periods.count() == count
        assert client.get(answer.url).status_code == 200
        assert client.get(f"{answer.url}extend/").status_code == 200
    assert [p.year for p in FiscalCalendar.objects.get(code="custom").periods.all()] == ["2024", "2024"]


def test_custom_windows_with_a_mistake_name_the_line(scope):
    for text, said in (("W1; 2024-01-01", "Line 1 has 2 values"), ("W1;2024-01-01;2024-01-08\nW2;2024-13-01;2024-02-01", "Line 2: &#x27;2024-13-01&#x27;")):
        page = browser(Role.COMP_ADMIN).post("/t/acme/calendars/new/?kind=custom", {"code": "w", "name": "W", "windows": text, "create": "1"})
        assert (page.status_code, said in page.content.decode()) == (400, True), page.content.decode()
    assert FiscalCalendar.objects.count() == 0
    assert windows_read("A,2024-01-01,2024-02-01,,FY24") == [Window("A", D(2024, 1, 1), D(2024, 2, 1), "", "FY24")]


def test_one_calendar_is_the_default_and_the_change_is_audited(scope):
    first = services.calendar_create(code="a", name="A", kind="month", first_year=2024, last_year=2024, is_default=True)
    second = services.calendar_create(code="b", name="B", kind="quarter", first_year=2024, last_year=2024)
    client = browser(Role.TENANT_ADMIN)
    for _time in range(2):
        assert client.post(f"/t/acme/calendars/{second.uid}/default/").status_code == 302
    assert list(FiscalCalendar.objects.filter(is_default=True)) == [second]
    entry = AuditEntry.objects.get(action="calendar.default")
    assert (entry.before, entry.after) == ({"default": first.code}, {"default": "b"})


def test_a_calendar_is_renamed_and_extended_without_a_seam(scope):
    calendar = services.calendar_create(code="a", name="A", kind="month", first_year=2024, last_year=2024)
    client = browser(Role.COMP_ADMIN)
    home = f"/t/acme/calendars/{calendar.uid}/"
    assert client.post(home + "rename/", {"name": "Sales months"}).status_code == 302
    assert client.post(home + "extend/", {"last_year": "2026"}).status_code == 302
    assert calendar.periods.count() == 36
    page = client.get(home, {"year": "2026"}).content.decode()
    assert "Sales months" in page
    assert "2026-12" in page
    assert "2025-12" not in page
    assert client.post(home + "extend/", {"last_year": "2500"}).status_code == 400


def test_a_calendar_that_does_not_reach_today_says_so(scope):
    past = services.calendar_create(code="a", name="A", kind="month", first_year=2001, last_year=2001)
    now = services.calendar_create(code="b", name="B", kind="month", first_year=dt.date.today().year, last_year=dt.date.today().year)
    client = browser(Role.AUDITOR)
    assert "No period holds today" in client.get(f"/t/acme/calendars/{past.uid}/").content.decode()
    assert "No period holds today" not in client.get(f"/t/acme/calendars/{now.uid}/").content.decode()
    assert "Ended: extend it" in client.get("/t/acme/calendars/").content.decode()


def test_who_may_not_write_gets_403_and_nothing_changes(scope):
    calendar = services.calendar_create(code="a", name="A", kind="month", first_year=2024, last_year=2024)
    client = browser(Role.HR)
    home = f"/t/acme/calendars/{calendar.uid}/"
    assert client.get(home).status_code == 200
    for address in (home + "rename/", home + "extend/", home + "default/", "/t/acme/calendars/new/"):
        assert client.post(address, {"name": "Mine", "last_year": "2030"}).status_code == 403
    calendar.refresh_from_db()
    assert (calendar.name, calendar.is_default, calendar.periods.count()) == ("A", False, 12)
    assert browser(Role.REP).get(home).status_code == 403


def test_the_words_of_an_error_are_chosen_when_it_is_shown(scope, monkeypatch):
    """The message is kept with its parameters: a translation of the pattern is what the reader sees, with the values in place."""
    with pytest.raises(CalendarError) as found:
        services.calendar_create(code="a", name="A", kind="month", first_year=2025, last_year=2024)
    assert "2025" in str(found.value)
    monkeypatch.setattr("spm.told.gettext", lambda message: {"The first year %(first)s is after the last year %(last)s.": "%(last)s!%(first)s"}[message])
    with translation.override("ru"):
        assert str(found.value) == "2024!2025"
