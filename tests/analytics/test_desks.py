"""The desks of rep, manager and admin show what the ledger holds, to whom it may be shown, and explain it to the cent."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from analytics.selectors.periods import period_choose
from analytics.selectors.scorecard import scorecard
from analytics.selectors.team import team
from incentives.models import LedgerEntry, Plan, PlanVersion, Run
from incentives.selectors import component_traces, line_traces, scorecard_get, statement_get, team_heat_map
from incentives.services.ledger import adjustment_post, period_state_set
from incentives.services.plans import seat_enrol
from incentives.services.runs import recompute
from spm.access.models import Role
from spm.access.selectors import membership_for
from spm.people.models import LegalEntity, Seat
from spm.tenancy.changes import change
from tests.support.desks import TODAY, Desk, desk_build, order_move, order_write
from tests.support.factories import make_position, seat_payee


@pytest.fixture
def desk(scope) -> Desk:
    return desk_build(scope)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages stand on the day of the computed quarter: the clock is read in one place."""
    monkeypatch.setattr("analytics.pages.common.today_of", lambda request: TODAY)
    for page in ("scorecard", "team"):
        monkeypatch.setattr(f"analytics.pages.{page}.today_of", lambda request: TODAY)


def february():
    return period_choose(code="2026-02", today=TODAY)


def test_the_scorecard_shows_attainment_gap_and_what_the_next_tier_is_worth(desk):
    card = scorecard(payee=desk.rep, choice=february(), today=TODAY)
    (gauge,) = card.gauges
    assert (gauge.actual, gauge.quota, gauge.gap) == (Decimal("120000.15"), Decimal(100000), Decimal(0))
    assert gauge.attainment == Decimal("1.200002")
    step = card.steps[0]
    # The next step begins at 125 % of 100,000; each dollar until there pays 1.5 x 6 %.
    assert step.distance == Decimal("4999.85")
    assert step.worth == Decimal("449.99")


def test_earned_on_the_scorecard_is_the_sum_of_the_ledger_and_of_the_statement(desk):
    card = scorecard(payee=desk.rep, choice=february(), today=TODAY)
    view = statement_get(desk.rep, february().period)
    ledger = sum(Decimal(e.amount).scaleb(-e.scale) for e in LedgerEntry.objects.filter(payee=desk.rep, pay_period=february().period))
    # Quarter to date: 100,000 at 6 % and 20,000.15 at 9 %, less the 3,600.00 earned in January.
    assert ledger == Decimal("4200.01")
    assert card.money[0].due == ledger == view.total["USD"]


def test_scorecard_team_page_and_heat_map_tell_the_same_of_a_quota(desk):
    (gauge,) = scorecard(payee=desk.rep, choice=february(), today=TODAY).gauges
    heat = team_heat_map([desk.rep.pk], period=february().period, today=TODAY)
    members = team(membership=membership_for(user=_user(desk), tenant=desk.tenant), choice=february(), today=TODAY).members
    member = next(m for m in members if m.payee == desk.rep)
    told = [(q.actual, q.quota, q.attainment, q.elapsed, q.projected_attainment) for q in (gauge, heat.rows[0].quota, member.quota)]
    assert told[0] == told[1] == told[2]
    assert scorecard_get(desk.rep, business_date=TODAY).gauges == (gauge,)


def test_a_past_period_is_measured_at_its_end_not_today(desk):
    (gauge,) = scorecard(payee=desk.rep, choice=period_choose(code="2026-01", today=TODAY), today=TODAY).gauges
    # 31 of the quarter's 90 days, with 60,000 of 100,000 done.
    assert (gauge.actual, gauge.elapsed, gauge.projected) == (Decimal("60000.00"), Decimal("0.344444"), Decimal("174193.55"))


def test_what_is_posted_by_hand_stands_in_the_statement_with_its_note(desk):
    period = february().period
    adjustment_post(
        payee=desk.rep, seat=Seat.objects.get(payee=desk.rep), plan_version_id=PlanVersion.objects.get().pk, component="commission", earning_period=period,
        pay_period=period, amount=-1_01, scale=2, currency="USD", note="Agreed with Ava",
    )  # fmt: skip
    page = desk.client(desk.rep, Role.REP).get(f"/t/{desk.tenant.slug}/people/{desk.rep.uid}/statements/2026-02/").content.decode()
    assert "Agreed with Ava" in page
    assert "$4,199.00" in page


