"""A payment changed or removed in Clio: taken out of QuickBooks first, added after, and never two of it."""

from __future__ import annotations

from datetime import date

import pytest

from chalicelib.domain.kernel import Status
from chalicelib.domain.pairing import Answer
from chalicelib.flow import attention, broken, pairing, pairing_views, rows, staying, views
from infra.sandbox.kit import Fault
from tests.flow import acts
from tests.flow.acts import STAFF, a_synced_stage, booked, cents, invoice, parked, posted_on, record
from tests.world import Stage


def edit_in_clio(stage: Stage, made: int, amounts: dict[str, int], *, poll: bool = True) -> int:
    """Staff edit a payment: for Clio that is a removal and a new one (reference/quickbooks.md 7)."""
    people = stage.world.clio_box.people
    people.remove_payment(made)
    by_number: dict[str | int, int] = dict(amounts.items())
    again = people.record_payment(by_number)
    if poll:
        acts.poll(stage)
    return again


def live(stage: Stage) -> list[int]:
    return sorted(cents(p["TotalAmt"]) for p in booked(stage, "Payment") if p["TotalAmt"] and p.get("Line"))


def deposit(stage: Stage, made: int) -> str:
    [there] = [p for p in booked(stage, "Payment") if str(made) in p.get("PaymentRefNum", "")]
    return str(stage.world.quickbooks_box.people.deposit_payment(stage.realm, there["Id"])["Id"])


def test_a_payment_edited_in_clio_is_replaced() -> None:
    stage = a_synced_stage()
    made = record(stage, {"1046": 10000})
    assert posted_on(stage, "1046") == [10000]
    edit_in_clio(stage, made, {"1046": 12000})
    acts.poll(stage)
    assert posted_on(stage, "1046") == [12000]
    assert acts.payable(stage, "1046").leaving == ()


def test_where_the_removal_is_refused_nothing_is_added_and_a_person_is_told_what_to_do() -> None:
    stage = a_synced_stage()
    made = record(stage, {"1046": 10000})
    on_deposit = deposit(stage, made)
    edit_in_clio(stage, made, {"1046": 12000})
    stage.pass_time(hours=2)
    assert posted_on(stage, "1046") == [10000], "not two, and not the new one"
    [refused] = parked(stage, kind="quickbooks.payment")
    assert "deposit" in refused.reason and "deposit" in refused.remedy
    told = {d.kind: d for d in acts.compare(stage).differences if d.number == "1046"}
    assert "$100.00 was removed in Clio and still stands" in told["not taken out of QuickBooks"].cause
    assert "taken back in Clio may still stand on it" in told["balance differs in QuickBooks"].remedy
    waiting = [e for e in acts.all_effects(stage) if e.kind == "quickbooks.payment" and e.status is Status.OWED]
    assert [("must leave invoice 1046" in e.cause) for e in waiting] == [True]
    stage.world.quickbooks_box.people.delete_deposit(stage.realm, on_deposit)
    attention.retry(stage.world, stage.firm, refused.key, STAFF)
    stage.pass_time(minutes=30)
    assert posted_on(stage, "1046") == [12000]
    assert not parked(stage, kind="quickbooks.payment")


def leave(stage: Stage) -> None:
    [refused] = parked(stage, kind="quickbooks.payment")
    assert "does not let it go" in refused.reason
    assert "named" not in refused.reason and "he comparison names " in refused.remedy
    attention.retry(stage.world, stage.firm, refused.key, STAFF, "stay")
    stage.pass_time(3, minutes=20)
    assert not parked(stage, kind="quickbooks.payment")


def test_a_removed_payment_on_a_deposit_is_left_there_and_named() -> None:
    stage = a_synced_stage()
    made = record(stage, {"1046": 10000})
    deposit(stage, made)
    stage.world.clio_box.people.remove_payment(made)
    acts.poll(stage)
    leave(stage)
    assert posted_on(stage, "1046") == [10000]
    [told] = [d for d in acts.compare(stage).differences if d.number == "1046"]
    assert (told.kind, told.expected) == ("payment of something else", True)
    assert not acts.tasks(stage, "payments")
    record(stage, {"1046": 2500})
    assert sorted(posted_on(stage, "1046")) == [2500, 10000], "nothing waits for it any more"


