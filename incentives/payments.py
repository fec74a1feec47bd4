"""The payment stage of a run: what the earned amounts of a group of payees pay in each open period, posted as differences.

Its arithmetic is the engine's (`engine.payout`). It reads what is posted for the payees, adds what the run is about to post,
and appends entries with the verbs of payment. Tenants without payment terms and holds pay nothing for it.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, partial
from typing import Any

from django.db import connection
from django.utils.translation import gettext_noop

from incentives.deals import Deals, HeldDeal, holds_known, money_known, owners_of
from incentives.engine.contracts import EmploymentSpan, Facts, Period, day_text
from incentives.engine.grid import table_at
from incentives.engine.leavers import DealEvents, caps, leaving_days
from incentives.engine.payment import PAYMENT_VERBS, ZERO, Limits, PaymentTerms, Step
from incentives.engine.payout import (
    EarnedPart,
    Payout,
    PlanDue,
    Returned,
    capped,
    clawback_by,
    named_parts,
    payouts,
    plan_due,
    released_by_cash,
    share_by_days,
)
from incentives.engine.proration import employments_by_payee
from incentives.engine.tables import Points, Steps
from incentives.engine.walk import Passing
from incentives.explain import PayeeBook
from incentives.inputs import VersionInputs
from incentives.models import PlanVersion
from incentives.opened_parts import OpenedReturns, opened_parts
from incentives.opening import OpeningSum, by_plan, opened
from incentives.payframes import DrawAmounts, FrameKey, Leaving, PlanFrame, frames_of, leaving_of
from incentives.settle import LEDGER_SCALE, Settlement
from spm.tenancy.scope import required_tenant_id
from spm.told import told

WITHHELD = ("held", "released")
Key = tuple[int, int, str, int]
"""(seat, plan version, component, earning period)"""


Sums = Callable[[list[int]], Sequence[tuple[Any, ...]]]
"""Payees -> (payee, seat, plan version, component, earning period, pay period, currency, verb, by hand, sum at LEDGER_SCALE)."""


def ledger_sums(payees: list[int]) -> Sequence[tuple[Any, ...]]:
    """All that is posted for the payees."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT payee_id, seat_id, plan_version_id, component, earning_period_id, pay_period_id, currency, verb, cause = 'manual', "
            "sum(amount * (10 ^ (6 - scale))::bigint)::bigint FROM incentives_ledgerentry WHERE tenant_id = %s AND payee_id = ANY(%s) "
            "GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9 ORDER BY 1, 2, 3, 4, 5, 6, 8",
            [required_tenant_id(), payees],
        )
        return cursor.fetchall()


@dataclass
class Posted:
    """What is posted for one payee under one plan, in the plan's currency."""

    earned: dict[Key, dict[int, Decimal]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(lambda: ZERO)))
    withheld: dict[Key, dict[int, dict[str, Decimal]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(lambda: defaultdict(lambda: ZERO))))
    steps: dict[int, dict[Step, Decimal]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(lambda: ZERO)))
    adjusted: dict[int, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))


