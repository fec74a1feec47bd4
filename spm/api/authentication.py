"""Who is calling: a token of one tenant, or a session of the browser (with its CSRF check)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from spm.access.models import Membership, User
from spm.api.models import ApiToken
from spm.api.selectors import token_resolve
from spm.api.services import token_touch
from spm.api.throttling import failure_note
from spm.tenancy.models import Tenant


@dataclass(frozen=True)
class Principal:
    """The member on whose behalf a call runs. `scopes` is None for a session: the roles decide alone."""

    tenant: Tenant
    membership: Membership
    user: User
    token: ApiToken | None = None

    @property
    def scopes(self) -> frozenset[str] | None:
        return None if self.token is None else frozenset(self.token.scopes)

    @property
    def roles(self) -> frozenset[str]:
        return self.membership.role_names  # type: ignore[attr-defined]


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer spm_SLUG.PREFIX.SECRET`. One answer for every way in which a token can be wrong."""

    def authenticate(self, request: Request) -> tuple[User, tuple[Tenant, ApiToken]] | None:
        header = authentication.get_authorization_header(request).decode("latin-1").split()
        if not header or header[0].lower() != "bearer":
            return None
        found = token_resolve(text=header[1]) if len(header) == 2 else None
        if found is None:
            failure_note(request)
            raise exceptions.AuthenticationFailed(_("The token is unknown, has ended or was revoked."))
        tenant, token = found
        token_touch(tenant_id=tenant.pk, token=token)
        return token.membership.user, found

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="spm"'


class SessionAuthentication(authentication.SessionAuthentication):
    """The browser's session; unsafe methods need the CSRF token."""

    def authenticate_header(self, request: Request) -> Any:
        return None
