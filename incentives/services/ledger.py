"""Acts of people on the books: the state of periods, and adjustments by hand."""

from __future__ import annotations

import hashlib
import uuid

from django.db import connection, transaction
from django.utils import timezone

from incentives.models import Cause, LedgerEntry, PeriodState, Verb
from spm.audit.services import audit_record
from spm.calendars.models import Period
from spm.people.models import LegalEntity, Payee, Seat
from spm.tenancy.scope import required_tenant_id

CLOSED = frozenset({PeriodState.State.APPROVED, PeriodState.State.CLOSED, PeriodState.State.PAID})


def books_lock() -> None:
    """Held to the end of the transaction by acts of people on the books, and by a run while it opens: what one sees as open stays
    open until it has posted."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('books', %s))", [required_tenant_id()])


@transaction.atomic
def period_state_set(
    *, period: Period, pay_group: str, legal_entity: LegalEntity, state: str, expected: str | None = None, actor_id: int | None = None
) -> PeriodState:
    """Writes the state of a pay period of one pay group and legal entity. From approved on, runs post into the next open period.
    It checks no rule and freezes nothing: people move periods by `period_move`.

    expected: the state from which it must be moved (compare and swap); ValueError when it is in another.
    """
    row, _ = PeriodState.objects.get_or_create(period=period, pay_group=pay_group, legal_entity=legal_entity)
    before = row.state if expected is None else expected
    now = timezone.now()
    frozen = (row.frozen_at or now) if state in CLOSED else None
    moved = PeriodState.objects.filter(pk=row.pk, state=before).update(state=state, changed_by_id=actor_id, changed_at=now, frozen_at=frozen)
    if moved != 1:
        row.refresh_from_db()
        raise ValueError(f"Period {period.code} of {pay_group} is {row.get_state_display().lower()}, not {before}; reload it and try again.")
    after = {"period": period.code, "pay_group": pay_group, "legal_entity": legal_entity.code, "state": str(state)}
    audit_record(action="period.state", target=row, before={"state": str(before)}, after=after, actor_id=actor_id)
    row.refresh_from_db()
    return row


@transaction.atomic
def adjustment_post(
    *, payee: Payee, seat: Seat, plan_version_id: int, component: str, earning_period: Period, pay_period: Period, amount: int, scale: int, currency: str,
    note: str, actor_id: int | None = None, verb: str = Verb.ADJUSTED,
) -> LedgerEntry:  # fmt: skip
    """Posts an amount by hand (amount / 10 ** scale), with a note that says why. Runs leave it alone; taking it back is a
    second adjustment."""
    if not note.strip():
        raise ValueError("An adjustment needs a note that says why it is made.")
    entry = LedgerEntry.objects.create(
        payee=payee, seat=seat, plan_version_id=plan_version_id, component=component, earning_period=earning_period, pay_period=pay_period,
        currency=currency, legal_entity_id=payee.legal_entity_id, verb=verb, amount=amount, scale=scale, cause=Cause.MANUAL, note=note, actor_id=actor_id,
        line_key=hashlib.blake2b(uuid.uuid4().bytes, digest_size=16).digest(),
    )  # fmt: skip
    after = {"component": component, "period": earning_period.code, "amount": str(amount), "scale": scale, "currency": currency}
    audit_record(action="ledger.adjust", target=entry, after=after, actor_id=actor_id)
    return entry
