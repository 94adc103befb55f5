"""Clio's credit notes in QuickBooks: entered once, applied once, taken back in the right order, named until then."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.crediting import Credit
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Kind, Status
from chalicelib.flow import attention, broken
from infra.sandbox.kit import Fault
from tests.flow import acts
from tests.flow.acts import STAFF, a_stage, a_synced_stage, booked, cents, invoice, parked
from tests.world import Stage


def a_calm_stage() -> Stage:
    """After the first Resync, with the credit that was there on its invoice."""
    stage = a_synced_stage()
    stage.pass_time(1, minutes=1)
    return stage


def credits(stage: Stage) -> list[Credit]:
    return acts.all_states(stage, Kind.CREDIT)


def memos(stage: Stage) -> list[dict[str, Any]]:
    return booked(stage, "CreditMemo")


def issue(stage: Stage, number: str, amount: int, **more: Any) -> int:
    made = stage.world.clio_box.people.issue_credit(number, amount, **more)
    acts.poll(stage)
    return made


def balance(stage: Stage, number: str) -> int:
    return cents(invoice(stage, number)["Balance"])


def prefer(stage: Stage, on: bool | None) -> None:
    """How the company's AutoApplyCredit stands; None: it does not say."""
    stage.world.quickbooks_box.people.set_preferences(stage.realm, AutoApplyCredit=on)


def applications(stage: Stage) -> list[dict[str, Any]]:
    return [
        p
        for p in booked(stage, "Payment")
        if any(link["TxnType"] == "CreditMemo" for line in p.get("Line", []) for link in line["LinkedTxn"])
    ]


def test_a_credit_that_was_there_before_comes_with_its_bill() -> None:
    stage = a_calm_stage()
    [credit] = credits(stage)
    [memo] = memos(stage)
    assert memo["DocNumber"] == f"CN-{credit.id}"
    assert (cents(memo["TotalAmt"]), cents(memo["RemainingCredit"])) == (5000, 0)
    assert balance(stage, "1059") == 49000 - 5000
    assert credit.current and credit.left == 0
    assert "1059" not in {d.number for d in acts.compare(stage).differences}


def test_a_new_credit_arrives_and_is_applied_by_a_payment_of_nothing() -> None:
    stage = a_calm_stage()
    issue(stage, "1046", 2500, description="Courtesy")
    assert balance(stage, "1046") == 122500
    [memo] = [m for m in memos(stage) if cents(m["TotalAmt"]) == 2500]
    assert memo["Line"][0]["Description"] == "Courtesy"
    tie = next(p for p in applications(stage) if cents(p["Line"][0]["Amount"]) == 2500)
    assert cents(tie["TotalAmt"]) == 0
    assert acts.about(acts.compare(stage), "1046") == []


def test_a_credit_taken_back_in_clio_loses_its_application_first_and_then_its_memo() -> None:
    stage = a_calm_stage()
    made = issue(stage, "1046", 2500)
    before = len(stage.world.quickbooks_box.log)
    stage.world.clio_box.people.remove_credit(made)
    acts.poll(stage)
    assert balance(stage, "1046") == 125000
    assert not [m for m in memos(stage) if m["DocNumber"] == f"CN-{made}"]
    assert len(applications(stage)) == 1, "only the one of 1059"
    del before
    credit = next(c for c in credits(stage) if c.id == str(made))
    assert credit.gone and credit.memo is None and credit.current
    assert acts.payable(stage, "1046").leaving in ((), (f"credit-{made}",))


@pytest.mark.parametrize("on", [True, None])
def test_where_quickbooks_may_apply_credits_by_itself_nothing_is_applied_twice(on: bool | None) -> None:
    stage = a_calm_stage()
    prefer(stage, on)
    oldest = min(
        (i for i in booked(stage) if i["CustomerRef"] == invoice(stage, "1046")["CustomerRef"] and i["Balance"]),
        key=lambda i: (i["TxnDate"], int(i["Id"])),
    )
    number = oldest["DocNumber"]
    before = balance(stage, number)
    made = issue(stage, number, 2500)
    stage.pass_time(1, minutes=15)
    assert balance(stage, number) == before - 2500
    [memo] = [m for m in memos(stage) if m["DocNumber"] == f"CN-{made}"]
    assert cents(memo["RemainingCredit"]) == 0
    assert acts.about(acts.compare(stage), number) == []


