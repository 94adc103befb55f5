"""What people do in QuickBooks to a credit memo, or to the payment of nothing that applies it, is found by change data
capture and asked about; nothing is entered or applied again unasked."""

from __future__ import annotations

import pytest

from chalicelib.domain.book_changes import BookChanges
from chalicelib.domain.crediting import Credit
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect, Neighbour
from chalicelib.domain.readings import EventPointer
from chalicelib.flow import broken, capturing, health, inbox
from chalicelib.flow.settle import policy_of
from infra.sandbox.kit import Fault
from tests.flow import acts
from tests.flow.acts import STAFF, invoice, parked
from tests.flow.test_credits import _delete_in_quickbooks, _split, a_calm_stage, applications, balance, credits, issue
from tests.world import Stage


def asked(stage: Stage) -> list[Effect]:
    return [e for e in parked(stage, kind=Do.CREDIT) if e.body["broken"]]


def told_by_quickbooks(stage: Stage) -> None:
    """Only change data capture: no comparison, and nothing of Clio's."""
    stage.pass_time(5, minutes=17)


def a_credit(stage: Stage, made: int) -> Credit:
    return next(c for c in credits(stage) if c.id == str(made))


def an_applied_stage() -> tuple[Stage, int]:
    stage = a_calm_stage()
    made = issue(stage, "1046", 2500)
    told_by_quickbooks(stage)
    assert not asked(stage), "our own echoes are nothing"
    assert a_credit(stage, made).wanted == 1
    return stage, made


def take_off(stage: Stage, act: str = "delete_payment") -> None:
    """Somebody removes the payment of nothing that applies the credit to 1046."""
    [tie] = [p for p in applications(stage) if p["Line"][0]["LinkedTxn"][0]["TxnId"] == invoice(stage, "1046")["Id"]]
    getattr(stage.world.quickbooks_box.people, act)(stage.realm, tie["Id"])
    assert balance(stage, "1046") == 125000


def decide(stage: Stage, choice: str, to: str = "") -> None:
    [step] = asked(stage)
    broken.decide(stage.world, stage.firm, step.key, choice, to, STAFF)
    told_by_quickbooks(stage)


def test_a_memo_that_is_deleted_is_asked_about_without_a_comparison() -> None:
    stage, made = an_applied_stage()
    _delete_in_quickbooks(stage, made)
    told_by_quickbooks(stage)
    [step] = asked(stage)
    assert "was deleted in QuickBooks" in step.reason
    assert balance(stage, "1046") == 125000
    told_by_quickbooks(stage)
    assert [e.key for e in asked(stage)] == [step.key]


def test_webhooks_of_credit_memos_and_journal_entries_bring_the_next_poll_forward() -> None:
    stage, _ = an_applied_stage()
    for kind in ("creditmemo", "journalentry"):
        assert inbox.point(stage.world, Neighbour.QUICKBOOKS, [a_pointer(stage, kind)]) == 1
    assert inbox.point(stage.world, Neighbour.QUICKBOOKS, [a_pointer(stage, "estimate")]) == 0


def a_pointer(stage: Stage, kind: str) -> EventPointer:
    return EventPointer(f"e-{kind}", stage.realm, "updated", kind, "1")


@pytest.mark.parametrize("act", ["delete_payment", "void_payment"])
def test_a_credit_that_is_taken_off_its_invoice_is_a_broken_link_and_applied_again_when_asked(act: str) -> None:
    stage, made = an_applied_stage()
    take_off(stage, act)
    told_by_quickbooks(stage)
    [step] = asked(stage)
    assert "taken off" in step.reason and "1046" in step.reason
    assert [i.key for i in health.health(stage.world, stage.firm).broken] == [step.key]
    shown = broken.choices(stage.world, stage.firm, step.key)
    assert [o.choice for o in shown.options] == ["apply", "leave"]
    assert balance(stage, "1046") == 125000, "nothing is applied unasked"
    decide(stage, "apply")
    assert balance(stage, "1046") == 122500
    assert not asked(stage)
    assert a_credit(stage, made).left == 0


def test_a_credit_that_is_left_off_its_invoice_is_named_and_not_asked_about_again() -> None:
    stage, made = an_applied_stage()
    take_off(stage)
    told_by_quickbooks(stage)
    decide(stage, "leave")
    assert balance(stage, "1046") == 125000
    assert (a_credit(stage, made).left, a_credit(stage, made).current) == (2500, True)
    found = {d.kind: d.cents for d in acts.compare(stage).differences if d.number == "1046" and d.expected}
    assert found == {"credit left off its invoice": 2500}
    assert unexpected(stage) == []
    told_by_quickbooks(stage)
    assert not asked(stage)


def test_a_credit_that_was_left_off_may_be_applied_by_hand_after_all() -> None:
    stage, _ = an_applied_stage()
    take_off(stage)
    told_by_quickbooks(stage)
    decide(stage, "leave")
    apply_by_hand(stage)
    told_by_quickbooks(stage)
    assert acts.about(acts.compare(stage), "1046") == []
    assert not asked(stage)


