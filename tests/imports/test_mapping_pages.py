"""Columns picked on the page, in a person's steps: upload, form, dry run; the same by API."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from spm.access.models import Role
from spm.imports.mapping import document_load
from spm.imports.models import Batch, ImportMapping
from spm.jobs.execution import job_run_here
from spm.people.models import Payee
from spm.sales.models import OrderVersion
from spm.tenancy.scope import tenant_scope
from tests.api.support import make_caller
from tests.imports.conftest import ORDERS
from tests.imports.test_pages import address, run_job  # noqa: F401 (a fixture)

pytestmark = pytest.mark.django_db
FILE = "Number;Closed;Owner;Total;Note\n1;31.03.2026;ann;1 234,50;x\n2;01.04.2026;zoe;7,00;y\n"


class _Inputs(HTMLParser):
    """Every input of a page's main form, as a browser would send it unchanged."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.options: dict[str, list[str]] = {}
        self._select = self._area = ""
        self._text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        name = given.get("name")
        if tag == "input" and name and given.get("type") not in {"checkbox", "file"}:
            self.found[name] = given.get("value") or ""
        elif tag == "select" and name:
            self._select = name
        elif tag == "option" and self._select:
            self.options.setdefault(self._select, []).append(given["value"])
            if "selected" in given or self._select not in self.found:
                self.found[self._select] = given["value"]
        elif tag == "textarea" and name:
            self._area, self._text = name, []

    def handle_endtag(self, tag):
        if tag == "select":
            self._select = ""
        elif tag == "textarea" and self._area:
            self.found[self._area] = "".join(self._text).removeprefix("\n")
            self._area = ""

    def handle_data(self, data):
        if self._area:
            self._text.append(data)


def inputs(answer) -> _Inputs:
    return _Inputs(answer.content.decode())


def upload(client, address: str, content: str = FILE, **more: str) -> str:  # noqa: F811
    answer = client.post(address + "new/", {"files": [SimpleUploadedFile("deals.csv", content.encode())], **more})
    assert answer.status_code == 302
    assert answer["Location"].endswith("/mapping/")
    return answer["Location"]


def test_a_file_without_a_mapping_is_led_to_its_columns_and_from_there_to_the_dry_run(tenant, client, address):  # noqa: F811
    page = upload(client, address)
    shown = client.get(page)
    html = shown.content.decode()
    form = inputs(shown)
    assert form.found["target"] == "order"
    assert (form.found["origin.external_id"], form.found["origin.amount"], form.found["format.decimal"]) == ("c:Number", "c:Total", ",")
    assert "1 234,50" in html
    assert "Nothing reads this column: Note." in html
    assert "No column was recognised for this needed field: currency." in html
    # Currency stands in no column: asked for the dry run, the page names the field and stays.
    posted = form.found | {"source": "crm"}
    refused = client.post(page, posted | {"go": "1"})
    assert refused.status_code == 422
    assert "currency is needed: choose its column, or write one value for all rows." in refused.content.decode()
    assert 'href="#id_origin.currency"' in refused.content.decode()
    again = inputs(refused).found
    assert again["origin.order_date"] == "c:Closed", "what was chosen is kept"
    answer = client.post(page, again | {"constant.currency": "EUR", "code": "deals", "go": "1"})
    assert answer.status_code == 302
    batch = run_job(tenant)
    assert (batch.state, batch.target, batch.source, batch.rows_accepted, batch.rows_rejected) == ("previewed", "order", "crm", 1, 1)
    assert batch.sums["file"] == "1241.50"
    with tenant_scope(tenant.pk):
        assert ImportMapping.objects.get(code="deals").text == batch.mapping_text
    assert client.post(answer["Location"] + "start/").status_code == 302
    run_job(tenant)
    with tenant_scope(tenant.pk):
        assert OrderVersion.objects.get().amount == 123450


