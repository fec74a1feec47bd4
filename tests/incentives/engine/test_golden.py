"""Published worked examples come out to the last digit that their source prints."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from incentives.engine.cli import main
from incentives.engine.golden import cases_read, golden_run, matches

PLANS = Path(__file__).parents[2] / "golden"


@pytest.fixture(scope="module")
def cases(shared_dir: Path) -> list[dict]:
    return cases_read(shared_dir / "golden" / "commission_cases.json")


def test_every_expressed_example_passes_and_the_others_say_why(cases: list[dict]) -> None:
    results = golden_run(cases, PLANS)
    assert [r for r in results if r.status == "failed"] == []
    assert sum(r.status == "passed" for r in results) >= 58
    assert all(r.messages for r in results if r.status == "not expressible")
    assert len(results) == 63


def test_a_wrong_published_figure_fails(cases: list[dict]) -> None:
    case = json.loads(json.dumps(next(c for c in cases if c["id"] == "sparrow-hard-cap"), default=str))
    case["expected"] = {"uncapped": Decimal(12000), "commission": Decimal("10000.01")}
    (result,) = [r for r in golden_run([case], PLANS) if r.id == case["id"]]
    assert result.status == "failed"
    assert "is 10000, expected 10000.01" in result.messages[0]


def test_a_figure_that_no_check_covers_fails(cases: list[dict]) -> None:
    case = dict(next(c for c in cases if c["id"] == "sparrow-hard-cap"))
    case["expected"] = case["expected"] | {"bonus": Decimal(1)}
    (result,) = [r for r in golden_run([case], PLANS) if r.id == case["id"]]
    assert result.status == "failed"


def test_the_command_counts_in_its_last_line_and_fails_with_a_case(shared_dir: Path, tmp_path: Path) -> None:
    out: list[str] = []
    assert main(["golden", str(shared_dir / "golden" / "commission_cases.json"), "--plans", str(PLANS)], out.append) == 0
    assert out[-1].splitlines()[-1] == "63 passed, 0 failed, 0 not expressible"
    assert main(["golden", str(shared_dir / "golden" / "commission_cases.json"), "--plans", str(tmp_path)], out.append) == 1
    assert out[-1].splitlines()[-1] == "0 passed, 63 failed, 0 not expressible"


def test_a_star_stands_for_one_step() -> None:
    assert matches("/a/*/c", "/a/7/c") == ["7"]
    assert matches("/a/*", "/a/7/c") is None
