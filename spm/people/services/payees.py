"""Payees and their personal details, kept apart so that a person can be erased while the books stand."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from spm.currencies.codes import currency_pack
from spm.people.acts import Act, act_open
from spm.people.errors import PeopleError
from spm.people.models import LegalEntity, Payee, PersonDetail
from spm.people.services.employment import employee_hire

# What a field is called in forms and in the HR feed, where that is not its column's name.
_SHOWN_AS = {
    ("persondetail", "display_name"): "name", ("position", "code"): "position", ("position", "title"): "position_title", ("team", "code"): "team",
}  # fmt: skip
DETAILS = ("display_name", "given_name", "family_name", "email", "phone", "country")


def currency_check(code: str, *, field: str) -> str:
    """The code in capitals; raises PeopleError when it is no ISO 4217 code in form."""
    wanted = code.strip().upper()
    try:
        currency_pack(wanted)
    except ValueError as error:
        raise PeopleError(field, _("'%(code)s' is not a currency code.") % {"code": code}, _("Use three letters, such as EUR.")) from error
    return wanted


def length_check(model: type[Model], **values: str) -> None:
    """Raises PeopleError for the first value that is longer than its column; `field` is what forms and the HR feed call it."""
    for name, value in values.items():
        longest = getattr(model._meta.get_field(name), "max_length", None)
        if longest is not None and len(value.strip()) > longest:
            cause = _("'%(text)s…' has %(count)s characters.") % {"text": value.strip()[:30], "count": len(value.strip())}
            raise PeopleError(_SHOWN_AS.get((str(model._meta.model_name), name), name), cause, _("Shorten it to %(count)s.") % {"count": longest})


def legal_entity_create(
    *, code: str, name: str, currency: str, country: str = "", actor_id: int | None = None, reason: str = "", act: Act | None = None
) -> LegalEntity:
    """The company that owes the pay."""
    with act_open(act, reason=reason, actor_id=actor_id) as doing:
        if LegalEntity.objects.filter(code=code).exists():
            raise PeopleError("code", _("A legal entity %(code)s exists already.") % {"code": code}, _("Choose another code."))
        entity = LegalEntity.objects.create(code=code, name=name, currency=currency_check(currency, field="currency"), country=country.upper())
        doing.note("legal_entity.create", entity, after={"code": code, "currency": entity.currency})
        return entity


def payee_create(
    *,
    external_id: str,
    legal_entity: LegalEntity,
    display_name: str,
    pay_currency: str = "",
    kind: str = Payee.Kind.PERSON,
    source: str = "manual",
    pay_group: str = "monthly",
    hired: dt.date | None = None,
    actor_id: int | None = None,
    reason: str = "",
    act: Act | None = None,
    **details: str,
) -> Payee:
    """A payee with details and, when `hired` is given, an employment from that day. pay_currency defaults to the entity's.

    Raises PeopleError when the id is taken, a name is missing or a currency is no code.
    """
    external_id = external_id.strip()
    if not external_id:
        raise PeopleError("external_id", _("The employee number is missing."), _("Give the number that the source uses."))
    if not display_name.strip():
        raise PeopleError("name", _("The name is missing."), _("Give the name as it should be shown."))
    if kind not in Payee.Kind.values:
        raise PeopleError("kind", _("'%(kind)s' is no kind of payee.") % {"kind": kind}, _("Use one of %(all)s.") % {"all": ", ".join(Payee.Kind.values)})
    length_check(Payee, external_id=external_id, pay_group=pay_group)
    length_check(PersonDetail, display_name=display_name, **_details(details))
    with act_open(act, reason=reason, actor_id=actor_id) as doing:
        if Payee.objects.filter(source=source, external_id=external_id).exists():
            raise PeopleError(
                "external_id", _("The payee %(id)s exists already.") % {"id": external_id}, _("Use another number, or change the payee that there is.")
            )
        payee = Payee.objects.create(
            kind=kind, source=source, external_id=external_id, legal_entity=legal_entity, pay_group=pay_group,
            pay_currency=currency_check(pay_currency or legal_entity.currency, field="pay_currency"),
        )  # fmt: skip
        PersonDetail.objects.create(payee=payee, display_name=display_name.strip(), **_details(details))
        doing.note("payee.create", payee, after={"external_id": external_id, "kind": str(kind), "pay_currency": payee.pay_currency, "pay_group": pay_group})
        if hired is not None:
            employee_hire(payee=payee, day=hired, act=doing)
        return payee


def payee_update(*, payee: Payee, actor_id: int | None = None, reason: str = "", act: Act | None = None, **values: Any) -> Payee:
    """Changes legal_entity, pay_group or pay_currency. Equal values change nothing."""
    allowed = {"legal_entity", "pay_group", "pay_currency"}
    if set(values) - allowed:
        raise TypeError(f"payee_update takes {', '.join(sorted(allowed))}, not {', '.join(sorted(set(values) - allowed))}")
    if "pay_currency" in values:
        values["pay_currency"] = currency_check(values["pay_currency"], field="pay_currency")
    if "pay_group" in values:
        length_check(Payee, pay_group=values["pay_group"])
    changed = {key: value for key, value in values.items() if getattr(payee, key) != value}
    if changed:
        with act_open(act, reason=reason, actor_id=actor_id) as doing:
            before = {key: _plain(getattr(payee, key)) for key in changed}
            for key, value in changed.items():
                setattr(payee, key, value)
            payee.save(update_fields=list(changed))
            doing.note("payee.update", payee, before=before, after={key: _plain(value) for key, value in changed.items()})
    return payee


def person_update(*, payee: Payee, actor_id: int | None = None, reason: str = "", act: Act | None = None, **details: str) -> PersonDetail:
    """Changes names and addresses. The audit log tells which fields, not what they hold. Refused for an erased person."""
    if payee.erased_at is not None:
        raise PeopleError("name", _("This person's data was erased."), _("Make a new payee if the person returns."))
    detail = PersonDetail.objects.get(payee=payee)
    changed = {key: value for key, value in _details(details).items() if getattr(detail, key) != value}
    if "display_name" in changed and not changed["display_name"]:
        raise PeopleError("name", _("The name is missing."), _("Give the name as it should be shown."))
    length_check(PersonDetail, **changed)
    if changed:
        with act_open(act, reason=reason, actor_id=actor_id) as doing:
            for key, value in changed.items():
                setattr(detail, key, value)
            detail.save(update_fields=list(changed))
            doing.note("person.update", payee, after={"fields": sorted(changed)})
    return detail


def _details(given: dict[str, str]) -> dict[str, str]:
    unknown = set(given) - set(DETAILS)
    if unknown:
        raise TypeError(f"details of a person are {', '.join(DETAILS)}, not {', '.join(sorted(unknown))}")
    return {key: value.strip() for key, value in given.items()}


def _plain(value: Any) -> str:
    return str(getattr(value, "uid", value))
