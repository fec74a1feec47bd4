"""Django configuration of spm.api."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "spm.api"
    label = "api"
