"""Plans: drafting a version, activating it (its own tests must pass), retiring it, putting seats under a plan."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from incentives.engine.compile import plan_load
from incentives.engine.contract_years import YEAR
from incentives.engine.errors import PlanError, Problem
from incentives.engine.exact import text as number_text
from incentives.engine.plan import CompiledPlan
from incentives.engine.plan_check import plan_check
from incentives.line_loaders import LINE_CODE_COLUMNS, LINE_NUMBER_COLUMNS
from incentives.loaders import CODE_COLUMNS
from incentives.lowering import Lowered, lowered_read, lowered_totals, lowering_basis, pay_lowered
from incentives.models import LoweringCheck, Plan, PlanAssignment, PlanVersion
from incentives.problemwords import problem_shown
from spm.audit.services import audit_record
from spm.calendars.models import FiscalCalendar
from spm.people.models import Seat
from spm.tenancy.changes import change
from spm.tenancy.models import ChangeSet


class PlanRefused(ValueError):
    """A plan or version cannot be used as asked; `problems` names every place in the text, if the text is to blame."""

    def __init__(self, text: str, problems: list[Problem] | None = None) -> None:
        super().__init__(text)
        self.problems = problems or []


class PlanLowersPay(PlanRefused):
    """The edit would lower pay that is already earned; `rows` lists it person by person. It needs a named approval."""

    def __init__(self, rows: list[Lowered]) -> None:
        people = len({row.payee.pk for row in rows})
        text = ngettext(
            "%(count)s person would earn less than is already earned. It needs the approval of a person who may approve pay, with a reason.",
            "%(count)s people would earn less than is already earned. It needs the approval of a person who may approve pay, with a reason.",
            people,
        )
        super().__init__(text % {"count": people})
        self.rows = rows


def _compiled(text: str) -> CompiledPlan:
    try:
        return plan_load(text)
    except PlanError as error:
        values = {"count": len(error.problems), "text": problem_shown(error.problems[0])}
        raise PlanRefused(_("The plan has errors: %(count)s. The first: %(text)s") % values, error.problems) from error


def plan_create(
    *, text: str, calendar: FiscalCalendar, effective_from: dt.date, effective_to: dt.date | None = None, actor_id: int | None = None
) -> PlanVersion:
    """A new plan with its first draft. The plan's key and title are those of the text. Raises PlanRefused."""
    compiled = _compiled(text)
    if Plan.objects.filter(code=compiled.key).exists():
        raise PlanRefused(_("There is a plan %(code)s already; draft a new version of it.") % {"code": compiled.key})
    plan = Plan.objects.create(code=compiled.key, title=compiled.title, calendar=calendar)
    return version_draft(plan=plan, text=text, effective_from=effective_from, effective_to=effective_to, actor_id=actor_id)


@transaction.atomic
def version_draft(
    *, plan: Plan, text: str, effective_from: dt.date, effective_to: dt.date | None = None, note: str = "", actor_id: int | None = None,
    version: PlanVersion | None = None,
) -> PlanVersion:  # fmt: skip
    """Writes a new draft, or `version`, a draft, anew. The text must compile; its tests may still fail. Raises PlanRefused."""
    compiled = _compiled(text)
    if compiled.key != plan.code:
        raise PlanRefused(_("The text is of plan %(key)s, not of %(code)s; a plan keeps its key.") % {"key": compiled.key, "code": plan.code})
    if effective_to is not None and effective_to <= effective_from:
        raise PlanRefused(_("The version ends before it begins; give a later end, or none."))
    values = {
        "text": text, "canonical": json.dumps(compiled.document, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=number_text),
        "digest": compiled.digest, "engine": compiled.engine, "currency": compiled.currency, "effective_from": effective_from,
        "effective_to": effective_to, "note": note,
    }  # fmt: skip
    if version is None:
        Plan.objects.select_for_update().get(pk=plan.pk)
        number = (PlanVersion.objects.filter(plan=plan).aggregate(top=Max("number"))["top"] or 0) + 1
        return PlanVersion.objects.create(plan=plan, number=number, created_by_id=actor_id, **values)
    if version.state != PlanVersion.State.DRAFT:
        raise PlanRefused(_("Version %(number)s is frozen; draft a new one.") % {"number": version.number})
    for name, value in values.items():
        setattr(version, name, value)
    version.save()
    return version


@transaction.atomic
def version_activate(
    *, version: PlanVersion, actor_id: int | None = None, lowering_reason: str = "", lowering: LoweringCheck | None = None
) -> PlanVersion:  # fmt: skip
    """Puts a draft in force as of the next run: over the days that it covers it goes before all earlier versions.

    Raises PlanLowersPay when somebody would earn less than is earned already and no reason is given for it (who may give one is the
    caller's to check: pay.approve), PlanRefused when one of the plan's own tests fails, the version is no draft, or it reads what orders do not have.
    lowering: the answer of a check; one that does not hold any more, or None, is found anew, which takes its time.
    """
    version = PlanVersion.objects.select_for_update(of=("self",)).select_related("plan").get(pk=version.pk)
    version_checked(version)
    lowered = _lowering_checked(version, lowering_reason, lowering)
    with change(kind=ChangeSet.Kind.EDIT, reason=f"Plan {version.plan.code} version {version.number} activated", actor_id=actor_id) as changeset:
        version.state, version.activated_in, version.activated_by_id = PlanVersion.State.ACTIVE, changeset, actor_id
        version.save(update_fields=["state", "activated_in", "activated_by_id", "updated_at"])
        Plan.objects.filter(pk=version.plan_id).update(title=plan_load(version.text).title)
    after = {"plan": version.plan.code, "version": version.number, "digest": version.digest, "from": version.effective_from.isoformat(), **lowered}
    audit_record(action="plan.activate", target=version, after=after, actor_id=actor_id)
    return version


