"""Payments on a linked invoice and Clio's, side by side: nothing is posted until a person has said what each is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain import effects
from chalicelib.domain.kernel import Call, Decision, Effect, Neighbour, Status
from chalicelib.domain.pairing import Answer
from chalicelib.errors import Refused
from chalicelib.flow import (
    answered,
    attention,
    broken,
    clearing,
    first_plan,
    first_sync,
    pairing,
    pairing_views,
    unpairing,
)
from chalicelib.flow.pairing_views import Beside, Said
from chalicelib.flow.settle import policy_of, settle
from tests.flow import acts
from tests.flow.acts import STAFF, a_stage, payable, payments_on, posted_on, tasks
from tests.flow.test_adoption import pay_in_quickbooks
from tests.flow.test_first_sync import a_new_stage, answer_all, prepare, rows, settled
from tests.flow.test_first_sync import say as answer_row
from tests.world import Stage


def in_clio(stage: Stage, cents: int, on: str, **more: Any) -> int:
    return stage.world.clio_box.people.record_payment({"1042": cents}, on=on, **more)


def linked(stage: Stage) -> Stage:
    stage.resync()
    stage.pass_time(5, minutes=20)
    return stage


def beside(stage: Stage, number: str = "1042") -> Beside:
    return pairing_views.one(stage.world, stage.firm, payable(stage, number).id)


def say(stage: Stage, pairs: dict[str, str], left: tuple[str, ...] = (), new: tuple[str, ...] = ()) -> None:
    b = beside(stage)
    said = Answer(b.invoice, tuple(pairs.items()), left, new)
    pairing.answer(stage.world, stage.firm, b.payable, said, STAFF)
    stage.pass_time(5, minutes=20)


def a_day_apart() -> Stage:
    """A payment entered on both sides, a day apart."""
    stage = a_stage()
    pay_in_quickbooks(stage, "1042", "150.00", "2026-02-20")
    in_clio(stage, 15000, "2026-02-21")
    return linked(stage)


def test_both_sides_are_shown_with_what_is_suggested_and_nothing_is_posted() -> None:
    stage = a_day_apart()
    b = beside(stage)
    [theirs], [ours] = b.theirs, b.ours
    assert theirs.pair and theirs.pair == ours.pair
    assert (theirs.payment.id, ours.payment.id) == (theirs.pair.theirs, theirs.pair.ours)
    assert (theirs.payment.cents, theirs.pair.score) == (15000, 65)
    assert theirs.pair.reasons == ("Same amount", "1 day apart")
    assert not b.certain
    assert b.linked
    assert posted_on(stage, "1042") == [15000]
    assert len(tasks(stage, "payments")) == 1
    assert "waits for your word" in acts.about(acts.compare(stage), "1042")
    assert [x.payable for x in pairing_views.waiting(stage.world, stage.firm).items] == [b.payable]


def test_a_confirmed_pair_is_linked_and_named_missing_nowhere() -> None:
    stage = a_day_apart()
    b = beside(stage)
    say(stage, {b.theirs[0].payment.id: b.ours[0].payment.id})
    assert posted_on(stage, "1042") == [15000], "not posted a second time"
    [x] = payments_on(stage, "1042")
    assert x.posted
    assert x.posted.id == b.theirs[0].payment.id
    assert not tasks(stage, "payments")
    assert acts.about(acts.compare(stage), "1042") == []
    with pytest.raises(Refused, match="Nothing waits"):
        beside(stage)


def test_something_else_is_left_and_clios_is_entered_as_a_new_one() -> None:
    stage = a_day_apart()
    b = beside(stage)
    say(stage, {}, (b.theirs[0].payment.id,), (b.ours[0].payment.id,))
    assert posted_on(stage, "1042") == [15000, 15000]
    link = payable(stage, "1042").booked
    assert link
    assert link.left == ((b.theirs[0].payment.id, 15000),)
    report = acts.compare(stage)
    assert acts.about(report, "1042") == ["payment of something else"]
    assert all(d.expected for d in report.differences if d.number == "1042")


def test_who_leaves_something_out_or_speaks_of_another_invoice_is_told() -> None:
    stage = a_day_apart()
    b = beside(stage)
    with pytest.raises(Refused, match="Say what the QuickBooks payment"):
        say(stage, {})
    said = Answer("another", ((b.theirs[0].payment.id, b.ours[0].payment.id),))
    with pytest.raises(Refused, match="changed meanwhile"):
        pairing.answer(stage.world, stage.firm, b.payable, said, STAFF)
    for do in (pairing_views.one, pairing.read):
        with pytest.raises(Refused, match="Nothing waits"):
            do(stage.world, stage.firm, "no such bill")
    for nothing in ("no such bill", payable(stage, "1046").id):
        with pytest.raises(Refused, match="Nothing waits"):
            pairing.answer(stage.world, stage.firm, nothing, said, STAFF)
    assert posted_on(stage, "1042") == [15000]


def test_what_changed_in_quickbooks_meanwhile_is_shown_again_before_anything_happens() -> None:
    stage = a_day_apart()
    b = beside(stage)
    stage.world.quickbooks_box.people.delete_payment(stage.realm, b.theirs[0].payment.id)
    with pytest.raises(Refused, match="changed meanwhile"):
        say(stage, {b.theirs[0].payment.id: b.ours[0].payment.id})
    now = beside(stage)
    assert (now.theirs, now.certain) == ((), True), "nothing is in the way any more"
    assert pairing.confirm_certain(stage.world, stage.firm, STAFF) == 1
    stage.pass_time(5, minutes=20)
    assert posted_on(stage, "1042") == [15000]


def certain() -> Stage:
    """The same reference on other days: not clear by itself, and certain all the same."""
    stage = a_stage()
    stage.world.clio_box.switches["description_on_allocation"] = True
    made = pay_in_quickbooks(stage, "1042", "150.00", "2026-02-10")
    box = stage.world.quickbooks_box.people
    box.change_payment(stage.realm, str(made["Id"]), PaymentRefNum="CHK 118")
    in_clio(stage, 15000, "2026-02-20", description="Check 118")
    in_clio(stage, 2500, "2026-02-21")
    return linked(stage)


def test_the_certain_ones_are_confirmed_together_and_the_rest_is_posted() -> None:
    stage = certain()
    waiting = pairing_views.waiting(stage.world, stage.firm)
    assert (waiting.certain, waiting.more, waiting.items[0].certain) == (1, False, True)
    assert pairing.confirm_certain(stage.world, stage.firm, STAFF) == 1
    stage.pass_time(5, minutes=20)
    assert sorted(posted_on(stage, "1042")) == [2500, 15000]
    assert acts.about(acts.compare(stage), "1042") == []
    assert pairing_views.waiting(stage.world, stage.firm).items == ()
    assert pairing.confirm_certain(stage.world, stage.firm, STAFF) == 0


def test_what_is_not_certain_any_more_is_asked_about() -> None:
    stage = certain()
    assert pairing_views.waiting(stage.world, stage.firm).certain == 1
    p = payable(stage, "1042")
    made = stage.world.quickbooks_box.people.add_payment(
        stage.realm,
        acts.invoice(stage, "1042")["CustomerRef"]["value"],
        "150.00",
        p.booked.id if p.booked else "",
        "2026-02-11",
    )
    assert pairing.confirm_certain(stage.world, stage.firm, STAFF) == 0
    waiting = pairing_views.waiting(stage.world, stage.firm)
    assert (waiting.certain, len(waiting.items)) == (0, 1)
    b = beside(stage)
    assert made["Id"] in {t.payment.id for t in b.theirs}
    pairing.read(stage.world, stage.firm, p.id)
    assert beside(stage).theirs == b.theirs


def test_what_has_become_certain_since_is_counted_among_the_certain_ones() -> None:
    stage = a_stage()
    stage.world.clio_box.switches["description_on_allocation"] = True
    made = pay_in_quickbooks(stage, "1042", "150.00", "2026-02-10")
    box = stage.world.quickbooks_box.people
    box.change_payment(stage.realm, str(made["Id"]), PaymentRefNum="CHK 118")
    in_clio(stage, 2500, "2026-02-21")
    linked(stage)
    assert pairing_views.waiting(stage.world, stage.firm).certain == 0
    in_clio(stage, 15000, "2026-02-20", description="Check 118")
    stage.pass_time(5, minutes=20)
    assert pairing_views.waiting(stage.world, stage.firm).certain == 1
    assert pairing.confirm_certain(stage.world, stage.firm, STAFF) == 1


def test_what_nobody_waits_for_any_more_leaves_the_list() -> None:
    for confirm in (False, True):
        stage = certain()
        ref = acts.ref(stage, "1042")
        settle(
            stage.world,
            [ref],
            lambda b, _n, ref=ref: {ref: Decision(replace(b[ref], booked=replace(b[ref].booked, waits=False)))},  # type: ignore[misc]
            fact="Test",
        )
        if confirm:
            assert pairing.confirm_certain(stage.world, stage.firm, STAFF) == 0
        assert pairing_views.waiting(stage.world, stage.firm).items == ()
        policy = policy_of(stage.world, stage.firm)
        assert pairing.find(stage.world, policy, payable(stage, "1042").id) is None


def test_a_quickbooks_payment_is_one_payments_only() -> None:
    stage = a_day_apart()
    b = beside(stage)
    store, key = stage.world.store, f"quickbooks/{stage.realm}/payment/{b.theirs[0].payment.id}"
    store._guards[key] = f"{stage.firm}/another"
    with pytest.raises(Refused, match="linked to another payment"):
        say(stage, {b.theirs[0].payment.id: b.ours[0].payment.id})
    del store._guards[key]
    say(stage, {b.theirs[0].payment.id: b.ours[0].payment.id})
    assert posted_on(stage, "1042") == [15000]


def a_call(stage: Stage, *steps: Effect) -> Call:
    """One that was sent, of which nothing is heard yet."""
    keys = tuple(e.key for e in steps)
    return Call("sent", steps[0].lane, "quickbooks.payment", keys, {"body": ""}, stage.world.now())


def test_while_quickbooks_answer_about_a_payment_is_awaited_it_is_not_paired() -> None:
    stage = a_day_apart()
    b = beside(stage)
    mine = [e for e in acts.all_effects(stage) if e.kind == "quickbooks.payment" and e.status is Status.OWED]
    stage.world.store.begin(a_call(stage, *mine))
    with pytest.raises(Refused, match="awaited"):
        say(stage, {b.theirs[0].payment.id: b.ours[0].payment.id})


def test_a_person_who_says_that_all_is_compared_leaves_what_stands_there() -> None:
    stage = a_day_apart()
    [task] = tasks(stage, "payments")
    theirs = beside(stage).theirs[0].payment.id
    attention.done(stage.world, stage.firm, task.key, STAFF)
    link = payable(stage, "1042").booked
    assert link
    assert (link.waits, link.left) == (False, ((theirs, 15000),))


def test_an_invoice_that_was_linked_before_this_page_is_read_when_asked() -> None:
    stage = a_day_apart()
    id = payable(stage, "1042").id
    pairing.forget(stage.world, policy_of(stage.world, stage.firm), id)
    assert pairing_views.unread(stage.world, stage.firm, id)
    [task] = tasks(stage, "payments")
    pairing.read(stage.world, stage.firm, id)
    assert len(beside(stage).theirs) == 1
    assert not pairing_views.unread(stage.world, stage.firm, id)
    pairing.forget(stage.world, policy_of(stage.world, stage.firm), id)
    attention.done(stage.world, stage.firm, task.key, STAFF)
    link = payable(stage, "1042").booked
    assert link
    assert link.left == ()


# --- taking it back ---------------------------------------------------------------------------------------------------


def take_back(stage: Stage, number: str = "1042") -> None:
    unpairing.take_back(stage.world, stage.firm, payable(stage, number).id, STAFF)
    stage.pass_time(5, minutes=20)


def said(stage: Stage, number: str = "1042") -> Said | None:
    return pairing_views.said(stage.world, stage.firm, payable(stage, number).id)


def test_a_confirmed_pair_is_taken_back_and_asked_about_again() -> None:
    stage = a_day_apart()
    b = beside(stage)
    say(stage, {b.theirs[0].payment.id: b.ours[0].payment.id})
    told = said(stage)
    assert told
    [pair] = told.pairs
    assert (pair.theirs, pair.ours.id, pair.ours.cents, pair.open) == (
        b.theirs[0].payment,
        b.ours[0].payment.id,
        15000,
        True,
    )
    assert (told.by, told.linked, told.left, told.open, told.others) == (STAFF, True, (), True, ())
    assert [w.number for w in pairing_views.waiting(stage.world, stage.firm).said] == ["1042"]
    written = acts.booked(stage, "Payment")
    take_back(stage)
    assert acts.booked(stage, "Payment") == written, "nothing changed there"
    again = beside(stage)
    assert ([t.payment for t in again.theirs], [o.payment.id for o in again.ours]) == (
        [b.theirs[0].payment],
        [b.ours[0].payment.id],
    )
    [task] = tasks(stage, "payments")
    assert "taken back" in task.reason
    assert said(stage) is None
    with pytest.raises(Refused, match="Nothing that was said"):
        take_back(stage)
    say(stage, {}, (b.theirs[0].payment.id,), (b.ours[0].payment.id,))
    assert posted_on(stage, "1042") == [15000, 15000]
    assert not tasks(stage, "payments")


def test_the_other_way_round_what_was_left_becomes_a_pair() -> None:
    stage = a_stage()
    pay_in_quickbooks(stage, "1042", "150.00", "2026-02-20")
    linked(stage)
    [theirs] = beside(stage).theirs
    say(stage, {}, (theirs.payment.id,))
    in_clio(stage, 2500, "2026-02-22")
    acts.poll(stage)
    assert sorted(posted_on(stage, "1042")) == [2500, 15000]
    told = said(stage)
    assert told and (told.pairs, told.left, told.open) == ((), (theirs.payment,), True)
    take_back(stage)
    in_clio(stage, 15000, "2026-02-23")
    acts.poll(stage)
    stage.pass_time(3, minutes=20)
    assert sorted(posted_on(stage, "1042")) == [2500, 15000], "nothing is posted while it is asked about"
    b = beside(stage)
    say(stage, {b.theirs[0].payment.id: b.ours[0].payment.id})
    assert sorted(posted_on(stage, "1042")) == [2500, 15000]
    assert acts.about(acts.compare(stage), "1042") == []


def test_what_quickbooks_was_written_for_since_stays_a_pair() -> None:
    stage = a_day_apart()
    b = beside(stage)
    say(stage, {b.theirs[0].payment.id: b.ours[0].payment.id})
    stage.world.quickbooks_box.people.delete_payment(stage.realm, b.theirs[0].payment.id)
    stage.pass_time(3, minutes=20)
    [task] = tasks(stage, "broken")
    broken.decide(stage.world, stage.firm, task.key, "again", "", STAFF)
    stage.pass_time(3, minutes=20)
    assert posted_on(stage, "1042") == [15000]
    told = said(stage)
    assert told and ([p.open for p in told.pairs], told.open) == ([False], False)
    with pytest.raises(Refused, match="Nothing that was said"):
        take_back(stage)
    assert posted_on(stage, "1042") == [15000]


def test_a_pair_whose_payment_was_deleted_in_quickbooks_can_be_taken_back() -> None:
    stage = a_day_apart()
    b = beside(stage)
    say(stage, {b.theirs[0].payment.id: b.ours[0].payment.id})
    stage.world.quickbooks_box.people.delete_payment(stage.realm, b.theirs[0].payment.id)
    stage.pass_time(3, minutes=20)
    assert tasks(stage, "broken")
    take_back(stage)
    assert not tasks(stage, "broken")
    now = beside(stage)
    assert now.theirs == ()
    say(stage, {}, new=(now.ours[0].payment.id,))
    assert posted_on(stage, "1042") == [15000]


def two_pairs() -> Stage:
    stage = a_stage()
    for cents, day in ((15000, "20"), (5000, "22")):
        pay_in_quickbooks(stage, "1042", f"{cents // 100}.00", f"2026-02-{day}")
        in_clio(stage, cents, f"2026-02-{int(day) + 1}")
    linked(stage)
    b = beside(stage)
    say(stage, {t.payment.id: t.pair.ours for t in b.theirs if t.pair})
    return stage


def test_of_two_pairs_the_one_that_was_written_for_stays() -> None:
    stage = two_pairs()
    told = said(stage)
    assert told
    small = next(p.theirs.id for p in told.pairs if p.theirs.cents == 5000)
    stage.world.quickbooks_box.people.delete_payment(stage.realm, small)
    stage.pass_time(3, minutes=20)
    [task] = tasks(stage, "broken")
    broken.decide(stage.world, stage.firm, task.key, "again", "", STAFF)
    stage.pass_time(3, minutes=20)
    take_back(stage)
    [theirs] = beside(stage).theirs
    assert theirs.payment.cents == 15000
    assert said(stage) is None, "it is asked about, the other pair still holds"
    say(stage, {theirs.payment.id: theirs.pair.ours if theirs.pair else ""})
    told = said(stage)
    assert told and sorted((p.theirs.cents, p.open) for p in told.pairs) == [(5000, False), (15000, True)]
    assert sorted(posted_on(stage, "1042")) == [5000, 15000]


def test_a_pair_whose_payment_clio_no_longer_shows_is_none_any_more() -> None:
    stage = a_day_apart()
    b = beside(stage)
    say(stage, {b.theirs[0].payment.id: b.ours[0].payment.id})
    stage.world.clio_box.people.remove_payment(int(payable(stage, "1042").receipts[0].group))
    acts.poll(stage)
    assert posted_on(stage, "1042") == []
    assert said(stage) is None
    with pytest.raises(Refused, match="Nothing that was said"):
        take_back(stage)


def test_while_an_answer_about_a_pair_is_awaited_it_is_not_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = a_day_apart()
    b = beside(stage)
    say(stage, {b.theirs[0].payment.id: b.ours[0].payment.id})
    [x] = payments_on(stage, "1042")
    step = next(e for e in acts.all_effects(stage) if e.key == f"{stage.firm}/quickbooks.payment/{x.id}/{x.wanted}")
    monkeypatch.setattr(stage.world.store, "live_calls", lambda _lane: [a_call(stage, step)])
    with pytest.raises(Refused, match="awaited"):
        take_back(stage)


# --- one payment over two invoices ------------------------------------------------------------------------------------


def over_two(stage: Stage, *, once: bool, day: str = "2026-02-10") -> None:
    """Clio's one payment over two bills; in QuickBooks one payment over both invoices, or one on each."""
    world = stage.world
    first = acts.invoice(stage, "1042")
    customer = first["CustomerRef"]["value"]
    ada = world.clio_box.people
    ada.add_bill("Hartwell & Pine LLP", "Ada Example", "2001", [{"note": "Advice", "price": 30000}])
    second = world.quickbooks_box.people.add_invoice(stage.realm, customer, "300.00", "2001")
    world.clio_box.people.record_payment({"1042": 15000, "2001": 5000}, on="2026-02-21")
    if once:
        made = world.quickbooks_box.people.add_payment(stage.realm, customer, "150.00", first["Id"], day)
        lines = [
            {"Amount": amount, "LinkedTxn": [{"TxnId": id, "TxnType": "Invoice"}]}
            for id, amount in ((first["Id"], 150), (second["Id"], 50))
        ]
        world.quickbooks_box.people.change_payment(stage.realm, made["Id"], TotalAmt=200, Line=lines)
    else:
        pay_in_quickbooks(stage, "1042", "150.00", day)
        pay_in_quickbooks(stage, "2001", "50.00", day)
    linked(stage)


