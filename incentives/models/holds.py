"""Holds: a person keeps a deal's pay back until it is lifted."""

from __future__ import annotations

from django.db import models

from incentives.models.decisions import DealDecision
from spm.tenancy.models import TenantForeignKey


class Hold(DealDecision):
    """What the order pays, of one component or of all (""), to one payee or to all, waits until the hold is lifted."""

    component = models.CharField(max_length=64, blank=True)
    payee = TenantForeignKey("people.Payee", null=True, blank=True, related_name="+")
