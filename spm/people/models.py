"""Payees, positions, teams, assignments, reporting lines, target incentive: all dated, with what was known when."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from spm.tenancy.models import DatedModel, TenantForeignKey, TenantModel, TenantOneToOne

ORDERED = Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from"))


class LegalEntity(TenantModel):
    """The company that owes the pay; part of the ledger's key."""

    code = models.SlugField(max_length=63)
    name = models.CharField(max_length=200)
    country = models.CharField(max_length=2, blank=True)
    currency = models.CharField(max_length=3)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "code"], name="people_entity_code")]


class Payee(TenantModel):
    """Who is paid: a person or a partner organisation. Holds no name, so that a person can be erased while the books stand."""

    class Kind(models.TextChoices):
        PERSON = "person", _("Person")
        PARTNER = "partner", _("Partner")

    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.PERSON)
    source = models.SlugField(max_length=40, default="manual")
    external_id = models.CharField(max_length=80)
    legal_entity = TenantForeignKey(LegalEntity, related_name="payees")
    pay_group = models.SlugField(max_length=40, default="monthly")
    pay_currency = models.CharField(max_length=3)
    erased_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "source", "external_id"], name="people_payee_source")]


class PersonDetail(TenantModel):
    """Names and addresses of a payee: the only table of personal data about him, emptied by erasure."""

    payee = TenantOneToOne(Payee, on_delete=models.PROTECT, related_name="detail")
    display_name = models.CharField(max_length=200)
    given_name = models.CharField(max_length=100, blank=True)
    family_name = models.CharField(max_length=100, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    country = models.CharField(max_length=2, blank=True)


class Employment(DatedModel):
    """A span of employment and its status: active, on leave (and of which kind), notice given. Joiners and leavers are its ends."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("Active")
        LEAVE = "leave", _("On leave")
        NOTICE = "notice", _("Notice given")

    class LeaveKind(models.TextChoices):
        PAID = "paid", _("Paid leave")
        UNPAID = "unpaid", _("Unpaid leave")
        PARENTAL = "parental", _("Parental leave")
        SICK = "sick", _("Sick leave")

    no_overlap_keys = ("payee",)
    payee = TenantForeignKey(Payee, related_name="employments")
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.ACTIVE)
    leave_kind = models.CharField(max_length=8, choices=LeaveKind.choices, blank=True, default="")
    """Of a leave; empty where the source does not say, and always for the other states."""

    class Meta:
        constraints = [models.CheckConstraint(condition=ORDERED, name="people_employment_ordered")]


class Team(TenantModel):
    """A named group of positions."""

    code = models.SlugField(max_length=63)
    name = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "code"], name="people_team_code")]


class Position(TenantModel):
    """A seat in the organisation; quota sits here."""

    code = models.CharField(max_length=80)
    title = models.CharField(max_length=200)
    source = models.SlugField(max_length=40, default="manual")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "code"], name="people_position_code")]


class TeamMembership(DatedModel):
    """A position belongs to a team in [valid_from, valid_to)."""

    no_overlap_keys = ("position", "team")
    position = TenantForeignKey(Position, related_name="team_memberships")
    team = TenantForeignKey(Team, related_name="members")

    class Meta:
        constraints = [models.CheckConstraint(condition=ORDERED, name="people_teammember_ordered")]


class ReportingLine(DatedModel):
    """A position reports to a manager's position in [valid_from, valid_to). The top has no row."""

    no_overlap_keys = ("position",)
    position = TenantForeignKey(Position, related_name="reports_to")
    manager = TenantForeignKey(Position, related_name="direct_reports")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=ORDERED, name="people_line_ordered"),
            models.CheckConstraint(condition=~Q(position=F("manager")), name="people_line_not_self"),
        ]


class NamedRelation(DatedModel):
    """A position stands in a named relation to another outside the reporting line in [valid_from, valid_to): `related` is its mentor,
    its sales engineer, its partner. There may be several of one name at once. Plans pass credit along them."""

    no_overlap_keys = ("position", "name", "related")
    position = TenantForeignKey(Position, related_name="relations")
    name = models.SlugField(max_length=40)
    related = TenantForeignKey(Position, related_name="related_to")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=ORDERED, name="people_relation_ordered"),
            models.CheckConstraint(condition=~Q(position=F("related")), name="people_relation_not_self"),
        ]


class Assignment(DatedModel):
    """A payee sits in a position in [valid_from, valid_to) with a share of full time. One payee may hold several, several may share one.

    `seat` stays the same over revisions: it is what the ledger and the plan assignments refer to.
    """

    no_overlap_keys = ("payee", "position")
    payee = TenantForeignKey(Payee, related_name="assignments")
    position = TenantForeignKey(Position, related_name="assignments")
    seat = TenantForeignKey("people.Seat", related_name="spans")
    fte_ppm = models.IntegerField(default=1_000_000)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=ORDERED, name="people_assignment_ordered"),
            models.CheckConstraint(condition=Q(fte_ppm__gt=0, fte_ppm__lte=1_000_000), name="people_assignment_fte"),
        ]


class Seat(TenantModel):
    """The lasting identity of an assignment (payee x position): the ledger's `assignment`, whatever its dates become."""

    payee = TenantForeignKey(Payee, related_name="seats")
    position = TenantForeignKey(Position, related_name="seats")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "payee", "position"], name="people_seat_once")]


class PayTerms(DatedModel):
    """Dated pay values of an assignment: target incentive and OTE a year, and the pay rate that plans may name."""

    no_overlap_keys = ("seat",)
    seat = TenantForeignKey(Seat, related_name="pay_terms")
    currency = models.CharField(max_length=3)
    target_incentive = models.BigIntegerField(default=0)
    ote = models.BigIntegerField(default=0)
    amount_scale = models.PositiveSmallIntegerField(default=2)
    # Named exact values a plan can use, for example {"commission_pct": "0.012"}: strings, never floats.
    attributes = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=ORDERED, name="people_payterms_ordered")]
