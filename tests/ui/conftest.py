"""The gallery on a live server, as the tests of look, access and keyboard see it."""

from __future__ import annotations

import pytest
from pytest_django.live_server_helper import LiveServer

from tests.support.browser import chromium, open_page

__all__ = ["chromium", "open_page"]


@pytest.fixture
def gallery_url(live_server: LiveServer, settings) -> str:  # type: ignore[no-untyped-def]
    settings.DEBUG = True
    return f"{live_server.url}/ui/gallery/"