def test_the_dry_run_shows_the_first_rows_as_people_write_them(tenant, client, address):  # noqa: F811
    page = upload(client, address, "Id,Date,Owner,Amount,Currency,Kind\n1,2026-03-05,ann,1234.5,USD,renewal\n")
    batch_page = client.post(page, inputs(client.get(page)).found | {"source": "crm", "go": "1"})["Location"]
    assert "Queued" in client.get(batch_page).content.decode()
    run_job(tenant)
    html = client.get(batch_page).content.decode()
    assert [f"<td>{cell}</td>" in html for cell in ("1", "1234.50", "USD", "ann", "2026-03-05", "renewal")] == [True] * 6
    assert "Orders" in client.get(address).content.decode()


def test_a_dry_run_that_accepts_nothing_offers_no_import(tenant, client, address):  # noqa: F811
    file = SimpleUploadedFile("orders.csv", b"Id,Date,Owner,Amount\n1,2026-03-05,zoe,10.50\n")
    page = client.post(address + "new/", {"files": [file], "text": ORDERS})["Location"]
    run_job(tenant)
    html = client.get(page).content.decode()
    assert "Nothing would be imported" in html
    assert "Import now" not in html


def test_a_dry_run_can_be_done_again_by_another_mapping(tenant, client, address):  # noqa: F811
    page = upload(client, address, "Id,Date,Owner,Amount,Net\n1,2026-03-05,ann,10.50,9\n", text=ORDERS, form="1")
    posted = inputs(client.get(page)).found
    assert posted["origin.amount"] == "c:Amount"
    batch_page = client.post(page, posted | {"go": "1"})["Location"]
    assert run_job(tenant).sums["file"] == "10.50"
    assert "Change the mapping" in client.get(batch_page).content.decode()
    client.post(page, inputs(client.get(page)).found | {"origin.amount": "c:Net", "go": "1"})
    assert run_job(tenant).sums["file"] == "9.00"
    client.post(page, inputs(client.get(page)).found | {"origin.amount": "c:Amount", "go": "1"})
    batch = run_job(tenant)
    assert (batch.state, batch.sums["file"], batch.mapping_text) == ("previewed", "10.50", ORDERS)
    # A change without a new dry run takes the start away.
    client.post(page, inputs(client.get(page)).found | {"origin.amount": "c:Net", "refresh": "1"})
    assert client.post(batch_page + "start/", follow=True).status_code == 200
    with tenant_scope(tenant.pk):
        assert Batch.objects.get().state == "draft"


def test_a_mapping_that_failed_on_its_file_is_mended_without_another_upload(tenant, client, address):  # noqa: F811
    file = SimpleUploadedFile("orders.csv", b"Id,Date,Owner,Total\n1,2026-03-05,ann,10.50\n")
    batch_page = client.post(address + "new/", {"files": [file], "text": ORDERS})["Location"]
    assert run_job(tenant).state == "failed"
    assert "Change the mapping" in client.get(batch_page).content.decode()
    shown = client.get(batch_page + "mapping/")
    assert "The file has no column Amount; choose one that it has." in shown.content.decode()
    client.post(batch_page + "mapping/", inputs(shown).found | {"origin.amount": "c:Total", "go": "1"})
    assert run_job(tenant).state == "previewed"


def test_another_target_and_another_way_of_reading_show_their_fields(client, address):  # noqa: F811
    page = upload(client, address)
    shown = client.post(page, inputs(client.get(page)).found | {"target": "account", "refresh": "1"})
    assert shown.status_code == 200
    form = inputs(shown)
    assert "origin.name" in form.found
    assert "origin.order_date" not in form.found
    other = client.post(page, form.found | {"format.delimiter": ",", "refresh": "1"})
    assert "c:Number;Closed;Owner;Total;Note" in inputs(other).options["origin.name"]
    assert inputs(other).found["origin.external_id"] == "", "the column is gone with the cut"
    back = client.post(page, inputs(other).found | {"format.delimiter": "", "refresh": "1"})
    assert inputs(back).found["origin.external_id"] == "c:Number"


