"""Django configuration of spm.people: its entry in the navigation."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PeopleConfig(AppConfig):
    name = "spm.people"
    label = "people"

    def ready(self) -> None:
        from spm.access.policy import roles_with
        from spm.ui.nav import NavItem, nav_register

        nav_register(NavItem("people", _("People"), "people", "users-group", section="admin", roles=roles_with("people.read"), order=800, shortcut="e"))
