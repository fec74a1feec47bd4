"""What disputes keep of a person: his own words and files. Emptied when he is erased; that he disputed, and what was decided, stays."""

from __future__ import annotations

from incentives.models import Dispute, DisputeEvent, DisputeFile
from incentives.selectors.disputes import ERASED
from spm.people.models import Payee, PersonDetail
from spm.people.traces import person_texts, rows_holding


def disputes_erase(payee: Payee, detail: PersonDetail) -> None:
    """Empties texts and files of the payee's own disputes, and those texts of others' in which his name stands."""
    own, texts = Dispute.objects.filter(payee=payee), person_texts(payee, detail)
    events = DisputeEvent.objects.filter(dispute__in=own)
    own.update(text="", order_text="")
    DisputeFile.objects.filter(event__in=events).update(name=ERASED, content=b"")
    events.update(text="", mail_error="")
    rows_holding(Dispute.objects.all(), "text", texts=texts).update(text="")
    rows_holding(Dispute.objects.all(), "order_text", texts=texts).update(order_text="")
    rows_holding(DisputeEvent.objects.all(), "text", "mail_error", texts=texts).update(text="", mail_error="")
    rows_holding(DisputeFile.objects.all(), "name", texts=texts).update(name=ERASED, content=b"")
