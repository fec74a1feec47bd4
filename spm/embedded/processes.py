"""Telling one process from another that got its number later, and stopping processes for good."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True)
class ProcessId:
    """A process number with the moment it started, so that a reused number is not taken for the old process."""

    pid: int
    started: str


def process_identify(pid: int) -> ProcessId | None:
    """The identity of a living process; None when there is none, or only a zombie."""
    if pid <= 0:
        return None
    if (_PROC / "self" / "stat").exists():
        try:
            # The command name is in brackets and may hold anything; the fields follow the last bracket.
            fields = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
            boot = (_PROC / "sys/kernel/random/boot_id").read_text()[:8]
        except (OSError, IndexError):
            return None
        return None if fields[0] in {"Z", "X"} else ProcessId(pid, f"{boot}:{fields[19]}")
    shown = subprocess.run(["ps", "-o", "state=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = shown.stdout.strip().partition(" ")
    return None if shown.returncode or not state or state.startswith("Z") else ProcessId(pid, started.strip())


def process_alive(process: ProcessId | None) -> bool:
    """True while exactly this process lives."""
    return process is not None and process_identify(process.pid) == process


def process_folder(pid: int) -> Path | None:
    """The working folder of a process where the system tells it (Linux), else None."""
    try:
        return Path(os.readlink(_PROC / str(pid) / "cwd"))
    except OSError:
        return None


def processes_in_folder(folder: Path) -> list[int]:
    """Numbers of the processes whose working folder is exactly this one (Linux; elsewhere empty)."""
    wanted = folder.resolve()
    return [int(p.name) for p in _PROC.glob("[0-9]*") if process_folder(int(p.name)) == wanted and process_identify(int(p.name))]


def processes_with_environment(name: str, value: str) -> list[int]:
    """Numbers of the processes that carry NAME=VALUE in their environment (Linux; elsewhere empty)."""
    wanted = f"{name}={value}".encode()
    found = []
    for path in _PROC.glob("[0-9]*"):
        try:
            if wanted in (path / "environ").read_bytes().split(b"\0") and process_identify(int(path.name)):
                found.append(int(path.name))
        except OSError:
            continue
    return found


def wait_until(condition: Callable[[], bool], seconds: float, *, step: float = 0.05) -> bool:
    """Polls until the condition holds or the seconds have passed; tells whether it holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(step)
    return True


def process_stop(process: ProcessId | None, *, first: signal.Signals = signal.SIGTERM, seconds: float = 15) -> None:
    """Sends the first signal, waits, then kills. Does nothing to a process that only has the same number."""
    for number in (first, signal.SIGKILL):
        if process is None or not process_alive(process):
            return
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            return
        if wait_until(lambda: not process_alive(process), seconds):
            return
