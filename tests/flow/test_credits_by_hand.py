"""Credits that people entered in QuickBooks themselves: a person is asked before one is entered again."""

from __future__ import annotations

import copy
from decimal import Decimal

import pytest

from chalicelib.domain.kernel import Effect
from chalicelib.errors import Refused
from chalicelib.flow import attention
from chalicelib.flow.credit_readings import ByHand
from infra.sandbox.clio import ledger
from infra.sandbox.clio.state import Allocation
from infra.sandbox.kit import Fault
from tests.flow import acts
from tests.flow.acts import STAFF, a_stage, invoice, parked, posted_on
from tests.flow.test_adoption import pay_in_quickbooks
from tests.flow.test_credits import a_calm_stage, balance, credits, issue, memos, prefer
from tests.flow.test_pairing import beside, linked, say
from tests.flow.test_subcustomers import a_new_bill, a_stage_by_matter
from tests.world import Stage


def by_hand(stage: Stage, number: str, dollars: str) -> None:
    stage.world.quickbooks_box.people.enter_credit(stage.realm, invoice(stage, number)["Id"], dollars)


def ours(stage: Stage) -> set[str]:
    """Numbers of the memos that we entered, without that of the seeded credit."""
    return {m["DocNumber"] for m in memos(stage) if m.get("DocNumber")} - {f"CN-{credits(stage)[0].id}"}


def the_question(stage: Stage) -> Effect:
    [asked] = parked(stage, kind="quickbooks.credit")
    assert "others entered it" in asked.reason or "entered it there" in asked.reason
    return asked


def choose(stage: Stage, choice: str) -> None:
    attention.retry(stage.world, stage.firm, the_question(stage).key, STAFF, choice)
    stage.pass_time(3, minutes=5)


def done(stage: Stage) -> None:
    attention.done(stage.world, stage.firm, the_question(stage).key, STAFF)
    stage.pass_time(3, minutes=5)


def kinds(stage: Stage, number: str) -> list[tuple[str, bool]]:
    return [(d.kind, d.expected) for d in acts.compare(stage).differences if d.number == number]


def test_a_credit_beside_a_payment_that_is_something_else_is_asked_about() -> None:
    stage = a_stage()
    pay_in_quickbooks(stage, "1042", "150.00")
    by_hand(stage, "1042", "50.00")
    stage.world.clio_box.people.issue_credit("1042", 5000)
    linked(stage)
    [money] = beside(stage).theirs
    assert money.payment.cents == 15000, "a credit is no money"
    say(stage, {}, left=(money.payment.id,))
    assert "1042" in the_question(stage).reason
    assert balance(stage, "1042") == 40000 - 15000 - 5000
    named = [("credit not in step", False), ("payment of something else", True)]
    assert kinds(stage, "1042") == named
    done(stage)
    assert balance(stage, "1042") == 20000
    assert kinds(stage, "1042") == [named[1], ("credit left as it is", True)]


def test_a_credit_alone_on_a_linked_invoice_is_no_payment_to_compare() -> None:
    stage = a_stage()
    by_hand(stage, "1042", "50.00")
    clio = stage.world.clio_box.people
    clio.issue_credit("1042", 5000)
    clio.record_payment({"1042": 10000}, on="2026-02-21")
    linked(stage)
    with pytest.raises(Refused, match="Nothing waits"):
        beside(stage)
    assert posted_on(stage, "1042") == [10000], "Clio's payment"
    assert balance(stage, "1042") == 40000 - 15000
    assert the_question(stage)


def test_a_credit_of_another_amount_is_asked_about_too() -> None:
    stage = a_calm_stage()
    by_hand(stage, "1046", "20.00")
    made = issue(stage, "1046", 2500)
    assert balance(stage, "1046") == 125000 - 2000
    choose(stage, "enter")
    assert balance(stage, "1046") == 125000 - 2000 - 2500
    assert ours(stage) == {f"CN-{made}"}


def test_a_credit_that_a_payment_of_money_uses_is_asked_about_too() -> None:
    stage = a_calm_stage()
    people, there = stage.world.quickbooks_box.people, invoice(stage, "1046")
    memo = people.add_credit_memo(stage.realm, there["CustomerRef"]["value"], "25.00")
    links = [("Invoice", there["Id"], "30.00"), ("CreditMemo", memo["Id"], "25.00")]
    lines = [{"Amount": Decimal(a), "LinkedTxn": [{"TxnId": i, "TxnType": k}]} for k, i, a in links]
    body = {"CustomerRef": there["CustomerRef"], "TotalAmt": Decimal("5.00"), "Line": lines}
    people._clerk(stage.realm).create("Payment", body)
    issue(stage, "1046", 2500)
    assert the_question(stage)


