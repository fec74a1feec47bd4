"""Reads of plans."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from incentives.inputs import plan_compiled
from incentives.models import Plan, PlanVersion


@dataclass(frozen=True)
class PlanRow:
    """A plan in a list."""

    plan: Plan
    active: PlanVersion | None
    draft: PlanVersion | None
    versions: int
    seats: int


def plan_list() -> list[PlanRow]:
    """All plans with their newest active version, their newest draft and the number of seats under them. Two queries."""
    seats = Count("assignments", filter=Q(assignments__known_to__isnull=True), distinct=True)
    plans = list(Plan.objects.filter(is_archived=False).select_related("calendar").annotate(seats=seats))
    by_plan: dict[int, list[PlanVersion]] = {}
    for version in PlanVersion.objects.order_by("plan_id", "-number"):
        by_plan.setdefault(version.plan_id, []).append(version)

    def newest(plan: Plan, state: str) -> PlanVersion | None:
        return next((version for version in by_plan.get(plan.pk, []) if version.state == state), None)

    return [PlanRow(p, newest(p, "active"), newest(p, "draft"), len(by_plan.get(p.pk, [])), p.seats) for p in plans]


def plan_versions(plan: Plan) -> QuerySet[PlanVersion]:
    """Its versions, newest first."""
    return PlanVersion.objects.filter(plan=plan).order_by("-number")


def component_labels(version: PlanVersion, *, cash: bool = False) -> dict[str, str]:
    """Component name -> label, in the plan's order. cash: of those alone that pay money."""
    plan = plan_compiled(version.digest, version.text)
    return {component.name: component.label for component in plan.components if not cash or component.name in plan.cash}
