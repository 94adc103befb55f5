"""How invoices are drawn in QuickBooks: what the firm may choose, an example of it, and writing open invoices again.

A choice holds for what is written from then on; what is there already is written again only when the firm asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from chalicelib.domain import effects, invoicing, paylinks
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Accounts, AccountsChosen, Firm, Invoicing, InvoicingChosen, Policy
from chalicelib.domain.invoicing import Drawn
from chalicelib.domain.kernel import Decision, Effect, Finish, Kind, Neighbour, Ref, Status, lane_of
from chalicelib.domain.payable import Payable, Tab
from chalicelib.domain.readings import Account, Books
from chalicelib.errors import Conflict, Declined, Disconnected, Refused, Unavailable
from chalicelib.flow import links, preflight, setup, states
from chalicelib.flow.ports import World
from chalicelib.flow.settle import policy_of, settle
from chalicelib.flow.signing import settle_firm

ITEMS = ("services", "expenses", "interest", "tax", "credit")
TABS = (Tab.OPEN, Tab.REMINDING)
PAGE = 50
COUNTED_AT_MOST = 2000


@dataclass(frozen=True, slots=True)
class Offer:
    """What QuickBooks offers: service items with the income account behind each, and accounts for discounts."""

    items: tuple[tuple[str, str], ...]
    incomes: dict[str, str]
    discounts: tuple[Account, ...]
    sales_tax: bool | None


@dataclass(frozen=True, slots=True)
class ExampleLine:
    text: str
    cents: int
    item: str
    income: str


@dataclass(frozen=True, slots=True)
class Example:
    """An invented bill drawn as chosen. ``message``: what the client reads on it, empty without a pay link."""

    lines: tuple[ExampleLine, ...]
    discount: int
    tax: int
    total: int
    message: str


@dataclass
class Run:
    """Open invoices being written again. ``tabs``: lists still to go through, with the place in the first one."""

    by: str
    started_at: datetime
    tabs: list[str]
    cursor: str = ""
    done: int = 0
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Drawing:
    """``offer`` None: QuickBooks cannot be asked now, ``why_not`` says why."""

    how: Invoicing
    accounts: Accounts
    offer: Offer | None
    why_not: str
    example: Example
    run: Run | None


# --- choosing ---------------------------------------------------------------------------------------------------------


def shown(world: World, firm: str, how: Invoicing | None = None, ids: Mapping[str, str] | None = None) -> Drawing:
    """The firm's choice, or one that it tries out. One read of its QuickBooks."""
    state = setup.setup(world, firm).firm
    offer, why_not = _offer(world, firm)
    tried = replace(state, invoicing=how or state.invoicing, accounts=_picked(state.accounts, offer, ids or {}))
    return Drawing(
        tried.invoicing, tried.accounts, offer, why_not, _example(world, tried, offer), progress(world, firm)
    )


def _offer(world: World, firm: str) -> tuple[Offer | None, str]:
    try:
        books: Books = setup.books(world, firm)
    except Refused as no:
        return None, no.reason
    except (Disconnected, Unavailable, Declined):
        return None, "QuickBooks does not answer now. Items can be chosen when it does."
    discounts = tuple(a for a in books.accounts if a.active and a.subtype == setup.DISCOUNTS)
    accounts = {a.id: a.name for a in books.accounts}
    incomes = {item: accounts.get(id, "") for item, id in books.incomes.items()}
    return Offer(books.items, incomes, discounts, books.sales_tax), ""


def _picked(accounts: Accounts, offer: Offer | None, ids: Mapping[str, str]) -> Accounts:
    """With what was picked among what is offered; anything else stays as it was."""
    if offer is None:
        return accounts
    known = {id for id, _ in offer.items}
    picked = {name: ids[name] for name in ITEMS if ids.get(name) in known}
    discounts = {a.id for a in offer.discounts} | {""}
    discount = ids.get("discount", accounts.discount)
    return replace(accounts, discount=discount if discount in discounts else accounts.discount, **picked)


def _example(world: World, firm: Firm, offer: Offer | None) -> Example:
    drawn: Drawn = invoicing.example(firm)
    names = dict(offer.items) if offer else {}
    incomes = offer.incomes if offer else {}
    lines = tuple(ExampleLine(x.text, x.cents, names.get(x.item, ""), incomes.get(x.item, "")) for x in drawn.lines)
    words = invoicing.message(f"{world.public_url}/pay/…") if firm.invoicing.pay_link else ""
    return Example(lines, drawn.discount, drawn.tax, drawn.total, words)


