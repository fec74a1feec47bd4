"""What plans paid under one release they pay under the next: amounts and figures of every published example and of a run, by hash.

The hashes are committed. A release that changes one of them changes what is paid for old plans: that takes a new `engine` number,
beside which the old semantics stay. Hashes of examples that are new are added by `python -m tests.incentives.engine.test_releases`,
which never changes one that is there.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

from incentives.engine import exact
from incentives.engine.compile import SEMANTICS, plan_compile
from incentives.engine.document import Document, document_read
from incentives.engine.golden import _yaml
from incentives.engine.plan import CompiledPlan
from incentives.engine.plan_check import plan_check
from incentives.engine.simulate import Simulation, simulate

PLANS = Path(__file__).parents[2] / "golden"
KEPT = Path(__file__).with_name("releases.json")


def digest_of(simulation: Simulation) -> str:
    """SHA-256 of all that everybody earned, of all figures and of what is payable, by names and exact texts."""
    data, outcome = simulation.data, simulation.result.outcome
    periods = {period.id: period.key for period in simulation.prepared.periods}
    rows = [
        ["earned", data.assignments[e.assignment], periods[e.period], e.component, e.currency, exact.text(e.amount)] for e in outcome.earnings
    ] + [
        ["figure", data.assignments[f.assignment], periods[f.period], f.name, "", "" if f.value is None else exact.text(f.value)] for f in outcome.figures
    ] + [
        ["payable", data.payees[payee], key, "", "", exact.text(amount)]
        for payee, payments in simulation.payments.items()
        for key, amount in zip(periods.values(), payments.payable, strict=True)
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(sorted(rows), ensure_ascii=False).encode()).hexdigest()


def simulations() -> dict[str, Simulation]:
    """Every run of every published example."""
    found = {}
    for folder in sorted(path for path in PLANS.iterdir() if (path / "checks.yaml").exists()):
        for run, given in (_yaml(folder / "checks.yaml").get("runs") or {"main": {}}).items():
            given = given or {}
            text = (folder / given.get("plan", "plan.yaml")).read_text(encoding="utf-8")
            assert plan_check(text).ok
            found[f"{folder.name}/{run}"] = simulate(text, folder / given.get("data", "data"), given.get("as_of"))
    return found


def test_every_published_example_pays_what_earlier_releases_paid() -> None:
    kept, found = json.loads(KEPT.read_text()), simulations()
    assert len(found) >= 63
    assert {name: digest_of(simulation) for name, simulation in found.items()} == kept


def test_one_cent_and_one_figure_more_are_seen() -> None:
    simulation = simulations()["sparrow-hard-cap/main"]
    kept = json.loads(KEPT.read_text())["sparrow-hard-cap/main"]
    assert digest_of(simulation) == kept
    earnings, figures = simulation.result.outcome.earnings, simulation.result.outcome.figures
    cent = earnings[0]._replace(amount=exact.add(earnings[0].amount, exact.from_integer(1, 100)))
    for outcome in (
        replace(simulation.result.outcome, earnings=(cent, *earnings[1:])),
        replace(simulation.result.outcome, figures=(*figures, figures[0]._replace(name="another"))),
    ):
        assert digest_of(replace(simulation, result=replace(simulation.result, outcome=outcome))) != kept


def test_a_later_semantics_reads_its_own_plans_and_leaves_the_old_ones(monkeypatch) -> None:
    """The number that a document names chooses who reads it: a second one beside the first changes no byte of the first."""
    asked: list[int] = []

    def second(document: Document) -> CompiledPlan:
        asked.append(document.data["engine"])
        return replace(SEMANTICS[1](document), title="read by the second")

    monkeypatch.setitem(SEMANTICS, 2, second)
    document = document_read((PLANS / "sparrow-hard-cap" / "plan.yaml").read_text(encoding="utf-8"))
    before = plan_compile(document)
    later = plan_compile(replace(document, data=document.data | {"engine": 2}))
    assert (before.engine, later.engine, asked) == (1, 2, [2])
    assert later.title == "read by the second" != before.title
    assert digest_of(simulations()["sparrow-hard-cap/main"]) == json.loads(KEPT.read_text())["sparrow-hard-cap/main"]


if __name__ == "__main__":
    before = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    now = {name: before.get(name) or digest_of(simulation) for name, simulation in simulations().items()}
    KEPT.write_text(json.dumps(now, indent=1, sort_keys=True) + "\n")
