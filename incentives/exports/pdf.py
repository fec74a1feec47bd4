"""A statement book as a PDF: totals, the sum as an equation, each component with its explanation and its orders."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from incentives.explain_words import exact_decimal, part_label, part_note
from incentives.exports.book import BookPart, BookPeriod, Leaf, StatementBook
from incentives.exports.shown import causes_shown, period_shown, reward_why, span_shown
from incentives.selectors.payments import PaidIn
from spm.documents.pdf import pdf_render
from spm.ui.formats import NIL, day_text, moment_exact, money_text, number_text

TEMPLATE = Path(__file__).with_name("statement.typ")
# Orders printed for one component; the rest stand in one line with their sum, and one by one in the spreadsheet.
LINES = 1000


def book_pdf(book: StatementBook, *, zone: Any) -> bytes:
    """The document, in the language in force; `zone` is the company's time zone for the moment of calculation."""
    return pdf_render(template=TEMPLATE, data=_data(book, zone))


def _data(book: StatementBook, zone: Any) -> dict[str, Any]:
    locale = get_language() or "en"
    fresh = book.freshness
    stamp = _("Not computed yet")
    if fresh.run and fresh.computed_at:
        at = moment_exact(fresh.computed_at, locale, zone)
        stamp = _("Computed %(at)s, run %(run)s, change %(change)s") % {"at": at, "run": fresh.run.number, "change": fresh.known_number}
    several = len(book.periods) > 1
    return {
        "lang": locale.split("-")[0],
        "title": _("Statement"),
        "name": book.payee.detail.display_name,
        "company": book.company,
        "number": _("Payee number %(number)s") % {"number": book.payee.external_id},
        "span": span_shown(book),
        "stamp": stamp,
        "hidden": _("Left out, as you may not see them: %(periods)s") % {"periods": ", ".join(map(period_shown, book.hidden))} if book.hidden else "",
        "nothing": _("Nothing is due in this period."),
        "cards": [card for currency in book.total for card in _cards(book, currency, locale)],
        "columns": {
            "periods": [_("Period"), _("State"), _("Earned in the period"), _("From earlier periods"), _("Draws, holds and carried"), _("By hand"), _("Total")],
            "parts": [_("Component"), _("Earned in"), _("Why now"), _("Amount")],
            "why": [_("How it was counted"), "", _("Amount")],
            "causes": [_("Cause"), _("What belongs to it"), _("Amount")],
            "balances": [_("Open after this statement"), _("Amount")],
            "rewards": [_("Rewards that are not money"), _("Earned in"), _("Why now"), _("Quantity")],
            "lines": [_("Line"), _("Customer"), _("Date"), _("Credited"), _("Amount")],
        },
        "summary": [_summary(p, currency, locale) for p in book.periods for currency in p.view.total] if several else [],
        "summary_totals": [[_("Total"), "", *_sums(book, currency, locale)] for currency in book.total] if several else [],
        "summary_title": _("By period"),
        "periods": [_period(p, locale) for p in book.periods],
        "page": _("Page"),
    }


def _columns(p: BookPeriod, currency: str) -> list[Decimal]:
    view = p.view
    return [part.get(currency, Decimal(0)) for part in (view.earned, view.late, view.paid, view.adjusted, view.total)]


def _sums(book: StatementBook, currency: str, locale: str) -> list[str]:
    return [money_text(sum(column, Decimal(0)), currency, locale) for column in zip(*(_columns(p, currency) for p in book.periods), strict=True)]


def _cards(book: StatementBook, currency: str, locale: str) -> list[dict[str, Any]]:
    """The sum as an equation: what is earned, what else there is, and the total."""
    labels = [_("Earned in the period"), _("From earlier periods"), _("Draws, holds and carried"), _("By hand"), _("Total")]
    amounts = [sum(column, Decimal(0)) for column in zip(*(_columns(p, currency) for p in book.periods), strict=True)]
    shown = [(label, amount) for n, (label, amount) in enumerate(zip(labels, amounts, strict=True)) if amount or n in (0, 4)]
    return [
        {"label": label, "value": money_text(amount, currency, locale), "sign": _sign(n, amount, len(shown)), "first": n == 0}
        for n, (label, amount) in enumerate(shown)
    ]


def _sign(n: int, amount: Decimal, count: int) -> str:
    """What stands before a term of the equation; an amount below zero brings its own minus."""
    return "=" if n == count - 1 else "" if n == 0 or amount < 0 else "+"


