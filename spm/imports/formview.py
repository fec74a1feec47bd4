"""What the mapping form shows for a file and a document, and the document that its inputs make. Used by the page and the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from spm.imports.errors import ImportFault
from spm.imports.fields import Field
from spm.imports.formwords import field_takes, form_problems, kept_words, ref_by_code
from spm.imports.mapform import COLUMN, CONSTANT, FORMAT, KEPT, NOTHING, FieldRow, MappingForm, form_apply, form_fields, form_head, form_read, words_read
from spm.imports.readers import Source
from spm.imports.selectors import source_usual
from spm.imports.suggest import Sample, file_sample, mapping_suggest, target_guess, unpivot_of, unused_columns
from spm.imports.targets import Target, target_get, targets
from spm.imports.values import DATE_FORMATS

Choice = tuple[str, str]
_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1251", "cp1252", "iso-8859-1", "cp866")


@dataclass
class RowView:
    """A row of the form: a field of the target with its inputs."""

    row: FieldRow
    takes: str
    kept: str
    options: list[Choice]
    samples: tuple[str, ...] = ()
    unknown_words: tuple[str, ...] = ()
    problem: str = ""
    constant_problem: str = ""
    words_problem: str = ""

    @property
    def label(self) -> str:
        """The field's name; what is needed is marked by a star, which the page explains."""
        return f"{self.row.name} *" if self.row.field.required else self.row.name

    @property
    def help(self) -> str:
        return ". ".join(filter(None, [self.takes, str(self.row.field.help).rstrip("."), self.kept]))

    @property
    def names(self) -> dict[str, str]:
        """The names of the row's inputs."""
        return {part: f"{part}.{self.row.name}" for part in ("origin", "constant", "source", "words")}

    @property
    def has_source(self) -> bool:
        return self.row.field.kind == "ref" and not ref_by_code(self.row.field)

    @property
    def aside(self) -> bool:
        """Whether the input for one value may stand folded away: a column is chosen."""
        return bool(self.row.column) and not self.constant_problem

    @property
    def has_words(self) -> bool:
        return bool(self.row.words) or (bool(self.row.field.choices) and bool(self.row.column))

    @property
    def field(self) -> Field:
        return self.row.field


@dataclass
class ColumnView:
    name: str
    samples: tuple[str, ...]
    into: list[str]
    used: bool
    attribute: bool


@dataclass
class FormView:
    """All that the page shows. `fault`: the document or the file cannot be shown as a form, and why; `problems` by input."""

    text: str
    fresh: bool = False
    fault: str = ""
    file_fault: str = ""
    form: MappingForm | None = None
    target: Target | None = None
    rows: list[RowView] = field(default_factory=list)
    more: list[RowView] = field(default_factory=list)
    columns: list[ColumnView] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    guessed: tuple[str, ...] = ()
    unsure_dates: tuple[str, ...] = ()
    problems: dict[str, str] = field(default_factory=dict)
    targets: list[Choice] = field(default_factory=list)
    choices: dict[str, list[Choice]] = field(default_factory=dict)
    more_open: bool = False

    @property
    def lacking(self) -> list[str]:
        """Needed fields without a column or value."""
        return [shown.row.name for shown in self.rows if shown.row.field.required and not shown.row.origin]


def form_view(source: Source, text: str, *, target_name: str = "", source_code: str = "") -> FormView:
    """The form of a document for a file. Without a document one is proposed; the target, if not asked for, is guessed by the columns."""
    view = FormView(text=text, targets=[(known.name, str(known.label)) for known in targets()])
    try:
        head_target, _source, head_format = form_head(text) if text.strip() else ("", "", {})
        sample = _sample(view, source, head_format, text)
        if text.strip():
            target = target_get(target_name or head_target)
            if target_name and target_name != head_target:
                view.text = text = form_apply(text, {"target": target_name}, target)
        else:
            target = target_get(target_name) if target_name else target_guess(targets(), sample.names)
            made = mapping_suggest(target=target, sample=sample, source=source_code or source_usual())
            view.text, view.fresh, view.guessed, view.unsure_dates = made.text, True, made.guessed, made.unsure_dates
        form = form_read(view.text, target)
    except ImportFault as fault:
        view.fault = str(fault)
        return view
    view.form, view.target = form, target
    view.problems = form_problems(form, target, sample.names)
    if view.file_fault:
        view.problems["format.encoding"] = view.file_fault
    view.unused = unused_columns(view.text, target, sample)
    _rows(view, form, sample)
    _columns(view, form, target, sample)
    _choices(view, form, sample)
    return view


def problems_place(view: FormView, problems: Mapping[str, str], typed: Mapping[str, str]) -> None:
    """Puts the problems to their rows; words that cannot be read are shown as they were typed."""
    for shown in (*view.rows, *view.more):
        shown.words_problem = problems.get(shown.names["words"], "")
        if shown.words_problem:
            shown.row.words = typed.get(shown.names["words"], "")
        shown.problem, shown.constant_problem = (problems.get(shown.names[part], "") for part in ("origin", "constant"))
    view.more_open = any(shown.problem or shown.constant_problem or shown.words_problem for shown in view.more)


def _sample(view: FormView, source: Source, head: Mapping[str, str], text: str) -> Sample:
    """The head of the file, read as the document says; where it cannot be read so, nothing is known of it and the form says why."""
    try:
        return file_sample(source, head, unpivot=unpivot_of(text) if text.strip() else None)
    except ImportFault as fault:
        view.file_fault = str(fault)
        return Sample(source.name, (), head.get("encoding", ""), head.get("delimiter", ""), (), {})


