"""An own PostgreSQL cluster: made once, started, adopted when it runs already, recovered after a kill.

The truth about a running server is its own postmaster.pid together with the process's start time and working folder, so that nothing
is lost when the launcher dies between starting the server and writing down that it did.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from spm.embedded.account import Account
from spm.embedded.binaries import PostgresBinaries
from spm.embedded.errors import EmbeddedError
from spm.embedded.files import log_open, log_tail
from spm.embedded.ports import port_answers, port_pick
from spm.embedded.processes import ProcessId, process_folder, process_identify, process_stop, processes_in_folder, wait_until

SUPERUSER = "postgres"
_LOCK_PATIENCE = 3.0  # seconds that a killed server's last processes get before its lock file is looked at
_children: list[subprocess.Popen[bytes]] = []  # kept, so that a server that dies while we live does not stay a zombie

COMMON_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "jit": "off",
    "log_min_messages": "warning",
    # Statements may carry pay data: errors are logged without them.
    "log_min_error_statement": "panic",
}
THROWAWAY_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "wal_level": "minimal", "max_wal_senders": "0"}


@dataclass(frozen=True)
class PostgresServer:
    process: ProcessId
    port: int


def cluster_folder(home: Path) -> Path:
    return home / "postgres"


def cluster_major(home: Path) -> int | None:
    """The version that made the cluster; None when there is no cluster yet."""
    path = cluster_folder(home) / "PG_VERSION"
    return int(path.read_text().strip()) if path.exists() else None


def server_running(home: Path) -> PostgresServer | None:
    """The living, ready server of this cluster, whoever started it."""
    folder = cluster_folder(home)
    try:
        lines = (folder / "postmaster.pid").read_text().splitlines()
        pid, port, state = int(lines[0]), int(lines[3]), lines[7].strip()
    except (OSError, ValueError, IndexError):
        return None
    process = process_identify(pid)
    where = process_folder(pid)
    if process is None or state != "ready" or (where is not None and where != folder.resolve()):
        return None
    return PostgresServer(process, port) if port_answers(port) else None


def cluster_create(home: Path, account: Account, binaries: PostgresBinaries, password: str, *, durable: bool) -> None:
    """Runs initdb beside the final place and renames, so that a killed initdb leaves nothing half made."""
    draft = home / "postgres.new"
    shutil.rmtree(draft, ignore_errors=True)
    account.own(draft)
    with tempfile.NamedTemporaryFile("w", prefix="spm-", delete=False) as file:  # 0600
        file.write(password + "\n")
    try:
        if account.switch:
            os.chown(file.name, account.uid, account.gid)
        command = [str(binaries.folder / "initdb"), "-D", str(draft), "-U", SUPERUSER, f"--pwfile={file.name}"]
        command += ["--auth-host=scram-sha-256", "--auth-local=scram-sha-256", "--encoding=UTF8", "--no-instructions", *([] if durable else ["--no-sync"])]
        for locale in ("C.UTF-8", "en_US.UTF-8"):  # case and words of every language need a UTF-8 character type
            made = subprocess.run(
                [*command, f"--locale={locale}"], capture_output=True, text=True, check=False, cwd="/", env=_environment(), **account.popen_arguments()
            )
            if made.returncode == 0:
                break
            shutil.rmtree(draft, ignore_errors=True)
            account.own(draft)
        else:
            raise EmbeddedError(f"initdb of PostgreSQL {binaries.major} failed in {draft}: {made.stderr.strip() or made.stdout.strip()}")
    finally:
        Path(file.name).unlink(missing_ok=True)
    draft.rename(cluster_folder(home))


def server_start(home: Path, account: Account, binaries: PostgresBinaries, *, port: int | None, durable: bool, seconds: float = 60) -> PostgresServer:
    """Starts the server and waits until it is ready. Retries for some seconds while a killed server's last processes are still leaving."""
    folder, log = cluster_folder(home), home / "log" / "postgres.log"
    began = time.monotonic()
    deadline = began + seconds
    while True:
        children_reap()
        chosen = port_pick(port)
        child = _spawn(folder, log, account, binaries, port=chosen, durable=durable)
        found: PostgresServer | None = None

        def settled(child: subprocess.Popen[bytes] = child) -> bool:
            nonlocal found
            found = server_running(home)
            return found is not None or child.poll() is not None

        wait_until(settled, max(1.0, deadline - time.monotonic()))
        if found is not None:
            return found
        if child.poll() is None:
            process_stop(process_identify(child.pid), first=signal.SIGINT)
        if time.monotonic() > began + _LOCK_PATIENCE:
            _stale_lock_remove(folder)
        if time.monotonic() > deadline:
            raise EmbeddedError(f"PostgreSQL {binaries.major} did not start in {seconds:.0f} s on port {chosen}. The end of {log}:\n{log_tail(log)}")
        time.sleep(0.3)


def server_stop(home: Path) -> None:
    """Fast shutdown of the cluster's server, if one runs; what a killed server left behind is ended too."""
    folder = cluster_folder(home)
    try:
        pid = int((folder / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        pid = 0
    if pid in processes_in_folder(folder) or (pid and server_running(home)):
        process_stop(process_identify(pid), first=signal.SIGINT, seconds=30)
    children_reap()


def children_reap() -> None:
    """Lets go of servers that ended; as zombies they would still look alive to PostgreSQL's own check."""
    _children[:] = [child for child in _children if child.poll() is None]


def _spawn(folder: Path, log: Path, account: Account, binaries: PostgresBinaries, *, port: int, durable: bool) -> subprocess.Popen[bytes]:
    settings = COMMON_SETTINGS | ({} if durable else THROWAWAY_SETTINGS) | {"port": str(port)}
    shm = os.statvfs("/dev/shm") if Path("/dev/shm").exists() else None  # noqa: S108
    if shm is not None and shm.f_blocks * shm.f_frsize < 256 * 2**20:  # small in containers; parallel queries would fail there
        settings["dynamic_shared_memory_type"] = "mmap"
    command = [str(binaries.folder / "postgres"), "-D", str(folder)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    output = log_open(log)
    try:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", start_new_session=True, env=_environment(), **account.popen_arguments()
        )
    finally:
        os.close(output)
    _children.append(child)
    return child


def _environment() -> dict[str, str]:
    """Nothing of ours (keys, passwords) reaches the server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC", "TMPDIR": tempfile.gettempdir()}


def _stale_lock_remove(folder: Path) -> None:
    """After a kill, another program may have got the dead server's number, and PostgreSQL then believes that it still runs.

    The lock is removed only when no process at all works in the cluster's folder (known on Linux only).
    """
    lock = folder / "postmaster.pid"
    if Path("/proc/self/cwd").exists() and lock.exists() and not processes_in_folder(folder):
        lock.unlink(missing_ok=True)
