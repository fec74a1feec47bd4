"""Reads about plans, runs, the ledger and statements: frozen dataclasses for pages and API."""
