"""News from Clio: subscriptions are made, kept alive and ended, and what they tell of is looked at at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from chalicelib.domain import effects
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Effect, Neighbour, Status
from chalicelib.domain.news import HookReading
from chalicelib.domain.readings import EventPointer, Tokens
from chalicelib.flow import clio_hooks, connecting, inbox, polling, subscribing, tokens
from chalicelib.flow.settle import policy_of
from infra.sandbox.kit import Fault
from tests.builders import FIRM
from tests.domain.given import a_policy
from tests.flow import acts
from tests.flow.alone import held, near, owe
from tests.flow.test_connections import reconnect_clio
from tests.world import CLIO, PUBLIC, MemoryWorld, Stage


def hooks_there(stage: Stage) -> list[Any]:
    return list(stage.world.clio_box.state.rows["webhooks"].values())


def hook_of(stage: Stage, model: str) -> Any:
    return next(h for h in hooks_there(stage) if h.model == model)


def a_told_stage() -> Stage:
    stage = acts.a_synced_stage(hooks=True)
    stage.pass_time(minutes=10)
    return stage


def keep(stage: Stage) -> None:
    """Tomorrow's round over the subscriptions, now."""
    key = next(e.key for e in acts.all_effects(stage) if e.kind == Do.KEEP_HOOKS)
    stage.world.store.postpone(key, stage.world.now())
    stage.work()


# --- subscribing ------------------------------------------------------------------------------------------------------


def test_a_firm_that_is_set_up_is_told_of_bills_contacts_and_matters() -> None:
    stage = a_told_stage()
    assert {h.model: h.status for h in hooks_there(stage)} == dict.fromkeys(("bill", "contact", "matter"), "enabled")
    assert subscribing.working(stage.world, stage.firm) == {"bill", "contact", "matter"}


def test_without_an_https_address_nothing_is_subscribed_and_the_reason_is_kept() -> None:
    stage = acts.a_synced_stage()
    assert hooks_there(stage) == []
    assert "https" in subscribing.of(stage.world, stage.firm).why


def test_each_subscription_has_an_address_of_its_own_that_nobody_can_guess() -> None:
    stage = a_told_stage()
    urls = {h.url for h in hooks_there(stage)}
    assert len(urls) == 3
    assert all(len(u.rpartition("/")[2]) >= 16 for u in urls)


def test_secrets_are_sealed_where_they_lie() -> None:
    stage = a_told_stage()
    secrets = {h.shared_secret for h in hooks_there(stage)}
    bodies = [str(body) for rows in stage.world.store._records.values() for body in rows.values()]
    sealed = [b for b in bodies if any(s in b for s in secrets)]
    assert sealed and all("sealed" in b and stage.firm in b for b in sealed)  # Seals marks what it sealed


def test_a_subscription_is_extended_within_its_last_week_and_never_for_more_than_clio_allows() -> None:
    stage = a_told_stage()
    first = hook_of(stage, "bill").expires_at
    stage.pass_time(60 * 12, days=22)
    assert hook_of(stage, "bill").expires_at == first
    stage.pass_time(60 * 12, days=3)
    assert hook_of(stage, "bill").expires_at > first
    assert hook_of(stage, "bill").expires_at - stage.world.now() <= timedelta(days=31)


def test_a_suspended_subscription_is_made_anew_under_another_address() -> None:
    stage = a_told_stage()
    old = hook_of(stage, "bill")
    old.status = "suspended"
    keep(stage)
    new = hook_of(stage, "bill")
    assert (new.url != old.url, new.status) == (True, "enabled")
    assert clio_hooks.find(stage.world, old.url.rpartition("/")[2]) is None


def test_one_that_ended_while_nobody_looked_is_made_anew() -> None:
    stage = a_told_stage()
    old = hook_of(stage, "contact")
    old.expires_at = stage.world.now()
    keep(stage)
    assert hook_of(stage, "contact").id != old.id
    assert len(hooks_there(stage)) == 3


def test_one_that_is_missing_is_made_anew() -> None:
    stage = a_told_stage()
    stage.world.clio_box.state.drop(hook_of(stage, "matter"))
    keep(stage)
    assert hook_of(stage, "matter").status == "enabled"


