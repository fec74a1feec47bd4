"""Runs the steps of the Dockerfile without a container engine: each stage in a folder of its own, absolute paths mapped into it.

    .venv/bin/python -m tests.setup.container_steps [FOLDER]

What needs the rights of an image's root (accounts, ownership) is reported as not run. Base images are not checked: the programs of this
machine (node, python) stand for theirs.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAPPED = ("/build", "/app", "/opt/venv", "/data")
NEEDS_ROOT = ("groupadd", "useradd", "chown")


@dataclass
class Stage:
    name: str
    root: Path
    workdir: str = "/"
    environment: dict[str, str] = field(default_factory=dict)
    user: str = "root"
    command: list[str] = field(default_factory=list)

    def real(self, path: str) -> Path:
        full = path if path.startswith("/") else f"{self.workdir.rstrip('/')}/{path}"
        return self.root / full.lstrip("/")

    def mapped(self, text: str) -> str:
        """Absolute paths of the image become paths below the stage's folder."""
        return re.sub(rf"(?<![\w./-])({'|'.join(MAPPED)})(?=[/\s:\"']|$)", lambda m: str(self.root) + m[1], text)


@dataclass
class Outcome:
    ran: list[str] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)
    last: Stage | None = None


def instructions(text: str) -> list[tuple[str, str]]:
    """(instruction, rest) of each step; continued lines joined, comments dropped."""
    joined = re.sub(r"\\\n", " ", "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#")))
    return [(word.upper(), rest.strip()) for word, _, rest in (line.strip().partition(" ") for line in joined.splitlines() if line.strip())]


def ignored(path: str, patterns: list[str]) -> bool:
    """What .dockerignore keeps out of the context (the simple patterns that ours uses)."""
    parts = path.split("/")
    heads = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    return any(fnmatch.fnmatch(head, p) or (p.startswith("**/") and fnmatch.fnmatch(head.split("/")[-1], p[3:])) for head in heads for p in patterns)


def _copy(stage: Stage, stages: dict[str, Stage], words: list[str]) -> None:
    source_root, patterns = ROOT, (ROOT / ".dockerignore").read_text().split()
    if words[0].startswith("--from="):
        source_root, patterns = stages[words[0].removeprefix("--from=")].root, []
        words = words[1:]
    *sources, target = words
    for name in sources:
        source = source_root / name.lstrip("/")
        if not source.exists():
            raise FileNotFoundError(f"COPY {name}: is not in the context")
        goal = stage.real(target)
        if source.is_file():
            place = goal / source.name if target.endswith("/") or len(sources) > 1 else goal
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, place)
        elif patterns:
            files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", name], cwd=ROOT, capture_output=True, text=True, check=True).stdout
            for file in files.splitlines():
                if not ignored(file, patterns) and (ROOT / file).is_file():
                    place = goal / Path(file).relative_to(name)
                    place.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(ROOT / file, place)
        else:
            shutil.copytree(source, goal, dirs_exist_ok=True, symlinks=True)


def _run(stage: Stage, command: str, outcome: Outcome, *, fast: bool) -> None:
    for part in command.split("&&"):
        part = part.strip()
        if shlex.split(part)[0] in NEEDS_ROOT:
            outcome.not_run.append(part)
            continue
        real = stage.mapped(part)
        uv = shutil.which("uv", path=os.pathsep.join([str(ROOT / ".venv" / "bin"), os.environ.get("PATH", "")]))
        if fast and uv and (found := re.match(r"(\S+)/bin/pip install .*?--require-hashes (.*)$", real)):
            # The same pinned packages by the quicker installer; the exact pip command is run by hand (see the docstring).
            real = f"{uv} pip install --quiet --index-strategy unsafe-best-match --python {found[1]}/bin/python --require-hashes {found[2]}"
        environment = {**os.environ, **{k: stage.mapped(v) for k, v in stage.environment.items()}}
        environment.pop("DJANGO_SETTINGS_MODULE", None)
        done = subprocess.run(["/bin/sh", "-ec", real], cwd=stage.real("."), env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"RUN {part}\nended with {done.returncode} in {stage.real('.')}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        outcome.ran.append(part)


def steps_run(folder: Path, *, fast: bool = True, dockerfile: str | None = None) -> Outcome:
    """Runs every step below `folder`; raises on the first that fails. `fast` lets uv do pip's work."""
    outcome, stages = Outcome(), {}
    stage = Stage("none", folder)
    for word, rest in instructions(dockerfile if dockerfile is not None else (ROOT / "Dockerfile").read_text()):
        if word == "FROM":
            name = rest.split(" AS ")[-1] if " AS " in rest else "final"
            stage = stages[name] = Stage(name, folder / name)
            stage.root.mkdir(parents=True)
        elif word == "WORKDIR":
            stage.workdir = rest
            stage.real(".").mkdir(parents=True, exist_ok=True)
        elif word == "ENV":
            for item in shlex.split(rest):
                key, _, value = item.partition("=")
                stage.environment[key] = value.replace("$PATH", os.environ.get("PATH", ""))
        elif word == "COPY":
            _copy(stage, stages, rest.split())
        elif word == "RUN":
            _run(stage, rest, outcome, fast=fast)
        elif word == "USER":
            stage.user = rest
        elif word == "CMD":
            stage.command = [str(part) for part in json.loads(rest)]
        elif word not in {"VOLUME", "EXPOSE"}:
            raise ValueError(f"{word}: this script does not know the instruction; teach it.")
    outcome.last = stage
    return outcome


if __name__ == "__main__":
    outcome = steps_run(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp(prefix="spm-image-")), fast=False)
    for line in outcome.ran:
        print(f"ran      {line}")
    for line in outcome.not_run:
        print(f"not run  {line}  (needs the rights of an image's root)")
