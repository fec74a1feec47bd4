"""A change of people that is refused."""

from __future__ import annotations


class PeopleError(ValueError):
    """`field` names the value at fault (a column of the HR feed, a field of a form), `cause` what is wrong, `mend` what to do."""

    def __init__(self, field: str, cause: str, mend: str) -> None:
        super().__init__(f"{cause} {mend}")
        self.field, self.cause, self.mend = field, cause, mend
