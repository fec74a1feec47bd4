"""Who answers a dispute first, who sees it, and who may do what to it now, with the reason where he may not."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from incentives.disputes import DAYS_TO_ESCALATE, MOVES, OPEN, RESOLVED
from incentives.models import Dispute, DisputeEvent
from incentives.selectors.adjusting import own_pay
from spm.access.models import Membership, RoleGrant
from spm.access.policy import permitted, roles_with
from spm.access.selectors import is_open, may_see_pay, roles_of, users_permitted, visible_spans
from spm.calendars.selectors import tenant_date
from spm.people.hierarchy import FOREVER
from spm.people.models import Payee, Position
from spm.people.selectors import manager_of, payees_in, positions_of
from spm.tenancy.models import Tenant
from spm.tenancy.scope import required_tenant_id

State, Kind = Dispute.State, DisputeEvent.Kind
EVER = dt.date(1900, 1, 1)
PERMISSIONS = {"comment": "disputes.file", "withdraw": "disputes.file", "escalate": "disputes.file", "pass": "disputes.pass", "resolve": "disputes.resolve"}


@dataclass(frozen=True)
class Obstacle:
    """Why an act is not possible now. code: refused (of its state) or forbidden (to this person)."""

    text: str
    code: str = "refused"


def today_of_tenant() -> dt.date:
    """Today where the company in scope is."""
    return tenant_date(tenant=Tenant.objects.get(pk=required_tenant_id()), instant=timezone.now())


def manager_answering(payee: Payee, day: dt.date) -> Payee | None:
    """The nearest person above the payee on that day who can sign in and read his team's pay; None: the compensation team answers.

    A manager who is the payee himself, has left or never had access is passed over for the one above.
    """
    holders = RoleGrant.objects.filter(role__in=[role.value for role in roles_with("pay.read_team")])
    able = Membership.objects.filter(is_open(timezone.now()), pk__in=holders.values("membership"), payee__isnull=False)
    for position in Position.objects.filter(pk__in=positions_of(payee_id=payee.pk, day=day)).order_by("code"):
        seen: set[int] = set()
        above = manager_of(position=position, day=day)
        while above is not None and above.pk not in seen:
            seen.add(above.pk)
            sitting = payees_in(positions=[above.pk], day=day) - {payee.pk}
            found = Payee.objects.filter(pk__in=sitting, memberships__in=able).order_by("external_id").first()
            if found is not None:
                return found
            above = manager_of(position=above, day=day)
    return None


def disputes_visible(membership: Membership) -> QuerySet[Dispute]:
    """The payee's own; a manager's: of those who were below him on the day by which they were routed; all for who reads all pay."""
    rows = Dispute.objects.select_related("payee__detail", "period", "order", "manager__detail")
    spans = visible_spans(membership=membership, start=EVER, end=FOREVER)
    if spans is None:
        return rows
    seen = Q(pk__in=[])
    for payee_id, windows in spans.items():
        for start, end in windows:
            seen |= Q(payee_id=payee_id) if payee_id == membership.payee_id else Q(payee_id=payee_id, routed_on__gte=start, routed_on__lt=end)
    return rows.filter(seen)


def act_obstacle(dispute: Dispute, act: str, *, by: Membership | None) -> Obstacle | None:
    """What keeps this member from doing the act now; None: nothing. by: None for the operator, whom no role limits."""
    if dispute.state not in MOVES[act]:
        return Obstacle(_wrong_state(dispute, act))
    late = _escalation(dispute) if act == "escalate" else None
    return late or (None if by is None else _person(dispute, act, by))


def _wrong_state(dispute: Dispute, act: str) -> str:
    label = {"pass": _("passed on"), "resolve": _("decided"), "withdraw": _("withdrawn"), "escalate": _("escalated"), "comment": _("commented on")}[act]
    if act == "resolve" and dispute.state == State.MANAGER:
        return _("The dispute lies with the manager. Pass it on to the compensation team first.")
    return _("Dispute %(number)s is “%(state)s” by now and can no longer be %(act)s.") % {
        "number": dispute.number, "state": State(dispute.state).label, "act": label,
    }  # fmt: skip


def _escalation(dispute: Dispute) -> Obstacle | None:
    today = today_of_tenant()
    if dispute.state in OPEN:
        if dispute.due_on is not None and today <= dispute.due_on:
            return Obstacle(_("An answer is due by %(day)s; it can be escalated after that.") % {"day": dispute.due_on.isoformat()})
        return None
    if dispute.events.filter(kind=Kind.ESCALATED).exists():
        return Obstacle(_("It was escalated before; the second decision stands."))
    decided = dispute.events.filter(kind=Kind.RESOLVED).order_by("-pk").first()
    if decided is not None and decided.at < timezone.now() - dt.timedelta(days=DAYS_TO_ESCALATE):
        return Obstacle(_("It was decided more than %(days)s days ago.") % {"days": DAYS_TO_ESCALATE})
    return None


def _person(dispute: Dispute, act: str, by: Membership) -> Obstacle | None:
    own = own_pay(dispute.payee, user_id=by.user_id)
    if not permitted(roles_of(membership=by), PERMISSIONS[act]):
        return Obstacle(_("Your roles in this company do not include this. Ask a tenant admin."), "forbidden")
    if act in ("withdraw", "escalate") and not own:
        return Obstacle(_("Only who filed the dispute can do this."), "forbidden")
    if act in ("pass", "resolve") and own:
        return Obstacle(_("Nobody decides about his own pay."), "forbidden")
    if act == "resolve" and dispute.state == State.ESCALATED:
        first = dispute.events.filter(kind=Kind.RESOLVED).order_by("-pk").first()
        if first is not None and first.actor_id == by.user_id and users_permitted("disputes.resolve") - {by.user_id}:
            return Obstacle(_("You decided it the first time; somebody else of the compensation team decides now."), "forbidden")
    if own or may_see_pay(membership=by, payee_id=dispute.payee_id, on=dispute.routed_on):
        return None
    return Obstacle(_("You do not see the pay that this dispute is about."), "forbidden")


def acts_possible(dispute: Dispute, *, by: Membership) -> dict[str, bool]:
    """Act -> whether this member can do it now; what a page offers."""
    return {act: act_obstacle(dispute, act, by=by) is None for act in MOVES}


def waiting_for(membership: Membership) -> Q:
    """The open disputes that this member has to answer."""
    mine = Q(pk__in=[])
    if membership.payee_id is not None and permitted(roles_of(membership=membership), "disputes.pass"):
        mine |= Q(state=State.MANAGER, manager_id=membership.payee_id)
    if permitted(roles_of(membership=membership), "disputes.resolve"):
        mine |= Q(state__in=(State.TEAM, State.ESCALATED))
    return mine & ~Q(payee__memberships__user_id=membership.user_id)


__all__ = ["OPEN", "RESOLVED", "Obstacle", "act_obstacle", "acts_possible", "disputes_visible", "manager_answering", "today_of_tenant", "waiting_for"]
