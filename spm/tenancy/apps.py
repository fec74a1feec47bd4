"""Django configuration of spm.tenancy: grants after migration, the guard on the application's connection."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


def _install_guard(*, connection, **_) -> None:  # type: ignore[no-untyped-def]
    from spm.tenancy.scope import guard_unscoped

    if connection.alias != "owner" and guard_unscoped not in connection.execute_wrappers:
        connection.execute_wrappers.append(guard_unscoped)


class TenancyConfig(AppConfig):
    name = "spm.tenancy"
    label = "tenancy"

    def ready(self) -> None:
        from spm.tenancy.grants import grants_after_migrate

        connection_created.connect(_install_guard, dispatch_uid="tenancy.guard")
        post_migrate.connect(grants_after_migrate, sender=self, dispatch_uid="tenancy.grants")
