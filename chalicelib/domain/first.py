"""The first sync, before anything is written: what would be created, changed and linked, and what a person must say.

Pure. A row is what would become of one client or one bill; the totals are what the rows come to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from chalicelib.domain import pairing, posting
from chalicelib.domain.contact import Contact
from chalicelib.domain.first_paid import Paid, paired, shared, standing
from chalicelib.domain.invoicing import LONGEST_NUMBER
from chalicelib.domain.matching import CERTAIN, Other, Suggestion
from chalicelib.domain.money import show
from chalicelib.domain.naming import NewName
from chalicelib.domain.payable import Payable
from chalicelib.domain.readings import InvoiceReading, Pot
from chalicelib.errors import Refused

NEW, LEAVE, APART = "new", "leave", "apart"
NO_NAME = f"{NEW}:wait"
LINK = "link:"
CLIENT_WAITS = "It waits until its client can become a customer: no name is free in QuickBooks"
SAME = "Same number, client and amount"
NO_PAYMENTS: dict[str, object] = {"payments": 0, "unmatched": "", "left": 0, "shared": (), "paired": ()}  # of a row


class Fate(StrEnum):
    """CREATE: made new in QuickBooks. LINK: the same thing is there. CHANGE: it is there and gets Clio's figures. WAIT:
    nothing is written until a name or number is free."""

    CREATE = "create"
    LINK = "link"
    CHANGE = "change"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Offer:
    """Something in QuickBooks that it may be. ``choice`` is what choosing it says. ``change``: choosing it gives it
    Clio's figures, and its client's customer unless ``words`` say that it stays another's."""

    choice: str
    words: str
    change: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """``there``: what it is linked to, in words; ``link``: its QuickBooks id. ``exact``: certain, and confirmed
    together with the others. ``needs``: a person must choose one of ``offers``. ``cents``: of a bill. ``payments``:
    payments on the invoice that are Clio's, ``shared`` those of them that pay other bills too; ``unmatched``: the
    others, in words: nothing is posted there until somebody has compared them; ``left``: those that they said are
    something else; ``paired``: the ids of Clio's that stand there. ``matter``: the sub-customer that its invoice brings
    with it; ``under``: the one that is there and is linked with it. ``waits``: what a bill's invoice waits for whatever
    is said about its number; ``behind``: the bill before it on this list that has the same number; ``used``: what has
    it in QuickBooks besides, in words. Of money (domain/first_money.py) ``on`` is its day, ``about`` what it falls
    on."""

    id: str
    title: str
    detail: str
    fate: Fate
    cents: int = 0
    link: str = ""
    there: str = ""
    why: str = ""
    exact: bool = False
    needs: bool = False
    offers: tuple[Offer, ...] = ()
    choice: str = ""
    payments: int = 0
    unmatched: str = ""
    left: int = 0
    shared: tuple[str, ...] = ()
    paired: tuple[str, ...] = ()
    matter: str = ""
    under: str = ""
    waits: str = ""
    behind: str = ""
    used: str = ""
    on: date | None = None
    about: str = ""


@dataclass
class Totals:
    """Counts and cents by fate; ``exact`` and ``needs``: how many wait for a person together, and one by one.
    ``matched``: payments of Clio's that stand in QuickBooks, each once, on however many invoices. ``mark``: of all rows
    in whatever order; another one says that something else would be done."""

    counts: dict[str, int] = field(default_factory=dict)
    cents: dict[str, int] = field(default_factory=dict)
    exact: int = 0
    needs: int = 0
    matched: int = 0
    unmatched: int = 0
    mark: int = 0

    def add(self, row: Row, sign: int = 1) -> None:
        self.counts[row.fate] = self.counts.get(row.fate, 0) + sign
        self.cents[row.fate] = self.cents.get(row.fate, 0) + sign * row.cents
        self.exact += sign * row.exact
        self.needs += sign * row.needs
        self.unmatched += sign * bool(row.unmatched)
        self.mark = (self.mark + sign * _mark(row)) % MARKS


MARKS = 2**61


