"""Disputes through the services: who answers as of the day, what each step needs, and how a decision reaches pay without touching what is posted."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.db import DatabaseError, transaction
from hypothesis import given
from hypothesis import strategies as st

from incentives.disputes import KINDS, WORKING_DAYS, due_on, file_kind, file_name
from incentives.models import Dispute, DisputeEvent, DisputeFile, Hold, LedgerEntry
from incentives.selectors import statement_get
from incentives.selectors.adjusting import adjustment_places
from incentives.selectors.dispute_rules import disputes_visible
from incentives.selectors.disputes import dispute_events, record_shown
from incentives.services import hold_place, recompute
from incentives.services.adjustments import AdjustmentRefused
from incentives.services.dispute_outcomes import dispute_resolve
from incentives.services.disputes import DisputeRefused, Upload, dispute_comment, dispute_escalate, dispute_file, dispute_pass, dispute_withdraw
from spm.access.models import Membership, Role
from spm.access.selectors import membership_for
from spm.audit.models import AuditEntry
from spm.calendars.models import Period
from spm.people.models import Payee, Position
from spm.people.services.erasure import person_erase
from spm.people.services.organisation import reporting_line_set
from spm.sales.models import Order
from tests.support.desks import TODAY, Desk, desk_build, order_move
from tests.support.factories import make_member, make_position, make_user, seat_payee

PDF = Upload("letter.pdf", b"%PDF-1.7 ...")


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The company's day, which a test may move."""
    day = [TODAY]
    monkeypatch.setattr("incentives.selectors.dispute_rules.tenant_date", lambda **_: day[0])
    return day


@pytest.fixture
def desk(scope: Any, today: Any) -> Desk:
    return desk_build(scope)


def member(desk: Desk, payee: Payee | None, *roles: Role) -> Membership:
    user = make_user()
    make_member(user, *roles, payee=payee)
    found = membership_for(user=user, tenant=desk.tenant)
    assert found is not None
    return found


def period(code: str = "2026-02") -> Period:
    return Period.objects.get(code=code)


def file(desk: Desk, **values: Any) -> Dispute:
    given = {"subject": "amount", "component": "commission", "category": "pay_rate", "text": "My rate is 7 per cent", "amount": Decimal("120.50")}
    return dispute_file(**{"payee": desk.rep, "period": period(), **given, **values})


def place(desk: Desk) -> str:
    return next(p.key for p in adjustment_places(desk.rep, [period()])[period().pk] if p.component == "commission")


# ---- who answers, and by when


def test_it_goes_to_the_manager_as_of_the_day_and_without_one_to_the_team(desk: Desk) -> None:
    assert file(desk).state == "team", "nobody above the payee can sign in"
    boss = member(desk, desk.manager, Role.MANAGER)
    filed = file(desk, subject="statement", component="")
    assert (filed.state, filed.manager, filed.routed_on, filed.due_on) == ("manager", desk.manager, TODAY, dt.date(2026, 2, 18))
    lead = make_position("LEAD2")
    seat_payee(desk.other, lead)
    new = member(desk, desk.other, Role.MANAGER)
    reporting_line_set(position=Position.objects.get(code="R1"), manager=lead, start=dt.date(2026, 2, 10))
    january = file(desk, subject="statement", component="", period=period("2026-01"))
    later = file(desk, subject="missing", order="Acme of the ninth", component="")
    assert (january.manager, later.manager) == (desk.manager, desk.other)
    assert set(disputes_visible(new)) == {Dispute.objects.get(state="team"), filed, later}, "from the tenth on he is the manager"
    assert set(disputes_visible(boss)) == {january}
    assert set(disputes_visible(member(desk, desk.other, Role.REP))) == set()
    assert disputes_visible(member(desk, None, Role.AUDITOR)).count() == 4


@given(st.dates(dt.date(2020, 1, 1), dt.date(2030, 1, 1)), st.sampled_from(sorted(WORKING_DAYS)))
def test_a_due_day_is_a_working_day_with_as_many_working_days_before_it(since: dt.date, state: str) -> None:
    due = due_on(state, since)
    assert due is not None
    between = [since + dt.timedelta(days=n) for n in range(1, (due - since).days + 1)]
    assert due.weekday() < 5
    assert sum(day.weekday() < 5 for day in between) == WORKING_DAYS[state]
    assert due_on("denied", since) is None


