"""Looks at the first rows of a file and proposes a mapping: columns by their names, how dates and numbers are written. Reads no records."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice

from spm.imports.errors import ImportFault
from spm.imports.mapform import COLUMN, form_apply, form_read, mapping_new
from spm.imports.mapping import document_load, mapping_parse
from spm.imports.readers import Source, sheets_of, table_open
from spm.imports.staging import unpivoted
from spm.imports.targets import Target
from spm.imports.values import DATE_FORMATS, CellError, date_read

LOOKED_AT = 500
SHOWN = 3
_ALIKE = 0.82
_SHORTEST = 5
_CUT = 4
_WORDS = 4
# What columns are called elsewhere, without case, spaces and marks; the field's own name and label come before these.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "external_id": ("id", "key", "number", "no", "externalid", "recordid", "uid", "номер", "код", "ид"),
    "order_date": ("date", "closedate", "closed", "bookingdate", "bookedon", "orderedon", "saledate", "transactiondate", "дата", "датазаказа"),
    "invoice_date": ("date", "invoiced", "invoicedon", "дата"),
    "paid_on": ("date", "paymentdate", "paid", "дата"),
    "returned_on": ("date", "returndate", "дата"),
    "happened_at": ("date", "time", "timestamp", "activitydate", "дата"),
    "measured_on": ("date", "day", "дата"),
    "opened_on": ("date", "opened", "createddate", "дата"),
    "created_on": ("created", "createddate", "createdat", "date"),
    "close_date": ("closed", "closedon", "expectedclose", "date", "дата"),
    "owner": ("ownerid", "payee", "salesperson", "rep", "accountowner"),
    "stage": ("stagename", "status", "phase"),
    "line_number": ("line", "lineno", "linenumber", "position"),
    "payee": ("owner", "ownerid", "salesperson", "salespersonid", "salesrep", "rep", "repid", "seller", "sellerid", "agent", "employee", "employeeid",
              "менеджер", "продавец", "сотрудник"),
    "amount": ("total", "subtotal", "totalamount", "netamount", "revenue", "sum", "value", "totaldue", "price", "сумма", "итого", "выручка"),
    "currency": ("currencycode", "currencyisocode", "ccy", "cur", "iso", "валюта"),
    "pay_currency": ("currency", "currencycode", "currencyisocode", "ccy", "salarycurrency", "валюта"),
    "quantity": ("qty", "units", "count", "orderqty", "количество"),
    "account": ("customer", "customerid", "client", "accountid", "company", "клиент", "контрагент"),
    "product": ("sku", "item", "productid", "article", "товар", "артикул"),
    "order": ("orderid", "ordernumber", "orderno", "salesorder", "salesorderid", "заказ", "номерзаказа"),
    "unit_price": ("price", "listprice", "unitcost", "цена"),
    "name": ("fullname", "displayname", "employeename", "title", "label", "имя", "название", "фио"),
    "given_name": ("firstname", "forename", "имя"),
    "family_name": ("lastname", "surname", "фамилия"),
    "email": ("mail", "emailaddress", "почта"),
    "phone": ("phonenumber", "tel", "telephone", "mobile", "телефон"),
    "country": ("countrycode", "countryregioncode", "страна"),
    "hired": ("hiredate", "hiredon", "startdate", "joined", "joindate", "датаприема"),
    "left": ("leavedate", "enddate", "terminationdate", "termdate", "датаувольнения"),
    "legal_entity": ("entity", "company", "legalentitycode"),
    "position": ("positioncode", "positionid", "seat", "job", "jobcode", "должность"),
    "manager": ("reportsto", "managerposition", "supervisor", "parent", "руководитель"),
    "title": ("jobtitle", "positiontitle", "name", "должность"),
    "code": ("id", "key", "number", "positioncode", "territorycode", "periodcode", "код"),
    "valid_from": ("from", "start", "startdate", "effectivefrom", "effectivedate", "since", "quotadate", "с", "начало"),
    "valid_to": ("to", "end", "enddate", "effectiveto", "until", "through", "по", "конец"),
    "measure": ("metric", "quotatype", "показатель"),
    "territory": ("territorycode", "territoryid", "region", "территория"),
    "priority": ("precedence", "wins"),
    "group": ("region", "territorygroup", "area"),
    "parent": ("parentcode", "parentterritory"),
    "base": ("fromcurrency", "basecurrency", "fromcurrencycode"),
    "quote": ("tocurrency", "quotecurrency", "tocurrencycode", "currency"),
    "fx_rate": ("rate", "exchangerate", "endofdayrate", "averagerate", "курс"),
    "rate_type": ("type", "ratetype"),
    "starts": ("start", "from", "startdate", "begins", "начало"),
    "ends": ("end", "to", "enddate", "конец"),
    "status": ("state", "stage", "orderstatus", "статус"),
    "kind": ("type", "dealtype", "category", "тип"),
    "share": ("percent", "split", "splitpercent", "percentage", "доля"),
    "probability": ("chance", "probabilitypercent"),
    "fte": ("workload", "parttime"),
    "target_incentive": ("variable", "variablepay", "bonus", "targetbonus", "incentive"),
    "ote": ("ontargetearnings", "targetearnings"),
}  # fmt: skip
_NUMBER = re.compile(r"[-+(]?[0-9][0-9 \u00a0\u202f'.,]*\)?")


@dataclass(frozen=True)
class FileColumn:
    """A column of the file with the first distinct values that are not empty."""

    name: str
    samples: tuple[str, ...]


@dataclass(frozen=True)
class Sample:
    """The head of a file: its columns, how it was read, and the values seen by column (at most LOOKED_AT rows)."""

    name: str
    columns: tuple[FileColumn, ...]
    encoding: str
    delimiter: str
    sheets: tuple[str, ...]
    seen: Mapping[str, tuple[str, ...]]

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]


def file_sample(source: Source, form: Mapping[str, str], *, unpivot: Mapping[str, object] | None = None) -> Sample:
    """Reads the head of a file as the mapping's format says. Raises ImportFault for a file that cannot be read so."""
    table = table_open(
        source, encoding=form.get("encoding") or "auto", delimiter=form.get("delimiter") or "auto", sheet=form.get("sheet", ""),
        decimal=form.get("decimal") or ".",
    )  # fmt: skip
    if unpivot:
        table = unpivoted(table, dict(unpivot))
    width = len(table.header)
    rows = [row for _line, row in islice(table.rows, LOOKED_AT) if len(row) == width]
    seen: dict[str, tuple[str, ...]] = {}
    for i, name in enumerate(table.header):
        if name:
            seen[name] = tuple(dict.fromkeys(row[i].strip() for row in rows if row[i].strip()))
    columns = tuple(FileColumn(name, tuple(value[:60] for value in values[:SHOWN])) for name, values in seen.items())
    sheets = tuple(sheets_of(source)) if table.dialect["encoding"] == "xlsx" else ()
    return Sample(table.name, columns, table.dialect["encoding"], table.dialect["delimiter"], sheets, seen)


