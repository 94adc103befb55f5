"""Revoke keeps every link; revoke and purge begins a new generation, whole or not at all, and nothing is doubled."""

from __future__ import annotations

import pytest

from chalicelib.domain import effects
from chalicelib.domain.contact import Contact
from chalicelib.domain.effects import Do, owed
from chalicelib.domain.firm import AccountsChosen, Firm, MatchesConfirmed
from chalicelib.domain.kernel import Kind, Neighbour, Status, lane_of
from chalicelib.domain.readings import EventPointer
from chalicelib.errors import Refused
from chalicelib.flow import connecting, first_sync, inbox, renewing, resync, signing, states
from chalicelib.flow.connecting import Callback
from chalicelib.flow.firms import connections, firm_of
from chalicelib.flow.settle import policy_of
from infra.sandbox.clio import FIRM_B
from infra.sandbox.kit import Fault
from infra.sandbox.quickbooks import REALM_B
from tests import world as memory
from tests.builders import FIRM, a_payment, put
from tests.domain.given import a_policy
from tests.flow import acts
from tests.flow.acts import STAFF, a_synced_stage, booked, pay_by_card, payable, posted_on
from tests.flow.alone import held, is_done, owe
from tests.world import CALLBACK, MemoryWorld, Stage, chosen_accounts, location


def firm(stage: Stage) -> Firm:
    state = firm_of(stage.world, stage.firm)
    assert state is not None
    return state


def connect(stage: Stage, realm: str) -> None:
    world = stage.world
    url = world.quickbooks.authorize_url("x", f"{CALLBACK}/quickbooks")
    back = location(world.session, url, {"realm": realm, "action": "connect"})
    there = Callback(back["code"], back["realmId"])
    connecting.connect_quickbooks(world, stage.firm, there, f"{CALLBACK}/quickbooks", STAFF)


def purge(stage: Stage, typed: str = "") -> None:
    connecting.purge(stage.world, stage.firm, typed or firm(stage).name, STAFF)


def begin_anew(stage: Stage, realm: str, *, matched: bool = True) -> None:
    """Connected and set up again; ``matched``: the first sync is taken as gone through."""
    connect(stage, realm)
    if matched:
        done = MatchesConfirmed(firm(stage).generation)
        signing.settle_firm(stage.world, stage.firm, done, by=STAFF)
    signing.settle_firm(stage.world, stage.firm, AccountsChosen(chosen_accounts(stage.world, realm)), by=STAFF)
    stage.realm = realm
    stage.pass_time(5, hours=1)


def contact_of(stage: Stage, id: str) -> Contact:
    found: Contact = next(c for c in acts.all_states(stage, Kind.CONTACT) if c.id == id)
    return found


def standing(stage: Stage) -> dict[str, int]:
    """Live invoices and payments in the company, by kind."""
    return {e: sum(1 for o in booked(stage, e) if o["TotalAmt"]) for e in ("Invoice", "Payment")}


def test_another_company_is_noticed_and_the_choice_is_told() -> None:
    stage = a_synced_stage()
    connecting.disconnect(stage.world, stage.firm, "quickbooks", STAFF)
    with pytest.raises(Refused) as no:
        connect(stage, REALM_B)
    assert "connect again and choose" in no.value.reason
    assert "revoke and purge first" in no.value.reason
    assert connections(stage.world, stage.firm)["quickbooks"].account == stage.realm


def test_a_purge_needs_the_firms_name_and_changes_nothing_without_it() -> None:
    stage = a_synced_stage()
    before = standing(stage)
    with pytest.raises(Refused):
        purge(stage, "something else")
    assert firm(stage).generation == 1
    pay_by_card(stage, "1046")
    assert posted_on(stage, "1046") == [125000], "still connected"
    assert standing(stage)["Payment"] == before["Payment"] + 1


