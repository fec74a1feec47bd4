"""docs/tenancy.md names a test for each trap; the tests it names are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def missing(text: str) -> set[str]:
    """Tests and files that the text names and the tree does not have."""
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    named = set(re.findall(r"`(test_[a-z0-9_]+)`", text))
    files = {name for name in re.findall(r"`((?:tests|spm)/[a-z_/.]+\.py)`", text) if not (ROOT / name).exists()}
    return {name for name in named if f"def {name}(" not in sources} | files


def test_every_test_that_the_table_names_is_there() -> None:
    text = (ROOT / "docs/tenancy.md").read_text(encoding="utf-8")
    assert missing(text) == set()
    assert text.count("| `test_") > 15
    assert missing("`test_of_something_that_nobody_wrote`, `tests/isolation/gone.py`") == {"test_of_something_that_nobody_wrote", "tests/isolation/gone.py"}
