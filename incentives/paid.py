"""Why what a statement pays is another in one run than in an earlier one: held, drawn, recovered, carried and earned amounts, by cause.

The payment stage of the later run is calculated again in memory on the books as the earlier one left them, each time with one kind of
input more as the later run knew it, as incentives.attribution does for what is earned. Which deals are held, paid for or returned goes
with the data; what people posted by hand in between is a cause of its own. What is left of the real difference (a period that was
opened again, a run of one period alone) goes with the data too, or with the engine where that is another one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Q, Sum

from incentives.attribution import PayeeWork
from incentives.engine import exact
from incentives.engine.attribution import Attribution, attribute
from incentives.engine.results import EarningKey, Outcome
from incentives.finished import runs_finished
from incentives.inputs import RunInputs, VersionInputs
from incentives.models import EARNED_VERBS, Cause, LedgerEntry, Run
from incentives.payments import RunPayments
from incentives.periods import PayPeriods
from incentives.settle import LEDGER_SCALE, Settlement
from spm.calendars.models import Period
from spm.people.models import Employment, Payee

MOST_RUNS = 12
"""Runs between two that are divided one by one; more of them are divided as one step."""
BY_HAND = "manual"
"""The kind of what people posted."""


class PaidCell(NamedTuple):
    """What an entry of a payee's ledger is for. kind: earned, held (released with it), manual, or the verb."""

    pay_period: int
    seat: int
    version: int
    component: str
    earning_period: int
    currency: str
    kind: str


def kind_of(verb: str, by_hand: bool) -> str:
    """Entries that undo each other are one kind."""
    return BY_HAND if by_hand else "earned" if verb in EARNED_VERBS else "held" if verb == "released" else verb


def paid_between(payee: Payee, *, period: Period, before: Run | None, run: Run) -> Attribution:
    """Divides what `run` left on the payee's statement of the period, less what `before` did (None: nothing), among the causes, by cell.
    Reads in the caller's scope, writes nothing."""
    posted = LedgerEntry.objects.filter(payee=payee, pay_period=period, run__number__gt=before.number if before else 0, run__number__lte=run.number)
    numbers = sorted(set(posted.order_by().values_list("run__number", flat=True)))
    if before is None or len(numbers) > MOST_RUNS:
        return _step(payee, period, before, run)
    steps = []
    start = before
    for number in [*numbers, run.number] if run.number not in numbers else numbers:
        end = Run.objects.get(number=number)
        last = runs_finished(payee.pk).filter(number__lt=number, number__gte=start.number).first() or start
        # What people posted before the run that answers to it stands with the run before.
        same = left_by(payee, start, pay=period.pk) == left_by(payee, last, pay=period.pk)
        steps += [_step(payee, period, one, two) for one, two in ((start, last), (last, end)) if one.pk != two.pk and not (two is last and same)]
        start = end
    return _summed(steps) if steps else _step(payee, period, before, run)


def _step(payee: Payee, period: Period, before: Run | None, run: Run) -> Attribution:
    work = PaidWork(payee, period, before, run)
    return work.settled(attribute(work.value, changed=work.changed), left_by(payee, before, pay=period.pk), left_by(payee, run, pay=period.pk))


def _summed(steps: Sequence[Attribution]) -> Attribution:
    """One after the other: the causes' amounts add up."""
    found: dict[str, dict[Any, Any]] = defaultdict(dict)
    for step in steps:
        for cause, amounts in step.steps:
            for cell, amount in amounts.items():
                found[cause][cell] = exact.add(found[cause].get(cell, exact.ZERO), amount)
    return Attribution(steps[0].before, steps[-1].after, tuple((cause, found[cause]) for cause in Cause.values if cause in found))


def left_by(payee: Payee, run: Run | None, *, pay: int) -> dict[Any, Any]:
    """What stood on a statement after a run, by cell."""
    found: dict[Any, Any] = defaultdict(lambda: exact.ZERO)
    for row in _sums(payee.pk, _stood(run)) if run is not None else ():
        if row[5] == pay:
            found[_cell(row)] += _amount(row[9])
    return {cell: amount for cell, amount in found.items() if amount}


def _stood(run: Run) -> Q:
    return Q(run__number__lte=run.number) | Q(run__isnull=True, posted_at__lte=run.finished_at or run.touched_at)


def _sums(payee: int, known: Q) -> list[tuple[Any, ...]]:
    """As payments.ledger_sums, of one payee and some entries."""
    keys = ("payee_id", "seat_id", "plan_version_id", "component", "earning_period_id", "pay_period_id", "currency", "verb", "cause", "scale")
    found: dict[tuple[Any, ...], int] = defaultdict(int)
    for row in LedgerEntry.objects.filter(known, payee_id=payee).order_by().values_list(*keys).annotate(total=Sum("amount")):
        found[(*row[:8], row[8] == Cause.MANUAL)] += row[10] * 10 ** (LEDGER_SCALE - row[9])
    return [(*key, total) for key, total in sorted(found.items())]


def _amount(total: int) -> Decimal:
    """A sum at LEDGER_SCALE without zeros that say nothing."""
    found = Decimal(total).scaleb(-LEDGER_SCALE).normalize()
    return found.quantize(Decimal(1)) if found == found.to_integral_value() else found


def _cell(row: Sequence[Any]) -> PaidCell:
    _, seat, version, component, earning, pay, currency, verb, by_hand = row[:9]
    return PaidCell(pay, seat, version, component, earning, currency, kind_of(verb, by_hand))


