"""What can be wrong with a plan: a stable code for each finding, with the English text and how to mend it.

A finding (`errors.Problem`) keeps its code and named parameters; the text is made from them here, or by gettext in the
reader's language (`incentives.problemwords`), never by putting sentences together elsewhere. Codes are never reused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MESSAGES: Mapping[str, tuple[str, str]] = {
    # ---- the text as a document
    "document_too_long": ("has %(count)s characters; %(most)s are possible", "split the plan"),
    "not_yaml": ("not YAML: %(text)s", "check indentation, colons and quotes"),
    "nests_too_deeply": ("nests deeper than %(most)s levels", "plans are flat"),
    "not_a_mapping": ("a plan is a mapping of keys", "start with `engine: 1`"),
    "alias": ("an alias repeats another part of the document", "write the part out"),
    "key_twice": ("`%(key)s` is given twice", "keep one of them"),
    # ---- the schema
    "unknown_key": ("unknown key `%(key)s`", "known keys: %(known)s"),
    "unknown_key_near": ("unknown key `%(key)s`", "did you mean `%(near)s`?"),
    "key_missing": ("`%(key)s` is missing", "add `%(key)s:`"),
    "not_one_of": ("%(value)s is not possible here", "use one of %(known)s"),
    "wrong_type": ("%(value)s is not a %(wanted)s", "give a %(wanted)s"),
    "figure_form": ("%(value)s is no figure", "write 10000, 10_000 or 7.5%%"),
    "name_form": ("%(value)s is no name", "use letters, digits and _, not beginning with a digit"),
    "wrong_pattern": ("%(value)s does not look right", "it has to match %(pattern)s"),
    "key_does_not_go": ("`%(key)s` does not go with the other keys here", "take it out, see docs/plans.md"),
    "combination": ("this combination of keys is not possible", "%(hint)s"),
    "not_the_constant": ("%(value)s is not possible here", "write %(wanted)s"),
    "beyond_limit": ("%(value)s is beyond a limit", "%(rule)s is %(bound)s"),
    # ---- the text of a formula
    "formula_too_long": ("the formula has %(count)s characters; %(most)s are possible", "name parts of it under `values`"),
    "formula_too_deep": ("the formula nests deeper than %(most)s", "name parts of it under `values`"),
    "formula_token": ("`%(token)s` is not expected here", "check operators and brackets"),
    "formula_character": ("`%(token)s` means nothing here", 'use + - * / ^ = != < <= > >= and or not in, names, numbers, 5%%, "text"'),
    "formula_ends": ("the formula ends too early", "close brackets and finish the last operation"),
    # ---- types and grains
    "number_needed": ("a number is needed, this is a %(found)s", "use an amount, a measure or a formula of them"),
    "condition_needed": ("a condition is needed, this is a %(found)s", "compare: x > 0"),
    "text_alone": ("a text stands alone", 'compare it with a code column: channel = "online"'),
    "whole_power": ("`^` takes a whole number up to 12", "use power(x, y, digits) and state the precision"),
    "in_needs_code": ("`in` lists texts, but this is a %(found)s", "use it on a code column"),
    "grain_line": ("mixes grains: `%(name)s` is a value per line", "take it through an aggregate: sum(%(name)s)"),
    "grain_period": ("mixes grains: `%(name)s` is a value per payee and period", "use it outside the aggregate"),
    "name_is_table": ("`%(name)s` is a table", "read it: rate(%(name)s, x)"),
    "name_unknown": ("`%(name)s` is unknown", "known here: %(known)s"),
    "name_unknown_near": ("`%(name)s` is unknown", "did you mean `%(near)s`?"),
    "reads_later": ("`%(name)s` is made here or further below, so that this would be a cycle", "read what stands above, and put the formulas in that order"),
    "number_too_long": ("the number has %(count)s digits; %(most)s are possible", "write a smaller one"),
    "divides_by_zero": ("divides by zero", "divide by another number"),
    "line_division": ("a line formula divides by constants only", "divide per period, or multiply by a decimal"),
    "text_needs_code": ("a text is compared with a code column only", 'such as channel = "online"'),
    "text_order": ("texts have no order: `%(operator)s`", "use = or !="),
    "compares_unlike": ("compares a %(left)s with a %(right)s", "both sides must be numbers, or both dates"),
    "aggregate_in_line": ("`%(name)s` inside a line formula", "aggregate once, outside"),
    "aggregate_unknown": ("`%(name)s(... where ...)` is unknown", "use sum(x where condition) or count(condition)"),
    "count_takes": ("count takes one condition", "count(condition)"),
    "aggregate_takes": ("%(name)s takes one formula", "sum(x) or sum(x where condition)"),
    "aggregate_of_which": ("several crediting rules: which credits does this aggregate?", "define a measure with `credits`"),
    "reads_table": ("%(function)s reads a table first", "tables: %(known)s"),
    "table_kind": ("`%(table)s` is no table of %(wanted)s", "rate, marginal and proportional read `steps`, curve reads `points`, lookup reads `cells`"),
    "arity": ("%(function)s takes %(wanted)s values, %(given)s given", "check commas and brackets"),
    "whole_places": ("places is a whole number from %(low)s to %(high)s, written out", "such as 2"),
    "whole_digits": ("the precision in significant digits is a whole number from %(low)s to %(high)s, written out", "such as 12"),
    "mode_unknown": ("the rounding mode is unknown", "use one of %(known)s"),
    "window_unknown": ("the window of %(function)s is unknown", "use one of %(known)s"),
    "running_by": ("running accumulates by a code column", "use one of %(known)s"),
    "within_category": ("within looks into the tree of `category`, which order lines have", 'write `reads: order_lines` and within(category, "Bikes")'),
    "within_texts": ("within compares with categories, written as texts", 'such as within(category, "Bikes")'),
    "period_function": ("`%(function)s` is a function per payee and period", "use it outside the aggregate"),
    "function_unknown": ("function `%(function)s` is unknown", "known here: %(known)s"),
    "function_unknown_near": ("function `%(function)s` is unknown", "did you mean `%(near)s`?"),
    "lookup_dimension": ("`%(dimension)s` of `%(table)s` is read by a %(wanted)s, this is a %(found)s", "give the values in the order of the dimensions"),
    "years_of_lines": ("only order lines have contract years", "write `reads: order_lines`, or take `contract_years` out"),
    "lookup_line": ("`%(table)s` has lines between its points or undefined cells", "a line formula reads whole cells only; use it per period"),
    # ---- units
    "ratio_points": ("`%(name)s` is 1 at 100%%, and is compared with %(value)s", "write %(percent)s"),
    "ratio_amount": ("`%(name)s` is a share of the quota and `%(amount)s` an amount", "multiply, or add and subtract amounts alone"),
    "ratio_scaled": ("`%(name)s` is a share of the quota already", "take `scale` out, or `by`"),
    "bounds_of_amount": (
        "the bounds of `%(table)s` are shares (%(bound)s) and `%(base)s` is an amount",
        "add `scale:` (such as quota.NAME) for bounds in percent of it, `by:` an attainment, or write the bounds as amounts",
    ),
    # ---- names
    "standard_column": ("`%(name)s` is a standard column or given twice", "take it out"),
    "name_taken": ("`%(name)s` is already taken", "give it another name"),
    "no_line_rule": ("no rule credits lines", "add one with `to: owner_or_splits`"),
    "not_line_rule": ("`%(name)s` is no rule that credits lines", "use one of %(known)s"),
    "not_rule": ("`%(name)s` is no crediting rule", "rules: %(known)s"),
    "not_measure": ("`%(name)s` is no measure of this plan", "measures: %(known)s"),
    "not_quota": ("`%(name)s` is no quota of this plan", "quotas: %(known)s"),
    "not_table": ("`%(name)s` is no table", "tables: %(known)s"),
    "not_component_above": ("`%(name)s` is no component above this one", "components above: %(known)s"),
    # ---- measures and attainments
    "attainment_windows": ("measures over a %(measure)s against a quota over a %(quota)s", "give both the same `over`"),
    "count_with_value": ("count takes no value", "take `value` out, or use sum"),
    # ---- tables
    "step_order": ("%(value)s is not above the previous step's %(previous)s", "order steps upwards"),
    "step_ends_early": ("the step ends at %(value)s before it starts", "put `to` above `from`"),
    "step_gap": ("gap between %(value)s and %(next)s", "let each step start where the one before ends"),
    "step_overlap": ("overlap between %(value)s and %(next)s", "let each step start where the one before ends"),
    "step_no_above": ("nothing is said about values beyond %(value)s", "take `to` out, or state `above`"),
    "step_above_open": ("the last step is open, `above` has no meaning", "give the last step a `to`, or take `above` out"),
    "step_no_below": ("nothing is said about values below %(value)s", "start at 0, or state `below`"),
    "proportional_below": (
        "`%(table)s` states %(value)s below its first step, which proportional never pays",
        "state `below: 0`, or take another mode",
    ),
    "step_above_number": ("%(value)s is no number", "steps need a number above the last bound"),
    "point_order": ("%(value)s is not above the point before", "order points upwards"),
    "point_no_below": ("nothing is said about values below the first point", "state `below`"),
    "point_above": ("%(value)s is not possible for points", "use last or extend"),
    "cells_shape": ("has %(given)s rows of cells where its dimensions make %(wanted)s", "one cell per bound of `%(dimension)s`"),
    "cell_number": ("%(value)s is no number", "write a figure, or undefined"),
    "dimension_outside": ("nothing is said about values outside `%(dimension)s`", "state `%(key)s`: edge, undefined or a figure"),
    "dimension_twice": ("%(value)s stands twice in `%(dimension)s`", "keep one of them"),
    "not_a_date": ("%(value)s is no date", "write it as 2025-01-31"),
    "effective_first": ("nothing is said about days before %(day)s", "the first table of this name has no `effective`"),
    "effective_order": ("%(day)s is not after the table of the same name before it", "order tables of one name by `effective`"),
    "effective_within": (
        "comes into force within a %(window)s, of which the days before %(day)s would be priced with it too",
        "let it begin with the %(window)s, state `reprices: true`, or read it line by line (`per_line`)",
    ),
    "effective_kind": ("`%(name)s` changes its kind or dimensions", "give the later table another name"),
    # ---- currencies
    "conversion_event": ("%(kind)s has no event whose day it could use", "use period_start, period_end or year_start"),
    "currencies_own": ("the plan's own currency %(currency)s is not among them", "add it"),
    "currencies_cross": ("the plan reads `%(name)s`, which compares payees, and earns in several currencies apart", "earn in one currency, with `conversions`"),
    # ---- hidden components
    "hidden_paid": ("a hidden component cannot be paid", "take `paid: true` out, or `hidden`"),
    "hidden_used": ("reads `%(name)s`, which is hidden: what payees see would follow from what they do not", "show that component, or hide this one too"),
    # ---- attributes, comparisons and pools
    "limits_crossed": ("the minimum %(low)s is above the maximum %(high)s", "exchange them, or take one out"),
    "attribute_key": ("`%(key)s` has no meaning here", "it goes with `read`: %(read)s"),
    "peers_cycle": ("compares `%(name)s`, which itself depends on others", "compare a measure, or pay that depends on nobody else"),
    "not_peers": ("`%(name)s` is no comparison of this plan", "peers: %(known)s"),
    "pool_own": ("`%(name)s` differs from payee to payee; a pool is one amount", "use figures and %(known)s"),
    # ---- components
    "order_twice": ("`%(step)s` stands twice", "keep one of them"),
    "order_missing": ("the component has a `%(step)s`, its order does not", "add it to `order`"),
    "mode_table": ("%(mode)s does not fit `%(table)s`", "curve reads `points`, the other modes read `steps`"),
    "marginal_from_zero": (
        "%(mode)s pay needs a table that starts at 0",
        "let its first step begin at 0, its value may be 0; a value below 0 mirrors the one above",
    ),
    "mode_by": ("%(mode)s cuts the base itself", "take `by` out; use `scale` for bounds in percent of quota"),
    "mode_round": ("%(mode)s has no slices to round", "use `round` of the component"),
    "curve_scale": ("a curve has no scale", "divide `by` instead"),
    "rate_without_base": ("the pay_rate has no base", "add `base:`, for example the name of a measure"),
    "amount_undefined": ("can be undefined (a quota may be zero or missing)", "use default(x, 0)"),
    "clawback_table": ("`%(name)s` is no table of steps or points", "tables: %(known)s"),
    "share_range": ("%(value)s is not possible here", "give a share from 0 to 100%%"),
    "excess_of_what": ("`excess` without a maximum", "add `maximum:`"),
    "recovery_steps": ("does not name each step of recovery once", "put in order: %(known)s"),
    "recovery_keeps": ("`%(key)s` says what becomes of a debt, and a result below zero leaves none", "add `negative: carry` or `negative: offset`"),
    "offset_of_what": ("`offset` without a debt that is set off", "add `negative: offset`"),
    "offset_plan": ("`%(name)s` is this plan itself or stands twice", "name other plans, each once"),
    "year_end_guarantee": ("a guarantee leaves nothing to be recovered", "take `year_end` out"),
    "upfront_guarantee": ("a guarantee is not paid upfront", "use `paid: top_up`"),
    "can_be_undefined": ("can be undefined (a quota may be zero or missing)", "state `when_undefined: zero` or `exception`, or use default(x, 0)"),
    "settle_needed": (
        "reads a measure over the %(window)s to date",
        "state `settle: %(window)s` (pays the difference) or `settle: period` (pays what the formula gives, each period)",
    ),
    "settle_rolling": ("reads a measure over a rolling window", "state `settle: period` (pays what the formula gives, each period)"),
    "settle_differs": (
        "settles over a %(settle)s but its base or rate reads measures over: %(others)s",
        "let these run `over: %(settle)s`; gate, multipliers, floor and cap may read any window",
    ),
    "settle_nothing": (
        "settles over a %(settle)s but reads nothing that runs to date",
        "read a measure or figure `over: %(settle)s`, or take `settle` out",
    ),
    "change_endless": ("a window without an end (%(window)s) has no share that is covered", "use carry or restart"),
    "change_differs": ("is %(given)s on a change but reads measures that are: %(others)s", "give all that it reads one `on_change`"),
    "change_quota": (
        "`%(name)s` stands against measures that prorate on a change and others that do not",
        "give each its own quota, or the measures one `on_change`",
    ),
    "change_of_nothing": ("is %(given)s on a change but reads no measure", "take `on_change` out"),
    "leaver_twice": ("%(status)s, %(event)s, %(when)s stands twice", "keep one of them"),
    "not_ramp": ("`%(name)s` is no ramp of this plan", "ramps: %(known)s"),
    "proration_nothing": ("prorates nothing", "say calendar_days or working_days for quota, target, bounds, cap or floor"),
    "proration_twice": ("%(name)s is prorated already", "keep one of the two"),
    "holidays_unread": ("the holidays written in the plan do not count", "write `holidays_of: both`, or take `holidays` out"),
    "leave_of_nothing": ("`%(key)s` is not prorated, so that leave changes nothing of it", "say how `%(key)s` is prorated, or take this out"),
    "pause_of_nothing": ("the draw is paid on leave", "add `on_leave: paused`"),
    "proration_target": ("the plan reads no target incentive", "add `{name: target_incentive}` under `attributes`"),
    "proration_of_nothing": ("the component has no `%(key)s`", "add one, or take this out"),
    "proration_bounds": (
        "bounds are prorated where they are amounts of a measure; percent bounds never are",
        "take this out, or cut a measure by a table without `scale`",
    ),
    "override_of_override": ("`%(name)s` is itself paid on the team's commission", "name the members' own component"),
    "commission_as_of": ("commission is earned per period, not per event", "use period_end"),
    # ---- the plan's own tests
    "test_rows": ("%(text)s", "mend the test's rows"),
    "test_amount": ("is %(found)s, %(wanted)s was expected", "mend the plan or the expectation"),
    "test_undefined": ("is undefined, %(wanted)s was expected", "mend the plan or the expectation"),
    "test_defined": ("is %(found)s, undefined was expected", "mend the plan or the expectation"),
    "test_no_amount": ("says no amount", "add `amount`, or `undefined: true`"),
    "test_no_exclusion": ("there is no exclusion %(name)s", "exclusions: %(known)s"),
    "test_excluded": ("%(found)s objects excluded, %(wanted)s expected", "mend the plan or the expectation"),
    "test_uncredited": ("%(found)s objects uncredited, %(wanted)s expected", "mend the plan or the expectation"),
    "test_names": ("names neither what nor whom: give payee and either component or figure", "such as {payee: ann, component: commission, amount: 40}"),
}


def message(code: str, params: Mapping[str, Any]) -> tuple[str, str]:
    """Cause and mend of a finding in English.

    >>> message("divides_by_zero", {})
    ('divides by zero', 'divide by another number')
    """
    cause, mend = MESSAGES[code]
    return cause % params, mend % params
