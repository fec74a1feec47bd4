"""Idempotency-Key on writes: the same key and request give the same answer once more, and the work is done once.

The answer is stored in the transaction of the write, so neither can be there without the other. A second request with the
key of one that still runs does not wait: an advisory lock that is taken tells it so.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import connection
from django.http import QueryDict
from rest_framework.request import Request

from spm.api.models import IdempotencyRecord
from spm.api.problems import Problem
from spm.api.services import idempotency_store
from spm.tenancy.scope import required_tenant_id

HEADER = "Idempotency-Key"
_VALID = re.compile(r"[\x21-\x7e]{1,200}")


def _plain(value: Any) -> Any:
    if isinstance(value, UploadedFile):
        digest = hashlib.sha256()
        for chunk in value.chunks():
            digest.update(chunk)
        value.seek(0)
        return {"file": value.name, "sha256": digest.hexdigest()}
    if isinstance(value, QueryDict):
        return {name: [_plain(item) for item in items] for name, items in value.lists()}
    return value


def request_digest(request: Request) -> str:
    """SHA-256 over method, address and content; files count by name and content."""
    text = json.dumps([request.method, request.get_full_path(), _plain(request.data)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


class IdempotentCall:
    """One call under a key. `begin` locks it; `replay` is the stored answer if there is one; `finish` stores a new one."""

    def __init__(self, *, request: Request, user_id: int) -> None:
        self.key, self.user_id = request.headers[HEADER], user_id
        if not _VALID.fullmatch(self.key):
            raise Problem("bad_idempotency_key")
        self.digest = request_digest(request)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, %s))", [f"idempotency:{user_id}:{self.key}", required_tenant_id()])
            if not cursor.fetchone()[0]:
                raise Problem("in_progress")
        self.replay = IdempotencyRecord.objects.filter(user_id=user_id, key=self.key).first()
        if self.replay is not None and self.replay.request_hash != self.digest:
            raise Problem("idempotency_mismatch")

    def finish(self, *, status: int, body: Any) -> None:
        idempotency_store(user_id=self.user_id, key=self.key, request_hash=self.digest, status=status, body=json.loads(json.dumps(body, default=str)))
