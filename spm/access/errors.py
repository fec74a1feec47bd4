"""What can go wrong when access is given or ended; each message says what to do about it."""

from __future__ import annotations


class AccessError(ValueError):
    """A change of access is refused; the message is for the person who asked for it."""


class LinkInvalid(AccessError):
    """A link in a mail is unknown, used or past its time: one answer for all three."""
