"""All addresses of the API as the URL configuration has them, and a real object behind each that names one."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from spm.calendars.models import FiscalCalendar, Period
from tests.isolation.catalog import make_row

_serial = itertools.count(1)
# Not operations of a tenant: the description of the API, the caller over all tenants, the answer to unknown addresses.
GLOBAL = {"api-schema", "api-docs", "api-me", "api-unknown"}


@dataclass(frozen=True)
class Route:
    name: str
    template: str
    view: Any

    @property
    def methods(self) -> list[str]:
        return [m for m in self.view().allowed_methods if m != "OPTIONS"]

    @property
    def parameters(self) -> list[str]:
        return [p for p in re.findall(r"<(?:\w+:)?(\w+)>", self.template) if p != "slug"]

    def path(self, slug: str, **values: Any) -> str:
        filled = {"slug": slug, **values}
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda m: str(filled[m.group(1)]), self.template)


def routes() -> list[Route]:
    """Tenant operations below /api/v1/t/SLUG/."""
    return [r for r in _walk(get_resolver("spm.urls").url_patterns, "") if r.template.startswith("api/v1/") and r.name not in GLOBAL]


def _walk(patterns: list[Any], prefix: str) -> Iterator[Route]:
    for pattern in patterns:
        text = prefix + str(pattern.pattern).lstrip("^")
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, text)
        elif isinstance(pattern, URLPattern):
            yield Route(pattern.name or text, text, getattr(pattern.callback, "view_class", None) or getattr(pattern.callback, "cls", None))


def _dispute_file() -> dict[str, Any]:
    from incentives.models import DisputeFile

    file = make_row(DisputeFile)
    return {"uid": file.event.dispute.uid, "file": file.uid}


def _uid(label: str, **values: Any) -> Callable[[], dict[str, Any]]:
    def make() -> dict[str, Any]:
        from django.apps import apps

        return {"uid": make_row(apps.get_model(label), **values).uid}

    return make


def _payee() -> dict[str, Any]:
    from tests.support.factories import make_payee

    return {"uid": make_payee().uid}


def _version(label: str) -> Callable[[], dict[str, Any]]:
    def make() -> dict[str, Any]:
        from django.apps import apps

        from spm.tenancy.changes import change

        with change(reason="test") as changes:
            row = (
                make_row(apps.get_model(label), change_set=changes, tombstone=0, currency_code=14110)
                if _has_money(label)
                else make_row(apps.get_model(label), change_set=changes, tombstone=0)
            )
        return {"source": row.record.source, "external_id": row.record.external_id}

    return make


def _has_money(label: str) -> bool:
    from django.apps import apps

    return any(f.name == "currency_code" for f in apps.get_model(label)._meta.fields)


def _plan_version(state: str = "draft") -> Callable[[], dict[str, Any]]:
    def make() -> dict[str, Any]:
        from incentives.models import Plan, PlanVersion
        from tests.api.plan_text import PLAN

        row = make_row(PlanVersion, plan=make_row(Plan, code=f"p{next(_serial)}"), state="draft", effective_to=None)
        row.text = PLAN.replace("plan: direct", f"plan: {row.plan.code}")
        row.save()
        if state == "active":
            from incentives.services.plans import version_activate

            row = version_activate(version=row)
        return {"uid": row.uid}

    return make


def _paid() -> dict[str, Any]:
    """A payee with an order, a run and a statement; "?" are the query parameters of its trace."""
    from incentives.models import PlanVersion
    from tests.incentives.world import PLAN, make_world, put_order

    name = f"w{next(_serial)}"
    calendar = make_row(FiscalCalendar)
    world = make_world(1, text=PLAN.replace("plan: direct", f"plan: {name}"), calendar=_with_periods(calendar))
    put_order(name, world.payees[0], "2024-03-05", 1000_00)
    world.run()
    version = PlanVersion.objects.get(pk=world.version.pk)
    query = {"plan_version": version.uid, "seat": world.seats[0].uid, "component": "commission"}
    return {"uid": world.payees[0].uid, "period": world.period("2024-03").uid, "?": query}


def _with_periods(calendar: Any) -> Any:
    import datetime as dt

    for month in range(1, 13):
        ends = dt.date(2024 + month // 12, month % 12 + 1, 1)
        code = f"2024-{month:02}"
        Period.objects.create(calendar=calendar, code=code, starts=dt.date(2024, month, 1), ends=ends, quarter=f"Q{(month + 2) // 3}", year="2024")
    return calendar


def _paid_without(*names: str) -> Callable[[], dict[str, Any]]:
    return lambda: {name: value for name, value in _paid().items() if name not in names}


# What stands behind each address that names an object. A route that is not here fails the tests by name.
OBJECTS: dict[str, Callable[[], dict[str, Any]]] = {
    "api-token": _uid("api.ApiToken"),
    "api-calendar": _uid("calendars.FiscalCalendar"),
    "api-position": _uid("people.Position"),
    "api-team-detail": _uid("people.Team"),
    "api-calendar-extend": _uid("calendars.FiscalCalendar", kind="custom"),
    "api-calendar-default": _uid("calendars.FiscalCalendar"),
    "api-payee": _uid("people.Payee"),
    "api-payee-leave": _payee,
    "api-payee-absence": _payee,
    "api-payee-move": _payee,
    "api-payee-erase": _payee,
    "api-payee-person": _payee,
    "api-member": _uid("access.Membership"),
    "api-member-roles": _uid("access.Membership"),
    "api-member-end": _uid("access.Membership"),
    "api-invitation-resend": _uid("access.Invitation"),
    "api-invitation-revoke": _uid("access.Invitation"),
    "api-territory": _uid("planning.Territory"),
    "api-job": _uid("jobs.Job"),
    "api-job-cancel": _uid("jobs.Job"),
    "api-job-retry": _uid("jobs.Job", state="failed"),
    "api-import": _uid("imports.Batch"),
    "api-import-start": _uid("imports.Batch"),
    "api-import-cancel": _uid("imports.Batch"),
    "api-import-roll-back": _uid("imports.Batch"),
    "api-import-preview": _uid("imports.Batch"),
    "api-import-rejected-rows": _uid("imports.Batch"),
    "api-plan": _uid("incentives.Plan"),
    "api-plan-versions": _uid("incentives.Plan"),
    "api-plan-enrol": _uid("incentives.Plan"),
    "api-plan-version": _plan_version(),
    "api-plan-version-activate": _plan_version(),
    "api-plan-version-retire": _plan_version("active"),
    "api-statements": _paid_without("?", "period"),
    "api-adjustments": _payee,
    "api-statement": _paid_without("?"),
    "api-statement-late": _paid_without("?"),
    "api-statement-runs": _paid_without("?"),
    "api-statement-changes": _paid_without("?"),
    "api-statement-pdf": _paid_without("?"),
    "api-statement-xlsx": _paid_without("?"),
    "api-trace": _paid,
    "api-scorecard": _paid_without("?", "period"),
    "api-team": _paid_without("?", "uid"),
    "api-run-diff": _uid("incentives.Run", state="done"),
    "api-plan-comparison": _uid("incentives.PlanComparison"),
    "api-lowering-check": _uid("incentives.LoweringCheck"),
    "api-parallel-run": _uid("incentives.ParallelRun"),
    "api-parallel-run-rows": _uid("incentives.ParallelRun"),
    "api-parallel-run-again": _uid("incentives.ParallelRun", state="done"),
    "api-roll-forward": _uid("incentives.YearRollForward"),
    "api-roll-forward-confirm": _uid("incentives.YearRollForward"),
    "api-roll-forward-undo": _uid("incentives.YearRollForward"),
    "api-plan-version-evaluated": _plan_version(),
    "api-result-override": _uid("incentives.ResultOverride"),
    "api-result-override-lift": _uid("incentives.ResultOverride"),
    **dict.fromkeys(("api-period-states", "api-period-states-move", "api-period-states-decide"), lambda: {"period": make_row(Period).uid}),
    "api-statement-hold": _uid("incentives.Statement"),
    "api-statement-release": _uid("incentives.Statement"),
    "api-hold": _uid("incentives.Hold"),
    "api-hold-lift": _uid("incentives.Hold"),
    **dict.fromkeys([f"api-dispute{act}" for act in ("", "-comment", "-pass", "-resolve", "-withdraw", "-escalate")], _uid("incentives.Dispute")),
    "api-dispute-file": _dispute_file,
    "api-run": _uid("incentives.Run", state="done"),
    "api-run-postings": _uid("incentives.Run", state="done"),
    "api-run-exclusions": _uid("incentives.Run", state="done"),
    "api-run-replay": _uid("incentives.Run", state="done"),
    "api-accounts-one": _version("sales.AccountVersion"),
    "api-products-one": _version("sales.ProductVersion"),
    "api-opportunities-one": _version("sales.OpportunityVersion"),
    "api-orders-one": _version("sales.OrderVersion"),
    "api-invoices-one": _version("sales.InvoiceVersion"),
    "api-payments-one": _version("sales.PaymentVersion"),
    "api-returns-one": _version("sales.ReturnVersion"),
    "api-activities-one": _version("sales.ActivityVersion"),
    "api-leads-one": _version("sales.LeadVersion"),
    "api-campaigns-one": _version("sales.CampaignVersion"),
    "api-cases-one": _version("sales.SupportCaseVersion"),
    "api-kpi-values-one": _version("sales.KpiValueVersion"),
}
