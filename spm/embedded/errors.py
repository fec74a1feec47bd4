"""The one error of this package: a service cannot be found, started or reached. Says what, where, and how to mend it."""


class EmbeddedError(Exception):
    """An embedded service could not be provided."""
