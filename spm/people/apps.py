"""Django configuration of spm.people: its entries in the navigation."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PeopleConfig(AppConfig):
    name = "spm.people"
    label = "people"

    def ready(self) -> None:
        from spm.access.policy import roles_with
        from spm.ui.nav import NavItem, nav_register

        readers = roles_with("people.read")
        nav_register(NavItem("people", _("People"), "people", "users-group", section="admin", roles=readers, order=800, shortcut="e"))
        nav_register(NavItem("positions", _("Positions"), "positions", "sitemap", section="admin", roles=readers, order=802))
        nav_register(NavItem("relations", _("Relations"), "relations", "link", section="admin", roles=readers, order=803))
        nav_register(NavItem("teams", _("Teams"), "teams", "hierarchy", section="admin", roles=readers, order=804))
