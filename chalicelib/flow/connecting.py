"""Connections made, lost and taken back: the account is guarded, tokens are kept, waiting effects are woken.

An account at a neighbour belongs to one firm and one pot; a second one is refused with a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from chalicelib.domain import connection, effects
from chalicelib.domain.connection import (
    NAMES,
    Connected,
    Connection,
    ConnectionFact,
    Lost,
    account_guard,
    id_of,
    links_guard,
)
from chalicelib.domain.firm import LinksBegun, LinksPurged, Preflighted
from chalicelib.domain.firm import decide as decide_firm
from chalicelib.domain.kernel import Decision, Effect, Guard, Kind, Neighbour, Ref, lane_of
from chalicelib.domain.preflight import ALL_UNREAD
from chalicelib.domain.readings import Access, Pot, Tokens
from chalicelib.errors import Conflict, Outside, Refused
from chalicelib.flow import subscribing, tokens
from chalicelib.flow.firms import connections, firm_of
from chalicelib.flow.ports import World
from chalicelib.flow.settle import policy_of, settle

POLLED = timedelta(seconds=60)  # after an account is connected: it is by then, or never
WOKEN_AT_MOST = 1000  # effects of one lane; the rest come when their own time does


@dataclass(frozen=True, slots=True)
class Callback:
    """What came back from a neighbour's consent page. ``realm``: QuickBooks only."""

    code: str
    realm: str = ""


# --- connecting -------------------------------------------------------------------------------------------------------


def connect_clio(world: World, firm: str, region: str, account: str, back: Callback, redirect: str, by: str) -> None:
    """The owner's connection, whose token syncs. Refused when it belongs to another account, is not an owner's, or may
    not see all that a sync reads: then the sentence names what is missing."""
    got = world.clio.exchange(region, back.code, redirect)
    here = Access(firm, f"{region}/{account}", got.access)
    person = world.clio.who(here)
    if person.account_id != account:
        raise Refused(
            f"You gave access to {person.account_name} at Clio, which is another firm. Sign in at Clio with this "
            "firm's account and connect again."
        )
    if not person.is_owner:
        raise Refused("Only an owner of the Clio account can connect it: ask them to sign in here and connect.")
    missing = [name for name, seen in world.clio.may_see(here).items() if not seen]
    if missing:
        raise Refused(
            f"With this access we cannot see the firm's {_listed(missing)}. At Clio, give the owner the roles Billing "
            "and Accounts, then connect again."
        )
    fact = Connected(Neighbour.CLIO, here.account, person.account_name)
    _connect(world, firm, fact, got, by)


def connect_quickbooks(world: World, firm: str, back: Callback, redirect: str, by: str) -> None:
    """``realm`` is the company that the person chose. Refused when its currency is not the firm's; Simple Start tells
    none (reference/quickbooks.md 4.8), which the preflight shows."""
    from chalicelib.flow import preflight, renewing

    if not back.realm:
        raise Refused("QuickBooks did not say which company was chosen. Connect again.")
    got = world.quickbooks.exchange(back.code, redirect)
    books = world.quickbooks.books(Access(firm, back.realm, got.access))
    state = firm_of(world, firm)
    if state is not None and books.currency not in ("", state.currency):
        raise Refused(
            f"{books.company} keeps its books in {books.currency}, and the firm bills in {state.currency}. Connect the "
            f"company that keeps books in {state.currency}."
        )
    fact = Connected(Neighbour.QUICKBOOKS, back.realm, books.company)
    owe_reading = partial(preflight.start, world, firm)

    def begin() -> None:
        _apart_from_others(world, firm, back.realm, by)
        owe_reading()

    _connect(world, firm, fact, got, by, before=begin)
    owe_reading()  # once more: a quick worker may have read before the connection was made
    renewing.start(world, firm)


