"""A matter's sub-customer that people make inactive, merge or move in QuickBooks: found, shown once, decided about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain import matters
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Commit, Decision, Effect, Guard, Neighbour, Status
from chalicelib.errors import Conflict, Refused
from chalicelib.flow import broken, contact_views, contacts, health, subcustomer_links
from chalicelib.flow.budget import Floor
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of, settle
from chalicelib.flow.subcustomers import LOST
from tests.flow import acts, races
from tests.flow.acts import STAFF, booked, invoice, payable
from tests.flow.test_purge import begin_anew, purge
from tests.flow.test_renaming import NEW, a_stage, matter, rename, told
from tests.flow.test_subcustomers import ONE, TWO_MATTERS, a_new_bill, customer, people
from tests.world import Stage

OTHER = "Other below"


def own(stage: Stage, number: str = ONE) -> str:
    return acts.contact(stage, payable(stage, number).client_name).customer


def a_poll(stage: Stage) -> None:
    """The next poll of QuickBooks, and what follows."""
    stage.pass_time(5, minutes=17)


def take_away(stage: Stage, how: str = "inactive") -> str:
    """What somebody does to the sub-customer of bill ONE, which the next poll finds. Gives its id."""
    sub = customer(stage, ONE)
    if how == "inactive":
        people(stage).deactivate_customer(stage.realm, sub["Id"])
    elif how == "merged":
        people(stage).merge_customers(stage.realm, sub["Id"], own(stage))
    else:
        parent = people(stage).add_customer(stage.realm, "Somebody else")["Id"]
        people(stage).change_name(stage.realm, "Customer", sub["Id"], ParentRef={"value": parent})
    a_poll(stage)
    return str(sub["Id"])


def asked(stage: Stage) -> list[Effect]:
    return acts.tasks(stage, "broken")


def decide(stage: Stage, choice: str, to: str = "") -> None:
    [task] = asked(stage)
    broken.decide(stage.world, stage.firm, task.key, choice, to, STAFF)
    stage.pass_time(2, minutes=3)


def another(stage: Stage, name: str = OTHER) -> str:
    """A sub-customer below the client of bill ONE, made by hand."""
    return str(people(stage).add_customer(stage.realm, name, ParentRef={"value": own(stage)}, Job=True)["Id"])


def waits(stage: Stage, number: str) -> str:
    """Why the bill's invoice waits."""
    about = f"payable/{payable(stage, number).id}"
    [cause] = [e.cause for e in acts.all_effects(stage) if e.kind == Do.INVOICE and e.about == about and not e.call]
    return cause


# --- found ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["inactive", "merged", "moved"])
def test_one_that_is_taken_away_is_shown_once_among_the_broken_links(how: str) -> None:
    stage = a_stage()
    take_away(stage, how)
    [task] = asked(stage)
    assert task.title == f"Sub-customer of matter {matter(stage).name}"
    assert [i.key for i in health.health(stage.world, stage.firm).broken] == [task.key]
    people(stage).rename_customer(stage.realm, customer(stage, TWO_MATTERS)["Id"], "Another name")
    a_poll(stage)
    a_poll(stage)
    assert asked(stage) == [task]


def test_it_is_shown_with_its_client_too_and_with_nobody_else() -> None:
    stage = a_stage()
    take_away(stage)
    [task], p = asked(stage), payable(stage, ONE)
    shown = contact_views.contact(stage.world, stage.firm, p.client_id)
    assert ([i.key for i in shown.items], shown.matters_without, shown.more) == ([task.key], (), False)
    others = {x.client_id for x in acts.payables(stage)} - {p.client_id}
    assert others
    for id in others:
        assert task.key not in [i.key for i in contact_views.contact(stage.world, stage.firm, id).items]
    decide(stage, "accept")
    shown = contact_views.contact(stage.world, stage.firm, p.client_id)
    assert (shown.items, shown.matters_without) == ((), (matter(stage).name,))


def test_a_client_with_very_many_shows_some_and_says_that_there_are_more() -> None:
    stage = a_stage()
    take_away(stage)
    held, client = matter(stage), payable(stage, ONE).client_id
    for n in range(contact_views.MATTERS_SHOWN + 1):
        other = replace(held, id=matters.id_of(client, f"x{n}"), matter=f"x{n}", without=True)
        ref = subcustomer_links.ref_of(stage.firm, other.id)
        settle(stage.world, [ref], lambda _s, _n, r=ref, o=other: {r: Decision(o)}, fact="Made")  # type: ignore[misc]
    shown = contact_views.contact(stage.world, stage.firm, client)
    assert shown.more
    assert len(shown.items) + len(shown.matters_without) == contact_views.MATTERS_SHOWN


def test_a_webhook_of_quickbooks_finds_it_in_minutes() -> None:
    stage = a_stage(hooks=True)
    people(stage).deactivate_customer(stage.realm, customer(stage, ONE)["Id"])
    stage.pass_time(1, minutes=4)
    assert len(asked(stage)) == 1


