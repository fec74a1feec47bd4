"""Every text that people see exists in every language: nothing untranslated, fuzzy, obsolete, or short of a plural form."""

from __future__ import annotations

import os
import shutil

import pytest
from django.utils import translation
from django.utils.translation import ngettext

from spm.ui.translations import ROOT, GettextMissing, catalogue_problems, catalogues_update, translations_problems

HEADER = (
    'msgid ""\nmsgstr ""\n"Language: ru\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    '"Plural-Forms: nplurals=3; plural=(n%10==1 ? 0 : n%10==2 ? 1 : 2);\\n"\n\n'
)


@pytest.fixture
def gettext_tools():
    """In CI the absence of gettext is a failure, elsewhere `not run`."""
    if shutil.which("xgettext") is None:
        reason = "GNU gettext is not installed, so untranslated texts cannot be found; install the package gettext"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(f"not run: {reason}")


def test_every_text_is_translated(gettext_tools):
    assert translations_problems() == []


def test_a_new_text_in_a_template_in_python_and_in_a_script_is_noticed(gettext_tools, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("node_modules", ".venv", ".data", ".git", "dist", "tests", "__pycache__", "*.mo"))
    (copy / "templates" / "new.html").write_text('{% load i18n %}{% translate "Only in a template" %}', encoding="utf-8")
    (copy / "spm" / "new.py").write_text('from django.utils.translation import gettext as _\nTEXT = _("Only in Python")\n', encoding="utf-8")
    (copy / "spm" / "assets" / "js" / "new.js").write_text("import {gettext} from './i18n.js';\ngettext('Only in a script');\n", encoding="utf-8")
    (copy / "templates" / "404.html").unlink()
    found = "\n".join(translations_problems(copy))
    for text in ("Only in a template", "Only in Python", "Only in a script"):
        assert f"untranslated: '{text}'" in found
    assert "obsolete: 'There is no such page'" in found


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ('msgid "A"\nmsgstr ""\n', "untranslated"),
        ('#, fuzzy\nmsgid "A"\nmsgstr "Б"\n', "fuzzy"),
        ('#~ msgid "A"\n#~ msgstr "Б"\n', "obsolete"),
        ('msgid "A %(n)s"\nmsgid_plural "As %(n)s"\nmsgstr[0] "Б %(n)s"\nmsgstr[1] "Б %(n)s"\n', "untranslated"),
        ('#, python-format\nmsgid "A %(n)s"\nmsgstr "Б %(m)s"\n', "placeholder"),
    ],
)
def test_each_kind_of_flaw_is_found(tmp_path, entry, problem):
    folder = tmp_path / "ru" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(HEADER + entry, encoding="utf-8")
    assert any(problem in line for line in catalogue_problems(folder / "django.po")), catalogue_problems(folder / "django.po")
    (folder / "django.po").write_text(HEADER + 'msgid "A"\nmsgstr "Б"\n', encoding="utf-8")
    assert catalogue_problems(folder / "django.po") == []


def test_a_per_cent_sign_that_the_source_says_is_no_placeholder_is_none(tmp_path):
    folder = tmp_path / "ru" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    entry = 'msgid "A rate such as 5% or more"\nmsgstr "Ставка, например 5% и больше"\n'
    (folder / "django.po").write_text(HEADER + "#, no-python-format\n" + entry, encoding="utf-8")
    assert catalogue_problems(folder / "django.po") == []
    (folder / "django.po").write_text(HEADER + "#, python-format\n" + entry, encoding="utf-8")
    assert any("placeholder" in line for line in catalogue_problems(folder / "django.po"))


def test_a_machine_without_gettext_is_told_so(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(GettextMissing, match="Install GNU gettext"):
        catalogues_update()


@pytest.mark.parametrize(
    ("count", "expected"), [(1, "1 строка без изменений"), (3, "3 строки без изменений"), (11, "11 строк без изменений"), (21, "21 строка без изменений")]
)
def test_russian_counts_with_its_plural_forms(count, expected):
    with translation.override("ru"):
        assert ngettext("%(skipped)s unchanged line", "%(skipped)s unchanged lines", count) % {"skipped": count} == expected


@pytest.mark.django_db
def test_scripts_speak_russian(client):
    answer = client.get("/jsi18n/ru.js")
    assert "Сервер недоступен" in answer.content.decode() or "\\u0421\\u0435\\u0440\\u0432\\u0435\\u0440" in answer.content.decode()
    assert "public" in answer.headers["Cache-Control"]
    assert client.get("/jsi18n/xx.js").status_code == 404
