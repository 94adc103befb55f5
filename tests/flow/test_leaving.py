"""What keeps a credit from QuickBooks: invoices that are not clear, and money that must leave first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.crediting import Credit
from chalicelib.domain.kernel import Decision, Effect, Kind, Status
from chalicelib.flow import attention, looking, noting
from chalicelib.flow.settle import policy_of, settle
from infra.sandbox.kit import Fault
from tests.flow import acts
from tests.flow.acts import STAFF, booked, cents, invoice, parked, payable, posted_on, ref
from tests.world import Stage


@pytest.fixture
def stage(synced: Stage) -> Stage:
    """One firm for all; each test credits another bill."""
    acts.BUILT.append(synced)
    synced.pass_time(1, minutes=2)
    return synced


def issue(stage: Stage, number: str, amount: int) -> str:
    made = str(stage.world.clio_box.people.issue_credit(number, amount))
    acts.poll(stage)
    return made


def credit(stage: Stage, made: str) -> Credit:
    found: list[Credit] = acts.all_states(stage, Kind.CREDIT)
    return next(c for c in found if c.id == made)


def step(stage: Stage, made: str) -> Effect:
    about = f"credit/{made}"
    [found] = [e for e in acts.all_effects(stage) if e.about == about and e.status is not Status.DONE]
    return found


def balance(stage: Stage, number: str) -> int:
    return cents(invoice(stage, number)["Balance"])


def memo(stage: Stage, made: str) -> dict[str, Any]:
    [found] = [m for m in booked(stage, "CreditMemo") if m["DocNumber"] == f"CN-{made}"]
    return found


def refuse(stage: Stage, *codes: str) -> None:
    stage.world.quickbooks_box.people.refuse_members(list(codes))


def retry(stage: Stage, about: str) -> None:
    [asked] = parked(stage, about=about)
    attention.retry(stage.world, stage.firm, asked.key, STAFF)
    stage.pass_time(2, minutes=14)


def test_a_credit_waits_for_the_word_on_its_invoices_payments(stage: Stage) -> None:
    def asked(waits: bool) -> None:
        state = payable(stage, "1046")
        assert state.booked is not None
        new = replace(state, booked=replace(state.booked, waits=waits))
        settle(stage.world, [ref(stage, "1046")], lambda _s, _n: {ref(stage, "1046"): Decision(new)}, fact="Asked")

    asked(True)
    made = issue(stage, "1046", 2500)
    assert step(stage, made).cause == "It waits for your word on the payments of invoice 1046 in QuickBooks."
    asked(False)
    stage.pass_time(5, minutes=15)
    assert balance(stage, "1046") == 122500


def test_a_credit_waits_until_it_is_decided_what_becomes_of_an_invoice_that_is_gone() -> None:
    stage = acts.a_synced_stage()
    stage.world.quickbooks_box.people.delete_invoice(stage.realm, invoice(stage, "1047")["Id"])
    made = issue(stage, "1047", 2500)
    assert step(stage, made).cause.startswith("Invoice 1047 is no longer in QuickBooks")
    assert not [m for m in booked(stage, "CreditMemo") if m["DocNumber"] == f"CN-{made}"]


def test_a_credit_of_a_bill_that_was_withdrawn_is_entered_and_stays_open(stage: Stage) -> None:
    box = stage.world.clio_box
    bill = box.state.rows["bills"][acts.clio_id(stage, "1048")]
    made = str(box.people.issue_credit("1048", 2500))
    bill.state = "void"
    box.changed(bill)
    acts.poll(stage)
    stage.pass_time(2, minutes=10)
    assert payable(stage, "1048").gone
    assert cents(memo(stage, made)["RemainingCredit"]) == 2500
    assert credit(stage, made).current and credit(stage, made).left == 2500


def test_a_credit_waits_for_a_payment_that_was_taken_back_and_still_stands(stage: Stage) -> None:
    paid = acts.record(stage, {"1053": 10000})
    assert balance(stage, "1053") == 54000
    refuse(stage, "6210")
    stage.world.clio_box.people.remove_payment(paid)
    acts.poll(stage)
    made = issue(stage, "1053", 2500)
    assert step(stage, made).cause.endswith("must leave invoice 1053 in QuickBooks first.")
    retry(stage, "payment/")
    assert balance(stage, "1053") == 64000 - 2500


def test_what_is_in_a_call_may_still_stand_whatever_we_know_of_it(stage: Stage) -> None:
    paid = acts.record(stage, {"1054": 10000})
    policy = policy_of(stage.world, stage.firm)
    stage.world.quickbooks_box.faults.append(Fault("drop_answer", path="/batch", method="POST"))
    stage.world.clio_box.people.remove_payment(paid)
    looking.point_at_bill(stage.world, policy, payable(stage, "1054").id)
    stage.work()
    assert not posted_on(stage, "1054"), "QuickBooks took it off, and nobody heard of it"
    made = str(stage.world.clio_box.people.issue_credit("1054", 2500))
    noting.point(stage.world, policy, made)
    stage.work()
    assert step(stage, made).cause.endswith("must leave invoice 1054 in QuickBooks first.")
    stage.pass_time(0.5, minutes=6)
    assert balance(stage, "1054") == 410181 - 2500


def test_a_credit_waits_for_another_that_was_taken_back_and_still_stands(stage: Stage) -> None:
    first = issue(stage, "1056", 2500)
    stage.pass_time(1, minutes=5)
    assert balance(stage, "1056") == 45450 - 2500
    refuse(stage, "6210")
    stage.world.clio_box.people.remove_credit(int(first))
    acts.poll(stage)
    second = issue(stage, "1056", 1000)
    assert step(stage, second).cause.endswith("must leave invoice 1056 in QuickBooks first.")
    retry(stage, f"credit/{first}")
    assert balance(stage, "1056") == 45450 - 1000


def test_a_credit_does_not_wait_for_another_whose_memo_is_gone_while_a_person_is_asked(stage: Stage) -> None:
    first = issue(stage, "1058", 2500)
    stage.pass_time(1, minutes=5)
    stage.world.quickbooks_box.people.delete_credit_memo(stage.realm, memo(stage, first)["Id"])
    stage.world.clio_box.people.correct_credit(int(first), 2000)
    acts.poll(stage)
    assert step(stage, first).body["broken"] == "credit memo"
    second = issue(stage, "1058", 1000)
    stage.pass_time(2, minutes=10)
    assert balance(stage, "1058") == 91350 - 1000
    assert credit(stage, second).current


def move(stage: Stage, made: str, to: str) -> None:
    """Staff put the credit on another bill: its allocation names that one from now on."""
    box = stage.world.clio_box
    bills = box.state.rows["bills"]
    [part] = [a for a in box.state.rows["allocations"].values() if str(a.parent_id) == made]
    old, new = bills[part.bill], next(b for b in bills.values() if b.number == to)
    box.state.drop(part)
    part.bill = new.id
    box.state.add(part)
    old.credits, new.credits = old.credits - part.amount, new.credits + part.amount
    for row in (part, old, new, box.state.rows["credit_memos"][part.parent_id]):
        box.touch(row)
    acts.poll(stage)


def test_a_credit_moved_to_an_invoice_that_is_full_waits_for_the_payment_that_leaves_it(stage: Stage) -> None:
    people, full = stage.world.quickbooks_box.people, payable(stage, "1060").asks
    paid = acts.record(stage, {"1060": full})
    made = issue(stage, "1061", 2500)
    [there] = [p for p in booked(stage, "Payment") if p.get("PaymentRefNum") == f"Clio {paid}"]
    deposited = people.deposit_payment(stage.realm, there["Id"])["Id"]
    stage.world.clio_box.people.remove_payment(paid)
    move(stage, made, "1060")
    assert "must leave invoice 1060" in step(stage, made).cause
    people.delete_deposit(stage.realm, deposited)
    [refused] = parked(stage, kind="quickbooks.payment")
    attention.retry(stage.world, stage.firm, refused.key, STAFF)
    stage.pass_time(3, minutes=20)
    assert balance(stage, "1060") == full - 2500
    assert not acts.about(acts.compare(stage), "1060")
