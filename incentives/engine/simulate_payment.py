"""Payments of a simulation: the payment stage over its earnings, every period being open. `payments` and `holds` are tables of the data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

from .cells import rows_of
from .contract_years import record_of
from .contracts import OPEN_END, Period
from .errors import InputError
from .grid import table_at
from .leavers import DealEvents, caps, leaving_days
from .payment import ZERO, DealPart, Limits, Step
from .payout import Amounts, EarnedPart, Returned, amounts_read, capped, clawback_by, deal_parts, named_parts, payout, released_by_cash, share_by_days
from .rounding import round_number
from .tables import Points, Steps

if TYPE_CHECKING:
    from .simulate import Simulation

FLOWS = ("held", "released", "advanced", "drawn", "recovered", "clawed_back", "carried", "forfeited", "written_off")
BALANCES = ("owed_to_payee", "to_recover", "on_hold")


@dataclass(frozen=True)
class PayeePayments:
    """One payee's payments in the plan's currency, by position of the period. entries: effect on the period, by verb and component
    (the assignment's component, or "@" and a name)."""

    entries: tuple[dict[Step, Decimal], ...]
    payable: tuple[Decimal, ...]
    owed_to_payee: tuple[Decimal, ...]
    to_recover: tuple[Decimal, ...]
    on_hold: tuple[Decimal, ...]

    def value(self, name: str, position: int) -> Decimal:
        """payable, at_period_end (payable less what was advanced), a verb's sum, or a balance."""
        if name == "at_period_end":
            return self.payable[position] - self.value("advanced", position)
        if name == "payable" or name in BALANCES:
            found: Decimal = getattr(self, name)[position]
            return found
        if name not in FLOWS:
            raise InputError(f"payment {name} is unknown; use payable, at_period_end, {', '.join((*FLOWS, *BALANCES))}")
        return sum((value for (verb, _), value in self.entries[position].items() if verb == name), ZERO)


class _Deals:
    """Which deals are released, from the tables of payments and holds."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        data, self.periods = simulation.data, simulation.prepared.periods
        object_of = {name: i for i, name in enumerate(data.objects)}
        self.holds: dict[int, list[tuple[str, int, int]]] = defaultdict(list)
        self.on = simulation.plan.terms.on
        self.money: dict[str, dict[int, list[tuple[int, Fraction]]]] = {name: defaultdict(list) for name in ("invoices", "payments")}
        for name, money in self.money.items():
            for row in rows_of(data.tables, name):
                money[self._object(row, object_of)].append((row.day("date"), Fraction(row.number("amount"))))
        self.received = self.money["invoices" if self.on == "invoice" else "payments"]
        for row in rows_of(data.tables, "holds"):
            self.holds[self._object(row, object_of)].append((row.text("component", ""), row.day("from", -719162), row.day("to", OPEN_END)))
        facts = simulation.given  # money is compared with a deal in the deal's own currency
        self.amounts: dict[int, Fraction] = defaultdict(Fraction)
        for row_id, amount in zip(facts.object_id.tolist(), facts.amount.tolist(), strict=True):
            self.amounts[record_of(row_id)] += Fraction(amount, 10**facts.amount_scale)
        self.returned: dict[int, list[Returned]] = defaultdict(list)
        for row in rows_of(data.tables, "returns"):
            item, day = self._object(row, object_of), row.day("date")
            position = next((i for i, period in enumerate(self.periods) if period.start <= day < period.end), None)
            if position is None:
                raise row.error("date", "is in no period", "give a calendar that covers it")
            share = Fraction(row.number("amount")) / self.amounts[item] if self.amounts.get(item) else Fraction(0)
            self.returned[item].append(Returned(position, day, share))
        self.cash = self.on != "booking"
        self.booked = dict(zip(facts.object_id.tolist(), facts.event_date.tolist(), strict=True))
        self.leavers = simulation.plan.terms.leavers
        people = simulation.prepared.people
        self.leaving = {seat.id: leaving_days(people.employments.get(seat.payee, ())) if self.leavers else {} for seat in people.assignments}

    def clawback(self, part: EarnedPart, seat: int, component: str) -> list[Decimal]:
        """What returns take back of the component by each position."""
        plan = self.simulation.plan
        if plan.clawback is None or not self.returned:
            return []
        period = self.periods[part.earned_at]
        lines = self.simulation.lines(seat, period.id, component)
        pay = {name: deal.amount for name, deal in named_parts(lines, part.total, part.terms.places)}
        deals = [(amount, self.returned[record_of(item)]) for item, amount in pay.items() if record_of(item) in self.returned]
        table = table_at(plan.tables[plan.clawback.table], period.end - 1)
        assert isinstance(table, Steps | Points)
        return clawback_by(plan.clawback, share_by_days(table), deals=deals, earned_until=period.end, positions=len(self.periods)) if deals else []

    @staticmethod
    def _object(row: Any, object_of: dict[str, int]) -> int:
        name = row.text("transaction")
        if name not in object_of:
            raise row.error("transaction", f"{name} is unknown", "name a transaction's id")
        return object_of[name]

    def parts(self, part: EarnedPart, seat: int, component: str) -> tuple[tuple[DealPart, ...], tuple[DealPart, ...]]:
        """The component's deals, with and without holds; empty where nothing waits."""
        leaving = self.leaving.get(seat, {})
        if not self.cash and not self.holds and not leaving:
            return (), ()
        lines = self.simulation.lines(seat, self.periods[part.earned_at].id, component)
        if not self.cash and not leaving and not any(record_of(line.object_id) in self.holds for line in lines):
            return (), ()
        made = [deal_parts(lines, part.total, part.terms.places, partial(self._released, component, holds)) for holds in (True, False)]
        if leaving and made[0]:
            ends = [period.end for period in self.periods]
            shares = [caps(self.leavers, leaving, self._events(item), ends) for item in sorted({line.object_id for line in lines})]
            return tuple(capped(one, share) for one, share in zip(made[0], shares, strict=True)), made[1]
        return made[0], made[1]

    def _events(self, item: int) -> DealEvents:
        deal = record_of(item)
        return DealEvents(self.booked[item], self.amounts.get(deal, Fraction(0)), self.money["invoices"][deal], self.money["payments"][deal])

    def _released(self, component: str, holds: bool, item: int) -> Sequence[Fraction]:
        ends = [period.end for period in self.periods]
        item = record_of(item)
        shares = released_by_cash(self.amounts.get(item, Fraction(0)), self.received[item], ends) if self.cash else [Fraction(1)] * len(ends)
        if holds:
            for name, start, end in self.holds.get(item, ()):
                if name in ("", component):
                    shares = [Fraction(0) if start < last <= end else share for share, last in zip(shares, ends, strict=True)]
        return shares


def _prorated(simulation: Simulation, payee: int, period: Period, amounts: Amounts) -> Amounts:
    """Draws that are prorated, by the days of the period on which the payee is under the plan."""
    prepared, draws = simulation.prepared, dict(amounts.draws)
    seats = [seat for seat in prepared.people.assignments if seat.payee == payee]
    for draw in simulation.plan.terms.draws:
        if draw.prorate != "none":
            pieces = [
                (*days, amounts.by_seat[draw.name, seat.id])
                for seat in seats
                if (draw.name, seat.id) in amounts.by_seat
                for days in prepared.people.enrolled(prepared.people.unit_of[seat.id])
            ]
            share = prepared.day_count.weighed(draw.prorate, pieces, (period.start, period.end), seats[0].country)
            draws[draw.name] = round_number(share, simulation.plan.terms.places, "half_up")
    return Amounts(draws, amounts.maximum)


def payments_of(simulation: Simulation) -> dict[int, PayeePayments]:
    """The payments of everybody in the plan's own currency, by payee."""
    plan, prepared = simulation.plan, simulation.prepared
    position_of = {period.id: i for i, period in enumerate(prepared.periods)}
    upto = len(prepared.periods) - 1
    windows = {over: prepared.windows[over] for over in ("quarter", "year")}
    deals = _Deals(simulation)
    parts: dict[int, list[EarnedPart]] = defaultdict(list)
    for earning in simulation.result.outcome.earnings:
        if earning.currency:
            continue
        at = position_of[earning.period]
        part = EarnedPart((earning.assignment, earning.component, at), plan.terms, at)
        part.earned[at] = earning.amount
        part.parts, part.freed = deals.parts(part, earning.assignment, earning.component)
        part.clawback = deals.clawback(part, earning.assignment, earning.component)
        parts[earning.payee].append(part)
    amounts = amounts_read(simulation.result.outcome.figures, plan.terms.places)
    countries = {seat.payee: seat.country for seat in prepared.people.assignments}
    found = {}
    for payee, own in sorted(parts.items()):
        mine = [_prorated(simulation, payee, period, amounts.get((payee, period.id), Amounts())) for period in prepared.periods]
        terms = plan.terms.limited(countries.get(payee, ""))
        limits = [Limits(terms, item.draws, item.maximum) for item in mine]
        made = payout(parts=own, adjusted={}, limits=limits.__getitem__, posted={}, windows=windows, is_open=lambda q: True, upto=upto)
        entries: list[dict[Step, Decimal]] = [dict(made.walk.targets.get(q, {})) for q in range(upto + 1)]
        on_hold, kept = [], ZERO
        for q in range(upto + 1):
            for (key, position), amount in made.held.items():
                if position == q and amount:
                    step = ("held" if amount < 0 else "released", key[1])
                    entries[q][step] = entries[q].get(step, ZERO) + amount
                    kept -= amount
            for (key, position), amount in made.clawed.items():
                if position == q and amount:
                    entries[q]["clawed_back", key[1]] = entries[q].get(("clawed_back", key[1]), ZERO) + amount
            for (key, position), amount in made.forfeited.items():
                if position == q and amount:
                    entries[q]["forfeited", key[1]] = entries[q].get(("forfeited", key[1]), ZERO) + amount
            on_hold.append(kept)
        walk = made.walk
        found[payee] = PayeePayments(
            tuple(entries), tuple(walk.payable[q] for q in range(upto + 1)), tuple(walk.carried[q] for q in range(upto + 1)),
            tuple(sum(walk.drawn[q].values(), ZERO) for q in range(upto + 1)), tuple(on_hold),
        )  # fmt: skip
    return found
