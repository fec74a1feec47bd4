"""Under which system account the services run, and where it can reach their files.

PostgreSQL refuses to run as root, so root starts the services as an unprivileged account: `postgres` where the machine has one,
else `nobody`. No account is added and no existing folder is opened to others: what that account cannot reach is linked or kept elsewhere.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spm.embedded.errors import EmbeddedError

SYSTEM_HOME = Path("/var/lib/spm-embedded")


@dataclass(frozen=True)
class Account:
    """Arguments that make subprocess start a program as this account; empty when we are not root."""

    name: str
    uid: int
    gid: int
    switch: bool

    def popen_arguments(self) -> dict[str, Any]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}

    def can(self, test: str, path: Path) -> bool:
        """Whether the account passes `test -r|-w|-x PATH`, parents included. Asked of the system, not computed."""
        return subprocess.run(["/usr/bin/test", test, str(path)], check=False, cwd="/", **self.popen_arguments()).returncode == 0

    def own(self, path: Path) -> None:
        """Makes the folder (0700) and gives it to the account."""
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o700)
        if self.switch:
            os.chown(path, self.uid, self.gid)


def account_find(existing: Path | None = None) -> Account:
    """The account of the services. An existing cluster stays with the account that owns it."""
    if os.geteuid() != 0:
        return Account(name=pwd.getpwuid(os.getuid()).pw_name, uid=os.getuid(), gid=os.getgid(), switch=False)
    if existing is not None and existing.exists() and existing.stat().st_uid != 0:
        entry = pwd.getpwuid(existing.stat().st_uid)
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, switch=True)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name, entry.pw_uid, entry.pw_gid, switch=True)
    raise EmbeddedError("PostgreSQL does not run as root and this machine has neither an account `postgres` nor `nobody`. Run as an ordinary user.")


def service_home(data_dir: Path, account: Account) -> Path:
    """Where the services keep their files: the data folder, or a folder below /var/lib when the account cannot get to it (a 0700 home above)."""
    data_dir.mkdir(parents=True, exist_ok=True)
    if not account.switch or account.can("-x", data_dir):
        return data_dir
    home = SYSTEM_HOME / hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:16]
    home.mkdir(parents=True, exist_ok=True)
    for folder in (SYSTEM_HOME, home):
        folder.chmod(0o711)
    return home


def _link_or_copy(source: str, target: str) -> None:
    """A hard link where the file is readable by all and on the same disk; else a copy that is."""
    mode = os.stat(source).st_mode & 0o777
    wanted = mode | 0o444 | (0o111 if mode & 0o100 else 0)
    if mode == wanted:
        try:
            os.link(source, target)
            return
        except OSError:
            pass
    shutil.copyfile(source, target)
    os.chmod(target, wanted)


def tree_link(source: Path, target: Path) -> None:
    """A second tree of the same files that every account can read; replaced in one step, so a half-made one is never used."""
    if target.exists():
        return
    draft = target.with_name(f"{target.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(source, draft, copy_function=_link_or_copy, ignore=shutil.ignore_patterns("__pycache__", "include"))
    for folder, _, _ in os.walk(draft):
        os.chmod(folder, 0o755)
    draft.rename(target)
