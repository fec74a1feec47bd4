"""The stage of a run for results set by hand: what a deal pays in place of what was calculated, posted as a difference of its own.

The calculation goes on as if nobody had touched it, so that the old value is always known and comes back when the result is taken
back. What a run posts is: set amount less the deal's calculated part, under the deal's component and earning period, with the cause
"manual adjustment". Like all that runs post it is a target, posted as a difference: it follows when the calculated part changes.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from django.db import connection
from django.utils.translation import gettext_noop

from incentives.engine.exact import text as number_text
from incentives.engine.payout import named_parts
from incentives.explain import PayeeBook
from incentives.models import Cause, ResultOverride, Verb
from incentives.models.decisions import in_force
from incentives.periods import NoOpenPeriod
from incentives.settle import LEDGER_SCALE, Settlement
from spm.tenancy.scope import required_tenant_id
from spm.told import told

ZERO = Decimal(0)
Key = tuple[int, int, str, int, str]
"""(seat, plan version, component, earning period, currency)"""


@dataclass(frozen=True)
class DealResult:
    """What a component was calculated to pay for one deal, under one key of the ledger."""

    key: Key
    amount: Decimal
    places: int


def overrides_known(number: int, payees: Collection[int]) -> list[ResultOverride]:
    """Results set by hand for these payees, as known at a change number."""
    found = ResultOverride.objects.filter(in_force(number), payee_id__in=list(payees))
    return list(found.select_related("order").order_by("payee_id", "pk"))


def set_amount(item: ResultOverride) -> Decimal:
    """What the deal is to pay."""
    return Decimal(item.amount).scaleb(-item.amount_scale)


def deal_results(book: PayeeBook, order: int, component: str) -> Iterator[DealResult]:
    """What the order was calculated to pay in the component: its part of the component's pay, so that the parts of all deals sum to it."""
    for version in book.books.values():
        compiled = version.version.compiled
        spec = next((item for item in compiled.components if item.name == component and item.name in compiled.cash), None)
        of = version.facts.object_id if version.facts.parent is None else version.facts.parent
        days = {int(day) for day in version.facts.event_date[of == order]}
        if spec is None or not days:
            continue
        periods = [period for period in version.version.periods if any(period.start <= day < period.end for day in days)]
        for period in periods:
            for seat in sorted(version.version.paid & set(book.inputs.seats)):
                lines = book.lines(version_id=version.version.id, seat_id=seat, period_id=period.id, component=component)
                lines = tuple(replace(line, object_id=version.order_of(line.object_id)) for line in lines)
                if not any(line.object_id == order for line in lines):
                    continue
                record = book.record(version_id=version.version.id, seat_id=seat, period_id=period.id)
                earned = record.earned.get(component, ZERO) if record is not None else ZERO
                assert isinstance(earned, Decimal)  # it was rounded
                parts = dict(named_parts(lines, earned, spec.rounding.places))
                amount = parts[order].amount if order in parts else ZERO
                yield DealResult((seat, version.version.id, component, period.id, compiled.currency), amount, spec.rounding.places)


def overrides_add(settlement: Settlement, payees: Collection[int]) -> None:
    """Adds what results set by hand post for a group of payees to the settlement's work. Reads in the caller's scope."""
    mine: dict[int, list[ResultOverride]] = defaultdict(list)
    for item in overrides_known(settlement.run.known_number, payees):
        mine[item.payee_id].append(item)
    posted = _posted(payees)
    for payee in sorted(set(mine) | set(posted)):
        _payee(settlement, payee, mine.get(payee, []), posted.get(payee, {}))


