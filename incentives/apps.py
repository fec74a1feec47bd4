"""Django configuration of incentives."""

from django.apps import AppConfig


class IncentivesConfig(AppConfig):
    name = "incentives"
    label = "incentives"
