"""The registry behind `manage.py verify`. Each app registers its checks in its `verification` module.

    @verify_check("ledger sums")                    # once per tenant, in its scope
    def ledger_sums() -> Iterator[str]:
        yield "payee E7, June 2026: the ledger says 10.00, its lines sum to 9.99"

    @verify_check("row-level security", per_tenant=False)   # once, without a scope

A check yields one sentence per break: what, where. Nothing yielded means that all is well.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.utils.module_loading import autodiscover_modules

from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope

logger = logging.getLogger(__name__)
Check = Callable[[], Iterable[str]]


@dataclass(frozen=True)
class Finding:
    """One check of one tenant ('' for the whole installation) and what it found wrong."""

    check: str
    tenant: str
    breaks: tuple[str, ...]


_checks: dict[str, tuple[Check, bool]] = {}


def verify_check(name: str, *, per_tenant: bool = True) -> Callable[[Check], Check]:
    """Registers a check under a name that people read."""

    def register(check: Check) -> Check:
        if name in _checks:
            raise ValueError(f"Check {name!r} is registered twice.")
        _checks[name] = (check, per_tenant)
        return check

    return register


def verify_run(tenants: Iterable[Tenant], *, only: Iterable[str] = ()) -> Iterable[Finding]:
    """Runs the checks one after another, those of the installation first. A check that raises has found a break."""
    autodiscover_modules("verification")
    wanted = set(only)
    unknown = wanted - set(_checks)
    if unknown:
        raise LookupError(f"There is no check called {', '.join(sorted(unknown))}; known: {', '.join(sorted(_checks))}.")
    chosen = {name: found for name, found in _checks.items() if not wanted or name in wanted}
    for name, (check, per_tenant) in chosen.items():
        if not per_tenant:
            yield Finding(name, "", _breaks(check))
    for tenant in tenants:
        for name, (check, per_tenant) in chosen.items():
            if per_tenant:
                yield Finding(name, tenant.slug, _breaks(check, tenant.pk))


def _breaks(check: Check, tenant_id: int | None = None) -> tuple[str, ...]:
    try:
        if tenant_id is None:
            return tuple(check())
        with tenant_scope(tenant_id):
            return tuple(check())
    except Exception as error:
        logger.exception("the check itself failed")
        return (f"the check could not be carried out: {type(error).__name__}: {error}",)
