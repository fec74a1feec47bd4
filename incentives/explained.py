"""Which orders of a chunk no plan credited or excluded, and why: one list of orders, whatever grain the plans read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from incentives.engine.contract_years import part_of
from incentives.engine.contracts import NOBODY, IntColumn
from incentives.engine.results import Uncredited
from incentives.engine.rounding import scaled
from incentives.inputs import RunInputs, VersionInputs
from incentives.loaders import LoadedFacts

LATER = ("no_assignment", "not_stated", "no_fx_rate")
"""Reasons for which a contract's later year is listed; for others its first year is, or its day is still to come."""


class Explained:
    """Collects what each plan version could not credit; `rest` is what none of them explains.

    An order counts as uncredited when every version that looked at it says so. One from before any plan is nobody's business, but one
    from before the first period of every calendar is listed: no plan could ever look at it.
    A version that reads lines says so of lines: an order is listed with those that no version credited, by reason.
    """

    def __init__(self, inputs: RunInputs, loaded: LoadedFacts, payees: list[int]) -> None:
        self.inputs, self.loaded, self.facts, self.payees = inputs, loaded, loaded.facts, payees
        self.lines = None if loaded.lines is None else loaded.lines.facts
        self.owned = np.isin(self.facts.payee, np.array(payees, dtype=np.int64))
        self.looked = np.zeros(len(self.facts), dtype=np.int64)
        self.said: dict[tuple[int, int], dict[int, list[Uncredited]]] = defaultdict(dict)
        """(order, payee) -> version -> what it could not credit: the order, or rows of it."""
        self.missing: dict[tuple[int, int], dict[int, Uncredited]] = defaultdict(dict)
        """(order, payee) -> rows that do not state what a version reads: listed whatever other versions credit."""

    def add(self, version: VersionInputs, payees: list[int], uncredited: Iterable[Uncredited]) -> None:
        """What one version looked at and what it could not credit."""
        facts = self.facts
        mine = np.isin(facts.payee, np.array(payees, dtype=np.int64)) if len(payees) < len(self.payees) else self.owned
        for low, high in version.coverage:
            self.looked += mine & (facts.event_date >= low) & (facts.event_date < high)
        items = list(uncredited)
        orders = self.loaded.orders_of(items) if version.compiled.reads == "order_lines" else [item.object_id for item in items]
        for order, item in zip(orders, items, strict=True):
            if part_of(item.object_id) and item.reason not in LATER:
                continue
            if item.reason == "not_stated" or part_of(item.object_id):
                self.missing[order, item.payee].setdefault(item.object_id, item)
                continue
            self.said[order, item.payee].setdefault(version.id, []).append(item)

    def rest(self) -> list[Uncredited]:
        """The uncredited orders of the chunk, in order of id."""
        found: list[Uncredited] = []
        if self.said:
            row_of = {int(self.facts.object_id[i]): i for i in np.flatnonzero(self.owned)}
            for (record, payee), by_version in self.said.items():
                row = row_of[record]
                if payee == int(self.facts.payee[row]):
                    if len(by_version) == self.looked[row]:
                        found += self._common(record, by_version)
                elif not self._seated_elsewhere(payee, len(by_version)):
                    found += self._common(record, by_version)
        for (record, _), rows in self.missing.items():
            found += self._by_reason(record, list(rows.values()))
        unlooked = self.owned & (self.looked == 0)
        first = self.inputs.first_day
        early = unlooked & (self.facts.event_date < first) if first is not None else np.zeros(len(self.facts), dtype=bool)
        found += self._whole(early, "outside_calendar")
        if self.payees != [NOBODY]:
            found += self._whole(unlooked & ~early & self._under_any_plan(), "no_plan")
        return sorted(found, key=lambda item: (item.object_id, item.payee, item.reason))

    def _whole(self, rows: npt.NDArray[np.bool_], reason: str) -> list[Uncredited]:
        facts = self.facts
        return [
            Uncredited(int(facts.object_id[i]), int(facts.payee[i]), int(facts.event_date[i]), scaled(int(facts.amount[i]), facts.amount_scale), reason)
            for i in np.flatnonzero(rows)
        ]

    def _common(self, order: int, by_version: dict[int, list[Uncredited]]) -> list[Uncredited]:
        """What all of these versions left over of an order: the whole, or the rows that none of them credited, by reason."""
        by_line = {version.id for version in self.inputs.versions if version.compiled.reads == "order_lines"}
        lined = [items for version, items in by_version.items() if version in by_line]
        if not lined:
            return next(iter(by_version.values()))[:1]
        common = set.intersection(*({item.object_id for item in items} for items in lined))
        return self._by_reason(order, [item for item in lined[0] if item.object_id in common])

    def _by_reason(self, order: int, items: list[Uncredited]) -> list[Uncredited]:
        """Rows of an order as one entry for each reason."""
        amounts: dict[str, Decimal] = defaultdict(Decimal)
        for item in items:
            amounts[item.reason] += item.amount
        is_part = self.lines is not None and (len(items) < self._row_count(order) or any(part_of(item.object_id) for item in items))
        return [Uncredited(order, items[0].payee, items[0].event_date, amount, reason, is_part) for reason, amount in sorted(amounts.items())]

    def _row_count(self, order: int) -> int:
        if self._parents is None:
            assert self.lines is not None
            assert self.lines.parent is not None
            self._parents = np.sort(self.lines.parent)
        return int(np.searchsorted(self._parents, order, "right") - np.searchsorted(self._parents, order, "left"))

    _parents: IntColumn | None = None

    def _seated_elsewhere(self, payee: int, said: int) -> bool:
        """Is the participant under another plan, which credits his share?"""
        return sum(payee in version.enrolled for version in self.inputs.versions) > said

    def _under_any_plan(self) -> npt.NDArray[np.bool_]:
        """Rows on whose day some plan version is in force."""
        keep = np.zeros(len(self.facts), dtype=bool)
        for version in self.inputs.versions:
            for low, high in version.coverage:
                keep |= (self.facts.event_date >= low) & (self.facts.event_date < high)
        return keep
