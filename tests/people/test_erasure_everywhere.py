"""A person's name is planted by every road on which one comes in, then he is erased: no text of any table holds it, nor a file that waits.

The scan reads every text, JSON and binary column of every table there is, compressed ones unpacked. The controls: before the erasure it
finds the name in each place where a road leaves it, and with one eraser taken away it finds what that one would have left.
"""

from __future__ import annotations

import io
import zipfile
import zlib

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from spm.access import services as access
from spm.access.models import Invitation, Role, User
from spm.imports.models import Batch
from spm.imports.readers import Source
from spm.imports.services import batch_create, import_run
from spm.jobs.models import Job
from spm.people import services
from spm.people.models import Payee, PersonDetail
from spm.people.services import erasure
from spm.people.traces import holds, rows_holding
from spm.tenancy.scope import tenant_scope
from spm.told import told
from tests.api.support import Caller, make_caller
from tests.isolation.catalog import make_row
from tests.isolation.routes import objects, pages
from tests.support.desks import desk_build
from tests.support.factories import make_member, make_user

GIVEN, FAMILY = "Zaphodina", "Quirkelbrandt"
NAME, EMAIL, PHONE = f"{GIVEN} {FAMILY}", "zq@quirkel.example", "+49 170 5550199"
ORDERS = """\
import: 1
source: crm
target: order
fields: {external_id: Id, order_date: Day, payee: Owner, amount: {column: Sum, scale: 2}, currency: {constant: USD}}
"""
WORDS = ("quirkelbrandt", "quirkel.example", "5550199")
MAPPING = """\
import: 1
source: crm
target: payee
fields:
  external_id: Number
  name: Name
  email: Mail
  pay_currency: Currency
  hired: {column: Hired}
"""


def scan() -> set[str]:
    """table.column of every place whose text holds one of the words, as the tenant in scope sees it, and the global tables."""
    hits = set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name) "
            "WHERE table_schema = 'public' AND table_type = 'BASE TABLE' "
            "AND data_type IN ('text', 'character varying', 'character', 'jsonb', 'json', 'bytea', 'ARRAY')"
        )
        columns = cursor.fetchall()
        assert len(columns) > 150, "every table is read"
        for table, column, kind in columns:
            if kind == "bytea":
                cursor.execute(f'SELECT "{column}" FROM "{table}" WHERE "{column}" IS NOT NULL')
                texts = [unpacked(bytes(value)).decode("utf-8", "ignore").lower() for (value,) in cursor.fetchall()]
                found = any(word in text for text in texts for word in WORDS)
            else:
                told_so = " OR ".join(f'position(%s in lower("{column}"::text)) > 0' for _word in WORDS)
                cursor.execute(f'SELECT EXISTS (SELECT 1 FROM "{table}" WHERE {told_so})', WORDS)
                found = cursor.fetchone()[0]
            if found:
                hits.add(f"{table}.{column}")
    sessions = " ".join(str(session.get_decoded()) for session in Session.objects.all()).lower()
    return hits | ({"django_session.session_data"} if any(word in sessions for word in WORDS) else set())


def unpacked(content: bytes) -> bytes:
    try:
        content = zlib.decompress(content)
    except zlib.error:
        return content
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return b"".join(archive.read(name) for name in archive.namelist())
    return content


def workbook() -> bytes:
    from openpyxl import Workbook

    book, out = Workbook(), io.BytesIO()
    book.active.append(["Number", "Name"])
    book.active.append(["E1", NAME])
    book.save(out)
    return out.getvalue()


