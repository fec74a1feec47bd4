"""The decision about a dispute. What it changes of pay goes the ways that pay goes anyway; nothing that was posted is written anew."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from incentives.disputes import APPROVED, DENIED, OUTCOMES, PARTIAL
from incentives.models import Dispute, DisputeEvent, Hold
from incentives.selectors.disputes import correction_of, holds_to_lift
from incentives.services.adjustments import adjustment_make
from incentives.services.disputes import LONGEST_TEXT, DisputeRefused, dispute_locked, event_write
from incentives.services.holds import hold_lift
from incentives.services.overrides import result_override_place
from spm.access.models import Membership
from spm.audit.services import audit_record
from spm.calendars.models import Period
from spm.tenancy.models import ChangeSet

Means = DisputeEvent.Means


@transaction.atomic
def dispute_resolve(
    *, dispute: Dispute, outcome: str, text: str, means: str = "", place: str = "", earning_period: Period | None = None, component: str = "",
    amount: Decimal | None = None, hold: Hold | None = None, change_number: int | None = None, by: Membership | None = None, base_url: str = "",
) -> DisputeEvent:  # fmt: skip
    """Approves the dispute, in part or whole, by one of the means, or denies it.

    text: why; the payee reads it. adjustment: `amount` is posted at `place` (a key of adjustment_places) for `earning_period` (the
    dispute's, if None). result: `amount` is what the disputed deal pays in `component` (the dispute's, if empty) from the next run on.
    release: `hold` is lifted. correction: `change_number` is the change set that corrected the record (None: the newest of the
    disputed order), published after the dispute was filed; the next run calculates with it. Raises DisputeRefused, and what the way
    itself refuses by (AdjustmentRefused, OverrideRefused, HoldRefused).
    """
    dispute = dispute_locked(dispute, "resolve", by)
    text = text.strip()
    if not text or len(text) > LONGEST_TEXT:
        raise DisputeRefused(_("A decision needs a reason of %(number)s characters at most: the payee reads it.") % {"number": LONGEST_TEXT}, field="text")
    if outcome not in OUTCOMES:
        raise DisputeRefused(_("Choose whether it is approved, partly approved or denied."), field="outcome")
    if outcome == DENIED and means:
        raise DisputeRefused(_("A dispute that is denied changes no pay."), field="outcome")
    if outcome != DENIED and means not in Means.values:
        raise DisputeRefused(_("Say by which way the payee gets what was approved."), field="means")
    actor_id = by.user_id if by else None
    links: dict[str, Any] = {}
    if means == Means.ADJUSTMENT:
        _against_claim(dispute, outcome, amount)
        note = _("Dispute %(number)s: %(text)s") % {"number": dispute.number, "text": text}
        entry = adjustment_make(
            payee=dispute.payee, place=place, earning_period=earning_period or dispute.period, amount=_given(amount), note=note, actor_id=actor_id
        )  # fmt: skip
        links["entry_uid"] = entry.uid
    elif means == Means.RESULT:
        if dispute.order is None:
            raise DisputeRefused(_("This dispute names no deal on record. Post an amount by hand instead."), field="means")
        links["result"] = result_override_place(
            order=dispute.order, component=component or dispute.component, payee=dispute.payee, amount=_given(amount),
            reason=_("Dispute %(number)s: %(text)s") % {"number": dispute.number, "text": text}, actor_id=actor_id,
        )  # fmt: skip
    elif means == Means.RELEASE:
        if hold is None or hold.pk not in {one.pk for one in holds_to_lift(dispute)}:
            raise DisputeRefused(_("Choose a hold that keeps back pay of this payee and is not lifted yet."), field="hold")
        links["hold"] = hold_lift(hold=hold, note=_("Dispute %(number)s") % {"number": dispute.number}, actor_id=actor_id)
    elif means == Means.CORRECTION:
        links["change_number"] = _correction(dispute, change_number)
    before = dispute.state
    event = event_write(dispute, DisputeEvent.Kind.RESOLVED, outcome, text=text, by=by, base_url=base_url, means=means, **links)
    audit_record(action="dispute.resolve", target=dispute, before={"state": before}, after={"state": outcome, "means": str(means)}, actor_id=actor_id)
    return event


def _given(amount: Decimal | None) -> Decimal:
    if amount is None:
        raise DisputeRefused(_("Give the amount."), field="amount")
    return amount


def _against_claim(dispute: Dispute, outcome: str, amount: Decimal | None) -> None:
    """Approved is at least what was claimed, partly approved less: the word says what the money does."""
    if dispute.amount is None or amount is None or not amount.is_finite():
        return
    claimed = Decimal(dispute.amount).scaleb(-dispute.amount_scale)
    covers = amount >= claimed if claimed > 0 else amount <= claimed
    if outcome == APPROVED and not covers:
        raise DisputeRefused(_("This is less than was claimed; it is a part, then."), field="outcome")
    if outcome == PARTIAL and covers:
        raise DisputeRefused(_("This is all that was claimed; approve it, then."), field="outcome")


def _correction(dispute: Dispute, number: int | None) -> int:
    if number is None:
        found = correction_of(dispute)
        if found is None:
            text = _("No later change of the disputed record is known. Correct the record first, or name the number of the change that corrects it.")
            raise DisputeRefused(text, field="change_number")
        return found
    changeset = ChangeSet.objects.filter(number=number).first()
    if changeset is None:
        raise DisputeRefused(_("There is no change %(number)s.") % {"number": number}, field="change_number")
    if changeset.published_at is None or changeset.published_at < dispute.filed_at:
        raise DisputeRefused(
            _("Change %(number)s was known before the dispute was filed; it corrects nothing of it.") % {"number": number}, field="change_number"
        )
    return number
