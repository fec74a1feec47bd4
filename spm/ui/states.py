"""States that things of this product go through, in the reader's words, each with one colour everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Shown:
    label: Any
    tone: str = ""
    live: bool = False


STATES: dict[str, Shown] = {
    "draft": Shown(_("Draft")),
    "in_review": Shown(_("In review"), "info"),
    "approved": Shown(_("Approved"), "good"),
    "manager": Shown(_("With the manager"), "info"),
    "team": Shown(_("With compensation"), "info"),
    "partial": Shown(_("Partly approved"), "good"),
    "denied": Shown(_("Denied"), "bad"),
    "withdrawn": Shown(_("Withdrawn")),
    "rejected": Shown(_("Rejected"), "bad"),
    "frozen": Shown(_("Frozen"), "info"),
    "paid": Shown(_("Paid"), "good"),
    "active": Shown(_("Active"), "good"),
    "inactive": Shown(_("Inactive")),
    "ended": Shown(_("Ended")),
    "archived": Shown(_("Archived")),
    "open": Shown(_("Open"), "info"),
    "held": Shown(_("On hold"), "warn"),
    "closing": Shown(_("Closing"), "warn"),
    "closed": Shown(_("Closed")),
    "queued": Shown(_("Queued")),
    "waiting": Shown(_("Waiting")),
    "running": Shown(_("Running"), "brand", live=True),
    "cancelling": Shown(_("Cancelling"), "warn", live=True),
    "cancelled": Shown(_("Cancelled")),
    "done": Shown(_("Done"), "good"),
    "done_with_errors": Shown(_("Done, with errors"), "warn"),
    "failed": Shown(_("Failed"), "bad"),
    "stale": Shown(_("Stale"), "warn"),
    "staged": Shown(_("Staged"), "info"),
    "previewed": Shown(_("Previewed"), "info"),
    "imported": Shown(_("Imported"), "good"),
    "rolled_back": Shown(_("Rolled back"), "warn"),
    "invited": Shown(_("Invited"), "info"),
    "on_leave": Shown(_("On leave"), "warn"),
    "erased": Shown(_("Erased")),
    "resolved": Shown(_("Resolved"), "good"),
    "escalated": Shown(_("Escalated"), "warn"),
    "earned": Shown(_("Earned"), "good"),
    "pending": Shown(_("Pending"), "warn"),
    "at_risk": Shown(_("At risk"), "bad"),
}


def state_shown(state: str) -> Shown:
    """How a state is shown. An unknown one is an error in the page: KeyError names it and says where to add it."""
    try:
        return STATES[str(state)]
    except KeyError:
        raise KeyError(f"State {state!r} has no words yet; add it to spm.ui.states.STATES.") from None
