"""What one more deal would pay: a payee's period with an amount added, against the period as it stands."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from incentives.engine.exact import text
from incentives.explain import book_of, books_forget
from incentives.models import Run
from spm.tenancy.scope import required_tenant_id


@dataclass(frozen=True)
class WhatIf:
    """Pay of a seat in a period under one plan version, by component: as it stands, and with the deal. In the plan's currency."""

    currency: str
    now: dict[str, Decimal]
    then: dict[str, Decimal]

    @property
    def worth(self) -> Decimal:
        """What the deal would pay more in the period, all components together."""
        return sum(self.then.values(), Decimal(0)) - sum(self.now.values(), Decimal(0))


@lru_cache(maxsize=32)
def _run(tenant_id: int, run_id: int) -> Run:
    return Run.objects.get(pk=run_id)


def pay_what_if(*, payee_id: int, run_id: int, version_id: int, seat_id: int, period_id: int, amount: Decimal) -> WhatIf | None:
    """The period as if a deal of `amount`, in the plan's currency, had been credited to the seat whole: added to every sum of plain
    credits. Measures that look at what was sold do not see it. None where the seat is not under the version in the period, or
    nothing was computed. Needs the scope.
    """
    book = book_of(payee_id=payee_id, run=_run(required_tenant_id(), run_id))
    if version_id not in book.books:
        return None
    at = {"version_id": version_id, "seat_id": seat_id, "period_id": period_id}
    now = book.record(**at)
    then = None if now is None else book.with_more(**at, amount=amount)
    if now is None or then is None:
        return None
    shown = [{name: Decimal(text(value)) for name, value in record.earned.items()} for record in (now, then)]
    return WhatIf(book.books[version_id].version.compiled.currency, *shown)


def forget() -> None:
    """Drops the calculations that this process keeps."""
    _run.cache_clear()
    books_forget()
