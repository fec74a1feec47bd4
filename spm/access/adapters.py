"""allauth's hooks: nobody signs up by himself; who left does not come in; axes counts wrong passwords; mail speaks the reader's language."""

from __future__ import annotations

import re
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from spm.access.errors import LinkInvalid
from spm.access.models import User
from spm.access.selectors import access_ended, invitation_shown

_INVITATION = re.compile(r"/invitations/([^/?]+)/")


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """allauth's own count of wrong passwords is left out: axes counts them, in the database. TOTP stays with allauth."""

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """Refuses somebody who left, by password and single sign-on alike, unless he is on his way to an invitation of his own."""
        refused = super().pre_login(request, user, **kwargs)
        if refused is None and access_ended(user=user) and not _invited(user, kwargs.get("redirect_url") or ""):
            messages.error(request, _("Your access has ended. If that is a mistake, ask an administrator of your company to invite you again."))
            return redirect("account_login")
        return refused

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        user = context.get("user") or User.objects.filter(email=email.lower()).first()
        with translation.override(getattr(user, "language", "") or translation.get_language()):
            super().send_mail(template_prefix, email, context)


def _invited(user: User, target: str) -> bool:
    """Whether the address that he wants to go to is a valid invitation of his own."""
    link = _INVITATION.fullmatch(target.partition("?")[0])
    if link is None:
        return False
    try:
        return invitation_shown(token=link.group(1), at=timezone.now()).email == user.email.lower()
    except LinkInvalid:
        return False


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Single sign-on reaches accounts that exist and whose address both sides have proved; it never makes one."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False
