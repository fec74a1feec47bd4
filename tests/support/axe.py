"""axe-core as the tests use it: WCAG 2.2 AA with target-size on, and what axe could not decide counted as well."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS: dict[str, Any] = {
    "runOnly": {"type": "tag", "values": TAGS},
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations", "incomplete", "passes"],
}


# What changes with the theme alone: the second theme of a page needs no more than these.
COLOURS: dict[str, Any] = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}, "resultTypes": ["violations", "passes"]}


def axe_problems(page: Page, *, colours_only: bool = False) -> list[str]:
    """One line per violating element: rule, element, cause. Raises when target-size did not run, as it silently may."""
    result = Axe().run(page, options=COLOURS if colours_only else OPTIONS).response
    ran = {rule["id"] for kind in ("violations", "incomplete", "passes", "inapplicable") for rule in result.get(kind, [])}
    if ("target-size" not in ran and not colours_only) or "color-contrast" not in ran:
        raise AssertionError(f"axe ran without target-size or color-contrast; it ran {sorted(ran)}")
    return [
        f"{rule['id']}: {node['html'][:160]}: {' '.join((node.get('failureSummary') or '').split())[:260]}"
        for rule in result["violations"]
        for node in rule["nodes"]
    ]


def axe_undecided(page: Page, rule: str) -> list[str]:
    """Elements on which axe could not decide the rule, with its reason."""
    result = Axe().run(page, options=OPTIONS).response
    return [
        f"{node['html'][:140]}: {[check.get('message') for check in node['any']]}"
        for found in result["incomplete"]
        if found["id"] == rule
        for node in found["nodes"]
    ]
