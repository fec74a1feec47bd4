"""Writers of rows without dates of their own: payees, positions and the windows of a calendar."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from spm.calendars.generate import CalendarError, Window
from spm.calendars.models import FiscalCalendar
from spm.calendars.services import calendar_create, calendar_windows_add
from spm.imports.errors import ImportFault
from spm.imports.fields import Field
from spm.imports.loading import Load, column_of
from spm.imports.targets import Target, target_register
from spm.people.models import Employment, LegalEntity, Payee, PersonDetail, Position
from spm.sales.services import Written


def good_rows(load: Load) -> list[dict[str, Any]]:
    """imp_good as dicts by field name, with n and references' ids under r_<name>: for small targets."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM imp_good ORDER BY n")
        names = [column[0] for column in cursor.description]
        back = {column_of(name): name for name in load.names}
        return [{back.get(name, name): value for name, value in zip(names, row, strict=True)} for row in cursor.fetchall()]


def upsert(load: Load, model: Any, *, found: dict[str, Any], key: str, rows: dict[str, dict[str, Any]]) -> Written:
    """Creates what is missing and updates what differs; `found` are the rows there are, by key. Both are noted to be taken back."""
    new = changed = 0
    for value, fields in rows.items():
        row = found.get(value)
        if row is None:
            found[value] = row = model.objects.create(**{key: value}, **fields)
            load.undo.created(row, value, {key: value, **fields})
            new += 1
        else:
            changed += _update(load, row, value, fields)
    return Written(new, changed, len(rows) - new - changed)


def _positions(load: Load) -> Written:
    rows = {r["code"]: {"title": r["title"], "source": load.mapping.source} for r in good_rows(load)}
    return upsert(load, Position, found={p.code: p for p in Position.objects.filter(code__in=rows)}, key="code", rows=rows)


_DETAIL = ("given_name", "family_name", "email", "phone", "country")


def _payees(load: Load) -> Written:
    rows = good_rows(load)
    if "legal_entity" not in load.fields:
        entities = list(LegalEntity.objects.all()[:2])
        if len(entities) != 1:
            raise ImportFault(
                gettext_noop("The mapping names no legal_entity and the tenant has not exactly one; add the field legal_entity with the entity's code.")
            )
        for row in rows:
            row["r_legal_entity"] = entities[0].pk
    source = load.mapping.source
    found = {p.external_id: p for p in Payee.objects.filter(source=source, external_id__in=[r["external_id"] for r in rows])}
    details = {d.payee_id: d for d in PersonDetail.objects.filter(payee__in=found.values())}
    employed = set(Employment.objects.filter(payee__in=found.values(), known_to__isnull=True).values_list("payee_id", flat=True))
    new = changed = 0
    for row in rows:
        values = {"legal_entity_id": row["r_legal_entity"], "pay_currency": row["pay_currency"]}
        values |= {name: row[name] for name in ("pay_group", "kind") if row.get(name)}
        payee, differs = found.get(row["external_id"]), False
        if payee is None:
            payee = Payee.objects.create(source=source, external_id=row["external_id"], **values)
            load.undo.created(payee, payee.external_id, values)
            new += 1
        else:
            differs = _update(load, payee, payee.external_id, values)
        names = {"display_name": row["name"], **{name: row.get(name) or "" for name in _DETAIL if name in load.fields}}
        detail = details.get(payee.pk)
        if payee.erased_at is not None:
            pass  # an erased person's names do not come back
        elif detail is None:
            load.undo.created(PersonDetail.objects.create(payee=payee, **names), payee.external_id, names)
        else:
            differs = _update(load, detail, payee.external_id, names) or differs
        if row.get("hired") and payee.pk not in employed:
            employment = Employment.objects.create(payee=payee, valid_from=row["hired"], valid_to=row.get("left"), known_from=load.changeset)
            load.undo.created(employment, payee.external_id, {"valid_from": row["hired"], "valid_to": row.get("left"), "known_to_id": None})
            differs = differs or payee.external_id in found
        changed += differs
    return Written(new, changed, len(rows) - new - changed)


