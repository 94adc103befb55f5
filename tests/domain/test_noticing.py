"""What people change or remove in QuickBooks: the same rule over an invoice's link and over a payment's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain import billing, generation, noticing, posting
from chalicelib.domain.billing import InvoiceBooked
from chalicelib.domain.effects import Do, key_of
from chalicelib.domain.kernel import Decision, Guard
from chalicelib.domain.noticing import Noticed
from chalicelib.domain.payable import Booked, Broken, Harm, Payable
from chalicelib.domain.payment import ANEW, Payment, Phase, Piece, Posted
from chalicelib.domain.posting import PaymentPosted, PaymentRemoved
from chalicelib.domain.readings import BillState, Pot
from chalicelib.errors import Refused
from tests.builders import FIRM, NOW, a_payable, a_payment
from tests.domain.given import a_policy, a_share, kinds, one

POLICY = a_policy()
DELETED = Noticed("77", harm=Harm.DELETED)
VOIDED = Noticed("77", 40000, Harm.VOIDED)
CHANGED = Noticed("77", 12345)
AS_WRITTEN = Noticed("77", 40000)


def an_invoice(broken: Broken | None = None, **link: Any) -> Payable:
    """Linked to invoice 77 over 400.00, with its lines as read."""
    return a_payable(booked=Booked("77", 1, 40000, broken=broken, **link), lines="doc", lines_revision=1)


def a_posted(broken: Broken | None = None, **link: Any) -> Payment:
    """Posted as payment 77 over 400.00."""
    return a_payment(wanted=1, posted=Posted("77", 1, 40000, broken=broken, **link))


both = pytest.mark.parametrize("a_link", [an_invoice, a_posted])


def link(state: Payable | Payment) -> Booked | Posted:
    found = noticing.link_of(state)
    assert found is not None
    return found


def task_key(state: Payable | Payment, breaks: int) -> str:
    word = "invoice" if isinstance(state, Payable) else "payment"
    return key_of(FIRM, Do.TASK, f"broken/{word}/{state.id}/77/{breaks}")


# --- what is found ----------------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    ("fact", "says"),
    [(DELETED, "It was deleted"), (VOIDED, "It was voided"), (CHANGED, "changed to $123.45; here it is $400.00")],
)
def test_what_people_did_there_is_a_task_and_writes_nothing(a_link: Any, fact: Noticed, says: str) -> None:
    decision = noticing.looked(a_link(), fact, NOW)
    task = one(decision.effects, Do.TASK)
    assert task.key == task_key(decision.state, 1)
    assert says in task.reason
    broken, word = link(decision.state).broken, "invoice" if isinstance(decision.state, Payable) else "payment"
    assert broken is not None
    assert task.body == {"broken": word, "id": decision.state.id, "book": "77", "harm": broken.harm}
    assert link(decision.state).breaks == 1
    assert decision.closes == ()


@both
def test_both_amounts_are_told_in_the_currency_of_the_bill(a_link: Any) -> None:
    decision = noticing.looked(replace(a_link(), currency="CAD"), CHANGED, NOW)
    assert "CA$123.45; here it is CA$400.00" in one(decision.effects, Do.TASK).reason


@both
def test_our_own_echo_is_nothing(a_link: Any) -> None:
    assert noticing.looked(a_link(), AS_WRITTEN, NOW) == Decision(a_link())


@both
def test_news_of_another_id_are_nothing(a_link: Any) -> None:
    assert noticing.looked(a_link(), replace(DELETED, id="78"), NOW) == Decision(a_link())


@both
def test_a_look_says_nothing_of_what_was_voided_by_us(a_link: Any) -> None:
    assert noticing.looked(a_link(voided=True), VOIDED, NOW) == Decision(a_link(voided=True))


@pytest.mark.parametrize("state", [replace(an_invoice(), revision=2), replace(a_posted(), wanted=2)])
def test_where_a_write_is_owed_the_write_finds_what_became_of_it(state: Any) -> None:
    assert noticing.looked(state, DELETED, NOW) == Decision(state)
    assert kinds(noticing.found(state, DELETED, NOW)) == [Do.TASK]


@pytest.mark.parametrize("state", [a_payable(), a_payment()])
def test_what_is_linked_to_nothing_cannot_break(state: Any) -> None:
    assert noticing.looked(state, DELETED, NOW) == noticing.found(state, DELETED, NOW) == Decision(state)
    assert noticing.again_wanted(state, NOW) == Decision(state)


@pytest.mark.parametrize(
    "state", [replace(an_invoice(), bill_state=BillState.VOID), replace(a_posted(), phase=Phase.REMOVED)]
)
def test_what_should_not_stand_may_be_gone_without_a_word(state: Any) -> None:
    decision = noticing.looked(state, DELETED, NOW)
    assert not decision.effects
    assert decision.closes == ()
    assert link(decision.state).voided
    assert noticing.looked(state, CHANGED, NOW) == Decision(state)


@pytest.mark.parametrize(
    "state",
    [
        replace(an_invoice(Broken(Harm.DELETED), breaks=1), bill_state=BillState.VOID),
        replace(a_posted(Broken(Harm.DELETED), breaks=1), phase=Phase.REMOVED),
    ],
)
def test_nobody_is_asked_any_more_about_what_need_not_stand(state: Any) -> None:
    decision = noticing.found(state, DELETED, NOW)
    assert (link(decision.state).broken, decision.closes) == (None, (task_key(state, 1),))


def test_what_we_wrote_over_or_removed_is_not_asked_about_any_more() -> None:
    bill, paid = an_invoice(Broken(Harm.CHANGED, 5), breaks=1), a_posted(Broken(Harm.CHANGED, 5), breaks=1)
    over = billing.booked(bill, InvoiceBooked("77", "realm-1", 2, 40000), NOW)
    assert task_key(bill, 1) in over.closes
    again = posting.posted(paid, PaymentPosted("78", "realm-1", 2, 40000))
    out = posting.removed(paid, PaymentRemoved("77", 2))
    assert again.closes == out.closes == (task_key(paid, 1),)
    assert link(out.state).broken is None


def test_in_a_new_generation_of_links_nobody_is_asked_about_the_old_ones() -> None:
    later = a_policy(generation=2)
    for state in (an_invoice(Broken(Harm.DELETED), breaks=1), a_posted(Broken(Harm.DELETED), breaks=1)):
        assert task_key(state, 1) in generation.renewed(state, later, NOW).closes


@both
def test_a_person_is_told_once(a_link: Any) -> None:
    for fact in (DELETED, VOIDED, CHANGED):
        state = noticing.looked(a_link(), fact, NOW).state
        assert noticing.looked(state, fact, NOW) == Decision(state)


@both
def test_another_change_is_another_task_and_closes_the_first(a_link: Any) -> None:
    state = noticing.looked(a_link(), CHANGED, NOW).state
    decision = noticing.looked(state, replace(CHANGED, cents=1), NOW)
    assert one(decision.effects, Do.TASK).key == task_key(state, 2)
    assert decision.closes == (task_key(state, 1),)


@both
def test_what_is_set_back_closes_its_task(a_link: Any) -> None:
    state = noticing.looked(a_link(), CHANGED, NOW).state
    decision = noticing.looked(state, AS_WRITTEN, NOW)
    assert decision == Decision(a_link(breaks=1), closes=(task_key(state, 1),))


@both
def test_what_was_accepted_as_gone_may_be_gone_in_any_way(a_link: Any) -> None:
    state = a_link(Broken(Harm.LEFT_OUT, accepted=True))
    assert noticing.looked(state, DELETED, NOW) == noticing.looked(state, VOIDED, NOW) == Decision(state)


@both
def test_what_was_accepted_as_gone_and_comes_back_over_another_amount_is_named(a_link: Any) -> None:
    assert kinds(noticing.looked(a_link(Broken(Harm.LEFT_OUT, accepted=True)), CHANGED, NOW)) == [Do.TASK]


def test_a_break_is_compared_as_it_was_found_whatever_was_said_of_it() -> None:
    assert noticing.plainly(Broken(Harm.LEFT_OUT, accepted=True)) == Broken(Harm.DELETED)
    assert noticing.plainly(Broken(Harm.CHANGED, 5, accepted=True)) == Broken(Harm.CHANGED, 5)


# --- what a person decides --------------------------------------------------------------------------------------------


@both
def test_accepting_closes_the_task_and_what_a_break_left_parked(a_link: Any) -> None:
    state = noticing.looked(a_link(), DELETED, NOW).state
    decision = noticing.decided(state, "accept", POLICY, NOW)
    assert not decision.effects
    assert link(decision.state).broken == Broken(Harm.LEFT_OUT, accepted=True)
    step = f"{Do.INVOICE}/b1/1" if isinstance(state, Payable) else f"{Do.POSTING}/p1/1"
    assert decision.closes == (task_key(state, 1), f"{FIRM}/{step}")


@both
def test_an_accepted_change_keeps_its_amount_and_is_not_named_again(a_link: Any) -> None:
    state = noticing.decided(noticing.looked(a_link(), CHANGED, NOW).state, "accept", POLICY, NOW).state
    assert link(state).broken == Broken(Harm.CHANGED, 12345, accepted=True)
    assert noticing.looked(state, CHANGED, NOW) == Decision(state)


@both
def test_when_it_changes_in_clio_what_was_accepted_is_asked_anew(a_link: Any) -> None:
    gone = noticing.decided(noticing.looked(a_link(), DELETED, NOW).state, "accept", POLICY, NOW).state
    decision = noticing.again_wanted(gone, NOW)
    task = one(decision.effects, Do.TASK)
    assert (task.key, "It changed in Clio" in task.reason) == (task_key(gone, 2), True)
    assert noticing.again_wanted(decision.state, NOW) == Decision(decision.state)  # it is being asked


def test_an_invoice_created_again_is_another_one_and_gets_what_was_posted_on_the_old_one() -> None:
    paid = replace(an_invoice(Broken(Harm.DELETED), breaks=1), shares=(a_share("p9"),))
    decision = noticing.decided(paid, "again", POLICY, NOW)
    assert (decision.state.booked, decision.state.revision, decision.state.lines_revision) == (None, 2, 2)
    assert one(decision.effects, Do.INVOICE).key == key_of(FIRM, Do.INVOICE, "b1/2")
    moved = one(decision.effects, Do.REPOST)
    assert (moved.body["payment"], moved.body["payable"]) == ("p9", "b1")


def test_an_invoice_whose_lines_are_not_read_yet_is_read_first() -> None:
    state = replace(an_invoice(Broken(Harm.DELETED)), lines="")
    decision = noticing.decided(state, "again", POLICY, NOW)
    assert kinds(decision) == [Do.READ_LINES]
    assert decision.state.lines_revision == 1


def test_a_changed_invoice_is_written_over_in_its_place() -> None:
    state = replace(an_invoice(Broken(Harm.CHANGED, 5), breaks=1), shares=(a_share("p9"),))
    decision = noticing.decided(state, "write", POLICY, NOW)
    assert decision.state.booked == Booked("77", 1, 40000, breaks=1)
    assert kinds(decision) == [Do.INVOICE]


def test_a_payment_is_posted_again_under_a_revision_of_its_own() -> None:
    again = noticing.decided(a_posted(Broken(Harm.DELETED)), "again", POLICY, NOW)
    assert (again.state.posted, one(again.effects, Do.POSTING).key) == (None, key_of(FIRM, Do.POSTING, "p1/2"))
    pieces = (Piece("77", 30000, ("b1",)), Piece("78", 10000, ("b2",)))
    parted = noticing.decided(a_posted(Broken(Harm.DELETED), pieces=pieces), "again", POLICY, NOW)
    assert parted.state.posted == Posted("77", 1, 40000, pieces=pieces, adding=ANEW), "what stands of it goes first"
    over = noticing.decided(a_posted(Broken(Harm.CHANGED, 5)), "write", POLICY, NOW)
    assert (over.state.posted, kinds(over)) == (Posted("77", 1, 40000), [Do.POSTING])


@both
@pytest.mark.parametrize(("broken", "choice"), [(Broken(Harm.DELETED), "write"), (Broken(Harm.CHANGED, 5), "again")])
def test_only_what_is_offered_can_be_chosen(a_link: Any, broken: Broken, choice: str) -> None:
    for other in (choice, "", "nonsense"):
        with pytest.raises(Refused, match="offered"):
            noticing.decided(a_link(broken), other, POLICY, NOW)


@both
@pytest.mark.parametrize("broken", [None, Broken(Harm.LEFT_OUT, accepted=True), Broken(Harm.CHANGED, 5, accepted=True)])
@pytest.mark.parametrize("choice", ["again", "write", "accept"])
def test_what_is_settled_cannot_be_decided_twice(a_link: Any, broken: Broken | None, choice: str) -> None:
    with pytest.raises(Refused, match="already settled"):
        noticing.decided(a_link(broken), choice, POLICY, NOW)


# --- another one is linked --------------------------------------------------------------------------------------------


def named(**fields: Any) -> InvoiceBooked:
    return InvoiceBooked("88", "realm-1", 1, 40000, adopted=True, **fields)


def test_the_invoice_that_a_person_names_is_linked_and_nothing_is_written() -> None:
    state = replace(an_invoice(Broken(Harm.DELETED), breaks=1), shares=(a_share("p9"),))
    decision = noticing.invoice_linked(state, named(), NOW)
    assert decision.state.booked == Booked("88", 2, 40000, adopted=True, untouched=True)
    assert decision.state.revision == decision.state.lines_revision == 2
    assert kinds(decision) == [Do.REPOST]
    assert decision.closes == (task_key(state, 1), key_of(FIRM, Do.INVOICE, "b1/1"))
    assert decision.guards == (Guard("quickbooks/realm-1/invoice/88", f"{FIRM}/b1"),)


def test_nothing_of_the_old_link_goes_over_to_the_invoice_that_a_person_names() -> None:
    state = an_invoice(Broken(Harm.DELETED), breaks=4, adopted=True, asked=2)
    told = noticing.invoice_linked(state, InvoiceBooked("88", "realm-1", 1, 40000), NOW)
    assert told.state.booked == Booked("88", 2, 40000)
    again = noticing.invoice_linked(state, InvoiceBooked("77", "realm-1", 1, 40000), NOW)
    assert (again.state.booked, len(again.guards)) == (Booked("77", 2, 40000), 1)


def test_while_payments_on_the_named_invoice_wait_for_a_person_nothing_is_moved_to_it() -> None:
    state = replace(an_invoice(Broken(Harm.DELETED)), shares=(a_share("p9"),))
    assert kinds(noticing.invoice_linked(state, named(waits=True, unmatched="5.00"), NOW)) == [Do.TASK]


def test_the_payment_that_a_person_names_is_linked_and_nothing_is_written() -> None:
    state = a_posted(Broken(Harm.VOIDED), breaks=1)
    decision = noticing.payment_linked(state, "88", POLICY)
    assert decision.state.posted == Posted("88", 1, 40000)
    assert (decision.effects, decision.closes) == ((), (task_key(state, 1),))
    assert decision.guards == (Guard("quickbooks/realm-1/payment/88", f"{FIRM}/p1"),)


@pytest.mark.parametrize("broken", [None, Broken(Harm.CHANGED, 5)])
def test_only_what_is_gone_can_be_linked_to_another(broken: Broken | None) -> None:
    with pytest.raises(Refused, match="already settled"):
        noticing.invoice_linked(an_invoice(broken), named(), NOW)
    with pytest.raises(Refused, match="already settled"):
        noticing.payment_linked(a_posted(broken), "88", POLICY)


# --- a payment follows its invoice ------------------------------------------------------------------------------------


def test_a_payment_whose_invoice_is_another_one_is_posted_again() -> None:
    decision = noticing.reposted(a_posted(), "b1", POLICY, NOW)
    assert (decision.state.wanted, kinds(decision)) == (2, [Do.POSTING])


@pytest.mark.parametrize(
    "state",
    [
        a_payment(wanted=1),  # nothing stands there yet: it finds the new invoice by itself
        a_posted(voided=True),
        a_posted(Broken(Harm.DELETED)),
        replace(a_posted(), phase=Phase.REMOVED),
    ],
)
def test_what_does_not_stand_in_quickbooks_is_not_posted_again(state: Payment) -> None:
    assert noticing.reposted(state, "b1", POLICY, NOW) == Decision(state)


def test_a_payment_of_another_bill_stays_where_it_is() -> None:
    assert noticing.reposted(a_posted(), "b2", POLICY, NOW) == Decision(a_posted())


def test_trust_money_is_never_posted_again_as_a_payment() -> None:
    assert not noticing.reposted(replace(a_posted(), pot=Pot.TRUST), "b1", POLICY, NOW).effects


def test_what_of_a_payment_pays_no_invoice_is_taken_from_a_look_that_read_it() -> None:
    x = a_payment(posted=Posted("77", 0, 40000))
    told = noticing.looked(x, replace(AS_WRITTEN, unapplied=40000), NOW)
    assert told.state.posted == Posted("77", 0, 40000, unapplied=40000)
    assert noticing.looked(told.state, AS_WRITTEN, NOW) == Decision(told.state), "not read"
