"""What happens to a client: seen, linked, followed when its customer is merged, lost, and decided about by a person."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain import agreeing, contact, linking
from chalicelib.domain.contact import Contact, Kept, Ours
from chalicelib.domain.effects import Do, key_of
from chalicelib.domain.kernel import Decision
from chalicelib.domain.linking import (
    ChoiceMade,
    ClientHidden,
    ClientLeft,
    ClientSeen,
    ContactFact,
    CustomerLinked,
    CustomerSeen,
    GivenUp,
    Left,
    Taken,
    customer_guard,
    differs,
)
from chalicelib.domain.profile import Agreed, Change, Profile, Side
from chalicelib.domain.readings import Address, ClientReading, CustomerReading
from chalicelib.errors import Refused
from tests.builders import NOW
from tests.domain.given import a_policy, kinds, one

HOME = Address(("12 Harbour Street",), "New York", "NY", "10004")
ADA = ClientReading("c1", "Ada Example", "ada@example.com", phone="555-0100", billing=HOME, whole=True)
ON_BILL = ClientReading("c1", "Ada Example", "ada@example.com")
SEEN = CustomerReading("7", "0", "Ada Example", "ada@example.com", active=True, phone="555-0100", billing=HOME)
PROFILE = Profile("Ada Example", "ada@example.com", "555-0100", "", HOME)


def a_contact(**fields: Any) -> Contact:
    """Read whole, not linked yet."""
    usual = Contact(
        "us-1", "c1", "Ada Example", "ada@example.com", company=False, phone="555-0100", billing=HOME, whole=True
    )
    return replace(usual, **fields)


def linked(**fields: Any) -> Contact:
    usual: dict[str, Any] = {
        "customer": "7", "realm": "realm-1", "books": PROFILE, "agreed": Agreed(PROFILE, PROFILE),
    }  # fmt: skip
    return a_contact(**{**usual, **fields})


def decide(state: Contact | None, fact: ContactFact, **policy: Any) -> Decision[Contact]:
    return linking.decide(state, fact, a_policy(**policy), NOW)


def step(revision: int) -> str:
    return key_of("us-1", Do.CUSTOMER, f"c1/{revision}")


# --- seen in Clio, before it is linked --------------------------------------------------------------------------------


def test_a_client_that_a_bill_shows_is_read_whole_first() -> None:
    decision = decide(None, ClientSeen(ON_BILL))
    assert not decision.state.whole
    effect = one(decision.effects, Do.LOOK_CLIENT)
    assert (effect.key, effect.lane) == ("us-1/clio.client/c1/first", "us-1|clio|us/1")


def test_read_whole_it_owes_a_customer() -> None:
    for state in (None, decide(None, ClientSeen(ON_BILL)).state):
        decision = decide(state, ClientSeen(ADA))
        assert decision.state == a_contact()
        effect = one(decision.effects, Do.CUSTOMER)
        assert (effect.key, effect.lane, effect.title) == (step(1), "us-1|quickbooks|realm-1", "Ada Example")


def test_one_that_clio_hides_owes_a_customer_from_what_its_bill_shows() -> None:
    state = decide(None, ClientSeen(ON_BILL)).state
    assert kinds(decide(state, ClientHidden())) == [Do.CUSTOMER]
    assert decide(a_contact(), ClientHidden()) == Decision(a_contact())
    assert decide(linked(whole=False), ClientHidden(again=True)) == Decision(linked(whole=False))
    again = decide(state, ClientHidden(again=True))
    assert (again.state.revision, kinds(again), again.closes) == (2, [Do.CUSTOMER], (step(1),))


def test_the_same_client_again_owes_nothing() -> None:
    assert decide(a_contact(), ClientSeen(ADA)) == Decision(a_contact())


@pytest.mark.parametrize("client", [replace(ADA, name="Ada E."), replace(ON_BILL, email="new@x.example")])
def test_another_name_or_address_before_linking_owes_it_anew_in_place_of_the_old(client: ClientReading) -> None:
    decision = decide(a_contact(), ClientSeen(client))
    assert (decision.state.revision, decision.closes) == (2, (step(1),))
    assert one(decision.effects, Do.CUSTOMER).title == client.name


def test_a_person_who_retries_owes_it_anew() -> None:
    assert decide(a_contact(), ClientSeen(ADA, again=True)).state.revision == 2


@pytest.mark.parametrize("fact", [ClientSeen(replace(ADA, name="Ada E.")), ClientSeen(ADA, again=True)])
def test_read_whole_under_another_name_or_by_a_retry_it_takes_the_place_of_what_was_owed(fact: ClientSeen) -> None:
    decision = decide(decide(None, ClientSeen(ON_BILL)).state, fact)
    assert (decision.state.revision, kinds(decision), decision.closes) == (2, [Do.CUSTOMER], (step(1),))


def test_what_a_client_is_is_taken_over() -> None:
    assert decide(a_contact(), ClientSeen(replace(ADA, is_company=True))).state.company
    assert decide(None, ClientSeen(ADA), generation=3).state.generation == 3


def test_only_other_values_differ() -> None:
    assert not differs(a_contact(), ADA)
    assert not differs(a_contact(), replace(ADA, phone="(555) 0100"))
    assert differs(a_contact(), replace(ADA, mobile="1"))
    assert differs(a_contact(whole=False), ADA)
    assert not differs(a_contact(), ON_BILL)


@pytest.mark.parametrize("fact", [ClientHidden(), ChoiceMade("suffix"), Taken("email", Side.CLIO), Left("email")])
def test_nothing_can_be_said_about_nobody(fact: ContactFact) -> None:
    with pytest.raises(Refused, match="no such client"):
        decide(None, fact)


# --- the link ---------------------------------------------------------------------------------------------------------


def test_a_customer_belongs_to_one_client() -> None:
    decision = decide(a_contact(), CustomerLinked("7", "realm-1", SEEN))
    assert (decision.state.customer, decision.state.realm) == ("7", "realm-1")
    assert [(g.key, g.holder, g.release) for g in decision.guards] == [
        ("quickbooks/realm-1/customer/7", "us-1/c1", False)
    ]
    assert decision.closes == (step(1),)
    assert decision.state.generation == 1


def test_a_link_belongs_to_its_generation_and_lets_the_customer_of_the_old_one_go() -> None:
    before = linked(choice="link:8")
    for shown in (SEEN, None):
        decision = decide(before, CustomerLinked("8", "realm-1~2", shown, generation=2), generation=2)
        new = decision.state
        assert (new.customer, new.realm, new.generation, new.choice) == ("8", "realm-1~2", 2, "link:8")
        assert [(g.key, g.release) for g in decision.guards] == [
            ("quickbooks/realm-1~2/customer/8", False),
            ("quickbooks/realm-1/customer/7", True),
        ]
        assert decision.closes == (step(1),)
    old = decide(linked(realm=""), CustomerLinked("8", "realm-1", SEEN))
    assert old.guards[1].key == "quickbooks/realm-1/customer/7", "linked before its company was kept"


def test_linking_one_that_was_there_writes_nothing_however_it_differs() -> None:
    theirs = replace(SEEN, name="Other, Ada", email="", phone="555-0999", billing=Address())
    decision = decide(a_contact(), CustomerLinked("7", "realm-1", theirs))
    assert decision.effects == ()
    assert decision.state.differing == ("name", "email", "phone", "billing")
    assert not decision.state.kept
    assert decide(decision.state, ClientSeen(ADA)).effects == ()


def test_of_one_that_we_made_what_it_shows_is_agreed_and_later_changes_go_over() -> None:
    now = a_contact(email="later@example.com")
    decision = decide(now, CustomerLinked("7", "realm-1", SEEN, created=True))
    assert decision.state.to_books == (Change("email", "later@example.com"),)
    effect = one(decision.effects, Do.CUSTOMER)
    assert (effect.key, effect.body["customer"]) == (step(2), "7")
    suffixed = replace(SEEN, name="Ada Example (Clio c1)")
    assert decide(a_contact(), CustomerLinked("7", "realm-1", suffixed, created=True)).effects == ()


def test_a_link_without_a_reading_is_looked_at_first() -> None:
    state = decide(a_contact(), CustomerLinked("7", "realm-1")).state
    assert (state.customer, state.books, state.differing) == ("7", None, ())
    effect = one(decide(state, ClientSeen(replace(ADA, phone="1"))).effects, Do.LOOK_CUSTOMER)
    assert effect.key == "us-1/quickbooks.look_customer/7/first"
    found = decide(state, CustomerSeen("7", replace(SEEN, phone="555-0999")))
    assert found.state.agreed == Agreed(PROFILE, replace(PROFILE, phone="555-0999"))
    assert found.effects == ()


def test_linking_another_one_lets_the_old_one_go_and_drops_what_was_under_way() -> None:
    clash = decide(linked(), ClientSeen(replace(ADA, phone="1"))).state
    clash = decide(clash, CustomerSeen("7", replace(SEEN, phone="2", email="new@example.com"))).state
    assert clash.kept
    assert clash.to_clio
    decision = decide(clash, CustomerLinked("8", "realm-1", replace(SEEN, id="8")))
    assert [(g.key, g.release) for g in decision.guards] == [
        ("quickbooks/realm-1/customer/8", False),
        ("quickbooks/realm-1/customer/7", True),
    ]
    new = decision.state
    assert (new.customer, new.kept, new.to_books, new.to_clio, new.ours) == ("8", (), (), (), ())
    closed = {step(clash.revision), "us-1/clio.change_client/c1/1", "us-1/task/contact/c1/phone/1"}
    assert closed <= set(decision.closes)


def test_a_link_of_an_earlier_generation_is_let_be() -> None:
    state = linked()
    moved = decide(state, ClientSeen(replace(ADA, phone="1")), generation=2)
    assert (moved.state, moved.effects) == (replace(state, phone="1"), ())
    assert decide(state, CustomerSeen("7", None), generation=2) == Decision(state)
    late = CustomerLinked("9", "realm-1", SEEN)
    assert decide(linked(generation=2), late, generation=2) == Decision(linked(generation=2))


def test_afresh_it_is_known_which_customer_it_was_until_another_is_linked() -> None:
    there = linked()
    once = linking.afresh(there, a_policy(generation=2), NOW).state
    assert there.books and (once.stood, once.stood_as) == (there.customer, there.books.name)
    again = linking.afresh(once, a_policy(generation=3), NOW).state
    assert (again.stood, again.stood_as) == (once.stood, once.stood_as)
    unread = linking.afresh(replace(there, books=None), a_policy(generation=2), NOW).state
    assert (unread.stood, unread.stood_as) == (there.customer, "")
    new = linking.decide(again, CustomerLinked("9", "realm-1~3", None, generation=3), a_policy(generation=3), NOW).state
    assert (new.customer, new.stood, new.stood_as) == ("9", "", "")


def test_afresh_nothing_of_the_old_link_is_left() -> None:
    clash = decide(linked(), ClientSeen(replace(ADA, phone="1"))).state
    clash = decide(clash, CustomerSeen("7", replace(SEEN, phone="2", email="new@example.com"))).state
    clash = replace(clash, lost="gone", answer="activate", chosen=(Change("email", "x@example.com"),), choice="clean")
    told = linking.afresh(clash, a_policy(generation=2), NOW)
    bare = a_contact(phone="1", revision=clash.revision + 1, generation=2, clio_revision=1, asked=1)
    assert told.state == replace(bare, stood="7", stood_as="Ada Example")
    assert len(told.closes) == 3


# --- seen in QuickBooks -----------------------------------------------------------------------------------------------


def test_a_customer_that_shows_what_was_agreed_changes_nothing() -> None:
    assert decide(linked(), CustomerSeen("7", SEEN)) == Decision(linked())
    assert decide(linked(), CustomerSeen("8", replace(SEEN, id="8", name="X"))) == Decision(linked())


@pytest.mark.parametrize(("there", "why"), [(replace(SEEN, active=False), "inactive"), (None, "gone")])
def test_an_inactive_or_missing_customer_is_lost_and_a_person_is_asked_once(
    there: CustomerReading | None, why: str
) -> None:
    decision = decide(linked(), CustomerSeen("7", there))
    assert (decision.state.lost, decision.state.usable, decision.state.customer) == (why, "", "7")
    assert (one(decision.effects, Do.CUSTOMER).key, decision.closes) == (step(2), (step(1),))
    assert decide(decision.state, CustomerSeen("7", there)) == Decision(decision.state)
    quiet = decide(decision.state, ClientSeen(replace(ADA, phone="1")))
    assert (quiet.effects, quiet.state.phone) == ((), "1")


def test_what_a_person_said_about_a_lost_customer_holds_until_it_is_lost_otherwise_or_there() -> None:
    sent = decide(linked(), ClientSeen(replace(ADA, phone="1"))).state
    inactive = decide(sent, CustomerSeen("7", replace(SEEN, active=False))).state
    assert (inactive.to_books, inactive.answer) == ((), "")
    said = decide(inactive, ChoiceMade("activate")).state
    assert decide(said, CustomerSeen("7", None)).state.answer == ""
    back = decide(said, CustomerSeen("7", SEEN)).state
    assert (back.answer, back.lost, back.to_books) == ("", "", (Change("phone", "1"),))


def test_active_again_it_goes_on_and_what_changed_meanwhile_goes_over() -> None:
    lost = decide(linked(), CustomerSeen("7", None)).state
    lost = decide(lost, ClientSeen(replace(ADA, phone="1"))).state
    decision = decide(lost, CustomerSeen("7", SEEN))
    assert (decision.state.lost, decision.state.to_books) == ("", (Change("phone", "1"),))
    assert decision.closes == (step(2),)
    assert one(decision.effects, Do.CUSTOMER).key == step(3)


def test_an_address_that_clio_no_longer_shows_us_was_not_removed() -> None:
    bare = replace(ON_BILL, email="")
    assert decide(linked(), ClientSeen(bare)) == Decision(linked())
    removed = decide(linked(whole=False), ClientSeen(bare)).state
    assert removed.to_books == (Change("email", ""),), "its bills are all that there is"


def test_what_was_on_its_way_to_clio_is_owed_anew_once_the_customer_is_there_again() -> None:
    moved = decide(linked(), CustomerSeen("7", replace(SEEN, phone="1"))).state
    lost = decide(moved, CustomerSeen("7", replace(SEEN, phone="1", active=False)))
    assert (lost.state.to_clio, lost.closes) == ((), (step(1), agreeing.change_key(moved)))
    back = decide(lost.state, CustomerSeen("7", replace(SEEN, phone="1")))
    assert (back.state.to_clio, kinds(back)) == ((Change("phone", "1"),), [Do.CHANGE_CLIENT])


def test_the_link_follows_a_merge() -> None:
    winner = CustomerReading("9", "4", "Example Holdings", "office@example.com", active=True)
    decision = decide(linked(choice="suffix"), CustomerSeen("7", replace(SEEN, active=False), into=winner))
    new = decision.state
    assert (new.customer, new.lost, new.choice, decision.effects) == ("9", "", "", ())
    assert [(g.key, g.release) for g in decision.guards] == [
        (customer_guard("realm-1", "9"), False),
        (customer_guard("realm-1", "7"), True),
    ]
    assert new.books is not None
    assert new.books.name == "Example Holdings"
    later = decide(linked(generation=2), CustomerSeen("7", None, into=winner), generation=2).state
    assert (later.customer, later.generation) == ("9", 2)


def test_a_merge_into_another_clients_customer_is_a_persons_business() -> None:
    decision = decide(linked(), CustomerSeen("7", None, elsewhere=True))
    assert (decision.state.lost, kinds(decision)) == ("merged", [Do.CUSTOMER])


# --- choices ----------------------------------------------------------------------------------------------------------


def test_a_choice_is_kept() -> None:
    told = decide(a_contact(apart="Ada New"), ChoiceMade("suffix")).state
    assert (told.choice, told.apart) == ("suffix", ""), "the name goes there with the rest again"
    lost = linked(lost="inactive")
    assert decide(lost, ChoiceMade("activate")).state == replace(lost, answer="activate")


def test_anew_unlinks_and_makes_another_with_a_suffix() -> None:
    decision = decide(linked(lost="inactive", revision=3), ChoiceMade("anew"))
    assert decision.state == a_contact(choice="suffix", revision=4)
    assert (one(decision.effects, Do.CUSTOMER).key, decision.closes) == (step(4), (step(3),))
    assert [(g.key, g.release) for g in decision.guards] == [(customer_guard("realm-1", "7"), True)]


def test_keep_leaves_the_name_as_each_side_shows_it() -> None:
    renamed = decide(linked(), ClientSeen(replace(ADA, name="Ada New"))).state
    assert renamed.to_books
    decision = decide(renamed, ChoiceMade("keep"))
    assert (decision.state.to_books, decision.state.differing) == ((), ("name",))
    assert decision.closes == (step(2),)
    assert decide(decision.state, CustomerSeen("7", SEEN)).effects == ()


def test_a_change_that_quickbooks_refused_is_left_field_by_field_and_the_next_goes_over() -> None:
    moved = decide(linked(), ClientSeen(replace(ADA, phone="1", email="b@example.com"))).state
    decision = decide(moved, ChoiceMade("stay"))
    assert (decision.state.to_books, decision.state.differing) == ((), ("email", "phone"))
    assert (decision.effects, decision.closes) == ((), (step(2),))
    later = decide(decision.state, ClientSeen(replace(ADA, phone="2", email="b@example.com"))).state
    assert later.to_books == (Change("phone", "2"),)


def test_a_name_that_was_refused_before_is_asked_about_by_itself() -> None:
    moved = decide(linked(), ClientSeen(replace(ADA, phone="1", name="Ada New"))).state
    decision = decide(replace(moved, apart="Ada New"), ChoiceMade("stay"))
    assert decision.state.to_books == (Change("name", "Ada New"),)


# --- where it is listed -----------------------------------------------------------------------------------------------


def test_contacts_are_listed_by_name_and_by_how_they_stand() -> None:
    for state, where in (
        (a_contact(), "unlinked"),
        (linked(), "linked"),
        (linked(lost="gone"), "conflict"),
    ):
        listing = contact.listing(state)
        assert listing.list == (f"us-1/contacts/{where}", "ada example#c1")
        assert listing.group == ("us-1/contacts", "ada example#c1")


def test_a_client_whose_customer_is_gone_stays_without_one_where_a_person_accepts_it() -> None:
    lost = linked(lost="inactive", revision=3)
    decision = decide(lost, ChoiceMade("without"))
    assert (decision.state.without, decision.state.usable, decision.effects) == (True, "", ())
    assert decision.closes == (agreeing.step_key(lost),)
    assert contact.standing(decision.state) == "unlinked"
    assert contact.standing(lost) == "conflict"
    with pytest.raises(Refused, match="there again"):
        decide(linked(), ChoiceMade("without"))


def test_what_was_kept_of_its_fields_is_no_question_any_more_where_it_stays_without_a_customer() -> None:
    kept = Kept("email", Side.QUICKBOOKS, "b@example.com", "", NOW, 1)
    lost = linked(lost="inactive", kept=(kept,), asked=1)
    decision = decide(lost, ChoiceMade("without"))
    assert (decision.state.kept, decision.closes) == ((), (step(1), agreeing.task_key(lost, kept)))


# --- Clio shows the client no more ------------------------------------------------------------------------------------


def vanished(**fields: Any) -> Contact:
    told = decide(linked(**fields), ClientHidden(deleted=True))
    assert told.state.vanished == contact.ASKED
    return told.state


def test_a_linked_client_that_vanishes_is_asked_about_and_nothing_is_owed_for_its_fields() -> None:
    moving = linked(
        whole=False,
        revision=2,
        to_books=(Change("email", "new@example.com"),),
        to_clio=(Change("phone", "1"),),
        clio_revision=3,
        kept=(Kept("name", Side.CLIO, "Ada N.", "", NOW, 1),),
        chosen=(Change("name", "Ada N."),),
        asked=1,
    )
    told = decide(moving, ClientHidden(deleted=True))
    task = one(told.effects, Do.TASK)
    assert task.key == linking.vanished_key(told.state) == key_of("us-1", Do.TASK, "broken/client/c1/2")
    assert task.body == {"broken": "client", "contact": "c1", "choices": [linking.LOOK], "may_close": True}
    assert (task.about, task.title) == ("contact/c1", "Client Ada Example: no longer in Clio")
    assert told.closes == (step(2), agreeing.change_key(moving), agreeing.task_key(moving, moving.kept[0]))
    new = told.state
    assert (new.to_books, new.to_clio, new.kept, new.chosen, new.usable) == ((), (), (), (), "7")
    assert contact.standing(new) == "conflict"
    assert decide(new, ClientHidden(deleted=True)) == Decision(new)
    assert decide(linked(), ClientHidden(deleted=True)).closes == (), "nothing was owed"


def test_without_clios_word_only_one_that_was_read_before_and_has_a_customer_is_asked_about() -> None:
    assert decide(linked(), ClientHidden()).state.vanished == contact.ASKED
    accepted = linked(lost="gone", answer="without")
    for other in (linked(whole=False), accepted):
        assert decide(other, ClientHidden()) == Decision(other)
    for other in (a_contact(), accepted, linked(generation=0)):
        assert decide(other, ClientHidden(deleted=True)) == Decision(other)


def test_what_quickbooks_changes_of_a_vanished_client_is_seen_and_goes_nowhere() -> None:
    told = decide(vanished(), CustomerSeen("7", replace(SEEN, phone="555-0199")))
    assert (told.effects, told.state.to_clio) == ((), ())
    assert told.state.books is not None and told.state.books.phone == "555-0199"
    for fact in (Taken("phone", Side.QUICKBOOKS), Left("phone")):
        with pytest.raises(Refused, match="no longer shows"):
            decide(told.state, fact)


def test_one_that_is_shown_again_is_kept_in_step_again() -> None:
    gone = vanished()
    assert differs(gone, ADA) and not differs(gone, ON_BILL)
    assert decide(gone, ClientSeen(ON_BILL)).state == gone
    told = decide(gone, ClientSeen(replace(ADA, email="new@example.com")))
    assert (told.state.vanished, told.state.customer, kinds(told)) == ("", "7", [Do.CUSTOMER])
    assert told.closes == (linking.vanished_key(gone),)
    left = decide(gone, ClientLeft())
    assert decide(left.state, ClientSeen(ADA)).closes == ()


def test_what_we_wrote_before_it_vanished_is_ours_however_late_quickbooks_shows_it() -> None:
    """A customer's step whose answer was lost (simulator, seed 1010761)."""
    email = Change("email", "new@example.com")
    ours = (Ours(Side.QUICKBOOKS, "email", email.value, 1),)
    moving = linked(email=email.value, revision=1, to_books=(email,), ours=ours)
    gone = decide(moving, ClientHidden(deleted=True)).state
    shown = decide(gone, CustomerSeen("7", replace(SEEN, email="new@example.com"))).state
    back = decide(shown, ClientSeen(replace(ADA, email="right@example.com")))
    assert (back.state.kept, [c.value for c in back.state.to_books]) == ((), ["right@example.com"])


