"""A small company into which the tests of imports write, and short ways to import."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from spm.imports.models import Batch
from spm.imports.readers import Source
from spm.imports.services import import_run
from spm.people.models import Payee
from tests.support.factories import make_entity

ORDERS = """\
import: 1
source: crm
target: order
fields:
  external_id: Id
  order_date: Date
  payee: Owner
  amount: {column: Amount, scale: 2}
  currency: {constant: USD}
"""


@pytest.fixture
def sellers(scope) -> list[Payee]:
    entity = make_entity()
    return [Payee.objects.create(source="crm", external_id=key, legal_entity=entity, pay_currency="USD") for key in ("ann", "bob")]


@pytest.fixture
def orders(sellers) -> Callable[..., Batch]:
    """orders("Id,...", ...): imports lines under the usual header."""

    def run(*lines: str, text: str = ORDERS, header: str = "Id,Date,Owner,Amount", encoding: str = "utf-8", **values) -> Batch:
        content = "\n".join([header, *lines]) + "\n"
        return import_run(mapping_text=text, files=[Source("orders.csv", content=content.encode(encoding))], **values)

    return run
