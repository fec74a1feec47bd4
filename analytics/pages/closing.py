"""Closing a pay period in the browser: where each group stands and what stops it, its next step, and single statements held back."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from analytics.pages.common import choice_of, period_nav
from incentives.models import PeriodState, Statement
from incentives.selectors.closing import PeriodGroup, period_groups, statements_held
from incentives.selectors.disputes import disputes_open, name_of
from incentives.services.closing import MOVES, PeriodRefused, approval_obstacle, period_move, statement_hold, statement_release
from spm.access.guards import may, requires
from spm.access.policy import permitted
from spm.calendars.models import Period
from spm.people.models import LegalEntity
from spm.ui.drawer_forms import DrawerForm, drawer_form
from spm.ui.tables import Column

State = PeriodState.State
NAMED = 10
WAY = (State.OPEN, State.IN_REVIEW, State.APPROVED, State.CLOSED, State.PAID)


@dataclass(frozen=True)
class Step:
    """The words of one move: of its button, of the drawer, of what it does for good, and of what is said when it is done."""

    label: str | Promise
    intro: str | Promise
    done: str | Promise
    confirm: str | Promise = ""


STEPS: dict[tuple[str, str], Step] = {
    (State.OPEN, State.IN_REVIEW): Step(
        gettext_lazy("Put into review"),
        gettext_lazy("Runs go on posting to the period. Finance sees it and approves it."),
        gettext_lazy("The period is in review."),
    ),
    (State.IN_REVIEW, State.OPEN): Step(
        gettext_lazy("Take back from review"),
        gettext_lazy("The period is open again, as before the review."),
        gettext_lazy("The period is open again."),
    ),
    (State.IN_REVIEW, State.APPROVED): Step(
        gettext_lazy("Approve"),
        gettext_lazy("Every statement of the group is frozen as it stands, with a hash of its content. What changes later is paid in a later period."),
        gettext_lazy("The period is approved, and its statements are frozen."),
        gettext_lazy("There is no way back from an approval."),
    ),
    (State.APPROVED, State.CLOSED): Step(
        gettext_lazy("Close"),
        gettext_lazy("What was approved was handed to payroll."),
        gettext_lazy("The period is closed."),
        gettext_lazy("A closed period does not open again."),
    ),
    (State.CLOSED, State.PAID): Step(
        gettext_lazy("Mark as paid"),
        gettext_lazy("The statements say that they are paid, except those on hold."),
        gettext_lazy("The period is marked as paid."),
        gettext_lazy("A period that is paid stays so."),
    ),
}


@dataclass
class GroupCard:
    """One group with its place on the way, what may be done with it and what stops that."""

    group: PeriodGroup
    steps: list[tuple[str, str, str]]
    statements: list[tuple[str, int]]
    total: list[tuple[str, Decimal]]
    moves: list[tuple[str | Promise, str, bool]] = field(default_factory=list)
    """(label, address, whether it is the next step forward)"""
    obstacle: str = ""


def _card(request: HttpRequest, period: Period, group: PeriodGroup) -> GroupCard:
    at = WAY.index(State(group.state))
    reached = len(WAY) if group.state == State.PAID else at
    steps = [(str(state.label), "done" if n < reached else "current" if n == at else "todo", "") for n, state in enumerate(WAY)]
    labels = {state.value: str(state.label) for state in Statement.State}
    card = GroupCard(group, steps, [(labels[state], n) for state, n in sorted(group.statements.items())], sorted(group.total.items()))
    if group.state == State.IN_REVIEW:
        card.obstacle = approval_obstacle(period=period, pay_group=group.pay_group, legal_entity=group.legal_entity, actor_id=request.user.pk)
    for (before, to), needed in MOVES.items():
        own = [permission for permission in needed if permitted(request.membership.role_names, permission)]  # type: ignore[attr-defined]
        if before != group.state or not own or (to == State.APPROVED and card.obstacle):
            continue
        card.moves.append((STEPS[before, to].label, _move_url(request, period, group, to, own[0]), WAY.index(State(to)) > at))
    return card


def _move_url(request: HttpRequest, period: Period, group: PeriodGroup, to: str, permission: str) -> str:
    name = "closing-decide" if permission == "pay.approve" else "closing-move"
    place = {"period_uid": period.uid, "legalentity_uid": group.legal_entity.uid, "group": group.pay_group, "to": to}
    return reverse(name, kwargs={"slug": request.tenant.slug, **place})  # type: ignore[attr-defined]


def _page(request: HttpRequest, code: str | None = None, more: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
    choice = choice_of(request, code)
    if choice is None:
        return render(request, "analytics/no_calendar.html", {})
    held = statements_held(choice.period)
    columns = [Column("payee", _("Payee")), Column("reason", _("Reason")), Column("act", _("Act"), hidden_label=True)]
    context = {
        "choice": choice, "nav": period_nav(request, choice, "closing"), "held": held, "columns": columns, "may_hold": may(request, "pay.adjust"),
        "cards": [_card(request, choice.period, group) for group in period_groups(choice.period)],
    }  # fmt: skip
    return render(request, "analytics/closing.html", {**context, **(more or {})}, status=status)


def _home(request: HttpRequest, code: str) -> str:
    return reverse("closing", kwargs={"slug": request.tenant.slug}) + f"?period={code}"  # type: ignore[attr-defined]


@require_safe
@requires("pay.read_all")
def closing(request: HttpRequest, slug: str) -> HttpResponse:
    """Each pay group and legal entity of a period: its state, who moved it, how many statements, what is paid, what comes next."""
    return _page(request)


def _form(request: HttpRequest) -> forms.Form:
    """A form without fields: the question alone."""
    return forms.Form(request.POST if request.method == "POST" else None)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("pay.adjust")
def closing_move(request: HttpRequest, slug: str, period_uid: UUID, legalentity_uid: UUID, group: str, to: str) -> HttpResponse:
    """A group goes into review or back, is closed after its approval, is marked as paid."""
    return _move(request, period_uid, legalentity_uid, group, to)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("pay.read_all", write="pay.approve")
def closing_decide(request: HttpRequest, slug: str, period_uid: UUID, legalentity_uid: UUID, group: str, to: str) -> HttpResponse:
    """A group in review is approved, or opened again."""
    return _move(request, period_uid, legalentity_uid, group, to)


def _move(request: HttpRequest, period_uid: UUID, legalentity_uid: UUID, group: str, to: str) -> HttpResponse:
    period = get_object_or_404(Period, uid=period_uid)
    entity = get_object_or_404(LegalEntity, uid=legalentity_uid)
    row = PeriodState.objects.filter(period=period, pay_group=group, legal_entity=entity).first()
    before = row.state if row else State.OPEN
    step = STEPS.get((State(before), to)) if to in State.values else None
    if step is None and request.method != "POST":
        raise Http404
    words = step or next(iter(STEPS.values()))  # a POST whose step was taken meanwhile: the service says what the state is now
    title = _("%(act)s: %(group)s, %(entity)s, %(period)s") % {"act": words.label, "group": group, "entity": entity.name, "period": period.code}
    intro, confirm = words.intro, words.confirm
    if to == State.APPROVED and request.method != "POST":
        intro, confirm = _with_disputes(period, group, entity, intro, confirm)
    drawer = DrawerForm(title, words.label, words.done, confirm=confirm, intro=intro)
    roles = request.membership.role_names  # type: ignore[attr-defined]

    def run(data: dict[str, Any]) -> None:
        period_move(period=period, pay_group=group, legal_entity=entity, to=to, roles=roles, actor_id=request.user.pk)

    return drawer_form(
        request, drawer, form=_form(request), run=run, refusals=(PeriodRefused,), home=_home(request, period.code),
        page=lambda more, status: _page(request, period.code, more, status),
    )  # fmt: skip


def _with_disputes(period: Period, group: str, entity: LegalEntity, intro: str | Promise, confirm: str | Promise) -> tuple[str | Promise, str | Promise]:
    """The words of the approval with the statements that are disputed: nobody approves them without having read it."""
    found = [d for d in disputes_open(period) if (d.payee.pay_group, d.payee.legal_entity_id) == (group, entity.pk)]
    if not found:
        return intro, confirm
    names = ", ".join(f"{name_of(d.payee)} ({d.number})" for d in found[:NAMED]) + (" …" if len(found) > NAMED else "")
    text = ngettext(
        "%(number)s dispute about these statements is open: %(names)s. What it comes to is paid in a later period.",
        "%(number)s disputes about these statements are open: %(names)s. What they come to is paid in a later period.",
        len(found),
    ) % {"number": len(found), "names": names}
    return f"{intro} {text}", f"{text} {confirm}"


class ReasonForm(forms.Form):
    """Why a statement is not paid with its group."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=400, widget=forms.Textarea(attrs={"rows": 3}), help_text=gettext_lazy("The payee reads it on the statement.")
    )


