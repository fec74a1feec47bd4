"""`manage.py period TENANT CODE [--group G --entity E --to STATE]`: shows where a pay period stands, or moves one group of it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from incentives.models import PeriodState
from incentives.selectors.closing import period_groups
from incentives.services.closing import PeriodRefused, period_move
from spm.calendars.models import Period
from spm.people.models import LegalEntity
from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope


class Command(BaseCommand):
    help = (
        "Moves a pay period through review, approval, closing and payment; without --to it shows the state of every group. Limited by no role: the operator's."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("tenant", help="the tenant's slug")
        parser.add_argument("code", help="the period's code, such as 2026-02")
        parser.add_argument("--calendar", help="the calendar's code, where more than one has such a period")
        parser.add_argument("--group", default="", help="pay group; needed where there is more than one")
        parser.add_argument("--entity", default="", help="code of the legal entity; needed where there is more than one")
        parser.add_argument("--to", choices=PeriodState.State.values, help="the state to move to")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(f"There is no tenant {options['tenant']!r}.")
        with tenant_scope(tenant.pk):
            period = self._period(options["code"], options["calendar"])
            if options["to"]:
                self._move(period, options)
            for one in period_groups(period):
                total = ", ".join(f"{amount} {currency}" for currency, amount in sorted(one.total.items())) or "nothing"
                counts = ", ".join(f"{n} {state}" for state, n in sorted(one.statements.items())) or "none"
                self.stdout.write(f"{one.pay_group} {one.legal_entity.code}: {one.state}; statements: {counts}; pays {total}")

    def _move(self, period: Period, options: dict[str, Any]) -> None:
        groups = [g for g in period_groups(period) if options["group"] in ("", g.pay_group) and options["entity"] in ("", g.legal_entity.code)]
        if len(groups) != 1:
            known = ", ".join(f"--group {g.pay_group} --entity {g.legal_entity.code}" for g in period_groups(period)) or "none"
            raise CommandError(f"{len(groups)} groups fit; name one of: {known}.")
        entity = LegalEntity.objects.get(pk=groups[0].legal_entity.pk)
        try:
            period_move(period=period, pay_group=groups[0].pay_group, legal_entity=entity, to=options["to"], expected=groups[0].state)
        except PeriodRefused as refused:
            raise CommandError(str(refused)) from refused

    def _period(self, code: str, calendar: str | None) -> Period:
        found = list(Period.objects.filter(code=code, **({"calendar__code": calendar} if calendar else {})).select_related("calendar"))
        if len(found) != 1:
            known = ", ".join(p.calendar.code for p in found)
            raise CommandError(
                f"Period {code!r} stands in {len(found)} calendars ({known}); name one with --calendar." if found else f"There is no period {code!r}."
            )
        return found[0]
