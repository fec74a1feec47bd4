"""The statement of a pay period, the lines of a component, and the trace of one line in a drawer of its own address."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analytics.pages.changes import cause_columns, order_columns
from analytics.pages.common import choice_of, payee_of, period_nav, today_of
from analytics.pages.statement_files import exports_of
from analytics.selectors.periods import PeriodChoice
from incentives.explain_words import exact_decimal, part_label, part_note, prorated_label
from incentives.exports.shown import reward_why
from incentives.inputs import plan_compiled
from incentives.models import Statement
from incentives.selectors import ComponentTrace, LineTrace, StatementView, component_traces, fitting_run, held_deals, late_changes, line_traces, statement_get
from incentives.selectors.disputes import disputes_of
from incentives.selectors.trace_lines import TraceLine
from spm.access.guards import may, requires
from spm.documents.csv_files import csv_response
from spm.people.models import Payee
from spm.ui.drawers import drawer_wanted
from spm.ui.formats import day_text, money_text, number_text, percent_text, period_text
from spm.ui.tables import Column
from spm.ui.trees import TreeNode

KIND = {"rounding": "rounding", "adjustment": "adjustment"}


def _tree(trace: LineTrace, locale: str, line_url: Any) -> TreeNode:
    """Total, component, its parts (rule, slices, multipliers, rounding), and the order lines that make the base."""

    def money(value: Decimal) -> str:
        return money_text(value, trace.currency, locale)

    parts = [TreeNode(part_label(part), money(exact_decimal(part["amount"])), KIND.get(part["kind"], "rule"), part_note(part, locale)) for part in trace.parts]
    base = [
        TreeNode(
            f"{line.title} · {line.account}".rstrip(" ·"), money(exact_decimal(line.pay_credit)), "line", day_text(line.order_date, locale),
            line_url(line), True,
        )
        for line in trace.lines
    ]  # fmt: skip
    children = list(parts)
    for name, amount in trace.tree["children"][0].get("opening", {}).items():
        label = next((measure.label for measure in plan_compiled(trace.version.digest, trace.version.text).measures if measure.name == name), "") or name
        text = number_text(exact_decimal(Decimal(amount)), locale)
        children.append(TreeNode(_("Opening balance: %(measure)s") % {"measure": label}, text, "source", _("credited before this system, counts to date")))
    for key, share in trace.tree["children"][0].get("prorated", {}).items():
        note = _("%(share)s of the window's days count") % {"share": share} if "/" in share else _("all of the window's days count")
        children.append(TreeNode(prorated_label(key), percent_text(exact_decimal(share), locale), "rule", note))
    if base:
        total = sum((exact_decimal(line.pay_credit) for line in trace.lines), Decimal(0))
        children.append(TreeNode(_("Order lines credited in this period"), money(total), "source", _("what the rule was applied to"), children=base))
    return TreeNode(trace.label, money(trace.amount), "component", trace.version.plan.title, children=children)


def _columns() -> list[Column]:
    return [
        Column("label", _("Component")),
        Column("origin", _("Earned in")),
        Column("cause", _("Why now")),
        Column("amount", _("Amount"), numeric=True),
    ]


@require_safe
@requires("pay.read_own")
def statement_mine(request: HttpRequest, slug: str) -> HttpResponse:
    """The member's own statement of the current period."""
    choice = choice_of(request)
    if choice is None:
        return render(request, "analytics/no_calendar.html")
    payee = payee_of(request, None, choice)
    if payee is None:
        return render(request, "analytics/no_payee.html")
    return statement_render(request, slug, payee, choice)


@require_safe
@requires("pay.read_own")
def statement_page(request: HttpRequest, slug: str, uid: UUID, code: str) -> HttpResponse:
    """One statement: entries, sum as an equation, components with their explanation."""
    choice = choice_of(request, code)
    if choice is None:
        raise Http404
    payee = payee_of(request, uid, choice)
    assert payee is not None
    return statement_render(request, slug, payee, choice)


def _entries(view: StatementView) -> list[dict[str, Any]]:
    """The statement's parts, then what was posted by hand: label, period of origin, why now, amount."""
    parts = [
        _entry(part, plan=part.plan_title, cause=_("late: %(causes)s") % {"causes": ", ".join(part.cause_labels)} if part.is_late else "", late=part.is_late)
        for part in view.parts
    ]
    payments = [_entry(item, plan=item.plan_title, cause=item.why) for item in view.payments]
    by_hand = [_entry(item, cause=_("by hand: %(note)s") % {"note": item.note}) for item in view.adjustments]
    return parts + payments + by_hand


