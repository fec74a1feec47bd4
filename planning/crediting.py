"""Whose an order is by territory: the account's territory on the order's date, and who holds a position that covers it then.

The rule says first whether a source's orders go by territory at all, and whether the owner that the source names comes before it.
Splits of the source always stand: somebody decided them on that very deal. A territory that several payees hold on the day, that
nobody holds, or that the account has none of, gives the order to nobody; the run lists it with that reason.
"""

from __future__ import annotations

from django.db import connection
from django.db.models import Q

from planning.models import AccountTerritory, TerritoryAssignment, TerritoryCrediting
from spm.people.models import Assignment
from spm.sales.models import CreditedBy
from spm.tenancy.scope import required_tenant_id


def _known(alias: str) -> str:
    """SQL that is true for a dated row as known now."""
    published = "EXISTS (SELECT FROM tenancy_changeset s WHERE s.tenant_id = {a}.tenant_id AND s.id = {a}.{c} AND s.number IS NOT NULL)"
    begun, ended = (published.format(a=alias, c=column) for column in ("known_from_id", "known_to_id"))
    return f"{begun} AND ({alias}.known_to_id IS NULL OR NOT {ended})"


def _covers(alias: str, day: str) -> str:
    return f"{alias}.valid_from <= {day} AND ({alias}.valid_to IS NULL OR {alias}.valid_to > {day})"


class TerritoryResolver:
    """Planning's answer to spm.sales.crediting.Resolver."""

    def is_stated(self) -> bool:
        """As Resolver: a rule, also one that has ended, keeps orders under its eyes."""
        return TerritoryCrediting.objects.exists()

    def accounts_touched(self, after: int) -> set[int] | None:
        """As Resolver. A changed rule concerns all orders."""
        since = Q(known_from__number__gt=after) | Q(known_to__number__gt=after)
        if TerritoryCrediting.objects.filter(since).exists():
            return None
        accounts = set(AccountTerritory.objects.filter(since).values_list("account_id", flat=True))
        moved = set(TerritoryAssignment.objects.filter(since).values_list("territory_id", flat=True))
        positions = Assignment.objects.filter(since).values("position_id")
        moved |= set(TerritoryAssignment.objects.filter(position_id__in=positions).values_list("territory_id", flat=True))
        if moved:
            accounts |= set(AccountTerritory.objects.filter(territory_id__in=moved).values_list("account_id", flat=True))
        return accounts

    def resolve(self, owners: str) -> None:
        """As Resolver."""
        tenant = required_tenant_id()
        with connection.cursor() as cursor:
            for table in ("spm_holders", "spm_governed"):
                cursor.execute(f"DROP TABLE IF EXISTS {table}")
            cursor.execute(
                "CREATE TEMPORARY TABLE spm_holders ON COMMIT DROP AS SELECT t.territory_id, a.payee_id, greatest(t.valid_from, a.valid_from) AS valid_from, "
                "least(t.valid_to, a.valid_to) AS valid_to FROM planning_territoryassignment t "
                "JOIN people_assignment a ON a.tenant_id = t.tenant_id AND a.position_id = t.position_id "
                f"WHERE t.tenant_id = %s AND {_known('t')} AND {_known('a')} "
                "AND t.valid_from < coalesce(a.valid_to, 'infinity') AND a.valid_from < coalesce(t.valid_to, 'infinity')",
                [tenant],
            )
            cursor.execute(
                "CREATE TEMPORARY TABLE spm_governed ON COMMIT DROP AS SELECT DISTINCT ON (o.record_id) "
                "o.record_id, o.account_id, o.order_date, r.priority, "
                f"o.named, o.has_splits FROM {owners} o JOIN planning_territorycrediting r ON r.tenant_id = %s AND r.source IN (o.source, '') "
                f"AND {_known('r')} AND {_covers('r', 'o.order_date')} ORDER BY o.record_id, r.source DESC",
                [tenant],
            )
            cursor.execute("DELETE FROM spm_governed WHERE has_splits = 1 OR (named IS NOT NULL AND priority = %s)", [TerritoryCrediting.Priority.OWNER.value])
            cursor.execute("ANALYZE spm_holders")
            cursor.execute("ANALYZE spm_governed")
            cursor.execute(
                f"UPDATE {owners} o SET payee_id = CASE WHEN f.holders = 1 THEN f.payee_id END, credited_by = CASE WHEN f.account_id IS NULL THEN %s "
                "WHEN f.territory_id IS NULL THEN %s WHEN f.holders = 0 THEN %s WHEN f.holders > 1 THEN %s ELSE %s END FROM ("
                "SELECT g.record_id, g.account_id, min(t.territory_id) AS territory_id, count(DISTINCT h.payee_id) AS holders, min(h.payee_id) AS payee_id "
                f"FROM spm_governed g LEFT JOIN planning_accountterritory t ON t.tenant_id = %s AND t.account_id = g.account_id AND {_known('t')} "
                f"AND {_covers('t', 'g.order_date')} LEFT JOIN spm_holders h ON h.territory_id = t.territory_id AND {_covers('h', 'g.order_date')} "
                "GROUP BY g.record_id, g.account_id) f WHERE f.record_id = o.record_id",
                [CreditedBy.NO_ACCOUNT, CreditedBy.NO_TERRITORY, CreditedBy.NO_HOLDER, CreditedBy.SHARED, CreditedBy.TERRITORY, tenant],
            )
