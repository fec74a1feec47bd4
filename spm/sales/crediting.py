"""Who is credited with an order where its source leaves that to territories: decided at the record, in set-based statements.

The owner stands in the order's version, where the engine's covering index has it, so a run knows nothing of territories. Orders are
resolved as they are written (`owners_resolve`), and again by a pass (`orders_credit`) over what may have changed hands since the last
one: it writes new versions with tombstones under the old key, in one change set. Planning says whose a territory is (`Resolver`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from spm.sales.base import SalesVersion
from spm.sales.models import CreditingPass, OrderLineVersion, OrderVersion
from spm.tenancy.changes import changeset_open, changeset_publish, known_number, writers_lock
from spm.tenancy.models import ChangeSet
from spm.tenancy.scope import required_tenant_id

REASON = "crediting by territory"
# Columns of an order's version that follow from the rules.
RESOLVED = ("payee_id", "source_payee_id", "credited_by")


class OrdersMoved(RuntimeError):
    """Orders were changed by somebody else while they were credited: nothing is written; start it again."""


class Resolver(Protocol):
    """What planning answers. All of it as known now, in the scope that is open."""

    def is_stated(self) -> bool:
        """Whether any order of the tenant was ever credited by territory."""

    def accounts_touched(self, after: int) -> set[int] | None:
        """Accounts whose orders may have changed hands by change sets published after that number; None: all orders may."""

    def resolve(self, owners: str) -> None:
        """Sets payee_id and credited_by in the temporary table `owners` (record_id, source, named, order_date, account_id,
        has_splits), for orders that a rule gives to territories; the others stay with whom the source names."""


_resolvers: list[Resolver] = []


def resolver_register(resolver: Resolver) -> None:
    """Makes it the one that is asked; planning does so when it is ready."""
    _resolvers[:] = [resolver]


def is_stated() -> bool:
    """Whether the tenant credits, or ever credited, by territory."""
    return bool(_resolvers) and _resolvers[0].is_stated()


def owners_resolve(*, staged: str, newest: str, columns: Sequence[str]) -> list[str]:
    """Puts owners into `staged` (as of versions_write), by what its rows and, where they are silent, `newest` say; returns its columns now."""

    def said(column: str, otherwise: str) -> str:
        return f'r."{column}"' if column in columns else otherwise

    named = said("payee_id", "CASE WHEN n.credited_by > 0 THEN n.source_payee_id ELSE n.payee_id END")
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS spm_owners")
        cursor.execute(
            f"CREATE TEMPORARY TABLE spm_owners ON COMMIT DROP AS SELECT r.record_id, r.external_source AS source, {named} AS named, "
            f"{said('order_date', 'n.order_date')} AS order_date, {said('account_id', 'n.account_id')} AS account_id, coalesce(n.has_splits, 0) AS has_splits, "
            f"{named} AS payee_id, 0::smallint AS credited_by FROM {staged} r LEFT JOIN {newest} n USING (record_id)"
        )
        cursor.execute("ANALYZE spm_owners")
        _resolvers[0].resolve("spm_owners")
        cursor.execute(
            f"ALTER TABLE {staged} ADD COLUMN IF NOT EXISTS payee_id bigint, ADD COLUMN IF NOT EXISTS source_payee_id bigint, "
            "ADD COLUMN IF NOT EXISTS credited_by smallint"
        )
        cursor.execute(
            f"UPDATE {staged} r SET payee_id = o.payee_id, credited_by = o.credited_by, "
            "source_payee_id = CASE WHEN o.credited_by > 0 THEN o.named END FROM spm_owners o WHERE o.record_id = r.record_id"
        )
    return list(dict.fromkeys((*columns, *RESOLVED)))


def orders_credit(*, actor_id: int | None = None) -> int:
    """Gives orders to those who hold their accounts' territories by now; returns how many changed hands or reason. Needs the scope.

    Looks at what was published since the last pass: orders, territories, their accounts and holders, rules. Repeating it changes nothing.
    Raises OrdersMoved.
    """
    if not is_stated():
        return 0
    number = known_number()
    last = CreditingPass.objects.order_by("-known_number").first()
    if last is not None and last.known_number >= number:
        return 0
    after = last.known_number if last else None
    try:
        with transaction.atomic():
            return _credit(after, number, actor_id)
    except _NothingMoved:
        CreditingPass.objects.create(known_number=number)
        return 0


class _NothingMoved(Exception):
    """Takes back a change set that nothing stands under."""


def _credit(after: int | None, number: int, actor_id: int | None) -> int:
    from spm.sales.services import lines_clash, versions_clash, versions_write

    _concerned(after)
    changeset = changeset_open(kind=ChangeSet.Kind.EDIT, reason=REASON, actor_id=actor_id)
    written = versions_write(model=OrderVersion, staged="spm_concerned", columns=[], changeset=changeset)
    if not written.changed:
        raise _NothingMoved
    writers_lock()
    models: tuple[type[SalesVersion], ...] = (OrderVersion, OrderLineVersion)
    if any(versions_clash(model=model, changeset=changeset, after=number) for model in models) or lines_clash(changeset=changeset, after=number):
        raise OrdersMoved("Orders were changed by somebody else while they were credited by territory. Nothing was written; start it again.")
    changeset_publish(changeset)
    assert changeset.number is not None
    # Whatever was published in between is looked at by the next pass.
    known = changeset.number if changeset.number == number + 1 else number
    CreditingPass.objects.create(known_number=known, change_set=changeset, orders=written.changed)
    return written.changed


def _concerned(after: int | None) -> None:
    """spm_concerned: the orders that stand and may have changed hands, staged for versions_write."""
    tenant = required_tenant_id()
    given: list[Any]
    accounts = None if after is None else _resolvers[0].accounts_touched(after)
    if after is None or accounts is None:
        of, given = "SELECT id AS record_id FROM sales_order WHERE tenant_id = %s", [tenant]
    else:
        fresh = list(ChangeSet.objects.filter(number__gt=after).values_list("pk", flat=True))
        of = (
            "SELECT record_id FROM sales_orderversion WHERE tenant_id = %s AND change_set_id = ANY(%s) "
            "UNION SELECT record_id FROM sales_orderversion WHERE tenant_id = %s AND account_id = ANY(%s) AND credited_by > 0"
        )
        given = [tenant, fresh, tenant, sorted(accounts)]
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS spm_concerned")
        cursor.execute(
            "CREATE TEMPORARY TABLE spm_concerned ON COMMIT DROP AS SELECT o.id AS record_id, o.source::text AS external_source, o.external_id, "
            f"false AS is_new FROM (SELECT DISTINCT ON (v.record_id) v.record_id, v.tombstone FROM ({of}) c "
            "JOIN sales_orderversion v ON v.tenant_id = %s AND v.record_id = c.record_id "
            "JOIN tenancy_changeset s ON s.tenant_id = v.tenant_id AND s.id = v.change_set_id AND s.number IS NOT NULL "
            "ORDER BY v.record_id, s.number DESC, v.tombstone) t JOIN sales_order o ON o.tenant_id = %s AND o.id = t.record_id WHERE t.tombstone = 0",
            [*given, tenant, tenant],
        )
        cursor.execute("ANALYZE spm_concerned")


def crediting_sets(*, after: int = 0, upto: int | None = None) -> list[int]:
    """Ids of the change sets in which passes gave orders to others, numbered in (after, upto]."""
    found = CreditingPass.objects.filter(change_set__number__gt=after)
    return list((found if upto is None else found.filter(change_set__number__lte=upto)).values_list("change_set_id", flat=True))


def reasons_of(orders: Sequence[int], *, known_at: int) -> dict[int, int]:
    """CreditedBy codes of those of these orders without a payee that were left to territories, as known at a change number."""
    newer = OrderVersion.objects.filter(record=OuterRef("record"), change_set__number__gt=OuterRef("change_set__number"), change_set__number__lte=known_at)
    found = OrderVersion.objects.filter(record_id__in=orders, payee__isnull=True, credited_by__gt=1, tombstone=0, change_set__number__lte=known_at)
    return dict(found.filter(~Exists(newer)).values_list("record_id", "credited_by"))
