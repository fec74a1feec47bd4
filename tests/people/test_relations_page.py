"""Named relations: the page (list, search, filters, add, end, history), who may, and the import of them."""

from __future__ import annotations

import datetime as dt

import pytest

from spm.access.models import Role
from spm.imports.models import StagedRow
from spm.imports.readers import Source
from spm.imports.rollback import batch_roll_back
from spm.imports.services import import_run
from spm.people import services
from spm.people.models import NamedRelation
from spm.people.relations import relation_rows, relations_found
from spm.tenancy.changes import known_as_at
from spm.told import shown
from tests.people.test_organisation_pages import browser
from tests.support.factories import make_payee, make_position, seat_payee

DAY = dt.date(2024, 6, 1)
PAGE = "/t/acme/relations/"
MAPPING = """\
import: 1
source: hr
target: relation
fields: {position: Position, name: Relation, related: Related, valid_from: From, valid_to: To}
"""


@pytest.fixture
def company(scope):
    """Anna sits in AE-1, Max in MEN; SE is vacant. MEN mentors AE-1 from January, SE is its engineer for February."""
    places = {code: make_position(code, title=f"Seat {code}") for code in ("AE-1", "MEN", "SE")}
    seat_payee(make_payee("Anna Petrova", "E1"), places["AE-1"])
    seat_payee(make_payee("Max Mentor", "E2"), places["MEN"])
    services.relation_set(position=places["AE-1"], name="mentor", related=places["MEN"], start=dt.date(2024, 1, 1))
    services.relation_set(position=places["AE-1"], name="engineer", related=places["SE"], start=dt.date(2024, 2, 1), end=dt.date(2024, 3, 1))
    return places


def live() -> list[tuple[str, str, str, str, str]]:
    rows = known_as_at(NamedRelation.objects.all(), None).order_by("name", "position__code", "valid_from")
    return [(r.position.code, r.name, r.related.code, str(r.valid_from), str(r.valid_to or "")) for r in rows]


def found(**asked) -> list[str]:
    return [row.name for row in relations_found(**{"day": DAY, **asked})]


def test_relations_of_a_day_or_of_any_time_by_name_position_and_person(company):
    assert found() == ["mentor"]
    assert found(day=dt.date(2024, 2, 29)) == ["engineer", "mentor"]
    assert found(day=None) == ["engineer", "mentor"]
    assert found(day=None, name="engineer") == ["engineer"]
    assert found(day=None, search="max mentor") == ["mentor"]
    assert found(day=None, search="petrova") == ["engineer", "mentor"]
    assert found(day=None, search="seat se") == ["engineer"]
    assert found(day=None, search="nobody") == []
    rows = relation_rows(list(relations_found(day=None)), day=DAY)
    assert [([h.name for h in row.holders], [h.name for h in row.related_holders], row.ended) for row in rows] == [
        (["Anna Petrova"], [], True), (["Anna Petrova"], ["Max Mentor"], False),
    ]  # fmt: skip


def test_hr_adds_one_ends_it_and_reads_what_was_recorded_when(company):
    client = browser(Role.HR)
    given = {"name": "partner", "position": str(company["AE-1"].uid), "related": str(company["SE"].uid), "start": "2024-04-01", "end": ""}
    assert client.post(PAGE + "new/", given).status_code == 302
    row = NamedRelation.objects.get(name="partner")
    page = client.get(PAGE + "?on=2024-06-01").content.decode()
    assert "partner" in page
    assert f"{row.uid}/end/" in page
    assert client.post(f"{PAGE}{row.uid}/end/", {"day": "2024-09-01"}).status_code == 302
    assert ("AE-1", "partner", "SE", "2024-04-01", "2024-09-01") in live()
    page = client.get(PAGE + "?on=2024-06-01&relation=partner").content.decode()
    assert "Replaced by change" in page
    assert "AE-1 → SE" in page
    refused = client.post(PAGE + "new/", {**given, "related": given["position"]})
    assert refused.status_code == 400
    assert "cannot be related to itself" in refused.content.decode()
    late = client.post(f"{PAGE}{row.uid}/end/", {"day": "2024-08-01"})
    assert late.status_code == 400
    assert "changed meanwhile" in late.content.decode()


def test_a_relation_that_never_began_is_taken_out(company):
    client, row = browser(Role.HR), NamedRelation.objects.get(name="mentor")
    client.post(f"{PAGE}{row.uid}/end/", {"day": "2023-05-01"})
    assert [one[1] for one in live()] == ["engineer"]


def test_who_reads_people_reads_relations_and_who_keeps_them_changes_them(company):
    row = NamedRelation.objects.get(name="mentor")
    assert browser(Role.AUDITOR).get(PAGE).status_code == 200
    assert PAGE + "new/" not in browser(Role.AUDITOR).get(PAGE).content.decode()
    for path in ("new/", f"{row.uid}/end/"):
        assert browser(Role.AUDITOR).get(PAGE + path).status_code == 403
        assert browser(Role.HR).get(PAGE + path).status_code == 200
    assert browser(Role.REP).get(PAGE).status_code == browser(Role.REP).get("/t/acme/teams/").status_code


def put(*lines: str):
    return import_run(mapping_text=MAPPING, files=[Source("relations.csv", content="\n".join(["Position,Relation,Related,From,To", *lines, ""]).encode())])


def test_relations_are_imported_corrected_and_taken_back(company):
    first = put("AE-1,partner,MEN,2024-01-01,", "SE,mentor,MEN,2024-03-01,2024-06-01")
    assert (first.rows_new, first.rows_rejected) == (2, 0)
    again = put("AE-1,partner,MEN,2024-01-01,", "SE,mentor,MEN,2024-03-01,2024-05-01")
    assert (again.rows_new, again.rows_changed, again.rows_unchanged) == (0, 1, 1)
    assert ("SE", "mentor", "MEN", "2024-03-01", "2024-05-01") in live()
    batch_roll_back(batch=again)
    assert ("SE", "mentor", "MEN", "2024-03-01", "2024-06-01") in live()


def test_a_bad_row_is_refused_alone_with_its_mend(company):
    batch = put("AE-1,mentor,AE-1,2024-01-01,", "SE,best friend,MEN,2024-01-01,", "SE,mentor,NONE,2024-01-01,", "SE,mentor,MEN,2024-01-01,")
    assert (batch.rows_new, batch.rows_rejected) == (1, 3)
    causes = [shown(row.cause) for row in StagedRow.objects.filter(batch=batch, state=StagedRow.State.REJECTED).order_by("line")]
    assert causes[:2] == ["position AE-1 would be related to itself", "best friend is no name of a relation"]
    assert "NONE" in causes[2]
