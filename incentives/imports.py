"""Target of the import service for opening balances: checks rows against the plan, posts the difference from what is known."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext

from incentives.deals import owners_of
from incentives.engine.plan import CompiledPlan
from incentives.engine.rounding import scaled
from incentives.inputs import plan_compiled, versions_in_force
from incentives.models import LedgerEntry, OpeningEntry, OpeningKind, Plan, PlanAssignment, PlanVersion
from incentives.opening import OpeningSum, openings_known
from spm.calendars.models import Period
from spm.imports.errors import ImportFault
from spm.imports.fields import Field
from spm.imports.loading import Load, copy_rows
from spm.imports.plain import good_rows
from spm.imports.targets import Target, target_register
from spm.people.models import Seat
from spm.sales.known import versions_known
from spm.sales.models import OrderVersion
from spm.sales.services import Written
from spm.tenancy.changes import known_as_at, known_number, writers_lock
from spm.tenancy.models import ChangeSet
from spm.told import told

KINDS = tuple((kind.value, i) for i, kind in enumerate(OpeningKind))
_KIND = [kind for kind in OpeningKind]
_KEY = ("seat_id", "plan_id", "kind", "name", "period_id", "order_id")
"""What a balance is known by."""
_BALANCES = (OpeningKind.DRAW, OpeningKind.HELD, OpeningKind.CLAWBACK)


class _Refused(Exception):
    def __init__(self, column: str, cause: str, mend: str, **given: Any) -> None:
        super().__init__(cause)
        self.column, self.cause, self.mend = column, told(cause, **given), told(mend, **given)


@dataclass(frozen=True)
class _Wanted:
    """A row that was understood: the balance as it should be."""

    seat: int
    plan: int
    day: dt.date
    kind: str
    name: str
    period: int
    release_on: dt.date | None
    currency: str
    amount: Decimal
    order: int | None = None

    @property
    def key(self) -> tuple[Any, ...]:
        """What a balance is known by."""
        return (self.seat, self.plan, self.kind, self.name, self.period, self.order)


class _Checks:
    """What rows are checked against, read once."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        plans = {row["r_plan"] for row in rows}
        self.plans = {plan.pk: plan for plan in Plan.objects.filter(pk__in=plans)}
        self.versions: dict[int, list[PlanVersion]] = defaultdict(list)
        for version in versions_in_force(known_number()).filter(plan_id__in=plans).order_by("-number"):
            self.versions[version.plan_id].append(version)
        self.periods: dict[int, list[Period]] = defaultdict(list)
        for period in Period.objects.filter(calendar_id__in={plan.calendar_id for plan in self.plans.values()}).order_by("starts"):
            self.periods[period.calendar_id].append(period)
        self.seats: dict[int, dict[int, int]] = defaultdict(dict)
        for pk, payee, position in Seat.objects.filter(payee_id__in={row["r_payee"] for row in rows}).values_list("pk", "payee_id", "position_id"):
            self.seats[payee][position] = pk
        orders = {row["r_order"] for row in rows if row.get("r_order") is not None}
        self.owners = owners_of(orders) if orders else {}
        self.dates = {v.record_id: v.order_date for v in versions_known(OrderVersion).filter(record_id__in=orders)} if orders else {}
        self.under: dict[tuple[int, int], dt.date | None] = {}
        for seat, plan, end in known_as_at(PlanAssignment.objects.filter(plan_id__in=plans), None).values_list("seat_id", "plan_id", "valid_to"):
            known = self.under.get((seat, plan), dt.date.min)
            self.under[seat, plan] = None if end is None or known is None else max(end, known)

    def seat(self, row: dict[str, Any], plan: Plan) -> int:
        """The seat of the row: that of its position, else the payee's only one under the plan."""
        own, day = self.seats.get(row["r_payee"], {}), row["day"]
        if row.get("r_position") is not None:
            if row["r_position"] not in own:
                raise _Refused(
                    "position", gettext_noop("payee %(payee)s never sat in position %(position)s"), gettext_noop("import the assignment first"),
                    payee=row["payee"], position=row["position"],
                )  # fmt: skip
            found = [own[row["r_position"]]]
        else:
            found = list(own.values())
        found = [seat for seat in found if (seat, plan.pk) in self.under and (self.under[seat, plan.pk] is None or self.under[seat, plan.pk] > day)]  # type: ignore[operator]
        if not found:
            raise _Refused(
                "plan", gettext_noop("payee %(payee)s is not under plan %(plan)s on %(day)s or later"),
                gettext_noop("put the seat under the plan first, from that day on"), payee=row["payee"], plan=plan.code, day=day,
            )  # fmt: skip
        if len(found) > 1:
            raise _Refused(
                "position", gettext_noop("payee %(payee)s has several seats under plan %(plan)s"), gettext_noop("name the position"),
                payee=row["payee"], plan=plan.code,
            )  # fmt: skip
        return found[0]

    def version(self, plan: Plan, day: dt.date) -> CompiledPlan:
        """The plan as it is in force on the day."""
        for version in self.versions[plan.pk]:
            if version.effective_from <= day and (version.effective_to is None or day < version.effective_to):
                return plan_compiled(version.digest, version.text)
        raise _Refused(
            "plan", gettext_noop("plan %(plan)s has no version in force on %(day)s"), gettext_noop("activate a version that covers the day first"),
            plan=plan.code, day=day,
        )  # fmt: skip

    def period(self, plan: Plan, day: dt.date, code: str) -> int:
        """The period to which an amount belongs: the one that ends on the day, or the named one before it."""
        periods = self.periods[plan.calendar_id]
        before = next((period for period in periods if period.ends == day), None)
        if before is None:
            raise _Refused(
                "day", gettext_noop("%(day)s is not the first day of a pay period after another one"),
                gettext_noop("take the balances at the end of a pay period; the calendar needs the periods before that day"), day=day,
            )  # fmt: skip
        if not code:
            return before.pk
        named = next((period for period in periods if period.code == code), None)
        if named is None or named.ends > day:
            raise _Refused(
                "period", gettext_noop("there is no period %(period)s before %(day)s"),
                gettext_noop("write the code of a period that ends on or before the day"),
                period=code, day=day,
            )  # fmt: skip
        return named.pk

    def order(self, row: dict[str, Any], plan: Plan, compiled: CompiledPlan, kind: OpeningKind) -> int | None:
        """The deal behind what is open to clawback: returns of it take its part back by the plan's clawback."""
        order = row.get("r_order")
        if kind is not OpeningKind.CLAWBACK:
            if order is not None:
                raise _Refused(
                    "order", gettext_noop("the row names an order, and %(kind)s is of no single one"), gettext_noop("leave the order out"), kind=kind.value
                )
            return None
        if compiled.clawback is None:
            raise _Refused(
                "plan", gettext_noop("plan %(plan)s takes nothing back: it has no clawback"), gettext_noop("add `clawback` to the plan, or leave the row out"),
                plan=plan.code,
            )  # fmt: skip
        if order is None:
            raise _Refused(
                "order", gettext_noop("the row does not name the order that was paid"),
                gettext_noop("give the order's external id, one row for each order, so that a return of it takes its part back"),
            )  # fmt: skip
        if row["r_payee"] not in self.owners.get(order, ()):
            raise _Refused(
                "order", gettext_noop("payee %(payee)s neither owns order %(order)s nor has a share in it"),
                gettext_noop("import the order with its owner or splits first"), payee=row["payee"], order=row["order"],
            )  # fmt: skip
        return int(order)

    def earning_period(self, plan: Plan, day: dt.date, order: int, name: str) -> int:
        """The period in which the order was paid, unless the row says another one: that of its date."""
        date = self.dates.get(order)
        found = next((one for one in self.periods[plan.calendar_id] if date is not None and one.starts <= date < one.ends and one.ends <= day), None)
        if found is None:
            raise _Refused(
                "period", gettext_noop("order %(order)s is in no period before %(day)s"), gettext_noop("write the period in which it was paid"),
                order=name, day=day,
            )  # fmt: skip
        return found.pk

    def wanted(self, row: dict[str, Any], scale: int) -> _Wanted:
        """The balance that the row states; _Refused says what is wrong with it."""
        plan, kind, name, day = self.plans[row["r_plan"]], _KIND[row["kind"]], row.get("name") or "", row["day"]
        seat = self.seat(row, plan)
        compiled = self.version(plan, day)
        period = self.period(plan, day, row.get("period") or "")
        names = _names(kind, compiled)
        if name not in names:
            raise _Refused(
                "name", gettext_noop("plan %(plan)s has no %(name)s for %(kind)s"), gettext_noop("the plan has: %(names)s"),
                plan=plan.code, name=repr(name), kind=kind.value, names=", ".join(names) or "-",
            )  # fmt: skip
        amount = scaled(row["amount"], scale)
        if amount < 0 and kind in _BALANCES:
            raise _Refused(
                "amount", gettext_noop("the balance %(amount)s is below zero"), gettext_noop("what is drawn, held or open is zero or more"), amount=amount
            )
        places = _places(kind, name, compiled)
        if places is not None and amount != round(amount, places):
            raise _Refused(
                "amount", gettext_noop("%(amount)s has more decimals than the plan pays"), gettext_noop("round to %(places)s decimals, as it was paid"),
                amount=amount, places=places,
            )  # fmt: skip
        if row["currency"] != compiled.currency and not (kind in (OpeningKind.CREDIT, OpeningKind.PAID) and row["currency"] in compiled.currencies):
            raise _Refused(
                "currency", gettext_noop("plan %(plan)s is in %(other)s, not in %(currency)s"), gettext_noop("convert the balance as the old system did"),
                plan=plan.code, other=compiled.currency, currency=row["currency"],
            )  # fmt: skip
        order = self.order(row, plan, compiled, kind)
        if order is not None and not row.get("period"):
            period = self.earning_period(plan, day, order, row["order"])
        release_on = row.get("release_on") if kind is OpeningKind.HELD else None
        if kind is OpeningKind.HELD and (release_on is None or release_on < day):
            raise _Refused(
                "release_on",
                gettext_noop("the row does not say when what is held is paid"),
                gettext_noop(
                    "give a day from %(day)s on",
                ),
                day=day,
            )
        return _Wanted(seat, plan.pk, day, kind.value, name, period, release_on, row["currency"], amount, order)


