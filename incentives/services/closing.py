"""Closing a pay period: review, approval, which freezes every statement, closing and paying. See docs/decisions/0008."""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Collection

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from incentives.models import LedgerEntry, PeriodState, Run, Statement, StatementArtefact
from incentives.selectors.artefacts import artefact_digest, artefact_json
from incentives.selectors.rewards import rewards_of
from incentives.selectors.runs import last_run
from incentives.selectors.statements import StatementView, statement_views
from incentives.services.ledger import CLOSED, books_lock, period_state_set
from spm.access.policy import permitted
from spm.access.selectors import users_permitted
from spm.audit.services import audit_record
from spm.calendars.models import Period
from spm.people.models import LegalEntity, Payee

State = PeriodState.State
MOVES: dict[tuple[str, str], tuple[str, ...]] = {
    (State.OPEN, State.IN_REVIEW): ("pay.adjust",),
    (State.IN_REVIEW, State.OPEN): ("pay.adjust", "pay.approve"),
    (State.IN_REVIEW, State.APPROVED): ("pay.approve",),
    (State.APPROVED, State.CLOSED): ("pay.adjust",),
    (State.CLOSED, State.PAID): ("pay.adjust",),
}
"""(from, to) -> permissions, one of which the move needs. There is no way back from approved: what changes later is paid later."""

STATEMENT_STATES = {State.OPEN: Statement.State.OPEN, State.IN_REVIEW: Statement.State.IN_REVIEW, State.PAID: Statement.State.PAID}
GROUP = 200


class PeriodRefused(ValueError):
    """Why a period or a statement cannot be moved, and how to mend it. code: refused, conflict, or forbidden. field: the value it concerns."""

    def __init__(self, text: str, *, code: str = "refused", field: str = "") -> None:
        super().__init__(text)
        self.code, self.field = code, field


@transaction.atomic
def period_move(
    *, period: Period, pay_group: str, legal_entity: LegalEntity, to: str, expected: str | None = None, roles: Collection[str] | None = None,
    actor_id: int | None = None,
) -> PeriodState:  # fmt: skip
    """Moves a pay period of one pay group and legal entity, and its statements, by an allowed move. Approval freezes them.

    expected: the state that the caller saw; another one is a conflict. roles: of the person who moves; None for the operator's
    command, which no role limits. Statements on hold stay so and stop nobody. Raises PeriodRefused.
    """
    books_lock()
    payees = Payee.objects.filter(pay_group=pay_group, legal_entity=legal_entity)
    row = PeriodState.objects.filter(period=period, pay_group=pay_group, legal_entity=legal_entity).first()
    if row is None and not payees.exists():
        raise PeriodRefused(_("Nobody is paid in pay group %(group)s of this legal entity.") % {"group": pay_group}, field="pay_group")
    before = State(row.state if row else State.OPEN)
    if expected is not None and expected != before:
        text = _("The period is %(state)s by now. Read it again and repeat what is still needed.")
        raise PeriodRefused(text % {"state": str(before.label).lower()}, code="conflict", field="expected")
    _allowed(before, to, roles)
    if to == State.APPROVED:
        assert row is not None
        _approver_check(row, payees, actor_id)
        _order_check(period, pay_group, legal_entity)
        _freeze(payees, period, actor_id)
    elif to in STATEMENT_STATES:
        _statements_move(payees, period, to)
    moved = period_state_set(period=period, pay_group=pay_group, legal_entity=legal_entity, state=to, expected=before, actor_id=actor_id)
    if to == State.IN_REVIEW:
        moved.submitted_by_id = actor_id
    elif to == State.APPROVED:
        moved.approved_by_id = actor_id
    elif to == State.OPEN:
        moved.submitted_by_id = None
    moved.save(update_fields=["submitted_by_id", "approved_by_id"])
    return moved


def _allowed(before: State, to: str, roles: Collection[str] | None) -> None:
    needed = MOVES.get((before, to))
    if needed is None:
        ways = [str(State(b).label) for a, b in MOVES if a == before]
        text = _("From “%(state)s” a period goes to %(ways)s alone.") if ways else _("A period that is “%(state)s” stays so; later changes are paid later.")
        raise PeriodRefused(text % {"state": before.label, "ways": " / ".join(f"“{way}”" for way in ways)}, field="to")
    if roles is not None and not any(permitted(roles, permission) for permission in needed):
        raise PeriodRefused(_("Your roles in this company do not include this. Ask a tenant admin."), code="forbidden")


def _approver_check(row: PeriodState, payees: object, actor_id: int | None) -> None:
    """Four eyes, where there are four: who put it into review, or is paid in it, leaves the approval to another approver if there is one."""
    if actor_id is None or not users_permitted("pay.approve") - {actor_id}:
        return
    if row.submitted_by_id == actor_id:
        raise PeriodRefused(_("You put this period into review yourself; another approver approves it."), code="forbidden")
    if Payee.objects.filter(pk__in=payees.values("pk"), memberships__user_id=actor_id).exists():  # type: ignore[attr-defined]
        raise PeriodRefused(_("Your own statement is among these; another approver approves them."), code="forbidden")


def approval_obstacle(*, period: Period, pay_group: str, legal_entity: LegalEntity, actor_id: int | None) -> str:
    """What stops this person from approving a group in review now, in words; empty when nothing does. Freezing may still find a missing rate."""
    row = PeriodState.objects.get(period=period, pay_group=pay_group, legal_entity=legal_entity)
    try:
        _order_check(period, pay_group, legal_entity)
        _approver_check(row, Payee.objects.filter(pay_group=pay_group, legal_entity=legal_entity), actor_id)
    except PeriodRefused as refused:
        return str(refused)
    return ""


