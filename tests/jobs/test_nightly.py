"""The tick: one nightly job per tenant and local business date, whatever the clocks do."""

from __future__ import annotations

import datetime as dt
import io
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from spm.jobs import nightly
from spm.jobs.models import Job
from spm.jobs.nightly import ClocksDisagree, business_date_due, jobs_tick
from spm.tenancy.scope import tenant_scope
from tests.support.factories import make_tenant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def night(kind):
    return kind("test nightly", a=lambda step: None, nightly=True)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def started(tenant) -> list[str]:
    with tenant_scope(tenant.pk):
        return sorted(Job.objects.filter(kind="test nightly").values_list("key", flat=True))


def tick_through(start: str, end: str) -> list[tuple[str, str]]:
    """Ticks every ten minutes of [start, end) UTC; returns (UTC minute, key) of each start."""
    found, now = [], at(start)
    while now < at(end):
        found += [(f"{now:%m-%d %H:%M}", key) for _, kind, key in jobs_tick(now=now) if kind == "test nightly"]
        now += dt.timedelta(minutes=10)
    return found


CHANGES = [
    # The hour 02 does not exist on 29 March 2026 in Berlin: it starts when the clock shows 03:00.
    ("Europe/Berlin", 2, "2026-03-27T23:00", "2026-03-30T12:00", [("03-28 01:00", "2026-03-28"), ("03-29 01:00", "2026-03-29"), ("03-30 00:00", "2026-03-30")]),
    # The hour 02 comes twice on 25 October 2026 in Berlin: it starts at the first.
    ("Europe/Berlin", 2, "2026-10-23T22:00", "2026-10-26T12:00", [("10-24 00:00", "2026-10-24"), ("10-25 00:00", "2026-10-25"), ("10-26 01:00", "2026-10-26")]),
    # An offset of 5:45.
    ("Asia/Kathmandu", 2, "2026-01-01T18:30", "2026-01-03T12:00", [("01-01 20:20", "2026-01-02"), ("01-02 20:20", "2026-01-03")]),
    # Midnight itself does not exist on 26 April 2024 in Cairo.
    ("Africa/Cairo", 0, "2024-04-25T12:00", "2024-04-27T12:00", [("04-25 12:00", "2024-04-25"), ("04-25 22:00", "2024-04-26"), ("04-26 21:00", "2024-04-27")]),
    # Midnight is reached, but the last hour of the day before came twice, on 31 October 2024 in Cairo.
    ("Africa/Cairo", 0, "2024-10-31T12:00", "2024-11-01T12:00", [("10-31 12:00", "2024-10-31"), ("10-31 22:00", "2024-11-01")]),
    # Apia skipped 30 December 2011.
    ("Pacific/Apia", 2, "2011-12-29T13:00", "2011-12-31T11:00", [("12-29 13:00", "2011-12-29"), ("12-30 12:00", "2011-12-31")]),
]


@pytest.mark.parametrize(("zone", "hour", "start", "end", "expected"), CHANGES, ids=[f"{c[0]} {c[2][:7]}" for c in CHANGES])
def test_a_clock_change_neither_skips_nor_doubles(night, zone, hour, start, end, expected):
    make_tenant("acme", time_zone=zone, nightly_hour=hour)
    assert tick_through(start, end) == expected


def test_negative_control_the_exact_local_hour_would_skip_and_double():
    """What the rule guards against: waiting for the hour itself misses it in spring and meets it twice in autumn."""
    from zoneinfo import ZoneInfo

    def hits(day: str) -> int:
        times = [at(f"{day}T00:00") + dt.timedelta(minutes=60 * n) for n in range(-3, 24)]
        return sum(t.astimezone(ZoneInfo("Europe/Berlin")).strftime("%F %H") == f"{day} 02" for t in times)

    assert (hits("2026-03-29"), hits("2026-10-25"), hits("2026-07-01")) == (0, 2, 1)


def test_a_scheduler_that_was_away_at_the_hour_starts_the_night_when_it_is_back(night):
    tenant = make_tenant("acme", time_zone="UTC", nightly_hour=2)
    jobs_tick(now=at("2026-05-05T17:00"))
    assert started(tenant) == ["2026-05-05"]


def test_a_clock_that_jumps_back_starts_nothing_twice(night):
    tenant = make_tenant("acme", time_zone="UTC", nightly_hour=2)
    for now in ("2026-05-05T02:00", "2026-05-04T23:00", "2026-05-05T01:59", "2026-05-05T02:00"):
        jobs_tick(now=at(now))
    assert started(tenant) == ["2026-05-04", "2026-05-05"]


def test_a_clock_that_runs_ahead_of_the_databases_starts_nothing(night, monkeypatch):
    """Else the wrong clock would use up a business date, and the real night would be skipped."""
    tenant = make_tenant("acme", nightly_hour=0)
    real = nightly.database_now()
    monkeypatch.setattr(nightly, "database_now", lambda: real - dt.timedelta(days=1))
    with pytest.raises(ClocksDisagree, match="set the wrong clock"):
        jobs_tick()
    assert started(tenant) == []
    monkeypatch.setattr(nightly, "database_now", lambda: real)
    jobs_tick()
    assert len(started(tenant)) == 1


def test_ticks_at_the_same_moment_start_one_job(night):
    tenant = make_tenant("acme", time_zone="UTC", nightly_hour=2)
    together, made = threading.Barrier(4), []

    def tick() -> None:
        try:
            together.wait(5)
            made.extend(jobs_tick(now=at("2026-05-05T02:00")))
        finally:
            connection.close()

    threads = [threading.Thread(target=tick) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert started(tenant) == ["2026-05-05"]
    with tenant_scope(tenant.pk):
        assert Job.objects.get(kind="test nightly").params == {"business_date": "2026-05-05"}


def test_each_tenant_starts_at_its_own_hour_and_an_inactive_one_never(night):
    make_tenant("berlin", time_zone="Europe/Berlin", nightly_hour=2)
    make_tenant("tokyo", time_zone="Asia/Tokyo", nightly_hour=2)
    make_tenant("gone", is_active=False)
    assert [slug for slug, kind, _ in jobs_tick(now=at("2026-07-01T17:00")) if kind == night.name] == ["berlin", "tokyo"]
    assert business_date_due(at("2026-07-01T16:59"), time_zone="Asia/Tokyo", hour=2) is None


def test_an_unknown_time_zone_is_said_and_does_not_hold_up_the_others(night):
    make_tenant("mars", time_zone="Mars/Olympus")
    earth = make_tenant("earth", time_zone="UTC", nightly_hour=2)
    with pytest.raises(RuntimeError, match="nightly job of mars was not started"):
        jobs_tick(now=at("2026-05-05T02:00"))
    assert started(earth) == ["2026-05-05"]


def test_health_asks_for_a_task_that_ran_end_to_end_lately():
    from django.core.cache import cache

    from spm.jobs.liveness import PULSE
    from spm.jobs.tasks import relay

    cache.delete(PULSE)
    with pytest.raises(CommandError, match="never"):
        call_command("jobs", "health")
    relay()
    out = io.StringIO()
    call_command("jobs", "health", stdout=out)
    assert "executed end to end" in out.getvalue()
    cache.set(PULSE, cache.get(PULSE) - 500, timeout=None)
    with pytest.raises(CommandError, match="500 s ago"):
        call_command("jobs", "health")
