"""A tree of product categories of any depth: a rule on any ancestor, the deepest wins, as of the line's day; through the run, by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incentives.engine.categories import CategoryTree, cycle_of
from incentives.engine.compile import plan_load
from incentives.engine.contracts import CategoryLink
from incentives.engine.errors import InputError, PlanError
from incentives.engine.plan_check import plan_check
from incentives.models import LedgerEntry
from spm.access.models import Role
from spm.imports.errors import ImportFault
from spm.imports.readers import Source
from spm.imports.services import import_run
from spm.people.errors import PeopleError
from spm.sales.categories import category_free, category_place
from spm.sales.models import CategoryParent, Product, ProductVersion
from spm.tenancy.changes import change
from tests.api.support import make_caller
from tests.incentives.world import World, make_world, put_line, put_order

PLAN = """\
engine: 1
plan: tree
currency: USD
calendar: month
reads: order_lines
credits:
  - {name: goods, to: owner, choose: kind, where: 'within(category, "Goods")'}
  - {name: road, to: owner, choose: kind, where: 'within(category, "Road")', amount: amount * 3}
  - {name: bikes, to: owner, choose: kind, where: 'within(category, "Bikes", "Trikes")', amount: amount * 2}
measures:
  - {name: sales}
components:
  - {name: pay, base: sales, pay_rate: {flat: 1%}}
tests:
  - name: the deepest rule wins, on whatever level the product lies
    categories:
      - {category: Bikes, parent: Goods}
      - {category: Trikes, parent: Goods}
      - {category: Road, parent: Bikes}
      - {category: Race, parent: Road, from: 2025-02-01}
      - {category: Race, parent: Goods, to: 2025-02-01}
    transactions:
      - {id: 1, date: 2025-01-05, payee: ann, amount: 100, category: Goods}
      - {id: 2, date: 2025-01-05, payee: ann, amount: 100, category: Trikes}
      - {id: 3, date: 2025-01-05, payee: ann, amount: 100, subcategory: Race}
      - {id: 4, date: 2025-02-05, payee: ann, amount: 100, category: Toys, subcategory: Race}
      - {id: 5, date: 2025-02-05, payee: ann, amount: 100, category: Toys}
    expect:
      - {payee: ann, component: pay, period: 2025-01, amount: 4}
      - {payee: ann, component: pay, period: 2025-02, amount: 3}
      - {uncredited: 1}
