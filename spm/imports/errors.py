"""What can be wrong with an import: with the file or the mapping as a whole, or with one row."""

from __future__ import annotations

from dataclasses import dataclass

from spm.told import ToldError


class ImportFault(ToldError, ValueError):
    """The file or the mapping cannot be used at all; the message says what, where and how to mend it."""


@dataclass(frozen=True, slots=True)
class RowError:
    """Why one row was not taken: line in the file (the header is line 1), column of the file, cause, and what to do. Both texts
    are told ones (spm.told), shown in the reader's language."""

    line: int
    column: str
    cause: str
    mend: str
