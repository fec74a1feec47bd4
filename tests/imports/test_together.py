"""Two writers at the same time: an order never counts under two sellers, whoever publishes first."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from spm.imports import services
from spm.imports.readers import Source
from spm.imports.services import RecordMoved, import_run
from spm.people.models import Payee
from spm.sales.models import OrderLineVersion, OrderVersion
from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope
from tests.imports.conftest import ORDERS
from tests.support.factories import make_entity, make_tenant

pytestmark = pytest.mark.django_db(transaction=True)
LINES = """\
import: 1
source: crm
target: order_line
fields: {external_id: Id, order: Order, amount: Amount}
"""


@pytest.fixture
def company() -> Tenant:
    tenant = make_tenant("together")
    with tenant_scope(tenant.pk):
        entity = make_entity()
        for key in ("ann", "bob", "cid"):
            Payee.objects.create(source="crm", external_id=key, legal_entity=entity, pay_currency="USD")
        order_import("1,2024-03-05,ann,100")
        line_import("a,1,100")
    return tenant


def order_import(line: str) -> None:
    import_run(mapping_text=ORDERS, files=[Source("o.csv", content=f"Id,Date,Owner,Amount\n{line}\n".encode())])


def line_import(line: str) -> None:
    import_run(mapping_text=LINES, files=[Source("l.csv", content=f"Id,Order,Amount\n{line}\n".encode())])


def live(model: type) -> list[str]:
    """Sellers under whom the newest version that a reader of one seller sees is alive: what the engine would credit."""
    found = []
    for key in ("ann", "bob", "cid"):
        rows = model.objects.filter(payee__external_id=key, change_set__number__isnull=False).order_by("-change_set__number", "tombstone")  # type: ignore[attr-defined]
        newest = rows.first()
        if newest is not None and not newest.tombstone:
            found.append(key)
    return found


def meanwhile(tenant: Tenant, act, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets another connection do `act` after the import has written its versions and before it publishes."""
    true_totals = services._totals

    def other() -> None:
        with tenant_scope(tenant.pk):
            act()
        connection.close()

    def totals(*args, **kwargs) -> None:
        monkeypatch.setattr(services, "_totals", true_totals)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(timeout=30)
        assert not thread.is_alive(), "the other writer had to wait for the whole import"
        true_totals(*args, **kwargs)

    monkeypatch.setattr(services, "_totals", totals)


def test_an_order_moved_by_another_meanwhile_stops_the_import(company, monkeypatch):
    meanwhile(company, lambda: order_import("1,2024-03-05,cid,100"), monkeypatch)
    with pytest.raises(RecordMoved), tenant_scope(company.pk):
        order_import("1,2024-03-05,bob,100")
    with tenant_scope(company.pk):
        assert (live(OrderVersion), live(OrderLineVersion)) == (["cid"], ["cid"])
        order_import("1,2024-03-05,bob,100")
        assert (live(OrderVersion), live(OrderLineVersion)) == (["bob"], ["bob"])


def test_without_the_guard_the_order_would_count_twice(company, monkeypatch):
    monkeypatch.setattr(services, "versions_clash", lambda **_: False)
    monkeypatch.setattr(services, "lines_clash", lambda **_: False)
    meanwhile(company, lambda: order_import("1,2024-03-05,cid,100"), monkeypatch)
    with tenant_scope(company.pk):
        order_import("1,2024-03-05,bob,100")
        assert live(OrderVersion) == ["bob", "cid"]


def test_a_line_whose_order_moved_meanwhile_stops_the_import(company, monkeypatch):
    meanwhile(company, lambda: order_import("1,2024-03-05,cid,100"), monkeypatch)
    with pytest.raises(RecordMoved), tenant_scope(company.pk):
        line_import("b,1,50")


def test_an_order_that_got_a_line_meanwhile_is_not_moved_without_it(company, monkeypatch):
    meanwhile(company, lambda: line_import("b,1,50"), monkeypatch)
    with pytest.raises(RecordMoved), tenant_scope(company.pk):
        order_import("1,2024-03-05,bob,100")


def test_others_publish_freely_while_an_import_is_written(company, monkeypatch):
    meanwhile(company, lambda: order_import("2,2024-03-06,cid,5"), monkeypatch)
    with tenant_scope(company.pk):
        order_import("1,2024-03-05,bob,100")
        assert live(OrderVersion) == ["bob", "cid"]
