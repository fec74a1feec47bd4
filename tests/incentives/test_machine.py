"""A company lived through by a machine: import, change, run, approve, pay, adjust, hold, return, dispute, late data, with a crash between any two commits.

After every step: what was posted stands as it stood, what was approved stays frozen under its hash, `verify` finds nothing; and
after a crash the run that follows leaves to the byte what an undisturbed one would have left. A crash here is an error at a
commit point of the services (before it: the transaction is lost; after it: it stands, and nothing more is done); killed processes
are the business of tests/chaos. The histories are the same every time; SPM_MACHINE=100 in the environment lives that many of them.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from incentives.models import Dispute, DisputeEvent, LedgerEntry, PeriodState, Run, RunChunk, StatementArtefact
from incentives.selectors.adjusting import adjustment_places
from incentives.services import period_move, runs
from incentives.services.closing import PeriodRefused
from incentives.services.dispute_outcomes import dispute_resolve
from incentives.services.disputes import DisputeRefused, dispute_file
from incentives.services.runs import run_close, run_measure_chunk, run_open, run_settle, run_settle_plan
from incentives.verification import approved_statements, closed_periods, disputes_as_told, ledger_against_results, plan_versions, replay_of_runs
from spm.imports.readers import Source
from spm.imports.services import import_run
from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope
from tests.incentives.histories import Act, History, company, left_behind

LIVES = int(os.environ.get("SPM_MACHINE", "6"))
SALES = ["order", "split", "gone", "owner", "kpi"]
MONEY = ["paid", "returned", "hold", "lift", "adjust", "returned", "set result", "give back"]
SETUP = ["quota", "terms", "leaves", "joins", "reports", "version", "fx", "entity", "opening", "mentor"]
WHAT = ["sells", "sells", "books", "books", "sets up", "imports", "runs", "runs", "runs", "approves", "pays", "disputes", "disputes"]
ROWS = st.tuples(st.integers(0, 6), st.integers(0, 2), st.integers(1, 28), st.integers(0, 900_00))
NUMBERS: dict[str, Any] = {"one": st.integers(0, 4), "two": st.integers(0, 2), "day": st.integers(1, 28), "amount": st.integers(-300_00, 3_000_00)}
CHECKS = (ledger_against_results, closed_periods, approved_statements, plan_versions, disputes_as_told)
MAPPING = """\
import: 1
source: test
target: order
fields:
  external_id: Id
  order_date: Date
  payee: {column: Owner, source: manual}
  amount: {column: Amount, scale: 2}
  currency: {constant: USD}