SAME_DAY = "2026-02-21"


def test_one_payment_of_the_same_day_over_the_same_two_invoices_is_clear_by_itself() -> None:
    stage = a_stage()
    over_two(stage, once=True, day=SAME_DAY)
    assert not tasks(stage, "payments")
    [x] = payments_on(stage, "1042")
    assert x.posted and (x.posted.cents, x.posted.pieces) == (20000, ())
    assert (posted_on(stage, "1042"), posted_on(stage, "2001")) == ([15000], [5000])
    report = acts.compare(stage)
    assert acts.about(report, "1042") == acts.about(report, "2001") == []


def test_one_payment_that_was_entered_as_two_of_the_same_day_is_left_to_the_person() -> None:
    stage = a_stage()
    over_two(stage, once=False, day=SAME_DAY)
    assert len(tasks(stage, "payments")) == 2
    [x] = payments_on(stage, "1042")
    assert x.posted is None, "neither of the two is the whole"
    assert (posted_on(stage, "1042"), posted_on(stage, "2001")) == ([15000], [5000])
    assert pairing_views.waiting(stage.world, stage.firm).certain == 2
    assert pairing.confirm_certain(stage.world, stage.firm, STAFF) == 2
    stage.pass_time(3, minutes=10)
    [x] = payments_on(stage, "1042")
    assert x.posted and len(x.posted.ids) == 2
    assert (posted_on(stage, "1042"), posted_on(stage, "2001")) == ([15000], [5000])
    report = acts.compare(stage)
    assert acts.about(report, "1042") == acts.about(report, "2001") == []


