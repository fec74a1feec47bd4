"""`python -m spm.embedded demo` as a user meets it: a page, a kill without warning, a second start, and nothing left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from spm.embedded import services_running
from spm.embedded.files import json_read
from spm.embedded.processes import process_identify, processes_with_environment, wait_until
from spm.embedded.supervisor import MARK, Supervisor, leftovers_end

ROOT = Path(__file__).resolve().parents[2]


def demo_start(data_dir: Path, log: Path, **environment: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, **environment, "SPM_DATA_DIR": str(data_dir)}
    with log.open("ab") as output:
        return subprocess.Popen([sys.executable, "-m", "spm.embedded", "demo"], cwd=ROOT, env=environment, stdout=output, stderr=output)


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def wait_for_text(log: Path, text: str, demo: subprocess.Popen[bytes], seconds: float = 240) -> None:
    wait_until(lambda: text in log.read_text() or demo.poll() is not None, seconds, step=0.3)
    assert text in log.read_text(), log.read_text()[-4000:]


def test_the_demo_serves_a_page_survives_kills_and_leaves_nothing_behind(data_dir, tmp_path):
    log = tmp_path / "first.log"
    first = demo_start(data_dir, log)
    wait_for_text(log, "Ctrl-C stops everything", first)
    state = json_read(data_dir / "demo.json")
    address = state["address"]
    assert status_of(f"{address}healthz") == 200
    assert status_of(address) == 200
    assert "rep@northwind.example" in log.read_text()

    # A second start while the first one lives points to it and starts nothing.
    other = tmp_path / "other.log"
    assert demo_start(data_dir, other).wait(timeout=30) == 1
    assert address in other.read_text()

    # A killed web process and a killed database come back by themselves.
    os.kill(state["children"]["web"]["pid"], signal.SIGKILL)
    os.kill(services_running(data_dir)["postgres"], signal.SIGKILL)
    assert wait_until(lambda: status_of(f"{address}healthz") == 0, 20, step=0.1)
    assert wait_until(lambda: status_of(f"{address}healthz") == 200, 60, step=0.3), log.read_text()[-2000:]

    # The launcher itself is killed: its programs live on, and the next start ends them and goes on with the same data.
    first.kill()
    first.wait()
    left = processes_with_environment(MARK, state["run"])
    assert len(left) >= 3
    log = tmp_path / "second.log"
    second = demo_start(data_dir, log)
    wait_for_text(log, "Ctrl-C stops everything", second)
    assert "an earlier demo was killed" in log.read_text()
    assert processes_with_environment(MARK, state["run"]) == []
    again = json_read(data_dir / "demo.json")
    assert status_of(f"{again['address']}healthz") == 200

    second.send_signal(signal.SIGINT)
    assert second.wait(timeout=90) == 0
    assert processes_with_environment(MARK, again["run"]) == []
    assert services_running(data_dir) == {}
    assert not (data_dir / "demo.json").exists()


@pytest.fixture
def supervisor(tmp_path):
    said: list[str] = []
    made = Supervisor(tmp_path / "demo.json", tmp_path / "log", dict(os.environ), said.append)
    made.facts["said"] = said
    yield made
    made.stop(seconds=5)


def test_a_program_that_dies_is_started_again_with_growing_pauses(supervisor):
    supervisor.add("short", "/bin/sh", "-c", "exit 3")
    supervisor.start()
    began = time.monotonic()
    while time.monotonic() - began < 2.5:
        supervisor.restart_dead()
        time.sleep(0.05)
    said = supervisor.facts["said"]
    assert "short ended with 3; starting it again in 1 s" in said[0]
    assert "in 2 s" in said[1]
    assert len(said) == 2


def test_stopping_ends_grandchildren_and_programs_that_do_not_listen(supervisor):
    supervisor.add("deaf", "/bin/sh", "-c", "trap '' TERM; setsid sleep 600 & while :; do sleep 1; done")
    supervisor.start()
    assert wait_until(lambda: len(processes_with_environment(MARK, supervisor.run)) >= 3, 10)
    supervisor.stop(seconds=0.5)
    assert processes_with_environment(MARK, supervisor.run) == []


def test_leftovers_of_a_killed_supervisor_are_found_by_their_mark_and_others_are_left_alone(tmp_path):
    code = (
        "import sys, os, time; from pathlib import Path; from spm.embedded.supervisor import Supervisor\n"
        "s = Supervisor(Path(sys.argv[1]) / 'demo.json', Path(sys.argv[1]) / 'log', dict(os.environ), print)\n"
        "s.add('one', '/bin/sh', '-c', 'sleep 600 & sleep 600'); s.start(); print('up', flush=True); time.sleep(600)"
    )
    launcher = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
    bystander = subprocess.Popen(["/bin/sleep", "600"])
    try:
        assert launcher.stdout is not None
        assert launcher.stdout.readline() == b"up\n"
        run = json_read(tmp_path / "demo.json")["run"]
        launcher.kill()
        launcher.wait()
        assert wait_until(lambda: len(processes_with_environment(MARK, run)) == 3, 10)
        assert leftovers_end(tmp_path / "demo.json") >= 3
        assert processes_with_environment(MARK, run) == []
        assert process_identify(bystander.pid) is not None
        assert leftovers_end(tmp_path / "demo.json") == 0
    finally:
        bystander.kill()
        bystander.wait()


def test_a_port_that_is_asked_for_and_taken_is_refused_before_anything_is_built(data_dir, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        log = tmp_path / "log"
        assert demo_start(data_dir, log, SPM_PORT=port).wait(timeout=60) == 1
    assert f"SPM_PORT={port} is not a free port" in log.read_text()
    assert "migrations" not in log.read_text()
    assert services_running(data_dir) == {}
