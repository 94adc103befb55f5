"""A connection lost stops its lane and no other; nothing is lost, and reconnecting resumes what waited."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from chalicelib.domain.kernel import Neighbour, Status
from chalicelib.domain.readings import Pot
from chalicelib.flow import connecting
from chalicelib.flow.connecting import Callback
from chalicelib.flow.firms import connections
from infra.sandbox.clio import OWNER_A
from infra.sandbox.kit import Fault
from tests.flow import acts
from tests.flow.acts import (
    STAFF,
    a_synced_stage,
    collect,
    mails_to,
    open_session,
    pay_by_card,
    payable,
    posted_on,
    tasks,
)
from tests.world import CALLBACK, Stage, location

CALDER = "ap@calderfreight.example"


def lose_quickbooks(stage: Stage) -> None:
    stage.world.quickbooks_box.people.revoke_grants(stage.realm)


def reconnect_quickbooks(stage: Stage) -> None:
    world = stage.world
    url = world.quickbooks.authorize_url("x", f"{CALLBACK}/quickbooks")
    back = location(world.session, url, {"realm": stage.realm, "action": "connect"})
    there = Callback(back["code"], back["realmId"])
    connecting.connect_quickbooks(world, stage.firm, there, f"{CALLBACK}/quickbooks", STAFF)
    stage.pass_time(0.5, minutes=1)


def reconnect_clio(stage: Stage) -> None:
    world = stage.world
    url = world.clio.authorize_url("us", "x", f"{CALLBACK}/clio")
    back = location(world.session, url, {"decision": "approve", "email": OWNER_A})
    account = stage.firm.removeprefix("us-")
    connecting.connect_clio(world, stage.firm, "us", account, Callback(back["code"]), f"{CALLBACK}/clio", STAFF)
    stage.work()


def waiting(stage: Stage, kind: str) -> list[str]:
    return [e.cause for e in acts.all_effects(stage) if e.status is Status.OWED and e.kind == kind]


def test_a_revoked_quickbooks_tells_the_firm_and_the_payment_waits() -> None:
    stage = a_synced_stage()
    lose_quickbooks(stage)
    pay_by_card(stage, "1046")
    assert [t.body["connection"] for t in tasks(stage, "reconnect")] == ["quickbooks"]
    assert waiting(stage, "quickbooks.payment") == ["QuickBooks is disconnected."]
    assert payable(stage, "1046").open == 0, "the other lanes go on"
    assert len(mails_to(stage, CALDER)) == 1


def test_reconnecting_quickbooks_resumes_what_waited_and_closes_the_task() -> None:
    stage = a_synced_stage()
    lose_quickbooks(stage)
    pay_by_card(stage, "1046")
    stage.pass_time(120, days=2)
    assert len(tasks(stage, "reconnect")) == 1, "told once"
    reconnect_quickbooks(stage)
    assert posted_on(stage, "1046") == [125000]
    assert not tasks(stage, "reconnect")


def test_a_second_loss_is_told_again() -> None:
    stage = a_synced_stage()
    for _ in range(2):
        lose_quickbooks(stage)
        stage.world.clio_box.people.add_interest("1046", 100)
        acts.poll(stage)
        assert len(tasks(stage, "reconnect")) == 1
        reconnect_quickbooks(stage)
        assert not tasks(stage, "reconnect")


def test_a_revoked_clio_stops_reminders_and_reconnecting_resumes_them() -> None:
    stage = a_synced_stage()
    collect(stage, "1046")
    stage.world.clio_box.people.revoke()
    stage.pass_time(60, days=2)
    assert mails_to(stage, CALDER) == []
    assert [t.body["connection"] for t in tasks(stage, "reconnect")] == ["clio"]
    reconnect_clio(stage)
    stage.pass_time(1, minutes=2)
    assert len(mails_to(stage, CALDER)) == 1, "at once, not hours later"


def test_a_payment_under_way_settles_though_clio_is_gone() -> None:
    stage = a_synced_stage()
    session = open_session(stage, "1046")
    stage.world.clio_box.people.revoke()
    stage.world.stripe_box.people.pay_card(session)
    stage.work()
    assert posted_on(stage, "1046") == [125000]


def test_a_bill_that_came_while_clio_was_gone_comes_in_afterwards() -> None:
    stage = a_synced_stage()
    stage.world.clio_box.people.revoke()
    acts.poll(stage)
    stage.world.clio_box.people.approve("1071")
    stage.pass_time(60, days=1)
    assert not acts.holds(stage, "1071")
    reconnect_clio(stage)
    stage.pass_time(5, minutes=20)
    assert payable(stage, "1071").booked


def test_expired_tokens_are_refreshed_without_a_word() -> None:
    stage = a_synced_stage()
    stage.world.clio_box.people.expire_tokens()
    stage.pass_time(60, hours=30)
    pay_by_card(stage, "1046")
    assert posted_on(stage, "1046") == [125000]
    assert not tasks(stage, "reconnect")


def test_a_refresh_whose_answer_was_lost_loses_no_connection() -> None:
    stage = a_synced_stage()
    stage.world.clock.move(hours=2)
    stage.world.quickbooks_box.faults.append(Fault("drop_answer", path="tokens/bearer", method="POST"))
    pay_by_card(stage, "1046")
    stage.pass_time(2, minutes=10)
    assert posted_on(stage, "1046") == [125000]
    assert not tasks(stage, "reconnect")


def test_a_rotation_whose_answer_was_lost_is_told_and_reconnecting_resumes() -> None:
    stage = a_synced_stage()
    stage.world.quickbooks_box.switches["rotate_every_seconds"] = 0
    stage.world.clock.move(hours=2)
    stage.world.quickbooks_box.faults.append(Fault("drop_answer", path="tokens/bearer", method="POST"))
    pay_by_card(stage, "1046")
    stage.pass_time(2, minutes=10)
    assert len(tasks(stage, "reconnect")) == 1, "QuickBooks keeps no way back but the person's"
    reconnect_quickbooks(stage)
    assert posted_on(stage, "1046") == [125000]
    assert not tasks(stage, "reconnect")


def test_a_stripe_account_disconnected_there_is_told_by_its_event() -> None:
    stage = a_synced_stage()
    stage.world.stripe_box.people.disconnect(stage.operating)
    stage.work()
    assert [t.body["connection"] for t in tasks(stage, "reconnect")] == ["stripe-operating"]
    assert not connections(stage.world, stage.firm)["stripe-operating"].takes_payments


def test_a_stripe_account_disconnected_leaves_the_trust_account_working() -> None:
    stage = a_synced_stage()
    stage.world.stripe_box.people.disconnect(stage.operating)
    stage.work()
    assert pay_by_card(stage, "1080").money


def test_a_debit_on_its_way_at_a_disconnected_account_settles_after_reconnecting() -> None:
    stage = a_synced_stage()
    paid = acts.pay_by_bank(stage, "1046")
    stage.world.stripe_box.people.disconnect(stage.operating)
    stage.pass_time(240, days=8)
    assert acts.payment(stage, paid.id).phase == "on_its_way"
    world = stage.world
    told = world.stripe_box.people.authorize(world.stripe.authorize_url("x", f"{CALLBACK}/stripe"), stage.operating)
    code = parse_qs(urlsplit(told["location"]).query)["code"][0]
    connecting.connect_stripe(world, stage.firm, Pot.OPERATING, Callback(code), STAFF)
    stage.pass_time(30, hours=2)
    assert posted_on(stage, "1046") == [125000]


def test_a_person_who_disconnects_stops_the_lane_and_nothing_is_lost() -> None:
    stage = a_synced_stage()
    connecting.disconnect(stage.world, stage.firm, str(Neighbour.QUICKBOOKS), STAFF)
    pay_by_card(stage, "1046")
    assert posted_on(stage, "1046") == []
    reconnect_quickbooks(stage)
    assert posted_on(stage, "1046") == [125000]


def test_resync_says_which_neighbour_is_gone_and_ends() -> None:
    stage = a_synced_stage()
    stage.world.clio_box.people.revoke()
    run = stage.resync()
    assert run.finished_at
    assert run.parts["clio"]["state"] == "failed"
    assert run.parts["stripe-operating"]["state"] == "done"
