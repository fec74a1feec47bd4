"""What writes about people take."""

from __future__ import annotations

from rest_framework import serializers

from spm.people.models import Payee

SCALE = 6


class ReasonIn(serializers.Serializer):
    reason = serializers.CharField(max_length=400, required=False, allow_blank=True, default="")


class DetailsIn(serializers.Serializer):
    given_name = serializers.CharField(max_length=100, required=False, allow_blank=True)
    family_name = serializers.CharField(max_length=100, required=False, allow_blank=True)
    email = serializers.EmailField(required=False, allow_blank=True)
    phone = serializers.CharField(max_length=40, required=False, allow_blank=True)
    country = serializers.RegexField("^[A-Z]{2}$", required=False)


class PayeeIn(DetailsIn, ReasonIn):
    external_id = serializers.CharField(max_length=80)
    legal_entity = serializers.CharField(max_length=63, help_text="Code of a legal entity.")
    display_name = serializers.CharField(max_length=200)
    pay_currency = serializers.RegexField("^[A-Z]{3}$", required=False)
    kind = serializers.ChoiceField(choices=Payee.Kind.choices, default=Payee.Kind.PERSON)
    pay_group = serializers.SlugField(max_length=40, default="monthly")
    hired = serializers.DateField(required=False, help_text="Employed from this day on.")


class PersonIn(DetailsIn, ReasonIn):
    display_name = serializers.CharField(max_length=200, required=False)


class LeaveIn(ReasonIn):
    day = serializers.DateField(help_text="The first day on which the person is no longer employed.")


class AbsenceIn(ReasonIn):
    start = serializers.DateField()
    end = serializers.DateField(required=False, allow_null=True, default=None, help_text="The first day back; open when left out.")
    leave_kind = serializers.ChoiceField(
        ["paid", "unpaid", "parental", "sick"], required=False, allow_blank=True, default="", help_text="Where it is known; plans may count kinds apart."
    )


class EraseIn(serializers.Serializer):
    reason = serializers.CharField(max_length=400)


class PositionIn(ReasonIn):
    code = serializers.CharField(max_length=80)
    title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class NewPositionIn(PositionIn):
    manager = serializers.CharField(max_length=80, required=False, allow_null=True, default=None, help_text="Code of the position it reports to.")
    start = serializers.DateField(required=False, allow_null=True, default=None, help_text="First day of the reporting line; needed with a manager.")


class TitleIn(ReasonIn):
    title = serializers.CharField(max_length=200)


class TeamIn(ReasonIn):
    code = serializers.SlugField(max_length=63)
    name = serializers.CharField(max_length=200)


class TeamNameIn(ReasonIn):
    name = serializers.CharField(max_length=200)


class TeamMemberIn(ReasonIn):
    """The position belongs to the team in [start, end); with member false it does not."""

    team = serializers.SlugField(max_length=63, help_text="Code of the team.")
    position = serializers.CharField(max_length=80, help_text="Code of the position.")
    start = serializers.DateField()
    end = serializers.DateField(required=False, allow_null=True, default=None)
    member = serializers.BooleanField(default=True)


class ReportingLineIn(ReasonIn):
    position = serializers.CharField(max_length=80)
    manager = serializers.CharField(max_length=80, allow_null=True, help_text="Code of the manager's position; null: reports to nobody.")
    start = serializers.DateField()
    end = serializers.DateField(required=False, allow_null=True, default=None)


class RelationIn(ReasonIn):
    """`related` is the position's `name` (such as mentor) in [start, end); with holds false it is not."""

    position = serializers.CharField(max_length=80, help_text="Code of the position.")
    name = serializers.SlugField(max_length=40)
    related = serializers.CharField(max_length=80, help_text="Code of the related position.")
    start = serializers.DateField()
    end = serializers.DateField(required=False, allow_null=True, default=None)
    holds = serializers.BooleanField(default=True)


class AssignmentIn(ReasonIn):
    payee = serializers.UUIDField()
    position = serializers.CharField(max_length=80)
    start = serializers.DateField()
    end = serializers.DateField(required=False, allow_null=True, default=None)
    fte_ppm = serializers.IntegerField(min_value=1, max_value=1_000_000, default=1_000_000)


class AssignmentEndIn(ReasonIn):
    payee = serializers.UUIDField()
    position = serializers.CharField(max_length=80)
    day = serializers.DateField(help_text="The first day on which the payee no longer holds the position.")


class MoveIn(ReasonIn):
    to = serializers.CharField(max_length=80, help_text="Code of the new position.")
    leaving = serializers.CharField(max_length=80, required=False, allow_null=True, default=None, help_text="Needed when the payee holds several.")
    day = serializers.DateField()
    carry_terms = serializers.BooleanField(default=True)


class PayTermsIn(ReasonIn):
    """Amounts as exact decimal text with at most six decimals."""

    seat = serializers.UUIDField()
    start = serializers.DateField()
    end = serializers.DateField(required=False, allow_null=True, default=None)
    currency = serializers.RegexField("^[A-Z]{3}$")
    target_incentive = serializers.DecimalField(max_digits=18, decimal_places=SCALE, min_value=0)
    ote = serializers.DecimalField(max_digits=18, decimal_places=SCALE, min_value=0)
    attributes = serializers.DictField(child=serializers.CharField(max_length=40, allow_blank=True), required=False, default=dict)
