"""Sentences about a payee's pay that keep their message and parameters, so that they can be said again in another language.

A `Said` is its English sentence. Who keeps it for later takes `message` and `given` instead; a parameter may be a `Said` itself.
"""

from __future__ import annotations

from typing import Any


class Said(str):
    """An English sentence with the message and the parameters that it was made of."""

    message: str
    given: dict[str, Any]


def said(message: str, **given: Any) -> Said:
    """The message with its parameters.

    >>> said("%(name)s is undefined", name="quota.sales")
    'quota.sales is undefined'
    """
    text = Said(message % given if given else message)
    text.message, text.given = message, given
    return text


def said_by(error: Exception) -> str:
    """What an exception was raised with, its parameters kept: str() of it would lose them."""
    return error.args[0] if error.args and isinstance(error.args[0], str) else str(error)
