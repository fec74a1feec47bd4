"""Takes an import back: a new change set that restores what stood before. Nothing is deleted, so every earlier run can be told again."""

from __future__ import annotations

from django.apps import apps
from django.db import connection, transaction
from django.db.utils import IntegrityError
from django.utils.translation import gettext as _

from spm.imports.errors import ImportFault
from spm.imports.models import Batch, UndoRow
from spm.imports.targets import target_get
from spm.imports.undo import undo
from spm.sales.crediting import crediting_sets
from spm.sales.models import OrderLineVersion, OrderVersion
from spm.sales.services import versions_restore
from spm.tenancy.changes import change, writers_lock
from spm.tenancy.models import ChangeSet, DatedModel
from spm.tenancy.scope import required_tenant_id

# Rows without a history of their own: what an import did to them is noted beside it (spm.imports.undo).
PLAIN = ("payee", "position", "territory", "calendar_period")


def can_roll_back(batch: Batch) -> bool:
    """Whether a batch has written something that can be taken back."""
    wrote = batch.state == Batch.State.IMPORTED and batch.change_set_id is not None
    return wrote and (batch.target not in PLAIN or UndoRow.objects.filter(batch=batch).exists())


def batch_roll_back(*, batch: Batch, actor_id: int | None = None) -> int:
    """Restores what stood before the batch; returns how many records. What was changed after it keeps its later state.

    Of rows without a history, those that it made are removed while nothing refers to them, and `kept` of the batch names those
    that were changed since. Raises ImportFault for a batch that wrote nothing or was taken back already, and with the list of what
    refers to rows that would go; then nothing is done.
    """
    writers_lock()
    batch = Batch.objects.select_for_update(of=("self",)).select_related("change_set").get(pk=batch.pk)
    if batch.state == Batch.State.ROLLED_BACK:
        raise ImportFault(_("This import was taken back already."))
    if batch.target in PLAIN and batch.change_set is not None and not UndoRow.objects.filter(batch=batch).exists():
        raise ImportFault(_("What this import did is no longer kept row by row, so it cannot be taken back; correct the rows by another import."))
    if not can_roll_back(batch) or batch.change_set is None:
        raise ImportFault(_("This import wrote nothing, so there is nothing to take back."))
    target = target_get(batch.target)
    try:
        with transaction.atomic(), change(kind=ChangeSet.Kind.ROLLBACK, reason=f"{batch.file_name} taken back", actor_id=actor_id) as changeset:
            if batch.target in PLAIN:
                done = undo(batch, changeset)
                restored, batch.kept = done.rows, list(done.kept)
            elif target.take_back is not None:
                restored = target.take_back(batch.change_set, changeset)
            elif target.model is not None:
                undone = [*_undone(), *crediting_sets()]
                restored = versions_restore(model=target.model, of=batch.change_set, changeset=changeset, undone=undone)
                if target.model is OrderVersion:
                    versions_restore(model=OrderLineVersion, of=batch.change_set, changeset=changeset, undone=undone)
            else:
                restored = sum(_dated_restore(table, batch.change_set, changeset) for table in target.tables)
            if not restored:
                raise ImportFault(_("All that this import wrote was changed since; there is nothing left to take back."))
    except IntegrityError:
        if batch.target in PLAIN:
            raise ImportFault(_("Nothing was taken back: while it was done, others began to refer to what this import made. Try again.")) from None
        raise ImportFault(_("Rows of this import were replaced by a later one on the same days; take that one back first.")) from None
    batch.state, batch.rolled_back_by = Batch.State.ROLLED_BACK, changeset
    batch.save(update_fields=["state", "rolled_back_by", "kept"])
    return restored


def _undone() -> list[int]:
    """Sets of imports that were taken back, and the sets that took them back."""
    pairs = Batch.objects.filter(state=Batch.State.ROLLED_BACK).values_list("change_set_id", "rolled_back_by_id")
    return [pk for pair in pairs for pk in pair if pk is not None]


def _dated_restore(table: str, of: ChangeSet, changeset: ChangeSet) -> int:
    model = next(m for m in apps.get_models() if m._meta.db_table == table)
    if not issubclass(model, DatedModel):
        return 0
    tenant = required_tenant_id()
    kept = ", ".join(f'"{f.column}"' for f in model._meta.concrete_fields if f.column not in {"id", "uid", "known_from_id", "known_to_id"})
    with connection.cursor() as cursor:
        cursor.execute(
            f'UPDATE "{table}" SET known_to_id = %s WHERE tenant_id = %s AND known_from_id = %s AND known_to_id IS NULL', [changeset.pk, tenant, of.pk]
        )
        ended = cursor.rowcount
        cursor.execute(
            f'INSERT INTO "{table}" (uid, known_from_id, {kept}) SELECT gen_random_uuid(), %s, {kept} FROM "{table}" WHERE tenant_id = %s AND known_to_id = %s',
            [changeset.pk, tenant, of.pk],
        )
    return ended