def _mark(row: Row) -> int:
    """Of what would be done about a row."""
    done = (row.id, row.title, row.fate, str(row.cents), row.link, naming_of(row), row.matter, row.under)
    return int.from_bytes(hashlib.sha256("\0".join(done).encode()).digest()[:8]) % MARKS


# --- clients ----------------------------------------------------------------------------------------------------------


def client_row(
    client: Contact, found: Suggestion | None, names: Mapping[str, str], new: NewName, answer: str = ""
) -> Row:
    """``names``: of customers by id, with their address. ``new``: what it would be called as a new one. ``answer``:
    what a person said before; it holds as long as what they chose is still there, and free."""
    told = Row(client.id, client.name, client.email, Fate.CREATE)
    anew = _created(new)
    if found is None:
        return _alone(replace(told, offers=(anew,)), new, answer)
    near = [o for o in (Other(found.customer_id, found.score, found.reasons), *found.others) if o.customer_id]
    links = [Offer(f"{LINK}{o.customer_id}", names.get(o.customer_id, o.customer_id)) for o in near]
    offered = (*links, anew)
    best = links[0] if found.customer_id else None
    if best and found.score >= CERTAIN and answer in ("", best.choice):
        why = _in_words(found.reasons)
        return _with(told, Fate.LINK, best, why, exact=not answer, offers=offered, choice=answer)
    if answer and answer in {o.choice for o in offered}:
        return answered(replace(told, offers=offered), answer)
    if best is None:
        why = "A customer of this name is there, and another client is matched with it"
        return _with(told, Fate.CREATE, None, why, needs=True, offers=offered)
    return _with(told, Fate.LINK, best, _in_words(found.reasons), needs=True, offers=offered)


def _in_words(reasons: Sequence[str]) -> str:
    return ", ".join(r if n == 0 else r[:1].lower() + r[1:] for n, r in enumerate(reasons))


def _created(new: NewName) -> Offer:
    if not new.why:
        return Offer(NEW, "Create a new customer")
    if not new.name:
        return Offer(NO_NAME, "It waits until a name is free in QuickBooks")
    return Offer(f"{NEW}:{new.choice}", f"Create as “{new.name}”")


def _alone(row: Row, new: NewName, answer: str) -> Row:
    """Of a client that no customer is suggested for: it is created without a question where its own name is free."""
    gone = "The customer that you chose is not there any more, or is another client's"
    if _is_link(answer):
        return replace(row, why=gone, needs=True)
    if not new.why:
        return replace(row, offers=())
    if answer in {o.choice for o in row.offers}:
        return answered(row, answer)
    return replace(row, why=new.why, needs=True)


def _is_link(choice: str) -> bool:
    return choice.startswith(LINK)


def _with(row: Row, fate: Fate, offer: Offer | None, why: str, **more: object) -> Row:
    link = offer.choice.removeprefix(LINK) if offer else ""
    changed: dict[str, object] = {
        **{name: getattr(row, name) for name in Row.__slots__},
        "fate": Fate.WAIT if row.waits else fate,
        "link": link,
        "there": offer.words if offer else "",
        "why": why,
        **more,
    }
    return Row(**changed)  # type: ignore[arg-type]


def must_wait(row: Row) -> bool:
    """Whether nothing of this client can be written in the run: no name is free for it, whatever is answered."""
    return row.fate is Fate.WAIT or bool(row.offers and all(o.choice == NO_NAME for o in row.offers))


def held_up(row: Row, why: str) -> Row:
    """A bill whose client or matter has to wait waits with it. What is said about its number is kept for then."""
    return replace(row, fate=Fate.WAIT, waits=why) if why else row


def naming_of(row: Row) -> str:
    """How its new customer gets its name, as answered (naming.NewName.choice); empty where that is its own."""
    if row.choice == NO_NAME:
        return "suffix"  # the last that was tried: the step waits for it
    return row.choice.removeprefix(NEW).removeprefix(":") if _is_new(row.choice) else ""


def _is_new(choice: str) -> bool:
    return choice.partition(":")[0] == NEW


