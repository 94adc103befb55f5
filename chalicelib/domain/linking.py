"""What happens to a client of the firm: seen, linked to a QuickBooks customer, seen there, lost there, decided about.

Nothing is linked by guess, and nothing is ever created in Clio.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from chalicelib.domain import agreeing, effects, profile
from chalicelib.domain.agreeing import customer_step, step_key, task_key
from chalicelib.domain.contact import ASKED, CLIENT, LEFT, ON_A_BILL, WITHOUT, Contact
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Guard, Json, Neighbour
from chalicelib.domain.left import STAY
from chalicelib.domain.profile import FIELDS, Agreed, Side
from chalicelib.domain.readings import ClientReading, CustomerReading
from chalicelib.errors import Refused

ANEW = "anew"
LINK = "link:"  # before the id of a customer that a person chose
OVER = "over:"  # the same, of one that another client gives up
TAKEN_OVER = "taken over"  # why a client that gave its customer up has none (Contact.lost)
BACK = "Its customer is there again. Reload the page."


@dataclass(frozen=True, slots=True)
class ClientSeen:
    """Clio shows the client. ``again``: a person retries, so the customer step is owed anew. ``wrote``: it is read
    back after the step of this revision changed it."""

    client: ClientReading
    again: bool = False
    wrote: int = 0


@dataclass(frozen=True, slots=True)
class ClientHidden:
    """Clio does not show the contact to this user: what its bills tell must do. ``again``: as in ClientSeen.
    ``deleted``: Clio says that it was, or had nobody for a change that is owed there."""

    again: bool = False
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class CustomerLinked:
    """``created``: by us just now; else it was there before. ``customer``: as QuickBooks shows it. ``realm``: the
    company in its generation. ``took``: who had it before and gave it up (Contact.took)."""

    id: str
    realm: str
    customer: CustomerReading | None = None
    created: bool = False
    generation: int = 1
    took: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CustomerSeen:
    """QuickBooks shows the linked customer; None: it shows none of that id. ``wrote``: it is the answer to the step of
    this revision. ``into``: the customer that it was merged into, where QuickBooks says so; ``elsewhere``: that one is
    another client's already."""

    id: str
    customer: CustomerReading | None
    wrote: int = 0
    into: CustomerReading | None = None
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class NameRefused:
    """QuickBooks does not take the client's new name for its customer."""

    name: str


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Another client takes this customer over, as a person says: it is the same client, merged into that one in
    Clio."""

    customer: str


@dataclass(frozen=True, slots=True)
class ClientLeft:
    """A person accepts that Clio shows the client no more: its customer stays as it is."""


@dataclass(frozen=True, slots=True)
class ChoiceMade:
    """A person decided about a parked customer: ``link:<customer id>``, ``over:<customer id>``, ``suffix``, ``clean``,
    ``keep``, ``stay`` (nothing of the refused change goes there), ``activate``, ``anew`` or ``without``."""

    choice: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A person takes one side's value of a field for both."""

    field: str
    side: Side


@dataclass(frozen=True, slots=True)
class Left:
    """A person leaves a field as each side shows it."""

    field: str


ContactFact = (
    ClientSeen
    | ClientHidden
    | ClientLeft
    | CustomerLinked
    | CustomerSeen
    | NameRefused
    | GivenUp
    | ChoiceMade
    | Taken
    | Left
)


def decide(state: Contact | None, fact: ContactFact, policy: Policy, now: datetime) -> Decision[Contact]:
    """Raises Refused where a person asks for what cannot be."""
    if isinstance(fact, ClientSeen):
        return _seen(state, fact, policy, now)
    if state is None:
        raise Refused("There is no such client here.")
    match fact:
        case ClientHidden():
            return _hidden(state, fact, policy, now)
        case ClientLeft():
            return _left_gone(state)
        case CustomerLinked():
            return _linked(state, fact, policy, now)
        case CustomerSeen():
            return _customer_seen(state, fact, policy, now)
        case NameRefused():
            return Decision(replace(state, apart=fact.name))
        case GivenUp():
            return _given_up(state, fact.customer, policy)
        case ChoiceMade():
            return _chosen(state, fact.choice, policy, now)
        case Taken():
            return agreeing.taken(state, fact.field, fact.side, policy, now)
        case Left():
            return agreeing.left(state, (fact.field,), policy, now)
        case _:
            assert_never(fact)


