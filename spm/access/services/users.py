"""The global account of a person: its language, and what is left of it after erasure."""

from __future__ import annotations

import uuid

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings

from spm.access.models import User


def user_language_set(*, user: User, language: str) -> None:
    """Keeps the language that the person chose; an unknown one is ignored, as Django's own view does."""
    if language in dict(settings.LANGUAGES) and user.language != language:
        User.objects.filter(pk=user.pk).update(language=language)
        user.language = language


def user_anonymise(*, user: User) -> None:
    """Empties an account: no address, no password, no second factor, no sign-in, no log of its attempts. The id stays for the books."""
    address = user.email
    EmailAddress.objects.filter(user=user).delete()
    Authenticator.objects.filter(user=user).delete()
    SocialAccount.objects.filter(user=user).delete()
    for log in (AccessAttempt, AccessFailureLog, AccessLog):
        log.objects.filter(username__iexact=address).delete()
    user.email = f"erased-{uuid.uuid4().hex}@invalid.example"
    user.is_active = False
    user.set_unusable_password()
    user.save(update_fields=["email", "is_active", "password"])
