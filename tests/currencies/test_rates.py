"""Currency rates by hand and by the ECB's files: dated, exact, with their source, refused with a way to mend it."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from spm.access.models import Role, User
from spm.currencies import services
from spm.currencies.ecb import ecb_csv, mapping_for
from spm.currencies.errors import CurrencyError
from spm.currencies.models import FxRate
from spm.currencies.selectors import pair_history, rate_types, rates_on
from spm.imports.models import Batch
from spm.imports.readers import Source
from spm.imports.services import import_run
from spm.tenancy.changes import known_number
from tests.support.factories import make_member

D = dt.date
PAIR = {"rate_type": "plan", "base": "EUR", "quote": "USD"}
CSV = "Date,USD,JPY,\n2024-01-03,1.0919,155.66,\n2024-01-02,1.0956,N/A,\n"
XML = """<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
<Cube><Cube time="2024-01-02"><Cube currency="USD" rate="1.0956"/></Cube><Cube time="2024-01-03"><Cube currency="USD" rate="1.0919"/>
<Cube currency="JPY" rate="155.66"/></Cube></Cube></gesmes:Envelope>"""
ONE_FORM = b"Date,JPY,USD\n2024-01-02,,1.0956\n2024-01-03,155.66,1.0919\n"


def browser(*roles: str) -> Client:
    user = User.objects.create_user(f"x{User.objects.count()}@example.com", None)
    make_member(user, *roles)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def zipped(text: str, name: str = "eurofxref-hist.csv") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, text)
    return out.getvalue()


def on(day: dt.date) -> list[Decimal]:
    return [rate.fx_rate for rate in rates_on(day=day)]


def test_a_rate_holds_until_the_next_and_what_was_known_before_stays(scope):
    services.fx_rate_set(**PAIR, fx_rate=Decimal("1.08"), start=D(2024, 1, 1))
    services.fx_rate_set(**PAIR, fx_rate=Decimal("1.10"), start=D(2024, 4, 1))
    before = known_number()
    services.fx_rate_set(**PAIR, fx_rate=Decimal("1.09"), start=D(2024, 1, 1))
    assert (on(D(2023, 12, 31)), on(D(2024, 3, 31)), on(D(2024, 4, 1))) == ([], [Decimal("1.09")], [Decimal("1.10")])
    assert [r.fx_rate for r in rates_on(day=D(2024, 3, 31), known_at=before)] == [Decimal("1.08")]
    now = known_number()
    assert services.fx_rate_set(**PAIR, fx_rate=Decimal("1.0900"), start=D(2024, 1, 1)) == []
    assert known_number() == now, "the same once more is no change"
    services.fx_rate_end(**PAIR, day=D(2024, 5, 1))
    services.fx_rate_end(**PAIR, day=D(2024, 5, 1))
    assert (on(D(2024, 4, 30)), on(D(2024, 5, 1))) == ([Decimal("1.10")], [])


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"fx_rate": Decimal(0)}, "fx_rate"),
        ({"fx_rate": Decimal("-1")}, "fx_rate"),
        ({"fx_rate": Decimal("NaN")}, "fx_rate"),
        ({"fx_rate": Decimal("1.00000000001")}, "fx_rate"),
        ({"fx_rate": Decimal(10) ** 14}, "fx_rate"),
        ({"base": "EURO"}, "base"),
        ({"quote": "eur"}, "quote"),
        ({"end": D(2024, 1, 1)}, "end"),
    ],
)
def test_what_is_no_rate_is_refused_by_its_field(scope, given, field):
    with pytest.raises(CurrencyError) as found:
        services.fx_rate_set(**{**PAIR, "fx_rate": Decimal("1.1"), "start": D(2024, 1, 1), **given})
    assert found.value.field == field
    assert FxRate.objects.count() == 0


@given(st.decimals(min_value="0.0000000001", max_value="99999999999999", places=10))
def test_a_rate_is_kept_to_the_last_digit(fx_rate):
    """No place is lost on the way to the column: its scale holds every rate that the service takes."""
    assert FxRate._meta.get_field("fx_rate").clean(fx_rate, None) == fx_rate


@pytest.mark.parametrize("content", [CSV.encode(), zipped(CSV), XML.encode(), zipped(XML, "eurofxref.xml"), "\ufeff".encode() + CSV.encode()])
def test_every_form_of_the_banks_file_reads_the_same(content):
    assert ecb_csv(content) == ONE_FORM


def test_the_file_of_one_day_and_the_first_day_wanted():
    assert ecb_csv(b"Date, USD, JPY, \n2 January 2024, 1.0956, 155.66, \n") == b"Date,JPY,USD\n2024-01-02,155.66,1.0956\n"
    assert ecb_csv(CSV.encode(), since=D(2024, 1, 3)) == b"Date,JPY,USD\n2024-01-03,155.66,1.0919\n"


@pytest.mark.parametrize(
    "content",
    [
        b"", b"Name,Amount\nA,1\n", b"Date,USD\n2024-01-02,1.0956;\n", b"Date,USD\nyesterday,1.1\n", b"<html></html>", b"<broken", zipped(CSV, "readme.txt"),
        b"PK\x03\x04 no archive", b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', CSV.encode("utf-16"), b"Date,USD\n",
    ],
)  # fmt: skip
def test_another_file_is_refused(content):
    with pytest.raises(CurrencyError):
        ecb_csv(content)


def test_the_file_is_imported_from_day_to_day_of_publication(scope):
    batch = import_run(mapping_text=mapping_for("daily"), files=[Source("ecb.csv", content=ecb_csv(CSV.encode()))])
    assert batch.change_set is not None
    rows = [(r.base, r.quote, str(r.fx_rate.normalize()), r.valid_from, r.valid_to) for r in pair_history(rate_type="daily", base="EUR", quote="USD")]
    assert rows == [("EUR", "USD", "1.0919", D(2024, 1, 3), None), ("EUR", "USD", "1.0956", D(2024, 1, 2), D(2024, 1, 3))]
    assert rate_types() == ["daily"]


def test_the_page_shows_rates_of_the_day_with_type_and_source(scope):
    services.fx_rate_set(**PAIR, fx_rate=Decimal("1.08"), start=D(2024, 1, 1), end=D(2024, 2, 1), reason="Plan year")
    services.fx_rate_set(rate_type="daily", base="EUR", quote="CHF", fx_rate=Decimal("0.94"), start=D(2024, 1, 1), end=D(2024, 2, 1))
    client = browser(Role.FINANCE)
    page = client.get("/t/acme/fx-rates/", {"on": "2024-01-15"}).content.decode()
    for text in ("EUR/USD", "1.08", "Plan year", "Entered by hand", "EUR/CHF", "0.94"):
        assert text in page
    assert "daily/EUR/CHF/" not in client.get("/t/acme/fx-rates/", {"on": "2024-01-15", "q": "usd"}).content.decode()
    assert "plan/EUR/USD/" not in client.get("/t/acme/fx-rates/", {"on": "2024-01-15", "type": "daily"}).content.decode()
    assert "No rates on this day" in client.get("/t/acme/fx-rates/", {"on": "2024-02-01"}).content.decode()
    pair = client.get("/t/acme/fx-rates/plan/EUR/USD/").content.decode()
    assert "Units of USD for one EUR, type plan." in pair
    assert client.post("/t/acme/fx-rates/new/", {**PAIR, "fx_rate": "2", "start": "2024-01-01"}).status_code == 403


def test_a_rate_is_set_and_ended_in_the_browser(scope):
    client = browser(Role.COMP_ADMIN)
    assert "/t/acme/fx-rates/ecb/" in client.get("/t/acme/fx-rates/").content.decode().split("No currency rates yet")[1]
    assert client.post("/t/acme/fx-rates/new/", {**PAIR, "fx_rate": "1.0811111111", "start": "2024-01-01"}).status_code == 302
    assert on(D(2024, 6, 1)) == [Decimal("1.0811111111")]
    refused = client.post("/t/acme/fx-rates/new/", {**PAIR, "quote": "EUR", "fx_rate": "1", "start": "2024-01-01"})
    assert (refused.status_code, "EUR is given twice" in refused.content.decode()) == (400, True)
    assert client.post("/t/acme/fx-rates/end/", {**PAIR, "day": "2024-07-01"}).status_code == 302
    assert (on(D(2024, 6, 30)), on(D(2024, 7, 1))) == ([Decimal("1.0811111111")], [])
    missing = client.post("/t/acme/fx-rates/end/", {**PAIR, "rate_type": "daily", "day": "2024-07-01"})
    assert (missing.status_code, "There is no rate of EUR to USD" in missing.content.decode()) == (400, True)


def test_a_file_of_the_bank_becomes_an_import_with_its_preview(scope):
    client = browser(Role.COMP_ADMIN)
    file = SimpleUploadedFile("eurofxref-hist.zip", zipped(CSV))
    answer = client.post("/t/acme/fx-rates/ecb/", {"file": file, "rate_type": "daily"})
    batch = Batch.objects.get()
    assert (answer.status_code, answer.url) == (302, f"/t/acme/imports/{batch.uid}/")
    assert (batch.target, batch.source, FxRate.objects.count()) == ("fx_rate", "ecb", 0)
    bad = client.post("/t/acme/fx-rates/ecb/", {"file": SimpleUploadedFile("x.csv", b"a,b\n1,2\n"), "rate_type": "daily"})
    assert (bad.status_code, "no file of the bank" in bad.content.decode()) == (400, True)
    assert browser(Role.TENANT_ADMIN).get("/t/acme/fx-rates/ecb/").status_code == 403
