"""Does a plan edit lower pay that is already earned? Live while it is looked at, then who would earn less, and the form that lets it pass."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from incentives.models import LoweringCheck
from incentives.pages.live import job_context, job_polled
from incentives.selectors.lowering import LOWERED_SHOWN, lowering_get
from incentives.services.lowering import check_known
from spm.access.guards import may, requires
from spm.jobs.models import Job
from spm.ui.tables import Column


@require_safe
@requires("plans.read")
def lowering(request: HttpRequest, slug: str, loweringcheck_uid: UUID) -> HttpResponse:
    """One check by its address."""
    row = _row(loweringcheck_uid)
    if row.state != LoweringCheck.State.DONE:
        return render(request, "incentives/plan_lowering.html", {"version": row.version, "job": _job(slug, row)})
    return lowering_render(request, row, status=200)


@require_safe
@requires("plans.read")
def lowering_job(request: HttpRequest, slug: str, loweringcheck_uid: UUID) -> HttpResponse:
    """The live component alone, for polling."""
    return job_polled(request, _job(slug, _row(loweringcheck_uid)))


def _row(uid: UUID) -> LoweringCheck:
    return get_object_or_404(LoweringCheck.objects.select_related("version__plan", "run"), uid=uid)


def _job(slug: str, row: LoweringCheck) -> dict[str, Any]:
    where = {"slug": slug, "loweringcheck_uid": row.uid}
    return job_context(Job.objects.get(pk=row.job_id), poll_url=reverse("plan-lowering-job", kwargs=where), result_url=reverse("plan-lowering", kwargs=where))


def lowering_render(request: HttpRequest, row: LoweringCheck, *, asked: bool = False, status: int) -> HttpResponse:
    """Who would earn less than is earned already, by how much in all, and the form by which somebody who approves pay lets it pass."""
    found = lowering_get(row)
    total = found.totals
    text = ngettext("%(count)s person would earn less than is already earned.", "%(count)s people would earn less than is already earned.", found.people)
    context = {
        "row": row, "version": row.version, "text": text % {"count": found.people}, "total": total, "people": found.people,
        "rows": found.rows[:LOWERED_SHOWN] if may(request, "pay.read_all") else [], "more": max(0, len(found.rows) - LOWERED_SHOWN),
        "holds": row == check_known(version=row.version, takes_out=row.takes_out), "may_move": may(request, "plans.approve"),
        "may_approve": may(request, "plans.approve") and may(request, "pay.approve"), "sees_pay": may(request, "pay.read_all"), "asked": asked,
        "columns": [
            Column("payee", _("Payee")),
            Column("period", _("Period")),
            Column("before", _("Earned"), numeric=True),
            Column("after", _("By this version"), numeric=True),
            Column("less", _("Difference"), numeric=True),
        ],
    }  # fmt: skip
    return render(request, "incentives/plan_lowering.html", context, status=status)
