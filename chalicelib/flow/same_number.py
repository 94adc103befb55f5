"""Which invoice with a bill's number in QuickBooks is the bill's, by what the first sync's list said, and what a person
is asked where none is.

Records ``first-links/<firm>/<generation>/held``: by bill, why the list said that it waits for its number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain import posting
from chalicelib.domain.firm import Policy
from chalicelib.domain.first import Row
from chalicelib.domain.kernel import Effect, Json, Kind, Ref
from chalicelib.domain.money import show
from chalicelib.domain.payable import Payable
from chalicelib.domain.readings import InvoiceReading
from chalicelib.flow import states
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import first_links, park
from chalicelib.flow.subcustomers import Place

AFTER_ALL = "after-all"  # a person says that it is the bill's invoice, which they had left, or which changed since


def listed_of(world: World, policy: Policy, e: Effect, bill: str) -> Json:
    """What the first sync's list said of the bill's number: the ``invoice`` that it is linked to, whether it may
    ``change``, what it was over (``cents``), and those that are ``left`` as another bill's. Empty where nothing was
    said. Who says "after all" has taken back that others are left, and that nothing is written."""
    found = world.store.record(first_links(policy), bill)
    listed: Json = found[1] if found else {}
    return {**listed, "change": True, "left": []} if e.body.get("choice") == AFTER_ALL else listed


def which(state: Payable, there: Sequence[InvoiceReading], place: Place, listed: Json) -> InvoiceReading | None:
    """Which of these the bill is: one of ours, the one that the list linked it to, or the only one that is alike. Where
    the list showed it as linked and no more than that, nobody has agreed that what people did to it since is undone:
    another customer, or an amount that is neither the list's nor Clio's."""
    may, known = there, (listed.get("cents"), state.asks)
    if not listed.get("change", True):
        may = [i for i in there if _theirs(i, place) and i.total in known]
    ours = [i for i in there if posting.bears(i.note, posting.marker(state.firm, "bill", state.id))] + [
        i for i in may if i.id == listed.get("invoice")
    ]
    same = [i for i in there if alike(state, i, place)]
    return next(iter(ours), same[0] if len(same) == 1 else None)


def _theirs(invoice: InvoiceReading, place: Place) -> bool:
    return invoice.customer_id in (place.customer, place.own)


def alike(state: Payable, invoice: InvoiceReading, place: Place) -> bool:
    return _theirs(invoice, place) and invoice.total == state.asks and not invoice.foreign(state.currency)


# --- numbers that the list found not to be free -----------------------------------------------------------------------


def two_bills(number: str, other: str = "") -> tuple[str, str]:
    """Why the second of two bills of one number waits, and what to do. ``other``: the first, in words."""
    told = f", {other}, which comes first in the first sync's list" if other else ""
    return f"Another bill in Clio has the number {number} too{told}.", "Renumber one of them, then Retry."


def _held(policy: Policy) -> str:
    return f"{first_links(policy)}/held"


def hold(world: World, policy: Policy, row: Row) -> None:
    """Keeps why the list said that this bill waits for its number."""
    body = {"number": row.title, "behind": row.behind, "used": row.used}
    world.store.put_record(_held(policy), row.id, body)


@dataclass(frozen=True, slots=True)
class Hold:
    """``behind``: the bill that has the number before it; ``used``: what has it in QuickBooks, in words."""

    number: str
    behind: Payable | None
    used: str


def holds(world: World, policy: Policy, bills: Sequence[Payable]) -> dict[str, Hold]:
    """By bill, what the list said. One reading where it held none up."""
    if not world.store.records(_held(policy), limit=1):
        return {}
    kept = {p.id: found[1] for p in bills if (found := world.store.record(_held(policy), p.id))}
    refs = [Ref(policy.firm.id, Kind.PAYABLE, str(body["behind"])) for body in kept.values() if body["behind"]]
    others = {h.ref.id: states.decode(Kind.PAYABLE, h.body) for h in world.store.load_many(refs)}
    return {id: Hold(str(b["number"]), others.get(str(b["behind"])), str(b["used"])) for id, b in kept.items()}


def held(world: World, policy: Policy, e: Effect, state: Payable, hold: Hold | None) -> bool:
    """Whether the bill waits, as the list said: shown to a person then. So it does as long as the other bill has the
    number; where a document in QuickBooks had it, until somebody presses Retry."""
    if hold is None or state.gone or hold.number != state.number:
        return False
    other = hold.behind
    if other and other.number == state.number and not other.gone and (other.booked or not _stays_out(other)):
        park(world, e, *two_bills(state.number, f"that of {other.client_name} over {show(other.asks, other.currency)}"))
        return True
    if "choice" in e.body:  # Retry: from now on QuickBooks says whether it is free
        world.store.delete_record(_held(policy), state.id)
    elif hold.used:
        told = f"The first sync listed this bill as waiting: {hold.used} in QuickBooks has the number {state.number}."
        park(world, e, told, "Renumber the bill in Clio or the other document in QuickBooks, then press Retry.")
        return True
    return False


def _stays_out(p: Payable) -> bool:
    return p.unapproved or p.stays


# --- shown to a person ------------------------------------------------------------------------------------------------


def park_changed(world: World, e: Effect, state: Payable, invoice: InvoiceReading, cents: int) -> None:
    """The list showed the invoice as linked and not written, and people changed it before it was linked."""
    before, now = show(cents, state.currency), show(invoice.total, state.currency)
    to = f"it is {now} now" if invoice.total not in (cents, state.asks) else "it is another customer's now"
    park(
        world,
        e,
        f"The first sync listed invoice {state.number} of {before} as this bill's, with nothing to write. It was "
        f"changed in QuickBooks since: {to}.",
        "Set it back in QuickBooks, or correct the bill in Clio, then press Retry. Or link it: it gets Clio's figures.",
        detail=f"QuickBooks invoice {invoice.id}",
        choices=((AFTER_ALL, f"Link it: it becomes {show(state.asks, state.currency)} of {state.client_name}"),),
    )


def park_number(
    world: World, e: Effect, state: Payable, other: InvoiceReading, *, left: bool, may: InvoiceReading | None
) -> None:
    """``left``: a person said in the first sync that ``other`` is not this bill's. ``may``: what it is linked to once
    they say that it is."""
    amount = show(other.total, other.currency or state.currency)
    told = f"QuickBooks already has an invoice numbered {state.number}: {amount}, of another customer or amount."
    if left:
        told = f"In the first sync you left invoice {state.number} of {amount} in QuickBooks as another one."
    remedy = "Renumber the bill in Clio or that invoice in QuickBooks, then press Retry."
    choices = ((AFTER_ALL, "It is this bill's invoice: link it"),) if left and may else ()
    park(world, e, told, remedy, detail=f"QuickBooks invoice {other.id}", choices=choices)
