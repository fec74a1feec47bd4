"""The binary form of a chunk's totals under one plan version: what a later run takes over when nothing in the chunk changed."""

from __future__ import annotations

import json
import zlib
from collections.abc import Container
from decimal import Decimal
from typing import Any

import numpy as np

from incentives.engine.results import ChunkResult, ExclusionCount, TeamRow, Totals, Uncredited


def totals_pack(result: ChunkResult) -> bytes:
    """Canonical bytes: the same chunk result always gives the same."""
    totals = result.totals
    own = totals.own
    wide = own.dtype == object and any(abs(int(value)) >= 2**63 for value in own.flat)
    head: dict[str, Any] = {
        "shape": list(own.shape),
        "denominators": [str(value) for value in totals.denominators],
        "team": [[row.manager, row.measure, row.period, row.member, str(row.amount)] for row in totals.team],
        "exclusions": [[item.name, item.count, str(item.amount)] for item in result.exclusions],
        "credited_objects": result.credited_objects,
        "credited_sums": {name: [str(value) for value in parts] for name, parts in sorted(result.credited_sums.items())},
        "credited_amount": {name: str(amount) for name, amount in sorted(result.credited_amount.items())},
        "wide": [str(value) for value in own.flat] if wide else None,
    }
    text = json.dumps(head, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    body = b"" if wide else own.astype("<i8").tobytes()
    return zlib.compress(len(text).to_bytes(4, "little") + text + totals.assignments.astype("<i8").tobytes() + body, 1)


def totals_unpack(body: bytes | memoryview, *, managers: Container[int] | None = None) -> ChunkResult:
    """The inverse of `totals_pack`; the uncredited list is kept apart. managers: whose team rows are wanted (None: everybody's)."""
    raw = zlib.decompress(bytes(body))
    size = int.from_bytes(raw[:4], "little")
    head = json.loads(raw[4 : 4 + size])
    shape = tuple(head["shape"])
    ids_end = 4 + size + 8 * shape[0]
    assignments = np.frombuffer(raw[4 + size : ids_end], dtype="<i8").astype(np.int64)
    if head["wide"] is not None:
        own: Any = np.array([int(value) for value in head["wide"]], dtype=object).reshape(shape)
    else:
        own = np.frombuffer(raw[ids_end:], dtype="<i8").astype(np.int64).reshape(shape)
    team = tuple(
        TeamRow(manager, measure, period, member, int(amount))
        for manager, measure, period, member, amount in head["team"]
        if managers is None or manager in managers
    )
    return ChunkResult(
        Totals(assignments, own, tuple(int(value) for value in head["denominators"]), team),
        tuple(ExclusionCount(name, count, Decimal(amount)) for name, count, amount in head["exclusions"]),
        (),
        head["credited_objects"],
        {name: Decimal(amount) for name, amount in head["credited_amount"].items()},
        {name: (int(amount), int(denominator)) for name, (amount, denominator) in head.get("credited_sums", {}).items()},
    )


def managers_of(result: ChunkResult) -> list[int]:
    """The seats to whose teams the chunk contributed, ascending: by them a manager's page finds the few chunks that it needs."""
    return sorted({row.manager for row in result.totals.team})


def uncredited_pack(rows: list[Uncredited]) -> bytes:
    """The chunk's uncredited orders."""
    text = json.dumps([[r.object_id, r.payee, r.event_date, str(r.amount), r.reason, int(r.is_part)] for r in rows], separators=(",", ":"))
    return zlib.compress(text.encode(), 1)


def uncredited_unpack(body: bytes | memoryview) -> list[Uncredited]:
    """The inverse of `uncredited_pack`."""
    return [Uncredited(o, p, d, Decimal(a), r, bool(part)) for o, p, d, a, r, part in json.loads(zlib.decompress(bytes(body)))]
