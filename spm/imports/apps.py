"""Django configuration of spm.imports."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ImportsConfig(AppConfig):
    name = "spm.imports"
    label = "imports"

    def ready(self) -> None:
        """Targets are read off the models, which stand by now."""
        from spm.access.policy import roles_with
        from spm.imports.targets import register_all
        from spm.ui.nav import NavItem, nav_register

        register_all()
        nav_register(NavItem("imports", _("Imports"), "imports", "upload", section="data", roles=roles_with("imports.read"), order=10))
