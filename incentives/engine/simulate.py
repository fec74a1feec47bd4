"""`simulate`: the engine on plain CSV files, without a database, explanation trees included."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from . import exact
from .cells import Row, Tables
from .compile import plan_load
from .contracts import Facts, day_text
from .conversions import facts_converted
from .crossing import crosses, crossing
from .earn import Crossing
from .errors import InputError
from .lines import Line, component_lines
from .plan import CompiledPlan
from .prepare import Prepared
from .results import RunResult
from .run import run
from .simulate_payment import BALANCES, PayeePayments, payments_of
from .tabular import KNOWN, Tabular, tabular_inputs
from .trace import trace_hash, trees


@dataclass(frozen=True)
class Simulation:
    """A run over plain tables, with the names behind the ids."""

    plan: CompiledPlan
    data: Tabular
    prepared: Prepared
    result: RunResult
    team_pay: Crossing
    given: Facts
    """The transactions in their own currencies."""

    def lines(self, assignment: int, period: int, component: str) -> tuple[Line, ...]:
        """The lines of a component."""
        return component_lines(self.prepared, self.result.totals, self.data.facts, self.data.splits, assignment, period, component, self.team_pay)

    @cached_property
    def payments(self) -> dict[int, PayeePayments]:
        """The payments of everybody, by payee."""
        return payments_of(self)

    @property
    def pays_later(self) -> bool:
        """Do the plan's terms or holds make payments differ from what is earned?"""
        terms = self.plan.terms
        return terms.schedules or terms.walks or bool(self.data.tables.get("holds"))

    def paid(self, payee: Any, name: str, period: Any) -> Decimal:
        """payable, what was held, drawn and so on, or a balance, of a payee in a period."""
        return self.payments[self.data.payee_id(payee)].value(name, [p.id for p in self.prepared.periods].index(self.period_id(period)))

    def period_id(self, key: Any) -> int:
        """The id of a period by key."""
        for period in self.prepared.periods:
            if period.key == str(key):
                return period.id
        raise InputError(f"period {key} is unknown; periods: {', '.join(p.key for p in self.prepared.periods)}")


def simulation_run(plan: CompiledPlan, tables: Tables, as_of: int | None = None) -> Simulation:
    """Run a compiled plan over tables. Raises InputError."""
    data = tabular_inputs(plan, tables, as_of)
    prepared = Prepared(plan, data.inputs)
    facts, missing = facts_converted(prepared, data.facts)
    given, data = data.facts, replace(data, facts=facts)
    result = run(prepared, facts, data.splits)
    if missing:
        result = replace(result, uncredited=tuple(sorted((*result.uncredited, *missing), key=lambda item: (item.object_id, item.payee))))
    return Simulation(plan, data, prepared, result, crossing(prepared, result.totals) if crosses(prepared) else {}, given)


def tables_read(folder: Path) -> dict[str, list[Row]]:
    """The CSV files of a folder by table name. Files of other names are an error, so that none is overlooked."""
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder")
    found: dict[str, list[Row]] = {}
    for path in sorted(folder.glob("*.csv")):
        if path.stem not in KNOWN:
            raise InputError(f"{path}: is no table; files: {', '.join(f'{name}.csv' for name in KNOWN)}")
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows: list[Row] = list(reader)
        for i, row in enumerate(rows):
            if None in row or None in row.values():
                raise InputError(f"{path}, row {i + 2}: has another number of cells than the header; check quotes and commas")
        found[path.stem] = rows
    return found


def simulate(plan_text: str, folder: Path, as_of: int | None = None) -> Simulation:
    """Plan text and a folder of CSV files -> a run. Raises PlanError, InputError."""
    return simulation_run(plan_load(plan_text), tables_read(folder), as_of)