def test_what_a_payment_on_a_deposit_pays_besides_is_nobodys_business() -> None:
    stage = a_synced_stage()
    people, ours = stage.world.quickbooks_box.people, invoice(stage, "1046")
    made = record(stage, {"1046": 10000})
    theirs = people.add_invoice(stage.realm, ours["CustomerRef"]["value"], 20, number="HAND-1")
    [there] = booked(stage, "Payment", PaymentRefNum=f"Clio {made}")
    lines = [
        {"Amount": cents / 100, "LinkedTxn": [{"TxnId": id, "TxnType": "Invoice"}]}
        for id, cents in ((ours["Id"], 8000), (theirs["Id"], 2000))
    ]
    people.change_payment(stage.realm, there["Id"], TotalAmt=100, Line=lines)
    deposit(stage, made)
    stage.world.clio_box.people.remove_payment(made)
    acts.poll(stage)
    leave(stage)
    link = acts.payable(stage, "1046").booked
    assert link and [cents for _, cents in link.left] == [8000]


def test_one_that_takes_the_place_of_a_payment_on_a_deposit_is_asked_about_before_it_is_entered() -> None:
    stage = a_synced_stage()
    made = record(stage, {"1046": 10000})
    deposit(stage, made)
    edit_in_clio(stage, made, {"1046": 10000})
    leave(stage)
    assert posted_on(stage, "1046") == [10000], "never two"
    [task] = acts.tasks(stage, "payments")
    assert "stays on this invoice in QuickBooks" in task.reason
    b = pairing_views.one(stage.world, stage.firm, acts.payable(stage, "1046").id)
    [theirs], [ours] = b.theirs, b.ours
    answer = Answer(b.invoice, ((theirs.payment.id, ours.payment.id),))
    pairing.answer(stage.world, stage.firm, b.payable, answer, STAFF)
    stage.pass_time(3, minutes=20)
    assert posted_on(stage, "1046") == [10000], "it is the one on the deposit"
    assert acts.about(acts.compare(stage), "1046") == []


def test_a_payment_on_a_deposit_of_which_a_part_moved_is_left_on_both_invoices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staying, "TOLD_AT_ONCE", 1)  # as one over more bills than a commit takes
    stage = a_synced_stage()
    made = record(stage, {"1046": 10000, "1047": 5000})
    on_deposit = deposit(stage, made)
    part = next(
        a for a in stage.world.clio_box.state.rows["allocations"].values() if a.parent_id == made and a.amount == 5000
    )
    _void_part(stage, part)
    acts.poll(stage)
    acts.poll(stage)
    [refused] = parked(stage, kind="quickbooks.payment")
    assert "was changed in Clio" in refused.reason
    leave(stage)
    assert not acts.tasks(stage, "payments"), "there is nothing else to say of it"
    assert (posted_on(stage, "1046"), posted_on(stage, "1047")) == ([10000], [5000])
    for number, stands in (("1046", 10000), ("1047", 5000)):
        link = acts.payable(stage, number).booked
        assert link and [c for _, c in link.left] == [stands]
    told = [d for d in acts.compare(stage).differences if d.number in ("1046", "1047")]
    assert told and all(d.expected for d in told)
    record(stage, {"1047": 2000})
    assert sorted(posted_on(stage, "1047")) == [2000, 5000], "nothing waits for it"
    stage.world.quickbooks_box.people.delete_deposit(stage.realm, on_deposit)
    people = stage.world.clio_box.people
    people.remove_payment(made)
    acts.poll(stage)
    stage.pass_time(2, minutes=10)
    assert (posted_on(stage, "1046"), posted_on(stage, "1047")) == ([], [2000])
    assert [link.left for n in ("1046", "1047") if (link := acts.payable(stage, n).booked)] == [(), ()]


def test_a_payment_that_left_its_deposit_before_it_was_to_be_left_there_is_not() -> None:
    stage = a_synced_stage()
    made = record(stage, {"1046": 10000})
    on_deposit = deposit(stage, made)
    stage.world.clio_box.people.remove_payment(made)
    acts.poll(stage)
    people = stage.world.quickbooks_box.people
    people.delete_deposit(stage.realm, on_deposit)
    [there] = [p for p in booked(stage, "Payment") if str(made) in p.get("PaymentRefNum", "")]
    people.delete_payment(stage.realm, there["Id"])
    leave(stage)
    assert posted_on(stage, "1046") == []
    assert acts.about(acts.compare(stage), "1046") == []


