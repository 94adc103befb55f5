"""Linked clients and customers are kept in step: a change on either side goes over once, and echoes write nothing."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain import effects, linking
from chalicelib.domain.firm import ContactsStand, LinksPurged
from chalicelib.domain.kernel import Kind, Neighbour
from chalicelib.domain.readings import Broken, ClientReading
from chalicelib.errors import Refused, Unreadable
from chalicelib.flow import attention, contacts, customers, signing
from chalicelib.flow.budget import Floor
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of
from infra.sandbox.clio.state import Contact as ClioContact
from infra.sandbox.kit import Fault
from tests.flow import acts
from tests.flow.acts import STAFF, a_stage, a_synced_stage, booked, contact, parked, tasks
from tests.world import Stage

ADA = "Ada Example"


def people(stage: Stage) -> Any:
    return stage.world.clio_box.people


def held(stage: Stage, name: str = ADA) -> Any:
    """The contact in Clio's own books."""
    return next(c for c in stage.world.clio_box.state.rows["contacts"].values() if c.name == name)


def customer(stage: Stage, name: str = ADA) -> dict[str, Any]:
    """Its customer in QuickBooks' own books."""
    id = contact(stage, name).customer
    return next(c for c in booked(stage, "Customer") if c["Id"] == id)


def edit_clio(stage: Stage, name: str = ADA, **data: Any) -> None:
    people(stage).edit_client(name, **data)


def edit_books(stage: Stage, name: str = ADA, **changes: Any) -> None:
    stage.world.quickbooks_box.people.change_name(stage.realm, "Customer", contact(stage, name).customer, **changes)


def look(stage: Stage, name: str = ADA, *more: str, into: str = "") -> None:
    """News of the customer came, as a webhook or change data capture would bring it."""
    policy = policy_of(stage.world, stage.firm)
    lane = policy.lanes.of(Neighbour.QUICKBOOKS)
    now = stage.world.now()
    if into:
        id = contact(stage, name).customer
        stage.world.store.arrive(effects.look_customer(stage.firm, lane, id, now, into))
    contacts.point_at_customers(stage.world, policy, [contact(stage, name).customer, *more] if not into else [])
    stage.world.queue.hint([lane])
    stage.pass_time(1, minutes=2)


def writes(stage: Stage) -> int:
    """Changes of contacts at Clio and of customers in QuickBooks so far, by their own books."""
    clio: int = sum(c.version for c in stage.world.clio_box.state.rows["contacts"].values())
    return clio + sum(int(c["SyncToken"]) for c in booked(stage, "Customer"))


def email(address: str, stage: Stage) -> dict[str, Any]:
    return email_of(stage, ADA, address)


def email_of(stage: Stage, name: str, address: str) -> dict[str, Any]:
    return {"email_addresses": [{"id": held(stage, name).emails[0]["id"], "address": address}]}


# --- one side changes -------------------------------------------------------------------------------------------------


def test_a_new_customer_gets_all_that_clio_shows() -> None:
    stage = a_synced_stage()
    made = customer(stage, "Calder Freight Inc")
    there = held(stage, "Calder Freight Inc")
    assert made["PrimaryEmailAddr"]["Address"] == there.emails[0]["address"]
    assert made["BillAddr"]["City"] == there.addresses[0]["city"]
    state = contact(stage, "Calder Freight Inc")
    assert state.whole
    assert state.differing == ()


def test_a_change_in_clio_reaches_quickbooks_field_by_field() -> None:
    stage = a_synced_stage()
    edit_books(stage, WebAddr={"URI": "https://ada.example"})
    edit_clio(
        stage,
        first_name="Ada",
        last_name="Newname",
        phone_numbers=[{"name": "Work", "number": "555-0100"}, {"name": "Mobile", "number": "555-0155"}],
        addresses=[{"name": "Work", "street": "4 Market Square", "city": "Boston", "province": "MA"}],
        **email("new@example.com", stage),
    )
    acts.poll(stage)
    new = customer(stage, "Ada Newname")
    assert new["DisplayName"] == "Ada Newname"
    assert new["PrimaryEmailAddr"]["Address"] == "new@example.com"
    assert (new["PrimaryPhone"]["FreeFormNumber"], new["Mobile"]["FreeFormNumber"]) == ("555-0100", "555-0155")
    assert (new["ShipAddr"]["Line1"], new["ShipAddr"]["City"]) == ("4 Market Square", "Boston")
    assert new["WebAddr"]["URI"] == "https://ada.example", "what is not ours stays"


def test_a_bill_that_was_read_before_its_client_was_renamed_does_not_name_it_back() -> None:
    stage = a_synced_stage()
    id, policy = contact(stage, ADA).id, policy_of(stage.world, stage.firm)
    edit_clio(stage, last_name="Newname")
    contacts.point_at_client(stage.world, policy, id)
    stage.work()
    before = writes(stage)
    contacts.see_client(stage.world, policy, ClientReading(id, ADA, "ada@example.com"))
    stage.pass_time(1, minutes=3)
    assert (customer(stage, "Ada Newname")["DisplayName"], writes(stage)) == ("Ada Newname", before)


