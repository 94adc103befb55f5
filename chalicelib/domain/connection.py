"""A connection of a firm to an account at a neighbour. Losing it stops one lane; effects wait, nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from chalicelib.domain import effects
from chalicelib.domain.kernel import Decision, Effect, Guard, Listing, Neighbour
from chalicelib.domain.readings import Pot
from chalicelib.errors import Refused


@dataclass(frozen=True, slots=True)
class Connection:
    """``id``: clio, quickbooks, stripe-operating or stripe-trust. ``account``: the account there.
    ``fees_paid_by_platform``: whether we pay Stripe's fees, so that none is taken from trust money. ``debits_bank``:
    whether Stripe may take what the account is short of from its bank account (reference/stripe.md 4)."""

    firm: str
    id: str
    neighbour: Neighbour
    account: str
    name: str = ""
    pot: Pot | None = None
    connected: bool = True
    why: str = ""
    since: datetime | None = None
    fees_paid_by_platform: bool = False
    charges_enabled: bool = True
    bank_last4: str = ""
    debits_bank: bool = False
    losses: int = 0
    chosen: bool = False  # it is not connected because a person of the firm ended it

    @property
    def takes_payments(self) -> bool:
        """Whether clients can pay on it. Trust payments stay off where Stripe would take its fee from trust money."""
        if not (self.connected and self.charges_enabled and self.pot):
            return False
        return self.pot is Pot.OPERATING or self.fees_paid_by_platform

    @property
    def never_used(self) -> bool:
        """A trust account on which Stripe takes its own fees has never taken a payment: another may take its place."""
        return self.pot is Pot.TRUST and not self.fees_paid_by_platform

    @property
    def why_not(self) -> str:
        """Why clients cannot pay on it, for the page; empty when they can."""
        if not self.connected:
            return f"Not connected: {self.why or 'connect it again'}."
        if not self.charges_enabled:
            return "Stripe has not finished opening this account. Finish the steps at Stripe."
        if self.pot is Pot.TRUST and not self.fees_paid_by_platform:
            return (
                "Stripe takes its fees out of each payment on this account, and nothing may be taken out of trust "
                "money. Open a trust account through Fee Simple instead: there the fees are charged to us."
            )
        return ""

    @property
    def beware(self) -> str:
        """What a firm should know of it though it works; empty for nothing."""
        if not (self.connected and self.pot is Pot.TRUST and self.debits_bank):
            return ""
        return (
            "A bank debit that comes back after it was paid out leaves this account short, and Stripe may then take "
            "the amount out of the trust bank account, where it is other clients' money. In Stripe, under Settings, "
            "look for “Debit negative balances” and switch it off for this account, or keep as much of the firm's own "
            "money in the trust bank account as your rules allow."
        )


@dataclass(frozen=True, slots=True)
class Connected:
    neighbour: Neighbour
    account: str
    name: str
    pot: Pot | None = None
    fees_paid_by_platform: bool = False
    charges_enabled: bool = True
    bank_last4: str = ""
    debits_bank: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """Authorization is gone: revoked, expired, or refused. ``chosen``: a person of the firm ended it here."""

    why: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Purged:
    """The firm gave the account up with all links to it: any other may be connected."""

    why: str


@dataclass(frozen=True, slots=True)
class AccountShown:
    """What Stripe shows of the account now."""

    name: str
    charges_enabled: bool
    bank_last4: str
    fees_paid_by_platform: bool
    debits_bank: bool = False


ConnectionFact = Connected | Lost | Purged | AccountShown

NAMES = {Neighbour.CLIO: "Clio", Neighbour.QUICKBOOKS: "QuickBooks", Neighbour.STRIPE: "Stripe"}


def id_of(neighbour: Neighbour, pot: Pot | None) -> str:
    return f"{neighbour}-{pot}" if pot else str(neighbour)


def account_guard(neighbour: Neighbour, account: str) -> str:
    """An account there belongs to one firm, and a Stripe account to one pot."""
    return f"account/{neighbour}/{account}"


def links_guard(book: str) -> str:
    """Whose links lie in a QuickBooks company in a generation that was purged. ``book``: Lanes.book."""
    return f"links/{Neighbour.QUICKBOOKS}/{book}"


def decide(state: Connection | None, fact: ConnectionFact, firm: str, now: datetime) -> Decision[Connection]:
    """Raises Refused when another account would silently take the place of the one connected."""
    match fact:
        case Connected():
            id = id_of(fact.neighbour, fact.pot)
            other = state is not None and state.account not in ("", fact.account)
            if state is not None and other and not state.never_used:
                raise Refused(_another(state, fact))
            new = Connection(
                firm=firm,
                id=id,
                neighbour=fact.neighbour,
                account=fact.account,
                name=fact.name,
                pot=fact.pot,
                since=now,
                fees_paid_by_platform=fact.fees_paid_by_platform,
                charges_enabled=fact.charges_enabled,
                bank_last4=fact.bank_last4,
                debits_bank=fact.debits_bank,
                losses=state.losses if state else 0,
            )
            guard = Guard(account_guard(fact.neighbour, fact.account), f"{firm}/{id}")
            closes = (effects.key_of(firm, effects.Do.TASK, f"reconnect/{id}/{new.losses}"),)
            return Decision(new, guards=(guard, *_let_go(state if other else None)), closes=closes)
        case Lost():
            if state is None or not state.connected:
                return Decision(state)  # type: ignore[arg-type]
            new = replace(state, connected=False, why=fact.why, since=now, losses=state.losses + 1, chosen=fact.chosen)
            return Decision(new, effects=(_reconnect(new, now, chosen=fact.chosen),))
        case Purged():
            if state is None:
                raise Refused(f"{NAMES[Neighbour.QUICKBOOKS]} was never connected: there are no links to purge.")
            closes = (effects.key_of(firm, effects.Do.TASK, f"reconnect/{state.id}/{state.losses}"),)
            gone = replace(state, account="", name="", connected=False, why=fact.why, since=now, chosen=True)
            return Decision(gone, guards=_let_go(state if state.account else None), closes=closes)
        case AccountShown():
            if state is None:
                raise Refused("This account is not connected.")
            return Decision(
                replace(
                    state,
                    name=fact.name,
                    charges_enabled=fact.charges_enabled,
                    bank_last4=fact.bank_last4,
                    fees_paid_by_platform=fact.fees_paid_by_platform,
                    debits_bank=fact.debits_bank,
                )
            )
        case _:
            assert_never(fact)


def _another(state: Connection, fact: Connected) -> str:
    there, name = state.name or state.account, NAMES[fact.neighbour]
    if fact.neighbour is not Neighbour.QUICKBOOKS:
        return (
            f"This firm is connected to another {name} account ({there}). Connect that one again, or ask us before "
            "changing to a new one: its links would no longer fit."
        )
    return (
        f"You chose {fact.name or fact.account}, but this firm's invoices and payments are linked to {there}. Nothing "
        f"was connected. Either connect again and choose {there}; or, if the firm has really moved to another "
        "company, revoke and purge first: Settings, Connections, Disconnect QuickBooks Online."
    )


def _let_go(replaced: Connection | None) -> tuple[Guard, ...]:
    if replaced is None:
        return ()
    key = account_guard(replaced.neighbour, replaced.account)
    return (Guard(key, f"{replaced.firm}/{replaced.id}", release=True),)


def _reconnect(state: Connection, now: datetime, *, chosen: bool) -> Effect:
    """``chosen``: it is shown, and nobody is told of it every morning."""
    name = NAMES[state.neighbour]
    return effects.task(
        state.firm,
        f"reconnect/{state.id}/{state.losses}",
        f"connection/{state.id}",
        now,
        title=f"{name} is disconnected",
        reason=f"{state.why}." if chosen else f"{name} no longer lets us in: {state.why}",
        remedy="Connect it again under Settings, Connections. What was waiting then goes on; nothing is lost.",
        body={"connection": state.id, **({"chosen": True} if chosen else {})},
    )


def listing(state: Connection) -> Listing:
    return Listing(list=(f"{state.firm}/connections", state.id))
