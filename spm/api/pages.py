"""API tokens in the browser: one's own, or all for who keeps access; made once, shown once, revoked at once."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from spm.access.guards import may, requires
from spm.api.models import ApiToken
from spm.api.scopes import Scope
from spm.api.selectors import tokens
from spm.api.services import TokenRefused, token_create, token_revoke
from spm.api.token_forms import TokenForm
from spm.ui.tables import Column

COLUMNS = [
    Column("name", gettext_lazy("Token")),
    Column("scopes", gettext_lazy("What it may do")),
    Column("state", gettext_lazy("State")),
    Column("used", gettext_lazy("Last used")),
    Column("acts", gettext_lazy("Actions"), hidden_label=True),
]
MEMBER = Column("member", gettext_lazy("Member"))


def _rows(found: list[ApiToken], now: dt.datetime) -> list[dict[str, Any]]:
    labels = dict(Scope.choices)
    return [
        {
            "token": token, "scopes": [labels.get(scope, scope) for scope in token.scopes], "works": token.revoked_at is None and token.expires_at > now,
            "member_open": token.membership.is_open(now) and token.membership.user.is_active,
        }
        for token in found
    ]  # fmt: skip


@require_safe
@requires("tenant.enter")
def token_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Tokens that work first, then those that ended or were revoked; ?all=1 shows everybody's to who may see them."""
    membership, now = request.membership, timezone.now()  # type: ignore[attr-defined]
    may_all = may(request, "tokens.read")
    everybody = may_all and request.GET.get("all") == "1"
    found = list(tokens(membership=None if everybody else membership).order_by("-created_at")[:500])
    rows = sorted(_rows(found, now), key=lambda row: not row["works"])
    views = [(_("Mine"), request.path, not everybody), (_("Everybody's"), f"{request.path}?all=1", everybody)] if may_all else []
    columns = [COLUMNS[0], MEMBER, *COLUMNS[1:]] if everybody else COLUMNS
    context = {"rows": rows, "columns": columns, "views": views, "everybody": everybody, "may_revoke": may(request, "tokens.write"), "mine": membership.pk}
    return render(request, "api/tokens.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires("tenant.enter")
def token_new(request: HttpRequest, slug: str) -> HttpResponse:
    """A new token. Its text is in this one answer and nowhere else: the page is not kept by the browser."""
    membership = request.membership  # type: ignore[attr-defined]
    form = TokenForm(request.POST or None, roles=membership.role_names)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = token_create(
                tenant=request.tenant, membership=membership, name=data["name"], scopes=data["scopes"],  # type: ignore[attr-defined]
                expires_at=timezone.now() + dt.timedelta(days=data["days"]), actor_id=request.user.pk,
            )  # fmt: skip
        except TokenRefused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            example = f"curl -H 'Authorization: Bearer {made.text}' {request.build_absolute_uri(f'/api/v1/t/{slug}/me/')}"
            return render(request, "api/token_made.html", {"made": made, "example": example})
    return render(request, "api/token_new.html", {"form": form}, status=400 if form.errors else 200)


@require_POST
@requires("tenant.enter")
def token_end(request: HttpRequest, slug: str, apitoken_uid: uuid.UUID) -> HttpResponse:
    """Revokes a token at once: one's own, or anybody's for who keeps access."""
    membership = request.membership  # type: ignore[attr-defined]
    found = tokens(membership=None if may(request, "tokens.write") else membership).filter(uid=apitoken_uid).first()
    if found is None:
        raise Http404
    token_revoke(token=found, actor_id=request.user.pk)
    messages.success(request, _("The token was revoked. Calls with it are refused from now on."))
    return redirect("tokens", slug=slug)
