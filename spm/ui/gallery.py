"""The component gallery: every component in its states, for those who build pages and for the tests of look and access."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from spm.ui.charts import PERCENT, Series, bar_chart, money_unit, pace_chart
from spm.ui.drawers import drawer_wanted
from spm.ui.heat import HeatCell, HeatRow, heat_band
from spm.ui.nav import NavItem, ShownItem, ShownSection
from spm.ui.states import STATES
from spm.ui.tables import Column, sort_given
from spm.ui.trees import TreeNode

PLAN_BEFORE = """plan: field
version: 2
rates:
  - up_to: 0.8
    pay_rate: 0.05
  - up_to: 1.0
    pay_rate: 0.06
cap: none
floor: 0
terms: monthly
round: half_up
"""
PLAN_AFTER = PLAN_BEFORE.replace("version: 2", "version: 3").replace("0.06\n", "0.07\n  - pay_rate: 0.09\n")
PROBLEM = "0.05 is below the floor of 0.06 that the parent plan sets. Raise it, or name an exception."


def gallery_allowed(request: HttpRequest) -> bool:
    """In development for everyone, elsewhere for the platform operator."""
    return settings.DEBUG or getattr(request.user, "is_superuser", False)


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(label="Name", help_text="As it stands in the contract.")
    email = forms.EmailField(label="E-mail", required=False)
    amount = forms.DecimalField(label="Quota", min_value=0)
    start = forms.DateField(label="Start")
    role = forms.ChoiceField(label="Role", choices=[("rep", "Rep"), ("manager", "Manager")])
    note = forms.CharField(label="Note", widget=forms.Textarea(attrs={"rows": 2}), required=False)
    agree = forms.BooleanField(label="Applies to the whole team", required=False)


@require_safe
def gallery(request: HttpRequest, *, drawer: bool = False) -> HttpResponse:
    """All components. With `drawer`, the same page with its drawer open, or the drawer's bare content when htmx asks for it."""
    if not gallery_allowed(request):
        raise Http404
    context = _context(request)
    if drawer and drawer_wanted(request):
        return render(request, "spm/_gallery_drawer.html", context)
    return render(request, "spm/gallery.html", {**context, "drawer_open": drawer, "drawer_close_url": reverse("ui-gallery"), "drawer_title": "CF-10482"})


