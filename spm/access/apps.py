"""Django configuration of spm.access: its entry in the navigation."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccessConfig(AppConfig):
    name = "spm.access"
    label = "access"

    def ready(self) -> None:
        from spm.access.policy import roles_with
        from spm.ui.nav import NavItem, nav_register

        roles = frozenset(str(role) for role in roles_with("access.read"))
        nav_register(NavItem("members", _("Users and roles"), "members", "users", section="admin", roles=roles, order=810))
