"""What must hold at quiet of every link to QuickBooks: what people did to a linked thing is told, and only for as long
as it is so; what applies money to invoices there applies it as Clio does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Kind, Ref, Status
from chalicelib.flow import links, states
from tests.simulation.base import FirmFacts

if TYPE_CHECKING:
    from tests.simulation.quiet import Quiet


PAY = re.compile(r"/pay/([\w-]+)")


def _cents(row: dict[str, Any], name: str = "TotalAmt") -> int:
    return int(row.get(name, 0) * 100)


def judge(q: Quiet, firm: FirmFacts) -> None:
    company = q.world.quickbooks_box.company(firm.realm)
    invoices = {r["Id"]: r for r in company.all("Invoice")}
    payments = {r["Id"]: r for r in company.all("Payment")}
    for ref, b in q.c.bodies.items():
        if ref.firm != firm.firm:
            continue
        if ref.kind is Kind.PAYABLE and b["booked"]:
            its_client = f"contact/{b['client_id']}"  # while a person is asked about it, nothing is written
            _told(q, ref, b["booked"], [b["booked"]["id"]], b["booked"]["total"], invoices, its_client)
        elif ref.kind is Kind.PAYMENT and b["posted"]:
            posted = b["posted"]
            _told(q, ref, posted, [p["id"] for p in posted["pieces"]] or [posted["id"]], posted["cents"], payments)
    _tasks(q, firm)
    _credits(q, firm, invoices, payments)
    _payments(q, firm, invoices, payments)
    _pay_links(q, firm, invoices)


def _told(
    q: Quiet,
    ref: Ref,
    link: dict[str, Any],
    ids: list[str],
    wrote: int,
    rows: dict[str, dict[str, Any]],
    *besides: str,
) -> None:
    """What was removed or changed there is noticed, so that a person is asked or has said that it may stay so."""
    firm = q.h.truth.firm_of(ref.firm)
    if link["broken"] and not link["broken"]["accepted"] and not q.waits(firm, str(ref)):
        q.say("8", f"{ref}: its link is broken, and nobody is asked: {link}")
    if link["voided"] or link["broken"]:
        return
    there = [rows[id] for id in ids if id in rows]
    same = len(there) == len(ids) and sum(map(_cents, there)) == wrote
    if not same and not q.waits(firm, str(ref), *besides):
        q.say("10", f"{ref}: we wrote {wrote}, QuickBooks shows {[_cents(r) for r in there]}, and nobody is told")


def _tasks(q: Quiet, firm: FirmFacts) -> None:
    """A task about a broken link stands for as long as the link is broken, and no longer."""
    for e in q.effects:
        if e.firm != firm.firm or e.kind != Do.TASK or e.status is not Status.PARKED or "book" not in e.body:
            continue
        kind = Kind.PAYABLE if e.body["broken"] == "invoice" else Kind.PAYMENT
        state = q.c.bodies[Ref(firm.firm, kind, e.body["id"])]
        link = state["booked" if kind is Kind.PAYABLE else "posted"]
        if link is None or link["id"] != e.body["book"] or not link["broken"] or link["broken"]["accepted"]:
            q.say("8", f"{e.key} asks about {e.body['book']}, and there is nothing to decide: {link}")


def _credits(q: Quiet, firm: FirmFacts, invoices: dict[str, Any], payments: dict[str, Any]) -> None:
    """A credit lowers the invoices in QuickBooks that it lowers in Clio, by as much, unless a person is asked."""
    memos = [r for r in q.world.quickbooks_box.company(firm.realm).all("CreditMemo") if r["TotalAmt"] > 0]
    for name, ids in q.c._marked(memos, "credit").items():
        state = q.c.bodies.get(Ref(firm.firm, Kind.CREDIT, name))
        abouts = [f"credit/{name}", *(f"payable/{p['payable']}" for p in (state or {}).get("parts", []))]
        if state is None or state["gone"] or not state["memo"] or state["unapplied"] or q.waits(firm, *abouts):
            continue
        parts = {p["payable"]: p["cents"] for p in state["parts"]}
        held = {id: q.c.bodies[Ref(firm.firm, Kind.PAYABLE, id)] for id in parts}
        booked = {b["booked"]["id"]: parts[id] for id, b in held.items() if b["booked"]}
        touched = any((firm.realm, "Invoice", i) in q.h.truth.touched for i in booked)
        if touched or any(b["bill_state"] in ("void", "deleted") for b in held.values()):
            continue
        for invoice, cents in _applied(ids[0], payments).items():
            if cents > booked.get(invoice, 0):
                q.say("2", f"{firm.firm}: credit {name} takes {cents} off invoice {invoice}; in Clio it is {booked}")
        memo = next(r for r in memos if r["Id"] == ids[0])
        open_ = [i for i, c in booked.items() if invoices.get(i, {}).get("Balance", 0) > 0 and c]
        if memo["Balance"] > 0 and open_ and _cents(memo) == sum(parts.values()):
            q.say("2", f"{firm.firm}: credit {name} is not on invoice {open_}, where it is in Clio")


def _payments(q: Quiet, firm: FirmFacts, invoices: dict[str, Any], payments: dict[str, Any]) -> None:
    """No money lies unapplied while the invoice that it pays is open there, unless a person is asked."""
    touched = q.h.truth.touched
    for name, ids in q.c._marked([r for r in payments.values() if r["UnappliedAmt"] > 0], "payment").items():
        state = q.c.bodies.get(Ref(firm.firm, Kind.PAYMENT, name))
        for item in (state or {}).get("items", []):
            b = q.c.bodies[Ref(firm.firm, Kind.PAYABLE, item["payable"])]
            invoice = invoices.get(b["booked"]["id"]) if b["booked"] else None
            if invoice is None or (firm.realm, "Invoice", invoice["Id"]) in touched or invoice["Balance"] <= 0:
                continue
            all_ = q.c._marked(list(payments.values()), "payment")[name]
            on_it = sum(on_invoices(payments[id]).get(invoice["Id"], 0) for id in all_)
            if on_it >= item["cents"] or any((firm.realm, "Payment", id) in touched for id in all_):
                continue
            if not q.waits(firm, f"payment/{name}", f"payable/{b['id']}"):
                left = _cents(payments[ids[0]], "UnappliedAmt")
                q.say("2", f"{firm.firm}: {left} of {name} pay nothing, and invoice {b['number']} is open")


def _applied(memo: str, payments: dict[str, Any]) -> dict[str, int]:
    """Cents of a credit memo on each invoice."""
    found: dict[str, int] = {}
    for row in payments.values():
        if memo in applied_lines(row):
            for id, cents in on_invoices(row).items():
                found[id] = found.get(id, 0) + cents
    return found


def _pay_links(q: Quiet, firm: FirmFacts, invoices: dict[str, Any]) -> None:
    """The pay link that a client reads on an open invoice in QuickBooks, or in the memo of its bill, opens it."""
    for ref, b in q.c.bodies.items():
        if (
            (ref.kind, ref.firm) != (Kind.PAYABLE, firm.firm)
            or not b["booked"]
            or b["bill_state"] != "awaiting_payment"
        ):
            continue
        there = invoices.get(b["booked"]["id"], {})
        touched = {(firm.realm, "Invoice", b["booked"]["id"])} & q.h.truth.touched
        bill = q.h.truth.bill(b["id"])
        if touched or not b["balance"] or (firm.firm, b["id"]) in q.h.truth.useless:
            continue
        shown = {"invoice": there.get("CustomerMemo", {}).get("value", ""), "bill": bill.memo or ""}
        for where, text in shown.items():
            tokens = PAY.findall(text)
            opened = [links.opened_by(q.world, token) for token in tokens]
            mine = all(x and (x.firm, x.payable, x.client) == (firm.firm, b["id"], str(bill.client_id)) for x in opened)
            excused = mine or q.waits(firm, str(ref), f"contact/{b['client_id']}")
            if not excused and states.decode(Kind.PAYABLE, b).open:
                q.say("8", f"{firm.firm}: the pay link on the {where} of {b['number']} opens nothing: {tokens}")


def applied_lines(payment: dict[str, Any]) -> set[str]:
    """The credit memos that a payment applies."""
    return {x["TxnId"] for line in payment["Line"] for x in line["LinkedTxn"] if x["TxnType"] == "CreditMemo"}


def on_invoices(payment: dict[str, Any]) -> dict[str, int]:
    """Cents of a payment on each invoice."""
    found: dict[str, int] = {}
    for line in payment["Line"]:
        for x in line["LinkedTxn"]:
            if x["TxnType"] == "Invoice":
                found[x["TxnId"]] = found.get(x["TxnId"], 0) + int(line["Amount"] * 100)
    return found
