"""What people remove or change in QuickBooks is found, named with its choices, and never written again by itself."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.book_changes import BookChanges
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect, Status
from chalicelib.domain.payable import Harm
from chalicelib.errors import Refused
from chalicelib.flow import broken, rows
from chalicelib.flow.settle import policy_of
from infra.sandbox.kit import Fault
from tests.flow import acts
from tests.flow.acts import cents
from tests.world import Stage

OPEN = "1042"


def a_told_stage() -> Stage:
    """Synced, QuickBooks' webhooks known to work, all echoes of the first sync read."""
    stage = acts.a_synced_stage(hooks=True)
    stage.pass_time(minutes=10)
    return stage


def people(stage: Stage) -> Any:
    return stage.world.quickbooks_box.people


def tasks(stage: Stage) -> list[Effect]:
    return acts.tasks(stage, "broken")


def soon(stage: Stage) -> None:
    """QuickBooks' news and what follows from it."""
    stage.pass_time(1, minutes=4)


def decide(stage: Stage, choice: str, to: str = "") -> None:
    (task,) = tasks(stage)
    broken.decide(stage.world, stage.firm, task.key, choice, to, acts.STAFF)
    soon(stage)


def options(stage: Stage) -> dict[str, str]:
    (task,) = tasks(stage)
    shown = broken.choices(stage.world, stage.firm, task.key)
    told = {o.choice: " ".join(o.effect) for o in shown.options}
    assert not re.search(r"\d{4}-\d\d-\d\d", " ".join(told.values())), "days stand in words"
    return told


def a_paid_bill(stage: Stage) -> str:
    """The number of one with a payment from Clio that is posted."""
    for x in acts.payments(stage):
        if x.source == "clio" and x.posted and len(x.items) == 1:
            return x.items[0].number
    raise AssertionError("none is paid")


# --- echoes -----------------------------------------------------------------------------------------------------------


def test_our_own_writes_come_back_as_news_and_cause_nothing() -> None:
    stage = a_told_stage()
    assert not tasks(stage)
    assert not [e for e in acts.all_effects(stage) if e.kind == Do.LOOK_BOOKED]


def test_a_change_that_is_none_of_ours_causes_nothing() -> None:
    stage = a_told_stage()
    stranger = people(stage).add_customer(stage.realm, "Somebody Else")
    people(stage).add_invoice(stage.realm, stranger["Id"], "10.00", "X-1")
    invoice = acts.invoice(stage, OPEN)
    people(stage).change_invoice(stage.realm, invoice["Id"], CustomerMemo={"value": "Thank you"})
    soon(stage)
    assert not tasks(stage)


# --- invoices ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("act", "words"), [("delete_invoice", "deleted"), ("void_invoice", "voided")])
def test_a_removed_invoice_is_named_and_nothing_is_created(act: str, words: str) -> None:
    stage = a_told_stage()
    getattr(people(stage), act)(stage.realm, acts.invoice(stage, OPEN)["Id"])
    soon(stage)
    (task,) = tasks(stage)
    assert words in task.reason and "Nothing is created again by itself" in task.remedy
    assert task.about == f"payable/{acts.payable(stage, OPEN).id}"
    assert set(options(stage)) == {"again", "link", "accept"}
    assert [a.do for a in rows.item(task).actions] == ["decide"]
    before = len(acts.booked(stage))
    stage.pass_time(60, days=1)
    assert len(acts.booked(stage)) == before
    assert len(tasks(stage)) == 1


def test_without_webhooks_the_poll_finds_it_within_a_quarter_of_an_hour() -> None:
    stage = acts.a_synced_stage()
    stage.pass_time(minutes=16)
    people(stage).delete_invoice(stage.realm, acts.invoice(stage, OPEN)["Id"])
    stage.pass_time(minutes=16)
    assert len(tasks(stage)) == 1


def test_create_again_makes_another_invoice_with_a_request_of_its_own() -> None:
    stage = a_told_stage()
    old = acts.invoice(stage, OPEN)
    calls = set(stage.world.quickbooks_box.company(stage.realm).answers)
    people(stage).delete_invoice(stage.realm, old["Id"])
    soon(stage)
    said = options(stage)["again"]
    assert f"A new invoice {OPEN} for" in said and "is created in QuickBooks" in said
    decide(stage, "again")
    new = acts.invoice(stage, OPEN)
    assert new["Id"] != old["Id"] and new["TotalAmt"] == old["TotalAmt"]
    assert len(set(stage.world.quickbooks_box.company(stage.realm).answers) - calls) >= 1
    assert not tasks(stage)
    assert acts.compare(stage).differences == () or not acts.about(acts.compare(stage), OPEN)


