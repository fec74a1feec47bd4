"""Django configuration of the kernel: template tags, translations, commands."""

import logging

from django.apps import AppConfig

log = logging.getLogger(__name__)


class SpmConfig(AppConfig):
    name = "spm"
    label = "spm"

    def ready(self) -> None:
        """Compiles catalogues that are older than their texts, so that a fresh checkout speaks its languages without a build step."""
        from spm.ui.translations import catalogues_compile, catalogues_stale

        if catalogues_stale():
            try:
                catalogues_compile()
            except OSError as error:
                log.warning("The translations could not be compiled (%s); run `manage.py translations compile` with write access to spm/locale.", error)
