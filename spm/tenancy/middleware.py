"""Puts the tenant of /t/SLUG/... and /api/v1/t/SLUG/... into scope for the request, after checking membership.

A tenant that does not exist and one that the user may not enter get the same answer: 404.
"""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from spm.access.selectors import membership_for
from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope


class TenantMiddleware:
    """`request.tenant` and `request.membership` are set for tenant paths, None elsewhere. The scope owns the transaction.

    Responses are rendered inside the scope; a streamed response would run after it and must be made by a job instead.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.tenant = request.membership = None  # type: ignore[attr-defined]
        slug = tenant_slug(request.path_info)
        if slug is None or request.path_info.startswith("/api/"):
            return self.get_response(request)
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        tenant = Tenant.objects.filter(slug=slug, is_active=True).first()
        membership = membership_for(user=request.user, tenant=tenant) if tenant else None
        if tenant is None or membership is None:
            return self._not_found(request)
        with tenant_scope(tenant.pk), timezone.override(ZoneInfo(tenant.time_zone)):
            request.tenant, request.membership = tenant, membership  # type: ignore[attr-defined]
            response = self.get_response(request)
            if getattr(response, "streaming", False) and not getattr(response, "spm_static", False):
                raise RuntimeError(f"{request.path}: a streamed response would run outside the tenant's scope; let a job write the file.")
            if response.status_code >= 400:
                # A refused or failed request leaves nothing half-written.
                transaction.set_rollback(True)
            response.headers.setdefault("Cache-Control", "no-store")
            return response

    def _not_found(self, request: HttpRequest) -> HttpResponse:
        from django.core.handlers.exception import response_for_exception

        return response_for_exception(request, Http404())


def tenant_slug(path: str) -> str | None:
    """The slug of a tenant path, or None.

    >>> tenant_slug("/t/acme/people/")
    'acme'
    """
    parts = path.split("/", 3)
    return parts[2] if len(parts) > 2 and parts[1] == "t" and parts[2] else None