def test_create_again_applies_the_payment_that_stood_on_the_old_one() -> None:
    stage = a_told_stage()
    number = a_paid_bill(stage)
    paid = acts.posted_on(stage, number)
    people(stage).delete_invoice(stage.realm, acts.invoice(stage, number)["Id"])
    soon(stage)
    assert "is applied to it" in options(stage)["again"]
    decide(stage, "again")
    assert acts.posted_on(stage, number) == paid


def test_create_again_after_a_void_says_that_the_number_is_held() -> None:
    stage = a_told_stage()
    old = acts.invoice(stage, OPEN)
    people(stage).void_invoice(stage.realm, old["Id"])
    soon(stage)
    assert "Give it another number" in options(stage)["again"]
    people(stage).change_invoice(stage.realm, old["Id"], DocNumber=f"{OPEN}-void")
    decide(stage, "again")
    live = [o for o in acts.booked(stage, DocNumber=OPEN) if o["TotalAmt"]]
    assert len(live) == 1 and live[0]["Id"] != old["Id"]


def test_accepting_leaves_it_out_until_the_bill_changes_and_then_asks_again() -> None:
    stage = a_told_stage()
    people(stage).delete_invoice(stage.realm, acts.invoice(stage, OPEN)["Id"])
    soon(stage)
    decide(stage, "accept")
    assert not tasks(stage)
    booked = acts.payable(stage, OPEN).booked
    assert booked and booked.broken and (booked.broken.harm, booked.broken.accepted) == (Harm.LEFT_OUT, True)
    assert acts.about(acts.compare(stage), OPEN) == ["left out of QuickBooks"]
    stage.world.clio_box.people.edit_bill(OPEN, total=77_00)
    soon(stage)
    (task,) = tasks(stage)
    assert "changed in Clio" in task.reason
    assert acts.booked(stage, DocNumber=OPEN) == []
    decide(stage, "again")
    assert cents(acts.invoice(stage, OPEN)["TotalAmt"]) == 77_00


def test_what_is_received_on_an_invoice_that_is_left_out_is_entered_unapplied_and_waits_for_nobody() -> None:
    stage = a_told_stage()
    clio = stage.world.clio_box.people
    people(stage).delete_invoice(stage.realm, acts.invoice(stage, OPEN)["Id"])
    soon(stage)
    decide(stage, "accept")
    clio.record_payment({OPEN: 10_00})
    clio.issue_credit(OPEN, 5_00)
    acts.poll(stage)
    stage.pass_time(3, minutes=30)
    waiting = [e for e in acts.all_effects(stage) if e.kind in (Do.POSTING, Do.CREDIT) and e.status is Status.OWED]
    assert [e.cause for e in waiting] == []
    assert cents(acts.booked(stage, "Payment")[-1]["UnappliedAmt"]) == 10_00
    assert cents(acts.booked(stage, "CreditMemo")[-1]["Balance"]) == 5_00


def test_linking_takes_the_invoice_that_is_named_and_writes_nothing() -> None:
    stage = a_told_stage()
    old = acts.invoice(stage, OPEN)
    people(stage).delete_invoice(stage.realm, old["Id"])
    other = people(stage).add_invoice(stage.realm, old["CustomerRef"]["value"], old["TotalAmt"], "B-7")
    soon(stage)
    decide(stage, "link", "B-7")
    booked = acts.payable(stage, OPEN).booked
    assert booked and (booked.id, booked.adopted) == (other["Id"], True)
    assert acts.invoice(stage, "B-7")["SyncToken"] == other["SyncToken"]
    assert not tasks(stage)


def test_linking_applies_what_was_posted_to_the_invoice_that_is_named() -> None:
    stage = a_told_stage()
    number = a_paid_bill(stage)
    paid, old = acts.posted_on(stage, number), acts.invoice(stage, number)
    people(stage).delete_invoice(stage.realm, old["Id"])
    people(stage).add_invoice(stage.realm, old["CustomerRef"]["value"], old["TotalAmt"], "B-8")
    soon(stage)
    decide(stage, "link", "B-8")
    assert acts.posted_on(stage, "B-8") == paid


