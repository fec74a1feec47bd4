"""A caller of the API as a test needs it: a member with roles, and a client that carries his token."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from dataclasses import dataclass
from typing import Any

from django.test import Client
from django.utils import timezone

from spm.access.models import Membership, Role, User
from spm.api.models import ApiToken
from spm.api.scopes import Scope
from spm.api.services import token_create
from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope
from tests.support.factories import make_member

_serial = itertools.count(1)


@dataclass
class Caller:
    """A token of one member. Paths are below /api/v1/t/SLUG/ of his tenant unless they begin with a slash."""

    tenant: Tenant
    user: User
    membership: Membership
    token: ApiToken
    text: str

    def _path(self, path: str) -> str:
        return path if path.startswith("/") else f"/api/v1/t/{self.tenant.slug}/{path}"

    def request(self, method: str, path: str, data: Any = None, **headers: str) -> Any:
        sent = {"Authorization": f"Bearer {self.text}", **headers}
        return Client(headers=sent).generic(method, self._path(path), *_content(data))

    def get(self, path: str, **params: Any) -> Any:
        return Client(headers={"Authorization": f"Bearer {self.text}"}).get(self._path(path), params)

    def post(self, path: str, data: Any = None, **headers: str) -> Any:
        return self.request("POST", path, data, **headers)


def _content(data: Any) -> tuple[str, str]:
    return (json.dumps(data), "application/json")


def make_caller(tenant: Tenant, *roles: Role | str, scopes: Any = tuple(Scope.values), payee: Any = None, user: User | None = None) -> Caller:
    """A new member of the tenant with a token. Opens the scope itself."""
    # Without a password: hashing one for each caller would take most of the tests' time.
    user = user or User.objects.create_user(f"caller{next(_serial)}@example.com", None)
    with tenant_scope(tenant.pk):
        member = make_member(user, *roles, payee=payee)
        made = token_create(
            tenant=tenant, membership=member, name="test", scopes=list(scopes), expires_at=timezone.now() + dt.timedelta(days=1), actor_id=user.pk
        )
    return Caller(tenant, user, member, made.token, made.text)