def test_a_credit_that_quickbooks_put_on_another_invoice_is_moved_only_when_asked() -> None:
    stage = a_calm_stage()
    prefer(stage, True)
    customer = invoice(stage, "1046")["CustomerRef"]
    theirs = [i for i in booked(stage) if i["CustomerRef"] == customer and i["Balance"]]
    newest = max(theirs, key=lambda i: (i["TxnDate"], int(i["Id"])))["DocNumber"]
    before = {i["DocNumber"]: cents(i["Balance"]) for i in theirs}
    issue(stage, newest, 2500)
    stage.pass_time(1, minutes=15)
    [asked] = parked(stage, kind="quickbooks.credit")
    assert "another invoice" in asked.reason and "Automatically apply" in asked.remedy
    assert balance(stage, newest) == before[newest]
    attention.retry(stage.world, stage.firm, asked.key, STAFF, "move")
    stage.pass_time(1, minutes=10)
    after = {n: balance(stage, n) for n in before}
    assert after == {**before, newest: before[newest] - 2500}


@pytest.mark.parametrize("do", ["drop_answer", "drop_request"])
@pytest.mark.parametrize("skip", [0, 1])
def test_whichever_answer_is_lost_a_credit_stands_once_and_is_applied_once(do: str, skip: int) -> None:
    stage = a_calm_stage()
    stage.world.quickbooks_box.faults.append(Fault(do, path="/batch", method="POST", times=2, skip=skip))
    made = issue(stage, "1046", 2500)
    stage.pass_time(1, minutes=20)
    assert len([m for m in memos(stage) if m["DocNumber"] == f"CN-{made}"]) == 1
    assert balance(stage, "1046") == 122500


def test_a_credit_taken_back_while_its_answer_was_lost_leaves_nothing() -> None:
    stage = a_calm_stage()
    stage.world.quickbooks_box.faults.append(Fault("drop_answer", path="/batch", method="POST", times=2))
    made = issue(stage, "1046", 2500)
    stage.world.clio_box.people.remove_credit(made)
    stage.pass_time(2, minutes=50)
    assert not [m for m in memos(stage) if m["DocNumber"] == f"CN-{made}"]
    assert balance(stage, "1046") == 125000


def test_a_credit_on_a_bill_that_waits_for_a_person_waits_too() -> None:
    stage = a_calm_stage()
    made = issue(stage, "1043", 1000)
    waiting = [e for e in acts.all_effects(stage) if e.kind == "quickbooks.credit" and e.status == "owed"]
    assert ["1043" in e.cause for e in waiting] == [True]
    stage.world.clio_box.people.edit_bill("1043", number="1043-A")
    [conflict] = acts.parked_on(stage, "1043", "quickbooks.invoice")
    attention.retry(stage.world, stage.firm, conflict.key, STAFF)
    stage.pass_time(2, minutes=40)
    assert balance(stage, "1043-A") == 25000 - 1000
    assert [m["DocNumber"] for m in memos(stage) if cents(m["TotalAmt"]) == 1000] == [f"CN-{made}"]


def test_a_number_that_somebody_else_used_is_not_taken_for_ours() -> None:
    stage = a_calm_stage()
    made = stage.world.clio_box.people.issue_credit("1046", 2500)
    customer = invoice(stage, "1046")["CustomerRef"]["value"]
    stage.world.quickbooks_box.people.add_credit_memo(stage.realm, customer, "3.00", f"CN-{made}")
    acts.poll(stage)
    [asked] = parked(stage, kind="quickbooks.credit")
    assert "did not write" in asked.reason
    assert balance(stage, "1046") == 125000


