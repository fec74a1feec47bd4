"""Cursors: every row once, whatever is inserted meanwhile; not to be forged, carried over or used with other filters."""

from __future__ import annotations

import pytest

from spm.access.models import Role
from spm.calendars.models import FiscalCalendar
from spm.tenancy.scope import tenant_scope
from tests.api.support import make_caller


def _calendars(tenant, *codes: str) -> None:
    with tenant_scope(tenant.pk):
        for code in codes:
            FiscalCalendar.objects.create(code=code, name=code, kind="month")


def _walk(caller, path: str, between=lambda: None, **params) -> list[str]:
    seen, cursor = [], None
    for _step in range(50):
        body = caller.get(path, **params, **({"cursor": cursor} if cursor else {})).json()
        seen += [row["code"] for row in body["results"]]
        cursor = body["next_cursor"]
        if cursor is None:
            return seen
        between()
    raise AssertionError("the pages do not end")


def test_each_row_comes_once_and_in_order(tenant) -> None:
    _calendars(tenant, *(f"c{i:02}" for i in range(11)))
    assert _walk(make_caller(tenant, Role.REP), "calendars/", limit=3) == [f"c{i:02}" for i in range(11)]


def test_rows_inserted_while_paging_neither_repeat_nor_hide_others(tenant) -> None:
    _calendars(tenant, *(f"c{i:02}" for i in range(10)))
    fresh = iter(range(100))

    def insert() -> None:
        number = next(fresh)
        _calendars(tenant, f"a{number:02}", f"c00{number:02}", f"z{number:02}")

    seen = _walk(make_caller(tenant, Role.REP), "calendars/", insert, limit=4)
    assert len(seen) == len(set(seen))
    assert {f"c{i:02}" for i in range(10)} <= set(seen)


def test_a_cursor_is_good_for_its_tenant_address_and_filters_alone(tenant, other_tenant) -> None:
    _calendars(tenant, "a", "b")
    _calendars(other_tenant, "a", "b")
    mine, theirs = make_caller(tenant, Role.REP), make_caller(other_tenant, Role.REP)
    cursor = mine.get("calendars/", limit=1).json()["next_cursor"]
    assert mine.get("calendars/", cursor=cursor).status_code == 200
    assert mine.get("periods/", cursor=cursor).json()["code"] == "bad_cursor"
    assert theirs.get("calendars/", cursor=cursor).json()["code"] == "bad_cursor"


@pytest.mark.parametrize("cursor", ["", "x", "WyJhIl0:1:x", "é"])
def test_a_forged_cursor_is_refused(tenant, cursor) -> None:
    assert make_caller(tenant, Role.REP).get("calendars/", cursor=cursor).json()["code"] == "bad_cursor"
