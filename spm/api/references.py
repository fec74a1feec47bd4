"""Objects that a request names: found in this company, or a problem that tells which one was not."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from spm.api.problems import Problem
from spm.sales.models import Account


def _missing(value: Any, field: str) -> Problem:
    return Problem("unknown_reference", _("There is no %(value)s in this company.") % {"value": value}, field=field)


def by_code(model: Any, code: str, *, field: str) -> Any:
    """The object of this code."""
    found = None if "\x00" in code else model.objects.filter(code=code).first()
    if found is None:
        raise _missing(code, field)
    return found


def account_named(*, source: str, external_id: str) -> Account:
    """The account of this external id in its source."""
    found = None if "\x00" in source + external_id else Account.objects.filter(source=source, external_id=external_id).first()
    if found is None:
        raise _missing(external_id, "account")
    return found


def by_uids(rows: QuerySet, uids: Iterable[uuid.UUID], *, field: str) -> list[Any]:
    """All objects of these ids, each once, in the order given."""
    wanted = list(dict.fromkeys(uids))
    found = {row.uid: row for row in rows.filter(uid__in=wanted)}
    for uid in wanted:
        if uid not in found:
            raise _missing(uid, field)
    return [found[uid] for uid in wanted]
