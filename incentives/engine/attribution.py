"""Why an amount changed: the difference of two calculations divided among causes, with nothing left over.

A calculation reads several kinds of input, one for each cause. Going from the first calculation to the second, one kind after the
other is taken from the second, in a published order; each step's difference is that cause's amount. The steps telescope: they
sum to the whole difference exactly, whatever the causes do to each other. What two causes only do together falls to the later one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass

from . import exact
from .errors import InputError
from .exact import ZERO, Number
from .results import CAUSES

Amounts = Mapping[Hashable, Number]
Value = Callable[[frozenset[str]], Amounts]
"""Amounts by key (any: a component, a cell) when these causes are taken from the second calculation and all others from the first."""


@dataclass(frozen=True)
class Attribution:
    """before + the sum of all steps = after, for every key. steps: in the published order, causes without an amount left out."""

    before: Amounts
    after: Amounts
    steps: tuple[tuple[str, Amounts], ...]

    def amount(self, cause: str, key: Hashable) -> Number:
        """What a cause did to a key; 0 where it did nothing."""
        return next((amounts.get(key, ZERO) for name, amounts in self.steps if name == cause), ZERO)

    def causes(self, keys: Collection[Hashable]) -> tuple[tuple[str, Number], ...]:
        """The causes of some keys together, those that sum to zero left out."""
        found = [(name, _sum(amounts, keys)) for name, amounts in self.steps]
        return tuple((name, amount) for name, amount in found if amount != 0)

    def residue(self, key: Hashable) -> Number:
        """What no cause explains: always 0."""
        total = exact.sub(self.after.get(key, ZERO), self.before.get(key, ZERO))
        for _, amounts in self.steps:
            total = exact.sub(total, amounts.get(key, ZERO))
        return total

    def settled(self, *, before: Amounts, after: Amounts) -> Attribution:
        """The same between what two calculations really left, by the engines that they ran with: where today's engine finds
        other amounts, the difference of the differences is the engine's."""
        engine = {}
        for key in {**self.before, **self.after, **before, **after}:
            then = exact.sub(after.get(key, ZERO), before.get(key, ZERO))
            now = exact.sub(self.after.get(key, ZERO), self.before.get(key, ZERO))
            engine[key] = exact.add(self.amount("engine", key), exact.sub(then, now))
        return Attribution(before, after, _ordered({**dict(self.steps), "engine": engine}))

    def with_manual(self, amounts: Amounts, *, before: Amounts) -> Attribution:
        """With what people posted by hand: `amounts` in between, `before` earlier."""
        earlier, later = _plus(self.before, before), _plus(_plus(self.after, before), amounts)
        return Attribution(earlier, later, _ordered({**dict(self.steps), "manual": _plus(dict(self.steps).get("manual", {}), amounts)}))


def attribute(value: Value, *, changed: Collection[str]) -> Attribution:
    """The difference between value({}) and value(changed), divided among `changed` by the published order.

    value is called once for each cause of `changed` and once more; a cause outside it has no amount. Raises InputError for a
    cause that is not in the order.
    """
    if unknown := set(changed) - set(CAUSES):
        raise InputError(f"attribution: {', '.join(sorted(unknown))} is no cause; causes are {', '.join(CAUSES)}")
    chosen: frozenset[str] = frozenset()
    first = last = value(chosen)
    steps: dict[str, Amounts] = {}
    for cause in CAUSES:
        if cause in changed:
            chosen |= {cause}
            now = value(chosen)
            steps[cause] = {key: exact.sub(now.get(key, ZERO), last.get(key, ZERO)) for key in {**last, **now}}
            last = now
    return Attribution(first, last, _ordered(steps))


def _ordered(steps: Mapping[str, Amounts]) -> tuple[tuple[str, Amounts], ...]:
    found = [(cause, {key: amount for key, amount in steps.get(cause, {}).items() if amount != 0}) for cause in CAUSES]
    return tuple((cause, amounts) for cause, amounts in found if amounts)


def _plus(a: Amounts, b: Amounts) -> Amounts:
    return {key: exact.add(a.get(key, ZERO), b.get(key, ZERO)) for key in {**a, **b}}


def _sum(amounts: Amounts, keys: Collection[Hashable]) -> Number:
    total: Number = ZERO
    for key in keys:
        total = exact.add(total, amounts.get(key, ZERO))
    return total