def _seen(state: Contact | None, fact: ClientSeen, policy: Policy, now: datetime) -> Decision[Contact]:
    c = fact.client
    if state is not None and state.vanished and c.whole:  # there again: what either side changed meanwhile goes over
        told = _seen(replace(state, vanished=""), fact, policy, now)
        return replace(told, closes=(*_question(state), *told.closes))
    if state is None:
        generation = policy.firm.generation
        new = _read(Contact(policy.firm.id, c.id, c.name, c.email, c.is_company, generation=generation), c)
        if new.whole:
            return Decision(new, effects=(customer_step(new, policy, now),))
        lane = policy.lanes.of(Neighbour.CLIO)
        return Decision(new, effects=(effects.read_client(new.firm, lane, new.id, now),))
    new = _read(state, c)
    if state.customer and state.generation < policy.firm.generation:
        return Decision(new)  # its link counts no more: whoever meets it next begins it anew
    if state.customer:
        return agreeing.agree(new, policy, now, Side.CLIO, fact.wrote)
    if state.without and not fact.again:
        return Decision(new)
    first = new.whole and not state.whole
    moved = (state.name, state.email) != (c.name, c.email)
    if not (first or moved or fact.again):
        return Decision(new)
    if first and not (moved or fact.again):
        return Decision(new, effects=(customer_step(new, policy, now),))
    new = replace(new, revision=state.revision + 1)
    return Decision(new, effects=(customer_step(new, policy, now),), closes=(step_key(state),))


def _hidden(state: Contact, fact: ClientHidden, policy: Policy, now: datetime) -> Decision[Contact]:
    if state.customer:
        gone = (fact.deleted or state.whole) and state.generation == policy.firm.generation
        return _vanished(state, now) if gone and not (state.vanished or state.without) else Decision(state)
    if (state.whole or state.without) and not fact.again:
        return Decision(state)
    if not fact.again:
        return Decision(state, effects=(customer_step(state, policy, now),))
    new = replace(state, revision=state.revision + 1)
    return Decision(new, effects=(customer_step(new, policy, now),), closes=(step_key(state),))


def differs(state: Contact, client: ClientReading) -> bool:
    """Whether a page of Clio's feed shows the client otherwise than we hold it."""
    here, there = state.clio, profile.of(client)
    fields = FIELDS if client.whole else ON_A_BILL
    return (client.whole and (bool(state.vanished) or not state.whole)) or any(
        not profile.same(f, profile.value(here, f), profile.value(there, f)) for f in fields
    )


def _read(state: Contact, c: ClientReading) -> Contact:
    new = replace(state, name=c.name, email=c.email, company=c.is_company)
    if not c.whole:  # of one that was shown whole, what is not shown now was not removed: it may be hidden from us
        return replace(new, email=c.email or state.email) if state.whole else new
    new = replace(new, phone=c.phone, mobile=c.mobile, billing=c.billing, shipping=c.shipping, whole=True)
    if state.whole or state.agreed is None or state.books is None:
        return new
    agreed = state.agreed  # what is known for the first time has not changed: nothing of the customer's is overwritten
    for field in FIELDS:
        theirs = profile.value(state.books, field)
        if field not in ON_A_BILL and not profile.empty(theirs):
            agreed = profile.agree(agreed, field, profile.value(new.clio, field), theirs)
    return replace(new, agreed=agreed)


# --- a client that Clio shows no more ---------------------------------------------------------------------------------

VANISHED = "Clio shows this client no longer: it was deleted, merged into another one, or hidden from the user who "
VANISHED += "connected us. Its customer is in QuickBooks."
LOOK = ("look", "Look again in Clio")


