"""Addresses. Tenant pages live under /t/SLUG/, the API under /api/v1/."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from spm.access.views.entrance import language_set


def healthz(request: HttpRequest) -> HttpResponse:
    """Liveness of the web process: answers when the database answers."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("i18n/setlang/", language_set, name="set_language"),
    path("accounts/", include("allauth.urls")),
    path("t/<slug:slug>/", include("spm.people.urls")),
    path("t/<slug:slug>/", include("spm.calendars.urls")),
    path("t/<slug:slug>/", include("spm.currencies.urls")),
    path("t/<slug:slug>/", include("spm.api.page_urls")),
    path("t/<slug:slug>/", include("incentives.urls")),
    path("t/<slug:slug>/", include("analytics.urls")),
    path("t/<slug:slug>/", include("spm.imports.urls")),
    path("api/v1/", include("spm.api.urls")),
    path("", include("spm.ui.urls")),
    path("", include("spm.access.urls")),
]
