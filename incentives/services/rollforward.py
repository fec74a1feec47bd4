"""Rolling a plan year forward: propose, confirm, take back while nothing of it is in force."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext_noop

from incentives.models import LedgerEntry, PlanAssignment, PlanVersion, RunResult, YearRollForward
from incentives.rollforward import NEW, RollForwardRefused, proposal, years_of
from incentives.services.plans import version_draft
from planning.models import Quota
from spm.audit.services import audit_record
from spm.calendars.models import FiscalCalendar, Period
from spm.calendars.services import calendar_extend
from spm.tenancy.changes import change, dated_retire, writers_lock


def rollforward_propose(*, calendar: FiscalCalendar, year: str, quota_factor: Decimal = Decimal(1), actor_id: int | None = None) -> YearRollForward:
    """Keeps what the year after `year` would be, for review; nothing else is written. Raises RollForwardRefused."""
    if quota_factor < 0 or quota_factor > 10_000:
        raise RollForwardRefused(gettext_noop("The factor for quotas is a number from 0 to 10000, such as 1.05."))
    items = [item.as_json() for item in proposal(calendar=calendar, year=year, quota_factor=quota_factor)]
    return YearRollForward.objects.create(calendar=calendar, year=year, quota_factor=quota_factor, items=items, actor_id=actor_id)


@transaction.atomic
def rollforward_confirm(*, rollforward: YearRollForward, actor_id: int | None = None) -> YearRollForward:
    """Makes what was reviewed, under one change set: periods, drafts of plan versions, quotas, enrolments. What is there already stays.
    Drafts are put in force by themselves, by whoever may. Raises RollForwardRefused, also where the record has changed since the review."""
    writers_lock()
    row = YearRollForward.objects.select_for_update(of=("self",)).select_related("calendar").get(pk=rollforward.pk)
    if row.state != YearRollForward.State.DRAFT:
        raise RollForwardRefused(gettext_noop("This roll-forward was confirmed or cancelled already."))
    items = proposal(calendar=row.calendar, year=row.year, quota_factor=row.quota_factor)
    if [item.as_json() for item in items] != row.items:
        raise RollForwardRefused(gettext_noop("Plans, quotas or seats have changed since this was proposed; propose it again and review the new lines."))
    years = years_of(row.calendar, row.year)
    made: dict[str, list[int]] = defaultdict(list)
    if years.missing:
        before = set(Period.objects.filter(calendar=row.calendar).values_list("pk", flat=True))
        calendar_extend(calendar=row.calendar, last_year=int(row.year) + 1, actor_id=actor_id)
        made["periods"] = sorted(set(Period.objects.filter(calendar=row.calendar).values_list("pk", flat=True)) - before)
    with change(reason=f"Plan year {row.year} rolled forward", actor_id=actor_id) as changeset:
        for item in (item for item in items if item.state == NEW):
            if item.kind == "version":
                made["versions"].append(_version(item.ids, row, years.start, actor_id).pk)
            elif item.kind == "quota":
                old = Quota.objects.get(pk=item.ids["quota"])
                quota = Quota.objects.create(
                    position_id=old.position_id, measure=old.measure, amount=item.ids["amount"], amount_scale=old.amount_scale, currency=old.currency,
                    valid_from=dt.date.fromisoformat(item.ids["from"]), valid_to=dt.date.fromisoformat(item.ids["to"]), known_from=changeset,
                )  # fmt: skip
                made["quotas"].append(quota.pk)
            elif item.kind == "enrolment":
                under = PlanAssignment.objects.get(pk=item.ids["enrolment"])
                new = PlanAssignment.objects.create(
                    seat_id=under.seat_id, plan_id=under.plan_id, valid_from=years.start, valid_to=years.end, known_from=changeset
                )  # fmt: skip
                made["enrolments"].append(new.pk)
    row.state, row.made, row.confirmed_at = YearRollForward.State.DONE, dict(made), timezone.now()
    row.save(update_fields=["state", "made", "confirmed_at"])
    audit_record(action="year.rollforward", target=row, after={"year": row.year, **{name: len(ids) for name, ids in made.items()}}, actor_id=actor_id)
    return row


def _version(ids: dict[str, Any], row: YearRollForward, start: dt.date, actor_id: int | None) -> PlanVersion:
    base = PlanVersion.objects.select_related("plan").get(pk=ids["version"])
    end = dt.date.fromisoformat(ids["effective_to"]) if ids["effective_to"] else None
    return version_draft(
        plan=base.plan, text=base.text, effective_from=start, effective_to=end, note=f"{row.year} → {start.year}: version {base.number}", actor_id=actor_id
    )


@transaction.atomic
def rollforward_undo(*, rollforward: YearRollForward, today: dt.date, actor_id: int | None = None) -> YearRollForward:
    """Takes back what the confirmation made; a proposal that was not confirmed is put away. Raises RollForwardRefused once the year has
    begun, a version is in force, or something was computed or built on it."""
    writers_lock()
    row = YearRollForward.objects.select_for_update(of=("self",)).select_related("calendar").get(pk=rollforward.pk)
    if row.state == YearRollForward.State.UNDONE:
        raise RollForwardRefused(gettext_noop("This roll-forward was taken back already."))
    if row.state == YearRollForward.State.DONE:
        _free(row, today)
        with change(reason=f"Roll-forward of {row.year} taken back", actor_id=actor_id) as changeset:
            for model, name in ((Quota, "quotas"), (PlanAssignment, "enrolments")):
                for made in model.objects.filter(pk__in=row.made.get(name, []), known_to__isnull=True):
                    dated_retire(made, changeset=changeset)
        PlanVersion.objects.filter(pk__in=row.made.get("versions", [])).delete()
        try:
            Period.objects.filter(pk__in=row.made.get("periods", [])).delete()
        except ProtectedError:
            raise RollForwardRefused(gettext_noop("Something was built on the new periods already; nothing was taken back.")) from None
    row.state = YearRollForward.State.UNDONE
    row.save(update_fields=["state"])
    audit_record(action="year.rollforward_undo", target=row, after={"year": row.year}, actor_id=actor_id)
    return row


def _free(row: YearRollForward, today: dt.date) -> None:
    start = years_of(row.calendar, row.year).start
    if today >= start:
        raise RollForwardRefused(gettext_noop("The new year began on %(day)s; what is in force is changed, not taken back."), day=start)
    used = PlanVersion.objects.filter(pk__in=row.made.get("versions", [])).exclude(state=PlanVersion.State.DRAFT).select_related("plan").first()
    if used is not None:
        raise RollForwardRefused(
            gettext_noop("Version %(number)s of %(plan)s is in force already; take it out of force first."), number=used.number, plan=used.plan.title
        )
    periods = row.made.get("periods", [])
    if RunResult.objects.filter(period_id__in=periods).exists() or LedgerEntry.objects.filter(earning_period_id__in=periods).exists():
        raise RollForwardRefused(gettext_noop("Pay was computed for the new year already; nothing was taken back."))
