"""Jobs and their outbox. The database holds the truth about background work; a queue message only says where to look."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from spm.tenancy.models import TenantForeignKey, TenantModel, TenantRow


class JobState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    WAITING = "waiting", _("Waiting for its parts")
    SUCCEEDED = "succeeded", _("Done")
    FAILED = "failed", _("Failed")
    DEAD = "dead", _("Given up")
    CANCELLED = "cancelled", _("Cancelled")


ENDED = (JobState.SUCCEEDED, JobState.FAILED, JobState.DEAD, JobState.CANCELLED)


class Job(TenantModel):
    """One piece of background work, or one chunk of a stage of it (`parent` set).

    `fence` grows with every claim; whoever commits under an older one is refused. `attempts` counts the starts since the
    job last got further. Times of leases are the database server's, so that a worker's wrong clock does no harm.
    """

    kind = models.CharField(max_length=64)
    key = models.CharField(max_length=200)
    state = models.CharField(max_length=16, choices=JobState.choices, default=JobState.QUEUED)
    params = models.JSONField(default=dict, blank=True)
    result = models.JSONField(default=dict, blank=True)
    stage = models.CharField(max_length=64, blank=True)
    cursor = models.JSONField(default=dict, blank=True)
    progress = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)

    attempts = models.PositiveIntegerField(default=0)
    max_attempts = models.PositiveIntegerField(default=5)
    fence = models.BigIntegerField(default=0)
    lease_owner = models.CharField(max_length=200, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(default=timezone.now)
    published_at = models.DateTimeField(null=True, blank=True)
    publishes = models.PositiveIntegerField(default=0)
    cancel_requested = models.BooleanField(default=False)

    parent = TenantForeignKey("jobs.Job", related_name="chunks", null=True, blank=True)
    chunk_number = models.PositiveIntegerField(null=True, blank=True)
    requested_by_id = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "kind", "key"], name="jobs_job_key_once"),
            models.CheckConstraint(condition=models.Q(state__in=JobState.values), name="jobs_job_state"),
        ]
        indexes = [
            models.Index(fields=["tenant", "state", "due_at"], name="jobs_job_open", condition=models.Q(state__in=["queued", "running", "waiting"])),
            models.Index(fields=["tenant", "parent", "stage"], name="jobs_job_chunks"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED


class Outbox(TenantRow):
    """A message still to be sent, written in the transaction that made it necessary. At most one per job."""

    job = TenantForeignKey(Job, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    referenced = False

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "job"], name="jobs_outbox_once")]