def test_what_was_removed_in_clio_is_removed_in_quickbooks() -> None:
    stage = a_synced_stage()
    edit_clio(stage, email_addresses=[{"id": held(stage).emails[0]["id"], "_destroy": True}])
    acts.poll(stage)
    assert "PrimaryEmailAddr" not in customer(stage)


def test_where_quickbooks_does_not_empty_a_field_it_is_not_written_again_and_again() -> None:
    stage = a_synced_stage()
    stage.world.quickbooks_box.switches["null_clears"] = False
    edit_clio(stage, email_addresses=[{"id": held(stage).emails[0]["id"], "_destroy": True}])
    acts.poll(stage)
    before = writes(stage)
    look(stage)
    acts.poll(stage)
    assert writes(stage) == before
    assert "email" in contact(stage, ADA).differing


def test_a_change_in_quickbooks_reaches_clio_and_leaves_the_rest_alone() -> None:
    stage = a_synced_stage()
    edit_clio(stage, email_addresses=[{"name": "Home", "address": "home@example.com"}])
    acts.poll(stage)
    edit_books(
        stage,
        DisplayName="Ada Newname",
        PrimaryEmailAddr={"Address": "new@example.com"},
        PrimaryPhone={"FreeFormNumber": "555-0100"},
        BillAddr={"Line1": "4 Market Square", "City": "Boston", "CountrySubDivisionCode": "MA", "PostalCode": "02109"},
    )
    look(stage)
    there = held(stage, "Ada Newname")
    assert (there.first_name, there.last_name) == ("Ada", "Newname")
    assert [e["address"] for e in there.emails] == ["new@example.com", "home@example.com"]
    assert [p["number"] for p in there.phones] == ["555-0100"]
    assert any(a["name"] == "Billing" and a["street"] == "4 Market Square" for a in there.addresses)
    assert contact(stage, "Ada Newname").differing == ()


def test_an_address_that_is_none_keeps_back_neither_the_customer_nor_the_invoice() -> None:
    stage = a_stage()
    held(stage, "Calder Freight Inc").emails[0]["address"] = "a@x.example, b@x.example"
    stage.resync()
    made = customer(stage, "Calder Freight Inc")
    assert "PrimaryEmailAddr" not in made
    theirs = [p for p in acts.payables(stage) if p.client_name == "Calder Freight Inc"]
    assert theirs and all("BillEmail" not in acts.invoice(stage, p.number) for p in theirs)
    assert [k.why for k in contact(stage, "Calder Freight Inc").kept] == ["is not one e-mail address"]


@pytest.mark.parametrize(
    ("there", "first", "last"),
    [
        ("Sample, Ada", "Ada", "Sample"),
        ("Sample, Mary Ann", "Mary Ann", "Sample"),
        ("Ada Sample, Jr.", "Ada Sample,", "Jr."),
        ("Cher", None, "Cher"),
    ],
)
def test_a_person_is_named_in_clio_by_the_parts_of_the_name(there: str, first: str | None, last: str) -> None:
    stage = a_synced_stage()
    id = contact(stage, ADA).id
    edit_books(stage, DisplayName=there)
    look(stage)
    known = stage.world.clio_box.state.rows["contacts"][int(id)]
    assert (known.first_name, known.last_name) == (first, last)
    before = writes(stage)
    acts.poll(stage)
    look(stage, known.name)
    assert writes(stage) == before, "both sides have it, each in its own way"
    assert not contact(stage, known.name).kept
    assert customer(stage, known.name)["DisplayName"] == there


def test_a_name_taken_as_the_books_spell_it_is_there_on_both_sides() -> None:
    stage = a_synced_stage()
    id = contact(stage, ADA).id
    edit_books(stage, DisplayName="Sample, Ada")
    edit_clio(stage, last_name="Changed")
    acts.poll(stage)
    look(stage, "Ada Changed")
    contacts.take(stage.world, stage.firm, id, "name", "quickbooks", STAFF)
    stage.pass_time(1, minutes=5)
    state = contact(stage, "Ada Sample")
    assert (state.chosen, state.to_clio, state.to_books, state.kept) == ((), (), (), ())
    assert customer(stage, "Ada Sample")["DisplayName"] == "Sample, Ada"


def test_a_company_renamed_in_quickbooks_is_renamed_in_clio() -> None:
    stage = a_synced_stage()
    edit_books(stage, "Calder Freight Inc", DisplayName="Calder, Freight Ltd")
    look(stage, "Calder Freight Inc")
    assert held(stage, "Calder, Freight Ltd").type == "Company"


