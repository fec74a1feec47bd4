"""The HR feed in the browser: a file, the difference that it would make, then the same difference applied."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from spm.access.guards import requires
from spm.people.feed_file import COLUMNS, FeedUnreadable
from spm.people.forms import FeedForm
from spm.people.kept_files import file_drop, file_keep, file_kept
from spm.people.services import hr_feed_apply, hr_feed_preview
from spm.ui.tables import Column

CHANGES = [
    Column("line", gettext_lazy("Line"), numeric=True),
    Column("number", gettext_lazy("Employee number")),
    Column("what", gettext_lazy("Change")),
    Column("to", gettext_lazy("To")),
]
ERRORS = [
    Column("line", gettext_lazy("Line"), numeric=True),
    Column("column", gettext_lazy("Column")),
    Column("value", gettext_lazy("Value")),
    Column("cause", gettext_lazy("Why and how to mend it")),
]
# What an act is called in front of people, and the names of what it changes.
ACTS = {
    "payee.create": gettext_lazy("New payee"),
    "payee.update": gettext_lazy("Payee changed"),
    "person.update": gettext_lazy("Name or address changed"),
    "employment.start": gettext_lazy("Joins"),
    "employment.status": gettext_lazy("State of employment"),
    "employment.end": gettext_lazy("Leaves"),
    "position.create": gettext_lazy("New position"),
    "position.update": gettext_lazy("Position renamed"),
    "assignment.set": gettext_lazy("Sits in a position"),
    "assignment.end": gettext_lazy("Leaves a position"),
    "pay_terms.set": gettext_lazy("Target pay"),
    "reporting_line.set": gettext_lazy("Reports to"),
    "team.create": gettext_lazy("New team"),
    "team.member": gettext_lazy("Team"),
}


def _whose(request: HttpRequest) -> dict[str, int]:
    return {"tenant_id": request.tenant.pk, "user_id": request.user.pk}  # type: ignore[attr-defined, dict-item]


@require_http_methods(["GET", "HEAD", "POST"])
@requires("people.write")
def feed(request: HttpRequest, slug: str) -> HttpResponse:
    """Upload, then what the file would change and which rows are refused. Nothing is written."""
    form = FeedForm(request.POST or None, request.FILES or None)
    context: dict[str, object] = {"form": form, "columns_known": COLUMNS}
    if request.method == "POST" and form.is_valid():
        content = form.cleaned_data["file"]
        try:
            result = hr_feed_preview(content=content)
        except FeedUnreadable as error:
            form.add_error("file", str(error))
        else:
            name = file_keep(content=content, **_whose(request))
            context |= {
                "result": result,
                "name": name,
                "changes": [(ACTS.get(change.action, change.action), change) for change in result.changes[:500]],
                "change_columns": CHANGES,
                "error_columns": ERRORS,
            }
    return render(request, "people/feed.html", context, status=400 if form.errors else 200)


@require_POST
@requires("people.write")
def feed_apply(request: HttpRequest, slug: str) -> HttpResponse:
    """Applies the file that was shown before; it is kept for an hour."""
    content = file_kept(name=request.POST.get("name", ""), **_whose(request))
    if content is None:
        messages.error(request, _("The file is no longer kept. Upload it again."))
        return redirect("people-feed", slug=slug)
    result = hr_feed_apply(content=content, actor_id=request.user.pk, partial=request.POST.get("partial") == "1")
    if not result.applied:
        messages.error(request, _("Nothing was changed: the file has rows with errors."))
        return redirect("people-feed", slug=slug)
    file_drop(name=request.POST.get("name", ""), **_whose(request))
    messages.success(request, ngettext("%(count)d row changed people.", "%(count)d rows changed people.", result.changed) % {"count": result.changed})
    return redirect("people", slug=slug)
