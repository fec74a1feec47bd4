"""From measures to money: what everybody earned, compared with results and ledger; only differences are written."""

from __future__ import annotations

import hashlib
import itertools
import json
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import connection

from incentives.carried import CarriedTotals, seats_needed
from incentives.changed import CauseOf, changes_between, changes_of
from incentives.engine import exact
from incentives.engine.crossing import crosses, crossing
from incentives.engine.earn import earn
from incentives.engine.measure import totals_merge
from incentives.engine.post import post
from incentives.engine.results import EarningKey, Figure, Outcome, Totals
from incentives.engine.rounding import round_number
from incentives.inputs import RunInputs, VersionInputs
from incentives.invalidation import Again, Names, Seen
from incentives.issuewords import issue_told
from incentives.models import ChunkTotals, Run, RunChunk, RunIssue
from incentives.periods import NoOpenPeriod, PayPeriods
from incentives.totals import totals_unpack
from incentives.writers import ISSUE_COLUMNS, ledger_insert, results_insert, rows_end, rows_insert, statements_ensure
from spm.calendars.models import Period
from spm.tenancy.scope import required_tenant_id

GROUP = 500
_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode
LEDGER_SCALE = 6
"""Decimals at which posted sums of different scales are compared."""

Cell = tuple[int, int, int]
"""(seat, plan version, period)"""


_totals: dict[tuple[int, int], Totals] = {}
_causes: dict[int, CauseOf] = {}


def totals_forget() -> None:
    """Drops what this process keeps of a run's totals and causes."""
    _totals.clear()
    _causes.clear()


def version_totals(run: Run, version_id: int) -> Totals:
    """Measures of everybody under a plan version, merged from the run's chunks and those it took over; kept for the run's
    other groups."""
    if (run.pk, version_id) not in _totals:
        if any(kept != run.pk for kept, _ in _totals):
            _totals.clear()
        _totals[run.pk, version_id] = _version_totals(run, version_id)
    return _totals[run.pk, version_id]


def _version_totals(run: Run, version_id: int) -> Totals:
    wanted = set(RunChunk.objects.filter(run=run).values_list("number", "totals_of_id"))
    rows = ChunkTotals.objects.filter(plan_version_id=version_id, run_id__in={of for _, of in wanted}).order_by("number")
    return totals_merge([totals_unpack(row.body).totals for row in rows if (row.number, row.run_id) in wanted])


@dataclass
class Work:
    """What is to be written for one payee."""

    results: list[tuple[Any, ...]] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    due: dict[EarningKey, Decimal] = field(default_factory=dict)
    have: dict[EarningKey, Decimal] = field(default_factory=dict)
    scale: int = 0
    issues: list[tuple[int, int, int, str, str]] = field(default_factory=list)
    issues_ended: list[int] = field(default_factory=list)
    posts: list[tuple[Any, ...]] | None = None
    payments: list[tuple[Any, ...]] = field(default_factory=list)
    by_hand: list[tuple[Any, ...]] = field(default_factory=list)
    """What results set by hand post."""


