"""`manage.py rollforward TENANT YEAR [--factor F] [--confirm]`: shows what the next plan year would be, and makes it when told to."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from incentives.rollforward import RollForwardRefused
from incentives.services.rollforward import rollforward_confirm, rollforward_propose
from spm.calendars.models import FiscalCalendar
from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope
from spm.told import shown


class Command(BaseCommand):
    help = "Rolls a plan year forward: periods, drafts of plan versions, quotas times a factor, enrolments. Without --confirm it only shows the diff."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("tenant", help="the tenant's slug")
        parser.add_argument("year", help="the year that is rolled forward")
        parser.add_argument("--calendar", default="", help="the calendar's code; default: the tenant's own")
        parser.add_argument("--factor", type=Decimal, default=Decimal(1), help="for quotas, such as 1.05")
        parser.add_argument("--confirm", action="store_true", help="make it")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(f"There is no tenant {options['tenant']!r}.")
        with tenant_scope(tenant.pk), transaction.atomic():
            calendar = FiscalCalendar.objects.filter(**({"code": options["calendar"]} if options["calendar"] else {"is_default": True})).first()
            if calendar is None:
                raise CommandError("There is no such calendar; name one with --calendar.")
            try:
                row = rollforward_propose(calendar=calendar, year=options["year"], quota_factor=options["factor"])
                if options["confirm"]:
                    row = rollforward_confirm(rollforward=row)
            except RollForwardRefused as refused:
                raise CommandError(shown(str(refused))) from refused
            for item in row.items:
                self.stdout.write(f"{item['kind']} {item['state']}: {item['label']}: {item['before'] or '-'} -> {item['after'] or '-'}")
            counts = Counter(f"{item['kind']} {item['state']}" for item in row.items)
            self.stdout.write(json.dumps({"uid": str(row.uid), "state": row.state, "items": dict(sorted(counts.items()))}))