def test_what_else_is_on_an_invoice_whose_credit_was_left_off_is_named() -> None:
    stage, _ = an_applied_stage()
    take_off(stage)
    told_by_quickbooks(stage)
    decide(stage, "leave")
    customer = {"value": invoice(stage, "1046")["CustomerRef"]["value"]}
    line = {"Amount": 7, "LinkedTxn": [{"TxnId": invoice(stage, "1046")["Id"], "TxnType": "Invoice"}]}
    clerk = stage.world.quickbooks_box.people._clerk(stage.realm)
    clerk.create("Payment", {"CustomerRef": customer, "TotalAmt": 7, "Line": [line]})
    shown = [(d.kind, d.cents) for d in acts.compare(stage).differences if d.number == "1046"]
    assert ("credit left off its invoice", 1800) in shown, "what the invoice lacks of it"


def unexpected(stage: Stage) -> list[str]:
    return [d.kind for d in acts.compare(stage).differences if d.number == "1046" and not d.expected]


def test_a_change_in_clio_meanwhile_does_not_apply_it_unasked() -> None:
    stage, made = an_applied_stage()
    take_off(stage)
    told_by_quickbooks(stage)
    _split(stage, made, 2000)
    acts.poll(stage)
    told_by_quickbooks(stage)
    assert balance(stage, "1046") == 125000
    decide(stage, "apply")
    assert balance(stage, "1046") == 123000


@pytest.mark.parametrize("act", ["delete_payment", "void_payment"])
def test_a_change_in_clio_before_it_is_noticed_does_not_apply_it_unasked_either(act: str) -> None:
    stage, made = an_applied_stage()
    take_off(stage, act)
    _split(stage, made, 2000)
    acts.poll(stage)
    assert balance(stage, "1046") == 125000
    decide(stage, "apply")
    assert balance(stage, "1046") == 123000
    assert not asked(stage)


@pytest.mark.parametrize("do", ["drop_answer", "drop_request"])
@pytest.mark.parametrize("skip", [0, 1, 2])
def test_what_we_took_off_ourselves_is_applied_again_though_the_answer_was_lost(do: str, skip: int) -> None:
    stage, made = an_applied_stage()
    stage.world.quickbooks_box.faults.append(Fault(do, path="/batch", method="POST", times=2, skip=skip))
    _split(stage, made, 2000)
    acts.poll(stage)
    stage.pass_time(2, minutes=20)
    assert balance(stage, "1046") == 123000
    assert not asked(stage)


def apply_by_hand(stage: Stage) -> None:
    [memo] = [m for m in acts.booked(stage, "CreditMemo") if m["Balance"]]
    links = [("Invoice", invoice(stage, "1046")["Id"]), ("CreditMemo", memo["Id"])]
    lines = [{"Amount": 25, "LinkedTxn": [{"TxnId": i, "TxnType": k}]} for k, i in links]
    clerk = stage.world.quickbooks_box.people._clerk(stage.realm)
    clerk.create("Payment", {"CustomerRef": memo["CustomerRef"], "TotalAmt": 0, "Line": lines})


def test_where_somebody_applied_it_again_nobody_is_asked() -> None:
    stage, made = an_applied_stage()
    take_off(stage)
    told_by_quickbooks(stage)
    [step] = asked(stage)
    apply_by_hand(stage)
    stage.world.store.retry(step.key, stage.world.now())
    told_by_quickbooks(stage)
    assert not asked(stage)
    assert (a_credit(stage, made).current, a_credit(stage, made).unapplied) == (True, False)


def test_the_removed_payment_alone_is_enough_to_find_it() -> None:
    """Whether the memo itself is told of when its balance changes is remembered only (2.7)."""
    stage, made = an_applied_stage()
    [tie] = a_credit(stage, made).ties
    take_off(stage)
    page = BookChanges((), (), (), (("Payment", tie), ("Payment", "none of ours")), stage.world.now())
    capturing._take(stage.world, policy_of(stage.world, stage.firm), page)
    assert (a_credit(stage, made).wanted, a_credit(stage, made).unapplied) == (2, True)


def test_the_comparison_finds_it_too() -> None:
    stage, made = an_applied_stage()
    take_off(stage)
    assert "credit unapplied" in [d.kind for d in acts.compare(stage).differences]
    assert a_credit(stage, made).wanted == 2


@pytest.mark.parametrize("act", ["delete_invoice", "void_invoice"])
def test_of_a_credit_whose_invoice_is_gone_only_the_invoice_is_asked_about(act: str) -> None:
    stage, _ = an_applied_stage()
    getattr(stage.world.quickbooks_box.people, act)(stage.realm, invoice(stage, "1046")["Id"])
    told_by_quickbooks(stage)
    assert len(acts.tasks(stage, "broken")) == 1
    assert not asked(stage)
