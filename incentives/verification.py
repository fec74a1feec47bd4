"""Checks of pay for `manage.py verify`: the ledger against the results, closed periods, frozen plans, disputes, replay of runs."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from django.db.models import F, Sum

from incentives.explain import body_hash, body_read
from incentives.finished import runs_finished
from incentives.models import EARNED_VERBS, Dispute, DisputeEvent, LedgerEntry, PeriodState, PlanVersion, Run, RunIssue, RunResult, Statement, StatementArtefact
from incentives.replay import run_replay
from incentives.selectors.artefacts import ArtefactBroken, artefact_read
from spm.audit.checks import verify_check

CLOSED = (PeriodState.State.APPROVED, PeriodState.State.CLOSED, PeriodState.State.PAID)


@verify_check("ledger against results")
def ledger_against_results() -> Iterator[str]:
    """What runs posted for a key sums to what the result in force says was earned; a key without a result sums to zero."""
    if Run.objects.filter(state=Run.State.RUNNING).exists():
        return
    posted: dict[tuple[int, int, int, str], Decimal] = {}
    rows = LedgerEntry.objects.exclude(cause="manual").filter(verb__in=EARNED_VERBS).order_by()
    keys = ("seat_id", "plan_version_id", "earning_period_id", "component", "scale")
    for seat, version, period, component, scale, amount in rows.values_list(*keys).annotate(total=Sum("amount")):
        key = (seat, version, period, component)
        posted[key] = posted.get(key, Decimal(0)) + Decimal(amount).scaleb(-scale)
    # What could not be posted (no open period) is an exception of its own, which says so.
    waiting = set(RunIssue.objects.filter(run_to__isnull=True).values_list("payee_id", flat=True))
    for result in RunResult.objects.filter(run_to__isnull=True).iterator():
        if body_hash(result.body) != bytes(result.hash):
            yield f"result {result.pk}: its hash does not fit its content"
        for component, text in body_read(result.body)["components"].items():
            have = posted.pop((result.seat_id, result.plan_version_id, result.period_id, component), Decimal(0))
            if have != Decimal(text) and result.payee_id not in waiting:
                where = f"seat {result.seat_id}, plan version {result.plan_version_id}, period {result.period_id}, {component}"
                yield f"{where}: the ledger says {have}, the result {text}"
    for (seat, version, period, component), amount in posted.items():
        if amount:
            yield f"seat {seat}, plan version {version}, period {period}, {component}: the ledger says {amount}, and there is no result"


@verify_check("closed periods")
def closed_periods() -> Iterator[str]:
    """Nothing was posted to a pay period after it had been closed for that pay group and legal entity."""
    for state in PeriodState.objects.filter(state__in=CLOSED).select_related("period"):
        late = LedgerEntry.objects.filter(
            pay_period=state.period, payee__pay_group=state.pay_group, legal_entity=state.legal_entity, posted_at__gt=state.frozen_at or state.changed_at
        ).count()
        if late:
            yield f"period {state.period.code}, pay group {state.pay_group}: {late} entries were posted after it was closed"
    backwards = LedgerEntry.objects.filter(pay_period__starts__lt=F("earning_period__starts")).count()
    if backwards:
        yield f"{backwards} entries are paid before the period in which they are earned"


@verify_check("approved statements")
def approved_statements() -> Iterator[str]:
    """Every approved statement has its artefact, whose digest fits its content, and the ledger still sums to the artefact's totals."""
    sums: dict[tuple[int, int], dict[str, Decimal]] = {}
    rows = LedgerEntry.objects.filter(pay_period__in=StatementArtefact.objects.order_by().values("statement__period")).order_by()
    for payee, period, currency, scale, total in rows.values_list("payee_id", "pay_period_id", "currency", "scale").annotate(total=Sum("amount")):
        mine = sums.setdefault((payee, period), {})
        mine[currency] = mine.get(currency, Decimal(0)) + Decimal(total).scaleb(-scale)
    for artefact in StatementArtefact.objects.select_related("statement__period").iterator():
        statement = artefact.statement
        where = f"statement {statement.uid}, period {statement.period.code}"
        try:
            kept = artefact_read(artefact)
        except ArtefactBroken as broken:
            yield f"{where}: {broken}"
            continue
        if statement.artefact_digest != artefact.digest:
            yield f"{where}: the statement does not name its artefact's digest"
        have = {c: amount for c, amount in sums.get((statement.payee_id, statement.period_id), {}).items() if amount}
        frozen = {c: Decimal(text) for c, text in kept["total"].items() if Decimal(text)}
        if have != frozen:
            yield f"{where}: the ledger says {_amounts(have)}, what was approved {_amounts(frozen)}"
    settled = Statement.objects.filter(state__in=(Statement.State.APPROVED, Statement.State.PAID))
    for uid in settled.exclude(pk__in=StatementArtefact.objects.values("statement")).values_list("uid", flat=True):
        yield f"statement {uid}: it is approved, but nothing was frozen"


def _amounts(sums: dict[str, Decimal]) -> str:
    return ", ".join(f"{amount} {currency}" for currency, amount in sorted(sums.items())) or "nothing"


@verify_check("disputes")
def disputes_as_told() -> Iterator[str]:
    """Each dispute is where its last event says, and each amount that a decision posted is in the ledger, once."""
    last = {dispute: state for dispute, state in DisputeEvent.objects.order_by("pk").values_list("dispute_id", "state")}
    for pk, number, state in Dispute.objects.order_by("pk").values_list("pk", "number", "state"):
        if last.get(pk) != state:
            yield f"dispute {number}: it is “{state}”, its last event says {last.get(pk) or 'nothing'}"
    named = list(DisputeEvent.objects.filter(entry_uid__isnull=False).order_by("pk").values_list("dispute__number", "entry_uid"))
    there = set(LedgerEntry.objects.filter(uid__in=[uid for _number, uid in named]).values_list("uid", flat=True))
    for number, uid in named:
        if uid not in there:
            yield f"dispute {number}: the entry {uid} that its decision posted is not in the ledger"
    twice = [str(uid) for uid, times in Counter(uid for _number, uid in named).items() if times > 1]
    if twice:
        yield f"entries {', '.join(twice)} belong to more than one decision"


@verify_check("plan versions")
def plan_versions() -> Iterator[str]:
    """The digest of every version is that of its canonical text."""
    for version in PlanVersion.objects.select_related("plan"):
        if hashlib.sha256(version.canonical.encode()).hexdigest() != version.digest:
            yield f"plan {version.plan.code}, version {version.number}: its digest does not fit its text"


@verify_check("replay of runs")
def replay_of_runs() -> Iterator[str]:
    """The newest run, and one from the middle of the history, computed again from their change numbers."""
    runs = list(runs_finished().filter(period=None))
    for run in dict.fromkeys([*runs[:1], *runs[len(runs) // 2 : len(runs) // 2 + 1]]):
        yield from run_replay(run)
