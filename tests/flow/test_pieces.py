"""Money over invoices of several QuickBooks customers: one payment for each of them, which are one payment here."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain import effects
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import MatchesConfirmed
from chalicelib.domain.payment import Payment
from chalicelib.flow import broken, invoices, leaving, signing
from chalicelib.flow.prepared import Prepared
from chalicelib.quickbooks import queries
from infra.sandbox.kit import Fault
from infra.sandbox.quickbooks import REALM_B
from tests.flow import acts, races
from tests.flow.acts import STAFF, booked, cents, invoice, payable
from tests.flow.test_back_to_draft import taken_back
from tests.flow.test_purge import begin_anew, purge, told
from tests.flow.test_subcustomers import a_new_bill, a_stage_by_matter
from tests.world import Stage

ONE, OTHER = "9001", "9002"


def a_stage_of_two_matters(**more: Any) -> Stage:
    """Two bills of one client, each below its own matter's sub-customer."""
    stage = a_stage_by_matter(**more)
    stage.resync()
    stage.pass_time(2, minutes=20)
    one, two = (int(m) for m in payable(stage, "1066").matter_ids)
    a_new_bill(stage, ONE, like="1066", matters=(one,), price=9000)
    a_new_bill(stage, OTHER, like="1066", matters=(two,), price=6000)
    return stage


def pieces(stage: Stage, *, live: bool = True) -> list[tuple[str, int]]:
    """Customer and cents of each QuickBooks payment on the two invoices."""
    mine = {invoice(stage, n)["Id"]: invoice(stage, n)["CustomerRef"]["value"] for n in (ONE, OTHER)}
    return sorted(
        (p["CustomerRef"]["value"], cents(p["TotalAmt"]))
        for p in booked(stage, "Payment")
        if p["CustomerRef"]["value"] in mine.values() and (not live or p["TotalAmt"])
    )


def paid(stage: Stage) -> Payment:
    [found] = acts.payments_on(stage, ONE)
    return found


def owners(stage: Stage) -> list[str]:
    return sorted(invoice(stage, n)["CustomerRef"]["value"] for n in (ONE, OTHER))


def pay(stage: Stage, one: int = 9000, other: int = 6000) -> int:
    return acts.record(stage, {ONE: one, OTHER: other})


def test_each_customer_gets_the_part_on_its_invoices() -> None:
    stage = a_stage_of_two_matters()
    pay(stage)
    stage.pass_time(1, minutes=2)
    expected = {invoice(stage, ONE)["CustomerRef"]["value"]: 9000, invoice(stage, OTHER)["CustomerRef"]["value"]: 6000}
    assert dict(pieces(stage)) == expected and len(pieces(stage)) == 2
    posted = paid(stage).posted
    assert posted and (posted.cents, posted.unapplied, posted.revision, posted.adding) == (15000, 0, 1, 0)
    assert [p.payables for p in posted.pieces] == [(payable(stage, n).id,) for n in _in_order(stage)]
    assert (cents(invoice(stage, ONE)["Balance"]), cents(invoice(stage, OTHER)["Balance"])) == (0, 0)
    assert not acts.parked(stage, kind=Do.POSTING)
    assert not [d for d in acts.compare(stage).differences if d.number in (ONE, OTHER, f"{ONE}, {OTHER}")]


def _in_order(stage: Stage) -> list[str]:
    return sorted((ONE, OTHER), key=lambda n: str(invoice(stage, n)["CustomerRef"]["value"]))


def test_one_customer_is_one_payment() -> None:
    stage = a_stage_of_two_matters()
    a_new_bill(stage, "9003", like=ONE, price=1000)
    acts.record(stage, {ONE: 9000, "9003": 1000})
    stage.pass_time(1, minutes=2)
    posted = paid(stage).posted
    assert posted and posted.pieces == () and posted.cents == 10000


def test_what_is_too_much_on_one_of_them_stays_unapplied_there() -> None:
    stage = a_stage_of_two_matters()
    number = _in_order(stage)[0]
    there = invoice(stage, number)
    stage.world.quickbooks_box.people.add_payment(stage.realm, there["CustomerRef"]["value"], "10.00", there["Id"])
    pay(stage)
    stage.pass_time(1, minutes=2)
    posted = paid(stage).posted
    assert posted and (posted.cents, posted.unapplied) == (15000, 1000)


