"""The client against the QuickBooks sandbox, in process."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, timedelta
from typing import Any

import pytest

from chalicelib.domain.readings import Access, Wrote
from chalicelib.domain.wanted import Void, Wanted, WantedLine
from chalicelib.errors import Declined, Disconnected, Expired, Unavailable, Unreadable
from chalicelib.quickbooks import queries
from infra.sandbox.quickbooks import REALM_A, REALM_B
from tests.quickbooks.stage import CALLBACK, Stage, a_customer, a_payment, a_stage, an_invoice


def write(stage: Stage, access: Access, *wanted: Wanted, id: str = "r-1") -> list[Wrote]:
    request = stage.client.request([(f"m{n}", one) for n, one in enumerate(wanted)])
    return list(stage.client.send(access, request, id).values())


def customer_id(stage: Stage, name: str = "Ada Example") -> str:
    return str(stage.box.people.find(REALM_A, "Customer", DisplayName=name)[0]["Id"])


# --- authorization --------------------------------------------------------------------------------------------------


def test_a_code_becomes_tokens_with_both_expiries() -> None:
    stage = a_stage()
    tokens = stage.client.exchange(stage.code(), CALLBACK)
    assert tokens.expires_at == stage.clock.now() + timedelta(hours=1)
    assert tokens.refresh_expires_at
    assert tokens.refresh_expires_at > stage.clock.now() + timedelta(days=99)


def test_a_refresh_after_a_day_gives_a_new_token_and_the_old_one_dies() -> None:
    stage = a_stage()
    first = stage.client.exchange(stage.code(), CALLBACK)
    stage.clock.move(hours=25)
    second = stage.client.refresh(first.refresh)
    assert second.refresh != first.refresh
    stage.clock.move(hours=1)
    with pytest.raises(Declined) as no:
        stage.client.refresh(first.refresh)
    assert no.value.code == "invalid_grant"


def test_a_used_code_is_declined() -> None:
    stage = a_stage()
    code = stage.code()
    stage.client.exchange(code, CALLBACK)
    with pytest.raises(Declined) as no:
        stage.client.exchange(code, CALLBACK)
    assert no.value.code == "invalid_grant"


def test_a_wrong_secret_is_declined() -> None:
    stage = a_stage()
    stage.client._secret = "other"
    with pytest.raises(Declined) as no:
        stage.client.refresh("any")
    assert no.value.code == "invalid_client"


@pytest.mark.parametrize(
    "plan", [{"do": "drop_answer"}, {"do": "status", "status": 504}, {"do": "status", "status": 200}]
)
def test_a_lost_refresh_may_have_rotated_the_token(plan: dict[str, Any]) -> None:
    stage = a_stage()
    stage.fault(path="/tokens/bearer", **plan)
    with pytest.raises(Unavailable) as later:
        stage.client.refresh("any")
    assert later.value.maybe_done


def test_a_revoked_connection_is_dead_and_may_be_revoked_again() -> None:
    stage = a_stage()
    tokens = stage.client.exchange(stage.code(), CALLBACK)
    stage.client.revoke(tokens.refresh)
    stage.client.revoke(tokens.refresh)
    with pytest.raises(Declined):
        stage.client.refresh(tokens.refresh)


# --- the company ----------------------------------------------------------------------------------------------------


def test_the_books_tell_company_accounts_items_and_preferences() -> None:
    stage = a_stage()
    books = stage.client.books(stage.access())
    assert (books.company, books.currency) == ("Hartwell & Pine LLP", "USD")
    assert (books.custom_numbers, books.allow_discount, books.auto_apply_credit) == (True, True, False)
    assert "Legal services" in [name for _, name in books.items]
    assert any(a.subtype == "TrustAccounts" for a in books.accounts)
    assert books.close_date is None


@pytest.mark.parametrize(("told", "known"), [("true", True), ("false", False), (None, None), ("maybe", None)])
def test_the_warning_about_doubles_is_on_off_or_unknown(told: str | None, known: bool | None) -> None:
    stage = a_stage()
    stage.box.people.set_preferences(REALM_A, Duplicates={"WarnDuplicateBillNumber": told})
    assert stage.client.books(stage.access()).warns_of_doubles is known


def test_numbers_of_every_kind_of_document_come_in_one_batch() -> None:
    stage = a_stage()
    owner = stage.box.people.find(REALM_A, "Customer")[0]["Id"]
    before = len(stage.box.log)
    stage.box.people.add_credit_memo(REALM_A, owner, 5, "90210")
    stage.box.people.add_invoice(REALM_A, owner, 5)
    told = stage.client.numbers(stage.access(), None)
    assert len([e for e in stage.box.log[before:] if "batch" in e.path]) == 1
    assert ("CreditMemo", "90210") in [(d.entity, d.number) for d in told.found]
    assert all(d.number for d in told.found)
    assert (told.more, told.at.tzinfo) == (False, UTC)
    assert stage.client.numbers(stage.access(), None, 1001).found == ()
    later = stage.clock.now() + timedelta(hours=1)
    assert stage.client.numbers(stage.access(), later).found == ()


def test_numbers_of_some_documents_are_asked_for_by_id() -> None:
    stage = a_stage()
    owner = stage.box.people.find(REALM_A, "Customer")[0]["Id"]
    memo = stage.box.people.add_credit_memo(REALM_A, owner, 5, "90210")
    invoice = stage.box.people.add_invoice(REALM_A, owner, 5, "90211")
    of = {"CreditMemo": [memo["Id"]], "Invoice": [invoice["Id"], "99999"]}
    told = stage.client.numbers(stage.access(), None, 1, of)
    assert {(d.entity, d.number) for d in told.found} == {("CreditMemo", "90210"), ("Invoice", "90211")}


def test_numbers_of_other_documents_are_read_without_those_of_invoices() -> None:
    stage = a_stage()
    owner = stage.box.people.find(REALM_A, "Customer")[0]["Id"]
    memo = stage.box.people.add_credit_memo(REALM_A, owner, 5, "90210")
    stage.box.people.add_invoice(REALM_A, owner, 5, "90211")
    told = stage.client.other_numbers(stage.access())
    assert ("CreditMemo", memo["Id"], "90210") in [(d.entity, d.id, d.number) for d in told.found]
    assert not told.more and "Invoice" not in {d.entity for d in told.found}
    assert stage.client.other_numbers(stage.access(), 1001).found == ()


def test_a_closing_date_is_seen() -> None:
    stage = a_stage()
    stage.box.people.set_preferences(REALM_A, BookCloseDate="2025-12-31")
    assert stage.client.books(stage.access()).close_date == date(2025, 12, 31)


# --- names ----------------------------------------------------------------------------------------------------------


def test_customers_are_found_by_exact_names_also_inactive_ones() -> None:
    stage = a_stage()
    access = stage.access(REALM_B)
    found = stage.client.customers_named(access, ["Old Mill Partners", "Nobody"])
    assert [(c.name, c.active) for c in found] == [("Old Mill Partners", False)]


@pytest.mark.parametrize("name", ["O'Brien & Sons", "Back\\slash", "50% (half)"])
def test_awkward_names_are_found(name: str) -> None:
    stage = a_stage()
    stage.box.people.add_customer(REALM_A, name)
    assert [c.name for c in stage.client.customers_named(stage.access(), [name])] == [name]


def test_a_name_held_by_a_vendor_or_employee_is_taken() -> None:
    stage = a_stage()
    taken = stage.client.names_taken(stage.access(REALM_B), ["Marlow Court Reporting", "Dana Whitlock", "Free"])
    assert taken == {"Marlow Court Reporting": "vendor", "Dana Whitlock": "employee"}


def test_the_names_that_no_active_customer_has_are_told_with_who_has_them_in_one_batch() -> None:
    stage = a_stage()
    access = stage.access(REALM_B)
    before = len(stage.box.log)
    names, more = stage.client.names_held(access)
    assert len(stage.box.log) == before + 1
    told = {n: names[n] for n in ("Marlow Court Reporting", "Dana Whitlock", "Old Mill Partners")}
    assert (more, list(told.values())) == (False, ["vendor", "employee", "inactive customer"])
    assert stage.client.names_held(access, 1001) == ({}, False)
    active = {c.name for c in stage.client.customers(stage.access(), 1, 500)}
    assert active and not active & set(stage.client.names_held(stage.access())[0])


def test_asking_for_nothing_asks_nothing() -> None:
    stage = a_stage()
    access, before = stage.access(), len(stage.box.log)
    client = stage.client
    assert client.customers_named(access, []) == []
    assert client.invoices_by_id(access, []) == []
    assert client.names_taken(access, []) == {}
    assert len(stage.box.log) == before


def test_more_ids_than_a_query_takes_are_asked_for_in_one_batch() -> None:
    stage = a_stage()
    access, ada = stage.access(), customer_id(stage)
    (first,) = write(stage, access, an_invoice(stage, ada), id="r-1")
    (last,) = write(stage, access, an_invoice(stage, ada, number="2002"), id="r-2")
    ids = [first.id, *(str(10**6 + n) for n in range(queries.IDS_AT_ONCE)), last.id]
    before = len(stage.box.log)
    whole = stage.client.invoices_by_id(access, ids)
    assert [e.path.rpartition("/")[2] for e in stage.box.log[before:]] == ["batch"]
    assert [i.id for i in whole] == [first.id, last.id]
    assert stage.client.invoices_by_id(access, [first.id, last.id]) == whole
    compared = stage.client.invoices_compared(access, ids)
    left_out: dict[str, Any] = {"updated_at": None, "currency": "", "message": "", "payments": ()}
    assert compared == [replace(i, **left_out) for i in whole], "all that a comparison looks at"
    with pytest.raises(ValueError, match="at most 6000"):
        stage.client.payments_by_id(access, ["1"] * (queries.IDS_AT_ONCE * queries.QUERIES_AT_ONCE + 1))


def test_where_quickbooks_gives_no_lists_of_columns_that_is_declined() -> None:
    stage = a_stage(column_lists=False)
    access = stage.access()
    for ids in (["1"], ["1"] * 201):
        with pytest.raises(Declined):
            stage.client.invoices_compared(access, ids)


# --- writes ---------------------------------------------------------------------------------------------------------


def test_a_customer_an_invoice_and_a_payment_are_written_and_read_back() -> None:
    stage = a_stage()
    access = stage.access()
    (customer,) = write(stage, access, a_customer(), id="r-1")
    (invoice,) = write(stage, access, an_invoice(stage, customer.id), id="r-2")
    assert (invoice.ok, invoice.total) == (True, 1030)
    (payment,) = write(stage, access, a_payment(stage, customer.id, invoice.id, 500), id="r-3")
    (read,) = stage.client.invoices_numbered(access, ["2001"])
    assert (read.id, read.total, read.balance, read.payments) == (invoice.id, 1030, 530, (payment.id,))
    (paid,) = stage.client.payments_on(access, customer.id, date(2026, 3, 2))
    assert (paid.lines, paid.total, paid.unapplied, paid.reference) == (((invoice.id, 500),), 500, 0, "FS-1")
    assert stage.client.payments_by_id(access, [payment.id]) == [paid]


def test_the_stored_text_is_what_travels() -> None:
    stage = a_stage()
    request = stage.client.request([("m0", a_customer())])
    sent: list[bytes] = []
    send = stage.session.request

    def spying(*args: Any, **more: Any) -> Any:
        sent.append(more["data"])
        return send(*args, **more)

    access = stage.access()
    stage.session.request = spying  # type: ignore[method-assign]
    stage.client.send(access, request, "r-1")
    assert sent == [request["body"].encode()]


def test_a_discount_is_a_line_of_its_own() -> None:
    stage = a_stage()
    (made,) = write(stage, stage.access(), an_invoice(stage, customer_id(stage), discount=30))
    assert made.total == 1000


def test_an_update_replaces_lines_and_keeps_the_number() -> None:
    stage = a_stage()
    access, ada = stage.access(), customer_id(stage)
    (made,) = write(stage, access, an_invoice(stage, ada), id="r-1")
    lines = (WantedLine("Less", 700, stage.item()),)
    wanted = an_invoice(stage, ada, lines=lines, existing=(made.id, made.sync_token))
    (changed,) = write(stage, access, wanted, id="r-2")
    assert (changed.id, changed.total) == (made.id, 700)
    (stale,) = write(stage, access, wanted, id="r-3")
    assert stale.fault[0] == "5010"


def test_invoices_and_payments_are_voided() -> None:
    stage = a_stage()
    access, ada = stage.access(), customer_id(stage)
    (invoice,) = write(stage, access, an_invoice(stage, ada), id="r-1")
    (payment,) = write(stage, access, a_payment(stage, ada, invoice.id, 1030), id="r-2")
    (paid,) = stage.client.payments_by_id(access, [payment.id])
    (gone,) = write(stage, access, Void("Payment", paid.id, paid.sync_token), id="r-3")
    assert gone.ok
    assert stage.client.payments_by_id(access, [payment.id])[0].voided
    (open_again,) = stage.client.invoices_by_id(access, [invoice.id])
    assert open_again.balance == 1030
    (gone,) = write(stage, access, Void("Invoice", invoice.id, open_again.sync_token), id="r-4")
    assert gone.ok
    (voided,) = stage.client.invoices_by_id(access, [invoice.id])
    assert voided.voided
    assert "fee-simple:bill:1" in voided.note


def test_one_refused_member_does_not_stop_the_others() -> None:
    stage = a_stage()
    ada = customer_id(stage)
    taken, made = write(stage, stage.access(), an_invoice(stage, ada, number="1043"), an_invoice(stage, ada))
    assert taken.fault[0] == "6140"
    assert made.ok


def test_a_lost_batch_may_have_been_carried_out() -> None:
    stage = a_stage()
    access = stage.access()
    stage.fault(do="drop_answer", path="/batch")
    with pytest.raises(Unavailable) as later:
        write(stage, access, a_customer())
    assert later.value.maybe_done
    assert stage.client.customers_named(access, ["Orr, Dana"])


def test_a_repeated_batch_comes_back_the_same_where_quickbooks_remembers() -> None:
    stage = a_stage(batch_replay="replay")
    access = stage.access()
    assert write(stage, access, a_customer()) == write(stage, access, a_customer())


def test_a_repeated_batch_is_declined_where_quickbooks_does_not_replay() -> None:
    stage = a_stage(batch_replay="error6000")
    access = stage.access()
    write(stage, access, a_customer())
    with pytest.raises(Declined) as no:
        write(stage, access, a_customer())
    assert no.value.code == "6000"


@pytest.mark.parametrize("body", ["<html>", "{}", '{"BatchItemResponse": [{"bId": "m0", "Customer": {}}]}'])
def test_an_answer_to_a_write_that_cannot_be_read_leaves_it_in_doubt(body: str) -> None:
    stage = a_stage()
    access = stage.access()
    stage.fault(do="status", status=200, body=body, path="/batch")
    with pytest.raises(Unavailable) as later:
        write(stage, access, a_customer())
    assert later.value.maybe_done


def test_a_request_id_that_is_too_long_is_not_sent() -> None:
    stage = a_stage()
    with pytest.raises(ValueError, match="request id"):
        write(stage, stage.access(), a_customer(), id="x" * 37)


# --- changes --------------------------------------------------------------------------------------------------------


def test_changes_show_edits_and_deletions_since() -> None:
    stage = a_stage()
    access = stage.access()
    (invoice,) = write(stage, access, an_invoice(stage, customer_id(stage)))
    stage.clock.move(minutes=30)
    since = stage.clock.now() - timedelta(minutes=1)
    stage.box.people.delete_invoice(REALM_A, invoice.id)
    stage.box.people.change_email(REALM_A, customer_id(stage), "new@example.com")
    changes = stage.client.changes(access, since)
    assert ("Invoice", invoice.id) in changes.deleted
    assert [c.email for c in changes.customers] == ["new@example.com"]
    assert changes.at >= since
    assert not changes.full
    assert stage.client.invoices_by_id(access, [invoice.id]) == []


def test_a_full_answer_is_told() -> None:
    stage = a_stage(cdc_cap=1000)
    for n in range(1001):
        stage.box.people.add_customer(REALM_A, f"Customer {n}")
    assert stage.client.changes(stage.access(), stage.clock.now() - timedelta(days=1)).full


def test_looking_back_too_far_is_declined() -> None:
    stage = a_stage()
    with pytest.raises(Declined):
        stage.client.changes(stage.access(), stage.clock.now() - timedelta(days=40))


# --- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["lower", "upper"])
def test_a_refused_token_is_expired(case: str) -> None:
    stage = a_stage(gateway_fault_case=case)
    access = stage.access()
    stage.clock.move(hours=2)
    with pytest.raises(Expired):
        stage.client.invoices_numbered(access, ["1042"])


@pytest.mark.parametrize("case", ["lower", "upper"])
def test_a_foreign_company_is_disconnected(case: str) -> None:
    stage = a_stage(gateway_fault_case=case)
    with pytest.raises(Disconnected) as lost:
        stage.client.books(replace(stage.access(REALM_A), account=REALM_B))
    assert (lost.value.firm, lost.value.neighbour) == ("f1", "quickbooks")


@pytest.mark.parametrize("xml", [False, True])
def test_a_throttle_waits_a_minute_and_did_nothing(xml: bool) -> None:
    stage = a_stage(throttle_as_xml=xml)
    access = stage.access()
    stage.box.switches.update({"ignore_limits": False, "limit_per_minute": 1})
    stage.client.invoices_numbered(access, ["1042"])
    with pytest.raises(Unavailable) as later:
        write(stage, access, a_customer())
    assert (later.value.after, later.value.maybe_done) == (60.0, False)


def test_a_fault_inside_a_success_is_a_fault() -> None:
    stage = a_stage(fault_with_200=True)
    with pytest.raises(Declined):
        stage.client.changes(stage.access(), stage.clock.now() - timedelta(days=40))


def test_a_lapsed_company_refuses_each_member() -> None:
    stage = a_stage()
    access = stage.access()
    stage.box.people.lapse(REALM_A)
    assert write(stage, access, a_customer())[0].fault[0] == "6190"


def test_closed_books_refuse_the_member() -> None:
    stage = a_stage()
    access = stage.access()
    stage.box.people.set_preferences(REALM_A, BookCloseDate="2026-03-01")
    assert write(stage, access, an_invoice(stage, customer_id(stage)))[0].fault[0] == "6210"


@pytest.mark.parametrize("status", [500, 503])
def test_intuits_own_fault_is_for_later(status: int) -> None:
    stage = a_stage()
    access = stage.access()
    stage.fault(do="status", status=status, path="/query")
    with pytest.raises(Unavailable) as later:
        stage.client.invoices_numbered(access, ["1042"])
    assert not later.value.maybe_done


@pytest.mark.parametrize("do", ["drop_request", "drop_answer", "slow"])
def test_a_lost_read_is_for_later_and_did_nothing(do: str) -> None:
    stage = a_stage()
    access = stage.access()
    stage.fault(do=do, path="/query")
    with pytest.raises(Unavailable) as later:
        stage.client.invoices_numbered(access, ["1042"])
    assert not later.value.maybe_done


def test_a_read_that_cannot_be_understood_is_unreadable() -> None:
    stage = a_stage()
    access = stage.access()
    stage.fault(do="status", status=200, body="<html>", path="/query")
    with pytest.raises(Unreadable):
        stage.client.invoices_numbered(access, ["1042"])


def test_the_client_has_the_shape_that_the_flows_ask_for() -> None:
    from chalicelib.flow.ports import QuickBooks

    client: QuickBooks = a_stage().client
    assert client
