"""The steps by which a firm gets ready: what is done, what comes next, and what can be chosen. Reads, and a few facts.

The order is the order of the page; a step is open once those before it are done, save the trust account, which a firm
without trust requests may leave for later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Literal

from chalicelib.domain.connection import Connection, id_of
from chalicelib.domain.dates import day
from chalicelib.domain.firm import Accounts, AccountsChosen, Firm, PlaceConfirmed, WritesConfirmed
from chalicelib.domain.kernel import Neighbour
from chalicelib.domain.readings import Account, Books, Pot
from chalicelib.errors import Refused
from chalicelib.flow import preflight, tokens
from chalicelib.flow.firms import connections, firm_of
from chalicelib.flow.ports import World
from chalicelib.flow.signing import settle_firm

START_DAYS_BACK = 30  # proposed start date
UNDEPOSITED = "UndepositedFunds"
DISCOUNTS = "DiscountsRefundsGiven"
HOLDS_MONEY = ("Bank", "Other Current Asset")  # what a QuickBooks payment may be deposited to; a trust account never

State = Literal["done", "now", "later"]


@dataclass(frozen=True, slots=True)
class Step:
    """``key``: place, clio, quickbooks, accounts, operating, trust confirm or match. ``said``: what is known of it.
    ``may_skip``: the setup can be finished without it."""

    key: str
    title: str
    state: State
    said: str = ""
    problem: str = ""
    may_skip: bool = False


@dataclass(frozen=True, slots=True)
class Setup:
    firm: Firm
    steps: tuple[Step, ...]
    connections: dict[str, Connection]

    @property
    def ready(self) -> bool:
        return all(s.state == "done" or s.may_skip for s in self.steps)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the firm's QuickBooks offers for each purpose, and what is proposed or chosen already."""

    clearing: tuple[Account, ...]
    items: tuple[tuple[str, str], ...]
    discounts: tuple[Account, ...]
    chosen: Accounts


# --- what stands where ------------------------------------------------------------------------------------------------


def setup(world: World, firm: str) -> Setup:
    """How far the set-up is. Raises Refused for a firm that nobody founded."""
    state = firm_of(world, firm)
    if state is None:
        raise Refused("This firm is not set up yet. The firm's owner signs in first.")
    held = connections(world, firm)
    return Setup(state, _in_order(_steps(state, held)), held)


def _steps(state: Firm, held: dict[str, Connection]) -> list[Step]:
    operating = held.get(id_of(Neighbour.STRIPE, Pot.OPERATING))
    trust = held.get(id_of(Neighbour.STRIPE, Pot.TRUST))
    place = f"{state.name}, {state.zone.replace('_', ' ')}, {state.currency}"
    chosen = f"Payments go to {state.accounts.clearing_name or 'the chosen account'}"
    start = f"Bills from {day(state.start_on, state.currency)} on" if state.start_on else ""
    return [
        _step("place", "Confirm your firm", state.place_confirmed, place),
        _connected("clio", "Connect Clio", held.get(str(Neighbour.CLIO))),
        _connected("quickbooks", "Connect QuickBooks", held.get(str(Neighbour.QUICKBOOKS))),
        _step("accounts", "Choose where payments are recorded", bool(state.accounts.clearing), chosen),
        _connected("operating", "Connect Stripe for invoices", operating),
        _connected("trust", "Open a Stripe account for trust money", trust, may_skip=True),
        _step("confirm", "Confirm what Clio must not do", state.may_read, start),
        _step("match", "Go through the first sync", state.may_write, "What was there already is matched"),
    ]


def _step(key: str, title: str, done: bool, said: str) -> Step:
    return Step(key, title, "done" if done else "later", said if done or key == "place" else "")


def _connected(key: str, title: str, held: Connection | None, *, may_skip: bool = False) -> Step:
    if held is None:
        return Step(key, title, "later", may_skip=may_skip)
    problem = held.why_not if held.pot or not held.connected else ""
    done = held.connected and not (held.pot is Pot.TRUST and problem)
    return Step(key, title, "done" if done else "later", held.name, problem, may_skip)


def _in_order(steps: list[Step]) -> tuple[Step, ...]:
    """The first that is not done is now; so is a skippable one right before it."""
    found: list[Step] = []
    blocked = False
    for step in steps:
        if step.state == "done":
            found.append(step)
            continue
        now: State = "later" if blocked else "now"
        found.append(Step(step.key, step.title, now, step.said, step.problem, step.may_skip))
        blocked = blocked or not step.may_skip
    return tuple(found)