def answered(row: Row, choice: str) -> Row:
    """A person chose; with NEW, whichever new customer is offered. What is paid on another invoice is seen when the
    list is made anew. Raises Refused when it was not offered."""
    offer = next((o for o in row.offers if o.choice == choice or (choice == NEW and _is_new(o.choice))), None)
    if offer is None:
        raise Refused("Choose one of the offered ways.")
    choice = offer.choice
    done: dict[str, object] = {"needs": False, "exact": False, "choice": choice}
    if choice != f"{LINK}{row.link}":
        done |= NO_PAYMENTS
    if _is_new(choice):
        why = "Your choice" if choice == NEW else f"Your choice: {offer.words[:1].lower()}{offer.words[1:]}"
        return _with(row, Fate.WAIT if choice == NO_NAME else Fate.CREATE, None, why, **done)
    if choice == APART:
        return _with(row, Fate.CREATE, None, "Your choice: the other one is left as it is", **done)
    if choice == LEAVE:
        return _with(row, Fate.WAIT, None, "Your choice: it waits until the number is free", **done)
    return _with(row, Fate.CHANGE if offer.change else Fate.LINK, offer, "Your choice", **done)


def chosen(row: Row) -> dict[str, str | bool | int | list[str]]:
    """What a bill's row says of the invoices that have its number: the one that it is linked to, whether that one gets
    Clio's figures (else it is over the bill's ``cents``), and those that are another bill's. An invoice that comes
    later is none of these."""
    there = {o.choice.removeprefix(LINK): o for o in row.offers if _is_link(o.choice)}
    change = bool(row.link) and there[row.link].change
    return {"invoice": row.link, "change": change, "cents": row.cents, "left": [id for id in there if id != row.link]}


# --- one row each -----------------------------------------------------------------------------------------------------


def _is_bill(row: Row) -> bool:
    return any(o.choice in (LEAVE, APART) for o in row.offers)


def named(row: Row) -> str:
    """Whose row it is, in words."""
    return f"bill {row.title} of {row.detail}" if _is_bill(row) else f"client {row.title}"


def taken(row: Row, holder: str) -> Refused:
    """What the row is to be is another one's: ``holder``, in words."""
    told = f"“{row.there}” is matched with the {holder} already"
    if _is_bill(row):
        return Refused(f"{told}: an invoice is one bill's only. Leave this bill, or change the answer about that one.")
    return Refused(f"{told}: a customer is one client's only. Choose another, or change the answer about that one.")


def contested(row: Row, holder: str) -> Row:
    """What it would be linked to is another one's in this list: a person is asked."""
    why = f"“{row.there}” is matched with the {holder} already"
    asked = {"needs": True, "exact": False, "choice": ""}
    return _with(row, Fate.WAIT if _is_bill(row) else Fate.CREATE, None, why, **asked, **NO_PAYMENTS)


def found_since(row: Row) -> Row:
    """What is certain now was not on the list that a person confirmed: they are asked."""
    why = f"Found since you confirmed the list: {row.why}"
    return _with(row, row.fate, Offer(f"{LINK}{row.link}", row.there), why, needs=True, exact=False)


# --- bills ------------------------------------------------------------------------------------------------------------


def concerns(p: Payable) -> bool:
    """Whether a bill is to become an invoice at all."""
    return p.pot is Pot.OPERATING and not p.gone and not p.unapproved and p.booked is None


def unnumberable(p: Payable) -> str:
    """Why QuickBooks takes no invoice of the bill's number; empty where it does."""
    if len(p.number) <= LONGEST_NUMBER:
        return ""
    return f"It waits: QuickBooks takes numbers of at most {LONGEST_NUMBER} characters. Shorten it in Clio"


