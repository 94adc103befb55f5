"""The checkers of what people took away in QuickBooks (docs/decisions/0022): promise 10, nothing is made again there
without a person's word; promise 2, what is made again or linked to another stands once.

They judge by QuickBooks' own rows: what we wrote is known by its marker, what people entered in its place by the
simulator's notes. Names: ``credit/<id>`` a credit memo, ``applied/<id>`` what applies it, ``trust/<id>`` a journal
entry, and a bare id a bill's invoice.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.domain.kernel import Kind, Ref
from tests.simulation.base import FirmFacts
from tests.simulation.quiet_links import applied_lines

if TYPE_CHECKING:
    from tests.simulation.checkers import Checkers
    from tests.simulation.quiet import Quiet

ROWS = {"credit": "CreditMemo", "applied": "Payment", "trust": "JournalEntry"}
UNDER_WAY = timedelta(minutes=5)  # what was sent before a person spoke


def _standing(c: Checkers, realm: str, kind: str) -> dict[str, list[str]]:
    """Ids of our rows by what they are of, voided ones left out."""
    rows = c.h.world.quickbooks_box.company(realm).all(ROWS[kind])
    live = [r for r in rows if r.get("TotalAmt", 0) > 0 or kind == "trust" or (kind == "applied" and applied_lines(r))]
    return c._marked(live, kind)


# --- after each batch of ours -----------------------------------------------------------------------------------------


def made(c: Checkers, firm: FirmFacts) -> None:
    truth = c.h.truth
    taken = [name for realm, name in truth.removed if realm == firm.realm and "/" in name]
    for kind in sorted({name.partition("/")[0] for name in taken}):
        for id, ids in _standing(c, firm.realm, kind).items():
            if f"{kind}/{id}" in taken:
                c.say("10", f"{firm.firm}: people took {kind}/{id} away in QuickBooks, and {ids} was made silently")
    for (id, client), since in truth.without.items():
        if id == firm.firm:
            _without(c, firm, client, since + UNDER_WAY)


def _without(c: Checkers, firm: FirmFacts, client: str, since: datetime) -> None:
    """Of a client that stays without a customer nothing is created, nor a customer for it."""
    company, clio = c.h.world.quickbooks_box.company(firm.realm), c.h.world.clio_box.state
    mark = f"feesimple:{firm.firm}:client:{client}"
    invoices = c._marked([r for r in company.all("Invoice") if _made_at(r) > since], "bill")
    theirs = [b for b in invoices if str(clio.rows["bills"][int(b)].client_id) == client]
    customers = [r["Id"] for r in company.all("Customer") if _made_at(r) > since and mark in r.get("Notes", "")]
    if theirs or customers:
        c.say("10", f"{firm.firm}: client {client} stays without a customer, and {theirs}, {customers} were created")


def _made_at(row: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(row["MetaData"]["CreateTime"])


# --- at each commit ---------------------------------------------------------------------------------------------------


def committed(c: Checkers, ref: Ref, was: dict[str, Any], now: dict[str, Any]) -> None:
    """What is linked in place of another one is of the same amount, and no other's."""
    field, entity = ("memo", "CreditMemo") if ref.kind is Kind.CREDIT else ("posted", "JournalEntry")
    id = (now[field] or {}).get("id")
    if not id or id == (was.get(field) or {}).get("id") or (ref.kind is Kind.TRUST and now[field]["removed"]):
        return
    row = c.h.world.quickbooks_box.company(c.h.truth.firm_of(ref.firm).realm).tables[entity].get(id)
    if row is None:
        return
    if not c._marked([row], "credit" if ref.kind is Kind.CREDIT else "trust"):
        shown = row["TotalAmt"] if ref.kind is Kind.CREDIT else row["Line"][0]["Amount"]
        cents = now["cents"] if ref.kind is Kind.CREDIT else abs(now["move"]["cents"])
        if int(shown * 100) != cents:
            c.say("2", f"{ref}: {entity} {id} over {shown} was linked for {cents}")
    generation = now["generation"]
    for other, b in c.bodies.items():
        same = other != ref and (other.kind, other.firm) == (ref.kind, ref.firm) and b["generation"] == generation
        if same and b[field] and b[field]["id"] == id:
            c.say("2", f"{ref}: {entity} {id} was linked, which is {other}'s")


# --- at quiet ---------------------------------------------------------------------------------------------------------


def judge(q: Quiet, firm: FirmFacts) -> None:
    """What people took away and Clio still has: it stands once since they said so, or stays away, or they are asked."""
    truth = q.h.truth
    for realm, name in sorted(truth.dealt):
        kind, _, id = name.partition("/")
        if realm != firm.realm or kind == "applied" or not _wanted(q, firm, kind, id):
            continue
        there = standing(q.c, firm, kind, id)
        waits = _waits(q, firm, kind, id)
        if (realm, name) in truth.removed:
            if not waits and (realm, name) not in truth.accepted:
                q.say("8", f"{firm.firm}: {name} was taken away in QuickBooks, and nobody is asked")
        elif len(there) > 1 or (not there and not waits and (realm, name) not in truth.torn):
            q.say("2", f"{firm.firm}: {name} was to stand in QuickBooks again, and {there} do")


def standing(c: Checkers, firm: FirmFacts, kind: str, id: str) -> list[str]:
    """Ours, and the one that people entered and that is linked in its place."""
    ref = Ref(firm.firm, Kind.CREDIT if kind == "credit" else Kind.TRUST, id)
    link = c.bodies[ref]["memo" if kind == "credit" else "posted"]
    linked = (link or {}).get("id", "")
    rows = c.h.world.quickbooks_box.company(firm.realm).tables[ROWS[kind]]
    by_hand = c.h.truth.by_hand.get((firm.realm, ROWS[kind], linked)) == f"{kind}/{id}" and linked in rows
    ours = _standing(c, firm.realm, kind).get(id, [])
    return [*ours, *([linked] if by_hand and linked not in ours else [])]


def by_hand(c: Checkers, firm: FirmFacts) -> set[str]:
    """Journal entries that people entered and that are linked to trust money."""
    found = [b["posted"]["id"] for r, b in c.bodies.items() if r.kind is Kind.TRUST and b["posted"]]
    return {id for id in found if (firm.realm, "JournalEntry", id) in c.h.truth.by_hand}


def stays_away(c: Checkers, firm: FirmFacts) -> set[str]:
    """Names of trust money whose journal entry people took away, which they accepted."""
    names = {name for realm, name in c.h.truth.removed & c.h.truth.accepted if realm == firm.realm}
    return {name.partition("/")[2] for name in names if name.startswith("trust/")}


def _wanted(q: Quiet, firm: FirmFacts, kind: str, id: str) -> bool:
    """Whether Clio still has it and it belongs in QuickBooks."""
    state = q.c.bodies.get(Ref(firm.firm, Kind.CREDIT if kind == "credit" else Kind.TRUST, id))
    if state is None or state["gone"]:
        return False
    if kind == "credit":
        return q.world.clio_box.state.rows["credit_memos"][int(id)].voided_at is None
    return bool(state["begun"])


def _waits(q: Quiet, firm: FirmFacts, kind: str, id: str) -> bool:
    state = q.c.bodies[Ref(firm.firm, Kind.CREDIT if kind == "credit" else Kind.TRUST, id)]
    if kind == "trust":
        return q.waits(firm, f"trust/{id}", f"contact/{state['move']['client_id']}")
    abouts = [f"payable/{p['payable']}" for p in state["parts"]]
    return q.waits(firm, f"credit/{id}", f"contact/{state['client_id']}", *abouts)
