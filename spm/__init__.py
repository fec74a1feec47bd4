"""The kernel: tenancy, access, people, calendars, the sales record, imports, jobs, audit, API and the Django project."""

from spm.celery import app as celery_app

__all__ = ["celery_app"]
