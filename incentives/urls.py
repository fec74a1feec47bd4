"""Addresses of the compensation admin's pages, below /t/SLUG/."""

from django.urls import path

from incentives.pages import comparisons, holds, overrides, parallel, plans, rollforward, runs

urlpatterns = [
    path("plans/", plans.plan_list, name="plans"),
    path("plans/new/", plans.plan_new, name="plan-new"),
    path("plans/comparisons/", comparisons.comparisons, name="plan-comparisons"),
    path("plans/comparisons/start/", comparisons.comparison_ask, name="plan-comparison-start"),
    path("plans/comparisons/<uuid:uid>/", comparisons.comparison, name="plan-comparison"),
    path("plans/comparisons/<uuid:uid>/job/", comparisons.comparison_job, name="plan-comparison-job"),
    path("plans/comparisons/<uuid:uid>/people.csv", comparisons.comparison_csv, name="plan-comparison-csv"),
    path("plans/next-year/", rollforward.rollforward_list, name="rollforwards"),
    path("plans/next-year/new/", rollforward.rollforward_new, name="rollforward-new"),
    path("plans/next-year/<uuid:yearrollforward_uid>/", rollforward.rollforward, name="rollforward"),
    path("plans/next-year/<uuid:yearrollforward_uid>/confirm/", rollforward.rollforward_make, name="rollforward-confirm"),
    path("plans/next-year/<uuid:yearrollforward_uid>/undo/", rollforward.rollforward_back, name="rollforward-undo"),
    path("plans/<uuid:uid>/", plans.plan_latest, name="plan"),
    path("plans/<uuid:uid>/<int:number>/", plans.plan_version, name="plan-version"),
    path("plans/<uuid:uid>/<int:number>/save/", plans.plan_save, name="plan-save"),
    path("plans/<uuid:uid>/<int:number>/form/", plans.plan_form, name="plan-form"),
    path("plans/<uuid:uid>/<int:number>/activate/", plans.plan_activate, name="plan-activate"),
    path("holds/", holds.holds, name="holds"),
    path("holds/results/", overrides.results_set, name="results-set"),
    path("holds/results/new/", overrides.result_set_new, name="result-set-new"),
    path("holds/results/<uuid:resultoverride_uid>/back/", overrides.result_set_back, name="result-set-back"),
    path("holds/new/", holds.hold_new, name="hold-new"),
    path("holds/<uuid:hold_uid>/lift/", holds.hold_release, name="hold-lift"),
    path("runs/", runs.run_list, name="runs"),
    path("runs/parallel/", parallel.parallel_list, name="parallel-runs"),
    path("runs/parallel/new/", parallel.parallel_new, name="parallel-new"),
    path("runs/parallel/<uuid:parallelrun_uid>/", parallel.parallel_run, name="parallel-run"),
    path("runs/parallel/<uuid:parallelrun_uid>/again/", parallel.parallel_repeat, name="parallel-repeat"),
    path("runs/parallel/<uuid:parallelrun_uid>/cells.csv", parallel.parallel_csv, name="parallel-csv"),
    path("runs/parallel/<uuid:parallelrun_uid>/cells.xlsx", parallel.parallel_workbook, name="parallel-xlsx"),
    path("runs/start/", runs.run_start, name="run-start"),
    path("runs/jobs/<uuid:uid>/", runs.run_job, name="run-job"),
    path("runs/jobs/<uuid:uid>/follow/", runs.run_follow, name="run-follow"),
    path("runs/one/<uuid:payee_uid>/", runs.run_start_payee, name="run-start-payee"),
    path("runs/jobs/<uuid:uid>/cancel/", runs.run_cancel, name="run-cancel"),
    path("runs/<uuid:uid>/", runs.run_page, name="run"),
]