def test_what_is_clear_over_both_invoices_is_not_asked_about_beside_what_is_not() -> None:
    stage = a_stage()
    in_clio(stage, 100, "2026-02-11")
    pay_in_quickbooks(stage, "1042", "1.00", "2026-02-10")
    over_two(stage, once=True, day=SAME_DAY)
    b = beside(stage)
    assert [t.payment.cents for t in b.theirs] == [100]
    assert [o.payment.cents for o in b.ours] == [100]
    say(stage, {b.theirs[0].payment.id: b.ours[0].payment.id})
    assert (sorted(posted_on(stage, "1042")), posted_on(stage, "2001")) == ([100, 15000], [5000])
    assert acts.about(acts.compare(stage), "1042") == []


def test_a_payment_over_two_invoices_is_counted_once_in_the_first_syncs_list() -> None:
    stage = planned(once=True, day=SAME_DAY)
    assert {n: rows(stage, "bills")[n].payments for n in ("1042", "2001")} == {"1042": 1, "2001": 1}
    assert plan_of(stage).bills.matched == 1
    prepare(stage)
    assert plan_of(stage).bills.matched == 1, "reading again counts anew"


def test_a_payment_over_two_invoices_that_a_person_pairs_on_both_is_counted_once() -> None:
    stage = planned(once=False, day="2026-02-20")
    assert plan_of(stage).bills.matched == 0
    for number in ("1042", "2001"):
        b = beside(stage, number)
        pairs = ((b.theirs[0].payment.id, b.ours[0].payment.id),)
        pairing.answer(stage.world, stage.firm, b.payable, Answer(b.invoice, pairs), STAFF)
        assert plan_of(stage).bills.matched == 1
    prepare(stage)
    assert plan_of(stage).bills.matched == 1, "the answers are counted as before"
    unpairing.take_back(stage.world, stage.firm, payable(stage, "2001").id, STAFF)
    assert (plan_of(stage).bills.matched, plan_of(stage).bills.unmatched) == (1, 1)