def bill_row(
    p: Payable,
    found: Sequence[InvoiceReading],
    paid: Paid,
    customer: str,
    names: Mapping[str, str],
    answer: str,
    said: pairing.Answer | None,
    *,
    suggested: bool = False,
) -> Row:
    """``found``: invoices in QuickBooks with the bill's number, or made by us for it. ``customer``: the one that its
    client is, or will be, linked to; empty where one is created. ``suggested``: nobody has said yet that its client is
    that one. ``names``: of customers by id. ``said``: about the payments on it."""
    told = held_up(Row(p.id, p.number, p.client_name, Fate.CREATE, p.asks), unnumberable(p))
    live = [i for i in found if not i.voided]
    if not live:
        return told
    mark = posting.marker(p.firm, "bill", p.id)
    mine = [i for i in live if posting.bears(i.note, mark) and not i.foreign(p.currency)]
    may = [i for i in live if not i.foreign(p.currency)]
    alike = [i for i in may if customer and i.customer_id == customer and i.total == p.asks]
    same = mine or alike
    as_it_is = [i for i in (*alike, *mine) if (i.total, i.number) == (p.asks, p.number)]
    links = [Offer(f"{LINK}{i.id}", _described(i, p, customer, names), change=i not in as_it_is) for i in may]
    other = Offer(LEAVE, "It is another invoice: leave this bill until one of the two is renumbered")
    if all(i.number != p.number for i in live):  # one of ours, renumbered since
        other = Offer(APART, "It is another invoice: create one for this bill")
    answer = other.choice if answer in (LEAVE, APART) else answer
    offered = (*links, other)
    if answer and answer in {o.choice for o in offered}:
        chosen = answered(replace(told, offers=offered), answer)
        return _paired(chosen, p, next((i for i in live if i.id == chosen.link), None), paid, said)
    if len(same) == 1:
        invoice = same[0]
        offer = next(o for o in links if o.choice == f"{LINK}{invoice.id}")
        why = "Same number and amount, and of the customer suggested for its client" if suggested else SAME
        why, fate = "It was made by us" if mine else why, Fate.CHANGE if offer.change else Fate.LINK
        return _paired(_with(told, fate, offer, why, exact=True, offers=offered), p, invoice, paid, said)
    why = f"QuickBooks has this number on an invoice of another {'client or amount' if may else 'currency'}"
    return _with(told, Fate.WAIT, None, why, needs=True, offers=offered)


def _described(invoice: InvoiceReading, p: Payable, customer: str, names: Mapping[str, str]) -> str:
    """One with money on it gets Clio's figures, and QuickBooks does not let it go to another customer."""
    name = names.get(invoice.customer_id)
    stays = ", whose it stays: there is money on it" if invoice.payments and invoice.customer_id != customer else ""
    return f"Invoice {invoice.number} of {show(invoice.total, p.currency)} for {name or 'another customer'}{stays}"


def _paired(
    row: Row,
    p: Payable,
    invoice: InvoiceReading | None,
    paid: Paid,
    said: pairing.Answer | None,
) -> Row:
    if invoice is None:
        return row
    theirs = pairing.asked(pairing.theirs_on(invoice.id, paid.on(invoice), p.firm), paid.here)
    pairs, left = paired(p, invoice, paid)
    stand = tuple(dict.fromkeys((*standing(p, invoice, paid), *(o.id for _, o in pairs))))
    words = ", ".join(show(cents, p.currency) for cents in left)
    offer = Offer(f"{LINK}{invoice.id}", row.there)
    if left and said and said.invoice == invoice.id and said.covers(theirs):
        told = _with(row, row.fate, offer, row.why, unmatched=words, paired=stand)
        return compared(told, said, shared([*stand, *(id for _, id in said.pairs)], paid.here))
    over = shared(stand, paid.here)
    found = {"payments": len(stand), "unmatched": words, "shared": over, "paired": stand}
    return _with(row, row.fate, offer, row.why, **found)


def compared(row: Row, said: pairing.Answer, over: tuple[str, ...] = ()) -> Row:
    """With what a person said about the payments on its invoice."""
    if not row.unmatched or row.link != said.invoice:
        return row
    offer = Offer(f"{LINK}{row.link}", row.there)
    pairs = tuple(dict.fromkeys((*row.paired, *(id for _, id in said.pairs))))
    counts = {"payments": len(pairs), "left": len(said.left), "shared": over, "paired": pairs}
    return _with(row, row.fate, offer, row.why, unmatched="", **counts)
