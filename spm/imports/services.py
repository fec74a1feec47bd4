"""The import service behind browser, command and API: stage, check, write under one change set, and prove that the totals tie."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from django.db import connection, connections, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from spm.imports.errors import ImportFault
from spm.imports.loading import Load, copy_rows
from spm.imports.mapping import Mapping, mapping_parse
from spm.imports.models import Batch, BatchFile, ImportMapping, StagedRow
from spm.imports.readers import Source
from spm.imports.staging import Stager, control_decimal
from spm.imports.targets import Target, target_get
from spm.jobs.services import job_enqueue
from spm.sales.models import OrderLineVersion, OrderVersion
from spm.sales.services import lines_clash, versions_clash
from spm.tenancy.changes import changeset_open, changeset_publish, known_number, writers_lock
from spm.tenancy.models import ChangeSet
from spm.tenancy.scope import required_tenant_id

Progress = Callable[[str, int], None]
MAX_FILE = 200 * 1024 * 1024
_CODE = re.compile(r"[-a-zA-Z0-9_]{1,63}")


class TotalsDoNotTie(RuntimeError):
    """Counts or sums of the file, the staging and the record differ: nothing is written. A defect, never the user's fault."""


class RecordMoved(RuntimeError):
    """Somebody published a change to the same records while the import was written: nothing is written; start it again."""


class _DryRun(Exception):
    """Takes back what a dry run wrote."""


def mapping_save(*, code: str, text: str) -> ImportMapping:
    """Saves a mapping document under a code; raises ImportFault when it is not valid."""
    if not _CODE.fullmatch(code):
        raise ImportFault(_("%(code)s cannot be the short name of a mapping: write up to 63 letters, digits, dashes and low lines.") % {"code": code})
    mapping_check(text)
    return ImportMapping.objects.update_or_create(code=code, defaults={"text": text})[0]


def mapping_check(text: str) -> Mapping:
    """The mapping of a text that an import may run by; raises ImportFault when it is not valid or does not suit its target."""
    mapping = mapping_parse(text)
    _checked(mapping)
    return mapping


def _checked(mapping: Mapping) -> tuple[Target, dict[str, Any]]:
    target = target_get(mapping.target)
    fields = {name: target.field(name) for name in mapping.fields}
    missing = [f.name for f in target.fields if f.required and f.name not in fields]
    if missing:
        raise ImportFault(gettext_noop("The mapping gives no %(missing)s, which %(name)s needs."), missing=", ".join(missing), name=target.name)
    if mapping.control and fields[mapping.control].kind not in {"money", "fixed"}:
        raise ImportFault(gettext_noop("control: %(control)s is not an amount; name a field that holds one."), control=mapping.control)
    scales = {spec.scale if spec.scale is not None else fields[name].scale for name, spec in mapping.fields.items() if fields[name].kind == "money"}
    if len(scales) > 1:
        raise ImportFault(
            gettext_noop("The amounts of one row have one scale, the mapping gives %(scales)s; set the same `scale` for each."),
            scales=", ".join(map(str, sorted(scales))),
        )
    return target, fields


def batch_create(*, mapping_text: str, files: Sequence[Source], actor_id: int | None = None, keep: bool = False) -> Batch:
    """A batch for the first of `files`; the others are there to look up in. With `keep` their content is stored until it is imported."""
    mapping = mapping_check(mapping_text)
    if not files:
        raise ImportFault(gettext_noop("No file was given."))
    batch = Batch.objects.create(
        source=mapping.source, target=mapping.target, file_name=files[0].name[:255], file_sha256=source_sha256(files[0]),
        mapping_text=mapping_text, actor_id=actor_id,
    )  # fmt: skip
    if keep:
        files_keep(batch, files)
    return batch


