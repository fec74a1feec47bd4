"""Why an amount is what it is: the engine's own explanation, derived again from the run's pinned data when someone looks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from incentives.chunking import version_facts
from incentives.engine.earn import team_pay_of
from incentives.engine.exact import text as number_text
from incentives.engine.lines import Line, component_lines
from incentives.engine.outlook import NextStep, next_step
from incentives.engine.run import outcome_of
from incentives.engine.trace import Node, explain
from incentives.fx import facts_converted
from incentives.inputs import RunInputs, VersionInputs
from incentives.loaders import ChangeNumbers, facts_load
from incentives.models import Run, RunResult
from incentives.services.runs import run_inputs
from incentives.settle import version_totals
from spm.calendars.models import Period
from spm.people.models import Payee
from spm.sales.models import AccountVersion, Order, OrderVersion


@dataclass(frozen=True)
class OrderShown:
    """An order as lines name it."""

    source: str
    external_id: str
    number: str
    account: str
    change_number: int | None

    @property
    def key(self) -> str:
        """The order's address within its tenant."""
        return f"{self.source}:{self.external_id}"


@dataclass(frozen=True)
class LineShown:
    """A credited order line: date, order, rule, credits and its part of the pay (None where pay is on the whole)."""

    object_id: int
    order: OrderShown
    day: dt.date
    rule: str
    pay_credit: Decimal
    quota_credit: Decimal
    pay: Decimal | None


@dataclass(frozen=True)
class ComponentShown:
    name: str
    label: str
    amount: Decimal
    currency: str
    plan: str
    seat_id: int
    version_id: int
    node: Node = field(repr=False)


def _exact(value: Any) -> Decimal:
    """A number of the engine for the page; a quotient that does not end is shown to 28 digits."""
    whole, _, below = number_text(value).partition("/")
    return Decimal(whole) / Decimal(below) if below else Decimal(whole)


def _versions(payee: Payee, period: Period, run: Run) -> tuple[RunInputs, list[tuple[int, VersionInputs]]]:
    inputs = run_inputs(run)
    by_id = {version.id: version for version in inputs.versions}
    cells = RunResult.objects.filter(run_to__isnull=True, payee=payee, period=period).order_by("seat_id", "plan_version_id")
    return inputs, [(seat, by_id[version]) for seat, version in cells.values_list("seat_id", "plan_version_id") if version in by_id]


def _team_pay(version: VersionInputs, totals: object) -> dict | None:
    """Earnings of the team where a component pays on them; None where none does."""
    if not any(component.team is not None and component.team.measure is None for component in version.compiled.components):
        return None
    return team_pay_of(version.prepared, outcome_of(version.prepared, totals).earnings)


def explanations(*, payee: Payee, period: Period, run: Run) -> list[Node]:
    """The engine's trees of the payee's seats and plans in a period; the leaves sum to what was earned."""
    _, cells = _versions(payee, period, run)
    out = []
    for seat, version in cells:
        totals = version_totals(run, version.id)
        out.append(explain(version.prepared, totals, seat, period.pk, _team_pay(version, totals)) | {"version": version.id})
    return out


def components(*, payee: Payee, period: Period, run: Run) -> list[ComponentShown]:
    """What each component earned, with its tree."""
    return [
        ComponentShown(
            child["name"],
            child["label"] or child["name"],
            Decimal(child["amount"]),
            tree["currency"],
            tree["label"],
            tree["assignment"],
            tree["version"],
            child,
        )
        for tree in explanations(payee=payee, period=period, run=run)
        for child in tree["children"]
    ]


def next_steps(*, payee: Payee, period: Period, run: Run) -> list[tuple[str, NextStep, str]]:
    """(component label, the step above, currency) for every component that is paid by a table."""
    _, cells = _versions(payee, period, run)
    out = []
    for seat, version in cells:
        tables = [c for c in version.compiled.components if c.pay_rate is not None and c.pay_rate.kind in ("marginal", "whole")]
        if not tables:
            continue
        totals = version_totals(run, version.id)
        for component in tables:
            step = next_step(version.prepared, totals, seat, period.pk, component.name, _team_pay(version, totals))
            if step is not None and step.worth > 0:
                out.append((component.label or component.name, step, version.compiled.currency))
    return out


def lines_of(*, payee: Payee, period: Period, run: Run, component: str) -> list[LineShown]:
    """The order lines behind a component, in order of date. Reads the payee's own orders alone."""
    inputs, cells = _versions(payee, period, run)
    loaded = facts_load(low=payee.pk, high=payee.pk, known=ChangeNumbers.up_to(run.known_number), amount_scale=run.amount_scale)
    found: list[Line] = []
    for seat, version in cells:
        if not any(c.name == component for c in version.compiled.components):
            continue
        facts, splits = version_facts(version, loaded.facts, loaded.splits, [payee.pk], whole=False)
        facts, _ = facts_converted(inputs, version, facts)
        totals = version_totals(run, version.id)
        found += component_lines(version.prepared, totals, facts, splits, seat, period.pk, component, _team_pay(version, totals))
    orders = orders_shown(ids=[line.object_id for line in found], number=run.known_number)
    epoch = dt.date(1970, 1, 1)
    return [
        LineShown(
            line.object_id, orders[line.object_id], epoch + dt.timedelta(days=line.event_date), line.rule, _exact(line.pay_credit), _exact(line.quota_credit),
            None if line.pay is None else _exact(line.pay),
        )
        for line in found
    ]  # fmt: skip


def orders_shown(*, ids: list[int], number: int) -> dict[int, OrderShown]:
    """Number and customer of orders as known at a change number. Three queries."""
    orders = Order.objects.in_bulk(ids)
    newest: dict[int, OrderVersion] = {}
    versions = (
        OrderVersion.objects.filter(record_id__in=ids, tombstone=0, change_set__number__lte=number).select_related("change_set").order_by("change_set__number")
    )
    for version in versions:
        newest[version.record_id] = version
    names: dict[int, str] = {}
    accounts = {v.account_id for v in newest.values() if v.account_id}
    for account in AccountVersion.objects.filter(record_id__in=accounts, tombstone=0, change_set__number__lte=number).order_by("change_set__number"):
        names[account.record_id] = account.name
    out: dict[int, OrderShown] = {}
    for pk, order in orders.items():
        version = newest.get(pk)
        out[pk] = OrderShown(
            order.source, order.external_id, (version.number if version else "") or order.external_id, names.get(version.account_id, "") if version else "",
            version.change_set.number if version else None,
        )  # fmt: skip
    return out
