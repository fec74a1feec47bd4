"""Tables of the members' pages: who is in with which roles, which role may do what, whose duties should be apart."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from spm.access.models import Membership, Role
from spm.access.policy import POLICY, Conflict, conflicts_of
from spm.access.selectors import is_open

# What each permission lets a person do, in his words.
WORDS: dict[str, str | Promise] = {
    "tenant.enter": _("Enter the company"),
    "pay.read_own": _("See own pay"),
    "pay.read_team": _("See the team's pay"),
    "pay.read_all": _("See everybody's pay"),
    "pay.adjust": _("Adjust pay by hand"),
    "pay.approve": _("Approve pay"),
    "pay.export": _("Export pay"),
    "disputes.file": _("Dispute one's own pay"),
    "disputes.pass": _("Pass disputes on to the compensation team"),
    "disputes.resolve": _("Decide disputes"),
    "team.read": _("See the team's figures"),
    "plans.read": _("See plans"),
    "plans.write": _("Write plans"),
    "plans.approve": _("Approve plans of others"),
    "runs.read": _("See runs"),
    "runs.start": _("Start runs"),
    "imports.read": _("See imports"),
    "imports.write": _("Import files"),
    "sales.read": _("See the whole sales record"),
    "sales.write": _("Change the sales record"),
    "people.read": _("See people and positions"),
    "people.write": _("Change people and positions"),
    "people.erase": _("Erase personal data"),
    "people.read_terms": _("See target pay"),
    "people.write_terms": _("Change target pay"),
    "planning.read": _("See quotas and territories"),
    "planning.write": _("Change quotas and territories"),
    "calendars.read": _("See calendars"),
    "calendars.write": _("Change calendars"),
    "access.read": _("See members and roles"),
    "access.write": _("Invite, change roles, end access"),
    "audit.read": _("See the audit log"),
    "jobs.read": _("See background work"),
    "tokens.read": _("See API tokens"),
    "tokens.write": _("Make and revoke API tokens"),
    "tenant.settings": _("Change the company's settings"),
}


@dataclass(frozen=True)
class MemberRow:
    """A line of the list of members."""

    membership: Membership
    name: str
    roles: list[Role]
    open: bool
    conflicts: list[Conflict] = field(default_factory=list)


def member_rows(*, at: dt.datetime, search: str = "", ended: bool = False) -> list[MemberRow]:
    """Members whose access is open (or has ended), by address; `search` in address or name."""
    found = Membership.objects.exclude(is_open(at)) if ended else Membership.objects.filter(is_open(at))
    rows = []
    for membership in found.select_related("user", "payee__detail").prefetch_related("grants").order_by("user__email"):
        detail = getattr(membership.payee, "detail", None) if membership.payee else None
        name = detail.display_name if detail else ""
        if search.strip() and search.strip().lower() not in f"{membership.user.email} {name}".lower():
            continue
        held = sorted((Role(grant.role) for grant in membership.grants.all()), key=list(Role).index)
        rows.append(MemberRow(membership, name, held, membership.is_open(at), conflicts_of(held)))
    return rows


def permission_rows() -> list[tuple[str | Promise, list[bool]]]:
    """(what, whether each role may) in the order of the policy."""
    return [(WORDS[name], [role in holders for role in Role]) for name, holders in POLICY.items()]


def duties(*, at: dt.datetime) -> list[MemberRow]:
    """Members whose duties should be apart."""
    return [row for row in member_rows(at=at) if row.conflicts]
