"""Reads about currency rates: those in force on a day, one pair over time, where each came from."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q, QuerySet

from spm.currencies.models import FxRate
from spm.tenancy.changes import known_as_at, valid_on


def rates_on(*, day: dt.date, rate_type: str = "", search: str = "", known_at: int | None = None) -> QuerySet[FxRate]:
    """Rates in force on a day with their sources, by type and pair. search: part of a currency code, or two as EUR/USD."""
    found = valid_on(known_as_at(FxRate.objects.all(), known_at), day)
    if rate_type:
        found = found.filter(rate_type=rate_type)
    base, _slash, quote = search.strip().upper().partition("/")
    if quote:
        found = found.filter(base__icontains=base, quote__icontains=quote)
    elif base:
        found = found.filter(Q(base__icontains=base) | Q(quote__icontains=base))
    return found.select_related("known_from").order_by("rate_type", "base", "quote")


def rate_types() -> list[str]:
    """The types of which rates are on record."""
    return list(known_as_at(FxRate.objects.all(), None).order_by("rate_type").values_list("rate_type", flat=True).distinct())


def pair_history(*, rate_type: str, base: str, quote: str) -> QuerySet[FxRate]:
    """The rates of one pair and type as known now, newest first."""
    found = FxRate.objects.filter(rate_type=rate_type, base=base, quote=quote)
    return known_as_at(found, None).select_related("known_from").order_by("-valid_from")
