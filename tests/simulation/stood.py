"""The checkers of what stands in QuickBooks from an earlier generation of links, and of the first sync's list.

Promise 2: what Clio's payment comes to there, ours and by hand together, is at most its total. Promise 10: a client or
matter has no second customer while the first stands; what a run makes was in the list on which Begin was pressed
(docs/decisions/0026).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.domain.kernel import Kind, Ref
from chalicelib.store.memory_rows import json_of
from tests.simulation import closings
from tests.simulation.base import FirmFacts

if TYPE_CHECKING:
    from tests.simulation.checkers import Checkers
    from tests.simulation.quiet import Quiet
    from tests.simulation.world import SimWorld

NOW = timedelta(minutes=1)
RUN = timedelta(minutes=30)  # what is written later may have another cause


@dataclass(frozen=True)
class Seen:
    """The list when Begin was pressed: ``rows``: ``clients/id`` and ``bills/id``. ``known``: the bills that were to be
    paid, and held so, by then. ``renamed``: by client, the name that it would make, where Clio's is another one now."""

    at: datetime
    rows: frozenset[str]
    known: frozenset[str]
    renamed: dict[str, str]


def listed(world: SimWorld, firm: str, generation: int) -> dict[str, Any]:
    """What the page shows, read past the seam: looking costs the history nothing."""
    found = {}
    for sk, row in world.store._records.get(f"plan/{firm}/{generation}", {}).items():
        what, _, page = sk.partition("/")
        if what in ("clients", "bills") and page:
            told: Any = json_of(row.body)
            found.update({f"{what}/{r['id']}": r for r in told["rows"]})
    return found


def made(c: Checkers, firm: FirmFacts) -> None:
    """After each batch of ours."""
    if c.h.truth.renamed:
        _second(c, firm)
    if c.h.truth.hand_linked:
        _beside_linked(c, firm)
    if firm.firm in c.seen:
        _unseen(c, firm, c.seen[firm.firm])


def _second(c: Checkers, firm: FirmFacts) -> None:
    rows = {r["Id"]: r for r in c.h.world.quickbooks_box.company(firm.realm).all("Customer") if r["Active"]}
    for id in [id for realm, id in c.h.truth.renamed if realm == firm.realm and id in rows]:
        mark = rows[id].get("Notes", "")
        kind, _, of = mark.removeprefix(f"feesimple:{firm.firm}:").partition(":")
        if kind == "matter":
            client = c.bodies.get(Ref(firm.firm, Kind.CONTACT, of.partition(".")[0]), {})
            if rows[id].get("ParentRef", {}).get("value") != client.get("customer"):
                continue
        elif (firm.firm, of) in c.h.truth.apart:
            continue
        others = [r for r in rows.values() if r.get("Notes") == mark and r["Id"] != id]
        made_at = [datetime.fromisoformat(r["MetaData"]["CreateTime"]) for r in others]
        both = [rows[id]["DisplayName"], *(r["DisplayName"] for r in others)]
        if any(at > c.h.clock.at - NOW for at in made_at):  # not before, while the client had another customer
            c.say("10", f"{firm.firm}: {kind} {of} has more than one customer, and the first stands: {both}")


def _made_for(row: dict[str, Any], firm: FirmFacts) -> str:
    """The client that we made this customer for."""
    _, _, client = str(row.get("Notes", "")).partition(f"feesimple:{firm.firm}:client:")
    return client


def _beside_linked(c: Checkers, firm: FirmFacts) -> None:
    truth = c.h.truth
    rows = {r["Id"]: r for r in c.h.world.quickbooks_box.company(firm.realm).all("Customer") if r["Active"]}
    for (realm, id), (client, since) in truth.hand_linked.items():
        if realm != firm.realm or id not in rows or (firm.firm, client) in truth.apart or int(client) in truth.merged:
            continue
        made = [r for r in rows.values() if _made_for(r, firm) == client]
        if both := [r["DisplayName"] for r in made if datetime.fromisoformat(r["MetaData"]["CreateTime"]) > since]:
            c.say("10", f"{firm.firm}: client {client} is {rows[id]['DisplayName']}, as people said, and got {both}")


def _unseen(c: Checkers, firm: FirmFacts, seen: Seen) -> None:
    rows = c._live(firm.realm, "Invoice")
    by_id = {r["Id"]: r for r in rows}
    for bill, ids in c._marked(rows, "bill").items():
        if bill not in seen.known or f"bills/{bill}" in seen.rows:
            continue
        late = [id for id in ids if datetime.fromisoformat(by_id[id]["MetaData"]["CreateTime"]) > seen.at]
        if late:
            c.say("10", f"{firm.firm}: the first sync made invoice {late} of bill {bill}, which nobody saw in its list")
    if c.h.clock.at > seen.at + RUN:
        return
    for row in c.h.world.quickbooks_box.company(firm.realm).all("Customer") if seen.renamed else ():
        told = seen.renamed.get(_made_for(row, firm), "")
        made_at = datetime.fromisoformat(row["MetaData"]["CreateTime"])
        if told and made_at > seen.at and not row["DisplayName"].startswith(told):
            c.say("10", f"{firm.firm}: customer {row['DisplayName']} was made, and {told} was in the list")


def judge(q: Quiet, firm: FirmFacts) -> None:
    """No payment of Clio's stands twice on an invoice of ours, whatever generation of links it was entered in."""
    rows = {r["Id"]: r for r in q.c._live(firm.realm, "Payment")}
    ours = q.c._marked(list(rows.values()), "payment")
    left, clio = closings.let_be(q.c, firm.firm), q.world.clio_box.state.rows["payments"]
    for (realm, id), (group, bill) in q.h.truth.twins.items():
        if realm != firm.realm or id not in rows or id in left or clio[group].voided_at is not None:
            continue
        invoice = q.h.truth.hands.get(bill, ("", frozenset()))[0]
        held = q.c.bodies.get(Ref(firm.firm, Kind.PAYABLE, str(bill)))
        booked = held["booked"] if held else None
        if (realm, "Invoice", invoice) in q.h.truth.touched or not booked or booked["id"] != invoice:
            continue
        there = [int(rows[x]["TotalAmt"] * 100) for x in (id, *ours.get(f"clio-{group}", ()))]
        if len(there) > 1 and sum(there) > clio[group].amount:
            q.say("2", f"{firm.firm}: Clio's payment {group} of {clio[group].amount} stands in QuickBooks as {there}")
