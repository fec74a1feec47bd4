"""The pure incentive engine: no Django, no database, no clock. docs/calculation.md is the algorithm.

Modules that others call (nothing is imported here, so that importing one of them stays cheap):

* `contracts`  dataclasses in and out: Facts, Splits, Inputs, People, Quota, Calendar, Totals, Outcome, LedgerPost
* `compile`    plan_load(text) -> CompiledPlan; raises errors.PlanError with every finding
* `plan_check` plan_check(text) -> CheckReport (schema, types, the plan's own tests)
* `prepare`    Prepared(plan, inputs): once per run and worker
* `measure`    chunk_compute(prepared, facts, splits, payees) -> ChunkResult; totals_merge(list of Totals)
* `earn`       earn(prepared, totals, assignments, team_pay) -> Outcome; team_pay_of(prepared, earnings)
* `run`        run(prepared, facts, splits) -> RunResult: all of it in one process
* `post`       post(earned=..., posted=..., pay_period=..., scale=...) -> LedgerPosts
* `trace`      explain(...) -> tree, trace_bytes, trace_hash; `lines` component_lines, measure_lines
* `outlook`    next_step(...), what_if(...)
* `people`     reporting_from_positions(...); `calendars` calendar_make(...); `rounding` the one home of rounding
"""
