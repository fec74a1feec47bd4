"""Django configuration of analytics: its pages in the navigation."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AnalyticsConfig(AppConfig):
    name = "analytics"
    label = "analytics"

    def ready(self) -> None:
        from spm.access.models import Role
        from spm.access.policy import roles_with
        from spm.ui.nav import NavItem, nav_register

        own = frozenset({Role.REP.value, Role.MANAGER.value})
        nav_register(NavItem("scorecard", _("Scorecard"), "scorecard", "target", section="me", roles=own, order=10, shortcut="s"))
        nav_register(NavItem("statement", _("Statement"), "statement-mine", "receipt", section="me", roles=own, order=20, shortcut="m"))
        nav_register(NavItem("closing", _("Period close"), "closing", "lock", section="pay", roles=roles_with("pay.read_all"), order=45))
        nav_register(NavItem("team", _("Team"), "team", "users", section="team", roles=roles_with("pay.read_team"), order=10, shortcut="t"))
