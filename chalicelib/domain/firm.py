"""The firm: the tenant. Its people, its settings, and what must be confirmed before the first write."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import assert_never
from zoneinfo import ZoneInfo, available_timezones

from chalicelib.domain import trust_books
from chalicelib.domain.effects import Lanes
from chalicelib.domain.kernel import Decision
from chalicelib.domain.reminders import ReminderSet
from chalicelib.domain.trust_books import TrustBooks
from chalicelib.errors import Refused


@dataclass(frozen=True, slots=True)
class Member:
    """A person of the firm, known by their Clio user id."""

    id: str
    name: str
    email: str
    owner: bool


@dataclass(frozen=True, slots=True)
class Accounts:
    """The QuickBooks accounts and items that we write to, by id; empty until chosen."""

    clearing: str = ""
    clearing_name: str = ""
    services: str = ""
    expenses: str = ""
    interest: str = ""
    tax: str = ""
    discount: str = ""
    credit: str = ""


class Detail(StrEnum):
    """LINES: each entry of the bill is a line. KINDS: one line for services, one for expenses."""

    LINES = "lines"
    KINDS = "kinds"


class TaxAs(StrEnum):
    """LINE: an ordinary line under an item, so that totals are equal. QUICKBOOKS: QuickBooks' own tax, read back."""

    LINE = "line"
    QUICKBOOKS = "quickbooks"


@dataclass(frozen=True, slots=True)
class Invoicing:
    """How invoices are drawn in QuickBooks. ``tax_code``: the QuickBooks tax code, where tax travels as tax.
    ``pay_link``: in the customer message; ``clio_memo``: in the memo of Clio's bill too. ``sub_customers``: a new
    invoice belongs to its matter's sub-customer."""

    detail: Detail = Detail.LINES
    tax: TaxAs = TaxAs.LINE
    tax_code: str = ""
    pay_link: bool = True
    clio_memo: bool = False
    sub_customers: bool = False


@dataclass(frozen=True, slots=True)
class Firm:
    """``zone``: IANA name; due dates and mail times are local to it. ``start_on``: bills issued before it come in only
    if unpaid. ``send_hour``: the local hour at which mails may begin to go out. ``generation`` counts how often
    the links to QuickBooks were begun anew. ``contacts_stand``: whose value stands where a client was changed in Clio
    and in QuickBooks (clio | quickbooks). ``blocked``: (kind of effect, why it waits), by the last preflight.
    ``matched``: the generation whose first sync a person has gone through. ``sub_customers_used``: at any time."""

    id: str
    name: str
    region: str
    account: str
    zone: str = "America/New_York"
    currency: str = "USD"
    members: tuple[Member, ...] = ()
    place_confirmed: bool = False
    native_sync_off: bool = False
    native_reminders_off: bool = False
    start_on: date | None = None
    accounts: Accounts = Accounts()
    mark_paid: bool = False
    send_hour: int = 9
    reply_to: str = ""
    generation: int = 1
    blocked: tuple[tuple[str, str], ...] = ()
    matched: int = 0
    trust: TrustBooks = trust_books.NONE
    invoicing: Invoicing = Invoicing()
    contacts_stand: str = "clio"
    sub_customers_used: bool = False

    @property
    def may_write(self) -> bool:
        """The first write to another book waits for all of this, and for the first sync of this generation of links to
        be gone through: what is there already is matched before anything is made."""
        return self.may_read and self.matched == self.generation

    @property
    def may_read(self) -> bool:
        """Bills are read once all of this is confirmed (issue: before the first write the firm confirms)."""
        return bool(
            self.place_confirmed
            and self.native_sync_off
            and self.native_reminders_off
            and self.start_on
            and self.accounts.clearing
        )

    @property
    def trust_books(self) -> TrustBooks:
        """The accounts of trust money in the present generation of links; none while they are those of an earlier."""
        if self.trust.generation == self.generation:
            return self.trust
        return TrustBooks(words=self.trust.words, choices=self.trust.choices, generation=self.generation)

    def today(self, now: datetime) -> date:
        """The firm's local day."""
        return now.astimezone(ZoneInfo(self.zone)).date()


@dataclass(frozen=True, slots=True)
class Policy:
    """What decisions need from outside: the firm's rules at one version, its lanes, and its reminder sets."""

    firm: Firm
    version: int
    lanes: Lanes
    sets: dict[str, ReminderSet] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Founded:
    id: str
    name: str
    region: str
    account: str
    zone: str
    currency: str
    member: Member


@dataclass(frozen=True, slots=True)
class MemberSeen:
    member: Member


@dataclass(frozen=True, slots=True)
class PlaceConfirmed:
    zone: str
    currency: str
    name: str
    reply_to: str


@dataclass(frozen=True, slots=True)
class AccountsChosen:
    accounts: Accounts


@dataclass(frozen=True, slots=True)
class InvoicingChosen:
    """How invoices are drawn from now on; those already there stay as they are."""

    invoicing: Invoicing


@dataclass(frozen=True, slots=True)
class WritesConfirmed:
    """The person ticked both boxes and gave a start date."""

    native_sync_off: bool
    native_reminders_off: bool
    start_on: date | None


@dataclass(frozen=True, slots=True)
class MarkPaidSwitched:
    on: bool


@dataclass(frozen=True, slots=True)
class ContactsStand:
    """Whose value stands where both sides changed one field of a client: ``clio`` or ``quickbooks``."""

    side: str


@dataclass(frozen=True, slots=True)
class LinksPurged:
    """A person revokes and purges: ``typed`` is the firm's name, by hand."""

    typed: str


