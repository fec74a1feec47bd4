"""Charts as data: the numbers go to the browser as JSON and stand in a table beside the picture, in the reader's language.

Plain Decimals in, floats only in the JSON that is drawn; the table's texts are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from spm.ui import formats

Values = Sequence[Decimal | None]


@dataclass(frozen=True)
class Series:
    """One line or group of bars. `type` is bar or line; `stack` names the pile it belongs to."""

    name: str
    values: Values
    type: str = "bar"
    stack: str = ""
    dashed: bool = False


@dataclass(frozen=True)
class Unit:
    """How the values read: money of a currency, a percentage (values are ratios), or a plain number."""

    style: str = "decimal"
    currency: str = ""
    digits: int | None = None

    def text(self, value: Decimal | None) -> str:
        locale = get_language() or "en"
        if self.style == "currency":
            return formats.money_text(value, self.currency, locale)
        if self.style == "percent":
            return formats.percent_text(value, locale, digits=self.digits if self.digits is not None else 1)
        return formats.number_text(value, locale, digits=self.digits)


def money_unit(currency: str) -> Unit:
    return Unit("currency", currency)


PERCENT = Unit("percent")
NUMBER = Unit()


@dataclass(frozen=True)
class Chart:
    """What the component `chart` shows: `spec` for the browser, `columns` and `rows` for the table."""

    title: str
    summary: str
    spec: dict[str, Any]
    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)


def _drawn(values: Values) -> list[float | None]:
    return [None if value is None else float(value) for value in values]


def _chart(kind: str, title: str, summary: str, labels: Sequence[str], unit: Unit, series: list[dict[str, Any]], **more: Any) -> Chart:
    for one in series:
        if len(one["values"]) != len(labels):
            raise ValueError(f"Chart {title!r}: {one['name']!r} has {len(one['values'])} values for {len(labels)} labels.")
    told = [one for one in series if one.get("told", True)]
    spec = {
        "kind": kind,
        "title": title,
        "summary": summary,
        "labels": list(labels),
        "format": {"style": unit.style, "currency": unit.currency, "digits": unit.digits},
        "series": [{**{key: value for key, value in one.items() if key != "told"}, "values": _drawn(one["values"])} for one in series],
        **more,
    }
    rows = [[label, *(unit.text(one["values"][index]) for one in told)] for index, label in enumerate(labels)]
    return Chart(title, summary, spec, ["", *(one["name"] for one in told)], rows)


def bar_chart(
    *,
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    unit: Unit = NUMBER,
    summary: str = "",
    horizontal: bool = False,
    target: tuple[str, Decimal] | None = None,
) -> Chart:
    """Bars and lines over categories. `target` draws a named level. Raises ValueError when a series and the labels differ in length."""
    more: dict[str, Any] = {"horizontal": horizontal}
    if target:
        more["target"] = {"label": target[0], "value": float(target[1])}
    drawn = [{"name": s.name, "values": s.values, "type": s.type, "stack": s.stack or None, "dashed": s.dashed} for s in series]
    return _chart("bar", title, summary, labels, unit, drawn, **more)


def trend_chart(*, title: str, labels: Sequence[str], series: Sequence[Series], unit: Unit = NUMBER, summary: str = "") -> Chart:
    """Lines over time."""
    return bar_chart(title=title, labels=labels, series=[Series(s.name, s.values, "line", s.stack, s.dashed) for s in series], unit=unit, summary=summary)


def pace_chart(
    *,
    title: str,
    labels: Sequence[str],
    actual: Values,
    plan: Values,
    projection: Values | None = None,
    low: Values | None = None,
    high: Values | None = None,
    unit: Unit = NUMBER,
    summary: str = "",
) -> Chart:
    """The pace to a quota: cumulative actual (None after the last known day), the plan's line, and where it will end.

    `projection` starts at the last actual point; `low` and `high` are its interval at the same places.
    """
    series: list[dict[str, Any]] = [
        {"name": _("Actual"), "values": actual, "role": "actual"},
        {"name": _("Plan"), "values": plan, "role": "plan"},
    ]
    if projection is not None:
        series.append({"name": _("Projection"), "values": projection, "role": "projection"})
    chart_series = list(series)
    if low is not None and high is not None:
        gap = [None if a is None or b is None else b - a for a, b in zip(low, high, strict=True)]
        chart_series += [
            {"name": _("Projection, low"), "values": low, "role": "low"},
            {"name": _("Projection, high"), "values": gap, "role": "band", "told": False},
        ]
    chart = _chart("pace", title, summary, labels, unit, chart_series)
    if high is not None:
        chart.columns.append(_("Projection, high"))
        for index, row in enumerate(chart.rows):
            row.append(unit.text(high[index]))
    return chart