def _vanished(state: Contact, now: datetime) -> Decision[Contact]:
    """Nothing of its fields is owed any more, and a person says what becomes of its customer."""
    closes = [step_key(state)] if state.to_books else []
    closes += [agreeing.change_key(state)] if state.to_clio else []
    closes += [task_key(state, k) for k in state.kept]
    new = replace(state, vanished=ASKED, asked=state.asked + 1, to_books=(), to_clio=(), kept=(), chosen=())
    return Decision(new, effects=(_vanished_task(new, now),), closes=tuple(closes))


def _vanished_task(state: Contact, now: datetime) -> Effect:
    body: Json = {"broken": CLIENT, "contact": state.id, "choices": [LOOK], "may_close": True}
    remedy = "Look in Clio what became of it, then choose: nothing is changed in QuickBooks without your word."
    name, about, title = _vanished_name(state), f"contact/{state.id}", f"Client {state.name}: no longer in Clio"
    return effects.task(state.firm, name, about, now, title=title, reason=VANISHED, remedy=remedy, body=body)


def _vanished_name(state: Contact) -> str:
    return f"broken/{CLIENT}/{state.id}/{state.asked}"


def vanished_key(state: Contact) -> str:
    """The question about a client that Clio shows no more."""
    return effects.key_of(state.firm, effects.Do.TASK, _vanished_name(state))


def _question(state: Contact) -> tuple[str, ...]:
    return (vanished_key(state),) if state.vanished == ASKED else ()


def _not_asked(state: Contact) -> Contact:
    """Nothing depends on what became of it in Clio any more."""
    return replace(state, vanished="") if state.vanished == ASKED else state


def _left_gone(state: Contact) -> Decision[Contact]:
    if state.vanished != ASKED:
        raise Refused("Clio shows this client again. Reload the page.")
    return Decision(replace(state, vanished=LEFT), closes=_question(state))


# --- the link ---------------------------------------------------------------------------------------------------------


def customer_guard(realm: str, customer: str) -> str:
    """A customer belongs to one client; the guard's holder is ``<firm>/<contact>``."""
    return f"quickbooks/{realm}/customer/{customer}"


def _guards(state: Contact, realm: str, customer: str) -> tuple[Guard, ...]:
    """Takes the new customer for this client, and lets the old one go."""
    holder = f"{state.firm}/{state.id}"
    taken = (Guard(customer_guard(realm, customer), holder),) if customer else ()
    old = customer_guard(state.realm or realm, state.customer)
    return (*taken, Guard(old, holder, release=True)) if state.customer not in ("", customer) else taken


def _linked(state: Contact, fact: CustomerLinked, policy: Policy, now: datetime) -> Decision[Contact]:
    """Linking writes nothing. A customer that was there and the client both keep what they have; of one that we made,
    what it shows is what both agreed on, so that what the client has become since goes over."""
    if fact.generation < state.generation:
        return Decision(state)
    guards = _guards(state, fact.realm, fact.id)
    new = replace(unlinked(state), customer=fact.id, realm=fact.realm, choice=state.choice, generation=fact.generation)
    new = replace(new, took=fact.took or state.took, stood="", stood_as="")
    closes = [step_key(state), *([agreeing.change_key(state)] if state.to_clio else [])]
    closes += [task_key(state, k) for k in state.kept]
    if fact.customer is None:  # the next look at it tells what it shows
        return Decision(new, guards=guards, closes=tuple(closes))
    shown = profile.of(fact.customer)
    base = state.clio
    if fact.created:
        for field in FIELDS:
            theirs = profile.value(shown, field)
            if not profile.same(field, profile.value(base, field), theirs):
                base = profile.put(base, field, theirs)
    new = replace(new, books=shown, agreed=Agreed(base, shown))
    decision = agreeing.agree(new, policy, now)
    return replace(decision, guards=guards, closes=(*closes, *decision.closes))


def unlinked(state: Contact) -> Contact:
    """Nothing is left of the link and of what was under way by it."""
    ended = replace(state, customer="", realm="", choice="", lost="", answer="", books=None, agreed=None)
    return replace(ended, to_books=(), to_clio=(), ours=(), chosen=(), kept=())


