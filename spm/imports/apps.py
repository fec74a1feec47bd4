"""Django configuration of spm.imports."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ImportsConfig(AppConfig):
    name = "spm.imports"
    label = "imports"

    def ready(self) -> None:
        """Targets are read off the models, which stand by now."""
        from spm.access.policy import roles_with
        from spm.imports.erasure import imports_erase
        from spm.imports.targets import register_all
        from spm.people.services import eraser_register
        from spm.ui.nav import NavItem, nav_register

        register_all()
        eraser_register("imports", imports_erase)
        nav_register(NavItem("imports", _("Imports"), "imports", "upload", section="data", roles=roles_with("imports.read"), order=10))
