"""`manage.py recompute TENANT [--period P] [--full] [--payee NUMBER]`: the nightly job now, in this process; the last line is a JSON summary."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError

from incentives.services.payee_runs import payee_run_start
from spm.calendars.models import Period
from spm.jobs.execution import job_run_here
from spm.jobs.models import JobState
from spm.jobs.services import job_enqueue
from spm.people.models import Payee
from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope


class Command(BaseCommand):
    help = "Credits, measures, pays and posts what changed since the last run; waits for a run of the tenant that is under way."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("tenant", help="the tenant's slug")
        parser.add_argument("--period", help="only what belongs to this period, by its code")
        parser.add_argument("--payee", help="only this payee, by his number, exactly as a full run would compute him")
        parser.add_argument("--full", action="store_true", help="recompute everybody, not only those of whom something changed")
        parser.add_argument("--date", type=dt.date.fromisoformat, help="the business date; default today in the tenant's time zone")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(f"There is no tenant {options['tenant']!r}.")
        if options["payee"] and (options["full"] or options["period"]):
            raise CommandError("A run for one payee is of all his periods; give --payee without --full and --period.")
        day = options["date"] or dt.datetime.now(ZoneInfo(tenant.time_zone)).date()
        with tenant_scope(tenant.pk):
            params: dict[str, Any] = {"business_date": day.isoformat(), "full": options["full"]}
            if options["period"]:
                params["period"] = str(self._period(options["period"]).uid)
            payee = self._payee(options["payee"]) if options["payee"] else None
            job = payee_run_start(payee=payee, business_date=day) if payee else job_enqueue(kind="recompute", params=params)
        ended = job_run_here(tenant_id=tenant.pk, job_id=job.pk)
        if ended.state != JobState.SUCCEEDED:
            raise CommandError(f"The run ended as {ended.get_state_display()}: {ended.error}")
        self.stdout.write(json.dumps(ended.result["summary"], ensure_ascii=False))

    def _payee(self, external_id: str) -> Payee:
        found = list(Payee.objects.filter(external_id=external_id))
        if len(found) != 1:
            raise CommandError(f"There {'is no payee' if not found else 'are several payees'} with the number {external_id!r}.")
        return found[0]

    def _period(self, code: str) -> Period:
        found = list(Period.objects.filter(code=code))
        if not found:
            known = ", ".join(Period.objects.order_by("-starts").values_list("code", flat=True)[:6])
            raise CommandError(f"There is no period {code!r}; the latest are {known or 'none'}.")
        if len(found) > 1:
            raise CommandError(f"Period {code!r} stands in {len(found)} calendars; give their periods different codes.")
        return found[0]
