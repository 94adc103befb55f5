"""Payments on a linked invoice beside those of its bill: what is suggested, what is certain, what a person may say."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain import pairing
from chalicelib.domain.effects import Lanes
from chalicelib.domain.firm import Policy
from chalicelib.domain.pairing import Answer, Ours, Theirs
from chalicelib.domain.payable import Booked, Broken, Harm, Known, Standing
from chalicelib.domain.payment import ANEW, Item, Phase, Piece, Posted, Source
from chalicelib.domain.readings import BookedPayment, Pot
from chalicelib.errors import Refused
from tests.builders import FIRM, NOW, TODAY, a_firm, a_payable, a_payment

POLICY = Policy(a_firm(), 1, Lanes(FIRM, clio="us/1", realm="realm-1"))


def theirs(id: str = "9", cents: int = 15000, **fields: Any) -> Theirs:
    return replace(Theirs(id, cents, cents, TODAY, "", "Check", (("70", cents),)), **fields)


def ours(id: str = "clio-5", cents: int = 15000, **fields: Any) -> Ours:
    return replace(Ours(id, cents, cents, TODAY, "", "recorded in Clio", (("70", cents),)), **fields)


# --- the two sides ----------------------------------------------------------------------------------------------------


def test_only_live_payments_with_a_part_on_the_invoice_stand_on_it() -> None:
    lines = (("70", 10000), ("70", 2000), ("71", 3000))
    one = BookedPayment("9", "0", "7", 15000, TODAY, "", "118", lines, method="Check")
    none = replace(one, id="10", lines=(("71", 15000),))
    void = replace(one, id="11", voided=True)
    early = replace(one, id="12", on=None)
    credit = replace(one, id="13", total=0, credits=(("80", 15000),))
    found = pairing.theirs_on("70", [one, none, void, early, credit], FIRM)
    assert [(t.id, t.cents, t.whole) for t in found] == [("12", 12000, 15000), ("9", 12000, 15000)]
    assert found[1] == Theirs("9", 12000, 15000, TODAY, "118", "Check", lines)


def a_clio_payment(**fields: Any) -> Any:
    usual = {"id": "clio-5", "source": Source.CLIO, "group": "5", "code": "", "wanted": 1, "method": "recorded in Clio"}
    return a_payment(**{**usual, "items": (Item("b1", "1042", 15000),), "total": 15000, **fields})


def test_what_quickbooks_does_not_show_yet_is_offered_from_here() -> None:
    known = Known("r1", 15000, TODAY, "5", "payment", "Check 118", Standing.OWN)
    p = a_payable(receipts=(known, replace(known, id="r2", text=""), replace(known, id="r3", group="6", text="x")))
    mine = a_clio_payment()
    others = [
        a_clio_payment(id="clio-6", items=(Item("b2", "1043", 15000),)),
        a_clio_payment(id="clio-7", phase=Phase.REMOVED),
        a_clio_payment(id="clio-8", pot=Pot.TRUST),
        a_clio_payment(id="clio-9", posted=Posted("9", 1, 15000)),
    ]
    [found] = pairing.ours_on(p, [*others, mine], {"b1": "70"})
    assert found == Ours("clio-5", 15000, 15000, TODAY, "Check 118", "recorded in Clio", (("70", 15000),))
    days = [a_clio_payment(id=id, settled_on=on) for id, on in (("b", TODAY), ("c", TODAY - timedelta(1)), ("a", None))]
    assert [o.id for o in pairing.ours_on(p, days, {})] == ["a", "c", "b"], "by day"
    stripe = a_payment(items=(Item("b1", "1042", 15000), Item("b2", "1043", 25000)), settled_on=None)
    [o] = pairing.ours_on(p, [stripe], {"b1": "70"})
    assert (o.text, o.whole, o.lines) == ("FS-ABC234", 40000, (("70", 15000),))
    assert pairing.ours_on(p, [a_clio_payment(posted=Posted("9", 1, 15000, voided=True))], {})[0].lines == ()


def test_what_is_linked_already_is_not_asked_about() -> None:
    linked = a_clio_payment(posted=Posted("9", 1, 15000))
    assert pairing.asked([theirs(), theirs("10")], [linked, a_payment()]) == (theirs("10"),)


def test_what_we_wrote_is_taken_up_by_its_own_step_and_not_asked_about() -> None:
    notes = (f"feesimple:{FIRM}:payment:clio-5#57 and more", "feesimple:another:payment:clio-5", "")
    one = BookedPayment("9", "0", "7", 15000, TODAY, "", "118", (("70", 15000),))
    found = pairing.theirs_on("70", [replace(one, note=note) for note in notes], FIRM)
    assert [t.of for t in found] == ["clio-5", "", ""]
    mine = found[0]
    assert pairing.asked([mine], [a_clio_payment()]) == ()
    assert pairing.asked([mine], []) == (), "taken back in Clio, or of another bill"
    assert pairing.asked([mine], [a_clio_payment(let_be=("9",))]) == (mine,)
    assert pairing.asked([mine], [a_clio_payment(posted=Posted("8", 1, 15000))]) == (mine,), "a copy by hand"
    assert pairing.asked([mine], [a_clio_payment(posted=Posted("9", 1, 15000))]) == ()


# --- suggesting -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("apart", "points", "reason"),
    [
        (0, 75, "Same day"),
        (1, 65, "1 day apart"),
        (5, 65, "5 days apart"),
        (6, 55, "6 days apart"),
        (31, 55, "31 days apart"),
        (32, 50, "Same amount"),
    ],
)
def test_the_nearer_the_days_the_higher_the_score(apart: int, points: int, reason: str) -> None:
    for days in (timedelta(apart), -timedelta(apart)):
        told, reasons = pairing.score(theirs(), ours(on=TODAY + days))
        assert told == points
        assert reasons[0] == "Same amount"
        assert reason == reasons[-1]
    assert pairing.score(theirs(on=None), ours())[0] == pairing.score(theirs(), ours(on=None))[0] == 50


def test_a_shared_reference_speaks_for_two() -> None:
    assert pairing.score(theirs(reference="CHK 0118"), ours(text="Check 118")) == (
        100,
        ("Same amount", "Same day", "Same reference 118"),
    )
    assert pairing.score(theirs(reference="Clio 5551"), ours("clio-5551"))[0] == 100, "ours, from books not purged"
    for other in (ours(), ours(text="Check 119")):
        assert pairing.score(theirs(reference="CHK 0118"), other)[0] == 75, "one of two, or two others"
    assert pairing.references("March 2026, 12, no. 0007, FS-ABC234") == {"7", "abc234"}


def test_only_what_can_be_one_payment_is_suggested() -> None:
    assert pairing.suggest([theirs(cents=14000)], [ours()]) == {}
    two = (("70", 15000), ("71", 5000))
    more = theirs(whole=20000, lines=two)
    assert "pays something else too" in pairing.unfit(more, ours(), "USD")
    assert "pays something else too" in pairing.unfit(theirs(whole=20000), ours(), "USD"), "a part is on no invoice"
    assert pairing.unfit(more, ours(whole=20000, lines=two), "USD") == ""
    assert pairing.unfit(theirs(), ours(whole=20000, lines=two), "USD") == "", "a piece of it"
    assert "$140.00" in pairing.unfit(theirs(cents=14000), ours(), "USD")


def test_the_better_pair_is_suggested_and_the_rest_follows_from_it() -> None:
    there = [theirs("1"), theirs("2", on=TODAY - timedelta(9))]
    here = [ours("a", on=TODAY - timedelta(10)), ours("b")]
    found = pairing.suggest(there, here)
    assert {t: p.ours for t, p in found.items()} == {"1": "b", "2": "a"}
    assert not any(p.certain for p in found.values()), "each could have been the other's"


def test_what_is_suggested_once_is_suggested_to_no_other() -> None:
    """The second's best is taken: it gets what is left, however much nearer that is to the first."""
    there = [theirs("1", reference="118"), theirs("2", on=TODAY + timedelta(1))]
    here = [ours("a", text="118"), ours("b", on=TODAY - timedelta(31))]
    found = pairing.suggest(there, here)
    assert {t: (p.ours, p.score) for t, p in found.items()} == {"1": ("a", 100), "2": ("b", 50)}


