"""Pay links that were made useless: new ones take their place, and nothing else of the invoice or its link moves."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain import effects, paylinks
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Detail
from chalicelib.domain.kernel import Effect, Status
from chalicelib.domain.payable import Booked, Harm
from chalicelib.flow import attention, broken, drawing, links, relinking
from infra.sandbox.kit import Fault
from tests.flow import acts
from tests.flow.acts import STAFF, a_stage, a_synced_stage, invoice, payable
from tests.flow.test_by_hand import OPEN, kinds, people
from tests.flow.test_drawing import choose, message, token
from tests.flow.test_memoing import memo, wish
from tests.world import Stage


def revoke(stage: Stage, number: str) -> None:
    drawing.without_links(stage.world, stage.firm, payable(stage, number).id, STAFF)


def without(stage: Stage, number: str) -> dict[str, Any]:
    """The invoice but for its message and what every change moves: QuickBooks re-flows an address, too
    (reference/quickbooks.md 3.2)."""
    moved = ("CustomerMemo", "SyncToken", "MetaData", "BillAddr", "ShipAddr")
    return {k: v for k, v in invoice(stage, number).items() if k not in moved}


def test_a_link_made_useless_changes_nothing_else_of_the_invoice() -> None:
    stage = a_synced_stage()
    choose(stage, detail=Detail.KINDS)
    first, before = token(stage, "1048"), without(stage, "1048")
    stage.pass_time(2, minutes=3)
    seen = acts.calls(stage)
    revoke(stage, "1048")
    stage.pass_time(1, minutes=3)
    assert token(stage, "1048") != first
    assert without(stage, "1048") == before, "drawn as it was, though the firm has chosen otherwise since"
    asked = [(m, p) for name, m, p in acts.requests_since(stage, seen) if name == "quickbooks"]
    assert len([m for m, _ in asked if m == "POST"]) == 1, "one batch"
    p = payable(stage, "1048")
    assert p.booked and p.booked.revision == p.revision == p.lines_revision


def test_a_link_made_useless_is_taken_off_where_the_firm_wishes_none_any_more() -> None:
    stage = a_synced_stage()
    choose(stage, pay_link=False)
    before = without(stage, "1046")
    revoke(stage, "1046")
    stage.pass_time(1, minutes=3)
    assert message(stage, "1046") == ""
    assert without(stage, "1046") == before


def say(stage: Stage, words: str) -> None:
    """Somebody writes this to the client on the invoice in QuickBooks."""
    people(stage).change_invoice(stage.realm, invoice(stage, "1046")["Id"], CustomerMemo={"value": words})


@pytest.mark.parametrize("inline", [False, True])
@pytest.mark.parametrize("how", ["alone", "with the invoice"])
def test_somebodys_own_words_beside_a_useless_link_stay(how: str, inline: bool) -> None:
    stage = a_synced_stage()
    link = message(stage, "1046").removeprefix("Pay online: ") if inline else message(stage, "1046")
    first = token(stage, "1046")
    say(stage, f"Thank you!\n{link}\nWe take cheques, too.")
    if how == "alone":
        revoke(stage, "1046")
    else:
        links.revoke(stage.world, stage.firm, payable(stage, "1046").id)
        stage.world.clio_box.people.edit_bill("1046", total=130000)
        acts.poll(stage)
    stage.pass_time(1, minutes=3)
    second = message(stage, "1046").partition("/pay/")[2].split()[0]
    assert second != first and links.opened_by(stage.world, second)
    assert message(stage, "1046") == f"Thank you!\n{link.replace(first, second)}\nWe take cheques, too."


@pytest.mark.parametrize("how", ["alone", "with the invoice"])
def test_the_link_alone_is_taken_off_where_the_firm_wishes_none_any_more(how: str) -> None:
    stage = a_synced_stage()
    say(stage, f"Thank you!\n\n{message(stage, '1046')}\nWe take cheques, too.")
    choose(stage, pay_link=False)
    if how == "alone":
        revoke(stage, "1046")
    else:
        stage.world.clio_box.people.edit_bill("1046", total=130000)
        acts.poll(stage)
    stage.pass_time(1, minutes=3)
    assert message(stage, "1046") == "Thank you!\n\nWe take cheques, too."


def test_an_address_that_is_not_ours_is_somebodys_own_words() -> None:
    stage = a_synced_stage()
    say(stage, "Pay at https://bank.example/pay/hartwell")
    stage.world.clio_box.people.edit_bill("1046", total=130000)
    acts.poll(stage)
    revoke(stage, "1046")
    stage.pass_time(1, minutes=3)
    assert message(stage, "1046") == "Pay at https://bank.example/pay/hartwell"


def test_a_link_under_an_earlier_address_of_ours_gives_way_too() -> None:
    stage = a_synced_stage()
    say(stage, "Pay online: https://old.test/api/pay/secret000001xxxx")
    stage.world.clio_box.people.edit_bill("1046", total=130000)
    acts.poll(stage)
    assert links.opened_by(stage.world, token(stage, "1046"))


def test_where_no_link_stood_on_the_invoice_none_is_written() -> None:
    stage = a_synced_stage()
    people = stage.world.quickbooks_box.people
    people.change_invoice(stage.realm, invoice(stage, "1046")["Id"], CustomerMemo={"value": "Thank you!"})
    before = invoice(stage, "1046")
    revoke(stage, "1046")
    stage.pass_time(1, minutes=3)
    assert invoice(stage, "1046") == before


def test_a_lost_answer_to_a_new_link_leaves_one_that_opens() -> None:
    stage = a_synced_stage()
    stage.pass_time(2, minutes=3)
    stage.world.quickbooks_box.faults.append(Fault("drop_answer", path="/batch"))
    revoke(stage, "1046")
    for _ in range(3):
        stage.pass_time(1, minutes=3)
    assert links.opened_by(stage.world, token(stage, "1046"))
    assert payable(stage, "1046").booked.revision == payable(stage, "1046").revision  # type: ignore[union-attr]


def test_an_invoice_that_is_not_shown_waits_and_one_that_was_deleted_asks_a_person() -> None:
    stage = a_synced_stage()
    stage.pass_time(2, minutes=3)
    real = stage.world.quickbooks
    stage.world.quickbooks = Hiding(real)  # type: ignore[assignment]
    revoke(stage, "1046")
    stage.pass_time(1, minutes=1)
    key = effects.key_of(stage.firm, Do.INVOICE, paylinks.name(payable(stage, "1046")))
    waiting = stage.world.store.effect(key)
    assert waiting is not None and waiting.cause == relinking.NOT_SHOWN
    stage.world.quickbooks = real
    stage.world.quickbooks_box.people.delete_invoice(stage.realm, invoice(stage, "1046")["Id"])
    for _ in range(3):
        stage.pass_time(1, minutes=3)
    assert acts.parked_on(stage, "1046")


class Hiding:
    """QuickBooks while its queries show no invoice, though each is there."""

    def __init__(self, real: Any) -> None:
        self.real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def invoices_by_id(self, _access: Any, _ids: Any) -> list[Any]:
        return []


# --- what people changed in QuickBooks --------------------------------------------------------------------------------


def a_cheap_line(stage: Stage) -> list[dict[str, Any]]:
    """The invoice's first line alone, over a dollar."""
    line = next(x for x in invoice(stage, OPEN)["Line"] if "SalesItemLineDetail" in x)
    detail = {**line["SalesItemLineDetail"], "UnitPrice": Decimal(1), "Qty": Decimal(1)}
    return [{**line, "Amount": Decimal(1), "SalesItemLineDetail": detail}]