def files_keep(batch: Batch, files: Sequence[Source]) -> None:
    """Stores the files of a batch, compressed, until it is imported. Raises ImportFault for one that is too large."""
    for file in files:
        with file.open() as opened:
            content = opened.read(MAX_FILE + 1)
        if len(content) > MAX_FILE:
            raise ImportFault(gettext_noop("%(name)s is larger than %(limit)s MB; import it by command."), name=file.name, limit=MAX_FILE // 1024 // 1024)
        BatchFile.objects.create(batch=batch, name=file.name[:255], content=zlib.compress(content, 3))


def batch_sources(batch: Batch) -> list[Source]:
    """The stored files of a batch, the one to import first."""
    return [Source(f.name, content=zlib.decompress(bytes(f.content))) for f in BatchFile.objects.filter(batch=batch).order_by("id")]


def mapping_text_of(code: str) -> str:
    """The text of a saved mapping; ImportFault when there is none of this code."""
    found = ImportMapping.objects.filter(code=code).first()
    if found is None:
        raise ImportFault(_("Choose a saved mapping, or write one."))
    return found.text


def batch_start(*, batch: Batch, dry_run: bool, actor_id: int | None = None) -> Batch:
    """Queues the import of a batch whose files are stored; the same step asked for twice is one job. Raises ImportFault."""
    batch = Batch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if batch.state not in {Batch.State.UPLOADED, Batch.State.PREVIEWED}:
        raise ImportFault(_("This import has ended; upload the file again."))
    if batch.state == Batch.State.UPLOADED and batch.job is not None and not batch.job.finished_at and batch.job.params.get("dry_run") is dry_run:
        return batch
    # A dry run may come again, by another mapping: the step is named by the one before it.
    step = f"{batch.uid}/{'preview' if dry_run else 'import'}/{batch.job_id or 0}"
    batch.job = job_enqueue(kind="import", key=step, params={"batch": str(batch.uid), "dry_run": dry_run}, requested_by_id=actor_id)
    batch.state = Batch.State.UPLOADED
    batch.save(update_fields=["job", "state"])
    return batch


def source_sha256(source: Source) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    digest = hashlib.sha256()
    with source.open() as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def import_run(
    *, mapping_text: str, files: Sequence[Source], dry_run: bool = False, reason: str = "", actor_id: int | None = None,
    progress: Progress | None = None, batch: Batch | None = None,
) -> Batch:  # fmt: skip
    """Imports the first of `files` by a mapping, in the scope and transaction that are open.

    All good rows are written under one change set, or, with `dry_run`, counted and taken back. Bad rows are kept with their
    cause. Importing the same again writes nothing. Raises ImportFault when file or mapping cannot be used, TotalsDoNotTie when
    file = staged = accepted + rejected + left out does not hold in rows or sums, RecordMoved when the same records were changed by
    others meanwhile.
    """
    mapping = mapping_parse(mapping_text)
    target, fields = _checked(mapping)
    batch = batch or batch_create(mapping_text=mapping_text, files=files, actor_id=actor_id)
    tell = progress or (lambda stage, rows: None)
    by_name = {file.name: file for file in files}

    def lookup(name: str) -> Source:
        if name not in by_name:
            raise ImportFault(
                gettext_noop("The mapping looks up in %(name)s, which was not given. Files given: %(by_name)s."), name=name, by_name=", ".join(by_name)
            )
        return by_name[name]

    StagedRow.objects.filter(batch=batch).delete()
    stager = Stager(mapping, fields, files[0], lookup)
    load = Load(target, mapping, fields)
    for chunk in stager.chunks():
        load.take(chunk)
        _unread_keep(batch, chunk, stager)
        tell("read", stager.seen.rows)
    load.resolve()
    tell("write", stager.seen.rows)
    base = known_number()
    try:
        with transaction.atomic():
            changeset = changeset_open(kind=ChangeSet.Kind.IMPORT, reason=reason or f"{mapping.target} from {files[0].name}", actor_id=actor_id)
            load.changeset = changeset
            written = target.write(load)
            load.rejections_note()
            if written.new + written.changed == 0:
                # Nothing was said, so there is nothing to publish.
                raise _DryRun
            if dry_run:
                raise _DryRun
            batch.change_set = changeset
    except _DryRun:
        batch.change_set = None
    batch.rows_new, batch.rows_changed, batch.rows_unchanged = written.new, written.changed, written.unchanged
    tell("check", stager.seen.rows)
    if batch.change_set is None:
        load.rejections_restore()
    _staged_keep(batch, load, stager)
    _totals(batch, stager, load, written.new + written.changed + written.unchanged)
    batch.state = Batch.State.PREVIEWED if dry_run else Batch.State.IMPORTED
    batch.error = ""
    batch.finished_at = timezone.now()
    batch.save()
    if batch.change_set is not None:
        load.undo.keep(batch)
    if not dry_run:
        BatchFile.objects.filter(batch=batch).delete()
    if batch.change_set is not None:
        _publish(batch.change_set, target, base)
    return batch


def _publish(changeset: ChangeSet, target: Target, base: int) -> None:
    """The last act: whoever publishes waits for the transaction that does, so nothing long may come after it.

    A version was compared with the newest one when it was written. If another set with the same records was published
    since, the tombstone may stand under the wrong key and the record would count twice.
    """
    writers_lock()
    if target.model is not None and known_number() > base:
        of_orders = target.model in {OrderVersion, OrderLineVersion}
        models: list[Any] = [OrderVersion, OrderLineVersion] if of_orders else [target.model]
        clash = any(versions_clash(model=model, changeset=changeset, after=base) for model in models)
        if clash or (of_orders and lines_clash(changeset=changeset, after=base)):
            raise RecordMoved(f"Records of {target.name} were changed by somebody else while this import was written. Nothing was imported; start it again.")
    changeset_publish(changeset)


def _unread_keep(batch: Batch, chunk: Any, stager: Stager) -> None:
    """Rows that could not be read, or that a rule leaves out, go to the staging at once."""
    scale = stager.control_scale

    def amount(value: int | None) -> Decimal | None:
        return None if value is None else control_decimal(value, scale)

    rows = [
        StagedRow(
            batch=batch, line=e.line, state=StagedRow.State.REJECTED, external_id=told[:200], control=amount(control), column=e.column[:200],
            cause=e.cause, mend=e.mend,
        )
        for e, told, control in chunk.errors
    ]  # fmt: skip
    StagedRow.objects.bulk_create(rows, batch_size=2000)
    if not chunk.left_out:
        return
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS imp_left (line integer, cause text, external_id text, control bigint) ON COMMIT DROP")
        cursor.execute("DELETE FROM imp_left")
        copy_rows("imp_left", ["line", "cause", "external_id", "control"], chunk.left_out)
        cursor.execute(
            'INSERT INTO imports_stagedrow (tenant_id, batch_id, line, state, external_id, control, "column", cause, mend) '
            f"SELECT %s, %s, line, %s, left(coalesce(external_id, ''), 200), control * 1e-{scale}::numeric, '', cause, '' FROM imp_left",
            [required_tenant_id(), batch.pk, StagedRow.State.LEFT_OUT],
        )


def _staged_keep(batch: Batch, load: Load, stager: Stager) -> None:
    """The rows that were read go to the staging table with their values and what became of them."""
    control = f'"f_{load.mapping.control}" * 1e-{stager.control_scale}::numeric' if load.mapping.control else "NULL"
    identity = '"f_external_id"' if "external_id" in load.fields else "''"
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO imports_stagedrow (tenant_id, batch_id, line, state, external_id, control, fields, "column", cause, mend) '
            f"SELECT %s, %s, s.line, CASE WHEN b.n IS NULL THEN 1 ELSE 2 END, left({identity}, 200), {control}, to_jsonb(s) - 'n' - 'line', "
            "left(coalesce(b.column, ''), 200), coalesce(b.cause, ''), coalesce(b.mend, '') "
            "FROM imp_rows s LEFT JOIN (SELECT DISTINCT ON (n) * FROM imp_bad ORDER BY n) b ON b.n = s.n",
            [required_tenant_id(), batch.pk],
        )


