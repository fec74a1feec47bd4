"""Writes currency rates by hand: a dated rate of a pair and type, and its end. Files of rates go through the imports."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.utils.translation import gettext_noop as _n

from spm.currencies.codes import currency_pack
from spm.currencies.errors import CurrencyError
from spm.currencies.models import FxRate
from spm.people.acts import act_open, series_write
from spm.tenancy.changes import writers_lock

FIELDS = ("fx_rate",)
DIGITS, DECIMALS = 24, 10


def fx_rate_set(
    *, rate_type: str, base: str, quote: str, fx_rate: Decimal, start: dt.date, end: dt.date | None = None, actor_id: int | None = None, reason: str = ""
) -> list[FxRate]:
    """One unit of `base` costs `fx_rate` units of `quote` in [start, end); an open end reaches to the next rate on record.

    Exact: more than ten decimals are refused, never rounded. What was known before stays readable. Repeating changes nothing.
    Returns the new rows. Raises CurrencyError.
    """
    key = _pair(rate_type, base, quote)
    if not fx_rate.is_finite() or fx_rate <= 0:
        raise CurrencyError(_n("A rate is above zero: the units of the second currency for one of the first."), field="fx_rate")
    if fx_rate != round(fx_rate, DECIMALS) or fx_rate >= Decimal(10) ** (DIGITS - DECIMALS):
        raise CurrencyError(
            _n("A rate has at most %(whole)s digits before and %(decimals)s after the point."), field="fx_rate", whole=DIGITS - DECIMALS, decimals=DECIMALS
        )
    if end is not None and end <= start:
        raise CurrencyError(_n("It ends on %(day)s, not after its start. Give a later end, or none."), field="end", day=end)
    with act_open(reason=reason, actor_id=actor_id) as act:
        writers_lock()
        made = series_write(act, FxRate, key=key, start=start, end=end, values={"fx_rate": round(fx_rate, DECIMALS)}, fields=FIELDS)
        for row in made[:1]:
            pair = {"type": rate_type, "pair": f"{key['base']}/{key['quote']}"}
            act.note("fx_rate.set", row, after={**pair, "fx_rate": f"{fx_rate.normalize():f}", "from": str(start), "to": str(end or "")})
    return made  # type: ignore[return-value]


def fx_rate_end(*, rate_type: str, base: str, quote: str, day: dt.date, actor_id: int | None = None, reason: str = "") -> None:
    """From `day` on the pair has no rate of this type. Repeating changes nothing. Raises CurrencyError when it never had one."""
    key = _pair(rate_type, base, quote)
    live = FxRate.objects.filter(**key, known_to__isnull=True)
    last = live.order_by("-valid_from").first()
    if last is None:
        raise CurrencyError(
            _n("There is no rate of %(base)s to %(quote)s of the type %(type)s. Look at the list of rates."), field="rate_type", type=rate_type,
            base=key["base"], quote=key["quote"],
        )  # fmt: skip
    if last.valid_to is not None and last.valid_to <= day:
        return
    with act_open(reason=reason, actor_id=actor_id) as act:
        writers_lock()
        series_write(act, FxRate, key=key, start=day, end=None, values=None, fields=FIELDS)
        act.note("fx_rate.end", last, after={"type": rate_type, "pair": f"{key['base']}/{key['quote']}", "day": str(day)})


def _pair(rate_type: str, base: str, quote: str) -> dict[str, str]:
    """The key of a pair, its codes in capitals. Raises CurrencyError for what is no code, or twice the same."""
    key = {"rate_type": rate_type}
    for field, code in (("base", base), ("quote", quote)):
        key[field] = code.strip().upper()
        try:
            currency_pack(key[field])
        except ValueError as error:
            raise CurrencyError(_n("'%(code)s' is not a currency code. Use three letters, such as EUR."), field=field, code=code) from error
    if key["base"] == key["quote"]:
        raise CurrencyError(_n("A rate is between two currencies; %(code)s is given twice."), field="quote", code=key["base"])
    return key
