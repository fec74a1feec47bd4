"""Where an amount may be posted by hand: the components of the plans that a payee is under in a period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from incentives.models import PlanAssignment, PlanVersion
from incentives.selectors.plans import component_labels
from spm.calendars.models import Period
from spm.people.models import Payee, Seat
from spm.tenancy.changes import known_as_at


@dataclass(frozen=True)
class Place:
    """A component that pays a payee: of one seat, under the plan version that is in force at the period's end."""

    seat: Seat
    version: PlanVersion
    component: str
    label: str

    @property
    def key(self) -> str:
        """The same in every period: seat, plan and component."""
        return f"{self.seat.uid}/{self.version.plan.code}/{self.component}"

    @property
    def title(self) -> str:
        """Component, plan and position, as people read them."""
        return f"{self.label} · {self.version.plan.title} · {self.seat.position.title}"


def adjustment_places(payee: Payee, periods: Sequence[Period]) -> dict[int, list[Place]]:
    """Period -> where an amount earned in it may be posted, in the plans' order. Two queries."""
    rows = list(known_as_at(PlanAssignment.objects.filter(seat__payee=payee), None).select_related("seat__position", "plan"))
    versions = list(
        PlanVersion.objects.filter(state=PlanVersion.State.ACTIVE, plan_id__in={row.plan_id for row in rows}).select_related("plan").order_by("-number")
    )
    found: dict[int, list[Place]] = {}
    for period in periods:
        places = found.setdefault(period.pk, [])
        for row in sorted(rows, key=lambda row: (row.plan.title, row.seat_id)):
            if row.plan.calendar_id != period.calendar_id or not row.valid_from < period.ends or (row.valid_to is not None and row.valid_to <= period.starts):
                continue
            version = _in_force([v for v in versions if v.plan_id == row.plan_id], period)
            if version is not None:
                places += [Place(row.seat, version, name, label) for name, label in component_labels(version, cash=True).items()]
    return found


def _in_force(versions: Sequence[PlanVersion], period: Period) -> PlanVersion | None:
    """The version of the period's last day, else the newest that touches the period."""
    touching = [v for v in versions if v.effective_from < period.ends and (v.effective_to is None or v.effective_to > period.starts)]
    return next((v for v in touching if v.effective_to is None or v.effective_to >= period.ends), touching[0] if touching else None)


def own_pay(payee: Payee, *, user_id: int | None) -> bool:
    """Is the user this payee, in the tenant in scope?"""
    return user_id is not None and payee.memberships.filter(user_id=user_id).exists()