def _totals(batch: Batch, stager: Stager, load: Load, written: int) -> None:
    """Counts and sums of the staging, compared with what the reader counted and the writer wrote."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state, count(*), coalesce(sum(control), 0), count(*) FILTER (WHERE control IS NULL) FROM imports_stagedrow "
            "WHERE tenant_id = %s AND batch_id = %s GROUP BY state",
            [required_tenant_id(), batch.pk],
        )
        found = {state: (rows, total, silent) for state, rows, total, silent in cursor.fetchall()}
        cursor.execute(
            "SELECT cause, count(*) FROM imports_stagedrow WHERE tenant_id = %s AND batch_id = %s AND state = 3 GROUP BY cause ORDER BY cause",
            [required_tenant_id(), batch.pk],
        )
        batch.left_out = dict(cursor.fetchall())
    none = (0, Decimal(0), 0)
    accepted, rejected, left = (found.get(state, none) for state in (1, 2, 3))
    batch.rows_file, batch.rows_staged = stager.seen.rows, accepted[0] + rejected[0] + left[0]
    batch.rows_accepted, batch.rows_rejected, batch.rows_left_out = accepted[0], rejected[0], left[0]
    if batch.rows_file != batch.rows_staged or written != batch.rows_accepted:
        raise TotalsDoNotTie(
            f"{batch.file_name}: {batch.rows_file} rows in the file, {batch.rows_staged} staged, {batch.rows_accepted} accepted, {written} written. "
            "Nothing was imported."
        )
    if not load.mapping.control:
        return
    in_file = control_decimal(stager.seen.control, stager.control_scale)
    staged = accepted[1] + rejected[1] + left[1]
    batch.sums = {
        "column": load.source_columns(load.mapping.control), "file": str(in_file), "staged": _fixed(staged, stager.control_scale),
        "accepted": _fixed(accepted[1], stager.control_scale), "rejected": _fixed(rejected[1], stager.control_scale),
        "left_out": _fixed(left[1], stager.control_scale), "unreadable": stager.seen.unreadable,
    }  # fmt: skip
    if in_file != staged:
        raise TotalsDoNotTie(f"{batch.file_name}: the sum of {batch.sums['column']} is {in_file} in the file and {staged} staged. Nothing was imported.")


def _fixed(value: Decimal, scale: int) -> str:
    return f"{value:.{scale}f}"


def tables_vacuum(*, target: str) -> None:
    """VACUUM (ANALYZE) of a target's tables on the owner's connection, outside any transaction: keeps the engine's reads index-only."""
    with connections["owner"].cursor() as cursor:
        for table in target_get(target).tables:
            cursor.execute(f'VACUUM (ANALYZE) "{table}"')