def test_a_payment_of_which_a_part_moved_is_taken_out_whole_and_added_anew() -> None:
    stage = a_synced_stage()
    made = record(stage, {"1046": 10000, "1047": 5000})
    before = {p["Id"] for p in booked(stage, "Payment")}
    ledger = stage.world.clio_box.state
    part = next(a for a in ledger.rows["allocations"].values() if a.parent_id == made and a.amount == 5000)
    _void_part(stage, part)
    acts.poll(stage)
    acts.poll(stage)
    assert (posted_on(stage, "1046"), posted_on(stage, "1047")) == ([10000], [])
    assert {p["Id"] for p in booked(stage, "Payment")} > before, "another payment there"


def _void_part(stage: Stage, part: object) -> None:
    from infra.sandbox.clio import ledger

    clio = stage.world.clio_box
    ledger._void(clio, part)  # type: ignore[arg-type]
    bill = clio.state.rows["bills"][part.bill]  # type: ignore[attr-defined]
    bill.paid -= part.amount  # type: ignore[attr-defined]
    ledger.touch_bill(clio, bill)


@pytest.mark.parametrize("do", ["drop_answer", "drop_request"])
@pytest.mark.parametrize("skip", [0, 1])
@pytest.mark.parametrize("times", [1, 2])
def test_whichever_answer_is_lost_between_removing_and_adding_one_payment_stands(
    do: str, skip: int, times: int
) -> None:
    stage = a_synced_stage()
    made = record(stage, {"1046": 10000, "1047": 5000})
    part = next(a for a in stage.world.clio_box.state.rows["allocations"].values() if a.parent_id == made)
    _void_part(stage, part)
    stage.world.quickbooks_box.faults.append(Fault(do, path="/batch", method="POST", times=times, skip=skip))
    stage.pass_time(2, minutes=50)
    assert (posted_on(stage, "1046"), posted_on(stage, "1047")) == ([], [5000])


def test_a_payment_that_somebody_took_out_in_quickbooks_is_entered_again_only_when_asked() -> None:
    stage = a_synced_stage()
    made = record(stage, {"1046": 10000, "1047": 5000})
    people = stage.world.quickbooks_box.people
    [there] = [p for p in booked(stage, "Payment") if str(made) in p.get("PaymentRefNum", "")]
    people.void_payment(stage.realm, there["Id"])
    part = next(a for a in stage.world.clio_box.state.rows["allocations"].values() if a.parent_id == made)
    _void_part(stage, part)
    acts.poll(stage)
    [asked] = acts.tasks(stage, "broken")
    assert "voided in QuickBooks" in asked.reason
    assert posted_on(stage, "1047") == []
    broken.decide(stage.world, stage.firm, asked.key, "again", "", STAFF)
    stage.pass_time(minutes=5)
    assert posted_on(stage, "1047") == [5000]


def test_a_payment_deleted_there_and_removed_in_clio_is_no_question() -> None:
    stage = a_synced_stage()
    made = record(stage, {"1046": 10000})
    [there] = [p for p in booked(stage, "Payment") if str(made) in p.get("PaymentRefNum", "")]
    stage.world.quickbooks_box.people.delete_payment(stage.realm, there["Id"])
    stage.world.clio_box.people.remove_payment(made)
    acts.poll(stage)
    assert not parked(stage, kind="quickbooks.payment")
    assert posted_on(stage, "1046") == []


def test_one_payment_over_sixty_bills_is_one_payment_in_quickbooks() -> None:
    stage = a_synced_stage()
    people = stage.world.clio_box.people
    for n in range(60):
        people.add_bill("Hartwell & Pine LLP", "Calder Freight Inc", f"S-{n}", [{"note": "Advice", "price": 10000 + n}])
    acts.poll(stage)
    stage.pass_time(1, minutes=15)
    before = acts.calls(stage)
    made = people.record_payment({f"S-{n}": 10000 + n for n in range(60)})
    stage.pass_time(1, minutes=45)
    found = [p for p in booked(stage, "Payment") if str(made) in p.get("PaymentRefNum", "")]
    assert [len(p["Line"]) for p in found] == [60]
    assert cents(found[0]["TotalAmt"]) == sum(10000 + n for n in range(60))
    groups = [x for x in acts.requests_since(stage, before) if x[0] == "clio"]
    assert len(groups) < 60 * 5, "each bill is read as ever, the payment itself not sixty times"


