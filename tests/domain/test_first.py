"""The first sync: what would become of each client and bill, what a person is asked, and what it all comes to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain import first
from chalicelib.domain.contact import Contact
from chalicelib.domain.first import LEAVE, NEW, Fate, Row, Totals
from chalicelib.domain.first_paid import Paid, paired, shared
from chalicelib.domain.matching import CERTAIN, Other, Suggestion
from chalicelib.domain.naming import NewName
from chalicelib.domain.pairing import Answer
from chalicelib.domain.payable import Booked, Known, Standing
from chalicelib.domain.payment import Item, Payment, Phase, Posted, Source
from chalicelib.domain.readings import BillState, BookedPayment, InvoiceReading, Pot
from chalicelib.errors import Refused
from tests.builders import TODAY, a_payable, a_payment

ADA = Contact("us-1", "c1", "Ada Example", "ada@example.com", company=False)
PLAIN, TAKEN = NewName("", "Ada Example"), NewName("suffix", "Ada Example (Clio c1)", "The name is used")
NONE = NewName("", "", "Both names are used")
NAMES = {"7": "Ada Example (ada@example.com)", "8": "Ada E."}
SURE = Suggestion("c1", "7", 95, ("Same name", "Same e-mail address"), (Other("8", 40, ("Similar name",)),))
MAYBE = replace(SURE, score=55)


# --- clients ----------------------------------------------------------------------------------------------------------


def test_a_client_that_nothing_speaks_for_is_created_without_a_question() -> None:
    row = first.client_row(ADA, None, NAMES, PLAIN)
    assert (row.fate, row.needs, row.exact, row.offers) == (Fate.CREATE, False, False, ())


def test_a_certain_match_is_linked_and_confirmed_with_the_others() -> None:
    row = first.client_row(ADA, SURE, NAMES, PLAIN)
    assert (row.fate, row.link, row.exact, row.needs) == (Fate.LINK, "7", True, False)
    assert row.why == "Same name, same e-mail address"
    assert [o.choice for o in row.offers] == ["link:7", "link:8", NEW]
    said = first.client_row(ADA, SURE, NAMES, PLAIN, "link:7")
    assert (said.exact, said.choice, said.offers) == (False, "link:7", row.offers), "said already"
    assert first.client_row(ADA, replace(SURE, score=CERTAIN), NAMES, PLAIN).exact
    assert not first.client_row(ADA, replace(SURE, score=CERTAIN - 1), NAMES, PLAIN).exact


def test_another_match_is_asked_about() -> None:
    row = first.client_row(ADA, MAYBE, NAMES, PLAIN)
    assert (row.fate, row.link, row.exact, row.needs) == (Fate.LINK, "7", False, True)
    assert [o.choice for o in row.offers] == ["link:7", "link:8", NEW]


@pytest.mark.parametrize("found", [SURE, MAYBE])
def test_an_answer_is_kept_as_long_as_what_was_chosen_is_there(found: Suggestion) -> None:
    new = first.client_row(ADA, found, NAMES, PLAIN, NEW)
    assert (new.fate, new.link, new.needs, new.exact, new.choice) == (Fate.CREATE, "", False, False, NEW)
    assert (new.there, new.why) == ("", "Your choice")
    assert [o.choice for o in new.offers] == ["link:7", "link:8", NEW], "it may be changed yet"
    other = first.client_row(ADA, found, NAMES, PLAIN, "link:8")
    assert (other.fate, other.link, other.there, other.needs) == (Fate.LINK, "8", "Ada E.", False)
    assert first.client_row(ADA, MAYBE, NAMES, PLAIN, "link:99").needs, "it is gone: asked again"


def test_a_client_whose_name_another_client_has_there_is_asked_about() -> None:
    left = Suggestion("c1", "", 0, (), (Other("7", 95, ("Same name",)),))
    row = first.client_row(ADA, left, NAMES, PLAIN)
    assert (row.fate, row.link, row.needs, [o.choice for o in row.offers]) == (Fate.CREATE, "", True, ["link:7", NEW])
    assert "another client" in row.why
    assert first.client_row(ADA, left, NAMES, PLAIN, NEW).choice == NEW
    assert first.answered(row, "link:7").fate is Fate.LINK


def test_an_answer_whose_customer_is_gone_is_asked_for_again() -> None:
    row = first.client_row(ADA, None, NAMES, PLAIN, "link:7")
    assert (row.fate, row.needs, [o.choice for o in row.offers]) == (Fate.CREATE, True, [NEW])
    assert "not there any more" in row.why
    assert not first.client_row(ADA, None, NAMES, PLAIN, NEW).needs


AS_SAID = "Create as “Ada Example (Clio c1)”"


def test_a_client_whose_name_is_used_is_asked_about_and_created_under_another() -> None:
    asked = first.client_row(ADA, None, NAMES, TAKEN)
    assert (asked.fate, asked.needs, asked.why) == (Fate.CREATE, True, "The name is used")
    assert asked.offers == (first.Offer("new:suffix", AS_SAID),)
    for answer in (NEW, "new:suffix"):
        said = first.answered(asked, answer)
        assert (said.needs, said.choice, said.offers) == (False, "new:suffix", asked.offers)
        assert said.why == "Your choice: create as “Ada Example (Clio c1)”"
        assert first.naming_of(said) == "suffix"
    assert first.client_row(ADA, None, NAMES, TAKEN, "new:suffix") == said
    assert first.client_row(ADA, None, NAMES, TAKEN, "link:9").needs


@pytest.mark.parametrize("found", [None, MAYBE, SURE])
def test_whoever_said_that_it_is_new_is_asked_again_once_that_means_another_name(found: Suggestion | None) -> None:
    assert first.client_row(ADA, found, NAMES, TAKEN, NEW).needs
    assert not first.client_row(ADA, found, NAMES, TAKEN, "new:suffix").needs
    again = first.client_row(ADA, found, NAMES, PLAIN, "new:suffix")
    assert again.needs == (found is not None), "created without a question where its own name is free"


def test_a_client_for_whom_no_name_is_free_waits_once_a_person_says_so() -> None:
    asked = first.client_row(ADA, None, NAMES, NONE)
    assert (asked.fate, asked.needs, asked.why) == (Fate.CREATE, True, "Both names are used")
    assert [o.choice for o in asked.offers] == ["new:wait"]
    assert [o.choice for o in first.client_row(ADA, MAYBE, NAMES, NONE).offers] == ["link:7", "link:8", "new:wait"]
    said = first.answered(asked, NEW)
    assert (said.fate, said.needs, said.choice, first.naming_of(said)) == (Fate.WAIT, False, "new:wait", "suffix")
    assert said.why == "Your choice: it waits until a name is free in QuickBooks"


def test_only_a_new_customer_has_a_name_to_be_made() -> None:
    assert first.naming_of(first.answered(first.client_row(ADA, MAYBE, NAMES, PLAIN), NEW)) == ""
    assert first.naming_of(first.client_row(ADA, SURE, NAMES, TAKEN)) == ""
    assert first.naming_of(first.answered(first.client_row(ADA, MAYBE, NAMES, TAKEN), "link:8")) == ""


def test_what_another_row_has_is_asked_about_and_named() -> None:
    client = first.client_row(ADA, SURE, NAMES, PLAIN)
    asked = first.contested(client, "client Brook Jensen")
    assert (asked.fate, asked.link, asked.needs, asked.exact, asked.choice) == (Fate.CREATE, "", True, False, "")
    assert asked.why == "“Ada Example (ada@example.com)” is matched with the client Brook Jensen already"
    assert first.taken(client, "client Brook Jensen").reason.startswith(f"{asked.why}: a customer is one client's only")
    both = bill(an_invoice(payments=("9",)), payments=[a_posted()], receipts=(a_known(),))
    asked = first.contested(both, "bill 1042 of Ada Example")
    assert (asked.fate, asked.link, asked.needs, asked.payments) == (Fate.WAIT, "", True, 0)
    assert (asked.unmatched, asked.left, asked.shared, asked.paired) == ("", 0, (), ())
    refused = first.taken(both, "bill 1042 of Ada Example").reason
    assert refused.startswith(f"{asked.why}: an invoice is one bill's only")
    assert (first.named(client), first.named(both)) == ("client Ada Example", "bill 1042 of Ada Example")


def test_what_was_not_offered_is_refused() -> None:
    with pytest.raises(Refused):
        first.answered(first.client_row(ADA, MAYBE, NAMES, PLAIN), "link:99")


# --- bills ------------------------------------------------------------------------------------------------------------


def an_invoice(id: str = "70", **fields: Any) -> InvoiceReading:
    usual = InvoiceReading(id, "0", "1042", "7", 40000, 40000, TODAY, TODAY, "", None)
    return replace(usual, **fields)


def a_posted(id: str = "9", cents: int = 40000, **fields: Any) -> BookedPayment:
    return replace(BookedPayment(id, "0", "7", cents, TODAY, "", "", (("70", cents),)), **fields)


def a_known(id: str = "r1", cents: int = 40000) -> Known:
    return Known(id, cents, TODAY, f"g-{id}", "payment", "", Standing.OWN)


def bill(*found: InvoiceReading, customer: str = "7", answer: str = "", **fields: Any) -> Row:
    paid = a_paid(fields.pop("payments", ()), fields.pop("here", None), fields.get("receipts", ()))
    suggested = fields.pop("suggested", False)
    p = a_payable(**fields)
    return first.bill_row(p, found, paid, customer, {"7": "Ada"}, answer, None, suggested=suggested)


def a_paid(there: Any, here: Any = None, receipts: Any = (), **bills: str) -> Paid:
    """``here``: else a payment of ours for each receipt."""
    ours = [ours_of(k) for k in receipts] if here is None else here
    return Paid({x.id: x for x in there}, ours, bills)


def ours_of(known: Known, **fields: Any) -> Payment:
    items = (Item("b1", "1042", known.cents),)
    usual = {"id": f"clio-{known.group}", "source": Source.CLIO, "group": known.group, "code": "", "wanted": 1}
    return a_payment(**{**usual, "items": items, "total": known.cents, "settled_on": known.on, **fields})


def test_only_operating_bills_that_stand_and_are_not_linked_concern_it() -> None:
    assert first.concerns(a_payable())
    for other in ({"pot": Pot.TRUST}, {"bill_state": BillState.VOID}, {"booked": Booked("7", 1, 40000)}):
        assert not first.concerns(a_payable(**other))


def test_a_free_number_is_created_and_so_is_one_whose_invoice_is_void() -> None:
    assert (bill().fate, bill().cents) == (Fate.CREATE, 40000)
    assert bill(an_invoice(voided=True)).fate is Fate.CREATE


def test_a_number_that_quickbooks_does_not_take_waits_whatever_is_there() -> None:
    assert bill(number="N" * 21).fate is Fate.CREATE
    long = bill(number="N" * 22)
    assert long.fate is Fate.WAIT and "at most 21 characters" in long.waits
    mine = an_invoice(number="N" * 21, note="feesimple:us-1:bill:b1")
    assert bill(mine, number="N" * 22).fate is Fate.WAIT


def test_the_same_number_client_and_amount_is_linked() -> None:
    row = bill(an_invoice())
    assert (row.fate, row.link, row.exact, row.needs) == (Fate.LINK, "70", True, False)
    assert (row.there, row.why) == ("Invoice 1042 of $400.00 for Ada", "Same number, client and amount")
    assert [(o.choice, o.words) for o in row.offers[:1]] == [("link:70", row.there)]
    assert [o.choice for o in row.offers[1:]] == [LEAVE]


def test_the_customer_that_is_only_suggested_for_its_client_is_told() -> None:
    row = bill(an_invoice(), suggested=True)
    assert (row.fate, row.exact) == (Fate.LINK, True)
    assert row.why == "Same number and amount, and of the customer suggested for its client"


def test_an_invoice_that_is_alike_is_linked_and_another_one_is_changed_whoever_says_so_and_when() -> None:
    both = an_invoice(), an_invoice("71", customer_id="8")
    for id, fate in (("70", Fate.LINK), ("71", Fate.CHANGE)):
        assert first.answered(bill(*both), f"link:{id}").fate is fate
        assert bill(*both, answer=f"link:{id}").fate is fate
        assert first.answered(bill(*both, answer=LEAVE), f"link:{id}").fate is fate
    mine = an_invoice("72", customer_id="8", note="feesimple:us-1:bill:b1")
    assert first.answered(bill(mine), "link:72").fate is Fate.LINK


def test_what_is_certain_since_the_list_was_confirmed_is_asked_about() -> None:
    row = first.found_since(bill(an_invoice()))
    assert (row.fate, row.link, row.exact, row.needs) == (Fate.LINK, "70", False, True)
    assert row.there == "Invoice 1042 of $400.00 for Ada"
    assert row.why == "Found since you confirmed the list: Same number, client and amount"
    assert [o.choice for o in row.offers] == ["link:70", LEAVE]


def test_an_invoice_of_a_customer_that_is_not_known_is_told_without_a_name() -> None:
    assert bill(an_invoice(customer_id="8")).offers[0].words == "Invoice 1042 of $400.00 for another customer"


def test_a_paid_invoice_of_another_customer_is_told_to_stay_that_customers() -> None:
    paid = an_invoice(total=1, customer_id="8", payments=("9",))
    row = bill(paid, payments=[a_posted()], answer="link:70")
    assert (row.fate, row.link) == (Fate.CHANGE, "70")
    assert row.there == "Invoice 1042 of $0.01 for another customer, whose it stays: there is money on it"
    assert bill(an_invoice(total=1, payments=("9",)), payments=[a_posted()]).offers[0].words.endswith("for Ada")


def test_what_we_made_ourselves_is_known_by_its_mark_and_changed_if_it_differs() -> None:
    mark = "feesimple:us-1:bill:b1"
    ours = bill(an_invoice(note=mark, customer_id="8"))
    assert (ours.fate, ours.why) == (Fate.LINK, "It was made by us")
    assert bill(an_invoice(note=mark, total=5), an_invoice("71")).fate is Fate.CHANGE


@pytest.mark.parametrize(
    "found", [[an_invoice(total=1)], [an_invoice(customer_id="8")], [an_invoice(), an_invoice("71")]]
)
def test_another_client_or_amount_or_two_are_asked_about(found: list[InvoiceReading]) -> None:
    row = bill(*found)
    assert (row.fate, row.needs, row.exact) == (Fate.WAIT, True, False)
    assert [o.choice for o in row.offers] == [*(f"link:{i.id}" for i in found), LEAVE]


def test_an_invoice_of_another_currency_is_not_the_bills_however_alike_it_looks() -> None:
    assert bill(an_invoice(currency="USD")).fate is Fate.LINK
    row = bill(an_invoice(currency="EUR"))
    assert (row.fate, row.needs, [o.choice for o in row.offers]) == (Fate.WAIT, True, [LEAVE])
    assert "another currency" in row.why
    beside = bill(an_invoice(currency="EUR"), an_invoice("71"))
    assert (beside.fate, beside.link, [o.choice for o in beside.offers]) == (Fate.LINK, "71", ["link:71", LEAVE])
    mine = an_invoice(currency="EUR", note="feesimple:us-1:bill:b1")
    assert bill(mine).needs


def test_a_client_without_a_customer_makes_no_certain_match() -> None:
    assert bill(an_invoice(), customer="").needs


def test_a_person_links_it_or_leaves_it() -> None:
    linked = bill(an_invoice(total=1), answer="link:70")
    assert (linked.fate, linked.link, linked.needs, linked.choice) == (Fate.CHANGE, "70", False, "link:70")
    left = bill(an_invoice(total=1), answer=LEAVE)
    assert (left.fate, left.link, left.there, left.needs, left.choice) == (Fate.WAIT, "", "", False, LEAVE)
    assert bill(an_invoice(total=1), answer="link:99").needs
    again = first.answered(linked, "link:70")
    assert again.fate is Fate.CHANGE


def test_payments_on_a_linked_invoice_are_matched_one_to_one() -> None:
    linked = an_invoice(payments=("9",))
    both = bill(linked, payments=[a_posted()], receipts=(a_known(),))
    assert (both.payments, both.unmatched) == (1, "")
    other = bill(linked, payments=[a_posted(cents=100)], receipts=(a_known(),))
    assert (other.payments, other.unmatched) == (0, "$1.00")
    twice = bill(an_invoice(payments=("9", "10")), payments=[a_posted(), a_posted("10")], receipts=(a_known(),))
    assert (twice.payments, twice.unmatched) == (0, "$400.00, $400.00")
    none = bill(an_invoice(), receipts=(a_known(),))
    assert (none.payments, none.unmatched) == (0, ""), "Clio's is posted, nothing is in its way"
    void = bill(linked, payments=[a_posted(voided=True)])
    assert (void.payments, void.unmatched) == (0, "")


def test_payments_on_the_invoice_that_a_person_chose_are_matched_and_compared_too() -> None:
    chosen, there = an_invoice(total=1, payments=("9",)), [a_posted()]
    row = bill(an_invoice("71", total=2), chosen, payments=there, receipts=(a_known(),), answer="link:70")
    assert (row.link, row.payments, row.unmatched) == ("70", 1, "")
    said = Answer("70", (), ("9",))
    told = first.bill_row(a_payable(), [chosen], a_paid(there), "7", {"7": "Ada"}, "link:70", said)
    assert (told.link, told.unmatched, told.left) == ("70", "", 1)


def test_the_payments_on_an_invoice_are_those_of_its_bill_only_while_that_is_its_answer() -> None:
    there = [a_posted(lines=(("70", 40000),))]
    both = bill(an_invoice(payments=("9",)), an_invoice("71", total=2), payments=there, receipts=(a_known(),))
    assert (both.payments, both.paired) == (1, ("clio-g-r1",))
    assert first.answered(both, "link:70").payments == 1
    for choice in (LEAVE, "link:71"):
        other = first.answered(replace(both, left=1, shared=("p",), unmatched="$1.00"), choice)
        assert (other.payments, other.paired, other.shared, other.left, other.unmatched) == (0, (), (), 0, "")


def test_amounts_are_told_in_the_bills_currency() -> None:
    row = bill(an_invoice(payments=("9",)), payments=[a_posted(cents=100)], currency="CAD")
    assert (row.there, row.unmatched) == ("Invoice 1042 of CA$400.00 for Ada", "CA$1.00")


def test_only_money_on_this_bill_is_looked_at() -> None:
    k = a_known()
    p, linked, there = a_payable(receipts=(k,)), an_invoice(payments=("9",)), a_posted()
    under_way = ours_of(k, id="p2", phase=Phase.OPEN)
    elsewhere = ours_of(k, id="p3", items=(Item("b2", "2001", 40000),))
    here = [under_way, elsewhere, ours_of(k)]
    assert paired(p, linked, a_paid([there], here)) == ([(there, ours_of(k))], [])


def test_money_over_several_invoices_is_clear_only_as_a_whole() -> None:
    k = a_known(cents=15000)
    p, linked = a_payable(receipts=(k,)), an_invoice(payments=("9",))
    two = ours_of(k, items=(Item("b1", "1042", 15000), Item("b2", "2001", 5000)), total=20000)
    once = a_posted(cents=20000, lines=(("70", 15000), ("71", 5000)))
    part = a_posted(cents=15000)
    assert paired(p, linked, a_paid([once], [two], **{"71": "b2"})) == ([(once, two)], [])
    assert paired(p, linked, a_paid([once], [two], **{"71": "b3"})) == ([], [15000]), "another bill's"
    assert paired(p, linked, a_paid([once], [two])) == ([], [15000]), "nobody knows whose"
    assert paired(p, linked, a_paid([part], [two], **{"71": "b2"})) == ([], [15000]), "one of two"
    assert paired(p, linked, a_paid([once], [ours_of(k)])) == ([], [15000]), "QuickBooks' pays more"
    uneven = replace(once, lines=(("70", 15000), ("71", 4000)), unapplied=1000)
    assert paired(p, linked, a_paid([uneven], [two], **{"71": "b2"})) == ([], [15000])


def test_a_payment_that_pays_other_bills_too_is_named_with_each() -> None:
    k = a_known(cents=15000)
    two = ours_of(k, items=(Item("b1", "1042", 15000), Item("b2", "2001", 5000)), total=20000)
    once = a_posted(cents=20000, lines=(("70", 15000), ("71", 5000)))
    linked, p = an_invoice(payments=("9",)), a_payable(receipts=(k,))
    row = first.bill_row(p, [linked], a_paid([once], [two], **{"71": "b2"}), "7", {}, "", None)
    assert (row.payments, row.shared) == (1, (two.id,))
    said = Answer("70", (("9", two.id),), ())
    row = first.bill_row(p, [linked], a_paid([once], [two]), "7", {}, "", said)
    assert (row.payments, row.unmatched, row.shared) == (1, "", (two.id,)), "a person said so"
    assert shared(["p1", two.id], [two, ours_of(k, id="p1")]) == (two.id,)
    assert bill(linked, payments=[a_posted()], receipts=(a_known(),)).shared == ()


def test_only_what_clio_shows_and_all_that_it_shows_is_matched_by_itself() -> None:
    k = a_known()
    p, linked, there = a_payable(receipts=(k,)), an_invoice(payments=("9",)), a_posted()
    assert paired(p, linked, a_paid([there], [ours_of(k)])) == ([(there, ours_of(k))], [])
    assert paired(p, linked, a_paid([there], [])) == ([], [40000]), "it is not read yet"
    credit = replace(there, total=0, credits=(("80", 40000),))
    assert paired(p, linked, a_paid([credit], [])) == ([], []), "a credit is no money"
    stripe = ours_of(k, source=Source.STRIPE)
    assert paired(p, linked, a_paid([there], [stripe])) == ([], [40000])
    asked = replace(p, receipts=(k, replace(k, id="r2", standing=Standing.ASKED)))
    assert paired(asked, linked, a_paid([there], [ours_of(k)])) == ([], [40000])
    other = ours_of(k, settled_on=TODAY - timedelta(1))
    assert paired(p, linked, a_paid([there], [other])) == ([], [40000])
    posted = ours_of(k, posted=Posted("9", 1, 40000), settled_on=None)
    assert paired(p, linked, a_paid([there], [posted])) == ([(there, posted)], []), "linked already"
    elsewhere = ours_of(k, posted=Posted("8", 1, 40000))
    assert paired(p, linked, a_paid([there], [elsewhere])) == ([], [40000])
    assert paired(p, linked, a_paid([replace(there, lines=(("71", 40000),))], [])) == ([], [])


def test_what_we_wrote_before_stands_whatever_its_day_and_the_others_are_laid_beside_the_rest() -> None:
    k, other = a_known(cents=15000), a_known("r2", cents=25000)
    p, linked = a_payable(receipts=(k, other)), an_invoice(payments=("9", "10"))
    mine, rest = ours_of(k), ours_of(other)
    old = replace(a_posted(cents=15000), on=None, note=f"feesimple:{p.firm}:payment:{mine.id}")
    hand = a_posted("10", cents=25000)
    row = first.bill_row(p, [linked], a_paid([old, hand], [mine, rest]), "7", {}, "", None)
    assert (row.payments, row.unmatched, row.paired) == (2, "", (mine.id, rest.id))
    later = replace(hand, on=TODAY - timedelta(3))
    row = first.bill_row(p, [linked], a_paid([old, later], [mine, rest]), "7", {}, "", None)
    assert (row.payments, row.unmatched, row.paired) == (1, "$250.00", (mine.id,))
    said = Answer("70", (("10", rest.id),))
    row = first.bill_row(p, [linked], a_paid([old, later], [mine, rest]), "7", {}, "", said)
    assert (row.payments, row.unmatched, row.paired) == (2, "", (mine.id, rest.id))
    gone = replace(mine, phase=Phase.REMOVED)
    assert first.bill_row(p, [linked], a_paid([old], [gone]), "7", {}, "", None).paired == (), "it leaves"


def test_what_a_person_said_about_payments_holds_for_its_invoice_while_it_speaks_of_each() -> None:
    linked = an_invoice(payments=("9", "10"))
    there = [a_posted(cents=100), a_posted("10", 200)]
    asked = bill(linked, payments=there, receipts=(a_known(cents=200),))
    assert (asked.payments, asked.unmatched, asked.left) == (0, "$1.00, $2.00", 0)
    said = Answer("70", (("10", "clio-g-r1"),), ("9",))
    told = first.compared(asked, said)
    assert (told.payments, told.unmatched, told.left, told.link) == (1, "", 1, "70")
    for other in (replace(said, invoice="71"), replace(said, left=())):
        held = first.bill_row(
            a_payable(receipts=(a_known(cents=200),)), [linked], a_paid(there), "7", {"7": "Ada"}, "", other
        )
        assert held == asked
    again = first.bill_row(
        a_payable(receipts=(a_known(cents=200),)), [linked], a_paid(there), "7", {"7": "Ada"}, "", said
    )
    assert again == told
    assert first.compared(told, said) == told
    assert first.compared(asked, replace(said, invoice="71")) == asked


# --- totals -----------------------------------------------------------------------------------------------------------


def test_totals_count_what_is_added_and_taken_back() -> None:
    totals = Totals()
    asked = bill(an_invoice(total=1, payments=("9",)))
    for row in (bill(), bill(an_invoice()), asked):
        totals.add(row)
    assert totals.counts == {"create": 1, "link": 1, "wait": 1}
    assert totals.cents == {"create": 40000, "link": 40000, "wait": 40000}
    assert (totals.exact, totals.needs) == (1, 1)
    totals.add(asked, -1)
    totals.add(first.answered(asked, "link:70"))
    assert (totals.counts["wait"], totals.counts["change"], totals.needs) == (0, 1, 0)


def test_totals_tell_whether_something_else_would_be_done_whatever_the_order() -> None:
    rows = [Row("b1", "1042", "Ada", Fate.LINK, 40000, link="70"), Row("b2", "1043", "Ada", Fate.CREATE, 100)]

    def mark(*told: Row) -> int:
        totals = Totals()
        for row in told:
            totals.add(row)
        return totals.mark

    assert mark(*rows) == mark(*reversed(rows)) != mark(rows[0])
    others = [("id", "b3"), ("title", "1"), ("fate", Fate.CHANGE), ("cents", 1), ("link", "71"), ("matter", "M")]
    for name, value in (*others, ("under", "M"), ("choice", f"{NEW}:suffix")):
        assert mark(replace(rows[0], **{name: value}), rows[1]) != mark(*rows), name  # type: ignore[arg-type]
    assert mark(replace(rows[0], why="Your choice", exact=True), rows[1]) == mark(*rows)
    totals = Totals()
    totals.add(rows[0])
    totals.add(rows[0], -1)
    assert totals.mark == 0


def test_totals_count_the_questions_of_every_row_both_ways() -> None:
    totals = Totals()
    asked = Row("b1", "1", "", Fate.WAIT, needs=True)
    paid = Row("b2", "2", "", Fate.LINK, exact=True, payments=2, unmatched="$1.00, $2.00")
    for row in (asked, asked, paid, paid, asked):
        totals.add(row)
    assert (totals.needs, totals.exact, totals.unmatched) == (3, 2, 2)
    totals.add(asked, -1)
    totals.add(paid, -1)
    assert (totals.needs, totals.exact, totals.unmatched) == (2, 1, 1)


def test_an_answered_row_says_which_invoice_it_is_and_which_are_another_bills() -> None:
    found = an_invoice(), an_invoice("71", customer_id="8")
    assert first.chosen(bill(*found, answer="link:70")) == {
        "invoice": "70",
        "change": False,
        "cents": 40000,
        "left": ["71"],
    }
    assert first.chosen(bill(*found, answer="link:71")) == {
        "invoice": "71",
        "change": True,
        "cents": 40000,
        "left": ["70"],
    }
    assert first.chosen(bill(*found, answer=LEAVE)) == {
        "invoice": "",
        "change": False,
        "cents": 40000,
        "left": ["70", "71"],
    }


def test_a_bill_that_is_held_up_waits_and_keeps_what_is_said_of_its_number() -> None:
    assert first.held_up(bill(), "") == bill()
    held = first.held_up(bill(an_invoice(), an_invoice("71", customer_id="8")), "It waits for its client")
    assert (held.fate, held.link, held.exact, held.waits) == (Fate.WAIT, "70", True, "It waits for its client")
    other = first.answered(held, "link:71")
    assert (other.fate, other.link, other.why) == (Fate.WAIT, "71", "Your choice")
    assert first.chosen(other) == {"invoice": "71", "change": True, "cents": 40000, "left": ["70"]}


@pytest.mark.parametrize(
    ("found", "new", "answer", "waits"),
    [
        (None, PLAIN, "", False),
        (None, TAKEN, "", False),
        (None, NONE, "", True),
        (None, NONE, first.NO_NAME, True),
        (MAYBE, NONE, "", False),
        (MAYBE, NONE, first.NO_NAME, True),
        (MAYBE, NONE, "link:7", False),
    ],
)
def test_a_client_must_wait_once_nothing_but_that_can_be_said(
    found: Suggestion | None, new: NewName, answer: str, waits: bool
) -> None:
    assert first.must_wait(first.client_row(ADA, found, NAMES, new, answer)) is waits


def test_one_of_ours_that_people_renumbered_does_not_hold_the_number() -> None:
    mine = an_invoice(note="feesimple:us-1:bill:b1", number="M-1")
    row = bill(mine)
    assert (row.fate, row.exact, [o.choice for o in row.offers]) == (Fate.CHANGE, True, ["link:70", first.APART])
    for answer in (LEAVE, first.APART):
        apart = bill(mine, answer=answer)
        assert (apart.fate, apart.link, apart.choice) == (Fate.CREATE, "", first.APART)
        assert first.named(apart) == "bill 1042 of Ada Example"
    both = bill(mine, an_invoice("71"), answer=first.APART)
    assert (both.fate, both.choice) == (Fate.WAIT, LEAVE)
