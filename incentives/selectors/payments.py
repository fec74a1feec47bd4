"""How what was earned is paid: the payment lines of a statement, the balances after it, and its amount in the payee's currency."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from incentives.engine.payment import BILLED, CARRY_IN, CARRY_OUT, CLAW_IN, CLAW_OUT, CONVERTED, FORGIVEN, MAXIMUM, MOVED, NEGATIVE, OFFSET, WRITTEN_OFF
from incentives.engine.plan import CompiledPlan
from incentives.engine.rounding import minor_units, round_number
from incentives.engine.walk import in_balance
from incentives.inputs import plan_compiled
from incentives.models import Hold, LedgerEntry, OpeningKind, PlanVersion, Verb
from incentives.opening import OpeningSum
from spm.calendars.models import Period
from spm.currencies.models import FxRate
from spm.people.models import Payee
from spm.sales.models import OrderVersion
from spm.tenancy.changes import known_as_at, valid_on

PAYMENT_RATES = ("payroll", "daily", "plan")
"""Rate types for payment in another currency, the first that is kept; a plan may name its own (`conversions: payment`)."""


@dataclass(frozen=True)
class PaymentPart:
    """A line of the statement that changes what is paid, not what was earned. amount: its effect on the statement."""

    verb: str
    plan_title: str
    component: str
    label: str
    why: str
    earning_period: Period
    currency: str
    amount: Decimal

    @property
    def earning_period_code(self) -> str:
        """Of the period of origin."""
        return self.earning_period.code


@dataclass(frozen=True)
class Balance:
    """What stands open after the statement's period. kind: to_recover, on_hold, owed_to_payee (paid later), owed_by_payee,
    clawback_owed (still to be taken), billed (owed outside of pay), or open_to_clawback (paid by the system before this one).
    component: the draw's, of what is to be recovered."""

    kind: str
    component: str
    label: str
    currency: str
    amount: Decimal


@dataclass(frozen=True)
class PaidIn:
    """The statement's total in the currency in which the payee is paid. fx_rate: units of it for one unit of `source`; None: no
    rate is known for the day, so there is no amount either. estimated: the day has not come, the newest rate stands in."""

    source: str
    currency: str
    total: Decimal
    fx_rate: Decimal | None
    rate_type: str
    day: dt.date
    amount: Decimal | None
    estimated: bool


def payment_label(component: str, plan: CompiledPlan | None) -> str:
    """A component's label as people read it, those of payment included."""
    fixed = {
        CARRY_IN: _("Brought forward"), CARRY_OUT: _("Carried forward"), MAXIMUM: _("Maximum per period"), NEGATIVE: _("Negative result"),
        CLAW_IN: _("Clawback brought forward"), CLAW_OUT: _("Clawback carried forward"), BILLED: _("Billed at the end of the plan year"),
        FORGIVEN: _("Forgiven at the end of the plan year"), WRITTEN_OFF: _("Written off at the end of the plan year"),
    }  # fmt: skip
    if component in fixed:
        return fixed[component]
    if component == CONVERTED:
        return _("Balance in another currency")
    if component.startswith(f"{MOVED}:"):
        return _("Balance moved, %(plan)s") % {"plan": component.partition(":")[2]}
    if component.startswith(f"{OFFSET}:"):
        return _("Set off against %(plan)s") % {"plan": component.partition(":")[2]}
    if plan is not None and component.startswith("@"):
        return next((draw.label for draw in plan.terms.draws if draw.component == component), component[1:])
    return next((c.label for c in plan.components if c.name == component), component) if plan is not None else component


def payment_why(verb: str, component: str, amount: Decimal, plan: CompiledPlan | None) -> str:
    """Why the line is there, in words."""
    draw = None if plan is None else next((one for one in plan.terms.draws if one.component == component), None)
    if verb == Verb.CARRIED:
        if component in (CARRY_IN, CLAW_IN):
            return _("from the period before")
        if component.startswith(f"{OFFSET}:"):
            return _("taken from what the other plan pays") if amount > 0 else _("pays a debt under the other plan")
        if component == CONVERTED:
            return _("leaves with the old currency") if amount > 0 else _("comes over in the new currency")
        if component.startswith(f"{MOVED}:"):
            return _("leaves with the move to the other plan") if amount > 0 else _("comes over from the plan before")
        if component == BILLED:
            return _("owed outside of pay from now on")
        if component == CLAW_OUT:
            return _("more than may be taken now, taken from later pay")
        return _("below zero, taken from later pay") if amount > 0 else _("above the maximum, paid later")
    if verb == Verb.DRAWN:
        return _("guaranteed, not recovered") if draw is not None and not draw.recover else _("paid as a draw, recovered from later pay")
    if verb == Verb.FORFEITED and not component.startswith("@"):
        return _("no longer due after leaving")
    texts = {
        Verb.HELD: _("not paid yet"), Verb.RELEASED: _("was held, paid now"), Verb.ADVANCED: _("paid at the start of the period"),
        Verb.RECOVERED: _("repays what was drawn"), Verb.FORFEITED: _("above the maximum, not paid"), Verb.WRITTEN_OFF: _("written off"),
        Verb.CLAWED_BACK: _("taken back for a return"),
    }  # fmt: skip
    return texts.get(Verb(verb), str(Verb(verb).label))


