"""`manage.py replay TENANT RUN`: a past run again from its change number, compared with what it left; the last line is JSON."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from incentives.models import Run
from incentives.services.replays import ReplayRefused, replay_start
from spm.jobs.execution import job_run_here
from spm.jobs.models import JobState
from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope


class Command(BaseCommand):
    help = "Computes a past run again, as it knew the record, and compares every result by hash. Posts nothing; fails where something differs."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("tenant", help="the tenant's slug")
        parser.add_argument("run", type=int, help="the run's number")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(f"There is no tenant {options['tenant']!r}.")
        with tenant_scope(tenant.pk):
            run = Run.objects.filter(number=options["run"]).first()
            if run is None:
                newest = Run.objects.order_by("-number").first()
                raise CommandError(f"There is no run {options['run']}; the newest is {newest.number if newest else 'none'}.")
            try:
                job = replay_start(run=run)
            except ReplayRefused as refused:
                raise CommandError(str(refused)) from refused
        ended = job_run_here(tenant_id=tenant.pk, job_id=job.pk)
        if ended.state != JobState.SUCCEEDED:
            raise CommandError(f"The replay ended as {ended.get_state_display()}: {ended.error}")
        for finding in ended.result["findings"]:
            self.stdout.write(finding)
        self.stdout.write(json.dumps({key: value for key, value in ended.result.items() if key != "findings"}))
        if not ended.result["same"]:
            raise CommandError(f"{ended.result['different']} results of run {run.number} differ.")