def simulation_json(simulation: Simulation) -> dict[str, Any]:
    """Everything as plain JSON values; amounts are texts, exact."""
    plan, data, prepared, result = simulation.plan, simulation.data, simulation.prepared, simulation.result
    explained = trees(prepared, result.totals, simulation.team_pay)
    seats = {a.id: a for a in prepared.people.assignments}
    payees = []
    for (assignment, period), tree in sorted(explained.items()):
        named = _named(tree, data)
        payees.append(
            {
                "payee": data.payees[seats[assignment].payee],
                "assignment": data.assignments[assignment],
                "period": tree["period"],
                "amount": tree["amount"],
                "figures": tree["figures"],
                "explanation": named,
                "hash": trace_hash(named).hex(),
            }
        )
        del period
    return {
        "engine": plan.engine,
        "plan": plan.key,
        "title": plan.title,
        "plan_digest": plan.digest,
        "currency": plan.currency,
        "periods": [{"period": p.key, "from": day_text(p.start), "to": day_text(p.end)} for p in prepared.periods],
        "credited": {"objects": result.credited_objects, "amount": {k: exact.text(v) for k, v in result.credited_amount.items()}},
        "exclusions": [{"name": e.name, "count": e.count, "amount": exact.text(e.amount)} for e in result.exclusions],
        "uncredited": [
            {
                "transaction": data.object_name(u.object_id),
                "payee": data.payees[u.payee] if u.payee >= 0 else None,
                "date": day_text(u.event_date),
                "amount": exact.text(u.amount),
                "reason": u.reason,
            }
            for u in result.uncredited
        ],
        "issues": [
            {
                "payee": data.payees[i.payee],
                "assignment": data.assignments[i.assignment],
                "component": i.component,
                "period": _key(prepared, i.period),
                "cause": i.cause,
            }
            for i in result.outcome.issues
        ],
        "results": payees,
    } | ({"payments": _payments(simulation)} if simulation.pays_later else {})


def _payments(simulation: Simulation) -> list[dict[str, Any]]:
    """Every payee and period: its entries, what it pays, the balances after it."""
    rows = []
    for payee, own in simulation.payments.items():
        for position, period in enumerate(simulation.prepared.periods):
            entries = [{"verb": verb, "of": name, "amount": exact.text(amount)} for (verb, name), amount in own.entries[position].items()]
            balances = {name: exact.text(own.value(name, position)) for name in ("payable", *BALANCES)}
            rows.append({"payee": simulation.data.payees[payee], "period": period.key, "entries": entries} | balances)
    return rows


def _key(prepared: Prepared, period: int) -> str:
    return next(p.key for p in prepared.periods if p.id == period)


def _named(node: Mapping[str, Any], data: Tabular) -> dict[str, Any]:
    """The tree with names instead of ids."""
    result = dict(node)
    if "assignment" in result:
        result["assignment"] = data.assignments[result["assignment"]]
    if "team" in result:
        result["team"] = [{"member": data.assignments[row["member"]], "amount": row["amount"]} for row in result["team"]]
    if "children" in result:
        result["children"] = [_named(child, data) for child in result["children"]]
    return result


def simulation_text(simulation: Simulation) -> str:
    """For people: one line per result, then what was left out."""
    out = simulation_json(simulation)
    rows = [f"{out['title']} ({out['currency']})"]
    for item in out["results"]:
        parts = ", ".join(f"{child['name']} {child['amount']}" for child in item["explanation"]["children"])
        rows.append(f"{item['period']}  {item['payee']}  {item['amount']}  ({parts})")
    rows += [_paid_text(item) for item in out.get("payments", [])]
    rows.append(f"credited: {out['credited']['objects']} objects, " + ", ".join(f"{k} {v}" for k, v in out["credited"]["amount"].items()))
    rows += [f"excluded: {e['name']}: {e['count']} objects, {e['amount']}" for e in out["exclusions"]]
    rows += [f"uncredited: {u['transaction']} {u['date']} {u['amount']}: {u['reason']}" for u in out["uncredited"]]
    rows += [f"issue: {i['payee']} {i['period']} {i['component']}: {i['cause']}" for i in out["issues"]]
    return "\n".join(rows)


def _paid_text(item: Mapping[str, Any]) -> str:
    entries = ", ".join(f"{entry['verb']} {entry['of']} {entry['amount']}" for entry in item["entries"])
    return f"{item['period']}  {item['payee']}  pays {item['payable']}" + (f"  ({entries})" if entries else "")