@pytest.mark.parametrize("to", ["", "NONE", "amount", "customer", "taken"])
def test_linking_to_something_that_does_not_fit_is_refused_with_a_sentence(to: str) -> None:
    stage = a_told_stage()
    old = acts.invoice(stage, OPEN)
    customer, total = old["CustomerRef"]["value"], old["TotalAmt"]
    people(stage).delete_invoice(stage.realm, old["Id"])
    stranger = people(stage).add_customer(stage.realm, "Somebody Else")["Id"]
    people(stage).add_invoice(stage.realm, customer, total + 1, "amount")
    people(stage).add_invoice(stage.realm, stranger, total, "customer")
    if to == "taken":
        same = people(stage).add_invoice(stage.realm, customer, total, "taken")
        policy = policy_of(stage.world, stage.firm)
        stage.world.store._guards[f"quickbooks/{policy.lanes.book}/invoice/{same['Id']}"] = f"{stage.firm}/other"
    soon(stage)
    (task,) = tasks(stage)
    with pytest.raises(Refused):
        broken.decide(stage.world, stage.firm, task.key, "link", to, acts.STAFF)
    assert tasks(stage) == [task]


def test_a_changed_amount_is_named_and_can_be_written_again() -> None:
    stage = a_told_stage()
    old = acts.invoice(stage, OPEN)
    people(stage).change_invoice_amount(stage.realm, old["Id"], "401.00")
    soon(stage)
    (task,) = tasks(stage)
    assert "$401.00" in task.reason
    assert set(options(stage)) == {"write", "accept"}
    decide(stage, "write")
    assert acts.invoice(stage, OPEN)["TotalAmt"] == old["TotalAmt"]
    assert not tasks(stage)


def test_a_changed_amount_that_is_kept_is_not_named_again_but_another_one_is() -> None:
    stage = a_told_stage()
    id = acts.invoice(stage, OPEN)["Id"]
    people(stage).change_invoice_amount(stage.realm, id, "401.00")
    soon(stage)
    decide(stage, "accept")
    people(stage).change_invoice(stage.realm, id, CustomerMemo={"value": "Touched"})
    soon(stage)
    assert not tasks(stage)
    people(stage).change_invoice_amount(stage.realm, id, "402.00")
    soon(stage)
    assert "$402.00" in tasks(stage)[0].reason


def test_a_change_that_is_taken_back_closes_its_task() -> None:
    stage = a_told_stage()
    old = acts.invoice(stage, OPEN)
    people(stage).change_invoice_amount(stage.realm, old["Id"], "401.00")
    soon(stage)
    assert tasks(stage)
    people(stage).change_invoice_amount(stage.realm, old["Id"], str(old["TotalAmt"]))
    soon(stage)
    assert not tasks(stage)


def test_an_invoice_of_a_bill_that_is_gone_too_needs_nobody() -> None:
    stage = a_told_stage()
    id = acts.invoice(stage, OPEN)["Id"]
    people(stage).delete_invoice(stage.realm, id)
    stage.world.clio_box.people.void(OPEN)
    soon(stage)
    stage.pass_time(minutes=20)
    booked = acts.payable(stage, OPEN).booked
    assert booked and booked.voided
    assert not [t for t in tasks(stage) if t.status is Status.PARKED]


def test_a_payment_waits_while_its_invoice_waits_for_a_person() -> None:
    stage = a_told_stage()
    people(stage).delete_invoice(stage.realm, acts.invoice(stage, OPEN)["Id"])
    soon(stage)
    total = acts.payable(stage, OPEN).asks
    acts.record(stage, {OPEN: total})
    (posting,) = [e for e in acts.all_effects(stage) if e.kind == Do.POSTING and e.status is Status.OWED]
    assert "removed in QuickBooks" in posting.cause
    decide(stage, "again")
    stage.pass_time(minutes=15)
    assert acts.posted_on(stage, OPEN) == [total]


# --- payments ---------------------------------------------------------------------------------------------------------


def a_payment(stage: Stage) -> Any:
    return next(x for x in acts.payments(stage) if x.source == "clio" and x.posted and len(x.items) == 1)


