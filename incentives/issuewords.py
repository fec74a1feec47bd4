"""Why somebody's pay could not be computed, kept so that it can be read in any language: the engine's sentences, marked for translation."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from incentives.engine.said import Said
from spm.told import told

# Literals, because the engine knows no translation. A test compares them with what the engine says.
WORDS = (
    gettext_noop("%(name)s %(cause)s"),
    gettext_noop("%(what)s is undefined (a quota is zero or missing)"),
    gettext_noop("a number has more than 300 digits"),
    gettext_noop("is in %(source)s, the plan in %(target)s: state `conversions: quota`"),
    gettext_noop("has no %(kind)s rate from %(source)s to %(target)s on %(day)s"),
    gettext_noop("is %(value)s, above its greatest value %(limit)s"),
    gettext_noop("is %(value)s, below its least value %(limit)s"),
    gettext_noop("is missing on the period's last day"),
    gettext_noop("needs %(what)s"),
    gettext_noop("the amount has more than 12 digits before the decimals"),
    gettext_noop("what was paid for %(window)s before the change in %(currency)s"),
    gettext_noop("what was paid for %(window)s before the change: the plan until then has no such component"),
)


def issue_told(cause: str) -> str:
    """The cause as a told text (spm.told), parameters and all; a plain text stays as it is."""
    if not isinstance(cause, Said):
        return cause
    return told(cause.message, **{name: issue_told(value) if isinstance(value, str) else value for name, value in cause.given.items()})
