"""Everything that CI checks, in order, with one line per step: `python -m tests.support.checks --all | --lint`.

Stops at nothing: every step runs, so that one look shows all that is wrong; the exit code is 1 when any failed.
pytest comes last, so that its closing line is the last thing to be read.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
NO_SERVICES = {"SPM_NO_DATABASE": "1", "SECRET_KEY": "checks-only-checks-only-checks-only-checks"}


@dataclass(frozen=True)
class Step:
    name: str
    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()


def _tool(name: str, *arguments: str) -> tuple[str, ...]:
    return (str(BIN / name), *arguments)


LINT = [
    Step("style", _tool("ruff", "check", ".")),
    Step("format", _tool("ruff", "format", "--check", ".")),
    Step("types", _tool("mypy"), tuple(NO_SERVICES.items())),
    Step("import contracts", _tool("lint-imports", "--no-cache"), tuple(NO_SERVICES.items())),
]
CHECKS = [
    Step("missing migrations", (sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"), tuple(NO_SERVICES.items())),
    Step("untranslated texts", (sys.executable, "manage.py", "translations", "check"), tuple(NO_SERVICES.items())),
    Step("front-end build", (sys.executable, "spm/embedded/environment.py", "--dev")),
]


def run(step: Step) -> bool:
    started = time.monotonic()
    print(f"== {step.name}: {' '.join(Path(part).name if part.startswith('/') else part for part in step.command)}", flush=True)
    ok = subprocess.run(step.command, cwd=ROOT, env={**os.environ, **dict(step.environment)}, check=False).returncode == 0
    print(f"== {step.name}: {'ok' if ok else 'FAILED'} ({time.monotonic() - started:.0f} s)", flush=True)
    return ok


def tests(*extra: str) -> bool:
    """All tests on two processes; a file stays with one of them, because fixtures of a file are shared and the machine is small."""
    workers = os.environ.get("SPM_TEST_WORKERS", "2")
    return run(Step("tests", (sys.executable, "-m", "pytest", "-q", "-n", workers, "--dist", "loadfile", "--no-loadscope-reorder", "--durations=15", *extra)))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--all", action="store_true", help="style, types, contracts, migrations, translations, front end, tests")
    parser.add_argument("--lint", action="store_true", help="style, types and import contracts alone")
    arguments = parser.parse_args()
    failed = [step.name for step in LINT if not run(step)]
    if arguments.all:
        failed += [step.name for step in CHECKS if not run(step)]
        if failed:
            print(f"== failed so far: {', '.join(failed)}", flush=True)
        try:
            failed += [] if tests() else ["tests"]
        finally:
            from spm.embedded import stop_services

            stop_services(Path(os.environ.get("SPM_DATA_DIR") or ROOT / ".data" / "test"))
    if failed:
        print(f"checks failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
