"""Targets of the import service for territories and quotas."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from planning.models import AccountTerritory, Quota, Territory, TerritoryAssignment, TerritoryCrediting
from planning.services import crediting_ask
from spm.imports.dated import FROM, TO, dated_write, staged
from spm.imports.fields import Field
from spm.imports.loading import Load
from spm.imports.plain import good_rows, upsert
from spm.imports.targets import Target, target_register
from spm.sales.services import Written


def _territories(load: Load) -> Written:
    names: list[str] = [name for name in ("name", "group", "country") if name in load.fields]
    rows: dict[str, dict[str, Any]] = {}
    for row in good_rows(load):
        rows[row["code"]] = {name: row[name] or "" for name in names}
        if "parent" in load.fields:
            rows[row["code"]]["parent_id"] = row["r_parent"]
    return upsert(load, Territory, found={t.code: t for t in Territory.objects.filter(code__in=rows)}, key="code", rows=rows)


def _assignments(load: Load) -> Written:
    return _asked(dated_write(load, model=TerritoryAssignment, keys={"position_id": 'g."r_position"', "territory_id": 'g."r_territory"'}, values={}))


def _asked(written: Written) -> Written:
    """What may move orders asks for the job that does; a dry run takes the asking back, too."""
    if written.new + written.changed:
        crediting_ask()
    return written


def _accounts(load: Load) -> Written:
    return _asked(dated_write(load, model=AccountTerritory, keys={"account_id": 'g."r_account"'}, values={"territory_id": 'g."r_territory"'}))


PRIORITIES = tuple((priority.value, i) for i, priority in enumerate(TerritoryCrediting.Priority))


def _crediting(load: Load) -> Written:
    chosen = " ".join(f"WHEN {i} THEN '{value}'" for value, i in PRIORITIES)
    keys = {"source": staged(load, "source", "''")}
    return _asked(dated_write(load, model=TerritoryCrediting, keys=keys, values={"priority": f"CASE {staged(load, 'priority')} {chosen} END"}))


def _quotas(load: Load) -> Written:
    keys = {"position_id": 'g."r_position"', "measure": staged(load, "measure")}
    load.refuse(
        "FROM imp_good WHERE f_amount < 0", column=load.source_columns("amount"), amount="f_amount",
        cause=gettext_noop("the quota %(amount)s is below zero"), mend=gettext_noop("a quota is zero or more"),
    )  # fmt: skip
    load.drop_bad()
    values = {"amount": staged(load, "amount"), "amount_scale": str(load.scale("amount")), "currency": staged(load, "currency", "''")}
    return dated_write(load, model=Quota, keys=keys, values=values)


def register() -> None:
    """Called once when the app is ready."""
    position = Field("position", "ref", to="people.Position", required=True)
    target_register(Target(
        "territory", _("Territories"),
        (Field("code", "text", required=True, max_length=80), Field("name", "text", required=True, max_length=200), Field("group", "text", max_length=120),
         Field("country", "text", max_length=2), Field("parent", "ref", to="planning.Territory")),
        _territories, identity=("code",), tables=("planning_territory",),
    ))  # fmt: skip
    target_register(Target(
        "territory_assignment", _("Territory assignments"),
        (position, Field("territory", "ref", to="planning.Territory", required=True), FROM, TO), _assignments,
        identity=("position", "territory", "valid_from"), tables=("planning_territoryassignment",),
    ))  # fmt: skip
    target_register(Target(
        "account_territory", _("Accounts in territories"),
        (Field("account", "ref", to="sales.Account", required=True), Field("territory", "ref", to="planning.Territory", required=True), FROM, TO), _accounts,
        identity=("account", "valid_from"), tables=("planning_accountterritory",),
    ))  # fmt: skip
    target_register(Target(
        "territory_crediting", _("Crediting by territory"),
        (Field("source", "code", max_length=40), Field("priority", "choice", required=True, choices=PRIORITIES), FROM, TO), _crediting,
        identity=("source", "valid_from"), tables=("planning_territorycrediting",),
    ))  # fmt: skip
    target_register(Target(
        "quota", _("Quotas"),
        (position, Field("measure", "code", required=True, max_length=80), Field("amount", "money", required=True), Field("currency", "currency_text"), FROM,
         Field("valid_to", "date", required=True)),
        _quotas, identity=("position", "measure", "valid_from"), tables=("planning_quota",),
    ))  # fmt: skip
