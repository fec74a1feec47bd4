"""Users and roles of a tenant: who is in, invitations, the matrix of duties. One service call per write."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from spm.access import services
from spm.access.errors import AccessError
from spm.access.forms import EndForm, InviteForm, RolesForm
from spm.access.guards import may, requires
from spm.access.matrix import duties, member_rows, permission_rows
from spm.access.models import Invitation, Membership, Role, RoleGrant
from spm.access.policy import conflicts_of
from spm.people.models import Payee
from spm.people.selectors import payee_choices
from spm.ui.drawers import drawer_wanted
from spm.ui.tables import Column

COLUMNS = [
    Column("person", gettext_lazy("Person")),
    Column("roles", gettext_lazy("Roles")),
    Column("state", gettext_lazy("State")),
    Column("last", gettext_lazy("Last sign-in")),
    Column("duties", gettext_lazy("Duties")),
]
INVITED = [
    Column("email", gettext_lazy("E-mail address")),
    Column("roles", gettext_lazy("Roles")),
    Column("until", gettext_lazy("Link works until")),
    Column("acts", gettext_lazy("Actions"), hidden_label=True),
]


def _back(slug: str) -> HttpResponse:
    return redirect("members", slug=slug)


def _page(request: HttpRequest, *, drawer: str = "", status: int = 200, **context: Any) -> HttpResponse:
    """The list; with `drawer` the template of the drawer alone when the browser asks for that, else the list with it open."""
    context["may_write"] = may(request, "access.write")
    if drawer and drawer_wanted(request):
        return render(request, drawer, context, status=status)
    now = timezone.now()
    state = request.GET.get("state", "")
    rows = member_rows(at=now, search=request.GET.get("q", ""), ended=state == "ended")
    invited = Invitation.objects.filter(accepted_at__isnull=True, revoked_at__isnull=True).order_by("-created_at")
    shown = {"columns": COLUMNS, "rows": rows, "invited": invited, "invited_columns": INVITED, "now": now, "drawer_template": drawer}
    if drawer:
        shown |= {"drawer_open": True, "drawer_close_url": reverse("members", kwargs={"slug": request.tenant.slug})}  # type: ignore[attr-defined]
    shown |= {"state": state, "state_options": [("", _("Active")), ("ended", _("Ended"))]}
    return render(request, "access/members.html", {**shown, **context}, status=status)


@require_GET
@requires("access.read")
def members(request: HttpRequest, slug: str) -> HttpResponse:
    return _page(request)


@require_GET
@requires("access.read")
def matrix(request: HttpRequest, slug: str) -> HttpResponse:
    """Which role may do what, and which members hold duties that should be apart."""
    return render(request, "access/matrix.html", {"roles_shown": list(Role), "permissions": permission_rows(), "duties": duties(at=timezone.now())})


@require_http_methods(["GET", "POST"])
@requires("access.write")
def invite(request: HttpRequest, slug: str) -> HttpResponse:
    form = InviteForm(request.POST or None, payees=payee_choices(), initial={"language": request.tenant.language})  # type: ignore[attr-defined]
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        payee = get_object_or_404(Payee, uid=data["payee"]) if data["payee"] else None
        try:
            services.invitation_create(
                email=data["email"], roles=data["roles"], payee=payee, language=data["language"], reason=data["reason"],
                base_url=request.build_absolute_uri("/"), actor_id=request.user.pk,
            )  # fmt: skip
        except AccessError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The invitation is on its way."))
            return _back(slug)
    return _page(request, drawer="access/_invite.html", form=form, status=400 if form.errors else 200, drawer_title=_("Invite a person"))


@require_http_methods(["GET", "POST"])
@requires("access.read", write="access.write")
def member(request: HttpRequest, slug: str, membership_uid: uuid.UUID) -> HttpResponse:
    found = get_object_or_404(Membership.objects.select_related("user", "payee__detail"), uid=membership_uid)
    held = frozenset(RoleGrant.objects.filter(membership=found).values_list("role", flat=True))
    form = RolesForm(request.POST or None, initial={"roles": sorted(held)})
    if request.method == "POST" and form.is_valid():
        try:
            services.roles_set(membership=found, roles=form.cleaned_data["roles"], reason=form.cleaned_data["reason"], actor_id=request.user.pk)
        except AccessError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The roles were changed."))
            return _back(slug)
    context = {"found": found, "form": form, "conflicts": conflicts_of(held), "open": found.is_open(timezone.now()), "end_form": EndForm(prefix="end")}
    return _page(request, drawer="access/_member.html", status=400 if form.errors else 200, drawer_title=found.user.email, **context)


@require_POST
@requires("access.write")
def end(request: HttpRequest, slug: str, membership_uid: uuid.UUID) -> HttpResponse:
    found = get_object_or_404(Membership, uid=membership_uid)
    try:
        services.membership_end(membership=found, actor_id=request.user.pk, reason=request.POST.get("end-reason", "")[:200])
    except AccessError as error:
        messages.error(request, str(error))
        return redirect(reverse("member", kwargs={"slug": slug, "membership_uid": membership_uid}))
    messages.success(request, _("The access has ended."))
    return _back(slug)


@require_POST
@requires("access.write")
def resend(request: HttpRequest, slug: str, invitation_uid: uuid.UUID) -> HttpResponse:
    found = get_object_or_404(Invitation, uid=invitation_uid)
    try:
        services.invitation_resend(invitation=found, base_url=request.build_absolute_uri("/"), actor_id=request.user.pk)
    except AccessError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The invitation is on its way. Earlier links stopped working."))
    return _back(slug)


@require_POST
@requires("access.write")
def revoke(request: HttpRequest, slug: str, invitation_uid: uuid.UUID) -> HttpResponse:
    services.invitation_revoke(invitation=get_object_or_404(Invitation, uid=invitation_uid), actor_id=request.user.pk)
    messages.success(request, _("The invitation was withdrawn."))
    return _back(slug)
