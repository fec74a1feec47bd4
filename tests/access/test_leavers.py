"""Somebody leaves: from the first moment of the leaving day, where the company is, session, token and sign-in are refused.

Real requests; the control is a colleague who leaves on the day after, for whom everything still works.
"""

from __future__ import annotations

import datetime as dt

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.utils import timezone

from spm.access import services as access
from spm.access.models import Membership, Role
from spm.access.selectors import access_ended
from spm.calendars.selectors import tenant_date
from spm.people.errors import PeopleError
from spm.people.services import employee_leave
from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope
from tests.access.test_oidc import provider, sign_in, who  # noqa: F401 - the fixture
from tests.api.support import make_caller
from tests.support.factories import PASSWORD, make_member, make_payee, make_tenant, make_user

DAY = dt.timedelta(days=1)


class Person:
    """A rep with a browser session, an API token and a proved address."""

    def __init__(self, tenant: Tenant, name: str) -> None:
        self.tenant = tenant
        self.user = make_user(f"{name}@example.com")
        EmailAddress.objects.create(user=self.user, email=self.user.email, verified=True, primary=True)
        with tenant_scope(tenant.pk):
            self.payee = make_payee(name)
            make_member(make_user(), Role.TENANT_ADMIN)
        self.caller = make_caller(tenant, Role.REP, payee=self.payee, user=self.user)
        self.client = Client()
        self.client.force_login(self.user, backend="django.contrib.auth.backends.ModelBackend")

    def leave(self, day: dt.date) -> None:
        with tenant_scope(self.tenant.pk):
            employee_leave(payee=self.payee, day=day)

    def works(self) -> dict[str, bool]:
        """Which ways in are open: the session's page, the session in the API, the token, the password."""
        page = self.client.get(f"/t/{self.tenant.slug}/tokens/").status_code
        api = self.client.get(f"/api/v1/t/{self.tenant.slug}/me/").status_code
        token = self.caller.get("me/").status_code
        assert token in {200, 401}
        fresh = Client()
        fresh.post("/accounts/login/", {"login": self.user.email, "password": PASSWORD})
        return {"page": page == 200, "api": api == 200, "token": token == 200, "password": "_auth_user_id" in fresh.session}


OPEN = dict.fromkeys(("page", "api", "token", "password"), True)
SHUT = dict.fromkeys(OPEN, False)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Europe/Berlin", "Pacific/Pago_Pago"])
def test_everything_ends_when_the_day_begins_where_the_company_is(db, zone) -> None:
    tenant = make_tenant("acme", time_zone=zone)
    gone, stays = Person(tenant, "gone"), Person(tenant, "stays")
    assert (gone.works(), stays.works()) == (OPEN, OPEN)
    today = tenant_date(tenant=tenant, instant=timezone.now())
    gone.leave(today)
    stays.leave(today + DAY)
    assert (gone.works(), stays.works()) == (SHUT, OPEN)


def test_the_session_itself_dies_and_leads_to_the_entrance(tenant) -> None:
    person = Person(tenant, "gone")
    key = person.client.session.session_key
    person.leave(timezone.now().date() - DAY)
    assert person.client.get("/t/acme/").status_code == 404, "like a company that is not there"
    assert not Session.objects.filter(session_key=key).exists()
    assert person.client.get("/t/acme/").status_code == 302, "nobody is signed in any more"
    elsewhere = Person(tenant, "other")
    elsewhere.leave(timezone.now().date() - DAY)
    assert elsewhere.client.get("/tenants/").url.startswith("/accounts/login/")
    assert "_auth_user_id" not in elsewhere.client.session


def test_single_sign_on_is_refused_to_who_left_and_open_to_who_stays(tenant, provider) -> None:  # noqa: F811
    gone, stays = Person(tenant, "gone"), Person(tenant, "stays")
    for person in (gone, stays):
        assert who(sign_in(provider, sub=person.user.email, email=person.user.email, email_verified=True)) == person.user.email
    gone.leave(timezone.now().date() - DAY)
    client = sign_in(provider, sub=gone.user.email, email=gone.user.email, email_verified=True)
    assert who(client) is None
    assert "Your access has ended" in client.get("/accounts/login/").content.decode()
    assert who(sign_in(provider, sub=stays.user.email, email=stays.user.email, email_verified=True)) == stays.user.email


def test_who_works_for_another_company_too_keeps_that_one(tenant, other_tenant) -> None:
    person = Person(tenant, "both")
    with tenant_scope(other_tenant.pk):
        make_member(person.user, Role.AUDITOR)
    person.leave(timezone.now().date() - DAY)
    assert person.works() == {**SHUT, "password": True}
    assert person.client.get(f"/t/{other_tenant.slug}/tokens/").status_code == 200
    assert not access_ended(user=person.user)


def test_who_comes_back_signs_in_by_the_link_of_his_invitation_alone(tenant) -> None:
    person, other = Person(tenant, "back"), Person(tenant, "other")
    person.leave(timezone.now().date() - DAY)
    other.leave(timezone.now().date() - DAY)
    with tenant_scope(tenant.pk):
        access.invitation_create(email=person.user.email, roles=[Role.AUDITOR], base_url="http://testserver", actor_id=None)
    link = _link(person)
    wrong = Client()
    wrong.post(f"/accounts/login/?next={link}", {"login": other.user.email, "password": PASSWORD})
    assert "_auth_user_id" not in wrong.session, "the invitation is somebody else's"
    client = Client()
    assert client.post(f"/accounts/login/?next={link}", {"login": person.user.email, "password": PASSWORD}).url == link
    assert client.post(link).url == "/t/acme/"
    with tenant_scope(tenant.pk):
        assert Membership.objects.get(user=person.user).ended_at is None
    assert client.get("/t/acme/tokens/").status_code == 200


def _link(person: Person) -> str:
    """The link that was mailed; made anew, because a mail goes out after the commit only."""
    from spm.access.links import link_make
    from spm.access.models import Invitation

    assert mail.outbox == []
    with tenant_scope(person.tenant.pk):
        found = Invitation.objects.get(email=person.user.email)
        token = link_make(purpose="invitation", tenant_id=person.tenant.pk, object_uid=found.uid, expires_at=found.expires_at)
    return f"/invitations/{token}/"


def test_the_last_admin_does_not_leave_and_nothing_of_it_is_kept(tenant) -> None:
    with tenant_scope(tenant.pk):
        payee = make_payee("Only")
        membership = make_member(make_user(), Role.TENANT_ADMIN, payee=payee)
        with pytest.raises(PeopleError, match="last tenant admin"):
            employee_leave(payee=payee, day=timezone.now().date())
        membership.refresh_from_db()
        assert membership.ended_at is None
