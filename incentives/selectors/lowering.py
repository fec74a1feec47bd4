"""What a check for lower pay found, as people read it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from incentives.lowering import Lowered, lowered_read
from incentives.models import LoweringCheck

LOWERED_SHOWN = 500
"""Rows on the page; the API has all."""


@dataclass(frozen=True)
class LoweringFound:
    """Everybody who would earn less in a period, the largest loss first; people: how many they are; total: below zero."""

    rows: list[Lowered]
    people: int
    total: Decimal


def lowering_get(row: LoweringCheck) -> LoweringFound:
    """Two queries."""
    rows = lowered_read(row.version, row.rows)
    return LoweringFound(rows, len({one.payee.pk for one in rows}), sum((one.amount for one in rows), Decimal(0)))
