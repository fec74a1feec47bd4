"""Django configuration of spm.currencies: its entry in the navigation."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CurrenciesConfig(AppConfig):
    name = "spm.currencies"
    label = "currencies"

    def ready(self) -> None:
        from spm.access.policy import roles_with
        from spm.ui.nav import NavItem, nav_register

        nav_register(NavItem("fx-rates", _("Currency rates"), "fx-rates", "coins", section="admin", roles=roles_with("calendars.read"), order=832))
