"""Benchmark of the engine's arithmetic alone: generated facts in memory -> totals -> earnings. No database.

`python -m incentives.engine.bench --payees 1000 --transactions 1000000`; the last line is one JSON object. The floor is
what numpy needs for the same sums with nothing around them: round every amount, sum it by payee and month.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from decimal import Decimal

import numpy as np

from .calendars import calendar_make
from .compile import plan_load
from .contracts import Assignment, Facts, Inputs, People, Quota, ReportingLine, day_number
from .earn import earn
from .measure import chunk_compute, totals_merge, totals_split
from .prepare import Prepared
from .results import Totals
from .rounding import round_column

PLAN = """
engine: 1
plan: bench
currency: USD
calendar: month
exclusions:
  - {name: online orders, where: channel = "online"}
credits:
  - {name: direct, to: owner_or_splits}
quotas:
  - {name: sales, over: quarter}
measures:
  - {name: sales}
  - {name: to_date, over: quarter}
  - {name: bikes, where: product = "bike"}
attainments:
  - {name: attainment, measure: to_date, quota: sales, when_zero: 0}
tables:
  - name: accelerator
    steps: [{from: 0, to: 80%, value: 2%}, {from: 80%, to: 100%, value: 3%}, {from: 100%, to: 120%, value: 4%}, {from: 120%, value: 6%}]
  - name: bonus
    steps: [{from: 0, to: 100000, value: 0.5%}, {from: 100000, to: 250000, value: 0.75%}, {from: 250000, value: 1%}]
components:
  - {name: quarterly, base: to_date, pay_rate: {table: accelerator, mode: marginal, scale: quota.sales}, settle: quarter, when_undefined: zero}
  - {name: monthly, base: sales, pay_rate: {table: bonus, mode: whole}}
  - {name: bike_spiff, base: bikes, pay_rate: {flat: 1.25%}}
  - {name: flat, base: sales, pay_rate: {flat: 0.1%}, cap: 5000}
  - {name: override, team_override: {base: sales, measure: sales, as_of: event, levels: all}, pay_rate: {flat: 0.2%}}
"""
TEAM = 10
YEAR = (day_number("2025-01-01"), day_number("2026-01-01"))


def world(payees: int, transactions: int) -> Inputs:
    """People, quotas and calendar: teams of ten, whose first member manages the others."""
    assignments = tuple(Assignment(i, i, i, *YEAR) for i in range(payees))
    reporting = tuple(ReportingLine(i, i - i % TEAM, *YEAR) for i in range(payees) if i % TEAM)
    amount = Decimal(transactions // payees) * 250
    starts = [day_number(f"2025-{month:02}-01") for month in (1, 4, 7, 10)] + [YEAR[1]]
    quotas = tuple(Quota(i, "sales", amount, low, high) for i in range(payees) for low, high in itertools.pairwise(starts))
    vocabulary = {"channel": {"online": 0, "store": 1}, "product": {"bike": 0, "helmet": 1, "glove": 2}}
    return Inputs(calendar_make("month", YEAR[0], YEAR[0]), People(assignments, (), reporting), quotas, vocabulary)


def chunks(payees: int, transactions: int, size: int, seed: int) -> Iterator[tuple[list[int], Facts]]:
    """Facts by chunk of payees, sorted as a loader gives them."""
    each = transactions // payees
    for start in range(0, payees, size):
        ids = np.arange(start, min(start + size, payees))
        random = np.random.default_rng(seed + start)
        rows = len(ids) * each
        dates = np.sort(random.integers(YEAR[0], YEAR[1], (len(ids), each), dtype=np.int32), axis=1).ravel()
        facts = Facts(
            object_id=np.arange(start * each, start * each + rows, dtype=np.int64),
            payee=np.repeat(ids, each).astype(np.int64),
            event_date=dates,
            amount=random.integers(-500_0000, 2500_0000, rows),
            amount_scale=4,
            codes={"channel": random.integers(0, 2, rows, dtype=np.int32) | 1, "product": random.integers(0, 3, rows, dtype=np.int32)},
            is_sorted=True,
        )
        yield ids.tolist(), facts


def floor_seconds(facts: Facts, month_of: np.ndarray[tuple[int], np.dtype[np.int64]]) -> float:
    """Round and sum by payee and month, nothing else."""
    began = time.perf_counter()
    cents = round_column(facts.amount, 10_000, 2, "half_up")
    keys = facts.payee * 12 + month_of[facts.event_date - YEAR[0]]
    first = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    np.add.reduceat(cents, first)
    return time.perf_counter() - began


def bench(payees: int, transactions: int, chunk: int, seed: int = 7) -> dict[str, float | int]:
    """Seconds of arithmetic (generation left out), split into lines and payee-periods."""
    prepared = Prepared(plan_load(PLAN), world(payees, transactions))
    month_of = np.concatenate([np.full(p.end - p.start, i, dtype=np.int64) for i, p in enumerate(prepared.periods)])
    lines = floor = 0.0
    parts: list[Totals] = []
    for ids, facts in chunks(payees, transactions, chunk, seed):
        began = time.perf_counter()
        parts.append(chunk_compute(prepared, facts, None, ids).totals)
        lines += time.perf_counter() - began
        floor += floor_seconds(facts, month_of)
    began = time.perf_counter()
    groups = [list(range(start, min(start + chunk, payees))) for start in range(0, payees, chunk)]
    earnings = 0
    for group, totals in zip(groups, totals_split(totals_merge(parts), groups), strict=True):
        earnings += len(earn(prepared, totals, group).earnings)
    periods = time.perf_counter() - began
    return {
        "figure": round(lines + periods, 3), "floor": round(floor, 3), "ratio": round((lines + periods) / floor, 2),
        "lines_seconds": round(lines, 3), "periods_seconds": round(periods, 3), "earnings": earnings,
        "payees": payees, "transactions": transactions, "chunk": chunk, "seed": seed,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, run, print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--payees", type=int, default=1000)
    parser.add_argument("--transactions", type=int, default=1_000_000)
    parser.add_argument("--chunk", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args(argv)
    sys.stdout.write(json.dumps(bench(options.payees, options.transactions, options.chunk, options.seed)) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