def bare(name: str) -> str:
    """A name without case, spaces and marks.

    >>> bare("Order_Date "), bare("Close-date")
    ('orderdate', 'closedate')
    """
    return "".join(c for c in name.lower() if c.isalnum())


def words(name: str) -> list[str]:
    """The words of a name, small.

    >>> words("Net value (EUR)"), words("closeDate")
    (['net', 'value', 'eur'], ['close', 'date'])
    """
    apart = re.sub(r"(?<=[a-zа-яё])(?=[A-ZА-ЯЁ])", " ", name)
    return re.findall(r"[^\W_]+", apart.lower())


def columns_guess(target: Target, names: Sequence[str]) -> dict[str, str]:
    """Field -> column: equal names first, then what a field is called elsewhere, then names that are nearly equal. A column is used once."""
    free = {bare(name): name for name in reversed(names) if bare(name)}
    fields = [known for known in target.fields if not known.name.endswith(".*")]
    found: dict[str, str] = {}

    def take(field_name: str, keys: Sequence[str]) -> None:
        for key in keys:
            if field_name not in found and key in free:
                found[field_name] = free.pop(key)

    own = bare(target.name)
    # Needed fields choose first: a lone "Number" is what a row is known by before it is a number beside that.
    for group in ([known for known in fields if known.required], [known for known in fields if not known.required]):
        for known in group:
            ids = [f"{own}id", f"{own}number", f"{own}no"] if known.name == "external_id" else []
            codes = [f"{bare(known.name)}id", f"{bare(known.name)}code"] if known.kind == "ref" else []
            take(known.name, [bare(known.name), *ids, *codes])
        for known in group:
            take(known.name, SYNONYMS.get(known.name, ()))
    # Then what is said among other words: "Net value", "Deal No"; and what is cut short: "Curr".
    for known in fields:
        if known.name in found or not (known.required or known.kind == "ref"):
            continue
        wanted = [bare(known.name), *SYNONYMS.get(known.name, ())]
        said = {key: parts for key, name in free.items() if len(parts := words(name)) <= _WORDS}
        take(known.name, [key for word in wanted for key, parts in said.items() if word in parts])
        take(known.name, [key for key in free if len(key) >= _CUT and any(word.startswith(key) for word in wanted)])
    for known in fields:
        if known.name not in found:
            near = max(((SequenceMatcher(None, bare(known.name), key).ratio(), key) for key in free if len(key) >= _SHORTEST), default=(0.0, ""))
            if near[0] >= _ALIKE:
                take(known.name, [near[1]])
    return found


def target_guess(targets: Sequence[Target], names: Sequence[str]) -> Target:
    """The target that fits best: by the share of its needed fields that are filled, and the share of the columns that it uses."""

    def fit(target: Target) -> float:
        found = columns_guess(target, names)
        needed = [known.name for known in target.fields if known.required]
        return sum(name in found for name in needed) / max(len(needed), 1) + len(found) / max(len(names), 1)

    return max(targets, key=fit)


