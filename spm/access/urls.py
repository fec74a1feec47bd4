"""Addresses of access: the front door, the switcher, invitations, the operator, and the members of a tenant."""

from django.urls import path

from spm.access.views import entrance, members, operator

urlpatterns = [
    path("", entrance.front_door, name="front-door"),
    path("tenants/", entrance.tenants, name="tenants"),
    path("invitations/<str:token>/", entrance.invitation, name="invitation"),
    path("operator/", operator.operator, name="operator"),
    path("t/<slug:slug>/", entrance.tenant_home, name="tenant-home"),
    path("t/<slug:slug>/access/", members.members, name="members"),
    path("t/<slug:slug>/access/matrix/", members.matrix, name="access-matrix"),
    path("t/<slug:slug>/access/invite/", members.invite, name="member-invite"),
    path("t/<slug:slug>/access/members/<uuid:membership_uid>/", members.member, name="member"),
    path("t/<slug:slug>/access/members/<uuid:membership_uid>/end/", members.end, name="member-end"),
    path("t/<slug:slug>/access/invitations/<uuid:invitation_uid>/resend/", members.resend, name="invitation-resend"),
    path("t/<slug:slug>/access/invitations/<uuid:invitation_uid>/revoke/", members.revoke, name="invitation-revoke"),
]
