"""Joining, leaving, leave of absence: the spans of employment. A leaver's seats, terms and access end with it."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from spm.access.errors import AccessError
from spm.access.models import Membership
from spm.access.services.memberships import membership_end
from spm.calendars.zones import day_start
from spm.people.acts import Act, act_open, series_read, series_write
from spm.people.errors import PeopleError
from spm.people.models import Assignment, Employment, Payee, PayTerms
from spm.people.spans import FOREVER, Dated, covered, value_on
from spm.tenancy.models import DatedModel, Tenant
from spm.tenancy.scope import required_tenant_id

_FIELDS = ("status", "leave_kind")
Status = Employment.Status


def _write(act: Act, payee: Payee, start: dt.date, end: dt.date | None, status: str | None, leave_kind: str = "") -> list[DatedModel]:
    values = None if status is None else {"status": status, "leave_kind": leave_kind}
    return series_write(act, Employment, key={"payee": payee}, start=start, end=end, values=values, fields=_FIELDS)


def employee_hire(*, payee: Payee, day: dt.date, actor_id: int | None = None, reason: str = "", act: Act | None = None) -> None:
    """Employed from `day` on. Repeating changes nothing; a day inside an employment, or before one that follows, is refused."""
    series, _rows = series_read(Employment, {"payee": payee}, _FIELDS)
    if any(piece.start == day for piece in series):
        return
    if value_on(series, day) is not None:
        begun = next(p.start for p in series if p.start <= day < p.end)
        raise PeopleError("date", _("The payee is employed since %(day)s.") % {"day": begun}, _("Give that day, or end the employment before."))
    later = [piece.start for piece in series if piece.start > day]
    if later:
        raise PeopleError(
            "date", _("An employment already begins later, on %(day)s.") % {"day": min(later)}, _("Give that day, or a day after that employment.")
        )
    with act_open(act, reason=reason, actor_id=actor_id) as doing:
        _write(doing, payee, day, None, Status.ACTIVE)
        doing.note("employment.start", payee, after={"day": str(day)})


def employment_status_set(
    *, payee: Payee, status: str, start: dt.date, end: dt.date | None, leave_kind: str = "", actor_id: int | None = None, reason: str = "",
    act: Act | None = None,
) -> None:  # fmt: skip
    """Another status in [start, end) of an employment, with an open end until the next change on record. leave_kind: of a leave, where it
    is known.

    The days must all be employed. Repeating changes nothing.
    """
    if leave_kind and leave_kind not in Employment.LeaveKind.values:
        known = ", ".join(Employment.LeaveKind.values)
        raise PeopleError("leave_kind", _("'%(kind)s' is no kind of leave.") % {"kind": leave_kind}, _("Use one of %(all)s, or leave it out.") % {"all": known})
    series, _rows = series_read(Employment, {"payee": payee}, _FIELDS)
    if end is not None and end <= start:
        raise PeopleError("end_date", _("It ends on %(day)s, not after its start.") % {"day": end}, _("Give the first day back at work."))
    until = end or _run_end(series, start) or FOREVER
    gap = covered(series, start, until)
    if gap is not None:
        raise PeopleError("date", _("The payee is not employed on %(day)s.") % {"day": gap[0]}, _("Give days inside the employment."))
    with act_open(act, reason=reason, actor_id=actor_id) as doing:
        if _write(doing, payee, start, end, status, leave_kind):
            kind = {"leave_kind": leave_kind} if leave_kind else {}
            doing.note("employment.status", payee, after={"status": str(status), **kind, "from": str(start), "to": str(end or "")})


def absence_set(
    *, payee: Payee, start: dt.date, end: dt.date | None, leave_kind: str = "", actor_id: int | None = None, reason: str = "", act: Act | None = None
) -> None:  # fmt: skip
    """Leave of absence in [start, end); an open end until the person returns. leave_kind: paid, unpaid, parental or sick, where it is known.
    The seat stays his."""
    employment_status_set(payee=payee, status=Status.LEAVE, start=start, end=end, leave_kind=leave_kind, actor_id=actor_id, reason=reason, act=act)


def employee_leave(*, payee: Payee, day: dt.date, actor_id: int | None = None, reason: str = "", act: Act | None = None) -> None:
    """Employed until `day`, not on it. Seats and pay terms end that day, access when that day begins where the company is.

    A corrected, later day extends what had ended on the former one. Repeating changes nothing.
    """
    series, _rows = series_read(Employment, {"payee": payee}, _FIELDS)
    before = [piece for piece in series if piece.start < day]
    if not before:
        raise PeopleError("date", _("The payee is not employed before %(day)s.") % {"day": day}, _("Give a day after the one of joining."))
    last = before[-1]
    run_end = _run_end(series, day)
    returns = any(piece.start >= (run_end or day) for piece in series)
    if last.end < day and returns:
        raise PeopleError("date", _("The payee left on %(day)s and came back later.") % {"day": last.end}, _("Give that day, or one of the later employment."))
    with act_open(act, reason=reason, actor_id=actor_id) as doing:
        if last.end < day:
            _write(doing, payee, last.end, day, *last.value)  # type: ignore[misc]
            _extend(doing, payee, last.end, day)
        if run_end is not None:
            _write(doing, payee, day, run_end, None)
            for seat in {row.seat_id: row.seat for row in Assignment.objects.filter(payee=payee, known_to__isnull=True).select_related("seat")}.values():
                series_write(doing, Assignment, key=_seat_key(seat), start=day, end=run_end, values=None, fields=("fte_ppm",))
                series_write(doing, PayTerms, key={"seat": seat}, start=day, end=run_end, values=None, fields=TERMS)
        if last.end < day or run_end is not None:
            doing.note("employment.end", payee, after={"day": str(day)})
        if not returns:
            _access_end(payee, day, doing)


def _run_end(series: list[Dated], day: dt.date) -> dt.date | None:
    """The end of the unbroken employment that holds `day`; None when the day is not employed."""
    end = None
    for piece in series:
        if piece.start <= day < piece.end or (end is not None and piece.start == end):
            end = piece.end
    return end


def _extend(act: Act, payee: Payee, was: dt.date, day: dt.date) -> None:
    """The seats and terms that the former leaving day had cut reach to the new one."""
    for row in Assignment.objects.filter(payee=payee, known_to__isnull=True, valid_to=was).select_related("seat"):
        series_write(act, Assignment, key=_seat_key(row.seat), start=was, end=day, values={"fte_ppm": row.fte_ppm}, fields=("fte_ppm",))
        for terms in PayTerms.objects.filter(seat=row.seat, known_to__isnull=True, valid_to=was):
            series_write(act, PayTerms, key={"seat": row.seat}, start=was, end=day, values={f: getattr(terms, f) for f in TERMS}, fields=TERMS)


def _seat_key(seat: object) -> dict[str, object]:
    return {"payee": seat.payee, "position": seat.position, "seat": seat}  # type: ignore[attr-defined]


TERMS = ("currency", "target_incentive", "ote", "amount_scale", "attributes")


def _access_end(payee: Payee, day: dt.date, act: Act) -> None:
    zone_name = Tenant.objects.get(pk=required_tenant_id()).time_zone
    at = day_start(day, zone_name)
    for membership in Membership.objects.filter(payee=payee).exclude(ended_at__lte=at):
        try:
            membership_end(membership=membership, actor_id=act.actor_id, at=at, reason="left")
        except AccessError as error:
            raise PeopleError("event", str(error), _("Then repeat the leaving.")) from error
