"""The scripts' translations, one address per language, so that a browser may keep them."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from django.views.i18n import JavaScriptCatalog


@require_safe
@cache_control(max_age=600, public=True)
def catalogue(request: HttpRequest, language: str) -> HttpResponseBase:
    """Django's catalogue of the domain djangojs in the given language; 404 for a language that the product does not have."""
    if language not in dict(settings.LANGUAGES):
        raise Http404
    with translation.override(language):
        return JavaScriptCatalog.as_view(packages=["spm"])(request)
