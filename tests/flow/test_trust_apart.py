"""A trust payment by Stripe that staff record beside its request, or with less: nobody is asked for it again, and what
is missing is named."""

from __future__ import annotations

import pytest

from chalicelib.flow import views
from tests.flow import acts
from tests.flow import trust_acts as trust
from tests.world import Stage


def paid_and_recorded_beside(stage: Stage, cents: int = 100000) -> str:
    """By the words of our own remedy: a trust deposit with its code. Gives the payment's id."""
    payment = acts.pay_by_card(stage, "1080")
    client = acts.payable(stage, "1080").client_name
    stage.world.clio_box.people.move_trust(client, cents, description=payment.code)
    acts.poll(stage)
    stage.pass_time(5, hours=1)
    return payment.id


def test_a_deposit_beside_the_request_does_not_open_it_again_and_is_a_task() -> None:
    stage = trust.a_trust_stage()
    paid_and_recorded_beside(stage)
    p = acts.payable(stage, "1080")
    assert (p.open, p.balance, p.shown_apart) == (0, 100000, 100000)
    [task] = acts.tasks(stage, "apart")
    assert "beside the trust request" in task.title
    assert task.title in {i.title for i in views.invoice(stage.world, stage.firm, p.id).items}


def test_nobody_is_reminded_of_it_nor_can_pay_it_twice() -> None:
    stage = trust.a_trust_stage()
    acts.collect(stage, "1080")
    stage.pass_time(60, hours=30)
    paid_and_recorded_beside(stage)
    p = acts.payable(stage, "1080")
    before = len(acts.mails_to(stage, p.client_email))
    stage.pass_time(60, days=20)
    assert len(acts.mails_to(stage, p.client_email)) == before
    assert acts.press_pay(stage, "1080", shown={p.id: 100000}).kind != "go"


def test_once_it_is_recorded_on_the_request_the_task_is_gone() -> None:
    stage = trust.a_trust_stage()
    id = paid_and_recorded_beside(stage)
    people, code = stage.world.clio_box.people, acts.payment(stage, id).code
    [known] = [k for k in acts.payable(stage, "1080").receipts if k.loose and code in k.text]
    people.delete_transaction(int(known.id.removeprefix("bt-")))
    people.record_trust_deposit("1080", 100000, description=code)
    stage.resync()
    stage.pass_time(5, hours=1)
    p = acts.payable(stage, "1080")
    assert (p.open, p.shown_apart, p.apart) == (0, 0, None)
    assert acts.tasks(stage, "apart") == []


@pytest.mark.parametrize("how", ["request", "beside"])
def test_recorded_with_less_the_rest_is_named_and_listed_to_be_recorded(how: str) -> None:
    stage = trust.a_trust_stage()
    payment = acts.pay_by_card(stage, "1080")
    people = stage.world.clio_box.people
    if how == "request":
        people.record_trust_deposit("1080", 99000, description=payment.code)
    else:
        people.move_trust(acts.payable(stage, "1080").client_name, 99000, description=payment.code)
    acts.poll(stage)
    stage.pass_time(5, hours=1)
    named = [(d.kind, d.cents) for d in acts.compare(stage).differences if d.detail == payment.id]
    assert named == [("not yet in Clio", 1000)]
    assert [r.cents for r in views.unrecorded(stage.world, stage.firm).rows if r.code == payment.code] == [1000]
    assert acts.payable(stage, "1080").open == 0
