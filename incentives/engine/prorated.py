"""What an assignment's days under the plan make of the figures that formulas read: ramps, attainments, and a component's own proration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import exact
from .errors import OverflowGuard
from .exact import Number
from .period_formula import MISSING, MissingInput, Unusable
from .plan import Component, ValueSpec
from .proration import TARGET, SeatDays
from .said import said, said_by
from .windows import COVERED

if TYPE_CHECKING:
    from .earn import UnitRun


def seat_days(unit: UnitRun, *, carried: bool = False) -> SeatDays:
    """The days of an assignment under the plan; carried: those of the versions and seats before it, too."""
    found = unit.days_of.get(carried)
    if found is None:
        prepared, seat = unit.prepared, unit.assignment
        intervals = [*unit.intervals, *(unit.led if carried else [])]
        employments = prepared.people.employments.get(seat.payee, ())
        found = unit.days_of[carried] = SeatDays(intervals=intervals, employments=employments, start=seat.start, country=seat.country, count=prepared.day_count)
    return found


def ramps_read(unit: UnitRun, env: dict[str, Any], position: int) -> None:
    """ramp.NAME of the pay period, and the quotas that follow a ramp, each by its share over the quota's own window."""
    days, ramps = seat_days(unit), {ramp.name: ramp for ramp in unit.plan.ramps}
    for ramp in ramps.values():
        env[f"ramp.{ramp.name}"] = exact.simple(days.ramped(ramp, *unit.prepared.span("period", position)))
    for spec in unit.plan.quotas:
        name = f"quota.{spec.name}"
        if spec.ramp:
            env[name] = _times(env[name], exact.simple(days.ramped(ramps[spec.ramp], *unit.prepared.span(spec.over, position))))


def attainments_read(unit: UnitRun, env: dict[str, Any], position: int) -> None:
    """Attainments of the measures and quotas in the environment; one guaranteed by a ramp is at least its share over the quota's window."""
    for attainment in unit.plan.attainments:
        quota = env[f"quota.{attainment.quota}"]
        if type(quota) is Unusable:
            env[attainment.name] = quota
            continue
        value = exact.div(env[attainment.measure], quota) if quota is not None and quota != 0 else attainment.when_zero
        if attainment.at_least:
            over = next(spec.over for spec in unit.plan.quotas if spec.name == attainment.quota)
            ramp = next(ramp for ramp in unit.plan.ramps if ramp.name == attainment.at_least)
            least = exact.simple(seat_days(unit).ramped(ramp, *unit.prepared.span(over, position)))
            if least > 0 and (value is None or value < least):
                value = least
        env[attainment.name] = value


def draw_paused(unit: UnitRun, named: ValueSpec, value: Any, position: int) -> Any:
    """A draw that pauses on leave, by the share of the period's days under the plan that are no leave; any other value as it is."""
    if named.name not in unit.plan.terms.paused:
        return value
    kinds = unit.plan.terms.paused[named.name]
    return _times(value, exact.simple(seat_days(unit).worked(*unit.prepared.span("period", position), kinds)))


def component_env(unit: UnitRun, component: Component, position: int, env: Mapping[str, Any], told: dict[str, Any] | None) -> dict[str, Any]:
    """What the formulas of a component with a proration of its own read: its quotas and target by their shares, attainments and named
    values computed again with them, and the shares of bounds, cap and floor. told: where the shares are noted for the explanation."""
    policy, prepared, plan = component.proration, unit.prepared, unit.plan
    assert policy is not None
    days = seat_days(unit, carried=component.on_change == "carry")
    found, shares = dict(env), {}

    def share(key: str, over: str) -> Number:
        figure = key.partition(".")[0]
        shares[key] = exact.simple(days.share(getattr(policy, figure), policy, *prepared.span(over, position), figure))
        return shares[key]

    if policy.quota != "none":
        for spec in plan.quotas:
            name = f"quota.{spec.name}"
            if not spec.over.startswith("rolling:") and spec.over != "ever":
                found[name] = _times(found[name], share(name, spec.over))
    if policy.target != "none" and TARGET in found:
        found[TARGET] = _times(found[TARGET], share("target", policy.over))
    for key in ("bounds", "cap", "floor"):
        if getattr(policy, key) != "none":
            found[f"{COVERED}@{key}"] = share(key, policy.over)
    if policy.quota != "none" or policy.target != "none":
        attainments_read(unit, found, position)
        for named in plan.values:
            if named.name.startswith(("draw.", "payment.")) or (named.late and unit.team_pay is None):
                continue
            try:
                found[named.name] = named.formula(found)
            except (MissingInput, OverflowGuard) as error:
                found[named.name] = Unusable(said("needs %(what)s", what=said_by(error)) if isinstance(error, MissingInput) else said_by(error))
    if told is not None:
        told[f"@prorated:{component.name}"] = {key: exact.text(value) for key, value in sorted(shares.items())}
    return found


def _times(value: Any, share: Number) -> Any:
    """A figure times a share; what is no figure stays what it is."""
    if value is None or value is MISSING or type(value) is Unusable or share == 1:
        return value
    return exact.mul(value, share)