def test_a_credit_that_somebody_entered_by_hand_is_not_entered_again_unasked() -> None:
    stage = a_calm_stage()
    made = stage.world.clio_box.people.issue_credit("1046", 2500)
    stage.world.quickbooks_box.people.enter_credit(stage.realm, invoice(stage, "1046")["Id"], "25.00")
    acts.poll(stage)
    [asked] = parked(stage, kind="quickbooks.credit")
    assert "1046" in asked.reason and "entered it there" in asked.reason
    assert balance(stage, "1046") == 122500
    attention.retry(stage.world, stage.firm, asked.key, STAFF, "enter")
    stage.pass_time(1, minutes=5)
    assert balance(stage, "1046") == 120000
    assert [m["DocNumber"] for m in memos(stage) if m.get("DocNumber") == f"CN-{made}"]


def test_a_memo_deleted_in_quickbooks_is_named_and_entered_again_only_when_asked() -> None:
    stage = a_calm_stage()
    made = issue(stage, "1046", 2500)
    _delete_in_quickbooks(stage, made)
    kinds = [d.kind for d in acts.compare(stage).differences]
    assert "credit removed in QuickBooks" in kinds
    _split(stage, made, 2000)
    acts.poll(stage)
    [asked] = parked(stage, kind="quickbooks.credit")
    assert "deleted in QuickBooks" in asked.reason
    attention.retry(stage.world, stage.firm, asked.key, STAFF, "again")
    stage.pass_time(1, minutes=5)
    assert balance(stage, "1046") == 125000 - 2000


def _delete_in_quickbooks(stage: Stage, made: int) -> None:
    [memo] = [m for m in memos(stage) if m["DocNumber"] == f"CN-{made}"]
    stage.world.quickbooks_box.people.delete_credit_memo(stage.realm, memo["Id"])


def _split(stage: Stage, made: int, amount: int) -> None:
    """The memo is corrected in Clio to another amount."""
    stage.world.clio_box.people.correct_credit(made, amount)


def test_a_credit_of_more_than_its_invoice_shows_waits_for_the_change_that_is_owed() -> None:
    stage = a_calm_stage()
    clio, open_ = stage.world.clio_box, balance(stage, "1046")
    clio.faults.append(Fault("status", path="line_items", times=1000))
    asks = acts.payable(stage, "1046").asks
    clio.people.edit_bill("1046", total=asks + 920)
    acts.poll(stage)
    issue(stage, "1046", open_ + 920)
    stage.pass_time(5, hours=1)
    assert balance(stage, "1046") == open_
    clio.faults.clear()
    stage.pass_time(5, hours=2)
    assert balance(stage, "1046") == 0


def test_a_credit_of_another_amount_is_changed_there_and_applied_anew() -> None:
    stage = a_calm_stage()
    made = issue(stage, "1046", 2500)
    _split(stage, made, 4000)
    acts.poll(stage)
    acts.poll(stage)
    [memo] = [m for m in memos(stage) if m["DocNumber"] == f"CN-{made}"]
    assert (cents(memo["TotalAmt"]), cents(memo["RemainingCredit"])) == (4000, 0)
    assert balance(stage, "1046") == 121000


@pytest.mark.parametrize("change", ["removed", "another amount"])
def test_a_credit_that_a_payment_of_real_money_uses_waits_for_a_person(change: str) -> None:
    from decimal import Decimal

    stage = a_calm_stage()
    made = issue(stage, "1046", 2500)
    people = stage.world.quickbooks_box.people
    [memo] = [m for m in memos(stage) if m["DocNumber"] == f"CN-{made}"]
    for tie in applications(stage):
        if tie["Line"][0]["LinkedTxn"][0]["TxnId"] == invoice(stage, "1046")["Id"]:
            people.delete_payment(stage.realm, tie["Id"])
    links = [("Invoice", invoice(stage, "1046")["Id"], "30.00"), ("CreditMemo", memo["Id"], "25.00")]
    lines = [{"Amount": Decimal(a), "LinkedTxn": [{"TxnId": i, "TxnType": k}]} for k, i, a in links]
    body = {"CustomerRef": memo["CustomerRef"], "TotalAmt": Decimal("5.00"), "Line": lines}
    people._clerk(stage.realm).create("Payment", body)
    if change == "removed":
        stage.world.clio_box.people.remove_credit(made)
    else:
        _split(stage, made, 2000)
    acts.poll(stage)
    [asked] = parked(stage, kind="quickbooks.credit")
    assert "$5.00" in asked.reason
    assert [m for m in memos(stage) if m["DocNumber"] == f"CN-{made}"], "nothing was taken away"


