"""What a token may be allowed to do. A call needs both: the token's scope and the member's role (spm.api.permissions)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Scope(models.TextChoices):
    """Scopes of tokens, as resource:verb. A session of the browser has all of them; roles then decide alone."""

    PEOPLE_READ = "people:read", _("Read people, positions, seats and reporting lines")
    PEOPLE_WRITE = "people:write", _("Change people, positions, seats and reporting lines")
    PEOPLE_ERASE = "people:erase", _("Erase personal data")
    CALENDARS_READ = "calendars:read", _("Read calendars and periods")
    CALENDARS_WRITE = "calendars:write", _("Change calendars and periods")
    FX_READ = "fx:read", _("Read currency rates")
    FX_WRITE = "fx:write", _("Change currency rates")
    SALES_READ = "sales:read", _("Read the sales record")
    SALES_WRITE = "sales:write", _("Write to the sales record")
    IMPORTS_READ = "imports:read", _("Read imports and their errors")
    IMPORTS_WRITE = "imports:write", _("Upload, start and roll back imports")
    JOBS_READ = "jobs:read", _("Read background jobs")
    JOBS_WRITE = "jobs:write", _("Retry background jobs")
    PLANNING_READ = "planning:read", _("Read quotas and territories")
    PLANNING_WRITE = "planning:write", _("Change quotas and territories")
    PLANS_READ = "plans:read", _("Read incentive plans")
    PLANS_WRITE = "plans:write", _("Change and assign incentive plans")
    PLANS_APPROVE = "plans:approve", _("Put plan versions in force and take them out")
    RUNS_READ = "runs:read", _("Read runs and what they changed")
    RUNS_WRITE = "runs:write", _("Start runs")
    PAY_READ = "pay:read", _("Read pay: statements, traces, pay terms, scorecards")
    PAY_WRITE = "pay:write", _("Change pay terms")
    PAY_READ_ALL = "pay:read_all", _("Read what concerns everybody's pay: deals on hold and the state of pay periods")
    PAY_ADJUST = "pay:adjust", _("Put deals on hold, adjust pay by hand, and move pay periods")
    PAY_APPROVE = "pay:approve", _("Approve pay periods")
    DISPUTES_WRITE = "disputes:write", _("File disputes about one's own pay, and take part in those one sees")
    DISPUTES_PASS = "disputes:pass", _("Pass disputes on to the compensation team")
    DISPUTES_RESOLVE = "disputes:resolve", _("Decide disputes")
    ACCESS_READ = "access:read", _("Read members, roles and tokens")
    ACCESS_WRITE = "access:write", _("Change members, roles and tokens")
    AUDIT_READ = "audit:read", _("Read the audit trail")
