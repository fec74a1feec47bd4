"""Addresses of the pages of currency rates, below /t/SLUG/."""

from django.urls import path

from spm.currencies import views

urlpatterns = [
    path("fx-rates/", views.fx_rates, name="fx-rates"),
    path("fx-rates/new/", views.fx_rate_new, name="fx-rate-new"),
    path("fx-rates/end/", views.fx_rate_end, name="fx-rate-end"),
    path("fx-rates/ecb/", views.fx_ecb, name="fx-ecb"),
    path("fx-rates/<slug:rate_type>/<slug:base>/<slug:quote>/", views.fx_pair, name="fx-pair"),
]
