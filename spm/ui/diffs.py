"""Line differences of two texts, with the changed words marked. Pure."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True)
class DiffLine:
    """`kind` is same, add, del or gap (`skipped` lines left out). `parts` are (text, changed)."""

    kind: str
    old_no: int | None = None
    new_no: int | None = None
    parts: tuple[tuple[str, bool], ...] = ()
    skipped: int = 0


def diff_lines(old: str, new: str, *, around: int = 3) -> list[DiffLine]:
    """The lines of a unified view with `around` unchanged lines about each change.

    >>> [(line.kind, "".join(t for t, _ in line.parts)) for line in diff_lines("a\\nb", "a\\nc")]
    [('same', 'a'), ('del', 'b'), ('add', 'c')]
    """
    before, after = old.splitlines(), new.splitlines()
    lines: list[DiffLine] = []
    seen = 0
    for group in difflib.SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(around):
        start = group[0][1]
        if start > seen:
            lines.append(DiffLine("gap", skipped=start - seen))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                lines += [DiffLine("same", i + 1, j + 1, ((before[i], False),)) for i, j in zip(range(i1, i2), range(j1, j2), strict=True)]
                continue
            pairs = list(zip(range(i1, i2), range(j1, j2), strict=False)) if tag == "replace" and i2 - i1 == j2 - j1 else []
            marked = {("old", i): _words(before[i], after[j])[0] for i, j in pairs} | {("new", j): _words(before[i], after[j])[1] for i, j in pairs}
            lines += [DiffLine("del", old_no=i + 1, parts=marked.get(("old", i), ((before[i], False),))) for i in range(i1, i2)]
            lines += [DiffLine("add", new_no=j + 1, parts=marked.get(("new", j), ((after[j], False),))) for j in range(j1, j2)]
        seen = group[-1][2]
    if lines and seen < len(before):
        lines.append(DiffLine("gap", skipped=len(before) - seen))
    return lines


def _words(old: str, new: str) -> tuple[tuple[tuple[str, bool], ...], tuple[tuple[str, bool], ...]]:
    a, b = _WORDS.findall(old), _WORDS.findall(new)
    left: list[tuple[str, bool]] = []
    right: list[tuple[str, bool]] = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if i2 > i1:
            left.append(("".join(a[i1:i2]), tag != "equal"))
        if j2 > j1:
            right.append(("".join(b[j1:j2]), tag != "equal"))
    return tuple(left), tuple(right)
