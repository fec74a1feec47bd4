"""`demo`: two demo tenants with two years of generated sales and one nightly run each. `--print-logins` prints the sign-ins alone."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope
from training.demo.build import PASSWORD, demo_build, logins
from training.demo.cases import cases_write
from training.demo.company import COMPANIES


class Command(BaseCommand):
    help = "Creates the demo tenants (safe to repeat) and computes them once."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--print-logins", action="store_true", help="only print address and password per role")
        parser.add_argument("--today", type=dt.date.fromisoformat, default=None, help="the day the demo stands on, YYYY-MM-DD (default: today)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["print_logins"]:
            today = options["today"] or dt.datetime.now(tz=dt.UTC).date()
            demo_build(today=today)
            for company in COMPANIES:
                self.stdout.write(f"{company.name}: computing attainment and commissions")
                tenant = Tenant.objects.get(slug=company.slug)
                call_command("recompute", tenant.slug, stdout=self.stdout)
                with tenant_scope(tenant.pk):
                    fresh = cases_write(company=company, today=today)
                if fresh:
                    self.stdout.write(f"{company.name}: months closed, a late refund, a deal on hold and two disputes; computing again")
                    call_command("recompute", tenant.slug, stdout=self.stdout)
        self.stdout.write(f"Sign in with the password {PASSWORD} as")
        for company in COMPANIES:
            for login in logins(company):
                self.stdout.write(f"  {login.email:38} {login.role:15} {company.name}")
        self.stdout.write("  operator@spm.example                   operator        outside tenants")
