"""Document numbers (reference 3.3): kept, refused as duplicates, or given out."""

from __future__ import annotations

from infra.sandbox.quickbooks import books
from infra.sandbox.quickbooks.books import Obj
from infra.sandbox.quickbooks.clerk import Clerk
from infra.sandbox.quickbooks.faults import Refusal

SPOKEN = {
    "CreditMemo": "Credit Memo",
    "SalesReceipt": "Sales Receipt",
    "RefundReceipt": "Refund",
    "JournalEntry": "Journal Entry",
}


def document_number(clerk: Clerk, entity: str, body: Obj, old: Obj | None) -> str | None:
    """The number under which the document is stored; None is none. Raises Refusal 6140."""
    number: str | None = body.get("DocNumber") or None
    asked = number == "AUTO_GENERATE" or body.get("AutoDocNumber") is True
    if asked:
        number = None
    if old and number == old.get("DocNumber"):
        return number
    custom = clerk.company.preferences["SalesFormsPrefs"].get("CustomTxnNumbers")
    if not custom and number and not clerk.switch("numbers_kept_when_off", True):
        number = None
    if number is None:
        given_out = not custom or (asked and clerk.switch("auto_generate_works", False))
        if old:
            return None if custom or "DocNumber" in body else old.get("DocNumber")
        return _next(clerk) if given_out else None
    _unused(clerk, entity, number, old)
    return number


def _next(clerk: Clerk) -> str:
    return str(max((int(n) for n, held in clerk.company.numbers.items() if held and n.isdecimal()), default=1000) + 1)


def _unused(clerk: Clerk, entity: str, number: str, old: Obj | None) -> None:
    if clerk.options.allow_duplicate_number or clerk.switch("duplicate_docnumber_unchecked", False):
        return
    shared = books.NUMBERED if clerk.switch("docnumber_shared", True) else (entity,)
    for kind, ident in clerk.company.numbers.get(number, []):
        if kind in shared and not (old and (kind, ident) == (entity, old["Id"])):
            said = (
                "Duplicate Document Number Error : You must specify a different number. This number has already been"
                f" used. DocNumber={number} is assigned to TxnType={SPOKEN.get(kind, kind)} with TxnId={ident}"
            )
            raise Refusal("6140", said, element="DocNumber")
