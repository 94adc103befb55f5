"""What QuickBooks refuses to write, because the books are closed for its date or for a reason of its own: a person
opens the period and retries, or leaves it as it is there, and the next change in Clio is written anew."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chalicelib.domain.comparing import Difference
from chalicelib.domain.dates import day
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect
from chalicelib.domain.pairing import Answer
from chalicelib.flow import attention, contacts, pairing, pairing_views, rows, trust_check, trust_views
from infra.sandbox.kit import Fault
from tests.flow import acts
from tests.flow import trust_acts as trust
from tests.flow.acts import STAFF, a_synced_stage, booked, cents, invoice, payable, posted_on
from tests.flow.test_contacts import look
from tests.flow.test_credits import a_calm_stage, applications, balance, credits, issue, memos
from tests.flow.test_pieces import ONE, OTHER, a_stage_of_two_matters, pieces
from tests.flow.test_relinking import revoke
from tests.flow.test_subcustomers import a_new_bill
from tests.world import Stage


def close(stage: Stage) -> None:
    """The bookkeeper closes the books through today; nothing dated until then can be written."""
    today = stage.world.now().date().isoformat()
    stage.world.quickbooks_box.people.set_preferences(stage.realm, BookCloseDate=today)


def reopen(stage: Stage) -> None:
    stage.world.quickbooks_box.people.set_preferences(stage.realm, BookCloseDate="")


def closed(stage: Stage, kind: str) -> list[Effect]:
    return [e for e in acts.parked(stage, kind=kind) if "The books are closed for this date" in e.reason]


def refused(stage: Stage, kind: str) -> Effect:
    [step] = closed(stage, kind)
    assert not re.search(r"\d{4}-\d\d-\d\d", step.reason), "days stand in words"
    assert "“Advanced”" in step.remedy and "Or leave it: " in step.remedy
    assert [c[0] for c in step.body["choices"]] == ["stay"]
    return step


def leave(stage: Stage, kind: str) -> Effect:
    step = refused(stage, kind)
    attention.retry(stage.world, stage.firm, step.key, STAFF, "stay")
    stage.pass_time(3, minutes=20)
    assert not closed(stage, kind)
    return step


def told(stage: Stage, number: str) -> Difference:
    """The one difference on this bill, which a person has accepted."""
    [named] = [d for d in acts.compare(stage).differences if number in d.number]
    assert named.expected
    return named


def again(stage: Stage, step: Effect) -> None:
    attention.retry(stage.world, stage.firm, step.key, STAFF)
    stage.pass_time(2, minutes=10)


# --- invoices ---------------------------------------------------------------------------------------------------------


def test_a_changed_invoice_is_left_as_it_is_and_written_at_its_next_change() -> None:
    stage = acts.a_synced_stage()
    close(stage)
    stage.world.clio_box.people.edit_bill("1046", total=130000)
    acts.poll(stage)
    step = leave(stage, Do.INVOICE)
    assert "The bill changed in Clio" in step.reason
    assert cents(invoice(stage, "1046")["TotalAmt"]) == 125000
    named = told(stage, "1046")
    assert (named.kind, named.cents) == ("left as it is in QuickBooks", -5000)
    on = stage.world.now().date()
    assert f"Left by {STAFF} on {day(on, 'USD')}: closed period." in named.cause and "$1,250.00" in named.cause
    assert rows.row(payable(stage, "1046"), {}, on).booked == "Left as it is, as you decided"
    reopen(stage)
    stage.world.clio_box.people.edit_bill("1046", total=140000)
    acts.poll(stage)
    assert cents(invoice(stage, "1046")["TotalAmt"]) == 140000
    assert acts.about(acts.compare(stage), "1046") == []


@pytest.mark.parametrize("total", [130000, 0])
def test_what_was_refused_of_an_invoice_is_written_or_voided_once_the_period_is_open(total: int) -> None:
    stage = acts.a_synced_stage()
    people = stage.world.clio_box.people
    close(stage)
    people.edit_bill("1046", total=total) if total else people.void("1046")
    acts.poll(stage)
    step = refused(stage, Do.INVOICE)
    reopen(stage)
    again(stage, step)
    assert cents(invoice(stage, "1046")["TotalAmt"]) == total
    assert acts.about(acts.compare(stage), "1046") == []


def test_a_change_of_another_field_that_is_left_is_named_too() -> None:
    stage = acts.a_synced_stage()
    close(stage)
    stage.world.clio_box.people.edit_bill("1046", due_at="2027-03-01")
    acts.poll(stage)
    leave(stage, Do.INVOICE)
    assert "last change in Clio is not on its invoice" in told(stage, "1046").cause


def test_money_on_an_invoice_that_is_left_goes_on_and_what_has_no_room_is_explained() -> None:
    stage = acts.a_synced_stage()
    close(stage)
    stage.world.clio_box.people.edit_bill("1046", total=130000)
    acts.poll(stage)
    leave(stage, Do.INVOICE)
    reopen(stage)
    acts.record(stage, {"1046": 130000})
    assert posted_on(stage, "1046") == [125000]
    assert told(stage, "1046").kind == "left as it is in QuickBooks"


def a_bill_left_out(stage: Stage) -> None:
    close(stage)
    a_new_bill(stage, "N-1", like="1046")
    leave(stage, Do.INVOICE)
    assert not booked(stage, DocNumber="N-1")


def test_a_bill_that_is_left_out_is_named_and_its_money_stays_unapplied_until_it_has_an_invoice() -> None:
    stage = acts.a_synced_stage()
    a_bill_left_out(stage)
    named = told(stage, "N-1")
    assert (named.kind, named.cents) == ("left out of QuickBooks", 9000)
    assert rows.row(payable(stage, "N-1"), {}, stage.world.now().date()).booked == "Left out, as you decided"
    reopen(stage)
    acts.record(stage, {"N-1": 4000})
    issue(stage, "N-1", 1000)
    stage.pass_time(2, minutes=10)
    [paid] = acts.payments_on(stage, "N-1")
    assert paid.posted and paid.posted.unapplied == 4000
    stage.world.clio_box.people.edit_bill("N-1", due_at="2027-03-01")
    acts.poll(stage)
    stage.pass_time(3, minutes=10)
    assert posted_on(stage, "N-1") == [4000]
    assert balance(stage, "N-1") == 4000
    assert acts.about(acts.compare(stage), "N-1") == []


def test_an_invoice_that_cannot_be_voided_is_left_and_named() -> None:
    stage = acts.a_synced_stage()
    close(stage)
    stage.world.clio_box.people.void("1046")
    acts.poll(stage)
    leave(stage, Do.INVOICE)
    assert cents(invoice(stage, "1046")["TotalAmt"]) == 125000
    named = told(stage, "1046")
    assert (named.kind, named.cents) == ("left in QuickBooks", 125000)
    assert f"Left by {STAFF}" in named.cause


def test_a_pay_link_that_cannot_be_replaced_may_stay() -> None:
    stage = acts.a_synced_stage()
    before = invoice(stage, "1048")["CustomerMemo"]
    close(stage)
    revoke(stage, "1048")
    stage.pass_time(1, minutes=3)
    assert "pay link" in leave(stage, Do.INVOICE).reason
    assert invoice(stage, "1048")["CustomerMemo"] == before


def test_what_was_left_is_over_where_clio_changed_meanwhile() -> None:
    stage = acts.a_synced_stage()
    close(stage)
    stage.world.clio_box.people.edit_bill("1046", total=130000)
    acts.poll(stage)
    step = refused(stage, Do.INVOICE)
    stage.world.clio_box.people.edit_bill("1046", total=140000)
    attention.retry(stage.world, stage.firm, step.key, STAFF, "stay")
    acts.poll(stage)
    asked = refused(stage, Do.INVOICE)
    assert asked.key != step.key
    assert not payable(stage, "1046").stays


# --- payments ---------------------------------------------------------------------------------------------------------


def test_a_payment_that_cannot_be_entered_is_left_out_and_entered_at_its_next_change() -> None:
    stage = acts.a_synced_stage()
    close(stage)
    acts.record(stage, {"1046": 10000})
    leave(stage, Do.POSTING)
    named = told(stage, "1046")
    assert (named.kind, named.cents) == ("payment left out of QuickBooks", 10000)
    [paid] = acts.payments_on(stage, "1046")
    assert rows.paid(paid).booked == "Left out, as you decided"
    assert posted_on(stage, "1046") == []


def test_a_payment_that_was_left_out_and_is_removed_in_clio_is_forgotten() -> None:
    stage = acts.a_synced_stage()
    close(stage)
    made = acts.record(stage, {"1046": 10000})
    leave(stage, Do.POSTING)
    stage.world.clio_box.people.remove_payment(made)
    acts.poll(stage)
    assert acts.about(acts.compare(stage), "1046") == []
    assert not acts.parked(stage, kind=Do.POSTING)


def test_a_payment_is_entered_once_the_period_is_open() -> None:
    stage = acts.a_synced_stage()
    close(stage)
    acts.record(stage, {"1046": 10000})
    step = refused(stage, Do.POSTING)
    reopen(stage)
    again(stage, step)
    assert posted_on(stage, "1046") == [10000]


def test_a_payment_removed_in_clio_that_quickbooks_keeps_is_left_there() -> None:
    stage = acts.a_synced_stage()
    made = acts.record(stage, {"1046": 10000})
    close(stage)
    stage.world.clio_box.people.remove_payment(made)
    acts.poll(stage)
    leave(stage, Do.POSTING)
    assert posted_on(stage, "1046") == [10000]
    assert told(stage, "1046").kind == "payment of something else"
    reopen(stage)
    acts.record(stage, {"1046": 2500})
    assert sorted(posted_on(stage, "1046")) == [2500, 10000], "nothing waits for it any more"


def _other_amount(stage: Stage, group: str, cents: int) -> None:
    """The same payment in Clio, over less: its allocation was changed."""
    state = stage.world.clio_box.state
    [part] = [a for a in state.rows["allocations"].values() if str(a.parent_id) == group]
    bill = state.rows["bills"][part.bill]
    bill.paid -= part.amount - cents
    part.amount = cents
    state.rows["payments"][part.parent_id].amount = cents
    for row in (part, bill, state.rows["payments"][part.parent_id]):
        stage.world.clio_box.touch(row)


NO = '{"Fault": {"Error": [{"Message": "No", "Detail": "Not now", "code": "6480"}], "type": "ValidationFault"}}'


def test_half_of_a_payment_cannot_be_left() -> None:
    stage = a_stage_of_two_matters()
    stage.world.quickbooks_box.faults.append(Fault("status", path="/batch", method="POST", status=400, body=NO, skip=1))
    stage.world.clio_box.people.record_payment({ONE: 9000, OTHER: 6000})
    acts.poll(stage)
    [step] = acts.parked(stage, kind=Do.POSTING)
    assert len(pieces(stage)) == 1
    assert "It cannot be left as it is" in step.remedy and step.body["choices"] == []
    again(stage, step)
    assert len(pieces(stage)) == 2 and not acts.parked(stage, kind=Do.POSTING)


def test_what_was_to_be_left_and_was_removed_in_quickbooks_meanwhile_is_over() -> None:
    stage = acts.a_synced_stage()
    made = acts.record(stage, {"1046": 10000})
    close(stage)
    stage.world.clio_box.people.remove_payment(made)
    acts.poll(stage)
    step = refused(stage, Do.POSTING)
    [there] = booked(stage, "Payment", PaymentRefNum=f"Clio {made}")
    stage.world.quickbooks_box.people.delete_payment(stage.realm, there["Id"])
    attention.retry(stage.world, stage.firm, step.key, STAFF, "stay")
    stage.pass_time(2, minutes=10)
    assert not closed(stage, Do.POSTING)
    assert acts.about(acts.compare(stage), "1046") == []


def test_a_changed_payment_is_left_as_it_was_with_one_word_and_taken_out_at_its_next_change() -> None:
    stage = acts.a_synced_stage()
    acts.record(stage, {"1046": 10000})
    [paid] = acts.payments_on(stage, "1046")
    close(stage)
    _other_amount(stage, paid.group, 9000)
    acts.poll(stage)
    leave(stage, Do.POSTING)
    assert posted_on(stage, "1046") == [10000]
    assert not acts.tasks(stage, "payments"), "there is nothing else to say of it"
    assert {d.kind for d in acts.compare(stage).differences if d.number == "1046" and not d.expected} == set()
    [named] = [d for d in acts.compare(stage).differences if d.detail == paid.id]
    assert f"Left by {STAFF}" in named.cause and "stays at $100.00" in named.cause
    after = acts.payment(stage, paid.id)
    assert (rows.paid(after).booked, len(after.left_on)) == ("Left as it is, as you decided", 1)
    reopen(stage)
    _other_amount(stage, paid.group, 8000)
    acts.poll(stage)
    stage.pass_time(2, minutes=10)
    assert posted_on(stage, "1046") == [8000], "never two"
    link = payable(stage, "1046").booked
    assert link and link.left == () and acts.about(acts.compare(stage), "1046") == []


def test_what_was_left_as_it_is_stays_so_when_the_other_payments_on_its_invoice_are_asked_about() -> None:
    stage = acts.a_synced_stage()
    acts.record(stage, {"1046": 10000})
    [paid] = acts.payments_on(stage, "1046")
    other = acts.record(stage, {"1046": 5000})
    close(stage)
    _other_amount(stage, paid.group, 9000)
    acts.poll(stage)
    leave(stage, Do.POSTING)
    stage.world.clio_box.people.remove_payment(other)
    acts.record(stage, {"1046": 2500})
    [removed] = [e for e in closed(stage, Do.POSTING) if "removed in Clio" in e.reason]
    attention.retry(stage.world, stage.firm, removed.key, STAFF, "stay")
    stage.pass_time(1, minutes=3)
    [b] = pairing_views.waiting(stage.world, stage.firm).items
    assert [t.payment.cents for t in b.theirs] == [5000], "the other one is ours"
    said = Answer(b.invoice, left=(b.theirs[0].payment.id,), new=tuple(o.payment.id for o in b.ours))
    reopen(stage)
    pairing.answer(stage.world, stage.firm, b.payable, said, STAFF)
    for e in closed(stage, Do.POSTING):
        again(stage, e)
    stage.pass_time(2, minutes=10)
    assert sorted(posted_on(stage, "1046")) == [2500, 5000, 10000]
    link = payable(stage, "1046").booked
    assert link and sorted(cents for _, cents in link.left) == [5000, 10000]
    named = [d for d in acts.compare(stage).differences if "1046" in d.number]
    assert named and all(d.expected for d in named), named
    _other_amount(stage, paid.group, 8000)
    acts.poll(stage)
    stage.pass_time(2, minutes=10)
    link = payable(stage, "1046").booked
    assert sorted(posted_on(stage, "1046")) == [2500, 5000, 8000] and link and [c for _, c in link.left] == [5000]


# --- credits ----------------------------------------------------------------------------------------------------------


def test_a_credit_that_cannot_be_entered_is_left_out() -> None:
    stage = a_calm_stage()
    close(stage)
    issue(stage, "1046", 2500)
    leave(stage, Do.CREDIT)
    kinds = sorted(d.kind for d in acts.compare(stage).differences if d.number == "1046" and d.expected)
    assert kinds == ["credit left as it is", "credit left out of QuickBooks"]
    [shown] = [c for c in credits(stage) if c.stays]
    assert rows.credited(shown, shown.parts[0].payable).booked == "Left as it is there, as you decided"
    assert balance(stage, "1046") == 125000


def test_a_changed_credit_is_left_as_it_is_and_taken_up_again_at_its_next_change() -> None:
    stage = a_calm_stage()
    made = issue(stage, "1046", 2500)
    stage.pass_time(2, minutes=5)
    close(stage)
    stage.world.clio_box.people.correct_credit(made, 4000)
    acts.poll(stage)
    leave(stage, Do.CREDIT)
    assert balance(stage, "1046") == 122500
    kinds = {d.kind for d in acts.compare(stage).differences if d.number == "1046" and d.expected}
    assert kinds == {"credit left as it is", "payment of something else"}
    assert not [d for d in acts.compare(stage).differences if d.number == "1046" and not d.expected]
    reopen(stage)
    stage.world.clio_box.people.correct_credit(made, 5000)
    acts.poll(stage)
    stage.pass_time(3, minutes=5)
    assert balance(stage, "1046") == 120000
    assert acts.about(acts.compare(stage), "1046") == []
    link = payable(stage, "1046").booked
    assert link and link.left == ()


def test_a_credit_taken_back_in_clio_that_quickbooks_keeps_is_left_on_its_invoice() -> None:
    stage = a_calm_stage()
    made = issue(stage, "1046", 2500)
    stage.pass_time(2, minutes=5)
    close(stage)
    stage.world.clio_box.people.remove_credit(made)
    acts.poll(stage)
    step = leave(stage, Do.CREDIT)
    assert "cannot be taken back" in step.reason
    assert balance(stage, "1046") == 122500
    kinds = {d.kind: d.expected for d in acts.compare(stage).differences if d.number == "1046"}
    assert kinds == {"credit left as it is": True, "payment of something else": True}
    reopen(stage)
    acts.record(stage, {"1046": 1000})
    assert posted_on(stage, "1046") == [1000], "nothing waits for it any more"


def test_a_credit_is_applied_once_the_period_is_open() -> None:
    stage = a_calm_stage()
    before = len(applications(stage))
    close(stage)
    made = issue(stage, "1046", 2500)
    step = refused(stage, Do.CREDIT)
    reopen(stage)
    again(stage, step)
    assert [m for m in memos(stage) if m["DocNumber"] == f"CN-{made}"]
    assert len(applications(stage)) == before + 1


# --- trust entries ----------------------------------------------------------------------------------------------------


def of_trust(stage: Stage, made: int) -> tuple[list[Difference], str]:
    """What the comparison names of an entry, and how its ledger shows it."""
    found = [d for d in acts.compare(stage).differences if d.number == f"T-{made}"]
    e = trust.entry(stage, made)
    page = trust_views.ledger(stage.world, stage.firm, e.move.account, e.ledger)
    assert page is not None
    return found, next((r.state for r in page.entries if r.id == e.id), "")


def test_a_trust_entry_that_cannot_be_entered_is_left_out_and_entered_at_its_next_change() -> None:
    stage = trust.a_trust_stage()
    close(stage)
    made = trust.move(stage, "Ada Example", 12345)
    leave(stage, Do.JOURNAL)
    [named], state = of_trust(stage, made)
    assert (named.kind, named.cents, named.expected, state) == ("trust entry left as it is", -12345, True, "left")
    sums = [d for d in acts.compare(stage).differences if "differs in QuickBooks" in d.kind]
    assert [(d.cents, d.expected) for d in sums] == [(-12345, True)] * 2, "nobody is alarmed by what was left"
    bank, liability = trust.book(stage, "TrustAccounts")["Id"], trust.book(stage, "TrustAccountsLiabilities")["Id"]
    by_hand = stage.world.quickbooks_box.people.add_journal(stage.realm, bank, liability, "3.00")
    sums = [d for d in acts.compare(stage).differences if "differs in QuickBooks" in d.kind]
    assert [(d.cents, d.expected) for d in sums] == [(-12045, False)] * 2
    stage.world.quickbooks_box.people.delete_journal(stage.realm, by_hand["Id"])
    reopen(stage)
    stage.world.clio_box.people.edit_transaction(made, amount=20000)
    acts.poll(stage)
    assert cents(trust.journals(stage)[f"T-{made}"]["Line"][0]["Amount"]) == 20000
    assert of_trust(stage, made) == ([], "written")
    trust.agree(stage)


def test_a_changed_trust_entry_is_left_as_it_is() -> None:
    stage = trust.a_trust_stage()
    made = trust.move(stage, "Ada Example", 12345)
    close(stage)
    stage.world.clio_box.people.edit_transaction(made, amount=20000)
    acts.poll(stage)
    leave(stage, Do.JOURNAL)
    [named], _ = of_trust(stage, made)
    assert (named.kind, named.cents, named.expected) == ("trust entry left as it is", -7655, True)
    assert "$123.45" in named.cause and "$200.00" in named.cause


def test_a_trust_entry_deleted_in_clio_is_left_in_quickbooks() -> None:
    stage = trust.a_trust_stage()
    made = trust.move(stage, "Ada Example", 12345)
    close(stage)
    stage.world.clio_box.people.delete_transaction(made)
    trust.check(stage)
    [held], _ = of_trust(stage, made)
    assert (held.kind, held.cents, held.expected) == ("not removed from QuickBooks", 12345, False)
    leave(stage, Do.JOURNAL)
    assert f"T-{made}" in trust.journals(stage)
    [named] = [d for d in acts.compare(stage).differences if d.number == f"T-{made}"]
    assert (named.cents, named.expected) == (12345, True) and "was deleted in Clio" in named.cause


def test_what_was_left_is_named_once_where_an_account_has_several_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = trust.a_trust_stage()
    made, *_ = [trust.move(stage, "Ada Example", cents) for cents in (12345, 20000, 30000)]
    close(stage)
    stage.world.clio_box.people.delete_transaction(made)
    trust.check(stage)
    leave(stage, Do.JOURNAL)
    monkeypatch.setattr(trust_check, "PAGE", 1)
    assert len([d for d in acts.compare(stage).differences if d.number == f"T-{made}"]) == 1


def test_a_trust_entry_that_was_left_is_not_asked_about_when_people_change_it_there() -> None:
    stage = trust.a_trust_stage()
    made = trust.move(stage, "Ada Example", 12345)
    close(stage)
    stage.world.clio_box.people.edit_transaction(made, amount=20000)
    acts.poll(stage)
    leave(stage, Do.JOURNAL)
    row = trust.journals(stage)[f"T-{made}"]
    lines = [{**line, "Amount": 50} for line in row["Line"]]
    stage.world.quickbooks_box.people.change(stage.realm, "JournalEntry", row["Id"], Line=lines)
    stage.pass_time(4, hours=6)
    assert not acts.parked(stage, kind=Do.JOURNAL)


# --- whatever the reason ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["6480", "6000"])
def test_an_unknown_reason_is_shown_as_it_is_and_may_be_left_too(code: str) -> None:
    stage = acts.a_synced_stage()
    stage.world.quickbooks_box.people.refuse_members([code])
    acts.record(stage, {"1046": 10000})
    [step] = acts.parked(stage, kind=Do.POSTING)
    assert "QuickBooks refused this" in step.reason and code in step.detail
    attention.retry(stage.world, stage.firm, step.key, STAFF, "stay")
    stage.pass_time(2, minutes=20)
    assert "QuickBooks said “An unexpected error" in told(stage, "1046").cause


def test_a_bill_lowered_below_what_was_paid_says_what_to_do_in_quickbooks() -> None:
    stage = acts.a_synced_stage()
    acts.pay_by_card(stage, "1046")
    stage.world.clio_box.people.edit_bill("1046", total=100000)
    acts.poll(stage)
    [step] = acts.parked_on(stage, "1046", kind=Do.INVOICE)
    assert "More is paid" in step.reason and "$1,000.00 in all" in step.remedy
    [paid] = acts.payments_on(stage, "1046")
    line = {"Amount": 1000, "LinkedTxn": [{"TxnId": invoice(stage, "1046")["Id"], "TxnType": "Invoice"}]}
    assert paid.posted
    stage.world.quickbooks_box.people.change_payment(stage.realm, paid.posted.id, Line=[line])
    again(stage, step)
    assert (cents(invoice(stage, "1046")["TotalAmt"]), posted_on(stage, "1046")) == (100000, [100000])
    assert not acts.parked_on(stage, "1046", kind=Do.INVOICE)


def test_a_bill_in_another_currency_than_the_books_says_so() -> None:
    stage = acts.a_synced_stage()
    bills = stage.world.clio_box.state.rows["bills"]
    bill = next(b for b in bills.values() if b.number == "1046")
    lines: list[Any] = [{"note": "Advice", "price": 1000}]
    made = stage.world.clio_box.people.add_bill(bill.firm, bill.client_id, "N-2", lines)
    bills[made].raw = {"currency": {"id": 2, "code": "CAD", "sign": "$"}}
    acts.poll(stage)
    [step] = acts.parked_on(stage, "N-2", kind=Do.INVOICE)
    assert "It is in CAD" in step.reason and "of its own in CAD" in step.remedy


def test_where_the_whole_company_is_read_only_nothing_is_left() -> None:
    stage = acts.a_synced_stage()
    stage.world.quickbooks_box.people.refuse_members(["6190"])
    acts.record(stage, {"1046": 10000})
    [step] = acts.parked(stage, kind=Do.POSTING)
    assert "read only" in step.reason and not step.body.get("choices")


@pytest.mark.parametrize("choice", ["keep", "leave"])
def test_only_what_is_offered_can_be_chosen(choice: str) -> None:
    from chalicelib.errors import Refused

    stage = acts.a_synced_stage()
    close(stage)
    acts.record(stage, {"1046": 10000})
    with pytest.raises(Refused):
        attention.retry(stage.world, stage.firm, refused(stage, Do.POSTING).key, STAFF, choice)


def test_a_payment_asks_quickbooks_less_and_less_while_its_invoice_cannot_go_to_its_clients_customer() -> None:
    """What would take the invoice there is parked: that wakes the payment, however long it takes."""
    stage = a_synced_stage()
    number, people = "1046", stage.world.quickbooks_box.people
    client = payable(stage, number).client_id
    people.deactivate_customer(stage.realm, invoice(stage, number)["CustomerRef"]["value"])
    made = people.add_customer(stage.realm, "Another account")
    look(stage, payable(stage, number).client_name)
    contacts.link_by_name(stage.world, stage.firm, client, "Another account", STAFF)
    stage.pass_time(2, minutes=20)
    close(stage)
    stage.world.clio_box.people.record_payment({number: 50000})
    acts.poll(stage)
    stage.pass_time(2, minutes=20)
    [step] = closed(stage, Do.INVOICE)
    before = acts.calls(stage)
    stage.pass_time(10, hours=96)
    writes = [r for r in acts.requests_since(stage, before) if r[0] == "quickbooks" and "/batch" in r[2]]
    assert len(writes) < 20, "not every ten minutes"
    reopen(stage)
    attention.retry(stage.world, stage.firm, step.key, STAFF)
    stage.pass_time(1, minutes=5)
    assert invoice(stage, number)["CustomerRef"]["value"] == made["Id"]
    assert acts.posted_on(stage, number) == [50000]