class Company:
    """A computed company in which the first rep is the person; `plant` lets the name in by every road."""

    def __init__(self, tenant) -> None:
        self.tenant = tenant
        with tenant_scope(tenant.pk):
            self.desk = desk_build(tenant)
            self.payee = self.desk.rep
            Payee.objects.filter(pk=self.payee.pk).update(source="crm", external_id="Z1")
            self.payee.refresh_from_db()
            services.person_update(payee=self.payee, display_name=NAME, given_name=GIVEN, family_name=FAMILY, email=EMAIL, phone=PHONE)
            make_member(make_user(), Role.TENANT_ADMIN)
        self.hr: Caller = make_caller(tenant, Role.HR)
        self.office: Caller = make_caller(tenant, *[role for role in Role if role != Role.FINANCE])

    def plant(self) -> None:
        self._account()
        self._imports()
        self._feed_and_answers()
        self._jobs()
        self._pages()

    def _account(self) -> None:
        user = make_user("rep@quirkel.example")
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        SocialAccount.objects.create(user=user, provider="sso", uid=user.email, extra_data={"name": NAME, "email": EMAIL})
        AccessAttempt.objects.create(username=user.email, ip_address="127.0.0.1", user_agent="x", get_data="", post_data="", failures_since_start=1)
        with tenant_scope(self.tenant.pk):
            make_member(user, Role.REP, payee=self.payee)
            access.invitation_create(email=EMAIL, roles=[Role.REP], payee=self.payee, base_url="http://x", actor_id=None)
            Invitation.objects.update(mail_error=told("The mail server did not take the mail: %(error)s", error=f"550 {EMAIL} unknown"))

    def _imports(self) -> None:
        """Taken and refused rows of people, a refused row of another target that names him, a file and a workbook that wait."""
        lines = f"Number,Name,Mail,Currency,Hired\nZ1,{NAME},{EMAIL},USD,2020-01-01\nZ1,{NAME},{EMAIL},USD,never\n,{NAME},{EMAIL},USD,2020-01-01\n"
        with tenant_scope(self.tenant.pk):
            import_run(mapping_text=MAPPING, files=[Source(f"{FAMILY}.csv", content=lines.encode())])
            import_run(mapping_text=MAPPING, files=[Source("p.csv", content=lines.encode())], dry_run=True)
            import_run(mapping_text=ORDERS, files=[Source("o.csv", content=f"Id,Day,Owner,Sum\n1,2026-01-01,{NAME},5\n".encode())])
            for name, content in (("w.csv", lines.encode("utf-16")), ("c.csv", lines.encode()), ("w.xlsx", workbook())):
                batch_create(mapping_text=MAPPING, files=[Source(name, content=content)], keep=True)
            batch_create(mapping_text=MAPPING, files=[Source("other.csv", content=b"Number,Name,Mail,Currency,Hired\nX1,Ida Other,,USD,\n")], keep=True)

    def _feed_and_answers(self) -> None:
        person = {"external_id": "Z9", "legal_entity": "main", "display_name": "Somebody Else", "pay_currency": "USD"}
        assert self.hr.post("payees/new/", person, **{"Idempotency-Key": "other"}).status_code == 201
        answers = [
            self.hr.post(f"payees/{self.payee.uid}/person/", {"display_name": NAME}, **{"Idempotency-Key": "a1"}),
            self.hr.post("hr-feed/preview/", {"content": f"event,external_id,date,position\njoin,{FAMILY},someday,AE\n"}, **{"Idempotency-Key": "a2"}),
            self.hr.post(
                "hr-feed/apply/", {"content": f"event,external_id,date,name,email\nchange,Z1,2026-01-01,{NAME},{EMAIL}\n"}, **{"Idempotency-Key": "a3"}
            ),
        ]
        assert [answer.status_code for answer in answers] == [200, 200, 200]
        self.browser = Client()
        self.browser.force_login(self.hr.user, backend="django.contrib.auth.backends.ModelBackend")
        file = SimpleUploadedFile("feed.csv", f"event,external_id,date,name\njoin,N1,2026-01-01,{NAME}\n".encode())
        page = self.browser.post("/t/acme/people/feed/", {"file": file})
        self.kept = page.context["name"]

    def _jobs(self) -> None:
        with tenant_scope(self.tenant.pk):
            make_row(Job, kind="import", error=told("Row 7: %(value)s is no date.", value=NAME), result={"first": NAME})

    def _pages(self) -> None:
        """Every page is opened once: what one of them would write is there to be found."""
        client = Client()
        client.force_login(self.office.user, backend="django.contrib.auth.backends.ModelBackend")
        for route in pages():
            if route.parameters in ([], ["payee_uid"], ["uid", "code"]):
                with tenant_scope(self.tenant.pk):
                    path = route.path("acme", objects(route, self.desk))
                assert client.get(path).status_code < 500

    def erase(self) -> None:
        with tenant_scope(self.tenant.pk):
            services.person_erase(payee=self.payee, actor_id=None, reason="request 12")


PLANTED = {
    "people_persondetail.display_name", "people_persondetail.family_name", "people_persondetail.email", "people_persondetail.phone",
    "access_user.email", "account_emailaddress.email", "socialaccount_socialaccount.extra_data", "socialaccount_socialaccount.uid",
    "axes_accessattempt.username", "access_invitation.email", "access_invitation.mail_error",
    "imports_stagedrow.fields", "imports_stagedrow.cause", "imports_batch.file_name", "imports_batchfile.content",
    "api_idempotencyrecord.body", "jobs_job.error", "jobs_job.result",
}  # fmt: skip


