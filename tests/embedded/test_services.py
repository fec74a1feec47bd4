"""The embedded services: started once, adopted afterwards, recovered after any kill, private, and the same for racing starters."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg2
import pytest
import redis as redis_client

from spm.embedded import EmbeddedError, ensure_services, services_running, stop_services
from spm.embedded import postgres as embedded_postgres
from spm.embedded.files import json_read, json_write
from spm.embedded.processes import process_alive, process_identify, wait_until

ROOT = Path(__file__).resolve().parents[2]
STARTER = "import sys; from pathlib import Path; from spm.embedded import ensure_services; print(ensure_services(Path(sys.argv[1])).database_url, flush=True)"


def starter(data_dir: Path, *, then: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", STARTER + then, str(data_dir)], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def kill(pid: int) -> None:
    process = process_identify(pid)
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not process_alive(process), 10)


def write_row(url: str) -> None:
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept (a int); INSERT INTO kept VALUES (7)")
    connection.close()


def read_row(url: str) -> int:
    connection = psycopg2.connect(url)
    with connection.cursor() as cursor:
        cursor.execute("SELECT a FROM kept")
        row = cursor.fetchone()
    connection.close()
    assert row is not None
    return int(row[0])


def test_a_second_start_finds_the_first_ones_servers(data_dir):
    first = ensure_services(data_dir)
    running = services_running(data_dir)
    assert ensure_services(data_dir) == first
    assert services_running(data_dir) == running
    assert set(running) == {"postgres", "redis"}


def test_servers_outlive_a_killed_launcher_and_are_adopted(data_dir):
    launcher = starter(data_dir, then="; import time; time.sleep(600)")
    assert launcher.stdout is not None
    url = launcher.stdout.readline().strip()
    running = services_running(data_dir)
    launcher.kill()
    launcher.wait()
    assert services_running(data_dir) == running
    assert ensure_services(data_dir).database_url == url
    assert services_running(data_dir) == running


def test_a_launcher_killed_before_it_wrote_anything_down_leaves_servers_that_are_found(data_dir):
    services = ensure_services(data_dir)
    running = services_running(data_dir)
    state = json_read(data_dir / "services.json")
    json_write(data_dir / "services.json", {"home": state["home"]})
    assert ensure_services(data_dir) == services
    assert services_running(data_dir) == running


def test_a_killed_postmaster_recovers_with_its_data(data_dir):
    services = ensure_services(data_dir)
    write_row(services.database_owner_url)
    open_session = psycopg2.connect(services.database_url)  # a backend that has to notice by itself
    before = services_running(data_dir)["postgres"]
    kill(before)
    again = ensure_services(data_dir)
    open_session.close()
    assert again == services
    assert services_running(data_dir)["postgres"] != before
    assert read_row(again.database_owner_url) == 7


def test_a_killed_redis_recovers_with_its_data(data_dir):
    services = ensure_services(data_dir)
    client = redis_client.Redis.from_url(services.redis_url)
    client.set("kept", "7")
    assert client.execute_command("WAITAOF", 1, 0, 5000) if client.info()["redis_version"] >= "7.2" else wait_until(lambda: False, 1.5) is False
    before = services_running(data_dir)["redis"]
    kill(before)
    assert ensure_services(data_dir) == services
    assert services_running(data_dir)["redis"] != before
    assert client.get("kept") == b"7"


def test_redis_never_evicts_and_keeps_an_append_only_file(data_dir):
    client = redis_client.Redis.from_url(ensure_services(data_dir).redis_url)
    assert client.config_get("maxmemory-policy", "appendonly") == {"maxmemory-policy": "noeviction", "appendonly": "yes"}


def test_two_starters_at_once_share_one_pair_of_servers(data_dir):
    starters = [starter(data_dir) for _ in range(3)]
    urls = {s.communicate(timeout=90)[0].strip() for s in starters}
    assert [s.returncode for s in starters] == [0, 0, 0]
    assert len(urls) == 1
    postmasters = [line for line in _postgres_commands() if f"-D\0{data_dir}/postgres\0" in line]
    assert len(postmasters) == 1


def _postgres_commands() -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().decode(errors="replace"))
        except OSError:
            continue
    return found


def test_a_lock_file_that_names_a_foreign_process_does_not_hold_up_the_start(data_dir):
    """After a kill the dead postmaster's number may belong to somebody else of the same account."""
    services = ensure_services(data_dir)
    write_row(services.database_owner_url)
    pid = services_running(data_dir)["postgres"]
    home = Path(json_read(data_dir / "services.json")["home"])
    owner = (home / "postgres").stat().st_uid
    kill(pid)
    who = {"user": owner, "extra_groups": []} if os.geteuid() == 0 else {}
    stranger = subprocess.Popen(["/bin/sleep", "120"], cwd="/", **who)
    try:
        lock = home / "postgres" / "postmaster.pid"
        lines = lock.read_text().splitlines()
        lock.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        assert embedded_postgres.server_running(home) is None
        assert read_row(ensure_services(data_dir).database_owner_url) == 7
    finally:
        stranger.kill()
        stranger.wait()


