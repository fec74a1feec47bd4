"""Addresses of incentives' API, below /api/v1/t/SLUG/."""

from django.urls import path

from incentives.api import adjustments, closing, comparisons, holds, late, performance, plans, runs, statement_files, statements

urlpatterns = [
    path("plans/", plans.PlanList.as_view(), name="api-plans"),
    path("plans/<uuid:uid>/", plans.PlanDetail.as_view(), name="api-plan"),
    path("plans/<uuid:uid>/versions/", plans.VersionList.as_view(), name="api-plan-versions"),
    path("plans/<uuid:uid>/enrol/", plans.PlanEnrol.as_view(), name="api-plan-enrol"),
    path("plan-check/", plans.PlanCheck.as_view(), name="api-plan-check"),
    path("plan-versions/<uuid:uid>/", plans.VersionDetail.as_view(), name="api-plan-version"),
    path("plan-versions/<uuid:uid>/activate/", plans.VersionActivate.as_view(), name="api-plan-version-activate"),
    path("plan-versions/<uuid:uid>/retire/", plans.VersionRetire.as_view(), name="api-plan-version-retire"),
    path("plan-comparisons/", comparisons.ComparisonList.as_view(), name="api-plan-comparisons"),
    path("plan-comparisons/<uuid:uid>/", comparisons.ComparisonDetail.as_view(), name="api-plan-comparison"),
    path("plan-assignments/", plans.EnrolmentList.as_view(), name="api-plan-assignments"),
    path("holds/", holds.HoldList.as_view(), name="api-holds"),
    path("holds/<uuid:uid>/", holds.HoldDetail.as_view(), name="api-hold"),
    path("holds/<uuid:uid>/lift/", holds.HoldLift.as_view(), name="api-hold-lift"),
    path("period-states/<uuid:period>/", closing.PeriodStates.as_view(), name="api-period-states"),
    path("period-states/<uuid:period>/move/", closing.PeriodMove.as_view(), name="api-period-states-move"),
    path("period-states/<uuid:period>/decide/", closing.PeriodDecide.as_view(), name="api-period-states-decide"),
    path("statements/<uuid:uid>/hold/", closing.StatementHold.as_view(), name="api-statement-hold"),
    path("statements/<uuid:uid>/release/", closing.StatementRelease.as_view(), name="api-statement-release"),
    path("runs/", runs.RunList.as_view(), name="api-runs"),
    path("runs/<uuid:uid>/", runs.RunDetail.as_view(), name="api-run"),
    path("runs/<uuid:uid>/postings/", runs.RunPostings.as_view(), name="api-run-postings"),
    path("runs/<uuid:uid>/diff/", runs.RunChanges.as_view(), name="api-run-diff"),
    path("runs/<uuid:uid>/exclusions/", runs.RunExclusions.as_view(), name="api-run-exclusions"),
    path("payees/<uuid:uid>/statements/", statements.StatementList.as_view(), name="api-statements"),
    path("payees/<uuid:uid>/statements/<uuid:period>/", statements.StatementDetail.as_view(), name="api-statement"),
    path("payees/<uuid:uid>/statements/<uuid:period>/pdf/", statement_files.StatementPdf.as_view(), name="api-statement-pdf"),
    path("payees/<uuid:uid>/statements/<uuid:period>/xlsx/", statement_files.StatementXlsx.as_view(), name="api-statement-xlsx"),
    path("payees/<uuid:uid>/statements/<uuid:period>/late/", late.StatementLate.as_view(), name="api-statement-late"),
    path("payees/<uuid:uid>/statements/<uuid:period>/changes/", late.StatementChanges.as_view(), name="api-statement-changes"),
    path("payees/<uuid:uid>/adjustments/", adjustments.AdjustmentPost.as_view(), name="api-adjustments"),
    path("payees/<uuid:uid>/traces/<uuid:period>/", statements.Trace.as_view(), name="api-trace"),
    path("payees/<uuid:uid>/scorecard/", performance.PayeeScorecard.as_view(), name="api-scorecard"),
    path("team/<uuid:period>/", performance.Team.as_view(), name="api-team"),
    path("issues/", runs.IssueList.as_view(), name="api-issues"),
    path("uncredited-orders/", runs.UncreditedList.as_view(), name="api-uncredited-orders"),
]
