"""The registry behind `manage.py bench NAME`. Each app registers its benchmarks in its `bench` module.

    @benchmark("engine", help="a full run against its floor")
    def bench_engine(options: Options) -> dict[str, Any]: ...

    bench_engine.arguments(parser)   # optional: adds the benchmark's own options

A benchmark runs in a scratch database of its own and returns at least figure, floor (both seconds, of the same run) and peak_mib.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.utils.module_loading import autodiscover_modules

Options = dict[str, Any]


@dataclass(frozen=True)
class Benchmark:
    """A registered benchmark."""

    name: str
    help: str
    run: Callable[[Options], dict[str, Any]]
    arguments: Callable[[argparse.ArgumentParser], None]


_benchmarks: dict[str, Benchmark] = {}


def benchmark(
    name: str, *, help: str, arguments: Callable[[argparse.ArgumentParser], None] = lambda parser: None
) -> Callable[[Callable[[Options], dict[str, Any]]], Callable[[Options], dict[str, Any]]]:
    """Registers a benchmark."""

    def register(run: Callable[[Options], dict[str, Any]]) -> Callable[[Options], dict[str, Any]]:
        if name in _benchmarks:
            raise ValueError(f"Benchmark {name!r} is registered twice.")
        _benchmarks[name] = Benchmark(name, help, run, arguments)
        return run

    return register


def benchmarks() -> dict[str, Benchmark]:
    """All benchmarks by name."""
    autodiscover_modules("bench")
    return dict(sorted(_benchmarks.items()))


def _point_at(name: str) -> None:
    for alias in ("default", "owner"):
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name
        settings.DATABASES[alias]["NAME"] = name


@contextmanager
def scratch_database(name: str = "spm_bench") -> Iterator[str]:
    """A migrated database of its own, dropped at the end: a benchmark never touches the tenants' data."""
    owner = settings.DATABASES["owner"]
    before = owner["NAME"]
    admin = psycopg2.connect(dbname=before, user=owner["USER"], password=owner["PASSWORD"], host=owner["HOST"], port=owner["PORT"] or None)
    admin.autocommit = True
    try:
        _dropped(admin, name)
        with admin.cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{name}"')
        _point_at(name)
        call_command("migrate", verbosity=0, database="owner")
        yield name
    finally:
        _point_at(str(before))
        _dropped(admin, name)
        admin.close()


def _dropped(admin: Any, name: str) -> None:
    """Drops the database; autovacuum, which only a superuser may end, is waited for."""
    for attempt in range(30):
        try:
            with admin.cursor() as cursor:
                cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
            return
        except psycopg2.errors.ObjectInUse:
            if attempt == 29:
                raise
            time.sleep(1)


def peak_mib() -> float:
    """The largest resident size of this process so far, plus that of its largest ended child."""
    kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return round(kib / 1024, 1)
