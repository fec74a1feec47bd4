"""`manage.py parallel TENANT FILE --name NAME`: compares what an old system paid with what is posted here, and keeps the comparison."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from incentives.models import ParallelBasis
from incentives.parallel import COLUMNS
from incentives.services.parallel import ParallelRefused, parallel_start
from spm.imports.errors import ImportFault
from spm.imports.readers import Source
from spm.jobs.execution import job_run_here
from spm.jobs.models import JobState
from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope
from spm.told import shown


class Command(BaseCommand):
    help = "Compares a file of the old system (payee, component or plan, period, amount, credit) with what the last run left here."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("tenant", help="the tenant's slug")
        parser.add_argument("file", type=Path)
        parser.add_argument("--name", default="", help="under which the comparison is kept; default: the file's")
        parser.add_argument("--basis", choices=ParallelBasis.values, default=ParallelBasis.EARNED)
        parser.add_argument("--column", action="append", default=[], metavar="WHAT=COLUMN", help=f"WHAT is one of {', '.join(COLUMNS)}")
        parser.add_argument("--word", action="append", default=[], metavar="THEIRS=OURS", help="a component or plan of the file, as NAME or PLAN.NAME")
        parser.add_argument("--decimal", default=".", choices=[".", ","])

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(f"There is no tenant {options['tenant']!r}.")
        columns, words = (dict(pair.split("=", 1) for pair in options[name] if "=" in pair) for name in ("column", "word"))
        with tenant_scope(tenant.pk):
            try:
                row = parallel_start(
                    name=options["name"], source=Source(options["file"].name, path=options["file"]), basis=options["basis"], columns=columns, words=words,
                    decimal=options["decimal"],
                )  # fmt: skip
            except (ImportFault, ParallelRefused) as refused:
                raise CommandError(shown(str(refused))) from refused
        assert row.job_id is not None
        ended = job_run_here(tenant_id=tenant.pk, job_id=row.job_id)
        if ended.state != JobState.SUCCEEDED:
            raise CommandError(f"The comparison ended as {ended.get_state_display()}: {shown(ended.error)}")
        with tenant_scope(tenant.pk):
            row.refresh_from_db()
            self.stdout.write(json.dumps({"uid": str(row.uid), "name": row.name, **row.summary}, indent=1))
            if any(one["residue"].strip("0.") for one in row.summary["currencies"].values()):
                raise CommandError("The control totals do not tie.")
