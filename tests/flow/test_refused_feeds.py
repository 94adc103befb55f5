"""A list that the user who connected Clio may not see concerns itself alone: the others are read, and it is named with
what to do until it is read again."""

from __future__ import annotations

import json

import pytest

from chalicelib.domain import effects
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect, Kind, Neighbour, Status
from chalicelib.flow import attention, drain, polling, refused_feeds, resync, trust_check
from chalicelib.flow.feeds import Tally
from chalicelib.flow.rows import item
from chalicelib.flow.settle import policy_of
from infra.sandbox.kit import Fault
from tests.flow import acts
from tests.flow.acts import STAFF
from tests.world import Stage

FORBIDDEN = json.dumps({"error": {"type": "ForbiddenError", "message": "User is forbidden from taking that action"}})
DEAD = "https://app.clio.com/api/v4/bills.json?page_token=dead"
CONTACTS = r"contacts\.json"


def forbid(stage: Stage, path: str, status: int = 403) -> None:
    fault = Fault("status", path=path, method="GET", status=status, body=FORBIDDEN, times=1000)
    stage.world.clio_box.faults.append(fault)


def allow(stage: Stage) -> None:
    stage.world.clio_box.faults.clear()


def named(stage: Stage) -> list[Effect]:
    return [e for e in acts.parked(stage) if e.kind == Do.POLL_CLIO]


def waits(stage: Stage, name: str) -> str:
    told = polling.freshness(stage.world, policy_of(stage.world, stage.firm))
    return next(f.waits for f in told if f.name == name)


def test_clients_that_may_not_be_seen_are_named_and_bills_go_on() -> None:
    stage = acts.a_synced_stage()
    stage.pass_time(1, minutes=2)
    forbid(stage, CONTACTS)
    stage.pass_time(5, minutes=80)
    stage.world.clio_box.people.approve("1071")
    stage.pass_time(2, minutes=20)
    assert acts.holds(stage, "1071")
    [step] = named(stage)
    told = item(step)
    assert told.title == "Clients could not be read in Clio"
    assert "may not see them" in told.cause and "permission" in told.remedy and "ForbiddenError" in told.detail
    assert "clients" in waits(stage, "clio.told")
    assert not any(kind == "crashed" for kind, _ in stage.world.logs)


def test_once_they_may_be_seen_what_changed_meanwhile_comes_in_and_nothing_is_named() -> None:
    stage = acts.a_synced_stage()
    forbid(stage, CONTACTS)
    stage.pass_time(5, minutes=70)
    assert named(stage)
    client = acts.payable(stage, "1046").client_id
    stage.world.clio_box.people.change_client(int(client), email="new@example.com")
    stage.pass_time(2, minutes=20)
    allow(stage)
    stage.pass_time(2, minutes=20)
    assert not named(stage) and not waits(stage, "clio.told")
    email = next(c for c in acts.all_states(stage, Kind.CONTACT) if c.id == client).email
    assert email == "new@example.com"


def test_what_waited_out_an_outage_is_not_shown_at_the_first_refusal() -> None:
    stage = acts.a_synced_stage()
    forbid(stage, CONTACTS)
    stage.pass_time(2, minutes=20)
    assert not named(stage), "it may pass"
    stage.world.clio_box.faults[:] = [Fault("status", path=".*", status=503, body="", times=10000)]
    stage.pass_time(10, hours=3)
    allow(stage)
    forbid(stage, CONTACTS)
    key = f"{stage.firm}/clio.poll/contacts"
    for _ in range(40):
        stage.pass_time(1, minutes=2)
        step = stage.world.store.effect(key)
        if step and not step.cause.startswith("Waiting"):
            break
    assert step and (step.status, step.tries) == (Status.OWED, 1)


def test_retry_reads_that_list_at_once() -> None:
    stage = acts.a_synced_stage()
    forbid(stage, CONTACTS)
    stage.pass_time(5, minutes=70)
    [step] = named(stage)
    attention.retry(stage.world, stage.firm, step.key, STAFF)
    stage.pass_time(5, minutes=70)
    assert [e.key for e in named(stage)] == [step.key], "it may still not be seen"
    allow(stage)
    attention.retry(stage.world, stage.firm, step.key, STAFF)
    stage.work()
    assert not named(stage)


