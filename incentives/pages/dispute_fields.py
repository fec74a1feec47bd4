"""Form fields of disputes: several files at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from incentives.disputes import KINDS, LARGEST_FILE
from incentives.services.disputes import Upload


class _Files(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Uploads as a list; what a file may be is checked by the service."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=_Files(attrs={"accept": ",".join(f".{ending}" for ending in KINDS)}), **kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:  # type: ignore[override]
        files = data if isinstance(data, list | tuple) else [data] if data else []
        # An empty one is left to the service, whose words name it.
        self.allow_empty_file = True
        return [super(FilesField, self).clean(file, initial) for file in files]


def uploads_of(files: Sequence[UploadedFile]) -> list[Upload]:
    """The files as the service takes them; of one that is too large only as much as shows it."""
    return [Upload(file.name or "", file.read(LARGEST_FILE + 1)) for file in files]
