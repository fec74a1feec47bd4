"""What is wrong with a plan or its inputs: where it is, why, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .messages import message

Params = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Problem:
    """One finding. `path` is the place in the document (components[0].cap); line and column count from 1, 0 = unknown.

    `code` is one of `messages.MESSAGES` and `params` its named parameters: `cause` and `mend` are made from them in English."""

    path: str
    line: int
    column: int
    code: str
    params: Params = ()

    @property
    def cause(self) -> str:
        """What is wrong, in English."""
        return message(self.code, dict(self.params))[0]

    @property
    def mend(self) -> str:
        """What would be right, in English."""
        return message(self.code, dict(self.params))[1]

    @property
    def place(self) -> str:
        """line:column, as far as they are known."""
        return f"{self.line}:{self.column}" if self.line else ""

    def text(self, file: str = "") -> str:
        """One line for people: file:line:column: path: cause; mend."""
        place = ":".join(part for part in (file, self.place) if part)
        return f"{place}: {self.path}: {self.cause}; {self.mend}" if place else f"{self.path}: {self.cause}; {self.mend}"


def shown_params(params: dict[str, Any]) -> Params:
    """Parameters as texts, in order of name; a list as its items with commas, an empty one as a dash."""
    return tuple(sorted((name, _shown(value)) for name, value in params.items()))


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Iterable):
        return ", ".join(str(item) for item in value) or "-"
    return str(value)


class PlanError(Exception):
    """The plan document cannot be used; `problems` says everything that was found, not only the first."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(problem.text() for problem in problems))


class InputError(Exception):
    """Inputs that the engine cannot read: says which table, row, column, cause and mend."""


class CellError(InputError):
    """A cell that cannot be read. `row` counts from 0, the text as in a file (header = 1)."""

    def __init__(self, table: str, row: int, column: str, cause: str, mend: str, place: str = "row") -> None:
        self.table, self.row, self.column, self.cause = table, row, column, f"{cause}; {mend}"
        super().__init__(f"{table}, {place} {row + 2}, {column}: {self.cause}")


class OverflowGuard(Exception):
    """A sum that would not fit where it has to be kept."""