def test_two_that_fit_equally_well_are_left_to_the_person() -> None:
    assert pairing.suggest([theirs("1"), theirs("2")], [ours("a"), ours("b")]) == {}
    assert pairing.suggest([theirs("1"), theirs("2")], [ours("a")]) == {}
    assert pairing.suggest([theirs("1")], [ours("a"), ours("b")]) == {}


def test_certain_is_what_has_one_partner_and_the_same_day_or_reference() -> None:
    assert pairing.suggest([theirs()], [ours()])["9"].certain
    assert not pairing.suggest([theirs()], [ours(on=TODAY - timedelta(1))])["9"].certain
    assert pairing.suggest([theirs(reference="118")], [ours(on=TODAY - timedelta(90), text="118")])["9"].certain
    assert not pairing.suggest([theirs()], [ours(), ours("clio-6", on=TODAY - timedelta(1))])["9"].certain


def test_an_invoice_is_certain_when_each_payment_on_it_is() -> None:
    told = pairing.certainly("70", [theirs()], [ours(), ours("clio-6", 99)])
    assert told == Answer("70", (("9", "clio-5"),), new=("clio-6",))
    assert pairing.certainly("70", [theirs(), theirs("10", 1)], [ours()]) is None
    assert pairing.certainly("70", [theirs()], [ours(on=TODAY - timedelta(1))]) is None
    assert pairing.certainly("70", [], [ours()]) == Answer("70", new=("clio-5",)), "nothing is in its way"