"""


class Crash(BaseException):
    """The process dies here."""


@contextmanager
def dying(at: int, *, after: bool) -> Iterator[list[int]]:
    """Everything ends at the `at`-th commit from here on: before it, so that its transaction is lost, or right after it."""
    depth, seen, leave = len(connection.savepoint_ids), [0], transaction.Atomic.__exit__

    def exit_(self: Any, kind: Any, value: Any, trace: Any) -> None:
        if kind is not None or len(connection.savepoint_ids) != depth + 1:
            return leave(self, kind, value, trace)
        seen[0] += 1
        if seen[0] != at:
            return leave(self, kind, value, trace)
        end = Crash()
        leave(self, *((None, None, None) if after else (Crash, end, None)))
        raise end

    transaction.Atomic.__exit__ = exit_  # type: ignore[method-assign]
    try:
        yield seen
    finally:
        transaction.Atomic.__exit__ = leave  # type: ignore[method-assign]


def ledger_digest(upto: int) -> str:
    """Of every entry up to an id, with all that it says."""
    rows = LedgerEntry.objects.filter(pk__lte=upto).order_by("pk").values_list()
    return hashlib.sha256(repr([[bytes(v) if isinstance(v, memoryview) else v for v in row] for row in rows]).encode()).hexdigest()


class Life(RuleBasedStateMachine):
    """Lives in one tenant and takes everything back at the end."""

    tenant: Tenant
    tally: Counter[str] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.stack.enter_context(tenant_scope(self.tenant.pk))
        self.point = transaction.savepoint()
        self.ledger, self.frozen = (0, ledger_digest(0)), dict[int, str]()
        self.steps = 0

    @initialize()
    def begin(self) -> None:
        self.there: History = company(3)
        for number in range(3):
            self.there.act(Act("order", number, number, 5 + number, 1500_00))
        self.there.run()

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.point)
        self.stack.close()

    # ---- what happens

    @rule(what=st.sampled_from(WHAT), after=st.booleans(), at=st.integers(1, 12), flag=st.booleans(), data=st.data())
    def lives(self, what: str, after: bool, at: int, flag: bool, data: st.DataObject) -> None:
        """One thing happens. A single rule, so that nothing is left out for long."""
        if what in ("runs", "imports", "approves", "pays", "disputes"):
            getattr(self, what)(at=at, after=after, flag=flag, data=data)
            return
        kinds = {"sells": SALES, "books": MONEY, "sets up": SETUP}[what]
        self.change(kind=data.draw(st.sampled_from(kinds)), **{name: data.draw(values) for name, values in NUMBERS.items()})

    def change(self, **given: Any) -> None:
        self.tally[given["kind"]] += self.there.act(Act(**given))

    def imports(self, *, after: bool, data: st.DataObject, **_: Any) -> None:
        """A file comes in, dies on the way, and comes in again."""
        rows = data.draw(st.lists(ROWS, min_size=1, max_size=3, unique_by=lambda row: row[0]))
        lines = [f"{order},2024-{day % 6 + 1:02}-{day:02},{self.there.payee(who).external_id},{Decimal(cents).scaleb(-2)}" for order, who, day, cents in rows]

        def whole() -> Any:
            with transaction.atomic():
                return import_run(mapping_text=MAPPING, files=[Source("orders.csv", content="\n".join(["Id,Date,Owner,Amount", *lines]).encode())])

        self.tally["import died"] += survive(whole, at=1, after=after)
        again = whole()
        assert (again.rows_new, again.rows_changed) == (0, 0)

    def runs(self, *, at: int, after: bool, flag: bool, data: st.DataObject) -> None:
        """A run dies at one of its commits; it goes on, or another one takes its place. An undisturbed one leaves the same."""
        full, resumes = data.draw(st.booleans()), flag
        before = transaction.savepoint()
        self.calculate(full)
        undisturbed = left_behind()
        transaction.savepoint_rollback(before)
        runs.inputs_forget()
        died = False
        try:
            with dying(at, after=after):
                self.calculate(full)
        except Crash:
            died = True
            self.tally["run died"] += 1
        runs.inputs_forget()
        if died:
            left = Run.objects.order_by("-pk").first()
            assert left is not None
            goes_on = resumes and left.state == Run.State.RUNNING
            self.tally["run went on"] += goes_on
            self.calculate(full, run=left if goes_on else None)
        assert left_behind() == undisturbed
        assert not Run.objects.filter(state=Run.State.RUNNING).exists()

    def calculate(self, full: bool, run: Run | None = None) -> None:
        """As recompute does, each step in its own transaction; `run`: one that was left behind goes on."""
        tenant_id = self.tenant.pk

        def commit() -> Any:
            return tenant_scope(tenant_id)

        if run is None:
            with commit():
                run = run_open(kind=Run.Kind.MANUAL, business_date=self.there.day, is_full=full, chunk_size=2)
        for number in RunChunk.objects.filter(run=run, state=RunChunk.State.TODO).order_by("number").values_list("number", flat=True):
            run_measure_chunk(tenant_id=tenant_id, run_id=run.pk, number=number, commit=commit)
        for payees in run_settle_plan(run_id=run.pk):
            run_settle(tenant_id=tenant_id, run_id=run.pk, payees=payees, commit=commit)
        run_close(tenant_id=tenant_id, run_id=run.pk, commit=commit)

    def approves(self, *, at: int, after: bool, **_: Any) -> None:
        """The oldest month is approved; dying on the way leaves all of it or nothing."""

        def approve() -> None:
            with suppress(PeriodRefused):  # a run must have seen it, and rates must be there
                self.there.act(Act("approve", 0, 0, 1, 0))

        before = StatementArtefact.objects.count()
        self.tally["approval died"] += survive(approve, at=at % 3 + 1, after=after)
        self.tally["approved"] += StatementArtefact.objects.count() > before

    def pays(self, *, flag: bool, **_: Any) -> None:
        """An approved month is closed, a closed one paid."""
        State = PeriodState.State
        before, to = (State.APPROVED, State.CLOSED) if flag else (State.CLOSED, State.PAID)
        for row in PeriodState.objects.filter(state=before).select_related("period", "legal_entity")[:1]:
            period_move(period=row.period, pay_group=row.pay_group, legal_entity=row.legal_entity, to=to)

    def disputes(self, *, after: bool, flag: bool, data: st.DataObject, **_: Any) -> None:
        """A payee disputes, or the oldest dispute is decided; dying on the way leaves all of it or nothing, and nothing is paid twice."""
        number, month = data.draw(st.integers(0, 2)), data.draw(st.integers(1, 6))
        payee, period = self.there.payee(number), self.there.world.period(f"2024-{month:02}")
        waiting = Dispute.objects.filter(state="team").order_by("pk").first()

        def files() -> None:
            with suppress(DisputeRefused):  # nothing is disputed twice
                dispute_file(payee=payee, period=period, subject="missing", category="missing", order=f"{number}", text="It is mine", amount=Decimal(9))

        def decides() -> None:
            assert waiting is not None
            places = adjustment_places(waiting.payee, [waiting.period])[waiting.period_id]
            given = {"means": "adjustment", "place": places[0].key, "amount": Decimal(month)} if places else {}
            outcome = "partial" if places else "denied"
            with suppress(DisputeRefused):  # it was decided before the process died
                dispute_resolve(dispute=waiting, outcome=outcome, text="Looked into", **given)

        filed = Dispute.objects.count()
        if flag or waiting is None:
            self.tally["dispute died"] += survive(files, at=1, after=after)
            self.tally["disputed"] += Dispute.objects.count() > filed
        else:
            self.tally["dispute died"] += survive(decides, at=1, after=after)
            self.tally["dispute decided"] += 1
            assert Dispute.objects.get(pk=waiting.pk).state != "team"

    # ---- what always holds

    @invariant()
    def what_was_decided_is_paid_once(self) -> None:
        named = DisputeEvent.objects.filter(means="adjustment").values_list("entry_uid", flat=True)
        assert sorted(named) == sorted(LedgerEntry.objects.filter(note__startswith="Dispute ").values_list("uid", flat=True))

    @invariant()
    def what_was_posted_stands(self) -> None:
        upto, digest = self.ledger
        assert ledger_digest(upto) == digest
        upto = LedgerEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        self.ledger = upto, ledger_digest(upto)

    @invariant()
    def what_was_approved_stays(self) -> None:
        now = {row.pk: row.digest + hashlib.sha256(bytes(row.body)).hexdigest() for row in StatementArtefact.objects.all()}
        assert {key: value for key, value in now.items() if key in self.frozen} == self.frozen
        self.frozen = now

    @invariant()
    def verify_finds_nothing(self) -> None:
        self.steps += 1
        for check in (*CHECKS, *((replay_of_runs,) if self.steps % 5 == 0 else ())):
            assert list(check()) == []


def survive(act: Callable[[], Any], *, at: int, after: bool) -> bool:
    """The act dies at a commit, and is done again by whoever finds it undone. Did it die?"""
    try:
        with dying(at, after=after):
            act()
    except Crash:
        act()
        return True
    return False


@pytest.mark.django_db
def test_a_company_survives_crashes_between_any_two_commits(tenant: Tenant) -> None:
    Life.tenant, Life.tally = tenant, Counter()
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=LIVES, stateful_step_count=16, deadline=None, derandomize=True, phases=(Phase.generate,), suppress_health_check=list(HealthCheck)
        ),
    )
    # It lived through what it is for; otherwise its peace says nothing.
    for happened in (
        ("run died",),
        ("run went on",),
        ("import died",),
        ("approval died",),
        ("approved",),
        ("dispute died",),
        ("disputed",),
        ("dispute decided",),
        SALES,
        MONEY,
        SETUP,
    ):
        assert sum(Life.tally[name] for name in happened) > 0, (happened, Life.tally)


def test_control_the_crash_loses_what_was_not_committed_and_keeps_what_was(scope: Tenant) -> None:
    there = company(1)
    for after, kept in ((False, 0), (True, 1)):
        with pytest.raises(Crash), dying(1, after=after):
            there.act(Act("adjust", 0, 0, 2, 90_0000))
        assert LedgerEntry.objects.count() == kept


def test_control_a_dispute_that_moved_without_an_event_is_found(scope: Tenant) -> None:
    there = company(1)
    one = dispute_file(payee=there.payee(0), period=there.world.period("2024-01"), subject="statement", category="other", text="Too little")
    assert list(disputes_as_told()) == []
    Dispute.objects.filter(pk=one.pk).update(state="approved")
    assert list(disputes_as_told()) == ["dispute 1: it is “approved”, its last event says team"]


def test_control_an_entry_that_is_posted_twice_or_changed_is_found(scope: Tenant) -> None:
    from tests.incentives.test_verification import copy_entry

    there = company(1)
    there.act(Act("order", 0, 0, 5, 900_00))
    there.run()
    before = ledger_digest(10**12)
    assert list(ledger_against_results()) == []
    copy_entry(LedgerEntry.objects.filter(verb="earned").first(), amount=1)
    assert list(ledger_against_results()) != []
    assert ledger_digest(10**12) != before
