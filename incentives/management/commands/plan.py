"""Check plan documents: schema, types and the plans' own tests."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from incentives.engine.cli import plan_arguments, plan_main


class Command(BaseCommand):
    help = "Check plan documents: schema, types and the plans' own tests."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        plan_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        code = plan_main(options, self.stdout.write)
        if code:
            raise SystemExit(code)
