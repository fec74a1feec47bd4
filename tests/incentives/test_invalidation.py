"""The table of what makes what be computed again covers every record that a run could read, is what the docs say, and is what runs do."""

from __future__ import annotations

from pathlib import Path

from django.apps import apps

from incentives.engine.results import CAUSES
from incentives.invalidation import EVENTS, WITHOUT_EFFECT, Again, Names, Seen, table_markdown

PAGE = Path(__file__).resolve().parents[2] / "docs" / "invalidation.md"
MARK = "| event | what happened |"


def changing_records() -> set[str]:
    """Every model whose rows begin or end in a change set."""
    found = set()
    for model in apps.get_models():
        to = {field.related_model._meta.label for field in model._meta.concrete_fields if field.related_model is not None}
        if "tenancy.ChangeSet" in to:
            found.add(model._meta.label)
    return found


def test_every_record_that_changes_by_change_set_is_in_the_table_or_has_no_effect_for_a_reason() -> None:
    told = {record for event in EVENTS for record in event.records}
    assert changing_records() - told - set(WITHOUT_EFFECT) == set()
    assert told & set(WITHOUT_EFFECT) == set()
    assert all(apps.get_model(record) for record in told | set(WITHOUT_EFFECT))


def test_the_rows_are_sound() -> None:
    assert len({event.name for event in EVENTS}) == len(EVENTS)
    for event in EVENTS:
        assert event.cause in CAUSES
        assert event.credit is Again.NOBODY or event.pay is not Again.NOBODY, "new credit without new pay"
        assert (Again.NAMED in (event.credit, event.pay)) <= (event.names is not Names.NOTHING), "nobody can be named"
        # What is credited for everybody must be noticed where the run is opened, not later.
        assert event.credit is not Again.ALL or event.seen in (Seen.CHANGES, Seen.FINGERPRINT)


def test_the_published_events_all_have_their_row() -> None:
    """Compensation plans, participant assignments, transactions and set-up, as the published table of events groups them."""
    text = " ".join(word for event in EVENTS for word in event.published)
    for entity in ("Compensation Plan", "Plan Component", "Performance Measure", "rate table", "Goal", "Participant", "hierarchy", "Currency", "Transaction"):
        assert entity in text


def test_the_page_is_what_the_code_says() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page[page.index(MARK) :] == table_markdown(), "write it anew: python -m tests.incentives.test_invalidation"


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text((text[: text.index(MARK)] if MARK in text else text) + table_markdown(), encoding="utf-8")
