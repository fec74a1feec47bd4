"""The one door to PostgreSQL and Redis: given by URL, else running already, else started.

State lives in the data folder: `credentials.json` (0600), `services.json` (ports; a hint for the next start), `services.lock`.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from spm.embedded import postgres, redis
from spm.embedded.account import account_find, service_home
from spm.embedded.binaries import mode_from_environment, postgres_find, redis_find
from spm.embedded.errors import EmbeddedError
from spm.embedded.files import json_read, json_write, locked
from spm.embedded.roles import APP, BACKUP, DATABASE, OWNER, roles_provision

PROVISIONED = 1  # raise when roles_provision changes, so that existing clusters are brought up to date


@dataclass(frozen=True)
class Services:
    """Addresses. `database_backup_url` is empty when the database was given by URL."""

    database_url: str
    database_owner_url: str
    redis_url: str
    database_backup_url: str = ""


def ensure_services(data_dir: Path, *, durable: bool = True) -> Services:
    """PostgreSQL and Redis for this data folder, started or adopted as needed; fast when both run.

    DATABASE_URL with DATABASE_OWNER_URL, and REDIS_URL, are taken from the environment where given (or from the files that NAME_FILE names).
    `durable=False` makes a cluster for tests, without fsync. Safe to call from several processes at once. Raises EmbeddedError.
    """
    data_dir = data_dir.resolve()
    app, owner, redis_url = _given("DATABASE_URL"), _given("DATABASE_OWNER_URL"), _given("REDIS_URL")
    if bool(app) != bool(owner):
        raise EmbeddedError("Give both DATABASE_URL (application role) and DATABASE_OWNER_URL (owner of the tables), or neither.")
    if app and owner and redis_url:
        return Services(app, owner, redis_url)
    quick = _quick(data_dir, database=not app, redis_wanted=not redis_url)
    if quick is None:
        with locked(data_dir / "services.lock"):
            quick = _start(data_dir, database=not app, redis_wanted=not redis_url, durable=durable)
    return Services(app or quick.database_url, owner or quick.database_owner_url, redis_url or quick.redis_url, quick.database_backup_url)


def stop_services(data_dir: Path) -> None:
    """Stops this data folder's embedded servers; those given by URL are not ours to stop."""
    data_dir = data_dir.resolve()
    if not data_dir.exists():
        return
    with locked(data_dir / "services.lock"):
        home = _home(data_dir)
        redis.redis_stop(home)
        postgres.server_stop(home)


def services_running(data_dir: Path) -> dict[str, int]:
    """{"postgres": pid, "redis": pid} of those embedded servers that live and answer."""
    data_dir = data_dir.resolve()
    home, secret = _home(data_dir), json_read(data_dir / "credentials.json")
    found = {}
    if server := postgres.server_running(home):
        found["postgres"] = server.process.pid
    if cache := redis.redis_running(home, secret.get("redis", "")):
        found["redis"] = cache.process.pid
    return found


def _given(name: str) -> str:
    path = os.environ.get(f"{name}_FILE")
    return os.environ.get(name) or (Path(path).read_text(encoding="utf-8").strip() if path else "")


def _home(data_dir: Path) -> Path:
    known = json_read(data_dir / "services.json").get("home")
    return Path(known) if known else data_dir


def _urls(secret: dict[str, str], postgres_port: int, redis_port: int) -> Services:
    def database(role: str) -> str:
        return f"postgres://{role}:{secret[role]}@127.0.0.1:{postgres_port}/{DATABASE}" if postgres_port else ""

    cache = f"redis://:{secret['redis']}@127.0.0.1:{redis_port}/0" if redis_port else ""
    return Services(database(APP), database(OWNER), cache, database(BACKUP))


def _quick(data_dir: Path, *, database: bool, redis_wanted: bool) -> Services | None:
    """The addresses when all that is wanted runs and was set up before; None otherwise."""
    state, secret = json_read(data_dir / "services.json"), json_read(data_dir / "credentials.json")
    if not state or not secret or state.get("provisioned") != PROVISIONED:
        return None
    home = _home(data_dir)
    server = postgres.server_running(home) if database else None
    cache = redis.redis_running(home, secret["redis"]) if redis_wanted else None
    if (database and server is None) or (redis_wanted and cache is None):
        return None
    return _urls(secret, server.port if server else 0, cache.port if cache else 0)


def _start(data_dir: Path, *, database: bool, redis_wanted: bool, durable: bool) -> Services:
    mode, state = mode_from_environment(), json_read(data_dir / "services.json")
    account = account_find(postgres.cluster_folder(_home(data_dir)))
    home = Path(state["home"]) if state.get("home") else service_home(data_dir, account)
    secret = _credentials(data_dir, home)
    state["home"] = str(home)
    json_write(data_dir / "services.json", state)
    if database:
        server = postgres.server_running(home)
        if server is None:
            binaries = postgres_find(home, account, mode=mode, major=postgres.cluster_major(home))
            if postgres.cluster_major(home) is None:
                postgres.cluster_create(home, account, binaries, secret[postgres.SUPERUSER], durable=durable)
                state.pop("provisioned", None)
            server = postgres.server_start(home, account, binaries, port=state.get("postgres_port"), durable=durable)
            state["postgres_source"] = binaries.source
        state["postgres_port"] = server.port
        if state.get("provisioned") != PROVISIONED:
            roles_provision(port=server.port, superuser=postgres.SUPERUSER, passwords=secret)
            state["provisioned"] = PROVISIONED
    if redis_wanted:
        cache = redis.redis_running(home, secret["redis"])
        if cache is None:
            binary = redis_find(home, account, mode=mode)
            cache = redis.redis_start(home, account, binary, secret["redis"], port=state.get("redis_port"), durable=durable)
            state["redis_source"] = binary.source
        state["redis_port"] = cache.port
    json_write(data_dir / "services.json", state)
    return _urls(secret, state["postgres_port"] if database else 0, state["redis_port"] if redis_wanted else 0)


def _credentials(data_dir: Path, home: Path) -> dict[str, str]:
    """Random passwords, made once; written before anything uses them."""
    path = data_dir / "credentials.json"
    secret = json_read(path)
    missing = {postgres.SUPERUSER, OWNER, APP, BACKUP, "redis"} - set(secret)
    if missing and postgres.cluster_major(home) is not None:
        raise EmbeddedError(f"{path} is missing or incomplete, but a database exists below {home}. Restore the file, or give another folder by SPM_DATA_DIR.")
    if missing:
        secret |= {name: secrets.token_urlsafe(24) for name in missing}
        json_write(path, secret)
    return secret
