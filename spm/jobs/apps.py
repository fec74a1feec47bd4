"""Django configuration of spm.jobs."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "spm.jobs"
    label = "jobs"