@pytest.fixture
def company(tenant) -> Company:
    made = Company(tenant)
    made.plant()
    return made


def test_after_erasure_no_column_of_any_table_holds_the_name(company, django_capture_on_commit_callbacks) -> None:
    with tenant_scope(company.tenant.pk):
        assert scan() == PLANTED, "before, the name is where each road leaves it, and nowhere else"
    with django_capture_on_commit_callbacks(execute=True):
        company.erase()
    with tenant_scope(company.tenant.pk):
        assert scan() == set()
        assert PersonDetail.objects.get(payee=company.payee).display_name == ""
        assert Payee.objects.get(pk=company.payee.pk).external_id == "Z1"
        assert Batch.objects.get(file_name="other.csv").state == Batch.State.UPLOADED, "what is not about him stays"
        assert [b.state for b in Batch.objects.filter(file_name__in=["w.csv", "c.csv", "w.xlsx"])] == [Batch.State.FAILED] * 3
    kept = company.browser.post("/t/acme/people/feed/apply/", {"name": company.kept}, follow=True)
    assert "no longer kept" in kept.content.decode()
    assert company.hr.post("payees/new/", {"external_id": "Z9", "legal_entity": "main", "display_name": "Somebody Else", "pay_currency": "USD"},
                           **{"Idempotency-Key": "other"}).headers["Idempotency-Replayed"] == "true", "other people's answers stay"  # fmt: skip


@pytest.mark.parametrize(
    ("eraser", "left"),
    [
        ("imports", {"imports_stagedrow.fields", "imports_stagedrow.cause", "imports_batch.file_name", "imports_batchfile.content"}),
        ("api answers", {"api_idempotencyrecord.body"}),
        ("jobs", {"jobs_job.error", "jobs_job.result"}),
    ],
)
def test_without_one_eraser_the_scan_finds_what_it_would_have_left(company, monkeypatch, eraser, left) -> None:
    """Negative control."""
    monkeypatch.delitem(erasure._erasers, eraser)
    company.erase()
    with tenant_scope(company.tenant.pk):
        assert scan() == left


def test_the_pages_show_the_erased_person_by_number_alone(company) -> None:
    company.erase()
    client = Client()
    client.force_login(company.office.user, backend="django.contrib.auth.backends.ModelBackend")
    for route in pages():
        if route.parameters in ([], ["payee_uid"], ["uid", "code"]):
            with tenant_scope(company.tenant.pk):
                path = route.path("acme", objects(route, company.desk))
            answer = client.get(path)
            assert answer.status_code < 500, path
            assert FAMILY.encode() not in answer.content, path


def test_a_namesakes_first_name_is_no_trace_and_case_and_encoding_do_not_hide_one(scope) -> None:
    make_row(Job, kind="import", error=f"{GIVEN} Somebody")
    make_row(Job, kind="import", error=NAME.upper())
    make_row(Job, kind="import", error="", result={"q": 'the "Quirk" \\ name'})
    assert [job.error for job in rows_holding(Job.objects.all(), "error", texts=[NAME])] == [NAME.upper()]
    assert rows_holding(Job.objects.all(), "result", texts=['the "Quirk" \\ name']).count() == 1
    assert rows_holding(Job.objects.all(), "error", "result", texts=[]).count() == 0
    russian = "Анна Петрова"
    assert [holds(f"x;{russian};y".encode(encoding), [russian]) for encoding in ("utf-8", "cp1251", "utf-16")] == [True] * 3
    assert not holds("x;Анна;Петрова".encode(), [russian])


def test_a_feed_with_values_that_no_column_can_hold_refuses_the_row(scope) -> None:
    from tests.support.factories import make_entity

    make_entity()
    rows = [("kind", "x" * 30), ("name", "x" * 300), ("pay_group", "y" * 90), ("position", "z" * 90), ("position_title", "z" * 300), ("team", "t" * 90)]
    for number, (column, value) in enumerate(rows):
        base = {"event": "join", "external_id": f"L{number}", "date": "2024-01-01", "name": "Ida", "position": "AE", column: value}
        result = services.hr_feed_apply(content=",".join(base) + "\n" + ",".join(base.values()) + "\n", actor_id=None)
        assert [(error.column, result.applied) for error in result.errors] == [(column, False)], column
    assert not Payee.objects.exists()
    assert User.objects.count() == 0
