"""QuickBooks may do what was asked and nobody hears of it: nothing is ever written twice, and nothing is forgotten."""

from __future__ import annotations

import pytest

from chalicelib.domain.kernel import Effect, Finish, Status
from chalicelib.flow import attention, invoice_links, preflight
from chalicelib.flow.settle import policy_of
from infra.sandbox.kit import Fault
from tests.flow import acts
from tests.flow.acts import a_stage, a_synced_stage, booked, cents, invoice, parked, payable
from tests.world import Stage

LOSE = "drop_answer"


def lose_batches(stage: Stage, times: int = 1, do: str = LOSE) -> None:
    """The next batches that write are carried out (or not), and their answers lost."""
    stage.world.quickbooks_box.faults.append(Fault(do, path="/batch", method="POST", times=times))


def batches(stage: Stage) -> int:
    log = stage.world.quickbooks_box.log
    return sum(1 for e in log if e.method == "POST" and e.path.endswith("/batch"))


def all_booked(stage: Stage) -> None:
    """Every bill that is due in QuickBooks stands there once, with its total."""
    for p in acts.payables(stage):
        if p.pot == "operating" and p.number not in ("1042", "1043", "1044", "1045"):
            assert cents(invoice(stage, p.number)["TotalAmt"]) == p.asks, p.number


@pytest.mark.parametrize("replay", ["error6000", "replay"])
@pytest.mark.parametrize("do", [LOSE, "drop_request"])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_however_many_answers_are_lost_each_bill_gets_one_invoice(replay: str, do: str, times: int) -> None:
    stage = a_stage()
    stage.world.quickbooks_box.switches["batch_replay"] = replay
    lose_batches(stage, times, do)
    stage.resync()
    stage.pass_time(1, minutes=15)
    all_booked(stage)


@pytest.mark.parametrize("skip", range(4))
def test_whichever_batch_is_lost_each_bill_gets_one_invoice(skip: int) -> None:
    stage = a_stage()
    stage.world.quickbooks_box.faults.append(Fault(LOSE, path="/batch", method="POST", skip=skip))
    stage.resync()
    stage.pass_time(1, minutes=10)
    all_booked(stage)


def test_a_lost_payment_is_posted_once() -> None:
    stage = a_synced_stage()
    lose_batches(stage, 2)
    acts.pay_by_card(stage, "1046")
    stage.pass_time(1, minutes=10)
    assert acts.posted_on(stage, "1046") == [125000]


def test_no_look_up_counts_before_quickbooks_can_have_finished() -> None:
    stage = a_synced_stage()
    stage.pass_time(1, minutes=2)
    lose_batches(stage, 2)
    acts.pay_by_card(stage, "1046")
    stage.pass_time(0.1, seconds=40)
    after_repeat = batches(stage)
    stage.pass_time(0.1, seconds=70)
    assert batches(stage) == after_repeat, "neither looked up nor written again"
    assert not parked(stage, kind="quickbooks.payment")
    stage.pass_time(1, minutes=5)
    assert acts.posted_on(stage, "1046") == [125000]


def test_a_bill_renumbered_while_the_answer_was_lost_keeps_one_invoice() -> None:
    stage = a_synced_stage()
    stage.world.clio_box.people.approve("1071")
    lose_batches(stage, 2)
    acts.poll(stage)
    stage.world.clio_box.people.edit_bill("1071", number="1071-B")
    stage.pass_time(2, minutes=40)
    assert cents(invoice(stage, "1071-B")["TotalAmt"]) == payable(stage, "1071-B").asks
    assert not booked(stage, DocNumber="1071")


@pytest.mark.parametrize("times", [1, 2, 3])
def test_an_invoice_that_quickbooks_numbered_itself_is_met_by_our_mark(times: int) -> None:
    """Custom numbers were switched off after the last preflight: QuickBooks' number is named until they are on again,
    and gives way to ours then."""
    stage = a_synced_stage()
    box = stage.world.quickbooks_box
    box.switches["numbers_kept_when_off"] = False
    box.people.set_preferences(stage.realm, CustomTxnNumbers=False)
    stage.world.clio_box.people.approve("1071")
    lose_batches(stage, times)
    acts.poll(stage)
    stage.pass_time(1, minutes=10)
    id = payable(stage, "1071").id
    [there] = [i for i in booked(stage) if id in i.get("PrivateNote", "")]
    assert there["DocNumber"] != "1071"
    held = payable(stage, "1071").booked
    assert held
    assert held.id == there["Id"]
    assert "numbered by QuickBooks" in acts.about(acts.compare(stage), "1071")
    stage.pass_time(2, hours=3)
    assert "umbers" in owed_invoice(stage, id).cause
    box.people.set_preferences(stage.realm, CustomTxnNumbers=True)
    preflight.start(stage.world, stage.firm)
    stage.pass_time(2, minutes=20)
    assert invoice(stage, "1071")["Id"] == held.id
    assert acts.about(acts.compare(stage), "1071") == []


def owed_invoice(stage: Stage, id: str) -> Effect:
    [waiting] = [e for e in acts.all_effects(stage) if e.key.startswith(f"{stage.firm}/quickbooks.invoice/{id}/")]
    assert waiting.status is Status.OWED
    return waiting


