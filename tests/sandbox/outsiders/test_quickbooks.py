"""The QuickBooks sandbox driven by two libraries that know nothing of it: python-quickbooks and Intuit's intuit-oauth.

Their calls go to Intuit's own hosts, unchanged. What they do of their own (defaults sent as empty strings and zeros,
ids of 36 characters in a batch) the sandbox has to take, as QuickBooks does (8). Sections are of
reference/quickbooks.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from intuitlib.exceptions import AuthClientError
from quickbooks import QuickBooks
from quickbooks.batch import batch_create, batch_update
from quickbooks.cdc import change_data_capture
from quickbooks.exceptions import (
    AuthorizationException,
    ObjectNotFoundException,
    QuickbooksException,
    ValidationException,
)
from quickbooks.objects import CreditMemo, Customer, Invoice, JournalEntry, Payment, Preferences, Ref
from quickbooks.objects.base import EmailAddress, LinkedTxn
from quickbooks.objects.detailline import SalesItemLine, SalesItemLineDetail
from quickbooks.objects.journalentry import JournalEntryLine, JournalEntryLineDetail
from quickbooks.objects.payment import PaymentLine

from infra.sandbox.kit import ManualClock
from infra.sandbox.quickbooks import REALM_A, QuickBooksSandbox, seed
from tests.sandbox.outsiders.wired import wire

BACK = "https://outsider.example/back"


@dataclass
class Outsider:
    """An app built on both libraries, connected to one company."""

    box: QuickBooksSandbox
    clock: ManualClock
    auth: Any
    books: Any

    def ref(self, entity: str, **named: str) -> Any:
        found = Ref()
        found.value = self.box.people.find(REALM_A, entity, **named)[0]["Id"]
        return found

    def invoice(self, number: str, amount: int = 100, *, customer: str = "Ada Example") -> Any:
        made = Invoice()
        made.DocNumber = number
        made.CustomerRef = self.ref("Customer", DisplayName=customer)
        made.Line = [self.line(amount)]
        return made

    def line(self, amount: int) -> Any:
        detail = SalesItemLineDetail()
        detail.ItemRef = self.ref("Item", Name="Legal services")
        # Its defaults are 0, and an amount that is not their product is refused with 6070 (3.4): theirs to set.
        detail.Qty, detail.UnitPrice = 1, amount
        line = SalesItemLine()
        line.Amount, line.SalesItemLineDetail = amount, detail
        return line


@pytest.fixture
def outsider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Outsider]:
    clock = ManualClock()
    box = QuickBooksSandbox(clock, clients={"theirs": ("their-secret", [BACK])})
    seed(box)
    wire(monkeypatch, "intuit.com", box)
    auth = AuthClient("theirs", "their-secret", BACK, "sandbox")
    url = auth.get_authorization_url([Scopes.ACCOUNTING], state_token="once")
    back = parse_qs(urlsplit(box.door.decide_url(url, REALM_A)).query)
    auth.get_bearer_token(back["code"][0], realm_id=back["realmId"][0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        books = QuickBooks(auth_client=auth, company_id=REALM_A, minorversion=75)
    yield Outsider(box, clock, auth, books)
    assert not any(entry.status >= 500 for entry in box.log)


# --- tokens (1) ----------------------------------------------------------------------------------------------------


def test_tokens_come_by_the_discovery_document_and_rotate_after_a_day(outsider: Outsider) -> None:
    auth = outsider.auth
    first = auth.refresh_token
    assert (auth.expires_in, auth.issuer_uri) == (3600, "https://oauth.platform.intuit.com/op/v1")
    auth.refresh()
    assert auth.refresh_token == first
    outsider.clock.move(hours=25)
    auth.refresh()
    assert auth.refresh_token != first
    outsider.clock.move(minutes=5)  # sooner, a second refresh looks like a race and ends the grant (1.5)
    with pytest.raises(AuthClientError) as refused:
        auth.refresh(refresh_token=first)
    assert refused.value.status_code == 400
    auth.refresh()


def test_a_revoked_grant_reads_nothing(outsider: Outsider) -> None:
    assert outsider.auth.revoke(token=outsider.auth.refresh_token)
    with pytest.raises(AuthorizationException):
        Customer.all(qb=outsider.books)
    with pytest.raises(AuthClientError):
        outsider.auth.refresh()


# --- objects (2.1-2.5, 3, 4) ---------------------------------------------------------------------------------------


def test_a_customer_is_created_read_found_and_changed(outsider: Outsider) -> None:
    made = Customer()
    made.DisplayName, made.GivenName = "Orr's \\ Heirs", "Dana"
    made.PrimaryEmailAddr = EmailAddress()
    made.PrimaryEmailAddr.Address = "dana@orr.example"
    kept = made.save(qb=outsider.books)
    assert Customer.get(kept.Id, qb=outsider.books).PrimaryEmailAddr.Address == "dana@orr.example"
    kept.CompanyName = "Orr Ltd"
    assert kept.save(qb=outsider.books).SyncToken == "1"
    with pytest.raises(QuickbooksException) as stale:
        kept.save(qb=outsider.books)
    assert stale.value.error_code == 5010
    # It escapes ' but not \ (8): names without a backslash are found.
    assert [c.Id for c in Customer.filter(CompanyName="Orr Ltd", qb=outsider.books)] == [kept.Id]
    assert Customer.count("DisplayName LIKE 'Orr%'", qb=outsider.books) == 1
    double = Customer()
    double.DisplayName = made.DisplayName
    with pytest.raises(QuickbooksException) as taken:
        double.save(qb=outsider.books)
    assert taken.value.error_code == 6240


def test_queries_page_and_refuse_what_the_language_lacks(outsider: Outsider) -> None:
    for n in range(5):
        outsider.invoice(f"P{n}").save(qb=outsider.books)
    outsider.clock.move(seconds=1)  # 10 calls a second (2.8), and it does not wait
    first = Invoice.where("DocNumber LIKE 'P%'", order_by="DocNumber", max_results=2, qb=outsider.books)
    rest = Invoice.where(
        "DocNumber LIKE 'P%'", order_by="DocNumber", start_position=3, max_results=9, qb=outsider.books
    )
    assert [i.DocNumber for i in [*first, *rest]] == [f"P{n}" for n in range(5)]
    assert [i.DocNumber for i in Invoice.choose(["P1", "P4"], field="DocNumber", qb=outsider.books)] == ["P1", "P4"]
    assert Invoice.filter(DocNumber="none", qb=outsider.books) == []
    with pytest.raises(ValidationException):
        Invoice.where("DocNumber = 'P1' OR DocNumber = 'P2'", qb=outsider.books)
    with pytest.raises(ValidationException):
        Invoice.filter(PrivateNote="x", qb=outsider.books)


def test_an_invoice_is_voided_and_a_deleted_one_is_gone(outsider: Outsider) -> None:
    kept = outsider.invoice("V1").save(qb=outsider.books)
    assert (kept.TotalAmt, kept.Balance, kept.Line[0].SalesItemLineDetail.UnitPrice) == (100, 100, 100)
    kept.void(qb=outsider.books)
    voided = Invoice.get(kept.Id, qb=outsider.books)
    assert (voided.TotalAmt, voided.DocNumber, voided.PrivateNote) == (0, "V1", "Voided")
    voided.delete(qb=outsider.books)
    with pytest.raises(ObjectNotFoundException):
        Invoice.get(kept.Id, qb=outsider.books)


def test_a_number_taken_names_its_holder(outsider: Outsider) -> None:
    first = outsider.invoice("N1").save(qb=outsider.books)
    with pytest.raises(QuickbooksException) as taken:
        outsider.invoice("N1").save(qb=outsider.books)
    assert taken.value.error_code == 6140
    assert f"TxnId={first.Id}" in taken.value.detail


def test_a_payment_is_applied_and_voided(outsider: Outsider) -> None:
    invoice = outsider.invoice("Y1").save(qb=outsider.books)
    paid = Payment()
    paid.CustomerRef, paid.TotalAmt = outsider.ref("Customer", DisplayName="Ada Example"), 60
    paid.Line = [PaymentLine()]
    paid.Line[0].Amount = 60
    paid.Line[0].LinkedTxn = [LinkedTxn()]
    paid.Line[0].LinkedTxn[0].TxnId, paid.Line[0].LinkedTxn[0].TxnType = invoice.Id, "Invoice"
    kept = paid.save(qb=outsider.books)
    shown = Invoice.get(invoice.Id, qb=outsider.books)
    assert (shown.Balance, shown.LinkedTxn[0].TxnId) == (40, kept.Id)
    kept.void(qb=outsider.books)
    assert Invoice.get(invoice.Id, qb=outsider.books).Balance == 100
    assert Payment.get(kept.Id, qb=outsider.books).TotalAmt == 0


def test_a_credit_memo_and_a_journal_entry_are_taken(outsider: Outsider) -> None:
    memo = CreditMemo()
    memo.CustomerRef = outsider.ref("Customer", DisplayName="Ada Example")
    memo.Line = [outsider.line(30)]
    assert memo.save(qb=outsider.books).RemainingCredit == 30
    entry = JournalEntry()
    for kind, account in (("Debit", "Client Trust Account"), ("Credit", "Client Trust Liability")):
        line = JournalEntryLine()
        line.Amount, line.JournalEntryLineDetail = 75, JournalEntryLineDetail()
        line.JournalEntryLineDetail.PostingType = kind
        line.JournalEntryLineDetail.AccountRef = outsider.ref("Account", Name=account)
        entry.Line.append(line)
    kept = entry.save(qb=outsider.books)
    assert [line.Amount for line in JournalEntry.get(kept.Id, qb=outsider.books).Line] == [75, 75]


def test_decimals_may_come_as_strings(outsider: Outsider) -> None:
    """With ``use_decimal`` it sends amounts as JSON strings, which QuickBooks takes (8)."""
    outsider.books.use_decimal = True
    made = outsider.invoice("D1")
    detail = made.Line[0].SalesItemLineDetail
    made.Line[0].Amount = detail.UnitPrice = Decimal("0.29")
    kept = made.save(qb=outsider.books)
    assert kept.TotalAmt == Decimal("0.29")
    kept.PrivateNote = "read with decimals, sent back as it came"
    assert kept.save(qb=outsider.books).TotalAmt == Decimal("0.29")


def test_preferences_are_read(outsider: Outsider) -> None:
    assert Preferences.get(qb=outsider.books).SalesFormsPrefs.CustomTxnNumbers is True


# --- requestid, batch, change data capture (2.3, 2.6, 2.7) ---------------------------------------------------------


def test_a_requestid_makes_one_object(outsider: Outsider) -> None:
    first = outsider.invoice("R1").save(qb=outsider.books, request_id="once-1")
    again = outsider.invoice("R1").save(qb=outsider.books, request_id="once-1")
    assert (again.Id, again.MetaData.CreateTime) == (first.Id, first.MetaData.CreateTime)
    assert Invoice.count("DocNumber = 'R1'", qb=outsider.books) == 1


def test_a_batch_answers_each_member_by_itself(outsider: Outsider) -> None:
    numbers = [f"B{n:02d}" for n in range(31)]
    told = batch_create([outsider.invoice(n) for n in [*numbers, "B00"]], qb=outsider.books)
    assert len(told.successes) == 31
    assert [fault.Error[0].code for fault in told.faults] == ["6140"]
    assert [e.path.rpartition("/")[2] for e in outsider.box.log].count("batch") == 2
    for kept in told.successes:
        kept.PrivateNote = "changed"
    changed = batch_update(told.successes[:3], qb=outsider.books)
    assert [kept.SyncToken for kept in changed.successes] == ["1", "1", "1"]


def test_change_data_capture_tells_what_changed_and_what_is_gone(outsider: Outsider) -> None:
    since = outsider.clock.now() + timedelta(seconds=1)
    outsider.clock.move(minutes=1)
    gone, stays = (outsider.invoice(n).save(qb=outsider.books) for n in ("C1", "C2"))
    gone.delete(qb=outsider.books)
    told = change_data_capture([Invoice, Customer], since.isoformat(), qb=outsider.books)
    # Deleted ones come as ordinary objects with a status (8); an entity without changes has no attribute.
    found = {i.Id: getattr(i, "status", None) for i in told.Invoice}
    assert found == {gone.Id: "Deleted", stays.Id: None}
    assert not hasattr(told, "Customer")
    with pytest.raises(QuickbooksException):
        change_data_capture([Invoice], (since - timedelta(days=31)).isoformat(), qb=outsider.books)


# --- limits (2.8) --------------------------------------------------------------------------------------------------


def test_too_many_calls_are_refused_and_it_does_not_wait(outsider: Outsider) -> None:
    """It knows no 429, and makes 10000 of every gateway fault in lower case (8)."""
    with pytest.raises(QuickbooksException, match="429") as throttled:
        for _ in range(11):
            Customer.count(qb=outsider.books)
    assert throttled.value.error_code == 10000


def test_no_other_host_is_asked(outsider: Outsider) -> None:
    with pytest.raises(AssertionError, match=r"elsewhere\.example"):
        requests.get("https://elsewhere.example/", timeout=1)
