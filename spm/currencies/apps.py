"""Django configuration of spm.currencies."""

from django.apps import AppConfig


class CurrenciesConfig(AppConfig):
    name = "spm.currencies"
    label = "currencies"
