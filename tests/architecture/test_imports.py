"""The web process stays small: heavy libraries are loaded by the job that needs them, never by a page's import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ["pandas", "scipy", "sklearn", "statsforecast", "lifelines", "ortools", "pyarrow", "openpyxl", "typst"]
WEB = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "spm.settings"
import spm.wsgi
from django.urls import get_resolver

def walk(patterns):
    return sum(walk(p.url_patterns) if hasattr(p, "url_patterns") else 1 for p in patterns)

print(walk(get_resolver().url_patterns))
{extra}
print(*sorted(name for name in {heavy} if name in sys.modules))
"""


def loaded(extra: str = "") -> tuple[int, list[str]]:
    """(number of routes, heavy modules loaded) of a fresh web process."""
    environment = {**os.environ, "SPM_NO_DATABASE": "1", "SECRET_KEY": "x" * 40}
    code = WEB.format(heavy=HEAVY, extra=extra)
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout.split("\n")
    return int(shown[0]), shown[1].split()


def test_the_web_process_imports_no_heavy_library():
    routes, heavy = loaded()
    assert routes > 20
    assert heavy == []


@pytest.mark.parametrize("name", ["pandas", "openpyxl"])
def test_a_heavy_import_would_be_seen(name):
    assert loaded(f"import {name}")[1] == [name]
