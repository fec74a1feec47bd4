"""Ports on 127.0.0.1: finding a free one, and asking whether somebody answers."""

from __future__ import annotations

import socket


def port_free(port: int, host: str = "127.0.0.1") -> bool:
    """True when a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def port_pick(wanted: int | None = None) -> int:
    """The wanted port when it is free, else one that the system gives. Another program may take it before its use: callers retry."""
    if wanted and port_free(wanted):
        return wanted
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_answers(port: int, host: str = "127.0.0.1", *, seconds: float = 2) -> bool:
    """True when a connection is accepted."""
    try:
        with socket.create_connection((host, port), timeout=seconds):
            return True
    except OSError:
        return False
