"""A client deleted in Clio whose customer is in QuickBooks: a broken link, shown once, and a person's choice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.contact import ASKED, LEFT, WITHOUT
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Kind, Neighbour
from chalicelib.domain.linking import TAKEN_OVER
from chalicelib.domain.readings import EventPointer
from chalicelib.errors import Refused
from chalicelib.flow import attention, broken, connecting, contact_views, contacts, health, inbox, reconciling
from chalicelib.flow.settle import policy_of
from tests.builders import put
from tests.flow import acts
from tests.flow.acts import STAFF, a_synced_stage, booked, contact, parked
from tests.flow.test_contact_merges import BILL, a_paid_stage, merge, of
from tests.flow.test_contact_merges import asked as take_over_question
from tests.flow.test_contacts import ADA, customer, edit_books, edit_clio, held, look, writes
from tests.flow.test_contacts import email as new_email
from tests.flow.test_news import a_told_stage
from tests.world import Stage


def news(stage: Stage, id: str, event: str = "deleted") -> None:
    """Clio's webhook tells of the contact."""
    account = policy_of(stage.world, stage.firm).lanes.clio
    inbox.point(stage.world, Neighbour.CLIO, [EventPointer("1", account, event, "contact", id)])
    stage.pass_time(1, minutes=2)


def delete(stage: Stage, name: str = ADA) -> str:
    id = contact(stage, name).id
    stage.world.clio_box.people.delete_client(name)
    news(stage, id)
    return id


def hide(stage: Stage, *ids: str) -> None:
    stage.world.clio_box.switches["hidden_contacts"] = [int(id) for id in ids]


def questions(stage: Stage) -> list[Any]:
    return [e for e in parked(stage, kind=Do.TASK) if e.body.get("broken") == "client"]


def choose(stage: Stage, choice: str, to: str = "") -> None:
    [task] = questions(stage)
    broken.decide(stage.world, stage.firm, task.key, choice, to, STAFF)
    stage.pass_time(2, minutes=5)


def test_a_deleted_client_with_a_customer_is_a_broken_link_with_its_choices() -> None:
    stage = a_synced_stage()
    id = delete(stage)
    [item] = health.health(stage.world, stage.firm).broken
    assert item.title == f"Client {ADA}: no longer in Clio"
    assert "deleted, merged into another one, or hidden" in item.cause
    assert [a.do for a in item.actions] == ["decide"]
    shown = broken.choices(stage.world, stage.firm, item.key)
    assert [o.choice for o in shown.options] == ["look", "link", "accept"]
    assert all(o.effect and all(line.endswith(".") for line in o.effect) for o in shown.options)
    page = contact_views.contact(stage.world, stage.firm, id)
    assert (page.vanished, page.row.status.word, [i.key for i in page.items]) == (ASKED, "Link broken", [item.key])
    assert "Shows the client no longer" in [e.words for e in page.timeline]
    news(stage, id)
    assert len(questions(stage)) == 1


def test_clios_webhook_tells_of_it_at_once() -> None:
    stage = a_told_stage()
    stage.world.clio_box.people.delete_client(ADA)
    stage.work()
    assert len(questions(stage)) == 1


def test_one_that_has_no_customer_is_forgotten_silently() -> None:
    stage = a_synced_stage()
    connecting.purge(stage.world, stage.firm, "Hartwell & Pine LLP", STAFF)
    delete(stage)
    assert not questions(stage)


def test_the_client_of_a_deleted_matter_is_not_deleted() -> None:
    stage = a_synced_stage()
    news(stage, contact(stage, ADA).id, "updated")
    assert not questions(stage)


def test_where_a_person_accepts_it_the_customer_stays_and_nothing_is_written_to_it() -> None:
    stage = a_synced_stage()
    id = delete(stage)
    choose(stage, "accept")
    assert (of(stage, id).vanished, of(stage, id).usable != "") == (LEFT, True)
    before = writes(stage)
    edit_books(stage, PrimaryPhone={"FreeFormNumber": "555-0199"})
    look(stage)
    assert writes(stage) == before + 1, "the change of the person alone"
    assert customer(stage)["PrimaryPhone"]["FreeFormNumber"] == "555-0199"
    page = contact_views.contact(stage.world, stage.firm, id)
    assert (page.row.status.word, page.items, [f.takes for f in page.fields if f.takes]) == (
        "No longer in Clio",
        (),
        [],
    )
    news(stage, id)
    assert not questions(stage)
    with pytest.raises(Refused, match="no longer shows"):
        contacts.take(stage.world, stage.firm, id, "phone", "quickbooks", STAFF)


def test_one_that_is_only_hidden_is_asked_about_and_kept_in_step_again_once_it_is_shown() -> None:
    stage = a_synced_stage()
    id = contact(stage, ADA).id
    hide(stage, id)
    news(stage, id, "updated")
    assert len(questions(stage)) == 1
    choose(stage, "look")
    assert len(questions(stage)) == 1, "it is hidden still"
    edit_clio(stage, **new_email("new@example.com", stage))
    hide(stage)
    choose(stage, "look")
    assert not questions(stage)
    assert customer(stage)["PrimaryEmailAddr"]["Address"] == "new@example.com"
    assert of(stage, id).vanished == ""


def test_a_poll_that_shows_it_again_closes_the_question() -> None:
    stage = a_synced_stage()
    id = contact(stage, ADA).id
    hide(stage, id)
    news(stage, id, "updated")
    hide(stage)
    stage.world.clio_box.changed(held(stage))
    acts.poll(stage)
    assert not questions(stage)