def test_a_purge_is_one_commit_and_what_follows_waits_for_the_new_set_up() -> None:
    stage = a_synced_stage()
    purge(stage, f" {firm(stage).name.upper()} ")
    assert (firm(stage).generation, firm(stage).may_write) == (2, False)
    assert connections(stage.world, stage.firm)["quickbooks"].account == ""
    assert policy_of(stage.world, stage.firm).lanes.of(Neighbour.QUICKBOOKS).endswith("|~2")
    pay_by_card(stage, "1046")
    stage.pass_time(30, hours=2)
    assert acts.payments_on(stage, "1046")[0].posted is None


def test_after_a_purge_the_same_company_is_matched_and_nothing_is_doubled() -> None:
    stage = a_synced_stage()
    pay_by_card(stage, "1046")
    before, customers = standing(stage), len(booked(stage, "Customer"))
    purge(stage)
    begin_anew(stage, stage.realm)
    assert payable(stage, "1046").booked
    assert payable(stage, "1046").generation == 2
    assert standing(stage) == before
    assert len(booked(stage, "Customer")) == customers
    assert posted_on(stage, "1046") == [125000]


def test_after_a_purge_another_company_gets_everything_once() -> None:
    stage = a_synced_stage()
    pay_by_card(stage, "1046")
    old = standing(stage)
    first = stage.realm
    purge(stage)
    begin_anew(stage, REALM_B)
    assert posted_on(stage, "1046") == [125000]
    contacts: list[Contact] = acts.all_states(stage, Kind.CONTACT)
    assert {c.generation for c in contacts} == {2}
    stage.realm = first
    assert standing(stage) == old, "the old company is left as it is"


def two_firms_in_one_company(monkeypatch: pytest.MonkeyPatch, *, times: int) -> tuple[Stage, Stage]:
    """A firm gives its company up, so often, and the second one connects it: it has a client and a bill of the same
    name and number."""
    stage = a_synced_stage()
    there = acts.contact(stage, "Ada Example")
    for n in range(times):
        purge(stage)
        if n < times - 1:
            begin_anew(stage, stage.realm)
    people = stage.world.clio_box.people
    people.add_bill(FIRM_B, people.add_client(FIRM_B, there.name, there.email), "B-ADA", [{"note": "x", "price": 100}])
    calder = people.add_client(FIRM_B, "Calder Freight Inc", acts.contact(stage, "Calder Freight Inc").email)
    people.add_bill(FIRM_B, calder, "1048", [{"note": "x", "price": payable(stage, "1048").asks}])
    monkeypatch.setattr(memory, "REALM_B", stage.realm)
    other = memory.connect(stage.world, second=True)
    signing.settle_firm(other.world, other.firm, MatchesConfirmed(firm(other).generation), by=STAFF)
    other.resync()
    other.pass_time(5, minutes=30)
    return stage, other


