"""Django configuration of spm.imports."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ImportsConfig(AppConfig):
    name = "spm.imports"
    label = "imports"

    def ready(self) -> None:
        """Targets are read off the models, which stand by now. Rows are forgotten at night by their age."""
        from spm.access.policy import roles_with
        from spm.imports.erasure import imports_erase
        from spm.imports.purge import rows_purge
        from spm.imports.targets import register_all
        from spm.jobs.housekeeping import housekeeping_register
        from spm.people.services import eraser_register
        from spm.ui.nav import NavItem, nav_register

        register_all()
        eraser_register("imports", imports_erase)
        housekeeping_register("import rows", lambda now: rows_purge(now=now))
        nav_register(NavItem("imports", _("Imports"), "imports", "upload", section="data", roles=roles_with("imports.read"), order=10))
