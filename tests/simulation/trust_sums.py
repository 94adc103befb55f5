"""The checkers of trust sums (issue 4, *Trust*): each client's ledger is what Clio holds for them, also where lines
vanish that come to nothing together; and what the comparison says of a trust account in QuickBooks is by how much the
accounts chosen now and before differ from Clio, cent by cent. They judge by the sandboxes' own rows. Promise 10."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.kernel import Kind, Ref
from chalicelib.flow import compared
from tests.simulation import beside, statements
from tests.simulation.base import FirmFacts

if TYPE_CHECKING:
    from tests.simulation.quiet import Quiet

SUMS = ("trust account differs in QuickBooks", "trust liability differs in QuickBooks")


def judge(q: Quiet, firm: FirmFacts) -> None:
    state = q.c.bodies[Ref(firm.firm, Kind.FIRM, firm.firm)]
    if not q.h.trust_moved() or any(a.startswith(("trust/", "move/")) for a in q.parked.get(firm.firm, ())):
        return
    [account] = [a.id for a in q.world.clio_box.state.of_firm("bank_accounts", firm.clio) if a.type == "Trust"]
    held: dict[str, int] = {}
    for row in statements.rows(q.world.clio_box.state, account):
        held[row.client] = held.get(row.client, 0) + row.cents
    _ledgers(q, firm, {client: cents for client, cents in held.items() if cents})
    if state["trust"]["liability"] and state["trust"]["generation"] == state["generation"]:
        _named(q, firm, sum(held.values()))


def _ledgers(q: Quiet, firm: FirmFacts, held: dict[str, int]) -> None:
    bodies = [b for r, b in q.c.bodies.items() if r.kind is Kind.LEDGER and r.firm == firm.firm]
    shown = {b["client"]: b["balance"] for b in bodies if b["client"] and not b["matter"] and b["balance"]}
    if shown != held:
        q.say("10", f"{firm.firm}: the trust ledgers show {shown}; Clio holds {held}")


def _named(q: Quiet, firm: FirmFacts, held: int) -> None:
    """Where people keep an entry on other accounts than ours, they moved it out of what is added up, or not."""
    from tests.simulation.quiet import into_banks

    q.world.life = None
    report = compared.last(q.world, firm.firm)
    if report is None or beside.changed(q.c, firm) or q.entries_wait(firm):
        return
    company = q.world.quickbooks_box.company(firm.realm)
    trust = {a["Id"]: a["AccountType"] for a in company.all("Account") if "Trust" in a.get("AccountSubType", "")}
    banks = {id for id, kind in trust.items() if kind == "Bank"}
    rows = list(company.all("JournalEntry"))
    bank = sum(into_banks(row, banks) for row in rows)
    liability = -sum(into_banks(row, set(trust) - banks) for row in rows)
    named = [sum(d.cents for d in report.differences if d.kind == kind) for kind in SUMS]
    if named != [bank - held, liability - held]:
        q.say(
            "10",
            f"{firm.firm}: Clio holds {held} in trust, QuickBooks {bank} in bank and shows {liability} as held; the "
            f"comparison names {named}",
        )
