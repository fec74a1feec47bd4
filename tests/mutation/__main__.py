"""Mutation testing of the pure engine: `python -m tests.mutation earn crossing` changes a module in one place at a time and runs the tests
that are about it; `--again` tries only what survived; without a name it writes the tables of docs/mutation_survivors.md from the results that are kept.

mutmut is not part of the development environment (docs/mutation.md says how it comes). Work is done in a copy under .data/mutation.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

from . import results

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".data" / "mutation"
HERE = Path(__file__).parent
COPIED = ("spm", "planning", "incentives", "analytics", "training", "templates", "tests", "docs", "manage.py", "pyproject.toml")
NOWHERE = {
    "DATABASE_URL": "postgres://nobody@localhost:1/none",
    "DATABASE_OWNER_URL": "postgres://nobody@localhost:1/none",
    "REDIS_URL": "redis://localhost:1/0",
}
ENVIRONMENT = {"SPM_NO_DATABASE": "1", "CI": "1", "SECRET_KEY": "mutation-only-mutation-only-mutation-only"} | NOWHERE


def modules() -> dict[str, dict[str, Any]]:
    return tomllib.loads((HERE / "modules.toml").read_text("utf-8"))


def configuration(source: str, tests: list[str]) -> str:
    """The section for mutmut: this one module, and the tests that stand in the list and exist."""
    paths = [f"tests/incentives/engine/test_{name}.py" if name.isidentifier() else name for name in tests]
    there = [path for path in paths if path.startswith("-") or (ROOT / path.split("::")[0]).exists()]
    return "\n".join(
        [
            "[tool.mutmut]",
            'source_paths = ["incentives"]',
            f'only_mutate = ["{source}"]',
            # What errors say is held by tests of their own (docs/mutation.md).
            "do_not_mutate_patterns = ['^\\s*raise ', '\\bsaid\\(']",
            f"also_copy = {[name for name in COPIED if name not in ('incentives', 'tests', 'pyproject.toml')]}",
            f"pytest_add_cli_args_test_selection = {there}",
            # Collecting garbage at the end of every run costs five times what the tests of a change do.
            'pytest_add_cli_args = ["-p", "no:cacheprovider", "-p", "no:unraisableexception", "-p", "no:threadexception"]',
            "timeout_multiplier = 3.0",
            "timeout_constant = 4.0",
            "use_git_change_detection = false",
            "",
        ]
    )


def laid_out(name: str, source: str, tests: list[str], again: bool) -> Path:
    """A copy of the sources for one module; what mutmut knows of an earlier run stays in it for `again`."""
    place = WORK / name
    if not again and place.exists():
        shutil.rmtree(place)
    place.mkdir(parents=True, exist_ok=True)
    tracked = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *COPIED], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for path in tracked.splitlines():
        target, here = place / path, ROOT / path
        if here.exists() and (not target.exists() or target.read_bytes() != here.read_bytes()):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(here, target)
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    (place / "pyproject.toml").write_text(text + "\n" + configuration(source, tests), "utf-8")
    shared = place / "shared"
    if (ROOT.parent / "shared").exists() and not shared.exists():
        shared.symlink_to(ROOT.parent / "shared")
    if again:  # mutmut copies what is not there; what it changed and found stays
        shutil.rmtree(place / "mutants" / "tests", ignore_errors=True)
        for path in (place / "mutants" / "incentives").rglob("*"):
            if path.is_file() and not str(path.relative_to(place / "mutants")).startswith(source):
                path.unlink()
        (place / "mutants" / "mutmut-stats.json").unlink(missing_ok=True)
    return place


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", help="names in tests/mutation/modules.toml; none: only write the tables")
    parser.add_argument("--again", action="store_true", help="try only what survived the last run")
    given = parser.parse_args()
    known = modules()
    for name in given.modules:
        if name not in known:
            parser.error(f"{name} is not in modules.toml; there are {', '.join(known)}")
        source, tests = str(known[name]["source"]), [*known[name]["tests"], *(known[name].get("more", []) if given.again else [])]
        place = laid_out(name, source, tests, given.again)
        wanted = results.survivors_named(place, source) if given.again else []
        if given.again and not wanted:
            print(f"{name}: nothing survived")
            continue
        started = time.monotonic()
        command = [sys.executable, "-m", "mutmut", "run", "--max-children", "1", *wanted]
        environment = {**os.environ, **ENVIRONMENT, "SPM_ORACLE": "15" if given.again else "5"}
        with (place / "log.txt").open("w") as log:
            code = subprocess.run(command, cwd=place, env=environment, stdout=log, stderr=log, check=False).returncode
        if code:
            print(f"{name}: mutmut ended with {code}; {place / 'log.txt'} says why")
            return 1
        print(results.kept(name, source, place), f"({time.monotonic() - started:.0f} s)", flush=True)
    results.tables_written(ROOT / "docs" / "mutation_survivors.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