class RunPayments:
    """Adds payment entries to a settlement, payee by payee."""

    def __init__(self, settlement: Settlement, sums: Sums | None = None) -> None:
        self.settlement, self.run, self.inputs = settlement, settlement.run, settlement.inputs
        self.sums = sums or ledger_sums
        self.frames = frames_of(self.inputs)
        self.frame_of = {version: frame for frame in self.frames for version in frame.versions}
        self.amounts = {frame.key: DrawAmounts(settlement, frame) for frame in self.frames}

    def _frames_complete(self, versions: Collection[int]) -> None:
        """Versions that another one has replaced belong to their plan's frame: what they drew and carried is still the plan's."""
        frames = {frame.key: frame for frame in self.frames}
        for version, *key in PlanVersion.objects.filter(pk__in=set(versions) - set(self.frame_of)).values_list("pk", "plan__code", "currency"):
            if tuple(key) in frames:
                self.frame_of[version] = frames[key[0], key[1]]

    def add(self, payees: Collection[int]) -> None:
        """Computes the payments of these payees and puts the entries into the settlement's work."""
        under = {
            frame.key: {self.inputs.seats[seat][0] for version in frame.versions.values() for seat in version.paid} for frame in self.frames if frame.has_terms
        }
        chosen = set(payees) & set().union(self._touched(payees), {payee for payee, _ in self.openings}, *under.values())
        if not chosen:
            return
        posted = self._posted(chosen)
        for payee in sorted(chosen):
            leaving = self._leaving(payee)
            taking = {one.to.key for one in leaving.values()}
            plans = []
            for frame in self.frames:
                mine = posted.get((payee, frame.key))
                if mine is None and (payee in under.get(frame.key, ()) or (payee, frame.plan_id) in self.openings or frame.key in taking):
                    mine = Posted()  # who earned nothing may still draw
                if mine is not None:
                    plans.append(_PayeePayments(self, payee, frame, mine))
            self._walk(payee, plans, leaving)

    def _leaving(self, payee: int) -> dict[FrameKey, Leaving]:
        """Where the payee's balances go on leaving a frame."""
        codes = [frame.code for frame in self.frames]
        found = {frame.key: leaving_of(frame, self.frames, payee) for frame in self.frames if frame.moves or codes.count(frame.code) > 1}
        return {key: one for key, one in found.items() if one is not None}

    def _walk(self, payee: int, plans: Sequence[_PayeePayments], leaving: Mapping[FrameKey, Leaving]) -> None:
        """All plans of one payee side by side, and what they post."""
        ready = [(plan, due) for plan in plans if (due := plan.due()) is not None]
        places = {plan.frame.key: i for i, (plan, _) in enumerate(ready)}
        passing = []
        for plan, _ in ready:
            one = leaving.get(plan.frame.key)
            if one is not None and one.policy(plan.frame) != "stay" and one.to.key in places:
                passing.append(self._passing(payee, plan, one, places))
        walked = payouts([due for _, due in ready], self.order, passing)
        for (plan, due), made in zip(ready, walked, strict=True):
            plan.post(made, due.upto)
        for passed in passing:
            if passed.refused:
                plan, _ = ready[passed.of]
                plan.refuse(leaving[plan.frame.key])

    def _passing(self, payee: int, plan: _PayeePayments, one: Leaving, places: Mapping[FrameKey, int]) -> Passing:
        frame, policy = plan.frame, one.policy(plan.frame)
        value = one.fx_rate(frame) if policy == "pass" else None
        return Passing(
            of=places[frame.key], to=places[one.to.key], first=frame.at[one.period], policy=policy if policy != "pass" or value is not None else "refuse",
            converted=None if value is None else partial(one.converted, value=value),
        )  # fmt: skip

    @cached_property
    def openings(self) -> dict[tuple[int, int], list[OpeningSum]]:
        """(payee, plan) -> opening balances that payment has to do with."""
        return by_plan(self.inputs.openings)

    @cached_property
    def opened_returns(self) -> OpenedReturns:
        """What was returned of orders that the system before this one paid for."""
        return OpenedReturns.known([one for mine in self.openings.values() for one in mine], self.run.known_number)

    @cached_property
    def order(self) -> dict[int, int]:
        """Pay period -> its first day."""
        return {period.id: period.start for frame in self.frames for period in frame.periods}

    @cached_property
    def deals(self) -> Deals:
        """Holds, and for plans that need it the money of the orders."""
        deals = Deals()
        for hold in holds_known(self.run.known_number):
            deals.holds[hold.order_id].append(HeldDeal(hold.component, hold.payee_id))
        return deals

    @cached_property
    def employments(self) -> Mapping[int, tuple[EmploymentSpan, ...]]:
        """By payee."""
        return employments_by_payee(self.inputs.employments)

    @cached_property
    def holders(self) -> dict[int, set[int]]:
        """Payee -> orders of his that are held."""
        found: dict[int, set[int]] = defaultdict(set)
        for order, payees in (owners_of(list(self.deals.holds)) if self.deals.holds else {}).items():
            for payee in payees:
                found[payee].add(order)
        return found

    def _touched(self, payees: Collection[int]) -> set[int]:
        """Payees with a deal on hold, or with something held that may have to be released."""
        with connection.cursor() as cursor:
            # Payee by payee, each by index and no further than the first entry: see settle._current_results.
            cursor.execute(
                "SELECT who.id FROM unnest(%s::bigint[]) AS who (id) CROSS JOIN LATERAL (SELECT FROM incentives_ledgerentry "
                "WHERE tenant_id = %s AND payee_id = who.id AND verb = ANY(%s) AND run_id IS NOT NULL LIMIT 1) found",
                [list(payees), required_tenant_id(), list(PAYMENT_VERBS)],
            )
            return set(self.holders) | {payee for (payee,) in cursor.fetchall()}

    def _posted(self, payees: Collection[int]) -> dict[tuple[int, FrameKey], Posted]:
        """Sums of the ledger, and what this run is about to post, by (payee, plan)."""
        found: dict[tuple[int, FrameKey], Posted] = defaultdict(Posted)
        rows = self.sums(sorted(payees))
        self._frames_complete({row[2] for row in rows})
        for payee, seat, version, component, earning, pay, currency, verb, manual, total in rows:
            if version not in self.frame_of and not manual and verb in PAYMENT_VERBS:
                self._take_back(payee, (seat, version, component, earning), pay, currency, verb, Decimal(total).scaleb(-LEDGER_SCALE))
            else:
                self._take(found, payee, (seat, version, component, earning), pay, currency, verb, manual, Decimal(total).scaleb(-LEDGER_SCALE))
        for payee in payees:
            for row in self.settlement.posts(payee):
                self._take(found, payee, (row[1], row[2], row[3], row[4]), row[5], row[6], row[8], False, Decimal(row[9]).scaleb(-row[10]))
            for row in self.settlement.work[payee].by_hand if payee in self.settlement.work else ():
                self._take(found, payee, (row[1], row[2], row[3], row[4]), row[5], row[6], row[8], True, Decimal(row[9]).scaleb(-row[10]))
        return found

    def _take_back(self, payee: int, key: Key, pay: int, currency: str, verb: str, amount: Decimal) -> None:
        """What was held, drawn and so on under a plan of which no version is left goes from periods that are open."""
        if self.settlement.periods.is_open(payee, self.inputs.payees[payee], pay):
            self.row(payee, key, pay=pay, currency=currency, verb=verb, amount=-amount, places=0)

    def row(self, payee: int, key: Key, *, pay: int, currency: str, verb: str, amount: Decimal, places: int) -> None:
        """Puts an entry into the payee's work; none for an amount of zero. places: decimals at least."""
        if not amount:
            return
        seat, version, component, earning = key
        places = max(places, -int(amount.normalize().as_tuple().exponent))
        text = f"{seat}/{version}/{component}/{earning}/{currency}/{pay}/{verb}"
        line_key = hashlib.blake2b(text.encode(), digest_size=16).digest()
        self.settlement.work[payee].payments.append(
            (payee, seat, version, component, earning, pay, currency, self.inputs.payees[payee].legal_entity, verb, int(amount.scaleb(places)), places,
             self.settlement.cause(seat, version), self.run.pk, line_key, "")
        )  # fmt: skip

    def _take(self, found: dict[tuple[int, FrameKey], Posted], payee: int, key: Key, pay: int, currency: str, verb: str, manual: bool, amount: Decimal) -> None:
        frame = self.frame_of.get(key[1])
        if frame is None or currency != frame.currency or pay not in frame.at:
            return
        mine, position = found[payee, frame.key], frame.at[pay]
        if manual:
            mine.adjusted[position] += amount
        elif verb in WITHHELD or verb == "clawed_back" or (verb == "forfeited" and not key[2].startswith("@")):
            mine.withheld[key][position][verb] += amount
        elif verb in PAYMENT_VERBS:
            mine.steps[position][verb, key[2]] += amount
        else:
            mine.earned[key][position] += amount


