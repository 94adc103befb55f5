"""A payment on a linked invoice that is clearly Clio's is ours from the moment the invoice is linked: whatever becomes
of it in Clio before its own step comes, there are never two.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chalicelib.domain.receipts import link_key
from chalicelib.errors import Unavailable
from chalicelib.flow import attention, leaving, pairing_views, payments
from tests.flow import acts
from tests.flow.acts import STAFF, a_stage, a_synced_stage, booked, cents, invoice, parked, payable, posted_on, tasks
from tests.flow.test_adoption import pay_in_quickbooks
from tests.flow.test_pairing import SAME_DAY, beside, in_clio, linked, over_two
from tests.world import Stage

DAY = "2026-02-20"


@contextmanager
def held() -> Iterator[None]:
    """No payment reaches QuickBooks meanwhile."""

    def down(*_: Any) -> Any:
        raise Unavailable("QuickBooks is down", after=60)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(payments, "prepare", down)
        yield


def entered_on_both_sides(stage: Stage) -> int:
    pay_in_quickbooks(stage, "1042", "150.00", DAY)
    return in_clio(stage, 15000, DAY)


def goes_on(stage: Stage) -> None:
    stage.pass_time(5, hours=1)


def test_one_edited_in_clio_before_its_step_comes_is_taken_out_first() -> None:
    stage = a_stage()
    made = entered_on_both_sides(stage)
    with held():
        stage.resync()
        [x] = acts.payments_on(stage, "1042")
        assert x.posted and x.posted.revision == x.wanted, "linked with its invoice"
        stage.world.clio_box.people.remove_payment(made)
        in_clio(stage, 16000, DAY)
        acts.poll(stage)
    goes_on(stage)
    assert posted_on(stage, "1042") == [16000]
    assert cents(invoice(stage, "1042")["Balance"]) == 40000 - 16000
    assert acts.about(acts.compare(stage), "1042") == []


def test_one_edited_while_the_preflight_holds_the_payments_is_taken_out_first() -> None:
    stage = a_stage()
    made = entered_on_both_sides(stage)
    people = stage.world.quickbooks_box.people
    [clearing] = [a for a in people.find(stage.realm, "Account") if a.get("AccountSubType") == "UndepositedFunds"]
    people.change_name(stage.realm, "Account", clearing["Id"], Active=False)
    stage.resync()
    goes_on(stage)
    stage.world.clio_box.people.remove_payment(made)
    in_clio(stage, 16000, DAY)
    acts.poll(stage)
    goes_on(stage)
    people.change_name(stage.realm, "Account", clearing["Id"], Active=True)
    stage.pass_time(60, days=2)
    assert posted_on(stage, "1042") == [16000]


def test_one_removed_in_clio_before_its_step_comes_leaves_quickbooks() -> None:
    stage = a_stage()
    made = entered_on_both_sides(stage)
    with held():
        stage.resync()
        stage.world.clio_box.people.remove_payment(made)
        acts.poll(stage)
    goes_on(stage)
    assert posted_on(stage, "1042") == []
    assert acts.about(acts.compare(stage), "1042") == []


def test_where_a_deposit_holds_it_nothing_is_added_and_a_person_is_told() -> None:
    stage = a_stage()
    made = entered_on_both_sides(stage)
    people = stage.world.quickbooks_box.people
    [there] = [p for p in booked(stage, "Payment") if p["TotalAmt"] == 150]
    on_deposit = people.deposit_payment(stage.realm, there["Id"])["Id"]
    with held():
        stage.resync()
        stage.world.clio_box.people.remove_payment(made)
        in_clio(stage, 16000, DAY)
        acts.poll(stage)
    goes_on(stage)
    assert posted_on(stage, "1042") == [15000], "not two"
    [refused] = parked(stage, kind="quickbooks.payment")
    assert "deposit" in refused.reason
    people.delete_deposit(stage.realm, str(on_deposit))
    attention.retry(stage.world, stage.firm, refused.key, STAFF)
    goes_on(stage)
    assert posted_on(stage, "1042") == [16000]


@pytest.mark.parametrize("corrected", [False, True])
def test_one_whose_amount_changes_in_clio_under_the_same_id_stands_once(*, corrected: bool) -> None:
    """``corrected``: the bookkeeper changes it in QuickBooks too."""
    stage = a_stage()
    made = entered_on_both_sides(stage)
    box, people = stage.world.clio_box, stage.world.quickbooks_box.people
    with held():
        stage.resync()
        [part] = [a for a in box.state.rows["allocations"].values() if a.parent_id == made]
        part.amount, bill = 16000, box.state.rows["bills"][part.bill]
        bill.paid += 1000
        box.changed(bill)
        box.touch(part)
        acts.poll(stage)
        if corrected:
            [there] = [p for p in booked(stage, "Payment") if p["TotalAmt"] == 150]
            line = {"Amount": 160, "LinkedTxn": [{"TxnId": invoice(stage, "1042")["Id"], "TxnType": "Invoice"}]}
            people.change_payment(stage.realm, there["Id"], TotalAmt=160, Line=[line])
    goes_on(stage)
    assert posted_on(stage, "1042") == [16000]
    assert not parked(stage, kind="quickbooks.payment")
    assert acts.about(acts.compare(stage), "1042") == []


def test_one_over_two_invoices_is_linked_once_and_taken_out_whole() -> None:
    stage = a_stage()
    with held():
        over_two(stage, once=True, day=SAME_DAY)
        [x] = acts.payments_on(stage, "1042")
        assert x.posted and (x.posted.cents, x.posted.pieces) == (20000, ())
        stage.world.clio_box.people.remove_payment(int(x.group))
        in_clio(stage, 1000, SAME_DAY)
        acts.poll(stage)
    goes_on(stage)
    assert (posted_on(stage, "1042"), posted_on(stage, "2001")) == ([1000], [])


def test_what_is_another_payments_already_is_asked_about() -> None:
    stage = a_stage()
    made = pay_in_quickbooks(stage, "1042", "150.00", DAY)
    in_clio(stage, 15000, DAY)
    guard = link_key(stage.realm, "payment", str(made["Id"]))
    stage.world.store._guards[guard] = f"{stage.firm}/another"
    linked(stage)
    assert posted_on(stage, "1042") == [15000]
    assert len(tasks(stage, "payments")) == 1
    assert [t.payment.id for t in beside(stage).theirs] == [made["Id"]]


def test_while_its_own_answer_is_awaited_a_person_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = a_stage()
    entered_on_both_sides(stage)

    class Everything(frozenset[str]):
        def __contains__(self, _key: object) -> bool:
            return True

    with held(), monkeypatch.context() as patch:
        patch.setattr(leaving, "sent", lambda *_: Everything())
        stage.resync()
    link = payable(stage, "1042").booked
    assert link and link.waits
    assert [x.posted for x in acts.payments_on(stage, "1042")] == [None]


def test_the_payments_on_another_bills_invoice_are_let_be() -> None:
    stage = a_synced_stage()
    people = stage.world.clio_box.people
    pay_in_quickbooks(stage, "1042", "150.00", DAY)
    people.add_bill("Hartwell & Pine LLP", "Ada Example", "2001", [{"note": "Advice", "price": 40000}])
    people.record_payment({"2001": 15000}, on=DAY)
    people.edit_bill("2001", number="1042")
    acts.poll(stage)
    goes_on(stage)
    [step] = [e for e in parked(stage, kind="quickbooks.invoice") if "linked to another bill" in e.reason]
    id = str(step.body["payable"])
    assert [x.posted for x in acts.payments(stage) if any(i.payable == id for i in x.items)] == [None]
    assert id not in [w.payable for w in pairing_views.waiting(stage.world, stage.firm).items]