def proposed_start(firm: Firm, world: World) -> date:
    return firm.start_on or firm.today(world.now()) - timedelta(days=START_DAYS_BACK)


# --- choosing accounts ------------------------------------------------------------------------------------------------


def choices(world: World, firm: str) -> Choices:
    """Reads the firm's QuickBooks. Raises Disconnected, Unavailable."""
    return _choices(books(world, firm), _firm(world, firm).accounts)


def books(world: World, firm: str) -> Books:
    """With every account and item: a firm may have thousands, and one of them is the chosen one. Raises Refused before
    QuickBooks is connected, Unavailable and Disconnected."""
    held = connections(world, firm).get(str(Neighbour.QUICKBOOKS))
    if held is None:
        raise Refused("Connect QuickBooks first.")
    read = partial(world.quickbooks.books, whole=True)
    return tokens.with_access(world, firm, Neighbour.QUICKBOOKS, held.account, read)


def _choices(books: Books, chosen: Accounts) -> Choices:
    money = tuple(a for a in books.accounts if a.active and a.type in HOLDS_MONEY and "Trust" not in a.subtype)
    discounts = tuple(a for a in books.accounts if a.active and a.subtype == DISCOUNTS)
    return Choices(money, books.items, discounts, chosen if chosen.clearing else _proposed(books, money, discounts))


def _proposed(books: Books, money: tuple[Account, ...], discounts: tuple[Account, ...]) -> Accounts:
    """Undeposited Funds for payments; items by what their names say."""
    clearing = next((a for a in money if a.subtype == UNDEPOSITED), None)
    services = _named(books, "legal", "service", "fee", "hour") or (books.items[0][0] if books.items else "")
    return Accounts(
        clearing=clearing.id if clearing else "",
        clearing_name=clearing.name if clearing else "",
        services=services,
        expenses=_named(books, "expense", "disbursement", "cost") or services,
        interest=_named(books, "interest") or services,
        tax=_named(books, "tax") or services,
        discount=discounts[0].id if discounts else "",
    )


def _named(books: Books, *words: str) -> str:
    return next((id for word in words for id, name in books.items if word in name.lower()), "")


# --- the firm's answers -----------------------------------------------------------------------------------------------


def confirm_place(world: World, firm: str, *, name: str, zone: str, currency: str, reply_to: str, by: str) -> None:
    settle_firm(world, firm, PlaceConfirmed(zone, currency, name, reply_to), by=by)
    preflight.again(world, firm)


def choose_accounts(world: World, firm: str, ids: dict[str, str], by: str) -> None:
    """``ids`` by the names of Accounts' fields. What QuickBooks does not show for its purpose goes under the item of
    services. Raises Refused without an account for payments or an item for services."""
    from chalicelib.flow import first_sync

    offered = choices(world, firm)
    clearing = next((a for a in offered.clearing if a.id == ids.get("clearing")), None)
    if clearing is None:
        raise Refused("Choose the account that payments are recorded in.")
    items = {id for id, _ in offered.items}
    if ids.get("services") not in items:
        raise Refused(
            "Choose the item that fees are booked under. If there is none, make a service item in QuickBooks."
        )
    picked = {name: ids.get(name, "") if ids.get(name) in items else ids["services"] for name in _ITEMS}
    discount = ids.get("discount", "") if ids.get("discount") in {a.id for a in offered.discounts} else ""
    accounts = Accounts(clearing.id, clearing.name, discount=discount, **picked)
    settle_firm(world, firm, AccountsChosen(accounts), by=by)
    preflight.start(world, firm)
    if _firm(world, firm).may_read:
        first_sync.start(world, firm, by)


LAST = ("confirm", "match")  # what comes after everything else
_ITEMS = ("services", "expenses", "interest", "tax", "credit")


def confirm_writes(
    world: World, firm: str, *, sync_off: bool, reminders_off: bool, start_on: date | None, by: str, tell: bool = False
) -> None:
    """From now on we read. Begins the first sync, which a person goes through before we write, and with it the polls;
    and the daily digest, if the person wants to be told. Raises Refused while something is not confirmed."""
    from chalicelib.flow import digesting, first_sync

    missing = [s.title for s in setup(world, firm).steps if s.state != "done" and not s.may_skip and s.key not in LAST]
    if missing:
        raise Refused(f"First finish the steps above: {'; '.join(missing)}.")
    settle_firm(world, firm, WritesConfirmed(sync_off, reminders_off, start_on), by=by)
    preflight.again(world, firm)
    first_sync.start(world, firm, by)
    if tell:
        digesting.begin(world, firm, by)


def _firm(world: World, firm: str) -> Firm:
    return setup(world, firm).firm
