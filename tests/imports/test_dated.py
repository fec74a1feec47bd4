"""Dated rows from files: rates stand in for people and quotas, which are written the same way."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from spm.currencies.models import FxRate
from spm.imports.errors import ImportFault
from spm.imports.models import Batch, StagedRow
from spm.imports.readers import Source
from spm.imports.rollback import batch_roll_back
from spm.imports.services import import_run
from spm.tenancy.changes import known_as_at, known_number
from spm.told import shown

RATES = """\
import: 1
source: bank
target: fx_rate
fields: {rate_type: {constant: daily}, base: {constant: EUR}, quote: Currency, fx_rate: Rate, valid_from: From, valid_to: To}
"""
pytestmark = pytest.mark.django_db


@pytest.fixture
def rates(scope):
    def run(*lines: str) -> Batch:
        return import_run(mapping_text=RATES, files=[Source("rates.csv", content="\n".join(["Currency,Rate,From,To", *lines, ""]).encode())])

    return run


def series(number: int | None = None) -> list[tuple[str, str, str | None]]:
    rows = known_as_at(FxRate.objects.filter(quote="USD"), number).order_by("valid_from")
    return [(f"{r.fx_rate.normalize():f}", str(r.valid_from), r.valid_to and str(r.valid_to)) for r in rows]


def test_a_row_without_an_end_holds_until_the_next_in_the_file_and_the_last_stays_open(rates):
    rates("USD,1.3,2024-01-03,", "USD,1.1,2024-01-01,", "GBP,0.9,2024-01-02,")
    assert series() == [("1.1", "2024-01-01", "2024-01-03"), ("1.3", "2024-01-03", None)]


def test_an_older_file_does_not_take_away_what_a_newer_one_said(rates):
    rates("USD,1.1,2024-01-01,", "USD,1.2,2024-01-02,")
    rates("USD,1.3,2024-01-03,")
    now = series()
    assert now == [("1.1", "2024-01-01", "2024-01-02"), ("1.2", "2024-01-02", "2024-01-03"), ("1.3", "2024-01-03", None)]
    again = rates("USD,1.1,2024-01-01,", "USD,1.2,2024-01-02,")
    assert (again.rows_new, again.rows_changed, again.rows_unchanged) == (0, 0, 2)
    assert series() == now


def test_a_correction_retires_the_former_row_which_stays_known_as_it_was(rates):
    rates("USD,1.1,2024-01-01,")
    before = known_number()
    batch = rates("USD,1.15,2024-01-01,")
    assert (batch.rows_new, batch.rows_changed) == (0, 1)
    assert series(before) == [("1.1", "2024-01-01", None)]
    assert series() == [("1.15", "2024-01-01", None)]
    batch_roll_back(batch=batch)
    assert series() == series(before)


def test_rows_of_one_key_that_overlap_are_refused_and_the_rest_stands(rates):
    batch = rates("USD,1.1,2024-01-01,2024-02-01", "USD,1.2,2024-01-15,2024-03-01", "USD,1.3,2024-03-01,2024-03-01", "USD,1.4,2024-04-01,2024-05-01")
    assert (batch.rows_accepted, batch.rows_rejected) == (2, 2)
    causes = dict(StagedRow.objects.filter(batch=batch, state=StagedRow.State.REJECTED).values_list("line", "cause"))
    told = {line: shown(cause) for line, cause in causes.items()}
    assert told == {
        3: "the days overlap those of line 2",
        4: "the end 2024-03-01 is not after the start 2024-03-01",
    }
    assert series() == [("1.1", "2024-01-01", "2024-02-01"), ("1.4", "2024-04-01", "2024-05-01")]


def test_a_stated_span_in_the_middle_leaves_the_days_around_it(rates):
    rates("USD,1.1,2024-01-01,2024-12-31")
    rates("USD,1.2,2024-03-01,2024-04-01")
    assert series() == [("1.1", "2024-01-01", "2024-03-01"), ("1.2", "2024-03-01", "2024-04-01"), ("1.1", "2024-04-01", "2024-12-31")]
    assert FxRate.objects.get(valid_from=dt.date(2024, 3, 1), known_to=None).fx_rate == Decimal("1.2")


def test_an_import_whose_rows_were_all_changed_since_is_not_said_to_be_taken_back(rates):
    first = rates("USD,1.1,2024-01-01,")
    rates("USD,1.2,2024-01-01,")
    with pytest.raises(ImportFault, match="changed since"):
        batch_roll_back(batch=first)
    first.refresh_from_db()
    assert first.state == Batch.State.IMPORTED
    assert series() == [("1.2", "2024-01-01", None)]
