"""A matter's sub-customer: which bills ask for one, how it is named, what is taken for it, what becomes of the link."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain import billing, generation, invoicing, matters
from chalicelib.domain.billing import BillSeen, InvoiceBooked
from chalicelib.domain.effects import Do, Lanes
from chalicelib.domain.firm import Detail, Invoicing, InvoicingChosen, decide
from chalicelib.domain.kernel import Decision, Guard, Listing
from chalicelib.domain.matters import Choice, Matter
from chalicelib.domain.payable import Booked
from chalicelib.domain.readings import BillLine, CustomerReading
from chalicelib.errors import Refused
from tests.builders import FIRM, NOW, a_bill, a_firm, a_payable
from tests.domain.given import a_policy, kinds, one

NAMES = ("00001-Example", "00001-Example (Clio m1)")
ON = a_policy(invoicing=Invoicing(sub_customers=True))
NOTE = "feesimple:us-1:matter:c1.m1"


def a_matter(**fields: Any) -> Matter:
    return Matter(**{"firm": FIRM, "id": "c1.m1", "client": "c1", "matter": "m1", "name": NAMES[0], **fields})


def there(name: str = NAMES[0], **fields: Any) -> CustomerReading:
    usual: dict[str, Any] = {"active": True, "parent": "7"}
    return CustomerReading("70", "0", name, "", **{**usual, **fields})


def by_matter(**fields: Any) -> Any:
    return a_payable(**{"matter_ids": ("m1",), **fields})


# --- which bills ------------------------------------------------------------------------------------------------------


def test_a_new_invoice_asks_for_its_one_matter_where_the_firm_wishes_it() -> None:
    assert matters.wanted(by_matter(), ON) == "m1"
    assert matters.wanted(by_matter(), a_policy()) == ""
    assert matters.wanted(by_matter(matter_ids=("m1", "m2"), matters=("1", "2")), ON) == ""
    assert matters.wanted(by_matter(matter_ids=(), matters=()), ON) == ""
    assert matters.wanted(by_matter(matters=(" ",)), ON) == ""


def test_an_invoice_that_is_there_stays_where_it_is() -> None:
    own, sub = Booked("1", 1, 40000), Booked("1", 1, 40000, matter="m1")
    assert matters.wanted(by_matter(booked=own), ON) == ""
    assert matters.wanted(by_matter(booked=sub), a_policy()) == "m1"


def test_once_switched_on_it_is_remembered() -> None:
    on = decide(a_firm(), InvoicingChosen(Invoicing(sub_customers=True))).state
    off = decide(on, InvoicingChosen(Invoicing())).state
    assert off and (off.sub_customers_used, off.invoicing.sub_customers) == (True, False)
    never = decide(a_firm(), InvoicingChosen(Invoicing())).state
    assert never and not never.sub_customers_used


def test_its_step_comes_after_the_clients_customer_and_counts_what_was_asked_for() -> None:
    first = matters.step(by_matter(), None, ON, NOW)
    assert (first.kind, first.after) == (Do.SUB_CUSTOMER, ("customer/c1",))
    again = matters.step(by_matter(), a_matter(revision=2), ON, NOW)
    assert first.key.endswith("c1.m1/1.1") and again.key.endswith("c1.m1/1.2")


# --- the name ---------------------------------------------------------------------------------------------------------


def test_the_name_is_the_matters_number_as_quickbooks_allows_it() -> None:
    assert matters.names("m1", "00001:Example") == ("00001 Example", "00001 Example (Clio m1)")
    assert all(len(n) <= 500 for n in matters.names("m1", "x" * 600))


@pytest.mark.parametrize(
    ("found", "taken", "choice"),
    [
        ([], {}, Choice("create", name=NAMES[0])),
        ([there(NAMES[1], note=NOTE)], {}, Choice("link", customer="70", name=NAMES[1])),
        ([there()], {}, Choice("link", customer="70", name=NAMES[0])),
        ([there(parent="8")], {}, Choice("create", name=NAMES[1])),
        ([there(active=False)], {}, Choice("create", name=NAMES[1])),
        ([], {NAMES[0].upper(): "vendor"}, Choice("create", name=NAMES[1])),
        ([there(active=False), there(NAMES[1], parent="8")], {}, Choice("park")),
    ],
)
def test_what_is_taken_for_it(found: list[CustomerReading], taken: dict[str, str], choice: Choice) -> None:
    assert matters.choose(NAMES, NOTE, "7", found, taken) == choice


@pytest.mark.parametrize(
    ("note", "choice"),
    [
        ("feesimple:us-1:matter:c2.m1", Choice("link", customer="70", name=NAMES[1])),
        ("feesimple:us-1:matter:c2.m2", Choice("create", name=NAMES[0])),
        ("feesimple:us-2:matter:c2.m1", Choice("create", name=NAMES[0])),
        ("Somebody's", Choice("create", name=NAMES[0])),
    ],
)
def test_the_same_matters_of_a_client_who_had_this_customer_before_is_taken_for_it(note: str, choice: Choice) -> None:
    assert matters.choose(NAMES, NOTE, "7", [there(NAMES[1], note=note)], {}) == choice


def test_a_matter_that_is_another_clients_gives_its_sub_customer_up_once() -> None:
    state = a_matter(customer="70", lost=matters.INACTIVE, under="7", breaks=1)
    told = matters.given_up(state, "70", ON)
    assert (told.state.customer, told.state.revision, told.state.lost) == ("", state.revision + 1, "")
    assert told.closes == (matters.task_key(state),) and [g.release for g in told.guards] == [True]
    assert matters.given_up(a_matter(customer="70"), "70", ON).closes == ()
    assert matters.given_up(told.state, "70", ON) == Decision(told.state)
    assert matters.given_up(replace(LOST, without=True), "70", ON).state == a_matter(revision=2, breaks=1)


# --- the link ---------------------------------------------------------------------------------------------------------


def test_a_name_that_is_promised_to_another_is_neither_made_nor_linked() -> None:
    plain, other = NAMES
    for found in ([], [there()]):
        assert matters.choose(NAMES, NOTE, "7", found, {}, {plain.casefold()}) == Choice("create", name=other)
    assert matters.choose(NAMES, NOTE, "7", [], {}, {n.casefold() for n in NAMES}) == Choice("park")
    mine = there(note=NOTE)
    assert matters.choose(NAMES, NOTE, "7", [mine], {}, {plain.casefold()}) == Choice("link", mine.id, mine.name)


def test_before_its_client_is_a_customer_nothing_is_taken_for_it() -> None:
    top = there(parent="")
    assert matters.choose(NAMES, NOTE, "", [top], {}) == Choice("create", name=NAMES[1])


def test_a_sub_customer_is_one_matters_alone() -> None:
    decision = matters.linked(None, a_matter(customer="70"), NAMES[1], ON, NOW)
    assert decision.state == a_matter(customer="70", written=(NAMES[1],))
    assert decision.guards == (Guard("quickbooks/realm-1/subcustomer/70", f"{FIRM}/c1.m1"),)
    before = a_matter(revision=3, renames=2)
    later = matters.linked(before, a_matter(customer="71"), NAMES[0], ON, NOW).state
    assert later == a_matter(customer="71", revision=3, renames=2, wrote=2, written=NAMES[:1])


def test_once_linked_the_matter_is_read_again_whatever_pointed_at_it_before() -> None:
    look = one(matters.linked(None, a_matter(customer="70"), NAMES[0], ON, NOW).effects, Do.LOOK_MATTER)
    assert look.key == f"{FIRM}/clio.matter/c1.m1/1.1"
    assert (look.lane, look.body) == (f"{FIRM}|clio|us/1", {"client": "c1", "matter": "m1"})
    for late in (0, 1, 899, 1.000001):
        at = NOW.replace(minute=30, second=0, microsecond=0) + timedelta(seconds=late)
        look = one(matters.linked(None, a_matter(customer="70"), NAMES[0], ON, at).effects, Do.LOOK_MATTER)
        assert look.due_at == NOW.replace(minute=45, second=0, microsecond=0), "many are read with one call"


def test_an_answer_that_comes_twice_takes_nothing_back() -> None:
    state = a_matter(customer="70", name="00002", renames=1)
    assert matters.linked(state, a_matter(customer="70"), NAMES[0], ON, NOW) == Decision(state)


def test_one_made_under_an_older_number_is_renamed_at_once() -> None:
    decision = matters.linked(None, a_matter(customer="70", name="00002"), NAMES[0], ON, NOW)
    assert decision.state == a_matter(customer="70", name="00002", written=NAMES[:1], renames=1)
    assert one(decision.effects, Do.SUB_CUSTOMER).body["rename"] == 1
    same = matters.linked(None, a_matter(customer="70"), NAMES[0].upper(), ON, NOW)
    assert kinds(same) == [Do.LOOK_MATTER], "capitals are no other name"


def test_in_a_later_generation_the_link_is_gone() -> None:
    second = replace(a_policy(generation=2), lanes=Lanes(FIRM, realm="r", generation=2))
    anew = a_matter(generation=2, written=NAMES, stood="70")
    assert generation.renewed(a_matter(customer="70", written=NAMES), second, NOW) == Decision(anew)


# --- taken away in QuickBooks -----------------------------------------------------------------------------------------

STANDS = a_matter(customer="70", written=NAMES[:1])
LOST = replace(STANDS, lost=matters.INACTIVE, under="7", breaks=1)
TASK = f"{FIRM}/task/broken/sub-customer/c1.m1/70"


@pytest.mark.parametrize(
    ("shown", "own", "why"),
    [
        (there(), "7", ""),
        (there(), "", ""),
        (there(active=False), "7", matters.INACTIVE),
        (None, "7", matters.INACTIVE),
        (there(parent="8"), "7", matters.MOVED),
        (there(parent=""), "7", matters.MOVED),
    ],
)
def test_one_that_cannot_be_used_is_inactive_or_elsewhere(shown: Any, own: str, why: str) -> None:
    assert matters.harm(shown, own) == why


def test_a_person_is_asked_once_about_one_that_cannot_be_used() -> None:
    decision = matters.seen(STANDS, "70", there(active=False), "7", NOW)
    assert (decision.state, decision.closes) == (LOST, ()) and matters.known_lost(LOST, "7")
    task = one(decision.effects, Do.TASK)
    assert (task.key, task.about, task.title) == (f"{TASK}/1", "contact/c1", f"Sub-customer of matter {NAMES[0]}")
    assert task.reason == matters.WHY[matters.INACTIVE]
    assert task.body == {
        "broken": "sub-customer", "id": "c1.m1", "customer": "70", "choices": [("anew", "Create another")],
        "may_close": True,
    }  # fmt: skip
    assert matters.seen(LOST, "70", there(active=False), "7", NOW) == Decision(LOST)
    assert matters.seen(STANDS, "69", None, "7", NOW) == Decision(STANDS), "an older link's"
    assert matters.seen(STANDS, "70", there(), "7", NOW) == Decision(STANDS), "our own echo"


def test_another_reason_is_another_question_and_another_customer_of_the_client_is_none() -> None:
    moved = matters.seen(LOST, "70", there(parent="8"), "7", NOW)
    assert (moved.state.lost, moved.state.breaks, moved.closes) == (matters.MOVED, 2, (f"{TASK}/1",))
    assert one(moved.effects, Do.TASK).key == f"{TASK}/2"
    assert not matters.known_lost(moved.state, "9"), "the client's customer is another one: it is looked at again"
    assert matters.seen(moved.state, "70", there(parent="8"), "9", NOW) == Decision(replace(moved.state, under="9"))


def test_set_back_it_is_as_before_and_nobody_is_asked() -> None:
    decision = matters.seen(LOST, "70", there(), "7", NOW)
    assert decision == Decision(replace(STANDS, breaks=1), closes=(f"{TASK}/1",))
    again = matters.seen(decision.state, "70", None, "7", NOW)
    assert one(again.effects, Do.TASK).key == f"{TASK}/2"


def test_a_person_lets_one_go_and_another_is_owed() -> None:
    decision = matters.let_go(LOST, ON, NOW, customer="70")
    assert decision.state == a_matter(revision=2, breaks=1)
    assert [g.release for g in decision.guards] == [True]
    step = one(decision.effects, Do.SUB_CUSTOMER)
    assert step.key == matters.step(by_matter(matters=NAMES[:1]), decision.state, ON, NOW).key
    assert decision.closes == (f"{TASK}/1",)
    linked = matters.linked(decision.state, a_matter(customer="70"), NAMES[0], ON, NOW).state
    assert linked.breaks == 1, "its next break has a key of its own"


@pytest.mark.parametrize(("name", "written"), [(NAMES[1].upper(), (NAMES[1].upper(),)), ("By hand", ())])
def test_a_person_links_another_and_its_name_stands(name: str, written: tuple[str, ...]) -> None:
    state = replace(LOST, renames=2, wrote=1)
    decision = matters.relinked(state, ON, customer="70", there=replace(there(name), id="71"))
    assert decision.state == a_matter(customer="71", revision=2, written=written, renames=2, wrote=2, breaks=1)
    key = "quickbooks/realm-1/subcustomer/7"
    assert decision.guards == (Guard(f"{key}1", f"{FIRM}/c1.m1"), Guard(f"{key}0", f"{FIRM}/c1.m1", release=True))
    assert (decision.effects, decision.closes) == ((), (f"{TASK}/1",))
    assert not matters.behind(decision.state, name)


def test_a_person_accepts_it_until_it_is_set_back() -> None:
    decision = matters.left_without(LOST, customer="70")
    assert decision == Decision(replace(LOST, without=True), closes=(f"{TASK}/1",))
    moved = matters.seen(decision.state, "70", there(parent="8"), "7", NOW)
    assert moved == Decision(replace(decision.state, lost=matters.MOVED)), "nobody is asked again"
    assert not matters.seen(moved.state, "70", there(), "7", NOW).state.without


@pytest.mark.parametrize("state", [STANDS, replace(LOST, without=True), replace(LOST, customer="71")])
def test_what_is_settled_is_not_decided_again(state: Matter) -> None:
    with pytest.raises(Refused, match="already settled"):
        matters.let_go(state, ON, NOW, customer="70")
    with pytest.raises(Refused, match="already settled"):
        matters.relinked(state, ON, customer="70", there=there())
    with pytest.raises(Refused, match="already settled"):
        matters.left_without(state, customer="70")


def test_in_a_later_generation_nobody_is_asked_about_it() -> None:
    assert matters.listing(LOST) == Listing(group=(f"{FIRM}/lost-matters", "c1.m1"))
    assert matters.listing(STANDS) == Listing()
    second = replace(a_policy(generation=2), lanes=Lanes(FIRM, realm="r", generation=2))
    decision = generation.renewed(LOST, second, NOW)
    assert decision == Decision(
        a_matter(generation=2, breaks=1, stood="70", written=LOST.written), closes=(f"{TASK}/1",)
    )
    assert not generation.renewed(replace(LOST, without=True), second, NOW).state.without


# --- another number ---------------------------------------------------------------------------------------------------

NEW = ("00002-Renamed", "00002-Renamed (Clio m1)")
LINKED = a_matter(customer="70", written=NAMES[:1])


def test_another_number_is_owed_as_a_rename_of_what_is_linked() -> None:
    decision = matters.numbered(LINKED, NEW[0], ON, NOW)
    assert decision.state == replace(LINKED, name=NEW[0], renames=1)
    step = one(decision.effects, Do.SUB_CUSTOMER)
    assert step.key == f"{FIRM}/quickbooks.subcustomer/c1.m1/1.1.1"
    assert step.body == {"client": "c1", "matter": "m1", "name": NEW[0], "customer": "70", "rename": 1}
    assert (step.title, step.lane, decision.closes) == (NEW[0], f"{FIRM}|quickbooks|realm-1", ())


def test_a_newer_number_replaces_the_step_of_the_older_one() -> None:
    first = matters.numbered(LINKED, NEW[0], ON, NOW)
    second = matters.numbered(first.state, NAMES[0], ON, NOW)
    assert second.closes == tuple(e.key for e in first.effects)
    assert (second.state.renames, second.state.written) == (2, NAMES[:1])


@pytest.mark.parametrize("state", [a_matter(), LINKED])
def test_the_same_number_or_a_matter_without_a_sub_customer_owes_nothing(state: Matter) -> None:
    assert matters.numbered(state, NAMES[0], ON, NOW) == Decision(state)
    assert matters.numbered(a_matter(), NEW[0], ON, NOW) == Decision(a_matter())


def test_of_an_older_link_both_names_of_its_number_are_ours() -> None:
    decision = matters.numbered(a_matter(customer="70"), NEW[0], ON, NOW)
    assert decision.state.written == NAMES


@pytest.mark.parametrize(
    ("shown", "behind"),
    [(NAMES[0], True), (NAMES[1], False), ("By hand", False), (NEW[0], False), (NEW[1], False)],
)
def test_a_name_that_we_did_not_write_is_a_persons(shown: str, behind: bool) -> None:
    assert matters.behind(replace(LINKED, name=NEW[0]), shown) == behind


def test_capitals_are_no_other_name() -> None:
    assert not matters.behind(replace(LINKED, name=NAMES[0].upper()), NAMES[0])


def test_what_was_written_is_remembered_and_an_older_answer_is_not() -> None:
    state = replace(LINKED, name=NEW[0], renames=2)
    after = matters.named(state, "70", 2, NEW[1]).state
    assert (after.written, after.wrote) == ((NEW[1],), 2)
    assert matters.named(after, "70", 1, NEW[0]).state == after
    both = replace(after, written=NEW)
    assert matters.named(both, "70", 2, NEW[1]).state.written == (NEW[1],), "the answer to this one tells which it is"
    assert matters.named(after, "71", 2, NEW[0]).state == after


@pytest.mark.parametrize(
    ("found", "taken", "name"),
    [
        ([], {}, NEW[0]),
        ([there(NEW[0])], {}, NEW[0]),
        ([replace(there(NEW[0]), id="71")], {}, NEW[1]),
        ([], {NEW[0].lower(): "vendor"}, NEW[1]),
        ([replace(there(NEW[0]), id="71")], {NEW[1]: "employee"}, ""),
    ],
)
def test_the_name_is_the_first_that_nobody_else_has(
    found: list[CustomerReading], taken: dict[str, str], name: str
) -> None:
    assert matters.free(NEW, found, taken, own="70") == name


def test_a_step_that_waits_learns_the_present_number_and_forgets_no_older_one() -> None:
    first = matters.step(by_matter(matters=("1",)), None, ON, NOW)
    assert matters.told_anew(first, first) is None
    second = matters.told_anew(first, matters.step(by_matter(matters=("2",)), None, ON, NOW))
    assert second and second.body == {"client": "c1", "matter": "m1", "name": "2", "older": ["1"]}
    assert matters.told_anew(second, first) is None, "a bill that was read before says nothing new"
    third = matters.told_anew(second, matters.step(by_matter(matters=("3",)), None, ON, NOW))
    assert third and third.body["older"] == ["2", "1"]


# --- the bill ---------------------------------------------------------------------------------------------------------


def seen(state: Any, policy: Any = ON, **bill: Any) -> Any:
    return billing.seen(state, BillSeen(a_bill(**bill), None, NOW), policy, NOW)


def test_a_bill_that_goes_to_another_matter_is_written_again_with_its_lines() -> None:
    link = Booked("1", 1, 40000, matter="m1", customer="70")
    state = by_matter(booked=link, lines="doc", lines_revision=1)
    decision = seen(state, etag="e2", matter_ids=("m2",), matters=("00002",))
    assert decision.state.revision == 2 and Do.INVOICE in kinds(decision)
    on_client = seen(by_matter(booked=replace(link, matter="")), matter_ids=("m2",), matters=("00002",))
    assert on_client.state.revision == 1, "the client's own customer has nothing to do with the matter"


def test_the_link_knows_whose_the_invoice_is() -> None:
    fact = InvoiceBooked("9", "r", 1, 40000, customer="70", matter="m1")
    new = billing.booked(by_matter(), fact, NOW).state
    assert new and new.booked and (new.booked.customer, new.booked.matter) == ("70", "m1")
    silent = billing.booked(new, replace(fact, customer="", revision=2), NOW).state
    assert silent and silent.booked and silent.booked.customer == "70"


# --- subject and memo -------------------------------------------------------------------------------------------------


def test_subject_and_memo_stand_in_the_note_before_our_marker_and_without_our_link() -> None:
    new = seen(None, words="March\nThank you\nPay online: https://fee.test/pay/abc").state
    assert new.words == "March\nThank you"
    assert invoicing.note(new, "mark") == "March\nThank you\nmark"
    assert invoicing.note(a_payable(), "mark") == "mark"
    assert invoicing.note(a_payable(words="Voided trip"), "mark") == "Bill: Voided trip\nmark", "no void's prefix"


def test_another_memo_is_another_invoice_and_its_lines_stand() -> None:
    state = seen(None, words="March").state
    state = replace(state, lines="doc", lines_revision=1, booked=Booked("1", 1, 40000))
    decision = seen(state, etag="e2", words="April")
    assert decision.state.revision == 2
    assert one(decision.effects, Do.INVOICE)
    assert seen(state, etag="e1", words=None).state == state, "Clio did not tell them"


# --- bills over several matters ---------------------------------------------------------------------------------------

TWO = a_payable(matters=("00001", "00002"), asks=500, total=500)
LINES = (
    BillLine("1", "service", None, "Filing", 200, matter="00001"),
    BillLine("2", "service", None, "Review", 200, matter="00002"),
    BillLine("3", "service", None, "Call", 100),
)


def test_each_line_names_its_matter() -> None:
    texts = [x.text for x in invoicing.draw(TWO, LINES, a_firm()).lines]
    assert texts == ["00001: Filing", "00002: Review", "Call"]
    alone = invoicing.draw(replace(TWO, matters=("00001",)), LINES, a_firm())
    assert alone.lines[0].text == "Filing"


def test_one_line_for_each_kind_names_all_of_them() -> None:
    kinds_ = a_firm(invoicing=Invoicing(Detail.KINDS))
    assert [x.text for x in invoicing.draw(TWO, LINES, kinds_).lines] == ["Services, bill 1042, 00001, 00002"]
    assert [x.text for x in invoicing.draw(TWO, LINES[2:], kinds_).lines[:1]] == ["Services, bill 1042"]


def test_after_a_purge_it_is_met_under_the_name_it_has_and_a_persons_stands() -> None:
    later = a_policy(generation=2)
    old = matters.afresh(a_matter(customer="70", written=NAMES[:1]), later).state
    assert (old.customer, old.stood, old.written) == ("", "70", NAMES[:1])
    assert matters.afresh(old, a_policy(generation=3)).state.stood == "70"
    told = a_matter(customer="70", generation=2)
    for shown, written in (("Project X", ()), (NAMES[0], NAMES[:1])):
        met = matters.linked(old, told, shown, later, NOW)
        assert (met.state.written, met.state.stood, met.state.renames) == (written, "", 0)
    renumbered = matters.linked(old, replace(told, name="00009"), NAMES[0], later, NOW)
    assert renumbered.state.renames == 1
    another = matters.linked(old, replace(told, customer="71"), "Project X", later, NOW)
    assert (another.state.written, another.state.stood) == (("Project X",), "")