def test_both_sides_changed_different_fields() -> None:
    stage = a_synced_stage()
    edit_clio(stage, phone_numbers=[{"name": "Work", "number": "555-0100"}])
    edit_books(stage, PrimaryEmailAddr={"Address": "new@example.com"})
    look(stage)
    acts.poll(stage)
    assert customer(stage)["PrimaryPhone"]["FreeFormNumber"] == "555-0100"
    assert held(stage).emails[0]["address"] == "new@example.com"
    assert not tasks(stage, "contact")


def test_a_customer_that_began_in_quickbooks_never_comes_to_clio() -> None:
    stage = a_synced_stage()
    made = stage.world.quickbooks_box.people.add_customer(stage.realm, "Walk-in Customer", "walk@in.example")
    before = len(stage.world.clio_box.state.rows["contacts"])
    policy = policy_of(stage.world, stage.firm)
    assert contacts.point_at_customers(stage.world, policy, [made["Id"]]) == 0
    lane = policy.lanes.of(Neighbour.QUICKBOOKS)
    stage.world.store.arrive(effects.look_customer(stage.firm, lane, made["Id"], stage.world.now()))
    calls = acts.calls(stage)
    stage.work()
    assert acts.requests_since(stage, calls) == []
    assert len(stage.world.clio_box.state.rows["contacts"]) == before


def test_a_contact_of_clio_that_owes_nothing_is_let_be() -> None:
    stage = a_synced_stage()
    box = stage.world.clio_box
    stranger = box.new(ClioContact, held(stage).firm, type="Person", name="Sam Stranger")
    before = acts.calls(stage)
    acts.poll(stage)
    assert not any("ids" in path for _, _, path in acts.requests_since(stage, before) if "contacts" in path)
    contacts.point_at_client(stage.world, policy_of(stage.world, stage.firm), str(stranger.id))
    before = acts.calls(stage)
    stage.work()
    assert acts.requests_since(stage, before) == []
    assert not any(c.id == str(stranger.id) for c in acts.all_states(stage, Kind.CONTACT))


# --- both sides changed -----------------------------------------------------------------------------------------------


def clash(stage: Stage) -> None:
    edit_clio(stage, **email("clio@example.com", stage))
    edit_books(stage, PrimaryEmailAddr={"Address": "books@example.com"})
    acts.poll(stage)
    look(stage)


def test_clios_value_stands_and_one_click_takes_the_other() -> None:
    stage = a_synced_stage()
    clash(stage)
    assert customer(stage)["PrimaryEmailAddr"]["Address"] == "clio@example.com"
    [task] = tasks(stage, "contact")
    assert "books@example.com" in task.reason
    id = contact(stage, ADA).id
    contacts.take(stage.world, stage.firm, id, "email", "quickbooks", STAFF)
    stage.pass_time(1, minutes=2)
    assert customer(stage)["PrimaryEmailAddr"]["Address"] == "books@example.com"
    assert held(stage).emails[0]["address"] == "books@example.com"
    assert not tasks(stage, "contact")


def test_quickbooks_value_stands_where_the_firm_says_so() -> None:
    stage = a_synced_stage()
    signing.settle_firm(stage.world, stage.firm, ContactsStand("quickbooks"), by=STAFF)
    clash(stage)
    assert held(stage).emails[0]["address"] == "books@example.com"
    [task] = tasks(stage, "contact")
    attention.done(stage.world, stage.firm, task.key, STAFF)
    stage.work()
    assert (contact(stage, ADA).kept, tasks(stage, "contact")) == ((), [])
    assert held(stage).emails[0]["address"] == "books@example.com"


@pytest.mark.parametrize("bad", [("email", "nobody"), ("shoe", "clio")])
def test_what_cannot_be_taken_is_refused(bad: tuple[str, str]) -> None:
    stage = a_synced_stage()
    with pytest.raises(Refused):
        contacts.take(stage.world, stage.firm, contact(stage, ADA).id, *bad, STAFF)


# --- the guards of each side ------------------------------------------------------------------------------------------


def test_a_change_in_clio_between_reading_and_writing_is_read_and_decided_again() -> None:
    stage = a_synced_stage()
    edit_books(stage, PrimaryPhone={"FreeFormNumber": "555-0100"})
    clio = stage.world.clio
    real = clio.change_client
    moved: list[str] = []

    def change(access: Any, reading: Any, changes: Any) -> None:
        if not moved:
            moved.append("x")
            edit_clio(stage, phone_numbers=[{"name": "Work", "number": "555-0199"}])
        real(access, reading, changes)

    clio.change_client = change  # type: ignore[method-assign]
    look(stage)
    stage.pass_time(1, minutes=3)
    assert [p["number"] for p in held(stage).phones] == ["555-0199"], "Clio's stands"
    assert customer(stage)["PrimaryPhone"]["FreeFormNumber"] == "555-0199"
    assert [k.value for k in contact(stage, ADA).kept] == ["555-0100"]