def _order_check(period: Period, pay_group: str, legal_entity: LegalEntity) -> None:
    """Periods are approved in order of time, because balances are carried from one to the next; and when a run has seen all of them."""
    if Run.objects.filter(state=Run.State.RUNNING).exists():
        raise PeriodRefused(_("A run is under way and may still post to this period. Approve it when the run has ended."))
    run = last_run()
    last_day = period.ends - dt.timedelta(days=1)
    if run is None or run.business_date < last_day:
        text = _("No run has seen the whole period yet. Approve it after a run of %(day)s or later.")
        raise PeriodRefused(text % {"day": last_day.isoformat()})
    entries = LedgerEntry.objects.filter(payee__pay_group=pay_group, payee__legal_entity=legal_entity, pay_period__starts__lt=period.starts)
    earlier = Period.objects.filter(calendar_id=period.calendar_id, starts__lt=period.starts, pk__in=entries.order_by().values("pay_period"))
    settled = PeriodState.objects.filter(pay_group=pay_group, legal_entity=legal_entity, state__in=CLOSED)
    waiting = earlier.exclude(pk__in=settled.values("period")).order_by("starts").first()
    if waiting is not None:
        raise PeriodRefused(_("Approve %(period)s first: balances are carried from one period to the next.") % {"period": waiting.code})


def _statements_move(payees: object, period: Period, to: str) -> None:
    """Statements follow their group, but those on hold. What is frozen is paid, and nothing else is; it never opens again."""
    own = Statement.objects.filter(period=period, payee__in=payees).exclude(state=Statement.State.HELD)
    own = own.exclude(artefact_digest="") if to == State.PAID else own.filter(artefact_digest="")
    own.update(state=STATEMENT_STATES[State(to)], changed_at=timezone.now())


def _freeze(payees: object, period: Period, actor_id: int | None) -> None:
    """Freezes every statement of the group: of all that have one, have something posted in the period, or are rewarded in it."""
    posted = LedgerEntry.objects.filter(pay_period=period, payee__in=payees).order_by().values("payee")
    kept = Statement.objects.filter(period=period, payee__in=payees)
    without = Payee.objects.filter(pk__in=payees.values("pk")).exclude(pk__in=kept.values("payee"))  # type: ignore[attr-defined]
    missing = {payee.pk: payee for payee in without.filter(pk__in=posted)}
    others = list(without.exclude(pk__in=missing))
    rewards = rewards_of(others, period) if others else {}
    missing |= {payee.pk: payee for payee in others if rewards.get(payee.pk)}
    Statement.objects.bulk_create([Statement(payee=missing[pk], period=period) for pk in sorted(missing)])
    # Who was approved in another group before stays frozen as he was.
    statements = list(kept.filter(artefact_digest="").select_related("payee").order_by("pk"))
    unpaid: list[str] = []
    for at in range(0, len(statements), GROUP):
        some = statements[at : at + GROUP]
        views = statement_views([statement.payee for statement in some], period)
        for statement, view in zip(some, views, strict=True):
            if statement.state != Statement.State.HELD:
                unpaid += [f"{statement.payee.external_id} ({i.source} {i.currency} {i.day})" for i in view.in_pay_currency if i.amount is None]
                statement.state = Statement.State.APPROVED
            _artefact_write(statement, view, actor_id)
        Statement.objects.bulk_update(some, ["state", "artefact_digest", "changed_at"])
    if unpaid:
        names = ", ".join(unpaid[:5]) + (" …" if len(unpaid) > 5 else "")
        raise PeriodRefused(_("No currency rate for the payment of: %(names)s. Set the rates, or put these statements on hold.") % {"names": names})


def _artefact_write(statement: Statement, view: StatementView, actor_id: int | None) -> None:
    content = artefact_json(view, payee=statement.payee)
    digest = artefact_digest(content)
    StatementArtefact.objects.create(statement=statement, digest=digest, body=zlib.compress(content, 9), created_by_id=actor_id)
    statement.artefact_digest, statement.changed_at = digest, timezone.now()


@transaction.atomic
def statement_hold(*, statement: Statement, reason: str, actor_id: int | None = None) -> Statement:
    """Takes one statement out of what its group is paid, with a reason; the group goes on without it. One that is paid cannot be held."""
    books_lock()
    statement.refresh_from_db()
    if not reason.strip():
        raise PeriodRefused(_("A statement on hold needs a reason: the payee reads it."), field="reason")
    if statement.state in (Statement.State.PAID, Statement.State.HELD):
        raise PeriodRefused(_("This statement is paid or on hold already."))
    before = statement.state
    statement.state, statement.hold_reason = Statement.State.HELD, reason.strip()[:400]
    statement.save(update_fields=["state", "hold_reason", "changed_at"])
    audit_record(action="statement.hold", target=statement, before={"state": before}, after={"reason": statement.hold_reason}, actor_id=actor_id)
    return statement


@transaction.atomic
def statement_release(*, statement: Statement, actor_id: int | None = None) -> Statement:
    """Lets a held statement follow its group again; after the group's approval it is approved, by the figures frozen then."""
    books_lock()
    statement.refresh_from_db()
    if statement.state != Statement.State.HELD:
        raise PeriodRefused(_("This statement is not on hold."))
    group = {"period_id": statement.period_id, "pay_group": statement.payee.pay_group, "legal_entity_id": statement.payee.legal_entity_id}
    in_review = PeriodState.objects.filter(**group, state=State.IN_REVIEW).exists()
    statement.state = Statement.State.APPROVED if statement.artefact_digest else Statement.State.IN_REVIEW if in_review else Statement.State.OPEN
    statement.hold_reason = ""
    statement.save(update_fields=["state", "hold_reason", "changed_at"])
    audit_record(action="statement.release", target=statement, after={"state": statement.state}, actor_id=actor_id)
    return statement
