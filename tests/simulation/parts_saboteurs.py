"""Saboteurs of the daily digest and of payments on linked invoices."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.domain import digest
from chalicelib.domain import pairing as pairs_
from chalicelib.domain.digest import Need
from chalicelib.domain.envelope import Outcome, Post
from chalicelib.domain.kernel import Finish, Status
from chalicelib.domain.reminders import sending_time
from chalicelib.flow import digesting, leaving, pairing
from chalicelib.flow.rows import item
from chalicelib.flow.settle import policy_of
from tests.simulation.sabotaging import Saboteur, patches
from tests.simulation.terms import Mix

DIGEST = {"digest_on": 400, "void_bill": 60, "revoke": 60, "remove_then_edit": 60, "cheque": 60, "client_pays": 60}
BOTH = {"bill_in_both_books": 300, "pair_payments": 60, "cheque": 40}
SAFE_MAIL = {"bounce": 0.0, "complain": 0.0}


# --- the daily digest -------------------------------------------------------------------------------------------------


def each_hour_is_a_morning() -> AbstractContextManager[Any]:
    return patches(
        (digest, "opens", lambda _state, firm, now: sending_time(now, firm.zone, firm.send_hour)),
        (digest, "next_morning", lambda _firm, now: now + timedelta(hours=3)),
    )


def doubtful_digest_goes_again() -> AbstractContextManager[Any]:
    plain = digesting._heard

    def heard(world: Any, policy: Any, number: int, said: Outcome, effect: Any) -> None:
        plain(world, policy, number, Outcome(Post.RELEASED) if said.post is Post.UNCERTAIN else said, effect)

    return patches((digesting, "_heard", heard))


def dead_digest_is_watched_for_ever() -> AbstractContextManager[Any]:
    def watch(world: Any, policy: Any, _mail: Any, effect: Any) -> None:
        until = digest.next_morning(policy.firm, world.now())
        digesting._rest(world, Finish(effect.key, status=Status.OWED, due_at=until))

    return patches((digesting, "_watch", watch))


def quiet_morning_ends_it() -> AbstractContextManager[Any]:
    plain = digesting._rest
    return patches((digesting, "_rest", lambda world, finish: plain(world, Finish(finish.key))))


def digest_of_the_other_firm() -> AbstractContextManager[Any]:
    plain = digesting.read

    def read(world: Any, policy: Any) -> Any:
        other = next(f.firm for f in world.life.firms if f.firm != policy.firm.id)
        return plain(world, policy_of(world, other))

    return patches((digesting, "read", read))


def digest_tells_addresses() -> AbstractContextManager[Any]:
    def need(effect: Any) -> Need:
        i = item(effect)
        return Need(i.title, i.cause, i.remedy, "/desk/attention", i.about)

    return patches((digesting, "need", need))


# --- payments on linked invoices --------------------------------------------------------------------------------------


def posted_before_anybody_spoke() -> AbstractContextManager[Any]:
    plain = leaving.asked_about

    def asked_about(p: Any) -> str:
        return plain(replace(p, booked=replace(p.booked, waits=False)) if p.booked else p)

    return patches((leaving, "asked_about", asked_about))


def payments_there_overlooked() -> AbstractContextManager[Any]:
    return patches((pairing, "compare", lambda *_a: pairing.Compared()))


def pairs_are_not_linked() -> AbstractContextManager[Any]:
    return patches((pairing, "_link", lambda *_a: None))


def amounts_need_not_agree() -> AbstractContextManager[Any]:
    def suggest(theirs: Any, ours: Any) -> Any:
        pairs = zip(theirs, ours, strict=False)
        return {t.id: pairs_.Pair(t.id, o.id, 75, ("Same day",), True) for t, o in pairs}

    return patches((pairs_, "suggest", suggest), (pairs_, "unfit", lambda *_a: ""))


PARTS_SABOTEURS: tuple[Saboteur, ...] = (
    Saboteur(
        "a digest whenever something waits",
        ("4",),
        each_hour_is_a_morning,
        Mix(DIGEST, SAFE_MAIL),
        "the day of the last one and the next morning: either guard alone would do",
    ),
    Saboteur("a doubtful digest is sent again", ("4",), doubtful_digest_goes_again, Mix(DIGEST, {"mail_lose": 0.4})),
    Saboteur(
        "a digest whose worker died is watched for ever",
        ("8",),
        dead_digest_is_watched_for_ever,
        Mix(DIGEST, {**SAFE_MAIL, "kill": 0.4}),
    ),
    Saboteur("a morning without news ends the digest", ("8",), quiet_morning_ends_it, Mix(DIGEST, SAFE_MAIL)),
    Saboteur("a digest of another firm's things", ("9",), digest_of_the_other_firm, Mix(DIGEST, SAFE_MAIL)),
    Saboteur("a digest tells addresses", ("9",), digest_tells_addresses, Mix({**DIGEST, "change_both_sides": 400})),
    Saboteur("posted on a linked invoice before anybody spoke", ("2",), posted_before_anybody_spoke, Mix(BOTH)),
    Saboteur("payments on a linked invoice are overlooked", ("2",), payments_there_overlooked, Mix(BOTH)),
    Saboteur("a confirmed pair is not linked", ("2",), pairs_are_not_linked, Mix(BOTH)),
    Saboteur(
        "a pair of different amounts",
        ("2",),
        amounts_need_not_agree,
        Mix(BOTH),
        "a suggestion and the check of what a person says: either guard alone would do",
    ),
)
