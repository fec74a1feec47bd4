"""Plan pages: the list, a version as text with its check, the difference to the version before, activation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from incentives.engine.document import path_text
from incentives.engine.errors import Problem
from incentives.engine.mutations import Figure, plan_mutations
from incentives.engine.plan_check import plan_check
from incentives.models import LoweringCheck, Plan, PlanVersion
from incentives.pages.lowering import lowering_render
from incentives.planform import FormProblem, form_apply, form_tree
from incentives.planwords import form_translate
from incentives.problemwords import problem_shown
from incentives.selectors.rewards import evaluated_totals
from incentives.services.lowering import check_known, version_move
from incentives.services.plans import PlanLowersPay, PlanRefused, plan_create, version_draft
from spm.access.guards import may, requires
from spm.calendars.models import FiscalCalendar
from spm.calendars.selectors import tenant_date
from spm.tenancy.models import Tenant
from spm.ui.fields import document_posted
from spm.ui.tables import Column

NEW_PLAN = """engine: 1
plan: new-plan
title: New plan
currency: {currency}
calendar: month
credits:
  - {{name: direct, label: Own deals, to: owner_or_splits}}
measures:
  - {{name: sales, label: Sales}}
components:
  - name: commission
    label: Commission
    base: sales
    pay_rate: {{flat: 5%}}
