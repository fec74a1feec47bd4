"""The frozen form of a statement: canonical JSON of its figures, and how it is read back.

Amounts are exact text; people and seats stand by public id, so that erasing a person's data leaves the artefact whole.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import zlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from incentives.models import Statement, StatementArtefact
from incentives.selectors.payments import PaidIn
from spm.audit.chain import canonical
from spm.people.models import Payee

if TYPE_CHECKING:
    from incentives.selectors.statements import StatementView

FORMAT = 1


class ArtefactBroken(ValueError):
    """The stored bytes are not what their digest says."""


def artefact_json(view: StatementView, *, payee: Payee) -> bytes:
    """The one byte form of a statement's figures; its SHA-256 is the digest."""
    run = view.freshness.run
    body: dict[str, Any] = {
        "format": FORMAT,
        "payee": str(payee.uid),
        "pay_group": payee.pay_group,
        "pay_currency": payee.pay_currency,
        "period": {"uid": str(view.period.uid), "code": view.period.code, "starts": view.period.starts.isoformat(), "ends": view.period.ends.isoformat()},
        "run": run.number if run else None,
        "known_number": run.known_number if run else None,
        "plans": sorted(({"plan": v.plan.code, "version": v.number, "digest": v.digest} for v in view.versions), key=lambda p: (p["plan"], p["version"])),
        "parts": [
            {
                "position": part.position_title, "plan": part.plan_code, "version": part.plan_version_number, "component": part.component, "label": part.label,
                "earning_period": part.earning_period_code, "currency": part.currency, "amount": _text(part.amount), "causes": list(part.causes),
                "late": part.is_late,
            }
            for part in view.parts
        ],
        "payments": [
            {
                "verb": item.verb, "component": item.component, "earning_period": item.earning_period_code, "currency": item.currency,
                "amount": _text(item.amount),
            }
            for item in view.payments
        ],
        "adjustments": [
            {
                "uid": item.uid, "component": item.component, "earning_period": item.earning_period_code, "currency": item.currency,
                "amount": _text(item.amount), "note": item.note,
            }
            for item in view.adjustments
        ],
        "balances": [{"kind": b.kind, "component": b.component, "currency": b.currency, "amount": _text(b.amount)} for b in view.balances],
        **{name: {c: _text(amount) for c, amount in getattr(view, name).items()} for name in ("earned", "late", "paid", "adjusted", "total")},
        "in_pay_currency": [
            {
                "source": item.source, "currency": item.currency, "total": _text(item.total), "fx_rate": None if item.fx_rate is None else _text(item.fx_rate),
                "rate_type": item.rate_type, "day": item.day.isoformat(), "amount": None if item.amount is None else _text(item.amount),
                "estimated": item.estimated,
            }
            for item in view.in_pay_currency
        ],
    }  # fmt: skip
    if view.opening:
        body["opening"] = [
            {
                "kind": one.kind, "name": one.name, "plan": one.plan_title, "period": one.period_code, "day": one.day.isoformat(), "currency": one.currency,
                "amount": _text(one.amount), "source": one.source, "change": one.change_number,
            }
            for one in view.opening
        ]  # fmt: skip
    if view.rewards:
        body["rewards"] = [
            {
                "plan": one.plan_code, "plan_title": one.plan_title, "component": one.component, "label": one.label, "unit": one.unit,
                "earning_period": one.earning_period_code, "amount": _text(one.amount), "told": _text(one.told), "late": one.is_late,
            }
            for one in view.rewards
        ]  # fmt: skip
    return canonical(body)


def _text(value: Decimal) -> str:
    return f"{value:f}"


def artefact_digest(content: bytes) -> str:
    """SHA-256 in hex of an artefact's JSON."""
    return hashlib.sha256(content).hexdigest()


def artefact_read(artefact: StatementArtefact) -> dict[str, Any]:
    """What was frozen. Raises ArtefactBroken when the bytes do not fit the digest."""
    try:
        content = zlib.decompress(bytes(artefact.body))
    except zlib.error as error:
        raise ArtefactBroken(f"artefact {artefact.uid} cannot be unpacked") from error
    if artefact_digest(content) != artefact.digest:
        raise ArtefactBroken(f"artefact {artefact.uid}: its digest does not fit its content")
    found: dict[str, Any] = json.loads(content)
    return found


def artefact_of(statement: Statement) -> dict[str, Any] | None:
    """What was approved of a statement. One query."""
    found = StatementArtefact.objects.filter(statement=statement).first()
    return None if found is None else artefact_read(found)


def paid_in_kept(body: dict[str, Any]) -> list[PaidIn]:
    """The conversions of the time of approval."""
    return [
        PaidIn(
            item["source"], item["currency"], Decimal(item["total"]), None if item["fx_rate"] is None else Decimal(item["fx_rate"]), item["rate_type"],
            dt.date.fromisoformat(item["day"]), None if item["amount"] is None else Decimal(item["amount"]), item["estimated"],
        )
        for item in body["in_pay_currency"]
    ]  # fmt: skip
