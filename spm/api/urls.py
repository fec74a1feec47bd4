"""Addresses of the API. Other apps add theirs here by including their own api/urls.py."""

from __future__ import annotations

from django.urls import include, path, re_path

from spm.api.described import SchemaView
from spm.api.docs import docs
from spm.api.resources import audit, calendars, fx, jobs, me, people, sales, tokens
from spm.api.unknown import UnknownAddress

T = "t/<slug:slug>/"

urlpatterns = [
    path("schema/", SchemaView.as_view(), name="api-schema"),
    path("docs/", docs, name="api-docs"),
    path("me/", me.Me.as_view(), name="api-me"),
    path(f"{T}me/", me.TenantMe.as_view(), name="api-tenant-me"),
    path(f"{T}tokens/", tokens.TokenList.as_view(), name="api-tokens"),
    path(f"{T}tokens/<uuid:uid>/", tokens.TokenDetail.as_view(), name="api-token"),
    path(f"{T}calendars/", calendars.CalendarList.as_view(), name="api-calendars"),
    path(f"{T}calendars/<uuid:uid>/", calendars.CalendarDetail.as_view(), name="api-calendar"),
    path(f"{T}periods/", calendars.PeriodList.as_view(), name="api-periods"),
    path(f"{T}fx-rates/", fx.FxRateList.as_view(), name="api-fx-rates"),
    path(f"{T}jobs/", jobs.JobList.as_view(), name="api-jobs"),
    path(f"{T}jobs/<uuid:uid>/", jobs.JobDetail.as_view(), name="api-job"),
    path(f"{T}jobs/<uuid:uid>/cancel/", jobs.JobCancel.as_view(), name="api-job-cancel"),
    path(f"{T}jobs/<uuid:uid>/retry/", jobs.JobRetry.as_view(), name="api-job-retry"),
    path(f"{T}audit/", audit.AuditList.as_view(), name="api-audit"),
    path(f"{T}payees/", people.PayeeList.as_view(), name="api-payees"),
    path(f"{T}payees/<uuid:uid>/", people.PayeeDetail.as_view(), name="api-payee"),
    path(f"{T}positions/", people.PositionList.as_view(), name="api-positions"),
    path(f"{T}assignments/", people.AssignmentList.as_view(), name="api-assignments"),
    path(f"{T}reporting-lines/", people.ReportingLineList.as_view(), name="api-reporting-lines"),
    path(f"{T}pay-terms/", people.PayTermsList.as_view(), name="api-pay-terms"),
    *sales.urlpatterns,
    # Higher apps: named here as text, because the kernel does not import them.
    path(T, include("planning.api.urls")),
    path(T, include("incentives.api.urls")),
    # Last: an address that nothing else takes is answered in the API's own shape.
    re_path(r"^.*$", UnknownAddress.as_view(), name="api-unknown"),
]
