"""Django configuration of planning."""

from django.apps import AppConfig


class PlanningConfig(AppConfig):
    name = "planning"
    label = "planning"

    def ready(self) -> None:
        """Adds what planning can import, and answers whose an order is by territory."""
        from planning import imports
        from planning.crediting import TerritoryResolver
        from spm.sales.crediting import resolver_register

        imports.register()
        resolver_register(TerritoryResolver())
