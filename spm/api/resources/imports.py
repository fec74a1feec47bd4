"""Imports through the API: mappings, upload with a dry run, start, totals, refused rows, taking back."""

from __future__ import annotations

import base64
import binascii
import uuid
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from spm.api.endpoint import Endpoint, ListEndpoint
from spm.api.fields import ToldField
from spm.api.problems import problem_register
from spm.api.scopes import Scope
from spm.imports.errors import ImportFault
from spm.imports.fields import Field
from spm.imports.formview import form_view
from spm.imports.formwords import field_takes
from spm.imports.models import Batch, ImportMapping, StagedRow
from spm.imports.readers import Source
from spm.imports.rollback import batch_roll_back
from spm.imports.selectors import batches, mappings, mappings_fitting, rows_preview, rows_rejected
from spm.imports.services import batch_create, batch_start, mapping_save, mapping_text_of
from spm.imports.targets import targets

problem_register(ImportFault, code="refused")


class RowsOut(serializers.Serializer):
    file = serializers.IntegerField(source="rows_file")
    staged = serializers.IntegerField(source="rows_staged")
    accepted = serializers.IntegerField(source="rows_accepted")
    rejected = serializers.IntegerField(source="rows_rejected")
    left_out = serializers.IntegerField(source="rows_left_out")
    new = serializers.IntegerField(source="rows_new")
    changed = serializers.IntegerField(source="rows_changed")
    unchanged = serializers.IntegerField(source="rows_unchanged")


class ImportOut(serializers.Serializer):
    uid = serializers.UUIDField()
    file_name = serializers.CharField()
    source = serializers.CharField()
    target = serializers.CharField()
    state = serializers.ChoiceField(choices=Batch.State.choices)
    rows = RowsOut(source="*")
    sums = serializers.JSONField()
    left_out = serializers.JSONField()
    error = ToldField()
    kept = serializers.ListField(child=ToldField(), help_text=_("Rows that taking the import back left, because they were changed since."))
    job = serializers.UUIDField(source="job.uid", allow_null=True, default=None)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    purged_at = serializers.DateTimeField(allow_null=True, help_text=_("When the contents of its rows were dropped by age; totals and counts stay."))


class FileIn(serializers.Serializer):
    name = serializers.CharField(max_length=255)
    content = serializers.CharField(help_text=_("The file's bytes in base64."))

    def validate_content(self, value: str) -> bytes:
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise serializers.ValidationError(_("The content is not base64.")) from None


class ImportIn(serializers.Serializer):
    mapping = serializers.CharField(required=False, max_length=200_000, help_text=_("A mapping document as YAML."))
    mapping_code = serializers.CharField(required=False, max_length=63, help_text=_("The code of a saved mapping."))
    files = FileIn(many=True, allow_empty=False, max_length=20)  # type: ignore[call-arg]


class MappingOut(serializers.Serializer):
    code = serializers.CharField()
    text = serializers.CharField()
    updated_at = serializers.DateTimeField()


class MappingIn(serializers.Serializer):
    code = serializers.SlugField(max_length=63)
    text = serializers.CharField(max_length=200_000)


class TargetFieldOut(serializers.Serializer):
    name = serializers.CharField(help_text=_("Its name in mapping documents; a name that ends in .* stands for any name in its place."))
    required = serializers.BooleanField()
    kind = serializers.CharField()
    takes = serializers.SerializerMethodField(help_text=_("What a cell of the field may hold, in words."))
    choices = serializers.SerializerMethodField()

    def get_takes(self, field: Field) -> str:
        return field_takes(field)

    def get_choices(self, field: Field) -> list[str]:
        return [name for name, _number in field.choices]


class TargetOut(serializers.Serializer):
    name = serializers.CharField()
    label = serializers.CharField()
    identity = serializers.ListField(child=serializers.CharField(), help_text=_("The fields by which a row is known again."))
    target_fields = TargetFieldOut(many=True, source="fields")


class SuggestIn(serializers.Serializer):
    file = FileIn()
    target = serializers.CharField(required=False, max_length=40, help_text=_("What the rows become; left out: guessed by the columns."))
    source = serializers.SlugField(required=False, max_length=40, help_text=_("The system that the file comes from."))
    mapping = serializers.CharField(required=False, max_length=200_000, help_text=_("A document to look at instead of proposing one."))


