"""Random histories of a small company: every event of the invalidation table as an act through the services that people use."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from incentives.models import Hold, LedgerEntry, OpeningEntry, OpeningKind, PeriodState, PlanVersion, ResultOverride, RunIssue, Statement, UncreditedOrder
from incentives.selectors.adjusting import adjustment_places
from incentives.services import adjustment_make, hold_lift, hold_place, period_move, seat_enrol, version_activate, version_draft, version_retire
from incentives.services.overrides import OverrideRefused, result_override_lift, result_override_place
from incentives.summary import results_hash
from planning.services import account_assign, crediting_set, quota_end, quota_set, territory_assign, territory_create, territory_release
from spm.calendars.holidays import holiday_set
from spm.calendars.models import Period
from spm.currencies.codes import currency_pack
from spm.currencies.services import fx_rate_set
from spm.people.errors import PeopleError
from spm.people.models import LegalEntity, Payee, Seat
from spm.people.services.employment import absence_set
from spm.people.services.organisation import relation_set, reporting_line_set
from spm.people.services.payees import payee_update
from spm.people.services.seats import assignment_end, assignment_start, pay_terms_set
from spm.sales.models import Account, Channel, KpiValueVersion, Order, Payment, PaymentVersion, Return, ReturnVersion
from spm.tenancy.changes import change
from tests.incentives.test_record_kpis import put_kpi
from tests.incentives.world import World, add_line_plan, add_manager, make_world, put_line, put_order, put_product
from tests.support.factories import make_entity, make_position

# Tiers by the quarter's quota, pay on cash, a draw that is recovered, a clawback, orders in other currencies.
TEXT = """\
engine: 1
plan: direct
title: Direct sales
currency: USD
calendar: month
holidays_of: calendar
rounding: {mode: half_up, places: 2}
exclusions:
  - {name: online, where: channel = "online"}
credits:
  - {name: sale, to: owner_or_splits}
  - {name: mentored, to: related, relation: mentor, of: sale, as_of: event}
quotas:
  - {name: sales, over: quarter}
attributes:
  - {name: commission_pct}
kpis:
  - {name: calls, read: highest, over: quarter, default: 0}
measures:
  - {name: sales}
  - {name: to_date, over: quarter, on_change: carry}
  - {name: mentees, credits: [mentored]}
attainments:
  - {name: attainment, measure: to_date, quota: sales, when_zero: 0}
tables:
  - name: steps
    steps: [{from: 0, to: 1500, value: 1%}, {from: 1500, value: 2.5%}]
  - name: window
    points: [{at: 0, value: 100%}, {at: 30, value: 100%}, {at: 90, value: 0}]
    below: 100%
    above: last
components:
  - {name: commission, base: sales, pay_rate: {flat: attr.commission_pct}}
  - {name: accelerator, base: to_date, pay_rate: {table: steps, mode: marginal}, settle: quarter}
  - {name: mentoring, base: mentees, pay_rate: {flat: 0.3%}}
  - {name: bonus, formula: "if(default(attainment, 0) >= 1, 100, 0) + kpi.calls", settle: period}
  - {name: retainer, formula: 5, cap: 4, proration: {cap: working_days, first_day: out}}
payment: {negative: carry, maximum: 400, excess: carry, recovery_limit: 50%}
draws:
  - {name: ramp, label: Ramp draw, amount: 60, recover: later, paid: top_up, on_leave: paused}
clawback: {table: window}
"""


@dataclass(frozen=True)
class Act:
    """One act; what the numbers mean is the kind's."""

    kind: str
    one: int
    two: int
    day: int
    amount: int


EVENT_OF = {
    "order": "order", "split": "order", "owner": "order", "online": "order", "gone": "order", "euro": "order", "line": "line", "product": "product",
    "paid": "money", "returned": "money", "hold": "hold", "lift": "hold", "quota": "quota", "quota gone": "quota", "terms": "pay_terms",
    "leaves": "assignment", "joins": "assignment", "reports": "hierarchy", "enrol": "plan_assignment", "entity": "legal_entity", "version": "plan",
    "retire": "plan", "fx": "fx_rate", "adjust": "adjustment", "calendar": "calendar", "approve": "issue",
    "opening": "opening", "kpi": "kpi", "mentor": "relation", "set result": "result_override", "give back": "result_override",
    "absence": "employment", "territory": "territory", "holiday": "holiday",
}  # fmt: skip
"""Act -> the event of incentives.invalidation that it is."""


