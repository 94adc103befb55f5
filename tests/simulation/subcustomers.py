"""The checkers of matters, of what an invoice tells besides its amount, and of invoices voided with money on them.

Promise 1: an invoice is its matter's sub-customer's where the firm wishes that when it is made, else its client's own,
and tells the bill's subject and memo. Promise 2: a payment over matters is entered in pieces, and QuickBooks refuses
none. Promise 6: an invoice on which money was received is voided by a person's word only. Promise 8: a person is asked
about a sub-customer that was taken away, for as long as it is. Promise 10: a matter has one sub-customer, which has its
present name or a person's, and none is made for one that stays without; a day or number changed by hand is named.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Kind, Ref, Status
from tests.simulation import clerks
from tests.simulation.base import FirmFacts
from tests.simulation.matters_people import ELSEWHERE
from tests.simulation.quiet_links import PAY

if TYPE_CHECKING:
    from tests.simulation.checkers import Checkers
    from tests.simulation.quiet import Quiet

A_WHILE = timedelta(minutes=10)  # a worker that began with the older choice ends with it
LIVE = ("awaiting_payment", "paid")


def _subs(c: Checkers, firm: FirmFacts) -> dict[str, list[dict[str, Any]]]:
    """Active sub-customers by ``client.matter``."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in c.h.world.quickbooks_box.company(firm.realm).all("Customer"):
        _, _, of = str(row.get("Notes", "")).partition(f"feesimple:{firm.firm}:matter:")
        if of and row["Active"]:
            found.setdefault(of, []).append(row)
    return found


def _hands_off(c: Checkers, firm: FirmFacts) -> bool:
    """Nobody changed a customer there."""
    return not any(t[:2] == (firm.realm, "Customer") for t in c.h.truth.touched)


def made(c: Checkers, firm: FirmFacts) -> None:
    """After each batch of ours: a matter has one sub-customer, and one that stays without gets none."""
    for (id, of), since in c.h.truth.without_sub.items():
        rows = _subs(c, firm).get(of, []) if id == firm.firm else []
        if late := [r["Id"] for r in rows if datetime.fromisoformat(r["MetaData"]["CreateTime"]) > since]:
            c.say("10", f"{firm.firm}: matter {of} stays without a sub-customer, and {late} was made")
    if firm.firm not in c.wishes or not _hands_off(c, firm):
        return
    for of, rows in _subs(c, firm).items():
        if len(rows) > 1:
            c.say("10", f"{firm.firm}: matter {of} has {len(rows)} sub-customers: {[r['DisplayName'] for r in rows]}")


def judge(q: Quiet, firm: FirmFacts) -> None:
    rows = {r["Id"]: r for r in q.world.quickbooks_box.company(firm.realm).all("Invoice")}
    subs = _subs(q.c, firm)
    for bill in q.world.clio_box.state.of_firm("bills", firm.clio):
        held = q.c.bodies.get(Ref(firm.firm, Kind.PAYABLE, str(bill.id)))
        row = rows.get(held["booked"]["id"]) if held and held["booked"] else None
        if held is None or row is None or f":bill:{bill.id}" not in row.get("PrivateNote", ""):
            continue
        if bill.state == "void":
            _voided(q, firm, held, row)
        touched = (firm.realm, "Invoice", row["Id"]) in q.h.truth.touched
        waits = q.waits(firm, f"payable/{bill.id}", f"contact/{bill.client_id}")
        if touched or waits or bill.state not in LIVE or row["TotalAmt"] == 0:
            continue
        told = (bill.subject, *(line for line in (bill.memo or "").splitlines() if not PAY.search(line)))
        if missing := [w for w in told if w and w not in row["PrivateNote"]]:
            q.say("1", f"{firm.firm}: the invoice of {bill.number} does not tell {missing}: {row['PrivateNote']!r}")
        stays = bool(q.h.truth.merged) and clerks.had_money(q, bill)
        if (
            not stays
            and _hands_off(q.c, firm)
            and q.h.checkers.bodies[Ref(firm.firm, Kind.FIRM, firm.firm)]["generation"] == 1
        ):
            _belongs(q, firm, bill, row, subs)
    _refused(q, firm)
    for ref, body in q.c.bodies.items():
        if ref.firm == firm.firm and ref.kind is Kind.MATTER:
            _named(q, firm, body)
            _asked(q, firm, body)


def _asked(q: Quiet, firm: FirmFacts, held: dict[str, Any]) -> None:
    """A person is asked about a sub-customer that was made inactive or moved elsewhere, until they accept it or it is
    set back."""
    tasks = [e for e in q.effects if e.kind == Do.TASK and e.status is Status.PARKED and e.firm == firm.firm]
    asks = [e for e in tasks if e.body.get("broken") == "sub-customer" and e.body["id"] == held["id"]]
    if len(asks) != bool(held["lost"] and not held["without"]):
        q.say("8", f"{firm.firm}: of matter {held['id']} people are asked {[e.key for e in asks]}: {held}")
    if held["generation"] != q.c.bodies[Ref(firm.firm, Kind.FIRM, firm.firm)]["generation"] or not held["customer"]:
        return
    rows = {r["Id"]: r for r in q.world.quickbooks_box.company(firm.realm).all("Customer")}
    row, own = rows[held["customer"]], q.c.bodies[Ref(firm.firm, Kind.CONTACT, held["client"])]["customer"]
    parent = row.get("ParentRef", {}).get("value", "")
    moved = bool(own) and parent != own
    if not held["lost"] and (not row["Active"] or (moved and rows[parent]["DisplayName"].startswith(ELSEWHERE))):
        q.say("8", f"{firm.firm}: the sub-customer of matter {held['id']} was taken away, and nobody is asked: {row}")
    if held["lost"] and row["Active"] and held["under"] == own == parent:
        q.say("8", f"{firm.firm}: the sub-customer of matter {held['id']} is set back, and people are asked: {held}")


