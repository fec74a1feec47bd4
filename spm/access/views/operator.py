"""The platform operator's page: tenants and how they are. The operator is in no tenant and sees no row of one."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from spm.access.health import tenants_health
from spm.ui.tables import Column

COLUMNS = [
    Column("name", _("Company")),
    Column("state", _("State")),
    Column("local", _("Local time")),
    Column("nightly", _("Last nightly job")),
    Column("members", _("Members"), numeric=True),
    Column("open", _("Open jobs"), numeric=True),
    Column("failed", _("Failed jobs"), numeric=True),
]


@require_GET
@never_cache
@login_required
def operator(request: HttpRequest) -> HttpResponse:
    """404 for everybody else: that the page exists is nobody's business."""
    if not request.user.is_superuser:  # type: ignore[union-attr]
        raise Http404
    return render(request, "access/operator.html", {"columns": COLUMNS, "rows": tenants_health(at=timezone.now())})
