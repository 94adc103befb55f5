"""What QuickBooks does not let us read, or shows in a way that we cannot use, concerns that reading alone: whatever
else waits in the lane goes on, and a person is told when it does not pass."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.book_changes import BookChanges
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect, Neighbour, Status
from chalicelib.flow import attention, booking, capturing, looking, polling
from chalicelib.flow.rows import item
from chalicelib.flow.settle import policy_of
from infra.sandbox.kit import Fault
from tests.flow import acts
from tests.flow.acts import STAFF, cents, invoice
from tests.flow.test_broken_links import a_told_stage, people, tasks
from tests.flow.test_credits import a_calm_stage, credits, issue, memos
from tests.flow.test_journals_changed import a_written_stage
from tests.flow.test_lost_answers import lose_batches
from tests.flow.trust_acts import entry, journals
from tests.world import Stage

NO = json.dumps({"Fault": {"Error": [{"Message": "Permission denied", "Detail": "", "code": "5020"}], "type": "x"}})


def refuse(stage: Stage, path: str, times: int = 1000) -> None:
    stage.world.quickbooks_box.faults.append(Fault("status", path=path, method="GET", status=400, body=NO, times=times))


def heal(stage: Stage) -> None:
    stage.world.quickbooks_box.faults.clear()


def of_kind(stage: Stage, kind: Do) -> list[Effect]:
    return [e for e in acts.all_effects(stage) if e.kind == kind and e.status is not Status.DONE]


def freshness(stage: Stage) -> polling.Freshness:
    told = polling.freshness(stage.world, policy_of(stage.world, stage.firm))
    return next(f for f in told if f.name == "quickbooks")


def test_a_feed_that_is_refused_holds_nothing_else_up_and_is_shown_in_the_end() -> None:
    stage = acts.a_synced_stage()
    stage.pass_time(minutes=5)
    refuse(stage, "/cdc$")
    stage.pass_time(minutes=15)
    [poll] = of_kind(stage, Do.POLL_BOOKS)
    assert poll.status is Status.OWED and "Permission denied" in poll.cause
    assert "Permission denied" in freshness(stage).waits
    stage.world.clio_box.people.edit_bill("1046", total=130000)
    acts.poll(stage)
    assert cents(invoice(stage, "1046")["TotalAmt"]) == 130000
    stage.pass_time(minutes=40)
    [poll] = acts.parked(stage, kind=Do.POLL_BOOKS)
    assert poll.reason == "Permission denied" and "5020" in poll.detail
    fresh = freshness(stage)
    assert (fresh.waits, fresh.next_at) == ("Permission denied", None)
    heal(stage)
    attention.retry(stage.world, stage.firm, poll.key, STAFF)
    stage.work()
    assert not acts.parked(stage, kind=Do.POLL_BOOKS)
    assert freshness(stage).next_at is not None


def test_what_waited_out_an_outage_is_not_shown_at_the_first_refusal_of_its_reading() -> None:
    stage = acts.a_synced_stage()
    stage.pass_time(minutes=5)
    down = Fault("status", path=".*", status=503, body="", times=1000)
    stage.world.quickbooks_box.faults.append(down)
    stage.pass_time(10, hours=3)
    heal(stage)
    refuse(stage, "/cdc$", 1)
    stage.pass_time(5, minutes=90)
    [poll] = of_kind(stage, Do.POLL_BOOKS)
    assert poll.status is Status.OWED and not stage.world.quickbooks_box.faults


def test_of_several_things_to_look_at_only_what_is_refused_waits() -> None:
    stage = a_told_stage()
    gone = [acts.payable(stage, n).booked for n in ("1046", "1047")]
    for booked in gone:
        assert booked
        people(stage).delete_invoice(stage.realm, booked.id)
    assert gone[0]
    refuse(stage, f"/invoice/{gone[0].id}$")
    stage.pass_time(1, minutes=4)
    assert [t.title for t in tasks(stage)] == ["Invoice 1047, " + acts.payable(stage, "1047").client_name]
    [look] = of_kind(stage, Do.LOOK_BOOKED)
    assert look.status is Status.OWED and "Permission denied" in look.cause
    heal(stage)
    stage.pass_time(minutes=10)
    assert len(tasks(stage)) == 2


def test_a_row_that_cannot_be_used_parks_the_step_that_needs_it_and_no_other() -> None:
    stage = acts.a_synced_stage()
    id = invoice(stage, "1046")["Id"]
    box = stage.world.quickbooks_box
    kept = box.state.companies[stage.realm].tables["Invoice"][id]
    kept["Balance"] = Decimal("0.123")
    for number, total in (("1046", 130000), ("1047", 90000)):
        stage.world.clio_box.people.edit_bill(number, total=total)
        looking.point_at_bill(stage.world, policy_of(stage.world, stage.firm), acts.payable(stage, number).id)
    stage.pass_time(1, minutes=2)
    assert cents(invoice(stage, "1047")["TotalAmt"]) == 90000
    [step] = acts.parked_on(stage, "1046", Do.INVOICE)
    assert "Balance" in step.reason and "0.123" in step.reason


def lost(stage: Stage, do: str) -> Effect:
    """A new invoice whose answer was lost twice, and that QuickBooks does not let us look up."""
    stage.pass_time(1, minutes=2)
    stage.world.clio_box.people.approve("1071")
    lose_batches(stage, 2, do)
    acts.poll(stage)
    stage.pass_time(0.1, minutes=1)
    refuse(stage, "/query$")
    [step] = [e for e in of_kind(stage, Do.INVOICE) if e.call]
    return step


def live(stage: Stage) -> int:
    lane = policy_of(stage.world, stage.firm).lanes.of(Neighbour.QUICKBOOKS)
    return len(stage.world.store.live_calls(lane))


def unknown(stage: Stage) -> list[Effect]:
    return [e for e in acts.parked_on(stage, "1071") if e.reason == booking.NOT_TOLD]


@pytest.mark.parametrize("do", ["drop_answer", "drop_request"])
@pytest.mark.parametrize("retried", [False, True])
def test_what_cannot_be_looked_up_after_a_lost_answer_is_shown_and_never_written_twice(do: str, retried: bool) -> None:
    stage = acts.a_synced_stage()
    step = lost(stage, do)
    stage.pass_time(minutes=10)
    assert not unknown(stage), "it may pass"
    stage.pass_time(minutes=50)
    [parked] = unknown(stage)
    assert (parked.key, parked.call, live(stage)) == (step.key, step.call, 1)
    assert 3 < sum(event == "call_not_looked_up" for event, _ in stage.world.logs) < 9, "less and less often"
    if retried:
        attention.retry(stage.world, stage.firm, parked.key, STAFF)
        stage.work()
        assert not unknown(stage) and live(stage) == 1
    heal(stage)
    stage.pass_time(minutes=80)
    assert not unknown(stage) and live(stage) == 0
    assert cents(invoice(stage, "1071")["TotalAmt"]) == acts.payable(stage, "1071").asks
    assert acts.about(acts.compare(stage), "1071") == []


def test_nobody_is_told_of_what_a_newer_revision_took_the_place_of_while_it_could_not_be_looked_up() -> None:
    stage = acts.a_synced_stage()
    step = lost(stage, "drop_answer")
    stage.world.clio_box.people.edit_bill("1071", total=90000)
    acts.poll(stage)
    stage.pass_time(minutes=60)
    assert step.key not in {e.key for e in unknown(stage)} and live(stage) == 1
    heal(stage)
    stage.pass_time(minutes=80)
    assert (cents(invoice(stage, "1071")["TotalAmt"]), live(stage)) == (90000, 0)


def test_what_cannot_be_read_in_the_feed_is_looked_at_where_it_is_ours_and_holds_nothing_up() -> None:
    stage = a_told_stage()
    mine = acts.payable(stage, "1046").booked
    paid = next(x.posted for x in acts.payments(stage) if x.posted)
    customer = acts.contact(stage, "Ada Example").customer
    assert mine and paid
    odd = (("Invoice", mine.id), ("Payment", paid.id), ("Customer", customer), ("Invoice", "999"), ("CreditMemo", "9"))
    world, policy = stage.world, policy_of(stage.world, stage.firm)
    capturing._take(world, policy, BookChanges((), (), (), (), world.now(), odd=odd))
    looks = [e for kind in (Do.LOOK_BOOKED, Do.LOOK_CUSTOMER) for e in of_kind(stage, kind)]
    assert sorted(e.key.rpartition("/")[2] for e in looks) == sorted(
        [f"invoice-{mine.id}", f"payment-{paid.id}", customer]
    )
    stage.pass_time(1, minutes=2)
    assert not [e for kind in (Do.LOOK_BOOKED, Do.LOOK_CUSTOMER) for e in of_kind(stage, kind)]
    assert not tasks(stage)


def spoil(stage: Stage, entity: str, id: str) -> dict[str, Any]:
    """People did something to it in QuickBooks, which shows a figure since that is no whole cent."""
    stage.world.clock.move(seconds=180)
    company = stage.world.quickbooks_box.state.companies[stage.realm]
    kept: dict[str, Any] = company.tables[entity][id]
    company._touch((entity, id), stage.world.quickbooks_box.now())
    (kept["Line"][0] if entity == "JournalEntry" else kept)[AMOUNT[entity]] = Decimal("0.123")
    return kept


AMOUNT = {"JournalEntry": "Amount", "CreditMemo": "TotalAmt", "Payment": "TotalAmt"}


def odd_looks(stage: Stage) -> list[Effect]:
    return acts.parked(stage, kind=Do.LOOK_BOOKED)


def test_a_journal_entry_of_ours_that_changed_and_cannot_be_read_waits_for_a_person() -> None:
    stage, made = a_written_stage()
    there = journals(stage)[entry(stage, made).number]
    spoil(stage, "JournalEntry", there["Id"])
    stage.pass_time(5, minutes=70)
    [look] = odd_looks(stage)
    told = item(look)
    assert told.title == f"Journal entry {there['DocNumber']} could not be read in QuickBooks"
    assert "Amount" in told.cause and "0.123" in told.cause and told.about == f"trust/{entry(stage, made).id}"
    people(stage).change_journal_amount(stage.realm, there["Id"], "70.00")
    attention.retry(stage.world, stage.firm, look.key, STAFF)
    stage.pass_time(1, minutes=5)
    assert not odd_looks(stage)
    [asked] = acts.parked(stage, kind=Do.JOURNAL)
    assert "was changed in QuickBooks to $70.00" in asked.reason


def test_a_credit_memo_of_ours_that_changed_and_cannot_be_read_waits_for_a_person() -> None:
    stage = a_calm_stage()
    made = issue(stage, "1046", 2500)
    stage.pass_time(5, minutes=17)
    [there] = [m for m in memos(stage) if m["TotalAmt"] == Decimal("25.00")]
    kept = spoil(stage, "CreditMemo", there["Id"])
    stage.pass_time(5, minutes=70)
    [look] = odd_looks(stage)
    assert item(look).title == f"Credit memo {there['DocNumber']} could not be read in QuickBooks"
    assert "TotalAmt" in look.reason and look.about == f"credit/{made}"
    kept["TotalAmt"] = Decimal("25.00")
    attention.retry(stage.world, stage.firm, look.key, STAFF)
    stage.pass_time(1, minutes=5)
    assert not odd_looks(stage) and not acts.parked(stage, kind=Do.CREDIT)


def test_where_what_applies_a_credit_cannot_be_read_its_memo_is_looked_at() -> None:
    stage = a_calm_stage()
    made = issue(stage, "1046", 2500)
    stage.pass_time(5, minutes=17)
    [there] = [m for m in memos(stage) if m["TotalAmt"] == Decimal("25.00")]
    [tie] = next(c for c in credits(stage) if c.id == str(made)).ties
    world, policy = stage.world, policy_of(stage.world, stage.firm)
    capturing._take(world, policy, BookChanges((), (), (), (), world.now(), odd=(("Payment", tie),)))
    [look] = of_kind(stage, Do.LOOK_BOOKED)
    assert (look.body["entity"], look.body["id"]) == ("CreditMemo", there["Id"])
    stage.pass_time(1, minutes=2)
    assert not of_kind(stage, Do.LOOK_BOOKED)


def test_what_is_looked_at_beside_an_invoice_holds_up_neither_and_what_is_gone_is_told_by_the_feed() -> None:
    stage, made = a_written_stage()
    there = journals(stage)[entry(stage, made).number]
    booked = acts.payable(stage, "1046").booked
    assert booked
    spoil(stage, "JournalEntry", there["Id"])
    world, policy = stage.world, policy_of(stage.world, stage.firm)
    odd = (("Invoice", booked.id), ("JournalEntry", there["Id"]), ("JournalEntry", "999"))
    capturing._take(world, policy, BookChanges((), (), (), (), world.now(), odd=odd))
    stage.work()
    [look] = of_kind(stage, Do.LOOK_BOOKED)
    assert look.body["entity"] == "JournalEntry" and "0.123" in look.cause
    people(stage).delete_journal(stage.realm, there["Id"])
    stage.pass_time(5, minutes=40)
    assert not of_kind(stage, Do.LOOK_BOOKED)
    [asked] = acts.parked(stage, kind=Do.JOURNAL)
    assert "was deleted in QuickBooks" in asked.reason
