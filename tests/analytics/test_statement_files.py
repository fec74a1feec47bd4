"""A statement as PDF and spreadsheet: every figure of the ledger is in it and ties, texts stay texts, others' stay hidden."""

from __future__ import annotations

import datetime as dt
import io
import re
from decimal import Decimal

import pytest
from django.utils import translation
from openpyxl import load_workbook
from pypdf import PdfReader

from incentives.models import LedgerEntry, PlanVersion
from incentives.selectors import late_changes, statement_get
from incentives.services.ledger import adjustment_post, period_state_set
from incentives.services.runs import recompute
from spm.access.models import Role
from spm.calendars.models import Period
from spm.people.models import LegalEntity, PersonDetail, Seat
from spm.ui.formats import money_text
from tests.api.support import make_caller
from tests.support.desks import TODAY, Desk, desk_build, order_write


@pytest.fixture
def desk(scope) -> Desk:
    return desk_build(scope)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    for page in ("common", "statement_files"):
        monkeypatch.setattr(f"analytics.pages.{page}.today_of", lambda request: TODAY)


def _adjust(desk: Desk, note: str, amount: int = -1_01) -> None:
    period = Period.objects.get(code="2026-02")
    adjustment_post(
        payee=desk.rep, seat=Seat.objects.get(payee=desk.rep), plan_version_id=PlanVersion.objects.get().pk, component="commission", earning_period=period,
        pay_period=period, amount=amount, scale=2, currency="USD", note=note,
    )  # fmt: skip


def _get(client, desk: Desk, ending: str, *, code: str = "2026-02", payee=None, **query):
    return client.get(f"/t/{desk.tenant.slug}/people/{(payee or desk.rep).uid}/statements/{code}/statement.{ending}", query)


def _text(body: bytes) -> str:
    """The text of a PDF with every run of white space as one space."""
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in PdfReader(io.BytesIO(body)).pages))


def _money(value: Decimal, locale: str = "en") -> str:
    return re.sub(r"\s+", " ", money_text(value, "USD", locale))


def _ledger(desk: Desk, *codes: str) -> Decimal:
    rows = LedgerEntry.objects.filter(payee=desk.rep, pay_period__code__in=codes)
    return sum((Decimal(row.amount).scaleb(-row.scale) for row in rows), Decimal(0))


def test_the_pdf_holds_every_figure_of_the_statement_down_to_the_order(desk):
    _adjust(desk, "Agreed with Ava")
    text = _text(_get(desk.client(desk.rep, Role.REP), desk, "pdf").content)
    view = statement_get(desk.rep, Period.objects.get(code="2026-02"))
    assert view.total == {"USD": Decimal("4199.00")} == {"USD": _ledger(desk, "2026-02")}
    wanted = [*(p.amount for p in view.parts), *(a.amount for a in view.adjustments), *view.total.values(), *view.earned.values(), *view.adjusted.values()]
    for amount in wanted:
        assert _money(amount) in text
    for external_id, _day, cents in desk.orders[1:]:
        assert external_id in text
        assert _money(Decimal(cents).scaleb(-2)) in text
    assert "Agreed with Ava" in text
    assert "Ava Rep" in text


def test_the_pdf_is_tagged_titled_and_in_the_readers_language(desk):
    client = desk.client(desk.rep, Role.REP)
    reader = PdfReader(io.BytesIO(_get(client, desk, "pdf").content))
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert "StructTreeRoot" in str(reader.trailer["/Root"].keys())
    assert "Ava Rep" in reader.metadata.title
    assert reader.trailer["/Root"]["/Lang"] == "en"
    client.cookies["django_language"] = "ru"
    answer = _get(client, desk, "pdf").content
    assert PdfReader(io.BytesIO(answer)).trailer["/Root"]["/Lang"] == "ru"
    with translation.override("ru"):
        assert _money(Decimal("4200.01"), "ru") in _text(answer)
        assert "Февраль 2026" in _text(answer)


@pytest.mark.parametrize("ending", ["pdf", "xlsx"])
def test_the_same_statement_is_the_same_bytes(desk, ending):
    client = desk.client(desk.rep, Role.REP)
    first = _get(client, desk, ending).content
    assert _get(client, desk, ending).content == first
    _adjust(desk, "One cent", 1)
    assert _get(client, desk, ending).content != first


def test_the_spreadsheet_sums_to_the_ledger_on_each_sheet(desk):
    _adjust(desk, "Agreed with Ava")
    book = load_workbook(io.BytesIO(_get(desk.client(desk.rep, Role.REP), desk, "xlsx", span="year").content))
    due = _ledger(desk, "2026-01", "2026-02")
    assert due == Decimal("7799.00")
    for name in ("Totals", "Components", "Lines"):
        *rows, total = [row for row in book[name].iter_rows(values_only=True) if any(v is not None for v in row)]
        head = next(n for n, row in enumerate(rows) if row[0] == "Period")
        assert sum(Decimal(str(row[-1])) for row in rows[head + 1 :]) == Decimal(str(total[-1])) == due
    amounts = [cell for column in book["Lines"].iter_cols(min_col=13) for cell in column[1:] if cell.value is not None]
    assert {cell.data_type for cell in amounts} == {"n"}
    assert {row[4] for row in book["Lines"].iter_rows(values_only=True)} >= {order for order, _day, _cents in desk.orders}