@dataclass
class History:
    """The company; `act` does one thing to it."""

    world: World
    positions: list[Any]
    day: dt.date = dt.date(2024, 6, 30)
    serial: Any = field(default_factory=lambda: itertools.count(1))
    last_year: int = 2024
    account: Account = field(default_factory=lambda: Account.objects.create(source="test", external_id="acme"))

    def act(self, act: Act) -> bool:
        """Does it; False where the product refuses it or there is nothing to do it to."""
        try:
            return getattr(self, "_" + act.kind.replace(" ", "_"))(act) is not False
        except PeopleError:
            return False

    def run(self, **values: Any) -> Any:
        return self.world.run(**{"business_date": self.day, "chunk_size": 2, **values})

    # ---- sales

    def _put(self, act: Act, payee: Payee | None, **values: Any) -> None:
        put_order(str(act.one), payee, self.date(act), act.amount, **values)

    def _order(self, act: Act) -> None:
        self._put(act, self.payee(act.two))

    def _owner(self, act: Act) -> None:
        self._put(act, None, account=self.account)

    def _online(self, act: Act) -> None:
        self._put(act, self.payee(act.two), channel=Channel.ONLINE)

    def _euro(self, act: Act) -> None:
        self._put(act, self.payee(act.two), currency="EUR")

    def _gone(self, act: Act) -> bool | None:
        return self._put(act, self.payee(act.two), gone=True) if self.order(act.one) else False

    def _split(self, act: Act) -> None:
        first, second = self.payee(act.two), self.payee(act.two + 1)
        self._put(act, first, splits=[(first, 700_000), (second, 300_000)])

    def _line(self, act: Act) -> bool | None:
        order = self.order(act.one)
        if order is None:
            return False
        product = put_product(str(act.two), category="Bikes" if act.two % 2 else "Caps") if act.amount % 3 else None
        put_line(order, f"{act.one}-{act.day % 3}", act.amount, product=product, quantity=act.day * 1000, gone=act.amount % 7 == 0)
        return None

    def _product(self, act: Act) -> None:
        put_product(str(act.two), category="Bikes" if act.amount % 2 else "Caps")

    def _paid(self, act: Act) -> bool | None:
        return self._money(Payment, PaymentVersion, "paid_on", act)

    def _returned(self, act: Act) -> bool | None:
        return self._money(Return, ReturnVersion, "returned_on", act)

    def _money(self, model: Any, versions: Any, column: str, act: Act) -> bool | None:
        order = self.order(act.one)
        if order is None:
            return False
        record = model.objects.create(source="test", external_id=str(next(self.serial)))
        with change(reason=column) as changeset:
            money = {"amount": abs(act.amount), "amount_scale": 2, "currency_code": currency_pack("USD"), column: dt.date.fromisoformat(self.date(act))}
            versions.objects.create(record=record, change_set=changeset, order=order, **money)
        return None

    def _kpi(self, act: Act) -> None:
        """A score is measured, corrected, or moved to somebody else."""
        payee, key = self.payee(act.two), f"k{act.one}"
        before = KpiValueVersion.objects.filter(record__external_id=key, tombstone=0).order_by("-change_set__number").first()
        put_kpi(key, payee, "calls", self.date(act), str(act.day), moved_from=before.payee if before and before.payee_id != payee.pk else None)

    def _hold(self, act: Act) -> bool | None:
        order = self.order(act.one)
        if order is None or Hold.objects.filter(order=order, component="", payee=None, lifted_in=None).exists():
            return False
        hold_place(order=order, reason="Unsigned")
        return None

    def _lift(self, act: Act) -> bool | None:
        hold = Hold.objects.filter(lifted_in=None).order_by("pk").first()
        return False if hold is None else (hold_lift(hold=hold) and None)

    def _set_result(self, act: Act) -> bool | None:
        """What a deal pays is set by hand, as far as it pays something."""
        order = self.order(act.one)
        if order is None:
            return False
        try:
            result_override_place(order=order, component="commission", payee=self.payee(act.two), amount=Decimal(act.day), reason="Agreed")
        except OverrideRefused:
            return False
        return None

    def _give_back(self, act: Act) -> bool | None:
        item = ResultOverride.objects.filter(lifted_in=None).order_by("pk").first()
        if item is None:
            return False
        result_override_lift(item=item)
        return None

    def _territory(self, act: Act) -> None:
        """Orders that nobody owns are credited by territory, which is this seller's from a month on and nobody else's."""
        crediting_set(priority="owner", start=dt.date(2024, 1, 1))
        territory = territory_create(code="all", name="All")
        account_assign(account=self.account, territory=territory, start=dt.date(2024, 1, 1))
        start = dt.date(2024, act.day % 6 + 1, 1)
        for position in self.positions:
            territory_release(position=position, territory=territory, day=start)
        territory_assign(position=self.position(act.two), territory=territory, start=start)

    # ---- people

    def _quota(self, act: Act) -> None:
        start = dt.date(2024, act.day % 6 + 1, 1)
        quota_set(position=self.position(act.two), measure="sales", start=start, end=start + dt.timedelta(days=31), amount=abs(act.amount) // 2)

    def _quota_gone(self, act: Act) -> None:
        quota_end(position=self.position(act.two), measure="sales", day=dt.date(2024, act.day % 6 + 1, 1))

    def _terms(self, act: Act) -> None:
        start = dt.date(2024, act.day % 6 + 1, 1)
        pct = {"commission_pct": str(Decimal(act.day) / 1000)}
        pay_terms_set(seat=self.seat(act.two), start=start, target_incentive=0, ote=0, currency="USD", attributes=pct)

    def _absence(self, act: Act) -> None:
        start = dt.date(2024, act.day % 6 + 1, act.day % 20 + 1)
        absence_set(payee=self.payee(act.two), start=start, end=start + dt.timedelta(days=act.day))

    def _leaves(self, act: Act) -> None:
        assignment_end(payee=self.payee(act.two), position=self.position(act.two), day=dt.date(2024, act.day % 6 + 1, act.day % 20 + 1))

    def _joins(self, act: Act) -> None:
        assignment_start(payee=self.payee(act.two), position=self.position(act.two), start=dt.date(2024, act.day % 6 + 1, act.day % 20 + 1))

    def _reports(self, act: Act) -> None:
        manager = self.world.manager if act.amount % 2 else None
        reporting_line_set(position=self.position(act.two), manager=manager, start=dt.date(2024, act.day % 6 + 1, 1))

    def _mentor(self, act: Act) -> None:
        """The seller's mentor is the next one, or is so no more."""
        one, other = self.position(act.two), self.position(act.two + 1)
        relation_set(position=one, name="mentor", related=other, start=dt.date(2024, act.day % 6 + 1, 1), holds=act.amount % 3 != 0)

    def _enrol(self, act: Act) -> bool | None:
        """The seat leaves its plan at the end of a month, or comes back."""
        from incentives.models import PlanAssignment
        from spm.tenancy.changes import dated_end

        seat = self.seat(act.two)
        row = PlanAssignment.objects.filter(seat=seat, plan=self.world.plan, known_to=None).first()
        with change(reason="plan") as changeset:
            if row is None:
                seat_enrol(plan=self.world.plan, seats=[seat], start=dt.date(2024, 1, 1), changeset=changeset)
            else:
                dated_end(row, day=dt.date(2024, act.day % 6 + 1, 1), changeset=changeset)
        return None

    def _entity(self, act: Act) -> None:
        payee = Payee.objects.get(pk=self.payee(act.two).pk)
        payee_update(payee=payee, legal_entity=make_entity("other" if payee.legal_entity.code == "main" else "main"))

    def _opening(self, act: Act) -> None:
        """The old system's figures on the first of May: credit, and what it paid."""
        seat, april = self.seat(act.two), self.world.period("2024-04")
        for kind, name in ((OpeningKind.CREDIT, "to_date"), (OpeningKind.PAID, "accelerator")):
            with change(reason="opening balance") as changeset:
                OpeningEntry.objects.create(
                    seat=seat, plan=self.world.plan, day=dt.date(2024, 5, 1), kind=kind, name=name, period=april, currency="USD", scale=2,
                    amount=act.amount // (1 if kind is OpeningKind.CREDIT else 100), change_set=changeset,
                )  # fmt: skip

    # ---- set-up

    def _version(self, act: Act) -> None:
        text = TEXT.replace("value: 2.5%", f"value: {act.day / 10}%")
        draft = version_draft(plan=self.world.plan, text=text, effective_from=dt.date(2024, act.day % 6 + 1, 1))
        version_activate(version=draft, lowering_reason="Agreed with those concerned")

    def _retire(self, act: Act) -> bool | None:
        rows = PlanVersion.objects.filter(plan=self.world.plan, state=PlanVersion.State.ACTIVE).order_by("number")
        if len(rows) < 2:
            return False
        version_retire(version=rows[act.one % len(rows)], lowering_reason="Agreed with those concerned")
        return None

    def _holiday(self, act: Act) -> None:
        holiday_set(day=dt.date(2024, act.day % 6 + 1, 3))

    def _fx(self, act: Act) -> None:
        start = dt.date(2024, act.day % 6 + 1, 1)
        fx_rate_set(rate_type="plan", base="EUR", quote="USD", fx_rate=Decimal(1000 + act.day) / 1000, start=start)

    def _calendar(self, act: Act) -> bool | None:
        """The next year's first months are added."""
        if self.last_year > 2024:
            return False
        self.last_year = 2025
        for month in (1, 2):
            starts, ends = dt.date(2025, month, 1), dt.date(2025, month + 1, 1)
            Period.objects.create(calendar=self.world.calendar, code=f"2025-{month:02}", starts=starts, ends=ends, quarter="Q1", year="2025")
        self.day = dt.date(2025, 1, 20)
        return None

    # ---- the books

    def _adjust(self, act: Act) -> bool | None:
        payee, period = self.payee(act.two), self.world.period(f"2024-{act.day % 6 + 1:02}")
        places = adjustment_places(payee, [period])[period.pk]
        if not places or not act.amount:
            return False
        adjustment_make(
            payee=payee,
            place=places[0].key,
            earning_period=period,
            amount=Decimal(act.amount).scaleb(-4).quantize(Decimal("0.01")) or Decimal(1),
            note="Agreed",
        )
        return None

    def _approve(self, act: Act) -> bool | None:
        """The oldest month that is not approved yet is reviewed and approved, for everybody."""
        State = PeriodState.State
        for month in range(1, 6):
            period = self.world.period(f"2024-{month:02}")
            todo = [entity for entity in LegalEntity.objects.order_by("code") if self._open(period, entity)]
            for entity in todo:
                for to in (State.IN_REVIEW, State.APPROVED):
                    period_move(period=period, pay_group="monthly", legal_entity=entity, to=to)
            if todo:
                return None
        return False

    def _open(self, period: Period, entity: LegalEntity) -> bool:
        row = PeriodState.objects.filter(period=period, legal_entity=entity).first()
        return (row is None or row.state == PeriodState.State.OPEN) and Payee.objects.filter(legal_entity=entity, pay_group="monthly").exists()

    # ---- who and what

    def date(self, act: Act) -> str:
        return f"2024-{act.day % 6 + 1:02}-{act.day:02}"

    def order(self, number: int) -> Order | None:
        return Order.objects.filter(external_id=str(number), versions__tombstone=0).distinct().first()

    def payee(self, number: int) -> Payee:
        return self.world.payees[number % len(self.world.payees)]

    def seat(self, number: int) -> Seat:
        return self.world.seats[number % len(self.world.seats)]

    def position(self, number: int) -> Any:
        return self.positions[number % len(self.positions)]


def company(sellers: int = 3, *, lines: bool = False) -> History:
    """Sellers under a manager, their plan and his; and with `lines` a plan on order lines."""
    world = make_world(sellers, text=TEXT, quota=1_000_00)
    add_manager(world)
    if lines:
        add_line_plan(world)
    make_position("spare")
    return History(world, [seat.position for seat in world.seats])


def left_behind() -> tuple[Any, ...]:
    """Everything that runs leave, without their own names: results, sums of the ledger, statements, exceptions, uncredited orders."""
    sums = LedgerEntry.objects.order_by().values_list(
        "payee_id", "seat_id", "plan_version_id", "component", "earning_period_id", "pay_period_id", "currency", "legal_entity_id", "verb", "scale"
    )
    ledger: dict[tuple[Any, ...], Decimal] = {}
    for *key, scale, total in sums.annotate(total=Sum("amount")):
        # A difference may be told as earned or adjusted, held or released: what counts is the sum.
        kind = {"adjusted": "earned", "reversed": "earned", "released": "held"}.get(key[-1], key[-1])
        ledger[*key[:-1], kind] = ledger.get((*key[:-1], kind), Decimal(0)) + Decimal(total).scaleb(-scale)
    issues = sorted(RunIssue.objects.filter(run_to=None).values_list("payee_id", "seat_id", "plan_version_id", "period_id", "component", "problem"))
    uncredited = sorted(UncreditedOrder.objects.filter(run_to=None).values_list("order_id", "payee_id", "amount", "reason", "is_part"), key=str)
    return results_hash(), {key: amount for key, amount in ledger.items() if amount}, issues, uncredited


def artefacts() -> dict[int, str]:
    """Approved statements' digests."""
    return dict(Statement.objects.exclude(artefact_digest="").values_list("pk", "artefact_digest"))
