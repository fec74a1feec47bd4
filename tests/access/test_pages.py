"""Users and roles in the browser: invite, change, end, withdraw; the matrix is the policy; readers only read."""

from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client

from spm.access.matrix import WORDS
from spm.access.models import Invitation, Membership, Role, RoleGrant, User
from spm.access.policy import POLICY
from tests.support.factories import make_member, make_payee

HOME = "/t/acme/access/"


def member(*roles: str, name: str = "") -> Membership:
    user = User.objects.create_user(f"m{User.objects.count()}@example.com", None)
    return make_member(user, *roles, payee=make_payee(name) if name else None)


def browser(membership: Membership) -> Client:
    client = Client()
    client.force_login(membership.user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def admin(scope):
    return member(Role.TENANT_ADMIN)


def roles(membership: Membership) -> set[str]:
    return set(RoleGrant.objects.filter(membership=membership).values_list("role", flat=True))


def test_every_permission_has_words_and_the_matrix_shows_each(admin):
    assert set(WORDS) == set(POLICY)
    page = browser(admin).get(f"{HOME}matrix/").content.decode()
    assert not [str(words) for words in WORDS.values() if str(words).replace("'", "&#x27;") not in page]


def test_members_whose_duties_meet_are_named_on_the_matrix(admin):
    member(Role.HR, Role.FINANCE, name="Fay Both")
    assert "Fay Both" in browser(admin).get(f"{HOME}matrix/").content.decode()


def test_an_admin_invites_and_the_mail_leads_back_here(admin, django_capture_on_commit_callbacks):
    payee = make_payee("Anna Petrova")
    data = {"email": "new@example.com", "roles": [Role.REP], "payee": str(payee.uid), "language": "en"}
    with django_capture_on_commit_callbacks(execute=True):
        assert browser(admin).post(f"{HOME}invite/", data).status_code == 302
    assert "http://testserver/invitations/" in mail.outbox[-1].body
    assert Invitation.objects.get().payee == payee
    assert "new@example.com" in browser(admin).get(HOME).content.decode()


def test_roles_are_changed_and_a_refusal_is_shown_in_the_form(admin):
    other = member(Role.REP)
    url = f"{HOME}members/{other.uid}/"
    assert browser(admin).post(url, {"roles": [Role.COMP_ADMIN]}).status_code == 302
    assert roles(other) == {Role.COMP_ADMIN}
    refused = browser(admin).post(url, {"roles": [Role.COMP_ADMIN, Role.FINANCE], "reason": "x"})
    assert refused.status_code == 400
    assert "cannot be one person" in refused.content.decode()
    mine = browser(admin).post(f"{HOME}members/{admin.uid}/", {"roles": [Role.FINANCE], "reason": "x"})
    assert "his own roles" in mine.content.decode()
    assert roles(admin) == {Role.TENANT_ADMIN}


def test_access_is_ended_from_the_page_at_once(admin):
    other = member(Role.AUDITOR)
    theirs = browser(other)
    assert theirs.get(HOME).status_code == 200
    browser(admin).post(f"{HOME}members/{other.uid}/end/")
    assert theirs.get(HOME).status_code == 404
    assert other.user.email in browser(admin).get(HOME, {"state": "ended"}).content.decode()


def test_an_auditor_reads_the_pages_and_can_change_nothing(admin):
    auditor, other = browser(member(Role.AUDITOR)), member(Role.REP)
    page = auditor.get(HOME).content.decode()
    assert other.user.email in page
    assert "Invite a person" not in page
    for path in (f"members/{other.uid}/", f"members/{other.uid}/end/", "invite/"):
        assert auditor.post(HOME + path, {"roles": [Role.AUDITOR]}).status_code == 403
    assert roles(other) == {Role.REP}


@pytest.mark.parametrize("role", [Role.REP, Role.MANAGER, Role.COMP_ADMIN, Role.FINANCE, Role.HR, Role.PLANNING_ADMIN])
def test_other_roles_do_not_see_who_has_access(admin, role):
    assert browser(member(role)).get(HOME).status_code == 403


def test_an_invitation_is_withdrawn_and_sent_again_from_the_page(admin, django_capture_on_commit_callbacks):
    client = browser(admin)
    client.post(f"{HOME}invite/", {"email": "new@example.com", "roles": [Role.REP], "language": "en"})
    found = Invitation.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{HOME}invitations/{found.uid}/resend/")
    assert len(mail.outbox) == 1
    client.post(f"{HOME}invitations/{found.uid}/revoke/")
    assert Invitation.objects.get().revoked_at is not None
    assert "new@example.com" not in client.get(HOME).content.decode()
