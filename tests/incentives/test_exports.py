"""Files of a statement with a draw, a late amount and an open balance: what stands in them ties to the ledger."""

from __future__ import annotations

import datetime as dt
import io
import re
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from openpyxl import load_workbook
from pypdf import PdfReader

from incentives.exports import Span, StatementBook, book_pdf, book_xlsx, statement_book
from incentives.models import LedgerEntry
from incentives.services.ledger import period_state_set
from spm.access.models import Role
from spm.people.models import LegalEntity
from spm.ui.formats import money_text
from tests.incentives.world import PLAN, World, make_world, put_order
from tests.support.factories import make_member, make_user

TERMS = "draws:\n  - {name: ramp, label: Ramp draw, amount: 1500}\npayment: {negative: carry}\n"


@pytest.fixture
def world(scope) -> World:
    """January earned 500 and drew 1,000 of 1,500; an order that came after it closed is paid in February, under the draw again."""
    world = make_world(1, text=PLAN + TERMS)
    ann = world.payees[0]
    put_order("1", ann, "2024-01-10", 10_000_00)
    world.run(business_date=dt.date(2024, 1, 31))
    period_state_set(period=world.period("2024-01"), pay_group="monthly", legal_entity=LegalEntity.objects.get(), state="closed")
    put_order("late", ann, "2024-01-20", 4_000_00)
    world.run(business_date=dt.date(2024, 2, 29))
    return world


def book_of(world: World, span: Span = Span.YEAR) -> StatementBook:
    member = make_member(make_user(), Role.COMP_ADMIN)
    book = statement_book(
        membership=member, payee=world.payees[0], company="Acme", period=world.period("2024-02"), span=span, today=dt.date(2024, 2, 29)
    )  # fmt: skip
    assert book is not None
    return book


def text_of(body: bytes) -> str:
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in PdfReader(io.BytesIO(body)).pages))


def test_the_sheet_of_causes_sums_to_the_ledger_and_names_causes_draws_and_carries(world) -> None:
    sheets = load_workbook(io.BytesIO(book_xlsx(book_of(world))))
    _head, *rows, total = sheets["Causes"].iter_rows(values_only=True)
    due = sum((Decimal(e.amount).scaleb(-e.scale) for e in LedgerEntry.objects.all()), Decimal(0))
    assert sum(Decimal(str(row[-1])) for row in rows) == Decimal(str(total[-1])) == due
    found = {(row[0], row[1], row[4]): Decimal(str(row[-1])) for row in rows}
    assert found["2024-02", "commission", "Data"] == Decimal(200)
    assert found["2024-01", "commission", "Earned in the period"] == Decimal(500)
    assert found["2024-01", "Ramp draw", "paid as a draw, recovered from later pay"] == Decimal(1000)
    _head, *balances = sheets["Balances"].iter_rows(values_only=True)
    assert [(row[0], row[1], Decimal(str(row[3]))) for row in balances] == [
        ("2024-01", "Ramp draw to be recovered", Decimal(1000)), ("2024-02", "Ramp draw to be recovered", Decimal(2300)),
    ]  # fmt: skip


@pytest.mark.parametrize("locale", ["en", "ru"])
def test_the_pdf_says_what_stands_open_and_why_a_late_amount_came(world, locale) -> None:
    with translation.override(locale):
        text = text_of(book_pdf(book_of(world), zone=ZoneInfo("UTC")))
        for amount in (Decimal(1000), Decimal(2300), Decimal(1300)):
            assert re.sub(r"\s+", " ", money_text(amount, "USD", locale)) in text
        assert re.sub(r"\s+", " ", money_text(Decimal(200), "USD", locale, sign=True)) in text
    assert {"en": "Ramp draw to be recovered", "ru": "2024"}[locale] in text
    assert {"en": "orders that are new, changed or gone", "ru": "Данные"}[locale] in text