def test_a_value_beside_a_chosen_column_is_not_silently_dropped(client, address):  # noqa: F811
    page = upload(client, address)
    answer = client.post(page, inputs(client.get(page)).found | {"constant.amount": "5", "refresh": "1"})
    assert answer.status_code == 422
    assert "A column is chosen for amount: clear this value, or choose one value for all rows." in answer.content.decode()


def test_words_that_cannot_be_read_take_nothing_else_with_them(client, address):  # noqa: F811
    page = upload(client, address, "Id,Date,Owner,Amount,Currency,Kind\n1,2026-03-05,ann,1,USD,New business\n2,2026-03-05,ann,1,USD,renewal\n")
    assert "Write one for each of: New business, renewal." in client.get(page).content.decode()
    posted = inputs(client.get(page)).found
    answer = client.post(page, posted | {"origin.payee": "", "words.kind": "New business: new", "go": "1"})
    assert answer.status_code == 422
    assert "kind, words: write one pair on a line" in answer.content.decode()
    kept = inputs(answer).found
    assert (kept["origin.payee"], kept["words.kind"]) == ("", "New business: new")
    more = client.post(page, kept | {"words.kind": "New business = new", "refresh": "1"})
    assert "Write one for each of: renewal." in more.content.decode()
    answer = client.post(page, inputs(more).found | {"words.kind": "New business = new\r\nrenewal = renewal", "go": "1"})
    assert answer.status_code == 302


def test_a_value_that_cannot_be_read_is_named_with_its_cure(client, address):  # noqa: F811
    page = upload(client, address)
    answer = client.post(page, inputs(client.get(page)).found | {"constant.currency": "Euro", "go": "1"})
    assert answer.status_code == 422
    assert "is not a currency: write the three letters of ISO 4217" in answer.content.decode()


def test_form_and_text_are_two_views_of_one_document(tenant, client, address):  # noqa: F811
    page = upload(client, address)
    to_text = client.post(page, inputs(client.get(page)).found | {"source": "crm", "constant.currency": "EUR", "to_text": "1"})
    assert to_text["Location"].endswith("?view=text")
    text = inputs(client.get(to_text["Location"])).found["document"]
    assert document_load(text)["fields"]["currency"] == {"constant": "EUR"}
    commented = text.replace("fields:", "# by hand\nwhere:\n  - {column: Note, filled: true, reason: no note}\nfields:")
    assert client.post(to_text["Location"], {"document": commented.replace("\n", "\r\n"), "to_form": "1"})["Location"] == page
    shown = client.get(page)
    assert "<code>where</code>" in shown.content.decode()
    client.post(page, inputs(shown).found | {"origin.payee": "", "refresh": "1"})
    with tenant_scope(tenant.pk):
        kept = Batch.objects.get().mapping_text
    assert "# by hand" in kept
    assert document_load(kept)["where"]
    assert "payee" not in document_load(kept)["fields"]
    broken = client.post(to_text["Location"], {"document": "import: [", "go": "1"})
    assert broken.status_code == 422
    assert "not valid YAML" in broken.content.decode()
    assert client.post(to_text["Location"], {"document": "import: [", "to_form": "1"}).status_code == 302
    assert "Mend it in the text" in client.get(page).content.decode()


def test_saved_mappings_that_fit_are_offered(tenant, client, address):  # noqa: F811
    with tenant_scope(tenant.pk):
        ImportMapping.objects.create(code="fits", text=ORDERS)
        ImportMapping.objects.create(code="other", text=ORDERS.replace("Amount", "Elsewhere"))
    page = upload(client, address, "Id,Date,Owner,Amount\n1,2026-03-05,ann,1\n")
    html = client.get(page).content.decode()
    assert "Use fits" in html
    assert "Use other" not in html
    used = client.post(page, {"use": "fits", "text": "x"})
    assert inputs(used).found["code"] == "fits"
    client.post(page, inputs(used).found | {"go": "1"})
    assert run_job(tenant).mapping_text == ORDERS