tests: []
"""


class VersionForm(forms.Form):
    """The dates of a version and why it was written; the text has an editor of its own."""

    effective_from = forms.DateField(label=gettext_lazy("In force from"))
    effective_to = forms.DateField(
        label=gettext_lazy("In force until"), required=False, help_text=gettext_lazy("The first day on which it is no longer in force. Empty: open.")
    )
    note = forms.CharField(label=gettext_lazy("What changed and why"), max_length=400, required=False)


def _editor_problems(problems: list[Problem]) -> list[dict[str, Any]]:
    return [{"line": p.line or 1, "column": p.column or 1, "message": problem_shown(p), "severity": "error"} for p in problems]


@require_safe
@requires("plans.read")
def plan_list(request: HttpRequest, slug: str) -> HttpResponse:
    """All plans of the tenant with the version in force and the number of seats under them."""
    query = request.GET.get("q", "").strip()
    plans = Plan.objects.filter(is_archived=False).annotate(seats=Count("assignments", filter=Q(assignments__known_to__isnull=True), distinct=True))
    if query:
        plans = plans.filter(Q(title__icontains=query) | Q(code__icontains=query))
    active: dict[int, PlanVersion] = {}
    drafts: dict[int, int] = {}
    for version in PlanVersion.objects.exclude(state=PlanVersion.State.RETIRED).order_by("number").defer("text", "canonical"):
        if version.state == PlanVersion.State.ACTIVE:
            active[version.plan_id] = version
        else:
            drafts[version.plan_id] = drafts.get(version.plan_id, 0) + 1
    rows = [{"plan": plan, "active": active.get(plan.pk), "drafts": drafts.get(plan.pk, 0)} for plan in plans]
    columns = [
        Column("title", _("Plan")),
        Column("version", _("Version in force"), numeric=True),
        Column("from", _("In force")),
        Column("seats", _("Assignments"), numeric=True),
        Column("drafts", _("Drafts"), numeric=True),
    ]
    return render(request, "incentives/plan_list.html", {"rows": rows, "columns": columns, "query": query, "may_write": may(request, "plans.write")})


@require_http_methods(["GET", "HEAD", "POST"])
@requires("plans.read", write="plans.write")
def plan_new(request: HttpRequest, slug: str) -> HttpResponse:
    """A new plan from its text."""
    calendar = FiscalCalendar.objects.filter(is_default=True).first() or FiscalCalendar.objects.first()
    today = dt.datetime.now(tz=dt.UTC).date()
    text = document_posted(request, "text") or NEW_PLAN.format(currency=request.tenant.plan_currency)  # type: ignore[attr-defined]
    form = VersionForm(request.POST or None, initial={"effective_from": today.replace(day=1)})
    problems: list[Problem] = []
    if request.method == "POST" and form.is_valid():
        if calendar is None:
            form.add_error(None, _("There is no fiscal calendar yet; create one first."))
        else:
            try:
                version = plan_create(
                    text=text,
                    calendar=calendar,
                    effective_from=form.cleaned_data["effective_from"],
                    effective_to=form.cleaned_data["effective_to"],
                    actor_id=request.user.pk,
                )
                messages.success(request, _("Draft saved."))
                return redirect("plan-version", slug=slug, uid=version.plan.uid, number=version.number)
            except PlanRefused as error:
                problems = error.problems
                form.add_error(None, str(error))
    context = {"text": text, "form": form, "problems": _editor_problems(problems), "title": _("New plan")}
    return render(request, "incentives/plan_edit.html", context, status=422 if form.errors else 200)


def _version(uid: UUID, number: int) -> PlanVersion:
    return get_object_or_404(PlanVersion.objects.select_related("plan"), plan__uid=uid, number=number)


@require_safe
@requires("plans.read")
def plan_latest(request: HttpRequest, slug: str, uid: UUID) -> HttpResponse:
    """The address of a plan: its newest version."""
    plan = get_object_or_404(Plan, uid=uid)
    newest = PlanVersion.objects.filter(plan=plan).order_by("-number").first()
    return redirect("plan-version", slug=slug, uid=plan.uid, number=newest.number if newest else 1)


@require_safe
@requires("plans.read")
def plan_version(request: HttpRequest, slug: str, uid: UUID, number: int) -> HttpResponse:
    """One version: text, check report, what changed since the version before, all versions."""
    version = _version(uid, number)
    versions = list(PlanVersion.objects.filter(plan=version.plan).order_by("-number").defer("canonical"))
    before = next((v for v in versions if v.number < number), None)
    report = plan_check(version.text)
    problems = [*report.problems, *(p for test in report.tests for p in test.problems)]
    figures = plan_mutations(version.text) if request.GET.get("tab") == "tests" and "figures" in request.GET and report.plan else None
    in_force = next((v for v in versions if v.state == PlanVersion.State.ACTIVE and v.number != number), None)
    context = {
        "version": version,
        "figures": figures,
        "uncovered": figures_shown((*figures.uncovered, *figures.unchecked)) if figures else [],
        "compare_url": _compare_url(request.tenant, in_force, version) if in_force else "",  # type: ignore[attr-defined]
        "versions": versions,
        "before": before,
        "report": report,
        "problems": _editor_problems(problems),
        "tests": [{"name": test.name, "problems": [problem_shown(p) for p in test.problems]} for test in report.tests],
        "text": version.text,
        "evaluated": evaluated_totals(version) if may(request, "pay.read_all") else [],
        "evaluated_columns": [
            Column("component", _("Component")),
            Column("period", _("Period")),
            Column("payees", _("Payees"), numeric=True),
            Column("amount", _("Would pay"), numeric=True),
        ],
        "may_write": may(request, "plans.write"),
        "may_activate": may(request, "plans.approve") and version.state == PlanVersion.State.DRAFT,
        "tab": request.GET.get("tab", "text"),
        "tabs": [
            (_("Text"), "?tab=text", request.GET.get("tab", "text") == "text", None),
            (_("Form"), reverse("plan-form", kwargs={"slug": slug, "uid": uid, "number": number}), False, None),
            (_("Changes"), "?tab=diff", request.GET.get("tab") == "diff", None),
            (_("Tests"), "?tab=tests", request.GET.get("tab") == "tests", len(report.tests)),
            (_("Versions"), "?tab=versions", request.GET.get("tab") == "versions", len(versions)),
        ],
        "form": VersionForm(initial={"effective_from": version.effective_from, "effective_to": version.effective_to, "note": version.note}),
    }
    return render(request, "incentives/plan_version.html", context)


def figures_shown(found: Sequence[Figure]) -> list[dict[str, Any]]:
    """Figures of a plan's text by line, place and what is written."""
    return [{"line": figure.line, "column": figure.column, "path": path_text(figure.path), "text": figure.text} for figure in found]


def _compare_url(tenant: Tenant, first: PlanVersion, second: PlanVersion) -> str:
    """The comparison's form, filled in with the two versions and the year before today."""
    today = tenant_date(tenant=tenant, instant=dt.datetime.now(dt.UTC))
    start = max(first.effective_from, today.replace(day=1, year=today.year - 1))
    query = urlencode({"first": first.uid, "second": second.uid, "start": start.isoformat(), "end": today.replace(day=1).isoformat()})
    return f"{reverse('plan-comparisons', kwargs={'slug': tenant.slug})}?{query}"


