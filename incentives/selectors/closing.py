"""Where a pay period stands: for each pay group and legal entity its state, how many statements are in which state, and what they pay."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Count, Sum

from incentives.models import Dispute, LedgerEntry, PeriodState, Statement
from incentives.selectors.disputes import disputes_open
from spm.access.selectors import names_of_users
from spm.calendars.models import Period
from spm.people.models import LegalEntity, Payee


@dataclass
class PeriodGroup:
    """One pay group and legal entity in a period. statements: state -> number; total: currency -> what the ledger pays in it."""

    pay_group: str
    legal_entity: LegalEntity
    payees: int
    state: str = PeriodState.State.OPEN
    submitted_by: str = ""
    approved_by: str = ""
    row: PeriodState | None = None
    statements: dict[str, int] = field(default_factory=dict)
    total: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    disputes: list[Dispute] = field(default_factory=list)
    """Open ones about its statements: they stop no approval, and nobody approves without having seen them."""


def period_groups(period: Period) -> list[PeriodGroup]:
    """All groups that have payees or a state. Seven queries."""
    entities = {e.pk: e for e in LegalEntity.objects.all()}
    counted = Payee.objects.order_by("pay_group", "legal_entity__code").values_list("pay_group", "legal_entity_id").annotate(n=Count("pk"))
    found = {(group, entity): PeriodGroup(group, entities[entity], n) for group, entity, n in counted}
    states = list(PeriodState.objects.filter(period=period))
    names = names_of_users({u for row in states for u in (row.submitted_by_id, row.approved_by_id) if u is not None})
    for row in states:
        one = found.setdefault((row.pay_group, row.legal_entity_id), PeriodGroup(row.pay_group, entities[row.legal_entity_id], 0))
        one.state, one.row = row.state, row
        one.submitted_by, one.approved_by = names.get(row.submitted_by_id or 0, ""), names.get(row.approved_by_id or 0, "")
    rows = Statement.objects.filter(period=period).order_by().values_list("payee__pay_group", "payee__legal_entity_id", "state").annotate(n=Count("pk"))
    for group, entity, state, n in rows:
        found[group, entity].statements[state] = n
    sums = LedgerEntry.objects.filter(pay_period=period).order_by()
    keys = ("payee__pay_group", "payee__legal_entity_id", "currency", "scale")
    for group, entity, currency, scale, total in sums.values_list(*keys).annotate(total=Sum("amount")):
        found[group, entity].total[currency] += Decimal(total).scaleb(-scale)
    for dispute in disputes_open(period):
        key = (dispute.payee.pay_group, dispute.payee.legal_entity_id)
        if key in found:
            found[key].disputes.append(dispute)
    return list(found.values())


def statements_held(period: Period) -> list[Statement]:
    """The statements of a period that are on hold, by the payee's number. One query."""
    held = Statement.objects.filter(period=period, state=Statement.State.HELD)
    return list(held.select_related("payee__detail").order_by("payee__external_id"))