def _context(request: HttpRequest) -> dict[str, Any]:
    now = dt.datetime(2025, 3, 9, 2, 14, tzinfo=dt.UTC)
    columns = [
        Column("order", "Order", sortable=True),
        Column("account", "Account"),
        Column("date", "Date", sortable=True),
        Column("amount", "Amount", sortable=True, numeric=True),
        Column("earned", "Earned", numeric=True),
        Column("state", "State"),
    ]
    lines = [
        ("CF-10482", "Nordwind Traders", dt.date(2025, 3, 4), D("48200"), D("3374.00"), "earned"),
        ("CF-10479", "Contoso Retail Group of the Northern Region", dt.date(2025, 3, 3), D("12990.5"), D("909.34"), "pending"),
        ("CF-10466", "Fabrikam", dt.date(2025, 2, 27), D("-3150"), D("-220.50"), "at_risk"),
        ("CF-10460", "Litware", dt.date(2025, 2, 26), D("7400"), None, "pending"),
    ]
    actual = [D(v) for v in (48, 91, 130, 188, 241, 274, 331)]
    plan = [D(600) * i / 12 for i in range(1, 13)]
    grow = [None] * 6 + [D(331), D(385), D(437), D(490), D(541), D(594)]
    heat_source: list[tuple[str, tuple[str | None, ...]]] = [
        ("Anna Petrova", ("1.12", "0.97", "0.71", "1.55")),
        ("Ben Okafor", ("0.52", "0.66", "0.93", None)),
        ("Chen Wei", ("1.01", "1.22", "1.30", "0.88")),
    ]
    return {
        "now": now,
        "columns": columns,
        "lines": lines,
        "total": sum((line[4] for line in lines if line[4] is not None), D(0)),
        "sort": sort_given(request, columns, default="-date"),
        "pace": pace_chart(
            title="Pace to quota, 2025",
            summary="Actual $331,000 against a plan of $350,000; projected $594,000 of $600,000.",
            labels=["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
            actual=[v * 1000 for v in actual] + [None] * 5,
            plan=[v * 1000 for v in plan],
            projection=[None if v is None else v * 1000 for v in grow],
            low=[None if v is None else v * 1000 - i * 3000 * (i > 6) for i, v in enumerate(grow)],
            high=[None if v is None else v * 1000 + i * 3000 * (i > 6) for i, v in enumerate(grow)],
            unit=money_unit("USD"),
        ),
        "bars": bar_chart(
            title="Earnings by component",
            labels=["Oct", "Nov", "Dec", "Jan", "Feb", "Mar"],
            series=[
                Series("Commission", [D(v) for v in (4100, 5200, 8800, 3900, 4600, 5100)], stack="pay"),
                Series("Accelerator", [D(v) for v in (0, 400, 2900, 0, 0, 350)], stack="pay"),
            ],
            unit=money_unit("USD"),
        ),
        "trend": bar_chart(
            title="Attainment by quarter",
            labels=["Q1", "Q2", "Q3", "Q4"],
            series=[Series("Attainment", [D("0.91"), D("1.04"), D("0.86"), D("1.12")])],
            unit=PERCENT,
            target=("100%", D(1)),
        ),
        "heat_columns": ["New business", "Renewal", "Services", "Activity"],
        "heat_rows": [HeatRow(name, [_heat_cell(name, value) for value in values], url="#heat") for name, values in heat_source],
        "heat_key": [("n2", "below 80%"), ("0", "about 100%"), ("p2", "above 120%"), ("nil", _("no data"))],
        "tree": _tree(),
        "terms": [("", "Lines", "$4,062.84"), ("+", "Adjustments", "$150.00"), ("−", "Draw recovered", "$500.00")],
        "form": SampleForm({"name": "", "amount": "abc", "start": "2025-03-01", "role": "rep"}) if "errors" in request.GET else SampleForm(),
        "states": list(STATES),
        "crumbs": [("Team", "#"), ("Anna Petrova", "#"), ("March 2025", "")],
        "tabs": [("Lines", "#", True, 128), ("Adjustments", "#", False, 2), ("History", "#", False, None)],
        "segments": [("Month", "#", False), ("Quarter", "#", True), ("Year", "#", False)],
        "steps": [("File", "done", "#"), ("Columns", "done", "#"), ("Preview", "current", ""), ("Import", "todo", "")],
        "stages": [("Read the record", "done", "1,000,000"), ("Credit", "done", "998,204"), ("Measure", "running", "612 of 1,000"), ("Post", "todo", "")],
        "chips": [("Region: West", "#"), ("State: pending", "#")],
        "periods": [("February 2025", "?period=2025-02", False), ("March 2025", "?period=2025-03", True)],
        "deflist": [("Order", "CF-10482"), ("Plan version", "Field 2025, version 3"), ("Pay rate", "7%"), ("Split with", None)],
        "events": [
            {"text": "Statement approved", "actor": "Maria Silva", "at": now, "tone": "good", "note": "Total $3,712.84"},
            {"text": "Late order CF-10441 posted a delta to February", "actor": "Nightly run", "at": now - dt.timedelta(hours=7), "tone": "warn"},
            {"text": "Run finished", "actor": "Nightly run", "at": now - dt.timedelta(days=1)},
        ],
        "tiers": [("to 80%", "5%", 100, False), ("80–100%", "7%", 62, True), ("100–120%", "9%", 0, False), ("over 120%", "12%", 0, False)],
        "old": PLAN_BEFORE,
        "new": PLAN_AFTER,
        "problems": [{"line": 5, "column": 15, "message": PROBLEM, "severity": "error"}],
        "exports": [("CSV", "#"), ("XLSX", "#")],
        "shell_nav": _nav(),
        "heat_ratio": {"mid": D("0.5517"), "over": D("1.216"), "low": D("0.1575"), "pace": D("0.58")},
        "segments_options": [("earned", "Earned"), ("pending", "Pending")],
    }


def _nav() -> list[ShownSection]:
    """A sample of the sidebar: outside tenants there is none."""

    def item(key: str, label: str, icon: str, shortcut: str = "", *, current: bool = False, count: int | None = None) -> ShownItem:
        return ShownItem(NavItem(key, label, "ui-gallery", icon, shortcut=shortcut), reverse("ui-gallery") + f"?at={key}", current, count)

    me = [item("home", "Scorecard", "gauge", "s"), item("pay", "Statements", "receipt-2", "p", current=True)]
    team = [item("team", "Team", "users-group", "t"), item("approve", "Approvals", "clipboard-check", count=3)]
    data = [item("imports", "Imports", "database-import"), item("runs", "Runs", "player-play")]
    return [ShownSection("me", "My work", me), ShownSection("team", "Team", team), ShownSection("data", "Data", data)]


def _heat_cell(name: str, value: str | None) -> HeatCell:
    return HeatCell(None if value is None else f"{D(value):.0%}", heat_band(None if value is None else D(value)), url="#heat", title=f"{name}: {value}")


def _tree() -> TreeNode:
    line = TreeNode(
        "CF-10482 · Nordwind Traders",
        "$3,374.00",
        "line",
        url=reverse("ui-gallery-drawer"),
        drawer=True,
        children=[
            TreeNode("Order amount $48,200.00, credited 100% to the order's owner", "$48,200.00", "source", note="orders.csv, line 1204, batch 17"),
            TreeNode("Marginal tier 80–100%: 7% of $48,200.00", "$3,374.0000", "rule", note="Field 2025, version 3"),
            TreeNode("Rounded half up to cents", "$0.00", "rounding"),
        ],
    )
    other = TreeNode(
        "CF-10479 · Contoso Retail Group",
        "$909.34",
        "line",
        children=[
            TreeNode("Marginal tier 80–100%: 7% of $12,990.50", "$909.3350", "rule"),
            TreeNode("Rounded half up to cents", "$0.0050", "rounding"),
        ],
    )
    return TreeNode("March 2025", "$4,283.34", "total", children=[TreeNode("Commission on new business", "$4,283.34", "component", children=[line, other])])
