"""Django configuration of spm.jobs: finds the kinds of job that each app registers in its `jobs` module."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    name = "spm.jobs"
    label = "jobs"

    def ready(self) -> None:
        autodiscover_modules("jobs")
