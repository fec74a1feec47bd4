"""Trees as the page shows them: explanations (total, component, order line, rule, rounding) and the reporting tree."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

KINDS = {
    "total": "",
    "component": _("component"),
    "line": _("line"),
    "rule": _("rule"),
    "rounding": _("rounding"),
    "source": _("source"),
    "adjustment": _("adjustment"),
    # A seat of the organisation: the reporting tree is drawn by the same component.
    "position": "",
}


@dataclass(frozen=True)
class TreeNode:
    """One step of an explanation. `amount` is formatted text; `kind` is one of KINDS; `drawer` opens `url` in the drawer."""

    label: str
    amount: str = ""
    kind: str = "line"
    note: str = ""
    url: str = ""
    drawer: bool = False
    children: list[TreeNode] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"Tree node {self.label!r}: kind {self.kind!r} is not one of {', '.join(KINDS)}.")

    @property
    def kind_label(self) -> Any:
        return KINDS[self.kind]
