"""Django configuration of spm.calendars: its entry in the navigation."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CalendarsConfig(AppConfig):
    name = "spm.calendars"
    label = "calendars"

    def ready(self) -> None:
        from spm.access.policy import roles_with
        from spm.ui.nav import NavItem, nav_register

        nav_register(NavItem("calendars", _("Fiscal calendars"), "calendars", "calendar-stats", section="admin", roles=roles_with("calendars.read"), order=830))
