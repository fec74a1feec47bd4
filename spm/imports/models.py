"""Batches of imports and the rows that were staged for them: what the file held, what was taken, refused and left out."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from spm.tenancy.models import TenantForeignKey, TenantModel, TenantRow
from spm.tenancy.scope import current_tenant_id


class ImportMapping(TenantModel):
    """A saved mapping document of a source, to be used again."""

    code = models.SlugField(max_length=63)
    text = models.TextField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["tenant", "code"], name="imports_mapping_code")]


class Batch(TenantModel):
    """One import of one file by one mapping. Counts tie: file = staged = accepted + rejected + left out."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        UPLOADED = "uploaded", _("Uploaded")
        PREVIEWED = "previewed", _("Previewed")
        IMPORTED = "imported", _("Imported")
        FAILED = "failed", _("Failed")
        ROLLED_BACK = "rolled_back", _("Rolled back")

    source = models.CharField(max_length=40, blank=True)
    target = models.CharField(max_length=40, blank=True)
    file_name = models.CharField(max_length=255)
    file_sha256 = models.CharField(max_length=64)
    mapping_text = models.TextField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.UPLOADED)
    change_set = TenantForeignKey("tenancy.ChangeSet", null=True, blank=True, related_name="+")
    rolled_back_by = TenantForeignKey("tenancy.ChangeSet", null=True, blank=True, related_name="+")
    job = TenantForeignKey("jobs.Job", null=True, blank=True, related_name="+")
    rows_file = models.BigIntegerField(default=0)
    rows_staged = models.BigIntegerField(default=0)
    rows_accepted = models.BigIntegerField(default=0)
    rows_rejected = models.BigIntegerField(default=0)
    rows_left_out = models.BigIntegerField(default=0)
    rows_new = models.BigIntegerField(default=0)
    rows_changed = models.BigIntegerField(default=0)
    rows_unchanged = models.BigIntegerField(default=0)
    # Exact sums of the control column as decimal strings: {"column": "SubTotal", "file": "1.0000", "staged": ..., ...}.
    sums = models.JSONField(default=dict, blank=True)
    # Rows left out, by named reason.
    left_out = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)
    # Rows that taking the import back left as they are, because they were changed since: their names.
    kept = models.JSONField(default=list, blank=True)
    actor_id = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    # When the contents of its rows were dropped because of their age; totals and counts stay.
    purged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    @property
    def shown_state(self) -> str:
        """The state in the words of the pages: what is uploaded waits for its job."""
        return "queued" if self.state == self.State.UPLOADED else self.state


class BatchFile(TenantRow):
    """A file of a batch, kept compressed until it is imported: the first to import, the others to look up in."""

    referenced = False
    batch = TenantForeignKey(Batch, related_name="files")
    name = models.CharField(max_length=255)
    content = models.BinaryField()


class StagedRow(TenantRow):
    """A row as the mapping reads it, with what became of it. `fields` holds the values by field name, amounts as scaled ints."""

    class State(models.IntegerChoices):
        ACCEPTED = 1, _("Accepted")
        REJECTED = 2, _("Rejected")
        LEFT_OUT = 3, _("Left out")

    referenced = False
    # The key to the batch carries the tenant's; a million rows pay for each key.
    tenant = models.ForeignKey(
        "tenancy.Tenant", on_delete=models.PROTECT, related_name="+", default=current_tenant_id, editable=False, db_index=False, db_constraint=False
    )
    batch = TenantForeignKey(Batch, related_name="rows", db_index=False)
    line = models.IntegerField()
    state = models.SmallIntegerField(choices=State.choices)
    external_id = models.CharField(max_length=200, blank=True)
    # The control column at the batch's scale; null where it could not be read.
    control = models.DecimalField(max_digits=30, decimal_places=6, null=True, blank=True)
    fields = models.JSONField(null=True, blank=True)
    column = models.CharField(max_length=200, blank=True)
    # Told texts (spm.told), in the reader's language when shown; of a row left out, the reason that the mapping names.
    cause = models.TextField(blank=True)
    mend = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "batch", "state", "line"], name="imports_staged_rows")]


class UndoRow(TenantRow):
    """What an import did to one row that has no history of its own: made it (`before` is null) or changed some of its values.

    Kept until the import is taken back or its rows are past their time (spm.imports.purge).
    """

    referenced = False
    batch = TenantForeignKey(Batch, related_name="undo")
    # The label of the row's model and its id; the row itself may be gone.
    model = models.CharField(max_length=100)
    row_id = models.BigIntegerField()
    name = models.CharField(max_length=200)
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["tenant", "model", "row_id"], name="imports_undo_row")]
