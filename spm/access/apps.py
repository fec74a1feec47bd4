"""Django configuration of spm.access."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "spm.access"
    label = "access"