# --- what a person says -----------------------------------------------------------------------------------------------


def test_an_answer_speaks_of_each_payment_once() -> None:
    there, here = [theirs(), theirs("10", 500)], [ours(), ours("clio-6", 700)]
    whole = Answer("70", (("9", "clio-5"),), ("10",), ("clio-6",))
    pairing.check(there, here, whole, "USD")
    for wrong, words in (
        (replace(whole, left=()), "Say what the QuickBooks payment of $5.00 is"),
        (replace(whole, left=("9", "10")), "Say what the QuickBooks payment of $150.00 is"),
        (replace(whole, new=()), "Say whether the payment of $7.00"),
        (replace(whole, new=("clio-5", "clio-6")), "say one of both"),
        (replace(whole, pairs=(("9", "clio-5"), ("10", "clio-5")), left=()), "one of them only"),
        (replace(whole, pairs=(("9", "clio-6"),), new=("clio-5",)), "correct one of the two first"),
        (replace(whole, left=("10", "11")), "changed meanwhile"),
        (replace(whole, new=("clio-6", "clio-7")), "changed meanwhile"),
    ):
        with pytest.raises(Refused, match=re.escape(words)):
            pairing.check(there, here, wrong, "USD")


def test_what_is_wrong_with_an_answer_is_told_in_the_currency() -> None:
    for said, words in (
        (Answer("70", new=("clio-5",)), "the QuickBooks payment of CA$150.00 is"),
        (Answer("70", left=("9",)), "Say whether the payment of CA$150.00"),
        (Answer("70", (("9", "clio-5"),), new=("clio-5",)), "The payment of CA$150.00 is chosen above"),
    ):
        with pytest.raises(Refused, match=re.escape(words)):
            pairing.check([theirs()], [ours()], said, "CAD")


def test_an_answer_covers_what_it_spoke_of() -> None:
    said = Answer("70", (("9", "clio-5"),), ("10",))
    assert said.covers([theirs(), theirs("10")])
    assert not said.covers([theirs("11")])


# --- linking ----------------------------------------------------------------------------------------------------------


def test_a_pair_is_linked_under_a_guard_and_its_posting_is_done() -> None:
    told = pairing.linked(a_clio_payment(), theirs(), {"70": "b1"}, POLICY)
    assert told.state.posted == Posted("9", 1, 15000)
    assert [(g.key, g.holder) for g in told.guards] == [("quickbooks/realm-1/payment/9", "us-1/clio-5")]
    assert told.closes == ("us-1/quickbooks.payment/clio-5/1",)
    assert pairing.linked(told.state, theirs(), {"70": "b1"}, POLICY).state == told.state, "said twice"


def test_a_part_of_a_payment_is_linked_as_a_piece_and_the_rest_is_still_owed() -> None:
    whole = a_clio_payment(items=(Item("b1", "1042", 15000), Item("b2", "1043", 5000)), total=20000)
    told = pairing.linked(whole, theirs(), {"70": "b1", "71": "b2"}, POLICY)
    posted = told.state.posted
    assert posted
    assert (posted.adding, [(p.id, p.payables) for p in posted.pieces]) == (1, [("9", ("b1",))])
    assert told.closes == ()


def test_the_second_piece_makes_it_whole() -> None:
    whole = a_clio_payment(items=(Item("b1", "1042", 15000), Item("b2", "1043", 5000)), total=20000)
    bills = {"70": "b1", "71": "b2"}
    first = pairing.linked(whole, theirs(), bills, POLICY).state
    second = theirs("10", 5000, lines=(("71", 5000),))
    [o] = pairing.ours_on(a_payable(id="b2"), [first], {"b2": "71"})
    assert pairing.unfit(second, o, "USD") == ""
    told = pairing.linked(first, second, bills, POLICY)
    posted = told.state.posted
    assert posted
    assert (posted.adding, posted.revision, posted.ids) == (0, 1, ("9", "10"))
    assert told.closes == ("us-1/quickbooks.payment/clio-5/1",)


@pytest.mark.parametrize("fields", [{"posted": Posted("8", 1, 15000)}, {"phase": Phase.REMOVED}])
def test_what_was_entered_or_taken_back_meanwhile_is_not_linked(fields: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="meanwhile"):
        pairing.linked(a_clio_payment(**fields), theirs(), {"70": "b1"}, POLICY)


