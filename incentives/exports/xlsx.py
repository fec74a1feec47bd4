"""A statement book as a spreadsheet: totals, components, causes, lines, whose amounts sum to the ledger's exactly, and balances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from incentives.exports.book import StatementBook
from incentives.exports.shown import causes_shown, reward_why, span_shown
from spm.documents.xlsx import Amount, Sheet, workbook_bytes

Row = Sequence[Any]


def book_xlsx(book: StatementBook) -> bytes:
    """The file. Numbers are numeric cells with a format; each sheet but those of balances and rewards ends with a row of totals for each currency."""
    title = _("Statement of %(name)s") % {"name": book.payee.detail.display_name}
    return workbook_bytes([_totals(book, title), _components(book), _causes(book), _lines(book), _balances(book), *_rewards(book)], title=title)


def _totals(book: StatementBook, title: str) -> Sheet:
    run = book.freshness.run
    intro: list[Row] = [
        [title],
        [_("Company"), book.company],
        [_("Payee number"), book.payee.external_id],
        [_("Periods"), span_shown(book)],
        [_("As of run"), run.number if run else None],
    ]
    if book.hidden:
        intro.append([_("Left out, as you may not see them"), ", ".join(period.code for period in book.hidden)])
    header = [
        _("Period"),
        _("State"),
        _("Currency"),
        _("Earned in the period"),
        _("From earlier periods"),
        _("Draws, holds and carried"),
        _("By hand"),
        _("Total"),
    ]
    rows: list[Row] = [
        [
            p.view.period.code, p.view.state_label, currency,
            *(Amount(part.get(currency, Decimal(0)), currency) for part in _parts(p.view)), Amount(total, currency),
        ]
        for p in book.periods
        for currency, total in p.view.total.items()
    ]  # fmt: skip
    totals: list[Row] = [
        [_("Total"), None, currency]
        + [Amount(sum((_parts(p.view)[n].get(currency, Decimal(0)) for p in book.periods), Decimal(0)), currency) for n in range(4)]
        + [Amount(total, currency)]
        for currency, total in book.total.items()
    ]  # fmt: skip
    return Sheet(_("Totals"), header, rows, totals, intro)


def _parts(view: Any) -> tuple[dict[str, Decimal], ...]:
    return view.earned, view.late, view.paid, view.adjusted


def _components(book: StatementBook) -> Sheet:
    header = [_("Period"), _("Component"), _("Plan"), _("Position"), _("Earned in"), _("Why now"), _("Currency"), _("Amount")]
    rows: list[Row] = []
    for period in book.periods:
        code = period.view.period.code
        for item in period.parts:
            part = item.part
            rows.append(
                [
                    code, part.label, part.plan_title, part.position_title, part.earning_period_code, causes_shown(part), part.currency,
                    Amount(part.amount, part.currency),
                ]
            )  # fmt: skip
        rows += [[code, p.label, p.plan_title, None, p.earning_period_code, p.why, p.currency, Amount(p.amount, p.currency)] for p in period.view.payments]
        rows += [[code, a.label, None, None, a.earning_period_code, a.note, a.currency, Amount(a.amount, a.currency)] for a in period.adjustments]
    return Sheet(_("Components"), header, rows, _closing(book, width=len(header)))


def _causes(book: StatementBook) -> Sheet:
    """Every amount by what made it: the period's own, the causes of a late one, the terms of payment, and people by hand."""
    header = [_("Period"), _("Component"), _("Position"), _("Earned in"), _("Cause"), _("What belongs to it"), _("Currency"), _("Amount")]
    return Sheet(_("Causes"), header, list(_cause_rows(book)), _closing(book, width=len(header)))


def _cause_rows(book: StatementBook) -> Iterator[Row]:
    for period in book.periods:
        code = period.view.period.code
        for item in period.parts:
            part = item.part
            start = [code, part.label, part.position_title, part.earning_period_code]
            if item.late is not None:
                for cause in item.late.causes:
                    yield [*start, cause.label, cause.note, cause.currency, Amount(cause.amount, cause.currency)]
            else:
                why = _("Change of an earlier period") if part.is_late else _("Earned in the period")
                yield [*start, why, ", ".join(part.cause_labels) if part.is_late else None, part.currency, Amount(part.amount, part.currency)]
        for p in period.view.payments:
            yield [code, p.label, None, p.earning_period_code, p.why, p.plan_title, p.currency, Amount(p.amount, p.currency)]
        for a in period.adjustments:
            yield [code, a.label, None, a.earning_period_code, _("By hand"), a.note, a.currency, Amount(a.amount, a.currency)]


def _balances(book: StatementBook) -> Sheet:
    """What stands open after each statement; balances of different kinds have no sum."""
    header = [_("Period"), _("Open after this statement"), _("Currency"), _("Amount")]
    rows: list[Row] = [[p.view.period.code, b.label, b.currency, Amount(b.amount, b.currency)] for p in book.periods for b in p.view.balances]
    return Sheet(_("Balances"), header, rows)


def _rewards(book: StatementBook) -> list[Sheet]:
    """Points, days and the like; no sheet where there are none. They have no sum with money."""
    header = [_("Period"), _("Reward"), _("Plan"), _("Earned in"), _("Why now"), _("Unit"), _("Quantity")]
    rows: list[Row] = [
        [p.view.period.code, r.label, r.plan_title, r.earning_period_code, reward_why(r) or None, r.unit, r.amount]
        for p in book.periods
        for r in p.view.rewards
    ]
    return [Sheet(_("Rewards that are not money"), header, rows)] if rows else []


def _lines(book: StatementBook) -> Sheet:
    header = [
        _("Period"), _("Component"), _("Position"), _("Earned in"), _("Line"), _("Product"), _("Quantity"), _("Source"), _("Customer"), _("Date"), _("Rule"),
        _("Currency"), _("Credited"), _("Amount"),
    ]  # fmt: skip
    return Sheet(_("Lines"), header, list(_line_rows(book)), _closing(book, width=len(header)))


def _line_rows(book: StatementBook) -> Iterator[Row]:
    for period in book.periods:
        code = period.view.period.code
        for item in period.parts:
            part = item.part
            for leaf in item.leaves:
                order = leaf.order
                of = order.part if order else None
                yield [
                    code, part.label, part.position_title, part.earning_period_code, leaf.label, of.product or None if of else None,
                    of.quantity if of else None, order.source if order else None,
                    order.account if order else None, order.order_date if order else None, order.rule if order else None, part.currency,
                    None if leaf.credited is None else Amount(leaf.credited, part.currency), Amount(leaf.amount, part.currency),
                ]  # fmt: skip
        for p in period.view.payments:
            yield [code, p.label, None, p.earning_period_code, p.why, None, None, None, None, None, None, p.currency, None, Amount(p.amount, p.currency)]
        for a in period.adjustments:
            yield [code, a.label, None, a.earning_period_code, a.note, None, None, None, None, None, None, a.currency, None, Amount(a.amount, a.currency)]


def _closing(book: StatementBook, *, width: int) -> list[Row]:
    """Totals: the currency before the amount is the last column but one, except where credits stand between them."""
    rows: list[Row] = []
    for currency, total in book.total.items():
        row: list[Any] = [_("Total")] + [None] * (width - 1)
        row[-1] = Amount(total, currency)
        row[width - 2 if width == 8 else width - 3] = currency
        rows.append(row)
    return rows
