"""Under which name a client becomes a QuickBooks customer, and which customer that is already. No linking by guess."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from chalicelib.domain import profile
from chalicelib.domain.contact import Contact
from chalicelib.domain.left import STAY
from chalicelib.domain.linking import ANEW, LINK, OVER, picked
from chalicelib.domain.readings import CustomerReading

Choice = tuple[str, str]  # what it is called in code, words for the button


@dataclass(frozen=True, slots=True)
class Match:
    """What to do about a customer: ``link`` an existing one, ``create`` under a name, or ``park`` with a cause."""

    do: str
    customer: str = ""
    name: str = ""
    reason: str = ""
    remedy: str = ""
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class NewName:
    """What a client would be called as a new customer. ``choice``: what makes the name so (Contact.choice). ``name`` is
    empty where none will do. ``why``: why the client's own name will not; empty where it is the one."""

    choice: str
    name: str
    why: str = ""


def name_for(state: Contact, name: str = "") -> str:
    """The display name to use: Clio's, or what a person chose. ``name``: instead of the client's present one. One with
    a suffix is also without the characters that QuickBooks refuses, which may have been the first cause to ask."""
    name = name or state.name
    if state.choice in ("clean", "suffix"):
        name = profile.clean(name)
    return f"{name} (Clio {state.id})" if state.choice == "suffix" else name


def new_name(state: Contact, holders: Mapping[str, str]) -> NewName:
    """The first way to write its name that QuickBooks takes and nobody has. ``holders``: by name, casefolded, who has
    it, in words: a name is used once over customers, vendors and employees, whatever its capitals (reference 4.1)."""
    why = ""
    for choice in ("", "clean", "suffix"):
        name = name_for(replace(state, choice=choice))
        unwritable, holder = refusal(name), holders.get(name.casefold())
        if not unwritable and not holder:
            return NewName(choice, name, why)
        used = f"A name can be used only once in QuickBooks, and it is that of {holder}"
        why = why or (unwritable.reason if unwritable else used)
    return NewName("", "", why)


def wrong_currency(customer: CustomerReading, currency: str) -> str:
    """Why a customer takes no invoice of the firm's, where it is kept in another ``currency`` than the firm's; empty
    where it is not, or where that is not told (reference/quickbooks.md 4.1)."""
    if "" in (customer.currency, currency) or customer.currency == currency:
        return ""
    return (
        f"The customer “{customer.name}” is kept in {customer.currency} in QuickBooks, and the firm bills in "
        f"{currency}: it takes none of these invoices, and a customer's currency never changes. Choose another "
        "customer, or let a new one be created."
    )


