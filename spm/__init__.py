"""The kernel: tenancy, access, people, calendars, the sales record, imports, jobs, audit, API and the Django project.

Importing it loads nothing: spm.embedded and the pure cores run without Django. SpmConfig loads the Celery application.
"""
