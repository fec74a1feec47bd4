"""A change of currency rates that is refused."""

from __future__ import annotations

from typing import Any

from spm.told import ToldError


class CurrencyError(ToldError, ValueError):
    """What is wrong and how to mend it, said in the reader's language when it is shown. `field` names the value at fault."""

    def __init__(self, message: str, /, *, field: str = "", **given: Any) -> None:
        super().__init__(message, **given)
        self.field = field