def test_payments_go_on_where_bank_transactions_may_not_be_seen() -> None:
    stage = acts.a_synced_stage()
    forbid(stage, r"bank_transactions\.json")
    stage.pass_time(5, minutes=70)
    assert [item(e).title for e in named(stage)] == ["Bank transactions could not be read in Clio"]
    stage.world.clio_box.people.record_payment({"1046": 5000})
    stage.pass_time(2, minutes=20)
    assert acts.payments_on(stage, "1046")


def test_resync_reads_the_rest_and_waits_for_a_person() -> None:
    stage = acts.a_stage()
    forbid(stage, r"credit_memos\.json")
    resync.start(stage.world, stage.firm, STAFF)
    stage.pass_time(4, minutes=2)
    assert acts.payables(stage), "bills were read"
    [step] = acts.parked(stage, kind=Do.RESYNC)
    assert "credit notes" in step.reason and "permission" in step.remedy
    run = resync.last(stage.world, stage.firm)
    assert run and run.finished_at is None and "credit notes" in run.parts["clio"]["why"]
    allow(stage)
    attention.retry(stage.world, stage.firm, step.key, STAFF)
    stage.work()
    run = resync.last(stage.world, stage.firm)
    assert run and run.finished_at and run.parts["clio"]["state"] == "done"


def test_the_trust_check_compares_nothing_that_was_not_read() -> None:
    stage = acts.a_synced_stage()
    forbid(stage, r"bank_transactions\.json")
    trust_check.start(stage.world, stage.firm)
    stage.pass_time(1, minutes=3)
    [step] = acts.parked(stage, kind=Do.TRUST_CHECK)
    assert "permission" in step.remedy


def test_a_list_that_fails_for_another_reason_says_so_and_what_one_has_read_the_other_poll_does_not_close() -> None:
    stage = acts.a_synced_stage()
    forbid(stage, r"credit_memos\.json", 422)
    stage.pass_time(5, minutes=70)
    [step] = named(stage)
    assert "Clio's list of credit notes cannot be read" in step.reason and "tell us" in step.remedy
    policy = policy_of(stage.world, stage.firm)
    assert refused_feeds.tell(stage.world, policy, Tally(read=["bills"]), {"credits": "…"}) == {}
    assert named(stage)


def test_a_list_that_cannot_be_understood_is_named_with_what_it_shows() -> None:
    stage = acts.a_synced_stage()
    fault = Fault("status", path=r"credit_memos\.json", method="GET", status=200, body='{"data": 7}', times=1000)
    stage.world.clio_box.faults.append(fault)
    stage.pass_time(5, minutes=70)
    [step] = named(stage)
    assert "data: 'int'" in step.reason and step.detail == "data: 'int'"


def test_a_page_that_clio_knows_no_more_is_read_from_the_beginning() -> None:
    stage = acts.a_synced_stage()
    found = stage.world.store.record("feeds", stage.firm)
    assert found
    since = found[1]["bills"]["since"]
    found[1]["bills"] = {"since": since, "mark": since, "next": DEAD}
    stage.world.store.put_record("feeds", stage.firm, found[1])
    stage.world.clio_box.faults.append(Fault("status", path="bills", status=404, body=FORBIDDEN, times=1))
    stage.world.clio_box.people.approve("1071")
    stage.pass_time(5, minutes=70)
    assert acts.holds(stage, "1071") and not named(stage)


PATHS = {
    Do.LOOK_CLIENT: ("client", CONTACTS),
    Do.LOOK_BILL: ("bill", r"bills\.json"),
    Do.LOOK_CREDIT: ("credit", r"credit_memos\.json"),
    Do.LOOK_MOVE: ("move", r"bank_transactions\.json"),
}


@pytest.mark.parametrize("kind", list(PATHS))
def test_several_looks_that_are_refused_together_park_each_for_itself(kind: Do) -> None:
    stage = acts.a_synced_stage()
    stage.pass_time(1, minutes=2)
    lane, (named_by, path) = acts.lane(stage, Neighbour.CLIO), PATHS[kind]
    forbid(stage, path)
    ids = sorted({p.client_id for p in acts.payables(stage)})[:2]  # for the others any id serves
    for id in ids:
        body = {named_by: id, "entry": "", "account": ""}
        stage.world.store.arrive(
            effects.owed(stage.firm, kind, f"{id}/x", f"x/{id}", lane, stage.world.now(), body=body)
        )
    assert drain.drain(stage.world, lane) == 2
    mine = [e for e in acts.all_effects(stage) if e.kind == kind and e.about.startswith("x/")]
    assert [e.status for e in mine] == [Status.PARKED] * 2
    assert all("permission" in e.remedy and "not let" in e.reason for e in mine)