def test_a_number_that_quickbooks_does_not_take_twice_is_named() -> None:
    stage = a_synced_stage()
    box = stage.world.quickbooks_box
    box.switches["numbers_kept_when_off"] = False
    box.people.set_preferences(stage.realm, CustomTxnNumbers=False)
    stage.world.clio_box.people.approve("1071")
    acts.poll(stage)
    p, policy = payable(stage, "1071"), policy_of(stage.world, stage.firm)
    assert p.booked and p.booked.misnumbered
    step = owed_invoice(stage, p.id)
    invoice_links.link(stage.world, policy, step, p.booked.id, p.asks, p.booked.customer, Finish(step.key), "another")
    assert "number changed in QuickBooks" in acts.about(acts.compare(stage), "1071")


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("taken_back", [False, True])
def test_a_credit_memo_that_quickbooks_numbered_itself_is_met_by_our_mark(times: int, taken_back: bool) -> None:
    """Custom numbers were switched off after the last preflight."""
    stage = a_synced_stage()
    stage.pass_time(1, minutes=1)
    before = {m["Id"] for m in booked(stage, "CreditMemo")}
    box = stage.world.quickbooks_box
    box.switches["numbers_kept_when_off"] = False
    box.people.set_preferences(stage.realm, CustomTxnNumbers=False)
    made = stage.world.clio_box.people.issue_credit("1046", 2500)
    lose_batches(stage, times)
    acts.poll(stage)
    if taken_back:
        stage.world.clio_box.people.remove_credit(made)
        acts.poll(stage)
    stage.pass_time(2, minutes=10)
    there = [m for m in booked(stage, "CreditMemo") if m["Id"] not in before]
    assert [cents(m["TotalAmt"]) for m in there] == ([] if taken_back else [2500])
    assert cents(invoice(stage, "1046")["Balance"]) == (125000 if taken_back else 122500)


def test_a_bill_edited_while_the_answer_was_lost_ends_with_its_new_total() -> None:
    stage = a_synced_stage()
    stage.world.clio_box.people.approve("1071")
    lose_batches(stage, 2)
    stage.pass_time(1, minutes=17)
    stage.world.clio_box.people.edit_bill("1071", total=55555)
    stage.pass_time(2, minutes=40)
    assert cents(invoice(stage, "1071")["TotalAmt"]) == 55555


def test_a_bill_voided_while_the_answer_was_lost_leaves_no_live_invoice() -> None:
    stage = a_synced_stage()
    stage.world.clio_box.people.approve("1071")
    lose_batches(stage, 2)
    for _ in range(40):
        stage.pass_time(0.5, seconds=30)
        if booked(stage, DocNumber="1071"):
            break
    stage.world.clio_box.people.void("1071")
    stage.pass_time(2, minutes=40)
    assert [cents(i["TotalAmt"]) for i in booked(stage, DocNumber="1071")] == [0]


def test_a_payment_removed_in_clio_while_its_posting_was_lost_ends_void() -> None:
    stage = a_synced_stage()
    lose_batches(stage, 2)
    made = acts.record(stage, {"1046": 10000})
    stage.world.clio_box.people.remove_payment(made)
    stage.pass_time(2, minutes=40)
    assert acts.posted_on(stage, "1046") == []
    assert cents(invoice(stage, "1046")["Balance"]) == 125000


def test_a_change_whose_answer_was_lost_is_made_again_without_harm() -> None:
    stage = a_synced_stage()
    stage.world.clio_box.people.edit_bill("1046", total=130000)
    lose_batches(stage, 2)
    stage.pass_time(2, minutes=40)
    assert cents(invoice(stage, "1046")["TotalAmt"]) == 130000


def test_a_stale_sync_token_is_read_anew_and_written() -> None:
    stage = a_synced_stage()
    box = stage.world.quickbooks_box
    stage.world.clio_box.people.edit_bill("1046", total=130000)
    box.people.refuse_members(["5010"])
    acts.poll(stage)
    assert cents(invoice(stage, "1046")["TotalAmt"]) == 130000


def test_a_refused_member_does_not_hold_up_the_others_of_its_batch() -> None:
    stage = a_stage()
    stage.world.quickbooks_box.people.refuse_members(["2010"])
    stage.resync()
    refused = parked(stage, kind="quickbooks")
    assert any("2010" in e.detail for e in refused)
    assert len(booked(stage, "Customer")) >= 8


def test_quickbooks_own_trouble_with_a_member_is_tried_again() -> None:
    stage = a_synced_stage()
    stage.world.quickbooks_box.people.refuse_members(["10000"])
    acts.pay_by_card(stage, "1046")
    stage.pass_time(1, minutes=3)
    assert acts.posted_on(stage, "1046") == [125000]


def test_a_throttled_realm_is_waited_for() -> None:
    stage = a_stage()
    stage.world.quickbooks_box.switches["ignore_limits"] = False
    stage.world.quickbooks_box.people.use_up_limits(stage.realm)
    stage.resync()
    stage.pass_time(1, minutes=30)
    all_booked(stage)
    assert stage.world.quickbooks_box.counts["rate_limited"] >= 1


def test_clios_limit_is_waited_for() -> None:
    stage = a_stage()
    stage.world.clio_box.people.use_up_rate()
    stage.resync()
    stage.pass_time(1, minutes=20)
    all_booked(stage)


def test_a_closed_period_parks_the_payment_and_retry_works_once_it_is_open() -> None:
    stage = a_synced_stage()
    stage.world.quickbooks_box.people.refuse_members(["6210"])
    acts.pay_by_card(stage, "1046")
    [effect] = parked(stage, kind="quickbooks.payment")
    assert "closed" in effect.reason
    attention.retry(stage.world, stage.firm, effect.key, acts.STAFF)
    stage.work()
    assert acts.posted_on(stage, "1046") == [125000]