def payment_parts(entries: Iterable[LedgerEntry], versions: Mapping[int, PlanVersion]) -> list[PaymentPart]:
    """The payment lines among ledger entries of one pay period, summed up; lines that cancel out are left out."""
    plans = {pk: plan_compiled(version.digest, version.text) for pk, version in versions.items()}
    sums: dict[tuple[int, str, str, int, str], Decimal] = defaultdict(Decimal)
    periods: dict[int, Period] = {}
    for entry in entries:
        verb = Verb.HELD if entry.verb == Verb.RELEASED else entry.verb
        sums[entry.plan_version_id, verb, entry.component, entry.earning_period_id, entry.currency] += Decimal(entry.amount).scaleb(-entry.scale)
        periods[entry.earning_period_id] = entry.earning_period
    found = []
    for (version, verb, component, earning, currency), amount in sums.items():
        if not amount:
            continue
        name = Verb.RELEASED if verb == Verb.HELD and amount > 0 else verb
        plan = plans[version]
        why = payment_why(name, component, amount, plan)
        found.append(PaymentPart(str(name), plan.title, component, payment_label(component, plan), why, periods[earning], currency, amount))
    order = list(Verb)
    return sorted(found, key=lambda part: (order.index(Verb(part.verb)), part.component, part.earning_period.starts))


