"""Reads of runs: the last one, what it posted, what it changed against the one before, how fresh the figures are."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet, Sum
from django.db.models.functions import Abs

from incentives.explain import body_read
from incentives.finished import runs_finished
from incentives.inputs import plan_compiled
from incentives.models import EARNED_VERBS, LedgerEntry, PlanVersion, Run, RunResult
from incentives.selectors.payments import payment_label
from spm.tenancy.changes import known_number


@dataclass(frozen=True)
class Freshness:
    """When the figures were computed, and whether something was recorded since."""

    run: Run | None
    computed_at: dt.datetime | None
    known_number: int
    changes_since: int
    """Change sets published since the run: 0 says that it is all in."""


@dataclass(frozen=True)
class DiffLine:
    """One posting of a run. before and after are what was earned in all, and for entries of payment (held, drawn ...) None; amount is
    what was posted, exact, in `currency`."""

    payee_id: int
    payee_name: str
    seat_id: int
    plan_version_id: int
    component: str
    label: str
    verb: str
    period_id: int
    period_code: str
    currency: str
    before: Decimal | None
    after: Decimal | None
    cause: str
    cause_label: str
    pay_period_code: str
    amount: Decimal

    @property
    def delta(self) -> Decimal | None:
        """after - before."""
        return None if self.after is None or self.before is None else self.after - self.before


@dataclass(frozen=True)
class RunDiff:
    """What a run changed: postings one by one (largest first, at most `limit`), and totals over all of them."""

    run: Run
    base: Run | None
    lines: tuple[DiffLine, ...]
    postings: int
    totals: dict[str, Decimal]
    """By currency."""
    by_cause: dict[str, Decimal]
    payees: int
    results_changed: int


def last_run(payee_id: int | None = None) -> Run | None:
    """The newest run that ended well: for everybody, or where a payee is given also for him alone."""
    return runs_finished(payee_id).first()


def run_list(*, limit: int = 50) -> QuerySet[Run]:
    """Runs, newest first."""
    return Run.objects.select_related("base", "period").order_by("-number")[:limit]


def freshness(payee_id: int | None = None) -> Freshness:
    """Two queries. payee_id: of his figures alone."""
    run, now = last_run(payee_id), known_number()
    return Freshness(run, run.finished_at if run else None, run.known_number if run else 0, now - run.known_number if run else now)


def run_diff(run: Run, *, limit: int = 200) -> RunDiff:
    """What the run changed against the one before. Ten queries, whatever its size."""
    posts = LedgerEntry.objects.filter(run=run)
    totals: dict[str, Decimal] = {}
    by_cause: dict[str, Decimal] = {}
    for currency, cause, scale, amount in posts.order_by().values_list("currency", "cause", "scale").annotate(amount=Sum("amount")):
        value = Decimal(amount).scaleb(-scale)
        totals[currency] = totals.get(currency, Decimal(0)) + value
        by_cause[cause] = by_cause.get(cause, Decimal(0)) + value
    rows = list(posts.select_related("earning_period", "pay_period", "payee__detail").order_by(Abs("amount").desc(), "pk")[:limit])
    now = _bodies(rows, run_from=run)
    was = _bodies(rows, run_to=run)
    versions = PlanVersion.objects.filter(pk__in={row.plan_version_id for row in rows})
    plans = {v.pk: plan_compiled(v.digest, v.text) for v in versions}
    lines = []
    for row in rows:
        key, is_earned = (row.seat_id, row.plan_version_id, row.earning_period_id), row.verb in EARNED_VERBS
        label = payment_label(row.component, plans[row.plan_version_id])
        before, after = (_earned(bodies, key, row.component) if is_earned else None for bodies in (was, now))
        lines.append(
            DiffLine(
                row.payee_id, row.payee.detail.display_name, row.seat_id, row.plan_version_id, row.component,
                label if is_earned else f"{label}: {str(row.get_verb_display()).lower()}", row.verb, row.earning_period_id, row.earning_period.code,
                row.currency, before, after, row.cause, str(row.get_cause_display()), row.pay_period.code, Decimal(row.amount).scaleb(-row.scale),
            )
        )  # fmt: skip
    payees = posts.order_by().values("payee_id").distinct().count()
    return RunDiff(run, run.base, tuple(lines), posts.count(), totals, by_cause, payees, RunResult.objects.filter(run_from=run).count())


def _earned(bodies: dict[tuple[int, int, int], dict[str, str]], key: tuple[int, int, int], component: str) -> Decimal:
    return Decimal(bodies.get(key, {}).get(component, "0"))


def _bodies(rows: list[LedgerEntry], **filters: Run) -> dict[tuple[int, int, int], dict[str, str]]:
    found = RunResult.objects.filter(**filters, seat_id__in={row.seat_id for row in rows}, period_id__in={row.earning_period_id for row in rows})
    return {(r.seat_id, r.plan_version_id, r.period_id): body_read(r.body)["components"] for r in found}
