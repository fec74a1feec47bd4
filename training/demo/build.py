"""Builds the demo tenants and their sign-ins. Safe to repeat: a tenant that is there is left as it is."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from incentives.services.plans import plan_create, seat_enrol, version_activate
from spm.access.models import Membership, Role, RoleGrant, User
from spm.people.models import Payee
from spm.tenancy.changes import change
from spm.tenancy.models import ChangeSet, Tenant
from spm.tenancy.scope import tenant_scope
from training.demo.company import COMPANIES, Company
from training.demo.org import Org, org_write
from training.demo.sales import sales_write

PASSWORD = "demo-demo-demo"  # noqa: S105 - printed for everybody to use; demo tenants hold generated data alone
PLANS = Path(__file__).parent / "plans"


@dataclass(frozen=True)
class Login:
    """A sign-in of a demo: who, with which password, for which role and tenant."""

    tenant: str
    role: str
    email: str
    password: str = PASSWORD


def logins(company: Company) -> list[Login]:
    """One sign-in per role; the rep, the manager and the partner are payees."""
    domain = f"{company.slug}.example"
    roles = [Role.REP, Role.MANAGER, Role.COMP_ADMIN, Role.PLANNING_ADMIN, Role.FINANCE, Role.AUDITOR, Role.HR, Role.TENANT_ADMIN]
    return [Login(company.slug, role.value, f"{role.value.replace('_', '-')}@{domain}") for role in roles]


def demo_build(*, today: dt.date) -> list[Login]:
    """Creates what is missing of the demo tenants; returns all sign-ins. A tenant is written in one transaction or not at all."""
    for company in COMPANIES:
        tenant, _ = Tenant.objects.get_or_create(
            slug=company.slug,
            defaults={"name": company.name, "language": company.language, "time_zone": company.time_zone, "plan_currency": company.currency, "is_demo": True},
        )
        with tenant_scope(tenant.pk):
            if Payee.objects.exists():
                continue
            with change(kind=ChangeSet.Kind.SETUP, reason="Demo company") as changeset:
                org = org_write(company=company, today=today, changeset=changeset)
            with change(kind=ChangeSet.Kind.IMPORT, reason="Demo sales") as changeset:
                sales_write(company=company, org=org, changeset=changeset)
            _plans(company, org)
            _members(company, org)
    _operator_and_switcher()
    return [login for company in COMPANIES for login in logins(company)]


def _plans(company: Company, org: Org) -> None:
    sellers = {payee.pk for payee, *_ in org.sellers}
    for name, seats in (("sales", org.seats), ("lines", [seat for seat in org.seats if seat.payee_id in sellers])):
        text = (PLANS / f"{name}.yaml").read_text(encoding="utf-8")
        for place, value in _places(company).items():
            text = text.replace("{{" + place + "}}", value)
        for english, own in company.words:
            text = text.replace(english, own)
        version = version_activate(version=plan_create(text=text, calendar=org.calendar, effective_from=org.first_day))
        with change(reason=f"Enrolled in {version.plan.code}") as changeset:
            seat_enrol(plan=version.plan, seats=seats, start=org.first_day, changeset=changeset)


def _places(company: Company) -> dict[str, str]:
    """What the plans' texts leave open. The last two products are contracts: a year of software, a year of service."""
    product, each = company.spiff
    categories = [category for _, category, _ in company.products[-2:]]
    return {
        "currency": company.currency, "spiff_product": f"P{product:03}", "spiff": str(each), "spiff_of_two": str(2 * each),
        "contract_categories": ", ".join(f'"{category}"' for category in categories), "contract_category": categories[0],
    }  # fmt: skip


def _members(company: Company, org: Org) -> None:
    payees = {Role.REP.value: org.named["rep00"], Role.MANAGER.value: org.named["manager0"]}
    for login in logins(company):
        user = User.objects.filter(email=login.email).first() or User.objects.create_user(login.email, login.password, language=company.language)
        membership, _ = Membership.objects.get_or_create(user=user, defaults={"payee": payees.get(login.role)})
        RoleGrant.objects.get_or_create(membership=membership, role=login.role)


def _operator_and_switcher() -> None:
    """The platform operator, outside tenants; and the first tenant's auditor, who audits both: the switcher has something to show."""
    if not User.objects.filter(email="operator@spm.example").exists():
        User.objects.create_superuser("operator@spm.example", PASSWORD)
    first, second = COMPANIES
    auditor = User.objects.get(email=f"auditor@{first.slug}.example")
    with tenant_scope(Tenant.objects.get(slug=second.slug).pk):
        membership, _ = Membership.objects.get_or_create(user=auditor)
        RoleGrant.objects.get_or_create(membership=membership, role=Role.AUDITOR)
