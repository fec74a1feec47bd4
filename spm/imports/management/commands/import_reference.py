"""`manage.py import_reference` writes the targets and their fields into docs/imports.md."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from spm.imports.reference import DOCUMENT, document_with


class Command(BaseCommand):
    help = "Writes the targets of imports and their fields into docs/imports.md."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        DOCUMENT.write_text(document_with(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
