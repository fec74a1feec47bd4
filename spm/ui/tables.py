"""Columns of data tables, and the address that a click on a heading leads to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.functional import Promise


@dataclass(frozen=True)
class Column:
    """One column. `key` is the name in ?sort=; `numeric` aligns to the right; `hidden_label` keeps the heading for screen readers only."""

    key: str
    label: str | Promise
    sortable: bool = False
    numeric: bool = False
    hidden_label: bool = False


def sort_given(request: HttpRequest, columns: Iterable[Column], *, default: str) -> str:
    """The ordering asked for by ?sort=, when it names a sortable column; else the default. A leading minus is descending."""
    asked = request.GET.get("sort", "")
    return asked if asked.removeprefix("-") in {column.key for column in columns if column.sortable} else default


@dataclass(frozen=True)
class SortState:
    aria: str
    next: str
    icon: str


def sort_state(column: Column, current: str) -> SortState:
    """What a heading shows under the current ordering, and the ordering after a click."""
    if current == column.key:
        return SortState("ascending", f"-{column.key}", "sort-ascending")
    if current == f"-{column.key}":
        return SortState("descending", column.key, "sort-descending")
    return SortState("", column.key, "arrows-sort")


def address_without(request: HttpRequest, *names: str) -> str:
    """The page's own address with these parameters, and any cursor, taken out: for chips and for clearing filters."""
    query = [(key, value) for key, values in request.GET.lists() for value in values if key not in {*names, "cursor", "page"} and value]
    return request.path + (f"?{urlencode(query)}" if query else "")
