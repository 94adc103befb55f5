"""Batches, requestid, change data capture and limits of the sandbox (reference/quickbooks.md 2.3, 2.6-2.8)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import requests

from infra.sandbox.kit import Fault
from infra.sandbox.quickbooks import REALM_A, REALM_B
from tests.sandbox.quickbooks_wire import App, code, good, stamp


def create(bid: str, entity: str, body: Any, **more: Any) -> dict[str, Any]:
    return {"bId": bid, "operation": "create", entity: body, **more}


def answers(answer: requests.Response) -> dict[str, dict[str, Any]]:
    found: list[dict[str, Any]] = good(answer)["BatchItemResponse"]
    return {one["bId"]: one for one in found}


def fault(member: dict[str, Any]) -> str:
    return str(member["Fault"]["Error"][0]["code"])


# --- batches -------------------------------------------------------------------------------------------------------


def test_2_6_a_batch_answers_200_with_a_fault_for_the_member_that_failed() -> None:
    app = App()
    found = answers(
        app.batch(
            create("a", "Customer", {"DisplayName": "New One"}),
            create("b", "Customer", {"DisplayName": "Ada Example"}),
            {"bId": "c", "Query": "select * from Account where AccountType = 'Bank'"},
        )
    )
    assert found["a"]["Customer"]["DisplayName"] == "New One"
    assert fault(found["b"]) == "6240"
    assert len(found["c"]["QueryResponse"]["Account"]) == 2
    assert app.box.counts["batch_members_refused"] == 1


def test_2_6_all_four_operations_work() -> None:
    app = App()
    first, second, third = (app.invoice() for _ in range(3))
    found = answers(
        app.batch(
            {"bId": "u", "operation": "update", "Invoice": stamp(first, sparse=True, PrivateNote="x")},
            {"bId": "d", "operation": "delete", "Invoice": stamp(second)},
            {"bId": "v", "operation": "void", "Invoice": stamp(third)},
        )
    )
    assert found["u"]["Invoice"]["PrivateNote"] == "x"
    assert found["d"]["Invoice"]["status"] == "Deleted"
    assert found["v"]["Invoice"]["TotalAmt"] == 0


def test_2_6_options_data_voids_a_payment() -> None:
    app = App()
    paid = app.payment(5)
    member = {"bId": "v", "operation": "update", "optionsData": "void", "Payment": stamp(paid, sparse=True)}
    assert answers(app.batch(member))["v"]["Payment"]["TotalAmt"] == 0


def test_2_6_options_data_allows_a_duplicate_number() -> None:
    app = App()
    body = app.invoice_body(DocNumber="1042")
    found = answers(
        app.batch(create("a", "Invoice", body, optionsData="allowduplicatedocnum"), create("b", "Invoice", body))
    )
    assert "Invoice" in found["a"] and fault(found["b"]) == "6140"


def test_2_6_a_query_does_not_see_what_the_batch_makes() -> None:
    app = App()
    found = answers(
        app.batch(
            create("a", "Customer", {"DisplayName": "New"}), {"bId": "b", "Query": "select count(*) from Customer"}
        )
    )
    assert found["b"]["QueryResponse"]["totalCount"] == 3


def test_2_6_a_member_cannot_refer_to_what_an_earlier_one_makes() -> None:
    app = App()
    guessed = str(1 + max(int(c["Id"]) for c in app.people.find(app.realm, "Customer")))
    found = answers(
        app.batch(
            create("a", "Customer", {"DisplayName": "New"}),
            create("b", "Invoice", app.invoice_body(CustomerRef={"value": guessed})),
        )
    )
    assert found["a"]["Customer"]["Id"] == guessed
    assert fault(found["b"]) == "2500"


def test_2_6_thirty_members_pass_and_thirty_one_do_not() -> None:
    app = App()
    members = [create(str(n), "Customer", {"DisplayName": f"C {n}"}) for n in range(31)]
    assert code(app.batch(*members)) == "1040"
    assert len(answers(app.batch(*members[:30]))) == 30


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ({"bId": "x", "operation": "burn", "Customer": {}}, "500"),
        ({"bId": "x", "operation": "create", "Bird": {}}, "2010"),
        ({"bId": "x", "operation": "create"}, "2010"),
        ({"bId": "x", "operation": "create", "Customer": {"Id": "57", "DisplayName": "A"}}, "2010"),
        ({"bId": "x", "operation": "update", "Customer": {"DisplayName": "A"}}, "2020"),
        ({"bId": "x", "Query": "select * from Bird"}, "4000"),
    ],
)
def test_2_6_a_member_that_makes_no_sense_fails_alone(member: dict[str, Any], expected: str) -> None:
    assert fault(answers(App().batch(member))["x"]) == expected


def test_2_6_a_member_needs_its_own_bid() -> None:
    app = App()
    assert code(app.batch({"operation": "create", "Customer": {"DisplayName": "A"}})) == "2020"
    assert code(app.batch(create(["a"], "Customer", {"DisplayName": "A"}))) == "2020"  # type: ignore[arg-type]
    twice = [create("a", "Customer", {"DisplayName": n}) for n in ("A", "B")]
    assert code(app.batch(*twice)) == "2010"


def test_2_6_members_can_be_made_to_fail() -> None:
    app = App()
    app.people.refuse_members(["10000"])
    found = answers(app.batch(*[create(n, "Customer", {"DisplayName": n}) for n in ("a", "b")]))
    assert fault(found["a"]) == "10000" and "Customer" in found["b"]


# --- requestid -----------------------------------------------------------------------------------------------------


def test_2_3_the_same_requestid_gives_the_first_answer_and_makes_nothing() -> None:
    app = App()
    first = app.post("invoice", app.invoice_body(), requestid="r-1")
    app.clock.move(hours=30)
    app.tokens = app.refresh().json()
    again = app.post("invoice", app.invoice_body(), requestid="r-1")
    assert again.json() == first.json()
    assert app.rows("select count(*) from Invoice") == {"totalCount": 3}


def test_2_3_without_a_requestid_a_repeated_create_makes_a_second_object() -> None:
    app = App()
    assert app.invoice()["Id"] != app.invoice()["Id"]


def test_2_3_another_company_has_its_own_requestids() -> None:
    app = App()
    app.post("customer", {"DisplayName": "A"}, requestid="r-1")
    app.realm, app.tokens = REALM_B, app.connect(REALM_B)
    assert good(app.post("customer", {"DisplayName": "B"}, requestid="r-1"))["Customer"]["DisplayName"] == "B"


def test_2_3_an_answer_that_was_lost_is_given_again() -> None:
    app = App()
    app.box.faults.append(Fault("drop_answer", path="/invoice$", method="POST"))
    with pytest.raises(requests.ReadTimeout):
        app.post("invoice", app.invoice_body(), requestid="r-1")
    good(app.post("invoice", app.invoice_body(), requestid="r-1"))
    assert app.rows("select count(*) from Invoice") == {"totalCount": 3}
    assert app.box.counts["answers_lost"] == 1


def test_2_3_a_refused_request_is_carried_out_again_under_its_id() -> None:
    app = App()
    body = {"DisplayName": "Ada Example"}
    assert code(app.post("customer", body, requestid="r-1")) == "6240"
    app.people.rename_customer(app.realm, app.customer(), "Somebody Else")
    assert good(app.post("customer", body, requestid="r-1"))


def test_2_3_a_refusal_is_remembered_by_switch() -> None:
    app = App(replay_failures=True)
    body = {"DisplayName": "Ada Example"}
    app.post("customer", body, requestid="r-1")
    app.people.rename_customer(app.realm, app.customer(), "Somebody Else")
    assert code(app.post("customer", body, requestid="r-1")) == "6240"


def test_2_3_another_body_under_a_known_id_is_replayed_or_refused_by_switch() -> None:
    app = App()
    first = app.made("Customer", {"DisplayName": "A"}, requestid="r-1")
    assert app.made("Customer", {"DisplayName": "B"}, requestid="r-1") == first
    app.box.switches["requestid_other_body"] = "error600"
    assert code(app.post("customer", {"DisplayName": "B"}, requestid="r-1")) == "600"


def test_2_3_ids_may_be_forgotten_by_switch() -> None:
    app = App(requestid_memory_seconds=60)
    first = app.made("Customer", {"DisplayName": "A"}, requestid="r-1")
    app.clock.move(seconds=61)
    assert app.made("Customer", {"DisplayName": "B"}, requestid="r-1")["Id"] != first["Id"]


def test_2_3_a_batch_repeated_gives_6000_and_makes_nothing() -> None:
    app = App()
    member = create("a", "Customer", {"DisplayName": "New"})
    good(app.batch(member, requestid="b-1"))
    assert code(app.batch(member, requestid="b-1")) == "6000"
    assert app.rows("select count(*) from Customer") == {"totalCount": 4}


def test_2_3_a_batch_is_replayed_by_switch() -> None:
    app = App(batch_replay="replay")
    member = create("a", "Customer", {"DisplayName": "New"})
    first = app.batch(member, requestid="b-1")
    assert app.batch(member, requestid="b-1").json() == first.json()


def test_2_3_a_batchs_requestid_has_36_characters_and_its_bids_10() -> None:
    app = App()
    member = create("x" * 10, "Customer", {"DisplayName": "New"})
    assert code(app.batch(member, requestid="r" * 37)) == "2050"
    assert code(app.batch({**member, "bId": "x" * 11}, requestid="r" * 36)) == "2050"
    assert good(app.batch(member, requestid="r" * 36))
    assert good(app.batch(create("x" * 11, "Customer", {"DisplayName": "Newer"})))


# --- change data capture -------------------------------------------------------------------------------------------


def changes(app: App, entities: str, since: str) -> dict[str, list[dict[str, Any]]]:
    pages = good(app.get("cdc", entities=entities, changedSince=since))["CDCResponse"][0]["QueryResponse"]
    return {k: v for page in pages for k, v in page.items() if isinstance(v, list)}


def test_2_7_only_what_changed_since_is_listed() -> None:
    app = App()
    app.clock.move(minutes=5)
    since = app.clock.at.isoformat()
    app.people.rename_customer(app.realm, app.customer("Brook Jensen"), "Brook J")
    found = changes(app, "Customer,Invoice", since)
    assert [c["DisplayName"] for c in found["Customer"]] == ["Brook J"]
    assert "Invoice" not in found


def test_2_7_a_deleted_object_leaves_a_stub() -> None:
    app = App()
    ident = app.id_of("Invoice", DocNumber="1042")
    app.people.delete_invoice(app.realm, ident)
    stub = next(i for i in changes(app, "Invoice", "2026-03-01T00:00:00Z")["Invoice"] if i["Id"] == ident)
    assert stub["status"] == "Deleted" and set(stub) == {"domain", "status", "Id", "MetaData"}


def test_2_7_an_invoice_counts_as_changed_when_a_payment_is_applied() -> None:
    app = App()
    ident = app.id_of("Invoice", DocNumber="1042")
    app.clock.move(minutes=5)
    since = app.clock.at.isoformat()
    app.payment(5, ("Invoice", ident, 5))
    assert [i["Id"] for i in changes(app, "Invoice", since)["Invoice"]] == [ident]


def test_2_7_the_cap_is_shared_by_all_entities() -> None:
    app = App(cdc_cap=3)
    found = changes(app, "Customer,Invoice", "2026-03-01T00:00:00Z")
    assert sum(len(rows) for rows in found.values()) == 3
    assert app.box.counts["cdc_cut_off"] == 1


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({"entities": "Customer", "changedSince": "2026-01-30T00:00:00Z"}, "4001"),
        ({"entities": "TaxCode", "changedSince": "2026-03-01T00:00:00Z"}, "4001"),
        ({"entities": "Customer", "changedSince": "yesterday"}, "4001"),
        ({"entities": "Customer"}, "2020"),
        ({"changedSince": "2026-03-01T00:00:00Z"}, "2020"),
    ],
    ids=["2.7 over 30 days", "2.7 not for TaxCode", "2.7 not a time", "2.7 no changedSince", "2.7 no entities"],
)
def test_2_7_a_wrong_question_is_refused(args: dict[str, str], expected: str) -> None:
    assert code(App().get("cdc", **args)) == expected


# --- limits --------------------------------------------------------------------------------------------------------


def limited(**switches: Any) -> App:
    return App(ignore_limits=False, **switches)


def test_2_8_ten_requests_a_second_pass() -> None:
    app = limited()
    statuses = [app.get("invoice/145").status_code for _ in range(11)]
    assert statuses == [200] * 10 + [429]
    app.clock.move(seconds=1)
    assert app.get("invoice/145").status_code == 200


def test_2_8_five_hundred_requests_a_minute_pass() -> None:
    app = limited(limit_per_second=0)
    for _ in range(500):
        app.box.limits.admit(app.box, REALM_A, batch=False)
    answer = app.get("invoice/145")
    assert (answer.status_code, code(answer)) == (429, "3001")
    assert app.box.counts["rate_limited"] == 1
    app.clock.at += timedelta(seconds=60)
    assert app.get("invoice/145").status_code == 200


def test_2_8_forty_batches_a_minute_pass() -> None:
    app = limited(limit_per_second=0)
    member = {"bId": "a", "Query": "select count(*) from Invoice"}
    statuses = [app.batch(member).status_code for _ in range(41)]
    assert statuses == [200] * 40 + [429]
    assert app.get("invoice/145").status_code == 200


def test_2_8_each_company_has_its_own_limits() -> None:
    app = limited()
    app.people.use_up_limits(REALM_A)
    assert app.get("invoice/145").status_code == 429
    app.tokens = app.connect(REALM_B)
    assert app.get("preferences", realm=REALM_B).status_code == 200


def test_2_9_throttling_may_answer_in_xml() -> None:
    app = limited(throttle_as_xml=True)
    app.people.use_up_limits(REALM_A)
    assert app.get("invoice/145").headers["Content-Type"] == "application/xml"
