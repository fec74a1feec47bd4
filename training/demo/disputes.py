"""Two disputes of the seller as whom visitors sign in: one decided in part and paid in the open month, one that waits for his manager."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from incentives.models import Dispute
from incentives.selectors.adjusting import adjustment_places
from incentives.services.dispute_outcomes import dispute_resolve
from incentives.services.disputes import dispute_file, dispute_pass
from spm.access.models import Membership
from spm.calendars.models import Period
from spm.people.models import Payee
from training.demo.company import Company

# What the payee, his manager and the compensation team say, in the company's language.
WORDS = {
    "en": {
        "rate": "My letter of May says that deals with new customers count fully. One of last month's was counted at half.",
        "manager": "The letter is right: I agreed to it. The second deal in it was an old customer, though.",
        "decision": "One of the two deals was with a new customer; half of the claim is paid.",
        "missing": "I closed this deal together with the partner; it is not among my lines.",
    },
    "ru": {
        "rate": "По моему майскому письму сделки с новыми заказчиками засчитываются полностью. Одна сделка прошлого месяца засчитана наполовину.",
        "manager": "Письмо верно, я его согласовал. Но второй заказчик в нём — прежний.",
        "decision": "Одна из двух сделок — с новым заказчиком; выплачивается половина требуемого.",
        "missing": "Эту сделку я закрыл вместе с партнёром, но среди моих строк её нет.",
    },
}


def disputes_write(*, company: Company, seller: Payee, today: dt.date) -> list[Dispute]:
    """Files both and decides the first; needs the tenant's scope and its members."""
    words, (now, last) = WORDS[company.language], Period.objects.filter(starts__lte=today).order_by("-starts")[:2]
    member = {
        role: Membership.objects.get(user__email=f"{role}@{company.slug}.example") for role in ("rep", "manager", "comp-admin")
    }  # fmt: skip
    places = [place for place in adjustment_places(seller, [last])[last.pk] if place.component == "commission"]
    claim = Decimal(company.draw or 800) / 2
    first = dispute_file(
        payee=seller, period=last, subject="amount", component="commission", category="credit", amount=claim, text=words["rate"], by=member["rep"]
    )
    if first.state == Dispute.State.MANAGER:
        dispute_pass(dispute=first, text=words["manager"], by=member["manager"])
    dispute_resolve(
        dispute=first, outcome="partial", means="adjustment", place=places[0].key, amount=claim / 2, text=words["decision"], by=member["comp-admin"]
    )
    deal = f"{company.customers[0]}, PO-1204"
    second = dispute_file(payee=seller, period=now, subject="missing", category="missing", order=deal, text=words["missing"], by=member["rep"])
    return [first, second]
