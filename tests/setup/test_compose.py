"""docker-compose.yml, checked without an engine: against the schema, for what must be true of it, and by running its commands."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import psycopg2
import pytest
import yaml

from spm.embedded import postgres as embedded_postgres
from spm.embedded.account import account_find
from spm.embedded.binaries import postgres_find, redis_find
from spm.embedded.ports import port_pick
from spm.embedded.processes import wait_until
from spm.embedded.redis import redis_answers
from tests.embedded.test_roles import PROMISED, attributes

ROOT = Path(__file__).resolve().parents[2]
# The Compose Specification (compose-spec, Apache-2.0), as the npm package dclint 3.1.0 ships it.
SCHEMA = json.loads(Path(__file__).with_name("compose.schema.json").read_text())


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def problems(document: Any) -> list[str]:
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in jsonschema.Draft7Validator(SCHEMA).iter_errors(document)]


def test_it_follows_the_compose_schema(compose):
    assert problems(compose) == []


@pytest.mark.parametrize(
    ("place", "value"),
    [(("web", "port"), ["8000:8000"]), (("redis", "healthcheck", "retries"), []), (("web", "depends_on", "postgres", "condition"), "service_running")],
)
def test_the_schema_notices_mistakes(compose, place, value):
    broken = copy.deepcopy(compose)
    at = broken["services"]
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    assert problems(broken)


def test_everything_that_runs_on_has_a_health_check(compose):
    assert set(compose["services"]) == {"postgres", "redis", "migrate", "web", "worker", "beat"}
    assert [name for name, service in compose["services"].items() if "healthcheck" not in service] == ["migrate"]


def test_programs_wait_for_healthy_services_and_finished_migrations(compose):
    for name in ("web", "worker", "beat"):
        conditions = {k: v["condition"] for k, v in compose["services"][name]["depends_on"].items()}
        assert conditions == {"postgres": "service_healthy", "redis": "service_healthy", "migrate": "service_completed_successfully"}


def test_what_it_names_exists(compose):
    for service in compose["services"].values():
        assert set(service.get("secrets", [])) <= set(compose["secrets"])
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (ROOT / source).exists() if source.startswith(".") else source in compose["volumes"]
    for path in re.findall(r"/app/(\S+?)[\"\s]", (ROOT / "docker-compose.yml").read_text()):
        assert (ROOT / path).exists(), path


def test_no_password_stands_in_the_file(compose):
    words = re.findall(r"(?i)^.*password.*$", (ROOT / "docker-compose.yml").read_text(), re.MULTILINE)
    assert all("_FILE" in line or line.lstrip().startswith("#") for line in words)
    assert all(entry["file"].startswith(".secrets/") for entry in compose["secrets"].values())
    assert ".secrets/" in (ROOT / ".gitignore").read_text().split()
    assert ".secrets" in (ROOT / ".dockerignore").read_text().split()


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="spm-compose-"))
    path.chmod(0o755)
    (path / "secrets").mkdir()
    for name in ("secret_key", "postgres", "owner", "app", "redis"):
        (path / "secrets" / name).write_text(f"{name}-0123456789-0123456789-0123456789\n")
    yield path
    shutil.rmtree(path)


def test_the_redis_command_and_its_health_check_work(compose, folder):
    """The command as written, with this machine's server in the image's place."""
    program = redis_find(folder, account_find(), mode="auto").path
    (folder / "bin").mkdir()
    (folder / "bin" / "redis-server").symlink_to(program)
    (folder / "data").mkdir()
    port = port_pick()
    shell = compose["services"]["redis"]["command"][-1].replace("$$", "$")
    for image, here in (("/tmp/", f"{folder}/"), ("/run/secrets", f"{folder}/secrets"), ("dir /data", f"dir {folder}/data")):
        shell = shell.replace(image, here)
    shell = shell.replace("exec redis-server", f"echo port {port} >> {folder}/redis.conf; exec redis-server")
    server = subprocess.Popen(["/bin/sh", "-ec", shell], env={**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}"}, stdout=subprocess.DEVNULL)
    try:
        assert wait_until(lambda: redis_answers(port, "redis-0123456789-0123456789-0123456789"), 15)
        assert not redis_answers(port, "wrong")
        assert (folder / "redis.conf").stat().st_mode & 0o077 == 0
    finally:
        server.terminate()
        server.wait()


def test_the_roles_script_makes_the_same_roles_as_the_launcher(folder, monkeypatch):
    account = account_find()
    binaries = postgres_find(folder, account, mode="auto", major=None)
    embedded_postgres.cluster_create(folder, account, binaries, "superuser-password", durable=False)
    server = embedded_postgres.server_start(folder, account, binaries, port=None, durable=False)
    try:
        environment = {**os.environ, "PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGPASSWORD": "superuser-password", "SECRETS_DIR": f"{folder}/secrets"}
        environment["PATH"] = f"{binaries.folder}:{os.environ['PATH']}"
        script = ROOT / "spm" / "embedded" / "container" / "roles.sh"
        subprocess.run(["/bin/sh", str(script)], env=environment, check=True, capture_output=True)
        # The application's own way to the addresses: the entry point's variables.
        shown = subprocess.run(
            ["/bin/sh", str(script.with_name("entrypoint.sh")), "/bin/sh", "-c", "echo $DATABASE_URL; echo $DATABASE_OWNER_URL"],
            env={"PATH": os.environ["PATH"], "SECRETS_DIR": f"{folder}/secrets", "POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": str(server.port)},
            check=True,
            capture_output=True,
            text=True,
        )
        app_url, owner_url = shown.stdout.split()
        owner, app = psycopg2.connect(owner_url), psycopg2.connect(app_url)
        with owner, owner.cursor() as cursor:
            assert attributes(cursor) == {name: flags for name, flags in PROMISED.items() if name != "spm_backup"}
            cursor.execute("CREATE TABLE things (a int)")
        with app, app.cursor() as cursor:
            cursor.execute("INSERT INTO things VALUES (1)")
            cursor.execute("SELECT has_table_privilege('things', 'TRUNCATE')")
            assert cursor.fetchone() == (False,)
        owner.close()
        app.close()
    finally:
        embedded_postgres.server_stop(folder)