def _summary(p: BookPeriod, currency: str, locale: str) -> list[str]:
    return [period_shown(p.view.period), p.view.state_label, *(money_text(value, currency, locale) for value in _columns(p, currency))]


def _period(p: BookPeriod, locale: str) -> dict[str, Any]:
    rows = [
        [item.part.label, period_shown(item.part.earning_period), causes_shown(item.part) or _("this period"), _money(item, item.part.amount, locale)]
        for item in p.parts
    ]
    rows += [[q.label, period_shown(q.earning_period), q.why, money_text(q.amount, q.currency, locale)] for q in p.view.payments]
    rows += [
        [a.label, period_shown(a.earning_period), _("by hand: %(note)s") % {"note": a.note}, money_text(a.amount, a.currency, locale)] for a in p.adjustments
    ]
    return {
        "name": period_shown(p.view.period),
        "state": p.view.state_label,
        "rows": rows,
        "totals": [[_("Total"), money_text(amount, currency, locale)] for currency, amount in p.view.total.items()],
        "hold": _("On hold: %(reason)s") % {"reason": p.view.hold_reason} if p.view.hold_reason else "",
        "paid_in": [_paid_in(item, locale) for item in p.view.in_pay_currency],
        "balances": [[b.label, money_text(b.amount, b.currency, locale)] for b in p.view.balances],
        "rewards": [
            [f"{r.label} · {r.plan_title}", period_shown(r.earning_period), reward_why(r) or _("this period"), f"{number_text(r.amount, locale)} {r.unit}"]
            for r in p.view.rewards
        ],
        "parts": [_part(item, locale) for item in p.parts if item.parts or item.late],
    }


def _paid_in(item: PaidIn, locale: str) -> str:
    """The total in the currency in which the payee is paid, with its rate."""
    if item.amount is None:
        return _("There is no rate from %(source)s to %(currency)s for %(day)s.") % {
            "source": item.source, "currency": item.currency, "day": day_text(item.day, locale),
        }  # fmt: skip
    text = _("Paid as %(amount)s, estimated: %(rate)s of %(day)s") if item.estimated else _("Paid as %(amount)s: %(rate)s of %(day)s")
    rate = f"1 {item.source} = {number_text(item.fx_rate or Decimal(0), locale, digits=6)} {item.currency}"
    return text % {"amount": money_text(item.amount, item.currency, locale), "rate": rate, "day": day_text(item.day, locale)}


def _money(item: BookPart, value: Decimal, locale: str) -> str:
    return money_text(value, item.part.currency, locale)


def _part(item: BookPart, locale: str) -> dict[str, Any]:
    shown, more = item.leaves[:LINES], item.leaves[LINES:]
    lines = [_line(item, leaf, locale) for leaf in shown]
    if more:
        text = ngettext("%(count)s line more, in the spreadsheet", "%(count)s lines more, in the spreadsheet", len(more)) % {"count": len(more)}
        lines.append([text, "", "", "", _money(item, sum((leaf.amount for leaf in more), Decimal(0)), locale)])
    name = f"{item.part.label}, {period_shown(item.part.earning_period)}" if item.part.is_late else item.part.label
    return {
        "title": name,
        "note": " · ".join(text for text in (item.part.plan_title, item.part.position_title) if text),
        "why": [[part_label(p), part_note(p, locale), _money(item, exact_decimal(p["amount"]), locale)] for p in item.parts] or _late(item, locale),
        "causes": [[c.label, c.note, money_text(c.amount, c.currency, locale, sign=True)] for c in item.late.causes] if item.late else [],
        "lines": lines if any(leaf.order for leaf in item.leaves) else [],
        "total": [_("Total"), _money(item, item.part.amount, locale)],
    }


def _late(item: BookPart, locale: str) -> list[list[str]]:
    """What the earlier period is worth now, less what it was worth before."""
    late = item.late
    if late is None:
        return []
    before = _("as of run %(number)s") % {"number": late.run_before.number} if late.run_before else ""
    now = _("as of run %(number)s") % {"number": late.run.number}
    return [[_("Worth now"), now, _money(item, late.after, locale)], [_("Worth before"), before, _money(item, -late.before, locale)]]


def _line(item: BookPart, leaf: Leaf, locale: str) -> list[str]:
    order = leaf.order
    return [
        leaf.label,
        (order.account or NIL) if order else "",
        day_text(order.order_date, locale) if order else "",
        "" if leaf.credited is None else _money(item, leaf.credited, locale),
        NIL if order and order.pay is None else _money(item, leaf.amount, locale),
    ]
