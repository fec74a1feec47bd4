"""The reporting tree of a day as nodes to draw: from the top down, cut at a depth, narrowed to what a search finds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from spm.people.models import Position
from spm.people.organisation import PositionRow, position_rows
from spm.ui.trees import TreeNode

# A company of some hundred positions is shown whole; of a larger one the lower levels stand behind a link of their own.
SMALL, LEVELS, DEEPEST = 300, 3, 60


@dataclass(frozen=True)
class Forest:
    """Tops of the tree; positions that nobody is above or below; positions whose lines form a circle, so that they have no top."""

    tops: list[TreeNode]
    alone: list[TreeNode]
    circle: list[TreeNode]
    positions: int
    vacant: int


def reporting_tree(
    *, day: dt.date, page_url: Callable[[Position], str], root_url: Callable[[Position], str], search: str = "", vacant: bool = False, root: str = ""
) -> Forest:
    """The tree as of a day, under the position with the code `root` when that is given.

    With `search` (code, title, name) or `vacant` it holds what matches and the way up from there. `page_url` leads to a position,
    `root_url` to the tree below it.
    """
    rows = {row.position.pk: row for row in position_rows(list(Position.objects.order_by("code")), day=day)}
    children: dict[int, list[int]] = {pk: [] for pk in rows}
    for pk, row in rows.items():
        if row.manager is not None:
            children[row.manager.pk].append(pk)
    tops = [pk for pk, row in rows.items() if row.manager is None]
    starts = [pk for pk, row in rows.items() if row.position.code == root] if root else tops
    order = _downwards(starts, children)
    below, kept = dict.fromkeys(order, 0), set()
    word = search.strip().casefold()
    for pk in reversed(order):
        below[pk] = sum(below[child] + 1 for child in children[pk])
        if _matches(rows[pk], word, vacant) or any(child in kept for child in children[pk]):
            kept.add(pk)
    narrowed = bool(word or vacant)
    levels = DEEPEST if narrowed or len(order) <= SMALL else LEVELS

    def node(pk: int, level: int) -> TreeNode:
        row, under = rows[pk], [child for child in children[pk] if child in kept]
        cut = bool(under) and level >= levels
        note = ", ".join(holder.name for holder in row.holders) or _("Vacant")
        if below[pk]:
            note += " · " + ngettext("%(count)d position below", "%(count)d positions below", below[pk]) % {"count": below[pk]}
        return TreeNode(
            f"{row.position.title} · {row.position.code}", kind="position", note=note, url=root_url(row.position) if cut else page_url(row.position),
            children=[] if cut else [node(child, level + 1) for child in under],
        )  # fmt: skip

    shown = [pk for pk in starts if pk in kept]
    alone = [] if root else [pk for pk in shown if not children[pk]]
    trees = [pk for pk in shown if pk not in set(alone)]
    circle = [] if root else [pk for pk in rows if pk not in below and _matches(rows[pk], word, vacant)]
    kept.update(circle)
    return Forest(
        tops=[node(pk, 0) for pk in trees],
        alone=[node(pk, 0) for pk in alone],
        circle=[
            TreeNode(f"{rows[pk].position.title} · {rows[pk].position.code}", kind="position", url=page_url(rows[pk].position)) for pk in circle
        ],
        positions=len(order) if root else len(rows),
        vacant=sum(rows[pk].vacant for pk in (order if root else rows)),
    )  # fmt: skip


def _downwards(starts: list[int], children: dict[int, list[int]]) -> list[int]:
    """All nodes under the starts, each after the one above it, and each once even where an imported record has a circle."""
    order, seen = list(starts), set(starts)
    for pk in order:
        for child in children[pk]:
            if child not in seen:
                seen.add(child)
                order.append(child)
    return order


def _matches(row: PositionRow, word: str, vacant: bool) -> bool:
    if vacant and not row.vacant:
        return False
    texts = (row.position.code, row.position.title, *(holder.name for holder in row.holders))
    return not word or any(word in text.casefold() for text in texts)
