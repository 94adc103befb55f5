"""The checkers of payments on linked invoices (promise 2): none stands twice in QuickBooks, and nothing is posted
on such an invoice while a payment on it waits for a person's word.

Only what is linked is judged: an invoice that a bill lost, by its number or amount, is people's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.domain.kernel import Kind, Ref
from tests.simulation.base import FirmFacts
from tests.simulation.quiet_links import on_invoices

if TYPE_CHECKING:
    from tests.simulation.checkers import Checkers
    from tests.simulation.quiet import Quiet


def linked(c: Checkers, firm: FirmFacts, bill: int) -> list[str]:
    """The invoice that people entered by hand for this bill, if that is the one linked to it."""
    invoice = c.h.truth.hands.get(bill, ("", frozenset()))[0]
    held = c.bodies.get(Ref(firm.firm, Kind.PAYABLE, str(bill)))
    booked = held["booked"] if held and held["generation"] == _generation(c, firm) else None
    untouched = (firm.realm, "Invoice", invoice) not in c.h.truth.touched
    return [invoice] if booked and booked["id"] == invoice and not booked["voided"] and untouched else []


def _generation(c: Checkers, firm: FirmFacts) -> int:
    return int(c.bodies[Ref(firm.firm, Kind.FIRM, firm.firm)]["generation"])


def same_money(c: Checkers, firm: FirmFacts, payment: str) -> list[str]:
    """The payments in QuickBooks that are this one of Clio's, entered there by hand on an invoice that is linked."""
    found = c.h.truth.twins.items()
    return [
        id
        for (realm, id), (group, bill) in found
        if realm == firm.realm and payment == f"clio-{group}" and linked(c, firm, bill)
    ]


def posted(c: Checkers, firm: FirmFacts) -> None:
    """After each batch of ours."""
    truth = c.h.truth
    if not truth.hands:
        return
    rows = c._live(firm.realm, "Payment")
    live = {r["Id"]: r for r in rows}
    ours = c._marked(rows, "payment")
    for (realm, id), (group, bill) in truth.twins.items():
        if realm == firm.realm and id in live and f"clio-{group}" in ours and linked(c, firm, bill):
            c.say(
                "2", f"{firm.firm}: Clio's payment {group} is in QuickBooks as {id}, and as {ours[f'clio-{group}']} too"
            )
    for bill, (invoice, open_) in truth.hands.items():
        if (firm.realm, invoice) in truth.spoken or not linked(c, firm, bill):
            continue
        asked = [id for id in open_ if id in live and invoice in on_invoices(live[id])]
        early = [id for ids in ours.values() for id in ids if invoice in on_invoices(live[id])]
        if asked and early:
            c.say("2", f"{firm.firm}: {early} were posted on invoice {invoice}, and nobody said what {asked} are")


def judge(q: Quiet, firm: FirmFacts) -> None:
    """A payment that was taken for one of Clio's, and that staff took back there, does not stand in QuickBooks."""
    clio = q.world.clio_box.state.rows["payments"]
    live: dict[str, Any] = {r["Id"]: r for r in q.c._live(firm.realm, "Payment")}
    for (realm, id), (group, _) in q.h.truth.twins.items():
        state = q.c.bodies.get(Ref(firm.firm, Kind.PAYMENT, f"clio-{group}")) if realm == firm.realm else None
        link = (state or {}).get("posted")
        ours = link and id in [link["id"], *(p["id"] for p in link["pieces"])]
        if not ours or id not in live or clio[group].voided_at is None:
            continue
        if (firm.realm, "Payment", id) not in q.h.truth.touched and not q.waits(firm, f"payment/clio-{group}"):
            q.say("2", f"{firm.firm}: Clio's payment {group} was removed there, and stands in QuickBooks as {id}")
