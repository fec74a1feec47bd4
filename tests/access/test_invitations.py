"""Invitations: one link, looked at freely, used once, in the invitee's language, for one company and one address."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from spm.access import services
from spm.access.errors import AccessError
from spm.access.models import Invitation, LinkToken, Membership, Role, RoleGrant, User
from spm.tenancy.scope import tenant_scope
from tests.support.factories import PASSWORD, make_member, make_user

GOOD = "a long enough passphrase"


@pytest.fixture
def admin(tenant):
    with tenant_scope(tenant.pk):
        return make_member(make_user("admin@example.com"), Role.TENANT_ADMIN)


@pytest.fixture
def invite(tenant, admin, django_capture_on_commit_callbacks):
    def make(email="new@example.com", roles=(Role.REP,), **values) -> str:
        with django_capture_on_commit_callbacks(execute=True), tenant_scope(tenant.pk):
            services.invitation_create(email=email, roles=roles, base_url="https://spm.example.com/", actor_id=admin.user_id, **values)
        return "/" + re.search(r"https://spm\.example\.com/(invitations/\S+)", mail.outbox[-1].body)[1]

    return make


def member_roles(tenant, email: str) -> set[str]:
    with tenant_scope(tenant.pk):
        return set(RoleGrant.objects.filter(membership__user__email=email, membership__ended_at__isnull=True).values_list("role", flat=True))


def test_a_newcomer_sets_a_password_and_is_in(tenant, invite):
    path, client = invite(), Client()
    assert "Join Acme" in client.get(path).content.decode()
    answer = client.post(path, {"password": GOOD})
    assert (answer.status_code, answer.url) == (302, "/t/acme/")
    assert member_roles(tenant, "new@example.com") == {Role.REP}
    assert client.get("/tenants/").status_code == 200, "and is signed in"
    assert User.objects.get(email="new@example.com").check_password(GOOD)


def test_looking_at_the_link_uses_nothing_up_and_using_it_works_once(tenant, invite):
    path = invite()
    for _ in range(3):
        assert Client().get(path).status_code == 200
    assert Client().post(path, {"password": GOOD}).status_code == 302
    assert Client().get(path).status_code == 404
    assert Client().post(path, {"password": "another long passphrase"}).status_code == 404
    assert User.objects.get(email="new@example.com").check_password(GOOD)


def test_only_a_hash_of_at_least_128_random_bits_is_kept(invite):
    token = invite().split("/")[2]
    assert len(token) * 6 >= 128
    row = LinkToken.objects.get()
    assert token not in str(row.__dict__)
    assert len(row.token_hash) == 64


@pytest.mark.parametrize("how", ["expired", "tampered", "revoked", "resent", "tenant closed"])
def test_a_link_that_is_past_changed_withdrawn_or_replaced_gets_one_answer(tenant, admin, invite, how, django_capture_on_commit_callbacks):
    path = invite()
    with tenant_scope(tenant.pk):
        found = Invitation.objects.get()
        if how == "revoked":
            services.invitation_revoke(invitation=found, actor_id=admin.user_id)
        if how == "resent":
            with django_capture_on_commit_callbacks(execute=True):
                services.invitation_resend(invitation=found, base_url="https://spm.example.com", actor_id=admin.user_id)
    if how == "expired":
        LinkToken.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    if how == "tampered":
        path = path[:-2] + ("A" if path[-2] != "A" else "B") + "/"
    if how == "tenant closed":
        type(tenant).objects.filter(pk=tenant.pk).update(is_active=False)
    for answer in (Client().get(path), Client().post(path, {"password": GOOD})):
        assert answer.status_code == 404
        assert "no longer works" in answer.content.decode()
    assert not User.objects.filter(email="new@example.com").exists()


def test_the_signed_in_account_with_the_invited_address_accepts_without_a_password(tenant, invite):
    user = make_user("known@example.com")
    path, client = invite("Known@example.com"), Client()
    client.force_login(user)
    assert client.post(path).status_code == 302
    assert member_roles(tenant, "known@example.com") == {Role.REP}
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)


def test_a_link_never_sets_the_password_of_an_account_that_exists(tenant, invite):
    user = make_user("known@example.com")
    path = invite("known@example.com")
    assert "Sign in with it" in Client().get(path).content.decode()
    assert Client().post(path, {"password": GOOD}).status_code == 200
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)
    assert member_roles(tenant, "known@example.com") == set()


def test_a_forwarded_link_does_not_let_another_account_in(tenant, invite):
    stranger, client = make_user("stranger@example.com"), Client()
    path = invite()
    client.force_login(stranger)
    assert "another address" in client.get(path).content.decode()
    client.post(path, {"password": GOOD})
    assert member_roles(tenant, "stranger@example.com") == set()
    assert Client().get(path).status_code == 200, "the link is still good for the one it was meant for"


def test_a_weak_password_is_refused_and_the_link_stays_good(invite):
    path = invite()
    answer = Client().post(path, {"password": "12345678"})
    assert answer.status_code == 200
    assert "too common" in answer.content.decode()
    assert Client().post(path, {"password": GOOD}).status_code == 302


def test_the_mail_and_the_page_speak_the_invitees_language(tenant, invite):
    from django.utils import translation

    path = invite(language="ru")
    with translation.override("ru"):
        from django.utils.translation import gettext

        expected = gettext("Open this link to join:")
    assert expected in mail.outbox[-1].body
    assert 'lang="ru"' in Client().get(path).content.decode()


def test_a_member_cannot_be_invited_so_nobody_adds_roles_to_himself_by_mail(tenant, admin, invite):
    with pytest.raises(AccessError, match="member already"):
        invite("admin@example.com", roles=[Role.FINANCE], reason="x")


def test_a_second_invitation_replaces_the_first(tenant, invite):
    first, second = invite(), invite(roles=[Role.MANAGER])
    assert Client().get(first).status_code == 404
    assert Client().post(second, {"password": GOOD}).status_code == 302
    assert member_roles(tenant, "new@example.com") == {Role.MANAGER}


def test_a_mail_that_cannot_be_sent_is_told_on_the_invitation(tenant, invite, settings):
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = "django.core.mail.backends.smtp.EmailBackend", "127.0.0.1", 1
    with pytest.raises(IndexError):
        invite()
    with tenant_scope(tenant.pk):
        assert "refused" in Invitation.objects.get().mail_error


def test_the_invitation_of_one_company_opens_no_other(tenant, other_tenant, invite):
    Client().post(invite(), {"password": GOOD})
    user = User.objects.get(email="new@example.com")
    with tenant_scope(other_tenant.pk):
        assert not Membership.objects.filter(user=user).exists()