def test_what_a_person_said_of_one_credit_is_not_asked_of_the_next() -> None:
    stage = a_calm_stage()
    by_hand(stage, "1046", "25.00")
    issue(stage, "1046", 2500)
    done(stage)
    second = issue(stage, "1046", 3000)
    stage.pass_time(3, minutes=5)
    assert balance(stage, "1046") == 125000 - 2500 - 3000
    assert ours(stage) == {f"CN-{second}"}
    by_hand(stage, "1046", "1.00")
    issue(stage, "1046", 700)
    assert the_question(stage), "there is more than was spoken of"


def test_a_credit_is_asked_about_though_people_said_so_of_a_larger_one_than_stands_there() -> None:
    stage = a_calm_stage()
    by_hand(stage, "1046", "20.00")
    issue(stage, "1046", 5000)
    done(stage)
    by_hand(stage, "1046", "7.00")
    issue(stage, "1046", 700)
    assert the_question(stage)
    assert ours(stage) == set()
    assert balance(stage, "1046") == 125000 - 2000 - 700


@pytest.mark.parametrize("amount", [2500, 3000])
def test_a_credit_left_as_others_entered_it_is_asked_about_again_when_clio_changes_it(amount: int) -> None:
    stage = a_calm_stage()
    by_hand(stage, "1046", "25.00")
    made = issue(stage, "1046", 2500)
    done(stage)
    stage.world.clio_box.people.correct_credit(made, 3000)
    if amount == 2500:  # and back
        acts.poll(stage)
        stage.world.clio_box.people.correct_credit(made, amount)
    acts.poll(stage)
    asked = the_question(stage)
    assert f"${amount / 100:.2f} now" in asked.reason
    assert balance(stage, "1046") == 125000 - 2500
    assert ours(stage) == set()
    done(stage)
    assert balance(stage, "1046") == 125000 - 2500
    assert ("credit left as it is", True) in kinds(stage, "1046")
    stage.world.clio_box.people.correct_credit(made, 1000)
    acts.poll(stage)
    choose(stage, "enter")
    assert balance(stage, "1046") == 125000 - 2500 - 1000
    assert ours(stage) == {f"CN-{made}"}


def test_our_credit_that_quickbooks_put_on_another_invoice_is_not_taken_for_somebodys() -> None:
    stage = a_calm_stage()
    prefer(stage, True)
    customer = invoice(stage, "1046")["CustomerRef"]
    theirs = [i for i in acts.booked(stage) if i["CustomerRef"] == customer and i["Balance"]]
    order = sorted(theirs, key=lambda i: (i["TxnDate"], int(i["Id"])))
    oldest, newest = order[0]["DocNumber"], order[-1]["DocNumber"]
    before = balance(stage, oldest)
    issue(stage, newest, 2500)
    stage.pass_time(1, minutes=15)
    [elsewhere] = parked(stage, kind="quickbooks.credit")
    assert "another invoice" in elsewhere.reason
    prefer(stage, False)
    second = issue(stage, oldest, 700)
    stage.pass_time(1, minutes=15)
    assert balance(stage, oldest) == before - 2500 - 700
    assert f"CN-{second}" in ours(stage)
    assert [e.key for e in parked(stage, kind="quickbooks.credit")] == [elsewhere.key]


def test_a_memo_with_our_mark_is_ours_unless_people_made_it_another_than_it_was() -> None:
    stage = a_calm_stage()
    [c] = credits(stage)
    mark = f"feesimple:{stage.firm}:credit:"
    found = ByHand((), {"1": "", "2": f"x {mark}999", "3": f"{mark}{c.id}", "4": "by hand"})
    assert found.not_ours(c) == {"1", "3", "4"}


def test_who_enters_a_deleted_credit_again_is_not_asked_whether_it_is_there() -> None:
    stage = a_calm_stage()
    made = issue(stage, "1046", 2500)
    [memo] = [m for m in memos(stage) if m["DocNumber"] == f"CN-{made}"]
    stage.world.quickbooks_box.people.delete_credit_memo(stage.realm, memo["Id"])
    by_hand(stage, "1046", "25.00")
    stage.world.clio_box.people.correct_credit(made, 2500)
    stage.pass_time(3, minutes=20)
    [gone] = parked(stage, kind="quickbooks.credit")
    assert "was deleted" in gone.reason
    attention.retry(stage.world, stage.firm, gone.key, STAFF, "again")
    stage.pass_time(3, minutes=5)
    assert balance(stage, "1046") == 125000 - 5000
    assert parked(stage, kind="quickbooks.credit") == []


# --- over invoices of several customers ------------------------------------------------------------------------------


def by_two_matters(cents: int = 1000) -> tuple[Stage, int]:
    """Bills 1046 and 9101 are two sub-customers' of one client; a credit falls on the first of them in Clio."""
    stage = a_stage_by_matter()
    stage.resync()
    stage.pass_time(2, minutes=10)
    rows = stage.world.clio_box.state.rows
    first = next(b for b in rows["bills"].values() if b.number == "1046")
    second = copy.copy(rows["matters"][first.matters[0]])
    second.id, second.display_number = stage.world.clio_box.state.next_id(), "99999-Second"
    stage.world.clio_box.state.add(second)
    a_new_bill(stage, "9101", price=90000, matters=(second.id,))
    stage.pass_time(2, minutes=10)
    assert invoice(stage, "1046")["CustomerRef"] != invoice(stage, "9101")["CustomerRef"]
    made = stage.world.clio_box.people.issue_credit("1046", cents)
    return stage, made


