"""What follows when Clio shows a bill: the payable's facts from its owner, and what QuickBooks should then show."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain import billing, paylinks, receipts, staying
from chalicelib.domain.billing import BillSeen, InvoiceBooked, LinesRead
from chalicelib.domain.effects import Do, key_of
from chalicelib.domain.firm import Invoicing
from chalicelib.domain.kernel import Decision
from chalicelib.domain.payable import Booked, Payable, Share
from chalicelib.domain.readings import BillState, ClientReading, Pot, Receipt
from chalicelib.errors import Unreadable
from tests.builders import NOW, TODAY, a_bill, a_firm
from tests.domain.given import a_policy, a_receipt, a_share, kinds, one

POLICY = a_policy()
LATER = NOW + timedelta(hours=1)


def seen(before: Payable | None, /, *receipts: Receipt, **bill: Any) -> Decision[Payable]:
    return billing.seen(before, BillSeen(a_bill(**bill), receipts, LATER), POLICY, LATER)


def known(**fields: Any) -> Payable:
    return replace(seen(None).state, **fields)


# --- which bills come in ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bill", "why"),
    [
        ({"state": BillState.DRAFT}, "draft"),
        ({"state": BillState.AWAITING_APPROVAL}, "awaiting approval"),
        ({"state": BillState.VOID}, "void before we saw it"),
        ({"state": BillState.DELETED}, "deleted before we saw it"),
        ({"state": BillState.PAID, "balance": 0}, ""),
        ({"state": BillState.PAID, "balance": 0, "issued_on": TODAY - timedelta(days=61)}, "issued before"),
        ({"state": BillState.PAID, "balance": 0, "issued_on": TODAY - timedelta(days=60)}, ""),
        ({"state": BillState.PAID, "balance": 0, "issued_on": None}, ""),
        ({"issued_on": TODAY - timedelta(days=900)}, ""),
        ({"balance": 0, "issued_on": TODAY - timedelta(days=61)}, "issued before"),
        ({"balance": 1, "issued_on": TODAY - timedelta(days=61)}, ""),
    ],
)
def test_unpaid_bills_come_in_and_others_only_since_the_start_date(bill: dict[str, Any], why: str) -> None:
    told = billing.left_alone(a_bill(**bill), a_firm())
    assert told.startswith(why) if why else told == ""


# --- the first reading ------------------------------------------------------------------------------------------------


TAKEN_OVER = (
    *("id", "number", "pot", "matters", "currency", "issued_on", "due_on", "total", "asks", "tax", "interest"),
    *("discount", "balance", "pending", "credits", "paid", "etag", "updated_at", "transitions"),
)


def test_a_new_bill_is_taken_over_and_its_lines_are_owed() -> None:
    bill = a_bill(tax=500, interest=7, discount=3, pending=0, transitions=("paid",))
    decision = billing.seen(None, BillSeen(bill, (), LATER), POLICY, LATER)
    p = decision.state
    for field in TAKEN_OVER:
        assert getattr(p, field) == getattr(bill, field), field
    assert (p.firm, p.bill_state, p.read_at, p.revision) == ("us-1", BillState.AWAITING_PAYMENT, LATER, 1)
    assert (p.client_id, p.client_name, p.client_email) == ("c1", "Ada Example", "ada@example.com")
    lines = one(decision.effects, Do.READ_LINES)
    assert lines.body == {"bill": "b1", "revision": 1}
    assert lines.lane == "us-1|clio|us/1"
    assert lines.due_at == LATER


def test_in_a_first_sync_lines_and_memo_wait_their_turn() -> None:
    policy = a_policy(invoicing=Invoicing(clio_memo=True))
    fact = BillSeen(a_bill(), (), LATER, pace=30)
    owed = billing.seen(None, fact, policy, LATER).effects
    lines, memo = one(owed, Do.READ_LINES), one(owed, Do.BILL_MEMO)
    assert (lines.due_at, lines.body["paced"]) == (LATER + timedelta(minutes=30), True)
    assert memo.due_at == LATER + timedelta(minutes=32)
    later = billing.seen(known(), BillSeen(a_bill(etag="e2"), (), LATER, pace=30), policy, LATER)
    assert one(later.effects, Do.READ_LINES).due_at == LATER, "a bill that is known is no first sync"
    assert [e.due_at for e in paylinks.memo_owed(known(), policy, LATER)] == [LATER + timedelta(minutes=2)]


def test_a_new_bill_belongs_to_the_generation_of_links_that_it_came_in() -> None:
    assert billing.seen(None, BillSeen(a_bill(), (), LATER), a_policy(generation=3), LATER).state.generation == 3


def test_a_trust_request_makes_no_invoice() -> None:
    assert seen(None, pot=Pot.TRUST).effects == ()


@pytest.mark.parametrize(
    ("bill", "what"), [({"client": None}, "client"), ({"number": ""}, "number"), ({"number": "  "}, "number")]
)
def test_a_bill_without_client_or_number_parks(bill: dict[str, Any], what: str) -> None:
    with pytest.raises(Unreadable) as told:
        seen(None, **bill)
    assert (told.value.what, told.value.raw) == (what, str(bill[what]))
    assert told.value.remedy


@pytest.mark.parametrize("state", [BillState.VOID, BillState.DELETED])
def test_a_removed_bill_may_have_lost_its_client(state: BillState) -> None:
    after = seen(known(), client=None, state=state, etag="e2", balance=0).state
    assert after.gone
    assert after.client_name == "Ada Example"


# --- later readings ---------------------------------------------------------------------------------------------------


def test_the_same_bill_again_changes_nothing() -> None:
    before = known()
    assert seen(before) == Decision(before)


def test_a_new_etag_alone_may_mean_new_lines() -> None:
    decision = seen(known(), etag="e2")
    assert decision.state.revision == 2
    assert decision.state.read_at == LATER
    assert kinds(decision) == [Do.READ_LINES]
    assert key_of("us-1", Do.READ_LINES, "b1/1") in decision.closes
    assert key_of("us-1", Do.INVOICE, "b1/1") in decision.closes


@pytest.mark.parametrize(
    "changed",
    [
        {"number": "1042A"},
        {"issued_on": TODAY},
        {"due_on": TODAY},
        {"total": 1},
        {"asks": 1},
        {"tax": 1},
        {"interest": 1},
        {"discount": 1},
        {"client": ClientReading("c2", "Ada Example", "ada@example.com")},
    ],
)
def test_what_quickbooks_should_show_makes_a_new_revision(changed: dict[str, Any]) -> None:
    assert seen(known(), etag="e2", balance=30000, **changed).state.revision == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"balance": 30000},
        {"pending": 5},
        {"credits": 5},
        {"paid": 5},
        {"state": BillState.PAID, "balance": 0},
        {"client": ClientReading("c1", "Ada E.", "ada@example.com")},
        {"client": ClientReading("c1", "Ada Example", "new@example.com")},
        {"transitions": ("paid",)},
    ],
)
def test_what_only_says_that_it_was_paid_makes_none(changed: dict[str, Any]) -> None:
    decision = seen(known(), etag="e2", **changed)
    assert decision.state.revision == 1
    assert Do.READ_LINES not in kinds(decision)
    assert decision.closes == ()


def test_a_removed_bill_goes_to_quickbooks_without_reading_lines() -> None:
    decision = seen(known(), state=BillState.VOID, etag="e2", balance=0)
    assert kinds(decision) == [Do.INVOICE]
    assert decision.state.revision == 2


def test_later_readings_are_taken_over_whole() -> None:
    bill = a_bill(
        etag="e2", number="1042A", currency="CAD", updated_at=LATER, issued_on=TODAY, due_on=TODAY, total=41000,
        asks=42000, tax=500, interest=7, discount=3, pending=4, balance=300, credits=5, paid=6,
        transitions=("void",), matters=("00002-Other",), client=ClientReading("c2", "Bo Other", "bo@example.com"),
    )  # fmt: skip
    before = known()
    p = billing.seen(before, BillSeen(bill, (), LATER), a_policy(generation=2), LATER).state
    for field in TAKEN_OVER:
        assert getattr(p, field) == getattr(bill, field), field
    assert (p.client_id, p.client_name, p.client_email) == ("c2", "Bo Other", "bo@example.com")
    assert p.generation == before.generation, "the link's own, until it is linked afresh"


def test_the_due_date_that_clio_showed_last_is_remembered_while_it_shows_none() -> None:
    p = known()
    was = p.due_on
    assert was
    for due, remembered in ((None, was), (None, was), (TODAY, None), (None, TODAY)):
        p = billing.seen(p, BillSeen(a_bill(due_on=due), (), LATER), a_policy(), LATER).state
        assert (p.due_on, p.due_was) == (due, remembered)


def test_our_own_change_counts_only_while_clio_says_paid() -> None:
    before = known(shares=(a_share(patched=True),))
    assert seen(before, state=BillState.PAID, balance=0, etag="e2").state.shares[0].patched
    assert not seen(before, etag="e2", balance=40000).state.shares[0].patched


def test_receipts_that_were_not_read_leave_the_known_ones_alone() -> None:
    before = seen(None, a_receipt(cents=100), balance=39900).state
    fact = BillSeen(a_bill(balance=39900, etag="e2", pending=3), None, LATER)
    assert billing.seen(before, fact, POLICY, LATER).state.receipts == before.receipts


def test_a_question_that_answered_itself_closes() -> None:
    asked = seen(known(shares=(a_share(),)), a_receipt(), balance=0, state=BillState.PAID, etag="e2").state
    task = receipts.match_task("us-1", "b1", asked.receipts[0])
    assert task not in seen(asked, a_receipt(), balance=0, state=BillState.PAID, etag="e2").closes
    assert task in seen(asked, balance=40000, etag="e3").closes


def test_a_hold_that_clio_lifted_closes_its_task() -> None:
    gone = a_share(cents=25000, shown=(("r1", 40000),))
    shown = a_receipt(text="FS-ABC234")
    first = seen(known(shares=(a_share(),)), shown, balance=0, etag="e2").state
    held = replace(first, shares=(gone,), hold=receipts.REMOVE_IN_CLIO, hold_seq=3)
    task = receipts.removal_task("us-1", "b1", 3)
    assert task not in seen(held, shown, balance=0, etag="e2").closes
    lifted = seen(held, balance=40000, etag="e3")
    assert lifted.state.hold == ""
    assert task in lifted.closes


def test_the_time_of_a_reading_moves_only_with_news() -> None:
    before = known(read_at=NOW)
    assert seen(before).state.read_at == NOW
    assert seen(before, etag="e2").state.read_at == LATER


def test_a_known_bill_that_lost_its_client_parks_unless_it_was_removed() -> None:
    with pytest.raises(Unreadable):
        seen(known(), client=None, etag="e2")
    with pytest.raises(Unreadable):
        seen(None, client=None, state=BillState.VOID)


def test_a_surplus_is_shown_as_a_task_and_closed_when_it_is_gone() -> None:
    before = known(shares=(a_share(),))
    lowered = seen(before, asks=30000, total=30000, balance=30000, etag="e2")
    task = one(lowered.effects, Do.TASK)
    assert "$100.00" in task.reason
    raised = seen(lowered.state, etag="e3")
    assert task.key in raised.closes
    assert Do.TASK not in kinds(raised)


@pytest.mark.parametrize(("pot", "twice"), [(Pot.OPERATING, True), (Pot.TRUST, False)])
def test_a_surplus_that_is_recorded_elsewhere_would_stand_in_quickbooks_twice_but_for_trust(
    pot: Pot, *, twice: bool
) -> None:
    lowered = seen(known(shares=(a_share(),), pot=pot), pot=pot, asks=30000, total=30000, balance=30000, etag="e2")
    assert ("lower the client's payment there" in one(lowered.effects, Do.TASK).remedy) == twice


# --- lines and the invoice --------------------------------------------------------------------------------------------


def test_once_its_lines_are_stored_the_invoice_is_owed_after_its_customer() -> None:
    decision = billing.lines_read(known(), LinesRead(1, "doc-1"), POLICY, LATER)
    assert (decision.state.lines, decision.state.lines_revision) == ("doc-1", 1)
    assert decision.names == ("doc-1",)
    invoice = one(decision.effects, Do.INVOICE)
    assert invoice.after == ("customer/c1",)
    assert invoice.lane == "us-1|quickbooks|realm-1"
    assert invoice.title == "Bill 1042, Ada Example"
    assert invoice.body["number"] == "1042"


@pytest.mark.parametrize("revision", [1, 3])
def test_lines_of_another_revision_change_nothing(revision: int) -> None:
    state = known(revision=2)
    assert billing.lines_read(state, LinesRead(revision, "doc"), POLICY, LATER) == Decision(state)


def test_a_booked_invoice_is_linked_to_this_bill_alone() -> None:
    decision = billing.booked(known(), InvoiceBooked("77", "realm-1", 1, 40000), LATER)
    assert decision.state.booked == Booked("77", 1, 40000)
    assert [(g.key, g.holder) for g in decision.guards] == [("quickbooks/realm-1/invoice/77", "us-1/b1")]
    assert decision.effects == ()


def test_another_total_in_quickbooks_becomes_a_task() -> None:
    decision = billing.booked(known(), InvoiceBooked("77", "realm-1", 1, 39999), LATER)
    assert one(decision.effects, Do.TASK).body == {"clio": 40000, "quickbooks": 39999}


@pytest.mark.parametrize("fields", [{"voided": True}, {"revision": 0}])
def test_the_total_of_a_voided_or_older_invoice_says_nothing(fields: dict[str, Any]) -> None:
    fact = replace(InvoiceBooked("77", "realm-1", 1, 0), **fields)
    assert billing.booked(known(), fact, LATER).effects == ()


def test_an_answer_to_an_older_revision_changes_nothing() -> None:
    state = known(booked=Booked("77", 3, 40000))
    assert billing.booked(state, InvoiceBooked("77", "realm-1", 2, 1), LATER) == Decision(state)


def test_a_later_answer_never_lowers_the_revision_and_a_void_is_kept() -> None:
    state = known(booked=Booked("70", 3, 40000))
    assert billing.booked(state, InvoiceBooked("77", "realm-1", 2, 40000), LATER).state.booked == Booked("77", 3, 40000)
    same = InvoiceBooked("70", "realm-1", 3, 0, voided=True)
    assert billing.booked(state, same, LATER).state.booked == Booked("70", 3, 0, voided=True)
    assert billing.booked(known(), InvoiceBooked("7", "realm-1", 0, 5), LATER).state.booked == Booked("7", 0, 5)


def test_tasks_about_an_invoice_name_the_bill() -> None:
    task = one(billing.booked(known(), InvoiceBooked("77", "realm-1", 1, 39999), LATER).effects, Do.TASK)
    assert (task.key, task.about, task.title) == ("us-1/task/total/b1/1", "payable/b1", "Invoice 1042")
    fact = InvoiceBooked("77", "realm-1", 1, 40000, waits=True, unmatched="$5.00")
    task = one(billing.booked(known(), fact, LATER).effects, Do.TASK)
    assert (task.key, task.about) == ("us-1/task/payments/b1/77", "payable/b1")
    assert "1042" in task.title
    assert task.body == {"payable": "b1", "release": True}


def test_once_adopted_an_invoice_stays_so() -> None:
    state = known(booked=Booked("77", 1, 40000, adopted=True))
    after = billing.booked(state, InvoiceBooked("77", "realm-1", 2, 40000), LATER).state.booked
    assert after == Booked("77", 2, 40000, adopted=True)


def test_what_a_person_left_on_an_invoice_stays_with_its_link() -> None:
    left = (("9", 500),)
    fact = InvoiceBooked("77", "realm-1", 1, 40000, adopted=True, left=left)
    first = billing.booked(known(), fact, LATER).state
    assert first.booked == Booked("77", 1, 40000, adopted=True, untouched=True, left=left)
    again = billing.booked(first, InvoiceBooked("77", "realm-1", 2, 40000), LATER).state
    assert again.booked == Booked("77", 2, 40000, adopted=True, left=left)
    other = billing.booked(first, InvoiceBooked("78", "realm-1", 2, 40000), LATER).state.booked
    assert other is not None
    assert other.left == ()


def test_what_is_known_of_a_link_stays_with_it_and_goes_with_it() -> None:
    """How often it was broken and its payments asked about, and whether they wait."""
    state = known(booked=Booked("77", 1, 40000, waits=True, breaks=2, asked=3, customer="7"))
    same = billing.booked(state, InvoiceBooked("77", "realm-1", 2, 40000), LATER).state.booked
    assert same == Booked("77", 2, 40000, waits=True, breaks=2, asked=3, customer="7")
    other = billing.booked(state, InvoiceBooked("78", "realm-1", 2, 40000), LATER).state.booked
    assert other == Booked("78", 2, 40000)


@pytest.mark.parametrize("state", [BillState.DRAFT, BillState.AWAITING_APPROVAL])
def test_a_bill_that_is_a_draft_again_owes_nothing_until_it_is_approved(state: BillState) -> None:
    before = known()
    draft = billing.seen(before, BillSeen(a_bill(state=state), None, LATER), POLICY, LATER)
    assert (draft.state.revision, draft.effects, draft.state.unapproved) == (before.revision + 1, (), True)
    assert set(billing.invoice_steps(before)) <= set(draft.closes), "what was owed is not written any more"
    more = billing.seen(
        draft.state, BillSeen(a_bill(state=state, total=50000, etag='"e9"'), None, LATER), POLICY, LATER
    )
    assert (more.state.revision, more.effects) == (draft.state.revision, ())
    assert billing.written_again(more.state, POLICY, LATER) == []
    again = billing.seen(more.state, BillSeen(a_bill(total=50000, etag='"e10"'), None, LATER), POLICY, LATER)
    assert again.state.revision == draft.state.revision + 1
    assert kinds(again) == [Do.READ_LINES]


def test_an_invoice_is_taken_when_it_is_linked_and_in_each_generation_anew() -> None:
    state = known(booked=Booked("77", 1, 40000))
    assert billing.booked(state, InvoiceBooked("77", "realm-1", 2, 40000), LATER).guards == ()
    other = billing.booked(state, InvoiceBooked("78", "realm-1", 2, 40000), LATER)
    assert [g.key for g in other.guards] == ["quickbooks/realm-1/invoice/78"]
    later = billing.booked(state, InvoiceBooked("77", "realm-1~2", 2, 40000, generation=2), LATER)
    assert [g.key for g in later.guards] == ["quickbooks/realm-1~2/invoice/77"]
    assert later.state.generation == 2
    assert billing.booked(later.state, InvoiceBooked("77", "realm-1", 3, 40000), LATER) == Decision(later.state)


def test_it_is_known_that_quickbooks_gave_another_number() -> None:
    for told in (True, False):
        fact = InvoiceBooked("77", "realm-1", 1, 40000, misnumbered=told)
        booked = billing.booked(known(), fact, LATER).state.booked
        assert booked and booked.misnumbered is told


def test_payments_in_quickbooks_that_do_not_match_wait_for_a_person() -> None:
    fact = InvoiceBooked("77", "realm-1", 1, 40000, adopted=True, waits=True, unmatched="$5.00")
    decision = billing.booked(known(), fact, LATER)
    assert decision.state.booked is not None
    assert decision.state.booked.waits
    assert "$5.00" in one(decision.effects, Do.TASK).reason


def test_an_invoice_that_stays_though_its_bill_is_gone_is_up_to_date() -> None:
    state = known(revision=3, booked=Booked("77", 2, 40000))
    assert staying.kept(state).state.booked == Booked("77", 3, 40000, kept=True)
    assert staying.kept(known()) == Decision(known())


@pytest.mark.parametrize(("wished", "balance", "owed"), [(True, 40000, 1), (True, 0, 0), (False, 40000, 0)])
def test_the_pay_link_goes_into_the_memo_of_an_open_bill_where_the_firm_wishes_it(
    wished: bool, balance: int, owed: int
) -> None:
    policy = a_policy(invoicing=Invoicing(clio_memo=wished))
    found = paylinks.memo_owed(known(balance=balance), policy, LATER)
    assert [(e.key, e.due_at > LATER) for e in found] == [("us-1/clio.memo/b1/1", True)] * owed


@pytest.mark.parametrize(
    ("bill", "same"),
    [({}, True), ({"matters": ("00002-Renumbered",)}, False), ({"matter_ids": ("m2",)}, False)],
)
def test_a_matter_is_the_same_by_id_and_number(bill: dict[str, Any], same: bool) -> None:
    state = known(matter_ids=("m1",))
    assert billing.same_matters(state, a_bill(**{"matter_ids": ("m1",), **bill})) is same


def test_our_own_change_of_the_memo_is_known_as_ours_unless_the_bill_moved_before() -> None:
    assert paylinks.memo_written(known(etag="e1"), "e1", "e2").state == known(etag="e2")
    assert paylinks.memo_written(known(etag="e9"), "e1", "e2") == Decision(known(etag="e9"))


def test_shares_survive_every_reading() -> None:
    share = Share("p1", 40000, "FS-X", TODAY)
    assert seen(known(shares=(share,)), etag="e2", pending=1).state.shares == (share,)
