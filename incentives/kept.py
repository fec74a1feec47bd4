"""What a run kept of its measures, for one payee: his own from the chunk that he is in, his team's from the few that contribute to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace

import numpy as np
from django.db import connection

from incentives.engine.results import TeamRow, Totals
from incentives.totals import totals_unpack
from spm.tenancy.scope import required_tenant_id


def payee_totals(*, run_id: int, payee_id: int, seats: Collection[int], versions: Collection[int]) -> dict[int, Totals]:
    """The totals of a payee's seats by plan version, contributions to his team among them. One query; no order is read.

    A version is left out where the run no longer has the payee's own: totals are kept for the last run, and for what it took over.
    """
    own: dict[int, Totals] = {}
    team: dict[int, list[TeamRow]] = defaultdict(list)
    wanted = np.array(sorted(seats), dtype=np.int64)
    for version, body, is_own in _rows(run_id, list(versions), sorted(seats), payee_id):
        totals = totals_unpack(body, managers=set(seats)).totals
        team[version] += totals.team
        if is_own:
            keep = np.isin(totals.assignments, wanted)
            own[version] = replace(totals, assignments=totals.assignments[keep], own=totals.own[keep])
    return {version: replace(totals, team=_ordered(team[version])) for version, totals in own.items()}


def team_rows(*, run_id: int, seats: Collection[int], version: int) -> tuple[TeamRow, ...]:
    """What the teams of these seats contributed under a version. One query."""
    rows = _rows(run_id, [version], sorted(seats))
    return _ordered([row for _, body, _ in rows for row in totals_unpack(body, managers=set(seats)).totals.team])


def _rows(run_id: int, versions: list[int], seats: list[int], payee_id: int | None = None) -> list[tuple[int, bytes, bool]]:
    """(version, body, whether the payee is in the chunk) of the chunks that hold the payee or contribute to the seats."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.plan_version_id, t.body, coalesce(%(payee)s = ANY(c.payees), false) "
            "FROM incentives_runchunk c JOIN incentives_chunktotals t ON t.tenant_id = c.tenant_id AND t.run_id = c.totals_of_id AND t.number = c.number "
            "WHERE c.tenant_id = %(tenant)s AND c.run_id = %(run)s AND t.plan_version_id = ANY(%(versions)s) "
            "AND (%(payee)s = ANY(c.payees) OR t.managers && %(seats)s::bigint[])",
            {"tenant": required_tenant_id(), "run": run_id, "payee": payee_id, "versions": versions, "seats": seats},
        )
        return list(cursor.fetchall())


def _ordered(rows: list[TeamRow]) -> tuple[TeamRow, ...]:
    return tuple(sorted(rows, key=lambda row: (row.manager, row.measure, row.period, row.member)))
