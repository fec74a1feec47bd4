"""Compiling the payment terms and draws of a plan. Their amounts become named values, read in figures as draw.NAME and payment.maximum."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .compile_tables import figure
from .document import SchemaPath
from .grid import table_sample
from .leavers import LeaverRow
from .payment import RECOVERY, Draw, PaymentTerms
from .plan import Clawback, Rounding, ValueSpec
from .tables import Points, Steps

if TYPE_CHECKING:
    from .compile import Compiler

DRAW, MAXIMUM = "draw.", "payment.maximum"


def payment_compile(compiler: Compiler) -> tuple[PaymentTerms, tuple[ValueSpec, ...]]:
    """The terms, and the values that give their amounts."""
    given: dict[str, Any] = compiler.data.get("payment") or {}
    values: list[ValueSpec] = []

    def value(path: SchemaPath, name: str, label: str, text: Any) -> None:
        formula, kind, node = compiler.period(path, text, name)
        if kind.optional:
            compiler.problem(path, "amount_undefined")
        if formula is not None:
            values.append(ValueSpec(name, label, formula, str(text), bool(compiler.names_of(node) & compiler.late)))

    if "maximum" in given:
        value(("payment", "maximum"), MAXIMUM, MAXIMUM, given["maximum"])
    if "excess" in given and "maximum" not in given:
        compiler.problem(("payment", "excess"), "excess_of_what")
    holdback = given.get("holdback") or {}
    share = _share(compiler, ("payment", "holdback", "share"), holdback.get("share", 0))
    limit = _share(compiler, ("payment", "recovery_limit"), given.get("recovery_limit", 1))
    countries: list[tuple[str, Fraction]] = []
    for i, item in enumerate(given.get("recovery_limits") or []):
        if item["country"] in dict(countries):
            compiler.problem(("payment", "recovery_limits", i, "country"), "name_taken", name=item["country"])
        countries.append((item["country"], _share(compiler, ("payment", "recovery_limits", i, "limit"), item["limit"])))
    draws = []
    for i, item in enumerate(compiler.data.get("draws") or []):
        path: SchemaPath = ("draws", i)
        value((*path, "amount"), f"{DRAW}{item['name']}", item.get("label", item["name"]), item["amount"])
        later, upfront, paused = item.get("recover", "later") == "later", item.get("paid") == "upfront", item.get("on_leave") == "paused"
        draws.append(
            Draw(
                item["name"], item.get("label", item["name"]), later, upfront, paused, item.get("year_end", "carry"), _kinds(item), item.get("prorate", "none")
            )
        )
        if "pause_on" in item and not paused:
            compiler.problem((*path, "pause_on"), "pause_of_nothing")
        if not later and "year_end" in item:
            compiler.problem((*path, "year_end"), "year_end_guarantee")
        if item.get("recover") == "never" and item.get("paid") == "upfront":
            compiler.problem((*path, "recover"), "upfront_guarantee")
    compiler.unique("draws")
    terms = PaymentTerms(
        compiler.rounding.places, given.get("on", "booking"), given.get("instalments", 1), share, holdback.get("until", "year"),
        given.get("negative", "keep"), "maximum" in given, given.get("excess", "carry"), limit, tuple(draws), tuple(countries), _leavers(compiler),
        recovery=_recovery(compiler, given), offset=_offset(compiler, given), year_end=given.get("year_end", "carry"),
        on_move=given.get("on_move", "stay"),
    )  # fmt: skip
    return terms, tuple(values)


def _kinds(item: dict[str, Any]) -> frozenset[str] | None:
    return frozenset(item["pause_on"]) if "pause_on" in item else None


def _recovery(compiler: Compiler, given: dict[str, Any]) -> tuple[str, ...]:
    """The order of recovery, which names each step once; what it says of debts needs a policy that leaves some."""
    order = tuple(given.get("recovery") or ())
    if not order:
        return ()
    if sorted(order) != sorted(RECOVERY):
        compiler.problem(("payment", "recovery"), "recovery_steps", known=sorted(RECOVERY))
    if given.get("negative", "keep") == "keep":
        compiler.problem(("payment", "recovery"), "recovery_keeps", key="recovery")
    return order


def _offset(compiler: Compiler, given: dict[str, Any]) -> tuple[str, ...]:
    """The plans from whose pay a debt is taken, in order."""
    codes, own = tuple(given.get("offset") or ()), compiler.data["plan"]
    if codes and given.get("negative") != "offset":
        compiler.problem(("payment", "offset"), "offset_of_what")
    for i, code in enumerate(codes):
        if code == own or code in codes[:i]:
            compiler.problem(("payment", "offset", i), "offset_plan", name=code)
    if "year_end" in given and given.get("negative", "keep") not in ("carry", "offset"):
        compiler.problem(("payment", "year_end"), "recovery_keeps", key="year_end")
    return codes


def _leavers(compiler: Compiler) -> tuple[LeaverRow, ...]:
    found: list[LeaverRow] = []
    for i, item in enumerate(compiler.data.get("leavers") or []):
        row = LeaverRow(item["status"], item["event"], item["when"], _share(compiler, ("leavers", i, "due"), item["due"]))
        if any((row.status, row.event, row.when) == (one.status, one.event, one.when) for one in found):
            compiler.problem(("leavers", i), "leaver_twice", status=row.status, event=row.event, when=row.when)
        found.append(row)
    return tuple(found)


def clawback_compile(compiler: Compiler) -> Clawback | None:
    """The clawback, if the plan has one. Its table gives a share by days."""
    given = compiler.data.get("clawback")
    if given is None:
        return None
    known = sorted(name for name, one in compiler.tables.items() if isinstance(table_sample(one), Steps | Points))
    if given["table"] not in known:
        compiler.problem(("clawback", "table"), "clawback_table", name=given["table"], known=known)
    rounding = compiler.rounding_of(given.get("round")) or Rounding(compiler.rounding.places, compiler.rounding.mode)
    return Clawback(given["table"], given.get("instalments", 1), rounding)


def _share(compiler: Compiler, path: SchemaPath, text: Any) -> Fraction:
    value = Fraction(figure(text))
    if not 0 <= value <= 1:
        compiler.problem(path, "share_range", value=text)
    return value
