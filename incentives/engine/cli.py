"""Commands without a database: `simulate`, `plan check`, `golden`. Also `python -m incentives.engine.cli ...`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .errors import InputError, PlanError
from .golden import cases_read, golden_run, golden_text
from .mutations import plan_mutations
from .plan_check import plan_check
from .simulate import simulate, simulation_json, simulation_text

Write = Callable[[str], Any]


def simulate_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `simulate`."""
    parser.add_argument("plan", type=Path, metavar="PLAN.yaml")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of CSV files (docs/plans.md)")
    parser.add_argument("--as-of", type=int, metavar="K", help="transactions as known at change number K")
    parser.add_argument("--json", action="store_true", help="everything, explanation trees included")


def simulate_main(options: dict[str, Any], write: Write) -> int:
    """Run `simulate`; the exit code."""
    path: Path = options["plan"]
    try:
        simulation = simulate(path.read_text(encoding="utf-8"), options["data"], options["as_of"])
    except OSError as error:
        write(f"{path}: {error.strerror}")
        return 1
    except PlanError as error:
        write("\n".join(problem.text(str(path)) for problem in error.problems))
        return 1
    except InputError as error:
        write(str(error))
        return 1
    write(json.dumps(simulation_json(simulation), ensure_ascii=False, indent=1) if options["json"] else simulation_text(simulation))
    return 0


def plan_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `plan`."""
    parser.add_argument("action", choices=["check"])
    parser.add_argument("plans", type=Path, nargs="+", metavar="PLAN.yaml")
    parser.add_argument("--mutations", action="store_true", help="nudge every rate, bound and cap; name those that no test of the plan holds")


def plan_main(options: dict[str, Any], write: Write) -> int:
    """Run `plan check`; 1 when a plan has a problem or one of its tests fails."""
    code = 0
    for path in options["plans"]:
        try:
            report = plan_check(path.read_text(encoding="utf-8"))
        except OSError as error:
            write(f"{path}: {error.strerror}")
            code = 1
            continue
        for problem in report.problems:
            write(problem.text(str(path)))
        for test in report.tests:
            for problem in test.problems:
                write(f"{problem.text(str(path))} (test {test.name!r})")
        failed = sum(bool(test.problems) for test in report.tests)
        if report.ok:
            write(f"{path}: right, {len(report.tests)} tests passed")
            if options["mutations"]:
                _mutations_write(path, write)
        else:
            code = 1
            write(f"{path}: {len(report.problems)} problems, {failed} of {len(report.tests)} tests failed")
    return code


def _mutations_write(path: Path, write: Write) -> None:
    found = plan_mutations(path.read_text(encoding="utf-8"))
    for figure in found.uncovered:
        write(f"{path}:{figure.place}: uncovered: no test breaks when it is {' or '.join(figure.open)}; add a test whose result depends on it")
    for figure in found.unchecked:
        write(f"{path}:{figure.place}: not checkable: one unit more or less makes no valid plan; check it by eye")
    write(f"{path}: {found.figures} figures nudged, {len(found.uncovered)} uncovered, {len(found.unchecked)} not checkable")


def golden_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `golden`."""
    parser.add_argument("file", type=Path, metavar="FILE", help="published cases, JSON")
    parser.add_argument("--plans", type=Path, default=Path("tests/golden"), metavar="DIR")


def golden_main(options: dict[str, Any], write: Write) -> int:
    """Run `golden`; 1 when a case fails."""
    try:
        results = golden_run(cases_read(options["file"]), options["plans"])
    except (OSError, json.JSONDecodeError) as error:
        write(f"{options['file']}: {error}")
        return 1
    write(golden_text(results))
    return 1 if any(result.status == "failed" for result in results) else 0


COMMANDS: dict[str, tuple[Callable[[argparse.ArgumentParser], None], Callable[[dict[str, Any], Write], int]]] = {
    "simulate": (simulate_arguments, simulate_main),
    "plan": (plan_arguments, plan_main),
    "golden": (golden_arguments, golden_main),
}


def main(argv: Sequence[str] | None = None, write: Write | None = None) -> int:
    """Parse and run; the exit code."""
    parser = argparse.ArgumentParser(prog="incentives.engine.cli", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (arguments, _) in COMMANDS.items():
        arguments(commands.add_parser(name))
    options = vars(parser.parse_args(argv))
    return COMMANDS[options["command"]][1](options, write or (lambda text: sys.stdout.write(text + "\n")))


if __name__ == "__main__":
    raise SystemExit(main())