def match(state: Contact, found: Sequence[CustomerReading], taken: str, currency: str = "") -> Match:
    """Clio's own rule for the same person: same name and primary e-mail (reference/quickbooks.md 4.1).

    ``found``: customers with the name, whatever its capitals; ``taken``: "vendor" or "employee" when such an entry has
    it. ``currency``: the firm's; a customer of another one takes none of its invoices (4.1).
    """
    name = name_for(state)
    if there := picked(state.choice):
        return Match("link", customer=there, name=name)
    if unwritable := refusal(name):
        return unwritable
    usable = [c for c in found if c.active and not wrong_currency(c, currency)]
    same = [c for c in usable if c.email.lower() == state.email.lower() and state.email]
    if len(same) == 1:
        return Match("link", customer=same[0].id, name=name)
    suffix = with_suffix(state)
    foreign = [c for c in found if c.active and c not in usable]
    if foreign:
        return Match(
            "park",
            reason=f"A name can be used only once in QuickBooks, and a customer in {foreign[0].currency} has “{name}”.",
            remedy="Rename that one in QuickBooks and press Retry, or create another with a suffix.",
            choices=(suffix,),
        )
    if usable:
        mail = usable[0].email or "no e-mail address"
        return Match(
            "park",
            reason=f"QuickBooks already has a customer named “{usable[0].name}” with {mail}.",
            remedy="Link it if it is the same person, or create another with a suffix.",
            choices=((f"{LINK}{usable[0].id}", "Link to this customer"), suffix),
        )
    if found:
        return Match(
            "park",
            reason=f"An inactive QuickBooks customer holds the name “{found[0].name}”.",
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


def refusal(name: str) -> Match | None:
    """Why QuickBooks will not take a name, whoever has it; None when it will."""
    if any(c in profile.FORBIDDEN for c in name):
        return Match(
            "park",
            reason=f"QuickBooks does not accept the characters in the name “{name}”.".replace("\t", "⇥"),
            remedy="Rename the client in Clio and press Retry, or let the name stand without these characters.",
            choices=(("clean", "Use it without these characters"),),
        )
    if len(name) > profile.NAME_AT_MOST:
        reason = "The name is longer than QuickBooks allows."
        return Match("park", reason=reason, remedy="Shorten it in Clio, then press Retry.")
    return None


def with_suffix(state: Contact) -> Choice:
    return ("suffix", f"Create as “{_suffixed(state)}”")


def _suffixed(state: Contact) -> str:
    return name_for(replace(state, choice="suffix"))


def anothers(state: Contact, customer: str, holder: Contact | None) -> Match:
    """The customer is linked to another client. ``holder``: that one, where it has no open bills and may give it up;
    what that comes to is said before it is done."""
    told = "This QuickBooks customer is already linked to another client."
    if holder is None:
        remedy = "If Clio merged the two, wait: once the last open bill came over, you are asked again. "
        remedy += "Else create another customer with a suffix, or correct the name in Clio."
        return Match("park", reason=told, remedy=remedy, choices=(with_suffix(state),))
    return Match(
        "park",
        reason=f"{told[:-1]}, “{holder.name}” (Clio {holder.id}), which has no open bills.",
        remedy=f"If Clio merged the two, take the customer over. {given_up(holder)} Or create another with a suffix.",
        choices=((f"{OVER}{customer}", "Take over the other client's customer"), with_suffix(state)),
    )


def given_up(holder: Contact) -> str:
    """What becomes of both when this client's customer is taken over."""
    return (
        "Nothing that is in QuickBooks changes; from then on changes and new invoices of this client go there, and "
        f"“{holder.name}” (Clio {holder.id}) stays without a customer: a new bill of it would wait until you link one."
    )


def taken_on_rename(state: Contact) -> Match:
    """QuickBooks refused the new name of a linked customer: another entry there has it (6240)."""
    return Match(
        "park",
        reason=f"The client is now called “{state.name}” in Clio, and another customer, vendor or employee in "
        "QuickBooks has that name already.",
        remedy="Rename the other one in QuickBooks and press Retry, use the name with a suffix, or leave QuickBooks' "
        "name.",
        choices=(("suffix", f"Rename to “{_suffixed(state)}”"), ("keep", "Leave the name in QuickBooks as it is")),
    )


def refused(state: Contact, name_taken: bool) -> tuple[str, tuple[Choice, ...]]:
    """QuickBooks does not take the customer, or a change of it: what a person may do beside mending the cause, and what
    they may choose. ``name_taken``: though nobody was found who has the name."""
    if state.lost:
        broken = broken_link(state)
        return broken.remedy, broken.choices
    if state.customer:
        fields = ", ".join(profile.WORDS[c.field] for c in state.sent)
        means = f"Or leave it: both sides keep what they have ({fields}). The next change of one goes over anew."
        return means, ((STAY, "Leave the customer in QuickBooks as it is"),)
    by_hand = "Or add the customer in QuickBooks yourself, and link it on the client's page."
    return by_hand, ((with_suffix(state),) if name_taken and state.choice != "suffix" else ())


def broken_link(state: Contact) -> Match:
    """The linked customer was deactivated in QuickBooks, or is no longer shown there."""
    anew = (ANEW, f"Create a new customer “{_suffixed(state)}”")
    if state.lost == "inactive":
        return Match(
            "park",
            reason="Its customer was made inactive in QuickBooks. Nothing more can be booked on it.",
            remedy="Make it active again, create a new customer, or open the client's page and link another one.",
            choices=(("activate", "Make it active again in QuickBooks"), anew),
        )
    if state.lost == "merged":
        return Match(
            "park",
            reason="Its customer was merged in QuickBooks into one that another client of yours is linked to.",
            remedy="Open the client's page and link another customer, or create a new one.",
            choices=(anew,),
        )
    return Match(
        "park",
        reason="QuickBooks no longer shows its customer; it may have been merged into another one.",
        remedy="Open the client's page and link the customer that stands for it now, or create a new one.",
        choices=(anew,),
    )
