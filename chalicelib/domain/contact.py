"""A client of the firm and the QuickBooks customer that is the same. Linking by guess is refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from chalicelib.domain import effects
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Guard, Listing, Neighbour
from chalicelib.domain.readings import ClientReading, CustomerReading

FORBIDDEN = ":\t\n\r"  # reference/quickbooks.md 4.1
LONGEST = 500


@dataclass(frozen=True, slots=True)
class Contact:
    """``customer``: the QuickBooks id once linked. ``choice``: what a person said (link:<id> | suffix | clean).
    ``generation``: of its link (domain/generation.py)."""

    firm: str
    id: str
    name: str
    email: str
    company: bool
    revision: int = 1
    customer: str = ""
    written_name: str = ""
    choice: str = ""
    generation: int = 1


@dataclass(frozen=True, slots=True)
class ClientSeen:
    """Clio shows the client. ``again``: a person retries, so the customer step is owed anew."""

    client: ClientReading
    again: bool = False


@dataclass(frozen=True, slots=True)
class CustomerLinked:
    id: str
    realm: str
    name: str
    generation: int = 1


@dataclass(frozen=True, slots=True)
class ChoiceMade:
    """A person decided about a parked customer: ``link:<customer id>``, ``suffix`` or ``clean``."""

    choice: str


ContactFact = ClientSeen | CustomerLinked | ChoiceMade


def decide(state: Contact | None, fact: ContactFact, policy: Policy, now: datetime) -> Decision[Contact]:
    match fact:
        case ClientSeen():
            return _seen(state, fact, policy, now)
        case CustomerLinked():
            assert state is not None
            if fact.generation < state.generation:
                return Decision(state)
            guard = Guard(f"quickbooks/{fact.realm}/customer/{fact.id}", f"{state.firm}/{state.id}")
            linked = replace(state, customer=fact.id, written_name=fact.name, generation=fact.generation)
            return Decision(linked, guards=(guard,))
        case ChoiceMade():
            assert state is not None
            return Decision(replace(state, choice=fact.choice))
        case _:
            assert_never(fact)


def _seen(state: Contact | None, fact: ClientSeen, policy: Policy, now: datetime) -> Decision[Contact]:
    c = fact.client
    if state is None:
        new = Contact(policy.firm.id, c.id, c.name, c.email, c.is_company, generation=policy.firm.generation)
        return Decision(new, effects=(_owed(new, policy, now),))
    moved = (state.name, state.email) != (c.name, c.email)
    new = replace(state, name=c.name, email=c.email, company=c.is_company)
    if state.customer or not (moved or fact.again):
        return Decision(new)
    old = effects.key_of(new.firm, effects.Do.CUSTOMER, f"{new.id}/{new.revision}")
    new = replace(new, revision=state.revision + 1)
    return Decision(new, effects=(_owed(new, policy, now),), closes=(old,))


def afresh(state: Contact, policy: Policy, now: datetime) -> Decision[Contact]:
    """The link belongs to an earlier generation: it counts no more, and the customer step is owed in this one."""
    old = effects.key_of(state.firm, effects.Do.CUSTOMER, f"{state.id}/{state.revision}")
    new = replace(
        state,
        customer="",
        written_name="",
        choice="",
        revision=state.revision + 1,
        generation=policy.firm.generation,
    )
    return Decision(new, effects=(_owed(new, policy, now),), closes=(old,))


def _owed(state: Contact, policy: Policy, now: datetime) -> Effect:
    lane = policy.lanes.of(Neighbour.QUICKBOOKS)
    return effects.customer(state.firm, lane, state.id, state.revision, now, state.name)


@dataclass(frozen=True, slots=True)
class Match:
    """What to do about a customer: ``link`` an existing one, ``create`` under a name, or ``park`` with a cause."""

    do: str
    customer: str = ""
    name: str = ""
    reason: str = ""
    remedy: str = ""
    choices: tuple[tuple[str, str], ...] = ()  # (choice, words for the button)


def name_for(state: Contact) -> str:
    """The display name to use: Clio's, or what a person chose."""
    name = state.name
    if state.choice == "clean":
        name = " ".join("".join(" " if c in FORBIDDEN else c for c in name).split())
    return f"{name} (Clio {state.id})" if state.choice == "suffix" else name


def match(state: Contact, found: list[CustomerReading], taken: str) -> Match:
    """Clio's own rule for the same person: same name and primary e-mail (reference/quickbooks.md 4.1).

    ``found``: customers with exactly the name; ``taken``: "vendor" or "employee" when such an entry holds the name.
    """
    name = name_for(state)
    if state.choice.startswith("link:"):
        return Match("link", customer=state.choice.removeprefix("link:"), name=name)
    if any(c in FORBIDDEN for c in name):
        return Match(
            "park",
            reason=f"QuickBooks does not accept the characters in the name “{name}”.".replace("\t", "⇥"),
            remedy="Rename the client in Clio and press Retry, or create the customer without these characters.",
            choices=(("clean", "Create without these characters"),),
        )
    if len(name) > LONGEST:
        reason = "The name is longer than QuickBooks allows."
        return Match("park", reason=reason, remedy="Shorten it in Clio, then press Retry.")
    same = [c for c in found if c.active and c.email.lower() == state.email.lower() and state.email]
    if len(same) == 1:
        return Match("link", customer=same[0].id, name=name)
    suffix = ("suffix", f"Create as “{name} (Clio {state.id})”")
    active = [c for c in found if c.active]
    if active:
        mail = active[0].email or "no e-mail address"
        return Match(
            "park",
            reason=f"QuickBooks already has a customer named “{name}” with {mail}.",
            remedy="Link it if it is the same person, or create another with a suffix.",
            choices=((f"link:{active[0].id}", "Link to this customer"), suffix),
        )
    if found:
        return Match(
            "park",
            reason=f"An inactive QuickBooks customer holds the name “{name}”.",
            remedy="Make it active in QuickBooks and press Retry, or create another with a suffix.",
            choices=(suffix,),
        )
    if taken:
        return Match(
            "park",
            reason=f"A name can be used only once in QuickBooks, and the {taken} “{name}” has it already.",
            remedy=f"Rename the {taken} in QuickBooks and press Retry, or create the customer with a suffix.",
            choices=(suffix,),
        )
    return Match("create", name=name)


def listing(state: Contact) -> Listing:
    return Listing(list=(f"{state.firm}/contacts", f"{state.name.lower()}#{state.id}"))
