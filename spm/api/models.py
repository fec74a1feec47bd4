"""API tokens of a tenant, and what was answered under an idempotency key."""

from __future__ import annotations

from django.db import models

from spm.tenancy.models import TenantForeignKey, TenantModel, TenantRow


class ApiToken(TenantModel):
    """A token acts for one member of one tenant, within its scopes and that member's roles. Only a hash of it is kept.

    The token's text is `spm_SLUG.PREFIX.SECRET`: the slug tells which scope to open before this table can be read.
    """

    membership = TenantForeignKey("access.Membership", related_name="api_tokens")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=16)
    secret_hash = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by_id = models.BigIntegerField(null=True, blank=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "prefix"], name="api_token_prefix")]

    def __str__(self) -> str:
        return self.name


class IdempotencyRecord(TenantRow):
    """The answer to a write that carried an Idempotency-Key. Written in the transaction of the write itself."""

    referenced = False

    user_id = models.BigIntegerField()
    key = models.CharField(max_length=200)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "created_at"], name="api_idempotency_age")]
        constraints = [models.UniqueConstraint(fields=["tenant", "user_id", "key"], name="api_idempotency_once")]