def afresh(state: Contact, policy: Policy, now: datetime) -> Decision[Contact]:
    """The link belongs to an earlier generation: it counts no more, and the customer step is owed in this one. Which
    customer it was is remembered: a person may have said so of one that nothing speaks for."""
    closes = [step_key(state), *([agreeing.change_key(state)] if state.to_clio else [])]
    closes += [*(task_key(state, k) for k in state.kept), *_question(state)]
    new = replace(_not_asked(unlinked(state)), revision=state.revision + 1, generation=policy.firm.generation)
    if state.customer:
        new = replace(new, stood=state.customer, stood_as=state.books.name if state.books else "")
    return Decision(new, effects=(customer_step(new, policy, now),), closes=tuple(closes))


def picked(choice: str) -> str:
    """The customer that a person chose; empty where they chose none."""
    return choice.removeprefix(LINK).removeprefix(OVER) if choice.startswith((LINK, OVER)) else ""


def _given_up(state: Contact, customer: str, policy: Policy) -> Decision[Contact]:
    """It stays without a customer, and is asked about no more until something is to be booked on it."""
    if state.customer != customer:
        return Decision(state)
    closes = [step_key(state), *([agreeing.change_key(state)] if state.to_clio else [])]
    closes += [*(task_key(state, k) for k in state.kept), *_question(state)]
    new = replace(_not_asked(unlinked(state)), lost=TAKEN_OVER, answer=WITHOUT)
    return Decision(new, guards=_guards(state, policy.lanes.book, ""), closes=tuple(closes))


def _customer_seen(state: Contact, fact: CustomerSeen, policy: Policy, now: datetime) -> Decision[Contact]:
    if fact.id != state.customer or state.generation < policy.firm.generation:
        return Decision(state)
    seen = fact.customer
    if seen is None or not seen.active:
        if fact.elsewhere:
            return _lost(state, "merged", policy, now)
        if fact.into is not None:
            told = CustomerLinked(fact.into.id, policy.lanes.book, fact.into, generation=state.generation)
            return _linked(replace(state, choice=""), told, policy, now)
        return _lost(state, "gone" if seen is None else "inactive", policy, now)
    shown = profile.of(seen)
    closes = (step_key(state),) if state.lost else ()
    new = replace(state, books=shown, lost="", answer="", agreed=state.agreed or Agreed(state.clio, shown))
    decision = agreeing.agree(new, policy, now, Side.QUICKBOOKS, fact.wrote)
    return replace(decision, closes=(*closes, *(k for k in decision.closes if k not in closes)))


def _lost(state: Contact, why: str, policy: Policy, now: datetime) -> Decision[Contact]:
    """The customer step is owed once, and parks with what a person may choose. What was to go over is owed anew when
    the customer is there again."""
    if state.lost == why:
        return Decision(state)
    closes = (step_key(state), *([agreeing.change_key(state)] if state.to_clio else []))
    new = replace(state, lost=why, answer="", to_books=(), to_clio=(), revision=state.revision + 1)
    return Decision(new, effects=(customer_step(new, policy, now),), closes=closes)


def _chosen(state: Contact, choice: str, policy: Policy, now: datetime) -> Decision[Contact]:
    if choice == "keep":
        return agreeing.left(state, ("name",), policy, now)
    if choice == STAY:
        return agreeing.left(state, [c.field for c in state.sent], policy, now)
    if choice == "activate":
        return Decision(replace(state, answer=choice))
    if choice == WITHOUT:
        if not state.lost:
            raise Refused(BACK)
        closes = (step_key(state), *_question(state), *(task_key(state, k) for k in state.kept))
        return Decision(replace(_not_asked(state), answer=choice, kept=()), closes=closes)
    if choice != ANEW:
        return Decision(replace(state, choice=choice, apart=""))
    guards = _guards(state, policy.lanes.book, "")
    closes = (step_key(state), *(task_key(state, k) for k in state.kept))
    new = replace(unlinked(state), choice="suffix", revision=state.revision + 1)
    return Decision(new, effects=(customer_step(new, policy, now),), guards=guards, closes=closes)
