"""Broken links that a step of ours met: a customer, a credit memo or a journal entry; and matters' sub-customers, and
clients that Clio shows no more. What each choice would write is said here; making it is what the step itself offers
(``attention``, ``contacts``)."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.contact import CLIENT
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect
from chalicelib.domain.matters import BROKEN
from chalicelib.errors import Conflict, Refused
from chalicelib.flow import attention, client_links, contacts, credit_links, journals, subcustomer_links
from chalicelib.flow.budget import Floor
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of

NUMBER_LENGTH = 30

GOES_ON = "The comparison of the books goes on naming the difference."
AS_ACCEPTED = "The comparison of the books names it as accepted."
ASKED_AGAIN = "If it changes in Clio, you are asked again."
AS_CLIO = "as Clio shows it now"

STAYS = "One with money on it in QuickBooks stays with the customer that it has there, and its changes go on."
MOVES_ON = "New invoices of the matter belong to the new one, and so does each open one from its next change on."

# by what is broken and the choice
WRITES: dict[tuple[str, str], tuple[str, ...]] = {
    (CLIENT, "look"): (
        "Nothing is written. The client is read again in Clio: press this when it is shown there again, or no longer "
        "hidden from the user who connected us.",
        "If Clio shows it, this question is closed and both are kept in step as before. If not, it stays.",
    ),
    ("customer", "activate"): (
        "The customer is made active again in QuickBooks, under the name that it has there.",
        "What waits for it is booked on it then.",
    ),
    ("customer", "anew"): (
        "A new customer of this name is created in QuickBooks. The old one is not changed.",
        "New invoices belong to the new one, and so does each open one from its next change on.",
        f"{STAYS} They need that customer active there.",
    ),
    (BROKEN, "anew"): (
        "A new sub-customer is created in QuickBooks below the client's customer. The old one is not changed.",
        "It is named by the matter's number, or by the number with Clio's id where that name is used.",
        MOVES_ON,
        STAYS,
    ),
    ("credit memo", "again"): (
        f"A new credit memo is created in QuickBooks, {AS_CLIO}, and applied to its invoices there.",
    ),
    ("credit application", "apply"): (
        "A payment of nothing is created in QuickBooks, which applies the credit to its invoices as Clio shows it now.",
    ),
    ("credit application", "leave"): (
        "Nothing is written. The credit stays in QuickBooks as the client's, on no invoice, and the invoice stays open "
        "there.",
        AS_ACCEPTED,
        "Whoever applies it in QuickBooks after all has settled it.",
        ASKED_AGAIN,
    ),
    ("journal entry", "again"): (f"A new journal entry is created in QuickBooks, {AS_CLIO}.",),
    ("changed journal entry", "again"): (
        f"The journal entry in QuickBooks is written over, amount and day {AS_CLIO}.",
    ),
}
ACCEPTED = {
    BROKEN: (
        "Nothing is written now. The matter stays without a sub-customer.",
        "Its new invoices, and those that wait, belong to the client's own customer, and so does each open one from "
        "its next change on.",
        "If the sub-customer is set back in QuickBooks, new invoices belong to it again.",
    ),
    CLIENT: (
        "Nothing is written. The customer stays in QuickBooks as it is, with all that is booked on it.",
        "Name, e-mail, phone numbers and addresses are no longer carried over, either way.",
        "Bills that Clio still shows under this client, and payments on them, go on being booked on that customer.",
        "If Clio shows the client again, both are kept in step again.",
    ),
    "credit memo": ("Nothing is written. The credit stays out of QuickBooks.", AS_ACCEPTED, ASKED_AGAIN),
    "journal entry": ("Nothing is written. The entry stays out of QuickBooks.", GOES_ON, ASKED_AGAIN),
    "changed journal entry": (
        "Nothing is written. The journal entry stays in QuickBooks as it is there.",
        GOES_ON,
        "The next change of the transaction in Clio writes over it.",
    ),
}
ACCEPTED_CUSTOMER = (
    "Nothing is written. The client stays without a customer in QuickBooks; what is there already stays as it is.",
    "Whatever is to be booked on it waits, with this cause under Sync status: new and changed invoices, payments, "
    "credits and trust entries.",
    "They go on by themselves when you link a customer on the client's page, or when the customer is active again in "
    "QuickBooks.",
    f"If you link another customer, an invoice that something waits for goes to it. {STAYS}",
)
LINKED_MEMO = (
    "It must be a credit memo of the same customer over the same amount. Nothing is changed in it.",
    "It is applied to its invoices in QuickBooks, as Clio shows it now, as far as it is not yet.",
    "From then on changes of the credit in Clio are written to it.",
)
LINKED_JOURNAL = (
    "Nothing is written. It must be of the same day and amount, between the same accounts, for the same client.",
    "From then on changes of the trust transaction in Clio are written to it.",
)
LINKED = (
    "Nothing is written. Both keep what they have until one of them is changed.",
    "From then on changes of the client go to that customer, and its new invoices belong to it.",
    f"So does each open one from its next change on. {STAYS}",
)
LINKED_SUB = (
    "Nothing is written. It must be active, below the client's customer, and no other matter's. It keeps its name.",
    MOVES_ON,
    STAYS,
)
LINKED_CLIENT = (
    "Nothing is written. The customer, with all that is booked on it, is the other client's from then on.",
    "New invoices and changes of the other client go to that customer; this client stays without one.",
    "The other client must have no customer of its own, and this one no open bills.",
)
LINKS = {
    CLIENT: (LINKED_CLIENT, "Name of the client that it is now, exactly as Clio shows it"),
    BROKEN: (LINKED_SUB, "Name of the sub-customer, exactly as QuickBooks shows it"),
    "credit memo": (LINKED_MEMO, "Number of the credit memo in QuickBooks"),
    "journal entry": (LINKED_JOURNAL, "Number of the journal entry in QuickBooks"),
}
ACCEPT = "Accept that it is gone"


@dataclass(frozen=True, slots=True)
class Option:
    """``choice``: again, write, link, accept, or what a step offers. ``effect``: what it would do, sentence by
    sentence. ``asks``: the label of what has to be typed in with it, if anything."""

    choice: str
    words: str
    effect: tuple[str, ...]
    asks: str = ""


def options(step: Effect) -> tuple[Option, ...]:
    """What a person can do about it."""
    what = str(step.body["broken"])
    offered = [Option(choice, words, WRITES[what, choice]) for choice, words in step.body.get("choices") or ()]
    if what == "customer":
        asks = "Name of the customer, exactly as QuickBooks shows it"
        offered.append(Option("link", "Link another customer", LINKED, asks))
        offered.append(Option("accept", ACCEPT, ACCEPTED_CUSTOMER))
    if what in LINKS:
        effect, asks = LINKS[what]
        offered.append(Option("link", f"Link to another{' client' if what == CLIENT else ''}", effect, asks))
    if step.body.get("may_close"):
        changed = what.startswith("changed")
        words = "Keep the change" if changed else ACCEPT
        offered.append(Option("accept", words, ACCEPTED[what]))
    return tuple(offered)


def decide(world: World, step: Effect, choice: str, to: str, by: str) -> None:
    """What the person chose; ``to``: what they typed in with it. Raises Refused with what does not fit."""
    if choice not in {o.choice for o in options(step)}:
        raise Refused("Choose one of the offered ways.")
    if step.body["broken"] == CLIENT:
        client_links.decide(world, step, choice, to, by)
    elif step.body["broken"] == BROKEN:
        subcustomer_links.decide(world, step, choice, to, by)
    elif choice == "link":
        _link(world, step, to, by)
    elif choice == "accept" and step.kind == Do.CUSTOMER:
        contacts.leave_without(world, step.firm, str(step.body["contact"]), by)
    elif choice == "accept":
        attention.done(world, step.firm, step.key, by)
    else:
        attention.retry(world, step.firm, step.key, by, choice)


def _link(world: World, step: Effect, to: str, by: str) -> None:
    if step.kind == Do.CUSTOMER:
        contacts.link_by_name(world, step.firm, str(step.body["contact"]), to, by)
        return
    number = to.strip()
    if not 0 < len(number) <= NUMBER_LENGTH:
        raise Refused("Give its number in QuickBooks.")
    policy = policy_of(world, step.firm)
    reach = Reach(world, step.firm, policy.lanes, Floor.PERSON)
    link = credit_links.link if step.kind == Do.CREDIT else journals.link_numbered
    try:
        link(world, reach, policy, step, number, by)
    except Conflict as taken:
        raise Refused("This one is already linked to another. Choose one that is not.") from taken
