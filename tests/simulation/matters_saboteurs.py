"""Saboteurs of matters as sub-customers, payments in pieces, what an invoice tells, and invoices with money on them."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from chalicelib.domain import comparing, invoicing, matters, posting
from chalicelib.domain.kernel import Decision
from chalicelib.domain.payable import Payable
from chalicelib.flow import payments, subcustomer_links, subcustomers
from chalicelib.flow.budget import Floor
from chalicelib.flow.reach import Reach
from tests.simulation.sabotaging import Saboteur, patches
from tests.simulation.terms import Mix

MATTERS = {"sub_customers": 300, "bills_by_matter": 60}
RENAMED = {**MATTERS, "rename_matter": 300}
AWAY = {"deactivate_sub": 500, "answer_broken": 60}


def never_found_again() -> AbstractContextManager[Any]:
    plain = matters.choose

    def choose(wishes: Any, note: Any, _parent: Any, *rest: Any) -> Any:
        return plain(wishes, note, "nobody", *rest)

    return patches((subcustomers, "find", lambda *_a: False), (matters, "choose", choose))


def wish_is_overlooked() -> AbstractContextManager[Any]:
    return patches((matters, "wanted", lambda _p, _policy: ""))


def wish_moves_what_is_there() -> AbstractContextManager[Any]:
    def wanted(p: Any, policy: Any) -> str:
        return matters.of_bill(p) if policy.firm.invoicing.sub_customers else ""

    return patches((matters, "wanted", wanted))


def several_matters_are_the_first() -> AbstractContextManager[Any]:
    return patches((matters, "of_bill", lambda p: p.matter_ids[0] if p.matter_ids and p.matters else ""))


def piece_is_the_whole() -> AbstractContextManager[Any]:
    return patches((posting, "_piece", lambda _state, _fact: None))


def one_payment_for_all() -> AbstractContextManager[Any]:
    return patches((payments, "_by_customer", lambda lines, _around: [list(lines)] if lines else []))


def particulars_overlooked() -> AbstractContextManager[Any]:
    return patches((comparing, "_particulars", lambda *_a: []))


def words_left_out() -> AbstractContextManager[Any]:
    return patches((invoicing, "note", lambda _p, marker: marker))


def money_is_overlooked() -> AbstractContextManager[Any]:
    return patches((Payable, "received", property(lambda _self: 0)))


def number_is_overlooked() -> AbstractContextManager[Any]:
    return patches((matters, "numbered", lambda state, *_a: Decision(state)))


def name_is_forgotten() -> AbstractContextManager[Any]:
    return patches((matters, "named", lambda state, *_a: Decision(state)))


def persons_name_is_overwritten() -> AbstractContextManager[Any]:
    def behind(state: Any, shown: str) -> bool:
        return shown not in matters.names(state.matter, state.name)

    return patches((matters, "behind", behind))


def taking_away_is_overlooked() -> AbstractContextManager[Any]:
    return patches((matters, "seen", lambda state, *_a: Decision(state)))


def accepted_gets_another() -> AbstractContextManager[Any]:
    plain = subcustomer_links.decide

    def decide(world: Any, task: Any, choice: str, to: str, by: str) -> None:
        plain(world, task, "anew" if choice == "accept" else choice, to, by)

    return patches((subcustomer_links, "decide", decide))


def any_customer_will_do() -> AbstractContextManager[Any]:
    def named(world: Any, policy: Any, _state: Any, to: str) -> Any:
        reach = Reach(world, policy.firm.id, policy.lanes, Floor.PERSON)
        return reach.quickbooks(lambda q, a: q.customers_named(a, [to]))[0]

    return patches((subcustomer_links, "_named", named))


MATTERS_SABOTEURS: tuple[Saboteur, ...] = (
    Saboteur(
        "a sub-customer is not found again",
        ("10",),
        never_found_again,
        Mix(MATTERS, {"drop_answer": 0.3}),
        "the look-up of a lost answer and that before anything is made: either guard alone would do",
    ),
    Saboteur("sub-customers wished and not made", ("1",), wish_is_overlooked, Mix(MATTERS)),
    Saboteur(
        "the wish for sub-customers moves what is there",
        ("1",),
        wish_moves_what_is_there,
        Mix({**MATTERS, "edit_words": 200}),
    ),
    Saboteur("a bill of several matters is the first one's", ("1",), several_matters_are_the_first, Mix(MATTERS)),
    Saboteur("a piece of a payment is taken for the whole", ("2",), piece_is_the_whole, Mix(MATTERS)),
    Saboteur("one payment for invoices of several customers", ("2",), one_payment_for_all, Mix(MATTERS)),
    Saboteur("another due date is not named", ("10",), particulars_overlooked, Mix({"edit_particulars": 200})),
    Saboteur("subject and memo are left out", ("1",), words_left_out, Mix({"edit_words": 200})),
    Saboteur("another number of a matter is not written", ("10",), number_is_overlooked, Mix(RENAMED)),
    Saboteur("the name that was written is not remembered", ("10",), name_is_forgotten, Mix(RENAMED)),
    Saboteur(
        "a person's name of a sub-customer is overwritten",
        ("10",),
        persons_name_is_overwritten,
        Mix({**RENAMED, "rename_sub": 200}),
    ),
    Saboteur("a sub-customer taken away is overlooked", ("8",), taking_away_is_overlooked, Mix(AWAY)),
    Saboteur("a matter that stays without gets a sub-customer", ("10",), accepted_gets_another, Mix(AWAY)),
    Saboteur("any customer is linked to a matter", ("2",), any_customer_will_do, Mix(AWAY)),
    Saboteur(
        "a voided bill that holds money is voided in QuickBooks",
        ("6",),
        money_is_overlooked,
        Mix({"void_paid_bill": 400}),
    ),
)