def posted_text(source: Source, text: str, given: Mapping[str, str], attributes: Sequence[str] = ()) -> tuple[str, dict[str, str]]:
    """The document that the form's inputs make of `text`, and problems that only the inputs show. Raises ImportFault.

    When the target or the way of reading the file was changed, fields that lost their column get the guess that the file now allows.
    """
    head = form_head(text)
    target = target_get(given.get("target", head[0]))
    before = form_read(text, target)
    problems, posted = {}, dict(given)
    for row in before.rows:
        try:
            words_read(row.name, posted.get(f"words.{row.name}", ""))
        except ImportFault as fault:
            # The rest is kept; these words wait until they can be read.
            problems[f"words.{row.name}"] = str(fault)
            posted.pop(f"words.{row.name}")
        chosen, value = posted.get(f"origin.{row.name}", row.origin), posted.get(f"constant.{row.name}", "").strip()
        if chosen.startswith(COLUMN) and value and value != row.constant:
            problems[f"constant.{row.name}"] = _("A column is chosen for %(name)s: clear this value, or choose one value for all rows.") % {"name": row.name}
    was = file_sample_or_none(source, head[2], text)
    text = form_apply(text, posted, target, columns=was.names if was else (), attributes=attributes)
    after = form_head(text)
    if after[0] != head[0] or after[2] != head[2]:
        sample = file_sample_or_none(source, after[2], text)
        if sample is not None:
            lost = [row.name for row in form_read(text, target).rows if row.column and row.column not in sample.names]
            text = form_apply(text, {f"origin.{name}": NOTHING for name in lost}, target)
            text = mapping_suggest(target=target, sample=sample, text=text).text
    return text, problems


def file_sample_or_none(source: Source, form: Mapping[str, str], text: str) -> Sample | None:
    """The head of the file, or None when it cannot be read so."""
    try:
        return file_sample(source, form, unpivot=unpivot_of(text))
    except ImportFault:
        return None


def _rows(view: FormView, form: MappingForm, sample: Sample) -> None:
    seen = {column.name: column.samples for column in sample.columns}
    columns = [(COLUMN + column.name, _with_samples(column.name, column.samples)) for column in sample.columns]
    for row in form.rows:
        options: list[Choice] = [(NOTHING, _("Not mapped")), (CONSTANT, _("One value for all rows"))]
        if row.origin == KEPT:
            options.append((KEPT, _("As the text says")))
        options += columns
        if row.column and row.column not in seen:
            options.append((row.origin, _("%(column)s (not in the file)") % {"column": row.column}))
        unknown = _unknown_words(row, sample.seen.get(row.column, ()))
        shown = RowView(row, field_takes(row.field), kept_words(row), options, seen.get(row.column, ()), unknown)
        (view.rows if row.origin or row.field.required else view.more).append(shown)


def _unknown_words(row: FieldRow, seen: Sequence[str]) -> tuple[str, ...]:
    """Words of the file's first rows that need a line: those that are no choice of the field, and with them, or once one stands there, all."""
    if not row.field.choices or not row.column or "otherwise" in row.kept or "steps" in row.kept:
        return ()
    mapped = {line.rpartition(" = ")[0] for line in row.words.split("\n") if line}
    choices = {name for name, _number in row.field.choices}
    if not mapped and all(value.lower() in choices for value in seen):
        return ()
    return tuple(value[:60] for value in seen if value not in mapped)[:8]


def _with_samples(name: str, samples: Sequence[str]) -> str:
    shown = ", ".join(samples)
    return f"{name}: {shown[:48]}{'…' if len(shown) > 48 else ''}" if shown else name


def _columns(view: FormView, form: MappingForm, target: Target, sample: Sample) -> None:
    attributes = any(known.name.endswith(".*") for known in target.fields)
    for column in sample.columns:
        into = [row.name for row in form.rows if row.column == column.name or column.name in map(str, row.kept.get("concat", ()))]
        view.columns.append(ColumnView(column.name, column.samples, into, column.name not in view.unused, attributes and column.name in view.unused))


def _choices(view: FormView, form: MappingForm, sample: Sample) -> None:
    marks = {",": _("Comma"), ";": _("Semicolon"), "\t": _("Tab"), "|": _("Bar")}
    found_mark = marks.get(sample.delimiter, sample.delimiter)
    amounts = [row.name for row in form.rows if row.field.kind in {"money", "fixed"} and row.origin]
    dates = ["%Y-%m-%d", *DATE_FORMATS[1:]]
    view.choices = {
        "encoding": [("", _("Found by itself: %(found)s") % {"found": sample.encoding}), *((name, name) for name in _ENCODINGS)],
        "delimiter": [("", _("Found by itself: %(found)s") % {"found": found_mark}), *marks.items()],
        "decimal": [("", _("Point: 1234.50")), (",", _("Comma: 1234,50"))],
        "date": [("", _("Year, month, day: 2026-03-31")), *((form_, date_words(form_)) for form_ in dates[1:])],
        "sheet": [("", _("The first")), *((name, name) for name in sample.sheets)] if sample.sheets else [],
        "scale": [*([("", _("Different ones"))] if not form.scale else []), *((str(n), str(n)) for n in range(7))],
        "control": [("", _("amount, where it is mapped")), *((name, name) for name in amounts)],
    }
    for name in (*FORMAT, "control"):
        value = form_fields(form)[name if name == "control" else f"format.{name}"]
        if value and view.choices[name] and value not in dict(view.choices[name]):
            view.choices[name].append((value, value))


def date_words(form: str) -> str:
    """A date's form by an example, for people who do not read strptime.

    >>> date_words("%d.%m.%Y")
    '31.03.2026'
    """
    return form.replace("%d", "31").replace("%m", "03").replace("%Y", "2026").replace("%y", "26").replace("%b", "Mar").replace("%B", "March")
