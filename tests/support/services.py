"""Early pytest plugin: real PostgreSQL and Redis for the tests, before Django reads its settings.

Given by URL, else an embedded pair of their own (never the developer's data), which stays up for the next run.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "spm.settings")
os.environ.setdefault("SPM_DATA_DIR", str(ROOT / ".data" / "test"))
os.environ.setdefault("SECRET_KEY", "tests-only-tests-only-tests-only-tests-only")
# Playwright's synchronous API runs an event loop in the main thread.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())

worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
os.environ["SPM_REDIS_PREFIX"] = f"test-{worker}"
os.environ["SPM_QUEUE"] = f"test-{worker}"

if not all(os.environ.get(name) for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL")):
    from spm.embedded import ensure_services

    found = ensure_services(Path(os.environ["SPM_DATA_DIR"]), durable=False)
    os.environ.setdefault("DATABASE_URL", found.database_url)
    os.environ.setdefault("DATABASE_OWNER_URL", found.database_owner_url)
    os.environ.setdefault("REDIS_URL", found.redis_url)