def test_a_stale_sync_token_is_read_and_decided_again() -> None:
    stage = a_synced_stage()
    stage.world.quickbooks_box.people.refuse_members(["5010"])
    edit_clio(stage, **email("new@example.com", stage))
    acts.poll(stage)
    assert customer(stage)["PrimaryEmailAddr"]["Address"] == "new@example.com"


@pytest.mark.parametrize("fault", ["drop_answer", "drop_request"])
def test_a_lost_answer_of_quickbooks_changes_nothing_twice(fault: str) -> None:
    stage = a_synced_stage()
    edit_clio(stage, **email("new@example.com", stage))
    stage.world.quickbooks_box.faults.append(Fault(fault, path="batch", method="POST", times=2))
    acts.poll(stage)
    stage.pass_time(1, minutes=10)
    assert customer(stage)["PrimaryEmailAddr"]["Address"] == "new@example.com"
    assert "email" not in contact(stage, ADA).differing
    assert not tasks(stage, "contact")


@pytest.mark.parametrize("fault", ["drop_answer", "drop_request"])
def test_a_lost_answer_of_clio_is_found_by_reading(fault: str) -> None:
    stage = a_synced_stage()
    edit_books(stage, PrimaryEmailAddr={"Address": "new@example.com"})
    stage.world.clio_box.faults.append(Fault(fault, path="contacts", method="PATCH"))
    look(stage)
    stage.pass_time(1, minutes=5)
    assert held(stage).emails[0]["address"] == "new@example.com"
    assert contact(stage, ADA).to_clio == ()
    assert not tasks(stage, "contact")


def test_echoes_of_our_own_writes_write_nothing() -> None:
    stage = a_synced_stage()
    edit_clio(stage, **email("new@example.com", stage))
    edit_books(stage, PrimaryPhone={"FreeFormNumber": "555-0100"})
    acts.poll(stage)
    look(stage)
    acts.poll(stage)
    before = writes(stage)
    for _ in range(6):
        look(stage)
        contacts.point_at_client(stage.world, policy_of(stage.world, stage.firm), contact(stage, ADA).id)
        acts.poll(stage)
    assert writes(stage) == before


# --- what cannot be ---------------------------------------------------------------------------------------------------


def step(stage: Stage, kind: str = "quickbooks.customer") -> Any:
    [found] = [e for e in parked(stage, kind=kind) if e.about == f"contact/{contact(stage, ADA).id}"]
    return found


def rename_to_taken(stage: Stage) -> None:
    stage.world.quickbooks_box.people.add_vendor(stage.realm, "Ada Taken")
    edit_clio(stage, last_name="Taken", **email("new@example.com", stage))
    id = str(held(stage, "Ada Taken").id)
    acts.poll(stage)
    assert contact(stage, "Ada Taken").id == id


def taken_step(stage: Stage) -> Any:
    [found] = [e for e in parked(stage, kind="quickbooks.customer") if "Ada Taken" in e.reason]
    return found


def test_a_name_that_is_taken_parks_with_choices_and_keep_leaves_it() -> None:
    stage = a_synced_stage()
    rename_to_taken(stage)
    effect = taken_step(stage)
    assert [c[0] for c in effect.body["choices"]] == ["suffix", "keep"]
    attention.retry(stage.world, stage.firm, effect.key, STAFF, "keep")
    stage.pass_time(1, minutes=2)
    there = customer(stage, "Ada Taken")
    assert (there["DisplayName"], there["PrimaryEmailAddr"]["Address"]) == (ADA, "new@example.com")


def test_a_name_that_is_taken_holds_back_no_other_field() -> None:
    stage = a_synced_stage()
    rename_to_taken(stage)
    assert customer(stage, "Ada Taken")["PrimaryEmailAddr"]["Address"] == "new@example.com"
    assert [c[0] for c in taken_step(stage).body["choices"]] == ["suffix", "keep"]
    before = writes(stage)
    edit_clio(stage, "Ada Taken", **email_of(stage, "Ada Taken", "newer@example.com"))
    acts.poll(stage)
    stage.pass_time(1, minutes=5)
    there = customer(stage, "Ada Taken")
    assert (there["DisplayName"], there["PrimaryEmailAddr"]["Address"]) == (ADA, "newer@example.com")
    assert writes(stage) == before + 2, "one in Clio, and one in QuickBooks"
    attention.retry(stage.world, stage.firm, taken_step(stage).key, STAFF, "suffix")
    stage.pass_time(1, minutes=2)
    state = contact(stage, "Ada Taken")
    assert customer(stage, "Ada Taken")["DisplayName"] == f"Ada Taken (Clio {state.id})"
    assert "name" not in state.differing and not state.kept