def test_a_port_taken_meanwhile_is_replaced(data_dir):
    first = ensure_services(data_dir)
    stop_services(data_dir)
    state = json_read(data_dir / "services.json")
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections to the port that have just ended linger
        with contextlib.suppress(OSError):  # another process took it first: just as well
            thief.bind(("127.0.0.1", state["postgres_port"]))
            thief.listen()
        second = ensure_services(data_dir)
    assert second.database_url != first.database_url
    assert second.redis_url == first.redis_url


def test_stopping_ends_both_and_the_data_stays(data_dir):
    services = ensure_services(data_dir)
    write_row(services.database_owner_url)
    stop_services(data_dir)
    assert services_running(data_dir) == {}
    assert read_row(ensure_services(data_dir).database_owner_url) == 7


def test_passwords_are_readable_by_their_owner_only_and_needed(data_dir):
    services = ensure_services(data_dir)
    assert stat.S_IMODE((data_dir / "credentials.json").stat().st_mode) == 0o600
    home = Path(json_read(data_dir / "services.json")["home"])
    assert stat.S_IMODE((home / "redis" / "redis.conf").stat().st_mode) == 0o600
    secrets = json.loads((data_dir / "credentials.json").read_text()).values()
    assert not [line for line in _postgres_commands() if any(secret in line for secret in secrets)]
    for url in (services.database_url, services.database_owner_url):
        name, _, rest = url.partition("//")
        role, _, where = rest.partition("@")
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(f"{name}//{role.split(':')[0]}:wrong@{where}")
    with pytest.raises(redis_client.AuthenticationError):
        redis_client.Redis(port=int(services.redis_url.rpartition(":")[2].split("/")[0])).ping()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to step down")
def test_servers_do_not_run_as_root(data_dir):
    ensure_services(data_dir)
    for pid in services_running(data_dir).values():
        assert Path(f"/proc/{pid}").stat().st_uid != 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's services run as another account")
@pytest.mark.parametrize("mode", ["auto", "wheels"])
def test_a_data_folder_below_a_private_home_works_and_stays_private(given_nothing, monkeypatch, mode):
    monkeypatch.setenv("SPM_EMBEDDED", mode)
    private = Path(tempfile.mkdtemp(prefix="spm-private-"))  # 0700
    data_dir = private / "data"
    try:
        services = ensure_services(data_dir, durable=False)
        psycopg2.connect(services.database_url).close()
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
    finally:
        from tests.embedded.conftest import _remove

        _remove(data_dir)
        private.rmdir()


def test_the_wheels_alone_are_enough(data_dir, monkeypatch):
    monkeypatch.setenv("SPM_EMBEDDED", "wheels")
    services = ensure_services(data_dir)
    state = json_read(data_dir / "services.json")
    assert (state["postgres_source"], state["redis_source"]) == ("wheels", "wheels")
    write_row(services.database_owner_url)
    for pid in services_running(data_dir).values():
        kill(pid)
    assert ensure_services(data_dir) == services
    assert read_row(services.database_owner_url) == 7
    connection = psycopg2.connect(services.database_url)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_tsvector('russian', 'Продажи выросли')::text, lower('ПРОДАЖИ'), current_setting('server_version_num')::int >= 150000")
        assert cursor.fetchone() == ("'выросл':2 'продаж':1", "продажи", True)
    connection.close()


def test_a_cluster_of_another_version_is_refused_with_the_way_out(data_dir, monkeypatch):
    ensure_services(data_dir)
    stop_services(data_dir)
    home = Path(json_read(data_dir / "services.json")["home"])
    version = home / "postgres" / "PG_VERSION"
    kept = version.read_text()
    version.write_text("12\n")
    with pytest.raises(EmbeddedError, match=r"made by PostgreSQL 12.*SPM_DATA_DIR"):
        ensure_services(data_dir)
    version.write_text(kept)


def test_lost_passwords_of_an_existing_cluster_are_an_error_and_not_a_new_cluster(data_dir):
    ensure_services(data_dir)
    stop_services(data_dir)
    (data_dir / "credentials.json").rename(data_dir / "elsewhere.json")
    with pytest.raises(EmbeddedError, match=r"credentials.json is missing.*Restore"):
        ensure_services(data_dir)
    (data_dir / "elsewhere.json").rename(data_dir / "credentials.json")
    ensure_services(data_dir)


def test_addresses_given_by_environment_are_taken_as_they_are(data_dir, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://a:b@db/one")
    with pytest.raises(EmbeddedError, match="both DATABASE_URL"):
        ensure_services(data_dir)
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgres://o:p@db/one")
    monkeypatch.setenv("REDIS_URL", "redis://cache/0")
    services = ensure_services(data_dir)
    assert (services.database_url, services.redis_url) == ("postgres://a:b@db/one", "redis://cache/0")
    assert services_running(data_dir) == {}


def test_only_what_is_not_given_is_started(data_dir, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://a:b@db/one")
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgres://o:p@db/one")
    ensure_services(data_dir)
    assert set(services_running(data_dir)) == {"redis"}


def test_an_unknown_mode_is_refused(data_dir, monkeypatch):
    monkeypatch.setenv("SPM_EMBEDDED", "docker")
    with pytest.raises(EmbeddedError, match="auto, machine, wheels"):
        ensure_services(data_dir)


def test_the_launcher_imports_no_django():
    code = "import sys, spm.embedded, spm.embedded.demo; sys.exit('django' in sys.modules or 'celery' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
