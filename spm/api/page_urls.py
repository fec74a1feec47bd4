"""Addresses of the token pages, below /t/SLUG/."""

from django.urls import path

from spm.api import pages

urlpatterns = [
    path("tokens/", pages.token_list, name="tokens"),
    path("tokens/new/", pages.token_new, name="token-new"),
    path("tokens/<uuid:apitoken_uid>/revoke/", pages.token_end, name="token-revoke"),
]
