"""Roles and ends of membership: nobody serves himself, an admin always remains, ended access is refused at once."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from spm.access import services
from spm.access.errors import AccessError
from spm.access.models import Membership, Role, RoleGrant
from spm.access.selectors import membership_for, tenants_of
from spm.audit.models import AuditEntry
from spm.tenancy.scope import tenant_scope
from tests.support.factories import make_member, make_user


@pytest.fixture
def admin(scope):
    return make_member(make_user("admin@example.com"), Role.TENANT_ADMIN)


def roles(membership: Membership) -> set[str]:
    return set(RoleGrant.objects.filter(membership=membership).values_list("role", flat=True))


def test_an_admin_gives_and_takes_a_role_and_the_audit_keeps_who_did_it(admin):
    member = make_member(make_user(), Role.REP)
    services.role_grant(membership=member, role=Role.MANAGER, actor_id=admin.user_id)
    assert roles(member) == {Role.REP, Role.MANAGER}
    services.role_revoke(membership=member, role=Role.REP, actor_id=admin.user_id)
    assert roles(member) == {Role.MANAGER}
    entry = AuditEntry.objects.order_by("-sequence").first()
    assert (entry.action, entry.actor_id, entry.before, entry.after["roles"]) == (
        "membership.roles", admin.user_id, {"roles": ["manager", "rep"]}, ["manager"],
    )  # fmt: skip


def test_nobody_grants_a_role_to_himself_nor_ends_his_own_access(admin):
    make_member(make_user(), Role.TENANT_ADMIN)
    for act in (
        lambda: services.role_grant(membership=admin, role=Role.FINANCE, actor_id=admin.user_id, reason="x"),
        lambda: services.membership_end(membership=admin, actor_id=admin.user_id),
        lambda: services.membership_open(user=admin.user, roles=[Role.FINANCE], actor_id=admin.user_id, reason="x"),
    ):
        with pytest.raises(AccessError, match="his own"):
            act()
    assert roles(admin) == {Role.TENANT_ADMIN}


def test_the_last_tenant_admin_can_neither_lose_the_role_nor_leave(admin):
    with pytest.raises(AccessError, match="last tenant admin"):
        services.roles_set(membership=admin, roles=[Role.REP], actor_id=None)
    with pytest.raises(AccessError, match="last tenant admin"):
        services.membership_end(membership=admin, actor_id=None)
    second = make_member(make_user(), Role.TENANT_ADMIN)
    services.membership_end(membership=admin, actor_id=second.user_id)
    with pytest.raises(AccessError, match="last tenant admin"):
        services.membership_end(membership=second, actor_id=None)


def test_who_calculates_pay_cannot_also_approve_it(admin):
    member = make_member(make_user(), Role.COMP_ADMIN)
    with pytest.raises(AccessError, match="cannot be one person"):
        services.role_grant(membership=member, role=Role.FINANCE, actor_id=admin.user_id, reason="small company")


def test_duties_that_should_be_apart_need_a_reason(admin):
    member = make_member(make_user(), Role.HR)
    with pytest.raises(AccessError, match="Give a reason"):
        services.role_grant(membership=member, role=Role.FINANCE, actor_id=admin.user_id)
    services.role_grant(membership=member, role=Role.FINANCE, actor_id=admin.user_id, reason="small company")
    assert AuditEntry.objects.order_by("-sequence").first().after["reason"] == "small company"


def test_an_unknown_role_and_no_role_are_refused(admin):
    member = make_member(make_user(), Role.REP)
    with pytest.raises(AccessError, match="not a role"):
        services.role_grant(membership=member, role="emperor", actor_id=admin.user_id)
    with pytest.raises(AccessError, match="at least one role"):
        services.role_revoke(membership=member, role=Role.REP, actor_id=admin.user_id)


def test_access_that_ends_is_refused_at_the_next_request_of_a_session_that_is_open(tenant, other_tenant):
    user = make_user("leaver@example.com")
    with tenant_scope(tenant.pk):
        make_member(make_user(), Role.TENANT_ADMIN)
        member = make_member(user, Role.AUDITOR)
    with tenant_scope(other_tenant.pk):
        make_member(user, Role.AUDITOR)
    client = Client()
    client.force_login(user)
    page, elsewhere = f"/t/{tenant.slug}/access/", f"/t/{other_tenant.slug}/access/"
    assert client.get(page).status_code == 200
    with tenant_scope(tenant.pk):
        services.membership_end(membership=member, actor_id=None)
    assert client.get(page).status_code == 404
    assert client.get(elsewhere).status_code == 200, "the other company's access stands"
    assert [t.slug for t in tenants_of(user=user)] == [other_tenant.slug]


def test_an_end_set_ahead_takes_effect_when_it_comes(admin, tenant):
    member = make_member(make_user(), Role.REP)
    services.membership_end(membership=member, actor_id=admin.user_id, at=timezone.now() + dt.timedelta(days=3))
    assert membership_for(user=member.user, tenant=tenant) is not None
    Membership.objects.filter(pk=member.pk).update(ended_at=timezone.now() - dt.timedelta(seconds=1))
    assert membership_for(user=member.user, tenant=tenant) is None


def test_an_inactive_account_has_no_access_anywhere(admin, tenant):
    member = make_member(make_user(is_active=False), Role.REP)
    assert membership_for(user=member.user, tenant=tenant) is None


def test_reopened_access_holds_the_new_roles_alone(admin):
    member = make_member(make_user(), Role.FINANCE)
    services.membership_end(membership=member, actor_id=admin.user_id)
    services.membership_open(user=member.user, roles=[Role.REP], actor_id=admin.user_id)
    assert roles(member) == {Role.REP}
    assert Membership.objects.get(pk=member.pk).ended_at is None
    with pytest.raises(AccessError, match="member already"):
        services.membership_open(user=member.user, roles=[Role.REP], actor_id=admin.user_id)