def _apart_from_others(world: World, firm: str, realm: str, by: str) -> None:
    """Another firm may have given this company up with all its links, which lie in its own generations and in nobody's
    way but of who has the same company in the same one: the links of this firm begin in a later one then."""
    ours = policy_of(world, firm).lanes
    lanes = replace(ours, realm=realm)
    while (world.store.held_by(links_guard(lanes.book)) or firm) != firm:
        lanes = replace(lanes, generation=lanes.generation + 1)
    if lanes.generation == ours.generation:
        return
    ref = Ref(firm, Kind.FIRM, firm)
    begun = LinksBegun(lanes.generation)
    settle(world, [ref], lambda states, _now: {ref: decide_firm(states[ref], begun)}, fact="LinksBegun", by=by)


def connect_stripe(world: World, firm: str, pot: Pot, back: Callback, by: str) -> None:
    """An existing account by OAuth. For trust it is kept and shown with the reason why it takes no payments."""
    anew = pot is Pot.OPERATING and id_of(Neighbour.STRIPE, pot) not in connections(world, firm)
    _connect_stripe(world, firm, pot, world.stripe.exchange(back.code), by)
    if anew:
        _offer_links(world, firm)


def _offer_links(world: World, firm: str) -> None:
    """Invoices that were written while nobody could pay by link have none: a person is told how they get one."""
    policy = policy_of(world, firm)
    if not (policy.firm.may_write and policy.firm.invoicing.pay_link):
        return
    ref = Ref(firm, Kind.FIRM, firm)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: Decision(before[ref], effects=(_links_task(firm, now),))}

    settle(world, [ref], decide, fact="PayLinksOffered")


def _links_task(firm: str, now: datetime) -> Effect:
    return effects.task(
        firm,
        "pay-links/operating",
        "firm",
        now,
        title="Open invoices in QuickBooks may have no pay link yet",
        reason="Clients can pay online from now on. Invoices that were written before carry no pay link.",
        remedy="Press Write open invoices again, under Settings, Invoices. Then press Done here.",
    )


def open_trust_account(world: World, firm: str, *, name: str, email: str, by: str, back: str, again: str) -> str:
    """Makes the firm's trust account at Stripe (once: the idempotency key and a record see to it) and gives the address
    of Stripe's onboarding. ``back``, ``again``: where Stripe sends the person afterwards, or when the link is old."""
    account = trust_account(world, firm)
    if not account:
        key = f"{firm}/trust-account"
        account = world.stripe.create_trust_account(firm=firm, name=name, email=email, key=key)
        world.store.put_record(f"trust-account/{firm}", "stripe", {"account": account, "by": by})
    return world.stripe.onboarding_url(account, back, again)


def trust_account(world: World, firm: str) -> str:
    """The account that ``open_trust_account`` made; empty before that."""
    found = world.store.record(f"trust-account/{firm}", "stripe")
    return str(found[1]["account"]) if found else ""


def trust_account_returned(world: World, firm: str, by: str) -> Connection:
    """The person came back from Stripe's onboarding: the account is read again, whatever the address says.
    Raises Refused where none was begun."""
    account = trust_account(world, firm)
    if not account:
        raise Refused("There is no trust account yet. Start with Open a trust account.")
    _connect_stripe(world, firm, Pot.TRUST, account, by)
    return connections(world, firm)[id_of(Neighbour.STRIPE, Pot.TRUST)]


def _connect_stripe(world: World, firm: str, pot: Pot, account: str, by: str) -> None:
    shown = world.stripe.account(account)
    fact = Connected(
        Neighbour.STRIPE,
        account,
        shown.name or shown.email or account,
        pot,
        fees_paid_by_platform=shown.fees_paid_by_platform,
        charges_enabled=shown.charges_enabled,
        bank_last4=shown.bank_last4,
        debits_bank=bool(shown.debits_negative_balance),
    )

    def owe_poll() -> None:
        """All polls begin with the first sync; that of an account that is connected later begins here."""
        from chalicelib.flow import polling

        if policy_of(world, firm).firm.may_read:
            world.store.arrive(polling.of_stripe(firm, id_of(Neighbour.STRIPE, pot), account, world.now() + POLLED))

    _connect(world, firm, fact, None, by, before=owe_poll)


