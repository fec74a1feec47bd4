"""Disputes as the desks show them: lists with filters, one with its timeline, and those that are open when a period is closed."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q, QuerySet

from incentives.disputes import OPEN, RESOLVED
from incentives.models import Dispute, DisputeEvent, DisputeFile, Hold, LedgerEntry, PlanVersion, UncreditedOrder
from incentives.selectors.dispute_rules import today_of_tenant, waiting_for
from incentives.selectors.plans import component_labels
from spm.access.models import Membership
from spm.access.selectors import names_of_users
from spm.calendars.models import Period
from spm.people.models import Payee
from spm.sales.known import versions_known
from spm.sales.models import OrderVersion

ERASED = "-"
"""Name of a file whose content was erased with its payee."""


@dataclass(frozen=True)
class DisputeRow:
    """A dispute in a list. claimed: in `dispute.currency`, None where no amount was claimed; component_label: empty for no component."""

    dispute: Dispute
    payee_name: str
    manager_name: str
    component_label: str
    claimed: Decimal | None
    overdue: bool

    @property
    def is_open(self) -> bool:
        """Has somebody to answer?"""
        return self.dispute.state in OPEN

    @property
    def currency(self) -> str:
        """Of what is claimed."""
        return self.dispute.currency

    @property
    def deal(self) -> str:
        """The deal as the payee named it, or as his statement does."""
        return self.dispute.order_text


@dataclass(frozen=True)
class Linked:
    """What a decision left in the books. amount: in `currency`; paid_in: the pay period of an entry; the rest is of its means."""

    means: str
    label: str
    amount: Decimal | None = None
    before: Decimal | None = None
    currency: str = ""
    paid_in: Period | None = None
    change_number: int | None = None
    entry_uid: str = ""


@dataclass(frozen=True)
class EventShown:
    """One step of the timeline. linked: what the decision left in the books, None for other steps."""

    event: DisputeEvent
    actor: str
    linked: Linked | None
    files: tuple[DisputeFile, ...]


@dataclass(frozen=True)
class RecordShown:
    """The source record behind a dispute, for those who read all pay: whose it is, and why it is not credited (a reason's name, or empty)."""

    number: str
    order_date: dt.date | None
    owner: str
    uncredited: str


def disputes_filtered(
    rows: QuerySet[Dispute], *, state: str = "open", category: str = "", search: str = "", whose: str = "", overdue: bool = False,
    membership: Membership | None = None,
) -> QuerySet[Dispute]:  # fmt: skip
    """Newest first. state: open, resolved, withdrawn, all, or one exact state; whose: "mine" or "waiting" (of the membership), else all.

    search: a dispute's number, part of the deal as named, of an order's id, of the text, or of the payee's name or number.
    """
    exact = {"open": OPEN, "resolved": RESOLVED}.get(state, {state})
    rows = rows if state == "all" else rows.filter(state__in=exact)
    rows = rows.filter(category=category) if category else rows
    if overdue:
        rows = rows.filter(state__in=OPEN, due_on__lt=today_of_tenant())
    if whose and membership is not None:
        rows = rows.filter(waiting_for(membership) if whose == "waiting" else Q(payee_id=membership.payee_id or 0))
    text = search.strip()
    if text:
        who = Payee.objects.filter(Q(external_id__icontains=text) | Q(detail__display_name__icontains=text))
        wanted = Q(order_text__icontains=text) | Q(text__icontains=text) | Q(payee__in=who)
        wanted |= Q(number=int(text)) if text.isascii() and text.isdigit() and len(text) < 10 else Q()
        rows = rows.filter(wanted)
    return rows.order_by("-number", "-uid")


def dispute_rows(disputes: Sequence[Dispute]) -> list[DisputeRow]:
    """What is shown of these. The number of queries does not grow with them."""
    today = today_of_tenant()
    labels = _labels({d.component for d in disputes if d.component})
    return [
        DisputeRow(
            d, name_of(d.payee), name_of(d.manager) if d.manager is not None else "", labels.get(d.component, d.component),
            None if d.amount is None else Decimal(d.amount).scaleb(-d.amount_scale),
            d.state in OPEN and d.due_on is not None and d.due_on < today,
        )
        for d in disputes
    ]  # fmt: skip


def name_of(payee: Payee) -> str:
    """The payee's name, or his number where it was erased or is not known."""
    return (payee.detail.display_name if hasattr(payee, "detail") else "") or payee.external_id


def _labels(components: Collection[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    if components:
        for version in PlanVersion.objects.exclude(state=PlanVersion.State.DRAFT).order_by("plan_id", "-number"):
            for name, label in component_labels(version).items():
                found.setdefault(name, label)
    return found


def dispute_events(dispute: Dispute) -> list[EventShown]:
    """The timeline, oldest first. Five queries at most."""
    events = list(DisputeEvent.objects.filter(dispute=dispute).select_related("result", "hold__order").order_by("pk"))
    names = names_of_users({e.actor_id for e in events if e.actor_id is not None})
    files: dict[int, list[DisputeFile]] = defaultdict(list)
    for file in DisputeFile.objects.filter(event__in=events).defer("content").order_by("pk"):
        files[file.event_id].append(file)
    entries = LedgerEntry.objects.filter(uid__in=[e.entry_uid for e in events if e.entry_uid]).select_related("pay_period")
    posted = {entry.uid: entry for entry in entries}
    return [EventShown(e, names.get(e.actor_id or 0, ""), _linked(e, posted.get(e.entry_uid)), tuple(files[e.pk])) for e in events]


def _linked(event: DisputeEvent, entry: LedgerEntry | None) -> Linked | None:
    if not event.means:
        return None
    label = str(DisputeEvent.Means(event.means).label)
    if entry is not None:
        amount = Decimal(entry.amount).scaleb(-entry.scale)
        return Linked(event.means, label, amount=amount, currency=entry.currency, paid_in=entry.pay_period, entry_uid=str(entry.uid))
    if event.result is not None:
        scale, item = -event.result.amount_scale, event.result
        before = None if item.calculated is None else Decimal(item.calculated).scaleb(scale)
        return Linked(event.means, label, amount=Decimal(item.amount).scaleb(scale), before=before, currency=item.currency)
    return Linked(event.means, label, change_number=event.change_number)


def record_shown(dispute: Dispute) -> RecordShown | None:
    """The source record behind the dispute; None where none is known. Three queries."""
    if dispute.order is None:
        return None
    version = versions_known(OrderVersion).filter(record=dispute.order).select_related("payee__detail").first()
    left = UncreditedOrder.objects.filter(order=dispute.order, run_to__isnull=True).values_list("reason", flat=True).first()
    number = (version.number if version else "") or str(dispute.order)
    owner = name_of(version.payee) if version is not None and version.payee is not None else ""
    return RecordShown(number, version.order_date if version else None, owner, left or "")


def holds_to_lift(dispute: Dispute) -> QuerySet[Hold]:
    """The open holds that keep back pay of the dispute's payee: on its deal, or where it names none on any deal of his alone."""
    rows = Hold.objects.filter(lifted_in__isnull=True).select_related("order", "payee")
    rows = rows.filter(Q(payee=dispute.payee) | Q(payee__isnull=True, order=dispute.order) if dispute.order else Q(payee=dispute.payee))
    if dispute.order is not None:
        rows = rows.filter(order=dispute.order)
    return rows.filter(Q(component="") | Q(component=dispute.component)) if dispute.component else rows


def correction_of(dispute: Dispute) -> int | None:
    """The number of the newest change of the disputed order that came after the dispute; None where there is none."""
    if dispute.order is None:
        return None
    later = OrderVersion.objects.filter(record=dispute.order, change_set__published_at__gte=dispute.filed_at)
    return later.order_by("-change_set__number").values_list("change_set__number", flat=True).first()


def disputes_open(period: Period, *, payees: Iterable[int] | None = None) -> QuerySet[Dispute]:
    """The open disputes about statements of a period: what an approval must not pass over in silence."""
    rows = Dispute.objects.filter(period=period, state__in=OPEN).select_related("payee__detail").order_by("payee__external_id", "number")
    return rows if payees is None else rows.filter(payee_id__in=list(payees))


def disputes_of(payee: Payee, period: Period) -> list[Dispute]:
    """All disputes of a statement, newest first. One query."""
    return list(Dispute.objects.filter(payee=payee, period=period).order_by("-number"))
