"""Addresses of the API. Other apps add theirs here by including their own api/urls.py."""

from __future__ import annotations

from django.urls import path, re_path
from drf_spectacular.views import SpectacularAPIView

from spm.api.resources import calendars, me, tokens
from spm.api.unknown import UnknownAddress

T = "t/<slug:slug>/"

urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(authentication_classes=[], permission_classes=[]), name="api-schema"),
    path("me/", me.Me.as_view(), name="api-me"),
    path(f"{T}me/", me.TenantMe.as_view(), name="api-tenant-me"),
    path(f"{T}tokens/", tokens.TokenList.as_view(), name="api-tokens"),
    path(f"{T}tokens/<uuid:uid>/", tokens.TokenDetail.as_view(), name="api-token"),
    path(f"{T}calendars/", calendars.CalendarList.as_view(), name="api-calendars"),
    path(f"{T}calendars/<uuid:uid>/", calendars.CalendarDetail.as_view(), name="api-calendar"),
    path(f"{T}periods/", calendars.PeriodList.as_view(), name="api-periods"),
    # Last: an address that nothing else takes is answered in the API's own shape.
    re_path(r"^.*$", UnknownAddress.as_view(), name="api-unknown"),
]