def _named(q: Quiet, firm: FirmFacts, held: dict[str, Any]) -> None:
    """A sub-customer that is used has its matter's present number, alone or with Clio's id. A name that a person gave
    stays. Of a matter without a bill, nobody tells once its news is lost."""
    generation = q.c.bodies[Ref(firm.firm, Kind.FIRM, firm.firm)]["generation"]
    rows = q.world.quickbooks_box.company(firm.realm).all("Customer")
    row = next((r for r in rows if r["Id"] == held["customer"]), None)
    if row is None or not row["Active"] or held["generation"] != generation:
        return
    by_hand = {name for realm, id, name in q.h.truth.said if (realm, id) == (firm.realm, row["Id"])}
    if by_hand:
        if row["DisplayName"] not in by_hand:
            q.say("10", f"{firm.firm}: somebody named {row['DisplayName']} {by_hand}, and it was named again")
        return
    clio = q.world.clio_box.state
    client, matter = int(held["client"]), clio.rows["matters"][int(held["matter"])]
    billed = any(b.client_id == client and matter.id in b.matters for b in clio.of_firm("bills", firm.clio))
    own = q.c.bodies[Ref(firm.firm, Kind.CONTACT, held["client"])]["customer"]
    number = matter.display_number
    names = (number.casefold(), f"{number} (Clio {matter.id})".casefold())
    used = billed and row["ParentRef"]["value"] == own and not q.waits(firm, f"contact/{client}")
    if used and row["DisplayName"].casefold() not in names:
        q.say("10", f"{firm.firm}: matter {matter.id} is {number}, its sub-customer {row['DisplayName']}: {held}")


def _belongs(q: Quiet, firm: FirmFacts, bill: Any, row: dict[str, Any], subs: dict[str, list[dict[str, Any]]]) -> None:
    """Whose an invoice is, where the firm's wish was the same from the bill's approval until the invoice was made."""
    wished = _wished(q.c, firm, bill.id, datetime.fromisoformat(row["MetaData"]["CreateTime"]))
    if wished is None:
        return
    client = q.c.bodies[Ref(firm.firm, Kind.CONTACT, str(bill.client_id))]["customer"]
    owner = row["CustomerRef"]["value"]
    if not wished or len(bill.matters) != 1:
        if owner != client:
            q.say("1", f"{firm.firm}: the invoice of {bill.number} is customer {owner}'s, its client is {client}")
        return
    sub = subs.get(f"{bill.client_id}.{bill.matters[0]}", [])
    if [(s["Id"], s.get("ParentRef", {}).get("value")) for s in sub] != [(owner, client)]:
        q.say("1", f"{firm.firm}: the invoice of {bill.number} is customer {owner}'s; its matter's is {sub}")


def _wished(c: Checkers, firm: FirmFacts, bill: int, made_at: datetime) -> bool | None:
    """None where the wish changed meanwhile."""
    approved = [s.at for s in c.h.truth.bills[bill] if s.state == "awaiting_payment"]
    said = c.wishes.get(firm.firm, [])
    began = approved[0] - A_WHILE if approved else made_at
    before = [on for at, on in said if at <= began]
    meanwhile = [on for at, on in said if began < at <= made_at + A_WHILE]
    now = before[-1] if before else False
    return now if all(on == now for on in meanwhile) else None


def _voided(q: Quiet, firm: FirmFacts, held: dict[str, Any], row: dict[str, Any]) -> None:
    """Its payments stood in QuickBooks before it was voided, and are not taken back."""
    asked = any(
        e.kind == Do.INVOICE and e.body.get("choice") == "void" and e.body["payable"] == held["id"] for e in q.effects
    )
    if row["TotalAmt"] > 0 or asked or (firm.realm, "Invoice", row["Id"]) in q.h.truth.touched:
        return
    names = {p["id"] for p in q.c.settled(firm.firm) for i in p["items"] if i["payable"] == held["id"] if not i["back"]}
    paid = q.c._live(firm.realm, "Payment")
    for name, ids in q.c._marked(paid, "payment").items():
        made_at = min(r["MetaData"]["CreateTime"] for r in paid if r["Id"] in ids)
        if name in names and made_at < row["MetaData"]["LastUpdatedTime"]:
            q.say("6", f"{firm.firm}: invoice {row['DocNumber']} was voided with {name} on it, and nobody said so")


def _refused(q: Quiet, firm: FirmFacts) -> None:
    for e in q.effects:
        refused = e.firm == firm.firm and e.kind == Do.POSTING and e.status is Status.PARKED and "620" in e.detail
        if refused and _hands_off(q.c, firm):
            q.say("2", f"{e.key} waits for nobody's decision: {e.reason} {e.detail}")


def told_alike(bill: Any, invoice: Any) -> bool:
    """Whether an invoice that we wrote has the bill's number and days."""
    if f":bill:{bill.id}" not in invoice.get("PrivateNote", ""):
        return True
    shown = invoice.get("DocNumber"), invoice.get("TxnDate"), invoice.get("DueDate")
    days = [
        day.isoformat() if day else there for day, there in zip((bill.issued_at, bill.due_at), shown[1:], strict=True)
    ]
    return shown == (bill.number, *days)
