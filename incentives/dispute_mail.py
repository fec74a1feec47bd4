"""Mails about disputes: to those whom a step concerns, in their language, after the commit that they tell of. No amount stands in a mail."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Iterable

from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext_noop

from incentives.disputes import MANAGER, OPEN
from incentives.models import DisputeEvent
from spm.access.models import Membership
from spm.access.selectors import is_open, users_permitted
from spm.tenancy.models import Tenant
from spm.tenancy.scope import required_tenant_id, tenant_scope
from spm.told import told

logger = logging.getLogger(__name__)
_NOT_SENT = gettext_noop("The mail server did not take the mail: %(error)s. Tell the people yourself, and check the server's settings.")


def parties(event: DisputeEvent) -> set[int]:
    """Ids of the users whom the event concerns: the payee, and whoever has to answer now; a decision also the manager. Not who did it."""
    dispute, open_now = event.dispute, Membership.objects.filter(is_open(timezone.now()))
    users = set(open_now.filter(payee_id=dispute.payee_id).values_list("user_id", flat=True))
    if dispute.manager_id is not None and (event.state == MANAGER or event.state not in OPEN):
        users |= set(open_now.filter(payee_id=dispute.manager_id).values_list("user_id", flat=True))
    if event.state in OPEN and event.state != MANAGER:
        users |= users_permitted("disputes.resolve")
    return users - {event.actor_id}


def dispute_mail_later(*, event: DisputeEvent, base_url: str) -> None:
    """Mails the parties once the event is committed. A failure is kept on the event, where the timeline shows it.

    base_url: where the product is reached; empty: nobody is told (a command of the operator, a demo).
    """
    if not base_url:
        return
    tenant = Tenant.objects.get(pk=required_tenant_id())
    members = Membership.objects.filter(user_id__in=parties(event), user__is_active=True).select_related("user")
    to = [(m.user.email, m.user.language or tenant.language) for m in members.order_by("pk") if m.user.email]
    context = {
        "tenant": tenant, "number": event.dispute.number, "event": event, "dispute": event.dispute,
        "url": f"{base_url.rstrip('/')}/t/{tenant.slug}/disputes/{event.dispute.uid}/",
    }  # fmt: skip
    transaction.on_commit(lambda: _send(to, context, tenant_id=tenant.pk, event_id=event.pk))


def _send(to: Iterable[tuple[str, str]], context: dict[str, object], *, tenant_id: int, event_id: int) -> None:
    for address, language in to:
        with translation.override(language):
            subject = " ".join(render_to_string("incentives/mail/dispute_subject.txt", context).split())
            text = render_to_string("incentives/mail/dispute.txt", context)
        try:
            send_mail(subject, text, None, [address])
        except (OSError, smtplib.SMTPException) as error:
            logger.exception("dispute event %s: the mail was not sent", event_id)
            with tenant_scope(tenant_id):
                DisputeEvent.objects.filter(pk=event_id).update(mail_error=told(_NOT_SENT, error=str(error)[:200]))
