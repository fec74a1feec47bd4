"""A page that describes the API, made from its schema: no script and nothing from elsewhere."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from spm.api.described import api_schema
from spm.api.problems import CATALOGUE
from spm.api.scopes import Scope


def docs(request: HttpRequest) -> HttpResponse:
    """Operations by resource, scopes, and the codes of errors."""
    schema = api_schema()
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for address, methods in schema["paths"].items():
        for method, operation in methods.items():
            groups[operation["tags"][0]].append({"method": method.upper(), "path": address, **operation})
    problems = [{"code": code, "status": status, "title": title, "mend": mend} for code, (status, title, mend) in CATALOGUE.items()]
    return render(request, "api/docs.html", {"groups": sorted(groups.items()), "scopes": Scope.choices, "problems": problems})
