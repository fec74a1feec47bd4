"""Own clusters for the tests of the launcher, in folders that the services' account can reach, removed afterwards."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from spm.embedded import stop_services
from spm.embedded.files import json_read


def _remove(data_dir: Path) -> None:
    stop_services(data_dir)
    home = json_read(data_dir / "services.json").get("home")
    if home:
        shutil.rmtree(home, ignore_errors=True)
    shutil.rmtree(data_dir, ignore_errors=True)


@pytest.fixture
def given_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine where nobody named a database or Redis."""
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SPM_DATA_DIR", "SPM_EMBEDDED"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def data_dir(given_nothing: None) -> Iterator[Path]:
    """An empty data folder; what runs in it is stopped in the end."""
    path = Path(tempfile.mkdtemp(prefix="spm-embedded-"))
    path.chmod(0o755)
    yield path
    _remove(path)


@pytest.fixture(scope="module")
def shared_data_dir() -> Iterator[Path]:
    """One running pair of services for the tests of a module that only look at it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SPM_EMBEDDED"):
            patch.delenv(name, raising=False)
        path = Path(tempfile.mkdtemp(prefix="spm-embedded-"))
        path.chmod(0o755)
        yield path
        _remove(path)
