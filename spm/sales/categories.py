"""The tree of product categories: which one lies in which, dated. Categories are the texts that products state."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.utils.translation import gettext as _

from spm.people.acts import Act, act_open, series_write
from spm.people.errors import PeopleError
from spm.sales.models import CategoryParent
from spm.tenancy.changes import writers_lock

Link = tuple[str, str, dt.date, dt.date | None]


def category_place(
    *, category: str, parent: str, start: dt.date, end: dt.date | None = None, actor_id: int | None = None, reason: str = "", act: Act | None = None
) -> list[CategoryParent]:
    """The category lies in `parent` over [start, end); what stood there gives way. Repeating changes nothing. Returns the new rows.

    Raises PeopleError, also where a category would come to lie within itself.
    """
    category, parent = category.strip(), parent.strip()
    if not category or not parent:
        raise PeopleError("category" if not category else "parent", _("It is empty."), _("Write the category as products state it."))
    if end is not None and end <= start:
        raise PeopleError("end", _("It ends on %(day)s, not after its start.") % {"day": end}, _("Give a later end, or none."))
    with act_open(act, reason=reason, actor_id=actor_id) as doing:
        writers_lock()  # the tree that is checked is the one that is published
        if category == parent:
            raise _within_itself(category)
        made: list[CategoryParent] = series_write(
            doing, CategoryParent, key={"category": category}, start=start, end=end, values={"parent": parent}, fields=("parent",)
        )  # type: ignore[assignment]
        found = category_cycle(links_now())
        if found is not None:
            raise _within_itself(found)
        for row in made[:1]:
            doing.note("category.place", row, after={"category": category, "parent": parent, "from": str(start), "to": str(end or "")})
        return made


def category_free(*, category: str, day: dt.date, actor_id: int | None = None, reason: str = "", act: Act | None = None) -> None:
    """From `day` on the category lies in no other one. Repeating changes nothing."""
    with act_open(act, reason=reason, actor_id=actor_id) as doing:
        live = CategoryParent.objects.filter(category=category, known_to__isnull=True).exclude(valid_to__lte=day).first()
        if live is not None:
            series_write(doing, CategoryParent, key={"category": category}, start=day, end=None, values=None, fields=("parent",))
            doing.note("category.free", live, after={"category": category, "day": str(day)})


def _within_itself(category: str) -> PeopleError:
    return PeopleError("parent", _("Category %(name)s would lie within itself.") % {"name": category}, _("Name another parent."))


def links_now() -> list[Link]:
    """All that stands, with what is being written."""
    return list(CategoryParent.objects.filter(known_to__isnull=True).values_list("category", "parent", "valid_from", "valid_to"))


def category_cycle(links: Iterable[Link]) -> str | None:
    """A category that lies within itself on some day; None where there is none."""
    rows = list(links)
    for day in sorted({start for _category, _parent, start, _end in rows}):
        parents = {category: parent for category, parent, start, end in rows if start <= day and (end is None or day < end)}
        clear: set[str] = set()
        for category in sorted(parents):
            path: list[str] = []
            while category in parents and category not in clear:
                if category in path:
                    return category
                path.append(category)
                category = parents[category]
            clear.update(path)
    return None
