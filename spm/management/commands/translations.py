"""`manage.py translations update|compile|check`: the interface's texts in its languages."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from spm.ui import translations


class Command(BaseCommand):
    help = "update: take new texts into the catalogues; compile: write the .mo files; check: fail on anything untranslated, fuzzy or unused."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["update", "compile", "check"])

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            if action == "update":
                translations.catalogues_update()
            if action == "compile":
                self.stdout.write(f"{len(translations.catalogues_compile(force=True))} catalogues compiled")
                return
            problems = translations.translations_problems()
        except translations.GettextMissing as error:
            raise CommandError(str(error)) from error
        for problem in problems:
            self.stdout.write(problem)
        if problems and action == "check":
            raise CommandError(f"{len(problems)} problems in the translations")
        self.stdout.write(f"{len(problems)} to do")
