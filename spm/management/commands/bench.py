"""`manage.py bench NAME [...] --json`: benchmarks against a floor measured in the same run; the last line is one JSON object."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand

from spm.benchmarks import benchmarks


class Command(BaseCommand):
    help = "Runs a benchmark in a scratch database and prints figure, floor, ratio and peak_mib."

    def add_arguments(self, parser: Any) -> None:
        names = parser.add_subparsers(dest="name", required=True)
        for name, found in benchmarks().items():
            own = names.add_parser(name, help=found.help)
            found.arguments(own)
            own.add_argument("--json", action="store_true", help="print the JSON object alone")

    def handle(self, *args: Any, **options: Any) -> None:
        result = benchmarks()[options["name"]].run(options)
        result = {"bench": options["name"], **result, "ratio": round(result["figure"] / result["floor"], 3)}
        if not options["json"]:
            for key, value in result.items():
                self.stdout.write(f"{key:24} {value}")
        self.stdout.write(json.dumps(result))
