"""The command that makes a token: what it prints works, and it says what is wrong."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from spm.access.models import Role
from tests.api.support import make_caller


def test_the_printed_token_works(tenant) -> None:
    member = make_caller(tenant, Role.AUDITOR)
    out = io.StringIO()
    call_command("api_token", tenant.slug, member.user.email.upper(), "--scope", "audit:read", stdout=out)
    answer = Client(headers={"Authorization": f"Bearer {out.getvalue().strip()}"}).get(f"/api/v1/t/{tenant.slug}/audit/")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("slug", "email", "days", "says"), [("none", None, "9", "no company"), ("acme", "x@y.z", "9", "not a member"), ("acme", None, "999", "366")]
)
def test_it_says_what_is_wrong(tenant, slug, email, days, says) -> None:
    member = make_caller(tenant, Role.AUDITOR)
    with pytest.raises(CommandError, match=says):
        call_command("api_token", slug, email or member.user.email, "--scope", "audit:read", "--days", days)
