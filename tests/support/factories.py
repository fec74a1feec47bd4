"""Builders of the rows that most tests start from. Each needs an open tenant scope unless it says otherwise."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

from spm.access.models import Membership, Role, RoleGrant, User
from spm.people.models import Assignment, Employment, LegalEntity, Payee, PersonDetail, Position, ReportingLine, Seat
from spm.tenancy.changes import change
from spm.tenancy.models import Tenant

_serial = itertools.count(1)
DAY_ONE = dt.date(2020, 1, 1)
PASSWORD = "correct horse battery"


def make_tenant(slug: str, **values: Any) -> Tenant:
    """A tenant. Needs no scope."""
    return Tenant.objects.create(slug=slug, name=values.pop("name", slug.capitalize()), **values)


def make_user(email: str | None = None, **values: Any) -> User:
    """A user with PASSWORD. Needs no scope."""
    return User.objects.create_user(email or f"user{next(_serial)}@example.com", PASSWORD, **values)


def make_member(user: User, *roles: Role | str, payee: Payee | None = None) -> Membership:
    membership = Membership.objects.create(user=user, payee=payee)
    for role in roles:
        RoleGrant.objects.create(membership=membership, role=role)
    return membership


def make_entity(code: str = "main", currency: str = "USD") -> LegalEntity:
    return LegalEntity.objects.get_or_create(code=code, defaults={"name": code.capitalize(), "currency": currency})[0]


def make_payee(name: str = "", external_id: str | None = None, *, currency: str = "USD", hired: dt.date = DAY_ONE) -> Payee:
    """A payee with a name and an employment from `hired` on."""
    number = next(_serial)
    payee = Payee.objects.create(external_id=external_id or f"E{number}", legal_entity=make_entity(), pay_currency=currency)
    PersonDetail.objects.create(payee=payee, display_name=name or f"Person {number}", email=f"person{number}@example.com")
    with change(reason="hired") as cs:
        Employment.objects.create(payee=payee, valid_from=hired, known_from=cs)
    return payee


def make_position(code: str | None = None, *, manager: Position | None = None, title: str = "Account executive") -> Position:
    position = Position.objects.create(code=code or f"P{next(_serial)}", title=title)
    if manager is not None:
        with change(reason="reporting line") as cs:
            ReportingLine.objects.create(position=position, manager=manager, valid_from=DAY_ONE, known_from=cs)
    return position


def seat_payee(payee: Payee, position: Position, *, start: dt.date = DAY_ONE, end: dt.date | None = None) -> Assignment:
    """Puts a payee into a position for [start, end)."""
    seat, _ = Seat.objects.get_or_create(payee=payee, position=position)
    with change(reason="assigned") as cs:
        return Assignment.objects.create(payee=payee, position=position, seat=seat, valid_from=start, valid_to=end, known_from=cs)