def test_what_is_paid_too_much_stays_unapplied_and_is_shown() -> None:
    stage = a_synced_stage()
    acts.pay_by_card(stage, "1046")
    made = acts.record(stage, {"1046": 125000})
    [task] = acts.tasks(stage, "match")
    attention.separate(stage.world, stage.firm, task.body["payable"], task.body["receipt"], STAFF)
    stage.pass_time(minutes=30)
    [second] = [p for p in booked(stage, "Payment") if str(made) in p.get("PaymentRefNum", "")]
    assert (cents(second["TotalAmt"]), cents(second["UnappliedAmt"])) == (125000, 125000)
    shown = views.payments(stage.world, stage.firm, None, 25).payments
    assert [x.booked for x in shown if x.id == f"clio-{made}"] == ["Posted, $1,250.00 of it unapplied"]
    assert cents(invoice(stage, "1046")["Balance"]) == 0


def test_what_found_no_room_because_of_a_payment_that_people_entered_is_named_until_it_has_some() -> None:
    """The invoice is paid and the books seemed to agree, though QuickBooks shows more received than Clio."""
    stage = a_synced_stage()
    stage.pass_time(2, minutes=20)
    there = invoice(stage, "1046")
    people = stage.world.quickbooks_box.people
    by_hand = people.add_payment(stage.realm, there["CustomerRef"]["value"], "300.00", there["Id"])
    paid = acts.pay_by_card(stage, "1046")
    [told] = [d for d in acts.compare(stage).differences if d.number == "1046" and not d.expected]
    assert (told.kind, told.cents) == ("payment unapplied", 30000)
    assert "$300.00 of the payment of $1,250.00 pays no invoice in QuickBooks" in told.cause
    people.delete_payment(stage.realm, by_hand["Id"])  # as the remedy says
    [ours] = [p for p in booked(stage, "Payment") if paid.id in p.get("PrivateNote", "")]
    people.change(stage.realm, "Payment", ours["Id"], Line=[{**ours["Line"][0], "Amount": "1250.00"}])
    assert not [d for d in acts.compare(stage).differences if d.number == "1046" and not d.expected]


def test_an_excess_that_is_recorded_on_another_bill_stands_in_quickbooks_once_if_one_does_as_told() -> None:
    """What staff record there is Clio's payment, and is entered beside the client's own."""
    stage = a_synced_stage()
    stage.world.quickbooks_box.switches["shrink_below_paid"] = "unapplied"
    paid = acts.pay_by_card(stage, "1046")
    stage.world.clio_box.people.edit_bill("1046", total=100000)
    acts.poll(stage)
    [task] = acts.tasks(stage, "surplus")
    assert "lower the client's payment there by as much" in task.remedy
    acts.record(stage, {"1046": 100000, "1047": 25000}, paid.code)
    stage.pass_time(2, minutes=20)
    [ours] = [p for p in booked(stage, "Payment") if paid.id in p.get("PrivateNote", "")]
    lines = [{**ours["Line"][0], "Amount": "1000.00"}]
    stage.world.quickbooks_box.people.change(stage.realm, "Payment", ours["Id"], TotalAmt="1000.00", Line=lines)
    assert posted_on(stage, "1046") + posted_on(stage, "1047") == [100000, 25000]
    assert [(d.kind, d.cents) for d in acts.compare(stage).differences if d.number == "1046" and not d.expected] == [
        ("payment changed in QuickBooks", -25000)
    ]


def a_paid_bill_voided_in_clio(stage: Stage) -> None:
    """The client paid by card; nobody has recorded it in Clio, so that Clio lets the bill be voided."""
    acts.pay_by_card(stage, "1046")
    stage.world.clio_box.people.void("1046")
    acts.poll(stage)


