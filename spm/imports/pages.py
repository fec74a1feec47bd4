"""The import pages: upload with a mapping, preview, start, watch, download what was refused, take back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from spm.access.guards import may, requires
from spm.imports.drafts import batch_draft, can_map
from spm.imports.errors import ImportFault
from spm.imports.models import Batch
from spm.imports.previews import preview_table
from spm.imports.readers import Source
from spm.imports.rollback import batch_roll_back, can_roll_back
from spm.imports.selectors import batches, errors_csv, mappings, rows_rejected
from spm.imports.services import batch_create, batch_start, mapping_save, mapping_text_of
from spm.imports.targets import targets
from spm.jobs.selectors import job_progress
from spm.jobs.services import JobNotAllowed, job_cancel
from spm.ui.fields import document_posted
from spm.ui.tables import Column

_STATE = {"succeeded": "done", "dead": "failed"}


def _job_context(slug: str, batch: Batch) -> dict[str, Any] | None:
    if batch.job is None:
        return None
    progress = job_progress(batch.job)
    rows = next((stage.done for stage in progress.stages if stage.done), None)
    address = {"slug": slug, "uid": batch.uid}
    return {
        "title": batch.file_name,
        "state": _STATE.get(progress.state, progress.state),
        "percent": progress.percent,
        "text": _("%(count)s rows read") % {"count": rows} if rows else "",
        "error": progress.error,
        "poll_url": reverse("import-job", kwargs=address),
        "cancel_url": reverse("import-cancel", kwargs=address),
        "result_url": reverse("import", kwargs=address),
    }


def _label(batch: Batch) -> str:
    """What the rows become, in words; empty while the mapping is to be made."""
    return next((str(target.label) for target in targets() if target.name == batch.target), batch.target)


@require_safe
@requires("imports.read")
def import_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The latest imports with their totals."""
    columns = [
        Column("file", _("File")),
        Column("target", _("Into")),
        Column("created", _("Started")),
        Column("rows", _("Rows"), numeric=True),
        Column("accepted", _("Accepted"), numeric=True),
        Column("rejected", _("Refused"), numeric=True),
        Column("state", _("State")),
    ]
    context = {"batches": [(batch, _label(batch)) for batch in batches()[:100]], "columns": columns, "may_write": may(request, "imports.write")}
    return render(request, "imports/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("imports.write")
def import_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Files and a mapping, by which the dry run starts at once; without a mapping, or by the form's button, its columns are picked first."""
    error = ""
    if request.method == "POST":
        files = [Source(file.name or "file", content=file.read()) for file in request.FILES.getlist("files")]
        try:
            text = document_posted(request, "text").strip()
            if not text and request.POST.get("mapping"):
                text = mapping_text_of(request.POST["mapping"])
            if not text or "form" in request.POST:
                draft = batch_draft(files=files, mapping_text=text, actor_id=request.user.pk)
                return redirect("import-mapping", slug=slug, uid=draft.uid)
            if request.POST.get("code"):
                mapping_save(code=request.POST["code"], text=text)
            batch = batch_create(mapping_text=text, files=files, actor_id=request.user.pk, keep=True)
            batch_start(batch=batch, dry_run=True, actor_id=request.user.pk)
        except ImportFault as fault:
            error = str(fault)
        else:
            return redirect("import", slug=slug, uid=batch.uid)
    context = {
        "error": error,
        "text": document_posted(request, "text"),
        "code": request.POST.get("code", ""),
        "chosen": request.POST.get("mapping", ""),
        "mappings": [(m.code, m.code) for m in mappings()],
    }
    return render(request, "imports/new.html", context, status=422 if error else 200)


@require_safe
@requires("imports.read")
def import_page(request: HttpRequest, slug: str, uid: UUID) -> HttpResponse:
    """One import: progress, control totals, what was left out and refused, the first rows as the mapping reads them."""
    batch = get_object_or_404(Batch.objects.select_related("job", "change_set"), uid=uid)
    if batch.state == Batch.State.DRAFT and may(request, "imports.write") and can_map(batch):
        return redirect("import-mapping", slug=slug, uid=uid)
    names, preview = preview_table(batch)
    context = {
        "batch": batch,
        "job": _job_context(slug, batch) if batch.state in {Batch.State.UPLOADED, Batch.State.FAILED} else None,
        "names": [Column("line", _("Line"), numeric=True), *(Column(name, name) for name in names)],
        "preview": preview,
        "rejected": list(rows_rejected(batch)[:100]),
        "rejected_columns": [
            Column("line", _("Line"), numeric=True),
            Column("column", _("Column")),
            Column("cause", _("Cause")),
            Column("mend", _("How to mend it")),
        ],
        "left_out": sorted(batch.left_out.items()),
        "rows_days": settings.IMPORT_ROWS_DAYS,
        "may_write": may(request, "imports.write"),
        "can_map": can_map(batch),
        "can_start": batch.state == Batch.State.PREVIEWED and batch.rows_accepted > 0,
        "target_label": _label(batch),
        "can_roll_back": can_roll_back(batch),
    }
    return render(request, "imports/batch.html", context)


@require_safe
@requires("imports.read")
def import_job(request: HttpRequest, slug: str, uid: UUID) -> HttpResponse:
    """The live component alone, for polling."""
    batch = get_object_or_404(Batch.objects.select_related("job"), uid=uid, job__isnull=False)
    return render(request, "imports/_job.html", {"job": _job_context(slug, batch)})


@require_POST
@requires("imports.write")
def import_cancel(request: HttpRequest, slug: str, uid: UUID) -> HttpResponse:
    """Stops the import; nothing of it is written."""
    batch = get_object_or_404(Batch.objects.select_related("job"), uid=uid)
    try:
        if batch.job is not None:
            job_cancel(job=batch.job, actor_id=request.user.pk)
    except JobNotAllowed as refused:
        messages.error(request, str(refused))
    return redirect("import", slug=slug, uid=uid)


@require_POST
@requires("imports.write")
def import_start(request: HttpRequest, slug: str, uid: UUID) -> HttpResponse:
    """Imports for real what the dry run has shown."""
    batch = get_object_or_404(Batch, uid=uid)
    try:
        batch_start(batch=batch, dry_run=False, actor_id=request.user.pk)
    except ImportFault as fault:
        messages.error(request, str(fault))
    return redirect("import", slug=slug, uid=uid)


@require_safe
@requires("imports.read")
def import_errors(request: HttpRequest, slug: str, uid: UUID) -> HttpResponse:
    """Refused rows as a CSV file, with a byte order mark for spreadsheets."""
    batch = get_object_or_404(Batch, uid=uid)
    response = HttpResponse("\ufeff" + "".join(errors_csv(batch)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="errors-{batch.uid}.csv"'
    return response


@require_POST
@requires("imports.write")
def import_roll_back(request: HttpRequest, slug: str, uid: UUID) -> HttpResponse:
    """Takes the import back by a change set of its own."""
    batch = get_object_or_404(Batch, uid=uid)
    try:
        count = batch_roll_back(batch=batch, actor_id=request.user.pk)
        messages.success(request, _("The import was taken back; records restored: %(count)s.") % {"count": count})
    except ImportFault as fault:
        messages.error(request, str(fault))
    return redirect("import", slug=slug, uid=uid)
