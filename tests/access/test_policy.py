"""The policy table: what each role may do, which duties are kept apart, and that both guards enforce it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import RequestFactory
from django.views import View
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from spm.access.guards import Requires, requires, requires_api
from spm.access.models import Role
from spm.access.policy import POLICY, PermissionUnknown, conflicts_of, permissions_of, permitted, refused_together


def member(*roles: str) -> SimpleNamespace:
    return SimpleNamespace(role_names=frozenset(roles))


def test_an_auditor_reads_everything_and_writes_nothing() -> None:
    reads = {p for p in POLICY if p.rsplit(".", 1)[1].startswith("read")}
    writes = {
        p
        for p in POLICY
        if p.rsplit(".", 1)[1] in {"write", "approve", "start", "adjust", "erase", "export", "settings", "write_terms", "file", "pass", "resolve"}
    }
    held = permissions_of({Role.AUDITOR})
    assert reads <= held
    assert held & writes == set()


def test_a_rep_has_his_own_desk_and_nothing_else() -> None:
    assert permissions_of({Role.REP}) == {"tenant.enter", "pay.read_own", "disputes.file"}


def test_only_finance_approves_pay_and_it_calculates_none() -> None:
    assert {r for r in Role if permitted({r}, "pay.approve")} == {Role.FINANCE}
    assert not permitted({Role.FINANCE}, "runs.start")
    assert not permitted({Role.FINANCE}, "plans.write")


def test_who_gives_access_sees_no_pay() -> None:
    assert not permissions_of({Role.TENANT_ADMIN}) & {"pay.read_all", "pay.read_team", "people.read_terms"}


def test_no_roles_no_permission() -> None:
    assert permissions_of(set()) == frozenset()


def test_duties_that_must_be_apart_are_named_and_the_hard_pair_is_refused() -> None:
    assert refused_together({Role.COMP_ADMIN, Role.FINANCE}) is not None
    assert refused_together({Role.TENANT_ADMIN, Role.FINANCE}) is None
    assert len(conflicts_of({Role.TENANT_ADMIN, Role.FINANCE})) == 1
    assert conflicts_of({Role.REP, Role.MANAGER}) == []


def test_a_misspelt_permission_is_an_error_not_a_refusal() -> None:
    with pytest.raises(PermissionUnknown, match=r"plans\.reed"):
        requires("plans.reed")
    with pytest.raises(PermissionUnknown):
        requires_api("plans.reed")


@requires("plans.read", write="plans.write")
def a_function(request):
    return HttpResponse("ok")


class AClass(Requires, View):
    permission = "plans.read"
    write_permission = "plans.write"

    def get(self, request):
        return HttpResponse("ok")

    post = get


class AnApi(APIView):
    authentication_classes = ()
    permission_classes = (requires_api("plans.read", write="plans.write"),)

    def get(self, request):
        return Response("ok")

    post = get


CASES = [("get", Role.AUDITOR, True), ("get", Role.REP, False), ("post", Role.AUDITOR, False), ("post", Role.COMP_ADMIN, True), ("get", None, False)]


@pytest.mark.parametrize(("method", "role", "allowed"), CASES)
@pytest.mark.parametrize("view", [a_function, AClass.as_view()], ids=["function", "class"])
def test_both_view_guards_enforce_the_table(view, method: str, role: str | None, allowed: bool) -> None:
    request = getattr(RequestFactory(), method)("/")
    request.membership = member(role) if role else None
    if allowed:
        assert view(request).status_code == 200
    else:
        with pytest.raises(PermissionDenied):
            view(request)


@pytest.mark.parametrize(("method", "role", "allowed"), CASES)
def test_the_api_guard_enforces_the_same_table(method: str, role: str | None, allowed: bool) -> None:
    request = getattr(APIRequestFactory(), method)("/")
    request.membership = member(role) if role else None
    assert (AnApi.as_view()(request).status_code == 200) is allowed


def test_a_token_cannot_do_more_than_its_own_scope() -> None:
    request = RequestFactory().get("/")
    request.membership = member(Role.COMP_ADMIN)
    request.auth = SimpleNamespace(allows=lambda permission: permission == "sales.read")
    with pytest.raises(PermissionDenied):
        a_function(request)
