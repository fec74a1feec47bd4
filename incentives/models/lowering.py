"""Would a plan edit lower pay that is already earned: what was asked, and who would earn less."""

from __future__ import annotations

from django.db import models

from incentives.models.kept import KeptAnswer
from spm.tenancy.models import TenantForeignKey


class LoweringCheck(KeptAnswer):
    """A plan version put in force (or, takes_out, taken out of it), looked at against what the run left.

    basis: fingerprint of all that the answer depends on; while it stays, the answer holds. rows: [payee id, period id, before, after, currency]
    of everybody who would earn less, largest loss first, amounts as exact texts in the version's currency: ids alone, so that erasing
    a person leaves it standing.
    """

    version = TenantForeignKey("incentives.PlanVersion", related_name="+")
    takes_out = models.BooleanField(default=False)
    run = TenantForeignKey("incentives.Run", related_name="+")
    basis = models.CharField(max_length=64)
    rows = models.JSONField(default=list)

    class Meta:
        ordering = ["-created_at"]
