"""Django configuration of planning."""

from django.apps import AppConfig


class PlanningConfig(AppConfig):
    name = "planning"
    label = "planning"
