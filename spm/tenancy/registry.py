"""Which tables are global and which belong to a tenant. The list is short and reviewed; a test holds it to pg_catalog."""

from __future__ import annotations

from functools import cache

from django.apps import apps

# Tables without a tenant: what signs people in, what Django itself keeps, and the tenants.
GLOBAL_TABLES = frozenset(
    {
        "access_linktoken",
        "access_user",
        "access_user_groups",
        "access_user_user_permissions",
        "account_emailaddress",
        "account_emailconfirmation",
        "auth_group",
        "auth_group_permissions",
        "auth_permission",
        "axes_accessattempt",
        "axes_accessattemptexpiration",
        "axes_accessfailurelog",
        "axes_accesslog",
        "django_content_type",
        "django_migrations",
        "django_session",
        "mfa_authenticator",
        "socialaccount_socialaccount",
        "socialaccount_socialapp",
        "socialaccount_socialtoken",
        "tenancy_tenant",
    }
)

# Under a policy, but readable without a tenant by its own user (trust: membership has a second policy by user).
SELF_SCOPED_TABLES = frozenset({"access_membership"})


@cache
def tenant_tables() -> frozenset[str]:
    """Table names of all models under a tenant, less those that a user may read about himself."""
    from spm.tenancy.models import TenantRow

    return frozenset(m._meta.db_table for m in apps.get_models(include_auto_created=True) if issubclass(m, TenantRow)) - SELF_SCOPED_TABLES