@require_POST
@requires("plans.write")
def plan_save(request: HttpRequest, slug: str, uid: UUID, number: int) -> HttpResponse:
    """Saves the text: a draft is written anew, of any other version a new draft is made."""
    version = _version(uid, number)
    form = VersionForm(request.POST)
    text = document_posted(request, "text")
    try:
        if not form.is_valid():
            raise PlanRefused(_("Mend the marked fields."))
        draft = version if version.state == PlanVersion.State.DRAFT else None
        saved = version_draft(
            plan=version.plan,
            text=text,
            effective_from=form.cleaned_data["effective_from"],
            effective_to=form.cleaned_data["effective_to"],
            note=form.cleaned_data["note"],
            actor_id=request.user.pk,
            version=draft,
        )
    except PlanRefused as error:
        if not form.errors:
            form.add_error(None, str(error))
        context = {"text": text, "form": form, "problems": _editor_problems(error.problems), "title": version.plan.title, "version": version}
        return render(request, "incentives/plan_edit.html", context, status=422)
    messages.success(request, _("Draft saved as version %(number)s.") % {"number": saved.number})
    return redirect("plan-version", slug=slug, uid=uid, number=saved.number)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("plans.read", write="plans.write")
def plan_form(request: HttpRequest, slug: str, uid: UUID, number: int) -> HttpResponse:
    """The same document as a form. Adding and taking out parts only changes what is on the page; saving writes a draft."""
    version = _version(uid, number)
    text = document_posted(request, "text", version.text)
    dates = VersionForm(request.POST or None, initial={"effective_from": version.effective_from, "effective_to": version.effective_to, "note": version.note})
    problems: list[str] = []
    try:
        if request.method == "POST":
            posted = {name: str(value) for name, value in request.POST.items() if name.startswith("f:")}
            text = form_apply(text, posted, add=request.POST.get("add", ""), remove=request.POST.get("remove", ""))
            if "save" in request.POST and dates.is_valid():
                draft = version if version.state == PlanVersion.State.DRAFT else None
                saved = version_draft(plan=version.plan, text=text, actor_id=request.user.pk, version=draft, **dates.cleaned_data)
                messages.success(request, _("Draft saved as version %(number)s.") % {"number": saved.number})
                return redirect("plan-version", slug=slug, uid=uid, number=saved.number)
        root = form_tree(text)
    except (FormProblem, PlanRefused) as error:
        problems = [problem_shown(p) for p in getattr(error, "problems", [])] or [str(error)]
        root = form_tree(text if "f:" not in str(error) else version.text)
    context = {"version": version, "root": form_translate(root), "text": text, "form": dates, "problems": problems, "may_write": may(request, "plans.write")}
    return render(request, "incentives/plan_form.html", context, status=422 if problems or ("save" in request.POST and dates.errors) else 200)


@require_POST
@requires("plans.approve")
def plan_activate(request: HttpRequest, slug: str, uid: UUID, number: int) -> HttpResponse:
    """Puts a draft in force; its own tests must pass. Where it could lower what is earned already, that is looked at first, on a page of its own."""
    version = _version(uid, number)
    reason = request.POST.get("lowering_reason", "") if may(request, "pay.approve") else ""
    try:
        moved = version_move(version=version, actor_id=request.user.pk, lowering_reason=reason)
    except PlanLowersPay:
        known = check_known(version=version)
        if known is not None:
            return lowering_render(request, known, asked="lowering_reason" in request.POST, status=409)
        return redirect("plan-version", slug=slug, uid=uid, number=number)
    except PlanRefused as error:
        messages.error(request, str(error))
    else:
        if isinstance(moved, LoweringCheck):
            return redirect("plan-lowering", slug=slug, loweringcheck_uid=moved.uid)
        messages.success(request, _("Version %(number)s is in force as of the next run.") % {"number": moved.number})
    return redirect(f"{reverse('plan-version', kwargs={'slug': slug, 'uid': uid, 'number': number})}?tab=tests")
