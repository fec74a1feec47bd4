"""The tree of product categories, as of a day: what lies within a category, and how deep one lies."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .contracts import OPEN_END, CategoryLink

if TYPE_CHECKING:
    from .line_formula import Lines
    from .syntax import Node

COLUMNS = ("category", "subcategory")
"""A product lies in both of its own, whatever the tree says of them."""
BEFORE = -(2**31)


class CategoryTree:
    """`links` are dated; one that says nothing of a category leaves it at the top."""

    def __init__(self, links: Sequence[CategoryLink]) -> None:
        self.links = tuple(links)
        self._kept: dict[str, list[tuple[int, int, frozenset[str]]]] = {}

    @cached_property
    def spans(self) -> list[tuple[int, int]]:
        """Stretches of days in which the tree stays as it is."""
        cuts = sorted({BEFORE, OPEN_END, *(day for link in self.links for day in (link.start, link.end))})
        return list(itertools.pairwise(cuts))

    def parents(self, day: int) -> dict[str, str]:
        """Category -> the one above it."""
        return {link.category: link.parent for link in self.links if link.start <= day < link.end}

    def within(self, category: str) -> list[tuple[int, int, frozenset[str]]]:
        """The category and all below it, over stretches of days [start, end)."""
        if category not in self._kept:
            self._kept[category] = [(start, end, self._below(category, start)) for start, end in self.spans]
        return self._kept[category]

    def _below(self, category: str, day: int) -> frozenset[str]:
        children = defaultdict(list)
        for child, parent in self.parents(day).items():
            children[parent].append(child)
        found, todo = {category}, [category]
        while todo:
            fresh = [child for child in children[todo.pop()] if child not in found]
            found.update(fresh)
            todo += fresh
        return frozenset(found)

    def depth(self, category: str) -> int:
        """How many categories lie above it, as the tree is in the end."""
        parents, depth = self.parents(OPEN_END - 1), 0
        while category in parents and depth < len(parents):
            category, depth = parents[category], depth + 1
        return depth


def cycle_of(links: Sequence[CategoryLink]) -> tuple[str, int] | None:
    """A category that would lie within itself, and from which day; None where there is none."""
    tree = CategoryTree(links)
    for start, _ in tree.spans:
        parents = tree.parents(start)
        clear: set[str] = set()
        for category in sorted(parents):
            path: list[str] = []
            while category in parents and category not in clear:
                if category in path:
                    return category, start
                path.append(category)
                category = parents[category]
            clear.update(path)
    return None


def is_within(node: Node) -> bool:
    """Is it `within(category, ...)`?"""
    return node.op == "call" and node.value == "within"


def labels_of(node: Node | None) -> Iterator[str]:
    """The categories that a formula names with `within`."""
    if node is None:
        return
    if is_within(node):
        yield from (arg.value for arg in node.args[1:])
    for arg in node.args:
        yield from labels_of(arg)


def within_met(node: Node, lines: Lines) -> npt.NDArray[np.bool_]:
    """The lines whose product lies in one of the categories on the line's day."""
    found = np.zeros(lines.length, dtype=bool)
    for arg in node.args[1:]:
        for start, end, labels in lines.tree.within(arg.value):
            days = (lines.dates >= start) & (lines.dates < end)
            for column in COLUMNS:
                words: Any = lines.vocabulary.get(column, {})
                codes = [code for code in (words.get(label) for label in sorted(labels)) if code is not None]
                if codes:
                    found |= days & np.isin(lines.codes[column], codes)
    return found
