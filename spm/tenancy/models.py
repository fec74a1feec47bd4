"""Tenants and change sets, and the base classes that every other app's models build on."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from spm.tenancy.base import DatedModel, TenantForeignKey, TenantManager, TenantModel, TenantOneToOne, TenantRow, tenant_by_keys

__all__ = ["ChangeSet", "DatedModel", "Tenant", "TenantForeignKey", "TenantManager", "TenantModel", "TenantOneToOne", "TenantRow", "tenant_by_keys"]


class Tenant(models.Model):
    """A company. Global: sign-in and the nightly tick must find it before any scope is open."""

    slug = models.SlugField(max_length=63, unique=True)
    name = models.CharField(max_length=200)
    time_zone = models.CharField(max_length=64, default="UTC")
    language = models.CharField(max_length=8, default="en")
    plan_currency = models.CharField(max_length=3, default="USD")
    nightly_hour = models.PositiveSmallIntegerField(default=2)
    is_active = models.BooleanField(default=True)
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ChangeSet(TenantModel):
    """One act of writing. Its number is given last, under a per-tenant lock, and tells what was known when."""

    class Kind(models.TextChoices):
        IMPORT = "import", _("Import")
        EDIT = "edit", _("Edit")
        ROLLBACK = "rollback", _("Rollback")
        FEED = "feed", _("HR feed")
        SETUP = "setup", _("Set-up")

    number = models.BigIntegerField(null=True, blank=True)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    reason = models.CharField(max_length=400, blank=True)
    actor_id = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "number"], name="tenancy_changeset_number")]
