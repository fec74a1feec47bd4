"""Every page there is, walked from the URL configuration, and a real object behind each address that names one.

A new page under /t/SLUG/ enters the isolation tests by existing. When its address names an object by `<model>_uid`, a row is made
from the catalogue; any other parameter needs an entry in OBJECTS, and the tests fail by the route's name until it has one.
"""

from __future__ import annotations

import re
import uuid
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver

from analytics.selectors.periods import period_choose
from incentives.selectors import component_traces, line_traces
from spm.tenancy.changes import change
from spm.tenancy.models import TenantRow
from tests.isolation.catalog import make_row
from tests.support.desks import TODAY, Desk

TENANT = "t/<slug:slug>/"
API = "api/v1/"
# Addresses outside any tenant, and why each may be so. Everything else must lie below TENANT or API.
GLOBAL = {
    "healthz": "liveness, says nothing",
    "i18n/": "the person's language",
    "accounts/": "sign-in",
    "jsi18n/": "texts of the scripts",
    "ui/gallery/": "samples, no data",
    "tenants/": "the person's own memberships",
    "invitations/": "found by a secret",
    "operator/": "counts of the operator, 404 for others",
    "": "the front door",
}


@dataclass(frozen=True)
class Route:
    """One pattern. `template` is its whole text, such as t/<slug:slug>/people/."""

    name: str
    template: str
    view: Any

    @property
    def parameters(self) -> list[str]:
        return [p for p in re.findall(r"<(?:\w+:)?(\w+)>", self.template) if p != "slug"]

    def path(self, slug: str, values: dict[str, Any]) -> str:
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda m: str({"slug": slug, **values}[m.group(1)]), self.template)


def walk(patterns: list[Any] | None = None, prefix: str = "") -> Iterator[Route]:
    """All routes of the URL configuration."""
    for pattern in get_resolver("spm.urls").url_patterns if patterns is None else patterns:
        text = prefix + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, text)
        elif isinstance(pattern, URLPattern):
            yield Route(pattern.name or text, text, pattern.callback)


def pages() -> list[Route]:
    """The pages of a tenant."""
    return [route for route in walk() if route.template.startswith(TENANT)]


def astray(routes: list[Route]) -> list[str]:
    """Routes that are neither a tenant's, nor the API's, nor on the list of global ones."""
    known = tuple(prefix for prefix in GLOBAL if prefix)
    return [r.template for r in routes if r.template and not r.template.startswith((TENANT, API, *known))]


def _plan(desk: Desk) -> dict[str, Any]:
    return {"uid": apps.get_model("incentives.Plan").objects.first().uid}


def _statement(desk: Desk) -> dict[str, Any]:
    return {"uid": desk.rep.uid, "code": "2026-02"}


def _row(label: str, **values: Any) -> Callable[[Desk], dict[str, Any]]:
    return lambda desk: {"uid": make_row(apps.get_model(label), **values).uid}


def _answer(label: str, parameter: str, **values: Any) -> Callable[[Desk], dict[str, Any]]:
    """A question whose job is under way, or has answered it."""

    def make(desk: Desk) -> dict[str, Any]:
        return {parameter: make_row(apps.get_model(label), job_id=make_row(apps.get_model("jobs.Job"), kind="recompute").pk, **values).uid}

    return make


def _import() -> dict[str, Any]:
    return {"uid": make_row(apps.get_model("imports.Batch"), job=make_row(apps.get_model("jobs.Job"), kind="import")).uid}


def _closing(desk: Desk) -> dict[str, Any]:
    period = period_choose(code="2026-02", today=TODAY).period
    return {"period_uid": period.uid, "legalentity_uid": desk.rep.legal_entity.uid, "group": desk.rep.pay_group, "to": "in_review"}


def _draft() -> dict[str, Any]:
    """An import whose mapping is still to be made: its file is kept."""
    batch = make_row(apps.get_model("imports.Batch"), state="draft", file_name="orders.csv", mapping_text="")
    make_row(apps.get_model("imports.BatchFile"), batch=batch, name="orders.csv", content=zlib.compress(b"Id,Amount\n1,2\n"))
    return {"uid": batch.uid}


def _pair() -> dict[str, Any]:
    with change(reason="isolation") as published:
        rate = make_row(apps.get_model("currencies.FxRate"), known_from=published, base="EUR", quote="USD")
    return {"rate_type": rate.rate_type, "base": rate.base, "quote": rate.quote}


