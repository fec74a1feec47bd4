"""`manage.py jobs list|show|retry|cancel TENANT ...`, `jobs tick|relay|sweep`, and `jobs health` for the containers' checks."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from spm.jobs.liveness import BEAT, PULSE, pulse_age
from spm.jobs.models import Job
from spm.jobs.nightly import jobs_tick
from spm.jobs.relay import outbox_relay_all
from spm.jobs.selectors import job_list, job_progress, jobs_needing_attention
from spm.jobs.services import JobNotAllowed, job_cancel, job_retry
from spm.jobs.sweeping import jobs_sweep_all
from spm.tenancy.models import Tenant
from spm.tenancy.scope import tenant_scope


class Command(BaseCommand):
    help = "Shows and mends background work; checks that worker and beat are alive."

    def add_arguments(self, parser: Any) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        shown = acts.add_parser("list", help="newest jobs of a tenant")
        shown.add_argument("tenant")
        shown.add_argument("--attention", action="store_true", help="only those that failed")
        shown.add_argument("--limit", type=int, default=20)
        for act in ("show", "retry", "cancel"):
            one = acts.add_parser(act)
            one.add_argument("tenant")
            one.add_argument("uid")
        for act in ("tick", "relay", "sweep"):
            acts.add_parser(act, help="what the scheduler does, now")
        health = acts.add_parser("health", help="exit 1 unless a task ran end to end lately")
        health.add_argument("--beat", action="store_true", help="look at the scheduler instead")
        health.add_argument("--max-age", type=float, default=120, help="seconds")

    def handle(self, *args: Any, **options: Any) -> None:
        act = options["act"]
        if act == "health":
            self._health(options)
        elif act in {"tick", "relay", "sweep"}:
            acts: dict[str, Callable[[], Any]] = {"tick": jobs_tick, "relay": outbox_relay_all, "sweep": jobs_sweep_all}
            self.stdout.write(json.dumps(acts[act]()))
        else:
            self._of_tenant(act, options)

    def _health(self, options: dict[str, Any]) -> None:
        name, what = (BEAT, "the scheduler's last beat") if options["beat"] else (PULSE, "the last task executed end to end")
        age = pulse_age(name)
        if age is None or age > options["max_age"]:
            found = "never" if age is None else f"{age:.0f} s ago"
            raise CommandError(f"{what}: {found}, which is longer than {options['max_age']:.0f} s ago. Are beat, Redis and a worker running?")
        self.stdout.write(f"{what}: {age:.0f} s ago")

    def _of_tenant(self, act: str, options: dict[str, Any]) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(f"There is no tenant {options['tenant']!r}.")
        with tenant_scope(tenant.pk):
            if act == "list":
                found = jobs_needing_attention() if options["attention"] else job_list()
                for job in found[: options["limit"]]:
                    self.stdout.write(f"{job.uid}  {job.state:<9}  {job.kind} {job.key}  {job.stage}  {job.error}".rstrip())
                return
            job = Job.objects.filter(uid=options["uid"], parent=None).first()
            if job is None:
                raise CommandError(f"{tenant.slug} has no job {options['uid']}.")
            try:
                if act != "show":
                    job = job_retry(job=job) if act == "retry" else job_cancel(job=job)
            except JobNotAllowed as refused:
                raise CommandError(str(refused)) from refused
            shown = job_progress(job)
            self.stdout.write(f"{shown.label} {shown.key}: {shown.state_label}, {shown.percent} %, attempts {shown.attempts}. {shown.error}".rstrip())
            for stage in shown.stages:
                self.stdout.write(f"  {stage.name:<16} {stage.state:<8} {stage.done if stage.done is not None else '-'}/{stage.total or '-'}")
