"""Stage post: what was earned against what the ledger holds -> the rows to append. Posting twice posts nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from .errors import InputError
from .exact import ZERO
from .results import CAUSES, EarningKey, LedgerPost


def post(
    *,
    earned: Mapping[EarningKey, Decimal],
    posted: Mapping[EarningKey, Decimal],
    pay_period: Callable[[int], int],
    scale: int,
    cause: str | Callable[[EarningKey], str] = "data",
) -> tuple[LedgerPost, ...]:
    """The difference between what is earned and what is posted, in order of key.

    earned: amounts by key, zero included, of everything that was computed. posted: sums of the ledger by key, for
    exactly the payees, plan and periods that were computed: a key that is posted but no longer earned is taken back.
    pay_period: earning period -> the period in which it is paid (itself while it is open, else the open one).
    scale: decimals of `LedgerPost.amount`. cause: one of `CAUSES`, or a function of the key.
    """
    found = []
    for key in sorted(set(earned) | set(posted)):
        due, have = earned.get(key, ZERO), posted.get(key)
        difference = due if have is None else due - have
        if not difference:
            continue
        integer = difference.scaleb(scale)
        if integer != integer.to_integral_value():
            raise InputError(f"{key.component}: {difference} has more than {scale} decimals; post at the plan's places")
        amount = int(integer)
        if not -(2**63) < amount < 2**63:
            raise InputError(f"{key.component}: {difference} is too large for the ledger")
        verb = "earned" if have is None else "reversed" if due == 0 else "adjusted"
        reason = cause if isinstance(cause, str) else cause(key)
        if reason not in CAUSES:
            raise InputError(f"cause {reason!r} is unknown; use one of {', '.join(CAUSES)}")
        found.append(LedgerPost(key, pay_period(key.earning_period), amount, scale, verb, reason))
    return tuple(found)
