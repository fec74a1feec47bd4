"""Django configuration of incentives: its pages in the navigation."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IncentivesConfig(AppConfig):
    name = "incentives"
    label = "incentives"

    def ready(self) -> None:
        from incentives import imports
        from incentives.dispute_erasure import disputes_erase
        from spm.access.models import Role
        from spm.access.policy import roles_with
        from spm.people.services.erasure import eraser_register
        from spm.ui.nav import NavItem, nav_register

        imports.register()
        eraser_register("disputes", disputes_erase)
        nav_register(NavItem("plans", _("Plans"), "plans", "file-text", section="pay", roles=roles_with("plans.read"), order=20, shortcut="p"))
        nav_register(NavItem("runs", _("Runs"), "runs", "player-play", section="pay", roles=roles_with("runs.read"), order=30, shortcut="r"))
        nav_register(NavItem("holds", _("Holds"), "holds", "player-pause", section="pay", roles=roles_with("pay.read_all"), order=40))
        askers = roles_with("pay.read_team") | {Role.REP}
        nav_register(NavItem("disputes", _("Disputes"), "disputes", "message-report", section="me", roles=askers, order=35, shortcut="d"))