@pytest.mark.parametrize("act", ["delete_payment", "void_payment"])
def test_a_removed_payment_is_named_and_created_again_on_a_persons_word(act: str) -> None:
    stage = a_told_stage()
    x = a_payment(stage)
    number, paid = x.items[0].number, acts.posted_on(stage, x.items[0].number)
    getattr(people(stage), act)(stage.realm, x.posted.id)
    soon(stage)
    assert acts.posted_on(stage, number) == []
    assert set(options(stage)) == {"again", "link", "accept"}
    decide(stage, "again")
    assert acts.posted_on(stage, number) == paid
    now = acts.payment(stage, x.id).posted
    assert now and now.id != x.posted.id
    assert not tasks(stage)


def test_a_removed_payment_can_be_accepted() -> None:
    stage = a_told_stage()
    x = a_payment(stage)
    people(stage).delete_payment(stage.realm, x.posted.id)
    soon(stage)
    decide(stage, "accept")
    stage.pass_time(60, hours=8)
    assert not tasks(stage)
    number = x.items[0].number
    assert acts.posted_on(stage, number) == []
    told = [d for d in acts.compare(stage).differences if d.number == number]
    assert sorted(d.kind for d in told) == ["payment left as it is", "payment left out of QuickBooks"]
    assert all(d.expected and "You accepted" in d.cause and "Needs attention" not in d.remedy for d in told)


def test_a_payment_that_may_stay_away_while_it_was_owed_again_is_named_as_accepted_until_it_changes() -> None:
    stage = a_told_stage()
    made = acts.record(stage, {"1046": 10000, "1047": 5000})
    (x,) = [p for p in acts.payments(stage) if p.group == str(made)]
    assert x.posted
    people(stage).delete_payment(stage.realm, x.posted.id)
    part = next(a for a in stage.world.clio_box.state.rows["allocations"].values() if a.parent_id == made)
    part.voided_at = stage.world.clio_box.stamp()
    stage.world.clio_box.changed(part)
    acts.poll(stage)
    decide(stage, "accept")
    now = acts.payment(stage, x.id)
    assert now.posted and now.posted.revision < now.wanted, "QuickBooks never showed the change"
    told = [d for d in acts.compare(stage).differences if d.detail == x.id]
    assert [(d.kind, d.expected) for d in told] == [("payment left out of QuickBooks", True)]


def test_an_accepted_removal_is_asked_about_again_when_the_payment_changes_in_clio() -> None:
    stage = a_told_stage()
    made = acts.record(stage, {"1046": 10000, "1047": 5000})
    (x,) = [p for p in acts.payments(stage) if p.group == str(made)]
    assert x.posted
    people(stage).delete_payment(stage.realm, x.posted.id)
    soon(stage)
    decide(stage, "accept")
    part = next(a for a in stage.world.clio_box.state.rows["allocations"].values() if a.parent_id == made)
    part.voided_at = stage.world.clio_box.stamp()
    stage.world.clio_box.changed(part)
    acts.poll(stage)
    (task,) = tasks(stage)
    assert "It changed in Clio" in task.reason
    decide(stage, "again")
    stage.pass_time(minutes=3)
    assert sum(acts.posted_on(stage, "1046") + acts.posted_on(stage, "1047")) in (10000, 5000)


def test_a_removed_payment_can_be_linked_to_the_one_that_took_its_place() -> None:
    stage = a_told_stage()
    x = a_payment(stage)
    old = acts.booked(stage, "Payment", Id=x.posted.id)[0]
    invoice = acts.invoice(stage, x.items[0].number)
    people(stage).delete_payment(stage.realm, x.posted.id)
    on = "2026-03-01"
    new = people(stage).add_payment(stage.realm, old["CustomerRef"]["value"], old["TotalAmt"], invoice["Id"], on)
    soon(stage)
    (task,) = tasks(stage)
    for bad, why in (("yesterday", "for example"), ("2020-01-01", "from this client on Jan 1, 2020")):
        with pytest.raises(Refused, match=why):
            broken.decide(stage.world, stage.firm, task.key, "link", bad, acts.STAFF)
    decide(stage, "link", on)
    now = acts.payment(stage, x.id).posted
    assert now and now.id == new["Id"]
    assert not tasks(stage)


