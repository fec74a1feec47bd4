"""A NUL character anywhere in a request: a clear 400 (or the 404 of what cannot be there), never 500, and nothing written."""

from __future__ import annotations

import pytest
from django.test import Client

from spm.access.models import Membership, Role
from spm.api.described import api_schema
from spm.api.schema import NO_NUL
from spm.tenancy.scope import tenant_scope
from spm.ui.nul import nul_fault
from tests.api.support import make_caller

NUL = "a\x00b"


def _texts() -> list[tuple[str, str]]:
    """(address, parameter) of every free text in the query of every operation, read from the schema."""
    return [
        (path, parameter["name"])
        for path, methods in api_schema()["paths"].items()
        for operation in methods.values()
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "query" and parameter["schema"].get("type") == "string" and not parameter["schema"].keys() & {"format", "enum"}
    ]


def test_the_schema_excludes_nul_from_every_free_text_of_a_query() -> None:
    found = [
        parameter
        for methods in api_schema()["paths"].values()
        for operation in methods.values()
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "query" and parameter["schema"].get("type") == "string" and not parameter["schema"].keys() & {"format", "enum"}
    ]
    assert len(found) > 20
    assert [p["name"] for p in found if p["schema"].get("pattern") != NO_NUL] == []


@pytest.mark.parametrize(("path", "name"), sorted({(path, name) for path, name in _texts() if path.count("{") == 1}))
def test_a_list_answers_400_to_a_nul_in_each_of_its_texts(tenant, path, name) -> None:
    answer = make_caller(tenant, *Role.values).get(path.replace("{slug}", tenant.slug), **{name: NUL})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, name)


def test_a_nul_in_the_address_of_an_object_is_no_crash(tenant) -> None:
    answer = make_caller(tenant, *Role.values).get("orders/crm/a%00b/")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


@pytest.mark.parametrize("path", ["people/", "positions/", "positions/?view=list", "teams/", "fx-rates/", "access/", "imports/"])
def test_a_page_answers_400_with_a_sentence_to_a_nul_in_its_filters(tenant, path) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(make_caller(tenant, *Role.values).user)
    joined = "&" if "?" in path else "?"
    assert client.get(f"/t/acme/{path}{joined}q=ab").status_code == 200
    answer = client.get(f"/t/acme/{path}{joined}q=a%00b")
    assert (answer.status_code, "NUL character" in answer.content.decode()) == (400, True)


def test_a_nul_that_a_form_carries_to_the_database_is_refused_and_rolled_back(tenant) -> None:
    """The reason of this form goes to the audit log unread by any form class."""
    admin, other = make_caller(tenant, Role.TENANT_ADMIN), make_caller(tenant, Role.REP)
    client = Client(raise_request_exception=False)
    client.force_login(admin.user)
    answer = client.post(f"/t/acme/access/members/{other.membership.uid}/end/", {"end-reason": NUL})
    assert (answer.status_code, "NUL character" in answer.content.decode()) == (400, True)
    with tenant_scope(tenant.pk):
        assert Membership.objects.get(pk=other.membership.pk).ended_at is None


@pytest.mark.parametrize(("error", "is_nul"), [(ValueError("A string literal cannot contain NUL (0x00) characters."), True), (ValueError("x"), False)])
def test_only_the_drivers_words_about_nul_are_taken_for_one(error, is_nul) -> None:
    assert nul_fault(error) is is_nul
