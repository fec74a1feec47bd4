"""Who sits where, and what the seat pays: assignments and pay terms, dated, inside the employment."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _

from spm.people.acts import Act, act_open, series_read, series_write
from spm.people.errors import PeopleError
from spm.people.models import Assignment, Employment, Payee, PayTerms, Position, Seat
from spm.people.services.employment import TERMS
from spm.people.services.payees import currency_check, payee_create
from spm.people.spans import FOREVER, covered, value_on

FULL = 1_000_000


def assignment_start(
    *,
    payee: Payee,
    position: Position,
    start: dt.date,
    end: dt.date | None = None,
    fte_ppm: int = FULL,
    actor_id: int | None = None,
    reason: str = "",
    act: Act | None = None,
) -> Seat:
    """Puts a payee into a position for [start, end) with a share of full time in millionths. Repeating changes nothing.

    The days must be employed, and a payee's shares may not pass full time on any day. Returns the seat. Raises PeopleError.
    """
    if not 0 < fte_ppm <= FULL:
        raise PeopleError("fte", _("The share of full time must be above 0 and at most 1."), _("Give a share such as 0.5."))
    if end is not None and end <= start:
        raise PeopleError("end_date", _("It ends on %(day)s, not after its start.") % {"day": end}, _("Give a later end, or none."))
    employed, _rows = series_read(Employment, {"payee": payee}, ("status",))
    gap = covered(employed, start, end or FOREVER)
    if gap is not None and not (end is None and gap[0] > start):
        raise PeopleError(
            "date", _("The payee is not employed on %(day)s.") % {"day": gap[0]}, _("Record the joining first, or give days inside the employment.")
        )
    # An open assignment of someone whose leaving is known ends with the employment.
    until = end if gap is None else gap[0]
    with act_open(act, reason=reason, actor_id=actor_id) as doing:
        _full_time_check(payee, position, start, until or FOREVER, fte_ppm)
        seat, _made = Seat.objects.get_or_create(payee=payee, position=position)
        key = {"payee": payee, "position": position, "seat": seat}
        if series_write(doing, Assignment, key=key, start=start, end=until, values={"fte_ppm": fte_ppm}, fields=("fte_ppm",)):
            doing.note("assignment.set", seat, after={"position": position.code, "from": str(start), "to": str(until or ""), "fte_ppm": fte_ppm})
        return seat


def assignment_end(*, payee: Payee, position: Position, day: dt.date, actor_id: int | None = None, reason: str = "", act: Act | None = None) -> None:
    """The payee leaves the position: he does not hold it on `day`. Pay terms of the seat end too. Repeating changes nothing."""
    seat = Seat.objects.filter(payee=payee, position=position).first()
    series = series_read(Assignment, {"seat": seat}, ("fte_ppm",))[0] if seat else []
    if not seat or not series:
        raise PeopleError("position", _("The payee never held %(code)s.") % {"code": position.code}, _("Name the position that he holds."))
    if not any(piece.end > day for piece in series):
        return
    with act_open(act, reason=reason, actor_id=actor_id) as doing:
        key = {"payee": payee, "position": position, "seat": seat}
        series_write(doing, Assignment, key=key, start=day, end=None, values=None, fields=("fte_ppm",))
        series_write(doing, PayTerms, key={"seat": seat}, start=day, end=None, values=None, fields=TERMS)
        doing.note("assignment.end", seat, after={"position": position.code, "day": str(day)})


def payee_move(
    *,
    payee: Payee,
    to: Position,
    day: dt.date,
    leaving: Position | None = None,
    fte_ppm: int | None = None,
    carry_terms: bool = True,
    actor_id: int | None = None,
    reason: str = "",
    act: Act | None = None,
) -> Seat:
    """From `day` on the payee sits in `to` instead of `leaving` (the only one that he holds, when not given).

    carry_terms: the new seat gets the pay terms of the old one, from that day. Repeating changes nothing.
    """
    held = list(Assignment.objects.filter(payee=payee, known_to__isnull=True, valid_from__lte=day).exclude(valid_to__lte=day).select_related("position"))
    if any(row.position_id == to.pk for row in held) and (leaving is None or all(row.position_id != leaving.pk for row in held)):
        return Seat.objects.get(payee=payee, position=to)
    others = [row for row in held if row.position_id != to.pk]
    if leaving is None and len(others) != 1:
        cause = _("The payee holds %(count)s positions on %(day)s.") % {"count": len(others), "day": day}
        raise PeopleError("position", cause, _("Name the one that he leaves.") if others else _("Assign him to a position instead."))
    old = others[0] if leaving is None else next((row for row in others if row.position_id == leaving.pk), None)
    if old is None:
        raise PeopleError("position", _("The payee does not hold %(code)s on that day.") % {"code": leaving.code}, _("Name a position that he holds."))  # type: ignore[union-attr]
    with act_open(act, reason=reason, actor_id=actor_id) as doing:
        terms = value_on(series_read(PayTerms, {"seat": old.seat_id}, TERMS)[0], day) if carry_terms else None
        assignment_end(payee=payee, position=old.position, day=day, act=doing)
        seat = assignment_start(payee=payee, position=to, start=day, end=old.valid_to, fte_ppm=fte_ppm or old.fte_ppm, act=doing)
        if terms is not None and not series_read(PayTerms, {"seat": seat}, TERMS)[0]:
            values = dict(zip(TERMS, terms, strict=True))  # type: ignore[arg-type, call-overload]
            values["attributes"] = dict(values["attributes"][1])
            series_write(doing, PayTerms, key={"seat": seat}, start=day, end=old.valid_to, values=values, fields=TERMS)
        return seat


def pay_terms_set(
    *,
    seat: Seat,
    start: dt.date,
    end: dt.date | None = None,
    target_incentive: int,
    ote: int,
    currency: str,
    amount_scale: int = 2,
    attributes: dict[str, Any] | None = None,
    actor_id: int | None = None,
    reason: str = "",
    act: Act | None = None,
) -> None:
    """Target incentive and OTE a year of a seat over [start, end): amounts / 10 ** amount_scale in `currency`. Repeating changes nothing.

    The start must be a day of the assignment; OTE includes the target incentive. `attributes` are exact values as text.
    """
    if target_incentive < 0 or ote < target_incentive:
        raise PeopleError("ote", _("OTE includes the target incentive, so it cannot be less."), _("Give an OTE of at least the target incentive."))
    bad = [key for key, value in (attributes or {}).items() if not isinstance(value, str)]
    if bad:
        raise PeopleError("attributes", _("%(names)s: not a text.") % {"names": ", ".join(bad)}, _('Write exact values as text, such as "0.012".'))
    held, _rows = series_read(Assignment, {"seat": seat}, ("fte_ppm",))
    gap = covered(held, start, end or FOREVER)
    if gap is not None and gap[0] == start:
        raise PeopleError("date", _("The seat is not held on %(day)s.") % {"day": start}, _("Give a day inside the assignment."))
    until = end if gap is None else gap[0]
    values = {"target_incentive": target_incentive, "ote": ote, "amount_scale": amount_scale, "attributes": attributes or {}}
    values["currency"] = currency_check(currency, field="currency")
    with act_open(act, reason=reason, actor_id=actor_id) as doing:
        if series_write(doing, PayTerms, key={"seat": seat}, start=start, end=until, values=values, fields=TERMS):
            shown = {"target_incentive": str(target_incentive), "ote": str(ote), "amount_scale": amount_scale, "currency": currency}
            doing.note("pay_terms.set", seat, after={**shown, "from": str(start), "to": str(until or "")})


def _full_time_check(payee: Payee, position: Position, start: dt.date, end: dt.date, fte_ppm: int) -> None:
    """Raises when the payee's other seats and this one pass full time on some day of [start, end)."""
    others = [
        (max(row.valid_from, start), row.valid_to or FOREVER, row.fte_ppm)
        for row in Assignment.objects.filter(payee=payee, known_to__isnull=True, valid_from__lt=end).exclude(position=position).exclude(valid_to__lte=start)
    ]
    for day in sorted({a for a, _b, _f in others}):
        total = fte_ppm + sum(share for a, b, share in others if a <= day < b)
        if total > FULL:
            raise PeopleError(
                "fte",
                _("On %(day)s the payee's positions add up to %(share)s of full time.") % {"day": day, "share": f"{total / FULL:.2f}".rstrip("0").rstrip(".")},
                _("End one of them, or lower the shares."),
            )


def person_join(*, position: Position | None = None, hired: dt.date, actor_id: int | None = None, reason: str = "", **values: Any) -> Payee:
    """payee_create and, when a position is given, assignment_start from the first day, in one act."""
    with act_open(reason=reason, actor_id=actor_id) as doing:
        payee = payee_create(hired=hired, act=doing, **values)
        if position is not None:
            assignment_start(payee=payee, position=position, start=hired, act=doing)
        return payee
