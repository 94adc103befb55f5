"""Receipts in Clio and payments of ours: matched by code, asked about otherwise, never guessed, never counted twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import planning, receipts
from chalicelib.domain.effects import Do, key_of
from chalicelib.domain.kernel import Status
from chalicelib.domain.payable import Active, Collection, Known, Payable, Returned, Standing
from chalicelib.domain.readings import Pot, Receipt
from chalicelib.domain.receipts import MarkedPaid, MatchConfirmed, MatchRefused, MatchUndone
from chalicelib.errors import Refused
from tests.builders import NOW, TODAY, a_bill, a_payable
from tests.domain.given import CODE, a_policy, a_receipt, a_share, kinds, one

POLICY = a_policy()


def read(state: Payable, *shown: Receipt) -> tuple[Payable, list[str]]:
    new, owed = receipts.read(state, shown, POLICY, NOW)
    return new, [e.kind for e in owed]


def standing(state: Payable) -> dict[str, Standing]:
    return {k.id: k.standing for k in state.receipts}


def asked(cents: int = 40000) -> Payable:
    """A payable where Clio shows a receipt that may be our payment."""
    state, _ = read(a_payable(shares=(a_share(),)), a_receipt(cents=cents))
    assert state.asked
    return state


@pytest.mark.parametrize(
    ("shown", "explains"),
    [
        ((), False),
        ((a_receipt("r1", 30000),), True),
        ((a_receipt("r1", 10000), a_receipt("r2", 20000, kind="credit"), a_receipt("r3", 5000, voided=True)), True),
        ((a_receipt("r1", 30000), a_receipt("r2", 1)), False),
    ],
)
def test_a_balance_is_explained_by_the_receipts_that_it_counts(shown: tuple[Receipt, ...], explains: bool) -> None:
    assert receipts.explain(a_bill(asks=40000, balance=10000), shown) is explains


# --- sorting ----------------------------------------------------------------------------------------------------------


def test_money_recorded_where_we_hold_nothing_is_a_payment_of_its_own() -> None:
    state, owed = read(a_payable(), a_receipt())
    assert standing(state) == {"r1": Standing.OWN}
    assert owed == [Do.LOOK_GROUP]


def test_a_code_in_the_text_matches_by_itself_whatever_its_case() -> None:
    state, owed = read(a_payable(shares=(a_share(),)), a_receipt(text=f"card {CODE.lower()} thanks"))
    assert standing(state) == {"r1": Standing.MATCHED}
    assert state.receipts[0].by == "code"
    assert state.shares[0].shown == (("r1", 40000),)
    assert owed == [Do.LOOK_GROUP, Do.ITEM_MATCHED]  # the rest of Clio's payment may be posted now


def test_without_a_code_a_person_is_asked_and_nothing_is_posted() -> None:
    state, owed = receipts.read(a_payable(shares=(a_share(),)), (a_receipt(),), POLICY, NOW)
    assert standing(state) == {"r1": Standing.ASKED}
    assert state.shares[0].recorded == 0
    task = one(tuple(owed), Do.TASK)
    assert task.status is Status.PARKED
    assert task.body == {"payable": "b1", "receipt": "r1", "payments": ["p1"]}
    assert task.key == receipts.match_task("us-1", "b1", state.receipts[0])
    assert (state.receipts[0].asked, state.seq) == (1, 1), "the question has its number"


def test_a_question_names_both_sides_in_the_bills_currency() -> None:
    state = a_payable(currency="CAD", shares=(a_share(), a_share("p2", 5000, "FS-SECOND")))
    _, owed = receipts.read(state, (a_receipt(cents=123456),), POLICY, NOW)
    assert one(tuple(owed), Do.TASK).reason == (
        f"Clio shows CA$1,234.56 dated Mar 2, 2026; received here and not yet seen in Clio: "
        f"CA$400.00 ({CODE}), CA$50.00 (FS-SECOND)."
    )


def test_each_question_and_each_look_has_a_number_of_its_own() -> None:
    """The key of an effect never comes again, so the count only grows."""
    shown = (a_receipt("r1", 1, group="g"), a_receipt("r2", 2, kind="credit"), a_receipt("r3", 3, group="g"))
    state, owed = receipts.read(a_payable(seq=7), shown, POLICY, NOW)
    assert [e.key.removeprefix("us-1/") for e in owed] == [
        "clio.payment/g/b1/8",
        "clio.credit/g-r2/b1/9",
        "clio.payment/g/b1/10",
    ]
    assert state.seq == 10
    shares = (a_share("p1", 10000, "FS-AAA"), a_share("p2", 5000, "FS-BBB"))
    state, owed = receipts.read(a_payable(seq=7, shares=shares), (a_receipt(text="FS-AAA FS-BBB"),), POLICY, NOW)
    assert (standing(state), [e.key for e in owed]) == ({"r1": Standing.ASKED}, ["us-1/task/match/b1/r1/8"])
    matched, owed = receipts.read(
        a_payable(seq=7, shares=shares), (a_receipt(cents=12000, text="FS-AAA FS-BBB"),), POLICY, NOW
    )
    assert [e.key.removeprefix("us-1/") for e in owed] == [
        "clio.payment/g-r1/b1/8",
        "self.matched/p1/b1/9",
        "self.matched/p2/b1/10",
    ]
    assert matched.seq == 10


def test_a_share_without_a_code_is_never_matched_by_an_empty_text() -> None:
    state, _ = read(a_payable(shares=(a_share(code=""),)), a_receipt(text="anything"))
    assert standing(state) == {"r1": Standing.ASKED}


def test_more_than_is_missing_is_asked_about_even_with_the_code() -> None:
    state, _ = read(a_payable(shares=(a_share(cents=30000),)), a_receipt(cents=30001, text=CODE))
    assert standing(state) == {"r1": Standing.ASKED}


def test_what_clio_shows_already_is_missing_no_more() -> None:
    state, _ = read(a_payable(shares=(a_share(shown=(("r0", 10000),)),)), a_receipt(cents=30001, text=CODE))
    assert standing(state) == {"r1": Standing.ASKED}


def test_exactly_what_is_missing_is_matched() -> None:
    state, _ = read(a_payable(shares=(a_share(cents=30000),)), a_receipt(cents=30000, text=CODE))
    assert standing(state) == {"r1": Standing.MATCHED}


def test_part_of_a_payment_is_matched_and_the_rest_stays_missing() -> None:
    state, _ = read(a_payable(shares=(a_share(),)), a_receipt(cents=10000, text=CODE))
    assert state.shares[0].unseen == 30000
    state, _ = read(state, a_receipt(cents=10000, text=CODE), a_receipt("r2", 30000, text=CODE))
    assert state.shares[0].unseen == 0


def test_a_receipt_with_two_codes_is_laid_over_both() -> None:
    shares = (a_share("p1", 10000, "FS-AAA"), a_share("p2", 5000, "FS-BBB"))
    state, owed = read(a_payable(shares=shares), a_receipt(cents=12000, text="FS-BBB and FS-AAA"))
    assert [s.shown for s in state.shares] == [(("r1", 10000),), (("r1", 2000),)]
    assert owed == [Do.LOOK_GROUP, Do.ITEM_MATCHED, Do.ITEM_MATCHED]


def test_once_all_is_shown_the_next_receipt_is_a_payment_of_its_own() -> None:
    first = a_receipt(text=CODE)
    state, _ = read(a_payable(shares=(a_share(),)), first)
    state, _ = read(state, first, a_receipt("r2", 500, text=CODE))
    assert standing(state) == {"r1": Standing.MATCHED, "r2": Standing.OWN}


@pytest.mark.parametrize(
    ("kind", "ours", "expected"),
    [
        ("credit", False, Standing.OTHER),
        ("credit", True, Standing.OTHER),
        ("deposit", False, Standing.OTHER),
        ("deposit", True, Standing.ASKED),
    ],
)
def test_credits_and_deposits_stand_apart(kind: str, ours: bool, expected: Standing) -> None:
    shares = (a_share(),) if ours else ()
    state, _ = read(a_payable(shares=shares), a_receipt(kind=kind))
    assert standing(state) == {"r1": expected}


@pytest.mark.parametrize("receipt", [a_receipt(voided=True), a_receipt(cents=0), a_receipt(cents=-5)])
def test_what_is_voided_or_no_money_is_no_receipt(receipt: Receipt) -> None:
    state, owed = read(a_payable(), receipt)
    assert state.receipts == ()
    assert owed == []


def test_during_an_attempt_a_new_receipt_waits() -> None:
    state, owed = read(a_payable(attempt=Active("p1", 40000, "acct")), a_receipt())
    assert standing(state) == {"r1": Standing.NEW}
    assert owed == []


def test_a_payment_recorded_during_the_attempt_of_another_hears_of_it_once_that_is_over() -> None:
    waits, _ = read(a_payable(shares=(a_share(),), attempt=Active("p2", 476, "acct")), a_receipt(text=CODE))
    assert waits.shares[0].shown == ()
    state, owed = receipts.sort(replace(waits, attempt=None), POLICY, NOW)
    assert state.shares[0].shown == (("r1", 40000),)
    assert [e.body for e in owed if e.kind == Do.ITEM_MATCHED] == [{"payment": "p1", "payable": "b1"}]


def test_the_same_receipts_again_change_nothing() -> None:
    state, _ = read(a_payable(shares=(a_share(),)), a_receipt(text=CODE), a_receipt("r2", 700))
    assert read(state, a_receipt(text=CODE), a_receipt("r2", 700)) == (state, [])


def test_a_text_that_came_later_is_kept_and_one_that_went_is_not_lost() -> None:
    state, _ = read(a_payable(), a_receipt(text="cheque 7"))
    state, _ = read(state, a_receipt(text=""))
    assert state.receipts[0].text == "cheque 7"
    state, _ = read(state, a_receipt(text="cheque 8"))
    assert state.receipts[0].text == "cheque 8"


def test_each_receipt_is_sorted_whatever_stands_before_it() -> None:
    """One sorted before, one that is a credit, one that is asked about, one with its code, one of its own."""
    first = a_receipt("r0", 1, text="known")
    state, _ = read(a_payable(shares=(a_share("p1", 40000),)), first)
    assert standing(state) == {"r0": Standing.ASKED}
    shown = (first, a_receipt("r1", 5, kind="credit"), a_receipt("r2", 40000, text=CODE), a_receipt("r3", 700))
    state, owed = read(state, *shown)
    assert standing(state) == {
        "r0": Standing.ASKED,
        "r1": Standing.OTHER,
        "r2": Standing.MATCHED,
        "r3": Standing.OWN,
    }
    assert owed == [Do.LOOK_CREDIT, Do.LOOK_GROUP, Do.LOOK_GROUP, Do.ITEM_MATCHED]


# --- money that had gone back before staff recorded it ----------------------------------------------------------------


BACK = (Returned("p0", "", TODAY), Returned("p1", CODE, TODAY), Returned("p2", "FS-OTHER", TODAY))


def test_a_payment_recorded_after_its_money_went_back_is_to_be_removed_in_clio() -> None:
    own, late = a_receipt("r1", 700), a_receipt("r2", 30000, text=f"card {CODE.lower()}")
    state, owed = receipts.read(a_payable(seq=4, returned=BACK), (own, late), POLICY, NOW)
    assert standing(state) == {"r1": Standing.OWN, "r2": Standing.MATCHED}
    assert state.receipts[1].by == "code"
    assert state.shares == (a_share("p1", 0, shown=(("r2", 30000),)),)
    assert state.returned == (BACK[0], BACK[2])
    assert (state.hold, state.hold_seq) == (receipts.REMOVE_IN_CLIO, 7)
    assert [(e.kind, e.body) for e in owed] == [
        (Do.LOOK_GROUP, {"group": "g-r1"}),
        (Do.LOOK_GROUP, {"group": "g-r2"}),
        (Do.TASK, {"payable": "b1", "payment": "p1"}),
        (Do.ITEM_MATCHED, {"payment": "p1", "payable": "b1"}),
    ]
    task = one(tuple(owed), Do.TASK)
    assert task.key == receipts.removal_task("us-1", "b1", 7)
    assert (task.title, task.about) == (f"1042: remove the payment {CODE} in Clio", "payable/b1")
    assert task.reason == "$300.00 of it went back to the client."
    freed, _ = read(state, own)
    assert (freed.hold, freed.shares, set(freed.returned)) == ("", (), set(BACK))


def test_what_is_to_be_removed_is_told_in_the_bills_currency() -> None:
    _, owed = receipts.hold_until_removed(a_payable(currency="CAD"), "p1", CODE, 30000, NOW)
    assert one(tuple(owed), Do.TASK).reason == "CA$300.00 of it went back to the client."


@pytest.mark.parametrize("text", ["", "FS-NOBODY", "fs-abc23"])
def test_a_receipt_without_the_code_of_money_that_went_back_is_a_payment_of_its_own(text: str) -> None:
    state, owed = read(a_payable(returned=BACK), a_receipt(text=text))
    assert standing(state) == {"r1": Standing.OWN}
    assert (state.hold, state.returned, owed) == ("", BACK, [Do.LOOK_GROUP])


SAME = replace(BACK[1], cents=30000)


@pytest.mark.parametrize(
    ("fields", "asked"),
    [({}, True), ({"cents": 29999}, False), ({"on": TODAY - timedelta(days=1)}, False)],
)
def test_one_of_the_amount_that_went_back_is_asked_about(fields: dict[str, Any], asked: bool) -> None:
    """Staff may have recorded it without its code; or another payment of the same amount has come."""
    state, owed = receipts.read(
        a_payable(returned=(SAME,)), (a_receipt(**{"cents": 30000, "text": "Card", **fields}),), POLICY, NOW
    )
    assert standing(state) == {"r1": Standing.ASKED if asked else Standing.OWN}
    if asked:
        task = one(tuple(owed), Do.TASK)
        assert task.body["payments"] == ["p1"]
        assert task.reason.endswith(f"; paid here and gone back to the client: $300.00 ({CODE}).")
        assert "not yet seen" not in task.reason


def test_whether_a_deposit_stands_on_no_request_is_as_clio_shows_it_now() -> None:
    beside = a_receipt(kind="deposit", loose=True)
    for before in (a_payable(pot=Pot.TRUST), read(a_payable(pot=Pot.TRUST), replace(beside, loose=False))[0]):
        assert read(before, beside)[0].receipts[0].loose


def test_a_payment_of_which_nothing_is_left_or_shown_hears_nothing_when_it_is_put_away() -> None:
    state, owed = read(a_payable(shares=(a_share(cents=0, back=40000),)))
    assert ([r.payment for r in state.returned], owed) == (["p1"], [])


def test_what_waits_and_what_went_back_are_asked_about_together() -> None:
    before = a_payable(returned=(SAME,), shares=(a_share("p7", 40000, "FS-SEVEN"),))
    _, owed = receipts.read(before, (a_receipt(cents=30000),), POLICY, NOW)
    task = one(tuple(owed), Do.TASK)
    assert task.body["payments"] == ["p7", "p1"]
    assert "not yet seen in Clio: $400.00 (FS-SEVEN); paid here" in task.reason


def asked_about_what_went_back() -> Payable:
    state, _ = receipts.read(a_payable(returned=(SAME,)), (a_receipt(cents=30000),), POLICY, NOW)
    return state


def test_money_that_went_back_and_is_recorded_by_a_persons_word_is_to_be_removed() -> None:
    told = receipts.answered(asked_about_what_went_back(), MatchConfirmed("r1", ("p1",)), POLICY, NOW)
    assert (standing(told.state), told.state.returned) == ({"r1": Standing.MATCHED}, ())
    assert told.state.hold == receipts.REMOVE_IN_CLIO
    assert one(told.effects, Do.TASK).title == f"1042: remove the payment {CODE} in Clio"
    undone = receipts.answered(told.state, MatchUndone("r1"), POLICY, NOW)
    assert (standing(undone.state), undone.state.hold, undone.state.returned) == ({"r1": Standing.ASKED}, "", (SAME,))
    assert one(undone.effects, Do.TASK).body["payments"] == ["p1"]


def recorded_too_late() -> Payable:
    """Two payments whose money went back, both in Clio by their codes."""
    shown = (a_receipt("r1", 30000, text=CODE), a_receipt("r2", 200, text="FS-OTHER"))
    return receipts.read(a_payable(returned=BACK), shown, POLICY, NOW)[0]


def test_money_that_went_back_stays_ours_when_staff_edit_what_they_recorded() -> None:
    late, _ = receipts.read(a_payable(returned=BACK[1:2]), (a_receipt("r1", 30000, text=CODE),), POLICY, NOW)
    state, owed = receipts.read(late, (a_receipt("r1", 20000, text=CODE),), POLICY, NOW)
    assert standing(state) == {"r1": Standing.MATCHED}
    assert [(s.payment, s.cents, s.shown) for s in state.shares] == [("p1", 0, (("r1", 20000),))]
    assert state.hold == receipts.REMOVE_IN_CLIO
    assert [e.body for e in owed if e.kind == Do.ITEM_MATCHED] == [{"payment": "p1", "payable": "b1"}]


def test_one_of_two_that_is_removed_is_known_by_its_code_while_the_other_stands() -> None:
    state, owed = read(recorded_too_late(), a_receipt("r2", 200, text="FS-OTHER"))
    assert ([s.payment for s in state.shares], state.hold) == (["p2"], receipts.REMOVE_IN_CLIO)
    assert "p1" in {r.payment for r in state.returned}
    assert owed == [Do.ITEM_MATCHED], "the payment hears that Clio shows it no more"


def test_a_match_taken_back_names_what_went_back_also_while_another_is_to_be_removed() -> None:
    undone = receipts.answered(recorded_too_late(), MatchUndone("r1"), POLICY, NOW)
    assert undone.state.hold == receipts.REMOVE_IN_CLIO
    task = one(undone.effects, Do.TASK)
    assert task.body["payments"] == ["p1"]
    assert CODE in task.reason
    assert [e.body for e in undone.effects if e.kind == Do.ITEM_MATCHED] == [{"payment": "p1", "payable": "b1"}]


def test_money_of_the_same_amount_that_is_another_payment_is_posted() -> None:
    told = receipts.answered(asked_about_what_went_back(), MatchRefused("r1"), POLICY, NOW)
    assert (standing(told.state), told.state.hold, told.state.returned) == ({"r1": Standing.OWN}, "", (SAME,))
    assert [e.kind for e in told.effects if e.kind == Do.LOOK_GROUP]


def test_the_first_of_two_codes_of_money_that_went_back_names_the_payment() -> None:
    state, _ = read(a_payable(returned=BACK), a_receipt(text=f"FS-OTHER {CODE}"))
    assert [s.payment for s in state.shares] == ["p1"]


def test_a_second_payment_recorded_too_late_is_covered_by_the_hold_that_stands() -> None:
    state, owed = read(a_payable(returned=BACK), a_receipt("r1", 100, text=CODE), a_receipt("r2", 200, text="FS-OTHER"))
    assert [(s.payment, s.shown) for s in state.shares] == [("p1", (("r1", 100),)), ("p2", (("r2", 200),))]
    assert owed.count(Do.TASK) == 1


@pytest.mark.parametrize(
    ("share", "stays"),
    [
        ({"cents": 1}, True),
        ({"cents": 0, "shown": (("r1", 1),)}, True),
        ({"cents": 0, "patched": True}, True),
        ({"cents": 0}, False),
    ],
)
def test_a_share_is_put_away_once_nothing_of_it_is_left_or_shown(share: dict[str, Any], stays: bool) -> None:
    gone = a_share("p9", **share)
    told = (Returned("p9", "FS-OLD", TODAY), Returned("p8", "FS-8", TODAY))
    after = receipts.put_away(a_payable(shares=(a_share(), gone), returned=told))
    if stays:
        assert after.shares == (a_share(), gone)
        assert after.returned == (told[1],), "it is known by its share again"
    else:
        assert after.shares == (a_share(),)
        assert after.returned == (told[1], Returned("p9", CODE, TODAY)), "once"
    back = receipts.put_away(a_payable(shares=(a_share("p9", 0, back=700),)))
    assert back.returned == (Returned("p9", CODE, TODAY, 700),)


# --- what vanishes ----------------------------------------------------------------------------------------------------


def test_a_match_that_clio_no_longer_shows_counts_no_more() -> None:
    state, _ = read(a_payable(shares=(a_share(),)), a_receipt(text=CODE))
    state, owed = read(state)
    assert state.receipts == ()
    assert state.shares[0].unseen == 40000
    assert owed == [Do.ITEM_MATCHED]


@pytest.mark.parametrize("changed", [{"cents": 39999}, {"group": "another"}, {"on": NOW.date().replace(day=1)}])
def test_a_receipt_that_changed_is_another_receipt(changed: dict[str, object]) -> None:
    state, _ = read(a_payable(), a_receipt())
    state, owed = receipts.read(state, (a_receipt(**changed),), POLICY, NOW)  # type: ignore[arg-type]
    assert standing(state) == {"r1": Standing.OWN}
    looks = [e for e in owed if e.kind == Do.LOOK_GROUP]
    assert len(looks) == len({e.key for e in looks}) == 2


def test_a_payment_of_its_own_that_vanished_has_its_whole_payment_looked_at() -> None:
    state, _ = read(a_payable(), a_receipt())
    state, owed = receipts.read(state, (), POLICY, NOW)
    look = one(tuple(owed), Do.LOOK_GROUP)
    assert look.body == {"group": "g-r1"}
    assert state.receipts == ()


# --- a person's word --------------------------------------------------------------------------------------------------


def test_a_confirmed_match_is_shown_and_its_task_closes() -> None:
    before = asked()
    decision = receipts.answered(before, MatchConfirmed("r1", ("p1",)), POLICY, NOW)
    assert standing(decision.state) == {"r1": Standing.MATCHED}
    assert decision.state.receipts[0].by == "person"
    assert decision.state.shares[0].recorded == 40000
    assert decision.closes == (receipts.match_task("us-1", "b1", before.receipts[0]),)
    assert Do.ITEM_MATCHED in kinds(decision)


def test_a_refused_match_is_a_payment_of_its_own() -> None:
    decision = receipts.answered(asked(), MatchRefused("r1"), POLICY, NOW)
    assert standing(decision.state) == {"r1": Standing.OWN}
    assert decision.state.receipts[0].by == "person"
    assert decision.state.shares[0].unseen == 40000
    assert kinds(decision) == [Do.LOOK_GROUP]


def test_a_trust_deposit_with_its_code_is_matched_and_has_no_other_parts_to_look_at() -> None:
    state, owed = read(a_payable(pot=Pot.TRUST, shares=(a_share(),)), a_receipt(kind="deposit", text=CODE))
    assert standing(state) == {"r1": Standing.MATCHED}
    assert owed == [Do.ITEM_MATCHED]


def test_a_refused_deposit_is_nobodys_payment() -> None:
    state, _ = read(a_payable(shares=(a_share(),)), a_receipt(kind="deposit"))
    decision = receipts.answered(state, MatchRefused("r1"), POLICY, NOW)
    assert standing(decision.state) == {"r1": Standing.OTHER}
    assert kinds(decision) == []


def test_a_match_taken_back_is_asked_about_again_under_a_new_task() -> None:
    before = asked()
    matched = receipts.answered(before, MatchConfirmed("r1", ("p1",)), POLICY, NOW).state
    undone = receipts.answered(matched, MatchUndone("r1"), POLICY, NOW)
    assert standing(undone.state) == {"r1": Standing.ASKED}
    assert undone.state.shares[0].shown == ()
    assert undone.state.receipts[0].by == ""
    assert undone.closes == ()
    task = one(undone.effects, Do.TASK)
    assert task.key != receipts.match_task("us-1", "b1", before.receipts[0])
    assert task.key == receipts.match_task("us-1", "b1", undone.state.receipts[0])


def test_only_payments_that_clio_does_not_show_in_full_are_asked_about_again() -> None:
    whole = a_share("p2", 500, "FS-WHOLE", shown=(("r2", 500),))
    state, _ = read(a_payable(shares=(a_share(), whole)), a_receipt(text=CODE))
    undone = receipts.answered(state, MatchUndone("r1"), POLICY, NOW)
    assert one(undone.effects, Do.TASK).body["payments"] == ["p1"]


def test_an_answer_closes_the_reminder_that_waited_for_an_address_once_it_waits_for_that_no_more() -> None:
    waiting = Collection("friendly", NOW, round=3, waits=planning.NO_ADDRESS)
    before = replace(asked(), collection=waiting)
    decision = receipts.answered(before, MatchConfirmed("r1", ("p1",)), POLICY, NOW)
    assert decision.closes == (
        receipts.match_task("us-1", "b1", before.receipts[0]),
        key_of("us-1", Do.REMIND, "b1/3"),
    )


@pytest.mark.parametrize("answer", [MatchConfirmed("r9", ("p1",)), MatchRefused("r9"), MatchUndone("r9")])
def test_an_answer_about_a_receipt_that_is_gone_is_refused(answer: receipts.MatchFact) -> None:
    with pytest.raises(Refused, match="no longer shows"):
        receipts.answered(asked(), answer, POLICY, NOW)


def test_an_answer_given_twice_is_refused() -> None:
    matched = receipts.answered(asked(), MatchConfirmed("r1", ("p1",)), POLICY, NOW).state
    for answer in (MatchConfirmed("r1", ("p1",)), MatchRefused("r1")):
        with pytest.raises(Refused, match="already sorted"):
            receipts.answered(matched, answer, POLICY, NOW)


def test_what_is_not_matched_cannot_be_taken_back() -> None:
    with pytest.raises(Refused, match="not matched"):
        receipts.answered(asked(), MatchUndone("r1"), POLICY, NOW)


@pytest.mark.parametrize("payments", [(), ("p9",), ("p1", "p9")])
def test_a_match_names_payments_that_are_there(payments: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match="Choose which"):
        receipts.answered(asked(), MatchConfirmed("r1", payments), POLICY, NOW)


@given(
    st.lists(st.tuples(st.integers(1, 9000), st.integers(0, 9000)), min_size=1, max_size=5),
    st.integers(1, 60000),
    st.randoms(use_true_random=False),
)
def test_a_receipt_is_laid_over_shares_to_the_cent_in_whatever_order_they_are_named(
    sizes: list[tuple[int, int]], cents: int, random: object
) -> None:
    """Each share takes what it misses; only what none of them misses goes on top of one."""
    shares = tuple(
        a_share(f"p{n}", size, f"FS-{n}", shown=(("r0", min(before, size)),)) for n, (size, before) in enumerate(sizes)
    )
    names = [s.payment for s in shares]
    random.shuffle(names)  # type: ignore[attr-defined]
    state, _ = read(a_payable(shares=(*shares, a_share("open"))), a_receipt("r1", cents))
    confirmed = receipts.answered(state, MatchConfirmed("r1", tuple(names)), POLICY, NOW).state
    laid = {s.payment: sum(c for r, c in s.shown if r == "r1") for s in confirmed.shares}
    assert sum(laid.values()) == cents
    assert all(part >= 0 for part in laid.values())
    missing = sum(s.cents - s.recorded for s in shares)
    over = sum(max(0, s.recorded - s.cents) for s in confirmed.shares)
    assert over == max(0, cents - missing)
    assert sum(s.unseen for s in confirmed.shares if s.payment != "open") == max(0, missing - cents)


# --- our own state change at Clio -------------------------------------------------------------------------------------


def test_the_one_receipt_that_our_change_made_is_matched() -> None:
    decision = receipts.marked_paid(a_payable(shares=(a_share(),)), MarkedPaid("p1", (a_receipt(),)), POLICY, NOW)
    assert decision.state.receipts[0].by == "patch"
    assert decision.state.shares[0].recorded == 40000
    assert kinds(decision) == [Do.ITEM_MATCHED]


def test_a_cent_that_our_change_made_is_matched() -> None:
    decision = receipts.marked_paid(
        a_payable(shares=(a_share(cents=1),)), MarkedPaid("p1", (a_receipt(cents=1),)), POLICY, NOW
    )
    assert decision.state.receipts[0].by == "patch"


def test_without_a_receipt_our_change_counts_as_read_back() -> None:
    decision = receipts.marked_paid(a_payable(shares=(a_share(),)), MarkedPaid("p1", ()), POLICY, NOW)
    assert decision.state.shares[0].patched
    assert decision.state.shares[0].unseen == 0
    assert kinds(decision) == [Do.ITEM_MATCHED]


def test_what_our_change_made_is_kept_as_clio_shows_it() -> None:
    shares = (a_share("p0", 5000, "FS-OLD", shown=(("r0", 5000),)), a_share(cents=40000, shown=(("r9", 10000),)))
    made = a_receipt("r1", 30000, text="our change")
    shown = (made, a_receipt("r2", 1, voided=True), a_receipt("r3", 0))
    state = receipts.marked_paid(a_payable(shares=shares), MarkedPaid("p1", shown), POLICY, NOW).state
    assert state.receipts == (
        Known("r1", 30000, made.on, made.group, made.kind, "our change", Standing.MATCHED, by="patch"),
    )
    assert [s.shown for s in state.shares] == [(("r0", 5000),), (("r9", 10000), ("r1", 30000))]
    assert [s.patched for s in state.shares] == [False, False]


def test_a_receipt_known_before_our_change_is_not_what_it_made() -> None:
    before, _ = read(a_payable(shares=(a_share(cents=300),)), a_receipt("r0", 100, kind="credit"))
    shown = (a_receipt("r0", 100, kind="credit"), a_receipt("r1", 300))
    after = receipts.marked_paid(before, MarkedPaid("p1", shown), POLICY, NOW).state
    assert [k.by for k in after.receipts] == ["", "patch"]


def test_another_amount_than_ours_is_read_as_any_receipt() -> None:
    decision = receipts.marked_paid(
        a_payable(shares=(a_share(),)), MarkedPaid("p1", (a_receipt(cents=39999),)), POLICY, NOW
    )
    assert standing(decision.state) == {"r1": Standing.ASKED}
    assert set(kinds(decision)) == {Do.TASK, Do.ITEM_MATCHED}
    one(decision.effects, Do.TASK)


def test_two_new_receipts_after_our_change_are_not_guessed_between() -> None:
    shown = (a_receipt("r1"), a_receipt("r2", 40000))
    state = receipts.marked_paid(a_payable(shares=(a_share(),)), MarkedPaid("p1", shown), POLICY, NOW).state
    assert Standing.MATCHED not in standing(state).values()


def test_a_change_for_a_payment_that_is_not_here_changes_nothing() -> None:
    state = a_payable()
    assert receipts.marked_paid(state, MarkedPaid("p1", (a_receipt(),)), POLICY, NOW).state == state


# --- attempts and holds -----------------------------------------------------------------------------------------------


def test_an_open_session_over_more_than_is_open_is_expired() -> None:
    state = a_payable(attempt=Active("p1", 40001, "acct", session="cs_1"))
    _, owed = receipts.expire_stale_attempt(state, NOW)
    assert [e.kind for e in owed] == [Do.EXPIRE_SESSION]
    assert owed[0].body == {"payment": "p1", "session": "cs_1", "account": "acct"}


@pytest.mark.parametrize(
    "attempt",
    [
        None,
        Active("p1", 40000, "acct", session="cs_1"),
        Active("p1", 50000, "acct"),
        Active("p1", 50000, "acct", session="cs_1", on_its_way=True),
    ],
)
def test_any_other_attempt_stays(attempt: Active | None) -> None:
    assert receipts.expire_stale_attempt(a_payable(attempt=attempt), NOW)[1] == []


def test_the_hold_ends_when_clio_shows_no_more_than_we_still_have() -> None:
    gone = a_share(cents=0, shown=(("r1", 40000),))
    held = a_payable(hold=receipts.REMOVE_IN_CLIO, shares=(gone,))
    assert receipts.lift_hold(held).hold
    lifted = receipts.lift_hold(a_payable(hold=receipts.REMOVE_IN_CLIO, shares=(a_share(cents=0),)))
    assert (lifted.hold, lifted.shares) == ("", ())


def test_another_hold_is_not_lifted_by_it() -> None:
    assert receipts.lift_hold(a_payable(hold="On hold by the firm.")).hold == "On hold by the firm."


def test_a_link_is_held_by_one_thing_of_ours() -> None:
    guard = receipts.link_guard("realm", "invoice", "9", "us-1", "b1")
    assert (guard.key, guard.holder, guard.release) == ("quickbooks/realm/invoice/9", "us-1/b1", False)


# --- what left must leave QuickBooks before anything takes its place --------------------------------------------------


def test_a_credit_is_looked_at_when_it_comes_and_when_it_goes() -> None:
    shown = a_receipt(kind="credit", group="m1")
    state, owed = receipts.read(a_payable(), (shown,), a_policy(), NOW)
    look = one(tuple(owed), Do.LOOK_CREDIT)
    assert look.body == {"credit": "m1"}
    assert state.leaving == ()
    state, owed = receipts.read(state, (), a_policy(), NOW)
    assert one(tuple(owed), Do.LOOK_CREDIT).key != look.key
    assert state.leaving == ("credit-m1",)


def test_a_payment_that_vanished_is_remembered_until_it_has_left_quickbooks() -> None:
    state, _ = receipts.read(a_payable(), (a_receipt(group="g1"),), a_policy(), NOW)
    state, _ = receipts.read(state, (a_receipt("r2", 30000, group="g1"),), a_policy(), NOW)
    state, _ = receipts.read(state, (), a_policy(), NOW)
    assert state.leaving == ("clio-g1",), "once"


def test_whatever_vanished_is_remembered_together() -> None:
    shown = (a_receipt("r1", 100, group="g1"), a_receipt("r2", 200, group="g2"), a_receipt("r3", 300, kind="credit"))
    again = a_receipt("r4", 400, kind="credit", group="m4")
    state, _ = receipts.read(a_payable(leaving=("clio-g2", "credit-m4")), (*shown, again), a_policy(), NOW)
    state, _ = receipts.read(state, (), a_policy(), NOW)
    assert state.leaving == ("clio-g1", "clio-g2", "credit-g-r3", "credit-m4")
