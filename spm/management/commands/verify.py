"""`manage.py verify [TENANT]`: proves that books, audit log and isolation are whole; exit 1 on any break."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from spm.audit.checks import verify_run
from spm.tenancy.models import Tenant


class Command(BaseCommand):
    help = "Checks row-level security, the audit chain, ledgers and closed periods; exit 1 on any break."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("tenant", nargs="?", help="one tenant's slug; without it all of them")
        parser.add_argument("--only", action="append", default=[], metavar="CHECK", help="only this check; may be given again")
        parser.add_argument("--json", action="store_true", help="the last line is one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        tenants = Tenant.objects.order_by("slug")
        if options["tenant"]:
            tenants = tenants.filter(slug=options["tenant"])
            if not tenants:
                raise CommandError(f"There is no tenant {options['tenant']!r}.")
        findings = []
        try:
            for finding in verify_run(tenants, only=options["only"]):
                findings.append(finding)
                where = f" ({finding.tenant})" if finding.tenant else ""
                self.stdout.write(f"{'BREAK' if finding.breaks else 'ok':<6} {finding.check}{where}")
                for text in finding.breaks:
                    self.stdout.write(f"       {text}")
        except LookupError as unknown:
            raise CommandError(str(unknown)) from unknown
        breaks = sum(len(finding.breaks) for finding in findings)
        if options["json"]:
            found = [{"check": f.check, "tenant": f.tenant, "breaks": list(f.breaks)} for f in findings if f.breaks]
            self.stdout.write(json.dumps({"checks": len(findings), "breaks": breaks, "found": found}))
        else:
            self.stdout.write(f"{len(findings)} checks, {breaks} breaks")
        if breaks:
            raise CommandError(f"{breaks} breaks were found; see above.", returncode=1)
