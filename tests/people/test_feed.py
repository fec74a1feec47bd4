"""The HR feed: a difference first, the same when applied, nothing when applied again; a bad row says where, why and how to mend it."""

from __future__ import annotations

import datetime as dt

import pytest

from spm.access.models import Membership, Role
from spm.people.feed_file import FeedUnreadable, amount_read, feed_rows, share_read
from spm.people.models import Assignment, Employment, Payee, PayTerms, PersonDetail, ReportingLine
from spm.people.selectors import employment_on, manager_of
from spm.people.services import hr_feed_apply, hr_feed_preview
from spm.tenancy.models import ChangeSet
from tests.support.factories import make_entity, make_member, make_user

D = dt.date
FEED = """event,external_id,date,end_date,name,email,position,manager_position,team,fte,target_incentive,ote,currency
join,100,2024-01-01,,Greta Head,greta@example.com,HEAD,,,,,,
join,101,2024-01-08,,Anna Petrova,anna@example.com,AE-1,HEAD,east,,60000,120000.50,USD
join,102,2024-02-01,,Ben Okafor,ben@example.com,AE-2,HEAD,east,0.5,,,
absence,101,2024-04-01,2024-06-01,,,,,,,,,
move,101,2024-07-01,,,,AE-3,HEAD,west,,,,
change,102,2024-08-01,,,,AE-2,AE-3,,,,,
absence,102,2024-09-01,,,,,,,,,,
return,102,2024-10-01,,,,,,,,,,
leave,102,2024-12-01,,,,,,,,,,
"""
MODELS = (Payee, PersonDetail, Employment, Assignment, ReportingLine, PayTerms, ChangeSet)


def state() -> list:
    return [list(model.objects.order_by("pk").values()) for model in MODELS]


@pytest.fixture
def entity(scope):
    return make_entity()


def test_joiners_movers_leavers_and_leave_land_as_the_feed_says(entity):
    result = hr_feed_apply(content=FEED, actor_id=None)
    assert (result.rows, result.changed, result.refused, result.applied) == (9, 9, 0, True)
    anna, ben = (Payee.objects.get(source="hr", external_id=n) for n in ("101", "102"))
    assert employment_on(payee=anna, day=D(2024, 5, 1)).status == "leave"
    spans = [(a.position.code, a.valid_from, a.valid_to) for a in Assignment.objects.filter(payee=anna, known_to__isnull=True).order_by("valid_from")]
    assert spans == [("AE-1", D(2024, 1, 8), D(2024, 7, 1)), ("AE-3", D(2024, 7, 1), None)]
    terms = PayTerms.objects.filter(seat__payee=anna, known_to__isnull=True).order_by("valid_from").last()
    assert (terms.target_incentive, terms.ote, terms.amount_scale, terms.valid_from) == (6_000_000, 12_000_050, 2, D(2024, 7, 1))
    seat = Assignment.objects.get(payee=ben, known_to__isnull=True)
    assert (seat.fte_ppm, seat.valid_to) == (500_000, D(2024, 12, 1))
    assert manager_of(position=seat.position, day=D(2024, 7, 31)).code == "HEAD"
    assert manager_of(position=seat.position, day=D(2024, 8, 1)).code == "AE-3"
    assert [employment_on(payee=ben, day=d).status for d in (D(2024, 9, 1), D(2024, 10, 1))] == ["leave", "active"]
    assert ChangeSet.objects.get().kind == "feed"


def test_the_same_feed_again_changes_nothing(entity):
    hr_feed_apply(content=FEED, actor_id=None)
    before = state()
    again = hr_feed_apply(content=FEED, actor_id=None)
    assert (again.changed, again.unchanged, again.changes) == (0, 9, [])
    assert state() == before


def test_the_preview_tells_what_applying_does_and_writes_nothing(entity):
    before = state()
    preview = hr_feed_preview(content=FEED)
    assert state() == before
    assert not preview.applied
    applied = hr_feed_apply(content=FEED, actor_id=None)
    assert preview.changes == applied.changes


def test_a_difference_holds_no_name(entity):
    assert not [word for word in ("Petrova", "anna@") if word in str(hr_feed_preview(content=FEED).changes)]


BAD = """event;external_id;date;end_date;position;fte;target_incentive
join;200;2024-01-01;;AE-1;;
jion;201;2024-01-01;;;;
join;202;31.02.2024;;;;
leave;999;2024-01-01;;;;
join;203;2024-01-01;;AE-9;1.5;
join;204;2024-01-01;;AE-9;;12,5.0
"""


