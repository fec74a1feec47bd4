"""Reads of incentives for pages and the API: frozen dataclasses, bounded queries. All need the tenant's scope.

Whose pay may be shown to whom is decided before: callers pass payees that spm.access allows.
"""

from incentives.selectors.asof import ChangedLine, StatementRun, statement_as_of, statement_changed, statement_runs
from incentives.selectors.causes import ComponentChange, PayChange, pay_change, run_numbered, run_of_last_change, runs_comparable
from incentives.selectors.holds import DealUnknown, HoldRow, component_choices, hold_list, hold_rows, order_find
from incentives.selectors.late import CauseAmount, LateChange, fitting_run, late_changes
from incentives.selectors.paid import PaidChange, PaidLine, paid_change
from incentives.selectors.payments import Balance, HeldDeal, PaidIn, PaymentPart, held_deals
from incentives.selectors.plans import PlanRow, plan_list, plan_versions
from incentives.selectors.quotas import QuotaState
from incentives.selectors.runs import Freshness, RunDiff, freshness, last_run, run_diff, run_list
from incentives.selectors.scorecards import Scorecard, scorecard_get
from incentives.selectors.statements import StatementView, statement_get, statement_list
from incentives.selectors.teams import HeatCell, HeatMap, team_heat_map
from incentives.selectors.traces import ComponentTrace, LineTrace, component_traces, line_trace, line_traces

__all__ = [
    "Balance",
    "CauseAmount",
    "ChangedLine",
    "ComponentChange",
    "ComponentTrace",
    "DealUnknown",
    "Freshness",
    "HeatCell",
    "HeatMap",
    "HeldDeal",
    "HoldRow",
    "LateChange",
    "LineTrace",
    "PaidChange",
    "PaidIn",
    "PaidLine",
    "PayChange",
    "PaymentPart",
    "PlanRow",
    "QuotaState",
    "RunDiff",
    "Scorecard",
    "StatementRun",
    "StatementView",
    "component_choices",
    "component_traces",
    "fitting_run",
    "freshness",
    "held_deals",
    "hold_list",
    "hold_rows",
    "last_run",
    "late_changes",
    "line_trace",
    "line_traces",
    "order_find",
    "paid_change",
    "pay_change",
    "plan_list",
    "plan_versions",
    "run_diff",
    "run_list",
    "run_numbered",
    "run_of_last_change",
    "runs_comparable",
    "scorecard_get",
    "statement_as_of",
    "statement_changed",
    "statement_get",
    "statement_list",
    "statement_runs",
    "team_heat_map",
]
