"""Services and processes of the chaos tests' own: PostgreSQL, Redis, worker and beat, to be killed and started again at will."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg2

from spm.embedded.account import account_find
from spm.embedded.binaries import mode_from_environment, postgres_find, redis_find

ROOT = Path(__file__).resolve().parents[2]
LIVE = ("queued", "running", "waiting")


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def wait_for(what: str, check: Callable[[], Any], seconds: float = 20) -> Any:
    """The first true answer of `check`; fails the test when there is none in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(psycopg2.Error, OSError):
            found = check()
            if found:
                return found
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds:.0f} s in vain for: {what}")


def children(pid: int) -> list[int]:
    """All living descendants of a process."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            fields = entry.read_text().rsplit(")", 1)[1].split()
            if int(fields[1]) == pid and fields[0] != "Z":
                found += [int(entry.parent.name), *children(int(entry.parent.name))]
    return found


def kill_tree(process: subprocess.Popen) -> None:
    """SIGKILL to a process and everything below it, without a word to any of them."""
    for pid in [process.pid, *children(process.pid)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


class Arena:
    """Everything under one folder and on ports of its own. `close()` leaves nothing behind."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="spm-chaos-"))
        self.folder.chmod(0o755)
        self.traps = self.folder / "traps"
        self.traps.mkdir()
        self.pg_port, self.redis_port = free_port(), free_port()
        self.running: dict[str, subprocess.Popen] = {}
        account = account_find()
        mode = mode_from_environment()
        self.as_user: dict[str, Any] = account.popen_arguments()
        self.postgres_bin = postgres_find(self.folder, account, mode=mode, major=None).folder
        self.redis_binary = str(redis_find(self.folder, account, mode=mode).path)
        self.env = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": f"postgres://app:a@127.0.0.1:{self.pg_port}/chaos",
            "DATABASE_OWNER_URL": f"postgres://owner:o@127.0.0.1:{self.pg_port}/chaos",
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_port}/0",
            "SPM_DATA_DIR": str(self.folder / "data"),
            "SPM_TEST_TRAPS": str(self.traps),
            "SPM_REDIS_PREFIX": "chaos",
            "SPM_QUEUE": "chaos",
            "SPM_LEASE_SECONDS": "2",
            "SPM_RETRY_SECONDS": "0",
            "SPM_REPUBLISH_SECONDS": "2",
            "SPM_VISIBILITY_TIMEOUT": "8",
            "SPM_TICK_SECONDS": "1",
            "SPM_RELAY_SECONDS": "1",
            "SPM_SWEEP_SECONDS": "1",
            "SPM_BEAT_LOCK_SECONDS": "2",
        }

    def start(self, name: str, command: list[str], **options: Any) -> subprocess.Popen:
        log = (self.folder / f"{name}.log").open("ab")
        options.setdefault("stdin", subprocess.DEVNULL)
        self.running[name] = subprocess.Popen(command, env=self.env, cwd=ROOT, stdout=log, stderr=log, start_new_session=True, **options)
        return self.running[name]

    def log(self, name: str, lines: int = 60) -> str:
        return "\n".join((self.folder / f"{name}.log").read_text(errors="replace").splitlines()[-lines:])

    def kill(self, name: str) -> None:
        kill_tree(self.running.pop(name))

    # PostgreSQL

    def database_make(self) -> None:
        data = self.folder / "pg"
        data.mkdir()
        if self.as_user:
            os.chown(data, self.as_user["user"], self.as_user["group"])
        initdb = [str(self.postgres_bin / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run(initdb, check=True, capture_output=True, cwd="/", **self.as_user)
        self.database_start()
        connection = self.connect("postgres")
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("CREATE ROLE owner LOGIN CREATEDB; CREATE ROLE app LOGIN")
            cursor.execute("CREATE DATABASE chaos OWNER owner")
        connection.close()
        at_once = {**self.env, "DJANGO_SETTINGS_MODULE": "tests.chaos.settings"}
        subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0", "--run-syncdb"], check=True, env=at_once, cwd=ROOT)

    def database_start(self) -> None:
        command = [str(self.postgres_bin / "postgres"), "-D", str(self.folder / "pg"), "-p", str(self.pg_port), "-h", "127.0.0.1"]
        options = ["-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "max_connections=60"]
        log = (self.folder / "postgres.log").open("ab")
        self.running["postgres"] = subprocess.Popen([*command, *options], stdout=log, stderr=log, cwd="/", start_new_session=True, **self.as_user)
        wait_for("PostgreSQL to answer", lambda: self.connect("postgres").close() is None)

    def connect(self, name: str = "chaos") -> psycopg2.extensions.connection:
        return psycopg2.connect(host="127.0.0.1", port=self.pg_port, user="postgres", dbname=name, connect_timeout=2)

    def query(self, sql: str, *params: Any) -> list[tuple]:
        """As the superuser, who sees all tenants."""
        connection = self.connect()
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(sql, params)
                return cursor.fetchall()
        finally:
            connection.close()

    # Redis

    def redis_start(self) -> None:
        self.start("redis", [self.redis_binary, "--port", str(self.redis_port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)])
        wait_for("Redis to answer", lambda: self.redis_say("PING") == "+PONG")

    def redis_say(self, command: str) -> str:
        with socket.create_connection(("127.0.0.1", self.redis_port), timeout=2) as opened:
            opened.sendall(command.encode() + b"\r\n")
            return opened.recv(4096).decode().splitlines()[0]

    # Processes of the product

    def worker_start(self, name: str = "worker") -> None:
        command = [sys.executable, "-m", "celery", "-A", "tests.chaos.work:app", "worker", "-c", "2", "-l", "INFO", "-n", f"{name}@chaos"]
        self.start(name, [*command, "--without-gossip", "--without-mingle"])

    def beat_start(self, name: str = "beat") -> None:
        self.start(name, [sys.executable, "-m", "celery", "-A", "tests.chaos.work:app", "beat", "-l", "INFO", "--pidfile="])

    def driver_start(self) -> None:
        self.start("driver", [sys.executable, "-m", "tests.chaos.driver"], stdin=subprocess.PIPE)

    def ask(self, **asked: Any) -> Any:
        """One command to the driver; raises RuntimeError with its error."""
        answers = self.folder / "driver.log"
        before = answers.stat().st_size
        pipe = self.running["driver"].stdin
        assert pipe is not None
        pipe.write(json.dumps(asked).encode() + b"\n")
        pipe.flush()

        def answer() -> dict | None:
            with answers.open("rb") as handle:
                handle.seek(before)
                found = [line for line in handle.read().decode().splitlines(keepends=True) if line.startswith("{") and line.endswith("\n")]
                return json.loads(found[0]) if found else None

        said = wait_for(f"the driver's answer to {asked}", answer)
        if "error" in said:
            raise RuntimeError(said["error"])
        return said["ok"]

    # Traps

    def set_trap(self, point: str) -> None:
        (self.traps / f"set {point}").touch()

    def caught(self, point: str) -> int:
        """The process that sits in the trap, once it does."""
        return int(wait_for(f"a process in the trap at {point}", lambda: (self.traps / f"in {point}").exists() and (self.traps / f"in {point}").read_text()))

    def let_go(self, point: str) -> None:
        (self.traps / f"go {point}").touch()

    def clear_traps(self) -> None:
        for path in self.traps.iterdir():
            path.unlink()

    # Outcome

    def state(self, job: int) -> str:
        return self.query("SELECT state FROM jobs_job WHERE id = %s", job)[0][0]

    def end_of(self, job: int, seconds: float = 30) -> str:
        """Waits until the job has ended, returns how."""
        try:
            return wait_for("the job to end", lambda: (found := self.state(job)) not in LIVE and found, seconds)
        except AssertionError:
            rows = self.query(
                "SELECT id, stage, state, attempts, fence, publishes, due_at, lease_until, error FROM jobs_job WHERE id = %s OR parent_id = %s", job, job
            )
            text = "\n".join(str(row) for row in rows)
            raise AssertionError(f"the job did not end:\n{text}\n{self.log('worker')}") from None

    def outcome(self, tenant: int, key: str) -> str:
        """A hash over everything that the job of this key wrote and said, without what differs by nature (ids, times)."""
        rows = self.query(
            "SELECT substr(name, length(%s) + 2) FROM people_legalentity WHERE tenant_id = %s AND name LIKE %s ORDER BY 1", key, tenant, f"{key} %"
        )
        # A chunk's key is its job's key, stage and number: cut down to what is the same in every run.
        jobs = self.query(
            "SELECT replace(key, %s, 'KEY'), stage, state, result::text, error FROM jobs_job WHERE tenant_id = %s AND (key = %s OR key LIKE %s) ORDER BY 1",
            key, tenant, key, f"{key}/%",
        )  # fmt: skip
        return hashlib.sha256(json.dumps([rows, jobs]).encode()).hexdigest() + f" ({len(rows)} rows, {len(jobs)} jobs)"

    def books(self, tenant: int) -> str:
        """A hash over the ledger, the results in force and the statements of a tenant; payees by their order, not by id."""
        payee = "(SELECT count(*) FROM people_payee q WHERE q.tenant_id = t.tenant_id AND q.id <= t.payee_id)"
        period = "(SELECT code FROM calendars_period p WHERE p.id = t.{})"
        ledger = self.query(
            f"SELECT {payee}, component, {period.format('earning_period_id')}, {period.format('pay_period_id')}, currency, verb, amount, scale, cause"
            " FROM incentives_ledgerentry t WHERE tenant_id = %s ORDER BY 1, 2, 3, 4, 6, 7",
            tenant,
        )
        results = self.query(
            f"SELECT {payee}, {period.format('period_id')}, attainment::text, earned, scale, encode(hash, 'hex')"
            " FROM incentives_runresult t WHERE tenant_id = %s AND run_to_id IS NULL ORDER BY 1, 2, 6",
            tenant,
        )
        statements = self.query(f"SELECT {payee}, {period.format('period_id')}, state FROM incentives_statement t WHERE tenant_id = %s ORDER BY 1, 2", tenant)
        runs = self.query("SELECT state, count(*) FROM incentives_run WHERE tenant_id = %s GROUP BY 1 ORDER BY 1", tenant)
        seal = hashlib.sha256(json.dumps([ledger, results, statements, runs]).encode()).hexdigest()
        return f"{seal} ({len(ledger)} postings, {len(results)} results, {len(statements)} statements, runs {runs})"

    def close(self) -> None:
        for name in list(self.running):
            self.kill(name)
        if not os.environ.get("SPM_TEST_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)
