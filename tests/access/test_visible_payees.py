"""Who sees whose pay follows the reporting line as of the date in question."""

from __future__ import annotations

import datetime as dt

import pytest

from spm.access.models import Role
from spm.access.selectors import may_approve_pay, may_see_pay, visible_payees, visible_spans
from spm.people.models import ReportingLine
from spm.people.selectors import manager_of
from spm.tenancy.changes import change, dated_end
from tests.support.factories import make_member, make_payee, make_position, make_user, seat_payee

D = dt.date
Q1, MOVE, Q_END = D(2024, 1, 1), D(2024, 2, 15), D(2024, 4, 1)


@pytest.fixture
def org(scope):
    """head > (east > rep_east, west > rep_west); everybody from 2020 on."""
    o = {}
    o["head_pos"] = make_position("HEAD")
    o["east_pos"] = make_position("EAST", manager=o["head_pos"])
    o["west_pos"] = make_position("WEST", manager=o["head_pos"])
    o["rep_east_pos"] = make_position("REP-E", manager=o["east_pos"])
    o["rep_west_pos"] = make_position("REP-W", manager=o["west_pos"])
    for name in ("head", "east", "west", "rep_east", "rep_west"):
        o[name] = make_payee(name)
        o[f"{name}_seat"] = seat_payee(o[name], o[f"{name}_pos"])
        role = Role.REP if name.startswith("rep") else Role.MANAGER
        o[f"{name}_member"] = make_member(make_user(), role, payee=o[name])
    return o


def seen(org, who: str, on: dt.date) -> set[str]:
    names = {org[n].pk: n for n in ("head", "east", "west", "rep_east", "rep_west")}
    return {names[pk] for pk in visible_payees(membership=org[f"{who}_member"], on=on).values_list("pk", flat=True)}


def test_each_level_sees_itself_and_all_below(org):
    assert seen(org, "rep_east", Q1) == {"rep_east"}
    assert seen(org, "east", Q1) == {"east", "rep_east"}
    assert seen(org, "head", Q1) == {"head", "east", "west", "rep_east", "rep_west"}


@pytest.mark.parametrize("role", [Role.COMP_ADMIN, Role.FINANCE, Role.AUDITOR])
def test_who_answers_for_all_pay_sees_all(org, role):
    assert visible_payees(membership=make_member(make_user(), role), on=Q1).count() == 5


@pytest.mark.parametrize("role", [Role.HR, Role.TENANT_ADMIN, Role.PLANNING_ADMIN, Role.MANAGER, Role.REP])
def test_other_roles_without_a_seat_see_nobody(org, role):
    assert visible_payees(membership=make_member(make_user(), role), on=Q1).count() == 0


def test_a_person_above_others_without_the_manager_role_sees_only_himself(org):
    """Negative control of the team rule: the seat alone does not open the team's pay."""
    member = make_member(make_user(), Role.REP, payee=org["east"])
    assert set(visible_payees(membership=member, on=Q1)) == {org["east"]}


def test_a_mover_in_mid_quarter_is_seen_by_the_old_manager_before_and_the_new_one_after(org):
    with change(reason="move") as cs:
        dated_end(org["rep_east_seat"], day=MOVE, changeset=cs)
    seat_payee(org["rep_east"], org["rep_west_pos"], start=MOVE)
    before, after = MOVE - dt.timedelta(days=1), MOVE
    assert "rep_east" in seen(org, "east", before)
    assert "rep_east" not in seen(org, "west", before)
    assert "rep_east" not in seen(org, "east", after)
    assert "rep_east" in seen(org, "west", after)
    assert visible_spans(membership=org["east_member"], start=Q1, end=Q_END)[org["rep_east"].pk] == [(Q1, MOVE)]
    assert visible_spans(membership=org["west_member"], start=Q1, end=Q_END)[org["rep_east"].pk] == [(MOVE, Q_END)]


def test_a_reorganisation_moves_sight_on_its_day_and_keeps_the_past(org):
    with change(reason="reorganisation") as cs:
        dated_end(ReportingLine.objects.get(position=org["rep_east_pos"]), day=MOVE, changeset=cs)
        ReportingLine.objects.create(position=org["rep_east_pos"], manager=org["west_pos"], valid_from=MOVE, known_from=cs)
    assert seen(org, "east", D(2024, 2, 14)) == {"east", "rep_east"}
    assert seen(org, "east", MOVE) == {"east"}
    assert seen(org, "west", MOVE) == {"west", "rep_west", "rep_east"}
    assert manager_of(position=org["rep_east_pos"], day=MOVE) == org["west_pos"]


def test_when_a_manager_leaves_the_team_stays_visible_to_the_one_above_and_his_successor(org):
    with change(reason="left") as cs:
        dated_end(org["east_seat"], day=MOVE, changeset=cs)
    assert seen(org, "east", MOVE) == {"east"}
    assert "rep_east" in seen(org, "head", MOVE)
    successor = make_payee("successor")
    seat_payee(successor, org["east_pos"], start=MOVE)
    member = make_member(make_user(), Role.MANAGER, payee=successor)
    assert may_see_pay(membership=member, payee_id=org["rep_east"].pk, on=MOVE)
    assert not may_see_pay(membership=member, payee_id=org["rep_east"].pk, on=Q1)


def test_two_who_share_a_seat_do_not_see_each_other(org):
    twin = make_payee("twin")
    seat_payee(twin, org["east_pos"])
    member = make_member(make_user(), Role.MANAGER, payee=twin)
    assert set(visible_payees(membership=member, on=Q1)) == {twin, org["rep_east"]}


def test_spans_agree_with_the_day_by_day_answer(org):
    with change(reason="move") as cs:
        dated_end(org["rep_east_seat"], day=MOVE, changeset=cs)
    seat_payee(org["rep_east"], org["rep_west_pos"], start=MOVE, end=D(2024, 3, 10))
    for who in ("east", "west", "head"):
        spans = visible_spans(membership=org[f"{who}_member"], start=Q1, end=Q_END)
        day = Q1
        while day < Q_END:
            by_span = {pk for pk, pieces in spans.items() if any(a <= day < b for a, b in pieces)}
            assert by_span == set(visible_payees(membership=org[f"{who}_member"], on=day).values_list("pk", flat=True)), day
            day += dt.timedelta(days=1)


def test_the_number_of_queries_does_not_grow_with_the_team(org, django_assert_num_queries):
    for n in range(10):
        seat_payee(make_payee(f"more{n}"), org["rep_east_pos"])
    org["east_member"].role_names = frozenset({Role.MANAGER})
    with django_assert_num_queries(4):
        assert len(visible_payees(membership=org["east_member"], on=Q1)) == 12


def test_nobody_approves_his_own_pay(org):
    finance = make_member(make_user(), Role.FINANCE, payee=org["head"])
    assert may_approve_pay(membership=finance, payee_id=org["east"].pk)
    assert not may_approve_pay(membership=finance, payee_id=org["head"].pk)
    assert not may_approve_pay(membership=org["head_member"], payee_id=org["east"].pk)
