"""Fixtures of the API's tests."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def no_rate_limits(settings) -> None:
    """Tests run faster than a minute and share its counts; the limits have tests of their own (test_throttling.py)."""
    settings.SPM_API_LIMITS = dict.fromkeys(settings.SPM_API_LIMITS, 10**9)
