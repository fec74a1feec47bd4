"""Addresses of the interface itself."""

from django.urls import path

from spm.ui.gallery import gallery
from spm.ui.i18n import catalogue

urlpatterns = [
    path("jsi18n/<str:language>.js", catalogue, name="javascript-catalog"),
    path("ui/gallery/", gallery, name="ui-gallery"),
    path("ui/gallery/drawer/", gallery, {"drawer": True}, name="ui-gallery-drawer"),
]