def _update(load: Load, row: Any, key: str, values: dict[str, Any]) -> bool:
    differing = [name for name, value in values.items() if getattr(row, name) != value]
    if differing:
        load.undo.changed(row, key, {name: getattr(row, name) for name in differing}, {name: values[name] for name in differing})
    for name in differing:
        setattr(row, name, values[name])
    if differing:
        row.save(update_fields=differing)
    return bool(differing)


def _periods(load: Load) -> Written:
    new = unchanged = 0
    by_calendar: dict[str, list[dict[str, Any]]] = {}
    for row in good_rows(load):
        by_calendar.setdefault(row["calendar"], []).append(row)
    for code, rows in by_calendar.items():
        windows = [Window(r["code"], r["starts"], r["ends"], r.get("quarter") or "", r["year"]) for r in sorted(rows, key=lambda r: r["starts"])]
        calendar = FiscalCalendar.objects.filter(code=code).first()
        try:
            if calendar is None:
                first, last = windows[0].starts.year, windows[-1].ends.year
                has_default = FiscalCalendar.objects.filter(is_default=True).exists()
                calendar_create(
                    code=code, name=rows[0].get("name") or code, kind="custom", first_year=first, last_year=last, windows=windows, is_default=not has_default
                )
                calendar = FiscalCalendar.objects.get(code=code)
                load.undo.created(calendar, code, {"name": calendar.name, "kind": calendar.kind})
                _periods_note(load, calendar, windows)
                new += len(windows)
                continue
            have = {p.code: (p.starts, p.ends, p.quarter, p.year) for p in calendar.periods.all()}
            differing = [w for w in windows if w.code in have and have[w.code] != (w.starts, w.ends, w.quarter, w.year)]
            if differing:
                raise ImportFault(
                    gettext_noop("Period %(code)s of calendar %(code2)s stands with other days already; periods are not moved by an import."),
                    code=differing[0].code,
                    code2=code,
                )
            fresh = [w for w in windows if w.code not in have]
            if fresh:
                calendar_windows_add(calendar=calendar, windows=fresh)
                _periods_note(load, calendar, fresh)
        except CalendarError as error:
            raise ImportFault(gettext_noop("Calendar %(code)s: %(error)s"), code=code, error=error) from None
        new, unchanged = new + len(fresh), unchanged + len(windows) - len(fresh)
    return Written(new, 0, unchanged)


def _periods_note(load: Load, calendar: FiscalCalendar, windows: list[Window]) -> None:
    for period in calendar.periods.filter(code__in=[w.code for w in windows]):
        values = {name: getattr(period, name) for name in ("starts", "ends", "quarter", "year")}
        load.undo.created(period, f"{calendar.code} {period.code}", values)


def register() -> None:
    """The plain targets of the kernel."""
    text: dict[str, Any] = {"max_length": 200}
    target_register(Target(
        "position", _("Positions"), (Field("code", "text", required=True, max_length=80), Field("title", "text", required=True, **text)), _positions,
        identity=("code",), tables=("people_position",),
    ))  # fmt: skip
    target_register(Target(
        "payee", _("Payees"),
        (
            Field("external_id", "text", required=True, max_length=80), Field("name", "text", required=True, **text),
            Field("given_name", "text", max_length=100), Field("family_name", "text", max_length=100), Field("email", "text", max_length=254),
            Field("phone", "text", max_length=40), Field("country", "text", max_length=2), Field("pay_currency", "currency_text", required=True),
            Field("pay_group", "code", max_length=40), Field("kind", "code", max_length=8), Field("legal_entity", "ref", to="people.LegalEntity"),
            Field("hired", "date"), Field("left", "date"),
        ),
        _payees, tables=("people_payee", "people_persondetail", "people_employment"),
    ))  # fmt: skip
    target_register(Target(
        "calendar_period", _("Calendar periods"),
        (
            Field("calendar", "code", required=True, max_length=63), Field("name", "text", **text), Field("code", "text", required=True, max_length=32),
            Field("starts", "date", required=True), Field("ends", "date", required=True), Field("quarter", "text", max_length=32),
            Field("year", "text", required=True, max_length=32),
        ),
        _periods, identity=("calendar", "code"), tables=("calendars_period",),
    ))  # fmt: skip
