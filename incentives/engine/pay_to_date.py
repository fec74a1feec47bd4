"""What `pay.NAME` is in a component that settles a window: what that component earned in the window to date, not in the period alone.

A settled component owes an amount for the window to date, so everything that it reads has to be to date.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import exact
from .exact import ZERO, Number

if TYPE_CHECKING:
    from .earn import UnitRun
    from .plan import Component
    from .prepare import Prepared


def same_window(prepared: Prepared, over: str, position: int) -> range:
    """The periods of the window to date, this one included."""
    labels, first = prepared.windows[over], position
    while over != "period" and first > 0 and labels[first - 1] == labels[position]:
        first -= 1
    return range(first, position + 1)


class PayToDate:
    """Follows one assignment through its periods."""

    def __init__(self, unit: UnitRun) -> None:
        self.unit = unit
        named = {component.name: component for component in unit.plan.components}
        self.reads: dict[str, list[Component]] = {}
        """Settled component -> the components above it whose pay it reads."""
        for component in unit.components:
            if component.settle != "period":
                self.reads[component.name] = [named[name[4:]] for name in sorted(component.uses) if name.startswith("pay.") and name[4:] in named]
        wanted = {(of.name, component.settle) for component in unit.components for of in self.reads.get(component.name, ()) if of.settle != component.settle}
        self.overs: dict[str, list[str]] = {name: sorted(over for of, over in wanted if of == name) for name in {of for of, _ in wanted}}
        self.sums: dict[tuple[str, str], tuple[str, Number]] = {}
        """(component, window) -> (label, earned in it so far), where the component does not settle that window itself."""
        self.due: dict[str, Number] = {}
        """Component -> what was due of it to date, what came before a change included."""

    def add(self, component: Component, position: int, earned: Number, due: Number) -> None:
        """What a component has earned in a period, and is due to date."""
        self.due[component.name] = due
        for over in self.overs.get(component.name, ()):
            label = self.unit.prepared.windows[over][position]
            before = self.sums.get((component.name, over))
            self.sums[component.name, over] = (label, exact.add(before[1], earned) if before is not None and before[0] == label else earned)

    def env(self, component: Component, position: int, env: Mapping[str, Any], told: dict[str, Any] | None) -> Any:
        """What the formulas of a settled component read. told: where its figures are noted for the explanation."""
        reads = self.reads[component.name]
        if not reads:
            return env
        found = dict(env)
        label = self.unit.prepared.windows[component.settle][position]
        for of in reads:
            if of.settle != component.settle:
                known = self.sums.get((of.name, component.settle))
            elif component.on_change == "carry":
                known = (label, self.due.get(of.name, ZERO))
            else:
                known = self.unit.earlier.get(of.name)
            name = f"pay.{of.name}"
            found[name] = known[1] if known is not None and known[0] == label else ZERO
            if told is not None:
                told[f"@{component.name}:{name}"] = found[name]
        return found