def test_a_changed_payment_goes_piece_by_piece_before_it_is_added_again(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = a_stage_of_two_matters()
    first = pay(stage)
    stage.pass_time(1, minutes=2)
    for limited in (leaving, queries):  # more pieces than one query takes
        monkeypatch.setattr(limited, "IDS_AT_ONCE", 1)
    before = len(pieces(stage, live=False))
    stage.world.clio_box.people.remove_payment(first)
    acts.poll(stage)
    stage.pass_time(1, minutes=2)
    assert (pieces(stage), before) == ([], 2)
    assert [x.posted.voided for x in acts.payments_on(stage, ONE) if x.posted] == [True]
    pay(stage, 8000, 6000)
    stage.pass_time(1, minutes=4)
    assert sorted(c for _, c in pieces(stage)) == [6000, 8000]


@pytest.mark.parametrize("do", ["drop_answer", "drop_request"])
@pytest.mark.parametrize("skip", [0, 1])
def test_after_a_lost_answer_each_piece_stands_once(do: str, skip: int) -> None:
    stage = a_stage_of_two_matters()
    stage.world.quickbooks_box.faults.append(Fault(do, "/batch", times=2, skip=skip))
    pay(stage)
    stage.pass_time(2, minutes=20)
    assert sorted(c for _, c in pieces(stage)) == [6000, 9000]
    posted = paid(stage).posted
    assert posted and posted.cents == 15000 and not posted.adding


class Death(BaseException):
    """The worker is gone."""


@pytest.mark.parametrize("amounts", [{ONE: 9000, OTHER: 6000}, {ONE: 9000}])
def test_an_answer_that_comes_again_after_a_worker_died_takes_nothing_out(amounts: dict[str | int, int]) -> None:
    stage = a_stage_of_two_matters()
    stage.world.quickbooks_box.switches["batch_replay"] = "replay"

    def dies() -> None:
        raise Death

    with pytest.raises(Death), races.before(stage.world.store, "end", dies):
        acts.record(stage, {str(k): v for k, v in amounts.items()})
    stage.pass_time(2, minutes=20)
    assert sorted(c for _, c in pieces(stage)) == sorted(amounts.values())
    posted = paid(stage).posted
    assert posted and (posted.cents, posted.voided, posted.adding) == (sum(amounts.values()), False, 0)


@pytest.mark.parametrize("amounts", [{ONE: 9000, OTHER: 6000}, {ONE: 9000}])
def test_a_removals_answer_that_comes_again_after_a_worker_died_makes_nothing_stand(
    amounts: dict[str | int, int],
) -> None:
    stage = a_stage_of_two_matters()
    stage.world.quickbooks_box.switches["batch_replay"] = "replay"
    made = acts.record(stage, {str(k): v for k, v in amounts.items()})
    stage.pass_time(1, minutes=2)
    stage.world.clio_box.people.remove_payment(made)

    def dies() -> None:
        raise Death

    with pytest.raises(Death), races.before(stage.world.store, "end", dies):
        acts.poll(stage)
    stage.pass_time(2, minutes=20)
    assert pieces(stage) == []
    assert [x.posted.voided for x in acts.payments_on(stage, ONE) if x.posted] == [True]


@pytest.mark.parametrize("do", ["drop_answer", "drop_request"])
def test_a_lost_answer_about_taking_one_piece_out_is_looked_up(do: str) -> None:
    stage = a_stage_of_two_matters()
    first = pay(stage)
    stage.pass_time(1, minutes=2)
    stage.world.quickbooks_box.faults.append(Fault(do, "/batch", times=2))
    stage.world.clio_box.people.remove_payment(first)
    acts.poll(stage)
    stage.pass_time(2, minutes=20)
    assert pieces(stage) == []
    assert [x.posted.voided for x in acts.payments_on(stage, ONE) if x.posted] == [True]


# --- what people do there ---------------------------------------------------------------------------------------------


def a_paid_stage() -> Stage:
    stage = a_stage_of_two_matters(hooks=True)
    pay(stage)
    stage.pass_time(2, minutes=15)
    assert not acts.tasks(stage, "broken"), "our own echoes are nothing"
    return stage


def decide(stage: Stage, choice: str) -> None:
    [task] = acts.tasks(stage, "broken")
    broken.decide(stage.world, stage.firm, task.key, choice, "", STAFF)
    stage.pass_time(1, minutes=6)


@pytest.mark.parametrize("act", ["delete_payment", "void_payment"])
@pytest.mark.parametrize("which", [0, 1])
def test_a_piece_that_is_removed_there_is_a_broken_link_of_the_whole(act: str, which: int) -> None:
    stage = a_paid_stage()
    posted = paid(stage).posted
    assert posted
    getattr(stage.world.quickbooks_box.people, act)(stage.realm, posted.pieces[which].id)
    stage.pass_time(1, minutes=6)
    [task] = acts.tasks(stage, "broken")
    shown = broken.choices(stage.world, stage.firm, task.key)
    assert [o.choice for o in shown.options] == ["again", "accept"]
    assert "2 payments, one for each customer" in shown.options[0].effect[0]
    decide(stage, "again")
    assert sorted(c for _, c in pieces(stage)) == [6000, 9000]
    assert not acts.tasks(stage, "broken")


def test_a_piece_that_is_removed_and_accepted_stays_out() -> None:
    stage = a_paid_stage()
    posted = paid(stage).posted
    assert posted
    stage.world.quickbooks_box.people.delete_payment(stage.realm, posted.pieces[1].id)
    stage.pass_time(1, minutes=6)
    decide(stage, "accept")
    assert len(pieces(stage)) == 1
    assert [d.kind for d in acts.compare(stage).differences if d.detail == paid(stage).id]


def test_both_pieces_gone_are_both_entered_again() -> None:
    stage = a_paid_stage()
    posted = paid(stage).posted
    assert posted
    for id in posted.ids:
        stage.world.quickbooks_box.people.delete_payment(stage.realm, id)
    stage.pass_time(1, minutes=6)
    decide(stage, "again")
    assert sorted(c for _, c in pieces(stage)) == [6000, 9000]


def test_a_piece_gone_is_asked_about_when_the_payment_changes_first() -> None:
    stage = a_stage_of_two_matters()
    pay(stage)
    stage.pass_time(1, minutes=2)
    posted = paid(stage).posted
    assert posted
    stage.world.quickbooks_box.people.delete_payment(stage.realm, posted.pieces[1].id)
    stage.world.store.arrive(
        effects.repost(stage.firm, f"payment/{paid(stage).id}", payable(stage, ONE).id, 99, stage.world.now())
    )
    stage.pass_time(1, minutes=2)
    assert [t.reason for t in acts.tasks(stage, "broken")] == ["It was deleted in QuickBooks."]
    assert len(pieces(stage)) == 1


def test_in_books_that_were_not_purged_the_pieces_are_found_again() -> None:
    stage = a_paid_stage()
    before = pieces(stage)
    ids = paid(stage).posted
    purge(stage)
    begin_anew(stage, stage.realm)
    stage.pass_time(5, hours=1)
    posted = paid(stage).posted
    assert pieces(stage) == before
    assert posted and ids and set(posted.ids) == set(ids.ids) and paid(stage).generation == 2


def test_pieces_that_are_taken_back_around_a_purge_all_leave() -> None:
    stage = a_paid_stage()
    assert len(pieces(stage)) == 2
    purge(stage)
    stage.world.clio_box.people.remove_payment(int(paid(stage).group))
    stage.pass_time(5, hours=1)
    begin_anew(stage, stage.realm)
    stage.resync()
    stage.pass_time(5, hours=1)
    assert pieces(stage) == []


@pytest.mark.parametrize(("alike", "amounts"), [(False, [4000, 7000]), (True, [11000])])
@pytest.mark.parametrize("other", [False, True])
def test_a_payment_that_grew_since_a_purge_is_never_entered_beside_what_stands_of_it(
    monkeypatch: pytest.MonkeyPatch, amounts: list[int], *, other: bool, alike: bool
) -> None:
    """One of its bills came in only afterwards: what stands there is the older form of it. Its step may come before
    those of its invoices."""
    stage = a_stage_by_matter()
    stage.resync()
    stage.pass_time(2, minutes=20)
    one, two = (int(m) for m in payable(stage, "1066").matter_ids)
    a_new_bill(stage, ONE, like="1066", matters=(one,), price=9000)
    held = next(b for b in stage.world.clio_box.state.rows["bills"].values() if b.number == ONE)
    work = [{"note": "More work", "price": 6000}]
    stage.world.clio_box.people.add_bill(held.firm, held.client_id, OTHER, work, matters=(one if alike else two,))
    stage.world.clio_box.people.record_payment({ONE: 7000, OTHER: 4000})
    taken_back(stage, OTHER)  # nothing is known here of a draft
    told(stage, ONE)
    assert [x.posted.cents for x in acts.payments_on(stage, ONE) if x.posted] == [7000]
    purge(stage)
    begin_anew(stage, REALM_B if other else stage.realm, matched=False)
    taken_back(stage, OTHER, "awaiting_payment")
    with monkeypatch.context() as before:
        before.setattr(invoices, "prepare", lambda _w, _r, _p, batch: Prepared(blocked=[(e, "Later.") for e in batch]))
        signing.settle_firm(stage.world, stage.firm, MatchesConfirmed(2), by=STAFF)
        stage.pass_time(5, hours=1)
    stage.resync()
    stage.pass_time(5, hours=1)
    assert sorted(c for _, c in pieces(stage)) == amounts
    posted = paid(stage).posted
    assert posted and (posted.cents, posted.unapplied, posted.adding) == (11000, 0, 0)
    assert [cents(invoice(stage, n)["Balance"]) for n in (ONE, OTHER)] == [2000, 2000]


def test_a_piece_that_people_took_off_its_invoice_before_a_purge_makes_no_more_of_the_money() -> None:
    stage = a_paid_stage()
    link = paid(stage).posted
    assert link
    kept, gone = link.ids
    people = stage.world.quickbooks_box.people
    people.change(stage.realm, "Payment", kept, Line=[])
    people.delete_payment(stage.realm, gone)
    purge(stage)
    begin_anew(stage, stage.realm)
    stage.pass_time(5, hours=1)
    assert sum(c for _, c in pieces(stage)) == 15000
