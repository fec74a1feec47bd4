"""Django configuration of spm.jobs: finds the kinds of job that each app registers in its `jobs` module."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    name = "spm.jobs"
    label = "jobs"

    def ready(self) -> None:
        from spm.jobs.erasure import jobs_erase
        from spm.people.services import eraser_register

        autodiscover_modules("jobs")
        eraser_register("jobs", jobs_erase)
