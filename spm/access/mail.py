"""Mails about access, in the reader's language, sent after the commit that they tell of."""

from __future__ import annotations

import logging
import smtplib

from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext_noop

from spm.access.models import Invitation
from spm.tenancy.models import Tenant
from spm.tenancy.scope import required_tenant_id, tenant_scope
from spm.told import told

logger = logging.getLogger(__name__)
# With its parameter cut at 200 characters it fits the column.
_NOT_SENT = gettext_noop("The mail server did not take the mail: %(error)s. Check the address and the server's settings, then send it again.")


def invitation_mail_later(*, invitation: Invitation, url: str) -> None:
    """Mails the link once the invitation is committed. A failure is kept on the invitation, whose page offers to send it again."""
    tenant = Tenant.objects.get(pk=required_tenant_id())
    uid, email, language = invitation.uid, invitation.email, invitation.language
    context = {"tenant": tenant, "url": url, "expires_at": invitation.expires_at}

    def send() -> None:
        with translation.override(language):
            subject = " ".join(render_to_string("access/mail/invitation_subject.txt", context).split())
            text = render_to_string("access/mail/invitation.txt", context)
            html = render_to_string("access/mail/invitation.html", context)
        try:
            send_mail(subject, text, None, [email], html_message=html)
        except (OSError, smtplib.SMTPException) as error:
            logger.exception("invitation %s: the mail was not sent", uid)
            with tenant_scope(tenant.pk):
                Invitation.objects.filter(uid=uid).update(mail_error=told(_NOT_SENT, error=str(error)[:200]))

    transaction.on_commit(send)
