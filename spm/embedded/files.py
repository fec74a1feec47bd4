"""Small files of the data folder: private ones, JSON written in one step, and locks that die with their holder."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spm.embedded.errors import EmbeddedError


def private_write(path: Path, text: str) -> None:
    """Replaces the file in one step; readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp makes it 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)


def json_write(path: Path, value: dict[str, Any]) -> None:
    private_write(path, json.dumps(value, indent=1, sort_keys=True) + "\n")


def json_read(path: Path) -> dict[str, Any]:
    """The object in the file, {} when there is no file."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise EmbeddedError(f"{path} is not JSON ({error}). Remove it if nothing of this data folder runs.") from error
    if not isinstance(value, dict):
        raise EmbeddedError(f"{path} is not a JSON object. Remove it if nothing of this data folder runs.")
    return value


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Waits for the lock and holds it. The system frees it when its holder dies, however it dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def locked_or_none(path: Path) -> Iterator[bool]:
    """Holds the lock if it is free; yields whether it does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def log_open(path: Path) -> int:
    """A file descriptor that appends to the log; a log above 10 MB is put aside first (one generation)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > 10_000_000:
        path.replace(path.with_suffix(path.suffix + ".1"))
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def log_tail(path: Path, lines: int = 12) -> str:
    """The last lines of a log, for error messages."""
    try:
        return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"
