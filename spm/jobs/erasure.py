"""What background work may have said about a person: an error with a value of his. Emptied when he is erased."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from spm.jobs.models import Job
from spm.people.models import Payee, PersonDetail
from spm.people.traces import person_texts, rows_holding
from spm.told import told

_GONE = gettext_noop("This error held the data of a person who was erased.")


def jobs_erase(payee: Payee, detail: PersonDetail) -> None:
    """Empties errors and results in which the person's name or address stands."""
    texts = person_texts(payee, detail)
    rows_holding(Job.objects.all(), "error", texts=texts).update(error=told(_GONE))
    rows_holding(Job.objects.all(), "result", texts=texts).update(result={})