def _connect(
    world: World,
    firm: str,
    fact: Connected,
    got: Tokens | None,
    by: str,
    *,
    before: Callable[[], None] = lambda: None,
) -> None:
    """Tokens first, so that a connection never stands without them; both only where the account is free. ``before``:
    owes what is to follow, also where this worker dies once the connection is made."""
    _may_connect(world, firm, fact)
    before()
    if got is not None:
        tokens.keep(world, firm, fact.neighbour, fact.account, got)
    try:
        _settle(world, firm, id_of(fact.neighbour, fact.pot), fact, by)
    except Conflict:
        _free_for(world, firm, fact)
        raise
    wake(world, _lane(world, firm, fact))
    for ours in (Neighbour.MAIL, Neighbour.SELF):  # reminders and runs read the neighbour from lanes of our own
        wake(world, lane_of(firm, ours), waiting_for=waits_for(fact.neighbour))


def _may_connect(world: World, firm: str, fact: Connected) -> None:
    """Raises Refused where the account is another's, or would silently take the place of the one connected."""
    _free_for(world, firm, fact)
    before = connections(world, firm).get(id_of(fact.neighbour, fact.pot))
    if before is not None and before.account != fact.account:
        connection.decide(before, fact, firm, world.now())  # refuses, with its own sentence


def _lane(world: World, firm: str, fact: Connected) -> str:
    if fact.neighbour is Neighbour.QUICKBOOKS:  # its lane tells the generation of links, not the company alone
        return policy_of(world, firm).lanes.of(Neighbour.QUICKBOOKS)
    return lane_of(firm, fact.neighbour, fact.account)


def _free_for(world: World, firm: str, fact: Connected) -> None:
    """Raises Refused when another firm, or the firm's other pot, holds this account."""
    holder = world.store.held_by(account_guard(fact.neighbour, fact.account))
    mine = f"{firm}/{id_of(fact.neighbour, fact.pot)}"
    if holder is None or holder == mine:
        return
    name = NAMES[fact.neighbour]
    if holder.startswith(f"{firm}/"):
        raise Refused(
            f"This {name} account is already connected here for the other kind of money. Trust and operating money "
            "need an account each: connect another one."
        )
    raise Refused(f"This {name} account is already connected to another firm. Connect the account of your own firm.")


# --- losing -----------------------------------------------------------------------------------------------------------


def lose(
    world: World, firm: str, neighbour: Neighbour, account: str, why: str, by: str = "", *, chosen: bool = False
) -> None:
    """Authorization is gone. Nothing happens when the firm is no longer connected to this account."""
    for id, held in connections(world, firm).items():
        if (held.neighbour, held.account, held.connected) == (neighbour, account, True):
            _settle(world, firm, id, Lost(why, chosen), by)
            world.log("connection_lost", firm=firm, connection=id)
            world.count("connections_lost", neighbour=str(neighbour))


def disconnect(world: World, firm: str, connection_id: str, by: str) -> None:
    """A person disconnects: our access is given back, tokens are forgotten, effects wait. The neighbour not answering
    does not stop it. Raises Refused for what is not connected."""
    held = connections(world, firm).get(connection_id)
    if held is None or not held.connected:
        raise Refused("This is not connected.")
    if held.neighbour is Neighbour.CLIO:
        subscribing.end(world, firm, held.account)
    try:
        _revoke(world, held)
    except Outside as no:
        world.log("revoke_failed", firm=firm, connection=connection_id, kind=type(no).__name__)
    lose(world, firm, held.neighbour, held.account, f"{by} disconnected it", by, chosen=True)
    tokens.forget(world, firm, held.neighbour, held.account)


