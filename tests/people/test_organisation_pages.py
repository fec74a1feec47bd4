"""Positions, the reporting tree and teams in the browser: as of a day, searched, with vacancies, and every act a form of its own."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from spm.access.models import Role, User
from spm.people import services
from spm.people.models import Assignment, Position, ReportingLine, Team
from spm.people.organisation import positions_page, team_rows, team_shown
from spm.people.reporting_tree import reporting_tree
from spm.people.selectors import manager_of
from spm.tenancy.changes import change
from tests.support.factories import make_member, make_payee, make_position, seat_payee

D = dt.date
DAY = D(2024, 6, 1)


def browser(*roles: str) -> Client:
    user = User.objects.create_user(f"o{User.objects.count()}@example.com", None)
    make_member(user, *roles)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def company(scope):
    """HEAD over LEAD over AE-1 (Anna) and AE-2 (vacant); ODD stands alone."""
    head = make_position("HEAD", title="Head of sales")
    lead = make_position("LEAD", title="Team lead", manager=head)
    rep = make_position("AE-1", manager=lead)
    make_position("AE-2", manager=lead)
    make_position("ODD", title="Adviser")
    seat_payee(make_payee("Greta Head", "E1"), head)
    seat_payee(make_payee("Lena Lead", "E2"), lead)
    seat_payee(make_payee("Anna Petrova", "E3"), rep)
    return {p.code: p for p in Position.objects.all()}


def forest(**asked):
    link = lambda position: f"/{position.code}"  # noqa: E731
    return reporting_tree(day=asked.pop("day", DAY), page_url=link, root_url=lambda p: f"?root={p.code}", **asked)


def codes(nodes) -> list:
    return [(node.label.split(" · ")[-1], codes(node.children)) if node.children else node.label.split(" · ")[-1] for node in nodes]


def test_the_tree_is_that_of_the_day(company):
    assert codes(forest().tops) == [("HEAD", [("LEAD", ["AE-1", "AE-2"])])]
    assert codes(forest().alone) == ["ODD"]
    services.reporting_line_set(position=company["AE-1"], manager=company["HEAD"], start=D(2024, 7, 1))
    assert codes(forest().tops) == [("HEAD", [("LEAD", ["AE-1", "AE-2"])])], "the move is not yet"
    assert codes(forest(day=D(2024, 7, 1)).tops) == [("HEAD", ["AE-1", ("LEAD", ["AE-2"])])]


def test_search_finds_code_title_and_person_and_shows_the_way_up(company):
    for word in ("ae-1", "petrova"):
        assert codes(forest(search=word).tops) == [("HEAD", [("LEAD", ["AE-1"])])]
    assert codes(forest(search="adviser").alone) == ["ODD"]
    assert forest(search="adviser").tops == []
    assert codes(forest(root="LEAD").tops) == [("LEAD", ["AE-1", "AE-2"])]


def test_vacant_seats_are_counted_and_found(company):
    found = forest(vacant=True)
    assert (codes(found.tops), codes(found.alone), found.vacant) == ([("HEAD", [("LEAD", ["AE-2"])])], ["ODD"], 2)
    assert [row.position.code for row in positions_page(day=DAY, vacant=True).rows] == ["AE-2", "ODD"]
    assert [row.position.code for row in positions_page(day=D(2019, 1, 1), vacant=True).rows] == sorted(company), "nobody sat there before the first day"


def test_lines_that_an_import_closed_to_a_circle_are_shown_as_such(company):
    with change(reason="import") as changes:
        a, b = make_position("C-1"), make_position("C-2")
        ReportingLine.objects.create(position=a, manager=b, valid_from=D(2024, 1, 1), known_from=changes)
        ReportingLine.objects.create(position=b, manager=a, valid_from=D(2024, 1, 1), known_from=changes)
    assert codes(forest().circle) == ["C-1", "C-2"]
    assert codes(forest().tops) == [("HEAD", [("LEAD", ["AE-1", "AE-2"])])]
    assert "In a circle" in browser(Role.HR).get("/t/acme/positions/").content.decode()


def test_a_large_company_is_cut_at_a_level_with_a_link_to_the_rest(scope):
    above = make_position("L0")
    for level in range(1, 6):
        above = make_position(f"L{level}", manager=above)
    for n in range(300):
        make_position(f"N{n:03}", manager=above)
    node = forest().tops[0]
    while node.children:
        node = node.children[0]
    assert (node.label.split(" · ")[-1], node.url, "302 positions below" in node.note) == ("L3", "?root=L3", True)
    assert len(forest(root="L5").tops[0].children) == 300


def test_the_page_asks_as_often_for_three_positions_as_for_thirty(scope):
    top = make_position("TOP")
    client, counts = browser(Role.HR), []
    for _step in range(2):
        for _n in range(15):
            seat_payee(make_payee(), make_position(manager=top))
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert client.get("/t/acme/positions/").status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_the_list_is_paged_and_keeps_its_filters(scope):
    for n in range(60):
        make_position(f"P{n:02}", title="Seller" if n % 2 else "Buyer")
    client = browser(Role.HR)
    first = client.get("/t/acme/positions/", {"view": "list", "q": "seller", "on": "2024-06-01"}).content.decode()
    assert "P01" in first
    assert "P00" not in first
    page = positions_page(day=DAY, limit=25)
    rest = positions_page(day=DAY, limit=60, cursor=page.next_cursor)
    assert [r.position.code for r in page.rows + rest.rows] == [f"P{n:02}" for n in range(60)]
    assert positions_page(day=DAY, limit=5, cursor=page.next_cursor + "x").rows[0].position.code == "P00"


def test_an_empty_company_is_told_what_to_do_next_and_a_reader_whom_to_ask(scope):
    assert "/t/acme/people/feed/" in browser(Role.HR).get("/t/acme/positions/").content.decode().split("No positions yet")[1]
    assert "HR or a compensation admin" in browser(Role.AUDITOR).get("/t/acme/positions/").content.decode()
    assert "/t/acme/teams/new/" in browser(Role.HR).get("/t/acme/teams/").content.decode().split("No teams yet")[1]


def test_a_position_is_created_under_its_manager_renamed_filled_and_emptied(company):
    client = browser(Role.HR)
    asked = {"code": "AE-9", "title": "Seller", "manager": company["LEAD"].uid, "start": "2024-05-01"}
    assert client.post("/t/acme/positions/new/", asked).status_code == 302
    made = Position.objects.get(code="AE-9")
    assert manager_of(position=made, day=DAY) == company["LEAD"]
    assert manager_of(position=made, day=D(2024, 4, 30)) is None
    refused = client.post("/t/acme/positions/new/", asked)
    assert (refused.status_code, "exists already" in refused.content.decode()) == (400, True)
    home = f"/t/acme/positions/{made.uid}/"
    assert client.post(home + "title/", {"title": "Key account"}).status_code == 302
    payee = make_payee("Nina New", "E9")
    assert client.post(home + "hold/", {"payee": payee.uid, "start": "2024-06-01", "share": "50"}).status_code == 302
    page = client.get(home, {"on": "2024-06-01"}).content.decode()
    assert "Key account" in page
    assert "Nina New" in page
    assert client.post(home + "vacate/", {"payee": payee.uid, "day": "2024-07-01"}).status_code == 302
    assert Assignment.objects.get(position=made, known_to__isnull=True).valid_to == D(2024, 7, 1)
    page = client.get(home, {"on": "2024-07-01"}).content.decode()
    assert "Vacant" in page
    assert "Replaced by change" in page


def test_a_line_that_would_make_a_circle_is_refused_beside_its_field(company):
    client = browser(Role.COMP_ADMIN)
    home = f"/t/acme/positions/{company['HEAD'].uid}/"
    answer = client.post(home + "line/", {"manager": company["AE-1"].uid, "start": "2024-06-01"})
    assert (answer.status_code, "report to himself" in answer.content.decode()) == (400, True)
    assert manager_of(position=company["HEAD"], day=DAY) is None
    answer = client.post(home + "line/", {"manager": company["ODD"].uid, "start": "2024-06-01", "end": "2024-05-01"})
    assert (answer.status_code, "not after its start" in answer.content.decode()) == (400, True)
    assert client.post(home + "line/", {"manager": company["ODD"].uid, "start": "2024-06-01"}).status_code == 302
    assert "Adviser" in client.get(home, {"on": "2024-06-01"}).content.decode()


def test_a_team_is_made_renamed_filled_and_left_by_date(company):
    client = browser(Role.HR)
    assert client.post("/t/acme/teams/new/", {"code": "east", "name": "East"}).status_code == 302
    assert client.post("/t/acme/teams/new/", {"code": "east", "name": "Other"}).status_code == 400
    team = Team.objects.get(code="east")
    home = f"/t/acme/teams/{team.uid}/"
    assert client.post(home + "rename/", {"name": "Far east"}).status_code == 302
    assert client.post(home + "add/", {"position": company["AE-1"].uid, "start": "2024-05-01"}).status_code == 302
    assert client.post(home + "end/", {"position": company["AE-1"].uid, "day": "2024-08-01"}).status_code == 302
    on = lambda day: [row.position.code for row in team_shown(team=team, day=day).rows]  # noqa: E731
    assert (on(D(2024, 4, 30)), on(D(2024, 7, 31)), on(D(2024, 8, 1))) == ([], ["AE-1"], [])
    assert [(row.positions, row.people) for row in team_rows(day=DAY)] == [(1, 1)]
    page = client.get(home, {"on": "2024-06-01"}).content.decode()
    assert "Far east" in page
    assert "Anna Petrova" in page


def test_readers_see_the_pages_without_acts_and_reps_do_not_see_them(company):
    reader, rep = browser(Role.AUDITOR), browser(Role.REP)
    uid = company["AE-1"].uid
    for address in ("/t/acme/positions/", f"/t/acme/positions/{uid}/", "/t/acme/teams/"):
        page = reader.get(address)
        assert page.status_code == 200
        assert f"/{uid}/title/" not in page.content.decode()
        assert "/new/" not in page.content.decode()
        assert rep.get(address).status_code == 403
    assert reader.post(f"/t/acme/positions/{uid}/title/", {"title": "Mine"}).status_code == 403
    assert Position.objects.get(uid=uid).title != "Mine"
