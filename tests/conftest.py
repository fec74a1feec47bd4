"""Fixtures that every test may use. Services come from tests.support.services, an early plugin named in pyproject.toml."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser import chromium, open_page

# Here alone: imported in two places the browser would be two fixtures, and a process can drive only one.
__all__ = ["chromium", "open_page"]

ROOT = Path(__file__).resolve().parents[1]


# Their tests wait for browsers, processes and large files: started last, one process would still be at them while the other has nothing left.
LONG_FIRST = ("journeys", "adventureworks", "embedded", "chaos", "setup", "jobs", "ui", "isolation", "i18n", "training")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, the others as they stand. The order within a file stays, and every process comes to the same one."""
    folders = {name: place for place, name in enumerate(LONG_FIRST)}
    items.sort(key=lambda item: folders.get(item.path.relative_to(ROOT / "tests").parts[0], len(folders)))


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """Replaces pytest-django's: the application role may not create databases."""
    from tests.support.database import create_worker_database, drop_worker_database

    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        name = create_worker_database()
    yield
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        drop_worker_database(name)


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Real inputs and known answers kept beside the checkout. In CI their absence is a failure, elsewhere `not run`."""
    path = ROOT.parent / "shared"
    if not path.exists():
        if os.environ.get("CI"):
            pytest.fail(f"{path} is missing: the tests on real input cannot run.")
        pytest.skip("not run: the real inputs are not beside this clone")
    return path


@pytest.fixture
def tenant(db: None):  # type: ignore[no-untyped-def]
    from tests.support.factories import make_tenant

    return make_tenant("acme")


@pytest.fixture
def other_tenant(db: None):  # type: ignore[no-untyped-def]
    from tests.support.factories import make_tenant

    return make_tenant("globex")


@pytest.fixture
def scope(tenant):  # type: ignore[no-untyped-def]
    """The scope of `tenant` for the whole test."""
    from spm.tenancy.scope import tenant_scope

    with tenant_scope(tenant.pk):
        yield tenant


@pytest.fixture(autouse=True)
def default_language() -> Iterator[None]:
    """Pages and mails switch the thread's language; the next test starts in the default one again."""
    yield
    from django.utils import translation

    translation.deactivate()
