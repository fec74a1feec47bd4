"""Run published worked examples against their plan documents."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from incentives.engine.cli import golden_arguments, golden_main


class Command(BaseCommand):
    help = "Run published worked examples against their plan documents."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        golden_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        code = golden_main(options, self.stdout.write)
        if code:
            raise SystemExit(code)
