"""Django configuration of spm.sales."""

from django.apps import AppConfig


class SalesConfig(AppConfig):
    name = "spm.sales"
    label = "sales"
