"""Tables of incentives: plan documents, runs and what they found, the ledger, statements and the state of periods."""

from incentives.models.comparisons import PlanComparison
from incentives.models.ledger import Cause, LedgerEntry, PeriodState, Statement, Verb
from incentives.models.plans import Plan, PlanAssignment, PlanVersion
from incentives.models.runs import ChunkTotals, Run, RunChunk, RunExclusion, RunIssue, RunResult, UncreditedOrder

__all__ = [
    "Cause",
    "ChunkTotals",
    "LedgerEntry",
    "PeriodState",
    "Plan",
    "PlanAssignment",
    "PlanComparison",
    "PlanVersion",
    "Run",
    "RunChunk",
    "RunExclusion",
    "RunIssue",
    "RunResult",
    "Statement",
    "UncreditedOrder",
    "Verb",
]
