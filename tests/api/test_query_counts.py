"""A list asks the database as often for two rows as for twenty."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from spm.access.models import Role
from spm.api.endpoint import ListEndpoint
from spm.tenancy.changes import change
from spm.tenancy.models import DatedModel
from spm.tenancy.scope import tenant_scope
from tests.api.routes import OBJECTS, routes
from tests.api.support import make_caller
from tests.isolation.catalog import make_row

LISTS = [r for r in routes() if issubclass(r.view, ListEndpoint) and not r.parameters]
MOST = 14


def _fill(route, count: int) -> None:
    for _i in range(count):
        single = f"{route.name}-one"
        if single in OBJECTS:
            OBJECTS[single]()
        else:
            model = getattr(route.view, "model", None) or _model(route)
            values = {"state": "done"} if route.name == "api-runs" else {}
            with change(reason="test") as changes:
                # All findings of the page belong to one finished run: only one may be under way.
                findings = {"run_from": _run()} if route.name in {"api-issues", "api-uncredited-orders"} else {}
                make_row(model, **values, **findings, **({"known_from": changes} if issubclass(model, DatedModel) else {}))


def _run():
    from incentives.models import Run

    return Run.objects.first() or make_row(Run, state="done")


def _model(route):
    from django.apps import apps

    names = {
        "api-tokens": "api.ApiToken",
        "api-calendars": "calendars.FiscalCalendar",
        "api-positions": "people.Position",
        "api-territories": "planning.Territory",
    }
    assert route.name in names, f"{route.name}: set `model` on the view, or name it here."
    return apps.get_model(names[route.name])


@pytest.mark.parametrize("route", LISTS, ids=lambda r: r.name)
def test_a_list_does_not_ask_for_each_row(tenant, route) -> None:
    caller = make_caller(tenant, *Role.values)
    counts, rows = [], []
    caller.get("me/")
    for _step in range(2):
        with tenant_scope(tenant.pk):
            _fill(route, 3)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            answer = caller.get(route.path(tenant.slug))
        assert answer.status_code == 200
        counts.append(len(asked))
        rows.append(len(answer.json()["results"]))
    assert rows[1] == rows[0] + 3, "the rows must be on the page, or nothing is measured"
    assert counts[0] == counts[1] <= MOST, [q["sql"][:160] for q in asked]
