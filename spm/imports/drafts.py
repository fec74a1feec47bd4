"""Files that wait for their mapping: an import is kept as a draft while a person picks the columns, then goes into its dry run."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from spm.imports.errors import ImportFault
from spm.imports.models import Batch, BatchFile
from spm.imports.readers import Source
from spm.imports.services import batch_start, files_keep, mapping_check, mapping_save, source_sha256


def can_map(batch: Batch) -> bool:
    """Whether the mapping of a batch may still be changed: nothing was written, nothing is under way, and its files are kept."""
    idle = batch.state in {Batch.State.DRAFT, Batch.State.PREVIEWED, Batch.State.FAILED}
    stopped = batch.state == Batch.State.UPLOADED and (batch.job is None or batch.job.has_ended)
    return (idle or stopped) and BatchFile.objects.filter(batch=batch).exists()


def batch_draft(*, files: Sequence[Source], mapping_text: str = "", actor_id: int | None = None) -> Batch:
    """Keeps the files of an import whose mapping is still to be made; the text may be anything so far. Raises ImportFault without files."""
    if not files:
        raise ImportFault(_("No file was given."))
    batch = Batch.objects.create(
        file_name=files[0].name[:255], file_sha256=source_sha256(files[0]), mapping_text=mapping_text, state=Batch.State.DRAFT, actor_id=actor_id
    )
    files_keep(batch, files)
    return batch


def draft_write(*, batch: Batch, mapping_text: str) -> Batch:
    """Keeps the mapping as far as it is. What an earlier dry run has shown no longer holds, so the import is a draft again.

    Raises ImportFault when the import runs, has ended or keeps no file.
    """
    batch = Batch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if not can_map(batch):
        raise ImportFault(_("The mapping of this import can no longer be changed; upload the file again."))
    if batch.mapping_text != mapping_text or batch.state != Batch.State.PREVIEWED:
        batch.mapping_text, batch.state = mapping_text, Batch.State.DRAFT
        batch.save(update_fields=["mapping_text", "state"])
    return batch


def draft_preview(*, batch: Batch, mapping_text: str, code: str = "", actor_id: int | None = None) -> Batch:
    """Starts the dry run of a draft by this mapping, and saves the mapping when a code is given. Raises ImportFault."""
    mapping = mapping_check(mapping_text)
    batch = draft_write(batch=batch, mapping_text=mapping_text)
    if code:
        mapping_save(code=code, text=mapping_text)
    batch.source, batch.target, batch.state, batch.error, batch.finished_at = mapping.source, mapping.target, Batch.State.UPLOADED, "", None
    batch.save(update_fields=["source", "target", "state", "error", "finished_at"])
    return batch_start(batch=batch, dry_run=True, actor_id=actor_id)