class PaidWork(PayeeWork):
    """One payee's payments in two runs. within: the settlement of the later one, while it has not written it yet."""

    def __init__(self, payee: Payee, period: Period, before: Run | None, run: Run, within: Settlement | None = None) -> None:
        super().__init__(payee, period, before, run)
        self.before, self.run, self.within = before, run, within
        self.first = before.known_number if before is not None else run.known_number
        self.last = run.known_number
        self.periods = within.periods if within is not None else PayPeriods(run.started_at)
        self._had = _sums(payee.pk, _stood(before)) if before is not None else []

    @property
    def changed(self) -> frozenset[str]:
        """As for what is earned, and what people posted; the day of a run counts as data."""
        if self.before is None:
            return frozenset({"data", "manual"}) if self._by_hand else frozenset({"data"})
        found = super().changed
        if self.first != self.last and self._touched(Employment.objects.filter(payee=self.payee)):
            found |= {"people"}
        return found | ({"manual"} if self._by_hand else set())

    @property
    def _by_hand(self) -> list[tuple[Any, ...]]:
        """What was posted by hand between the runs, and what the later one posted for results set by hand."""
        if self._hand is None:
            known = Q(cause=Cause.MANUAL)
            if self.within is None:
                known &= _stood(self.run)
            if self.before is not None:
                known &= ~_stood(self.before)
            self._hand = _sums(self.payee.pk, known)
            work = self.within.work.get(self.payee.pk) if self.within is not None else None
            for row in work.by_hand if work is not None else ():
                self._hand.append((*row[:7], row[8], True, row[9] * 10 ** (LEDGER_SCALE - row[10])))
        return self._hand

    _hand: list[tuple[Any, ...]] | None = None

    def value(self, chosen: frozenset[str]) -> dict[Any, Any]:
        """What the run would post to all statements, by cell, with these causes as the later run knew them."""
        run = self.seen_by(chosen)
        by_hand = self._by_hand if "manual" in chosen else []
        rows: list[tuple[Any, ...]] = list(by_hand)
        if run is not None:
            inputs, outcomes = self.outcomes(chosen, run, periods=False)
            if self.payee.pk in inputs.payees:
                rows += self._posted(run, inputs, outcomes, [*self._had, *by_hand])
        found: dict[Any, Any] = defaultdict(lambda: exact.ZERO)
        for row in rows:
            found[_cell(row)] += _amount(row[9])
        return {cell: amount for cell, amount in found.items() if amount}

    def _posted(self, run: Run, inputs: RunInputs, outcomes: Iterable[tuple[VersionInputs, Outcome]], had: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        settlement = Settlement(run, inputs, lambda seat, version: "data")  # type: ignore[arg-type]
        settlement.periods = self.periods
        begun = set(Period.objects.filter(starts__lte=run.business_date).values_list("pk", flat=True))
        work = settlement.work[self.payee.pk]
        entity = str(inputs.payees[self.payee.pk].legal_entity)
        work.scale = LEDGER_SCALE
        for version, outcome in outcomes:
            if version.compiled.terms.walks:
                settlement.figures[version.id] = [figure for figure in outcome.figures if figure.assignment in version.paid]
            for earning in outcome.earnings:
                if earning.period in begun and earning.assignment in version.paid and earning.payee == self.payee.pk:
                    currency = earning.currency or version.compiled.currency
                    key = EarningKey(earning.payee, earning.assignment, version.id, earning.component, earning.period, currency, entity)
                    work.due[key] = earning.amount
        for payee, seat, of, component, earned, _, currency, verb, by_hand, total in had:
            if verb in EARNED_VERBS and not by_hand and earned in begun:
                key = EarningKey(payee, seat, of, component, earned, currency, entity)
                work.have[key] = work.have.get(key, exact.ZERO) + Decimal(total).scaleb(-LEDGER_SCALE)
        RunPayments(settlement, sums=lambda payees: had).add([self.payee.pk])
        posts = [*settlement.posts(self.payee.pk), *work.payments]
        return [(*row[:7], row[8], False, row[9] * 10 ** (LEDGER_SCALE - row[10])) for row in posts]

    def settled(self, found: Attribution, before: dict[Any, Any], after: dict[Any, Any]) -> Attribution:
        """Between what really stood on the statement; what no cause explains goes with the engine where that is another one, else with
        the data."""
        here = self.period.pk
        steps: dict[str, dict[Any, Any]] = {
            cause: {cell: amount for cell, amount in amounts.items() if isinstance(cell, PaidCell) and cell.pay_period == here}
            for cause, amounts in found.steps
        }
        rest = "engine" if self.before is not None and self.before.engine_version != self.run.engine_version else "data"
        of = steps.setdefault(rest, {})
        for cell in {*before, *after, *(cell for amounts in steps.values() for cell in amounts)}:
            explained = sum((amounts.get(cell, exact.ZERO) for amounts in steps.values()), exact.ZERO)
            of[cell] = of.get(cell, exact.ZERO) + after.get(cell, exact.ZERO) - before.get(cell, exact.ZERO) - explained
        ordered = ((cause, {cell: amount for cell, amount in steps[cause].items() if amount}) for cause in Cause.values if cause in steps)
        return Attribution(before, after, tuple((cause, amounts) for cause, amounts in ordered if amounts))