def _names(kind: OpeningKind, plan: CompiledPlan) -> list[str]:
    if kind is OpeningKind.CREDIT:
        return [measure.name for measure in plan.measures[: plan.block] if not measure.hidden]
    if kind is OpeningKind.DRAW:
        return [draw.name for draw in plan.terms.draws]
    return [""] if kind is OpeningKind.CARRIED else [component.name for component in plan.components]


def _places(kind: OpeningKind, name: str, plan: CompiledPlan) -> int | None:
    if kind is OpeningKind.CREDIT:
        return None
    found = next((component for component in plan.components if component.name == name), None)
    return plan.terms.places if found is None else found.rounding.places


def openings_write(load: Load) -> Written:
    """Posts what differs from the balances that are known. A row states the balance; other balances stay as they are."""
    assert load.changeset is not None
    writers_lock()  # what is known now must still be known when this is published
    rows = good_rows(load)
    for row in rows:
        row["day"] = dt.date.fromisoformat(str(row["day"]))
    checks, scale = _Checks(rows), load.scale("amount")
    known: dict[tuple[Any, ...], list[OpeningSum]] = defaultdict(list)
    days: dict[tuple[int, int], dt.date] = {}
    for one in openings_known(number=None, payees={row["r_payee"] for row in rows}):
        known[one.seat_id, one.plan_id, one.kind, one.name, one.period_id, one.order_id].append(one)
        days.setdefault((one.seat_id, one.plan_id), one.day)
    wanted, bad = [], []
    seen: dict[tuple[Any, ...], int] = {}
    for row in rows:
        try:
            found = checks.wanted(row, scale)
            other = days.setdefault((found.seat, found.plan), found.day)
            if other != found.day:
                raise _Refused(
                    "day", gettext_noop("there is an opening balance on %(other)s already"),
                    gettext_noop("a seat starts once under a plan: correct the amounts of that day, or take that import back"), other=other,
                )  # fmt: skip
            first = seen.setdefault(found.key, row["line"])
            if first != row["line"]:
                raise _Refused("name", gettext_noop("the same row stands in line %(line)s already"), gettext_noop("keep one of the lines"), line=first)
            wanted.append(found)
        except _Refused as error:
            column = load.source_columns(error.column) if error.column in load.mapping.fields else error.column
            bad.append((row["n"], column, error.cause, error.mend))
    copy_rows("imp_bad", ["n", "column", "cause", "mend"], bad)
    load.drop_bad()
    return _posted(load, wanted, known, scale)