def test_a_name_that_is_taken_can_have_a_suffix() -> None:
    stage = a_synced_stage()
    rename_to_taken(stage)
    attention.retry(stage.world, stage.firm, taken_step(stage).key, STAFF, "suffix")
    stage.pass_time(1, minutes=2)
    state = contact(stage, "Ada Taken")
    assert customer(stage, "Ada Taken")["DisplayName"] == f"Ada Taken (Clio {state.id})"
    assert "name" not in state.differing


@pytest.mark.parametrize("both", [False, True])
def test_our_suffix_never_becomes_a_part_of_the_clients_name_in_clio(both: bool) -> None:
    stage = a_synced_stage()
    rename_to_taken(stage)
    attention.retry(stage.world, stage.firm, taken_step(stage).key, STAFF, "suffix")
    stage.pass_time(1, minutes=2)
    id = contact(stage, "Ada Taken").id
    edit_books(stage, "Ada Taken", DisplayName=f"Ada Sample (Clio {id})")
    if both:
        edit_clio(stage, "Ada Taken", last_name="Changed")
        acts.poll(stage)
        look(stage, "Ada Changed")
        contacts.take(stage.world, stage.firm, id, "name", "quickbooks", STAFF)
        stage.pass_time(1, minutes=2)
    else:
        look(stage, "Ada Taken")
    assert (held(stage, "Ada Sample").first_name, held(stage, "Ada Sample").last_name) == ("Ada", "Sample")
    assert customer(stage, "Ada Sample")["DisplayName"] == f"Ada Sample (Clio {id})"
    assert not contact(stage, "Ada Sample").kept


def test_a_name_that_is_taken_goes_through_once_the_other_is_renamed() -> None:
    stage = a_synced_stage()
    rename_to_taken(stage)
    [other] = booked(stage, "Vendor", DisplayName="Ada Taken")
    stage.world.quickbooks_box.people.rename_vendor(stage.realm, other["Id"], "Vera Taken")
    attention.retry(stage.world, stage.firm, taken_step(stage).key, STAFF)
    stage.pass_time(1, minutes=2)
    assert customer(stage, "Ada Taken")["DisplayName"] == "Ada Taken"


def test_a_name_with_forbidden_characters_parks_and_can_be_cleaned() -> None:
    stage = a_synced_stage()
    edit_clio(stage, last_name="E: Xample", **email("other@example.com", stage))
    acts.poll(stage)
    [effect] = [e for e in parked(stage, kind="quickbooks.customer") if "characters" in e.reason]
    assert customer(stage, "Ada E: Xample")["PrimaryEmailAddr"]["Address"] == "other@example.com"
    attention.retry(stage.world, stage.firm, effect.key, STAFF, "clean")
    stage.pass_time(1, minutes=2)
    assert customer(stage, "Ada E: Xample")["DisplayName"] == "Ada E Xample"


def test_what_clio_does_not_take_parks_and_can_be_left() -> None:
    stage = a_synced_stage()
    stage.world.clio_box.faults.append(Fault("status", path="contacts", method="PATCH", status=422))
    edit_books(stage, PrimaryEmailAddr={"Address": "new@example.com"})
    look(stage)
    effect = step(stage, "clio.change_client")
    assert "Clio did not take the change" in effect.reason
    attention.retry(stage.world, stage.firm, effect.key, STAFF, "keep")
    stage.work()
    state = contact(stage, ADA)
    assert (state.to_clio, parked(stage, kind="clio.change_client")) == ((), [])
    assert "email" in state.differing


def test_a_client_that_moves_in_clio_each_time_is_shown_in_the_end_and_not_written_for_ever() -> None:
    stage = a_synced_stage()
    stage.world.clio_box.faults.append(Fault("status", path="contacts", method="PATCH", status=412, times=1000))
    edit_books(stage, PrimaryEmailAddr={"Address": "new@example.com"})
    look(stage)
    stage.pass_time(1, minutes=20)
    effect = step(stage, "clio.change_client")
    assert "each time" in effect.reason and [c[0] for c in effect.body["choices"]] == ["keep"]
    stage.world.clio_box.faults.clear()
    attention.retry(stage.world, stage.firm, effect.key, STAFF)
    stage.pass_time(1, minutes=2)
    assert held(stage).emails[0]["address"] == "new@example.com"


def test_what_clio_does_not_take_can_be_tried_again() -> None:
    stage = a_synced_stage()
    stage.world.clio_box.faults.append(Fault("status", path="contacts", method="PATCH", status=403))
    edit_books(stage, PrimaryEmailAddr={"Address": "new@example.com"})
    look(stage)
    attention.retry(stage.world, stage.firm, step(stage, "clio.change_client").key, STAFF)
    stage.pass_time(1, minutes=2)
    assert held(stage).emails[0]["address"] == "new@example.com"


# --- customers that are inactive, merged or gone ----------------------------------------------------------------------


