"""Between sign-in and the page: the language that a person chose, and the end of a session whose person has left."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from spm.access.selectors import access_ended


class UserLanguageMiddleware:
    """Stands after authentication. A language kept with the account goes before cookie and browser."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = getattr(request.user, "language", "") if request.user.is_authenticated else ""
        if chosen in dict(settings.LANGUAGES):
            translation.activate(chosen)
            request.LANGUAGE_CODE = chosen
        return self.get_response(request)


class LeaverMiddleware:
    """Ends the session of somebody who was a member and is one nowhere now, at his first request after that.

    Stands outside the tenant's scope. A company's pages refuse him by themselves, so there it only looks at refusals; elsewhere it
    looks first. The link of an invitation stays open to him: that is how someone comes back.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        inside = request.path_info.startswith(("/t/", "/api/"))
        if not inside and not request.path_info.startswith("/invitations/") and self._left(request):
            logout(request)
            return redirect_to_login(request.get_full_path())
        response = self.get_response(request)
        if inside and response.status_code == 404 and getattr(request, "membership", None) is None and self._left(request):
            logout(request)
        return response

    def _left(self, request: HttpRequest) -> bool:
        return request.user.is_authenticated and access_ended(user=request.user)