def _posted(load: Load, wanted: list[_Wanted], known: dict[tuple[Any, ...], list[OpeningSum]], scale: int) -> Written:
    entries, new, changed = [], 0, 0
    for one in wanted:
        before = known.get(one.key, [])
        steps = [(old.currency, old.release_on, -old.amount) for old in before if (old.currency, old.release_on) != (one.currency, one.release_on)]
        have = sum((old.amount for old in before if (old.currency, old.release_on) == (one.currency, one.release_on)), Decimal(0))
        if one.amount != have:
            steps.append((one.currency, one.release_on, one.amount - have))
        for currency, release_on, amount in steps:
            places = max(scale, -int(amount.normalize().as_tuple().exponent))
            entries.append(
                OpeningEntry(
                    seat_id=one.seat, plan_id=one.plan, day=one.day, kind=one.kind, name=one.name, period_id=one.period, release_on=release_on,
                    order_id=one.order, currency=currency, amount=int(amount.scaleb(places)), scale=places, source=load.mapping.source,
                    change_set=load.changeset,
                )
            )  # fmt: skip
        new += bool(steps) and not before
        changed += bool(steps) and bool(before)
    OpeningEntry.objects.bulk_create(entries, batch_size=1000)
    return Written(new, changed, len(wanted) - new - changed)