def test_an_inactive_customer_parks_and_can_be_made_active() -> None:
    stage = a_synced_stage()
    stage.world.quickbooks_box.people.deactivate_customer(stage.realm, contact(stage, ADA).customer)
    look(stage)
    effect = step(stage)
    assert [c[0] for c in effect.body["choices"]] == ["activate", "anew"]
    look(stage)
    assert step(stage).key == effect.key, "it is asked once"
    attention.retry(stage.world, stage.firm, effect.key, STAFF, "activate")
    stage.pass_time(1, minutes=2)
    assert (customer(stage)["Active"], customer(stage)["DisplayName"]) == (True, ADA)
    assert contact(stage, ADA).lost == ""


def test_an_inactive_customer_can_be_replaced_by_a_new_one() -> None:
    stage = a_synced_stage()
    old = contact(stage, ADA).customer
    stage.world.quickbooks_box.people.deactivate_customer(stage.realm, old)
    look(stage)
    attention.retry(stage.world, stage.firm, step(stage).key, STAFF, "anew")
    stage.pass_time(1, minutes=2)
    state = contact(stage, ADA)
    assert state.customer not in ("", old)
    assert customer(stage)["DisplayName"] == f"Ada Example (Clio {state.id})"


def test_made_active_in_quickbooks_it_goes_on_by_itself() -> None:
    stage = a_synced_stage()
    id = contact(stage, ADA).customer
    stage.world.quickbooks_box.people.deactivate_customer(stage.realm, id)
    look(stage)
    edit_clio(stage, **email("new@example.com", stage))
    acts.poll(stage)
    stage.world.quickbooks_box.people.reactivate_customer(stage.realm, id)
    look(stage)
    stage.work()
    assert contact(stage, ADA).lost == ""
    assert customer(stage)["PrimaryEmailAddr"]["Address"] == "new@example.com"


def test_a_bill_of_a_client_whose_customer_is_inactive_waits_for_a_person() -> None:
    stage = a_synced_stage()
    stage.world.quickbooks_box.people.deactivate_customer(stage.realm, contact(stage, ADA).customer)
    people(stage).add_bill("Hartwell & Pine LLP", ADA, "2001", [{"note": "Advice", "price": 10000}])
    acts.poll(stage)
    stage.pass_time(1, minutes=3)
    assert contact(stage, ADA).lost == "inactive", "the refusal of the invoice made us look"
    assert not booked(stage, DocNumber="2001")
    assert not [e for e in parked(stage, kind="quickbooks.invoice") if "2001" in e.title]
    attention.retry(stage.world, stage.firm, step(stage).key, STAFF, "activate")
    stage.pass_time(1, minutes=12)
    assert acts.invoice(stage, "2001")


def test_the_link_follows_a_merge() -> None:
    stage = a_synced_stage()
    box = stage.world.quickbooks_box.people
    winner = box.add_customer(stage.realm, "Example Holdings", "office@example.com")
    box.merge_customers(stage.realm, contact(stage, ADA).customer, winner["Id"])
    look(stage)
    state = contact(stage, ADA)
    assert (state.customer, state.lost) == (winner["Id"], "")
    assert customer(stage)["DisplayName"] == "Example Holdings", "nothing of it was overwritten"
    edit_clio(stage, **email("new@example.com", stage))
    acts.poll(stage)
    assert customer(stage)["PrimaryEmailAddr"]["Address"] == "new@example.com"


def test_without_invoices_the_webhooks_word_is_followed_if_it_holds() -> None:
    stage = a_synced_stage()
    box = stage.world.quickbooks_box.people
    winner = box.add_customer(stage.realm, "Example Holdings")
    for p in acts.payables(stage):
        if p.client_name == ADA and p.booked:
            box.delete_invoice(stage.realm, p.booked.id)
    look(stage, into=winner["Id"])
    assert contact(stage, ADA).customer != winner["Id"], "the customer is there: nothing was merged"
    box.deactivate_customer(stage.realm, contact(stage, ADA).customer)
    look(stage, into=winner["Id"])
    assert contact(stage, ADA).customer == winner["Id"]


def test_a_merge_into_an_inactive_one_is_a_persons_business() -> None:
    stage = a_synced_stage()
    box = stage.world.quickbooks_box.people
    winner = box.add_customer(stage.realm, "Example Holdings")
    box.merge_customers(stage.realm, contact(stage, ADA).customer, winner["Id"])
    box.deactivate_customer(stage.realm, winner["Id"])
    look(stage)
    assert contact(stage, ADA).lost == "inactive"


def test_a_merge_into_another_clients_customer_parks() -> None:
    stage = a_synced_stage()
    box = stage.world.quickbooks_box.people
    box.merge_customers(stage.realm, contact(stage, ADA).customer, contact(stage, "Calder Freight Inc").customer)
    look(stage)
    assert contact(stage, ADA).lost == "merged"
    assert [c[0] for c in step(stage).body["choices"]] == ["anew"]


# --- what a person links ----------------------------------------------------------------------------------------------


