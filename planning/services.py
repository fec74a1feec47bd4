"""Writes of planning: quotas of positions, territories, who covers them, their accounts, and whether orders are credited by them.

Dated, through change sets, audited. Where orders are credited by territory, a job gives them to the new holders (planning.jobs).
"""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from planning.models import AccountTerritory, Quota, Territory, TerritoryAssignment, TerritoryCrediting
from spm.jobs.services import job_enqueue
from spm.people.acts import Act, act_open, series_write
from spm.people.errors import PeopleError
from spm.people.models import Position
from spm.sales.crediting import is_stated
from spm.sales.models import Account

_QUOTA = ("amount", "amount_scale", "currency")
MAX_SCALE = 6


def quota_set(
    *,
    position: Position,
    measure: str,
    start: dt.date,
    end: dt.date,
    amount: int,
    amount_scale: int = 2,
    currency: str = "",
    actor_id: int | None = None,
    reason: str = "",
    act: Act | None = None,
) -> list[Quota]:
    """Gives the position a quota of amount / 10 ** amount_scale for a measure over [start, end); what stood there gives way.

    measure: the quota's name in plan documents (quota.NAME). Repeating changes nothing. Returns the new rows. Raises PeopleError.
    """
    if end <= start:
        raise PeopleError("end_date", _("It ends on %(day)s, not after its start.") % {"day": end}, _("Give a later end."))
    if amount < 0:
        raise PeopleError("amount", _("A quota is not negative."), _("Give zero or more."))
    if not 0 <= amount_scale <= MAX_SCALE:
        raise PeopleError("amount", _("An amount has at most six decimals."), _("Round it."))
    with act_open(act, reason=reason, actor_id=actor_id) as doing:
        values = {"amount": amount, "amount_scale": amount_scale, "currency": currency}
        made = series_write(doing, Quota, key={"position": position, "measure": measure}, start=start, end=end, values=values, fields=_QUOTA)
        if made:
            after = {"measure": measure, "from": str(start), "to": str(end), "amount": str(amount), "scale": amount_scale, "currency": currency}
            doing.note("quota.set", position, after=after)
        return made  # type: ignore[return-value]


def quota_end(*, position: Position, measure: str, day: dt.date, actor_id: int | None = None, reason: str = "", act: Act | None = None) -> None:
    """The position has no quota of that measure from `day` on. Repeating changes nothing."""
    with act_open(act, reason=reason, actor_id=actor_id) as doing:
        live = Quota.objects.filter(position=position, measure=measure, known_to__isnull=True, valid_to__gt=day).exists()
        if live:
            series_write(doing, Quota, key={"position": position, "measure": measure}, start=day, end=None, values=None, fields=_QUOTA)
            doing.note("quota.end", position, after={"measure": measure, "day": str(day)})


def territory_create(*, code: str, name: str, group: str = "", country: str = "", parent: Territory | None = None) -> Territory:
    """A territory, or the one that has the code already, with name, group, country and parent as given."""
    territory, made = Territory.objects.get_or_create(code=code, defaults={"name": name, "group": group, "country": country, "parent": parent})
    if not made:
        above = parent
        while above is not None:
            if above.pk == territory.pk:
                raise PeopleError("parent", _("Territory %(code)s would lie within itself.") % {"code": code}, _("Name another parent."))
            above = above.parent
        Territory.objects.filter(pk=territory.pk).update(name=name, group=group, country=country, parent=parent)
        territory.refresh_from_db()
    return territory


def territory_assign(
    *,
    position: Position,
    territory: Territory,
    start: dt.date,
    end: dt.date | None = None,
    actor_id: int | None = None,
    reason: str = "",
    act: Act | None = None,
) -> list[TerritoryAssignment]:
    """The position covers the territory over [start, end). Repeating changes nothing. Returns the new rows. Raises PeopleError."""
    if end is not None and end <= start:
        raise PeopleError("end_date", _("It ends on %(day)s, not after its start.") % {"day": end}, _("Give a later end, or none."))
    with act_open(act, reason=reason, actor_id=actor_id) as doing:
        key = {"position": position, "territory": territory}
        made = series_write(doing, TerritoryAssignment, key=key, start=start, end=end, values={}, fields=())
        if made:
            doing.note("territory.assign", territory, after={"position": position.code, "from": str(start), "to": str(end or "")})
            crediting_ask(actor_id=actor_id)
        return made  # type: ignore[return-value]