class _PayeePayments:
    """One payee under one plan."""

    def __init__(self, payments: RunPayments, payee: int, frame: PlanFrame, posted: Posted) -> None:
        self.payments, self.payee, self.frame, self.posted = payments, payee, frame, posted
        self.group = payments.inputs.payees[payee]

    @cached_property
    def book(self) -> PayeeBook:
        """The orders behind the payee's pay; read only where deals are held, paid by cash or returned."""
        return PayeeBook(payee_id=self.payee, run=self.payments.run)

    @cached_property
    def money(self) -> Deals:
        """Holds, and what was received and returned for the payee's orders: read once for all components."""
        deals = Deals(self.payments.deals.holds)
        facts = [book.facts for book in self.book.books.values()]
        orders = {order for one in facts for order in (one.object_id if one.parent is None else one.parent).tolist()}
        money_known(deals, orders=orders, number=self.payments.run.known_number)
        return deals

    def is_open(self, position: int) -> bool:
        """May the run still post to the period?"""
        return self.payments.settlement.periods.is_open(self.payee, self.group, self.frame.periods[position].id)

    def limits(self, position: int) -> Limits:
        """Terms and amounts in a period; nothing is drawn in one that has not begun."""
        version = self.frame.in_force[position]
        amounts = self.payments.amounts[self.frame.key].of(self.payee, position)
        terms = version.compiled.terms.limited(self.payments.inputs.countries[self.group.legal_entity])
        return Limits(terms, amounts.draws if position < self.frame.begun else {}, amounts.maximum)

    def due(self) -> PlanDue | None:
        """What the plan's components make due by each period, ready to be walked; None where nothing is posted or begun."""
        opening = opened_parts(self.openings, self.frame, self._part, lambda: self.payments.opened_returns)
        keys = sorted((set(self.posted.earned) | set(self.posted.withheld)) - set(opening))
        parts = [*opening.values(), *(part for key in keys if (part := self._part(key)) is not None)]
        used = [max(part.earned, default=0) for part in parts] + list(self.posted.steps) + list(self.posted.adjusted)
        upto = max([self.frame.begun - 1, *used], default=-1)
        if upto < 0:
            return None
        return plan_due(
            parts=parts,
            adjusted=self.posted.adjusted,
            posted=self.posted.steps,
            limits=self.limits,
            windows=self.frame.windows,
            is_open=self.is_open,
            upto=upto,
            opened=opened(self.openings, self.frame.position),
            code=self.frame.code,
            currency=self.frame.currency,
            periods=[period.id for period in self.frame.periods],
        )

    @property
    def openings(self) -> list[OpeningSum]:
        """Balances that the system before this one left the payee under the plan, in the frame's currency."""
        found = self.payments.openings.get((self.payee, self.frame.plan_id), [])
        alone = sum(frame.code == self.frame.code for frame in self.payments.frames) == 1
        return found if alone else [one for one in found if one.currency == self.frame.currency]

    def _part(self, key: Key) -> EarnedPart | None:
        seat, version_id, component, earning = key
        if earning not in self.frame.at:
            return None
        version = self.frame.versions.get(version_id) or self.frame.in_force[self.frame.at[earning]]
        part = EarnedPart(key, version.compiled.terms, self.frame.at[earning])
        for position, amount in self.posted.earned.get(key, {}).items():
            part.earned[position] += amount
        for position, verbs in self.posted.withheld.get(key, {}).items():
            for verb, amount in verbs.items():
                {"clawed_back": part.clawed, "forfeited": part.forfeited}.get(verb, part.withheld)[position] += amount
        if version.id == version_id:
            self._deals(part, version, seat, component)
        return part

    def _deals(self, part: EarnedPart, version: VersionInputs, seat: int, component: str) -> None:
        """The deals behind a component, where some are held, paid for by cash, or returned."""
        terms, clawback, period = version.compiled.terms, version.compiled.clawback, self.frame.periods[part.earned_at]
        held = self._held_in(version, period)
        cash = terms.on != "booking"
        leaving = self._leaving(terms)
        if (
            not (held or cash or leaving or (clawback is not None and self.money.returned))
            or component not in version.compiled.cash
            or version.id not in self.book.books
        ):
            return
        book = self.book.books[version.id]
        found_lines = self.book.lines(version_id=version.id, seat_id=seat, period_id=period.id, component=component)
        lines = [replace(line, object_id=book.order_of(line.object_id)) for line in found_lines]  # holds and money are of orders
        orders = {line.object_id for line in lines}
        deals = self.money if cash or leaving or clawback is not None else self.payments.deals
        for foreign in (deals.foreign[order] for order in sorted(orders & deals.foreign.keys())):
            text = gettext_noop("order %(order)s is in %(own)s, money for it in %(currency)s: it is not counted; give both in one currency")
            self.payments.settlement.issue_keep(self.payee, (seat, version.id, period.id, component, told(text, **foreign._asdict())))
        if cash or leaving or held & orders:

            def released(order: int, holds: bool) -> list[Fraction]:
                if holds and deals.held(order, component, self.payee):
                    return [Fraction(0)] * len(ends)
                received = (deals.invoiced if terms.on == "invoice" else deals.received)[order]
                return released_by_cash(self._amount(version, order, deals), received, ends) if cash else [Fraction(1)] * len(ends)

            ends = [item.end for item in self.frame.periods]
            part.parts = [item for _, item in named_parts(lines, part.total, terms.places, lambda order: released(order, True))]
            if leaving:
                shares = [caps(terms.leavers, leaving, self._events(version, order, deals), ends) for order in sorted(orders)]
                part.parts = [capped(one, share) for one, share in zip(part.parts, shares, strict=bool(part.parts))]
            part.freed = [item for _, item in named_parts(lines, part.total, terms.places, lambda order: released(order, False))]
        if clawback is not None and deals.returned:
            pay = {order: item.amount for order, item in named_parts(lines, part.total, terms.places)}
            table = table_at(version.compiled.tables[clawback.table], period.end - 1)
            assert isinstance(table, Steps | Points)
            found = [(amount, self._returns(version, order, deals)) for order, amount in pay.items() if order in deals.returned]
            part.clawback = clawback_by(clawback, share_by_days(table), deals=found, earned_until=period.end, positions=len(self.frame.periods))

    def _leaving(self, terms: PaymentTerms) -> dict[str, int]:
        """Days of notice and of leaving, where the terms ask for them."""
        return leaving_days(self.payments.employments.get(self.payee, ())) if terms.leavers else {}

    def _events(self, version: VersionInputs, order: int, deals: Deals) -> DealEvents:
        facts = self._facts(version)
        rows = (facts.object_id if facts.parent is None else facts.parent) == order
        return DealEvents(int(facts.event_date[rows].min()), self._amount(version, order, deals), deals.invoiced[order], deals.received[order])

    def _held_in(self, version: VersionInputs, period: Period) -> set[int]:
        """Orders of the payee on hold whose day lies in the period."""
        orders = self.payments.holders.get(self.payee, set())
        if not orders or version.id not in self.book.books:
            return set()
        facts = self._facts(version)
        of = facts.object_id if facts.parent is None else facts.parent
        days = dict(zip(of.tolist(), facts.event_date.tolist(), strict=True))
        return {order for order in orders if order in days and period.start <= days[order] < period.end}

    def _facts(self, version: VersionInputs) -> Facts:
        return self.book.books[version.id].facts

    def _amount(self, version: VersionInputs, order: int, deals: Deals) -> Fraction:
        """What the order is worth: what money for it is compared with. Where there is money, in the order's own currency."""
        if order in deals.worth:
            return deals.worth[order]
        facts = self._facts(version)
        rows = (facts.object_id if facts.parent is None else facts.parent) == order
        return Fraction(int(facts.amount[rows].sum()), 10**facts.amount_scale)

    def _returns(self, version: VersionInputs, order: int, deals: Deals) -> list[Returned]:
        whole, found = self._amount(version, order, deals), []
        for day, amount in deals.returned[order]:
            position = self.frame.position(day)
            if position is not None and whole > 0:
                found.append(Returned(position, day, amount / whole))
        return found

    # ---- posting

    def refuse(self, leaving: Leaving) -> None:
        """Says that balances stay where they are, because nothing is known by which they could pass."""
        at, to = self.frame.at[leaving.period], leaving.to
        names = {"source": self.frame.currency, "target": to.currency, "plan": to.code}
        if leaving.conversion is None:
            text = told(gettext_noop("balances in %(source)s cannot pass to %(target)s; state `conversions: carried` in %(plan)s"), **names)
        else:
            names |= {"kind": leaving.conversion.rate_type, "day": day_text(leaving.fx_day)}
            text = told(gettext_noop("balances cannot pass: there is no %(kind)s rate from %(source)s to %(target)s on %(day)s"), **names)
        self.payments.settlement.issue_keep(self.payee, (self._seat(at), self.frame.in_force[at].id, leaving.period, "@moved", text))

    def post(self, made: Payout, upto: int) -> None:
        """Puts the differences to what is posted into the work."""
        for (key, position), target in sorted(made.held.items()):
            have = self.posted.withheld.get(key, {}).get(position, {})
            amount = target - have.get("held", ZERO) - have.get("released", ZERO)
            self._row(key, position, "held" if amount < 0 else "released", amount)
        for (key, position), target in sorted(made.clawed.items()):
            self._row(key, position, "clawed_back", target - self.posted.withheld.get(key, {}).get(position, {}).get("clawed_back", ZERO))
        for (key, position), target in sorted(made.forfeited.items()):
            self._row(key, position, "forfeited", target - self.posted.withheld.get(key, {}).get(position, {}).get("forfeited", ZERO))
        for position in range(upto + 1):
            if not self.is_open(position):
                continue
            have_steps, wanted = self.posted.steps.get(position, {}), made.walk.targets.get(position, {})
            period = self.frame.periods[position]
            for verb, component in sorted({*have_steps, *wanted}):
                amount = wanted.get((verb, component), ZERO) - have_steps.get((verb, component), ZERO)
                if amount:
                    self._row((self._seat(position), self.frame.in_force[position].id, component, period.id), position, verb, amount)

    def _seat(self, position: int) -> int:
        """Entries of the payee as a whole stand on his first seat under the plan."""
        version = self.frame.in_force[position]
        own = [seat for seat in version.paid if self.payments.inputs.seats[seat][0] == self.payee]
        return min(own) if own else min(key[0] for key in {**self.posted.earned, **self.posted.withheld})

    def _row(self, key: Key, position: int, verb: str, amount: Decimal) -> None:
        places = self.frame.in_force[position].compiled.terms.places
        self.payments.row(self.payee, key, pay=self.frame.periods[position].id, currency=self.frame.currency, verb=verb, amount=amount, places=places)


def payments_add(settlement: Settlement, payees: Collection[int]) -> None:
    """Adds what the payment stage posts for a group of payees to the settlement's work. Reads in the caller's scope."""
    RunPayments(settlement).add(payees)
