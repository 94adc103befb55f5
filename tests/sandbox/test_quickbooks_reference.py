"""The QuickBooks sandbox against the reference page itself: its examples are accepted, its codes are the ones used."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.sandbox.quickbooks.faults import MESSAGES
from tests.sandbox.quickbooks_wire import App, code, good

PAGE = Path(__file__).parents[2].parent / "shared" / "reference" / "quickbooks.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the shared reference page quickbooks.md is not here")

CHOSEN_HERE = {
    "2040": "a forbidden character in a name has no code in the page",
}
"""Codes that the page does not name, each with the reason for using it all the same."""


def example(holding: str) -> Any:
    """The JSON example of the page that holds this text."""
    blocks = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return json.loads(next(block for block in blocks if holding in block))


def with_ids(thing: Any, ids: dict[str, str]) -> Any:
    """``thing`` with the page's made-up ids replaced by ours."""
    if isinstance(thing, dict):
        return {k: with_ids(v, ids) for k, v in thing.items()}
    if isinstance(thing, list):
        return [with_ids(v, ids) for v in thing]
    return ids.get(thing, thing) if isinstance(thing, str) else thing


def ids(app: App) -> dict[str, str]:
    return {
        "63": app.customer(),
        "12": app.item(),
        "86": app.account("Discounts Given"),
        "35": app.account("Operating Checking"),
        "91": app.account("Client Trust Account"),
        "92": app.account("Client Trust Liability"),
        "1042": "5042",
    }


def test_every_code_is_one_of_the_page_or_chosen_with_a_reason() -> None:
    table = PAGE.read_text().partition("## 6. Error codes")[2].partition("## 7.")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("|")]
    known = set(re.findall(r"\d{2,5}", " ".join(rows)))
    assert set(MESSAGES) - known == set(CHOSEN_HERE)


def test_3_1_the_example_invoice_is_accepted_and_totals_400() -> None:
    app = App()
    made = app.made("Invoice", with_ids(example('"clio:bill:555001"'), ids(app)))
    assert (made["TotalAmt"], made["Balance"], made["SyncToken"]) == (400, 400, "0")
    assert made["Line"][-2]["DetailType"] == "SubTotalLineDetail"


def test_4_3_the_example_payment_pays_the_invoice() -> None:
    app = App()
    invoice = app.invoice(400)
    body = with_ids(example('"CHK 118"'), {**ids(app), "238": invoice["Id"]})
    assert app.made("Payment", body)["UnappliedAmt"] == 0
    assert app.read("Invoice", invoice["Id"])["Balance"] == 0


def test_4_4_the_example_payment_applies_the_memo() -> None:
    app = App()
    invoice, memo = app.invoice(100), app.made("CreditMemo", app.invoice_body(75))
    body = with_ids(example('"CreditMemo"}'), {**ids(app), "238": invoice["Id"], "260": memo["Id"]})
    app.made("Payment", body)
    assert app.read("Invoice", invoice["Id"])["Balance"] == 25


def test_4_7_the_example_journal_entry_is_accepted() -> None:
    app = App()
    body = with_ids(example('"clio:trust:80011"'), ids(app))
    assert app.made("JournalEntry", body)["DocNumber"] == "T-80011"


def test_2_6_the_example_batch_is_answered_in_its_shape() -> None:
    app = App()
    found = good(app.post("batch", example('"BatchItemRequest"')))
    shape = example('"BatchItemResponse"')
    assert set(found) == set(shape)
    assert [set(one) for one in found["BatchItemResponse"]] == [{"bId", "Customer"}, {"bId", "QueryResponse"}]
    again = good(app.post("batch", example('"BatchItemRequest"')))["BatchItemResponse"][0]
    assert set(again) == set(shape["BatchItemResponse"][0])
    assert set(again["Fault"]["Error"][0]) == set(shape["BatchItemResponse"][0]["Fault"]["Error"][0])


def test_2_9_a_fault_has_the_shape_of_the_example() -> None:
    answer = App().post("invoice", {"Id": "145", "SyncToken": "9", "sparse": True})
    shape = example('"Stale Object Error"')
    assert code(answer) == "5010"
    assert set(answer.json()) == set(shape)
    assert set(answer.json()["Fault"]["Error"][0]) == set(shape["Fault"]["Error"][0])


def test_4_8_preferences_hold_what_the_example_holds() -> None:
    held = good(App().get("preferences"))["Preferences"]
    shape = example('"CustomTxnNumbers":true')["Preferences"]
    assert set(shape) <= set(held)
    for group in ("SalesFormsPrefs", "CurrencyPrefs"):
        assert set(shape[group]) <= set(held[group])


def test_5_a_told_event_has_the_keys_of_the_example() -> None:
    app = App()
    app.people.register_webhook("https://app.test/hook")
    app.invoice()
    got: list[bytes] = []

    def receive(url: str, headers: dict[str, str], body: bytes) -> int:
        got.append(body)
        return 200

    app.box.deliver_due(receive)
    [told], [shape] = json.loads(got[0]), example('"specversion"')
    assert set(told) == set(shape)
