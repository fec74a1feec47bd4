#!/usr/bin/env python
"""Entry point of the management commands; starts the embedded services when no database is given by URL."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "spm.settings")
    if sys.argv[1:2] in (["simulate"], ["plan"], ["golden"]):
        # The pure engine needs no service: do not start any.
        os.environ.setdefault("SPM_NO_DATABASE", "1")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
