"""The cause in the ledger's own column, for late amounts: the one that has the largest amount, by the same division as the pages show.

One word stands for a whole entry. Where but one kind of input changed since the last run, it is that one, and nothing is computed.
Where several did, what a late entry posts is divided among them (attribution), and the largest names it; of two as large the first
in the published order. So a night without late amounts, or with new sales alone, pays nothing for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from decimal import Decimal
from typing import Any

from django.db import connection

from incentives.attribution import Cell, attribution_within
from incentives.changed import change_sets_between
from incentives.invalidation import BY_NAME
from incentives.models import Run
from incentives.settle import Settlement
from incentives.writers import LEDGER_COLUMNS
from spm.calendars.models import Period
from spm.people.models import Payee
from spm.tenancy.scope import required_tenant_id

MOST = 200
"""(payee, earning period) pairs that are divided for one group of payees. Beyond it an entry bears the first cause that was touched."""
_CAUSE = [name for name, _ in LEDGER_COLUMNS].index("cause")


def late_causes_name(settlement: Settlement, payees: Collection[int]) -> None:
    """Puts the cause into the late entries that the settlement is about to post. Reads in the caller's scope, writes nothing."""
    run = settlement.run
    base = run.base if run.base_id else None
    late: dict[tuple[int, int], list[int]] = defaultdict(list)
    for payee in payees if base is not None else ():
        for at, row in enumerate(settlement.posts(payee)):
            if row[4] != row[5]:
                late[payee, row[4]].append(at)
    if not late or base is None or not _several(settlement, base, run):
        return
    chosen = sorted(late)[:MOST]
    people = Payee.objects.in_bulk({payee for payee, _ in chosen})
    periods = Period.objects.in_bulk({period for _, period in chosen})
    for payee, period in chosen:
        steps = attribution_within(people[payee], period=periods[period], before=base, run=run)
        if steps is None:
            continue
        posts = settlement.posts(payee)
        for at in late[payee, period]:
            row = posts[at]
            found = steps.causes([Cell(row[1], row[2], row[3], row[6])])
            if found:
                posts[at] = (*row[:_CAUSE], _largest(found), *row[_CAUSE + 1 :])


def _largest(found: Collection[tuple[str, Any]]) -> str:
    """max keeps the first of equals, and causes come in the published order."""
    return max(found, key=lambda item: abs(Decimal(str(item[1]))))[0]


def _several(settlement: Settlement, base: Run, run: Run) -> bool:
    """Did more than one kind of input change since the base? Orders that changed hands count beside orders that are new."""
    if base.engine_version != run.engine_version:
        return True
    changes = settlement.cause.changes
    touched = {BY_NAME[name].cause for name, ids in (changes.by_event if changes else {}).items() if ids}
    return len(touched) > 1 or ("data" in touched and _reowned(base.known_number, run.known_number))


def _reowned(after: int, upto: int) -> bool:
    """Whether any order may have changed hands: one left its key, or its splits were written."""
    tenant, sets = required_tenant_id(), change_sets_between(after, upto)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM sales_orderversion WHERE tenant_id = %s AND tombstone = 1 AND change_set_id = ANY(%s)) "
            "OR EXISTS (SELECT FROM sales_ordersplit WHERE tenant_id = %s AND change_set_id = ANY(%s))",
            [tenant, sets, tenant, sets],
        )
        return bool(cursor.fetchone()[0])