def test_the_payments_on_an_invoice_whose_bill_is_left_are_not_matched_any_more() -> None:
    stage = planned(once=True, day=SAME_DAY)
    answer_row(stage, "bills", "1042", "leave")
    row = rows(stage, "bills")["1042"]
    assert (row.fate, row.payments, row.paired) == ("wait", 0, ())
    assert plan_of(stage).bills.matched == 0


@pytest.mark.parametrize("compared", [False, True])
def test_an_invoice_whose_bill_is_left_is_not_compared_any_more(compared: bool) -> None:
    stage = planned()
    before = plan_of(stage).bills.matched
    if compared:
        b = beside(stage)
        say(stage, {b.theirs[0].payment.id: b.ours[0].payment.id})
        answer_row(stage, "bills", "1042", f"link:{b.invoice}")
        assert (plan_of(stage).bills.matched, plan_of(stage).bills.unmatched) == (before + 1, 0)
    answer_row(stage, "bills", "1042", "leave")
    assert (plan_of(stage).bills.matched, plan_of(stage).bills.unmatched) == (before, 0)
    row = rows(stage, "bills")["1042"]
    assert (row.payments, row.unmatched) == (0, "")
    assert pairing.find(stage.world, policy_of(stage.world, stage.firm), payable(stage, "1042").id) is None


