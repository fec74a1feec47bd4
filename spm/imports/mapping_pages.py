"""The page on which the columns of a file are picked: the mapping document of an import as a form, or as its text."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from spm.access.guards import requires
from spm.imports.drafts import can_map, draft_preview, draft_write
from spm.imports.errors import ImportFault
from spm.imports.formview import FormView, form_view, posted_text, problems_place
from spm.imports.models import Batch
from spm.imports.selectors import mappings_fitting
from spm.imports.services import batch_sources, mapping_text_of
from spm.ui.fields import document_posted
from spm.ui.tables import Column


@require_http_methods(["GET", "HEAD", "POST"])
@requires("imports.write")
def import_mapping(request: HttpRequest, slug: str, uid: UUID) -> HttpResponse:
    """Shows the mapping as far as it is; every button keeps it, "Start the dry run" goes on when nothing is wrong with it."""
    batch = get_object_or_404(Batch.objects.select_related("job"), uid=uid)
    if not can_map(batch):
        messages.info(request, _("The mapping of this import can no longer be changed; upload the file again."))
        return redirect("import", slug=slug, uid=uid)
    if request.GET.get("view") == "text":
        return _as_text(request, slug, batch)
    source = batch_sources(batch)[0]
    if request.method != "POST":
        view = form_view(source, batch.mapping_text)
        return _page(request, batch, view, shown_problems=bool(batch.mapping_text) and not view.fresh)
    fault, text = "", document_posted(request, "text")
    problems: dict[str, str] = {}
    try:
        if request.POST.get("use"):
            text = mapping_text_of(request.POST["use"])
        else:
            text, problems = posted_text(source, text, request.POST.dict(), request.POST.getlist("attribute"))
        draft_write(batch=batch, mapping_text=text)
    except ImportFault as error:
        fault = str(error)
    view = form_view(source, text)
    view.problems |= problems
    if not fault and "to_text" in request.POST:
        return redirect(reverse("import-mapping", kwargs={"slug": slug, "uid": uid}) + "?view=text")
    if not fault and "go" in request.POST and not view.problems and not view.fault:
        try:
            draft_preview(batch=batch, mapping_text=text, code=request.POST.get("code", "").strip(), actor_id=request.user.pk)
        except ImportFault as error:
            fault = str(error)
        else:
            return redirect("import", slug=slug, uid=uid)
    view.fault = fault or view.fault
    asked = "go" in request.POST
    return _page(request, batch, view, shown_problems=asked or bool(problems), status=422 if view.fault or problems or (asked and view.problems) else 200)


def _as_text(request: HttpRequest, slug: str, batch: Batch) -> HttpResponse:
    text, fault = document_posted(request, "document", batch.mapping_text), ""
    if request.method == "POST":
        try:
            draft_write(batch=batch, mapping_text=text)
            if "go" in request.POST:
                draft_preview(batch=batch, mapping_text=text, code=request.POST.get("code", "").strip(), actor_id=request.user.pk)
                return redirect("import", slug=slug, uid=batch.uid)
            return redirect("import-mapping", slug=slug, uid=batch.uid)
        except ImportFault as error:
            fault = str(error)
    context = {"batch": batch, "text": text, "fault": fault, "code": request.POST.get("code", "")}
    return render(request, "imports/mapping_text.html", context, status=422 if fault else 200)


def _page(request: HttpRequest, batch: Batch, view: FormView, *, shown_problems: bool, status: int = 200) -> HttpResponse:
    problems = view.problems if shown_problems else {}
    problems_place(view, problems, request.POST)
    names = [column.name for column in view.columns]
    context: dict[str, Any] = {
        "batch": batch,
        "view": view,
        "problems": problems,
        "file_columns": [Column("column", _("Column")), Column("samples", _("First values")), Column("into", _("Goes into"))],
        "fitting": [code for code in mappings_fitting(names) if request.POST.get("use") != code],
        "code": request.POST.get("use") or request.POST.get("code", ""),
    }
    return render(request, "imports/mapping.html", context, status=status)