def test_a_creation_whose_answer_was_lost_is_found_by_its_address_and_not_made_twice() -> None:
    stage = acts.a_stage(hooks=True)
    stage.world.clio_box.faults.append(Fault("drop_answer", path="webhooks", method="POST"))
    stage.work()
    stage.pass_time(minutes=20)
    assert sorted(h.model for h in hooks_there(stage)) == ["bill", "contact", "matter"]
    assert subscribing.working(stage.world, stage.firm) == {"bill", "contact", "matter"}


def test_a_handshake_that_never_came_is_made_from_our_side() -> None:
    stage = acts.a_stage(hooks=True)
    stage.deliver = lambda: 0  # type: ignore[method-assign]
    stage.work()
    assert {h.status for h in hooks_there(stage)} == {"pending"}
    stage.pass_time(minutes=12)
    assert {h.status for h in hooks_there(stage)} == {"enabled"}


def test_events_that_clio_left_out_are_named_again() -> None:
    stage = a_told_stage()
    hook_of(stage, "bill").events = ["created"]
    keep(stage)
    assert hook_of(stage, "bill").events == ["created", "updated", "deleted"]


def test_a_subscription_of_another_program_is_let_be_and_a_stray_one_of_ours_ends() -> None:
    stage = a_told_stage()
    bill = hook_of(stage, "bill")
    other = replace(bill, id=990001, url="https://other.example/hook")
    stray = replace(bill, id=990002, url=bill.url + "x")
    for hook in (other, stray):
        stage.world.clio_box.state.add(hook)
    keep(stage)
    assert other in hooks_there(stage)
    assert stray not in hooks_there(stage)


def test_an_application_without_the_permission_goes_on_with_polls_and_says_why() -> None:
    stage = acts.a_stage(hooks=True)
    stage.world.clio_box.faults.append(Fault("status", path="webhooks", status=403, body="{}", times=50))
    stage.resync()
    assert "does not let us" in subscribing.of(stage.world, stage.firm).why
    assert not acts.parked(stage, kind="clio.hooks")


def test_disconnecting_ends_the_subscriptions_and_closes_their_addresses() -> None:
    stage = a_told_stage()
    urls = [h.url for h in hooks_there(stage)]
    connecting.disconnect(stage.world, stage.firm, "clio", acts.STAFF)
    assert hooks_there(stage) == []
    assert all(clio_hooks.find(stage.world, u.rpartition("/")[2]) is None for u in urls)
    reconnect_clio(stage)
    stage.work()
    assert sorted(h.model for h in hooks_there(stage)) == ["bill", "contact", "matter"]


def test_disconnecting_goes_on_where_clio_does_not_answer() -> None:
    stage = a_told_stage()
    stage.world.clio_box.faults.append(Fault("status", path="webhooks", status=500, times=50))
    connecting.disconnect(stage.world, stage.firm, "clio", acts.STAFF)
    assert subscribing.of(stage.world, stage.firm).hooks == {}


# --- what is told -----------------------------------------------------------------------------------------------------


def test_a_changed_bill_is_in_quickbooks_at_once() -> None:
    stage = a_told_stage()
    due = acts.payable(stage, "1042").due_on
    assert due is not None
    stage.world.clio_box.people.edit_bill("1042", due_at=due + timedelta(days=9))
    stage.work()
    assert acts.invoice(stage, "1042")["DueDate"] == (due + timedelta(days=9)).isoformat()


def test_a_client_that_we_hold_is_looked_at_and_any_other_contact_is_not() -> None:
    stage = a_told_stage()
    account = policy_of(stage.world, stage.firm).lanes.clio
    held = acts.payables(stage)[0].client_id
    for id in (held, "424242", ""):
        inbox.point(stage.world, Neighbour.CLIO, [EventPointer("1", account, "updated", "contact", id)])
    due = {e.about for e in acts.all_effects(stage) if e.kind == Do.LOOK_CLIENT and e.status == "owed"}
    assert f"contact/{held}" in due
    assert not due & {"contact/424242", "contact/"}


