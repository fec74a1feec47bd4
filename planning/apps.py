"""Django configuration of planning."""

from django.apps import AppConfig


class PlanningConfig(AppConfig):
    name = "planning"
    label = "planning"

    def ready(self) -> None:
        """Adds what planning can import."""
        from planning import imports

        imports.register()
