"""Addresses of the API. Other apps add theirs here by including their own api/urls.py."""

from __future__ import annotations

from django.urls import include, path, re_path

from spm.api.described import SchemaView
from spm.api.docs import docs
from spm.api.resources import audit, calendars, categories, fx, holidays, hr_feed, imports, jobs, me, members, people, people_acts, sales, teams, tokens
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
    path(f"{T}calendars/preview/", calendars.CalendarPreview.as_view(), name="api-calendar-preview"),
    path(f"{T}calendars/<uuid:uid>/extend/", calendars.CalendarExtend.as_view(), name="api-calendar-extend"),
    path(f"{T}calendars/<uuid:uid>/default/", calendars.CalendarDefault.as_view(), name="api-calendar-default"),
    path(f"{T}calendars/<uuid:uid>/", calendars.CalendarDetail.as_view(), name="api-calendar"),
    path(f"{T}holidays/", holidays.HolidayList.as_view(), name="api-holidays"),
    path(f"{T}holidays/remove/", holidays.HolidayRemove.as_view(), name="api-holiday-remove"),
    path(f"{T}periods/", calendars.PeriodList.as_view(), name="api-periods"),
    path(f"{T}categories/", categories.CategoryList.as_view(), name="api-categories"),
    path(f"{T}categories/set/", categories.CategorySet.as_view(), name="api-category-set"),
    path(f"{T}categories/end/", categories.CategoryEnd.as_view(), name="api-category-end"),
    path(f"{T}fx-rates/", fx.FxRateList.as_view(), name="api-fx-rates"),
    path(f"{T}fx-rates/end/", fx.FxRateEnd.as_view(), name="api-fx-rate-end"),
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
    path(f"{T}relations/", people.RelationList.as_view(), name="api-relations"),
    path(f"{T}relations/set/", people_acts.RelationSet.as_view(), name="api-relation-set"),
    path(f"{T}pay-terms/", people.PayTermsList.as_view(), name="api-pay-terms"),
    path(f"{T}hr-feed/preview/", hr_feed.FeedPreview.as_view(), name="api-hr-feed-preview"),
    path(f"{T}hr-feed/apply/", hr_feed.FeedApply.as_view(), name="api-hr-feed-apply"),
    path(f"{T}payees/new/", people_acts.PayeeCreate.as_view(), name="api-payee-create"),
    path(f"{T}payees/<uuid:uid>/person/", people_acts.PersonUpdate.as_view(), name="api-payee-person"),
    path(f"{T}payees/<uuid:uid>/leave/", people_acts.Leave.as_view(), name="api-payee-leave"),
    path(f"{T}payees/<uuid:uid>/absence/", people_acts.Absence.as_view(), name="api-payee-absence"),
    path(f"{T}payees/<uuid:uid>/move/", people_acts.Move.as_view(), name="api-payee-move"),
    path(f"{T}payees/<uuid:uid>/erase/", people_acts.Erase.as_view(), name="api-payee-erase"),
    path(f"{T}positions/new/", people_acts.PositionCreate.as_view(), name="api-position-create"),
    path(f"{T}positions/<uuid:uid>/", people_acts.PositionUpdate.as_view(), name="api-position"),
    path(f"{T}teams/", teams.TeamList.as_view(), name="api-teams"),
    path(f"{T}teams/<uuid:uid>/", teams.TeamDetail.as_view(), name="api-team-detail"),
    path(f"{T}team-members/", teams.TeamMemberList.as_view(), name="api-team-members"),
    path(f"{T}team-members/set/", teams.TeamMemberSet.as_view(), name="api-team-member-set"),
    path(f"{T}assignments/end/", people_acts.AssignmentEnd.as_view(), name="api-assignment-end"),
    path(f"{T}reporting-lines/set/", people_acts.ReportingLineSet.as_view(), name="api-reporting-line-set"),
    path(f"{T}assignments/start/", people_acts.AssignmentStart.as_view(), name="api-assignment-start"),
    path(f"{T}pay-terms/set/", people_acts.PayTermsSet.as_view(), name="api-pay-terms-set"),
    path(f"{T}members/", members.MemberList.as_view(), name="api-members"),
    path(f"{T}members/<uuid:uid>/", members.MemberDetail.as_view(), name="api-member"),
    path(f"{T}members/<uuid:uid>/roles/", members.MemberRoles.as_view(), name="api-member-roles"),
    path(f"{T}members/<uuid:uid>/end/", members.MemberEnd.as_view(), name="api-member-end"),
    path(f"{T}invitations/", members.InvitationList.as_view(), name="api-invitations"),
    path(f"{T}invitations/<uuid:uid>/resend/", members.InvitationResend.as_view(), name="api-invitation-resend"),
    path(f"{T}invitations/<uuid:uid>/revoke/", members.InvitationRevoke.as_view(), name="api-invitation-revoke"),
    path(f"{T}permissions/", members.Permissions.as_view(), name="api-permissions"),
    *sales.urlpatterns,
    *imports.urlpatterns,
    # Higher apps: named here as text, because the kernel does not import them.
    path(T, include("planning.api.urls")),
    path(T, include("incentives.api.urls")),
    # Last: an address that nothing else takes is answered in the API's own shape.
    re_path(r"^.*$", UnknownAddress.as_view(), name="api-unknown"),
]