def test_an_answer_that_is_late_may_be_escalated_and_one_that_is_not_may_not(desk: Desk, today: Any) -> None:
    rep, boss = member(desk, desk.rep, Role.REP), member(desk, desk.manager, Role.MANAGER)
    filed = file(desk, by=rep)
    with pytest.raises(DisputeRefused, match="due by 2026-02-18"):
        dispute_escalate(dispute=filed, text="No answer", by=rep)
    today[0] = dt.date(2026, 2, 19)
    with pytest.raises(DisputeRefused, match="Only who filed"):
        dispute_escalate(dispute=filed, text="No answer", by=boss)
    dispute_escalate(dispute=filed, text="No answer", by=rep)
    assert (Dispute.objects.get().state, Dispute.objects.get().due_on) == ("escalated", dt.date(2026, 2, 26))


# ---- filing


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"text": " "}, "Say what is wrong"),
    ({"component": ""}, "Name the component"),
    ({"component": "nothing"}, "No plan pays this component"),
    ({"subject": "missing", "order": ""}, "Name the deal that you miss"),
    ({"subject": "line", "order": "crm:S4"}, "not among the lines"),  # another rep's deal
    ({"subject": "line", "order": "crm:S999"}, "not among the lines"),  # no deal at all: the same words
    ({"amount": Decimal("1.001")}, "2 decimals"),
    ({"amount": Decimal(0)}, "other than zero"),
    ({"period": "2026-03"}, "has not begun"),
    ({"files": [Upload("run.exe", b"MZ")]}, "not a file that can be added"),
    ({"files": [Upload("scan.pdf", b"MZ")]}, "not what its name says"),
    ({"files": [Upload("big.pdf", b"%PDF-" + b"x" * 5 * 1024 * 1024)]}, "larger than 5 MB"),
    ({"files": [PDF] * 4}, "3 files at most"),
]


def test_what_is_not_a_dispute_is_refused_with_what_to_do(desk: Desk) -> None:
    for values, why in REFUSED:
        with pytest.raises(DisputeRefused, match=why):
            file(desk, **{**values, **({"period": period(values["period"])} if "period" in values else {})})
    assert not Dispute.objects.exists()


def test_everybody_disputes_his_own_pay_and_a_thing_once(desk: Desk) -> None:
    with pytest.raises(DisputeRefused, match="own pay alone"):
        file(desk, by=member(desk, desk.other, Role.REP))
    rep = member(desk, desk.rep, Role.REP)
    first = file(desk, by=rep, subject="line", order="crm:S2", files=[PDF])
    assert (first.order, first.line, first.order_text) == (Order.objects.get(external_id="S2"), "crm:S2", "S2")
    assert DisputeFile.objects.get().media_type == "application/pdf"
    with pytest.raises(DisputeRefused, match="disputed already: dispute 1"):
        file(desk, by=rep, subject="line", order="crm:S2")
    dispute_withdraw(dispute=first, by=rep)
    assert file(desk, by=rep, subject="line", order="crm:S2").number == 2


def test_a_missing_deal_is_known_to_the_team_and_not_to_who_guessed_its_number(desk: Desk) -> None:
    known = file(desk, subject="missing", order="S4", component="")
    assert (known.order_text, known.line) == ("S4", "")
    shown = record_shown(known)
    assert shown is not None
    assert (shown.number, shown.owner) == ("S4", "Ben Rep")
    assert record_shown(file(desk, subject="missing", order="Acme, ninth of February", component="")) is None


def test_the_mail_goes_to_who_has_to_answer_and_names_no_amount(desk: Desk, django_capture_on_commit_callbacks: Any) -> None:
    rep, boss = member(desk, desk.rep, Role.REP), member(desk, desk.manager, Role.MANAGER)
    admin = member(desk, None, Role.COMP_ADMIN)
    with django_capture_on_commit_callbacks(execute=True):
        filed = file(desk, by=rep, base_url="https://spm.example/")
    with django_capture_on_commit_callbacks(execute=True):
        dispute_pass(dispute=filed, text="He is right", by=boss, base_url="https://spm.example/")
    assert [m.to for m in mail.outbox] == [[boss.user.email], [rep.user.email], [admin.user.email]]
    assert f"https://spm.example/t/acme/disputes/{filed.uid}/" in mail.outbox[0].body
    assert not any("120" in m.body or "right" in m.body for m in mail.outbox)


