"""In which pay period a difference is paid: its own while that is open, else the first open one after it."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q
from django.utils.translation import gettext_noop

from incentives.models import PeriodState, Statement
from incentives.seats import PayeeGroup
from spm.calendars.models import Period
from spm.told import ToldError

CLOSED = frozenset({PeriodState.State.APPROVED, PeriodState.State.CLOSED, PeriodState.State.PAID})
SETTLED = frozenset({Statement.State.APPROVED, Statement.State.PAID})


class NoOpenPeriod(ToldError):
    """Every period of the calendar from the earning period on is closed for this payee."""


class PayPeriods:
    """Open and closed pay periods of a tenant, read once per run. at: as they were then, as far as they are closed still."""

    def __init__(self, at: dt.datetime | None = None) -> None:
        self.starts: dict[int, int] = {}
        self._after: dict[int, tuple[list[int], int]] = {}
        self.codes: dict[int, str] = {}
        by_calendar: dict[int, list[int]] = {}
        for period in Period.objects.order_by("calendar_id", "starts"):
            self.starts[period.pk] = period.starts.toordinal()
            self.codes[period.pk] = period.code
            row = by_calendar.setdefault(period.calendar_id, [])
            self._after[period.pk] = (row, len(row))
            row.append(period.pk)
        closed = PeriodState.objects.filter(state__in=CLOSED)
        settled = Statement.objects.filter(Q(state__in=SETTLED) | ~Q(artefact_digest=""))
        if at is not None:
            closed = closed.exclude(frozen_at__gt=at)
            settled = settled.exclude(artefacts__created_at__gt=at)
        self._closed = set(closed.values_list("period_id", "pay_group", "legal_entity_id"))
        self._settled = set(settled.values_list("payee_id", "period_id"))

    def is_open(self, payee: int, group: PayeeGroup, period: int) -> bool:
        """May a run still post to this pay period for this payee?"""
        return (period, group.pay_group, group.legal_entity) not in self._closed and (payee, period) not in self._settled

    def pay_period(self, payee: int, group: PayeeGroup, earning_period: int) -> int:
        """The pay period for an amount of `earning_period`. Raises NoOpenPeriod."""
        row, at = self._after[earning_period]
        for period in row[at:]:
            if self.is_open(payee, group, period):
                return period
        text = gettext_noop("no period from %(period)s on is open for pay group %(group)s; add periods to the calendar or reopen one")
        raise NoOpenPeriod(text, period=self.codes[earning_period], group=group.pay_group)
