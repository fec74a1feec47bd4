"""Django configuration of spm.api: its entry in the navigation, and what it forgets at night."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApiConfig(AppConfig):
    name = "spm.api"
    label = "api"

    def ready(self) -> None:
        from spm.access.models import Role
        from spm.api.services import answers_erase, idempotency_purge
        from spm.jobs.housekeeping import housekeeping_register
        from spm.people.services import eraser_register
        from spm.ui.nav import NavItem, nav_register

        # Everybody may have tokens of his own and finds them in the menu of his account; who connects programs has them at hand.
        office = frozenset(Role) - {Role.REP, Role.MANAGER}
        nav_register(NavItem("tokens", _("API tokens"), "tokens", "key", section="admin", roles=frozenset(map(str, office)), order=840))
        eraser_register("api answers", answers_erase)
        housekeeping_register("api answers", lambda now: idempotency_purge(now=now))
