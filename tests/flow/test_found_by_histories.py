"""What histories of the simulator showed, and no other test holds (docs/promises.md)."""

from __future__ import annotations

from tests.flow import acts
from tests.flow.acts import a_synced_stage, compare, pay_by_card, payable, record


def test_a_trust_request_paid_by_cheque_is_paid_here_though_its_etag_does_not_move() -> None:
    stage = a_synced_stage()
    stage.world.clio_box.switches["bump_on_allocation"] = False
    request = payable(stage, "1080")
    stage.world.clio_box.people.record_trust_deposit("1080", request.balance, method="check")
    acts.poll(stage)
    assert (payable(stage, "1080").etag, payable(stage, "1080").open) == (request.etag, 0)


def test_a_clio_payment_of_which_a_part_waits_for_a_persons_word_is_named_on_each_of_its_bills() -> None:
    stage = a_synced_stage()
    pay_by_card(stage, "1046")
    record(stage, {"1046": 125000, "1047": 87550})
    found = {(d.number, d.kind) for d in compare(stage).differences}
    assert {("1046", "waits for your word"), ("1047", "not yet in QuickBooks")} <= found