def test_who_said_that_it_is_something_else_on_one_invoice_is_believed_on_the_other() -> None:
    stage = planned(once=True, day="2026-02-20")
    b = beside(stage, "2001")
    pairing.answer(
        stage.world,
        stage.firm,
        b.payable,
        Answer(b.invoice, (), (b.theirs[0].payment.id,), (b.ours[0].payment.id,)),
        STAFF,
    )
    begin(stage)
    assert [t.payment.cents for t in beside(stage).theirs] == [15000]
    assert len(tasks(stage, "payments")) == 1
    assert (posted_on(stage, "1042"), posted_on(stage, "2001")) == ([15000], [5000])


def test_an_invoice_waits_while_what_clio_shows_on_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = a_stage()
    pay_in_quickbooks(stage, "1042", "150.00", "2026-02-20")
    in_clio(stage, 15000, "2026-02-20")
    with monkeypatch.context() as held:
        held.setattr(clearing, "coming", lambda *_: True)
        stage.resync()
        assert payable(stage, "1042").booked is None
    linked(stage)
    assert posted_on(stage, "1042") == [15000]
    assert not tasks(stage, "payments")


def test_a_payment_is_coming_while_its_look_is_owed(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = a_stage()
    in_clio(stage, 15000, "2026-02-20")
    linked(stage)
    policy, p, mine = policy_of(stage.world, stage.firm), payable(stage, "1042"), payments_on(stage, "1042")
    assert not clearing.coming(stage.world, policy, p, mine)
    assert not clearing.coming(stage.world, policy, p, []), "its look is done"
    now = stage.world.now()
    for group, found in (("1", False), (mine[0].group, True)):
        stage.world.store.arrive(effects.look_group(stage.firm, policy.lanes.of(Neighbour.CLIO), group, now))
        assert clearing.coming(stage.world, policy, p, []) == found
    stage.work()
    monkeypatch.setattr(clearing, "OWED_LOOKED_AT", 0)
    assert clearing.coming(stage.world, policy, p, []), "nobody can tell"


@pytest.mark.parametrize("once", [True, False])
def test_money_over_two_invoices_is_paired_on_each(*, once: bool) -> None:
    stage = a_stage()
    over_two(stage, once=once)
    for number in ("1042", "2001"):
        b = beside(stage, number)
        pairs = tuple((t.payment.id, t.pair.ours) for t in b.theirs if t.pair)
        if once and number == "2001":
            assert (b.theirs, b.ours, b.certain) == ((), (), True), "linked on the other one already"
        else:
            assert pairs[0][1] == b.ours[0].payment.id
        pairing.answer(stage.world, stage.firm, b.payable, Answer(b.invoice, pairs), STAFF)
        stage.pass_time(3, minutes=10)
    [x] = payments_on(stage, "1042")
    assert x.posted
    assert len(x.posted.ids) == (1 if once else 2)
    assert (x.posted.cents, x.posted.adding) == (20000, 0)
    assert (posted_on(stage, "1042"), posted_on(stage, "2001")) == ([15000], [5000])
    report = acts.compare(stage)
    assert acts.about(report, "1042") == acts.about(report, "2001") == []


@pytest.mark.parametrize("once", [True, False])
def test_money_over_two_invoices_is_taken_back_and_both_are_asked_about(*, once: bool) -> None:
    stage = a_stage()
    over_two(stage, once=once)
    for number in ("1042", "2001"):
        b = beside(stage, number)
        pairs = tuple((t.payment.id, t.pair.ours) for t in b.theirs if t.pair)
        pairing.answer(stage.world, stage.firm, b.payable, Answer(b.invoice, pairs), STAFF)
    stage.pass_time(3, minutes=10)
    told = said(stage)
    assert told and told.others == (("2001",) if once else ())
    take_back(stage)
    assert len(beside(stage).theirs) == 1
    if once:
        assert len(beside(stage, "2001").theirs) == 1, "the same payment"
    else:
        [x] = payments_on(stage, "1042")
        assert x.posted and (x.posted.cents, x.posted.adding) == (5000, x.wanted)
    assert (posted_on(stage, "1042"), posted_on(stage, "2001")) == ([15000], [5000])
    for number in ("1042", "2001") if once else ("1042",):
        b = beside(stage, number)
        pairs = tuple((t.payment.id, t.pair.ours) for t in b.theirs if t.pair)
        pairing.answer(stage.world, stage.firm, b.payable, Answer(b.invoice, pairs), STAFF)
    stage.pass_time(3, minutes=10)
    assert (posted_on(stage, "1042"), posted_on(stage, "2001")) == ([15000], [5000])
    [x] = payments_on(stage, "1042")
    assert x.posted and (x.posted.cents, x.posted.adding) == (20000, 0)


# --- in the first sync, before anything is written --------------------------------------------------------------------


def planned(*, once: bool | None = None, day: str = "2026-02-10") -> Stage:
    stage = a_new_stage()
    if once is None:
        pay_in_quickbooks(stage, "1042", "150.00", "2026-02-20")
        in_clio(stage, 15000, "2026-02-21")
    else:
        over_two(stage, once=once, day=day)
    prepare(stage)
    return stage


def plan_of(stage: Stage) -> first_plan.Plan:
    plan = first_sync.plan_of(stage.world, stage.firm)
    assert plan is not None
    return plan


def begin(stage: Stage) -> None:
    answer_all(stage)
    first_sync.begin(stage.world, stage.firm, STAFF)
    assert settled(stage).phase == "begun"
    stage.pass_time(5, hours=2)


def test_what_was_said_in_the_first_sync_holds_when_the_invoice_is_linked() -> None:
    stage = planned()
    plan = first_sync.plan_of(stage.world, stage.firm)
    assert plan
    assert plan.bills.unmatched == 1
    assert rows(stage, "bills")["1042"].unmatched == "$150.00"
    pairing.read(stage.world, stage.firm, payable(stage, "1042").id)
    b = beside(stage)
    assert not b.linked
    say(stage, {b.theirs[0].payment.id: b.ours[0].payment.id})
    after = first_sync.plan_of(stage.world, stage.firm)
    assert after
    assert (after.bills.unmatched, after.bills.matched) == (0, plan.bills.matched + 1)
    row = rows(stage, "bills")["1042"]
    assert (row.unmatched, row.payments, row.left) == ("", 1, 0)
    assert payable(stage, "1042").booked is None, "nothing is linked before it begins"
    begin(stage)
    row = rows(stage, "bills")["1042"]
    assert (row.unmatched, row.payments, row.left) == ("", 1, 0), "listed again before it was carried out"
    [x] = payments_on(stage, "1042")
    assert x.posted
    assert x.posted.id == b.theirs[0].payment.id
    link = payable(stage, "1042").booked
    assert link
    assert (link.waits, link.left) == (False, ())
    assert posted_on(stage, "1042") == [15000]
    assert not tasks(stage, "payments")


def test_what_was_said_in_the_first_sync_is_taken_back_before_it_is_carried_out() -> None:
    stage = planned()
    plan = first_sync.plan_of(stage.world, stage.firm)
    b = beside(stage)
    say(stage, {b.theirs[0].payment.id: b.ours[0].payment.id})
    told = said(stage)
    assert told and (told.linked, told.open, told.others) == (False, True, ())
    take_back(stage)
    after = first_sync.plan_of(stage.world, stage.firm)
    assert plan and after and after.bills == plan.bills
    assert beside(stage).theirs == b.theirs
    with pytest.raises(Refused, match="Nothing that was said"):
        take_back(stage)
    assert said(stage) is None
    begin(stage)
    assert posted_on(stage, "1042") == [15000]
    assert len(tasks(stage, "payments")) == 1


def test_an_answer_of_the_first_sync_that_is_not_kept_any_more_cannot_be_taken_back() -> None:
    stage = planned()
    b = beside(stage)
    say(stage, {b.theirs[0].payment.id: b.ours[0].payment.id})
    policy = policy_of(stage.world, stage.firm)
    stage.world.store.delete_record(f"paired/{policy.firm.id}/1", b.payable)
    assert said(stage) is None
    with pytest.raises(Refused, match="Nothing that was said"):
        take_back(stage)


def test_what_was_said_in_the_first_sync_is_taken_back_after_it_too() -> None:
    stage = planned()
    b = beside(stage)
    say(stage, {b.theirs[0].payment.id: b.ours[0].payment.id})
    begin(stage)
    take_back(stage)
    assert beside(stage).linked
    assert answered.answers(stage.world, policy_of(stage.world, stage.firm), [b.payable]) == {}
    assert posted_on(stage, "1042") == [15000]


def test_what_is_left_and_new_by_the_first_sync_is_so_afterwards() -> None:
    stage = planned()
    b = beside(stage)
    say(stage, {}, (b.theirs[0].payment.id,), (b.ours[0].payment.id,))
    assert rows(stage, "bills")["1042"].left == 1
    begin(stage)
    assert posted_on(stage, "1042") == [15000, 15000]
    link = payable(stage, "1042").booked
    assert link
    assert link.left == ((b.theirs[0].payment.id, 15000),)


def test_nobody_said_anything_in_the_first_sync_so_it_waits_afterwards() -> None:
    stage = planned()
    begin(stage)
    assert beside(stage).linked
    assert posted_on(stage, "1042") == [15000]
    assert len(tasks(stage, "payments")) == 1


def test_an_answer_that_does_not_hold_any_more_is_asked_for_again() -> None:
    stage = planned()
    b = beside(stage)
    say(stage, {b.theirs[0].payment.id: b.ours[0].payment.id})
    people = stage.world.quickbooks_box.people
    lines = [{"Amount": 140, "LinkedTxn": [{"TxnId": b.invoice, "TxnType": "Invoice"}]}]
    people.change_payment(stage.realm, b.theirs[0].payment.id, TotalAmt=140, Line=lines)
    begin(stage)
    assert [t.payment.cents for t in beside(stage).theirs] == [14000]
    assert posted_on(stage, "1042") == [14000]
    assert len(tasks(stage, "payments")) == 1


def test_a_payment_added_in_quickbooks_after_the_answer_is_asked_about() -> None:
    stage = planned()
    b = beside(stage)
    say(stage, {b.theirs[0].payment.id: b.ours[0].payment.id})
    pay_in_quickbooks(stage, "1042", "25.00", "2026-02-22")
    begin(stage)
    assert sorted(t.payment.cents for t in beside(stage).theirs) == [2500, 15000]


def test_money_over_two_invoices_is_paired_before_either_is_linked() -> None:
    stage = planned(once=True)
    for number in ("1042", "2001"):
        b = beside(stage, number)
        assert b.theirs[0].pair and b.theirs[0].pair.ours == b.ours[0].payment.id
        pairs = ((b.theirs[0].payment.id, b.ours[0].payment.id),)
        pairing.answer(stage.world, stage.firm, b.payable, Answer(b.invoice, pairs), STAFF)
    begin(stage)
    assert (posted_on(stage, "1042"), posted_on(stage, "2001")) == ([15000], [5000])
    assert not tasks(stage, "payments")


def test_while_the_list_is_read_anew_an_answer_is_kept_for_the_new_one() -> None:
    for forget in (False, True):
        stage = planned()
        b = beside(stage)
        policy = policy_of(stage.world, stage.firm)
        plan = first_sync.plan_of(stage.world, stage.firm)
        assert plan
        if forget:
            stage.world.store.delete_record(first_plan.pk_of(policy), "state")
        else:
            first_plan.change(stage.world, policy, lambda p: setattr(p, "phase", "bills"))
        said = Answer(b.invoice, ((b.theirs[0].payment.id, b.ours[0].payment.id),))
        pairing.answer(stage.world, stage.firm, b.payable, said, STAFF)
        assert answered.answers(stage.world, policy, [b.payable]) == {b.payable: said}
        after = first_sync.plan_of(stage.world, stage.firm)
        assert after is None or after.bills == plan.bills