def openings_take_back(of: ChangeSet, changeset: ChangeSet) -> int:
    """Posts the reverse of what an import posted. ImportFault where pay was posted on top, or a later import corrected it."""
    rows = list(OpeningEntry.objects.filter(change_set=of))
    seats = {row.seat_id for row in rows}
    later = OpeningEntry.objects.filter(seat_id__in=seats, change_set__number__gt=of.number).values_list(*_KEY)
    if set(later) & {tuple(getattr(row, name) for name in _KEY) for row in rows}:
        raise ImportFault(_("A later import corrected these balances; take that one back first."))
    posted = LedgerEntry.objects.filter(seat_id__in=seats, plan_version__plan_id__in={row.plan_id for row in rows}, run__known_number__gte=of.number)
    count = posted.values("payee_id").distinct().count()
    if count:
        raise ImportFault(
            ngettext(
                "Pay of %(count)s payee was posted on top of these balances; correct them by another import, so that the difference is paid.",
                "Pay of %(count)s payees was posted on top of these balances; correct them by another import, so that the difference is paid.",
                count,
            )
            % {"count": count}
        )
    for row in rows:
        row.pk, row.amount, row.change_set = None, -row.amount, changeset
        row.uid = OpeningEntry._meta.get_field("uid").get_default()
    OpeningEntry.objects.bulk_create(rows, batch_size=1000)
    return len(rows)


def register() -> None:
    """Called once when the app is ready."""
    target_register(Target(
        "opening_balance", gettext_lazy("Opening balances"),
        (
            Field("payee", "ref", to="people.Payee", required=True), Field("position", "ref", to="people.Position"),
            Field("plan", "ref", to="incentives.Plan", required=True), Field("day", "date", required=True),
            Field("kind", "choice", required=True, choices=KINDS), Field("name", "text", max_length=64), Field("period", "text", max_length=32),
            Field("amount", "money", required=True), Field("currency", "currency_text", required=True), Field("release_on", "date"),
            Field("order", "ref", to="sales.Order"),
        ),
        openings_write, identity=("payee", "position", "plan", "day", "kind", "name", "period", "order"), tables=("incentives_openingentry",),
        take_back=openings_take_back,
    ))  # fmt: skip
