"""Results in force as figures: what payees measured and earned, by seat, plan version and period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from incentives.engine.plan import CompiledPlan
from incentives.explain import body_read
from incentives.inputs import plan_compiled
from incentives.models import PlanVersion, RunResult
from spm.calendars.models import Period


@dataclass(frozen=True)
class Result:
    """One payee-period under one plan version. figures and components: exact, by name (None: undefined); earned in `currency`."""

    payee_id: int
    seat_id: int
    version_id: int
    period: Period
    figures: dict[str, Decimal | None]
    components: dict[str, Decimal]
    earned: Decimal
    plan: CompiledPlan

    @property
    def currency(self) -> str:
        """In which the plan counts and pays."""
        return self.plan.currency


def results_load(*, payee_ids: Sequence[int], periods: Sequence[Period]) -> list[Result]:
    """Results in force now of these payees in these periods, in order of time, seat and plan version. Two queries."""
    found = {p.pk: p for p in periods}
    rows = list(
        RunResult.objects.filter(run_to__isnull=True, payee_id__in=payee_ids, period_id__in=list(found)).order_by(
            "period__starts", "seat_id", "plan_version_id"
        )
    )
    versions = PlanVersion.objects.filter(pk__in={row.plan_version_id for row in rows}).defer("canonical")
    plans = {v.pk: plan_compiled(v.digest, v.text) for v in versions}
    out = []
    for row in rows:
        body = body_read(row.body)
        figures = {name: None if value is None else Decimal(value) for name, value in body["figures"].items()}
        components = {name: Decimal(value) for name, value in body["components"].items()}
        earned = Decimal(row.earned).scaleb(-row.scale)
        plan = plans[row.plan_version_id]
        out.append(Result(row.payee_id, row.seat_id, row.plan_version_id, found[row.period_id], figures, components, earned, plan))
    return out
