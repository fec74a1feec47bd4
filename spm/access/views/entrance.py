"""Before a tenant is chosen: the front door, the switcher, invitations, the language."""

from __future__ import annotations

from django import forms
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.password_validation import password_validators_help_text_html, validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.i18n import set_language

from spm.access.errors import AccessError, LinkInvalid
from spm.access.guards import requires
from spm.access.models import User
from spm.access.selectors import invitation_shown, tenants_of
from spm.access.services import invitation_accept, user_language_set
from spm.ui.nav import nav_for

BACKEND = "django.contrib.auth.backends.ModelBackend"


@require_GET
@login_required
def front_door(request: HttpRequest) -> HttpResponse:
    """Where a signed-in person belongs: his only tenant, the choice of several, the operator's page."""
    tenants = tenants_of(user=request.user)  # type: ignore[arg-type]
    if len(tenants) == 1:
        return redirect(f"/t/{tenants[0].slug}/")
    if not tenants and request.user.is_superuser:  # type: ignore[union-attr]
        return redirect("operator")
    return redirect("tenants")


@require_GET
@never_cache
@login_required
def tenants(request: HttpRequest) -> HttpResponse:
    """The switcher: every tenant in which the person has an open membership."""
    return render(request, "access/tenants.html", {"choices": tenants_of(user=request.user)})  # type: ignore[arg-type]


@require_GET
@requires("tenant.enter")
def tenant_home(request: HttpRequest, slug: str) -> HttpResponse:
    """The person's desk: the first page of his own navigation."""
    for section in nav_for(request):
        for entry in section.items:
            if entry.url != request.path:
                return redirect(entry.url)
    return render(request, "access/empty_desk.html")


@require_POST
def language_set(request: HttpRequest) -> HttpResponse:
    """Django's own view (cookie, safe return address), and the choice kept with the account."""
    response = set_language(request)
    if request.user.is_authenticated:
        user_language_set(user=request.user, language=request.POST.get("language", ""))
    return response


class PasswordForm(forms.Form):
    """The password of a new account; password managers fill it in."""

    password = forms.CharField(
        label=_("Password"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), help_text=password_validators_help_text_html
    )

    def __init__(self, *args: object, email: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.email = email

    def clean_password(self) -> str:
        validate_password(self.cleaned_data["password"], User(email=self.email))
        return str(self.cleaned_data["password"])


@never_cache
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Shows the invitation on GET, which uses nothing up (mail scanners open links); POST accepts it."""
    try:
        shown = invitation_shown(token=token, at=timezone.now())
    except LinkInvalid as invalid:
        return _private(render(request, "access/invitation_invalid.html", {"error": invalid}, status=404))
    user = request.user if request.user.is_authenticated else None
    if user is None:
        translation.activate(shown.language)
    fits = user is not None and user.email.lower() == shown.email
    form = PasswordForm(request.POST or None, email=shown.email) if user is None and not shown.account_exists else None
    error = ""
    if request.method == "POST" and (fits or (form is not None and form.is_valid())):
        try:
            accepted, tenant = invitation_accept(token=token, user=user, password=form.cleaned_data["password"] if form else "")
        except LinkInvalid as invalid:
            return _private(render(request, "access/invitation_invalid.html", {"error": invalid}, status=404))
        except (AccessError, ValidationError) as refused:
            error = " ".join(refused.messages) if isinstance(refused, ValidationError) else str(refused)
        else:
            if user is None:
                login(request, accepted, backend=BACKEND)
            return redirect(f"/t/{tenant.slug}/")
    context = {"invitation": shown, "form": form, "fits": fits, "stranger": user is not None and not fits, "error": error, "token": token}
    return _private(render(request, "access/invitation.html", context, status=400 if error else 200))


def _private(response: HttpResponse) -> HttpResponse:
    """The address holds the token: it must not travel on."""
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
