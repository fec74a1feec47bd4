"""The sales record through the API: exact money, what was known when, and whose records a caller sees."""

from __future__ import annotations

import datetime as dt

import pytest

from spm.access.models import Role
from spm.currencies.codes import currency_pack
from spm.people.models import Payee
from spm.sales.models import Order, OrderLine, OrderLineVersion, OrderSplit, OrderVersion
from spm.tenancy.changes import change, known_number
from spm.tenancy.scope import tenant_scope
from tests.api.support import make_caller
from tests.support.factories import make_payee, make_position, seat_payee

USD = currency_pack("USD")
MAY = dt.date(2024, 5, 1)


def make_order(external_id: str, payee: Payee | None, *, amount: int = 1_234_567, day: dt.date = MAY, order: Order | None = None) -> Order:
    """A version of an order of 123.4567 USD, published in a change of its own."""
    order = order or Order.objects.create(source="erp", external_id=external_id)
    with change(reason="test") as changes:
        OrderVersion.objects.create(record=order, change_set=changes, payee=payee, order_date=day, amount=amount, amount_scale=4, currency_code=USD)
    return order


def test_an_order_comes_with_exact_money_its_lines_and_its_splits(tenant) -> None:
    with tenant_scope(tenant.pk):
        seller, helper = make_payee(), make_payee()
        order = Order.objects.create(source="erp", external_id="SO/1")
        line = OrderLine.objects.create(source="erp", external_id="SO/1-1")
        with change(reason="test") as changes:
            money = {"amount": 1_234_567, "amount_scale": 4, "currency_code": USD, "order_date": MAY, "payee": seller, "change_set": changes}
            OrderVersion.objects.create(record=order, has_splits=1, **money)
            OrderLineVersion.objects.create(record=line, order=order, line_number=1, quantity=25_000, unit_price=5, **money)
            OrderSplit.objects.create(order=order, change_set=changes, payee=helper, quota_share_ppm=300_000, pay_share_ppm=200_000)
    body = make_caller(tenant, Role.AUDITOR).get("orders/erp/SO%2F1/").json()
    assert (body["amount"], body["currency"], body["status"], body["payee"]) == ("123.4567", "USD", "booked", str(seller.uid))
    assert [(x["amount"], x["quantity"], x["unit_price"], x["cost"]) for x in body["lines"]] == [("123.4567", "2.5000", "0.0005", None)]
    assert body["splits"] == [{"payee": str(helper.uid), "quota_share_ppm": 300_000, "pay_share_ppm": 200_000, "role": ""}]
    assert "id" not in body


def test_an_order_is_told_as_it_was_known_then(tenant) -> None:
    with tenant_scope(tenant.pk):
        first, second = make_payee(), make_payee()
        order = make_order("A", first)
        before = known_number()
        with change(reason="moved") as changes:
            old = {"record": order, "change_set": changes, "currency_code": USD}
            OrderVersion.objects.create(**old, payee=first, order_date=MAY, tombstone=1)
            OrderVersion.objects.create(**old, payee=second, order_date=MAY, amount=7, amount_scale=0)
        moved = known_number()
        with change(reason="gone") as changes:
            OrderVersion.objects.create(record=order, change_set=changes, payee=second, order_date=MAY, tombstone=1, currency_code=USD)
        make_order("B", second)
    caller = make_caller(tenant, Role.AUDITOR)
    assert caller.get("orders/erp/A/", known_at=before).json()["payee"] == str(first.uid)
    assert caller.get("orders/erp/A/", known_at=moved).json()["amount"] == "7"
    assert caller.get("orders/erp/A/").status_code == 404
    assert [o["external_id"] for o in caller.get("orders/", known_at=moved).json()["results"]] == ["A"]
    assert [o["external_id"] for o in caller.get("orders/").json()["results"]] == ["B"]
    future = caller.get("orders/", known_at=10**6)
    assert (future.status_code, future.json()["code"]) == (409, "not_known_yet")


def test_what_is_not_published_is_not_there(tenant) -> None:
    from spm.tenancy.changes import changeset_open, changeset_publish

    with tenant_scope(tenant.pk):
        order = Order.objects.create(source="erp", external_id="A")
        pending = changeset_open(kind="import")
        OrderVersion.objects.create(record=order, change_set=pending, order_date=MAY, currency_code=USD)
    caller = make_caller(tenant, Role.AUDITOR)
    assert caller.get("orders/").json()["results"] == []
    with tenant_scope(tenant.pk):
        changeset_publish(pending)
    assert len(caller.get("orders/").json()["results"]) == 1


def test_filters_narrow_and_a_change_number_gives_what_is_new(tenant) -> None:
    with tenant_scope(tenant.pk):
        seller = make_payee()
        make_order("A", seller)
        number = known_number()
        make_order("B", seller, day=dt.date(2024, 6, 1))
        make_order("C", None)
    caller = make_caller(tenant, Role.AUDITOR)

    def ids(**params: object) -> list[str]:
        return [o["external_id"] for o in caller.get("orders/", **params).json()["results"]]

    assert ids(payee=seller.uid) == ["A", "B"]
    assert ids(date_from="2024-05-01", date_before="2024-06-01") == ["A", "C"]
    assert ids(changed_after=number) == ["B", "C"]
    assert ids(status="cancelled") == []


@pytest.fixture
def team(tenant):
    """A manager, his report, and a colleague elsewhere, each with an order; and one that nobody owns."""
    with tenant_scope(tenant.pk):
        top = make_position("TOP")
        below, aside = make_position("BELOW", manager=top), make_position("ASIDE")
        people = {name: make_payee(name) for name in ("boss", "rep", "other")}
        for name, position in zip(people, (top, below, aside), strict=True):
            seat_payee(people[name], position)
            make_order(name, people[name])
        make_order("nobody", None)
    return people


@pytest.mark.parametrize(
    ("who", "role", "seen"),
    [
        ("rep", Role.REP, {"rep"}),
        ("boss", Role.MANAGER, {"boss", "rep"}),
        ("boss", Role.REP, {"boss"}),
        (None, Role.REP, set()),
        (None, Role.AUDITOR, {"boss", "rep", "other", "nobody"}),
    ],
)
def test_records_are_seen_by_the_reporting_line(tenant, team, who, role, seen) -> None:
    caller = make_caller(tenant, role, payee=team.get(who))
    assert {o["external_id"] for o in caller.get("orders/").json()["results"]} == seen
    for name in ("boss", "rep", "other"):
        assert caller.get(f"orders/erp/{name}/").status_code == (200 if name in seen else 404)


def test_a_split_lets_its_payee_see_the_order(tenant, team) -> None:
    caller = make_caller(tenant, Role.REP, payee=team["rep"])
    with tenant_scope(tenant.pk), change(reason="split") as changes:
        order = Order.objects.get(external_id="other")
        OrderVersion.objects.create(record=order, change_set=changes, payee=team["other"], order_date=MAY, has_splits=1, currency_code=USD)
        OrderSplit.objects.create(order=order, change_set=changes, payee=team["rep"], quota_share_ppm=1, pay_share_ppm=1)
    assert {o["external_id"] for o in caller.get("orders/").json()["results"]} == {"rep", "other"}
