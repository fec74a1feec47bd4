"""Rests Python's cycle collector while a step makes many small rows and no cycles: it would walk them all again and again."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_rested() -> Iterator[None]:
    """No cycle collection within the block. Memory is freed by reference counts all the same; use it for one chunk of payees at a time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
