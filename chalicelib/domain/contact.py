"""A client of the firm as it is held: what Clio shows, the QuickBooks customer that is the same, what both agreed on.

``linking`` decides about it, ``agreeing`` keeps both sides in step, ``naming`` says which customer it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain import profile
from chalicelib.domain.kernel import Listing
from chalicelib.domain.profile import FIELDS, Agreed, Change, Profile, Side, Value
from chalicelib.domain.readings import NO_ADDRESS, Address

WITHOUT = "without"
CLIENT = "client"  # what its task says is broken
ASKED, LEFT = "asked", "left"  # Contact.vanished
ON_A_BILL = ("name", "email")  # all that a bill shows of its client


@dataclass(frozen=True, slots=True)
class Ours:
    """A value that a step of this revision brings to ``side``. When that side shows it, nobody there changed anything:
    answers get lost, and our own writes come back as news. ``chosen``: by a person for both sides; else it came from
    the other one."""

    side: Side
    field: str
    value: Value
    revision: int
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """A value that did not stand: shown until a person takes or leaves it. ``number``: of its task."""

    field: str
    side: Side
    value: Value
    why: str
    at: datetime
    number: int


@dataclass(frozen=True, slots=True)
class Contact:
    """``name`` to ``shipping``: as Clio shows them; ``whole``: read from the contact itself, not from a bill alone.

    ``customer``: the QuickBooks id once linked; ``books``: what it shows; ``agreed``: the last state that both sides
    agreed on. ``to_books``, ``to_clio``: what the owed steps bring over, at ``revision`` and ``clio_revision``.
    ``choice``: what a person said about the name or link (link:<id> | over:<id> | suffix | clean). ``lost``: why the
    link does not hold now (inactive | gone | merged into another client's | taken over by another client); ``answer``:
    what a person said about that (activate | without: it stays without a customer).
    ``asked`` counts the tasks about fields. ``generation``: of its link (domain/generation.py). ``apart``: a name that
    QuickBooks refused: what else goes there goes without it first. ``vanished``: Clio showed it once and shows it no
    more: a person is asked, or left it so; until Clio shows it again, none of its fields goes over either way.
    ``took``: the clients who had its customer before it was taken over, the last one first.
    ``stood``: its customer in an earlier generation of links, and ``stood_as`` that one's name then, until another is
    linked.
    """

    firm: str
    id: str
    name: str
    email: str
    company: bool
    revision: int = 1
    customer: str = ""
    choice: str = ""
    phone: str = ""
    mobile: str = ""
    billing: Address = NO_ADDRESS
    shipping: Address = NO_ADDRESS
    whole: bool = False
    realm: str = ""
    books: Profile | None = None
    agreed: Agreed | None = None
    to_books: tuple[Change, ...] = ()
    to_clio: tuple[Change, ...] = ()
    clio_revision: int = 0
    ours: tuple[Ours, ...] = ()
    chosen: tuple[Change, ...] = ()
    kept: tuple[Kept, ...] = ()
    asked: int = 0
    lost: str = ""
    answer: str = ""
    generation: int = 1
    apart: str = ""
    vanished: str = ""
    took: tuple[str, ...] = ()
    stood: str = ""
    stood_as: str = ""

    @property
    def clio(self) -> Profile:
        return Profile(self.name, self.email, self.phone, self.mobile, self.billing, self.shipping)

    @property
    def usable(self) -> str:
        """The customer to book on; empty while there is none, or while the link does not hold."""
        return "" if self.lost else self.customer

    @property
    def without(self) -> bool:
        """The customer is gone, and a person accepted it: what needs one waits until another is linked."""
        return bool(self.lost) and self.answer == WITHOUT

    @property
    def sent(self) -> tuple[Change, ...]:
        """What the owed step brings to QuickBooks: all of it, or at first all but a name that was refused there."""
        rest = tuple(c for c in self.to_books if (c.field, c.value) != ("name", self.apart))
        return rest or self.to_books

    @property
    def fields(self) -> tuple[str, ...]:
        return FIELDS if self.whole else ON_A_BILL

    @property
    def differing(self) -> tuple[str, ...]:
        """Fields that the two sides show differently."""
        if self.books is None:
            return ()
        now = self.clio
        return tuple(f for f in self.fields if not profile.same(f, profile.value(now, f), profile.value(self.books, f)))


# --- where it is listed -----------------------------------------------------------------------------------------------

STANDINGS = ("linked", "conflict", "unlinked")


def standing(state: Contact) -> str:
    """``conflict``: something about it waits for a person's word, as far as its own state tells."""
    if state.kept or state.vanished == ASKED or (state.lost and not state.without):
        return "conflict"
    return "linked" if state.customer and not state.without else "unlinked"


def listing(state: Contact) -> Listing:
    """All by name, and by standing."""
    place = f"{state.name.lower()}#{state.id}"
    return Listing(list=(f"{state.firm}/contacts/{standing(state)}", place), group=(f"{state.firm}/contacts", place))
