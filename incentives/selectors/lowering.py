"""What a check for lower pay found, as people read it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from incentives.lowering import Lowered, lowered_read, lowered_totals
from incentives.models import LoweringCheck

LOWERED_SHOWN = 500
"""Rows on the page; the API has all."""


@dataclass(frozen=True)
class LoweringFound:
    """Everybody who would earn less in a period, the largest loss first; people: how many they are; totals: by currency, below zero."""

    rows: list[Lowered]
    people: int
    totals: dict[str, Decimal]


def lowering_get(row: LoweringCheck) -> LoweringFound:
    """Two queries."""
    rows = lowered_read(row.rows)
    return LoweringFound(rows, len({one.payee.pk for one in rows}), lowered_totals(rows))
