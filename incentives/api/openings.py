"""API: opening balances on statement and scorecard. They are imported as the target `opening_balance`."""

from __future__ import annotations

from rest_framework import serializers

from incentives.api.shown import ExactField
from incentives.models import OpeningKind
from spm.api.fields import RecordRef


class OpeningOut(serializers.Serializer):
    """What the system before this one credited, paid or left open before `day`."""

    kind = serializers.ChoiceField(choices=OpeningKind.choices)
    name = serializers.CharField(help_text="Of a measure (credit), a draw (draw) or a component; empty for what is carried.")
    label = serializers.CharField()
    plan = serializers.CharField(source="plan_title")
    day = serializers.DateField(help_text="The first day that counts here.")
    period_code = serializers.CharField(help_text="The period to which the amount belongs.")
    amount = ExactField()
    currency = serializers.CharField()
    source = serializers.CharField()
    release_on = serializers.DateField(allow_null=True, help_text="When what is held is paid.")
    order = RecordRef(allow_null=True, help_text="Of what is open to clawback: the order that was paid.")