def test_many_are_read_with_one_query_and_our_own_echoes_with_none() -> None:
    stage = a_stage()
    a_poll(stage)
    looks = [e for e in acts.all_effects(stage) if e.kind == Do.LOOK_SUB_CUSTOMER]
    assert not looks, "those that we made"
    rename(stage)
    subs = [c["Id"] for c in booked(stage, "Customer") if c["Job"]]
    for id in subs:
        people(stage).deactivate_customer(stage.realm, id)
    before = acts.calls(stage)
    a_poll(stage)
    assert len(asked(stage)) == len(subs) > 1
    read = [path for _, _, path in acts.requests_since(stage, before) if "Customer" in path and "Id+in" in path]
    assert len(read) <= 1, read


def test_it_is_found_after_a_long_silence_too() -> None:
    stage = a_stage()
    people(stage).deactivate_customer(stage.realm, customer(stage, ONE)["Id"])
    stage.world.clock.move(days=45)
    stage.pass_time(5, hours=2)
    assert len(asked(stage)) == 1


def test_set_back_it_is_no_longer_shown_and_what_waited_goes_on() -> None:
    stage = a_stage()
    sub = take_away(stage)
    a_new_bill(stage, "9001")
    assert waits(stage, "9001") == LOST
    told(stage)
    assert customer(stage, ONE)["DisplayName"] != NEW, "what is inactive is let be"
    people(stage).reactivate_customer(stage.realm, sub)
    a_poll(stage)
    assert asked(stage) == []
    assert customer(stage, "9001")["Id"] == sub
    assert customer(stage, ONE)["DisplayName"] == NEW


def test_an_invoice_that_meets_it_first_tells_of_it_and_waits_without_reading_again() -> None:
    stage = a_stage()
    a_poll(stage)
    people(stage).deactivate_customer(stage.realm, customer(stage, ONE)["Id"])
    a_new_bill(stage, "9001")
    assert len(asked(stage)) == 1
    a_poll(stage)
    before = acts.calls(stage)
    stage.pass_time(3, minutes=14)
    assert not [path for _, _, path in acts.requests_since(stage, before) if "+Customer+" in path]
    assert waits(stage, "9001") == LOST and not acts.parked_on(stage, "9001", Do.INVOICE)


def test_a_change_that_waits_for_a_persons_word_asks_quickbooks_nothing_and_goes_on_with_it() -> None:
    stage = a_stage()
    sub = take_away(stage)
    stage.world.clio_box.people.edit_bill(ONE, total=130000)
    acts.poll(stage)
    stage.pass_time(5, hours=2)
    assert LOST in [e.cause for e in acts.all_effects(stage) if e.kind == Do.INVOICE and e.status is Status.OWED]
    before = acts.calls(stage)
    stage.pass_time(10, hours=72)
    assert not [p for box, _, p in acts.requests_since(stage, before) if box == "quickbooks" and p.endswith("/query")]
    people(stage).reactivate_customer(stage.realm, sub)
    a_poll(stage)
    assert acts.cents(invoice(stage, ONE)["TotalAmt"]) == 130000


def test_below_the_customer_that_the_client_is_linked_to_now_it_can_be_used() -> None:
    stage = a_stage()
    sub = take_away(stage, "moved")
    a_new_bill(stage, "9001")
    client = payable(stage, ONE).client_id
    contacts.link_by_name(stage.world, stage.firm, client, "Somebody else", STAFF)
    stage.pass_time(10, minutes=70)
    assert (customer(stage, "9001")["Id"], asked(stage)) == (sub, [])


def test_a_pointer_at_one_that_no_matter_has_is_let_be() -> None:
    stage = a_stage()
    lane = acts.lane(stage, Neighbour.QUICKBOOKS)
    look = matters.look(stage.firm, lane, own(stage), stage.world.now())
    stage.world.store.arrive(look)
    stage.work()
    found = stage.world.store.effect(look.key)
    assert found and found.status is Status.DONE


def test_a_reading_counts_only_if_no_pointer_came_since() -> None:
    stage = a_stage()
    sub = customer(stage, ONE)["Id"]
    people(stage).deactivate_customer(stage.realm, sub)
    look = matters.look(stage.firm, acts.lane(stage, Neighbour.QUICKBOOKS), sub, stage.world.now())
    stage.world.store.arrive(look)
    policy = policy_of(stage.world, stage.firm)
    reach = Reach(stage.world, stage.firm, policy.lanes, Floor.PERSON)
    with races.before(stage.world.store, "commit", lambda: stage.world.store.arrive(look)):
        subcustomer_links.look(stage.world, reach, policy, [look])
    found = stage.world.store.effect(look.key)
    assert found and (found.status, found.cause, asked(stage)) == (Status.OWED, "It moved meanwhile.", [])
    stage.pass_time(1, minutes=1)
    assert len(asked(stage)) == 1


def test_a_purge_ends_the_question() -> None:
    stage = a_stage()
    take_away(stage)
    assert asked(stage)
    purge(stage)
    begin_anew(stage, stage.realm)
    assert asked(stage) == []


# --- decided ----------------------------------------------------------------------------------------------------------


