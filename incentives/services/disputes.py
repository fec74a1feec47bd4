"""Disputes: filed by a payee, commented on, passed on by the manager, withdrawn, escalated. See docs/decisions/0017."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from incentives.dispute_mail import dispute_mail_later
from incentives.disputes import FILES_AT_ONCE, KINDS, LARGEST_FILE, OPEN, due_on, file_kind, file_name
from incentives.models import Dispute, DisputeEvent, DisputeFile
from incentives.selectors.adjusting import adjustment_places, own_pay
from incentives.selectors.dispute_rules import act_obstacle, manager_answering, today_of_tenant
from incentives.selectors.holds import DealUnknown, order_find
from incentives.selectors.late import fitting_run
from incentives.selectors.traces import line_traces
from spm.access.models import Membership
from spm.access.policy import permitted
from spm.access.selectors import roles_of
from spm.audit.services import audit_record
from spm.calendars.models import Period
from spm.currencies.codes import minor_units
from spm.people.models import Payee
from spm.sales.known import versions_known
from spm.sales.models import Order, OrderVersion
from spm.tenancy.scope import required_tenant_id

State, Kind, Subject = Dispute.State, DisputeEvent.Kind, Dispute.Subject
LONGEST_TEXT = 4000
LARGEST = Decimal(10) ** 12


class DisputeRefused(ValueError):
    """Why something cannot be done about a dispute, and how to mend it. code: refused or forbidden. field: the value that it concerns."""

    def __init__(self, text: str, *, field: str = "", code: str = "refused") -> None:
        super().__init__(text)
        self.field, self.code = field, code


@dataclass(frozen=True)
class Upload:
    """A file as it was sent."""

    name: str
    content: bytes


@dataclass(frozen=True)
class _Deal:
    """The source record that a dispute names: order None where no record is known by what was written."""

    order: Order | None = None
    line: str = ""
    text: str = ""
    day: dt.date | None = None


@transaction.atomic
def dispute_file(
    *, payee: Payee, period: Period, subject: str, category: str, text: str, order: str = "", component: str = "", amount: Decimal | None = None,
    files: Sequence[Upload] = (), by: Membership | None = None, base_url: str = "",
) -> Dispute:  # fmt: skip
    """The payee disputes his statement of the period: as a whole, a line, an amount, or a deal that is missing.

    order: of a line its key as in the statement's addresses (SOURCE:ID, behind a tilde its part); of a missing deal whatever the payee
    knows it by. amount: what he claims, in the plan's currency. by: who files, the payee himself; None for the operator.
    It goes to the manager as of the deal's day (else of the period's last), or straight to the compensation team. Raises DisputeRefused.
    """
    if by is not None and not (permitted(roles_of(membership=by), "disputes.file") and own_pay(payee, user_id=by.user_id)):
        raise DisputeRefused(_("Everybody disputes his own pay alone."), code="forbidden")
    today = today_of_tenant()
    if period.starts > today:
        raise DisputeRefused(_("%(period)s has not begun yet.") % {"period": period.code}, field="period")
    if subject not in Subject.values:
        raise DisputeRefused(_("Choose what you dispute."), field="subject")
    if category not in Dispute.Category.values:
        raise DisputeRefused(_("Choose a reason."), field="category")
    text = _text(text, required=_("Say what is wrong, and what you expected."))
    places = adjustment_places(payee, [period])[period.pk]
    if component and component not in {place.component for place in places}:
        raise DisputeRefused(_("No plan pays this component in %(period)s.") % {"period": period.code}, field="component")
    if subject in (Subject.AMOUNT, Subject.LINE) and not component:
        raise DisputeRefused(_("Name the component."), field="component")
    deal = _deal(payee, period, subject, order, component)
    currency = next((p.version.currency for p in places if component in ("", p.component)), payee.pay_currency)
    scale = minor_units(currency)
    units = _units(amount, currency, scale)
    _number_lock()
    twice = Dispute.objects.filter(
        payee=payee, period=period, subject=subject, order=deal.order, line=deal.line, order_text=deal.text, component=component, state__in=OPEN
    ).first()
    if twice is not None:
        raise DisputeRefused(_("This is disputed already: dispute %(number)s. Add a comment to it.") % {"number": twice.number})
    day = deal.day if deal.day is not None and period.starts <= deal.day < period.ends else min(today, period.ends - dt.timedelta(days=1))
    manager = manager_answering(payee, day)
    state = State.MANAGER if manager is not None else State.TEAM
    dispute = Dispute.objects.create(
        number=(Dispute.objects.aggregate(top=Max("number"))["top"] or 0) + 1, payee=payee, period=period, subject=subject, category=category,
        order=deal.order, line=deal.line, order_text=deal.text, component=component, text=text,
        amount=units, amount_scale=scale, currency=currency,
        manager=manager, routed_on=day, filed_by_id=by.user_id if by else None, state=state, due_on=due_on(state, today),
    )  # fmt: skip
    event = event_write(dispute, Kind.FILED, state, by=by, files=files, base_url=base_url)
    after = {"number": dispute.number, "period": period.code, "subject": str(subject), "category": str(category), "state": event.state}
    audit_record(action="dispute.file", target=dispute, after=after, actor_id=event.actor_id)
    return dispute


@transaction.atomic
def dispute_comment(*, dispute: Dispute, text: str, files: Sequence[Upload] = (), by: Membership | None = None, base_url: str = "") -> DisputeEvent:
    """Adds a word or files. Raises DisputeRefused."""
    dispute = dispute_locked(dispute, "comment", by)
    text = _text(text, required="" if files else _("Write something, or add a file."))
    return event_write(dispute, Kind.COMMENTED, dispute.state, text=text, by=by, files=files, base_url=base_url)


@transaction.atomic
def dispute_pass(*, dispute: Dispute, text: str, by: Membership | None = None, base_url: str = "") -> DisputeEvent:
    """The manager says what he thinks of it and passes it on to the compensation team, which may also take it over itself."""
    dispute = dispute_locked(dispute, "pass", by)
    text = _text(text, required=_("Say what you think of it: the payee and the compensation team read it."))
    return _moved(dispute, Kind.PASSED, State.TEAM, "dispute.pass", text=text, by=by, base_url=base_url)


@transaction.atomic
def dispute_withdraw(*, dispute: Dispute, text: str = "", by: Membership | None = None, base_url: str = "") -> DisputeEvent:
    """The payee takes it back."""
    dispute = dispute_locked(dispute, "withdraw", by)
    return _moved(dispute, Kind.WITHDRAWN, State.WITHDRAWN, "dispute.withdraw", text=_text(text), by=by, base_url=base_url)


@transaction.atomic
def dispute_escalate(*, dispute: Dispute, text: str, by: Membership | None = None, base_url: str = "") -> DisputeEvent:
    """The payee asks for an answer that is overdue, or once for another decision by somebody else."""
    dispute = dispute_locked(dispute, "escalate", by)
    text = _text(text, required=_("Say why the answer, or that there is none, is not good enough."))
    return _moved(dispute, Kind.ESCALATED, State.ESCALATED, "dispute.escalate", text=text, by=by, base_url=base_url)


def dispute_locked(dispute: Dispute, act: str, by: Membership | None) -> Dispute:
    """The dispute as it is now, held to the end of the transaction; raises DisputeRefused where the act is not possible."""
    fresh = Dispute.objects.select_for_update(of=("self",)).select_related("payee", "period", "order").get(pk=dispute.pk)
    obstacle = act_obstacle(fresh, act, by=by)
    if obstacle is not None:
        raise DisputeRefused(obstacle.text, code=obstacle.code)
    return fresh


def _moved(dispute: Dispute, kind: str, state: str, action: str, *, text: str, by: Membership | None, base_url: str) -> DisputeEvent:
    before = dispute.state
    event = event_write(dispute, kind, state, text=text, by=by, base_url=base_url)
    audit_record(action=action, target=dispute, before={"state": before}, after={"state": str(state)}, actor_id=event.actor_id)
    return event


def event_write(
    dispute: Dispute, kind: str, state: str, *, text: str = "", by: Membership | None, files: Sequence[Upload] = (), base_url: str, **links: Any
) -> DisputeEvent:  # fmt: skip
    """Writes one event and where the dispute stands after it, within the caller's transaction; tells the parties after the commit."""
    event = DisputeEvent.objects.create(dispute=dispute, kind=kind, state=state, text=text, actor_id=by.user_id if by else None, **links)
    for name, media_type, content in _files_checked(files):
        digest = hashlib.sha256(content).hexdigest()
        DisputeFile.objects.create(event=event, name=name, media_type=media_type, size=len(content), digest=digest, content=content)
    if state != dispute.state or kind == Kind.ESCALATED:
        dispute.state, dispute.due_on = state, due_on(state, today_of_tenant())
    dispute.changed_at = timezone.now()
    dispute.save(update_fields=["state", "due_on", "changed_at"])
    dispute_mail_later(event=event, base_url=base_url)
    return event