@dataclass(frozen=True, slots=True)
class LinksBegun:
    """The first generation of links in which nothing of another firm's lies in the company that is being connected."""

    generation: int


@dataclass(frozen=True, slots=True)
class MatchesConfirmed:
    """The first sync of this generation was gone through: writing begins."""

    generation: int


@dataclass(frozen=True, slots=True)
class Preflighted:
    """What has to wait for a setting in QuickBooks, by kind of effect and in words."""

    blocked: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TrustChosen:
    """The firm said which accounts trust money stands in; ``words`` that were taken before are kept. ``apart``: those
    in QuickBooks that hold nothing of it any more, or never did."""

    trust: TrustBooks
    apart: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrustWordTaken:
    """A person says that a kind of bank transaction is an ordinary movement of trust money."""

    word: str


FirmFact = (
    Founded
    | MemberSeen
    | PlaceConfirmed
    | AccountsChosen
    | InvoicingChosen
    | WritesConfirmed
    | MarkPaidSwitched
    | ContactsStand
    | LinksPurged
    | LinksBegun
    | MatchesConfirmed
    | Preflighted
    | TrustChosen
    | TrustWordTaken
)

CURRENCIES = ("USD", "CAD", "GBP", "EUR", "AUD")


def decide(state: Firm | None, fact: FirmFact) -> Decision[Firm]:
    """Raises Refused when a person's input breaks a rule."""
    match fact:
        case Founded():
            if state is not None:
                return Decision(state)
            return Decision(
                Firm(
                    fact.id,
                    fact.name,
                    fact.region,
                    fact.account,
                    zone=fact.zone if fact.zone in available_timezones() else "America/New_York",
                    currency=fact.currency,
                    members=(fact.member,),
                    reply_to=fact.member.email,
                )
            )
        case _ if state is None:
            raise Refused("This firm is not set up yet. The firm's owner signs in first.")
        case MemberSeen():
            others = tuple(m for m in state.members if m.id != fact.member.id)
            if fact.member in state.members:
                return Decision(state)
            return Decision(replace(state, members=(*others, fact.member)))
        case PlaceConfirmed():
            return Decision(_place(state, fact))
        case AccountsChosen():
            if not fact.accounts.clearing:
                raise Refused("Choose the account that payments are recorded in.")
            return Decision(replace(state, accounts=fact.accounts))
        case InvoicingChosen():
            if len(fact.invoicing.tax_code) > 30:
                raise Refused("Give the tax code as QuickBooks shows it, at most 30 characters.")
            used = state.sub_customers_used or fact.invoicing.sub_customers
            return Decision(replace(state, invoicing=fact.invoicing, sub_customers_used=used))
        case WritesConfirmed():
            if not (fact.native_sync_off and fact.native_reminders_off):
                raise Refused(
                    "Switch off Clio's own QuickBooks sync and Clio's own reminders first, then tick both boxes: "
                    "two programs writing the same invoices or mails would double them."
                )
            if fact.start_on is None:
                raise Refused("Give the date from which bills are brought in.")
            return Decision(replace(state, native_sync_off=True, native_reminders_off=True, start_on=fact.start_on))
        case MarkPaidSwitched():
            return Decision(replace(state, mark_paid=fact.on))
        case ContactsStand():
            if fact.side not in ("clio", "quickbooks"):
                raise Refused("Choose whether Clio's or QuickBooks' value stands.")
            return Decision(replace(state, contacts_stand=fact.side))
        case LinksPurged():
            return Decision(_purged(state, fact))
        case LinksBegun():
            return Decision(replace(state, generation=max(state.generation, fact.generation)))
        case MatchesConfirmed():
            return Decision(replace(state, matched=max(state.matched, fact.generation)))
        case Preflighted():
            return Decision(replace(state, blocked=fact.blocked))
        case TrustChosen():
            return Decision(replace(state, trust=_trust(state, fact)))
        case TrustWordTaken():
            words = tuple(sorted({*state.trust.words, fact.word}))
            return Decision(replace(state, trust=replace(state.trust, words=words, choices=state.trust.choices + 1)))
        case _:
            assert_never(fact)


def _trust(state: Firm, fact: TrustChosen) -> TrustBooks:
    """Trust money never touches an operating account."""
    if state.accounts.clearing in [b.book for b in fact.trust.banks]:
        raise Refused("Payments of invoices are recorded in that account. Trust money needs an account of its own.")
    chosen = trust_books.anew(state.trust_books, fact.trust, fact.apart)
    return replace(chosen, generation=state.generation)


def _purged(state: Firm, fact: LinksPurged) -> Firm:
    """A new generation of links: accounts and items were those of the old company."""
    if " ".join(fact.typed.split()).casefold() != " ".join(state.name.split()).casefold():
        raise Refused(f"Type the firm's name as it stands here, {state.name}, to purge the links. Nothing was changed.")
    return replace(state, generation=state.generation + 1, accounts=Accounts(), blocked=())


def _place(state: Firm, fact: PlaceConfirmed) -> Firm:
    if fact.zone not in available_timezones():
        raise Refused("Choose a time zone from the list.")
    if fact.currency not in CURRENCIES:
        raise Refused("Choose a currency from the list.")
    if "@" not in fact.reply_to:
        raise Refused("Give the e-mail address that clients' answers should go to.")
    return replace(
        state,
        zone=fact.zone,
        currency=fact.currency,
        name=fact.name.strip() or state.name,
        reply_to=fact.reply_to.strip(),
        place_confirmed=True,
    )
