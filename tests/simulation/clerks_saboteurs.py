"""Saboteurs of what clerks do in Clio: contacts merged, bills taken back to a draft, bills renumbered."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from chalicelib.domain import billing, linking
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Decision, Kind
from chalicelib.domain.payable import Payable
from chalicelib.domain.readings import BillState
from chalicelib.errors import Conflict
from chalicelib.flow import checkout, contacts, customers, links, rewriting, states
from tests.simulation.sabotaging import Saboteur, patches
from tests.simulation.terms import Mix

MERGES = {"merge_clients": 500, "answer_take_over": 400, "cheque": 60}
DRAFTS = {"take_bill_back": 400}
NUMBERS = {"renumber_bill": 400}
UNCHECKED = {"quickbooks": {"duplicate_docnumber_unchecked": True}}


# --- contacts merged --------------------------------------------------------------------------------------------------


def taken_over_unasked() -> AbstractContextManager[Any]:
    plain = customers._link

    def link(world: Any, policy: Any, effect: Any, id: str, *rest: Any, **more: Any) -> None:
        try:
            plain(world, policy, effect, id, *rest, **more)
        except Conflict:
            contacts.give_up(world, policy, id)
            plain(world, policy, effect, id, *rest, **more)

    return patches((customers, "_link", link))


def given_up_with_open_bills() -> AbstractContextManager[Any]:
    def may_give_up(world: Any, policy: Any, customer: str) -> Any:
        id = contacts.holder(world, policy, customer)
        ref = contacts.contact_ref(policy.firm.id, id)
        return states.decode(Kind.CONTACT, world.store.load(ref).body) if id else None

    return patches((contacts, "may_give_up", may_give_up))


def over_is_a_suffix() -> AbstractContextManager[Any]:
    plain = linking._chosen

    def chosen(state: Any, choice: str, policy: Any, now: Any) -> Any:
        return plain(state, "suffix" if choice.startswith(linking.OVER) else choice, policy, now)

    return patches((linking, "_chosen", chosen))


def old_links_live() -> AbstractContextManager[Any]:
    def lives(world: Any, link: Any, text: str) -> bool:
        opened = [links.opened_by(world, token) for token in links.TOKENS.findall(text)]
        return any(x and x.payable == link.payable for x in opened)

    return patches((links, "lives", lives))


# --- back to a draft --------------------------------------------------------------------------------------------------


def drafts_are_written() -> AbstractContextManager[Any]:
    return patches((Payable, "unapproved", property(lambda _p: False)))


def approved_again_is_no_news() -> AbstractContextManager[Any]:
    plain = billing.seen

    def seen(state: Any, fact: Any, policy: Any, now: Any) -> Decision[Any]:
        decided = plain(state, fact, policy, now)
        if state is None or not state.unapproved or decided.state.unapproved:
            return decided
        owed = tuple(e for e in decided.effects if e.kind not in (Do.READ_LINES, Do.INVOICE))
        return replace(decided, effects=owed)

    return patches((billing, "seen", seen))


def drafts_are_asked_for() -> AbstractContextManager[Any]:
    plain = Payable.open.fget  # type: ignore[attr-defined]

    def open_(p: Any) -> Any:
        return plain(replace(p, bill_state=BillState.AWAITING_PAYMENT) if p.unapproved else p)

    return patches((Payable, "open", property(open_)))


def drafts_are_shown() -> AbstractContextManager[Any]:
    plain = checkout._row

    def row(p: Any, connected: Any) -> Any:
        return plain(replace(p, bill_state=BillState.AWAITING_PAYMENT, balance=0) if p.unapproved else p, connected)

    return patches((checkout, "_row", row))


# --- another number ---------------------------------------------------------------------------------------------------


def number_is_not_looked_up() -> AbstractContextManager[Any]:
    return patches((rewriting, "_numbered", lambda _world, _reach, again, _out: list(again)))


def number_is_not_news() -> AbstractContextManager[Any]:
    told = tuple(f for f in billing.WRITTEN if f != "number")
    return patches((billing, "_differs", lambda old, new: any(getattr(old, f) != getattr(new, f) for f in told)))


def taken_number_waits_for_ever() -> AbstractContextManager[Any]:
    def numbered(world: Any, reach: Any, again: Any, out: Any) -> Any:
        plain_blocked = [x for x in again if x[1].number != x[2].number]
        out.blocked += [(e, "Its number is not free.") for e, _, _ in plain_blocked]
        return [x for x in again if x not in plain_blocked]

    return patches((rewriting, "_numbered", numbered))


CLERKS_SABOTEURS: tuple[Saboteur, ...] = (
    Saboteur("another client's customer is taken over unasked", ("1",), taken_over_unasked, Mix(MERGES)),
    Saboteur(
        "a client with open bills gives its customer up",
        ("1",),
        given_up_with_open_bills,
        Mix({"merge_clients": 500, "answer_take_over": 300}),
    ),
    Saboteur("who takes a customer over gets a new one", ("1", "10"), over_is_a_suffix, Mix(MERGES)),
    Saboteur("links of the client before stay on the invoice", ("8",), old_links_live, Mix(MERGES)),
    Saboteur("a draft is written in QuickBooks", ("1",), drafts_are_written, Mix(DRAFTS)),
    Saboteur("a draft that is approved again is not written", ("1",), approved_again_is_no_news, Mix(DRAFTS)),
    Saboteur(
        "a client is asked for a draft",
        ("3",),
        drafts_are_asked_for,
        Mix({"take_bill_back": 500, "start_collection": 400}),
    ),
    Saboteur("a client sees a draft", ("9",), drafts_are_shown, Mix({**DRAFTS, "client_pays": 300})),
    Saboteur(
        "a new number is not looked up in QuickBooks",
        ("1",),
        number_is_not_looked_up,
        Mix(NUMBERS, switches=UNCHECKED),
    ),
    Saboteur("another number of a bill is not written", ("1",), number_is_not_news, Mix(NUMBERS)),
    Saboteur("an invoice waits for its new number for ever", ("8",), taken_number_waits_for_ever, Mix(NUMBERS)),
)
