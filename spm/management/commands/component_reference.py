"""`manage.py component_reference` writes docs/components.md."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from spm.ui.reference import ROOT, reference_text


class Command(BaseCommand):
    help = "Writes docs/components.md from what the components declare."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        (ROOT / "docs" / "components.md").write_text(reference_text(), encoding="utf-8")