def test_each_choice_says_what_it_would_do() -> None:
    stage = a_stage()
    take_away(stage)
    [task] = asked(stage)
    told = broken.choices(stage.world, stage.firm, task.key)
    assert [o.choice for o in told.options] == ["anew", "link", "accept"]
    assert all(o.effect for o in told.options)
    assert told.cause == task.reason
    with pytest.raises(Refused, match="offered ways"):
        broken.decide(stage.world, stage.firm, task.key, "activate", "", STAFF)


def test_another_one_is_made_and_what_waited_belongs_to_it() -> None:
    stage = a_stage()
    sub = take_away(stage)
    a_new_bill(stage, "9001")
    decide(stage, "anew")
    new = customer(stage, "9001")
    assert new["Id"] != sub and new["ParentRef"]["value"] == own(stage) and "(Clio " in new["DisplayName"]
    a_new_bill(stage, "9002")
    assert (customer(stage, "9002")["Id"], asked(stage)) == (new["Id"], [])
    people(stage).deactivate_customer(stage.realm, new["Id"])
    a_poll(stage)
    assert len(asked(stage)) == 1, "the next one is another question"


def test_another_one_is_linked_by_its_name_which_stands() -> None:
    stage = a_stage()
    take_away(stage)
    a_new_bill(stage, "9001")
    other = another(stage)
    decide(stage, "link", f" {OTHER} ")
    assert customer(stage, "9001")["Id"] == other
    told(stage)
    stage.pass_time(2, minutes=15)
    assert (customer(stage, "9001")["DisplayName"], asked(stage)) == (OTHER, [])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (" ", "Give the sub-customer's name"),
        ("x" * 600, "Give the sub-customer's name"),
        ("Nobody", "There is no customer “Nobody”"),
        ("Gone", "“Gone” is inactive"),
        ("Elsewhere", "not below its client's customer"),
        ("Twin", "linked to this one already"),
    ],
)
def test_what_does_not_fit_is_refused_with_words(name: str, words: str) -> None:
    stage = a_stage()
    take_away(stage)
    people(stage).deactivate_customer(stage.realm, another(stage, "Gone"))
    people(stage).add_customer(stage.realm, "Elsewhere")
    p = payable(stage, TWO_MATTERS)
    if name == "Twin":  # a client is linked to it
        twin = another(stage, "Twin")
        assert twin
        contacts.link_by_name(stage.world, stage.firm, p.client_id, "Twin", STAFF)
    [task] = asked(stage)
    with pytest.raises(Refused, match=words):
        broken.decide(stage.world, stage.firm, task.key, "link", name, STAFF)
    assert asked(stage) == [task]


def test_one_that_another_matter_takes_at_this_moment_is_refused() -> None:
    stage = a_stage()
    take_away(stage)
    taken = Guard(matters.guard_of(policy_of(stage.world, stage.firm).lanes.book, another(stage)), f"{stage.firm}/x")
    [task] = asked(stage)
    first = lambda: stage.world.store.commit(Commit(guards=(taken,)))  # noqa: E731
    with races.before(stage.world.store, "commit", first), pytest.raises(Refused, match="linked to this one already"):
        broken.decide(stage.world, stage.firm, task.key, "link", OTHER, STAFF)
    assert asked(stage) == [task]


def test_a_decision_that_meets_others_again_and_again_changes_nothing() -> None:
    stage = a_stage()
    take_away(stage)
    [task] = asked(stage)
    with races.before(stage.world.store, "commit", races.taken, times=5), pytest.raises(Conflict):
        broken.decide(stage.world, stage.firm, task.key, "accept", "", STAFF)
    assert asked(stage) == [task]


def test_without_a_customer_of_the_client_none_is_linked() -> None:
    stage = a_stage()
    take_away(stage)
    [task] = asked(stage)
    mine = own(stage)
    people(stage).deactivate_customer(stage.realm, mine)
    contacts.point_at_customers(stage.world, policy_of(stage.world, stage.firm), [mine])
    stage.work()
    [step] = [e for e in acts.parked(stage, kind=Do.CUSTOMER) if e.body.get("broken")]
    broken.decide(stage.world, stage.firm, step.key, "anew", "", STAFF)
    with pytest.raises(Refused, match="no customer in QuickBooks at present"):
        broken.decide(stage.world, stage.firm, task.key, "link", OTHER, STAFF)


def test_accepted_the_matters_invoices_are_the_clients_own_until_it_is_set_back() -> None:
    stage = a_stage()
    sub = take_away(stage)
    a_new_bill(stage, "9001")
    decide(stage, "accept")
    assert customer(stage, "9001")["Id"] == own(stage)
    link = payable(stage, "9001").booked
    assert link and not link.matter
    a_new_bill(stage, "9002")
    assert (customer(stage, "9002")["Id"], asked(stage)) == (own(stage), [])
    assert customer(stage, ONE)["Id"] == sub, "what is there stays there"
    people(stage).reactivate_customer(stage.realm, sub)
    a_poll(stage)
    a_new_bill(stage, "9003")
    assert (customer(stage, "9003")["Id"], asked(stage)) == (sub, [])
