"""What plans evaluate and do not pay in money: rewards in points or days for the payee, hidden components for administrators."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from incentives.explain import body_read
from incentives.inputs import plan_compiled
from incentives.models import PlanVersion, RunResult
from spm.calendars.models import Period


@dataclass(frozen=True)
class Reward:
    """What a payee earned in a period that is not money. unit: what it is counted in, as the plan says."""

    plan_code: str
    plan_title: str
    component: str
    label: str
    unit: str
    amount: Decimal


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


def rewards_of(payees: Collection[int], period: Period) -> dict[int, tuple[Reward, ...]]:
    """By payee; one query, one more where a plan rewards in something else than money."""
    versions = {v.pk: v for v in PlanVersion.objects.filter(canonical__contains='"unit":').exclude(state=PlanVersion.State.DRAFT).select_related("plan")}
    if not versions:
        return {}
    found: dict[int, dict[tuple[str, str], Reward]] = defaultdict(dict)
    rows = RunResult.objects.filter(run_to__isnull=True, period=period, payee_id__in=payees, plan_version_id__in=versions).order_by("payee_id", "seat_id")
    for payee, version_id, body in rows.values_list("payee_id", "plan_version_id", "body"):
        version, figures = versions[version_id], body_read(body)["figures"]
        for component in plan_compiled(version.digest, version.text).components:
            value = figures.get(f"pay.{component.name}")
            if not component.unit or component.hidden or value is None or not Decimal(value):
                continue
            key = (version.plan.code, component.name)
            before = found[payee][key].amount if key in found[payee] else Decimal(0)
            found[payee][key] = Reward(version.plan.code, version.plan.title, component.name, component.label, component.unit, before + Decimal(value))
    return {payee: tuple(rewards[key] for key in sorted(rewards)) for payee, rewards in found.items()}


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
