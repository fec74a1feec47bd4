"""Tables of incentives: plan documents, runs and what they found, the ledger, statements and the state of periods."""

from incentives.models.comparisons import PlanComparison
from incentives.models.disputes import Dispute, DisputeEvent, DisputeFile
from incentives.models.holds import Hold
from incentives.models.ledger import EARNED_VERBS, Cause, LedgerEntry, PeriodState, Statement, StatementArtefact, Verb
from incentives.models.lowering import LoweringCheck
from incentives.models.opening import OpeningEntry, OpeningKind
from incentives.models.overrides import ResultOverride
from incentives.models.parallel import ParallelBasis, ParallelCause, ParallelFile, ParallelRow, ParallelRun
from incentives.models.plans import Plan, PlanAssignment, PlanVersion
from incentives.models.rollforward import YearRollForward
from incentives.models.runs import ChunkTotals, Run, RunChunk, RunExclusion, RunIssue, RunResult, UncreditedOrder

__all__ = [
    "EARNED_VERBS",
    "Cause",
    "ChunkTotals",
    "Dispute",
    "DisputeEvent",
    "DisputeFile",
    "Hold",
    "LedgerEntry",
    "LoweringCheck",
    "OpeningEntry",
    "OpeningKind",
    "ParallelBasis",
    "ParallelCause",
    "ParallelFile",
    "ParallelRow",
    "ParallelRun",
    "PeriodState",
    "Plan",
    "PlanAssignment",
    "PlanComparison",
    "PlanVersion",
    "ResultOverride",
    "Run",
    "RunChunk",
    "RunExclusion",
    "RunIssue",
    "RunResult",
    "Statement",
    "StatementArtefact",
    "UncreditedOrder",
    "Verb",
    "YearRollForward",
]
