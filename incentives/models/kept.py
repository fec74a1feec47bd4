"""What is computed in the background and kept: one row for each question, shared by its address, with the job that answers it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from spm.tenancy.models import TenantModel


class KeptAnswer(TenantModel):
    """A question and, once its job has ended, the answer. error: a told text."""

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    error = models.TextField(blank=True)
    job_id = models.BigIntegerField(null=True, blank=True)
    actor_id = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
