"""The Clio sandbox against Clio's own OpenAPI document: every name, every parameter, every answer of each operation.

All other Clio tests are checked too: ``Office.ask`` holds each of their requests and answers against the document.
"""

from __future__ import annotations

import re

import pytest

from infra.sandbox.clio.api import RESOURCES, Resource
from infra.sandbox.clio.filters import COMMON, FILTERS
from infra.sandbox.clio.shapes import SHAPES, Shape
from tests.sandbox.clio_document import MISSING, SLIPS, document, operation, problems, schema
from tests.sandbox.clio_wire import Office, an_office

pytestmark = pytest.mark.skipif(document() is None, reason=MISSING)

# Names the document gives that the sandbox does not serve: nothing of this project's stands behind them.
NOT_SERVED = {
    "Contact": """activity_rates custom_field_values custom_field_set_associations instant_messengers web_sites
    notification_methods kyc_field_values avatar folder co_counsel_rate primary_web_site legal_aid_uk_contact""",
    "Matter": """contingency_fee custom_rate evergreen_retainer folder matter_budget matter_stage
    statute_of_limitations legal_aid_uk_matter attorney_allocation custom_field_values custom_field_set_associations
    relationships task_template_list_instances kyc_field_values split_invoice_payers""",
    "User": "default_activity_description notification_methods avatar",
}
# Parameters of the document's that do nothing here.
NOT_FILTERED = {
    "bills": "custom_field_values",
    "contacts": "clio_connect_only custom_field_ids[] custom_field_values shared_resource_id",
    "matters": """billable close_date[] custom_field_ids[] custom_field_values grant_id group_id open_date[]
    notification_event_subscriber_user_id pending_date[] practice_area_id responsible_staff_id subscriber_user_id""",
    "bank_accounts": "show_empty_accounts user_id",
    "bank_transactions": "unreconciled_only",
    "users": "include_co_counsel name pending_setup subscription_type",
}
PLACES = ("X-API-VERSION", "fields", "limit", "page_token", "order", "ids[]", "exclude_ids[]")
# Shapes of the sandbox's own, without a schema of that name.
OURS = {"Named": "JobTitle_base", "Empty": "LegalAidUkBill_base", "Activity": "Activity_base"}
PARTIAL = {"Account", "Activity", "Empty", "Group", "Named", "PaymentProfile", "PracticeArea", "SplitInvoice"}


def named(shape: Shape) -> dict[str, object]:
    """The document's properties for one of our shapes."""
    held = document()
    assert held is not None
    known = held["components"]["schemas"]
    name = OURS.get(shape.name, shape.name if shape.name in known else f"{shape.name}_base")
    return dict(schema(name)["properties"])


def everything(shape: Shape) -> str:
    """A selection of every plain value and of every plain value of each nested record."""
    nested = [f"{name}{{{','.join(SHAPES[of].own)}}}" for name, of in shape.parts.items() if SHAPES[of].own]
    return ",".join([*shape.own, *nested])


@pytest.mark.parametrize("shape", SHAPES.values(), ids=lambda s: s.name)
def test_every_name_served_is_the_documents(shape: Shape) -> None:
    assert {*shape.own, *shape.parts} - set(named(shape)) == set()


@pytest.mark.parametrize("shape", [s for s in SHAPES.values() if s.name not in PARTIAL], ids=lambda s: s.name)
def test_every_name_of_the_document_is_served_or_listed(shape: Shape) -> None:
    left = set(named(shape)) - {*shape.own, *shape.parts}
    assert left == set(NOT_SERVED.get(shape.name, "").split())


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.path)
def test_every_list_answers_every_field_as_documented(resource: Resource) -> None:
    rows = _hooked(an_office()).data(f"{resource.path}.json", fields=everything(SHAPES[resource.listing.shape]))
    assert rows


@pytest.mark.parametrize("resource", [r for r in RESOURCES if r.shown], ids=lambda r: r.path)
def test_every_record_answers_every_field_as_documented(resource: Resource) -> None:
    o = _hooked(an_office())
    found = o.data(f"{resource.path}.json")[0]["id"]
    assert o.data(f"{resource.path}/{found}.json", fields=everything(SHAPES[resource.listing.shape]))["id"] == found


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("users/who_am_i.json", "User"),
        ("settings/billing.json", "BillingSetting"),
        ("currencies.json", "Currency"),
        ("outstanding_client_balances.json", "OutstandingClientBalance"),
    ],
)
def test_the_other_reads_answer_every_field_as_documented(path: str, shape: str) -> None:
    assert an_office().data(path, fields=everything(SHAPES[shape]))


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.path)
def test_every_filter_and_order_is_the_documents(resource: Resource) -> None:
    found = operation("GET", f"/{resource.path}.json")
    assert found is not None
    known = {p["name"]: p["schema"] for p in found[1]["parameters"]}
    served = {*COMMON, *FILTERS.get(resource.listing.kind, {}), *PLACES}
    assert set(known) - served == set(NOT_FILTERED.get(resource.path, "").split())
    assert {*COMMON, *FILTERS.get(resource.listing.kind, {})} - set(known) <= _without_common(resource)
    orders = {f"{name}({way})" for name in resource.listing.orders for way in ("asc", "desc")}
    if resource.listing.orders and "enum" in known.get("order", {}):
        assert orders <= set(known["order"]["enum"])
    else:
        assert not resource.listing.orders or resource.path == "bank_transactions"


def _without_common(resource: Resource) -> set[str]:
    """Bill themes have no common filters in the document; they do no harm."""
    return set(COMMON) if resource.path == "bill_themes" else set()


def test_the_whole_of_a_bills_patch_is_taken() -> None:
    o = an_office()
    body = {
        "number": "1042-B",
        "issued_at": "2026-02-01",
        "due_at": "2026-03-31",
        "use_grace_period": False,
        "subject": "s",
        "memo": "m",
        "purchase_order": "p",
        "tax_rate": 0.0,
        "secondary_tax_rate": 0.0,
        "discount": {"rate": 5.0, "type": "money", "note": "n"},
        "interest": {"rate": 1.0, "type": "simple", "period": 30},
        "bill_theme": {"id": o.data("bill_themes.json")[0]["id"]},
        "currency_id": 1,
        "state": "awaiting_payment",
    }
    found = operation("PATCH", "/bills/1.json")
    assert found is not None
    known = found[1]["requestBody"]["content"]["application/json"]["schema"]["properties"]["data"]["properties"]
    assert set(body) == set(known)
    assert o.patch(o.path("1042"), body).status_code == 200


def test_the_document_would_notice() -> None:
    wrong = {"data": {"id": "7", "total": "4.00", "state": "unpaid", "due_at": "soon", "nonsense": 1}}
    told = "\n".join(problems(wrong, schema("Bill_Show"), "x "))
    for name in ("id", "total", "state", "due_at", "nonsense"):
        assert re.search(rf"data\.{name}: ", told), told


def test_every_slip_has_its_reason() -> None:
    assert all(reason for _, reason in SLIPS.values())


def _hooked(o: Office) -> Office:
    data = {"model": "bill", "url": "https://fee.example/h", "fields": "id"}
    assert o.ask("POST", "webhooks.json", json={"data": data}).status_code == 201
    return o
