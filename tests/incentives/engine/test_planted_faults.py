"""The laws can fail: for each one a fault that somebody could make is planted in the engine, and the law's own test has to find it.

docs/proof.md lists laws and faults by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from incentives.engine import columns, credit, earn, run, simulate, tables, tabular
from incentives.engine.contracts import Splits
from incentives.engine.measure import totals_split
from incentives.engine.rounding import split_columns

from . import test_credited as credited
from . import test_properties as laws

Plant = Callable[[pytest.MonkeyPatch], None]


def remainder_dropped(patch: pytest.MonkeyPatch) -> None:
    """Each share is cut off, and the units that are left over go to nobody."""

    def cut(totals: Any, weights: Any, group: Any, whole: int) -> Any:
        found = split_columns(totals, weights, group, whole)
        return np.where(found > 0, found - (found % 7 == 0), found)

    patch.setattr(credit, "split_columns", cut)


def refunds_without_credit(patch: pytest.MonkeyPatch) -> None:
    """What is given back takes no credit back."""
    rounded = columns.round_column
    patch.setattr(columns, "round_column", lambda values, denominator, places, mode: np.maximum(rounded(values, denominator, places, mode), 0))


def leaf_forgotten(patch: pytest.MonkeyPatch) -> None:
    """The explanation does not say what rounding did."""
    part = earn.Part

    def forgetful(kind: str, label: str, amount: Any, detail: Any = None) -> Any:
        return part(kind, label, Decimal(0) if kind == "rounding" else amount, detail or {})

    patch.setattr(earn, "Part", forgetful)


def owners_only(patch: pytest.MonkeyPatch) -> None:
    """A chunk reads the orders of its own payees and forgets those in whose splits they take part."""

    def owned(facts: Any, splits: Any, payees: Any) -> Any:
        part = facts.taken(np.flatnonzero(np.isin(facts.payee, payees)))
        of = np.flatnonzero(np.isin(splits.object_id, part.object_id))
        return part, Splits(splits.object_id[of], splits.payee[of], splits.quota_share[of], splits.pay_share[of], splits.role[of])

    patch.setattr(run, "facts_for", owned)
    patch.setattr(laws, "facts_for", owned)


def numbered_as_they_come(patch: pytest.MonkeyPatch) -> None:
    """Names get their ids in the order of rows; equal remainders then go to whom the file names first."""
    patch.setattr(tabular, "sorted_names", lambda values: tuple(dict.fromkeys(values)))


def team_rows_lost(patch: pytest.MonkeyPatch) -> None:
    """Divided among workers, totals lose what managers get from members in other groups."""
    patch.setattr(laws, "totals_split", lambda totals, groups: [replace(part, team=()) for part in totals_split(totals, groups)])


def all_posted_again(patch: pytest.MonkeyPatch) -> None:
    """A second run posts what is earned, not its difference to what stands in the ledger."""

    def post(*, earned: Any, posted: Any, pay_period: Any, scale: int) -> Any:
        return laws_post(earned=earned, posted={}, pay_period=pay_period, scale=scale)

    laws_post = laws.post
    patch.setattr(laws, "post", post)


def line_left_out(patch: pytest.MonkeyPatch) -> None:
    """The list of lines stops one too early."""
    lines = simulate.component_lines
    patch.setattr(simulate, "component_lines", lambda *given: lines(*given)[:-1])


def whole_for_marginal(patch: pytest.MonkeyPatch) -> None:
    """The rate that is reached is paid on everything."""
    patch.setattr(tables.Steps, "marginal", lambda self, x, scale=Decimal(1): x * self.rate(x, scale))


def bound_on_the_wrong_side(patch: pytest.MonkeyPatch) -> None:
    """The pay of a slice is counted from a cent beside its bound."""
    marginal = tables.Steps.marginal
    patch.setattr(tables.Steps, "marginal", lambda self, x, scale=Decimal(1): marginal(self, x - Decimal("0.01"), scale))


@pytest.mark.parametrize(
    ("law", "plant"),
    [
        (laws.test_credits_of_an_object_sum_to_its_rounded_amount, remainder_dropped),
        (credited.test_every_credit_and_measure_is_that_of_a_slow_count_in_any_chunks, remainder_dropped),
        (credited.test_every_credit_and_measure_is_that_of_a_slow_count_in_any_chunks, owners_only),
        (credited.test_what_nobody_is_credited_for_has_its_reason_and_every_cent_is_somewhere, remainder_dropped),
        (laws.test_adding_then_reversing_everything_earns_nothing, refunds_without_credit),
        (laws.test_leaves_of_every_explanation_sum_to_its_total, leaf_forgotten),
        (laws.test_neither_row_order_nor_chunks_change_a_byte, owners_only),
        (laws.test_neither_row_order_nor_chunks_change_a_byte, numbered_as_they_come),
        (laws.test_recomputing_only_the_payees_that_changed_equals_the_full_run, owners_only),
        (laws.test_earning_group_by_group_equals_earning_at_once, team_rows_lost),
        (laws.test_posting_brings_the_ledger_to_what_is_earned_and_twice_posts_nothing, all_posted_again),
        (laws.test_lines_sum_to_what_the_component_pays_before_rounding, line_left_out),
        (laws.test_marginal_pay_is_continuous_and_grows_with_sales, whole_for_marginal),
        (laws.test_pay_equals_a_plain_fraction_reference, bound_on_the_wrong_side),
    ],
    ids=lambda one: one.__name__.removeprefix("test_"),
)
def test_the_law_finds_the_planted_fault(law: Callable[[], None], plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        law()