class FileColumnOut(serializers.Serializer):
    name = serializers.CharField()
    samples = serializers.ListField(child=serializers.CharField(), help_text=_("The first distinct values."))
    into = serializers.ListField(child=serializers.CharField(), help_text=_("Fields that the document fills from it."))


class SuggestionOut(serializers.Serializer):
    text = serializers.CharField(help_text=_("The mapping document, to be saved or imported by as it is or after an edit."))
    target = serializers.CharField()
    columns = FileColumnOut(many=True)
    unused_columns = serializers.ListField(child=serializers.CharField(), source="unused")
    unsure_dates = serializers.ListField(child=serializers.CharField(), help_text=_("Forms of dates between which the first rows do not tell."))
    problems = serializers.DictField(child=serializers.CharField(), help_text=_("What is wrong or missing, by input: origin.FIELD is a field's column."))
    fitting = serializers.ListField(child=serializers.CharField(), help_text=_("Codes of saved mappings that find all their columns in the file."))


class PreviewRowOut(serializers.Serializer):
    line = serializers.IntegerField()
    external_id = serializers.CharField()
    values = serializers.DictField(help_text=_("Value by field of the mapping; amounts as whole numbers at its scale."))


class RejectedRowOut(serializers.Serializer):
    line = serializers.IntegerField()
    column = serializers.CharField()
    cause = ToldField()
    mend = ToldField()


def _batch(uid: uuid.UUID) -> Batch:
    return get_object_or_404(Batch.objects.select_related("job"), uid=uid)


@extend_schema_view(get=extend_schema(operation_id="imports_list"))
class ImportList(ListEndpoint):
    """Imports, newest first; a new one starts with its dry run."""

    scopes = {"GET": Scope.IMPORTS_READ, "POST": Scope.IMPORTS_WRITE}
    serializer_class = ImportOut
    model = Batch
    order = ("-created_at", "uid")

    def get_queryset(self) -> QuerySet[Batch]:
        return batches().select_related("job")

    @extend_schema(operation_id="imports_create", request=ImportIn, responses={201: ImportOut})
    def post(self, request: Request) -> Response:
        given = self.parsed(ImportIn)
        text = given.get("mapping") or mapping_text_of(given.get("mapping_code", ""))
        files = [Source(file["name"], content=file["content"]) for file in given["files"]]
        batch = batch_create(mapping_text=text, files=files, actor_id=request.user.pk, keep=True)
        return Response(ImportOut(batch_start(batch=batch, dry_run=True, actor_id=request.user.pk)).data, status=201)


class ImportDetail(Endpoint):
    """One import with its control totals."""

    scopes = {"GET": Scope.IMPORTS_READ}

    @extend_schema(operation_id="imports_get", responses=ImportOut)
    def get(self, request: Request, uid: uuid.UUID) -> Response:
        return Response(ImportOut(_batch(uid)).data)


