"""`make demo`: the whole product on this machine, from services to a served page, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType

from spm.embedded.errors import EmbeddedError
from spm.embedded.files import json_read, locked_or_none, log_tail
from spm.embedded.ports import port_free
from spm.embedded.processes import ProcessId, process_stop, wait_until
from spm.embedded.services import Services, ensure_services, stop_services
from spm.embedded.supervisor import Supervisor, leftovers_end

ROOT = Path(__file__).resolve().parents[2]
FIRST_PORT, LAST_PORT = 8000, 8099


class _Stopped(Exception):
    """A signal asked us to stop."""


def say(text: str) -> None:
    print(f"demo: {text}", flush=True)  # noqa: T201


def demo_run(data_dir: Path) -> int:
    """Runs the demo in the foreground; returns the exit code. A demo that runs already is pointed to, not started twice."""
    data_dir = data_dir.resolve()
    status = data_dir / "demo.json"
    with locked_or_none(data_dir / "demo.lock") as mine:
        if not mine:
            say(f"runs already: {json_read(status).get('address', 'it is just starting')}. Stop it with Ctrl-C there, or with `make stop`.")
            return 1
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # under nohup it goes on
                signal.signal(number, _stop)
        ended = leftovers_end(status)
        if ended:
            say(f"an earlier demo was killed; ended the {ended} processes that it left")
        supervisor: Supervisor | None = None
        code = 0
        try:
            port = _port()
            services = _services(data_dir)
            supervisor = _supervisor(data_dir, services, port)
            supervisor.write()
            _prepare(supervisor.marked())
            supervisor.start()
            _wait_for_page(supervisor, port)
            _welcome(supervisor, data_dir)
            _watch(supervisor, data_dir, services)
        except (_Stopped, KeyboardInterrupt):
            say("stopping")
        except EmbeddedError as error:
            say(str(error))
            code = 1
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            if supervisor is not None:
                supervisor.stop()
            stop_services(data_dir)
            say("stopped")
        return code


def demo_stop(data_dir: Path) -> None:
    """Stops a running demo, what a killed one left, and the embedded services of this data folder."""
    data_dir = data_dir.resolve()
    known = json_read(data_dir / "demo.json").get("supervisor")
    if known:
        process_stop(ProcessId(int(known["pid"]), str(known["started"])), seconds=60)
    leftovers_end(data_dir / "demo.json")
    stop_services(data_dir)


def _stop(number: int, frame: FrameType | None) -> None:
    raise _Stopped


def _services(data_dir: Path) -> Services:
    started = time.monotonic()
    services = ensure_services(data_dir)
    say(f"database and Redis are up ({time.monotonic() - started:.1f} s)")
    return services


def _port() -> int:
    """SPM_PORT, which must be free then; else the first free one from 8000 on."""
    wanted = os.environ.get("SPM_PORT")
    if wanted:
        if not wanted.isdigit() or not port_free(int(wanted), _host()):
            raise EmbeddedError(f"SPM_PORT={wanted} is not a free port on {_host()}. Give another one, or none.")
        return int(wanted)
    for port in range(FIRST_PORT, LAST_PORT + 1):
        if port_free(port, _host()):
            return port
    raise EmbeddedError(f"No free port from {FIRST_PORT} to {LAST_PORT}. Give one: SPM_PORT=9000 make demo")


def _host() -> str:
    return os.environ.get("SPM_HOST") or "127.0.0.1"


def _environment(data_dir: Path, services: Services) -> dict[str, str]:
    urls = {"DATABASE_URL": services.database_url, "DATABASE_OWNER_URL": services.database_owner_url, "REDIS_URL": services.redis_url}
    return {**os.environ, **urls, "SPM_DATA_DIR": str(data_dir), "PYTHONUNBUFFERED": "1", "DJANGO_SETTINGS_MODULE": "spm.settings"}


def _supervisor(data_dir: Path, services: Services, port: int) -> Supervisor:
    supervisor = Supervisor(data_dir / "demo.json", data_dir / "log", _environment(data_dir, services), say)
    supervisor.facts = {"address": f"http://{_host()}:{port}/"}
    python = [sys.executable, "-m"]
    supervisor.add("web", *python, "gunicorn", "spm.wsgi", f"--bind={_host()}:{port}", "--workers=2", "--threads=4", "--timeout=60", f"--chdir={ROOT}")
    supervisor.add("worker", *python, "celery", f"--workdir={ROOT}", "-A", "spm", "worker", "--concurrency=2", "--loglevel=info")
    schedule = data_dir / "celerybeat-schedule"
    supervisor.add("beat", *python, "celery", f"--workdir={ROOT}", "-A", "spm", "beat", "--loglevel=warning", f"--schedule={schedule}", "--pidfile=")
    return supervisor


def _manage(environment: dict[str, str], *arguments: str) -> None:
    done = subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, check=False)
    if done.returncode:
        raise EmbeddedError(f"`manage.py {' '.join(arguments)}` ended with {done.returncode}; its message is above.")


def _prepare(environment: dict[str, str]) -> None:
    """Migrations as the owner of the tables, then the demo tenants; both are safe to repeat."""
    started = time.monotonic()
    _manage(environment, "migrate", "--verbosity=0")
    say(f"migrations applied ({time.monotonic() - started:.1f} s)")
    started = time.monotonic()
    _manage(environment, "demo")
    say(f"demo data is there ({time.monotonic() - started:.1f} s)")


def _answer(address: str) -> int:
    """The status of the page behind the address, redirects followed; 0 when nobody answers."""
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310  (our own http:// address)
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def _wait_for_page(supervisor: Supervisor, port: int, *, seconds: float = 120) -> None:
    """Until the web process answers; then the front page has to be served too."""
    address = f"http://{'127.0.0.1' if _host() == '0.0.0.0' else _host()}:{port}"  # noqa: S104
    log = supervisor.logs / "web.log"

    def settled() -> bool:
        supervisor.restart_dead()
        return _answer(f"{address}/healthz") == 200

    if not wait_until(settled, seconds, step=0.2):
        raise EmbeddedError(f"No answer on port {port} after {seconds:.0f} s. The end of {log}:\n{log_tail(log)}")
    status = _answer(f"{address}/")
    if status != 200:
        say(f"the web process runs, but {address}/ answers {status}; see {log}")


def _welcome(supervisor: Supervisor, data_dir: Path) -> None:
    say(f"open {supervisor.facts['address']}")
    _manage(supervisor.marked(), "demo", "--print-logins")
    say(f"logs: {data_dir / 'log'}. Ctrl-C stops everything.")


def _watch(supervisor: Supervisor, data_dir: Path, services: Services) -> None:
    """Until a signal: programs that die are started again, and so are the database and Redis."""
    while True:
        time.sleep(1)
        supervisor.restart_dead()
        try:
            now = ensure_services(data_dir)
        except EmbeddedError as error:
            say(f"{error} Trying again.")
            continue
        if now != services:
            say("database or Redis came back at another address; starting the programs again")
            supervisor.stop()
            services, supervisor.environment = now, _environment(data_dir, now)
            supervisor.start()
