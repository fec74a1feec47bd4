"""What plans evaluate and do not pay in money: rewards in points or days for the payee, hidden components for administrators.

A reward is told once, with the statement that is approved: its line is frozen there. What a later run finds of that period is a line of
its own in the payee's first open period, the difference to all that was told; so what was told never changes and the lines sum to what is
now found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from incentives.explain import body_read
from incentives.inputs import plan_compiled
from incentives.models import PeriodState, PlanVersion, RunResult, StatementArtefact
from incentives.periods import CLOSED
from incentives.selectors.artefacts import artefact_read
from spm.calendars.models import Period
from spm.people.models import Payee

ZERO = Decimal(0)


@dataclass(frozen=True)
class Reward:
    """What a payee earned that is not money. unit: what it is counted in, as the plan says. is_late: earning_period was told before,
    and `amount` is the difference: `now` found, `told` until then; otherwise told is 0 and amount is now."""

    plan_code: str
    plan_title: str
    component: str
    label: str
    unit: str
    earning_period: Period
    amount: Decimal
    told: Decimal = ZERO
    is_late: bool = False

    @property
    def now(self) -> Decimal:
        """What the period is found to bring by now."""
        return self.told + self.amount

    @property
    def earning_period_code(self) -> str:
        """Of the period of origin."""
        return self.earning_period.code


@dataclass(frozen=True)
class EvaluatedTotal:
    """A component that is evaluated and not paid: what it would have paid to all under the version in a period, as of the last run."""

    component: str
    label: str
    unit: str
    is_hidden: bool
    period_code: str
    payees: int
    amount: Decimal


Name = tuple[str, str]
"""(plan, component)"""


def rewards_of(payees: Sequence[Payee], period: Period) -> dict[int, tuple[Reward, ...]]:
    """By payee, for a period whose statement is not approved yet: what it brings, then what changed in closed periods whose late
    changes come here. One query, five more where a plan rewards in something else than money."""
    versions = {v.pk: v for v in PlanVersion.objects.filter(canonical__contains='"unit":').exclude(state=PlanVersion.State.DRAFT).select_related("plan")}
    if not versions:
        return {}
    told = _Told(payees, period)
    of = {payee.pk: [*told.leading(payee), period] for payee in payees}
    found = _found([payee.pk for payee in payees], {p.pk: p for periods in of.values() for p in periods}, versions)
    rewards: dict[int, tuple[Reward, ...]] = {}
    for payee in payees:
        if told.is_closed(payee, period):
            continue  # nothing was told of it: the first open period says it
        lines = [line for _name, line in sorted(found.get((payee.pk, period.pk), {}).items(), key=lambda item: item[0])]
        for earlier in of[payee.pk][:-1]:
            now, before = found.get((payee.pk, earlier.pk), {}), told.lines(payee, earlier)
            lines += [late for name in sorted(set(now) | set(before)) if (late := _late(now.get(name), before.get(name))) is not None]
        rewards[payee.pk] = tuple(line for line in lines if line.amount)
    return rewards


def _late(now: Reward | None, before: Reward | None) -> Reward | None:
    one, told = now or before, before.amount if before else ZERO
    return None if one is None else replace(one, amount=(now.amount if now else ZERO) - told, told=told, is_late=True)


def _found(payees: Collection[int], periods: Mapping[int, Period], versions: Mapping[int, PlanVersion]) -> dict[tuple[int, int], dict[Name, Reward]]:
    """(payee, period) -> rewards as the last runs have them; seats of a payee add up."""
    found: dict[tuple[int, int], dict[Name, Reward]] = defaultdict(dict)
    rows = RunResult.objects.filter(run_to__isnull=True, period__in=periods, payee_id__in=payees, plan_version_id__in=versions)
    for payee, period, version_id, body in rows.order_by("payee_id", "seat_id").values_list("payee_id", "period_id", "plan_version_id", "body"):
        version, figures, lines = versions[version_id], body_read(body)["figures"], found[payee, period]
        for component in plan_compiled(version.digest, version.text).components:
            value = figures.get(f"pay.{component.name}")
            if not component.unit or component.hidden or value is None:
                continue
            name = (version.plan.code, component.name)
            before = lines[name].amount if name in lines else ZERO
            amount = before + Decimal(value)
            lines[name] = Reward(version.plan.code, version.plan.title, component.name, component.label, component.unit, periods[period], amount)
    return found


class _Told:
    """What approved statements of payees say of rewards, and which periods before one are closed for each of them. Four queries."""

    def __init__(self, payees: Sequence[Payee], period: Period) -> None:
        self.periods = list(Period.objects.filter(calendar_id=period.calendar_id, starts__lt=period.starts).order_by("-starts"))
        states = PeriodState.objects.filter(period__calendar_id=period.calendar_id, state__in=CLOSED)
        self.closed = set(states.values_list("pay_group", "legal_entity_id", "period_id"))
        self.frozen: set[tuple[int, int]] = set()
        self._lines: dict[tuple[int, int], dict[Name, Reward]] = defaultdict(dict)
        by_code = {p.code: p for p in self.periods}
        kept = StatementArtefact.objects.filter(statement__payee__in=payees, statement__period__calendar_id=period.calendar_id)
        for artefact in kept.select_related("statement").order_by("statement__period__starts"):
            payee = artefact.statement.payee_id
            self.frozen.add((payee, artefact.statement.period_id))
            for line in rewards_kept(artefact_read(artefact), by_code):
                lines, name = self._lines[payee, line.earning_period.pk], (line.plan_code, line.component)
                lines[name] = replace(line, amount=line.amount + (lines[name].amount if name in lines else ZERO))

    def is_closed(self, payee: Payee, period: Period) -> bool:
        """Is the period approved for the payee?"""
        return (payee.pay_group, payee.legal_entity_id, period.pk) in self.closed or (payee.pk, period.pk) in self.frozen

    def leading(self, payee: Payee) -> list[Period]:
        """The closed periods whose late changes fall into the period: those without an open one between, oldest first."""
        found = []
        for one in self.periods:
            if not self.is_closed(payee, one):
                break
            found.append(one)
        return found[::-1]

    def lines(self, payee: Payee, period: Period) -> dict[Name, Reward]:
        """What was told of a period, in its own statement and in later ones."""
        return self._lines.get((payee.pk, period.pk), {})


def rewards_kept(body: Mapping[str, Any], periods: Mapping[str, Period]) -> list[Reward]:
    """The rewards that an approved statement holds; periods: by code, those of its calendar (what belongs to others is left out)."""
    return [
        Reward(
            line["plan"], line["plan_title"], line["component"], line["label"], line["unit"], periods[line["earning_period"]], Decimal(line["amount"]),
            Decimal(line["told"]), line["late"],
        )
        for line in body.get("rewards", ())
        if line["earning_period"] in periods
    ]  # fmt: skip


def evaluated_totals(version: PlanVersion) -> list[EvaluatedTotal]:
    """Totals of the version's components that are evaluated and not paid, by period, latest first. For those who may see everybody's pay."""
    specs = [component for component in plan_compiled(version.digest, version.text).components if not component.paid or component.unit]
    if not specs:
        return []
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    who: dict[tuple[str, str], set[int]] = defaultdict(set)
    rows = RunResult.objects.filter(run_to__isnull=True, plan_version=version).order_by("-period__starts")
    for payee, code, body in rows.values_list("payee_id", "period__code", "body").iterator():
        figures = body_read(body)["figures"]
        for spec in specs:
            value = figures.get(f"pay.{spec.name}")
            if value is not None:
                sums[code, spec.name] += Decimal(value)
                who[code, spec.name].add(payee)
    periods = list(dict.fromkeys(code for code, _ in sums))
    return [
        EvaluatedTotal(spec.name, spec.label, spec.unit, spec.hidden, code, len(who[code, spec.name]), sums[code, spec.name])
        for code in periods
        for spec in specs
        if (code, spec.name) in sums
    ]
