"""Everything that the pages do can be done through the API, by the same people."""

from __future__ import annotations

from typing import Any

import pytest

from spm.access.models import Role
from spm.access.policy import roles_with
from spm.api.described import api_schema
from spm.api.page_actions import PAGE_ACTIONS
from spm.api.permissions import role_allows
from tests.api.routes import routes
from tests.isolation.routes import walk

# An operation that may be called by more people than the page's button, and why.
WIDER = {"jobs_cancel": "a tenant admin mends background work of every kind, of which runs are one"}


def methods_of(view: Any) -> set[str]:
    """What require_http_methods and its kin allow; a view without them has no stated methods, which is a failure."""
    step = view
    while step is not None:
        names = step.__code__.co_freevars if hasattr(step, "__code__") else ()
        if "request_method_list" in names:
            return set(step.__closure__[names.index("request_method_list")].cell_contents) - {"HEAD"}
        step = getattr(step, "__wrapped__", None)
    raise AssertionError(f"{view.__module__}.{view.__name__} does not say which methods it takes (django.views.decorators.http).")


def pages() -> dict[str, Any]:
    return {r.name: r.view for r in walk() if r.template.startswith("t/<slug:slug>/")}


def missing(found: dict[str, Any], mapped: dict) -> set[tuple[str, str]]:
    return {(name, method) for name, view in found.items() for method in methods_of(view)} - set(mapped)


def operations() -> dict[str, Any]:
    """Operation id -> (view, method)."""
    views = {"/" + r.template: r.view for r in routes()}
    found = {}
    for template, view in views.items():
        for path, methods in api_schema()["paths"].items():
            if _shape(path, "{", "}") == _shape(template, "<", ">"):
                found |= {operation["operationId"]: (view, method.upper()) for method, operation in methods.items()}
    return found


def _shape(path: str, left: str, right: str) -> list[str]:
    return ["*" if part.startswith(left) and part.endswith(right) else part for part in path.split("/")]


def test_every_page_and_method_has_its_operations() -> None:
    assert len(pages()) >= 25
    assert missing(pages(), PAGE_ACTIONS) == set(), "name the operations of these pages in spm/api/page_actions.py"


def test_a_page_without_an_entry_would_be_seen() -> None:
    """Negative control."""
    known = dict(PAGE_ACTIONS)
    del known["run-start", "POST"]
    assert missing(pages(), known) == {("run-start", "POST")}


def test_the_map_names_only_pages_and_operations_that_there_are() -> None:
    there = {(name, method) for name, view in pages().items() for method in methods_of(view)}
    assert set(PAGE_ACTIONS) <= there
    assert {o for names in PAGE_ACTIONS.values() for o in names} <= set(operations())


@pytest.mark.parametrize(("page", "method"), sorted(PAGE_ACTIONS))
def test_whoever_may_use_the_page_may_use_the_operation_and_for_writes_nobody_else(page, method) -> None:
    permission = pages()[page].spm_requires[method == "POST"]
    allowed = {role.value for role in roles_with(permission)}
    for name in PAGE_ACTIONS[page, method]:
        view, verb = operations()[name]
        scope = view.scopes[verb]
        may = {role.value for role in Role if scope is None or role_allows(frozenset({role.value}), scope)}
        assert allowed <= may, f"{page} is open to {sorted(allowed - may)}, {name} is not"
        if method == "POST" and name not in WIDER:
            assert may == allowed, f"{name} is open to {sorted(may - allowed)}, the page {page} is not"
