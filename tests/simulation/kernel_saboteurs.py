"""Saboteurs of the kernel: calls and look-ups, commits and looks, mails, tokens, attempts and matches."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import greenlet

from chalicelib.domain import envelope, grouping, paying, planning, receipts
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Commit, Status
from chalicelib.domain.payable import Payable, blocked
from chalicelib.domain.readings import Refunded
from chalicelib.errors import Conflict, Unavailable
from chalicelib.flow import booking, checkout, feeds, firms, looking, mailing, settle, states, striping, tokens
from chalicelib.quickbooks.client import QuickBooksClient
from chalicelib.store import moves
from chalicelib.store.memory import MemoryStore
from chalicelib.stripe import wire as stripe_wire
from chalicelib.stripe.client import StripeClient
from tests.simulation.crew import Killed
from tests.simulation.history import History
from tests.simulation.sabotaging import Saboteur, patches
from tests.simulation.terms import Mix
from tests.simulation.world import SimStore

PAYING = {"client_pays": 120, "record_ours": 40}
CROWDED = {"client_pays_two_tabs": 200, "cheque_while_paying": 100, "flurry": 200}
MONEY = {"client_pays": 60, "cheque": 60, "record_ours": 40}


# --- QuickBooks: requestid, calls, look-ups ---------------------------------------------------------------------------


def no_requestid() -> AbstractContextManager[Any]:
    plain, count = QuickBooksClient.send, itertools.count()

    def send(self: Any, access: Any, request: Any, _id: str) -> Any:
        return plain(self, access, request, f"none{next(count)}")

    return patches((QuickBooksClient, "send", send))


def requestid_without_revision() -> AbstractContextManager[Any]:
    plain, client = booking.send, QuickBooksClient.send
    named: dict[str, str] = {}

    def send(world: Any, reach: Any, policy: Any, call: Any) -> None:
        without = ",".join(sorted(key.rpartition("/")[0] for key in call.members))
        named[call.id] = hashlib.sha256(without.encode()).hexdigest()[:24]
        plain(world, reach, policy, call)

    def sent(self: Any, access: Any, request: Any, id: str) -> Any:
        return client(self, access, request, named.get(id, id))

    return patches((booking, "send", send), (QuickBooksClient, "send", sent))


def _forget(store: Any, call: str) -> None:
    """As if the call had never been stored."""
    held = store._calls.get(call)
    if held is None:
        return
    for key in held.members:
        left = moves.left(store._effect(key), call)
        if left is not None:
            store._put_effect(left)
    store._put_call(replace(held, done=True))
    store._let_indexes_follow()


def _forgetting(errors: tuple[type[BaseException], ...]) -> AbstractContextManager[Any]:
    plain = booking.send

    def send(world: Any, reach: Any, policy: Any, call: Any) -> None:
        try:
            plain(world, reach, policy, call)
        except errors:
            _forget(world.store, call.id)
            raise

    return patches((booking, "send", send))


def call_not_stored() -> AbstractContextManager[Any]:
    return _forgetting((Killed,))


def lost_answer_is_failure() -> AbstractContextManager[Any]:
    return _forgetting((Unavailable,))


def look_up_too_early() -> AbstractContextManager[Any]:
    return patches((booking, "SETTLES", timedelta(0)), (booking, "REPEATS", 1))


def two_live_calls() -> AbstractContextManager[Any]:
    def joined(effect: Any, key: str, call: str) -> Any:
        if effect is None or effect.status is not Status.OWED:
            raise Conflict(key)
        return replace(effect, call=call)

    return patches((moves, "joined", joined), (booking, "_free", lambda _w, _l, effects: list(effects)))


# --- the kernel -------------------------------------------------------------------------------------------------------


def effect_after_commit() -> AbstractContextManager[Any]:
    plain = SimStore.commit

    def commit(self: Any, commit: Commit) -> None:
        plain(self, replace(commit, effects=()))
        if commit.effects:
            plain(self, Commit(effects=commit.effects))

    return patches((SimStore, "commit", commit))


def effect_after_call() -> AbstractContextManager[Any]:
    """What watches a mail is owed only once the mail service has answered."""
    plain, sends = SimStore.commit, mailing._send
    waiting: dict[Any, list[Any]] = {}

    def commit(self: Any, commit: Commit) -> None:
        later = [e for e in commit.effects if e.kind == Do.WATCH_MAIL]
        plain(self, replace(commit, effects=tuple(e for e in commit.effects if e.kind != Do.WATCH_MAIL)))
        waiting.setdefault(greenlet.getcurrent(), []).extend(later)

    def send(world: Any, *rest: Any) -> None:
        sends(world, *rest)
        plain(world.store, Commit(effects=tuple(waiting.pop(greenlet.getcurrent(), ()))))

    return patches((SimStore, "commit", commit), (mailing, "_send", send))


def no_version_condition() -> AbstractContextManager[Any]:
    return patches((MemoryStore, "_check", lambda _self, _prepared: None))


def fact_though_state_moved() -> AbstractContextManager[Any]:
    plain = settle.settle

    def loose(world: Any, refs: Any, decide: Any, **more: Any) -> Any:
        more.pop("held", None)
        return plain(world, refs, decide, **more)

    return patches((looking, "settle", loose), (striping, "settle", loose), (mailing, "settle", loose))


def newer_arrival_ignored() -> AbstractContextManager[Any]:
    plain = moves.finished

    def finished(effect: Any, finish: Any) -> Any:
        return plain(effect, replace(finish, arrivals=None))

    return patches((moves, "finished", finished))


def parked_is_forgotten() -> AbstractContextManager[Any]:
    def put_aside(effect: Any, _key: str, _arrivals: Any, _aside: Any) -> Any:
        return None if effect is None else replace(effect, status=Status.DONE)

    return patches((moves, "put_aside", put_aside))


def sweep_disabled() -> AbstractContextManager[Any]:
    return patches((History, "_sweep", lambda _self: None))


def cursor_too_early() -> AbstractContextManager[Any]:
    plain = feeds._read

    def read(world: Any, reach: Any, policy: Any, feed: str, cursors: Any, tally: Any, first: Any) -> None:
        mark = world.now().isoformat()
        try:
            plain(world, reach, policy, feed, cursors, tally, first)
        except Unavailable:
            cursors[feed] = {"since": mark}
            tally.wrote = True
            raise

    return patches((feeds, "_read", read))


# --- mails ------------------------------------------------------------------------------------------------------------


def mail_before_claim() -> AbstractContextManager[Any]:
    plain = settle.settle

    def early(world: Any, refs: Any, decide: Any, **more: Any) -> Any:
        held = more.get("held")
        if more.get("fact") == "MailClaimed" and held:
            before = {ref: states.decode(ref.kind, h.body) for ref, h in held.items()}
            for ref, decision in decide(before, world.now()).items():
                if ref.kind == "envelope" and decision is not None:
                    raw = world.store.document(decision.state.raw)
                    world.mail.send(raw, to=decision.state.to, tag=mailing.tag_of(ref.firm, ref.id))
        return plain(world, refs, decide, **more)

    return patches((mailing, "settle", early), (mailing, "_send", lambda *_a: None))


def claim_without_reading() -> AbstractContextManager[Any]:
    plain = looking.read_bill
    kept: dict[tuple[str, str], Any] = {}

    def read(reach: Any, id: str, known: Any, first: Any = None) -> Any:
        if (reach.firm, id) not in kept:
            kept[reach.firm, id] = plain(reach, id, known, first)
        return kept[reach.firm, id]

    return patches((mailing, "read_bill", read))


def open_from_clio_alone() -> AbstractContextManager[Any]:
    def open_(self: Payable) -> int:
        return self.balance if self.bill_state == "awaiting_payment" else 0

    return patches((Payable, "open", property(open_)))


def nothing_stands_against_it() -> AbstractContextManager[Any]:
    def waits(state: Payable) -> str:
        return "" if state.collection and state.open and state.due_on and state.client_email else planning_waits(state)

    planning_waits = planning.waits
    return patches((planning, "waits", waits), (envelope, "waits", waits), (mailing, "waits", waits))


def dispute_overlooked() -> AbstractContextManager[Any]:
    return patches((planning, "blocked", lambda state: blocked(replace(state, disputed=()))))


# --- tokens -----------------------------------------------------------------------------------------------------------


def token_saved_after_use() -> AbstractContextManager[Any]:
    plain, whole = tokens._write_surely, tokens.with_access
    waiting: list[tuple[Any, ...]] = []

    def later(*args: Any) -> None:
        waiting.append(args)

    def with_access(*args: Any) -> Any:
        waiting.clear()
        try:
            done = whole(*args)
            for one in waiting:
                with contextlib.suppress(Conflict):
                    plain(*one)
        finally:
            waiting.clear()
        return done

    return patches((tokens, "_write_surely", later), (tokens, "with_access", with_access))


def two_refreshers() -> AbstractContextManager[Any]:
    def lease(world: Any, neighbour: Any, account: str) -> tuple[str, str]:
        return "lease", f"token/{neighbour}/{account}/{world.secret(6)}"

    return patches((tokens, "_lease", lease))


# --- money ------------------------------------------------------------------------------------------------------------


def match_guessed() -> AbstractContextManager[Any]:
    right = receipts._sorted

    def sorts(state: Payable, policy: Any, now: Any) -> Any:
        for known in state.receipts:
            waiting = [s for s in state.shares if s.recorded < s.cents]
            if known.standing == "new" and known.kind != "credit" and waiting and not state.attempt:
                state = receipts._match(state, known, (waiting[0].payment,), "guess")
        return right(state, policy, now)

    return patches((receipts, "_sorted", sorts))


def matched_twice() -> AbstractContextManager[Any]:
    right = receipts._sorted

    def sorts(state: Payable, policy: Any, now: Any) -> Any:
        for known in state.receipts:
            if known.standing == "new" and known.kind != "credit" and state.shares and not state.attempt:
                state = receipts._match(state, known, (state.shares[0].payment,), "again")
        return right(state, policy, now)

    return patches((receipts, "_sorted", sorts))


def debit_is_money() -> AbstractContextManager[Any]:
    right = paying.shown

    def shown(payment: Any, payables: Any, seen: Any, policy: Any, now: Any) -> Any:
        return right(payment, payables, replace(seen, paid=seen.status == "complete"), policy, now)

    return patches((paying, "shown", shown))


def refund_twice() -> AbstractContextManager[Any]:
    """What went back is added up from events, and two kinds of them tell of the same money."""
    right, hook = paying.shown, History._stripe_hook
    heard: dict[str, int] = {}
    hearing: list[History] = []

    def hears(self: History, url: str, headers: Any, body: bytes) -> int:
        if hearing != [self]:
            heard.clear()
            hearing[:] = [self]
        event = json.loads(body)
        kind, thing = event["type"], event["data"]["object"]
        if kind == "charge.refunded":
            before = event["data"].get("previous_attributes", {}).get("amount_refunded", 0)
            heard[thing["id"]] = heard.get(thing["id"], 0) + thing["amount_refunded"] - before
        if kind == "refund.created":
            heard[thing["charge"]] = heard.get(thing["charge"], 0) + thing["amount"]
        return hook(self, url, headers, body)

    def shown(payment: Any, payables: Any, seen: Any, policy: Any, now: Any) -> Any:
        if seen.charge in heard:
            seen = replace(seen, refunds=(Refunded("re_events", heard[seen.charge], "succeeded"),))
        return right(payment, payables, seen, policy, now)

    return patches((paying, "shown", shown), (History, "_stripe_hook", hears))


def lock_never_released() -> AbstractContextManager[Any]:
    return patches((paying, "_released", lambda *_a: {}))


def payload_trusted() -> AbstractContextManager[Any]:
    told: dict[str, Any] = {}
    hook, right = History._stripe_hook, StripeClient.session

    def heard(self: History, url: str, headers: Any, body: bytes) -> int:
        event = json.loads(body)
        thing = event["data"]["object"]
        if thing["object"] == "checkout.session":
            at = self.clock.at + timedelta(hours=self.rng.uniform(0, 60))
            self.later(at, "a payload is believed", lambda: told.update({thing["id"]: thing}))
        return hook(self, url, headers, body)

    def session(self: StripeClient, account: str, id: str) -> Any:
        there = right(self, account, id)
        if id not in told or (there.charge == "" and told[id]["status"] == "open"):
            return there
        old = stripe_wire.session({**told[id], "payment_intent": None})
        return replace(there, status=old.status, paid=old.paid)

    return patches((History, "_stripe_hook", heard), (StripeClient, "session", session))


def trust_on_operating() -> AbstractContextManager[Any]:
    right = firms.connections

    def connections(world: Any, firm: str) -> Any:
        found = dict(right(world, firm))
        if "stripe-operating" in found:
            found["stripe-trust"] = found["stripe-operating"]
        return found

    return patches((checkout, "connections", connections))


def cent_lost_in_a_split() -> AbstractContextManager[Any]:
    right = grouping._merged

    def merged(items: Any) -> Any:
        found = list(right(items))
        if len(found) > 1:
            found[-1] = replace(found[-1], cents=found[-1].cents - 1)
        return tuple(found)

    return patches((grouping, "_merged", merged))


SAFE_MAIL = {"bounce": 0.0, "complain": 0.0}
KERNEL_SABOTEURS: tuple[Saboteur, ...] = (
    Saboteur(
        "no requestid",
        ("1", "2"),
        no_requestid,
        Mix({**MONEY, "new_bill": 20}, {"drop_answer": 0.3}, switches={"quickbooks": {"batch_replay": "replay"}}),
    ),
    Saboteur(
        "requestid ignores the revision",
        ("1", "2"),
        requestid_without_revision,
        Mix({"cheque": 60, "remove_payment": 80}, switches={"quickbooks": {"batch_replay": "replay"}}),
    ),
    Saboteur("call not stored before it is sent", ("1", "2"), call_not_stored, Mix(MONEY, {"kill": 0.4})),
    Saboteur(
        "look-up counted too early",
        ("1", "2"),
        look_up_too_early,
        Mix(MONEY, {"late_request": 0.3}),
        "with it, the identical repeat is left out: either guard alone would do",
    ),
    Saboteur("lost answer treated as failure", ("1", "2"), lost_answer_is_failure, Mix(MONEY, {"drop_answer": 0.3})),
    Saboteur(
        "an effect in two live calls",
        ("1", "2"),
        two_live_calls,
        Mix(MONEY, {"drop_answer": 0.3, "queue_double": 0.5}),
        "with it, members of live calls are taken up again: either guard alone would do",
    ),
    Saboteur(
        "effect stored after the call",
        ("8",),
        effect_after_call,
        Mix({"start_collection": 60, "new_bill": 20}, {"kill": 0.4}),
    ),
    Saboteur("effect stored after the commit", ("8",), effect_after_commit, Mix(MONEY, {"kill": 0.4})),
    Saboteur(
        "version condition dropped", ("7",), no_version_condition, Mix(CROWDED, {"slow": 0.5, "hooks_double": 0.7})
    ),
    Saboteur(
        "fact committed though the state moved",
        ("2", "3", "8"),
        fact_though_state_moved,
        Mix({"flurry_while_paying": 600, "start_collection": 30}, {"slow": 0.5, "skew": 0.0}),
    ),
    Saboteur(
        "look done although a newer arrival came",
        ("8",),
        newer_arrival_ignored,
        Mix({"flurry": 600}, {"slow": 0.6, "hooks_double": 0.0, "hooks_late": 0.0, "hooks_lose": 0.0}),
    ),
    Saboteur("parked effect forgotten", ("8",), parked_is_forgotten, Mix({"void_bill": 40, **PAYING})),
    Saboteur("sweep disabled", ("8",), sweep_disabled, Mix({}, {"queue_lose": 0.3})),
    Saboteur(
        "cursor moved before the page is settled",
        ("8",),
        cursor_too_early,
        Mix({"new_bill": 100, "resync_pressed": 60}, {"store_busy": 0.05, "hooks_lose": 1.0}, begins="connected"),
    ),
    Saboteur("mail sent before the claim", ("3", "4"), mail_before_claim),
    Saboteur(
        "claim without re-reading the balance",
        ("3",),
        claim_without_reading,
        Mix({"cheque": 60, "start_collection": 40}, {"hooks_lose": 1.0}),
    ),
    Saboteur(
        "open amount taken from Clio alone",
        ("3",),
        open_from_clio_alone,
        Mix({"client_pays": 100, "start_collection": 60}),
    ),
    Saboteur(
        "a reminder goes out whatever stands against it",
        ("3",),
        nothing_stands_against_it,
        Mix({"client_pays": 100, "start_collection": 60}, SAFE_MAIL),
        "a debit on its way and an attempt under way: either guard alone would do",
    ),
    Saboteur(
        "asked for what the client's bank is deciding about",
        ("3",),
        dispute_overlooked,
        Mix({"client_pays": 150, "dispute": 150, "start_collection": 60}, SAFE_MAIL),
    ),
    Saboteur(
        "refresh token saved after use",
        ("8",),
        token_saved_after_use,
        Mix(MONEY, {"drop_request": 0.15, "answer_500": 0.1}, switches={"quickbooks": {"rotate_every_seconds": 0}}),
    ),
    Saboteur(
        "two refreshers",
        ("8",),
        two_refreshers,
        Mix(
            {"compare_pressed": 300, "cheque": 100},
            {"slow": 0.3},
            switches={
                "quickbooks": {"rotate_every_seconds": 0, "old_token_revokes": True, "access_token_seconds": 300}
            },
        ),
    ),
    Saboteur("match guessed where two are possible", ("2",), match_guessed, Mix({"client_pays": 80, "cheque": 80})),
    Saboteur("payment matched twice", ("2",), matched_twice, Mix({"client_pays": 80, "cheque": 80, "interest": 30})),
    Saboteur("bank debit counted as paid on completion", ("2",), debit_is_money, Mix({"client_pays": 80})),
    Saboteur(
        "refund counted twice, from charge.refunded and refund.*",
        ("2",),
        refund_twice,
        Mix({"client_pays": 60, "refund": 60}),
    ),
    Saboteur("attempt lock never released", ("8",), lock_never_released, Mix({"client_pays": 80})),
    Saboteur(
        "webhook payload trusted",
        ("2", "8"),
        payload_trusted,
        Mix({"client_pays": 200}),
    ),
    Saboteur(
        "trust payable paid by the operating account",
        ("5",),
        trust_on_operating,
        Mix({"client_pays": 80, "start_collection": 80}),
    ),
    Saboteur("a cent lost in a split", ("2",), cent_lost_in_a_split, Mix({"cheque_over_two": 80})),
)
