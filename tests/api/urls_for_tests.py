"""The product's addresses and one write of the tests' own, so that rules of all writes are tested on a known one."""

from django.urls import include, path

from spm.urls import urlpatterns as product


def _make_team(request, **kwargs):
    from tests.api.test_idempotency import MakeTeam

    return MakeTeam.as_view()(request, **kwargs)


urlpatterns = [path("api/v1/t/<slug:slug>/test-teams/", _make_team), path("", include(product))]