def test_one_that_clio_never_showed_is_believed_gone_only_where_clio_says_so() -> None:
    stage = acts.a_stage()
    there = held(stage, "Calder Freight Inc")
    hide(stage, str(there.id))
    stage.resync()
    news(stage, str(there.id), "updated")
    assert not questions(stage)
    news(stage, str(there.id))
    assert len(questions(stage)) == 1


def test_a_change_that_clio_has_nobody_for_asks_what_becomes_of_the_customer() -> None:
    stage = a_synced_stage()
    stage.world.clio_box.people.delete_client(ADA)
    edit_books(stage, PrimaryPhone={"FreeFormNumber": "555-0199"})
    look(stage)
    stage.pass_time(2, minutes=5)
    assert len(questions(stage)) == 1
    assert not parked(stage, kind=Do.CHANGE_CLIENT)


# --- where no news came -----------------------------------------------------------------------------------------------


def test_a_comparison_in_full_finds_who_is_gone_and_whose_change_was_missed() -> None:
    stage = a_synced_stage()
    stage.world.clio_box.people.delete_client(ADA)
    box = held(stage, "Calder Freight Inc")
    box.name = "Calder Freight Ltd"  # no list and no webhook tells of it
    reconciling.start(stage.world, stage.firm, reconciling.NIGHT, full=False)
    stage.pass_time(1, minutes=2)
    assert not questions(stage), "a night reads what is open or changed"
    before = acts.calls(stage)
    report = acts.compare(stage)
    asked = [path for _, _, path in acts.requests_since(stage, before) if "contacts" in path]
    assert len(asked) == 2, "one page, and who differs"
    assert report.counts["clients"] == 10
    assert [q.body["contact"] for q in questions(stage)] == [contact(stage, ADA).id]
    stage.pass_time(1, minutes=2)
    assert customer(stage, "Calder Freight Ltd")["DisplayName"] == "Calder Freight Ltd"


def test_many_clients_that_are_not_shown_at_once_are_one_difference_and_no_questions() -> None:
    stage = a_synced_stage()
    state = contact(stage, ADA)
    for n in range(12):
        put(stage.world.store, Kind.CONTACT, replace(state, id=f"90{n:02}", customer=f"70{n}"))
    named = [d for d in acts.compare(stage).differences if d.kind == "clients not shown in Clio"]
    assert [d.cause.split(" to the user")[0] for d in named] == ["Clio does not show 12 of 22 clients"]
    assert not questions(stage)


# --- merged in Clio ---------------------------------------------------------------------------------------------------


def test_a_take_over_answers_the_deletion_of_the_one_that_was_merged() -> None:
    stage = a_paid_stage()
    old, new = merge(stage)
    news(stage, old)
    there = of(stage, old).customer
    assert len(questions(stage)) == 1
    attention.retry(stage.world, stage.firm, take_over_question(stage, new).key, STAFF, f"over:{there}")
    stage.pass_time(5, minutes=30)
    assert (of(stage, new).customer, of(stage, old).customer, questions(stage)) == (there, "", [])
    news(stage, old)
    assert not questions(stage)


def test_the_deletion_answers_the_take_over_where_a_person_names_the_other_client() -> None:
    stage = a_paid_stage()
    customers = len(booked(stage, "Customer"))
    old, new = merge(stage)
    news(stage, old)
    there = of(stage, old).customer
    choose(stage, "link", of(stage, old).name.upper())
    assert (of(stage, new).customer, of(stage, old).customer, questions(stage)) == (there, "", [])
    assert not parked(stage, kind=Do.CUSTOMER, about=f"contact/{new}") and not acts.parked_on(stage, BILL)
    assert len(booked(stage, "Customer")) == customers


@pytest.mark.parametrize(
    ("name", "why"),
    [("", "Give the other client's name"), ("Nobody", "no other client"), (ADA, "no other client")],
)
def test_a_client_that_is_not_there_takes_nothing_over(name: str, why: str) -> None:
    stage = a_synced_stage()
    delete(stage)
    with pytest.raises(Refused, match=why):
        choose(stage, "link", name)


def test_a_client_with_open_bills_keeps_its_customer() -> None:
    stage = a_synced_stage()
    delete(stage)
    with pytest.raises(Refused, match="still open"):
        choose(stage, "link", "Felix Ortega")
    assert len(questions(stage)) == 1


def test_a_client_that_has_a_customer_of_its_own_takes_no_other() -> None:
    stage = a_paid_stage()
    old, new = merge(stage)
    news(stage, old)
    attention.retry(stage.world, stage.firm, take_over_question(stage, new).key, STAFF, "suffix")
    stage.pass_time(5, minutes=30)
    with pytest.raises(Refused, match="a customer of its own"):
        choose(stage, "link", of(stage, old).name)


def test_a_customer_that_is_inactive_is_handed_over_to_nobody() -> None:
    stage = a_paid_stage()
    old, _new = merge(stage)
    news(stage, old)
    stage.world.quickbooks_box.people.deactivate_customer(stage.realm, of(stage, old).customer)
    with pytest.raises(Refused, match="not active"):
        choose(stage, "link", of(stage, old).name)


def test_several_clients_of_one_name_are_told_apart_on_their_pages() -> None:
    stage = a_paid_stage()
    old, new = merge(stage)
    news(stage, old)
    put(stage.world.store, Kind.CONTACT, replace(of(stage, new), id="909", lost=TAKEN_OVER, answer=WITHOUT))
    with pytest.raises(Refused, match="Several clients"):
        choose(stage, "link", of(stage, old).name)
