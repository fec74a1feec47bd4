"""The invalidation table: which event makes a run compute what again, for whom, and under which cause it is told.

The rows are data that the run reads: `incentives.changed` looks for the events by them, a run takes from them whose orders are
credited and measured again and whose pay is computed again. docs/invalidation.md is written from the same rows. `published` names the
entities of the published table of incremental calculation events of Oracle Incentive Compensation that an event stands for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Again(StrEnum):
    """For whom a stage is computed again."""

    NOBODY = "nobody"
    NAMED = "those named"
    ALL = "everybody"


class Names(StrEnum):
    """What the ids are by which an event names those whom it concerns."""

    PAYEE = "payee"
    POSITION = "position"
    SEAT = "seat"
    VERSION = "plan version"
    NOTHING = ""


class Seen(StrEnum):
    """How a run notices the event."""

    CHANGES = "change sets since the last run"
    FINGERPRINT = "fingerprint of the inputs"
    LEDGER = "entries since the last run"
    CALENDAR = "the run's day"


@dataclass(frozen=True)
class Event:
    """One row. credit: whose orders are credited and measured again. pay: whose earnings and payments are computed again; with
    those named by change sets all managers above them, and everybody with whom a plan compares them."""

    name: str
    text: str
    records: tuple[str, ...]
    """Models in which the event stands, as app.Model."""
    names: Names
    credit: Again
    pay: Again
    seen: Seen
    cause: str
    field: str = ""
    """Column of a dated record that holds the id; "": the event has a query of its own."""
    window: tuple[str, str] = ("known_from", "known_to")
    """Columns that hold the change sets in which such a record begins and ends."""
    published: tuple[str, ...] = ()


_WHOLE_PLAN = (
    "Compensation Plan: allow credit category overlap, target incentive",
    "Compensation Plan and Plan Component: added, deleted, dates, target incentive",
    "Plan Component: indirect credit, active end date, calculation phase, payment through third party",
    "Performance Measure and Incentive Formula: running total, split, true up, expression",
    "Plan Component and Performance Measure: added, deleted, weight, sequence",
    "Performance Measure and Performance Category: added, deleted",
    "Performance Category uplift factors: added, deleted, factors, dates",
    "Performance Category transaction factors: added, deleted, factor",
    "Formula and rate table: added, deleted, dates",
    "Formula and expression: expression, running total, split",
)

EVENTS: tuple[Event, ...] = (
    Event(
        "plan", "a plan version is activated, replaced or taken out of force", ("incentives.PlanVersion",), Names.VERSION, Again.ALL, Again.ALL,
        Seen.FINGERPRINT, "plan", field="id", window=("activated_in", "retired_in"), published=_WHOLE_PLAN,
    ),
    Event("engine", "a release reads inputs or computes otherwise", (), Names.NOTHING, Again.ALL, Again.ALL, Seen.FINGERPRINT, "engine"),
    Event(
        "calendar", "periods of a year that has begun change", ("calendars.Period",), Names.NOTHING, Again.ALL, Again.ALL, Seen.FINGERPRINT, "data",
        published=("Intervals and periods",),
    ),
    Event(
        "assignment", "somebody takes, leaves or shares a seat, or is hired", ("people.Assignment",), Names.SEAT, Again.ALL, Again.ALL,
        Seen.FINGERPRINT, "people", field="seat_id", published=("Participant: added, dates, role",),
    ),
    Event(
        "plan_assignment", "a seat comes under a plan or leaves it", ("incentives.PlanAssignment",), Names.SEAT, Again.ALL, Again.ALL,
        Seen.FINGERPRINT, "people", field="seat_id", published=("Participant and Compensation Plan: added, deleted, dates",),
    ),
    Event(
        "legal_entity", "a payee's legal entity changes", ("people.Payee",), Names.NOTHING, Again.ALL, Again.ALL, Seen.FINGERPRINT, "people",
        published=("Participant: details",),
    ),
    Event(
        "hierarchy", "a position reports to another one", ("people.ReportingLine",), Names.POSITION, Again.ALL, Again.ALL, Seen.FINGERPRINT, "hierarchy",
        field="position_id", published=("Rollup hierarchy: participant moved, added, deleted",),
    ),
    Event(
        "relation", "a position is related to another one outside the reporting line", ("people.NamedRelation",), Names.POSITION, Again.ALL, Again.ALL,
        Seen.FINGERPRINT, "hierarchy", field="position_id", published=("Credit rollup by named relationship",),
    ),
    Event(
        "quota", "a quota is set, changed or taken away", ("planning.Quota",), Names.POSITION, Again.NOBODY, Again.NAMED, Seen.CHANGES, "quota",
        field="position_id", published=("Goal: target, distributed target", "Participant goal"),
    ),
    Event(
        "opening", "an opening balance is imported, corrected or taken back", ("incentives.OpeningEntry",), Names.SEAT, Again.NOBODY, Again.NAMED,
        Seen.CHANGES, "data", field="seat_id", window=("change_set", "change_set"),
    ),
    Event(
        "pay_terms", "a pay rate, target incentive or other term of a seat changes", ("people.PayTerms",), Names.SEAT, Again.NOBODY, Again.NAMED, Seen.CHANGES,
        "pay_rate", field="seat_id", published=("Participant target incentive", "Participant rate table: rates"),
    ),
    Event(
        "kpi", "a KPI value, survey score or objective of a payee is measured, corrected or moved to somebody else, where a plan reads them",
        ("sales.KpiValueVersion",), Names.PAYEE, Again.NOBODY, Again.NAMED, Seen.CHANGES, "data",
        published=("Performance Measure: interface values",),
    ),
    Event(
        "employment", "somebody is hired, goes on leave, gives notice or leaves, where a plan reads it", ("people.Employment",), Names.SEAT, Again.NOBODY,
        Again.NAMED, Seen.CHANGES, "people", published=("Participant: hire and leave dates",),
    ),
    Event(
        "holiday", "a holiday of the company is set or taken out", ("calendars.Holiday",), Names.NOTHING, Again.ALL, Again.ALL, Seen.CHANGES, "people",
        field="id",
    ),
    Event(
        "fx_rate", "a currency rate is set or corrected", ("currencies.FxRate",), Names.NOTHING, Again.ALL, Again.ALL, Seen.CHANGES, "fx_rate", field="id",
        published=("Currency rate",),
    ),
    Event(
        "order", "an order is new, changed, moved to another payee or day, or deleted; its splits change", ("sales.OrderVersion", "sales.OrderSplit"),
        Names.PAYEE, Again.NAMED, Again.NAMED, Seen.CHANGES, "data", published=("Transaction: new, adjusted, deleted", "Credit: new, adjusted, deleted"),
    ),
    Event(
        "territory", "orders change hands because a territory, its accounts, its holder or the rule of crediting changed",
        ("planning.AccountTerritory", "planning.TerritoryAssignment", "planning.TerritoryCrediting", "sales.CreditingPass"), Names.PAYEE, Again.NAMED,
        Again.NAMED, Seen.CHANGES, "crediting", published=("Territory assignment: accounts, holders, dates",),
    ),
    Event(
        "line", "a line of an order changes, where a plan reads lines", ("sales.OrderLineVersion",), Names.PAYEE, Again.NAMED, Again.NAMED, Seen.CHANGES,
        "data", published=("Transaction attribute",),
    ),
    Event(
        "product", "a product's code or category, or the tree of categories changes, where a plan on lines reads them",
        ("sales.ProductVersion", "sales.CategoryParent"), Names.NOTHING, Again.ALL, Again.ALL,
        Seen.FINGERPRINT, "data", published=("Classification rules and hierarchy",),
    ),
    Event(
        "money", "money is received for an order, or it is returned", ("sales.PaymentVersion", "sales.InvoiceVersion", "sales.ReturnVersion"), Names.PAYEE,
        Again.NOBODY, Again.NAMED, Seen.CHANGES, "data", published=("Transaction event (collected, returned)",),
    ),
    Event(
        "hold", "a deal is put on hold, or a hold is lifted", ("incentives.Hold",), Names.PAYEE, Again.NOBODY, Again.NAMED, Seen.CHANGES, "data",
        window=("placed_in", "lifted_in"), published=("Payment hold",),
    ),
    Event(
        "result_override", "one deal's result is set by hand, or given back to the calculation", ("incentives.ResultOverride",), Names.PAYEE, Again.NOBODY,
        Again.NAMED, Seen.CHANGES, "manual", field="payee_id", window=("placed_in", "lifted_in"), published=("Manual commission adjustment",),
    ),
    Event(
        "adjustment", "an amount is posted by hand", ("incentives.LedgerEntry",), Names.PAYEE, Again.NOBODY, Again.NAMED, Seen.LEDGER, "manual",
        published=("Manual payment adjustment",),
    ),
    Event(
        "issue", "a payee has an open exception, such as no open period to be paid in", ("incentives.RunIssue",), Names.PAYEE, Again.NOBODY, Again.NAMED,
        Seen.LEDGER, "data",
    ),
    Event("period", "a pay period begins", ("calendars.Period",), Names.NOTHING, Again.NOBODY, Again.ALL, Seen.CALENDAR, "data"),
)  # fmt: skip

BY_NAME = {event.name: event for event in EVENTS}

WITHOUT_EFFECT: dict[str, str] = {
    "imports.Batch": "a batch is no input: what it brought stands in the records",
    "people.TeamMembership": "no plan reads teams",
    "sales.AccountVersion": "plans name accounts by id, which never changes",
    "sales.OpportunityVersion": "no plan reads opportunities",
    "sales.ActivityVersion": "no plan reads activities",
    "sales.CampaignVersion": "no plan reads campaigns",
    "sales.LeadVersion": "no plan reads leads",
    "sales.SupportCaseVersion": "no plan reads support cases",
}
"""Records that change by change set and that no run reads, with the reason. A record in neither table fails a test."""


def events_of(*, seen: Seen | None = None, names: Names | None = None, credit: Again | None = None, pay: Again | None = None) -> tuple[Event, ...]:
    """The rows of which all that is given holds."""
    wanted = {"seen": seen, "names": names, "credit": credit, "pay": pay}
    return tuple(event for event in EVENTS if all(value is None or getattr(event, name) == value for name, value in wanted.items()))


def table_markdown() -> str:
    """The rows as the table of docs/invalidation.md."""
    lines = ["| event | what happened | orders credited and measured again | pay computed again | noticed by | cause |", "|---|---|---|---|---|---|"]
    lines += [f"| `{e.name}` | {e.text} | of {e.credit} | of {e.pay} | {e.seen} | `{e.cause}` |".replace("of nobody", "-") for e in EVENTS]
    lines += ["", "| published event | stands in the table as |", "|---|---|"]
    lines += [f"| {text} | `{event.name}` |" for event in EVENTS for text in event.published]
    lines += ["", "| record that no run reads | why |", "|---|---|"]
    lines += [f"| `{record}` | {why} |" for record, why in sorted(WITHOUT_EFFECT.items())]
    return "\n".join(lines) + "\n"
