"""What can be done to a person, each act a form in a drawer with an address of its own and one service call."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from spm.access.guards import requires
from spm.calendars.selectors import tenant_date
from spm.people import forms, services
from spm.people.errors import PeopleError
from spm.people.models import LegalEntity, Payee, PersonDetail, Position, Seat
from spm.people.selectors import pay_terms_on
from spm.people.views.pages import person_context
from spm.ui.drawers import drawer_wanted

Data = dict[str, Any]


@dataclass(frozen=True)
class Act:
    """One act: its address and form, the permission it needs, what it calls, and what it says when done."""

    name: str
    title: str | Promise
    button: str | Promise
    form: type[forms.PeopleForm]
    permission: str
    run: Callable[[Payee, Data, int], object]
    done: str | Promise
    initial: Callable[[Payee], Data] | None = None
    confirm: str | Promise = ""
    # Which form field shows an error that the service lays on a value of another name.
    fields: tuple[tuple[str, str], ...] = ()


def _position(uid: str) -> Position:
    return get_object_or_404(Position, uid=uid)


def _details(payee: Payee, data: Data, actor: int) -> None:
    services.person_update(payee=payee, actor_id=actor, **data)


def _assign(payee: Payee, data: Data, actor: int) -> None:
    share = int(data["share"] * 10_000)
    services.assignment_start(payee=payee, position=_position(data["position"]), start=data["start"], end=data["end"], fte_ppm=share, actor_id=actor)


def _move(payee: Payee, data: Data, actor: int) -> None:
    leaving = _position(data["leaving"]) if data["leaving"] else None
    services.payee_move(payee=payee, to=_position(data["position"]), day=data["day"], leaving=leaving, carry_terms=data["carry_terms"], actor_id=actor)


def _line(payee: Payee, data: Data, actor: int) -> None:
    manager = _position(data["manager"]) if data["manager"] else None
    services.reporting_line_set(position=_position(data["position"]), manager=manager, start=data["start"], actor_id=actor)


def _terms(payee: Payee, data: Data, actor: int) -> None:
    seat = get_object_or_404(Seat, payee=payee, position__uid=data["position"])
    services.pay_terms_set(
        seat=seat, start=data["start"], target_incentive=_cents(data["target_incentive"]), ote=_cents(data["ote"]), currency=data["currency"],
        attributes=data["attributes"], actor_id=actor,
    )  # fmt: skip


def _cents(amount: Decimal) -> int:
    return int(amount.scaleb(2))


def _absence(payee: Payee, data: Data, actor: int) -> None:
    services.absence_set(payee=payee, start=data["start"], end=data["end"], leave_kind=data["leave_kind"], actor_id=actor)


def _leave(payee: Payee, data: Data, actor: int) -> None:
    services.employee_leave(payee=payee, day=data["day"], actor_id=actor)


def _erase(payee: Payee, data: Data, actor: int) -> None:
    services.person_erase(payee=payee, actor_id=actor, reason=data["reason"])


def _details_now(payee: Payee) -> Data:
    detail = PersonDetail.objects.get(payee=payee)
    return {name: getattr(detail, name) for name in ("display_name", "given_name", "family_name", "email", "phone")}


def _terms_now(payee: Payee) -> Data:
    today = tenant_date(tenant=payee.tenant, instant=timezone.now())
    for seat in Seat.objects.filter(payee=payee):
        terms = pay_terms_on(seat_id=seat.pk, day=today)
        if terms is not None:
            lines = "\n".join(f"{name} = {value}" for name, value in sorted(terms.attributes.items()))
            amounts = {name: Decimal(getattr(terms, name)).scaleb(-terms.amount_scale) for name in ("target_incentive", "ote")}
            return {"position": str(seat.position.uid), "currency": terms.currency, "attributes": lines, **amounts}
    return {"currency": payee.pay_currency}


ACTS = (
    Act("details", _("Name and address"), _("Save"), forms.DetailsForm, "people.write", _details, _("The details were saved."), _details_now,
        fields=(("name", "display_name"),)),
    Act("assign", _("Give a position"), _("Give the position"), forms.AssignForm, "people.write", _assign, _("The position was given."),
        fields=(("date", "start"), ("end_date", "end"), ("fte", "share"))),
    Act("move", _("Move to another position"), _("Move"), forms.MoveForm, "people.write", _move, _("The move was recorded."), fields=(("date", "day"),)),
    Act("line", _("Change who this person reports to"), _("Save"), forms.LineForm, "people.write", _line, _("The reporting line was changed."),
        fields=(("manager_position", "manager"),)),
    Act("terms", _("Change target pay"), _("Save"), forms.TermsForm, "people.write_terms", _terms, _("The target pay was changed."), _terms_now,
        fields=(("date", "start"),)),
    Act("absence", _("Leave of absence"), _("Record the leave"), forms.AbsenceForm, "people.write", _absence, _("The leave was recorded."),
        fields=(("date", "start"), ("end_date", "end"))),
    Act("leave", _("Leaving the company"), _("Record the leaving"), forms.LeaveForm, "people.write", _leave, _("The leaving was recorded."),
        confirm=_("Seats, target pay and access end on that day."), fields=(("date", "day"),)),
    Act("erase", _("Erase personal data"), _("Erase"), forms.EraseForm, "people.erase", _erase, _("The personal data was erased."),
        confirm=_("Name, addresses and the account are emptied for ever. Pay stays in the books under the number.")),
)  # fmt: skip


def _view(act: Act) -> Callable[..., HttpResponse]:
    @require_http_methods(["GET", "HEAD", "POST"])
    @requires(act.permission)
    def view(request: HttpRequest, slug: str, payee_uid: uuid.UUID) -> HttpResponse:
        payee = get_object_or_404(Payee.objects.select_related("legal_entity"), uid=payee_uid, detail__isnull=False)
        initial = act.initial(payee) if act.initial else {}
        form = act.form(request.POST or None, payee=payee, initial=initial)
        home = reverse("person", kwargs={"slug": slug, "payee_uid": payee_uid})
        if request.method == "POST" and form.is_valid():
            try:
                act.run(payee, form.cleaned_data, request.user.pk)  # type: ignore[arg-type]
            except PeopleError as error:
                field = dict(act.fields).get(error.field, error.field)
                form.add_error(field if field in form.fields else None, str(error))
            else:
                messages.success(request, str(act.done))
                return redirect(home)
        context = {"act": act, "form": form, "action_url": request.path, "drawer_title": act.title, "drawer_open": True, "drawer_close_url": home}
        status = 400 if form.errors else 200
        if drawer_wanted(request):
            return render(request, "people/_act.html", context, status=status)
        return render(request, "people/person.html", {**person_context(request, payee), **context}, status=status)

    return view


@require_http_methods(["GET", "HEAD", "POST"])
@requires("people.write")
def person_new(request: HttpRequest, slug: str) -> HttpResponse:
    """A new payee, hired, and seated when a position is given."""
    form = forms.NewPersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        entity = get_object_or_404(LegalEntity, uid=data["legal_entity"])
        position = _position(data["position"]) if data["position"] else None
        try:
            payee = services.person_join(
                external_id=data["external_id"], display_name=data["display_name"], email=data["email"], kind=data["kind"], legal_entity=entity,
                pay_currency=data["pay_currency"], hired=data["hired"], position=position, actor_id=request.user.pk,
            )  # fmt: skip
        except PeopleError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            return redirect("person", slug=slug, payee_uid=payee.uid)
    return render(request, "people/new.html", {"form": form}, status=400 if form.errors else 200)


urlpatterns = [path(f"people/<uuid:payee_uid>/{act.name}/", _view(act), name=f"person-{act.name}") for act in ACTS]