def test_the_parts_of_each_component_sum_to_it_to_the_cent(desk):
    for payee in (desk.rep, desk.other, desk.manager):
        for component in component_traces(payee, period=february().period):
            assert sum(Decimal(part["amount"]) for part in component.parts) == component.amount


def test_the_lines_of_a_component_are_the_orders_of_the_period(desk):
    (trace,) = line_traces(desk.rep, period=february().period, component="commission")
    assert [(line.external_id, line.order_date, line.pay_credit) for line in trace.lines] == [
        (external_id, day, Decimal(cents).scaleb(-2)) for external_id, day, cents in desk.orders[1:]
    ]


def test_a_late_order_stands_in_the_open_statement_with_its_period_and_cause(desk):
    january = period_choose(code="2026-01", today=TODAY).period
    period_state_set(period=january, pay_group="monthly", legal_entity=LegalEntity.objects.get(), state="closed")
    before = statement_get(desk.other, january).total
    order_write("LATE", desk.other, dt.date(2026, 1, 25), 1_000_00)
    recompute(business_date=TODAY)
    assert statement_get(desk.other, january).total == before
    late = [e for e in statement_get(desk.other, february().period).parts if e.is_late]
    assert [(e.earning_period.code, e.amount) for e in late] == [("2026-01", Decimal("50.00"))]
    assert late[0].cause_labels == ("Data",)


def test_the_team_shows_everybody_below_and_who_needs_attention(desk):
    client = desk.client(desk.manager, Role.MANAGER)
    page = client.get(f"/t/{desk.tenant.slug}/team/?period=2026-02")
    text = page.content.decode()
    assert page.status_code == 200
    assert "Ava Rep" in text
    assert "Ben Rep" in text
    assert "120.0%" in text
    assert "No order in this period" in text


def test_the_components_on_the_scorecard_sum_to_what_was_earned(desk):
    card = scorecard(payee=desk.rep, choice=february(), today=TODAY)
    assert [(c.name, c.amount, c.share) for c in card.components] == [("commission", Decimal("4200.01"), Decimal(1))]
    assert sum(c.amount for c in card.components) == card.money[0].earned


def _names(page) -> list[str]:
    return re.findall(r'<th scope="row"><a[^>]*>([^<]+)</a>', page.content.decode())


def test_the_team_is_filtered_and_ordered_by_the_address_and_keeps_its_period(desk):
    client = desk.client(desk.manager, Role.MANAGER)

    def page(**query: str):
        return client.get(f"/t/{desk.tenant.slug}/team/", {"period": "2026-02", **query})

    assert _names(page()) == ["Ava Rep", "Ben Rep"]
    assert _names(page(sort="attainment")) == ["Ben Rep", "Ava Rep"]
    assert _names(page(sort="-attainment")) == ["Ava Rep", "Ben Rep"]
    assert _names(page(show="on_pace")) == ["Ava Rep"]
    assert _names(page(show="behind")) == ["Ben Rep"]
    assert 'name="period" value="2026-02"' in page(show="behind").content.decode()
    assert "period=2026-01&amp;show=behind" in page(show="behind").content.decode()
    assert "Show everybody" in page(show="no_quota").content.decode()


def test_a_person_stands_once_among_those_who_need_attention_with_all_reasons(desk):
    page = desk.client(desk.manager, Role.MANAGER).get(f"/t/{desk.tenant.slug}/team/?period=2026-02").content.decode()
    entries = re.search(r'<ul class="concerns">(.*?)</ul></li></ul>', page, re.DOTALL)[1]
    assert entries.count("Ben Rep") == 1
    assert "No order in this period" in entries
    assert "At this pace ends at" in entries


def test_two_seats_of_a_person_are_told_apart_and_his_orders_counted_once(desk):
    lead = Seat.objects.get(payee=desk.manager).position
    second = seat_payee(desk.rep, make_position("R9", manager=lead, title="Specialist")).seat
    with change(reason="second seat") as changeset:
        seat_enrol(plan=Plan.objects.get(), seats=[second], start=dt.date(2026, 1, 1), changeset=changeset)
    recompute(business_date=TODAY)
    members = team(membership=membership_for(user=_user(desk), tenant=desk.tenant), choice=february(), today=TODAY).members
    mine = [m for m in members if m.payee == desk.rep]
    assert sorted(m.title for m in mine) == sorted([Seat.objects.filter(payee=desk.rep).earliest("pk").position.title, "Specialist"])
    assert [m.orders for m in mine] == [2, None]