def test_columns_are_kept_as_attributes_where_the_target_has_them(tenant, client, address):  # noqa: F811
    page = upload(client, address, "Id,Name,Tier level\nA1,Acme,gold\n")
    shown = client.post(page, inputs(client.get(page)).found | {"target": "account", "refresh": "1"})
    assert 'value="Tier level"' in shown.content.decode()
    kept = client.post(page, inputs(shown).found | {"attribute": "Tier level", "refresh": "1"})
    assert inputs(kept).found["origin.attributes.tier_level"] == "c:Tier level"


def test_a_running_or_finished_import_cannot_be_mapped_anew(tenant, client, address):  # noqa: F811
    file = SimpleUploadedFile("orders.csv", b"Id,Date,Owner,Amount\n1,2026-03-05,ann,10.50\n")
    page = client.post(address + "new/", {"files": [file], "text": ORDERS})["Location"]
    assert client.get(page + "mapping/").status_code == 302, "the dry run is under way"
    run_job(tenant)
    client.post(page + "start/")
    with tenant_scope(tenant.pk):
        job_id = Batch.objects.get().job_id
    job_run_here(tenant_id=tenant.pk, job_id=job_id)
    assert client.post(page + "mapping/", {"text": ORDERS, "go": "1"}).status_code == 302
    with tenant_scope(tenant.pk):
        assert Batch.objects.get().state == "imported"


def test_the_page_runs_without_inline_code(client, address):  # noqa: F811
    html = client.get(upload(client, address)).content.decode()
    main = html[html.index("<main") : html.index("</main>")]
    assert not re.search(r"<script|style=|\son[a-z]+=", main)


def test_the_same_by_api(tenant):
    caller = make_caller(tenant, Role.COMP_ADMIN)
    with tenant_scope(tenant.pk):
        ImportMapping.objects.create(code="deals", text=ORDERS.replace("Id", "Number").replace("Date", "Closed").replace("column: Amount", "column: Total"))
    file = {"name": "deals.csv", "content": base64.b64encode(FILE.encode()).decode()}
    made = caller.post("import-mappings/suggest/", {"file": file, "source": "crm"}).json()
    assert made["target"] == "order"
    assert document_load(made["text"])["source"] == "crm"
    assert {column["name"]: column["into"] for column in made["columns"]}["Total"] == ["amount"]
    assert "origin.currency" in made["problems"]
    assert made["unused_columns"] == ["Note"]
    assert made["fitting"] == ["deals"]
    whole = made["text"].rstrip() + "\n  currency: {constant: EUR}\n"
    assert caller.post("import-mappings/suggest/", {"file": file, "mapping": whole}).json()["problems"] == {}
    assert caller.post("import-mappings/", {"code": "crm", "text": whole}).status_code == 200
    assert caller.post("imports/", {"mapping_code": "crm", "files": [file]}).status_code == 201
    assert caller.post("import-mappings/suggest/", {"file": file | {"content": "IA=="}}).status_code == 409
    targets = {target["name"]: target for target in caller.get("import-targets/").json()}
    assert {"name": "currency", "required": True, "kind": "currency", "takes": "currency of three letters, as USD", "choices": []} in targets["order"][
        "target_fields"
    ]


def test_who_may_not_import_may_not_look_into_files(tenant):
    file = {"name": "deals.csv", "content": base64.b64encode(FILE.encode()).decode()}
    assert make_caller(tenant, Role.REP).post("import-mappings/suggest/", {"file": file}).status_code == 403
    with tenant_scope(tenant.pk):
        assert not Payee.objects.filter(external_id="zoe").exists()