def linked(stage: Stage) -> Booked:
    link = payable(stage, OPEN).booked
    assert link is not None
    return link


def questions(stage: Stage) -> list[Effect]:
    return acts.tasks(stage, f"broken/invoice/{payable(stage, OPEN).id}")


def soon(stage: Stage) -> None:
    for _ in range(4):
        stage.pass_time(1, minutes=20)


def test_a_customer_changed_by_hand_is_named_after_a_new_link_too() -> None:
    stage = a_synced_stage()
    stranger = people(stage).add_customer(stage.realm, "Somebody Else")
    people(stage).change_invoice(stage.realm, invoice(stage, OPEN)["Id"], CustomerRef={"value": stranger["Id"]})
    first, before = token(stage, OPEN), linked(stage)
    revoke(stage, OPEN)
    stage.pass_time(1, minutes=3)
    assert token(stage, OPEN) != first
    assert linked(stage) == before
    assert kinds(stage, OPEN) == ["customer changed in QuickBooks"]


def test_an_amount_changed_by_hand_waits_for_its_answer_after_a_new_link_too() -> None:
    stage = a_synced_stage()
    people(stage).change_invoice(stage.realm, invoice(stage, OPEN)["Id"], Line=a_cheap_line(stage))
    soon(stage)
    [asked], before, first = questions(stage), linked(stage), token(stage, OPEN)
    revoke(stage, OPEN)
    soon(stage)
    assert token(stage, OPEN) != first
    assert (questions(stage), linked(stage)) == ([asked], before)
    assert not acts.tasks(stage, "total")
    broken.decide(stage.world, stage.firm, asked.key, "accept", "", STAFF)
    kept = linked(stage)
    assert kept.broken and kept.broken.accepted
    revoke(stage, OPEN)
    soon(stage)
    assert linked(stage) == kept
    assert not questions(stage)
    assert links.opened_by(stage.world, token(stage, OPEN))


