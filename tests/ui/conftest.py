"""The gallery on one server for all tests. It needs no data: reaching for the database fails here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django.live_server_helper import LiveServer


@pytest.fixture(scope="session")
def server() -> Iterator[LiveServer]:
    running = LiveServer("localhost")
    yield running
    running.stop()


@pytest.fixture
def gallery_url(server: LiveServer, settings) -> str:  # type: ignore[no-untyped-def]
    settings.DEBUG = True
    return f"{server.url}/ui/gallery/"
