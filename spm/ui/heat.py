"""Heat maps: a band for each value, so that colour follows meaning and the text in the cell says it without colour."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

# Attainment by default: below 60%, below 80%, below 95%, about on quota, above 105%, above 120%, above 150%.
ATTAINMENT = (Decimal("0.60"), Decimal("0.80"), Decimal("0.95"), Decimal("1.05"), Decimal("1.20"), Decimal("1.50"))
_BANDS = ("n3", "n2", "n1", "0", "p1", "p2", "p3")


def heat_band(value: Decimal | None, limits: tuple[Decimal, ...] = ATTAINMENT) -> str:
    """The band's name: n3 (far below) to 0 to p3 (far above); nil when there is no value. Six rising limits, each the start of the next band.

    >>> heat_band(Decimal("0.6")), heat_band(Decimal("1")), heat_band(Decimal("2")), heat_band(None)
    ('n2', '0', 'p3', 'nil')
    """
    if value is None:
        return "nil"
    if len(limits) != 6:
        raise ValueError(f"A heat map needs six limits for seven bands, not {len(limits)}.")
    return _BANDS[sum(value >= limit for limit in limits)]


@dataclass(frozen=True)
class HeatCell:
    """`text` is shown; None means no data. `url` drills down, `title` says it in full."""

    text: str | None
    band: str = "0"
    url: str = ""
    title: str = ""


@dataclass(frozen=True)
class HeatRow:
    """`note` stands below the label, where two rows have the same one."""

    label: str
    cells: list[HeatCell] = field(default_factory=list)
    url: str = ""
    note: str = ""