def spread(stage: Stage, made: int, number: str, cents: int) -> None:
    """The credit falls on this bill too."""
    clio = stage.world.clio_box
    memo = clio.state.rows["credit_memos"][made]
    bill = next(b for b in clio.state.rows["bills"].values() if b.number == number)
    link = {"parent_id": memo.id, "parent_type": "CreditMemo", "shown_description": ""}
    matter = bill.matters[0]
    clio.new(
        Allocation, bill.firm, bill=bill.id, contact=bill.client_id, matter=matter, date=memo.date, amount=cents, **link
    )
    memo.amount, bill.credits = memo.amount + cents, bill.credits + cents
    ledger.touch_bill(clio, bill)
    clio.touch(memo)


def test_a_credit_over_invoices_of_two_customers_is_a_persons_to_enter_before_anything_is_written() -> None:
    stage, made = by_two_matters()
    spread(stage, made, "9101", 500)
    acts.poll(stage)
    stage.pass_time(3, minutes=20)
    [asked] = parked(stage, kind="quickbooks.credit")
    assert "$10.00 on invoice 1046; $5.00 on invoice 9101" in asked.reason
    assert f"CN-{made}" not in ours(stage)
    assert "Delete" not in asked.remedy
    by_hand(stage, "1046", "10.00")
    by_hand(stage, "9101", "5.00")
    attention.done(stage.world, stage.firm, asked.key, STAFF)
    stage.pass_time(3, minutes=20)
    assert (balance(stage, "1046"), balance(stage, "9101")) == (125000 - 1000, 90000 - 500)
    assert parked(stage, kind="quickbooks.credit") == []
    assert kinds(stage, "9101") == []
    assert kinds(stage, "1046, 9101") == [("credit left as it is", True)]


def test_a_credit_over_two_customers_that_is_issued_for_each_in_clio_goes_on_by_itself() -> None:
    stage, made = by_two_matters()
    spread(stage, made, "9101", 500)
    acts.poll(stage)
    assert parked(stage, kind="quickbooks.credit")
    clio = stage.world.clio_box.people
    clio.remove_credit(made)
    parts = {clio.issue_credit("1046", 1000), clio.issue_credit("9101", 500)}
    acts.poll(stage)
    stage.pass_time(3, minutes=20)
    assert (balance(stage, "1046"), balance(stage, "9101")) == (125000 - 1000, 90000 - 500)
    assert ours(stage) == {f"CN-{id}" for id in parts}
    assert parked(stage, kind="quickbooks.credit") == []


@pytest.mark.parametrize("more", [0, 500])
def test_a_credit_that_comes_to_fall_on_another_customers_invoice_stays_as_it_is_until_a_person_says(more: int) -> None:
    """With another amount, and with the same over two bills."""
    stage, made = by_two_matters(500)
    acts.poll(stage)
    stage.pass_time(3, minutes=20)
    assert balance(stage, "1046") == 125000 - 500
    stage.world.clio_box.people.correct_credit(made, more or 200)
    spread(stage, made, "9101", 500 if more else 300)
    acts.poll(stage)
    stage.pass_time(3, minutes=20)
    [asked] = parked(stage, kind="quickbooks.credit")
    assert asked.remedy.startswith(f"In QuickBooks delete the credit memo CN-{made} and enter a credit memo for each")
    assert balance(stage, "1046") == 125000 - 500, "nothing was taken off"
    attention.done(stage.world, stage.firm, asked.key, STAFF)
    assert ("credit left as it is", True) in kinds(stage, "1046, 9101")


def test_an_invoice_that_people_give_to_another_customer_before_the_credit_is_applied_is_a_persons_too() -> None:
    stage = a_calm_stage()
    faults = stage.world.quickbooks_box.faults
    faults.append(Fault("status", path="/batch", method="POST", times=100, skip=1))
    made = stage.world.clio_box.people.issue_credit("1046", 1000)
    spread(stage, made, "1047", 500)
    acts.poll(stage)
    assert f"CN-{made}" in ours(stage)
    faults.clear()
    people, other = stage.world.quickbooks_box.people, invoice(stage, "1042")["CustomerRef"]
    people.change_invoice(stage.realm, invoice(stage, "1047")["Id"], CustomerRef=other)
    stage.pass_time(3, minutes=20)
    [asked] = parked(stage, kind="quickbooks.credit")
    assert "$10.00 on invoice 1046; $5.00 on invoice 1047" in asked.reason
    assert f"delete the credit memo CN-{made}" in asked.remedy
    assert balance(stage, "1046") == 125000