def version_checked(version: PlanVersion, *, takes_out: bool = False) -> None:
    """Raises PlanRefused unless the version can be put in force, or (takes_out) out of it, as far as itself goes."""
    if takes_out:
        if version.state != PlanVersion.State.ACTIVE:
            raise PlanRefused(_("Version %(number)s is not in force; only one in force can be retired.") % {"number": version.number})
        return
    if version.state != PlanVersion.State.DRAFT:
        raise PlanRefused(_("Version %(number)s is not a draft; only a draft can be put in force.") % {"number": version.number})
    report = plan_check(version.text)
    if not report.ok:
        problems = [*report.problems, *(problem for test in report.tests for problem in test.problems)]
        raise PlanRefused(_("The plan's own tests must pass before it is put in force: %(text)s") % {"text": problem_shown(problems[0])}, problems)
    version_readable(version)


def _lowering_checked(version: PlanVersion, reason: str, known: LoweringCheck | None, *, takes_out: bool = False) -> dict[str, Any]:
    """Raises PlanLowersPay unless the approval of lower pay comes with a reason; returns what the audit record says of it."""
    basis = lowering_basis(version, takes_out=takes_out)
    holds = known is not None and basis is not None and (known.state, known.basis) == (LoweringCheck.State.DONE, basis.digest)
    rows = lowered_read(known.rows) if known is not None and holds else pay_lowered(version=version, takes_out=takes_out)
    if rows and not reason.strip():
        raise PlanLowersPay(rows)
    if not rows:
        return {}
    total = ", ".join(f"{amount} {currency}" for currency, amount in lowered_totals(rows).items())
    return {"lowers": len({row.payee.pk for row in rows}), "by": total, "lowering_reason": reason.strip()[:400]}


def version_readable(version: PlanVersion) -> None:
    """Raises PlanRefused for what would stop a night: columns that the sales record does not give, a calendar of another kind."""
    compiled = _compiled(version.text)
    by_line = compiled.reads == "order_lines"
    known = (*LINE_NUMBER_COLUMNS, *LINE_CODE_COLUMNS) if by_line else CODE_COLUMNS
    read = compiled.code_columns | (compiled.number_columns - {"amount", "pay_credit", "quota_credit", YEAR})
    missing = sorted(read - set(known))
    if missing:
        if by_line:
            text = _("The plan reads %(missing)s, which order lines do not have; they have amount, date, %(known)s.")
        elif set(missing) <= {*LINE_NUMBER_COLUMNS, *LINE_CODE_COLUMNS}:
            text = _("The plan reads %(missing)s, which order lines have: write reads: order_lines into it. Orders have amount, date, %(known)s.")
        else:
            text = _("The plan reads %(missing)s, which orders do not have; they have amount, date, %(known)s.")
        raise PlanRefused(text % {"missing": ", ".join(missing), "known": ", ".join(known)})
    unread = sorted(set(compiled.conversions) - {"transaction", "quota", "payment", "carried"})
    if unread:
        text = _("The plan converts %(kinds)s, which a run does not do yet; a run converts transactions, quotas, payments and what is carried over.")
        raise PlanRefused(text % {"kinds": ", ".join(unread)})
    kind = version.plan.calendar.kind
    if compiled.calendar not in ("custom", kind):
        text = _("The plan pays by %(plan)s, its calendar %(name)s is of kind %(kind)s; write the calendar's kind into the plan, or custom.")
        raise PlanRefused(text % {"plan": compiled.calendar, "name": version.plan.calendar.name, "kind": kind})


@transaction.atomic
def version_retire(
    *, version: PlanVersion, actor_id: int | None = None, lowering_reason: str = "", lowering: LoweringCheck | None = None
) -> PlanVersion:  # fmt: skip
    """Takes an active version out of force; what it earned in open and closed periods is reversed by the next run. Raises PlanLowersPay
    as version_activate does."""
    version = PlanVersion.objects.select_for_update(of=("self",)).select_related("plan").get(pk=version.pk)
    version_checked(version, takes_out=True)
    lowered = _lowering_checked(version, lowering_reason, lowering, takes_out=True)
    with change(kind=ChangeSet.Kind.EDIT, reason=f"Plan {version.plan.code} version {version.number} retired", actor_id=actor_id) as changeset:
        version.state, version.retired_in = PlanVersion.State.RETIRED, changeset
        version.save(update_fields=["state", "retired_in", "updated_at"])
    audit_record(action="plan.retire", target=version, after={"plan": version.plan.code, "version": version.number, **lowered}, actor_id=actor_id)
    return version


def seat_enrol(*, plan: Plan, seats: list[Seat], start: dt.date, end: dt.date | None = None, changeset: ChangeSet) -> list[PlanAssignment]:
    """Puts seats under a plan over [start, end). A seat that is under it already on one of the days is an IntegrityError."""
    return PlanAssignment.objects.bulk_create([PlanAssignment(plan=plan, seat=seat, valid_from=start, valid_to=end, known_from=changeset) for seat in seats])
