"""Holds as the desk shows them: which deal, of what and to whom, since when and by whom, and what the ledger keeps back with it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext as _

from incentives.deals import owners_of
from incentives.inputs import plan_compiled
from incentives.models import Hold, LedgerEntry, PlanVersion, Verb
from incentives.models.decisions import DealDecision
from incentives.selectors.plans import component_labels
from spm.access.selectors import names_of_users
from spm.people.models import Payee, PersonDetail
from spm.sales.known import versions_known
from spm.sales.models import AccountVersion, Order, OrderVersion

OPEN, LIFTED, ALL = "open", "lifted", "all"


class DealUnknown(LookupError):
    """No deal, or more than one, is meant by what was written; says how to mend it. field: what was written wrongly."""

    field = "order"


@dataclass(frozen=True)
class HoldRow:
    """A hold in the list. number: of the order as known now; component_label and payee_name are empty where the hold is on all.

    amounts: currency -> what the ledger keeps back now in the components and periods that the deal is part of; shared: other
    holds or payment terms keep back a part of it too, so that it is the most that this deal can have in it.
    """

    hold: Hold
    number: str
    account: str
    order_date: dt.date | None
    component_label: str
    payee_name: str
    placed_by: str
    lifted_by: str
    amounts: dict[str, Decimal]
    shared: bool


def hold_list(*, state: str = OPEN, search: str = "", payee: Payee | None = None) -> QuerySet[Hold]:
    """Holds, newest first. state: open, lifted or all; search: part of an order's number, its id or its customer's name."""
    found = Hold.objects.select_related("order", "payee")
    if state != ALL:
        found = found.filter(lifted_in__isnull=state == OPEN)
    if payee is not None:
        found = found.filter(Q(payee=payee) | Q(payee__isnull=True, order__in=[o for o, who in _owners(found).items() if payee.pk in who]))
    if search.strip():
        text = search.strip()
        held = OrderVersion.objects.filter(record__in=Hold.objects.order_by().values("order"), tombstone=0)
        customers = AccountVersion.objects.filter(record__in=held.values("account"), name__icontains=text, tombstone=0)
        named = held.filter(Q(number__icontains=text) | Q(account__in=customers.values("record")))
        found = found.filter(Q(order__external_id__icontains=text) | Q(order__in=named.values("record")))
    return found.order_by("-placed_at", "-uid")


def _owners(holds: QuerySet[Hold]) -> dict[int, set[int]]:
    return owners_of(list(holds.order_by().values_list("order_id", flat=True).distinct()))


def hold_rows(holds: Sequence[Hold], *, labelled: bool = True) -> list[HoldRow]:
    """What is shown of these holds. The number of queries does not grow with them. labelled: False leaves components with their names."""
    orders = {v.record_id: v for v in versions_known(OrderVersion).filter(record_id__in={h.order_id for h in holds})}
    accounts = {a.record_id: a.name for a in versions_known(AccountVersion).filter(record_id__in={v.account_id for v in orders.values() if v.account_id})}
    people, users = decision_names(holds)
    labels = dict(component_choices()) if labelled and any(h.component for h in holds) else {}
    amounts = _amounts([h for h in holds if h.lifted_in_id is None and h.order_id in orders], orders)
    found = []
    for hold in holds:
        order = orders.get(hold.order_id)
        name = "" if hold.payee is None else people.get(hold.payee.pk) or hold.payee.external_id
        kept, shared = amounts.get(hold.pk, ({}, False))
        found.append(
            HoldRow(
                hold, (order.number if order else "") or hold.order.external_id, accounts.get(order.account_id, "") if order and order.account_id else "",
                order.order_date if order else None, labels.get(hold.component, hold.component), name,
                users.get(hold.placed_by_id or 0, ""), users.get(hold.lifted_by_id or 0, ""), kept, shared,
            )
        )  # fmt: skip
    return found


def decision_names(decisions: Sequence[DealDecision]) -> tuple[dict[int, str], dict[int, str]]:
    """Names of the payees that decisions on deals concern, and of the users who placed and lifted them, by id."""
    payees = {payee for item in decisions if (payee := getattr(item, "payee_id", None)) is not None}
    people = dict(PersonDetail.objects.filter(payee_id__in=payees).values_list("payee_id", "display_name"))
    return people, names_of_users({user for item in decisions for user in (item.placed_by_id, item.lifted_by_id) if user is not None})


def _amounts(holds: Sequence[Hold], orders: dict[int, OrderVersion]) -> dict[int, tuple[dict[str, Decimal], bool]]:
    """Hold -> what is kept back in its components, and whether something else keeps back a part of it. Four queries at most."""
    owners = owners_of([h.order_id for h in holds]) if holds else {}
    payees = {h.payee_id for h in holds if h.payee_id is not None}.union(*owners.values()) if holds else set()
    rows = LedgerEntry.objects.filter(payee_id__in=payees, verb__in=(Verb.HELD, Verb.RELEASED)).exclude(cause="manual").order_by()
    keys = ("payee_id", "plan_version_id", "component", "earning_period__starts", "earning_period__ends", "currency", "scale")
    sums = list(rows.values_list(*keys).annotate(total=Sum("amount"))) if payees else []
    versions = {v.pk: plan_compiled(v.digest, v.text) for v in PlanVersion.objects.filter(pk__in={row[1] for row in sums})}
    users: dict[tuple[object, ...], set[int]] = defaultdict(set)
    of: dict[int, list[tuple[tuple[object, ...], int, str, Decimal]]] = defaultdict(list)
    for payee, version, component, starts, ends, currency, scale, total in sums:
        for hold in holds:
            order = orders.get(hold.order_id)
            mine = payee == hold.payee_id if hold.payee_id is not None else payee in owners.get(hold.order_id, ())
            if mine and order is not None and hold.component in ("", component) and starts <= order.order_date < ends:
                key = (payee, version, component, starts)
                users[key].add(hold.pk)
                of[hold.pk].append((key, version, currency, -Decimal(total).scaleb(-scale)))
    found = {}
    for pk, entries in of.items():
        kept: dict[str, Decimal] = defaultdict(Decimal)
        for _key, _version, currency, amount in entries:
            kept[currency] += amount
        shared = any(len(users[key]) > 1 or versions[version].terms.schedules for key, version, _c, _a in entries)
        found[pk] = ({currency: amount for currency, amount in kept.items() if amount}, shared)
    return found


def component_choices() -> list[tuple[str, str]]:
    """Components of all plans that are or were in force, as (name, label); a label shared by plans names them."""
    labels: dict[str, str] = {}
    plans: dict[str, list[str]] = defaultdict(list)
    for version in PlanVersion.objects.exclude(state=PlanVersion.State.DRAFT).select_related("plan").order_by("plan__title", "-number"):
        for name, label in component_labels(version).items():
            labels.setdefault(name, label)
            if version.plan.title not in plans[name]:
                plans[name].append(version.plan.title)
    return [(name, f"{label} · {', '.join(plans[name])}") for name, label in sorted(labels.items(), key=lambda item: (item[1], item[0]))]


def order_find(text: str) -> Order:
    """The one order of this number, or of this SOURCE:ID. Raises DealUnknown when there is none or more than one."""
    text = text.strip()
    source, colon, external_id = text.partition(":")
    if colon:
        exact = Order.objects.filter(source=source.strip(), external_id=external_id.strip()).first()
        if exact is not None:
            return exact
    # Those of that name first: what stands of each order is looked up for these alone, not for the whole record.
    named = set(Order.objects.filter(external_id=text).values_list("pk", flat=True))
    named |= set(OrderVersion.objects.filter(number=text).values_list("record_id", flat=True))
    found = list(
        versions_known(OrderVersion)
        .filter(Q(number=text) | Q(record__external_id=text), record_id__in=named)
        .order_by("record__source", "record__external_id")[:6]
    )
    if not found:
        raise DealUnknown(_("There is no order %(number)s. Write its number as on the statement, or its source and id, such as crm:1234.") % {"number": text})
    if len(found) > 1:
        names = ", ".join(f"{v.record} ({v.order_date})" for v in found[:5]) + (" …" if len(found) > 5 else "")
        raise DealUnknown(_("More than one order has the number %(number)s. Write one of these instead: %(names)s") % {"number": text, "names": names})
    return found[0].record


def payees_owning(order: Order) -> Collection[int]:
    """Ids of everybody who ever owned or shared the order."""
    return owners_of([order.pk]).get(order.pk, set())
