"""The pure engine on plain CSV files, no database; explanation trees included."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from incentives.engine.cli import simulate_arguments, simulate_main


class Command(BaseCommand):
    help = "The pure engine on plain CSV files, no database; explanation trees included."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        simulate_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        code = simulate_main(options, self.stdout.write)
        if code:
            raise SystemExit(code)