def save(world: World, firm: str, how: Invoicing, ids: Mapping[str, str], by: str) -> None:
    """Holds for invoices written from now on. Raises Refused."""
    state = setup.setup(world, firm).firm
    offer, why_not = _offer(world, firm)
    if ids and offer is None:
        raise Refused(why_not)
    accounts = _picked(state.accounts, offer, ids)
    if accounts != state.accounts:
        settle_firm(world, firm, AccountsChosen(accounts), by=by)
        preflight.again(world, firm)
    settle_firm(world, firm, InvoicingChosen(how), by=by)


# --- writing open invoices again --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Count:
    """``more``: there are more than were counted."""

    invoices: int
    cents: int
    currency: str
    more: bool


def count(world: World, firm: str) -> Count:
    """How many invoices a run would write again, and what is open on them."""
    found = cents = seen = 0
    currency = setup.setup(world, firm).firm.currency
    for tab in TABS:
        cursor: str | None = None
        while seen < COUNTED_AT_MOST:
            page = world.store.listed(f"{firm}/payables/{tab}", limit=PAGE, cursor=cursor)
            payables: list[Payable] = [states.decode(Kind.PAYABLE, h.body) for h in page.items]
            mine = [p for p in payables if invoicing.is_open(p)]
            found, cents, seen = found + len(mine), cents + sum(p.open for p in mine), seen + len(payables)
            cursor = page.next
            if cursor is None:
                break
    return Count(found, cents, currency, seen >= COUNTED_AT_MOST)


def start(world: World, firm: str, by: str) -> Run:
    """Owes the run. One that is under way begins anew."""
    run = Run(by, world.now(), [str(t) for t in TABS])
    _save(world, firm, run)
    lane = lane_of(firm, Neighbour.SELF)
    world.store.arrive(effects.owed(firm, Do.REDRAW, "main", "firm", lane, world.now(), body={"by": by}))
    world.queue.hint([lane])
    return run


def progress(world: World, firm: str) -> Run | None:
    """The last run, or None before the first."""
    found = world.store.record("redraw", firm)
    return msgspec.convert(found[1], Run) if found else None


def _save(world: World, firm: str, run: Run) -> None:
    world.store.put_record("redraw", firm, msgspec.to_builtins(run))


def run(world: World, policy: Policy, effect: Effect) -> None:
    """One page of the run; it is owed again until every list has been gone through."""
    firm = policy.firm.id
    state = progress(world, firm)
    if state is not None and state.tabs:
        page = world.store.listed(f"{firm}/payables/{state.tabs[0]}", limit=PAGE, cursor=state.cursor or None)
        for held in page.items:
            state.done += _redraw(world, policy, held.ref, state.by)
        state.cursor = page.next or ""
        if page.next is None:
            state.tabs.pop(0)
        _save(world, firm, state)
    if state is not None and state.tabs:
        world.store.postpone(effect.key, world.now(), tries=0)
        return
    if state is not None:
        state.finished_at = world.now()
        _save(world, firm, state)
    settle(world, [], lambda _s, _n: {}, fact="Redrawn", finish=[Finish(effect.key, arrivals=effect.arrivals)])


def _redraw(world: World, policy: Policy, ref: Ref, by: str) -> int:
    """Gives 1 where the invoice is owed anew."""
    state: Payable | None = states.decode(Kind.PAYABLE, world.store.load(ref).body)
    if state is None or not invoicing.is_open(state):
        return 0
    step = world.store.effect(effects.key_of(ref.firm, Do.READ_LINES, f"{state.id}/{state.revision}"))
    checking = step is not None and step.status is not Status.DONE

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: invoicing.redrawn(before[ref], policy, now, checking=checking)}

    try:
        return int(settle(world, [ref], decide, fact="RedrawAsked", policy=policy.version, by=by).wrote)
    except Conflict:  # it moved again and again: whatever moves it writes it as chosen now
        return 0


def without_links(world: World, firm: str, payable: str, by: str) -> None:
    """The pay links of a bill or trust request are made useless: where one stands on its invoice or in Clio's memo, it
    shall have another, or none where the firm wishes none any more."""
    world.log("pay_links_revoked", firm=firm, links=links.revoke(world, firm, payable))
    policy, ref = policy_of(world, firm), Ref(firm, Kind.PAYABLE, payable)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: paylinks.relinked(before[ref], policy, now)}

    settle(world, [ref], decide, fact="LinksRevoked", policy=policy.version, by=by)
