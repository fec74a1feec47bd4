"""Addresses of planning's API, below /api/v1/t/SLUG/."""

from django.urls import path

from planning.api import resources as r
from planning.api import writes as w

urlpatterns = [
    path("quotas/", r.QuotaList.as_view(), name="api-quotas"),
    path("quotas/set/", w.QuotaSet.as_view(), name="api-quota-set"),
    path("quotas/end/", w.QuotaEnd.as_view(), name="api-quota-end"),
    path("territories/set/", w.TerritorySet.as_view(), name="api-territory-set"),
    path("territory-assignments/set/", w.TerritoryCover.as_view(), name="api-territory-cover"),
    path("territory-assignments/end/", w.TerritoryRelease.as_view(), name="api-territory-release"),
    path("territories/", r.TerritoryList.as_view(), name="api-territories"),
    path("territories/<uuid:uid>/", r.TerritoryDetail.as_view(), name="api-territory"),
    path("territory-assignments/", r.TerritoryAssignmentList.as_view(), name="api-territory-assignments"),
    path("account-territories/set/", w.AccountSet.as_view(), name="api-account-territory-set"),
    path("account-territories/end/", w.AccountEnd.as_view(), name="api-account-territory-end"),
    path("account-territories/", r.AccountTerritoryList.as_view(), name="api-account-territories"),
    path("territory-crediting/set/", w.CreditingSet.as_view(), name="api-territory-crediting-set"),
    path("territory-crediting/end/", w.CreditingEnd.as_view(), name="api-territory-crediting-end"),
    path("territory-crediting/", r.TerritoryCreditingList.as_view(), name="api-territory-crediting"),
]