def _entry(item: Any, *, cause: str, plan: str = "", late: bool = False) -> dict[str, Any]:
    return {
        "component": item.component, "late": late, "label": item.label, "plan": plan, "origin": item.earning_period, "cause": cause, "amount": item.amount,
        "currency": item.currency,
    }  # fmt: skip


def _hold_url(request: HttpRequest, slug: str, payee: Payee, choice: PeriodChoice) -> str:
    """Where the statement is held back, for those who may; empty when it is held or paid already."""
    if not may(request, "pay.adjust"):
        return ""
    own = Statement.objects.filter(payee=payee, period=choice.period).exclude(state__in=(Statement.State.HELD, Statement.State.PAID)).first()
    return reverse("statement-hold", kwargs={"slug": slug, "statement_uid": own.uid}) if own else ""


def statement_render(request: HttpRequest, slug: str, payee: Payee, choice: Any, *, more: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    """The page of a statement; more: what a drawer over it adds."""
    view = statement_get(payee, choice.period)
    run = view.freshness.run
    entries = _entries(view)
    locale = request.LANGUAGE_CODE  # type: ignore[attr-defined]
    equations = []
    for currency, total in view.total.items():
        mine = [e for e in entries if e["currency"] == currency]
        terms = []
        for n, entry in enumerate(mine):
            own = entry["origin"].pk == choice.period.pk
            name = entry["label"] if own else f"{entry['label']}, {entry['origin'].code}"
            amount = entry["amount"]
            terms.append(("+" if n and amount >= 0 else "−" if n else "", name, money_text(abs(amount) if n else amount, currency, locale)))
        equations.append(
            {
                "terms": terms,
                "total": money_text(total, currency, locale),
                "label": _("Total %(period)s") % {"period": period_text(choice.period.code, choice.period.starts, choice.period.ends, locale)},
            }
        )
    components = [
        (c, reverse("statement-component", kwargs={"slug": slug, "uid": payee.uid, "code": choice.period.code, "component": c.component}))
        for c in component_traces(payee, period=choice.period, run=fitting_run(payee, choice.period))
    ]
    urls = {c.component: url for c, url in components}
    own = payee.pk == request.membership.payee_id  # type: ignore[attr-defined]
    for entry in entries:
        where = {"slug": slug, "uid": payee.uid, "code": choice.period.code, "component": entry["component"]}
        entry["url"] = reverse("statement-late", kwargs=where) if entry["late"] else urls.get(entry["component"], "")
    context = {
        "payee": payee,
        "view": view,
        "entries": entries,
        "choice": choice,
        "run": run,
        "is_own": own,
        "columns": _columns(),
        "equations": equations,
        "components": components,
        "held": held_deals(payee),
        "nav": _nav(request, choice, payee),
        "changes_url": reverse("statement-changes", kwargs={"slug": slug, "uid": payee.uid, "code": choice.period.code}) if run else "",
        "as_of_url": reverse("statement-as-of", kwargs={"slug": slug, "uid": payee.uid, "code": choice.period.code}),
        "disputes": disputes_of(payee, choice.period),
        "dispute_url": f"{reverse('dispute-new', kwargs={'slug': slug})}?{urlencode({'subject': 'statement', 'period': choice.period.code})}"
        if own and may(request, "disputes.file") and choice.period.starts <= today_of(request)
        else "",
        "exports": exports_of(slug=slug, payee=payee, choice=choice),
        "recompute_url": reverse("run-start-payee", kwargs={"slug": slug, "payee_uid": payee.uid}) if may(request, "runs.start") else "",
        "hold_url": _hold_url(request, slug, payee, choice),
        "adjust_url": reverse("statement-adjust", kwargs={"slug": slug, "uid": payee.uid, "code": choice.period.code}) if may(request, "pay.adjust") else "",
    }
    return render(request, "analytics/statement.html", {**context, **(more or {})}, status=status)


def _nav(request: HttpRequest, choice: Any, payee: Payee) -> dict[str, Any]:
    def link(period: Any) -> str:
        return reverse("statement", kwargs={"slug": request.tenant.slug, "uid": payee.uid, "code": period.code}) if period else ""  # type: ignore[attr-defined]

    options = [(period_text(p.code, p.starts, p.ends, get_language() or "en"), link(p), p.pk == choice.period.pk) for p in reversed(choice.recent)]
    return period_nav(request, choice, "scorecard") | {"previous_url": link(choice.previous), "next_url": link(choice.next), "options": options}


@require_safe
@requires("pay.read_own")
def component_page(request: HttpRequest, slug: str, uid: UUID, code: str, component: str, line: str | None = None) -> HttpResponse:
    """The lines of a component with the engine's explanation; `line` opens that order's trace in the drawer."""
    choice = choice_of(request, code)
    if choice is None:
        raise Http404
    payee = payee_of(request, uid, choice)
    assert payee is not None
    run = fitting_run(payee, choice.period)
    if run is None:
        raise Http404
    locale = request.LANGUAGE_CODE  # type: ignore[attr-defined]
    traces = line_traces(payee, period=choice.period, component=component, run=run)
    if not traces:
        raise Http404
    lines = [(trace, item) for trace in traces for item in trace.lines]
    kwargs = {"slug": slug, "uid": payee.uid, "code": code, "component": component}

    def line_url(item: TraceLine) -> str:
        return reverse("statement-line", kwargs={**kwargs, "line": item.key})

    page_url = reverse("statement-component", kwargs=kwargs)
    chosen = next((found for found in lines if found[1].key == line), None)
    if line is not None and chosen is None:
        raise Http404
    context = {
        "payee": payee,
        "choice": choice,
        "run": run,
        "component": traces[0],
        "total": sum((trace.amount for trace in traces), Decimal(0)),
        "trees": [_tree(trace, locale, line_url) for trace in traces],
        "lines": [(item, line_url(item), exact_decimal(item.pay_credit)) for _trace, item in lines],
        "lines_total": sum((exact_decimal(item.pay_credit) for _trace, item in lines), Decimal(0)),
        "columns": [
            Column("order", _("Order")),
            Column("account", _("Customer")),
            Column("day", _("Date")),
            Column("credit", _("Credited"), numeric=True),
        ],
        "statement_url": reverse("statement", kwargs={"slug": slug, "uid": payee.uid, "code": code}),
    }
    if chosen is None:
        return render(request, "analytics/component.html", context)
    of, item = chosen
    context |= {
        "drawer_open": True,
        "drawer_title": item.title,
        "drawer_close_url": page_url,
        "line": item,
        "quota_credit": exact_decimal(item.quota_credit),
        "pay_credit": exact_decimal(item.pay_credit),
        "trace": _line_tree(item, of, locale),
        **_hold(request, slug, payee, item, component),
        **_disputes(request, slug, payee, choice, item, component),
    }
    return render(request, "analytics/partials/line.html" if drawer_wanted(request) else "analytics/component.html", context)


@require_safe
@requires("pay.read_own")
def late_page(request: HttpRequest, slug: str, uid: UUID, code: str, component: str) -> HttpResponse:
    """The late amounts of a component in this statement: what the earlier period was worth before and now, and which orders changed."""
    choice = choice_of(request, code)
    if choice is None:
        raise Http404
    payee = payee_of(request, uid, choice)
    assert payee is not None
    parts = [part for part in statement_get(payee, choice.period).parts if part.is_late and part.component == component]
    explained = {change.part: change for change in late_changes(payee, parts, period=choice.period)}
    locale = request.LANGUAGE_CODE  # type: ignore[attr-defined]
    changes = []
    for part in parts:
        change = explained.get(part)
        terms = []
        if change is not None:
            now = _("Worth now, as of run %(number)s") % {"number": change.run.number}
            before = _("Worth before, as of run %(number)s") % {"number": change.run_before.number} if change.run_before else _("Worth before")
            terms = [("", now, money_text(change.after, part.currency, locale)), ("−", before, money_text(change.before, part.currency, locale))]
        label = _("Late for %(period)s") % {"period": period_text(part.earning_period.code, part.earning_period.starts, part.earning_period.ends, locale)}
        orders = [order for order in change.orders if order.credited_before != order.credited_after] if change else []
        changes.append(
            {"part": part, "change": change, "orders": orders, "terms": terms, "total": money_text(part.amount, part.currency, locale), "label": label}
        )
    context = {
        "payee": payee,
        "choice": choice,
        "label": parts[0].label if parts else _("Late changes"),
        "changes": changes,
        "columns": order_columns(),
        "cause_columns": cause_columns(),
        "statement_url": reverse("statement", kwargs={"slug": slug, "uid": payee.uid, "code": code}),
    }
    return render(request, "analytics/late.html", context)


def _hold(request: HttpRequest, slug: str, payee: Payee, line: TraceLine, component: str) -> dict[str, Any]:
    """Whether the line's deal is on hold, and where those who may can put it there."""
    held = [deal for deal in held_deals(payee) if deal.order_id == line.order_id and deal.component in ("", component)]
    if held or not may(request, "pay.adjust"):
        return {"held": held}
    query = urlencode({"order": f"{line.source}:{line.external_id}", "component": component, "payee": payee.external_id})
    own = {"slug": slug}
    return {"held": held, "hold_url": f"{reverse('hold-new', kwargs=own)}?{query}", "result_url": f"{reverse('result-set-new', kwargs=own)}?{query}"}


def _disputes(request: HttpRequest, slug: str, payee: Payee, choice: PeriodChoice, line: TraceLine, component: str) -> dict[str, Any]:
    """The disputes of the line, and for the payee himself where he files one."""
    found = [one for one in disputes_of(payee, choice.period) if one.line == line.key and one.component == component]
    own = payee.pk == request.membership.payee_id and may(request, "disputes.file")  # type: ignore[attr-defined]
    query = urlencode({"subject": "line", "period": choice.period.code, "component": component, "order": line.key})
    return {"disputes": found, "dispute_url": f"{reverse('dispute-new', kwargs={'slug': slug})}?{query}" if own else ""}


def _line_tree(line: TraceLine, trace: ComponentTrace, locale: str) -> TreeNode:
    """From the component down to the row of the source: rule, credit, rounding."""

    def money(value: Decimal) -> str:
        return money_text(value, trace.currency, locale)

    source = TreeNode(
        _("Order %(number)s in %(source)s") % {"number": line.external_id, "source": line.source},
        "",
        "source",
        _("as known at change %(number)s") % {"number": line.change_number} if line.change_number else "",
    )
    sources = [source]
    if line.part is not None and line.part.change_number:
        title = _("Line %(number)s in %(source)s") % {"number": line.part.external_id, "source": line.source}
        sources.append(TreeNode(title, "", "source", _("as known at change %(number)s") % {"number": line.part.change_number}))
    credit = exact_decimal(line.pay_credit)
    children = [TreeNode(_("Credited by rule: %(rule)s") % {"rule": line.rule}, money(credit), "rule", day_text(line.order_date, locale), children=sources)]
    if line.pay is not None:
        pay = exact_decimal(line.pay)
        counted = exact_decimal(line.value)
        share = percent_text(pay / credit, locale) if credit else ""
        if counted != credit:  # a quantity or a contract's figure, not the amount
            share = _("on %(counted)s") % {"counted": number_text(counted, locale)}
        note = ", ".join(text for text in (_("before multipliers and rounding"), share) if text)
        children.insert(0, TreeNode(_("Its part of the component"), money(pay), "line", note))
    if line.result_set is not None:
        children.insert(0, TreeNode(_("Result set by hand, for the whole order"), money(line.result_set), "line", line.result_reason))
    return TreeNode(trace.label, money(trace.amount), "component", trace.version.plan.title, children=children)


@require_safe
@requires("pay.read_own")
def statement_csv(request: HttpRequest, slug: str, uid: UUID, code: str) -> HttpResponse:
    """The statement's entries as CSV, then the total of the page, then rewards that are not money, with their unit."""
    choice = choice_of(request, code)
    if choice is None:
        raise Http404
    payee = payee_of(request, uid, choice)
    assert payee is not None
    view = statement_get(payee, choice.period)
    header = [_("Component"), _("Earned in"), _("Why now"), _("Currency"), _("Amount")]
    rows = [(e["label"], e["origin"].code, e["cause"], e["currency"], e["amount"]) for e in _entries(view)]
    rows += [(_("Total"), choice.period.code, "", currency, total) for currency, total in view.total.items()]
    rows += [(r.label, r.earning_period_code, reward_why(r), r.unit, r.amount) for r in view.rewards]
    return csv_response(f"statement-{payee.external_id}-{code}.csv", header, rows)
