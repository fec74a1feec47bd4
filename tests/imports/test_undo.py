"""Imports of rows without a history are taken back: what they made goes while nothing refers to it, what they changed gets its old value."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planning.models import Territory
from spm.calendars.models import FiscalCalendar, Period
from spm.imports.errors import ImportFault
from spm.imports.models import Batch, UndoRow
from spm.imports.readers import Source
from spm.imports.rollback import batch_roll_back, can_roll_back
from spm.imports.services import import_run
from spm.people.models import Employment, Payee, PersonDetail, Position
from spm.people.services import person_erase
from spm.tenancy.changes import change
from spm.told import shown
from tests.support.factories import make_entity

pytestmark = pytest.mark.django_db
FIELDS = {
    "position": ("code", "title"),
    "territory": ("code", "name", "parent"),
    "payee": ("external_id", "name", "pay_currency", "email", "hired"),
    "calendar_period": ("calendar", "code", "starts", "ends", "year"),
}


def load(target: str, *lines: str, **values: Any) -> Batch:
    names = FIELDS[target]
    text = f"import: 1\nsource: hr\ntarget: {target}\nfields: {{{', '.join(f'{n}: {n}' for n in names)}}}\n"
    content = "\n".join([",".join(names), *lines, ""]).encode()
    return import_run(mapping_text=text, files=[Source(f"{target}.csv", content=content)], **values)


def state() -> dict[str, Any]:
    """All that the targets without a history hold, ids apart."""
    return {
        "positions": sorted(Position.objects.values_list("code", "title", "source")),
        "territories": sorted(Territory.objects.values_list("code", "name", "parent__code")),
        "payees": sorted(Payee.objects.values_list("external_id", "pay_currency")),
        "names": sorted(PersonDetail.objects.values_list("payee__external_id", "display_name", "email")),
        "employed": sorted(Employment.objects.filter(known_to=None).values_list("payee__external_id", "valid_from")),
        "calendars": sorted(FiscalCalendar.objects.values_list("code", "is_default")),
        "periods": sorted(Period.objects.values_list("calendar__code", "code", "starts", "ends")),
    }


LINES = {
    "position": ("P1,Seller", "P2,Manager"),
    "territory": ("N,North,", "S,South,"),
    "payee": ("e1,Ann,USD,ann@x.example,2024-01-01", "e2,Bob,EUR,,"),
    "calendar_period": ("c,2024-1,2024-01-01,2024-02-01,2024", "c,2024-2,2024-02-01,2024-03-01,2024"),
}
LATER = {
    "position": ("P1,Senior seller", "P3,Clerk"),
    "territory": ("N,Far north,S", "W,West,N"),
    "payee": ("e1,Anna,USD,anna@x.example,2024-01-01", "e2,Bob,USD,,", "e3,Cy,USD,,"),
    "calendar_period": ("c,2024-3,2024-03-01,2024-04-01,2024",),
}


@pytest.fixture
def company(scope):
    return make_entity()


@pytest.mark.parametrize("target", LINES)
def test_each_import_is_taken_back_to_exactly_what_stood_before(company, target):
    empty = state()
    first = load(target, *LINES[target])
    after_first = state()
    assert after_first != empty
    second = load(target, *LATER[target])
    assert state() != after_first
    assert can_roll_back(second)
    assert batch_roll_back(batch=second) > 0
    assert state() == after_first
    batch_roll_back(batch=first)
    assert state() == empty
    first.refresh_from_db()
    assert (first.state, first.kept, first.rolled_back_by is not None) == ("rolled_back", [], True)
    with pytest.raises(ImportFault, match="taken back already"):
        batch_roll_back(batch=first)
    assert load(target, *LINES[target]).rows_new == len(LINES[target]), "the same file can come again"
    assert state() == after_first


@pytest.mark.parametrize("target", LINES)
def test_a_dry_run_notes_nothing_and_the_same_again_has_nothing_to_take_back(company, target):
    load(target, *LINES[target], dry_run=True)
    assert not UndoRow.objects.exists()
    load(target, *LINES[target])
    again = load(target, *LINES[target])
    assert not can_roll_back(again)
    with pytest.raises(ImportFault, match="wrote nothing"):
        batch_roll_back(batch=again)


def test_what_others_refer_to_is_named_and_nothing_is_done(company):
    people = load("payee", *LINES["payee"])
    positions = load("position", *LINES["position"])
    text = "import: 1\nsource: hr\ntarget: assignment\nfields: {payee: p, position: s, valid_from: f}\n"
    import_run(mapping_text=text, files=[Source("a.csv", content=b"p,s,f\ne1,P1,2024-01-01\n")])
    before = state()
    with pytest.raises(ImportFault) as refused:
        batch_roll_back(batch=people)
    assert "payee e1 – assignments: 1, seats: 1" in str(refused.value)
    assert "e2" not in str(refused.value)
    with pytest.raises(ImportFault, match="position P1 – assignments: 1, seats: 1"):
        batch_roll_back(batch=positions)
    assert state() == before
    people.refresh_from_db()
    assert people.state == "imported"
    assert can_roll_back(people)


def test_a_long_list_of_references_is_cut_with_its_rest_counted(company):
    parents = load("territory", *(f"T{i:02},Name," for i in range(12)))
    load("territory", *(f"U{i:02},Name,T{i:02}" for i in range(12)))
    with pytest.raises(ImportFault) as refused:
        batch_roll_back(batch=parents)
    assert str(refused.value).count("territories below: 1") == 10
    assert "and 2 more" in str(refused.value)


def test_what_was_changed_since_keeps_its_later_state_and_is_named(company):
    load("position", "P1,Seller", "P2,Manager")
    second = load("position", "P1,Senior seller", "P2,Head", "P3,Clerk", "P4,Driver")
    Position.objects.filter(code="P1").update(title="By hand")
    Position.objects.filter(code="P3").update(title="By hand too")
    assert batch_roll_back(batch=second) == 2
    assert dict(Position.objects.values_list("code", "title")) == {"P1": "By hand", "P2": "Manager", "P3": "By hand too"}
    second.refresh_from_db()
    assert [shown(name) for name in second.kept] == ["position P1", "position P3"]


def test_when_all_was_changed_since_there_is_nothing_to_take_back(company):
    batch = load("position", "P1,Seller")
    Position.objects.update(title="By hand")
    with pytest.raises(ImportFault, match="changed since"):
        batch_roll_back(batch=batch)


def test_of_a_person_all_stays_or_all_goes(company):
    batch = load("payee", *LINES["payee"])
    PersonDetail.objects.filter(payee__external_id="e1").update(display_name="Ann Corrected")
    batch_roll_back(batch=batch)
    now = state()
    assert (now["payees"], now["employed"]) == ([("e1", "USD")], [("e1", dt.date(2024, 1, 1))])
    batch.refresh_from_db()
    assert [shown(name) for name in batch.kept] == ["employment of payee e1", "name and contact of payee e1", "payee e1"]


def test_an_employment_added_to_a_known_person_is_retired_not_erased(company):
    load("payee", "e2,Bob,EUR,,")
    batch = load("payee", "e2,Bob,EUR,,2025-05-01")
    batch_roll_back(batch=batch)
    row = Employment.objects.get()
    batch.refresh_from_db()
    assert (row.known_from, row.known_to) == (batch.change_set, batch.rolled_back_by)


def test_names_of_an_erased_person_do_not_come_back(company):
    load("payee", "e1,Ann,USD,ann@x.example,")
    second = load("payee", "e1,Anna,EUR,anna@x.example,")
    payee = Payee.objects.get()
    person_erase(payee=payee, actor_id=None, reason="asked")
    batch_roll_back(batch=second)
    assert "Ann" not in str(state())
    assert Payee.objects.get().pay_currency == "USD"


def test_a_gap_in_a_calendar_is_refused(company):
    load("calendar_period", *LINES["calendar_period"])
    second = load("calendar_period", *LATER["calendar_period"])
    load("calendar_period", "c,2024-4,2024-04-01,2024-05-01,2024")
    before = state()
    with pytest.raises(ImportFault, match="a gap from 2024-03-01 to 2024-04-01"):
        batch_roll_back(batch=second)
    assert state() == before


def test_without_its_notes_an_import_is_refused_with_the_reason(company):
    batch = load("position", "P1,Seller")
    UndoRow.objects.all().delete()
    assert not can_roll_back(batch)
    with pytest.raises(ImportFault, match="no longer kept row by row"):
        batch_roll_back(batch=batch)


def test_a_published_change_tells_that_it_was_taken_back(company):
    batch = load("position", "P1,Seller")
    with change() as other:
        pass
    batch_roll_back(batch=batch)
    batch.refresh_from_db()
    assert batch.rolled_back_by is not None
    assert batch.rolled_back_by.number > other.number


codes = st.sampled_from(["A", "B", "C", "D"])
files = st.lists(st.dictionaries(codes, st.sampled_from(["x", "y", "z"]), min_size=1), min_size=1, max_size=4)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(imports=files)
def test_taking_imports_back_in_turn_walks_through_every_former_state(company, imports):
    """The law: import, then take back, is as if nothing had been; for any number of imports, the last one first."""
    with _taken_back():
        states, batches = [state()], []
        for rows in imports:
            batches.append(load("territory", *(f"{code},{name}," for code, name in rows.items())))
            states.append(state())
        for batch in reversed(batches):
            now = states.pop()
            assert state() == now
            if can_roll_back(batch):
                batch_roll_back(batch=batch)
            else:
                assert now == states[-1]
        assert state() == states[0]


class _taken_back:
    def __enter__(self) -> None:
        self.atomic = transaction.atomic()
        self.atomic.__enter__()

    def __exit__(self, *error: Any) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(*error)
