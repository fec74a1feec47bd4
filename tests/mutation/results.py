"""What mutation runs found: read out of mutmut's files, kept in results.json, joined with the reasons of reasons.toml into a table."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
KEPT = HERE / "results.json"
SURVIVED, NO_TESTS = (0,), (33, 5)
HEAD = """\
# Changes of the engine's code that no test notices

Written by `python -m tests.mutation` from tests/mutation/results.json (what was found) and tests/mutation/reasons.toml (why it is left);
[mutation.md](mutation.md) says how it is run. Line numbers are those of the run. The kinds: *equivalent*, no input tells the two apart;
*unreachable*, the code above never lets it happen; *speed*, only time or memory differ; *text*, words that no amount depends on;
*open*, a test is missing.
"""


@contextmanager
def _within(place: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(place)
    try:
        yield
    finally:
        os.chdir(before)


def _verdicts(place: Path, source: str) -> dict[str, int | None]:
    found = json.loads((place / "mutants" / f"{source}.meta").read_text("utf-8"))["exit_code_by_key"]
    return {name: code for name, code in found.items()}


def survivors_named(place: Path, source: str) -> list[str]:
    return [name for name, code in _verdicts(place, source).items() if code in (*SURVIVED, *NO_TESTS, None)]


def kept(name: str, source: str, place: Path) -> str:
    """Keeps what a module's run found; returns it in a line."""
    verdicts = _verdicts(place, source)
    lines = (place / source).read_text("utf-8").splitlines()
    tried = {mutant: code for mutant, code in verdicts.items() if code is not None}
    left = [_survivor(place, source, mutant, lines, code) for mutant, code in tried.items() if code in (*SURVIVED, *NO_TESTS)]
    left.sort(key=lambda one: (one["line"], one["now"]))
    known: dict[str, Any] = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
    known[name] = {"source": source, "changes": len(tried), "killed": len(tried) - len(left), "untried": len(verdicts) - len(tried), "survivors": left}
    KEPT.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n", "utf-8")
    return f"{name}: {len(tried)} changes, {len(tried) - len(left)} killed, {share(known[name])}"


def share(one: dict[str, Any]) -> str:
    return f"{100 * one['killed'] / one['changes']:.1f} %" if one["changes"] else "nothing to change"


def _survivor(place: Path, source: str, mutant: str, lines: list[str], code: int | None) -> dict[str, Any]:
    """Function, line, and the lines before and after the change."""
    from mutmut.mutation.diff_apply import get_diff_for_mutant

    with _within(place):
        diff = get_diff_for_mutant(mutant, path=source).splitlines()[2:]
    start = next(line for line in diff if line.startswith("@@"))
    offset = int(re.search(r"-(\d+)", start).group(1))  # type: ignore[union-attr]
    before = next(i for i, line in enumerate(diff[1:]) if line[0] in "+-")
    was, now = (" ".join(line[1:].strip() for line in diff if line.startswith(sign)) for sign in "-+")
    function = re.sub(r"__mutmut_\d+$", "", mutant.rsplit(".", 1)[-1]).removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
    heads = [i for i, line in enumerate(lines) if re.match(rf"\s*def {re.escape(function.rsplit('.', 1)[-1])}\(", line)]
    first = heads[0] if heads else 0
    if "." in function:  # the method of this class, where several have its name
        of = next(i for i, line in enumerate(lines) if line.startswith(f"class {function.split('.')[0]}"))
        first = next(i for i in heads if i > of)
    found = {"line": first + offset + before, "function": function, "was": was, "now": now}
    return found | {"untested": True} if code in NO_TESTS else found


def _reasons() -> dict[str, Any]:
    path = HERE / "reasons.toml"
    return tomllib.loads(path.read_text("utf-8")) if path.exists() else {}


def reason(reasons: dict[str, Any], name: str, one: dict[str, Any]) -> tuple[str, str]:
    """Kind and words of the first entry that fits: its texts stand in the line before and after the change, its pattern in `was => now`."""
    for entry in reasons.get("left", []):
        fits = name in entry.get("modules", [name]) and one["function"] == entry.get("function", one["function"])
        fits = fits and entry.get("was", "") in one["was"] and entry.get("now", "") in one["now"]
        if fits and re.search(entry.get("pattern", ""), _shown(one)):
            return entry["kind"], entry["why"]
    return "open", ""


def _shown(one: dict[str, Any]) -> str:
    """The change without what both lines share, some context kept: `was => now`."""
    was, now = one["was"], one["now"]
    same = next((i for i, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), min(len(was), len(now)))
    after = next((i for i, (a, b) in enumerate(zip(was[same:][::-1], now[same:][::-1], strict=False)) if a != b), min(len(was), len(now)) - same)
    low = max(0, was.rfind(" ", 0, max(0, same - 24)) + 1) if same > 24 else 0
    cut = [line[low : len(line) - max(0, after - 24)].strip() for line in (was, now)]
    return f"{cut[0]} => {cut[1]}"


def tables_written(path: Path) -> None:
    known: dict[str, Any] = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
    reasons = _reasons()
    rows, texts, unexplained = [], [], 0
    for name, one in known.items():
        found = [(left, *reason(reasons, name, left)) for left in one["survivors"]]
        unexplained += sum(kind == "open" for _, kind, _ in found)
        rows.append(f"| `{one['source']}` | {one['changes']} | {one['killed']} | {share(one)} | {len(found)} | {one.get('untried') or ''} |")
        texts.append(f"\n## {one['source']}\n\n| line | in | change | kind | why |\n|---|---|---|---|---|")
        for left, kind, why in found:
            was, _, now = _shown(left).replace("|", "\\|").partition(" => ")
            texts.append(f"| {left['line']} | {left['function']} | `{was}` → `{now}` | {kind} | {why} |")
    changes, killed, untried = (sum(one.get(what, 0) for one in known.values()) for what in ("changes", "killed", "untried"))
    rows.append(f"| together | {changes} | {killed} | {share({'changes': changes, 'killed': killed})} | {changes - killed} | {untried or ''} |")
    head = [HEAD, "| module | changes | killed | | left | not tried: stopped |", "|---|---|---|---|---|---|", *rows]
    path.write_text("\n".join([*head, *texts]) + "\n", "utf-8")
    print(f"together {changes} changes, {killed} killed, {share({'changes': changes, 'killed': killed})}; {unexplained} without a reason")