def test_news_of_a_kind_that_we_do_not_know_owes_nothing() -> None:
    stage = a_told_stage()
    account = policy_of(stage.world, stage.firm).lanes.clio
    assert inbox.point(stage.world, Neighbour.CLIO, [EventPointer("1", account, "updated", "task", "5")]) == 0


def test_a_subscription_that_clio_refuses_does_not_let_the_others_end() -> None:
    stage = a_told_stage()
    hook_of(stage, "contact").status = "suspended"
    stage.world.clio_box.faults.append(Fault("status", path="webhooks", method="POST", status=403, body="{}", times=99))
    stage.pass_time(60, days=32)
    assert subscribing.working(stage.world, stage.firm) == {"bill", "matter"}
    assert subscribing.of(stage.world, stage.firm).why


# --- polls ------------------------------------------------------------------------------------------------------------


def polled(stage: Stage, name: str) -> Any:
    policy = policy_of(stage.world, stage.firm)
    return next(f for f in polling.freshness(stage.world, policy) if f.name == name)


def test_while_the_webhook_works_bills_are_polled_rarely_and_payments_every_quarter_of_an_hour() -> None:
    stage = a_told_stage()
    stage.pass_time(15, hours=30)
    told, main = polled(stage, "clio.told"), polled(stage, "clio.main")
    assert told.hooked and told.next_at - told.read_at == polling.RAREST
    assert main.next_at - main.read_at == polling.EVERY


def test_without_a_webhook_bills_are_polled_every_quarter_of_an_hour() -> None:
    stage = acts.a_synced_stage()
    stage.pass_time(15, hours=3)
    told = polled(stage, "clio.told")
    assert not told.hooked and told.next_at - told.read_at == polling.EVERY


def test_clients_whose_webhook_alone_does_not_work_are_polled_every_quarter_of_an_hour() -> None:
    stage = a_told_stage()
    hook_of(stage, "contact").status = "suspended"
    refused = Fault("status", path="webhooks", method="POST", status=403, body="{}", times=50)
    stage.world.clio_box.faults.append(refused)
    keep(stage)
    assert subscribing.working(stage.world, stage.firm) == {"bill", "matter"}
    stage.pass_time(15, hours=9)
    told, main = polled(stage, "clio.told"), polled(stage, "clio.main")
    assert "contacts" in main.feeds and "contacts" not in told.feeds
    assert main.next_at - main.read_at == polling.EVERY
    assert told.next_at - told.read_at > polling.EVERY, "bills are told of"
    stage.world.clio_box.people.change_client("Felix Ortega", email="felix@new.example")
    stage.pass_time(5, minutes=16)
    assert acts.contact(stage, "Felix Ortega").email == "felix@new.example"


def refuse_clio(stage: Stage, path: str, times: int) -> None:
    """Clio refuses such readings, as often as that."""
    body = '{"error": {"type": "ForbiddenError", "message": "Not now"}}'
    stage.world.clio_box.faults.append(Fault("status", path=path, status=403, body=body, times=times))


def main_poll(stage: Stage) -> Effect:
    return next(e for e in acts.all_effects(stage) if e.key.endswith("clio.poll/main"))


def feed_alone(stage: Stage, feed: str) -> Effect | None:
    """The effect of a list that Clio refused."""
    return stage.world.store.effect(f"{stage.firm}/clio.poll/{feed}")


def test_a_poll_that_is_refused_in_passing_goes_on_by_itself() -> None:
    stage = acts.a_synced_stage()
    refuse_clio(stage, "/allocations", 2)
    stage.pass_time(1, minutes=16)
    alone = feed_alone(stage, "receipts")
    assert alone and (alone.status, main_poll(stage).status) == (Status.OWED, Status.OWED)
    assert "does not let us read payments" in alone.cause
    stage.world.clio_box.people.record_payment({"1046": 10_00})
    stage.pass_time(1, minutes=20)
    assert acts.payable(stage, "1046").receipts
    alone = feed_alone(stage, "receipts")
    assert alone and alone.status is Status.DONE