class Settlement:
    """All differences of a run, by payee."""

    def __init__(self, run: Run, inputs: RunInputs, cause: CauseOf) -> None:
        self.run, self.inputs, self.cause = run, inputs, cause
        self.periods = PayPeriods()
        self.work: dict[int, Work] = defaultdict(Work)
        self.figures: dict[int, list[Figure]] = {}
        """Of plan versions with payment terms: amounts of draws and maxima among them."""
        self.ending: dict[tuple[int, int, int, int, str, str], int] = {}
        """Exceptions that are open and were not found again, with their rows."""

    def groups(self) -> Iterator[list[int]]:
        """Payees with something to write, ascending, some hundreds at a time."""
        payees = sorted(self.work)
        for i in range(0, len(payees), GROUP):
            yield payees[i : i + GROUP]

    def write(self, payees: list[int]) -> None:
        """Writes one group and opens statements for what it touches; needs the scope and a transaction. Posting what is there
        already is impossible by the line's key."""
        results, ended, ledger, issues, issues_ended = [], [], [], [], []
        for payee in payees:
            work = self.work[payee]
            ledger += self.posts(payee)
            ledger += work.by_hand + work.payments
            results += work.results
            ended += work.ended
            issues_ended += work.issues_ended
            issues += [(payee, *issue, self.run.pk) for issue in work.issues]
        rows_end("incentives_runresult", ended, run_id=self.run.pk)
        results_insert(results)
        ledger_insert(ledger)
        statements_ensure(itertools.chain(((row[0], row[3]) for row in results), ((row[0], row[5]) for row in ledger)))
        rows_end("incentives_runissue", issues_ended, run_id=self.run.pk)
        rows_insert("incentives_runissue", ISSUE_COLUMNS, issues, uid=True)

    def issue_keep(self, payee: int, issue: tuple[int, int, int, str, str]) -> None:
        """A named exception (seat, plan version, period, component, told text) that a later stage finds; one that is open stays as it is."""
        work, (seat, version, period, component, text) = self.work[payee], issue
        row = self.ending.pop((payee, seat, version, period, component, text), None)
        if row is not None:
            work.issues_ended.remove(row)
        elif issue not in work.issues:
            work.issues.append(issue)

    def posts(self, payee: int) -> list[tuple[Any, ...]]:
        """The ledger rows of what the payee earned, in the order of LEDGER_COLUMNS; made once."""
        work = self.work[payee]
        if work.posts is None:
            work.posts = self._posts(payee, work)
        return work.posts

    def _posts(self, payee: int, work: Work) -> list[tuple[Any, ...]]:
        if not work.due and not work.have:
            return []
        group = self.inputs.payees[payee]
        try:
            posts = post(
                earned=work.due, posted=work.have, pay_period=partial(self.periods.pay_period, payee, group), scale=work.scale,
                cause=lambda key: self.cause(key.assignment, key.plan_version),
            )  # fmt: skip
        except NoOpenPeriod as error:
            key = next(iter({**work.due, **work.have}))
            work.issues.append((key.assignment, key.plan_version, key.earning_period, key.component, error.told))
            return []
        found = []
        for item in posts:
            key = item.key
            text = f"{key.assignment}/{key.plan_version}/{key.component}/{key.earning_period}/{key.currency}"
            line_key = hashlib.blake2b(text.encode(), digest_size=16).digest()
            found.append(
                (payee, key.assignment, key.plan_version, key.component, key.earning_period, item.pay_period, key.currency, int(key.legal_entity),
                 item.verb, item.amount, item.scale, item.cause, self.run.pk, line_key, "")
            )  # fmt: skip
        return found


def settle_payees(run: Run, inputs: RunInputs) -> list[int]:
    """Whose pay may differ from what is posted, ascending: everybody in a full run and when a period has begun since the last
    one; else those whom events name (incentives.invalidation), all managers above them, and everybody whom a plan compares with them."""
    if run.payee_id is not None:
        return [run.payee_id] if run.payee_id in inputs.payees else []
    base = run.base if run.base_id else None
    if run.is_full or base is None or _begun(run) != set(Period.objects.filter(starts__lte=base.business_date).values_list("pk", flat=True)):
        return sorted(inputs.payees)
    changes = changes_of(run)
    payees, positions, named = (changes.named(kind, pay=Again.NAMED, seen=Seen.CHANGES) for kind in (Names.PAYEE, Names.POSITION, Names.SEAT))
    todo = [seat for seat, (payee, position) in inputs.seats.items() if payee in payees or position in positions or seat in named]
    above: dict[int, set[int]] = defaultdict(set)
    for line in inputs.reporting:
        above[line.assignment].add(line.manager)
    for relation in inputs.relations:
        above[relation.assignment].add(relation.related)
    seats = set(todo)
    while todo:
        fresh = above[todo.pop()] - seats
        seats |= fresh
        todo += fresh
    for version in inputs.versions:
        if version.compiled.peers and not seats.isdisjoint(version.paid):
            seats |= version.paid  # a place or a pool depends on everybody who competes
    # What is in the books is his own alone: nobody above him earns on it.
    return sorted({inputs.seats[seat][0] for seat in seats} | (changes.named(Names.PAYEE, pay=Again.NAMED, seen=Seen.LEDGER) & inputs.payees.keys()))


def _begun(run: Run) -> set[int]:
    if run.period_id is not None:
        return {run.period_id}
    return set(Period.objects.filter(starts__lte=run.business_date).values_list("pk", flat=True))


def _cause(run: Run, inputs: RunInputs) -> CauseOf:
    """Who names the causes of a run's differences; kept for the run's other groups, because what is published in its window stays so."""
    if run.pk not in _causes:
        base = run.base if run.base_id else None
        changes = changes_between(after=base.known_number, upto=run.known_number) if base else None
        _causes.clear()
        positions, engine = {a.id: a.position for a in inputs.assignments}, base is not None and base.engine_version != run.engine_version
        payees = {a.id: a.payee for a in inputs.assignments}
        _causes[run.pk] = CauseOf(changes, positions, engine, (base.known_number if base else 0, run.known_number), payees)
    return _causes[run.pk]