def test_the_files_of_the_team_tie_to_the_page(desk):
    client = desk.client(desk.manager, Role.MANAGER)
    address = f"/t/{desk.tenant.slug}/team/"
    page = client.get(address, {"period": "2026-02", "sort": "-earned"}).content.decode()
    table = list(csv.DictReader(io.StringIO(client.get(f"{address}team.csv", {"period": "2026-02", "sort": "-earned"}).content.decode("utf-8-sig"))))
    assert [row["Person"] for row in table] == ["Ava Rep", "Ben Rep", "Total"]
    *rows, total = table
    for column in ("Earned", "Sales", "Quota", "Orders"):
        assert sum(Decimal(row[column]) for row in rows) == Decimal(total[column])
    assert f"${Decimal(total['Earned']):,.2f}" in page
    sheet = load_workbook(io.BytesIO(client.get(f"{address}team.xlsx", {"period": "2026-02", "sort": "-earned"}).content)).active
    assert [str(row[0]) for row in sheet.iter_rows(min_row=2, values_only=True)] == [row["Person"] for row in table]
    assert [Decimal(str(row[-1])) for row in sheet.iter_rows(min_row=2, values_only=True)] == [Decimal(row["Earned"]) for row in table]
    narrowed = client.get(f"{address}team.csv", {"period": "2026-02", "q": "ben"}).content.decode("utf-8-sig")
    assert "Ava Rep" not in narrowed
    assert desk.client(desk.other, Role.REP).get(f"{address}team.csv").status_code in {403, 404}


def test_a_search_narrows_the_team(desk):
    text = desk.client(desk.manager, Role.MANAGER).get(f"/t/{desk.tenant.slug}/team/?period=2026-02&q=ava").content.decode()
    assert "Ava Rep" in text
    assert "Ben Rep" not in text


def test_an_order_that_moved_counts_with_its_new_owner_alone(desk):
    def orders() -> dict[str, int]:
        text = desk.client(desk.manager, Role.MANAGER).get(f"/t/{desk.tenant.slug}/team/team.csv?period=2026-02").content.decode("utf-8-sig")
        return {row["Person"]: int(row["Orders"] or 0) for row in csv.DictReader(io.StringIO(text)) if row["Person"] != "Total"}

    assert orders() == {"Ava Rep": 2, "Ben Rep": 0}
    order_move("S3", desk.other)
    assert orders() == {"Ava Rep": 1, "Ben Rep": 1}


@pytest.mark.parametrize("path", ["people/{uid}/scorecard/", "people/{uid}/statements/2026-02/", "people/{uid}/statements/2026-02/commission/"])
def test_a_rep_does_not_see_a_colleagues_pay_and_the_manager_does(desk, path):
    address = f"/t/{desk.tenant.slug}/" + path.format(uid=desk.other.uid)
    assert desk.client(desk.rep, Role.REP).get(address).status_code == 404
    assert desk.client(desk.manager, Role.MANAGER).get(address).status_code == 200


def test_the_trace_of_a_line_has_an_address_and_a_drawer(desk):
    client = desk.client(desk.rep, Role.REP)
    address = f"/t/{desk.tenant.slug}/people/{desk.rep.uid}/statements/2026-02/commission/lines/crm:S2/"
    whole = client.get(address).content.decode()
    bare = client.get(address, headers={"HX-Request": "true", "HX-Target": "drawer-body"}).content.decode()
    assert "<html" in whole
    assert "<html" not in bare
    assert "$50,000.05" in bare
    assert client.get(address.replace("S2", "S4")).status_code == 404


def test_the_csv_ties_to_the_page(desk):
    client = desk.client(desk.rep, Role.REP)
    body = client.get(f"/t/{desk.tenant.slug}/people/{desk.rep.uid}/statements/2026-02/statement.csv").content.decode("utf-8-sig")
    assert body.splitlines()[-1] == "Total,2026-02,,USD,4200.01"