# What stands behind addresses whose parameters do not say it themselves. Runs inside the scope of the desk's tenant.
OBJECTS: dict[str, Callable[[Desk], dict[str, Any]]] = {
    "plan": _plan,
    "plan-version": lambda desk: {**_plan(desk), "number": 1},
    "plan-form": lambda desk: {**_plan(desk), "number": 1},
    "plan-save": lambda desk: {**_plan(desk), "number": 1},
    "plan-activate": lambda desk: {**_plan(desk), "number": 1},
    **dict.fromkeys(("import", "import-job", "import-cancel", "import-start", "import-errors", "import-roll-back"), lambda desk: _import()),
    "import-mapping": lambda desk: _draft(),
    **dict.fromkeys(("plan-comparison", "plan-comparison-job", "plan-comparison-csv"), lambda desk: _comparison(desk)),
    **dict.fromkeys(("plan-lowering", "plan-lowering-job"), _answer("incentives.LoweringCheck", "loweringcheck_uid")),
    "parallel-job": _answer("incentives.ParallelRun", "parallelrun_uid"),
    **dict.fromkeys(("parallel-run", "parallel-repeat", "parallel-csv", "parallel-xlsx"), _answer("incentives.ParallelRun", "parallelrun_uid", state="done")),
    **dict.fromkeys(("closing-move", "closing-decide"), _closing),
    "fx-pair": lambda desk: _pair(),
    "run": lambda desk: {"uid": desk.run.uid},
    "run-job": _row("jobs.Job", kind="recompute"),
    "run-follow": _row("jobs.Job", kind="recompute"),
    "run-cancel": _row("jobs.Job", kind="recompute"),
    "scorecard-of": lambda desk: {"uid": desk.rep.uid},
    "statement": _statement,
    "statement-adjust": _statement,
    "statement-csv": _statement,
    "statement-pdf": _statement,
    "statement-xlsx": _statement,
    "statement-late": lambda desk: {**_statement(desk), "component": _component(desk)},
    "statement-as-of": _statement,
    "statement-changes": _statement,
    "statement-component": lambda desk: {**_statement(desk), "component": _component(desk)},
    "dispute-file": lambda desk: _dispute_file(desk),
    "statement-line": lambda desk: {**_statement(desk), "component": _component(desk), "line": _line(desk)},
}


def _dispute_file(desk: Desk) -> dict[str, Any]:
    dispute = make_row(apps.get_model("incentives.Dispute"), payee=desk.rep)
    event = make_row(apps.get_model("incentives.DisputeEvent"), dispute=dispute)
    return {"dispute_uid": dispute.uid, "disputefile_uid": make_row(apps.get_model("incentives.DisputeFile"), event=event).uid}


def _comparison(desk: Desk) -> dict[str, Any]:
    version = apps.get_model("incentives.PlanVersion").objects.first()
    job = make_row(apps.get_model("jobs.Job"), kind="plan_comparison")
    named = {"periods": [["2026-01", "1.00", "2.00"]], "components": [["commission", "1.00", "2.00"]]}
    summary = {
        **named, "total": ["1.00", "2.00"], "winners": 1, "losers": 0, "unchanged": 0, "gained": "1.00", "lost": "0.00",
        "percentiles": [50], "pay": [["1.00"], ["2.00"]], "attainment": [[0] * 6, [0] * 6], "issues": [0, 0], "uncredited": [0, 0], "orders": 1,
    }  # fmt: skip
    people = [[desk.rep.pk, "1.00", "2.00"]]
    values = {"first": version, "second": version, "state": "done", "currency": "USD", "summary": summary, "people": people, "job_id": job.pk}
    return {"uid": make_row(apps.get_model("incentives.PlanComparison"), **values).uid}


def _component(desk: Desk) -> str:
    period = period_choose(code="2026-02", today=TODAY).period
    return component_traces(desk.rep, period=period, run=desk.run)[0].component


def _line(desk: Desk) -> str:
    period = period_choose(code="2026-02", today=TODAY).period
    return line_traces(desk.rep, period=period, component=_component(desk), run=desk.run)[0].lines[0].key


# Parameters whose bare row would lack what a page shows beside it.
PARAMETERS: dict[str, Callable[[Desk], Any]] = {
    "payee_uid": lambda desk: desk.rep.uid,
    "dispute_uid": lambda desk: make_row(apps.get_model("incentives.Dispute"), payee=desk.rep).uid,
    "resultoverride_uid": lambda desk: make_row(apps.get_model("incentives.ResultOverride"), payee=desk.rep).uid,
    "statement_uid": lambda desk: apps.get_model("incentives.Statement").objects.get(payee=desk.rep, period__code="2026-02").uid,
}


def models_by_parameter() -> dict[str, type]:
    """`payee_uid` names people.Payee: every tenant model with an address by its own name."""
    return {f"{m._meta.model_name}_uid": m for m in apps.get_models() if issubclass(m, TenantRow) and any(f.name == "uid" for f in m._meta.fields)}


def objects(route: Route, desk: Desk) -> dict[str, Any]:
    """The parameters of the route, with real objects of the desk's tenant behind them. Needs its scope."""
    if not route.parameters:
        return {}
    if route.name in OBJECTS:
        return OBJECTS[route.name](desk)
    known = models_by_parameter()
    assert set(route.parameters) <= set(known), (
        f"{route.name} names an object: call its parameter <model>_uid, or tell tests/isolation/routes.py how to make one."
    )
    return {name: PARAMETERS[name](desk) if name in PARAMETERS else make_row(known[name]).uid for name in route.parameters}


def of_nothing(values: dict[str, Any]) -> dict[str, Any]:
    """The same parameters, but behind no object anywhere."""
    return {name: uuid.uuid4() if isinstance(value, uuid.UUID) else value for name, value in values.items()}