def _payee(settlement: Settlement, payee: int, items: list[ResultOverride], posted: dict[Key, Decimal]) -> None:
    book = PayeeBook(payee_id=payee, run=settlement.run) if items else None
    targets: dict[Key, Decimal] = defaultdict(lambda: ZERO)
    notes: dict[Key, list[str]] = defaultdict(list)
    places: dict[Key, int] = defaultdict(int)
    for item in items:
        assert book is not None
        found = [one for one in deal_results(book, item.order_id, item.component) if one.key[4] == item.currency]
        if not found:
            _issue(settlement, payee, item, book)
            continue
        calculated = sum((one.amount for one in found), ZERO)
        key = found[0].key
        targets[key] += set_amount(item) - calculated
        places[key] = max(places[key], found[0].places, item.amount_scale)
        notes[key].append(_note(item, calculated))
    for key in sorted(set(targets) | set(posted)):
        amount = targets.get(key, ZERO) - posted.get(key, ZERO)
        if amount:
            note = _joined(notes[key])
            _row(settlement, payee, key, amount, places[key], note)


def _note(item: ResultOverride, calculated: Decimal) -> str:
    return (
        told(
            gettext_noop("Result of %(order)s set by hand to %(amount)s in place of %(calculated)s: %(reason)s"),
            order=item.order.external_id, amount=number_text(set_amount(item)), calculated=number_text(calculated), reason=item.reason[:150],
        )
    )  # fmt: skip


def _joined(notes: list[str]) -> str:
    """One text of what was set for a component and period; the note's column has 400 characters."""
    if len(notes) == 1:
        return notes[0]
    return (
        told(gettext_noop("Results of deals set by hand: %(count)s"), count=len(notes)) if notes else told(gettext_noop("A result set by hand was taken back."))
    )


def _issue(settlement: Settlement, payee: int, item: ResultOverride, book: PayeeBook) -> None:
    """Nothing is passed over in silence: a result set by hand that concerns nothing is a named exception of its payee."""
    place = next(((seat, v.version.id, v.version.periods) for v in book.books.values() for seat in sorted(v.version.paid & set(book.inputs.seats))), None)
    if place is None:
        return
    problem = told(gettext_noop("the result of %(order)s is set by hand, but the order pays nothing here; take it back"), order=item.order.external_id)
    seat, version, periods = place
    begun = [period for period in periods if period.start <= settlement.inputs.today]
    if begun:
        settlement.issue_keep(payee, (seat, version, begun[-1].id, item.component, problem))


def _row(settlement: Settlement, payee: int, key: Key, amount: Decimal, places: int, note: str) -> None:
    seat, version, component, period, currency = key
    group = settlement.inputs.payees[payee]
    places = max(places, -int(amount.normalize().as_tuple().exponent))
    try:
        pay = settlement.periods.pay_period(payee, group, period)
    except NoOpenPeriod as error:
        settlement.issue_keep(payee, (seat, version, period, component, error.told))
        return
    line_key = hashlib.blake2b(f"set/{seat}/{version}/{component}/{period}/{currency}".encode(), digest_size=16).digest()
    settlement.work[payee].by_hand.append(
        (payee, seat, version, component, period, pay, currency, group.legal_entity, Verb.ADJUSTED.value, int(amount.scaleb(places)), places,
         Cause.MANUAL.value, settlement.run.pk, line_key, note)
    )  # fmt: skip


def _posted(payees: Collection[int]) -> dict[int, dict[Key, Decimal]]:
    """What runs have posted for results set by hand, by payee and key."""
    found: dict[int, dict[Key, Decimal]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(
            # Payee by payee, each by index: see settle._current_results.
            "SELECT l.* FROM unnest(%s::bigint[]) AS who (id) CROSS JOIN LATERAL (SELECT payee_id, seat_id, plan_version_id, component, earning_period_id, "
            "currency, sum(amount * (10 ^ (6 - scale))::bigint)::bigint FROM incentives_ledgerentry WHERE tenant_id = %s AND payee_id = who.id "
            "AND cause = 'manual' AND run_id IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6) l",
            [sorted(payees), required_tenant_id()],
        )
        for payee, seat, version, component, period, currency, total in cursor.fetchall():
            found[payee][seat, version, component, period, currency] = Decimal(total).scaleb(-LEDGER_SCALE)
    return found
