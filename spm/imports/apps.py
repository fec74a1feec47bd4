"""Django configuration of spm.imports."""

from django.apps import AppConfig


class ImportsConfig(AppConfig):
    name = "spm.imports"
    label = "imports"

    def ready(self) -> None:
        """Targets are read off the models, which stand by now."""
        from spm.imports.targets import register_all

        register_all()