# ---- the way to a decision


def test_the_manager_passes_on_and_the_team_decides_in_part_with_an_adjustment(desk: Desk) -> None:
    rep, boss, admin = (member(desk, desk.rep, Role.REP), member(desk, desk.manager, Role.MANAGER), member(desk, None, Role.COMP_ADMIN))
    before, told = list(LedgerEntry.objects.order_by("pk").values_list()), statement_get(desk.rep, period()).total["USD"]
    filed = file(desk, by=rep)
    with pytest.raises(DisputeRefused, match="Pass it on"):
        dispute_resolve(dispute=filed, outcome="denied", text="No", by=admin)
    for nobody in (rep, member(desk, desk.other, Role.MANAGER)):
        with pytest.raises(DisputeRefused) as refused:
            dispute_pass(dispute=filed, text="Do it", by=nobody)
        assert refused.value.code == "forbidden"
    dispute_pass(dispute=filed, text="He is right", by=boss)
    values = {"dispute": filed, "means": "adjustment", "place": place(desk), "text": "Half of it", "by": admin}
    with pytest.raises(DisputeRefused, match="all that was claimed"):
        dispute_resolve(outcome="partial", amount=Decimal("120.50"), **values)
    with pytest.raises(DisputeRefused, match="less than was claimed"):
        dispute_resolve(outcome="approved", amount=Decimal("60.25"), **values)
    with pytest.raises(AdjustmentRefused):
        dispute_resolve(outcome="partial", amount=Decimal("60.255"), **values)
    dispute_resolve(outcome="partial", amount=Decimal("60.25"), **values)
    with pytest.raises(DisputeRefused, match="by now"):
        dispute_resolve(outcome="partial", amount=Decimal("60.25"), **values)
    view = statement_get(desk.rep, period())
    assert view.total["USD"] == told + Decimal("60.25")
    assert [a.note for a in view.adjustments] == ["Dispute 1: Half of it"]
    assert list(LedgerEntry.objects.order_by("pk").values_list())[: len(before)] == before
    steps = dispute_events(Dispute.objects.get())
    assert [s.event.state for s in steps] == ["manager", "team", "partial"]
    linked = steps[-1].linked
    assert linked is not None
    assert (linked.amount, linked.paid_in, linked.entry_uid) == (Decimal("60.25"), period(), str(LedgerEntry.objects.get(cause="manual").uid))
    actions = [action for action in AuditEntry.objects.order_by("sequence").values_list("action", flat=True) if action.startswith("dispute.")]
    assert actions == ["dispute.file", "dispute.pass", "dispute.resolve"]


def test_a_result_set_by_hand_and_a_hold_that_is_lifted_reach_pay_by_the_next_run(desk: Desk) -> None:
    line = file(desk, subject="line", order="crm:S2")
    event = dispute_resolve(dispute=line, outcome="approved", means="result", amount=Decimal("4000"), text="As agreed")
    assert event.result is not None
    calculated = Decimal(event.result.calculated or 0).scaleb(-event.result.amount_scale)
    hold = hold_place(order=Order.objects.get(external_id="S3"), reason="Unsigned")
    recompute(business_date=TODAY)
    held = file(desk, subject="line", order="crm:S3")
    with pytest.raises(DisputeRefused, match="Choose a hold"):
        dispute_resolve(dispute=held, outcome="approved", means="release", text="Signed")
    dispute_resolve(dispute=held, outcome="approved", means="release", hold=hold, text="Signed")
    assert Hold.objects.get().lifted_in is not None
    recompute(business_date=TODAY)
    [shown] = [s.linked for s in dispute_events(line) if s.linked]
    assert (shown.amount, shown.before) == (Decimal("4000"), calculated)
    by_hand = LedgerEntry.objects.filter(payee=desk.rep, cause="manual", run__isnull=False)
    assert sum(Decimal(e.amount).scaleb(-e.scale) for e in by_hand) == Decimal("4000") - calculated


