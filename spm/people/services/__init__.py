"""Writes about people. Everything dated goes through change sets; nothing known before is lost."""

from spm.people.services.employment import absence_set, employee_hire, employee_leave, employment_status_set
from spm.people.services.erasure import eraser_register, person_erase
from spm.people.services.feed import FeedChange, FeedError, FeedResult, hr_feed_apply, hr_feed_preview
from spm.people.services.organisation import (
    position_create,
    position_open,
    position_update,
    relation_set,
    reporting_line_set,
    team_create,
    team_member_set,
    team_update,
)
from spm.people.services.payees import legal_entity_create, payee_create, payee_update, person_update
from spm.people.services.seats import assignment_end, assignment_start, pay_terms_set, payee_move, person_join

__all__ = [
    "FeedChange",
    "FeedError",
    "FeedResult",
    "absence_set",
    "assignment_end",
    "assignment_start",
    "employee_hire",
    "employee_leave",
    "employment_status_set",
    "eraser_register",
    "hr_feed_apply",
    "hr_feed_preview",
    "legal_entity_create",
    "pay_terms_set",
    "payee_create",
    "payee_move",
    "payee_update",
    "person_erase",
    "person_join",
    "person_update",
    "position_create",
    "position_open",
    "position_update",
    "relation_set",
    "reporting_line_set",
    "team_create",
    "team_member_set",
    "team_update",
]
