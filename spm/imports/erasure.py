"""What imports keep of a person: rows as they were read, causes of refusal, files that wait. Emptied when the person is erased."""

from __future__ import annotations

import io
import zipfile
import zlib

from django.db.models import Q
from django.utils.translation import gettext_noop

from spm.imports.models import Batch, BatchFile, StagedRow, UndoRow
from spm.people.models import Payee, PersonDetail
from spm.people.traces import SHORTEST, holds, person_texts, rows_holding
from spm.told import told

_ROW = gettext_noop("This row held the data of a person who was erased.")
_FILE = gettext_noop("The file held the data of a person who was erased and is no longer kept. Upload it again without this person.")
LARGEST = 200 * 1024 * 1024


def imports_erase(payee: Payee, detail: PersonDetail) -> None:
    """Empties staged rows about the payee or with his name, deletes waiting files that hold it, and says so where they are shown."""
    texts = person_texts(payee, detail)
    mine = Q(external_id=payee.external_id, batch__target="payee", batch__source=payee.source)
    StagedRow.objects.filter(mine).update(fields=None)
    # Old names do not come back by taking an import back.
    UndoRow.objects.filter(model=PersonDetail._meta.label, row_id=detail.pk).delete()
    found = rows_holding(StagedRow.objects.all(), "fields", "cause", "mend", "external_id", texts=texts)
    rejected, others = StagedRow.State.REJECTED, [StagedRow.State.ACCEPTED, StagedRow.State.LEFT_OUT]
    ids = list(found.values_list("pk", flat=True))
    StagedRow.objects.filter(pk__in=ids, state__in=others).update(fields=None, external_id="")
    StagedRow.objects.filter(pk__in=ids, state=rejected).update(fields=None, external_id="", cause=told(_ROW), mend="")
    for file in BatchFile.objects.select_related("batch").iterator(chunk_size=1):
        if holds(_readable(zlib.decompress(bytes(file.content))), texts):
            waiting = [Batch.State.DRAFT, Batch.State.UPLOADED, Batch.State.PREVIEWED]
            Batch.objects.filter(pk=file.batch_id, state__in=waiting).update(state=Batch.State.FAILED, error=told(_FILE))
            file.delete()
    rows_holding(Batch.objects.all(), "error", texts=texts).update(error=told(_FILE))
    # Files are called by a family name alone; nothing else hangs on what they are called.
    called = [*texts, *([detail.family_name] if len(detail.family_name) >= SHORTEST else [])]
    rows_holding(Batch.objects.all(), "file_name", texts=called).update(file_name="-")
    rows_holding(BatchFile.objects.all(), "name", texts=called).update(name="-")


def _readable(content: bytes) -> bytes:
    """The texts of a workbook, which is an archive of XML, or the content itself."""
    if content[:4] != b"PK\x03\x04":
        return content
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            inside = [info for info in archive.infolist() if info.filename.endswith((".xml", ".csv"))]
            return b"\n".join(archive.open(info).read(LARGEST) for info in inside)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return content
