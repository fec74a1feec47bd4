"""Calendars and currency rates through the API: previewed, made once per key, extended, exact, refused with the field at fault."""

from __future__ import annotations

import pytest

from spm.access.models import Role
from spm.calendars.models import FiscalCalendar, Period
from spm.currencies.models import FxRate
from spm.tenancy.scope import tenant_scope
from tests.api.support import make_caller

MONTHS = {"kind": "month", "first_year": 2024, "last_year": 2024}
RATE = {"rate_type": "plan", "base": "EUR", "quote": "USD", "fx_rate": "1.0812345678", "start": "2024-01-01"}


def test_a_calendar_is_previewed_made_once_per_key_extended_and_made_the_default(tenant) -> None:
    admin = make_caller(tenant, Role.COMP_ADMIN)
    shown = admin.post("calendars/preview/", MONTHS)
    assert (shown.status_code, len(shown.json()), shown.json()[0]["ends"]) == (200, 12, "2024-02-01")
    with tenant_scope(tenant.pk):
        assert FiscalCalendar.objects.count() == 0
    key, body = {"Idempotency-Key": "cal-1"}, {**MONTHS, "code": "m", "name": "Months", "is_default": True}
    made, again = admin.post("calendars/", body, **key), admin.post("calendars/", body, **key)
    assert (made.status_code, made.json()) == (201, again.json())
    uid = made.json()["uid"]
    other = admin.post("calendars/", {**MONTHS, "kind": "quarter", "code": "q", "name": "Quarters"}).json()["uid"]
    assert admin.post(f"calendars/{other}/default/").json()["is_default"] is True
    assert admin.get(f"calendars/{uid}/").json()["is_default"] is False
    assert admin.post(f"calendars/{uid}/", {"name": "Sales months"}).json()["name"] == "Sales months"
    for _time in range(2):
        assert admin.post(f"calendars/{uid}/extend/", {"last_year": 2025}).status_code == 200
    assert len(admin.get("periods/", calendar="m", limit=100).json()["results"]) == 24


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**MONTHS, "last_year": 2020}, "last_year"),
        ({**MONTHS, "last_year": 2190}, "last_year"),
        ({"kind": "biweekly", "first_year": 2024, "last_year": 2024}, "anchor"),
        ({"kind": "custom"}, "windows"),
    ],
)
def test_rules_that_do_not_fit_are_refused_by_field_and_nothing_is_kept(tenant, body, field) -> None:
    answer = make_caller(tenant, Role.COMP_ADMIN).post("calendars/", {**body, "code": "x", "name": "X"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (409, field)
    with tenant_scope(tenant.pk):
        assert FiscalCalendar.objects.count() == 0


def test_a_custom_calendar_grows_by_windows_and_refuses_a_gap(tenant) -> None:
    admin = make_caller(tenant, Role.COMP_ADMIN)
    window = {"code": "W1", "starts": "2024-01-01", "ends": "2024-01-08", "year": "2024"}
    uid = admin.post("calendars/", {"kind": "custom", "code": "w", "name": "Weeks", "windows": [window]}).json()["uid"]
    gap = admin.post(f"calendars/{uid}/extend/", {"windows": [{**window, "code": "W2", "starts": "2024-01-09", "ends": "2024-01-15"}]})
    assert (gap.status_code, "leaves a gap" in gap.json()["detail"]) == (409, True)
    assert admin.post(f"calendars/{uid}/extend/", {"windows": [{**window, "code": "W2", "starts": "2024-01-08", "ends": "2024-01-15"}]}).status_code == 200
    assert admin.post(f"calendars/{uid}/extend/", {"last_year": 2025}).status_code == 409
    with tenant_scope(tenant.pk):
        assert list(Period.objects.values_list("code", flat=True)) == ["W1", "W2"]


def test_a_rate_is_exact_dated_and_as_known_before(tenant) -> None:
    admin = make_caller(tenant, Role.TENANT_ADMIN)
    made = admin.post("fx-rates/", RATE)
    assert (made.status_code, made.json()["rates"][0]["fx_rate"]) == (200, "1.0812345678")
    assert admin.post("fx-rates/", RATE).json() == {"rates": []}, "it was so already"
    admin.post("fx-rates/", {**RATE, "fx_rate": "1.1", "start": "2024-04-01"})
    on = lambda day: [row["fx_rate"] for row in admin.get("fx-rates/", on=day).json()["results"]]  # noqa: E731
    assert (on("2023-12-31"), on("2024-03-31"), on("2024-04-01")) == ([], ["1.0812345678"], ["1.1000000000"])
    end = {**{name: RATE[name] for name in ("rate_type", "base", "quote")}, "day": "2024-05-01"}
    assert admin.post("fx-rates/end/", end).status_code == 204
    assert (on("2024-04-30"), on("2024-05-01")) == (["1.1000000000"], [])
    assert admin.post("fx-rates/end/", {**end, "rate_type": "daily"}).json()["errors"][0]["field"] == "rate_type"


@pytest.mark.parametrize("bad", [{"fx_rate": "0"}, {"fx_rate": "-1"}, {"fx_rate": "1.00000000001"}, {"base": "eur"}, {"quote": "EUR"}, {"end": "2024-01-01"}])
def test_what_is_no_rate_is_refused_and_nothing_is_kept(tenant, bad) -> None:
    assert make_caller(tenant, Role.COMP_ADMIN).post("fx-rates/", {**RATE, **bad}).status_code in {400, 409}
    with tenant_scope(tenant.pk):
        assert FxRate.objects.count() == 0


def test_readers_may_not_write(tenant) -> None:
    hr = make_caller(tenant, Role.HR)
    assert hr.get("fx-rates/").status_code == hr.get("calendars/").status_code == 200
    assert hr.post("fx-rates/", RATE).status_code == 403
    assert hr.post("calendars/", {**MONTHS, "code": "m", "name": "M"}).status_code == 403
