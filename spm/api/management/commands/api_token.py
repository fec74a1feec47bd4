"""api_token TENANT EMAIL --scope sales:write ...: makes a token for a member and prints it once."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from spm.access.models import Membership
from spm.api.scopes import Scope
from spm.api.services import TokenRefused, token_create
from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope


class Command(BaseCommand):
    help = "Makes an API token for a member of a company and prints it; it cannot be read again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tenant", help="slug of the company")
        parser.add_argument("email", help="e-mail address of the member for whom it acts")
        parser.add_argument("--scope", action="append", required=True, choices=Scope.values, help="may be given several times")
        parser.add_argument("--days", type=int, default=90, help="ends after so many days (1 to 366, 90 unless told)")
        parser.add_argument("--name", default="command line")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"], is_active=True).first()
        if tenant is None:
            raise CommandError(f"There is no company {options['tenant']}.")
        with tenant_scope(tenant.pk):
            member = Membership.objects.filter(user__email=options["email"].lower(), ended_at__isnull=True).first()
            if member is None:
                raise CommandError(f"{options['email']} is not a member of {tenant.slug}; invite that person first.")
            ends = timezone.now() + dt.timedelta(days=options["days"])
            try:
                made = token_create(tenant=tenant, membership=member, name=options["name"], scopes=options["scope"], expires_at=ends, actor_id=None)
            except TokenRefused as error:
                raise CommandError(str(error)) from error
        self.stdout.write(made.text)