def _files_checked(files: Sequence[Upload]) -> list[tuple[str, str, bytes]]:
    if len(files) > FILES_AT_ONCE:
        raise DisputeRefused(_("Add %(number)s files at most at once.") % {"number": FILES_AT_ONCE}, field="files")
    found = []
    for file in files:
        name = file_name(file.name)
        if not file.content:
            raise DisputeRefused(_("%(name)s is empty.") % {"name": name}, field="files")
        if len(file.content) > LARGEST_FILE:
            text = _("%(name)s is larger than %(size)s MB. Send a smaller one, such as the page that matters.")
            raise DisputeRefused(text % {"name": name, "size": LARGEST_FILE // 1024**2}, field="files")
        kind = file_kind(name, file.content)
        if kind is None:
            text = _("%(name)s is not a file that can be added, or not what its name says. These can: %(kinds)s.")
            raise DisputeRefused(text % {"name": name, "kinds": ", ".join(sorted(KINDS))}, field="files")
        found.append((name, kind, file.content))
    return found


def _deal(payee: Payee, period: Period, subject: str, order: str, component: str) -> _Deal:
    order = order.strip()
    if subject == Subject.LINE:
        run = fitting_run(payee, period)
        traces = line_traces(payee, period=period, component=component, run=run) if run is not None else ()
        item = next((one for trace in traces for one in trace.lines if order in (one.key, one.number)), None)
        if item is None:
            raise DisputeRefused(_("This deal is not among the lines of this component. If you miss it, dispute a missing deal."), field="order")
        return _Deal(Order.objects.get(pk=item.order_id), item.key, item.title[:200], item.order_date)
    if subject != Subject.MISSING:
        return _Deal()
    if not order:
        raise DisputeRefused(_("Name the deal that you miss: its number, or customer and day."), field="order")
    try:
        found = order_find(order)
    except DealUnknown:
        return _Deal(text=order[:200])
    return _Deal(found, "", order[:200], versions_known(OrderVersion).filter(record=found).values_list("order_date", flat=True).first())


def _units(amount: Decimal | None, currency: str, scale: int) -> int | None:
    if amount is None:
        return None
    if not amount.is_finite() or amount == 0 or abs(amount) >= LARGEST:
        raise DisputeRefused(_("Give an amount other than zero, with twelve digits before the decimals at most."), field="amount")
    units = amount.scaleb(scale)
    if units != units.to_integral_value():
        raise DisputeRefused(_("Amounts in %(currency)s have %(places)s decimals at most.") % {"currency": currency, "places": scale}, field="amount")
    return int(units)


def _text(text: str, *, required: str = "") -> str:
    text = text.strip()
    if required and not text:
        raise DisputeRefused(required, field="text")
    if len(text) > LONGEST_TEXT:
        raise DisputeRefused(_("Write %(number)s characters at most, and add a file for the rest.") % {"number": LONGEST_TEXT}, field="text")
    return text


def _number_lock() -> None:
    """Disputes of a tenant get their numbers one after another."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('dispute', %s))", [required_tenant_id()])
