"""The commands run on a bare machine: no database, no Redis; the engine imports neither Django nor pandas."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PLAN = ROOT / "tests" / "golden" / "sparrow-hard-cap"


def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
    without = {"DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"}
    env = {key: value for key, value in os.environ.items() if key not in without}
    env["PYTHONHASHSEED"] = str(len(arguments))
    return subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False)


def test_simulate_prints_results_with_their_explanations() -> None:
    done = manage("simulate", str(PLAN / "plan.yaml"), "--data", str(PLAN / "data"), "--json")
    assert done.returncode == 0, done.stderr
    out = json.loads(done.stdout)
    january = next(item for item in out["results"] if item["period"] == "2025-01")
    assert january["amount"] == "10000"
    (component,) = january["explanation"]["children"]
    assert [(part["kind"], part["amount"]) for part in component["children"]] == [("rate", "12000"), ("cap", "-2000")]
    again = manage("simulate", str(PLAN / "plan.yaml"), "--data", str(PLAN / "data"), "--json", "--as-of", "9")
    assert again.stdout == done.stdout


def test_simulate_names_what_is_missing() -> None:
    done = manage("simulate", str(PLAN / "plan.yaml"), "--data", str(PLAN / "nowhere"))
    assert done.returncode == 1
    assert "there is no such folder" in done.stdout


def test_plan_check_exits_with_1_for_a_wrong_plan(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text((PLAN / "plan.yaml").read_text().replace("flat: 3%", "flat: 3% * sale"))
    assert manage("plan", "check", str(PLAN / "plan.yaml")).returncode == 0
    done = manage("plan", "check", str(wrong))
    assert done.returncode == 1
    assert "`sale` is unknown; did you mean `sales`?" in done.stdout


def test_the_engine_is_pure() -> None:
    code = "import sys, incentives.engine.cli, incentives.engine.bench; print(sorted({'django', 'pandas', 'psycopg2', 'spm'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
