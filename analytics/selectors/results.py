"""Results of the last finished run as figures: what a payee measured and earned, by seat, plan version and period."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from decimal import Decimal

from incentives.engine.plan import CompiledPlan
from incentives.inputs import plan_compiled
from incentives.models import PlanVersion, Run, RunResult
from spm.calendars.models import Period


@dataclass(frozen=True)
class Result:
    """One payee-period under one plan version. figures and components: exact Decimals by name; earned in `currency`."""

    payee_id: int
    seat_id: int
    version_id: int
    period: Period
    figures: dict[str, Decimal | None]
    components: dict[str, Decimal]
    earned: Decimal
    currency: str


@dataclass(frozen=True)
class Results:
    """Results of one or many payees, and the compiled plans that they name."""

    rows: list[Result] = field(default_factory=list)
    plans: dict[int, CompiledPlan] = field(default_factory=dict)

    def of(self, payee_id: int) -> list[Result]:
        return [row for row in self.rows if row.payee_id == payee_id]


def last_run() -> Run | None:
    """The newest finished run: its time and change number are the freshness of every figure."""
    return Run.objects.filter(state=Run.State.DONE).exclude(kind=Run.Kind.REPLAY).order_by("-number").first()


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def results_load(*, payee_ids: list[int], periods: list[Period]) -> Results:
    """Results in force now of these payees in these periods. Two queries."""
    found = {p.pk: p for p in periods}
    rows = list(
        RunResult.objects.filter(run_to__isnull=True, payee_id__in=payee_ids, period_id__in=list(found)).order_by(
            "period__starts", "seat_id", "plan_version_id"
        )
    )
    versions = {v.pk: v for v in PlanVersion.objects.filter(pk__in={row.plan_version_id for row in rows}).defer("canonical")}
    plans = {pk: plan_compiled(v.digest, v.text) for pk, v in versions.items()}
    out = []
    for row in rows:
        body = json.loads(zlib.decompress(bytes(row.body)))
        out.append(
            Result(
                payee_id=row.payee_id,
                seat_id=row.seat_id,
                version_id=row.plan_version_id,
                period=found[row.period_id],
                figures={name: _decimal(value) for name, value in body["figures"].items()},
                components={name: Decimal(value) for name, value in body["components"].items()},
                earned=Decimal(row.earned).scaleb(-row.scale),
                currency=versions[row.plan_version_id].currency,
            )
        )
    return Results(out, plans)
