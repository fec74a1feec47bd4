"""Writes about access: invitations, roles, ends of membership, the person's language."""

from spm.access.services.invitations import invitation_accept, invitation_create, invitation_resend, invitation_revoke
from spm.access.services.memberships import membership_end, membership_open, membership_reopen, role_grant, role_revoke, roles_set
from spm.access.services.users import user_anonymise, user_language_set

__all__ = [
    "invitation_accept",
    "invitation_create",
    "invitation_resend",
    "invitation_revoke",
    "membership_end",
    "membership_open",
    "membership_reopen",
    "role_grant",
    "role_revoke",
    "roles_set",
    "user_anonymise",
    "user_language_set",
]
