"""Refusals are said in the reader's language: every message of the errors that people see is marked for translation where it is raised."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.test import Client
from django.utils import translation

from spm.access.models import Role
from spm.people.feed_file import FeedUnreadable, feed_rows
from spm.people.models import Payee
from spm.people.services import hr_feed_apply
from spm.tenancy.models import ChangeSet
from spm.told import is_told, shown
from tests.support.factories import make_entity, make_member, make_user

ROOT = Path(__file__).resolve().parents[2]
APPS = ("people", "calendars", "currencies", "access", "api")
SEEN = {"PeopleError", "AccessError", "LinkInvalid", "CalendarError", "CurrencyError", "FeedUnreadable", "TokenRefused", "ZoneUnknown", "Problem"}
MARKS = {"_", "_n", "gettext_noop"}


def unmarked(tree: ast.AST) -> list[int]:
    """Lines that raise such an error with a sentence (a text with a blank in it) that no mark stands around."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SEEN:
            marked = {id(inner) for call in ast.walk(node) if isinstance(call, ast.Call) and getattr(call.func, "id", "") in MARKS for inner in ast.walk(call)}
            texts = [c for arg in node.args for c in ast.walk(arg) if isinstance(c, ast.Constant) and isinstance(c.value, str) and " " in c.value.strip()]
            found += [text.lineno for text in texts if id(text) not in marked]
    return sorted(set(found))


def test_every_sentence_of_a_refusal_is_marked_for_translation() -> None:
    files = [path for app in APPS for path in (ROOT / "spm" / app).rglob("*.py") if "migrations" not in path.parts]
    assert len(files) > 60
    assert [f"{path.relative_to(ROOT)}:{line}" for path in files for line in unmarked(ast.parse(path.read_text(encoding="utf-8")))] == []


def test_an_unmarked_sentence_would_be_seen() -> None:
    """Negative control."""
    assert unmarked(ast.parse('raise CalendarError(f"The year {x} is wrong.")\nraise PeopleError("date", _("No day."), "Give one now.")')) == [1, 2]
    assert unmarked(ast.parse('raise PeopleError("date", _("No %(x)s here.") % {"x": "a b"}, _("Give one."))')) == [1], (
        "a value beside the pattern is looked at"
    )
    assert unmarked(ast.parse('raise CalendarError(_n("The year %(year)s is wrong."), year=year)')) == []


def test_an_unreadable_feed_is_told_with_its_columns_in_place(monkeypatch) -> None:
    with pytest.raises(FeedUnreadable) as found:
        list(feed_rows("event,date,shoe size\njoin,2024-01-01,44\n"))
    assert "external_id" in str(found.value)
    monkeypatch.setattr("spm.told.gettext", lambda message: "Не хватает: %(columns)s" if message.startswith("The heading lacks") else message)
    with translation.override("ru"):
        assert str(found.value) == "Не хватает: external_id"


def test_the_reason_of_a_feeds_changes_is_kept_to_be_said_in_any_language(scope) -> None:
    make_entity()
    hr_feed_apply(content="event,external_id,date,name,position\njoin,E1,2024-01-01,Anna,AE-1\n", actor_id=None)
    reason = ChangeSet.objects.get(kind="feed").reason
    assert (is_told(reason), shown(reason)) == (True, "HR feed")
    user = make_user()
    make_member(user, Role.HR)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(f"/t/acme/people/{Payee.objects.get(external_id='E1').uid}/").content.decode()
    assert "HR feed" in page
    assert "told" not in page
