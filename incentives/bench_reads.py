"""What the desks and a payee read, timed by `bench engine` in a process of its own (bench_reader): on an idle database and while a run
goes on."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from incentives.models import PlanVersion, Run
from incentives.selectors import component_traces, line_trace, scorecard_get, statement_get, team_heat_map
from incentives.selectors.whatif import forget, pay_what_if
from spm.calendars.models import Period
from spm.people.models import Payee, Seat
from spm.tenancy.scope import tenant_scope

TEAM = 10
SHOWN = 40
"""Payees that are read, spread over the tenant; managers among them."""


@dataclass(frozen=True)
class _Who:
    payee: Payee
    seat_id: int
    version_id: int
    team: list[int]


class Reads:
    """The reads of one tenant as of a run."""

    def __init__(self, tenant_id: int, run: Run, business_date: dt.date) -> None:
        self.tenant_id, self.run, self.day = tenant_id, run, business_date
        with tenant_scope(tenant_id):
            payees = list(Payee.objects.order_by("pk"))
            chosen = [payees[(n * len(payees) // SHOWN + n % TEAM) % len(payees)] for n in range(SHOWN)]
            self.period = Period.objects.order_by("starts").filter(starts__lt=dt.date(business_date.year, 7, 1)).last()
            seats = dict(Seat.objects.order_by("-pk").values_list("payee_id", "pk"))  # the first seat of each stays
            versions = dict(
                PlanVersion.objects.filter(number=1, plan__assignments__seat_id__in=[seats[who.pk] for who in chosen])
                .exclude(state=PlanVersion.State.DRAFT)
                .values_list("plan__assignments__seat_id", "pk")
            )
            self.whos = []
            for who in chosen:
                at = payees.index(who)
                team = [p.pk for p in payees[at - at % TEAM : at - at % TEAM + TEAM]]
                self.whos.append(_Who(who, seats[who.pk], versions[seats[who.pk]], team))

    def _what_if(self, who: _Who) -> Any:
        shared = {"payee_id": who.payee.pk, "version_id": who.version_id, "seat_id": who.seat_id, "period_id": self.period.pk}
        return pay_what_if(**shared, run_id=self.run.pk, amount=Decimal(50_000))

    def _what_if_first(self, who: _Who) -> Any:
        """The first amount that somebody tries: his calculation is not kept yet."""
        forget()
        return self._what_if(who)

    def _full(self, who: _Who) -> Any:
        """Everything from the first: nothing of the payee is kept yet."""
        forget()
        statement = statement_get(who.payee, self.period)
        traces = component_traces(who.payee, period=self.period, run=self.run)
        lines = line_trace(who.payee, period=self.period, version_id=who.version_id, seat_id=who.seat_id, component="quarterly", run=self.run)
        return statement, traces, lines

    def all(self) -> dict[str, Callable[[_Who], Any]]:
        """By name."""
        return {
            "what_if_first": self._what_if_first,
            "what_if": self._what_if,
            "statement_with_traces": self._full,
            "statement": lambda who: statement_get(who.payee, self.period),
            "scorecard": lambda who: scorecard_get(who.payee, business_date=self.day),
            "team": lambda who: team_heat_map(who.team, period=self.period),
        }

    def rounds(self, going: Callable[[], bool] | None = None, rounds: int = 3) -> dict[str, dict[str, float]]:
        """Milliseconds of each read (p50, p99, max; cpu: p50 of this process's own time), `rounds` times over all, or for as long as
        `going` says."""
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in self.all()}
        for name, who, read in self._turns(going, rounds):
            with tenant_scope(self.tenant_id):
                started, cpu = time.perf_counter(), time.thread_time()
                read(who)
                times[name].append((1000 * (time.perf_counter() - started), 1000 * (time.thread_time() - cpu)))
        return {name: _spread(found) for name, found in times.items() if found}

    def queries(self) -> dict[str, int]:
        """How many queries each read makes for the last payee."""
        counted = {}
        for name, read in self.all().items():
            with tenant_scope(self.tenant_id), CaptureQueriesContext(connection) as seen:
                read(self.whos[-1])
            counted[name] = len(seen)
        return counted

    def _turns(self, going: Callable[[], bool] | None, rounds: int) -> Iterator[tuple[str, _Who, Callable[[_Who], Any]]]:
        done = 0
        while going() if going is not None else done < rounds:
            for who in self.whos:
                for name, read in self.all().items():
                    if going is not None and not going():
                        return
                    yield name, who, read
            done += 1


def _spread(found: list[tuple[float, float]]) -> dict[str, float]:
    ranked, cpu = sorted(took for took, _ in found), sorted(used for _, used in found)
    at = {"p50": len(ranked) // 2, "p99": min(len(ranked) - 1, len(ranked) * 99 // 100), "max": -1}
    return {name: round(ranked[place], 1) for name, place in at.items()} | {"cpu": round(cpu[len(cpu) // 2], 1), "reads": len(ranked)}
