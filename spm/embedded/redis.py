"""An own Redis (or Valkey): started with a password on 127.0.0.1, adopted when it runs already, recovered after a kill."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from spm.embedded.account import Account
from spm.embedded.binaries import RedisBinary
from spm.embedded.errors import EmbeddedError
from spm.embedded.files import log_open, log_tail, private_write
from spm.embedded.ports import port_pick
from spm.embedded.processes import ProcessId, process_identify, process_stop, processes_in_folder, wait_until

_children: list[subprocess.Popen[bytes]] = []
_UNREADABLE = ("Can't handle RDB format version", "Wrong signature trying to load", "Bad file format reading the append only file")


@dataclass(frozen=True)
class RedisServer:
    process: ProcessId
    port: int


def redis_folder(home: Path) -> Path:
    return home / "redis"


def redis_answers(port: int, password: str, *, seconds: float = 2) -> bool:
    """True when the server takes the password and answers PING; False while it still loads its data."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2:
                part = connection.recv(256)
                if not part:
                    return False
                answer += part
            return answer == b"+OK\r\n+PONG\r\n"
    except OSError:
        return False


def redis_running(home: Path, password: str) -> RedisServer | None:
    """The living server of this folder, whoever started it."""
    folder = redis_folder(home)
    try:
        pid = int((folder / "redis.pid").read_text().strip())
        port = int(next(line for line in (folder / "redis.conf").read_text().splitlines() if line.startswith("port ")).split()[1])
    except (OSError, ValueError, StopIteration):
        return None
    process = process_identify(pid)
    return RedisServer(process, port) if process is not None and redis_answers(port, password) else None


def redis_start(home: Path, account: Account, binary: RedisBinary, password: str, *, port: int | None, durable: bool, seconds: float = 30) -> RedisServer:
    """Starts the server and waits until it answers, its append-only file read."""
    folder, log = redis_folder(home), home / "log" / "redis.log"
    account.own(folder)
    # A server that is alive and hangs, or whose pid file got lost, would write to the same files.
    redis_stop(home)
    deadline = time.monotonic() + seconds
    while True:
        chosen = port_pick(port)
        _configure(folder, account, password, port=chosen, durable=durable)
        already = log.stat().st_size if log.exists() else 0
        output = log_open(log)
        try:
            child = subprocess.Popen(
                [str(binary.path), str(folder / "redis.conf")],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder if not account.switch else "/", start_new_session=True,
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}, **account.popen_arguments(),
            )  # fmt: skip
        finally:
            os.close(output)
        _children.append(child)
        found: RedisServer | None = None

        def settled(child: subprocess.Popen[bytes] = child) -> bool:
            nonlocal found
            found = redis_running(home, password)
            return found is not None or child.poll() is not None

        wait_until(settled, max(1.0, deadline - time.monotonic()))
        if found is not None:
            return found
        process_stop(process_identify(child.pid))
        if any(sign in log.read_bytes()[already:].decode(errors="replace") for sign in _UNREADABLE):
            # Written by a newer server. The database is the truth and the outbox sends again: start empty, keep the old files.
            aside = folder.with_name(f"redis.unreadable-{int(time.time())}")
            folder.rename(aside)
            account.own(folder)
            with log.open("a") as file:
                file.write(f"spm: the files of another Redis version were put aside as {aside}\n")
        elif time.monotonic() > deadline:
            raise EmbeddedError(f"{binary.path} did not start in {seconds:.0f} s on port {chosen}. The end of {log}:\n{log_tail(log)}")
        time.sleep(0.2)


def redis_stop(home: Path) -> None:
    """Ends the server of this folder, if one runs."""
    for pid in processes_in_folder(redis_folder(home)):
        process_stop(process_identify(pid), first=signal.SIGTERM, seconds=15)
    _children[:] = [child for child in _children if child.poll() is None]


def _configure(folder: Path, account: Account, password: str, *, port: int, durable: bool) -> None:
    """In a private file: arguments of a program can be read by every user of the machine."""
    lines = [f"port {port}", "bind 127.0.0.1", "protected-mode yes", "daemonize no", f"dir {folder}", f"pidfile {folder}/redis.pid", f"requirepass {password}"]
    lines += ["maxmemory-policy noeviction", 'save ""', f"appendonly {'yes' if durable else 'no'}", "appendfsync everysec", "databases 16"]
    path = folder / "redis.conf"
    private_write(path, "\n".join(lines) + "\n")
    if account.switch:
        os.chown(path, account.uid, account.gid)
