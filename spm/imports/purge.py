"""What imports forget by age: contents of staged rows, notes for taking back, files that nobody imported. Totals and counts stay."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_noop

from spm.imports.models import Batch, BatchFile, StagedRow, UndoRow
from spm.jobs.models import ENDED
from spm.tenancy.scope import required_tenant_id
from spm.told import told

_EMPTIED = gettext_noop("This import was not finished within %(days)s days, so its file was dropped. Upload the file again.")
_OVER = (Batch.State.IMPORTED, Batch.State.ROLLED_BACK)


def rows_purge(*, now: dt.datetime) -> int:
    """Drops the row contents of batches that ended, or were left, before IMPORT_ROWS_DAYS; returns how many rows and files went.

    A batch whose job is queued or running is left alone. Called nightly in the tenant's scope; repeating it drops nothing more.
    """
    days = settings.IMPORT_ROWS_DAYS
    old = Batch.objects.alias(since=Coalesce("finished_at", "created_at")).filter(since__lt=now - dt.timedelta(days=days), purged_at=None)
    old = old.filter(Q(job=None) | Q(job__state__in=ENDED))
    ids = list(old.select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True))
    if not ids:
        return 0
    # Old values of people, too, are contents: without the notes such an import can no longer be taken back.
    gone = sum(_delete(model._meta.db_table, ids) for model in (StagedRow, UndoRow, BatchFile))
    Batch.objects.filter(pk__in=ids).exclude(state__in=_OVER).update(state=Batch.State.FAILED, error=told(_EMPTIED, days=days))
    Batch.objects.filter(pk__in=ids).update(purged_at=now)
    return gone


def _delete(table: str, ids: list[int]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f'DELETE FROM "{table}" WHERE tenant_id = %s AND batch_id = ANY(%s)', [required_tenant_id(), ids])
        return cursor.rowcount
