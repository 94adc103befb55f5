"""What still stands on an invoice in QuickBooks though Clio took it back: what takes its place waits until it has left,
so that there are never two. And the readings that payments and credits share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.domain import billing, effects, posting
from chalicelib.domain.contact import Contact
from chalicelib.domain.crediting import Credit
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Kind, Ref, Status
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment
from chalicelib.domain.readings import BookedPayment, InvoiceReading
from chalicelib.flow import states
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import FOR_A_PERSON, FOR_ITS_CUSTOMER, WITHOUT, current
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import settle

IDS_AT_ONCE = 200
CREDIT = "credit-"  # before the id of a credit among the payments that leave


def payables(world: World, policy: Policy, ids: Iterable[str]) -> dict[str, Payable]:
    """These bills by id, in the present generation of links."""
    refs = [Ref(policy.firm.id, Kind.PAYABLE, id) for id in dict.fromkeys(ids)]
    return {ref.id: state for ref, state in current(world, policy, refs).items()}


def invoices(reach: Reach, ids: Sequence[str]) -> list[InvoiceReading]:
    """These invoices in QuickBooks, 200 for each call."""
    found: list[InvoiceReading] = []
    for n in range(0, len(ids), IDS_AT_ONCE):
        some = ids[n : n + IDS_AT_ONCE]
        found += reach.quickbooks(lambda q, a, c=some: q.invoices_by_id(a, c))  # type: ignore[misc]
    return found


def booked_payments(reach: Reach, ids: Sequence[str]) -> list[BookedPayment]:
    """These payments in QuickBooks, 200 for each call."""
    found: list[BookedPayment] = []
    for n in range(0, len(ids), IDS_AT_ONCE):
        some = ids[n : n + IDS_AT_ONCE]
        found += reach.quickbooks(lambda q, a, c=some: q.payments_by_id(a, c))  # type: ignore[misc]
    return found


def asked_about(p: Payable) -> str:
    """What a person has to say of its invoice before anything is put on it; empty where nothing. States alone tell, so
    that what waits for it asks QuickBooks nothing meanwhile."""
    if p.booked is None and p.unapproved and not p.left_out:
        return for_invoice(p)
    if p.booked is None or p.booked.voided or p.left_out:
        return ""
    if p.booked.broken and p.booked.broken.absent:
        return f"It waits for your word on invoice {p.number}, which was removed in QuickBooks."
    if p.booked.waits:
        return f"It waits for your word on the payments of invoice {p.number} in QuickBooks."
    return ""


def clients(world: World, policy: Policy, bills: Iterable[Payable]) -> dict[str, Contact]:
    """The clients of these bills by id, in the present generation of links."""
    refs = [Ref(policy.firm.id, Kind.CONTACT, p.client_id) for p in bills]
    return {ref.id: state for ref, state in current(world, policy, refs).items()}


def lost(client: Contact | None, customer: str) -> str:
    """Why nothing can be booked on this customer in QuickBooks: it is the client's, and not to be used there. Empty
    where it is another one, or fine."""
    if client is None or not client.lost or customer != client.customer:
        return ""
    return WITHOUT if client.without else FOR_A_PERSON


def without_customer(client: Contact | None) -> str:
    """Why nothing can be booked on a client's own customer yet."""
    return lost(client, client.customer if client else "") or FOR_ITS_CUSTOMER


def waits(
    world: World,
    p: Payable,
    invoices: Mapping[str, InvoiceReading],
    clients: Mapping[str, Contact],
    mine: str,
    awaited: frozenset[str],
) -> str:
    """Why nothing can be put on a bill's invoice yet; empty when it can. ``mine``: the payment or credit that is."""
    if p.booked is None or p.booked.voided:
        return for_invoice(p)
    if asked := asked_about(p):
        return asked
    there = invoices.get(p.booked.id)
    if there is None:
        return f"Invoice {p.number} is no longer in QuickBooks: what is to become of it comes first."
    if cause := lost(clients.get(p.client_id), there.customer_id):
        return cause
    if still_there(world, p, mine, awaited):
        left = "a payment or credit that was taken back in Clio"
        return f"It waits for {left}, which must leave invoice {p.number} in QuickBooks first."
    return ""


def for_invoice(p: Payable) -> str:
    """Why something waits that is to be put on a bill's invoice, which is not there."""
    if p.unapproved:
        return f"It waits for bill {p.number}, which is a draft again in Clio, to be approved there."
    return f"It waits for invoice {p.number} in QuickBooks."


def not_met(bills: Iterable[Payable]) -> str:
    """Which invoice is not there yet, or not known again after a purge: until then nothing says where something of
    ours belongs that stands there. Empty where all are."""
    return next((for_invoice(p) for p in bills if p.booked is None and not (p.gone or p.left_out)), "")


def short(world: World, p: Payable, cents: int, left: int) -> str:
    """Why money that does not fit on the invoice as it is there waits: a change of it is still owed, which may make
    room. Empty where it fits, or where nothing is owed: then what is too much stays unapplied."""
    if cents <= left or p.booked is None or p.booked.revision >= p.revision:
        return ""
    steps = [world.store.effect(key) for key in billing.invoice_steps(p)]
    owed = any(step is not None and step.status is not Status.DONE for step in steps)
    return f"It waits for the change of invoice {p.number} in QuickBooks." if owed else ""


def sent(world: World, lane: str) -> frozenset[str]:
    """Keys of the steps whose answer is awaited."""
    return frozenset(key for call in world.store.live_calls(lane) for key in call.members)


def still_there(world: World, p: Payable, mine: str, awaited: frozenset[str]) -> bool:
    """Whether something that left in Clio may still stand on the invoice. What is known to be gone is forgotten."""
    others = [x for x in p.leaving if x != mine]
    if not others:
        return False
    refs = [
        Ref(p.firm, Kind.CREDIT, x.removeprefix(CREDIT)) if x.startswith(CREDIT) else Ref(p.firm, Kind.PAYMENT, x)
        for x in others
    ]
    held = [states.decode(h.ref.kind, h.body) for h in world.store.load_many(refs) if h.body]
    if any(_stands(x, p, awaited) and not _asked_whether_again(world, x) for x in held):
        return True
    ref = Ref(p.firm, Kind.PAYABLE, p.id)

    def decide(before: Mapping[Ref, Any], _now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: posting.has_left(before[ref], tuple(others))}

    settle(world, [ref], decide, fact="HasLeft", body={"what": others})
    return False


def _stands(x: Payment | Credit, p: Payable, awaited: frozenset[str]) -> bool:
    if any(f"/{x.id}/" in key for key in awaited):
        return True
    if isinstance(x, Payment):
        return posting.still_leaving(x, p)
    shown = any(k.kind == "credit" and k.group == x.id for k in p.receipts)
    return x.memo is not None and not (x.lost or x.stays) and (not x.current or (not shown and x.on_payable(p.id) > 0))


def _asked_whether_again(world: World, x: Payment | Credit) -> bool:
    """Whether QuickBooks has no memo of a credit any more: known while a person is asked what is to become of it."""
    if isinstance(x, Payment):
        return False
    step = world.store.effect(effects.key_of(x.firm, effects.Do.CREDIT, f"{x.id}/{x.wanted}"))
    return step is not None and step.status is Status.PARKED and step.body.get("broken") == "credit memo"
