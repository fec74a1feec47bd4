"""Sign-in: lockout by axes through allauth's form, TOTP with its own limit, reset mail, the front door, the operator."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal import auth as totp
from django.core import mail
from django.core.cache import cache
from django.test import Client

from spm.access.models import Role, User
from spm.tenancy.scope import tenant_scope
from tests.support.factories import PASSWORD, make_member, make_user

LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def fresh_limits():
    cache.clear()


@pytest.fixture
def user(db):
    made = make_user("anna@example.com")
    EmailAddress.objects.create(user=made, email=made.email, verified=True, primary=True)
    return made


def attempt(password: str, email: str = "anna@example.com", client: Client | None = None, **extra: str):
    return (client or Client()).post(LOGIN, {"login": email, "password": password}, **extra)


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_the_right_password_signs_in(user):
    client = Client()
    assert attempt(PASSWORD, client=client).status_code == 302
    assert signed_in(client)


def test_eight_wrong_passwords_lock_and_then_the_right_one_is_refused(user):
    answers = [attempt("wrong").status_code for _ in range(8)]
    assert answers[:7] == [200] * 7
    assert answers[7] == 429
    client = Client()
    refused = attempt(PASSWORD, client=client)
    assert refused.status_code == 429
    assert "Too many attempts" in refused.content.decode()
    assert not signed_in(client)


def test_seven_wrong_passwords_do_not_lock(user):
    """Negative control of the lock: it is the eighth that closes."""
    for _ in range(7):
        attempt("wrong")
    assert attempt(PASSWORD).status_code == 302


def test_the_lock_is_for_one_address_whatever_its_case_and_not_for_the_next_person(user):
    make_user("ben@example.com")
    for n in range(8):
        attempt("wrong", email="Anna@Example.com" if n % 2 else "anna@example.com")
    assert attempt(PASSWORD).status_code == 429
    assert attempt(PASSWORD, email="ben@example.com").status_code == 302


def test_an_address_without_an_account_is_answered_like_one_with(user):
    known, unknown = attempt("wrong"), attempt("wrong", email="nobody@example.com")
    clean = lambda answer: re.sub(r'value="[^"]*"|"X-CSRFToken": "[^"]*"', "", answer.content.decode())  # noqa: E731
    assert clean(known) == clean(unknown)
    for _ in range(8):
        last = attempt("wrong", email="nobody@example.com")
    assert last.status_code == 429


@pytest.fixture
def second_factor(user):
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(user, secret)
    return secret


def test_totp_is_asked_after_the_password_and_a_right_code_signs_in(user, second_factor):
    client = Client()
    assert attempt(PASSWORD, client=client).url == "/accounts/2fa/authenticate/"
    assert not signed_in(client)
    code = totp.format_hotp_value(totp.hotp_value(second_factor, next(iter(totp.yield_hotp_counters_from_time()))))
    assert client.post("/accounts/2fa/authenticate/", {"code": code}).status_code == 302
    assert signed_in(client)


def test_guessing_the_code_is_limited_and_then_the_right_code_is_refused(user, second_factor):
    client = Client()
    attempt(PASSWORD, client=client)
    for _ in range(5):
        client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    code = totp.format_hotp_value(totp.hotp_value(second_factor, next(iter(totp.yield_hotp_counters_from_time()))))
    assert client.post("/accounts/2fa/authenticate/", {"code": code}).status_code == 200
    assert not signed_in(client)


def test_a_reset_link_comes_by_mail_in_the_persons_language_and_sets_a_new_password(user):
    User.objects.filter(pk=user.pk).update(language="ru")
    Client().post("/accounts/password/reset/", {"email": "anna@example.com"})
    assert re.search("[а-яА-Я]", mail.outbox[-1].subject)
    path = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", mail.outbox[-1].body)[1]
    client = Client()
    form = client.get(path, follow=True)
    client.post(form.redirect_chain[-1][0], {"password1": "a brand new passphrase", "password2": "a brand new passphrase"})
    assert User.objects.get(pk=user.pk).check_password("a brand new passphrase")
    assert not User.objects.get(pk=user.pk).check_password(PASSWORD)


def test_nobody_signs_up_by_himself(db):
    client = Client()
    client.post("/accounts/signup/", {"email": "me@example.com", "password1": "a long enough passphrase", "password2": "a long enough passphrase"})
    assert not User.objects.filter(email="me@example.com").exists()


def test_the_front_door_leads_where_the_person_belongs(tenant, other_tenant):
    client, user = Client(), make_user()
    assert client.get("/").url == "/accounts/login/?next=/"
    client.force_login(user)
    assert client.get("/").url == "/tenants/"
    assert "in no company yet" in client.get("/tenants/").content.decode()
    with tenant_scope(tenant.pk):
        make_member(user, Role.AUDITOR)
    assert client.get("/").url == "/t/acme/"
    with tenant_scope(other_tenant.pk):
        make_member(user, Role.REP)
    assert client.get("/").url == "/tenants/"
    page = client.get("/tenants/").content.decode()
    assert "/t/acme/" in page
    assert "/t/globex/" in page


def test_the_home_of_a_company_is_the_first_page_of_the_persons_navigation(tenant):
    client, user = Client(), make_user()
    with tenant_scope(tenant.pk):
        make_member(user, Role.TENANT_ADMIN)
    client.force_login(user)
    assert client.get("/t/acme/").url.startswith("/t/acme/")


def test_the_operator_sees_companies_and_enters_none(tenant):
    operator, client = User.objects.create_superuser("op@example.com", PASSWORD), Client()
    client.force_login(operator)
    assert client.get("/").url == "/operator/"
    page = client.get("/operator/").content.decode()
    assert "Acme" in page
    assert client.get("/t/acme/access/").status_code == 404
    client.force_login(make_user())
    assert client.get("/operator/").status_code == 404


def test_the_operators_page_shows_no_row_of_a_company(tenant):
    from tests.support.factories import make_payee

    with tenant_scope(tenant.pk):
        make_payee("Ludwig Wittgenstein", external_id="SECRET-77")
        make_member(make_user("ludwig@example.com"), Role.REP)
    client = Client()
    client.force_login(User.objects.create_superuser("op@example.com", PASSWORD))
    page = client.get("/operator/").content.decode()
    assert not [word for word in ("Ludwig", "ludwig", "SECRET-77") if word in page]


def test_the_language_is_kept_with_the_account_and_goes_before_the_browsers(user):
    client = Client()
    client.force_login(user)
    client.post("/i18n/setlang/", {"language": "ru", "next": "/tenants/"})
    other = Client(headers={"accept-language": "en"})
    other.force_login(User.objects.get(pk=user.pk))
    assert 'lang="ru"' in other.get("/tenants/").content.decode()
    client.post("/i18n/setlang/", {"language": "tlh"})
    assert User.objects.get(pk=user.pk).language == "ru"


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(user):
    client = Client()
    cookie = attempt(PASSWORD, client=client).cookies["sessionid"]
    assert (bool(cookie["httponly"]), cookie["samesite"]) == (True, "Lax")
    assert client.session.get_expiry_age() <= 12 * 3600
