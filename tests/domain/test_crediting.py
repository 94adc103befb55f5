"""Credits: what falls on which bill, what QuickBooks should show of it, and what is left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain import comparing, comparing_money, crediting
from chalicelib.domain.crediting import (
    Accepted,
    Credit,
    CreditGone,
    CreditSeen,
    CreditShown,
    Memo,
    MemoBooked,
    MemoNoticed,
    Part,
    Untied,
)
from chalicelib.domain.effects import Do, key_of
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision
from chalicelib.domain.notes import CreditReading, MemoReading
from chalicelib.domain.payable import Booked, Known, Payable, Standing
from chalicelib.domain.readings import BookedPayment, InvoiceReading, Pot, Receipt
from tests.builders import NOW, TODAY, a_payable
from tests.domain.given import a_policy, kinds, one
from tests.domain.test_comparing import BOOKED, an_invoice

POLICY = a_policy()


def a_memo(cents: int = 5000, **fields: object) -> CreditReading:
    return CreditReading("m1", "e1", TODAY, cents, **{"client_id": "c1", "receipts": ("r1",), **fields})  # type: ignore[arg-type]


def part(id: str, bill: str, cents: int, **fields: object) -> Receipt:
    return Receipt(id, bill, TODAY, cents, **{"group": "m1", "kind": "credit", **fields})  # type: ignore[arg-type]


def seen(state: Credit | None, memo: CreditReading, receipts: list[Receipt], *held: Payable) -> Decision[Credit] | None:
    fact = CreditSeen(memo, tuple(receipts))
    return crediting.seen(state, fact, {p.id: p for p in held}, POLICY, NOW)


def a_credit(**fields: object) -> Credit:
    decision = seen(None, a_memo(), [part("r1", "b1", 5000)], a_payable())
    assert decision is not None
    return replace(decision.state, **fields)  # type: ignore[arg-type]


def noticed(state: Credit, fact: MemoNoticed, policy: Policy = POLICY) -> Decision[Credit]:
    return crediting.noticed(state, fact, policy, NOW)


STANDS = {"memo": Memo("70", NOW), "shown": 1, "ties": ("80",)}
DELETED = MemoNoticed("70", deleted=True)


def test_a_memo_that_is_deleted_is_owed_a_step_once() -> None:
    stands = a_credit(**STANDS)
    told = noticed(stands, DELETED)
    assert (told.state.wanted, told.state.unapplied, len(told.effects)) == (2, False, 1)
    for other in (
        told.state,
        replace(stands, gone=True),
        replace(stands, memo=None),
        replace(stands, memo=Memo("71", NOW)),
    ):
        assert noticed(other, DELETED) == Decision(other)
    later = replace(POLICY, firm=replace(POLICY.firm, generation=2))
    assert noticed(stands, DELETED, later) == Decision(stands)


@pytest.mark.parametrize("fact", [MemoNoticed("70", 5000, 5000), MemoNoticed(tie="80")])
def test_a_credit_that_people_took_off_its_invoices_is_owed_a_step_that_asks(fact: MemoNoticed) -> None:
    told = noticed(a_credit(**STANDS), fact)
    assert (told.state.wanted, told.state.unapplied, len(told.effects)) == (2, True, 1)
    known = crediting.reapplied(told.state, "b1", POLICY, NOW).state
    assert (known.unapplied, known.ties) == (False, ()), "its invoice is another one by a person's word"


def test_a_credit_is_taken_off_where_what_applied_it_does_so_no_more_and_that_was_not_us() -> None:
    stands = a_credit(**STANDS)
    ties = BookedPayment("80", "1", "c1", 0, TODAY, "", "", (("i1", 5000),), credits=(("70", 5000),))
    assert not crediting.taken_off(stands, [ties])
    assert crediting.taken_off(stands, [])
    assert crediting.taken_off(stands, [replace(ties, credits=())]), "it was voided"
    assert crediting.taken_off(replace(stands, unapplied=True), [ties]), "people were seen to"
    assert not crediting.taken_off(crediting.untied(stands, Untied("80")).state, [])
    assert crediting.taken_off(crediting.untied(stands, Untied("81")).state, [])


@pytest.mark.parametrize("fact", [MemoNoticed("70", 5000, 0), MemoNoticed("70", 6000, 1000), MemoNoticed(tie="81")])
def test_what_takes_nothing_off_is_let_be(fact: MemoNoticed) -> None:
    """As we know it; another amount, which is named by the comparison; a payment that it was not applied by."""
    stands = a_credit(**STANDS)
    assert noticed(stands, fact) == Decision(stands)


def test_what_a_person_left_off_is_known_until_it_is_another_memo() -> None:
    left = crediting.shown(a_credit(**STANDS), CreditShown(1, 5000, unapplied=True), "realm-1").state
    assert (left.left, left.ties, left.unapplied) == (5000, (), True)
    assert noticed(left, MemoNoticed("70", 5000, 5000)) == Decision(left)
    assert not crediting.booked(left, MemoBooked("71", "realm-1"), NOW).state.unapplied
    assert not crediting.afresh(left, replace(POLICY, firm=replace(POLICY.firm, generation=2)), NOW).state.unapplied


def test_a_new_credit_is_owed_to_quickbooks_after_its_invoices() -> None:
    decision = seen(None, a_memo(), [part("r1", "b1", 5000)], a_payable())
    assert decision is not None
    owed = one(decision.effects, Do.CREDIT)
    assert (owed.after, owed.body) == (("invoice/b1",), {"credit": "m1", "revision": 1})
    assert decision.state.number == "CN-m1"
    assert decision.state.parts == (Part("b1", "1042", 5000),)
    assert not decision.state.current


def test_what_is_on_bills_that_we_do_not_hold_is_left_alone() -> None:
    assert seen(None, a_memo(), [part("r1", "b9", 5000)]) is None
    assert seen(None, a_memo(), [part("r1", "b1", 5000)], a_payable(pot=Pot.TRUST)) is None
    assert seen(None, a_memo(voided=True), [part("r1", "b1", 5000)], a_payable()) is None
    assert seen(None, a_memo(), [part("r1", "b1", 5000, voided=True)], a_payable()) is None
    assert seen(None, a_memo(), [part("r1", "b1", 5000, kind="payment")], a_payable()) is None
    assert seen(None, a_memo(), [part("r1", "b1", 5000, group="m2")], a_payable()) is None


def test_parts_on_one_bill_are_one_and_what_is_on_no_bill_stays_unapplied() -> None:
    receipts = [part("r1", "b2", 1000), part("r2", "b1", 300), part("r3", "b1", 200), part("r4", "b9", 500)]
    decision = seen(None, a_memo(2600), receipts, a_payable(), a_payable(id="b2", number="7"))
    assert decision is not None
    assert decision.state.parts == (Part("b1", "1042", 500), Part("b2", "7", 1000))
    assert decision.state.cents == 2100, "its own parts and the 600 that are on no bill"


def test_the_same_again_is_owed_nothing_and_a_new_etag_is_kept() -> None:
    before = a_credit()
    again = seen(before, replace(a_memo(), etag="e2"), [part("r1", "b1", 5000)], a_payable())
    assert again == Decision(replace(before, etag="e2"))


def test_another_amount_is_owed_anew_and_closes_what_waited() -> None:
    decision = seen(a_credit(), a_memo(4000), [part("r1", "b1", 4000)], a_payable())
    assert decision is not None
    assert (decision.state.cents, decision.state.wanted) == (4000, 2)
    assert kinds(decision) == [Do.CREDIT]
    assert decision.closes == (key_of("us-1", Do.CREDIT, "m1/1"),)


def test_another_day_or_text_is_owed_anew_too() -> None:
    later = TODAY + timedelta(days=1)
    decision = seen(a_credit(), replace(a_memo(), on=later, text="Courtesy"), [part("r1", "b1", 5000)], a_payable())
    assert decision is not None
    assert (decision.state.on, decision.state.text, decision.state.wanted) == (later, "Courtesy", 2)


def test_a_credit_belongs_to_its_generation_of_links_and_is_owed_afresh_in_a_later_one() -> None:
    fact = CreditSeen(a_memo(), (part("r1", "b1", 5000),))
    decision = crediting.seen(None, fact, {"b1": a_payable()}, a_policy(generation=3), NOW)
    assert decision is not None
    assert decision.state.generation == 3
    before = a_credit(memo=Memo("9", NOW), shown=1, left=200, ties=("80",))
    after = crediting.afresh(before, a_policy(generation=2), NOW)
    assert after.state == replace(before, memo=None, left=0, ties=(), wanted=2, generation=2, stood="9")
    again = crediting.afresh(after.state, a_policy(generation=3), NOW)
    assert again.state.stood == "9", "nobody has met it yet"
    assert crediting.booked(again.state, MemoBooked("9", "realm-1", 3), NOW).state.stood == ""


def test_a_voided_credit_is_to_be_taken_back_and_may_come_again() -> None:
    gone = seen(a_credit(), a_memo(voided=True), [part("r1", "b1", 5000, voided=True)], a_payable())
    assert gone is not None
    assert gone.state.gone
    assert gone.state.on_payable("b1") == 0
    assert (gone.state.cents, gone.state.parts) == (5000, (Part("b1", "1042", 5000),)), "as it was"
    nothing = seen(a_credit(), a_memo(0, voided=True), [], a_payable())
    assert nothing
    assert nothing.state.cents == 5000, "what is to be taken back is what stood there"
    back = seen(gone.state, a_memo(), [part("r1", "b1", 5000)], a_payable())
    assert back is not None
    assert not back.state.gone
    assert (back.state.wanted, back.state.on_payable("b1"), back.state.on_payable("b2")) == (3, 5000, 0)


def test_the_memo_in_quickbooks_is_this_credits_alone() -> None:
    decision = crediting.booked(a_credit(), MemoBooked("9", "realm-1"), NOW)
    assert decision.state.memo == Memo("9", NOW)
    assert [(g.key, g.holder) for g in decision.guards] == [("quickbooks/realm-1/creditmemo/9", "us-1/credit-m1")]
    assert crediting.booked(decision.state, MemoBooked("9", "realm-1"), NOW) == Decision(decision.state)
    other = crediting.booked(a_credit(**STANDS), MemoBooked("9", "realm-1"), NOW).state
    assert (other.memo, other.ties) == (Memo("9", NOW), ()), "what applied the other memo does not apply this one"


def test_what_quickbooks_shows_is_kept_with_what_is_left() -> None:
    told = crediting.shown(a_credit(memo=Memo("9", NOW)), CreditShown(1, 200, ("80",)), "realm-1")
    assert [(g.key, g.holder) for g in told.guards] == [("quickbooks/realm-1/tie/80", "us-1/credit-m1")]
    shown = told.state
    assert shown.current
    assert shown.left == 200
    gone = crediting.taken_back(replace(shown, wanted=2, gone=True), CreditGone(2)).state
    assert gone.current
    assert (gone.memo, gone.left) == (None, 0)


def test_what_a_memo_pays_is_read_from_the_payments_that_use_it() -> None:
    def tie(id: str, memo: str, *lines: tuple[str, int]) -> BookedPayment:
        return BookedPayment(id, "0", "63", 0, TODAY, "", "", lines, credits=((memo, sum(c for _, c in lines)),))

    found = crediting.applied(
        "9", [tie("1", "9", ("i1", 100)), tie("2", "9", ("i1", 50), ("i2", 7)), tie("3", "8", ("i1", 5))]
    )
    assert found == {"i1": 150, "i2": 7}


def test_credits_are_listed_by_day() -> None:
    assert crediting.listing(a_credit()).list == ("us-1/credits", f"{TODAY.isoformat()}#m1")


# --- in the comparison ------------------------------------------------------------------------------------------------


def memo_there(**fields: object) -> MemoReading:
    usual: dict[str, object] = {"id": "9", "sync_token": "0", "number": "CN-m1", "customer_id": "63", "total": 5000}
    return MemoReading(**{**usual, "left": 0, "on": TODAY, "note": "", **fields})  # type: ignore[arg-type]


def kinds_of(credit: Credit, there: MemoReading | None) -> list[str]:
    return [d.kind for d in comparing_money.credit_against_books(credit, there)]


def test_each_way_a_credit_can_differ_in_quickbooks_is_named() -> None:
    fine = a_credit(memo=Memo("9", NOW), shown=1)
    assert kinds_of(fine, memo_there()) == []
    assert kinds_of(fine, None) == ["credit removed in QuickBooks"]
    assert kinds_of(fine, memo_there(total=4000)) == ["credit changed in QuickBooks"]
    assert kinds_of(fine, memo_there(left=100)) == ["credit unapplied"]
    assert kinds_of(a_credit(), None) == ["credit not in step"]
    abroad = replace(fine, currency="CAD", parts=(Part("b1", "1042", 5000), Part("b2", "1043", 1)))
    [found] = comparing_money.credit_against_books(abroad, memo_there(total=4000))
    assert (found.payable, found.number, found.detail, found.cents) == ("b1", "1042, 1043", "CN-m1", -1000)
    assert found.cause == "QuickBooks shows the credit CN-m1 as CA$40.00; it is CA$50.00."
    assert not found.expected
    [found] = comparing_money.credit_against_books(fine, memo_there(left=100))
    assert found.cents == 100
    assert kinds_of(a_credit(gone=True), None) == []
    assert kinds_of(a_credit(gone=True, memo=Memo("9", NOW)), memo_there()) == ["credit not in step"]
    assert kinds_of(a_credit(gone=True, shown=1), None) == []
    assert kinds_of(a_credit(shown=1), None) == [], "a person said that it is there already"
    assert comparing_money.credit_against_books(replace(a_credit(), parts=()), None)[0].payable == ""


def test_what_a_person_accepted_of_a_credit_is_named_as_accepted() -> None:
    owed = a_credit(memo=Memo("9", NOW), wanted=2, shown=1)
    lost = crediting.accepted(owed, Accepted(2, lost=True)).state
    assert (lost.lost, lost.left_alone) == (True, True)
    [found] = comparing_money.credit_against_books(lost, None)
    assert (found.kind, found.cents, found.expected) == ("credit left out of QuickBooks", 5000, True)
    assert found.cause == "You accepted that the credit memo CN-m1 of $50.00 is not in QuickBooks any more."
    left = crediting.accepted(owed, Accepted(2)).state
    [found] = comparing_money.credit_against_books(left, memo_there())
    assert (left.lost, found.kind, found.expected) == (False, "credit left as it is", True)
    assert found.cause == "You left the credit CN-m1 of $50.00 as it is in QuickBooks."


def test_what_was_accepted_of_an_older_revision_says_nothing_of_the_present_one() -> None:
    owed = a_credit(memo=Memo("9", NOW), wanted=2, shown=1)
    assert crediting.accepted(owed, Accepted(1, lost=True)).state == owed
    lost = crediting.accepted(owed, Accepted(2, lost=True)).state
    assert not replace(lost, wanted=3).left_alone
    assert not replace(lost, shown=2).lost


def billed(credits: int, balance: int, held: Credit | None) -> list[str]:
    known = (Known("r1", credits, TODAY, "m1", "credit", "", Standing.OTHER),) if credits else ()
    p = a_payable(credits=credits, receipts=known, booked=Booked("5", 1, 40000))
    assert comparing.crediting_ids(p) == ({"m1"} if credits else set())
    there = InvoiceReading("5", "0", p.number, "63", 40000, balance, p.issued_on, p.due_on, "", None)
    return [d.kind for d in comparing.against_books(p, there, {}, {"m1": held} if held else {}, "63")]


def test_a_credit_is_counted_on_its_invoice_once_it_is_in_quickbooks() -> None:
    there = a_credit(memo=Memo("9", NOW), shown=1)
    assert billed(5000, 35000, there) == []
    assert billed(5000, 40000, there) == ["balance differs in QuickBooks"]
    assert billed(5000, 40000, a_credit()) == ["credit not in QuickBooks"]
    assert billed(5000, 40000, None) == ["credit not in QuickBooks"]
    assert billed(5000, 35000, a_credit()) == [], "it is there, only not from us"
    accepted = a_credit(accepted=Accepted(1, lost=True))
    assert billed(5000, 40000, accepted) == ["credit left out of QuickBooks"]
    assert billed(6000, 40000, accepted) == ["credit not in QuickBooks"], "not all of it was accepted"
    assert billed(0, 40000, None) == []


def test_an_accepted_credit_is_told_with_its_amount_and_that_nothing_is_needed() -> None:
    for cents in (1, 5000):
        accepted = a_credit(accepted=Accepted(1, lost=True), cents=cents, parts=(Part("b1", "1042", cents),))
        p = a_payable(credits=cents, currency="CAD", booked=Booked("5", 1, 40000))
        there = InvoiceReading("5", "0", p.number, "63", 40000, 40000, p.issued_on, p.due_on, "", None)
        [found] = comparing.against_books(p, there, {}, {"m1": accepted}, "63")
        assert (found.kind, found.cents, found.expected) == ("credit left out of QuickBooks", cents, True)
        assert (
            found.cause == f"You accepted that the credit of CA${cents / 100:.2f} on this bill is not on its invoice."
        )
        assert found.remedy == comparing.CREDIT_NEEDS_NOTHING


def test_a_credit_of_an_earlier_generation_is_owed_in_the_present_one() -> None:
    from chalicelib.domain import generation

    policy = a_policy(generation=2)
    old = a_credit(memo=Memo("9", NOW), shown=1)
    renewed = generation.renewed(old, policy, NOW)
    assert (renewed.state.memo, renewed.state.wanted, renewed.state.generation) == (None, 2, 2)
    assert kinds(renewed) == [Do.CREDIT]
    assert renewed.closes == (key_of("us-1", Do.CREDIT, "m1/1"),)
    assert crediting.booked(renewed.state, MemoBooked("9", "realm-1", 1), NOW) == Decision(renewed.state)
    gone = generation.renewed(replace(old, gone=True), policy, NOW)
    assert (gone.state.stood, kinds(gone)) == ("9", [Do.CREDIT]), "what stands there is still to be taken back"
    assert crediting.taken_back(gone.state, CreditGone(2)).state.stood == ""
    nowhere = generation.renewed(replace(old, gone=True, memo=None), policy, NOW)
    assert nowhere.state.current
    assert nowhere.closes == renewed.closes
    assert not nowhere.effects


def test_a_credit_is_applied_again_to_another_invoice_of_its_bill() -> None:
    there = a_credit(memo=Memo("9", NOW), shown=1)
    again = crediting.reapplied(there, "b1", POLICY, NOW)
    assert (again.state.wanted, again.state.current) == (2, False)
    assert kinds(again) == [Do.CREDIT]
    assert again.closes == (key_of("us-1", Do.CREDIT, "m1/1"),)
    for none in (a_credit(), replace(there, gone=True)):
        assert crediting.reapplied(none, "b1", POLICY, NOW) == Decision(none)
    assert crediting.reapplied(there, "b2", POLICY, NOW) == Decision(there), "it falls on another bill"


def test_what_a_person_left_off_its_invoices_is_named_as_accepted_and_no_more_than_that() -> None:
    left = a_credit(memo=Memo("9", NOW), shown=1, unapplied=True, left=3000)
    [found] = comparing_money.credit_against_books(left, memo_there(left=2000))
    assert (found.kind, found.cents, found.expected) == ("credit left off its invoice", 2000, True)
    assert found.cause == "You left $20.00 of the credit CN-m1 on no invoice in QuickBooks."
    assert found.remedy == comparing.APPLY_IT
    assert kinds_of(left, memo_there(left=3000)) == ["credit left off its invoice"]
    assert kinds_of(left, memo_there(left=3001)) == ["credit unapplied"]
    assert kinds_of(left, memo_there()) == []
    assert kinds_of(replace(left, unapplied=False), memo_there(left=2000)) == ["credit unapplied"]
    assert (left.left_off, replace(left, gone=True).left_off, replace(left, wanted=2).left_off) == (True, False, False)


@pytest.mark.parametrize(
    ("balance", "credits", "found"),
    [
        (40000, 5000, [("credit left off its invoice", 3000, True)]),
        (37001, 5000, [("credit left off its invoice", 1, True)]),
        (37000, 5000, []),
        (40001, 5000, [("balance differs in QuickBooks", 3001, False)]),
        (36999, 5000, [("balance differs in QuickBooks", -1, False)]),
        (40000, 5700, [("credit left off its invoice", 3000, True), ("credit not in QuickBooks", 700, False)]),
    ],
)
def test_a_credit_that_a_person_left_off_explains_that_much_of_the_balance(
    balance: int, credits: int, found: list[tuple[str, int, bool]]
) -> None:
    """Of two credits of 30 and 20, the first is on no invoice, and a person left it so."""
    off = a_credit(id="m1", cents=3000, parts=(Part("b1", "1042", 3000),), shown=1, unapplied=True, left=3000)
    on = a_credit(id="m2", cents=2000, parts=(Part("b1", "1042", 2000),), shown=1)
    state = a_payable(booked=BOOKED, asks=42000, total=42000, credits=credits)
    told = comparing.against_books(state, an_invoice(total=42000, balance=balance), {}, {"m1": off, "m2": on}, "9")
    assert [(d.kind, d.cents, d.expected) for d in told] == found


def test_a_credit_is_another_persons_while_they_said_so_and_no_memo_is_ours() -> None:
    said = a_credit(accepted=Accepted(1))
    assert said.by_hand
    assert replace(said, wanted=2).by_hand, "also when it changed since"
    assert not a_credit().by_hand
    for other in ({"accepted": Accepted(1, lost=True)}, {"memo": Memo("9", NOW)}, {"stood": "9"}, {"gone": True}):
        assert not replace(said, **other).by_hand


def test_a_payment_is_of_nothing_where_it_only_puts_a_credit_on_an_invoice() -> None:
    tie = BookedPayment("80", "0", "63", 0, TODAY, "", "", (("70", 3000),), credits=(("9", 3000),))
    assert tie.of_nothing
    for money in ({"total": 1}, {"credits": ()}):
        assert not replace(tie, **money).of_nothing


def test_what_comes_of_credit_memos_on_an_invoice_is_at_most_what_is_used_of_them() -> None:
    tie = BookedPayment("80", "0", "63", 0, TODAY, "", "", (("70", 3000), ("71", 2000)), credits=(("9", 5000),))
    with_money = replace(tie, id="81", total=4000, lines=(("70", 6000),), credits=(("9", 1500), ("8", 500)))
    assert crediting.of_memos("70", [tie, with_money], {"9"}) == 3000 + 1500
    assert crediting.of_memos("71", [tie, with_money], {"9", "8"}) == 2000
    assert crediting.of_memos("70", [tie, with_money], {"7"}) == 0