def test_a_corrected_record_is_one_that_changed_after_the_dispute(desk: Desk) -> None:
    missing = file(desk, subject="missing", order="S4", component="", amount=None)
    with pytest.raises(DisputeRefused, match="No later change"):
        dispute_resolve(dispute=missing, outcome="approved", means="correction", text="Mended")
    with pytest.raises(DisputeRefused, match="was known before"):
        dispute_resolve(dispute=missing, outcome="approved", means="correction", change_number=1, text="Mended")
    order_move("S4", desk.rep)
    event = dispute_resolve(dispute=missing, outcome="approved", means="correction", text="Mended")
    assert event.change_number is not None
    before = statement_get(desk.rep, period()).total["USD"]
    recompute(business_date=TODAY)
    assert sum(v.total.get("USD", 0) for v in (statement_get(desk.rep, period(c)) for c in ("2026-01", "2026-02"))) > before


def test_a_denied_one_is_decided_again_once_and_by_somebody_else(desk: Desk) -> None:
    rep, first, second = (member(desk, desk.rep, Role.REP), member(desk, None, Role.COMP_ADMIN), member(desk, None, Role.COMP_ADMIN))
    filed = file(desk, by=rep)
    with pytest.raises(DisputeRefused, match="changes no pay"):
        dispute_resolve(dispute=filed, outcome="denied", means="correction", text="No", by=first)
    dispute_resolve(dispute=filed, outcome="denied", text="No", by=first)
    dispute_escalate(dispute=filed, text="Look at the letter", by=rep)
    with pytest.raises(DisputeRefused, match="somebody else"):
        dispute_resolve(dispute=filed, outcome="denied", text="No", by=first)
    dispute_resolve(dispute=filed, outcome="denied", text="No again", by=second)
    with pytest.raises(DisputeRefused, match="second decision stands"):
        dispute_escalate(dispute=filed, text="And again", by=rep)


def test_nobody_decides_about_his_own_pay(desk: Desk) -> None:
    both = member(desk, desk.rep, Role.COMP_ADMIN, Role.REP)
    filed = file(desk, by=both)
    with pytest.raises(DisputeRefused, match="his own pay"):
        dispute_resolve(dispute=filed, outcome="approved", means="adjustment", place=place(desk), amount=Decimal(200), text="Yes", by=both)


# ---- what stays, and what goes


def test_the_history_only_grows(desk: Desk) -> None:
    filed = file(desk, files=[PDF])
    for row, values in ((filed, {"amount": 1}), (filed.events.get(), {"state": "approved"}), (DisputeFile.objects.get(), {"digest": "0"})):
        with pytest.raises(DatabaseError, match=r"only grows|permission denied"), transaction.atomic():
            type(row).objects.filter(pk=row.pk).update(**values)
    with pytest.raises(DatabaseError, match=r"only grows|permission denied"), transaction.atomic():
        DisputeEvent.objects.all()._raw_delete("default")


def test_when_the_payee_is_erased_his_words_and_files_go_and_the_decision_stays(desk: Desk) -> None:
    filed = file(desk, files=[PDF], subject="missing", order="Acme", component="")
    dispute_comment(dispute=filed, text="Ava Rep asked again")
    dispute_resolve(dispute=filed, outcome="denied", text="Not hers")
    other = file(desk, payee=desk.other, text="Ava Rep got what is mine", subject="statement", component="")
    kept = file(desk, payee=desk.other, text="Too little")
    person_erase(payee=desk.rep, actor_id=None, reason="asked")
    filed.refresh_from_db()
    assert (filed.text, filed.order_text, filed.state) == ("", "", "denied")
    assert [e.text for e in filed.events.all()] == ["", "", ""]
    assert bytes(DisputeFile.objects.get().content) == b""
    assert (Dispute.objects.get(pk=other.pk).text, Dispute.objects.get(pk=kept.pk).text) == ("", "Too little")


@given(st.text(max_size=300))
def test_a_file_name_is_short_and_steers_nothing(name: str) -> None:
    clean = file_name(name)
    assert len(clean) <= 120
    assert clean.isprintable()
    assert not set(clean) & set('"<>/\\')


@pytest.mark.parametrize("ending", sorted(KINDS))
def test_a_program_is_no_file_of_any_kind(ending: str) -> None:
    assert file_kind(f"a.{ending}", b"MZ\x90\x00") is None
    assert file_kind("a.html", b"<script>") is None