def balances_after(payees: Collection[int], period: Period, openings: Collection[OpeningSum], *, known: Q | None = None) -> dict[int, list[Balance]]:
    """Payee -> what stands open after a pay period, from the ledger (known: of those entries alone) and their opening balances. Two queries,
    one more where the system before this one paid under clawback."""
    verbs = (Verb.HELD, Verb.RELEASED, Verb.DRAWN, Verb.ADVANCED, Verb.RECOVERED, Verb.CARRIED)
    rows = LedgerEntry.objects.filter(known or Q(), payee__in=payees, pay_period__starts__lte=period.starts, verb__in=verbs).exclude(cause="manual").order_by()
    keys = ("payee_id", "plan_version_id", "component", "verb", "currency", "scale")
    sums: dict[int, dict[tuple[str, str, str], Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    version_of: dict[tuple[int, str], int] = {}
    for payee, version, component, verb, currency, scale, total in rows.values_list(*keys).annotate(total=Sum("amount")):
        amount = Decimal(total).scaleb(-scale)
        kind = "on_hold" if verb in (Verb.HELD, Verb.RELEASED) else _carried_kind(component) if verb == Verb.CARRIED else "to_recover"
        if not kind:
            continue
        name = component if kind == "to_recover" else ""
        version_of[payee, name] = max(version, version_of.get((payee, name), 0))
        sums[payee][kind, name, currency] += amount if kind == "to_recover" else -amount
    for one in openings:
        if one.day <= period.starts and one.kind in _OPEN:
            sums[one.payee_id][_OPEN[one.kind], f"@{one.name}" if one.kind == OpeningKind.DRAW else "", one.currency] += one.amount
    for payee, currency, amount in _recovered(payees, period, openings, known):
        sums[payee]["open_to_clawback", "", currency] += amount
    plans = {v.pk: plan_compiled(v.digest, v.text) for v in PlanVersion.objects.filter(pk__in=set(version_of.values()))} if sums else {}
    return {payee: list(_balances(mine, {name: plans.get(v) for (who, name), v in version_of.items() if who == payee})) for payee, mine in sums.items()}


def _recovered(payees: Collection[int], period: Period, openings: Collection[OpeningSum], known: Q | None) -> Iterator[tuple[int, str, Decimal]]:
    """What is taken back by now of what was open to clawback, zero or less: (payee, currency, amount)."""
    places = {(one.seat_id, one.name, one.period_id) for one in openings if one.kind == OpeningKind.CLAWBACK and one.day <= period.starts}
    if not places:
        return
    rows = LedgerEntry.objects.filter(known or Q(), payee__in=payees, pay_period__starts__lte=period.starts, verb=Verb.CLAWED_BACK)
    rows = rows.filter(earning_period__in={place[2] for place in places}).order_by()
    keys = ("payee_id", "seat_id", "component", "earning_period_id", "currency", "scale")
    for payee, seat, component, earning, currency, scale, total in rows.values_list(*keys).annotate(total=Sum("amount")):
        if (seat, component, earning) in places:
            yield payee, currency, Decimal(total).scaleb(-scale)


def _carried_kind(component: str) -> str:
    """The balance of an entry `carried`; empty where it pairs with one under another plan."""
    if component in (CLAW_IN, CLAW_OUT):
        return "clawback_owed"
    return "billed" if component == BILLED else "carried" if in_balance(component) else ""


_OPEN: dict[str, str] = {
    OpeningKind.DRAW: "to_recover", OpeningKind.HELD: "on_hold", OpeningKind.CARRIED: "carried", OpeningKind.CLAWBACK: "open_to_clawback",
}  # fmt: skip


def _balances(sums: Mapping[tuple[str, str, str], Decimal], plans: Mapping[str, CompiledPlan | None]) -> Iterator[Balance]:
    for (kind, name, currency), amount in sorted(sums.items()):
        plan = plans.get(name)
        if not amount or (kind == "to_recover" and plan is not None and any(d.component == name and not d.recover for d in plan.terms.draws)):
            continue
        if kind == "carried":
            kind, label = ("owed_to_payee", _("To be paid later")) if amount > 0 else ("owed_by_payee", _("To be taken from later pay"))
        elif kind == "clawback_owed":
            label = _("Clawback to be taken from later pay")
        elif kind == "billed":
            label = _("Billed, owed outside of pay")
        elif kind == "open_to_clawback":
            label = _("Paid before this system, open to clawback")
        else:
            label = _("On hold") if kind == "on_hold" else _("%(draw)s to be recovered") % {"draw": payment_label(name, plan)}
        yield Balance(kind, name, label, currency, abs(amount))


@dataclass(frozen=True)
class HeldDeal:
    """A deal of the payee that is on hold, with the reason. component: empty where all of them wait."""

    uid: str
    order_id: int
    number: str
    component: str
    reason: str
    placed_on: dt.date


def held_deals(payee: Payee) -> list[HeldDeal]:
    """Deals of the payee that are on hold now, oldest first. Two queries at most."""
    holds = Hold.objects.filter(lifted_in__isnull=True).filter(Q(payee__isnull=True) | Q(payee=payee)).select_related("order").order_by("placed_at")
    own = Q(order__in=OrderVersion.objects.filter(payee=payee, tombstone=0).values("record")) | Q(order__splits__payee=payee)
    found = list(holds.filter(own).distinct())
    if not found:
        return []
    numbers = {
        v.record_id: v.number for v in OrderVersion.objects.filter(record_id__in=[h.order_id for h in found], tombstone=0).order_by("change_set__number")
    }
    return [HeldDeal(str(h.uid), h.order_id, numbers.get(h.order_id) or h.order.external_id, h.component, h.reason, h.placed_at.date()) for h in found]


def paid_in(
    payee: Payee, *, period: Period, totals: Mapping[str, Decimal], versions: Collection[PlanVersion], today: dt.date, number: int | None = None
) -> list[PaidIn]:
    """Totals in other currencies than the payee's, converted at the day's rate as known at a change number (None: now). One query, none
    where the currencies are the same."""
    others = {currency: total for currency, total in totals.items() if payee.pay_currency and currency != payee.pay_currency}
    if not others:
        return []
    found = []
    last = period.ends - dt.timedelta(days=1)
    for currency, total in sorted(others.items()):
        conversion = next((c for v in versions if (c := plan_compiled(v.digest, v.text).conversions.get("payment")) and v.currency == currency), None)
        types = PAYMENT_RATES if conversion is None else (conversion.rate_type,)
        day = period.starts if conversion is not None and conversion.as_of == "period_start" else last
        row, value = _fx_rate(types, currency, payee.pay_currency, min(day, today), number)
        mode = "half_up" if conversion is None else conversion.rounding.mode
        places = minor_units(payee.pay_currency) if conversion is None else conversion.rounding_for(payee.pay_currency).places
        amount = None if value is None else round_number(Fraction(total) * value, places, mode)
        shown = None if value is None else round_number(value, 6, "half_up")
        found.append(PaidIn(currency, payee.pay_currency, total, shown, row.rate_type if row else types[0], min(day, today), amount, day > today))
    return found


def _fx_rate(types: tuple[str, ...], source: str, target: str, day: dt.date, number: int | None) -> tuple[FxRate | None, Fraction | None]:
    pair = Q(base=source, quote=target) | Q(base=target, quote=source)
    rows = {row.rate_type: row for row in valid_on(known_as_at(FxRate.objects.filter(pair, rate_type__in=types), number), day)}
    row = next((rows[kind] for kind in types if kind in rows), None)
    if row is None:
        return None, None
    value = Fraction(row.fx_rate)
    return row, value if row.base == source else 1 / value
