"""`python -m spm.embedded demo|start|status|stop`: the demo, or the embedded database and Redis alone."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from spm.embedded.demo import ROOT, demo_run, demo_stop
from spm.embedded.errors import EmbeddedError
from spm.embedded.services import ensure_services, services_running


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m spm.embedded", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("command", choices=["demo", "start", "status", "stop"])
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("SPM_DATA_DIR") or ROOT / ".data"))
    arguments = parser.parse_args()
    try:
        if arguments.command == "demo":
            return demo_run(arguments.data_dir)
        if arguments.command == "stop":
            demo_stop(arguments.data_dir)
        elif arguments.command == "start":
            services = ensure_services(arguments.data_dir)
            for name in ("database_url", "database_owner_url", "redis_url"):
                print(f"{name.upper()}={getattr(services, name)}")  # noqa: T201  (for `eval` in a shell)
        else:
            running = services_running(arguments.data_dir)
            for name in ("postgres", "redis"):
                print(f"{name}: {'runs as process ' + str(running[name]) if name in running else 'does not run'}")  # noqa: T201
    except EmbeddedError as error:
        print(f"embedded: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
