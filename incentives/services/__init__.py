"""What writes in incentives: plans, runs, periods and the ledger."""

from incentives.services.adjustments import AdjustmentRefused, adjustment_make
from incentives.services.closing import PeriodRefused, period_move, statement_hold, statement_release
from incentives.services.comparisons import comparison_compute, comparison_start
from incentives.services.holds import hold_lift, hold_place
from incentives.services.ledger import adjustment_post, period_state_set
from incentives.services.plans import PlanLowersPay, PlanRefused, plan_create, seat_enrol, version_activate, version_draft, version_retire
from incentives.services.runs import RunError, recompute, run_close, run_measure_chunk, run_open, run_settle, run_settle_plan

__all__ = [
    "AdjustmentRefused",
    "PeriodRefused",
    "PlanLowersPay",
    "PlanRefused",
    "RunError",
    "adjustment_make",
    "adjustment_post",
    "comparison_compute",
    "comparison_start",
    "hold_lift",
    "hold_place",
    "period_move",
    "period_state_set",
    "plan_create",
    "recompute",
    "run_close",
    "run_measure_chunk",
    "run_open",
    "run_settle",
    "run_settle_plan",
    "seat_enrol",
    "statement_hold",
    "statement_release",
    "version_activate",
    "version_draft",
    "version_retire",
]
