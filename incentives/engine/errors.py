"""What is wrong with a plan or its inputs: where it is, why, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One finding. `path` is the place in the document (components[0].cap); line and column count from 1, 0 = unknown."""

    path: str
    line: int
    column: int
    cause: str
    mend: str = ""

    def text(self, file: str = "") -> str:
        """One line for people: file:line:column: path: cause; mend."""
        place = ":".join(part for part in (file, str(self.line) if self.line else "", str(self.column) if self.line else "") if part)
        head = f"{place}: " if place else ""
        return f"{head}{self.path}: {self.cause}" + (f"; {self.mend}" if self.mend else "")


class PlanError(Exception):
    """The plan document cannot be used; `problems` says everything that was found, not only the first."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(problem.text() for problem in problems))


class InputError(Exception):
    """Inputs that the engine cannot read: says which table, row, column, cause and mend."""


class OverflowGuard(Exception):
    """A sum that would not fit where it has to be kept."""
