"""Saboteurs of broken links: what people took away in QuickBooks, and what they say becomes of it (decision 0022). And
of what was away for a while: a Stripe account, an account or item in QuickBooks, pay links.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from chalicelib.domain import crediting, linking, paylinks, preflight, preflight_accounts, trust, usable
from chalicelib.domain.contact import WITHOUT
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Decision, Finish
from chalicelib.flow import attention, credit_links, credits, feeds, journals, links
from chalicelib.flow.settle import settle
from chalicelib.stripe import client as stripe_client
from chalicelib.stripe import wire as stripe_wire
from chalicelib.stripe.client import StripeClient
from tests.simulation.sabotaging import Saboteur, patches
from tests.simulation.terms import Mix

CREDITS = {"remove_credit_there": 400, "answer_broken": 60}
SILENCE = {"silent_account": 300, "client_pays": 200}
INACTIVE = {"inactive_there": 200}
JOURNALS = {"remove_journal_there": 400, "answer_broken": 60}


# --- again, silently --------------------------------------------------------------------------------------------------


def memo_made_again() -> AbstractContextManager[Any]:
    plain = credits._step

    def step(world: Any, policy: Any, e: Any, state: Any, around: Any, out: Any) -> int:
        return plain(world, policy, replace(e, body={"choice": "again", **e.body}), state, around, out)

    return patches((credits, "_step", step))


def applied_again() -> AbstractContextManager[Any]:
    return patches((credits, "_off", lambda *_a: ""))


def applied_again_by_a_change() -> AbstractContextManager[Any]:
    return patches((crediting, "taken_off", lambda state, _payments: state.unapplied))


def entry_written_again() -> AbstractContextManager[Any]:
    plain = journals._step

    def step(world: Any, policy: Any, e: Any, state: Any, there: Any, *rest: Any) -> int:
        lost = there is None and state.stands
        return plain(world, policy, e, replace(state, posted=None) if lost else state, there, *rest)

    return patches((journals, "_step", step))


def accepted_is_again() -> AbstractContextManager[Any]:
    plain = attention.done

    def done(world: Any, firm: str, key: str, by: str) -> None:
        effect = world.store.effect(key)
        if effect is not None and effect.kind in (Do.CREDIT, Do.JOURNAL) and effect.body.get("broken"):
            attention.retry(world, firm, key, by, "again")
        else:
            plain(world, firm, key, by)

    return patches((attention, "done", done))


def accepted_until_it_changes() -> AbstractContextManager[Any]:
    plain = journals._step

    def step(world: Any, policy: Any, e: Any, state: Any, *rest: Any) -> int:
        accepted = state.posted is not None and state.posted.removed
        return plain(world, policy, e, replace(state, posted=None) if accepted else state, *rest)

    return patches((journals, "_step", step))


def another_customer_is_made() -> AbstractContextManager[Any]:
    plain = linking._chosen

    def chosen(state: Any, choice: str, policy: Any, now: Any) -> Any:
        return plain(state, linking.ANEW if choice == WITHOUT else choice, policy, now)

    return patches((linking, "_chosen", chosen))


# --- nobody is asked --------------------------------------------------------------------------------------------------


def credits_are_not_noticed() -> AbstractContextManager[Any]:
    return patches((crediting, "noticed", lambda state, *_a: Decision(state)))


def journals_are_not_noticed() -> AbstractContextManager[Any]:
    return patches((trust, "_noticed", lambda state, *_a: Decision(state)))


# --- linked to another one --------------------------------------------------------------------------------------------


def any_memo_will_do() -> AbstractContextManager[Any]:
    def link(world: Any, reach: Any, policy: Any, step: Any, number: str, by: str) -> None:
        ref = credits.credit_ref(step)
        [there] = reach.quickbooks(lambda q, a: q.memos_numbered(a, [number]))
        fact = crediting.MemoBooked(there.id, policy.lanes.book, policy.firm.generation)
        settle(world, [ref], lambda before, now: {ref: crediting.booked(before[ref], fact, now)}, fact="MemoLinked")
        world.store.retry(step.key, world.now(), body={"choice": credit_links.LINKED})

    return patches((credit_links, "link", link))


def any_entry_will_do() -> AbstractContextManager[Any]:
    def link_numbered(world: Any, reach: Any, policy: Any, step: Any, number: str, by: str) -> None:
        [there] = reach.quickbooks(lambda q, a: q.journals_numbered(a, [number]))
        journals.link(world, policy, step, there.id, Finish(step.key), by)

    return patches((journals, "link_numbered", link_numbered))


def one_memo_for_two() -> AbstractContextManager[Any]:
    def booked(state: Any, fact: Any, now: Any) -> Any:
        return replace(crediting.booked(state, fact, now), guards=())

    unguarded = SimpleNamespace(**{**vars(crediting), "booked": booked})
    return patches((credit_links, "crediting", unguarded))


# --- what was away for a while ----------------------------------------------------------------------------------------


def silence_is_passed_over() -> AbstractContextManager[Any]:
    return patches((feeds, "_after_silence", lambda *_a: False))


def only_refunds_of_the_silence() -> AbstractContextManager[Any]:
    def reversed_since(self: Any, account: str, *, since: Any) -> list[str]:
        asked: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100}
        rows = self._all(lambda: self._stripe.v1.refunds.list(asked, stripe_client._on(account)))
        return list(dict.fromkeys(filter(None, map(stripe_wire.intent_of, rows))))

    return patches((StripeClient, "reversed_since", reversed_since))


def inactive_trust_account_is_fine() -> AbstractContextManager[Any]:
    return patches((usable, "wrong_bank", lambda _a: ""), (usable, "wrong_liability", lambda _a: ""))


def inactive_item_is_fine() -> AbstractContextManager[Any]:
    plain = preflight_accounts.accounts

    def accounts(firm: Any, books: Any) -> Any:
        return [replace(f, kinds=tuple(k for k in f.kinds if k != Do.CREDIT)) for f in plain(firm, books)]

    return patches((preflight, "accounts", accounts))


def useless_links_stay() -> AbstractContextManager[Any]:
    return patches((links, "lives", lambda *_a: True))


def what_is_put_off_is_forgotten() -> AbstractContextManager[Any]:
    return patches((paylinks, "reopened", lambda state, _policy, _now: (state, [])))


BROKEN_SABOTEURS: tuple[Saboteur, ...] = (
    Saboteur("a credit memo deleted in QuickBooks is made again silently", ("10",), memo_made_again, Mix(CREDITS)),
    Saboteur("a credit taken off its invoice is applied again silently", ("10",), applied_again, Mix(CREDITS)),
    Saboteur("a change in Clio applies again what was taken off", ("10",), applied_again_by_a_change, Mix(CREDITS)),
    Saboteur("a deleted journal entry is written again silently", ("10",), entry_written_again, Mix(JOURNALS)),
    Saboteur("accepting makes it again", ("10",), accepted_is_again, Mix({**CREDITS, **JOURNALS})),
    Saboteur("an accepted loss is written when it changes in Clio", ("10",), accepted_until_it_changes, Mix(JOURNALS)),
    Saboteur(
        "a client that stays without a customer gets a new one",
        ("10",),
        another_customer_is_made,
        Mix({"lose_customer": 300}),
    ),
    Saboteur("what was done to a credit is not noticed", ("2", "8"), credits_are_not_noticed, Mix(CREDITS)),
    Saboteur("a deleted journal entry is not noticed", ("8", "10"), journals_are_not_noticed, Mix(JOURNALS)),
    Saboteur("a credit memo of another amount is linked", ("2",), any_memo_will_do, Mix(CREDITS)),
    Saboteur("a journal entry of another amount is linked", ("2",), any_entry_will_do, Mix(JOURNALS)),
    Saboteur("a credit memo is linked twice", ("2",), one_memo_for_two, Mix(CREDITS)),
    Saboteur("what went back in a long silence is not read", ("2",), silence_is_passed_over, Mix(SILENCE)),
    Saboteur("disputes of a long silence are not read", ("2",), only_refunds_of_the_silence, Mix(SILENCE)),
    Saboteur("pay links made useless stay on the invoice", ("8",), useless_links_stay, Mix({"useless_links": 200})),
    Saboteur(
        "links made useless while nothing was open stay when it is",
        ("8",),
        what_is_put_off_is_forgotten,
        Mix({"useless_links": 300}),
    ),
    Saboteur("an inactive trust account is nobody's business", ("10",), inactive_trust_account_is_fine, Mix(INACTIVE)),
    Saboteur("an inactive item of fees does not hold credits", ("10",), inactive_item_is_fine, Mix(INACTIVE)),
)