def test_a_payment_whose_amount_was_changed_is_named() -> None:
    stage = a_told_stage()
    x = a_payment(stage)
    clerk, there = people(stage)._at(stage.realm, "Payment", x.posted.id)
    named = {"Id": there["Id"], "SyncToken": there["SyncToken"], "sparse": True}
    clerk.update("Payment", {**named, "TotalAmt": there["TotalAmt"] + 5})
    soon(stage)
    assert set(options(stage)) == {"write", "accept"}
    decide(stage, "write")
    assert acts.posted_on(stage, x.items[0].number) == [x.total]
    assert not tasks(stage)


# --- choosing ---------------------------------------------------------------------------------------------------------


def test_a_choice_that_is_not_offered_and_one_that_comes_twice_are_refused() -> None:
    stage = a_told_stage()
    people(stage).delete_invoice(stage.realm, acts.invoice(stage, OPEN)["Id"])
    soon(stage)
    (task,) = tasks(stage)
    for choice in ("write", "nonsense"):
        with pytest.raises(Refused):
            broken.decide(stage.world, stage.firm, task.key, choice, "", acts.STAFF)
    broken.decide(stage.world, stage.firm, task.key, "accept", "", acts.STAFF)
    with pytest.raises(Refused):
        broken.decide(stage.world, stage.firm, task.key, "again", "", acts.STAFF)


def test_another_firms_task_is_not_shown() -> None:
    stage = a_told_stage()
    people(stage).delete_invoice(stage.realm, acts.invoice(stage, OPEN)["Id"])
    soon(stage)
    with pytest.raises(Refused):
        broken.choices(stage.world, "us-2", tasks(stage)[0].key)


# --- the feed ---------------------------------------------------------------------------------------------------------


class Feed:
    """QuickBooks whose change data capture holds no more than ``most`` invoices in an answer."""

    def __init__(self, real: Any, most: int) -> None:
        self.real, self.most, self.asked = real, most, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def changes(self, access: Any, since: datetime, entity: str = "") -> BookChanges:
        self.asked += 1
        page: BookChanges = self.real.changes(access, since, entity)
        invoices = page.invoices[: self.most]
        full = len(page.invoices) > self.most
        return replace(page, invoices=invoices, full=full)


def test_a_full_answer_is_asked_for_again_kind_by_kind_to_its_end() -> None:
    stage = a_told_stage()
    numbers = [p.number for p in acts.payables(stage) if p.booked and p.open == p.asks and not p.booked.adopted][:5]
    stage.pass_time(minutes=10)
    for n in numbers:
        people(stage).change_invoice_amount(stage.realm, acts.invoice(stage, n)["Id"], "3.00")
        stage.world.clock.move(seconds=2)
    feed = stage.world.quickbooks = Feed(stage.world.quickbooks, 2)  # type: ignore[assignment]
    soon(stage)
    assert {t.title.split(",")[0] for t in tasks(stage)} == {f"Invoice {n}" for n in numbers}
    assert feed.asked == 6  # all together, then each kind
    assert any(e.kind == Do.RECONCILE for e in acts.all_effects(stage))


def test_after_a_month_of_silence_everything_is_compared() -> None:
    stage = a_told_stage()
    policy = policy_of(stage.world, stage.firm)
    long_ago = (stage.world.now() - timedelta(days=40)).isoformat()
    stage.world.store.put_record(f"captured/{stage.firm}", policy.lanes.book, {"since": long_ago})
    key = next(e.key for e in acts.all_effects(stage) if e.kind == Do.POLL_BOOKS)
    stage.world.store.postpone(key, stage.world.now())
    soon(stage)
    assert any(e.kind == Do.RECONCILE for e in acts.all_effects(stage))


def test_what_quickbooks_does_not_show_is_not_taken_for_deleted() -> None:
    stage = a_told_stage()
    people(stage).change_invoice_amount(stage.realm, acts.invoice(stage, OPEN)["Id"], "401.00")
    stage.world.quickbooks_box.faults.append(
        Fault(
            "status",
            path="query",
            status=200,
            body='{"QueryResponse":{}}',
            headers={"Content-Type": "application/json"},
        )
    )
    soon(stage)
    assert not [t for t in tasks(stage) if "deleted" in t.reason]