def test_the_scorecard_takes_a_fixed_number_of_queries(desk):
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            scorecard(payee=desk.rep, choice=february(), today=TODAY)
        return len(queries)

    count()
    first = count()
    for n in range(5):
        order_write(f"M{n}", desk.rep, dt.date(2026, 2, 5), 100_00)
    recompute(business_date=TODAY)
    count()
    assert count() == first <= 22


def test_the_team_takes_the_same_queries_for_two_as_for_one(desk):
    membership = membership_for(user=_user(desk), tenant=desk.tenant)

    def count(search: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            team(membership=membership, choice=february(), today=TODAY, search=search)
        return len(queries)

    assert count("") == count("ava") <= 20


def _user(desk: Desk):
    from spm.access.models import Membership

    desk.client(desk.manager, Role.MANAGER)
    return Membership.objects.get(payee=desk.manager).user


def test_the_admin_sees_what_a_run_changed_left_out_and_could_not_credit(desk):
    text = desk.client(None, Role.COMP_ADMIN).get(f"/t/{desk.tenant.slug}/runs/{desk.run.uid}/").content.decode()
    assert "online orders" in text
    assert "X1" in text
    assert "+$4,200.01" in text


def test_a_plan_is_drafted_checked_and_put_in_force_in_the_browser(desk):
    client = desk.client(None, Role.COMP_ADMIN)
    plan = Plan.objects.get()
    old = PlanVersion.objects.get()
    address = f"/t/{desk.tenant.slug}/plans/{plan.uid}/"
    broken = client.post(f"{address}1/save/", {"text": old.text.replace("value: 2}", "value: two}"), "effective_from": "2026-03-01"})
    assert broken.status_code == 422
    assert PlanVersion.objects.count() == 1
    saved = client.post(
        f"{address}1/save/",
        {"text": old.text.replace("label: Own deals", "label: Deals of one's own"), "effective_from": "2026-03-01", "note": "a clearer word"},
    )
    assert saved.status_code == 302
    assert client.get(f"{address}2/?tab=diff").status_code == 200
    client.post(f"{address}2/activate/")
    assert PlanVersion.objects.get(number=2).state == PlanVersion.State.ACTIVE


def test_a_plan_whose_own_test_fails_is_not_put_in_force(desk):
    client = desk.client(None, Role.COMP_ADMIN)
    plan, old = Plan.objects.get(), PlanVersion.objects.get()
    client.post(f"/t/{desk.tenant.slug}/plans/{plan.uid}/1/save/", {"text": old.text.replace("amount: 78.00", "amount: 78.01"), "effective_from": "2026-03-01"})
    client.post(f"/t/{desk.tenant.slug}/plans/{plan.uid}/2/activate/")
    assert PlanVersion.objects.get(number=2).state == PlanVersion.State.DRAFT


def test_a_finished_run_is_stamped_on_the_scorecard(desk):
    text = desk.client(desk.rep, Role.REP).get(f"/t/{desk.tenant.slug}/scorecard/?period=2026-02").content.decode()
    assert f"change {Run.objects.get().known_number}" in text
    assert str(timezone.now().year) in text


def test_the_form_edits_the_same_document_and_keeps_its_comments(desk):
    client = desk.client(None, Role.COMP_ADMIN)
    plan, old = Plan.objects.get(), PlanVersion.objects.get()
    address = f"/t/{desk.tenant.slug}/plans/{plan.uid}/1/form/"
    page = client.get(address).content.decode()
    assert 'name="f:tables/0/steps/2/value"' in page
    grown = client.post(address, {"text": old.text, "add": "components"})
    assert grown.status_code == 200
    assert 'name="f:components/2/name"' in grown.content.decode()
    client.post(address, {"text": old.text, "f:tables/0/steps/2/value": "2.25", "effective_from": "2026-03-01", "save": "1"})
    new = PlanVersion.objects.get(number=2)
    assert new.text == old.text.replace("value: 2}", "value: 2.25}")
    refused = client.post(address, {"text": old.text, "f:components/0/name": "", "effective_from": "2026-03-01", "save": "1"})
    assert refused.status_code == 422
    assert PlanVersion.objects.count() == 2
