"""Who signs in (global users) and what they may do in a tenant (memberships with roles); invitations and the links in mail."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.utils.translation import gettext_lazy as _

from spm.tenancy.models import TenantForeignKey, TenantModel


class Role(models.TextChoices):
    """Roles inside a tenant. What each may do: spm.access.policy."""

    REP = "rep", _("Rep")
    MANAGER = "manager", _("Manager")
    COMP_ADMIN = "comp_admin", _("Compensation admin")
    PLANNING_ADMIN = "planning_admin", _("Planning admin")
    FINANCE = "finance", _("Finance")
    AUDITOR = "auditor", _("Auditor")
    HR = "hr", _("HR")
    TENANT_ADMIN = "tenant_admin", _("Tenant admin")


class UserManager(BaseUserManager["User"]):
    """Users are found by e-mail address, compared without case."""

    use_in_migrations = False

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in; global, because one person may work for several tenants. `is_superuser` is the platform operator."""

    email = models.EmailField(unique=True)
    language = models.CharField(max_length=8, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(auto_now_add=True)

    objects = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    def __str__(self) -> str:
        return self.email


class Membership(TenantModel):
    """A user's place in a tenant. Ended, not deleted, when someone leaves; access ends at that moment."""

    rls_user_column = "user_id"

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    payee = TenantForeignKey("people.Payee", null=True, blank=True, related_name="memberships")
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "user"], name="access_membership_once")]

    def is_open(self, at: dt.datetime) -> bool:
        """Whether it gives access at an instant; an end may be set ahead."""
        return self.ended_at is None or self.ended_at > at


class RoleGrant(TenantModel):
    """One role of a membership. Granted and ended by name; the audit keeps who did it."""

    membership = TenantForeignKey(Membership, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=20, choices=Role.choices)
    granted_at = models.DateTimeField(auto_now_add=True)
    granted_by_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "membership", "role"], name="access_rolegrant_once")]


class Invitation(TenantModel):
    """A place in the tenant offered to an e-mail address. Its link is in LinkToken; the address is emptied when its person is erased."""

    email = models.EmailField(blank=True)
    language = models.CharField(max_length=8, default="en")
    roles = models.JSONField(default=list)
    payee = TenantForeignKey("people.Payee", null=True, blank=True, related_name="invitations")
    invited_by_id = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    # What went wrong with the mail, for the page that offers to send it again.
    mail_error = models.CharField(max_length=400, blank=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "email"], name="access_invitation_email")]

    @property
    def role_labels(self) -> list[str]:
        return [str(Role(role).label) for role in self.roles]


class LinkToken(models.Model):
    """A link in a mail, found before any tenant is known. Global: it holds a hash, never the token, and nothing about a person."""

    class Purpose(models.TextChoices):
        INVITATION = "invitation", _("Invitation")

    token_hash = models.CharField(max_length=64, unique=True)
    purpose = models.CharField(max_length=20, choices=Purpose.choices)
    tenant = models.ForeignKey("tenancy.Tenant", on_delete=models.CASCADE, related_name="+")
    object_uid = models.UUIDField()
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
