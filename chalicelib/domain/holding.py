"""A client's own account below the trust liability in QuickBooks, where the firm wishes for one: its name, its link."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Guard

NAME_LENGTH = 80  # with Clio's id behind it, well under the 100 of an account's name (reference/quickbooks.md 4.2)


def account_name(client_id: str, client_name: str) -> str:
    """Of a client's account below the liability: with Clio's id, so that it is one client's and is found again."""
    clean = " ".join("".join(" " if c in ':"\t\n\r' else c for c in client_name).split())
    return f"{clean[:NAME_LENGTH]} {account_ending(client_id)}".strip()


def account_ending(client_id: str) -> str:
    """Whose account it is, whatever the client was called when it was made, or people call it."""
    return f"(Clio {client_id})"


@dataclass(frozen=True, slots=True)
class Holder:
    """A client's account below the trust liability in QuickBooks, once it is there. ``stood``: its id in an earlier
    generation of links, while there is none in this one."""

    firm: str
    id: str
    name: str
    account: str = ""
    generation: int = 1
    stood: str = ""


def held_in(client: str, name: str, account: str, policy: Policy) -> Decision[Holder]:
    """QuickBooks has the account: by its name, which no other client's can be."""
    firm = policy.firm
    guard = Guard(f"quickbooks/{policy.lanes.book}/account/{account}", f"{firm.id}/{client}")
    return Decision(Holder(firm.id, client, name, account, firm.generation), guards=(guard,))


def without_account(state: Holder, policy: Policy) -> Decision[Holder]:
    """The account belongs to an earlier generation of links."""
    stood = state.account or state.stood
    return Decision(replace(state, account="", generation=policy.firm.generation, stood=stood))