def decimal_guess(values: Sequence[str]) -> str:
    """The decimal mark of numbers: the last mark of a cell where no group of three digits follows; a point when nothing tells.

    >>> decimal_guess(["1 234,50", "7"]), decimal_guess(["1,234.50"]), decimal_guess(["1,234"])
    (',', '.', '.')
    """
    counts = {",": 0, ".": 0}
    for value in values:
        if not _NUMBER.fullmatch(value):
            continue
        at = max(value.rfind(","), value.rfind("."))
        digits = value[at + 1 :].rstrip(")").replace(" ", "")
        # 1,234,567 has two marks of a kind: they group.
        if at >= 0 and len(digits) != 3 and value.count(value[at]) == 1:
            counts[value[at]] += 1
    return "," if counts[","] > counts["."] else "."


def dates_guess(values: Sequence[str]) -> list[str]:
    """The forms that fit every value, ISO ("") first; several when the days cannot tell them apart; none when no form fits."""
    fitting = []
    for form in ("", *DATE_FORMATS[1:]):
        try:
            for value in values:
                date_read(value, form=form)
        except CellError:
            continue
        fitting.append(form)
        if form == "":
            break  # ISO is read under any form
    return fitting if values else []


def scale_guess(values: Sequence[str], decimal: str) -> int:
    """Decimals that amounts have, two at the least and six at the most."""
    longest = 2
    for value in values:
        if _NUMBER.fullmatch(value) and decimal in value:
            longest = max(longest, len(value.rpartition(decimal)[2].rstrip("0) ")))
    return min(longest, 6)


@dataclass(frozen=True)
class Suggestion:
    """A proposed document, the fields that it takes from a guess, and date forms between which the days could not tell."""

    text: str
    guessed: tuple[str, ...]
    unsure_dates: tuple[str, ...] = ()


def mapping_suggest(*, target: Target, sample: Sample, source: str = "", text: str = "") -> Suggestion:
    """A mapping document for a file: that of `text`, if given, with guesses for the fields that it leaves out. Raises ImportFault."""
    fresh = not text
    text = text or mapping_new(target=target.name, source=source or "file")
    posted = {"target": target.name} | ({"source": source} if source else {})
    text = form_apply(text, posted, target)
    form = form_read(text, target)
    taken = {row.column for row in form.rows}
    mapped = {row.name for row in form.rows if row.origin}
    guess = {name: column for name, column in columns_guess(target, [n for n in sample.names if n not in taken]).items() if name not in mapped}
    edits = {f"origin.{name}": COLUMN + column for name, column in guess.items()}
    unsure: tuple[str, ...] = ()
    if fresh:
        kinds = {known.name: known.kind for known in target.fields}

        def seen_as(*of: str) -> list[str]:
            return [value for name, column in guess.items() if kinds[name] in of for value in sample.seen[column]]

        everything = [value for values in sample.seen.values() for value in values]
        # Where no such column was recognised, all cells are looked at: the column may be picked by hand.
        numbers, amounts = seen_as("money", "fixed", "decimal") or everything, seen_as("money") or everything
        days = seen_as("date") or [value for value in everything if dates_guess([value])]
        decimal = decimal_guess(numbers) if sample.encoding != "xlsx" else "."
        forms = dates_guess(days)
        if forms and forms[0]:
            edits["format.date"] = forms[0]
            unsure = tuple(forms) if len(forms) > 1 else ()
        if decimal == ",":
            edits["format.decimal"] = ","
        if (scale := scale_guess(amounts, decimal)) != 2:
            edits["scale"] = str(scale)
    return Suggestion(form_apply(text, edits, target, columns=sample.names), tuple(guess), unsure)


def mapping_fits(text: str, names: Sequence[str]) -> bool:
    """Whether a file with these columns has all that a mapping reads."""
    try:
        mapping = mapping_parse(text)
    except ImportFault:
        return False
    if mapping.unpivot:
        needed = set(mapping.unpivot["keep"])
        made = {mapping.unpivot["name"], mapping.unpivot["value"]}
    else:
        needed, made = set(), set()
    needed |= {column for spec in mapping.fields.values() for column in (*spec.columns, *spec.within)} | {rule.column for rule in mapping.where}
    return needed - made <= set(names)


def unpivot_of(text: str) -> Mapping[str, object] | None:
    """The rule by which a document makes long rows of wide ones, if it is whole enough to be followed."""
    document = document_load(text)
    rule = document.get("unpivot") if isinstance(document, dict) else None
    whole = isinstance(rule, dict) and isinstance(rule.get("keep"), list) and {"name", "value"} <= set(rule)
    return rule if whole else None


def unused_columns(text: str, target: Target, sample: Sample) -> list[str]:
    """Columns of the file that no field and no rule of the document reads."""
    form = form_read(text, target)
    used = {row.column for row in form.rows}
    for row in form.rows:
        for key in ("concat", "within"):
            used |= set(map(str, row.kept.get(key, ())))
        used.add(str(row.kept.get("next", "")))
    where = form.extras.get("where")
    used |= {str(rule.get("column")) for rule in where if isinstance(rule, dict)} if isinstance(where, list) else set()
    return [name for name in sample.names if name not in used]