def test_a_person_leaves_it_so_once() -> None:
    gone = vanished()
    left = decide(gone, ClientLeft())
    assert (left.state.vanished, left.closes, left.effects) == (contact.LEFT, (linking.vanished_key(gone),), ())
    assert contact.standing(left.state) == "linked"
    with pytest.raises(Refused, match="again"):
        decide(left.state, ClientLeft())


def test_the_question_ends_with_the_link() -> None:
    gone = vanished()
    key = linking.vanished_key(gone)
    lost = replace(gone, lost="gone")
    ended = (
        decide(gone, GivenUp("7")),
        decide(lost, ChoiceMade("without")),
        linking.afresh(gone, a_policy(generation=2), NOW),
    )
    for told in ended:
        assert told.state.vanished == "" and key in told.closes
    left = decide(gone, ClientLeft()).state
    assert linking.afresh(left, a_policy(generation=2), NOW).state.vanished == contact.LEFT


# --- taken over by another client -----------------------------------------------------------------------------------


def test_a_client_whose_customer_is_taken_over_stays_without_one_until_a_person_retries() -> None:
    moving = linked(to_clio=(Change("email", "new@example.com"),), clio_revision=3)
    told = decide(moving, GivenUp("7"))
    new = told.state
    assert (new.customer, new.usable, new.without, new.to_clio) == ("", "", True, ())
    assert [(g.key, g.release) for g in told.guards] == [(customer_guard("realm-1", "7"), True)]
    assert told.closes == (step(1), agreeing.change_key(moving))
    assert decide(linked(), GivenUp("7")).closes == (step(1),)
    for seen in (ClientSeen(replace(ADA, name="Ada Newname")), ClientHidden()):
        assert decide(replace(new, whole=False), seen).effects == ()
    for again in (ClientSeen(ADA, again=True), ClientHidden(again=True)):
        assert kinds(decide(new, again)) == [Do.CUSTOMER]


def test_a_customer_that_is_not_the_clients_any_more_is_not_given_up() -> None:
    assert decide(linked(), GivenUp("8")) == Decision(linked())


def test_the_customer_that_a_person_chose_is_read_from_the_choice() -> None:
    assert [linking.picked(c) for c in ("link:7", "over:8", "suffix", "")] == ["7", "8", "", ""]