class ImportStart(Endpoint):
    """Imports for real what the dry run has shown."""

    scopes = {"POST": Scope.IMPORTS_WRITE}

    @extend_schema(operation_id="imports_start", request=None, responses=ImportOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        return Response(ImportOut(batch_start(batch=_batch(uid), dry_run=False, actor_id=request.user.pk)).data)


class ImportCancel(Endpoint):
    """Stops an import that is queued or under way; nothing of it is written."""

    scopes = {"POST": Scope.IMPORTS_WRITE}

    @extend_schema(operation_id="imports_cancel", request=None, responses=ImportOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        from spm.jobs.services import job_cancel

        batch = _batch(uid)
        if batch.job is None:
            raise ImportFault(str(_("Nothing of this import is queued.")))
        job_cancel(job=batch.job, actor_id=request.user.pk)
        return Response(ImportOut(_batch(uid)).data)


class ImportRollBack(Endpoint):
    """Takes an import back by a change set of its own."""

    scopes = {"POST": Scope.IMPORTS_WRITE}

    @extend_schema(operation_id="imports_roll_back", request=None, responses=ImportOut)
    def post(self, request: Request, uid: uuid.UUID) -> Response:
        batch_roll_back(batch=_batch(uid), actor_id=request.user.pk)
        return Response(ImportOut(_batch(uid)).data)


class ImportPreview(Endpoint):
    """The first 50 accepted rows, as the mapping reads them."""

    scopes = {"GET": Scope.IMPORTS_READ}

    @extend_schema(operation_id="imports_preview", responses=PreviewRowOut(many=True))
    def get(self, request: Request, uid: uuid.UUID) -> Response:
        rows = [{"line": row.line, "external_id": row.external_id, "values": _values_read(row)} for row in rows_preview(_batch(uid))]
        return Response(PreviewRowOut(rows, many=True).data)


def _values_read(row: StagedRow) -> dict[str, Any]:
    """The mapping's fields of a staged row; its other columns are inner ids."""
    return {name.removeprefix("f_"): value for name, value in (row.fields or {}).items() if name.startswith("f_")}


@extend_schema_view(get=extend_schema(operation_id="imports_rejected_rows"))
class RejectedRows(ListEndpoint):
    """Refused rows of an import in the file's order: line, column, cause and how to mend it."""

    scopes = {"GET": Scope.IMPORTS_READ}
    serializer_class = RejectedRowOut
    model = StagedRow
    order = ("line", "id")

    def get_queryset(self) -> QuerySet[StagedRow]:
        return rows_rejected(_batch(self.kwargs["uid"]))


@extend_schema_view(get=extend_schema(operation_id="import_mappings_list"))
class MappingList(ListEndpoint):
    """Saved mapping documents; POST saves one under its code."""

    scopes = {"GET": Scope.IMPORTS_READ, "POST": Scope.IMPORTS_WRITE}
    serializer_class = MappingOut
    model = ImportMapping
    order = ("code",)

    def get_queryset(self) -> QuerySet[ImportMapping]:
        return mappings()

    @extend_schema(operation_id="import_mappings_save", request=MappingIn, responses=MappingOut)
    def post(self, request: Request) -> Response:
        given: dict[str, Any] = self.parsed(MappingIn)
        return Response(MappingOut(mapping_save(code=given["code"], text=given["text"])).data)


class MappingSuggest(Endpoint):
    """Proposes a mapping for a file, or says how a given one suits it. Nothing is kept."""

    scopes = {"POST": Scope.IMPORTS_WRITE}

    @extend_schema(operation_id="import_mappings_suggest", request=SuggestIn, responses=SuggestionOut)
    def post(self, request: Request) -> Response:
        given = self.parsed(SuggestIn)
        source = Source(given["file"]["name"], content=given["file"]["content"])
        view = form_view(source, given.get("mapping", ""), target_name=given.get("target", ""), source_code=given.get("source", ""))
        if view.fault or view.file_fault or view.target is None:
            raise ImportFault(view.fault or view.file_fault)
        fitting = mappings_fitting([column.name for column in view.columns])
        return Response(SuggestionOut({**vars(view), "target": view.target.name, "fitting": fitting}).data)


class TargetList(Endpoint):
    """All that can be imported, with the fields of each."""

    scopes = {"GET": Scope.IMPORTS_READ}

    @extend_schema(operation_id="import_targets_list", responses=TargetOut(many=True))
    def get(self, request: Request) -> Response:
        return Response(TargetOut(targets(), many=True).data)


T = "t/<slug:slug>/"
urlpatterns = [
    path(f"{T}imports/", ImportList.as_view(), name="api-imports"),
    path(f"{T}imports/<uuid:uid>/", ImportDetail.as_view(), name="api-import"),
    path(f"{T}imports/<uuid:uid>/start/", ImportStart.as_view(), name="api-import-start"),
    path(f"{T}imports/<uuid:uid>/cancel/", ImportCancel.as_view(), name="api-import-cancel"),
    path(f"{T}imports/<uuid:uid>/roll-back/", ImportRollBack.as_view(), name="api-import-roll-back"),
    path(f"{T}imports/<uuid:uid>/preview/", ImportPreview.as_view(), name="api-import-preview"),
    path(f"{T}imports/<uuid:uid>/rejected-rows/", RejectedRows.as_view(), name="api-import-rejected-rows"),
    path(f"{T}import-mappings/", MappingList.as_view(), name="api-import-mappings"),
    path(f"{T}import-mappings/suggest/", MappingSuggest.as_view(), name="api-import-mappings-suggest"),
    path(f"{T}import-targets/", TargetList.as_view(), name="api-import-targets"),
]