def test_a_bill_voided_while_we_hold_a_payment_is_not_voided_in_quickbooks_before_a_person_decides() -> None:
    stage = a_synced_stage()
    a_paid_bill_voided_in_clio(stage)
    [asked] = acts.parked_on(stage, "1046", "quickbooks.invoice")
    assert "$1,250.00" in asked.reason and "unapplied" in asked.remedy
    assert cents(invoice(stage, "1046")["TotalAmt"]) == 125000
    attention.retry(stage.world, stage.firm, asked.key, STAFF, "void")
    stage.pass_time(minutes=5)
    assert cents(invoice(stage, "1046")["TotalAmt"]) == 0
    [there] = [p for p in booked(stage, "Payment") if p.get("PaymentRefNum", "").startswith("FS-")]
    assert cents(there["UnappliedAmt"]) == 125000
    assert acts.about(acts.compare(stage), "1046") in ([], ["not yet in Clio"])
    stage.pass_time(2, minutes=5)
    shown = views.payments(stage.world, stage.firm, None, 25).payments
    assert [x.booked for x in shown if x.code] == ["Posted, $1,250.00 of it unapplied"]
    row = rows.row(acts.payable(stage, "1046"), {}, date(2026, 3, 2))
    assert row.booked == "Voided, $1,250.00 stays unapplied"


@pytest.mark.parametrize("won", [True, False])
def test_a_void_waits_for_a_person_while_the_bank_decides_about_the_money(*, won: bool) -> None:
    """A dispute takes the money away and may bring it again: pressing Retry meanwhile decides nothing."""
    stage = a_synced_stage()
    a_paid_bill_voided_in_clio(stage)
    [paid] = acts.payments_on(stage, "1046")
    box = stage.world.stripe_box.people
    dispute = box.open_dispute(paid.intent)
    stage.work()
    [asked] = acts.parked_on(stage, "1046", "quickbooks.invoice")
    attention.retry(stage.world, stage.firm, asked.key, STAFF)
    stage.pass_time(minutes=5)
    [asked] = acts.parked_on(stage, "1046", "quickbooks.invoice")
    assert "the client's bank has not decided yet" in asked.reason
    box.answer_dispute(dispute["id"])
    box.close_dispute(dispute["id"], won=won)
    stage.work()
    attention.retry(stage.world, stage.firm, asked.key, STAFF)
    stage.pass_time(minutes=5)
    assert cents(invoice(stage, "1046")["TotalAmt"]) == (125000 if won else 0)


def test_a_bill_that_goes_after_its_money_left_quickbooks_has_nothing_to_look_at() -> None:
    stage = a_synced_stage()
    made = record(stage, {"1046": 10000})
    stage.world.clio_box.people.remove_payment(made)
    acts.poll(stage)
    stage.world.clio_box.people.void("1046")
    acts.poll(stage)
    stage.pass_time(2, minutes=5)
    assert cents(invoice(stage, "1046")["TotalAmt"]) == 0
    assert rows.row(acts.payable(stage, "1046"), {}, date(2026, 3, 2)).booked == "Voided"


def test_a_person_may_keep_the_invoice_of_a_bill_that_is_gone() -> None:
    stage = a_synced_stage()
    a_paid_bill_voided_in_clio(stage)
    [asked] = acts.parked_on(stage, "1046", "quickbooks.invoice")
    attention.retry(stage.world, stage.firm, asked.key, STAFF, "keep")
    stage.pass_time(minutes=5)
    assert cents(invoice(stage, "1046")["TotalAmt"]) == 125000
    assert not acts.parked_on(stage, "1046", "quickbooks.invoice")
    p = acts.payable(stage, "1046")
    assert p.booked and p.booked.kept
    assert "left in QuickBooks" in acts.about(acts.compare(stage), "1046")


def test_money_that_comes_after_its_invoice_was_voided_is_kept_unapplied() -> None:
    stage = a_synced_stage()
    acts.pay_by_bank(stage, "1046")
    stage.world.clio_box.people.void("1046")
    acts.poll(stage)
    assert cents(invoice(stage, "1046")["TotalAmt"]) == 0
    stage.pass_time(360, days=6)
    [there] = [p for p in booked(stage, "Payment") if p.get("PaymentRefNum", "").startswith("FS-")]
    assert cents(there["UnappliedAmt"]) == 125000


def test_a_payment_on_an_invoice_deleted_in_quickbooks_waits() -> None:
    stage = a_synced_stage()
    stage.world.quickbooks_box.people.delete_invoice(stage.realm, invoice(stage, "1046")["Id"])
    record(stage, {"1046": 10000})
    waiting = [e for e in acts.all_effects(stage) if e.kind == "quickbooks.payment" and e.status is Status.OWED]
    assert any("no longer in QuickBooks" in e.cause for e in waiting)
