"""Which operation does what a page does: each view under /t/SLUG/ and method, with the operations that do the same.

A test walks the URL configuration: a page without an entry here, or an operation that is not in the schema, fails it.
"""

from __future__ import annotations

# (name of the page, method): operation ids.
PAGE_ACTIONS: dict[tuple[str, str], tuple[str, ...]] = {
    ("tenant-home", "GET"): ("tenant_me",),
    # Rep and manager
    ("scorecard", "GET"): ("scorecards_get", "periods_list"),
    ("scorecard-of", "GET"): ("scorecards_get", "payees_get"),
    ("statement-mine", "GET"): ("statements_list", "statements_get"),
    ("statement", "GET"): ("statements_get", "statements_list"),
    ("statement-csv", "GET"): ("statements_get", "traces_get"),
    ("statement-component", "GET"): ("traces_get",),
    ("statement-line", "GET"): ("traces_get", "orders_get"),
    ("team", "GET"): ("team_get", "periods_list"),
    # Plans
    ("plans", "GET"): ("plans_list", "plan_assignments_list"),
    ("plan-new", "GET"): ("plans_list", "calendars_list"),
    ("plan-new", "POST"): ("plans_create",),
    ("plan", "GET"): ("plans_get", "plan_versions_list"),
    ("plan-version", "GET"): ("plan_versions_get", "plan_versions_list", "plans_check"),
    ("plan-save", "POST"): ("plan_versions_write", "plan_versions_create"),
    ("plan-form", "GET"): ("plan_versions_get", "plans_check"),
    ("plan-form", "POST"): ("plan_versions_write", "plan_versions_create"),
    ("plan-activate", "POST"): ("plan_versions_activate",),
    # Runs
    ("runs", "GET"): ("runs_list", "jobs_list"),
    ("run-start", "POST"): ("runs_start",),
    ("run-job", "GET"): ("jobs_get",),
    ("run-cancel", "POST"): ("jobs_cancel",),
    ("run", "GET"): ("runs_get", "runs_diff", "runs_postings", "runs_exclusions", "uncredited_orders_list", "issues_list"),
    # Imports
    ("imports", "GET"): ("imports_list",),
    ("import-new", "GET"): ("import_mappings_list",),
    ("import-new", "POST"): ("imports_create", "import_mappings_save"),
    ("import", "GET"): ("imports_get", "imports_rejected_rows"),
    ("import-job", "GET"): ("jobs_get", "imports_get"),
    ("import-cancel", "POST"): ("imports_cancel",),
    ("import-start", "POST"): ("imports_start",),
    ("import-errors", "GET"): ("imports_rejected_rows",),
    ("import-roll-back", "POST"): ("imports_roll_back",),
    # People
    ("people", "GET"): ("payees_list", "positions_list", "assignments_list"),
    ("people-feed", "GET"): ("payees_list",),
    ("people-feed", "POST"): ("hr_feed_preview",),
    ("people-feed-apply", "POST"): ("hr_feed_apply",),
    ("person", "GET"): ("payees_get", "assignments_list", "reporting_lines_list"),
    ("person-new", "GET"): ("payees_list",),
    ("person-new", "POST"): ("payees_create",),
    ("person-details", "GET"): ("payees_get",),
    ("person-details", "POST"): ("payees_update_person",),
    ("person-assign", "GET"): ("positions_list",),
    ("person-assign", "POST"): ("assignments_start", "positions_create"),
    ("person-move", "GET"): ("positions_list", "assignments_list"),
    ("person-move", "POST"): ("payees_move",),
    ("person-line", "GET"): ("reporting_lines_list", "positions_list"),
    ("person-line", "POST"): ("reporting_lines_set",),
    ("person-terms", "GET"): ("pay_terms_list",),
    ("person-terms", "POST"): ("pay_terms_set",),
    ("person-absence", "GET"): ("payees_get",),
    ("person-absence", "POST"): ("payees_absence",),
    ("person-leave", "GET"): ("payees_get",),
    ("person-leave", "POST"): ("payees_leave",),
    ("person-erase", "GET"): ("payees_get",),
    ("person-erase", "POST"): ("payees_erase",),
    # Access
    ("members", "GET"): ("members_list", "invitations_list"),
    ("access-matrix", "GET"): ("permissions_list", "members_list"),
    ("member-invite", "GET"): ("members_list", "payees_list"),
    ("member-invite", "POST"): ("invitations_create",),
    ("member", "GET"): ("members_get",),
    ("member", "POST"): ("members_set_roles",),
    ("member-end", "POST"): ("members_end",),
    ("invitation-resend", "POST"): ("invitations_resend",),
    ("invitation-revoke", "POST"): ("invitations_revoke",),
}