@pytest.mark.parametrize("words", ["Thank you!", ""])
def test_an_amount_that_nobody_told_us_of_is_asked_about_by_the_step_that_reads_it(words: str) -> None:
    stage = a_synced_stage()
    changes: dict[str, Any] = {"CustomerMemo": {"value": words}} if words else {}
    people(stage).change_invoice(stage.realm, invoice(stage, OPEN)["Id"], Line=a_cheap_line(stage), **changes)
    revoke(stage, OPEN)
    stage.work()
    [asked] = questions(stage)
    assert "changed to $1.00" in asked.reason
    assert message(stage, OPEN) == words or links.opened_by(stage.world, token(stage, OPEN))


def test_an_invoice_that_is_left_out_is_not_asked_about_because_of_a_link() -> None:
    stage = a_synced_stage()
    people(stage).delete_invoice(stage.realm, invoice(stage, OPEN)["Id"])
    soon(stage)
    [asked] = questions(stage)
    revoke(stage, OPEN)
    soon(stage)
    assert questions(stage) == [asked]
    broken.decide(stage.world, stage.firm, asked.key, "accept", "", STAFF)
    revoke(stage, OPEN)
    soon(stage)
    link = linked(stage)
    assert link.broken and link.broken.harm is Harm.LEFT_OUT and link.broken.accepted
    assert not questions(stage)


# --- what else is under way -------------------------------------------------------------------------------------------


def test_a_link_that_quickbooks_refused_is_written_when_it_is_tried_again() -> None:
    stage = a_synced_stage()
    people(stage).refuse_members(["6210"])
    revoke(stage, OPEN)
    stage.pass_time(1, minutes=3)
    [step] = acts.parked_on(stage, OPEN, Do.INVOICE)
    assert links.opened_by(stage.world, token(stage, OPEN)) is None
    attention.retry(stage.world, stage.firm, step.key, STAFF)
    soon(stage)
    assert links.opened_by(stage.world, token(stage, OPEN))
    assert not acts.parked_on(stage, OPEN)


def test_a_change_that_is_written_at_the_same_time_brings_the_new_link() -> None:
    stage = a_synced_stage()
    first = token(stage, OPEN)
    people(stage).refuse_members(["3001"] * 20)
    stage.world.clio_box.people.edit_bill(OPEN, total=130000)
    acts.poll(stage)
    stage.world.quickbooks_box.state.refuse_members.clear()
    revoke(stage, OPEN)
    stage.world.clock.move(minutes=2)
    seen = int(invoice(stage, OPEN)["SyncToken"])
    stage.work()
    key = effects.key_of(stage.firm, Do.INVOICE, paylinks.name(payable(stage, OPEN)))
    step = stage.world.store.effect(key)
    assert step is not None and step.cause == relinking.WRITTEN
    soon(stage)
    assert acts.cents(invoice(stage, OPEN)["TotalAmt"]) == 130000
    assert token(stage, OPEN) != first
    assert links.opened_by(stage.world, token(stage, OPEN))
    assert int(invoice(stage, OPEN)["SyncToken"]) == seen + 1, "once"
    again = stage.world.store.effect(key)
    assert again is not None and again.status is Status.DONE


def test_links_made_useless_twice_leave_one_that_opens() -> None:
    stage = a_synced_stage()
    revoke(stage, OPEN)
    revoke(stage, OPEN)
    soon(stage)
    assert links.opened_by(stage.world, token(stage, OPEN))
    assert not acts.parked_on(stage, OPEN)


# --- made useless while nothing is open -------------------------------------------------------------------------------


def both_open(stage: Stage, number: str) -> bool:
    """Whether the links on the invoice and in Clio's memo open."""
    tokens = [text.rsplit("/pay/", 1)[-1] for text in (message(stage, number), memo(stage, number))]
    return all(links.opened_by(stage.world, token) for token in tokens)


def a_linked_stage() -> Stage:
    """With a pay link on the invoice and in Clio's memo."""
    stage = a_synced_stage()
    wish(stage)
    revoke(stage, OPEN)
    soon(stage)
    assert both_open(stage, OPEN)
    return stage


