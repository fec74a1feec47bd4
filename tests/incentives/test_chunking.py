"""Chunks of payees: everybody once, none too large, and whoever is under the same plans together."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from incentives.chunking import chunk_numbers_of, chunks_of, groups_of
from incentives.engine.contracts import NOBODY
from incentives.inputs import RunInputs

plans = st.lists(st.frozensets(st.integers(1, 5), max_size=2), min_size=1, max_size=60)


def inputs_of(under: list[frozenset[int]]) -> RunInputs:
    versions = [
        SimpleNamespace(id=plan, enrolled=frozenset(payee for payee, own in enumerate(under) if plan in own), led=frozenset[int]()) for plan in range(1, 6)
    ]
    return cast("RunInputs", SimpleNamespace(payees=dict.fromkeys(range(len(under))), versions=versions))


@given(plans, st.integers(1, 12))
def test_everybody_is_in_one_chunk_and_those_under_the_same_plans_share_it(under: list[frozenset[int]], size: int) -> None:
    nobody, *chunks = chunks_of(inputs_of(under), size)
    assert nobody == [NOBODY]
    assert sorted(payee for chunk in chunks for payee in chunk) == list(range(len(under)))
    assert all(0 < len(chunk) <= size and chunk == sorted(chunk) for chunk in chunks)
    for alike in set(under):
        payees = [payee for payee, own in enumerate(under) if own == alike]
        fewest = -(-len(payees) // size)
        # A group that is larger than a chunk fills whole ones and leaves a rest; none is cut that would have fitted.
        assert len([chunk for chunk in chunks if not set(payees).isdisjoint(chunk)]) == fewest


@given(plans, st.integers(1, 12))
def test_a_payee_is_found_in_his_chunk(under: list[frozenset[int]], size: int) -> None:
    chunks = chunks_of(inputs_of(under), size)
    for payee in range(len(under)):
        (number,) = chunk_numbers_of([payee], chunks)
        assert payee in chunks[number]
    assert chunk_numbers_of([NOBODY], chunks) == {0}


@given(plans, st.integers(1, 12), st.data())
def test_groups_hold_exactly_those_who_are_to_be_settled_chunk_by_chunk(under: list[frozenset[int]], size: int, data: st.DataObject) -> None:
    chunks = chunks_of(inputs_of(under), size)
    wanted = data.draw(st.sets(st.integers(0, len(under) - 1)))
    groups = groups_of(wanted, chunks, size)
    assert sorted(payee for group in groups for payee in group) == sorted(wanted)
    assert all(0 < len(group) <= size for group in groups)
    assert all(len([group for group in groups if not wanted.intersection(group).isdisjoint(chunk)]) <= 1 for chunk in chunks[1:])
