"""What changed in what a statement pays since an earlier run, and why: lines by cause that sum to the difference, in the payee's own
currency too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from incentives.engine.attribution import Attribution
from incentives.inputs import plan_compiled
from incentives.models import Cause, PlanVersion, Run, Verb
from incentives.paid import BY_HAND, PaidCell, paid_between
from incentives.selectors.late import CauseAmount
from incentives.selectors.payments import paid_in, payment_label
from incentives.selectors.runs import last_run
from spm.calendars.models import Period
from spm.people.models import Payee

ZERO = Decimal(0)


@dataclass(frozen=True)
class PaidLine:
    """A kind of entry (earned, held, drawn ...) of a component, or all of a currency (kind ""): before + the causes' amounts = after."""

    kind: str
    component: str
    label: str
    currency: str
    before: Decimal
    after: Decimal
    causes: tuple[CauseAmount, ...]

    @property
    def amount(self) -> Decimal:
        """after - before, the sum of the causes."""
        return self.after - self.before


@dataclass(frozen=True)
class PaidChange:
    """What `run` made of a statement, against `run_before` (None: before any run). lines: those that differ, and those in which causes
    cancel out. totals: by currency. converted: the totals in the currency in which the payee is paid, where that is another one."""

    payee_id: int
    period: Period
    run_before: Run | None
    run: Run
    lines: tuple[PaidLine, ...]
    totals: tuple[PaidLine, ...]
    converted: tuple[PaidLine, ...]


def paid_change(payee: Payee, *, period: Period, before: Run | None, run: Run | None = None) -> PaidChange | None:
    """What changed on the statement from `before` (None: from nothing) to `run` (None: the last). None where there was no run yet."""
    run = run or last_run(payee.pk)
    if run is None:
        return None
    found = paid_between(payee, period=period, before=before, run=run)
    cells = sorted({cell for side in (found.before, found.after, *(amounts for _, amounts in found.steps)) for cell in side})  # type: ignore[type-var]
    versions = {v.pk: v for v in PlanVersion.objects.filter(pk__in={cell.version for cell in cells}).select_related("plan")}  # type: ignore[attr-defined]
    groups: dict[tuple[str, str, str], list[PaidCell]] = defaultdict(list)
    totals: dict[str, list[PaidCell]] = defaultdict(list)
    for cell in cells:
        assert isinstance(cell, PaidCell)
        groups[_label(cell, versions[cell.version]), cell.kind, cell.currency].append(cell)
        totals[cell.currency].append(cell)
    lines = [_line(found, some, kind, label, currency) for (label, kind, currency), some in sorted(groups.items(), key=lambda item: _place(item[0]))]
    sums = tuple(_line(found, some, "", "", currency) for currency, some in sorted(totals.items()))
    paid = _converted(payee, period, before, run, sums, list(versions.values()))
    return PaidChange(payee.pk, period, before, run, tuple(line for line in lines if line.causes), sums, paid)


def _place(group: tuple[str, str, str]) -> tuple[int, str, str]:
    """Earned first, then by hand, then how it is paid."""
    label, kind, currency = group
    return (("earned", BY_HAND).index(kind) if kind in ("earned", BY_HAND) else 2), label, currency


def _label(cell: PaidCell, version: PlanVersion) -> str:
    label = payment_label(cell.component, plan_compiled(version.digest, version.text))
    if cell.kind == "earned":
        return label
    return _("%(component)s: by hand") % {"component": label} if cell.kind == BY_HAND else f"{label}: {str(Verb(cell.kind).label).lower()}"


def _line(found: Attribution, cells: Sequence[PaidCell], kind: str, label: str, currency: str) -> PaidLine:
    before, after = (_sum(side.get(cell, ZERO) for cell in cells) for side in (found.before, found.after))
    causes = tuple(CauseAmount(cause, Decimal(str(amount)), currency) for cause, amount in found.causes(cells))
    return PaidLine(kind, cells[0].component if kind else "", label, currency, before, after, causes)


def _sum(amounts: Iterable[Any]) -> Decimal:
    return sum((Decimal(str(amount)) for amount in amounts), ZERO)


def _converted(
    payee: Payee, period: Period, before: Run | None, run: Run, totals: Sequence[PaidLine], versions: Sequence[PlanVersion]
) -> tuple[PaidLine, ...]:  # fmt: skip
    """Cause after cause the total so far is converted, from fx_rate on at the later run's rate: the differences sum to the whole."""
    found = []
    for line in totals if payee.pay_currency else ():
        if line.currency == payee.pay_currency:
            continue

        def paid(total: Decimal, by: Run | None, currency: str = line.currency) -> Decimal | None:
            one = by or run
            (item,) = paid_in(payee, period=period, totals={currency: total}, versions=versions, today=one.business_date, number=one.known_number)
            return item.amount

        total, by = line.before, before
        first = last = paid(total, by)
        amounts = {cause.cause: cause.amount for cause in line.causes}
        causes = []
        for cause in Cause.values:
            total += amounts.get(cause, ZERO)
            by = run if cause == Cause.FX_RATE else by
            now = paid(total, by)
            if now is None or last is None:
                break
            if now != last:
                causes.append(CauseAmount(cause, now - last, payee.pay_currency))
            last = now
        if first is not None and last is not None:
            found.append(PaidLine("", "", line.currency, payee.pay_currency, first, last, tuple(causes)))
    return tuple(found)
