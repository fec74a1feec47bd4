"""Sign-in tests hash many passwords; a fast hash keeps them quick and changes nothing that they look at."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def quick_hash(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
