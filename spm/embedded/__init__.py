"""PostgreSQL, Redis and process supervision for machines that bring none of their own. Imports no Django."""

from spm.embedded.errors import EmbeddedError
from spm.embedded.services import Services, ensure_services, services_running, stop_services

__all__ = ["EmbeddedError", "Services", "ensure_services", "services_running", "stop_services"]