def settle_group(run: Run, inputs: RunInputs, payees: list[int]) -> Settlement:
    """Computes what is to be written for some payees. Reads in the caller's scope, writes nothing."""
    settlement = Settlement(run, inputs, _cause(run, inputs))
    begun = _begun(run)
    current = _current_results(begun, payees)
    posted = _posted(begun, payees)
    open_issues = {
        (r.payee_id, r.seat_id, r.plan_version_id, r.period_id, r.component, r.problem): r.pk
        for r in RunIssue.objects.filter(run_to__isnull=True, period_id__in=begun, payee_id__in=payees)
    }
    wanted = set(payees)
    carried = CarriedTotals(inputs.versions, lambda version: version_totals(run, version.id))
    for version in inputs.versions:
        seats = [seat for seat in sorted(version.paid) if inputs.seats[seat][0] in wanted]
        if seats:
            _settle_version(settlement, run, version, carried.of(version, seats), seats, begun, current, posted, open_issues)
    for row, payee, _ in current.values():
        settlement.work[payee].ended.append(row)
    for key, (payee, amount, scale, entity) in posted.items():
        if amount:
            seat, version_id, component, period, currency = key
            _have(settlement.work[payee], EarningKey(payee, seat, version_id, component, period, currency, entity), amount, scale)
    settlement.ending = open_issues
    for issue, row in open_issues.items():
        settlement.work[issue[0]].issues_ended.append(row)
    return settlement


def outcome_for(version: VersionInputs, totals: Totals, seats: list[int]) -> Outcome:
    """What these seats earned. What a plan takes from others (the team's commission, places among peers, pools) is computed first,
    for as many as it needs."""
    prepared = version.prepared
    if not crosses(prepared):
        return earn(prepared, totals, seats)
    return earn(prepared, totals, seats, team_pay=crossing(prepared, totals, seats_needed(version, seats)))


def _have(work: Work, key: EarningKey, amount: int, scale: int) -> None:
    work.have[key] = Decimal(amount).scaleb(-LEDGER_SCALE)
    work.scale = max(work.scale, scale)


def _settle_version(
    settlement: Settlement, run: Run, version: VersionInputs, totals: Totals, seats: list[int], begun: set[int],
    current: dict[Cell, tuple[int, int, bytes]], posted: dict[tuple[int, int, str, int, str], tuple[int, int, int, str]], open_issues: dict[Any, int],
) -> None:  # fmt: skip
    plan = version.compiled
    outcome = outcome_for(version, totals, seats)
    if plan.terms.walks:
        settlement.figures[version.id] = [figure for figure in outcome.figures if figure.assignment in version.paid]
    places = {component.name: component.rounding.places for component in plan.components}
    for earning in outcome.earnings:
        if earning.period not in begun or earning.assignment not in version.paid:
            continue
        currency = earning.currency or plan.currency
        key = (earning.assignment, version.id, earning.component, earning.period, currency)
        have = posted.pop(key, None)
        amount = int(earning.amount.scaleb(LEDGER_SCALE))
        if amount == (have[1] if have else 0):
            continue
        work = settlement.work[earning.payee]
        entity = have[3] if have else str(settlement.inputs.payees[earning.payee].legal_entity)
        full = EarningKey(earning.payee, earning.assignment, version.id, earning.component, earning.period, currency, entity)
        work.due[full] = earning.amount
        work.scale = max(work.scale, places[earning.component])
        if have:
            _have(work, full, have[1], have[2])
    widest = max(places.values())
    for (seat, period), cell in result_cells(version, outcome, begun).items():
        text = cell.text
        digest = hashlib.sha256(text).digest()
        before = current.pop((seat, version.id, period), None)
        if before is not None and before[2] == digest:
            continue
        work = settlement.work[cell.payee]
        if before is not None:
            work.ended.append(before[0])
        earned = int(cell.earned.scaleb(widest))
        work.results.append((cell.payee, seat, version.id, period, cell.attainment, earned, widest, body_packed(text), digest, run.pk))
    for issue in outcome.issues:
        if issue.period in begun and issue.assignment in version.paid:
            row = (issue.payee, issue.assignment, version.id, issue.period, issue.component, issue_told(issue.cause))
            if open_issues.pop(row, None) is None:
                settlement.work[issue.payee].issues.append(row[1:])


