"""An invoice that cannot be voided, because the books are closed for its date: what a person may choose. Dates are
never shifted (reference/quickbooks.md 6)."""

from __future__ import annotations

from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect, Kind
from chalicelib.domain.money import show
from chalicelib.domain.payable import Payable
from chalicelib.flow import states
from chalicelib.flow.invoice_links import ref_of
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import park

CLOSED = ("6210", "6200")
KEEP = "keep"  # carried out in flow/invoices.py


def refused(world: World, effect: Effect, code: str, detail: str) -> bool:
    """Whether it is about an invoice whose bill is gone, in a closed period: shown with its choices then."""
    if effect.kind != Do.INVOICE or code not in CLOSED:
        return False
    state: Payable = states.decode(Kind.PAYABLE, world.store.load(ref_of(effect)).body)
    if not state.gone or state.booked is None:
        return False
    amount = show(state.booked.total, state.currency)
    park(
        world,
        effect,
        f"The bill was removed in Clio. Its invoice of {amount} cannot be voided: the books are closed for its date in "
        "QuickBooks.",
        "Ask the bookkeeper to open the period and press Retry: it is voided then. Or leave it: the invoice stays in "
        "QuickBooks as it is, and the comparison names it as left there by you.",
        detail=f"{code}: {detail}",
        choices=((KEEP, "Leave it as it is in QuickBooks"),),
    )
    return True
