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

from incentives.attribution import Cell, attribution_within
from incentives.finished import runs_alone
from incentives.settle import Settlement
from incentives.writers import LEDGER_COLUMNS
from spm.calendars.models import Period
from spm.people.models import Payee

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
    if not late or base is None or not settlement.cause.is_mixed:
        return
    chosen = sorted(late)[:MOST]
    people = Payee.objects.in_bulk({payee for payee, _ in chosen})
    before = {alone.payee_id: alone for alone in runs_alone(base, people)}
    periods = Period.objects.in_bulk({period for _, period in chosen})
    for payee, period in chosen:
        steps = attribution_within(people[payee], period=periods[period], before=before.get(payee, base), run=run)
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