def useless(stage: Stage, number: str = OPEN) -> None:
    """Made useless while nothing is open: nothing is asked of anybody, and the old ones stand."""
    assert not payable(stage, number).open
    before, seen = invoice(stage, number), acts.calls(stage)
    revoke(stage, number)
    stage.work()
    assert acts.calls(stage) == seen
    assert invoice(stage, number) == before


def test_a_refund_that_opens_the_bill_again_brings_new_links() -> None:
    stage = a_linked_stage()
    paid = acts.pay_by_card(stage, OPEN)
    soon(stage)
    useless(stage)
    soon(stage)
    assert not both_open(stage, OPEN)
    stage.world.stripe_box.people.refund(paid.intent, 2500)
    soon(stage)
    assert payable(stage, OPEN).open == 2500
    assert both_open(stage, OPEN)
    before = invoice(stage, OPEN)
    stage.world.stripe_box.people.refund(paid.intent, 100)
    soon(stage)
    assert payable(stage, OPEN).open == 2600
    assert message(stage, OPEN) == before["CustomerMemo"]["value"], "once"


def test_a_payment_that_is_removed_in_clio_brings_new_links() -> None:
    stage = a_linked_stage()
    made = acts.record(stage, {OPEN: payable(stage, OPEN).balance})
    soon(stage)
    useless(stage)
    stage.world.clio_box.people.remove_payment(made)
    acts.poll(stage)
    soon(stage)
    assert payable(stage, OPEN).open
    assert both_open(stage, OPEN)


def test_a_bill_that_is_paid_before_its_new_links_are_written_gets_them_when_it_is_open_again() -> None:
    stage = a_linked_stage()
    revoke(stage, OPEN)
    made = acts.record(stage, {OPEN: payable(stage, OPEN).balance})
    soon(stage)
    assert payable(stage, OPEN).link_put_off
    assert not acts.parked_on(stage, OPEN)
    stage.world.clio_box.people.remove_payment(made)
    acts.poll(stage)
    soon(stage)
    assert both_open(stage, OPEN)
    assert not payable(stage, OPEN).link_put_off


@pytest.mark.parametrize("beside", [(), ("1048",)])
def test_an_invoice_that_is_paid_while_its_new_link_waits_is_left_until_it_is_open_again(
    beside: tuple[str, ...],
) -> None:
    stage = a_linked_stage()
    real = stage.world.quickbooks
    stage.world.quickbooks = Hiding(real)  # type: ignore[assignment]
    for number in (OPEN, *beside):
        revoke(stage, number)
    paid = acts.pay_by_card(stage, OPEN)
    before = message(stage, OPEN)
    stage.world.quickbooks = real
    soon(stage)
    assert payable(stage, OPEN).link_put_off
    assert message(stage, OPEN) == before
    assert all(links.opened_by(stage.world, token(stage, number)) for number in beside)
    stage.world.stripe_box.people.refund(paid.intent)
    soon(stage)
    assert both_open(stage, OPEN)


def test_a_memo_whose_bill_is_paid_before_its_new_link_is_written_gets_it_when_it_is_open_again() -> None:
    stage = a_linked_stage()
    revoke(stage, OPEN)
    stage.work()
    assert links.opened_by(stage.world, token(stage, OPEN)), "the invoice has its own, the memo comes later"
    made = acts.record(stage, {OPEN: payable(stage, OPEN).balance})
    soon(stage)
    assert not both_open(stage, OPEN)
    first = token(stage, OPEN)
    stage.world.clio_box.people.remove_payment(made)
    acts.poll(stage)
    soon(stage)
    assert both_open(stage, OPEN)
    assert token(stage, OPEN) == first, "it opened all the while"


# --- the memo in Clio -------------------------------------------------------------------------------------------------


def test_each_open_bill_and_trust_request_gets_a_new_link_in_its_memo() -> None:
    stage = a_stage()
    wish(stage)
    stage.resync()
    stage.pass_time(4, minutes=10)
    untouched, written, trust, waiting = "1042", "1054", "1080", "1043"
    link = payable(stage, untouched).booked
    assert link and link.untouched and payable(stage, waiting).booked is None
    for number in (untouched, written, trust, waiting):
        for _ in range(2):  # again and again
            before = memo(stage, number)
            revoke(stage, number)
            stage.pass_time(4, minutes=10)
            after = memo(stage, number)
            assert after != before and after.count("/pay/") == 1, number
            assert links.opened_by(stage.world, after.rsplit("/pay/", 1)[1]), number