def test_a_text_that_begins_like_a_formula_stays_a_text(desk):
    _adjust(desk, '=HYPERLINK("http://x")')
    PersonDetail.objects.filter(payee=desk.rep).update(display_name="@SUM(1)")
    book = load_workbook(io.BytesIO(_get(desk.client(desk.rep, Role.REP), desk, "xlsx").content))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert "f" not in {cell.data_type for cell in cells}
    assert not [cell for cell in cells if cell.data_type == "s" and str(cell.value).lstrip()[:1] in set("=+-@")]
    assert any("'=HYPERLINK" in str(cell.value) for cell in cells)


def test_spans_are_this_period_the_year_to_it_and_the_period_before(desk):
    client = desk.client(desk.rep, Role.REP)
    for span, codes in (("period", ["2026-02"]), ("year", ["2026-01", "2026-02"]), ("last", ["2026-01"])):
        sheet = load_workbook(io.BytesIO(_get(client, desk, "xlsx", span=span).content))["Totals"]
        rows = [row for row in sheet.iter_rows(values_only=True) if row[2] == "USD"]
        assert [row[0] for row in rows] == [*codes, "Total"]
        assert Decimal(str(rows[-1][-1])) == _ledger(desk, *codes)
        assert _money(_ledger(desk, *codes)) in _text(_get(client, desk, "pdf", span=span).content)
    assert _get(client, desk, "pdf", span="decade").status_code == 404
    assert _get(client, desk, "pdf", code="2026-01", span="last").status_code == 404


def test_a_late_change_leaves_the_closed_statement_and_its_explanation_as_they_were(desk):
    january = Period.objects.get(code="2026-01")
    period_state_set(period=january, pay_group="monthly", legal_entity=LegalEntity.objects.get(), state="closed")
    order_write("LATE", desk.rep, dt.date(2026, 1, 25), 1_000_00)
    recompute(business_date=TODAY)
    client = desk.client(desk.rep, Role.REP)
    closed, now = _text(_get(client, desk, "pdf", code="2026-01").content), _text(_get(client, desk, "pdf").content)
    assert "LATE" not in closed
    # 1,000.00 more in January at 6 %, and as much less below the accelerator's bound in February.
    assert "LATE" in now
    assert _money(Decimal("3600.00")) in closed
    assert "late: Data" in now
    for code in ("2026-01", "2026-02"):
        *rows, total = load_workbook(io.BytesIO(_get(client, desk, "xlsx", code=code).content))["Lines"].iter_rows(min_row=2, values_only=True)
        assert sum(Decimal(str(row[-1])) for row in rows) == Decimal(str(total[-1])) == _ledger(desk, code)


def test_a_late_amount_is_explained_by_the_orders_that_changed(desk):
    january, february = Period.objects.get(code="2026-01"), Period.objects.get(code="2026-02")
    period_state_set(period=january, pay_group="monthly", legal_entity=LegalEntity.objects.get(), state="closed")
    order_write("LATE", desk.rep, dt.date(2026, 1, 25), 1_000_00)
    recompute(business_date=TODAY)
    (change,) = late_changes(desk.rep, statement_get(desk.rep, february).parts, period=february)
    assert (change.before, change.part.amount, change.after) == (Decimal("3600.00"), Decimal("60.00"), Decimal("3660.00"))
    assert [(o.line.external_id, o.credited_before, o.credited_after) for o in change.orders] == [("LATE", Decimal(0), Decimal("1000.00"))]
    client = desk.client(desk.rep, Role.REP)
    address = f"/t/{desk.tenant.slug}/people/{desk.rep.uid}/statements"
    page = client.get(f"{address}/2026-02/late/commission/").content.decode()
    assert "LATE" in page
    assert "$3,660.00" in page
    assert "late/commission/" in client.get(f"{address}/2026-02/").content.decode()
    # What was paid in January keeps its own explanation.
    closed = client.get(f"{address}/2026-01/commission/").content.decode()
    assert "$3,600.00" in closed
    assert "LATE" not in closed
    assert client.get(f"/t/{desk.tenant.slug}/people/{desk.other.uid}/statements/2026-02/late/commission/").status_code == 404
    caller = make_caller(desk.tenant, Role.REP, payee=desk.rep)
    (row,) = caller.get(f"payees/{desk.rep.uid}/statements/{february.uid}/late/").json()
    assert (row["before"], row["amount"], row["after"], row["orders"][0]["external_id"]) == ("3600.00", "60.00", "3660.00", "LATE")
    assert caller.get(f"payees/{desk.other.uid}/statements/{february.uid}/late/").status_code == 404


@pytest.mark.parametrize("ending", ["pdf", "xlsx"])
def test_a_rep_does_not_get_a_colleagues_file_and_the_manager_does(desk, ending):
    assert _get(desk.client(desk.rep, Role.REP), desk, ending, payee=desk.other).status_code == 404
    assert _get(desk.client(desk.manager, Role.MANAGER), desk, ending, payee=desk.other).status_code == 200


@pytest.mark.parametrize("ending", ["pdf", "xlsx"])
def test_the_api_gives_the_same_file_and_hides_others(desk, ending):
    caller = make_caller(desk.tenant, Role.REP, payee=desk.rep)
    period = Period.objects.get(code="2026-02")
    answer = caller.get(f"payees/{desk.rep.uid}/statements/{period.uid}/{ending}/")
    assert answer.status_code == 200
    assert answer.content == _get(desk.client(desk.manager, Role.MANAGER), desk, ending).content
    assert caller.get(f"payees/{desk.other.uid}/statements/{period.uid}/{ending}/").status_code == 404
    assert caller.get(f"payees/{desk.rep.uid}/statements/{period.uid}/{ending}/", span="decade").json()["errors"][0]["field"] == "span"
