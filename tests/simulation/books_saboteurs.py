"""Saboteurs of what moves between the books: clients, credits, trust entries, and what people remove in QuickBooks."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from chalicelib.domain import agreeing, billing, crediting, generation, noticing, paying, posting, preflight, trust
from chalicelib.domain.kernel import Finish
from chalicelib.flow import capturing, contacts, credits, leaving, payments, trust_check, trusting
from chalicelib.flow import holders as holding
from chalicelib.flow import noticing as noticing_flow
from tests.simulation.sabotaging import Saboteur, patches
from tests.simulation.terms import Mix

CLIENTS = {"change_customer": 80, "change_both_sides": 40, "change_client": 60}
TRUST = {"move_trust": 120, "edit_trust": 60}


def customers_overlooked() -> AbstractContextManager[Any]:
    plain = holding.holders

    def holders(world: Any, policy: Any, entity: str, ids: Any) -> dict[str, str]:
        return {} if entity == capturing.CUSTOMER else plain(world, policy, entity, ids)

    return patches((capturing, "holders", holders))


def credit_stays() -> AbstractContextManager[Any]:
    def take_back(world: Any, policy: Any, e: Any, state: Any, *_rest: Any) -> int:
        credits._settle(world, policy, e, "CreditTakenBack", crediting.CreditGone(state.wanted), Finish(e.key))
        return 1

    return patches((credits, "_take_back", take_back))


def vanished_entry_stays() -> AbstractContextManager[Any]:
    return patches((trust_check, "_ours", lambda _w, _f, _a, place, _u: ([], place)))


def sides_swapped() -> AbstractContextManager[Any]:
    plain = trust.sides

    def sides(*args: Any) -> Any:
        return tuple(replace(side, cents=-side.cents) for side in plain(*args))

    return patches((trust, "sides", sides))


def counted_twice() -> AbstractContextManager[Any]:
    return patches((trust.Move, "entry", property(lambda self: self.transaction or f"a{self.allocation}")))


# --- clients ----------------------------------------------------------------------------------------------------------


def echo_is_theirs() -> AbstractContextManager[Any]:
    return patches((agreeing, "_own", lambda state, _side, _wrote: state))


def inactive_is_active() -> AbstractContextManager[Any]:
    plain = contacts.shown

    def shown(world: Any, reach: Any, policy: Any, state: Any, id: str, customer: Any, into: str = "") -> Any:
        here = replace(customer, active=True) if customer is not None else None
        return plain(world, reach, policy, state, id, here, into)

    return patches((contacts, "shown", shown))


# --- credits, payments, trust -----------------------------------------------------------------------------------------


def application_not_seen() -> AbstractContextManager[Any]:
    return patches((crediting, "applied", lambda _memo, _payments: {}))


def does_not_wait_for_what_leaves() -> AbstractContextManager[Any]:
    return patches((leaving, "still_there", lambda *_a: False))


def old_payment_stays() -> AbstractContextManager[Any]:
    def take_out(world: Any, _reach: Any, policy: Any, e: Any, state: Any, posted: Any, *_rest: Any) -> int:
        for id in posted.ids:
            payments._removed(world, policy, e, state, id, call=None)
        return 1

    return patches((payments, "_take_out", take_out))


def trust_payment_overlooked() -> AbstractContextManager[Any]:
    return patches((trusting, "see_allocations", lambda *_a: False))


# --- what people remove or change in QuickBooks -----------------------------------------------------------------------


def removed_is_made_again() -> AbstractContextManager[Any]:
    return patches((noticing_flow, "invoice_stopped", lambda *_a: False))


def nothing_is_noticed() -> AbstractContextManager[Any]:
    return patches((noticing, "break_of", lambda _link, _fact: None))


def broken_task_stays() -> AbstractContextManager[Any]:
    return patches((billing, "asked", lambda _s: ()), (posting, "asked", lambda _s: ()))


def settings_are_nobodys_business() -> AbstractContextManager[Any]:
    return patches((preflight, "blocks", lambda _found: ()))


# --- after a purge ----------------------------------------------------------------------------------------------------


def old_links_count() -> AbstractContextManager[Any]:
    return patches((generation, "is_stale", lambda _state, _policy: False))


def not_known_again() -> AbstractContextManager[Any]:
    return patches((payments, "find", lambda *_a: False))


def forgotten_where_it_stood() -> AbstractContextManager[Any]:
    plain = billing.afresh

    def afresh(state: Any, policy: Any, now: Any) -> Any:
        decided = plain(state, policy, now)
        return replace(decided, state=replace(decided.state, stood=""))

    return patches((billing, "afresh", afresh))


def forgotten_where_it_was_paid() -> AbstractContextManager[Any]:
    plain = paying.afresh

    def afresh(payment: Any, policy: Any, now: Any) -> Any:
        decided = plain(payment, policy, now)
        return replace(decided, state=replace(decided.state, stood=()))

    return patches((paying, "afresh", afresh))


BOOKS_SABOTEURS: tuple[Saboteur, ...] = (
    Saboteur("a customer's change overlooked", ("10",), customers_overlooked, Mix(CLIENTS)),
    Saboteur("a credit stays though taken back", ("2",), credit_stays, Mix({"credit": 80, "remove_credit": 120})),
    Saboteur("a vanished trust line is overlooked", ("10",), vanished_entry_stays, Mix({**TRUST, "delete_trust": 120})),
    Saboteur("sides of a trust entry swapped", ("10",), sides_swapped, Mix(TRUST)),
    Saboteur("trust counted by line and allocation", ("10",), counted_twice, Mix({"pay_from_trust": 150})),
    Saboteur(
        "our own change of a client taken for theirs",
        ("10",),
        echo_is_theirs,
        Mix({"change_client": 400}, {"slow": 0.4, "hooks_lose": 0.0, "hooks_late": 0.0}),
    ),
    Saboteur("a customer made inactive is not noticed", ("10",), inactive_is_active, Mix({"deactivate_customer": 150})),
    Saboteur(
        "a credit's application is not looked at",
        ("2",),
        application_not_seen,
        Mix({"credit": 150}, switches={"company": {"AutoApplyCredit": True}}),
    ),
    Saboteur(
        "a new payment does not wait for the old to leave",
        ("2",),
        does_not_wait_for_what_leaves,
        Mix({"cheque": 60, "replace_payment": 200}),
    ),
    Saboteur(
        "a payment taken back in Clio stays in QuickBooks",
        ("2",),
        old_payment_stays,
        Mix({"cheque": 60, "replace_payment": 100, "remove_payment": 60}),
    ),
    Saboteur(
        "a payment from trust without a line is overlooked",
        ("10",),
        trust_payment_overlooked,
        Mix({"pay_from_trust": 200}, switches={"clio": {"trust_payment_lines": "none"}}),
    ),
    Saboteur(
        "a removed invoice is made again silently",
        ("10",),
        removed_is_made_again,
        Mix({"remove_then_edit": 200}),
    ),
    Saboteur(
        "what was removed in QuickBooks is not noticed",
        ("10",),
        nothing_is_noticed,
        Mix({"edit_invoice": 80, "delete_invoice": 80, "void_invoice_there": 80, "delete_booked_payment": 40}),
    ),
    Saboteur(
        "a task about a broken link never closes",
        ("8",),
        broken_task_stays,
        Mix({"remove_then_edit": 200}),
    ),
    Saboteur(
        "a setting of QuickBooks is nobody's business",
        ("1",),
        settings_are_nobodys_business,
        Mix({"numbers_off": 150, "new_bill": 60}, switches={"quickbooks": {"numbers_kept_when_off": False}}),
    ),
    Saboteur(
        "links of an earlier generation count after a purge",
        ("1",),
        old_links_count,
        Mix({"purge": 150, "cheque": 60}),
    ),
    Saboteur(
        "a payment in books that were not purged is not known again",
        ("2",),
        not_known_again,
        Mix({"purge": 150, "cheque": 150}),
    ),
    Saboteur(
        "where an invoice stood is forgotten in a purge",
        ("1",),
        forgotten_where_it_stood,
        Mix({"purge": 300, "edit_ours": 600, "edit_particulars": 300}),
    ),
    Saboteur(
        "where a payment stood is forgotten in a purge",
        ("2",),
        forgotten_where_it_was_paid,
        Mix({"purge": 400, "edit_ours": 600, "cheque": 400}),
    ),
)
