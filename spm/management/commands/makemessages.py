"""Django's makemessages without guesses: a new text is untranslated, never fuzzily given its neighbour's translation."""

from __future__ import annotations

from django.core.management.commands import makemessages


class Command(makemessages.Command):
    msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]
