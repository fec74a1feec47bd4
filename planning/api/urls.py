"""Addresses of planning's API, below /api/v1/t/SLUG/."""

from django.urls import path

from planning.api import resources as r

urlpatterns = [
    path("quotas/", r.QuotaList.as_view(), name="api-quotas"),
    path("territories/", r.TerritoryList.as_view(), name="api-territories"),
    path("territories/<uuid:uid>/", r.TerritoryDetail.as_view(), name="api-territory"),
    path("territory-assignments/", r.TerritoryAssignmentList.as_view(), name="api-territory-assignments"),
]