def test_compared_lifts_the_wait_keeps_what_is_left_and_closes_the_task() -> None:
    told = pairing.compared(a_payable(booked=Booked("70", 1, 40000, waits=True)), (("10", 500),))
    assert told.state.booked == Booked("70", 1, 40000, left=(("10", 500),))
    assert told.closes == ("us-1/task/payments/b1/70",)
    assert pairing.compared(a_payable(), ()).state == a_payable()
    assert pairing.touching(a_payable()) == []


# --- taking it back ---------------------------------------------------------------------------------------------------


def test_a_pair_that_is_taken_back_is_owed_anew_and_its_guard_is_free() -> None:
    x = pairing.linked(a_clio_payment(), theirs(), {"70": "b1"}, POLICY).state
    told = pairing.parted(x, "9", POLICY, NOW)
    assert (told.state.posted, told.state.wanted) == (None, 2)
    assert [(g.key, g.holder, g.release) for g in told.guards] == [
        ("quickbooks/realm-1/payment/9", "us-1/clio-5", True)
    ]
    assert told.closes == ("us-1/quickbooks.payment/clio-5/1",)
    assert [e.key for e in told.effects] == ["us-1/quickbooks.payment/clio-5/2"]
    assert pairing.linked(told.state, theirs(), {"70": "b1"}, POLICY).state.posted == Posted("9", 2, 15000)


def test_of_a_payment_in_pieces_one_is_taken_back_and_the_other_stays() -> None:
    bills = {"70": "b1", "71": "b2"}
    x = a_clio_payment(items=(Item("b1", "1042", 15000), Item("b2", "1043", 5000)), total=20000)
    one = pairing.linked(x, theirs(), bills, POLICY).state
    assert pairing.stands(one, "9"), "the rest of it is still owed"
    assert pairing.parted(one, "9", POLICY, NOW).state.posted is None
    x = pairing.linked(one, theirs("10", 5000, lines=(("71", 5000),)), bills, POLICY).state
    left = pairing.parted(x, "9", POLICY, NOW).state.posted
    assert left == Posted("10", 0, 5000, pieces=(Piece("10", 5000, ("b2",)),), adding=2)
    assert x.posted
    broken = replace(x, posted=replace(x.posted, broken=Broken(Harm.DELETED)))
    assert pairing.parted(broken, "9", POLICY, NOW).state.posted == left, "what was broken is told of no more"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"posted": Posted("8", 1, 15000)},
        {"posted": Posted("9", 1, 15000, voided=True)},
        {"posted": Posted("9", 1, 15000), "wanted": 2},
        {"posted": Posted("9", 0, 15000, pieces=(Piece("9", 15000),), adding=ANEW)},
        {"posted": Posted("9", 1, 15000), "phase": Phase.REMOVED},
    ],
)
def test_what_quickbooks_was_or_is_to_be_written_for_since_is_not_taken_back(fields: dict[str, Any]) -> None:
    assert not pairing.stands(a_clio_payment(**fields), "9")
    with pytest.raises(Refused, match="since"):
        pairing.parted(a_clio_payment(**fields), "9", POLICY, NOW)


def test_a_word_that_is_taken_back_is_asked_for_under_a_task_of_its_own() -> None:
    left = (("10", 500), ("11", 700))  # one of them is something else, and one of ours that stays as it was
    told = pairing.asked_again(a_payable(booked=Booked("70", 1, 40000, left=left)), NOW, {"10"})
    assert told.state.booked == Booked("70", 1, 40000, waits=True, asked=1, left=left[1:])
    after = pairing.compared(told.state, (("12", 100),)).state.booked
    assert after and after.left == (("11", 700), ("12", 100))
    assert [e.key for e in told.effects] == ["us-1/task/payments/b1/70/1"]
    assert pairing.compared(told.state, ()).closes == ("us-1/task/payments/b1/70/1",)
    assert pairing.asked_again(told.state, NOW, ()).state == told.state, "it waits already"
    assert pairing.asked_again(a_payable(), NOW, ()).state == a_payable()


# --- what stands there is left there ----------------------------------------------------------------------------------


def test_what_is_left_on_a_deposit_is_ours_no_longer() -> None:
    gone = pairing.let_be(a_clio_payment(phase=Phase.REMOVED, wanted=2, posted=Posted("9", 1, 15000)), POLICY)
    assert (gone.state.posted, gone.effects) == (None, ())
    assert [(g.key, g.release) for g in gone.guards] == [("quickbooks/realm-1/payment/9", True)]
    assert pairing.let_be(a_clio_payment(), POLICY).state == a_clio_payment()


def test_what_is_left_on_an_invoice_is_kept_with_what_was() -> None:
    p = a_payable(booked=Booked("70", 1, 40000, left=(("8", 100),)))
    left = pairing.left_there(p, (("9", 15000),)).state.booked
    assert left and left.left == (("8", 100), ("9", 15000))
    assert pairing.left_there(a_payable(), ()).state == a_payable()
