"""Django configuration of the kernel: template tags, translations, commands."""

import logging

from django.apps import AppConfig

log = logging.getLogger(__name__)


class SpmConfig(AppConfig):
    name = "spm"
    label = "spm"

    def ready(self) -> None:
        # Shared tasks bind to the current Celery application: it has to exist in the web process and in commands too.
        import spm.celery  # noqa: F401
        from spm.ui.translations import catalogues_compile, catalogues_stale

        # Catalogues older than their texts are compiled, so that a fresh checkout speaks its languages without a build step.
        if catalogues_stale():
            try:
                catalogues_compile()
            except OSError as error:
                log.warning("The translations could not be compiled (%s); run `manage.py translations compile` with write access to spm/locale.", error)