@pytest.mark.parametrize("times", [1, 2])
def test_a_company_that_another_firm_gave_up_can_be_linked_anew(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    stage, other = two_firms_in_one_company(monkeypatch, times=times)
    assert (firm(stage).generation, firm(other).generation) == (1 + times, 1 + times)
    for name in ("Ada Example", "Calder Freight Inc"):
        theirs = [c["Id"] for c in booked(other, "Customer") if c["DisplayName"] == name]
        assert [acts.contact(other, name).customer] == theirs
    assert payable(other, "B-ADA").booked and payable(other, "1048").booked
    assert len(booked(other, DocNumber="1048")) == 1


def test_a_firm_that_was_purged_without_a_company_marks_none() -> None:
    stage = a_synced_stage()
    purge(stage)
    purge(stage)
    connect(stage, stage.realm)
    assert firm(stage).generation == 3


def test_keys_and_request_ids_of_the_new_generation_are_others() -> None:
    stage = a_synced_stage()
    old = {e.key for e in acts.all_effects(stage) if e.kind in (Do.CUSTOMER, Do.INVOICE, Do.POSTING)}
    calls = set(stage.world.store._calls)
    purge(stage)
    begin_anew(stage, REALM_B)
    new = {e.key for e in acts.all_effects(stage) if e.kind in (Do.CUSTOMER, Do.INVOICE, Do.POSTING)} - old
    assert len(new) >= len([p for p in acts.payables(stage) if p.booked])
    assert set(stage.world.store._calls) - calls


def test_a_call_that_was_under_way_is_never_sent_again() -> None:
    stage = a_synced_stage()
    stage.world.quickbooks_box.faults.append(Fault("drop_answer", path="/batch", method="POST", times=3))
    stage.world.clio_box.people.approve("1071")
    acts.poll(stage)
    lane = acts.lane(stage, Neighbour.QUICKBOOKS)
    assert stage.world.store.live_calls(lane)
    stage.world.quickbooks_box.faults.clear()
    purge(stage)
    begin_anew(stage, REALM_B)
    assert not stage.world.store.live_calls(lane)
    assert all(e.status is not Status.OWED for e in acts.all_effects(stage) if e.lane == lane)
    assert payable(stage, "1071").booked


def test_neighbours_that_do_not_answer_do_not_stop_a_purge() -> None:
    stage = a_synced_stage()
    stage.world.quickbooks_box.faults.append(Fault("status", status=500, path="/revoke", times=9))
    purge(stage)
    assert firm(stage).generation == 2


def test_a_lost_connection_can_be_purged_too_and_its_task_goes() -> None:
    stage = a_synced_stage()
    connecting.disconnect(stage.world, stage.firm, "quickbooks", STAFF)
    assert acts.tasks(stage, "reconnect")
    purge(stage)
    assert not acts.tasks(stage, "reconnect")
    purge(stage)
    assert firm(stage).generation == 3, "once more changes nothing but the count"


def test_renewing_goes_on_where_it_was() -> None:
    stage = a_synced_stage()
    purge(stage)
    connect(stage, stage.realm)
    place = {"part": len(renewing.PARTS) - 1, "cursor": None, "renewed": 7}
    stage.world.store.put_record(f"renewing/{stage.firm}", "2", place)
    for fact in (AccountsChosen(chosen_accounts(stage.world, stage.realm)), MatchesConfirmed(2)):
        signing.settle_firm(stage.world, stage.firm, fact, by=STAFF)
    stage.work()
    found = stage.world.store.record(f"renewing/{stage.firm}", "2")
    assert found
    assert found[1]["part"] == len(renewing.PARTS)
    assert payable(stage, "1046").generation == 1, "the parts before were passed"
    renewing.start(stage.world, stage.firm)
    stage.world.store.delete_record(f"renewing/{stage.firm}", "2")
    stage.pass_time(5, hours=1)
    assert payable(stage, "1046").generation == 2


def test_renewing_hands_on_after_its_time_and_goes_through_every_page() -> None:
    world, policy = MemoryWorld(), a_policy(generation=2)
    for n in range(renewing.PAGE + 1):
        put(world.store, Kind.PAYMENT, a_payment(id=f"p{n:03}"))

    def slow(verb: str, _table: str) -> None:
        if verb == "put_record":
            world.clock.move(seconds=renewing.AT_ONCE.total_seconds())

    world.store.before = slow
    effect = owe(world, owed(FIRM, Do.RENEW, "2", "firm", lane_of(FIRM, Neighbour.SELF), world.now()))
    rounds = 0
    while not renewing.finished(world, policy):
        renewing.run(world, policy, held(world, effect))
        rounds += 1
    assert rounds == len(renewing.PARTS) + 1, "one page in each"
    assert is_done(world, effect)
    page = world.store.listed(f"{FIRM}/payments", limit=200)
    assert {states.decode(Kind.PAYMENT, h.body).generation for h in page.items} == {2}


def test_what_people_change_in_quickbooks_is_seen_and_asked_about_in_every_generation() -> None:
    stage = a_synced_stage(hooks=True)
    people = stage.world.quickbooks_box.people
    for n in (1, 2):
        if n == 2:
            purge(stage)
            begin_anew(stage, stage.realm)
        stage.pass_time(3, minutes=10)
        bill = payable(stage, "1046")
        client: Contact = next(c for c in acts.all_states(stage, Kind.CONTACT) if c.id == bill.client_id)
        assert bill.booked
        people.change_email(stage.realm, client.customer, f"new{n}@mail.example")
        people.change_invoice_amount(stage.realm, bill.booked.id, n)
        stage.pass_time(3, minutes=10)
        client = next(c for c in acts.all_states(stage, Kind.CONTACT) if c.id == bill.client_id)
        assert client.email == f"new{n}@mail.example"
        assert [t.body["id"] for t in acts.tasks(stage, "broken")] == [bill.id], "the same ids as before, asked anew"


def test_quickbooks_is_polled_after_a_purge_too_and_nothing_since_is_missed() -> None:
    """Its webhooks are lost; the first poll of the new links may come late."""
    stage = a_synced_stage()
    purge(stage)
    connect(stage, stage.realm)
    signing.settle_firm(stage.world, stage.firm, AccountsChosen(chosen_accounts(stage.world, stage.realm)), by=STAFF)
    first_sync.start(stage.world, stage.firm, STAFF)
    stage.pass_time(5, hours=1)
    signing.settle_firm(stage.world, stage.firm, MatchesConfirmed(firm(stage).generation), by=STAFF)
    stage.pass_time(5, hours=1)
    bill = payable(stage, "1046")
    customer = contact_of(stage, bill.client_id).customer
    stage.world.quickbooks_box.people.change_email(stage.realm, customer, "since@mail.example")
    stage.pass_time(30, hours=7)
    assert contact_of(stage, bill.client_id).email == "since@mail.example"


def test_resync_pressed_between_a_purge_and_the_next_company_owes_no_poll_of_none() -> None:
    stage = a_synced_stage()
    purge(stage)
    resync.begin_polls(stage.world, stage.firm)
    lane = policy_of(stage.world, stage.firm).lanes.of(Neighbour.QUICKBOOKS)
    none = effects.poll_books(stage.firm, lane, "~2", stage.world.now())  # owed by a program of before
    stage.world.store.arrive(none)
    begin_anew(stage, stage.realm)
    polls = [e for e in acts.all_effects(stage) if e.kind == Do.POLL_BOOKS and e.lane == lane]
    assert [(e.key, e.status) for e in polls if e.status is not Status.OWED] == [(none.key, Status.DONE)]
    assert [e.key.rpartition("/")[2] for e in polls if e.status is Status.OWED] in ([], [f"{stage.realm}~2"])


def test_a_bill_that_is_voided_before_its_links_are_met_again_voids_the_invoice_that_was_ours() -> None:
    stage = a_synced_stage()
    old = payable(stage, "1046").booked
    assert old is not None
    purge(stage)
    stage.pass_time(5, hours=1)
    stage.world.clio_box.people.void("1046")
    begin_anew(stage, stage.realm)
    stage.resync()
    stage.pass_time(5, hours=1)
    [shown] = [o for o in booked(stage, "Invoice") if o["Id"] == old.id]
    assert shown["TotalAmt"] == 0
    link = payable(stage, "1046").booked
    assert link
    assert (link.id, link.voided) == (old.id, True)


def test_a_void_that_was_owed_when_the_links_were_purged_is_owed_again() -> None:
    stage = a_synced_stage()
    connecting.disconnect(stage.world, stage.firm, "quickbooks", STAFF)
    stage.world.clio_box.people.void("1046")
    stage.resync()
    assert payable(stage, "1046").gone
    old = payable(stage, "1046").booked
    assert old is not None
    purge(stage)
    begin_anew(stage, stage.realm)
    [shown] = [o for o in booked(stage, "Invoice") if o["Id"] == old.id]
    assert shown["TotalAmt"] == 0


def test_a_bill_that_is_gone_leaves_an_invoice_that_was_never_ours_and_another_company_alone() -> None:
    stage = a_synced_stage()
    purge(stage)
    stage.pass_time(5, hours=1)
    stage.world.clio_box.people.void("1046")
    begin_anew(stage, REALM_B)
    stage.resync()
    stage.pass_time(5, hours=1)
    assert payable(stage, "1046").booked is None
    owed_ = [
        e.effect
        for e in stage.world.store._effects.values()
        if e.effect.about == f"payable/{payable(stage, '1046').id}"
    ]
    assert all(e.status is Status.DONE for e in owed_)


def a_cheque(stage: Stage) -> int:
    paid = stage.world.clio_box.people.record_payment({"1046": 50000})
    stage.resync()
    assert posted_on(stage, "1046") == [50000]
    return paid


def read_anew(stage: Stage, realm: str) -> None:
    begin_anew(stage, realm)
    stage.resync()
    stage.pass_time(5, hours=1)


def told(stage: Stage, number: str = "1046") -> None:
    """Clio tells of the bill, and of nothing else."""
    bill = next(b for b in stage.world.clio_box.state.rows["bills"].values() if b.number == number)
    news = EventPointer("e", f"us/{stage.firm.removeprefix('us-')}", "updated", "bill", str(bill.id))
    inbox.point(stage.world, Neighbour.CLIO, [news])
    stage.pass_time(5, minutes=10)


def test_a_payment_that_is_taken_back_before_its_links_are_met_again_leaves_quickbooks() -> None:
    stage = a_synced_stage()
    paid = a_cheque(stage)
    before = standing(stage)
    purge(stage)
    stage.world.clio_box.people.remove_payment(paid)
    told(stage)
    read_anew(stage, stage.realm)
    assert standing(stage) == {**before, "Payment": before["Payment"] - 1}
    [found] = acts.payments_on(stage, "1046")
    assert found.posted
    assert found.posted.voided


def test_a_removal_that_was_owed_when_the_links_were_purged_is_owed_again() -> None:
    stage = a_synced_stage()
    paid = a_cheque(stage)
    before = standing(stage)
    connecting.disconnect(stage.world, stage.firm, "quickbooks", STAFF)
    stage.world.clio_box.people.remove_payment(paid)
    stage.resync()
    purge(stage)
    read_anew(stage, stage.realm)
    assert standing(stage)["Payment"] == before["Payment"] - 1


def test_a_payment_that_was_taken_back_is_looked_for_once_its_invoice_is_met() -> None:
    stage = a_synced_stage()
    paid = a_cheque(stage)
    link = payable(stage, "1046").booked
    assert link
    purge(stage)
    stage.world.clio_box.people.remove_payment(paid)
    told(stage)
    people = stage.world.quickbooks_box.people
    people.change_invoice(stage.realm, link.id, PrivateNote="Somebody's own")
    people.change_invoice_amount(stage.realm, link.id, "1300.00")
    read_anew(stage, stage.realm)
    causes = [e.effect.cause for e in stage.world.store._effects.values() if e.effect.kind == Do.POSTING]
    assert "It waits for invoice 1046 in QuickBooks." in causes


def test_a_payment_that_was_taken_back_is_not_missed_in_another_company() -> None:
    stage = a_synced_stage()
    paid = a_cheque(stage)
    purge(stage)
    stage.world.clio_box.people.remove_payment(paid)
    told(stage)
    read_anew(stage, REALM_B)
    owed_ = [e.effect for e in stage.world.store._effects.values() if e.effect.about == f"payment/clio-{paid}"]
    assert {e.status for e in owed_} == {Status.DONE}