def territory_release(*, position: Position, territory: Territory, day: dt.date, actor_id: int | None = None, act: Act | None = None) -> None:
    """The position covers the territory no longer from `day` on. Repeating changes nothing."""
    with act_open(act, actor_id=actor_id) as doing:
        key = {"position": position, "territory": territory}
        live = TerritoryAssignment.objects.filter(**key, known_to__isnull=True).exclude(valid_to__lte=day).exists()
        if live:
            series_write(doing, TerritoryAssignment, key=key, start=day, end=None, values=None, fields=())
            doing.note("territory.release", territory, after={"position": position.code, "day": str(day)})
            crediting_ask(actor_id=actor_id)


def crediting_ask(*, actor_id: int | None = None) -> None:
    """Queues the job that gives orders to the holders of territories, where the tenant credits so."""
    if is_stated():
        job_enqueue(kind="crediting", requested_by_id=actor_id)


def account_assign(
    *,
    account: Account,
    territory: Territory,
    start: dt.date,
    end: dt.date | None = None,
    actor_id: int | None = None,
    reason: str = "",
    act: Act | None = None,
) -> list[AccountTerritory]:
    """The account belongs to the territory over [start, end); what stood there gives way. Repeating changes nothing. Raises PeopleError."""
    if end is not None and end <= start:
        raise PeopleError("end_date", _("It ends on %(day)s, not after its start.") % {"day": end}, _("Give a later end, or none."))
    with act_open(act, reason=reason, actor_id=actor_id) as doing:
        values = {"territory_id": territory.pk}
        made = series_write(doing, AccountTerritory, key={"account": account}, start=start, end=end, values=values, fields=("territory_id",))
        if made:
            doing.note("territory.account", territory, after={"account": str(account), "from": str(start), "to": str(end or "")})
            crediting_ask(actor_id=actor_id)
        return made  # type: ignore[return-value]


def account_release(*, account: Account, day: dt.date, actor_id: int | None = None, reason: str = "", act: Act | None = None) -> None:
    """The account belongs to no territory from `day` on. Repeating changes nothing."""
    with act_open(act, reason=reason, actor_id=actor_id) as doing:
        live = AccountTerritory.objects.filter(account=account, known_to__isnull=True).exclude(valid_to__lte=day).order_by("-valid_from").first()
        if live is not None:
            series_write(doing, AccountTerritory, key={"account": account}, start=day, end=None, values=None, fields=("territory_id",))
            doing.note("territory.account_end", live.territory, after={"account": str(account), "day": str(day)})
            crediting_ask(actor_id=actor_id)


def crediting_set(
    *,
    priority: str,
    start: dt.date,
    end: dt.date | None = None,
    source: str = "",
    actor_id: int | None = None,
    reason: str = "",
    act: Act | None = None,
) -> list[TerritoryCrediting]:
    """Orders of the source ("": of every source without a rule of its own) with a date in [start, end) are credited by territory.

    priority: TerritoryCrediting.Priority. What stood there gives way. Repeating changes nothing. Raises PeopleError.
    """
    if priority not in TerritoryCrediting.Priority.values:
        raise PeopleError("priority", _("There is no priority %(name)s.") % {"name": priority}, _("Write owner or territory."))
    if end is not None and end <= start:
        raise PeopleError("end_date", _("It ends on %(day)s, not after its start.") % {"day": end}, _("Give a later end, or none."))
    with act_open(act, reason=reason, actor_id=actor_id) as doing:
        key, values = {"source": source}, {"priority": priority}
        made: list[TerritoryCrediting] = series_write(doing, TerritoryCrediting, key=key, start=start, end=end, values=values, fields=("priority",))  # type: ignore[assignment]
        for row in made[:1]:
            doing.note("territory.crediting", row, after={"source": source, "priority": priority, "from": str(start), "to": str(end or "")})
            crediting_ask(actor_id=actor_id)
        return made


def crediting_end(*, day: dt.date, source: str = "", actor_id: int | None = None, reason: str = "", act: Act | None = None) -> None:
    """Orders of the source are credited to whom it names from `day` on. Repeating changes nothing."""
    with act_open(act, reason=reason, actor_id=actor_id) as doing:
        live = TerritoryCrediting.objects.filter(source=source, known_to__isnull=True).exclude(valid_to__lte=day).first()
        if live is not None:
            series_write(doing, TerritoryCrediting, key={"source": source}, start=day, end=None, values=None, fields=("priority",))
            doing.note("territory.crediting_end", live, after={"source": source, "day": str(day)})
            crediting_ask(actor_id=actor_id)