@dataclass
class ResultCell:
    """What a RunResult keeps of one seat and period."""

    payee: int
    components: dict[str, str] = field(default_factory=dict)
    figures: dict[str, str | None] = field(default_factory=dict)
    earned: Decimal = Decimal(0)
    attainment: Decimal | None = None

    @property
    def text(self) -> bytes:
        """Canonical JSON of components and figures: what is hashed and kept."""
        return _CANONICAL({"components": self.components, "figures": self.figures}).encode()


def body_packed(text: bytes) -> bytes:
    """A result's text, compressed; a small window, because the default one costs ten times what the text does."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 12, 5)
    return packer.compress(text) + packer.flush()


def result_cells(version: VersionInputs, outcome: Outcome, begun: set[int]) -> dict[tuple[int, int], ResultCell]:
    """By (seat, period): figures and earnings of those under the version, for periods that have begun."""
    attained = version.compiled.attainments[0].name if version.compiled.attainments else None
    cells: dict[tuple[int, int], ResultCell] = {}
    for figure in outcome.figures:
        if figure.period not in begun or figure.assignment not in version.paid:
            continue
        cell = cells.get((figure.assignment, figure.period))
        if cell is None:
            cell = cells[figure.assignment, figure.period] = ResultCell(figure.payee)
        cell.figures[figure.name] = None if figure.value is None else exact.text(figure.value)
        if figure.name == attained and figure.value is not None:
            cell.attainment = round_number(figure.value, 12, "half_even")
    for earning in outcome.earnings:
        if earning.period not in begun or earning.assignment not in version.paid:
            continue
        cell = cells.get((earning.assignment, earning.period))
        if cell is None:
            cell = cells[earning.assignment, earning.period] = ResultCell(earning.payee)
        if earning.currency:  # of a plan that earns apart; the cell's sum is in the plan's own currency
            cell.components[f"{earning.component}@{earning.currency}"] = exact.text(earning.amount)
            continue
        cell.components[earning.component] = exact.text(earning.amount)
        cell.earned += earning.amount
    return cells


def _current_results(begun: set[int], payees: list[int]) -> dict[Cell, tuple[int, int, bytes]]:
    with connection.cursor() as cursor:
        cursor.execute(
            # Payee by payee, each by index: in a tenant's first run the statistics know nothing yet, and one condition over all payees
            # is answered by reading all that the run has written so far, group after group. (Written with coalesce, so that the indexes
            # of what is in force, which do not begin with the payee, are no choice.)
            "SELECT r.* FROM unnest(%s::bigint[]) AS who (id) CROSS JOIN LATERAL ("
            "SELECT seat_id, plan_version_id, period_id, id, payee_id, hash FROM incentives_runresult "
            "WHERE tenant_id = %s AND coalesce(run_to_id, 0) = 0 AND period_id = ANY(%s) AND payee_id = who.id OFFSET 0) r",
            [payees, required_tenant_id(), list(begun)],
        )
        return {(seat, version, period): (row, payee, bytes(digest)) for seat, version, period, row, payee, digest in cursor.fetchall()}


def _posted(begun: set[int], payees: list[int]) -> dict[tuple[int, int, str, int, str], tuple[int, int, int, str]]:
    """(seat, version, component, earning period, currency) -> (payee, sum at LEDGER_SCALE, scale, legal entity) of what runs posted."""
    with connection.cursor() as cursor:
        cursor.execute(
            # Payee by payee, as above.
            "SELECT l.* FROM unnest(%s::bigint[]) AS who (id) CROSS JOIN LATERAL ("
            "SELECT seat_id, plan_version_id, component, earning_period_id, currency, payee_id, sum(amount * (10 ^ (6 - scale))::bigint)::bigint, "
            "max(scale), max(legal_entity_id) FROM incentives_ledgerentry "
            "WHERE tenant_id = %s AND earning_period_id = ANY(%s) AND payee_id = who.id AND cause <> 'manual' AND verb IN ('earned', 'adjusted', 'reversed') "
            "GROUP BY 1, 2, 3, 4, 5, 6) l",
            [payees, required_tenant_id(), list(begun)],
        )
        return {tuple(row[:5]): (row[5], int(row[6]), row[7], str(row[8])) for row in cursor.fetchall()}  # type: ignore[misc]