def test_each_bad_row_names_line_column_value_cause_and_mend(entity):
    result = hr_feed_apply(content=BAD, actor_id=None)
    told = [(e.line, e.column, e.value) for e in result.errors]
    assert told == [
        (2, "name", ""), (3, "event", "jion"), (4, "date", "31.02.2024"), (5, "external_id", "999"), (6, "name", ""), (7, "name", ""),
    ]  # fmt: skip
    assert all(e.cause and e.mend for e in result.errors)
    assert not result.applied
    assert Payee.objects.count() == 0


PARTLY = """event,external_id,date,name,position,fte,target_incentive,ote
join,1,2024-01-01,Good One,AE-1,,,
join,2,2024-01-01,Too Much,AE-2,1.5,,
join,3,2024-01-01,Bad Money,AE-3,,"12,5.0",
join,4,2024-01-01,Upside Down,AE-4,,100,50
"""


def test_good_rows_go_through_only_when_asked_for(entity):
    result = hr_feed_apply(content=PARTLY, actor_id=None)
    assert (result.applied, Payee.objects.count()) == (False, 0)
    result = hr_feed_apply(content=PARTLY, actor_id=None, partial=True)
    assert (result.applied, result.changed, result.refused) == (True, 1, 3)
    assert [(e.line, e.column) for e in result.errors] == [(3, "fte"), (4, "target_incentive"), (5, "ote")]
    assert list(Payee.objects.values_list("external_id", flat=True)) == ["1"]
    assert result.rows == result.changed + result.unchanged + result.refused


def test_a_leaver_in_the_feed_loses_access(entity):
    hr_feed_apply(content=FEED.split("leave,102")[0], actor_id=None)
    make_member(make_user(), Role.TENANT_ADMIN)
    member = make_member(make_user(), Role.REP, payee=Payee.objects.get(external_id="102"))
    hr_feed_apply(content=FEED, actor_id=None)
    assert Membership.objects.get(pk=member.pk).ended_at == dt.datetime(2024, 12, 1, tzinfo=dt.UTC)


def test_the_last_tenant_admin_cannot_leave_by_feed_and_the_row_says_so(entity):
    hr_feed_apply(content=FEED.split("leave,102")[0], actor_id=None)
    make_member(make_user(), Role.TENANT_ADMIN, payee=Payee.objects.get(external_id="102"))
    result = hr_feed_apply(content=FEED, actor_id=None)
    assert [(e.line, e.column) for e in result.errors] == [(10, "event")]
    assert "last tenant admin" in result.errors[0].cause


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name,date\n", "lacks event, external_id"),
        (b"event,external_id,date,salary\n", "salary, which the feed does not know"),
        (b"event,external_id,date,date\n", "date twice"),
        (b"\xef\xbb\xbf", "lacks"),
    ],
)
def test_a_file_that_cannot_be_read_as_a_whole_says_why(content, said):
    with pytest.raises(FeedUnreadable, match=said):
        list(feed_rows(content))


def test_the_dialects_of_spreadsheets_are_read():
    text = "event;external_id;date;name\njoin;1;01.02.2024;Анна\n"
    for content in (text.encode("utf-8-sig"), text.encode("cp1251"), text.encode(), text.replace(";", "\t").encode()):
        assert [(row.line, row["name"]) for row in feed_rows(content)] == [(2, "Анна")]
    quoted = 'event,external_id,date,name\njoin,1,2024-01-01,"Two\nlines"\nleave,1,2024-02-01,\n'
    assert [row.line for row in feed_rows(quoted)] == [2, 4], "lines of the file, also after a quoted line break"


def test_amounts_and_shares_are_exact():
    assert (amount_read("60 000,50"), amount_read("1"), amount_read("0.123456")) == ((6_000_050, 2), (100, 2), (123456, 6))
    assert (share_read("50%"), share_read("0,5"), share_read("")) == (500_000, 500_000, 1_000_000)
    for bad in ("x", "-1", "1e400", "0.1234567", "NaN"):
        with pytest.raises(ValueError):
            amount_read(bad)


def test_a_feed_says_the_kind_of_leave_and_an_unknown_one_is_refused_at_its_cell(entity):
    head = "event,external_id,date,end_date,name,position,leave_kind\njoin,1,2024-01-01,,Anna Petrova,AE-1,\n"
    result = hr_feed_apply(content=head + "absence,1,2024-04-01,2024-06-01,,,Unpaid\nabsence,1,2024-07-01,2024-07-05,,,\n", actor_id=None)
    assert result.applied
    anna = Payee.objects.get(external_id="1")
    assert [employment_on(payee=anna, day=day).leave_kind for day in (D(2024, 3, 1), D(2024, 5, 1), D(2024, 7, 2))] == ["", "unpaid", ""]
    bad = hr_feed_apply(content=head + "absence,1,2024-08-01,,,,long\n", actor_id=None)
    assert [(e.line, e.column, e.value) for e in bad.errors] == [(3, "leave_kind", "long")]
    assert "paid, unpaid, parental, sick" in bad.errors[0].mend