def link(stage: Stage, id: str, name: str) -> str:
    policy = policy_of(stage.world, stage.firm)
    reach = Reach(stage.world, stage.firm, policy.lanes, Floor.PERSON)
    return contacts.link_to(stage.world, reach, policy, id, name, STAFF)


def test_a_person_links_another_customer_and_nothing_is_overwritten() -> None:
    stage = a_synced_stage()
    other = stage.world.quickbooks_box.people.add_customer(stage.realm, "Other, Ada", "old@example.com")
    before = writes(stage)
    assert link(stage, contact(stage, ADA).id, "Other, Ada") == other["Id"]
    stage.work()
    assert writes(stage) == before
    assert set(contact(stage, ADA).differing) >= {"name", "email"}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "Give the customer"),
        ("Nobody", "no customer"),
        ("Calder Freight Inc", "already"),
        ("Gone", "inactive"),
        ("Abroad", "kept in EUR in QuickBooks, and the firm bills in USD.*Choose another"),
    ],
)
def test_what_cannot_be_linked_is_refused(name: str, why: str) -> None:
    stage = a_synced_stage()
    gone = stage.world.quickbooks_box.people.add_customer(stage.realm, "Gone")
    stage.world.quickbooks_box.people.deactivate_customer(stage.realm, gone["Id"])
    stage.world.quickbooks_box.people.add_customer(stage.realm, "Abroad", CurrencyRef={"value": "EUR"})
    with pytest.raises(Refused, match=why):
        link(stage, contact(stage, ADA).id, name)
    with pytest.raises(Refused, match="no such client"):
        link(stage, "999", "Example")


def test_a_client_that_clio_hides_is_made_from_its_bill() -> None:
    stage = acts.a_stage()
    hidden = held(stage, "Calder Freight Inc")
    bill = next(b for b in stage.world.clio_box.state.rows["bills"].values() if b.client_id == hidden.id)
    assert bill
    stage.world.clio_box.switches["hidden_contacts"] = [hidden.id]
    stage.resync()
    state = contact(stage, "Calder Freight Inc")
    assert (state.whole, bool(state.customer)) == (False, True)


def test_many_new_clients_are_read_with_one_call() -> None:
    stage = acts.a_stage()
    before = acts.calls(stage)
    stage.resync()
    reads = [p for n, _, p in acts.requests_since(stage, before) if n == "clio" and "contacts" in p]
    assert len(acts.all_states(stage, Kind.CONTACT)) > 5
    assert len(reads) <= 3


# --- races and what is no longer wanted -------------------------------------------------------------------------------


def meanwhile(owner: Any, name: str, act: Any) -> None:
    """Something happens once, while the neighbour answers this call."""
    real = getattr(owner, name)
    done: list[bool] = []

    def call(*args: Any, **more: Any) -> Any:
        answer = real(*args, **more)
        if not done:
            done.append(True)
            act()
        return answer

    setattr(owner, name, call)


def nobody_holds(stage: Stage) -> None:
    """Guards are read before another worker takes them."""
    stage.world.store.held_by = lambda guard: None  # type: ignore


def move(stage: Stage, name: str = ADA) -> None:
    """The state moves, as another worker's commit would move it."""
    c = contact(stage, name)
    reading = ClientReading(c.id, c.name, c.email, c.company, "555-0777", c.mobile, c.billing, c.shipping, whole=True)
    contacts.tell(stage.world, policy_of(stage.world, stage.firm), c.id, linking.ClientSeen(reading))


def test_a_client_that_moved_while_clio_answered_is_looked_at_again() -> None:
    stage = a_synced_stage()
    policy = policy_of(stage.world, stage.firm)
    edit_clio(stage, phone_numbers=[{"name": "Work", "number": "555-0100"}])
    meanwhile(stage.world.clio, "clients_by_id", lambda: move(stage))
    for name in (ADA, "Calder Freight Inc"):
        contacts.point_at_client(stage.world, policy, contact(stage, name).id)
    stage.pass_time(1, minutes=3)
    assert contact(stage, ADA).phone == "555-0100"


def test_one_look_alone_that_met_a_conflict_is_done_again() -> None:
    stage = a_synced_stage()
    edit_clio(stage, phone_numbers=[{"name": "Work", "number": "555-0100"}])
    meanwhile(stage.world.clio, "clients_by_id", lambda: move(stage))
    contacts.point_at_client(stage.world, policy_of(stage.world, stage.firm), contact(stage, ADA).id)
    stage.pass_time(1, minutes=3)
    assert contact(stage, ADA).phone == "555-0100"


def test_a_customer_whose_client_moved_while_quickbooks_answered_is_looked_at_again() -> None:
    stage = a_synced_stage()
    edit_books(stage, PrimaryEmailAddr={"Address": "new@example.com"})
    meanwhile(stage.world.quickbooks, "customers_by_id", lambda: move(stage))
    look(stage)
    acts.poll(stage)
    assert contact(stage, ADA).email == "new@example.com"