def purge(world: World, firm: str, typed: str, by: str) -> None:
    """Gives up the QuickBooks company with every link to it. One commit begins the new generation of links and lets the
    company go: before it all is as it was, after it all is new (docs/decisions/0016-generations.md). Our access is
    given back first; not answering does not stop it. Raises Refused when the name typed is not the firm's."""
    id = str(Neighbour.QUICKBOOKS)
    firm_ref, ref = Ref(firm, Kind.FIRM, firm), Ref(firm, Kind.CONNECTION, id)
    gone, fact = connection.Purged(f"{by} purged its links"), LinksPurged(typed)

    lanes = policy_of(world, firm).lanes
    kept = (Guard(links_guard(lanes.book), firm),) if lanes.realm else ()

    def decide(states: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any] | None]:
        away = connection.decide(states[ref], gone, firm, now)
        away = replace(away, guards=(*away.guards, *kept))
        return {firm_ref: decide_firm(states[firm_ref], fact), ref: away}

    held = connections(world, firm).get(id)
    decide({firm_ref: firm_of(world, firm), ref: held}, world.now())  # refuses before anything is given back
    assert held is not None
    if held.connected:
        try:
            _revoke(world, held)
        except Outside as no:
            world.log("revoke_failed", firm=firm, connection=id, kind=type(no).__name__)
    lane = lanes.of(held.neighbour)
    settle(world, [firm_ref, ref], decide, fact="LinksPurged", body={"company": held.account}, by=by)
    tokens.forget(world, firm, held.neighbour, held.account)
    for call in world.store.live_calls(lane):  # never sent again; flow/booking.py ends what a crash leaves here
        world.store.end(call.id)
    world.store.delete_record("preflight", firm)
    world.log("links_purged", firm=firm)


def _revoke(world: World, held: Connection) -> None:
    if held.neighbour is Neighbour.CLIO:
        world.clio.revoke(held.account.split("/")[0], _token(world, held))
    elif held.neighbour is Neighbour.QUICKBOOKS:
        world.quickbooks.revoke(tokens.held(world, held.firm, held.neighbour, held.account).refresh)
    else:
        world.stripe.deauthorize(held.account)


def _token(world: World, held: Connection) -> str:
    return tokens.held(world, held.firm, held.neighbour, held.account).access


def waits_for(neighbour: Neighbour | str) -> str:
    """The cause of what waits for a connection."""
    return f"{NAMES[Neighbour(neighbour)]} is disconnected."


def wake(world: World, lane: str, *, waiting_for: str = "", at_most: int = WOKEN_AT_MOST) -> None:
    """All that this lane owes is due now (or what has this cause): what waited for the connection goes on."""
    now = world.now()
    owed = world.store.lane_owed(lane, limit=at_most)
    waiting = [e for e in owed if not waiting_for or e.cause == waiting_for]
    for effect in waiting:
        if effect.due_at > now:
            world.store.postpone(effect.key, now, tries=0)
    if waiting:
        world.queue.hint([lane])


# --- settling ---------------------------------------------------------------------------------------------------------


def _settle(world: World, firm: str, id: str, fact: ConnectionFact, by: str) -> None:
    """From the commit that connects QuickBooks on, writing waits until the preflight has read its settings: they may
    have been changed while it was away."""
    ref, firm_ref = Ref(firm, Kind.CONNECTION, id), Ref(firm, Kind.FIRM, firm)
    books = isinstance(fact, Connected) and fact.neighbour is Neighbour.QUICKBOOKS

    def decide(states: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any] | None]:
        told: dict[Ref, Decision[Any] | None] = {ref: connection.decide(states[ref], fact, firm, now)}
        return told | {firm_ref: decide_firm(states[firm_ref], Preflighted(ALL_UNREAD))} if books else told

    settle(world, [ref, firm_ref] if books else [ref], decide, fact=type(fact).__name__, body=fact, by=by)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
