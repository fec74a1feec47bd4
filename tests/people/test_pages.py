"""The people pages: found by name, paged without a hole, terms for those who may see them, each act one form with its own address."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from spm.access.models import Role, User
from spm.people import services
from spm.people.listing import people_page
from spm.people.models import Assignment, Payee, PersonDetail
from spm.people.selectors import manager_of
from tests.support.factories import make_entity, make_member, make_payee, make_position, seat_payee

D = dt.date
DAY = D(2024, 6, 1)


def browser(*roles: str) -> Client:
    user = User.objects.create_user(f"p{User.objects.count()}@example.com", None)
    make_member(user, *roles)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def anna(scope):
    payee = make_payee("Anna Petrova", "E1")
    lead = make_payee("Greta Head", "E2")
    head = make_position("HEAD", title="Head of sales")
    seat_payee(lead, head)
    seat = seat_payee(payee, make_position("AE-1", manager=head)).seat
    services.pay_terms_set(seat=seat, start=D(2024, 1, 1), target_incentive=6_000_000, ote=12_000_000, currency="USD")
    return payee


def url(payee: Payee, act: str = "") -> str:
    return f"/t/acme/people/{payee.uid}/" + (f"{act}/" if act else "")


def test_the_list_is_searched_by_name_and_number_and_says_when_nothing_matches(anna):
    client = browser(Role.HR)
    assert "Anna Petrova" in client.get("/t/acme/people/", {"q": "petr"}).content.decode()
    page = client.get("/t/acme/people/", {"q": "E2"}).content.decode()
    assert "Greta Head" in page
    assert f"{anna.uid}" not in page
    assert "Clear filters" in client.get("/t/acme/people/", {"q": "nobody such"}).content.decode()


def test_pages_by_cursor_hold_everybody_once_in_order_of_name(scope):
    for n in range(25):
        make_payee(f"Person {n % 7}", f"N{n}")
    seen, cursor = [], ""
    while True:
        page = people_page(day=DAY, limit=4, cursor=cursor)
        seen += [(row.name, row.payee.external_id) for row in page.rows]
        if not (cursor := page.next_cursor):
            break
    assert len(seen) == len(set(seen)) == 25
    assert [name for name, _number in seen] == sorted(name for name, _number in seen)
    assert len(people_page(day=DAY, limit=4, cursor=cursor + "tampered").rows) == 4


def test_states_and_teams_filter_as_of_the_day(anna):
    services.absence_set(payee=anna, start=D(2024, 5, 1), end=D(2024, 7, 1))
    team = services.team_create(code="east", name="East")
    services.team_member_set(position=Assignment.objects.get(payee=anna).position, team=team, start=D(2024, 6, 1))
    names = lambda **asked: [row.name for row in people_page(day=asked.pop("day", DAY), **asked).rows]  # noqa: E731
    assert names(state="on_leave") == ["Anna Petrova"]
    assert names(state="active") == ["Greta Head"]
    assert names(state="left") == []
    assert names(state="left", day=D(2019, 1, 1)) == ["Anna Petrova", "Greta Head"]
    assert names(team="east") == ["Anna Petrova"]
    assert names(team="east", day=D(2024, 5, 31)) == []


def test_the_list_takes_the_same_number_of_queries_for_three_and_for_thirty(anna):
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            people_page(day=DAY)
        return len(found)

    before = queries()
    for n in range(30):
        seat_payee(make_payee(f"More {n}"), make_position(manager=Assignment.objects.get(payee=anna).position))
    assert queries() == before


def test_a_persons_page_shows_seat_chain_terms_and_what_was_recorded_when(anna):
    page = browser(Role.HR).get(url(anna)).content.decode()
    for text in ("Anna Petrova", "AE-1", "Greta Head", "60,000.00", "120,000.00", "What was recorded when"):
        assert text in page


def test_target_pay_is_not_shown_to_those_who_plan_or_give_access(anna):
    for role in (Role.PLANNING_ADMIN, Role.TENANT_ADMIN):
        page = browser(role).get(url(anna)).content.decode()
        assert "Anna Petrova" in page
        assert "60,000.00" not in page
        assert "Target pay" not in page


@pytest.mark.parametrize("role", [Role.REP, Role.MANAGER])
def test_reps_and_managers_have_no_people_pages(anna, role):
    assert browser(role).get(url(anna)).status_code == 403


def test_who_reads_people_cannot_change_them(anna):
    client = browser(Role.AUDITOR)
    assert client.get(url(anna)).status_code == 200
    assert client.post(url(anna, "leave"), {"day": "2024-07-01"}).status_code == 403
    assert Assignment.objects.get(payee=anna).valid_to is None


def test_a_move_by_form_is_recorded_and_who_did_it_is_in_the_audit(anna):
    from spm.audit.models import AuditEntry

    client, target = browser(Role.HR), make_position("AE-2")
    answer = client.post(url(anna, "move"), {"position": str(target.uid), "day": "2024-07-01", "leaving": "", "carry_terms": "on"})
    assert (answer.status_code, answer.url) == (302, url(anna))
    held = Assignment.objects.filter(payee=anna, known_to__isnull=True).order_by("valid_from")
    assert [(a.position.code, a.valid_to) for a in held] == [("AE-1", D(2024, 7, 1)), ("AE-2", None)]
    assert AuditEntry.objects.order_by("-sequence").first().actor_id == User.objects.get(memberships__grants__role=Role.HR).pk


def test_a_refused_act_says_why_at_its_field_and_changes_nothing(anna):
    answer = browser(Role.HR).post(url(anna, "leave"), {"day": "2010-01-01"})
    assert answer.status_code == 400
    assert "not employed before 2010-01-01" in answer.content.decode()
    assert Assignment.objects.get(payee=anna, known_to__isnull=True).valid_to is None


def test_a_ring_of_reporting_lines_is_refused_in_the_form(anna):
    head, seat = Payee.objects.get(external_id="E2"), Assignment.objects.get(payee=anna)
    head_position = Assignment.objects.get(payee=head).position
    data = {"position": str(head_position.uid), "manager": str(seat.position.uid), "start": "2024-01-01"}
    answer = browser(Role.HR).post(url(head, "line"), data)
    assert answer.status_code == 400
    assert "would report to himself" in answer.content.decode()
    assert manager_of(position=head_position, day=DAY) is None


def test_each_act_opens_as_a_drawer_and_as_a_page_of_its_own(anna):
    client = browser(Role.HR)
    for act in ("details", "assign", "move", "line", "terms", "absence", "leave", "erase"):
        whole = client.get(url(anna, act)).content.decode()
        assert "<html" in whole
        assert '<dialog class="drawer" id="drawer" aria-labelledby="drawer-title" open' in whole
        bare = client.get(url(anna, act), headers={"HX-Request": "true", "HX-Target": "drawer-body"}).content.decode()
        assert "<html" not in bare
        assert f'action="{url(anna, act)}"' in bare


def test_a_person_is_added_with_a_seat_and_a_taken_number_is_told_at_its_field(anna):
    client, entity, position = browser(Role.HR), make_entity(), make_position("AE-9")
    data = {
        "display_name": "Ben Okafor",
        "external_id": "E9",
        "kind": "person",
        "legal_entity": str(entity.uid),
        "hired": "2024-03-01",
        "position": str(position.uid),
    }
    assert client.post("/t/acme/people/new/", data).status_code == 302
    ben = PersonDetail.objects.get(display_name="Ben Okafor").payee
    assert Assignment.objects.get(payee=ben).valid_from == D(2024, 3, 1)
    again = client.post("/t/acme/people/new/", data)
    assert again.status_code == 400
    assert "exists already" in again.content.decode()


def test_erasing_is_for_hr_alone_and_the_page_then_names_nobody(anna):
    assert browser(Role.COMP_ADMIN).get(url(anna, "erase")).status_code == 403
    client = browser(Role.HR)
    assert client.post(url(anna, "erase"), {"reason": "request 12"}).status_code == 302
    page = client.get(url(anna)).content.decode()
    assert "Petrova" not in page
    assert "Erased person" in page


def test_the_feed_is_shown_first_and_applied_from_what_was_shown(anna):
    from django.core.cache import cache

    cache.clear()
    client = browser(Role.HR)
    text = b"event,external_id,date,name,position\njoin,500,2024-01-01,Cora New,AE-50\njoin,501,nonsense,Dan New,AE-51\n"
    shown = client.post("/t/acme/people/feed/", {"file": SimpleUploadedFile("hr.csv", text)})
    assert "nonsense" in shown.content.decode()
    assert not Payee.objects.filter(external_id="500").exists()
    name = shown.context["name"]
    other = browser(Role.HR)
    other.post("/t/acme/people/feed/apply/", {"name": name, "partial": "1"})
    assert not Payee.objects.filter(external_id="500").exists(), "another person's upload is not his to apply"
    client.post("/t/acme/people/feed/apply/", {"name": name})
    assert not Payee.objects.filter(external_id="500").exists(), "with errors nothing is applied unless asked for"
    client.post("/t/acme/people/feed/apply/", {"name": name, "partial": "1"})
    assert Payee.objects.filter(source="hr").count() == 1


def test_a_file_that_is_no_feed_is_told_at_the_field(anna):
    answer = browser(Role.HR).post("/t/acme/people/feed/", {"file": SimpleUploadedFile("x.csv", b"name;age\nAnna;3\n")})
    assert answer.status_code == 400
    assert "The heading lacks" in answer.content.decode()
