"""Payments that Clio shows first: all allocations of one are one payment here and one in QuickBooks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain import grouping, posting
from chalicelib.domain.effects import Do, key_of
from chalicelib.domain.grouping import GroupSeen, ItemShown
from chalicelib.domain.kernel import Decision
from chalicelib.domain.payable import Known, Payable, Standing
from chalicelib.domain.payment import Item, Payment, Phase, Posted, Source, listing
from chalicelib.domain.posting import PaymentPosted, PaymentRemoved
from chalicelib.domain.readings import Pot, Receipt
from tests.builders import NOW, TODAY, a_payable, a_payment
from tests.domain.given import a_policy, kinds, one

POLICY = a_policy()


def allocation(id: str, bill: str, cents: int, **fields: object) -> Receipt:
    return Receipt(id, bill, TODAY, cents, **{"group": "g1", **fields})  # type: ignore[arg-type]


def holding(bill: str, *known: tuple[str, int, Standing], **fields: object) -> Payable:
    receipts = tuple(Known(id, cents, TODAY, "g1", "payment", "", standing) for id, cents, standing in known)
    return a_payable(id=bill, number=f"N-{bill}", receipts=receipts, **fields)


def seen(state: Payment | None, receipts: list[Receipt], *payables: Payable) -> Decision[Payment] | None:
    fact = GroupSeen("g1", tuple(receipts), NOW)
    return grouping.seen(state, fact, {p.id: p for p in payables}, POLICY, NOW)


def one_cheque() -> Payment:
    """Over two bills."""
    decision = seen(
        None,
        [allocation("r1", "b1", 300), allocation("r2", "b2", 200)],
        holding("b1", ("r1", 300, Standing.OWN)),
        holding("b2", ("r2", 200, Standing.OWN)),
    )
    assert decision is not None
    return decision.state


def test_all_allocations_of_one_payment_are_one_payment_here() -> None:
    p = one_cheque()
    assert (p.id, p.source, p.group, p.phase, p.total) == ("clio-g1", Source.CLIO, "g1", Phase.SETTLED, 500)
    assert p.items == (Item("b1", "N-b1", 300, shown=300), Item("b2", "N-b2", 200, shown=200))
    assert (p.settled_on, p.wanted, p.pot) == (TODAY, 1, Pot.OPERATING)
    assert not p.unrecorded


def test_it_is_posted_to_quickbooks() -> None:
    decision = seen(None, [allocation("r1", "b1", 300)], holding("b1", ("r1", 300, Standing.OWN)))
    assert decision is not None
    assert one(decision.effects, Do.POSTING).after == ("invoice/b1",)
    assert decision.closes == (), "there is no older posting"


def test_a_part_of_nothing_on_another_bill_holds_no_payment_back() -> None:
    told = [allocation("r1", "b1", 300), allocation("r2", "b2", 0)]
    decision = seen(None, told, holding("b1", ("r1", 300, Standing.OWN)), holding("b2"))
    assert decision is not None
    assert (decision.state.items, decision.state.total) == ((Item("b1", "N-b1", 300, shown=300),), 300)


def test_a_new_payment_is_of_the_present_generation_of_links() -> None:
    fact, bill = GroupSeen("g1", (allocation("r1", "b1", 300),), NOW), holding("b1", ("r1", 300, Standing.OWN))
    decision = grouping.seen(None, fact, {"b1": bill}, a_policy(generation=2), NOW)
    assert decision is not None
    assert decision.state.generation == 2


def test_two_allocations_on_one_bill_are_one_part() -> None:
    bill = holding("b1", ("r1", 300, Standing.OWN), ("r2", 50, Standing.OWN))
    decision = seen(None, [allocation("r1", "b1", 300), allocation("r2", "b1", 50)], bill)
    assert decision is not None
    assert decision.state.items == (Item("b1", "N-b1", 350, shown=350),)


def test_while_a_part_waits_for_a_person_nothing_is_posted() -> None:
    for standing in (Standing.ASKED, Standing.NEW):
        receipts = [allocation("r1", "b1", 300), allocation("r2", "b2", 200)]
        bills = (holding("b1", ("r1", 300, Standing.OWN)), holding("b2", ("r2", 200, standing)))
        assert seen(None, receipts, *bills) is None
        assert seen(one_cheque(), receipts, *bills) is None


def test_a_trust_part_first_does_not_hide_the_rest() -> None:
    trust = holding("b2", ("r2", 200, Standing.OWN), pot=Pot.TRUST)
    bill = holding("b1", ("r1", 300, Standing.OWN))
    decision = seen(None, [allocation("r2", "b2", 200), allocation("r1", "b1", 300)], trust, bill)
    assert decision is not None
    assert [i.payable for i in decision.state.items] == ["b1"]
    assert decision.state.firm == "us-1"


def test_a_part_not_yet_seen_on_its_bill_makes_the_whole_wait() -> None:
    assert seen(None, [allocation("r1", "b1", 300)], holding("b1")) is None


def test_what_is_ours_on_trust_or_not_held_is_not_posted() -> None:
    receipts = [allocation("r1", "b1", 300), allocation("r2", "b2", 200), allocation("r3", "b9", 5)]
    matched = holding("b1", ("r1", 300, Standing.MATCHED))
    trust = holding("b2", ("r2", 200, Standing.OWN), pot=Pot.TRUST)
    assert seen(None, receipts, matched, trust) is None


def test_credits_and_voided_allocations_are_no_payment() -> None:
    bill = holding("b1", ("r1", 300, Standing.OWN))
    assert seen(None, [allocation("r1", "b1", 300, kind="credit")], bill) is None
    assert seen(None, [allocation("r1", "b1", 300, voided=True)], bill) is None


def test_the_same_again_changes_nothing() -> None:
    before = one_cheque()
    again = seen(
        before,
        [allocation("r1", "b1", 300), allocation("r2", "b2", 200)],
        holding("b1", ("r1", 300, Standing.OWN)),
        holding("b2", ("r2", 200, Standing.OWN)),
    )
    assert again == Decision(before)


def test_a_part_that_went_is_posted_anew_without_it() -> None:
    decision = seen(one_cheque(), [allocation("r1", "b1", 300)], holding("b1", ("r1", 300, Standing.OWN)))
    assert decision is not None
    assert (decision.state.total, decision.state.wanted) == (300, 2)
    assert kinds(decision) == [Do.POSTING]
    assert decision.closes == (key_of("us-1", Do.POSTING, "clio-g1/1"),)
    assert decision.state.settled_at == NOW


def test_another_day_is_posted_anew() -> None:
    earlier = replace(allocation("r1", "b1", 300), on=TODAY - timedelta(days=1))
    second = allocation("r2", "b2", 200)
    bills = (holding("b1", ("r1", 300, Standing.OWN)), holding("b2", ("r2", 200, Standing.OWN)))
    decision = seen(one_cheque(), [earlier, second], *bills)
    assert decision is not None
    assert decision.state.settled_on == TODAY - timedelta(days=1)
    assert decision.state.wanted == 2


def test_a_payment_removed_in_clio_is_taken_out_of_quickbooks_once() -> None:
    removed = seen(one_cheque(), [])
    assert removed is not None
    assert removed.state.phase is Phase.REMOVED
    one(removed.effects, Do.POSTING)
    assert removed.closes == (key_of("us-1", Do.POSTING, "clio-g1/1"),)
    again = seen(removed.state, [])
    assert again == Decision(removed.state)


def test_a_payment_recorded_again_stands_again() -> None:
    removed = seen(one_cheque(), [])
    assert removed is not None
    back = seen(removed.state, [allocation("r1", "b1", 300)], holding("b1", ("r1", 300, Standing.OWN)))
    assert back is not None
    assert back.state.phase is Phase.SETTLED


def test_the_method_says_where_the_money_came_from() -> None:
    bill = holding("b1", ("r1", 300, Standing.OWN))
    trust = seen(None, [allocation("r1", "b1", 300, from_trust=True)], bill)
    assert trust is not None
    assert trust.state.method == "trust"
    assert one_cheque().method == "recorded in Clio"


# --- what a payment hears and what QuickBooks shows of it -------------------------------------------------------------


def test_a_payment_hears_what_clio_shows_of_it_on_one_bill() -> None:
    state = a_payment(items=(Item("b1", "1", 100), Item("b2", "2", 200)))
    after = grouping.item_shown(state, ItemShown("b2", 200, False)).state
    assert [i.shown for i in after.items] == [0, 200]
    assert after.unrecorded
    both = grouping.item_shown(after, ItemShown("b1", 0, True)).state
    assert both.items[0].patched
    assert not both.unrecorded


def test_what_went_back_need_not_be_recorded() -> None:
    assert not a_payment(items=(Item("b1", "1", 100, back=100),)).unrecorded


@pytest.mark.parametrize(
    ("pot", "item", "cents"),
    [
        (Pot.OPERATING, Item("b1", "1", 100), 100),
        (Pot.OPERATING, Item("b1", "1", 100, back=30), 70),
        (Pot.OPERATING, Item("b1", "1", 100, shown=1), 0),
        (Pot.OPERATING, Item("b1", "1", 100, patched=True), 0),
        (Pot.TRUST, Item("b1", "1", 100), 100),
        (Pot.TRUST, Item("b1", "1", 100, back=20, shown=30), 50),
        (Pot.TRUST, Item("b1", "1", 100, shown=100), 0),
        (Pot.TRUST, Item("b1", "1", 100, shown=101), 0),
    ],
)
def test_less_of_a_trust_payment_is_not_all_of_it(pot: Pot, item: Item, cents: int) -> None:
    payment = a_payment(pot=pot, items=(item,))
    assert payment.to_record(item) == cents
    assert payment.unrecorded is (cents > 0)


def test_only_what_staff_must_record_stands_in_that_list() -> None:
    waiting = listing(a_payment())
    assert waiting.group == ("us-1/unrecorded", f"{NOW.isoformat()}#p1")
    assert listing(a_payment(source=Source.CLIO)).group is None
    assert listing(a_payment(phase=Phase.OPEN, settled_at=None)).group is None
    assert waiting.list == ("us-1/payments", f"{NOW.isoformat()}#p1")


def test_a_posting_is_linked_to_this_payment_alone() -> None:
    decision = posting.posted(a_payment(), PaymentPosted("9", "realm-1", 1, 40000))
    assert decision.state.posted == Posted("9", 1, 40000)
    assert [(g.key, g.holder) for g in decision.guards] == [("quickbooks/realm-1/payment/9", "us-1/p1")]


def test_an_answer_to_an_older_posting_changes_nothing() -> None:
    state = a_payment(wanted=3, posted=Posted("9", 2, 40000))
    assert posting.posted(state, PaymentPosted("9", "realm-1", 1, 5)) == Decision(state)
    assert posting.posted(state, PaymentPosted("9", "realm-1", 2, 5)).state.posted == Posted("9", 2, 5)
    assert posting.posted(state, PaymentPosted("8", "realm-1", 1, 5)).state.posted == Posted("8", 1, 5)
    assert posting.posted(state, PaymentPosted("9", "realm-1", 3, 40000, 2)).state.posted == Posted(
        "9", 3, 40000, unapplied=2
    )


def test_a_payment_taken_out_to_be_added_anew_is_not_yet_what_is_wanted() -> None:
    state = a_payment(wanted=3, posted=Posted("9", 2, 40000))
    after = posting.removed(state, PaymentRemoved("9", 3)).state
    assert after.posted == Posted("9", 2, 40000, voided=True)
    assert not posting.settled(after)
    assert posting.removed(state, PaymentRemoved("8", 3)) == Decision(state)
    assert posting.removed(a_payment(), PaymentRemoved("9", 3)) == Decision(a_payment())


def test_a_payment_taken_out_for_good_is_settled() -> None:
    state = a_payment(wanted=3, posted=Posted("9", 2, 40000), phase=Phase.REMOVED)
    after = posting.removed(state, PaymentRemoved("9", 3)).state
    assert after.posted == Posted("9", 3, 40000, voided=True)
    assert posting.settled(after)
    assert posting.settled(a_payment(phase=Phase.REMOVED))
    assert not posting.settled(state)


def test_what_takes_the_place_of_a_payment_waits_until_it_has_left() -> None:
    bill = holding("b1", ("r2", 300, Standing.OWN))
    gone = a_payment(group="g9", wanted=1, items=(Item("b1", "1", 300),))
    assert not posting.still_leaving(gone, bill), "never there"
    there = replace(gone, posted=Posted("9", 1, 300))
    assert posting.still_leaving(there, bill), "Clio shows it no more, and nobody has looked at it yet"
    assert not posting.still_leaving(replace(there, items=(Item("b7", "7", 300),)), bill)
    assert posting.still_leaving(replace(there, wanted=2), bill), "it is to be changed"
    assert posting.still_leaving(replace(there, phase=Phase.REMOVED), bill)
    purged = replace(there, posted=None, stood=("9",), begun=1, generation=2)
    assert not posting.still_leaving(purged, bill), "as it stood, and to be met"
    assert posting.still_leaving(replace(purged, wanted=2), bill), "its old form may stand from before the purge"
    assert not posting.still_leaving(replace(there, posted=Posted("9", 1, 300, voided=True)), bill)
    shown = replace(bill, receipts=(*bill.receipts, replace(bill.receipts[0], id="r9", group="g9")))
    assert not posting.still_leaving(there, shown), "Clio shows it here after all"
    assert posting.still_leaving(replace(there, wanted=2), shown), "shown again, and its old form still stands"
    assert posting.still_leaving(replace(there, phase=Phase.REMOVED), shown)
    left = replace(bill, leaving=("clio-g9", "clio-g8"))
    assert posting.has_left(left, ("clio-g9",)).state.leaving == ("clio-g8",)


def test_a_posting_is_current_when_nothing_newer_is_wanted() -> None:
    assert not posting.is_current(a_payment(wanted=1))
    assert not posting.is_current(a_payment(wanted=2, posted=Posted("9", 1, 5)))
    assert posting.is_current(a_payment(wanted=2, posted=Posted("9", 2, 5)))


def test_only_settled_money_stands_in_quickbooks() -> None:
    assert [p for p in Phase if posting.should_stand(a_payment(phase=p))] == [Phase.SETTLED]


def test_what_we_write_says_whose_it_is() -> None:
    assert posting.marker("us-1", "payment", "p1") == "feesimple:us-1:payment:p1"


MARK = posting.marker("us-1", "payment", "clio-12")


@pytest.mark.parametrize("note", ["{}", "Lease\n{}", "Voided - {}", "{}#63", "{}, paid by cheque"])
def test_a_marker_is_known_whatever_people_write_around_it(note: str) -> None:
    assert posting.bears(note.format(MARK), MARK)


@pytest.mark.parametrize("note", ["{}3", "{}-2", "", "12"])
def test_a_longer_marker_is_another_ones(note: str) -> None:
    assert not posting.bears(note.format(MARK), MARK)
