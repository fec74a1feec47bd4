"""Where a person's name may stand in passing: in a refused row, a kept answer, an error. Finds such rows for those who erase them."""

from __future__ import annotations

import json
from collections.abc import Iterable

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from spm.access.models import Membership
from spm.people.models import Payee, PersonDetail

# A shorter text stands in too many places to tell a person by it.
SHORTEST = 3


def person_texts(payee: Payee, detail: PersonDetail) -> list[str]:
    """The texts by which a person is told: full name in both orders, addresses, telephone. A given name alone is not among them."""
    names = [detail.display_name, f"{detail.given_name} {detail.family_name}", f"{detail.family_name} {detail.given_name}"]
    if detail.given_name and detail.family_name:
        names += [f"{detail.family_name}, {detail.given_name}"]
    addresses = [detail.email, *Membership.objects.filter(payee=payee).values_list("user__email", flat=True)]
    found = [text.strip() for text in (*names, *addresses, detail.phone)]
    return list(dict.fromkeys(text for text in found if len(text) >= SHORTEST))


def rows_holding(rows: QuerySet, *columns: str, texts: Iterable[str]) -> QuerySet:
    """The rows of which one of the text or JSON columns holds one of the texts, in whatever case."""
    wanted = Q(pk__in=[])
    for text in texts:
        # Inside JSON quotes and backslashes are written otherwise; and the server may fold the case of Latin letters only.
        for form in dict.fromkeys((text, json.dumps(text, ensure_ascii=False)[1:-1], text.lower(), text.upper())):
            for column in columns:
                wanted |= Q(**{f"as_text_{column}__icontains": form})
    return rows.alias(**{f"as_text_{column}": Cast(column, TextField()) for column in columns}).filter(wanted)


def holds(content: bytes, texts: Iterable[str]) -> bool:
    """Whether a file's bytes hold one of the texts in an encoding that spreadsheets write."""
    return any(
        form in content for text in texts for encoding in ("utf-8", "cp1251", "utf-16-le", "utf-16-be") if (form := text.encode(encoding, errors="ignore"))
    )