def test_a_row_that_cannot_be_read_parks_alone() -> None:
    stage = a_synced_stage()
    policy = policy_of(stage.world, stage.firm)
    held_ = stage.world.store.load(contacts.contact_ref(stage.firm, contact(stage, ADA).id))
    broken = Broken(held_.ref.id, "", "id", "None", "Correct it.")
    with pytest.raises(Unreadable):
        contacts._take_in(stage.world, policy, held_, broken, linking.ClientHidden(), [])
    assert contacts.take_page(stage.world, policy, [broken]) == 0


def test_steps_that_are_no_longer_wanted_are_done_without_a_call() -> None:
    stage = a_synced_stage()
    c, now = contact(stage, ADA), stage.world.now()
    lanes = policy_of(stage.world, stage.firm).lanes
    stage.world.store.arrive(effects.change_client(stage.firm, lanes.of(Neighbour.CLIO), c.id, 99, now, c.name))
    stage.world.store.arrive(
        effects.customer(stage.firm, lanes.of(Neighbour.QUICKBOOKS), c.id, 99, now, c.name, c.customer)
    )
    before = acts.calls(stage)
    stage.work()
    assert acts.requests_since(stage, before) == []


def test_what_clio_shows_already_is_not_written() -> None:
    stage = a_synced_stage()
    edit_clio(stage, phone_numbers=[{"name": "Work", "number": "555-0100"}])
    edit_books(stage, PrimaryPhone={"FreeFormNumber": "(555) 0100"})
    look(stage)
    assert [len(held(stage).phones), contact(stage, ADA).to_clio] == [1, ()]
    assert "phone" not in contact(stage, ADA).differing


def test_a_customer_that_another_client_took_at_that_moment_is_refused() -> None:
    stage = a_synced_stage()
    nobody_holds(stage)
    with pytest.raises(Refused, match="already"):
        link(stage, contact(stage, ADA).id, "Calder Freight Inc")


def test_a_merge_into_a_customer_that_another_client_took_at_that_moment_parks() -> None:
    stage = a_synced_stage()
    box = stage.world.quickbooks_box.people
    edit_clio(stage, **email("new@example.com", stage))
    box.merge_customers(stage.realm, contact(stage, ADA).customer, contact(stage, "Calder Freight Inc").customer)
    nobody_holds(stage)
    acts.poll(stage)
    assert contact(stage, ADA).lost == "merged"


def brooks_step(stage: Stage) -> Any:
    [found] = [e for e in parked(stage, kind="quickbooks.customer") if "Brook Jensen" in e.reason]
    return found


def test_a_chosen_customer_that_became_inactive_is_asked_about_again() -> None:
    stage = a_synced_stage()
    effect = brooks_step(stage)
    [there] = booked(stage, "Customer", DisplayName="Brook Jensen")
    stage.world.quickbooks_box.people.deactivate_customer(stage.realm, there["Id"])
    attention.retry(stage.world, stage.firm, effect.key, STAFF, f"link:{there['Id']}")
    stage.pass_time(1, minutes=2)
    [again] = [e for e in parked(stage, kind="quickbooks.customer") if "chosen" in e.reason]
    assert again.body["choices"] == [["suffix", "Create with a suffix"]]


def test_a_refusal_that_speaks_of_a_customer_makes_us_look_at_it() -> None:
    stage = a_synced_stage()
    policy = policy_of(stage.world, stage.firm)
    stage.world.clio_box.people.record_payment({"1042": 10000})
    acts.poll(stage)
    posting = next(e for e in acts.all_effects(stage) if e.kind == "quickbooks.payment")
    assert customers.refused(stage.world, policy, posting, "620")
    assert not customers.refused(stage.world, policy, posting, "6540")
    update = effects.customer(stage.firm, posting.lane, "1", 1, stage.world.now(), "x", contact(stage, ADA).customer)
    assert customers.refused(stage.world, policy, update, "610")
    create = effects.customer(stage.firm, posting.lane, "1", 1, stage.world.now(), "x")
    assert not customers.refused(stage.world, policy, create, "610")


def test_a_renewed_client_of_an_earlier_generation_begins_anew() -> None:
    stage = a_synced_stage()
    fact = LinksPurged("Hartwell & Pine LLP")
    signing.settle_firm(stage.world, stage.firm, fact, by=STAFF)
    policy = policy_of(stage.world, stage.firm)
    c = contact(stage, ADA)
    effect = effects.customer(stage.firm, "x|quickbooks|~2", c.id, c.revision, stage.world.now(), c.name)
    reach = Reach(stage.world, stage.firm, policy.lanes, Floor.PERSON)
    assert customers.prepare(stage.world, reach, policy, [effect]).settled == 1
    assert (contact(stage, ADA).customer, contact(stage, ADA).generation) == ("", 2)
