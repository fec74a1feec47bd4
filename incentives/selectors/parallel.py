"""Parallel runs as people read them: cells with names, filters, sums by payee and cause, the same rows as files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext as _

from incentives.models import ParallelCause, ParallelRow, ParallelRun, Plan, PlanVersion
from incentives.selectors.openings import plans_of
from incentives.selectors.plans import component_labels
from spm.documents.xlsx import Amount, Sheet, workbook_bytes
from spm.told import shown

DIFFERENT = "different"
"""The filter for all causes but `same`."""


@dataclass(frozen=True)
class ParallelLine:
    """A cell with its names. payee: as known here, else the number in the file."""

    row: ParallelRow
    payee: str
    component: str
    period: str
    cause: str
    why: str


@dataclass(frozen=True)
class PayeeSum:
    """All cells of one payee in one currency."""

    payee: str
    currency: str
    theirs: Decimal
    ours: Decimal
    difference: Decimal


def parallel_rows(parallel: ParallelRun, *, cause: str = "", search: str = "") -> QuerySet[ParallelRow]:
    """Cells of the comparison, the largest difference first. cause: one of ParallelCause, `different`, or "" for all. search: part
    of a name, number or component."""
    rows = ParallelRow.objects.filter(parallel=parallel).select_related("payee__detail", "period")
    if cause == DIFFERENT:
        rows = rows.exclude(cause=ParallelCause.SAME)
    elif cause:
        rows = rows.filter(cause=cause)
    if search:
        rows = rows.filter(
            Q(payee__detail__display_name__icontains=search) | Q(payee__external_id__icontains=search) | Q(their_payee__icontains=search)
            | Q(component__icontains=search) | Q(their_component__icontains=search)
        )  # fmt: skip
    return rows.extra(select={"size": "abs(difference)"}).order_by("-size", "pk")


def parallel_lines(rows: Iterable[ParallelRow]) -> list[ParallelLine]:
    """The cells with names. Two queries whatever their number."""
    found = list(rows)
    plans = {plan.pk: plan.code for plan in Plan.objects.filter(code__in={row.plan for row in found if row.plan})}
    versions: dict[str, PlanVersion] = {}
    for version in PlanVersion.objects.filter(plan_id__in=plans).exclude(state=PlanVersion.State.DRAFT).order_by("number"):
        versions[plans[version.plan_id]] = version
    labels = {code: component_labels(version) for code, version in versions.items()}
    titles = {plans[pk]: plan.title for pk, plan in plans_of(plans).items()}
    return [_line(row, labels, titles) for row in found]


def _line(row: ParallelRow, labels: dict[str, dict[str, str]], titles: dict[str, str]) -> ParallelLine:
    detail = getattr(row.payee, "detail", None) if row.payee_id else None
    payee = detail.display_name if detail is not None else (row.payee.external_id if row.payee is not None else row.their_payee)
    theirs = " ".join(row.their_component.split("\t")).strip()
    component = labels.get(row.plan, {}).get(row.component) or row.component or titles.get(row.plan, row.plan) or theirs
    period = row.period.code if row.period is not None else row.their_period
    return ParallelLine(row, payee or "—", component or _("All pay"), period, str(ParallelCause(row.cause).label), shown(row.why))


def parallel_payees(parallel: ParallelRun, *, limit: int = 12) -> list[PayeeSum]:
    """The payees whose pay differs most, by currency."""
    rows = ParallelRow.objects.filter(parallel=parallel, payee__isnull=False).order_by().values("payee__detail__display_name", "payee__external_id", "currency")
    sums = [
        PayeeSum(
            one["payee__detail__display_name"] or one["payee__external_id"], one["currency"], one["theirs"] or Decimal(0), one["ours"] or Decimal(0),
            one["difference"],
        )
        for one in rows.annotate(theirs=Sum("theirs"), ours=Sum("ours"), difference=Sum("difference"))
    ]  # fmt: skip
    return sorted((one for one in sums if one.difference), key=lambda one: (-abs(one.difference), one.payee))[:limit]


def parallel_table(rows: Iterable[ParallelRow]) -> tuple[list[str], list[list[Any]]]:
    """Header and rows for a file; the sums of its columns are those of the page."""
    header = [
        _("Payee"), _("Number"), _("Plan"), _("Component"), _("Period"), _("Currency"), _("In the file"), _("Here"), _("Difference"), _("Cause"),
        _("Credit in the file"), _("Credit here"), _("Lines of the file"), _("Why"),
    ]  # fmt: skip
    return header, [
        [
            line.payee, line.row.payee.external_id if line.row.payee is not None else line.row.their_payee, line.row.plan, line.component, line.period,
            line.row.currency, line.row.theirs, line.row.ours, line.row.difference, line.cause, line.row.their_credit, line.row.our_credit, line.row.lines,
            line.why,
        ]
        for line in parallel_lines(rows)
    ]  # fmt: skip


def parallel_xlsx(parallel: ParallelRun, rows: Sequence[ParallelRow]) -> bytes:
    """The file: cells, then control totals by currency."""
    header, cells = parallel_table(rows)
    shown_rows = [[*one[:6], *(None if value is None else Amount(value, one[5]) for value in one[6:9]), *one[9:]] for one in cells]
    totals = [
        [currency, *(Amount(Decimal(one[name]), currency) for name in ("file", "matched", "unmatched", "ours", "difference", "residue"))]
        for currency, one in sorted(parallel.summary.get("currencies", {}).items())
    ]
    control = [_("Currency"), _("Sum of the file"), _("Matched"), _("Not matched"), _("Here"), _("Difference"), _("Left over")]
    return workbook_bytes([Sheet(_("Comparison"), header, shown_rows), Sheet(_("Control totals"), control, totals)], title=parallel.name)