def test_what_stripe_refuses_in_passing_goes_on_by_itself_and_is_shown_when_it_does_not() -> None:
    stage = acts.a_synced_stage()
    refused = Fault("status", path="/v1/events", status=400, body='{"error": {"message": "No"}}', times=2)
    stage.world.stripe_box.faults.append(refused)
    stage.pass_time(1, minutes=70)
    polls = [e for e in acts.all_effects(stage) if e.kind == Do.POLL_STRIPE]
    assert {e.status for e in polls} == {Status.OWED}
    assert not stage.world.stripe_box.faults or not refused.times
    refused.times = 1000
    stage.world.stripe_box.faults[:] = [refused]
    stage.pass_time(20, hours=8)
    assert acts.parked(stage, kind=Do.POLL_STRIPE)


def test_a_reading_whose_next_page_clio_refuses_begins_anew_and_misses_nothing() -> None:
    stage = acts.a_synced_stage()
    stage.world.clio_box.people.record_payment({"1046": 10_00})
    found = stage.world.store.record("feeds", stage.firm)
    assert found is not None
    of_long_ago = f"{CLIO}/api/v4/allocations.json?page_token=of+long+ago"
    there = {**found[1]["receipts"], "mark": stage.world.now().isoformat(), "next": of_long_ago}
    stage.world.store.put_record("feeds", stage.firm, {**found[1], "receipts": there})
    stage.pass_time(1, minutes=40)
    assert acts.payable(stage, "1046").receipts
    assert main_poll(stage).status is Status.OWED


def test_a_pointer_that_comes_during_a_poll_is_not_slept_over() -> None:
    stage = a_told_stage()
    effect = next(e for e in acts.all_effects(stage) if e.kind == Do.POLL_CLIO)
    stage.world.store.arrive(effect)
    polling.rest(stage.world, effect, stage.world.now() + timedelta(hours=1))
    now = stage.world.store.effect(effect.key)
    assert now is not None and now.arrivals == effect.arrivals + 1


# --- one round by itself ----------------------------------------------------------------------------------------------


class Hooks:
    """Clio's subscriptions, whose answers hold no secret."""

    def __init__(self) -> None:
        self.hooks = self
        self.made: list[str] = []

    def all(self, _access: object) -> list[HookReading]:
        return []

    def create(self, _access: object, *, model: str, url: str, until: datetime, **_: object) -> HookReading:
        self.made.append(model)
        return HookReading(str(len(self.made)), url, subscribing.PENDING, subscribing.EVENTS, until)

    def delete(self, _access: object, _id: str) -> None:
        raise AssertionError("Clio never told of it")


def a_round(world: MemoryWorld, policy: Policy, hooks: Hooks) -> subscribing.Book:
    world.hooks_url = PUBLIC
    effect = owe(world, effects.keep_hooks(FIRM, policy.lanes.of(Neighbour.CLIO), world.now()))
    subscribing.keep(world, near(clio=hooks), policy, effect)
    assert held(world, effect).due_at > world.now()
    return subscribing.of(world, FIRM)


def test_nothing_is_subscribed_before_the_set_up_is_finished() -> None:
    hooks = Hooks()
    book = a_round(MemoryWorld(), a_policy(native_sync_off=False), hooks)
    assert (hooks.made, book.hooks, book.why) == ([], {}, "")


def test_a_secret_that_clio_does_not_show_is_awaited_with_the_handshake() -> None:
    world = MemoryWorld()
    book = a_round(world, a_policy(), Hooks())
    assert {h.status for h in book.hooks.values()} == {subscribing.PENDING}
    assert {clio_hooks.secret_of(world, h.name) for h in book.hooks.values()} == {""}


def test_the_address_of_a_subscription_that_clio_never_confirmed_is_closed_without_asking() -> None:
    world = MemoryWorld()
    tokens.keep(world, FIRM, Neighbour.CLIO, "us/1", Tokens("access", "refresh", world.now() + timedelta(hours=1)))
    world.clio = Hooks()  # type: ignore[assignment]
    url = clio_hooks.new_address(world, FIRM, "us/1", "bill", "secret")
    book = subscribing.Book({"bill": subscribing.Hook(clio_hooks.name_of(world, url))})
    world.store.put_record(f"hooks/{FIRM}", "clio", msgspec.to_builtins(book))
    subscribing.end(world, FIRM, "us/1")
    assert clio_hooks.find(world, url.rpartition("/")[2]) is None
    assert subscribing.of(world, FIRM).hooks == {}
