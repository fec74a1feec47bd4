"""Reads settings from the environment and fails loudly on a bad value. Secrets may come from files (NAME_FILE)."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit


class EnvironmentError_(Exception):
    """A setting in the environment is missing or malformed; the message says which and how to mend it."""


def env_str(name: str, default: str | None = None) -> str | None:
    """The value of NAME, or the stripped content of the file named by NAME_FILE, or the default."""
    if name in os.environ:
        return os.environ[name]
    path = os.environ.get(f"{name}_FILE")
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise EnvironmentError_(f"{name}_FILE={path}: cannot be read ({error}); give a readable file.") from error
    return default


def env_bool(name: str, default: bool) -> bool:
    """True for 1/true/yes/on, False for 0/false/no/off, else an error."""
    raw = env_str(name)
    if raw is None or raw == "":
        return default
    if raw.lower() in {"1", "true", "yes", "on"}:
        return True
    if raw.lower() in {"0", "false", "no", "off"}:
        return False
    raise EnvironmentError_(f"{name}={raw!r} is not a yes or no; use 1 or 0.")


def env_int(name: str, default: int) -> int:
    """A whole number, or an error that names the setting."""
    raw = env_str(name)
    if raw is None or raw == "":
        return default
    try:
        return int(raw)
    except ValueError as error:
        raise EnvironmentError_(f"{name}={raw!r} is not a whole number.") from error


def env_list(name: str, default: list[str]) -> list[str]:
    """Comma-separated values; empty parts are dropped."""
    raw = env_str(name)
    return default if raw is None else [part.strip() for part in raw.split(",") if part.strip()]


def database_from_url(url: str, *, name: str) -> dict[str, object]:
    """Django's DATABASES entry for a postgres:// URL.

    >>> database_from_url("postgres://u:p%40w@h:5433/d?sslmode=require", name="X")["PASSWORD"]
    'p@w'
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise EnvironmentError_(f"{name} must be postgres://USER:PASSWORD@HOST:PORT/DATABASE, got scheme {parts.scheme!r}.")
    options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    host = options.pop("host", None) or unquote(parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }
