"""`manage.py import_data TENANT MAPPING FILE...`: imports the first file by a mapping document; the last line is a JSON summary."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from spm.imports.errors import ImportFault
from spm.imports.models import StagedRow
from spm.imports.readers import Source
from spm.imports.selectors import batch_summary, errors_csv
from spm.imports.services import RecordMoved, import_run, tables_vacuum
from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope
from spm.told import shown


class Command(BaseCommand):
    help = "Imports a CSV or XLSX file; further files are there to look up in. Says what was taken, left out and refused, and why."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("tenant", help="the tenant's slug")
        parser.add_argument("mapping", type=Path, help="the mapping document (YAML)")
        parser.add_argument("files", type=Path, nargs="+", help="the file to import, then files that the mapping looks up in")
        parser.add_argument("--dry-run", action="store_true", help="check and count, write nothing")
        parser.add_argument("--errors", type=Path, help="write refused rows to this CSV file")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(f"There is no tenant {options['tenant']!r}.")
        for path in [options["mapping"], *options["files"]]:
            if not path.is_file():
                raise CommandError(f"There is no file {path}.")
        sources = [Source(path.name, path=path) for path in options["files"]]
        text = options["mapping"].read_text(encoding="utf-8")
        try:
            with tenant_scope(tenant.pk):
                batch = import_run(mapping_text=text, files=sources, dry_run=options["dry_run"], progress=self._progress)
                summary = batch_summary(batch)
                if options["errors"]:
                    options["errors"].write_text("".join(errors_csv(batch)), encoding="utf-8")
                for row in StagedRow.objects.filter(batch=batch, state=StagedRow.State.REJECTED).order_by("line")[:10]:
                    self.stderr.write(f"{batch.file_name}, line {row.line}, {row.column}: {shown(row.cause)}. Mend: {shown(row.mend)}.")
        except (ImportFault, RecordMoved) as fault:
            raise CommandError(str(fault)) from None
        if batch.change_set_id is not None:
            tables_vacuum(target=batch.target)
        self.stdout.write(json.dumps(summary, ensure_ascii=False))

    def _progress(self, stage: str, rows: int) -> None:
        if stage == "read" and rows % 200_000 == 0:
            self.stderr.write(f"{rows} rows read")
