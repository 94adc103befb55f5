"""Where trust money stands in QuickBooks: what a firm can choose, and what it chose. Until then entries wait, with one
task for each trust account; afterwards what waited is gone through once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from chalicelib.domain import effects
from chalicelib.domain import firm as rules
from chalicelib.domain.firm import Firm, TrustChosen, TrustWordTaken
from chalicelib.domain.kernel import Decision, Effect, Kind, Neighbour, Ref, lane_of
from chalicelib.domain.readings import Account
from chalicelib.domain.trust_books import TrustBank, TrustBooks
from chalicelib.domain.trust_readings import TrustAccount
from chalicelib.errors import Refused
from chalicelib.flow import ledgers, setup, tokens
from chalicelib.flow.firms import connections, firm_of
from chalicelib.flow.ports import World
from chalicelib.flow.settle import settle

LIABILITIES = ("Other Current Liability", "Long Term Liability")


@dataclass(frozen=True, slots=True)
class TrustChoices:
    """Clio's trust accounts, and what QuickBooks offers for them. ``chosen``: what is, or is proposed."""

    accounts: tuple[TrustAccount, ...]
    banks: tuple[Account, ...]
    liabilities: tuple[Account, ...]
    chosen: TrustBooks


def choices(world: World, firm: str) -> TrustChoices:
    """Reads Clio and QuickBooks. Raises Refused, Disconnected, Unavailable."""
    state = firm_of(world, firm)
    made = connections(world, firm)
    clio, books = made.get(str(Neighbour.CLIO)), made.get(str(Neighbour.QUICKBOOKS))
    if state is None or clio is None or books is None:
        raise Refused("Connect Clio and QuickBooks first.")
    accounts = tokens.with_access(world, firm, Neighbour.CLIO, clio.account, world.clio.trust_accounts)
    held = setup.books(world, firm).accounts
    active = [a for a in held if a.active and a.id != state.accounts.clearing]
    banks = sorted((a for a in active if a.type == "Bank"), key=lambda a: "Trust" not in a.subtype)
    liabilities = sorted(
        (a for a in active if a.type in LIABILITIES and not a.parent), key=lambda a: "Trust" not in a.subtype
    )
    chosen = state.trust_books if state.trust_books.liability else _proposed(state, accounts, banks, liabilities)
    return TrustChoices(accounts, tuple(banks), tuple(liabilities), chosen)


def _proposed(
    state: Firm, accounts: tuple[TrustAccount, ...], banks: list[Account], liabilities: list[Account]
) -> TrustBooks:
    """Accounts of QuickBooks' own kinds for trust money (reference/quickbooks.md 4.2), where one fits one."""
    trust = [b for b in banks if "Trust" in b.subtype]
    pairs = zip(accounts, trust, strict=False) if len(accounts) == len(trust) == 1 else ()
    liability = next((a for a in liabilities if "Trust" in a.subtype), None)
    return TrustBooks(
        banks=tuple(TrustBank(a.id, a.name, b.id, b.name) for a, b in pairs),
        liability=liability.id if liability else "",
        start_on=state.start_on,
    )


def choose(
    world: World,
    firm: str,
    banks: Mapping[str, str],
    liability: str,
    by: str,
    *,
    sub_accounts: bool = False,
    start_on: date | None = None,
    apart: Collection[str] = (),
) -> None:
    """``banks``: QuickBooks' account by Clio's; one left empty is not written. ``apart``: accounts chosen before that
    hold nothing of it any more. The books are checked with them at once. Raises Refused for what is not offered."""
    from chalicelib.flow import preflight, trust_check

    offered = choices(world, firm)
    books = {a.id: a for a in offered.banks}
    held = next((a for a in offered.liabilities if a.id == liability), None)
    if held is None:
        raise Refused("Choose the liability account that shows what you hold for clients.")
    chosen = []
    for account in offered.accounts:
        book = banks.get(account.id, "")
        if book and book not in books:
            raise Refused("Choose the bank accounts from the list.")
        if book:
            chosen.append(TrustBank(account.id, account.name, book, books[book].name))
    trust = TrustBooks(
        banks=tuple(chosen),
        liability=held.id,
        liability_name=held.name,
        liability_type=held.type,
        liability_subtype=held.subtype,
        sub_accounts=sub_accounts,
        start_on=start_on,
    )
    unused = _unused(world, firm, offered.chosen)
    _settle(world, firm, TrustChosen(trust, tuple(sorted({*apart, *unused}))), by)
    trust_check.start(world, firm)
    preflight.again(world, firm)


def _unused(world: World, firm: str, chosen: TrustBooks) -> set[str]:
    """Of the accounts in QuickBooks chosen until now, those in which nothing can stand: no money ever moved."""
    still = {b.clio for b in chosen.banks if not ledgers.ledger_of(world, firm, b.clio).months}
    found = {b.book for b in chosen.banks if b.clio in still}
    return found if any(b.clio not in still for b in chosen.standing) else {*found, chosen.liability}


def take_word(world: World, firm: str, word: str, by: str) -> None:
    """Transactions of this kind are ordinary movements of trust money."""
    _settle(world, firm, TrustWordTaken(word), by)


def _settle(world: World, firm: str, fact: TrustChosen | TrustWordTaken, by: str) -> None:
    """In one commit the firm has chosen, its entries are owed another look, and the tasks that asked are closed."""
    ref = Ref(firm, Kind.FIRM, firm)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        decided = rules.decide(before[ref], fact)
        after: Firm = decided.state
        banks = after.trust.banks
        began = tuple(effects.trust_begin(firm, b.clio, after.trust.choices, now) for b in banks)
        closed = tuple(accounts_task_key(before[ref], b.clio) for b in banks)
        return {ref: replace(decided, effects=began, closes=closed)}

    settle(world, [ref], decide, fact=type(fact).__name__, body=fact, by=by)
    world.queue.hint([lane_of(firm, Neighbour.SELF, effects.TRUST_LANE)])


def accounts_task_key(state: Firm, account: str) -> str:
    return effects.key_of(
        state.id, effects.Do.TASK, f"trust-accounts/{account}/{state.generation}.{state.trust.choices}"
    )


def ask_for_accounts(world: World, firm: str, account: str, name: str) -> None:
    """One task for a trust account whose entries wait; it closes when the accounts are chosen."""
    ref = Ref(firm, Kind.FIRM, firm)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: Decision(before[ref], effects=(_accounts_task(before[ref], account, name, now),))}

    settle(world, [ref], decide, fact="TrustAccountsAsked")


def _accounts_task(state: Firm, account: str, name: str, now: datetime) -> Effect:
    return effects.task(
        state.id,
        f"trust-accounts/{account}/{state.generation}.{state.trust.choices}",
        "firm",
        now,
        title=f"Trust money in “{name}” is not written to QuickBooks",
        reason="The QuickBooks accounts for it are not chosen yet. Its entries are counted here and wait.",
        remedy="Choose them on the page Trust, under Accounts. What waits is written then.",
    )