def _statement(uid: UUID) -> Statement:
    return get_object_or_404(Statement.objects.select_related("payee__detail", "period"), uid=uid)


@require_http_methods(["GET", "HEAD", "POST"])
@requires("pay.adjust")
def statement_hold_page(request: HttpRequest, slug: str, statement_uid: UUID) -> HttpResponse:
    """One statement is taken out of what its group is paid."""
    statement = _statement(statement_uid)
    drawer = DrawerForm(
        _("Hold the statement of %(name)s") % {"name": statement.payee.detail.display_name}, _("Hold the statement"), _("The statement is on hold."),
        intro=_("The group is approved and paid without it, until it is released."),
    )  # fmt: skip
    return drawer_form(
        request, drawer, form=ReasonForm(request.POST or None), refusals=(PeriodRefused,), home=_home(request, statement.period.code),
        run=lambda data: statement_hold(statement=statement, actor_id=request.user.pk, **data),
        page=lambda more, status: _page(request, statement.period.code, more, status),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@requires("pay.adjust")
def statement_release_page(request: HttpRequest, slug: str, statement_uid: UUID) -> HttpResponse:
    """A held statement follows its group again."""
    statement = _statement(statement_uid)
    drawer = DrawerForm(
        _("Release the statement of %(name)s") % {"name": statement.payee.detail.display_name}, _("Release the statement"),
        _("The statement follows its group again."), intro=statement.hold_reason,
    )  # fmt: skip
    return drawer_form(
        request, drawer, form=_form(request), refusals=(PeriodRefused,), home=_home(request, statement.period.code),
        run=lambda data: statement_release(statement=statement, actor_id=request.user.pk),
        page=lambda more, status: _page(request, statement.period.code, more, status),
    )  # fmt: skip
