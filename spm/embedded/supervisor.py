"""Keeps a few long-running programs alive, and leaves none behind: not even those of a supervisor that was killed.

Every child and all that it starts carries SPM_SUPERVISOR=<run> in its environment; the run is written down before the first start.
So the next supervisor finds them by that mark, whatever their process numbers are.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from spm.embedded.files import json_read, json_write, log_open
from spm.embedded.processes import ProcessId, process_alive, process_identify, processes_with_environment, wait_until

MARK = "SPM_SUPERVISOR"
_LONGEST_PAUSE = 30.0
_CALM = 60.0  # after so many seconds alive, a program's next death counts as its first


@dataclass
class Program:
    """One program: what to run, and how its life has been so far. Times are of the monotonic clock, in seconds."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    deaths: int = 0
    not_before: float = 0.0


@dataclass
class Supervisor:
    """Starts, restarts and stops programs. `status` is the file that tells the next supervisor what this one started."""

    status: Path
    logs: Path
    environment: Mapping[str, str]
    tell: Callable[[str], None]
    run: str = field(default_factory=lambda: os.urandom(12).hex())
    programs: list[Program] = field(default_factory=list)
    facts: dict[str, object] = field(default_factory=dict)

    def add(self, name: str, *command: str) -> None:
        self.programs.append(Program(name, list(command)))

    def start(self) -> None:
        """Writes down the run, then starts every program."""
        self.write()
        for program in self.programs:
            self._spawn(program)
        self.write()

    def write(self) -> None:
        children = {}
        for program in self.programs:
            known = process_identify(program.process.pid) if program.process else None
            if known:
                children[program.name] = {"pid": known.pid, "started": known.started}
        me = process_identify(os.getpid())
        json_write(self.status, {**self.facts, "run": self.run, "supervisor": {"pid": os.getpid(), "started": me.started if me else ""}, "children": children})

    def marked(self) -> dict[str, str]:
        """The environment of everything that belongs to this run."""
        return {**self.environment, MARK: self.run}

    def restart_dead(self) -> None:
        """One round: a program that ended is started again, after a pause that doubles with every quick death."""
        now = time.monotonic()
        for program in self.programs:
            if program.process is None:
                if now >= program.not_before:
                    self._spawn(program)
                    self.write()
                continue
            code = program.process.poll()
            if code is None:
                continue
            self._end_group(program.process.pid)
            program.deaths = 1 if now - program.started > _CALM else program.deaths + 1
            pause = min(_LONGEST_PAUSE, 2.0 ** (program.deaths - 1))
            program.process, program.not_before = None, now + pause
            how = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
            self.tell(f"{program.name} {how}; starting it again in {pause:.0f} s (log: {self.logs / program.name}.log)")

    def alive(self, name: str) -> bool:
        return any(p.name == name and p.process is not None and p.process.poll() is None for p in self.programs)

    def stop(self, *, seconds: float = 20) -> None:
        """Ends all programs: asked first, all at once, then killed with all that they started."""
        living = [p for p in self.programs if p.process is not None and p.process.poll() is None]
        for program in living:
            assert program.process is not None
            program.process.send_signal(signal.SIGTERM)
        wait_until(lambda: all(p.process is None or p.process.poll() is not None for p in living), seconds)
        for program in self.programs:
            if program.process is not None:
                self._end_group(program.process.pid)
                program.process.wait()
                program.process = None
        run_end(self.run)
        self.status.unlink(missing_ok=True)

    def _spawn(self, program: Program) -> None:
        output = log_open(self.logs / f"{program.name}.log")
        try:
            # An own session: Ctrl-C in the terminal reaches the supervisor alone, which then stops the others in order.
            program.process = subprocess.Popen(
                program.command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, env=self.marked()
            )
        finally:
            os.close(output)
        program.started = time.monotonic()

    @staticmethod
    def _end_group(pid: int) -> None:
        """Kills what a program that ended has left in its session."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def run_end(run: str, *, seconds: float = 10) -> int:
    """Ends every process that carries the mark of this run; returns how many there were."""
    marked = processes_with_environment(MARK, run)
    for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, seconds)):
        for pid in processes_with_environment(MARK, run):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        if wait_until(lambda: not processes_with_environment(MARK, run), patience):
            break
    return len(marked)


def leftovers_end(status: Path) -> int:
    """Ends the programs that a killed supervisor left running; returns how many processes those were."""
    left = json_read(status)
    if not left:
        return 0
    ended = run_end(str(left["run"])) if left.get("run") else 0
    children = left.get("children") or {}
    for child in children.values():  # where the system does not tell environments
        known = ProcessId(int(child["pid"]), str(child["started"]))
        if process_alive(known):
            os.killpg(known.pid, signal.SIGKILL)
            ended += 1
    status.unlink(missing_ok=True)
    return ended
