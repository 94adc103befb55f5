"""What tests of trust money do: choose accounts, act as staff in Clio, and lay the books beside each other."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.kernel import Kind
from chalicelib.domain.ledger import Ledger
from chalicelib.domain.trust import Entry
from chalicelib.flow import trust_check, trust_setup
from tests.flow import acts
from tests.world import Stage


def account(stage: Stage) -> str:
    """Clio's id of the firm's first trust account."""
    firm = int(stage.firm.split("-")[1])
    return str(stage.world.clio_box.people.trust_accounts(firm)[0]["id"])


def book(stage: Stage, subtype: str) -> dict[str, Any]:
    return acts.booked(stage, "Account", AccountSubType=subtype)[0]


def choose(stage: Stage, **more: Any) -> None:
    """The IOLTA account stands in QuickBooks' trust bank account; every entry is written."""
    bank, liability = book(stage, "TrustAccounts")["Id"], book(stage, "TrustAccountsLiabilities")["Id"]
    trust_setup.choose(stage.world, stage.firm, {account(stage): bank}, liability, acts.STAFF, **more)
    stage.work()


def a_trust_stage(**more: Any) -> Stage:
    """A firm after its first Resync, with its trust accounts chosen and everything written."""
    stage = acts.a_synced_stage()
    choose(stage, **more)
    stage.pass_time(minutes=5)
    return stage


def move(stage: Stage, client: str | None, cents: int, **more: Any) -> int:
    """Staff move trust money in Clio; the next poll sees it."""
    made = stage.world.clio_box.people.move_trust(client, cents, **more)
    acts.poll(stage)
    return made


def entries(stage: Stage, *, gone: bool = False) -> list[Entry]:
    found: list[Entry] = acts.all_states(stage, Kind.TRUST)
    return [e for e in found if e.gone is gone]


def entry(stage: Stage, transaction: int) -> Entry:
    found: list[Entry] = acts.all_states(stage, Kind.TRUST)
    return next(e for e in found if e.move.transaction == str(transaction))


def journals(stage: Stage) -> dict[str, dict[str, Any]]:
    return {str(j["DocNumber"]): j for j in acts.booked(stage, "JournalEntry")}


def ledgers(stage: Stage) -> dict[str, Ledger]:
    """Clients' ledgers by name."""
    found: list[Ledger] = acts.all_states(stage, Kind.LEDGER)
    return {x.name: x for x in found if x.client and not x.matter}


def totals(stage: Stage) -> dict[str, int]:
    """What each book holds in trust, in cents."""
    firm = int(stage.firm.split("-")[1])
    clients = [x for x in acts.all_states(stage, Kind.LEDGER) if x.client and not x.matter]
    matters = [x for x in acts.all_states(stage, Kind.LEDGER) if x.matter]
    held = [a for a in acts.booked(stage, "Account") if "Liabilit" in a.get("AccountSubType", "")]
    liability = sum(acts.cents(a["CurrentBalance"]) for a in held)
    return {
        "clio": sum(a["balance"] for a in stage.world.clio_box.people.trust_accounts(firm)),
        "entries": sum(e.move.cents for e in entries(stage)),
        "clients": sum(x.balance for x in clients),
        "matters": sum(x.balance for x in matters),
        "bank": sum(
            acts.cents(a["CurrentBalance"]) for a in acts.booked(stage, "Account", AccountSubType="TrustAccounts")
        ),
        "liability": liability,
    }


def agree(stage: Stage) -> int:
    """Everything comes to the same; gives how much."""
    found = totals(stage)
    assert len(set(found.values())) == 1, found
    return found["clio"]


def check(stage: Stage) -> trust_check.Checked:
    """The nightly check, and what follows from it."""
    trust_check.start(stage.world, stage.firm)
    stage.pass_time(1, minutes=8)
    found = trust_check.last(stage.world, stage.firm)
    assert found is not None
    return found