def test_a_credit_on_a_bill_that_we_do_not_follow_is_left_alone() -> None:
    stage = a_stage()
    run = stage.resync()
    assert len(credits(stage)) == 1
    people = stage.world.clio_box.people
    people.approve("1071")
    people.issue_credit("1071", 100)
    acts.poll(stage)
    assert len(credits(stage)) == 2
    assert run.parked >= 0


def test_many_credits_are_looked_at_in_few_calls() -> None:
    stage = a_calm_stage()
    people = stage.world.clio_box.people
    made = [people.issue_credit(n, 100) for n in ("1046", "1047", "1048", "1051", "1053", "1054", "1055")]
    before = acts.calls(stage)
    acts.poll(stage)
    asked = [x for x in acts.requests_since(stage, before) if "credit_memos" in x[2]]
    assert len(asked) <= 6, asked
    assert {f"CN-{m}" for m in made} <= {m["DocNumber"] for m in memos(stage)}


def test_a_credit_that_clio_no_longer_shows_parks_its_look() -> None:
    from chalicelib.flow import noting
    from chalicelib.flow.settle import policy_of

    stage = a_calm_stage()
    noting.point(stage.world, policy_of(stage.world, stage.firm), "999999")
    stage.work()
    [asked] = parked(stage, kind="clio.credit")
    assert "no longer shows" in f"{asked.reason} {asked.remedy}"


# --- invoices that people removed in QuickBooks -----------------------------------------------------------------------


@pytest.mark.parametrize("act", ["delete_invoice", "void_invoice"])
def test_a_credit_is_applied_again_to_an_invoice_that_was_made_again(act: str) -> None:
    stage = a_calm_stage()
    issue(stage, "1046", 2500)
    assert balance(stage, "1046") == 122500
    people = stage.world.quickbooks_box.people
    getattr(people, act)(stage.realm, invoice(stage, "1046")["Id"])
    stage.pass_time(3, minutes=20)
    [task] = acts.tasks(stage, "broken")
    if act == "void_invoice":
        people.change_invoice(stage.realm, invoice(stage, "1046")["Id"], DocNumber="1046-void")
    broken.decide(stage.world, stage.firm, task.key, "again", "", STAFF)
    stage.pass_time(3, minutes=20)
    assert balance(stage, "1046") == 122500
    [memo] = [m for m in memos(stage) if cents(m["TotalAmt"]) == 2500]
    assert cents(memo["RemainingCredit"]) == 0
    assert acts.about(acts.compare(stage), "1046") == []


def test_a_credit_that_waits_for_a_persons_word_asks_quickbooks_nothing() -> None:
    stage = a_calm_stage()
    people = stage.world.quickbooks_box.people
    people.delete_invoice(stage.realm, invoice(stage, "1046")["Id"])
    stage.pass_time(3, minutes=20)
    issue(stage, "1046", 2500)
    step = next(e for e in acts.all_effects(stage) if e.kind == Do.CREDIT and e.status is Status.OWED)
    assert "your word on invoice 1046" in step.cause
    before = acts.calls(stage)
    for _ in range(6):
        stage.world.store.postpone(step.key, stage.world.now())
        stage.world.clock.move(seconds=61)
        stage.work()
    asked = [path for name, _, path in acts.requests_since(stage, before) if name == "quickbooks"]
    assert not [path for path in asked if "query" in path], asked
    [task] = acts.tasks(stage, "broken")
    broken.decide(stage.world, stage.firm, task.key, "again", "", STAFF)
    stage.pass_time(6, minutes=20)
    assert balance(stage, "1046") == 122500


def test_a_credit_whose_application_is_taken_back_is_not_asked_about() -> None:
    stage = a_calm_stage()
    made = issue(stage, "1046", 2500)
    stage.world.quickbooks_box.people.delete_invoice(stage.realm, invoice(stage, "1046")["Id"])
    stage.pass_time(3, minutes=20)
    stage.world.clio_box.people.remove_credit(made)
    acts.poll(stage)
    assert not [m for m in memos(stage) if m["DocNumber"] == f"CN-{made}"]
