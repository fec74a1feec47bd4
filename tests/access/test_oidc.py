"""Single sign-on against a real provider over HTTP: it reaches accounts that exist, by an address that the provider has verified."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from spm.access.models import User
from tests.support.factories import make_user


class Provider(ThreadingHTTPServer):
    """Discovery, token and user info of an OpenID Connect provider; `claims` is who signs in."""

    claims: dict

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Provider

    def log_message(self, *args: object) -> None:
        pass

    def _answer(self, data: dict) -> None:
        body = json.dumps(data).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        if self.path.endswith("/.well-known/openid-configuration"):
            base = self.server.url
            self._answer({
                "issuer": base, "authorization_endpoint": f"{base}/authorize", "token_endpoint": f"{base}/token",
                "userinfo_endpoint": f"{base}/userinfo", "jwks_uri": f"{base}/jwks", "token_endpoint_auth_methods_supported": ["client_secret_post"],
            })  # fmt: skip
        else:
            self._answer(self.server.claims)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer({"access_token": "token", "token_type": "Bearer", "expires_in": 300})


@pytest.fixture
def provider(settings) -> Iterator[Provider]:
    running = Provider(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    app = {"provider_id": "sso", "name": "Company", "client_id": "spm", "secret": "s", "settings": {"server_url": running.url}}
    given = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {**given, "APPS": [app]}}
    yield running
    running.shutdown()
    running.server_close()


def sign_in(provider: Provider, **claims: object) -> Client:
    """A browser sent to the provider and back with the state that it was given."""
    provider.claims = {"sub": "subject-1", **claims}
    client = Client()
    sent = client.post("/accounts/oidc/sso/login/")
    assert sent.url.startswith(f"{provider.url}/authorize")
    state = parse_qs(urlsplit(sent.url).query)["state"][0]
    client.get("/accounts/oidc/sso/login/callback/", {"code": "code", "state": state})
    return client


def who(client: Client) -> str | None:
    pk = client.session.get("_auth_user_id")
    return User.objects.get(pk=pk).email if pk else None


@pytest.fixture
def anna(db) -> User:
    user = make_user("anna@example.com")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def test_a_verified_address_signs_in_to_the_account_that_has_it(provider, anna):
    assert who(sign_in(provider, email="anna@example.com", email_verified=True)) == "anna@example.com"


def test_an_address_that_the_provider_has_not_verified_opens_nothing(provider, anna):
    assert who(sign_in(provider, email="anna@example.com", email_verified=False)) is None
    assert who(sign_in(provider, email="anna@example.com")) is None


def test_an_address_without_an_account_makes_none(provider, anna):
    assert who(sign_in(provider, email="stranger@example.com", email_verified=True)) is None
    assert not User.objects.filter(email="stranger@example.com").exists()
    assert SocialAccount.objects.count() == 0


def test_without_settings_there_is_no_single_sign_on(db):
    assert Client().post("/accounts/oidc/sso/login/").status_code == 404