"""
FIRST = dt.date(2024, 1, 1)
D = Decimal


def test_the_plans_own_tests_hold() -> None:
    checked = plan_check(PLAN)
    assert checked.problems == ()
    assert [test.problems for test in checked.tests] == [()]


@pytest.mark.parametrize(
    ("formula", "code"),
    [
        ('within(category)', "arity"), ('within(product, "Bikes")', "within_category"), ("within(category, 3)", "within_texts"),
        ('within(category, "Bikes") + 1', "number_needed"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_found_with_its_place(formula: str, code: str) -> None:
    with pytest.raises(PlanError) as found:
        plan_load(PLAN[: PLAN.index("tests:")].replace('within(category, "Road")', formula))
    [problem] = found.value.problems
    assert (problem.code, problem.line) == (code, 8)


def test_orders_have_no_categories() -> None:
    with pytest.raises(PlanError) as found:
        plan_load(PLAN[: PLAN.index("tests:")].replace("reads: order_lines\n", ""))
    assert {problem.code for problem in found.value.problems} == {"within_category"}


def test_a_tree_that_turns_back_is_refused_in_a_plans_tests() -> None:
    text = PLAN.replace("{category: Trikes, parent: Goods}", "{category: Goods, parent: Race, from: 2025-03-01}")
    assert any("would lie within itself" in str(problem) for test in plan_check(text).tests for problem in test.problems)


NAMES = st.sampled_from("abcdef")


@given(pairs=st.lists(st.tuples(NAMES, NAMES), max_size=8, unique_by=lambda pair: pair[0]), name=NAMES)
def test_within_is_what_one_reaches_by_going_up(pairs: list[tuple[str, str]], name: str) -> None:
    links = [CategoryLink(category, parent, 0) for category, parent in pairs]
    tree, above = CategoryTree(links), dict(pairs)
    turned = cycle_of(links) is not None
    for one in "abcdef":
        reached, at = {one}, one
        while at in above and above[at] not in reached:
            at = above[at]
            reached.add(at)
        assert (name in reached) == any(one in labels for start, _, labels in tree.within(name) if start == 0 or not links)
        assert turned or tree.depth(one) == len(reached) - 1


# ---- the record


def put_product(key: str, category: str, subcategory: str = "") -> Product:
    product, _ = Product.objects.get_or_create(source="test", external_id=key)
    with change(reason="product") as changeset:
        ProductVersion.objects.create(record=product, change_set=changeset, name=key, category=category, subcategory=subcategory)
    return product


def earned(world: World) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for row in LedgerEntry.objects.filter(component="pay").select_related("earning_period"):
        found[row.earning_period.code] = found.get(row.earning_period.code, D(0)) + D(row.amount).scaleb(-row.scale)
    return {code: amount for code, amount in found.items() if amount}


@pytest.fixture
def world(scope: Any) -> World:
    """A line of 1,000 on 10 January and on 10 March, of a product in Race, which lies four deep: Race, Road, Bikes, Goods."""
    world = make_world(1, text=PLAN)
    product = put_product("r1", "Race")
    for key, day in (("1", "2024-01-10"), ("2", "2024-03-10")):
        put_line(put_order(key, world.payees[0], day, 1000_00), f"{key}-1", 1000_00, product=product)
    for category, parent in (("Race", "Road"), ("Road", "Bikes"), ("Bikes", "Goods")):
        category_place(category=category, parent=parent, start=FIRST)
    return world


def test_a_rule_on_any_ancestor_credits_and_the_deepest_wins(world: World) -> None:
    world.run()
    assert earned(world) == {"2024-01": D("30.00"), "2024-03": D("30.00")}


def test_the_tree_is_as_of_the_lines_day_and_its_change_is_paid_in_the_next_run(world: World) -> None:
    world.run()
    category_place(category="Road", parent="Goods", start=dt.date(2024, 3, 1))
    category_free(category="Race", day=dt.date(2024, 2, 1))
    category_place(category="Race", parent="Bikes", start=dt.date(2024, 2, 1))
    run = world.run()
    assert run.is_full
    assert earned(world) == {"2024-01": D("30.00"), "2024-03": D("20.00")}
    category_free(category="Race", day=dt.date(2024, 2, 1))
    world.run()
    assert earned(world) == {"2024-01": D("30.00")}


def test_a_category_never_comes_to_lie_within_itself(world: World) -> None:
    with pytest.raises(PeopleError):
        category_place(category="Goods", parent="Race", start=dt.date(2025, 1, 1))
    with pytest.raises(PeopleError):
        category_place(category="Goods", parent="Goods", start=FIRST)
    assert not CategoryParent.objects.filter(category="Goods").exists()
    category_free(category="Race", day=dt.date(2025, 1, 1))
    assert category_place(category="Goods", parent="Race", start=dt.date(2025, 1, 1)), "the turn is gone by then"


MAPPING = """\
import: 1
source: pim
target: category
fields: {category: Category, parent: Parent, valid_from: {constant: "2024-01-01"}}
"""


def take(*lines: str) -> Any:
    return import_run(mapping_text=MAPPING, files=[Source("f.csv", content="\n".join(["Category,Parent", *lines, ""]).encode())])


def test_the_tree_is_imported_and_a_turn_in_it_refused(world: World) -> None:
    batch = take("Gravel,Road", "Race,Road", "Toys,Toys")
    assert (batch.rows_new, batch.rows_unchanged, batch.rows_rejected) == (1, 1, 1)
    with pytest.raises(ImportFault, match="within itself"):
        take("Goods,Gravel")
    assert not CategoryParent.objects.filter(category="Goods").exists()


def test_the_tree_is_set_and_read_through_the_api(tenant: Any) -> None:
    caller = make_caller(tenant, Role.TENANT_ADMIN, Role.COMP_ADMIN)
    [row] = caller.post("categories/set/", {"category": "Race", "parent": "Road", "start": "2024-01-01"}).json()
    assert (row["category"], row["parent"], row["valid_to"]) == ("Race", "Road", None)
    assert caller.post("categories/set/", {"category": "Road", "parent": "Race", "start": "2024-05-01"}).status_code == 409
    assert caller.post("categories/end/", {"category": "Race", "day": "2024-06-01"}).status_code == 204
    assert [row["valid_to"] for row in caller.get("categories/", category="Race").json()["results"]] == ["2024-06-01"]
    assert make_caller(tenant, Role.REP).post("categories/set/", {"category": "A", "parent": "B", "start": "2024-01-01"}).status_code == 403


def test_a_cell_of_the_tree_that_says_two_things_is_named() -> None:
    from incentives.engine.tabular_lines import categories_read

    with pytest.raises(InputError, match="lies in two categories at once"):
        categories_read({"categories": [{"category": "A", "parent": "B"}, {"category": "A", "parent": "C"}]})


def test_negative_control_without_the_tree_a_rule_credits_its_own_category_alone(scope: Any) -> None:
    world = make_world(1, text=PLAN)
    put_line(put_order("1", world.payees[0], "2024-01-10", 1000_00), "1-1", 1000_00, product=put_product("r1", "Race"))
    world.run()
    assert earned(world) == {}
