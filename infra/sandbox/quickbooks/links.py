"""What ties payments to invoices and credit memos: amounts applied, and how they are let go (reference 4.3, 4.4)."""

from __future__ import annotations

from decimal import Decimal

from infra.sandbox.quickbooks import books
from infra.sandbox.quickbooks.books import Key, Obj
from infra.sandbox.quickbooks.clerk import Clerk

Links = dict[Key, Decimal]
"""(type, id) -> amount that one payment applies to it."""


def linked(lines: list[Obj]) -> Links:
    """What the lines of a payment apply to each document; a line with two links counts for both."""
    found: Links = {}
    for line in lines:
        for link in line["LinkedTxn"]:
            key = (link["TxnType"], link["TxnId"])
            found[key] = found.get(key, books.NONE) + line["Amount"]
    return found


def side(links: Links, kind: str) -> Decimal:
    return sum((amount for (k, _), amount in links.items() if k == kind), books.NONE)


def link_fields(entity: str, total: Decimal, links: dict[str, Decimal]) -> Obj:
    """Balance and LinkedTxn of a document; ``links`` is payment id -> amount."""
    balance = total - sum(links.values(), books.NONE)
    found: Obj = {"Balance": balance, "LinkedTxn": [{"TxnId": p, "TxnType": "Payment"} for p in links]}
    if entity == "CreditMemo":
        found["RemainingCredit"] = balance
    return found


def apply(clerk: Clerk, key: Key, payment: str, amount: Decimal) -> None:
    """``payment`` now applies ``amount`` to the document, which gets a new balance, version and time."""
    _note(clerk, key, payment, amount)
    doc = clerk.company.get(*key)
    if doc:
        links = clerk.company.applied[key]
        clerk.replace(key[0], doc, {**doc, **link_fields(key[0], doc["TotalAmt"], links)})


def _note(clerk: Clerk, key: Key, payment: str, amount: Decimal) -> None:
    links = clerk.company.applied.setdefault(key, {})
    if amount:
        links[payment] = amount
    else:
        links.pop(payment, None)


def payment_line(kind: str, ident: str, amount: Decimal) -> Obj:
    """One line as answered, with the ``LineEx`` noise that nobody needs (4.3)."""
    name = "{http://schema.intuit.com/finance/v3}NameValue"
    value = {"Name": "txnId", "Value": ident}
    noise = {"any": [{"name": name, "declaredType": "com.intuit.schema.finance.v3.NameValue", "value": value}]}
    return {"Amount": amount, "LinkedTxn": [{"TxnId": ident, "TxnType": kind}], "LineEx": noise}


def unlink_payments(clerk: Clerk, entity: str, doc: Obj) -> None:
    trim_payments(clerk, entity, doc, books.NONE)


def trim_payments(clerk: Clerk, entity: str, doc: Obj, most: Decimal) -> None:
    """Lowers what payments apply to ``doc`` to ``most`` in all, newest payment first; ``doc`` itself is not stored."""
    links = clerk.company.applied.get((entity, doc["Id"]), {})
    over = sum(links.values(), books.NONE) - most
    for payment_id in reversed(list(links)):
        cut = min(over, links[payment_id])
        if cut <= 0:
            return
        over -= cut
        _release(clerk, clerk.company.tables["Payment"][payment_id], (entity, doc["Id"]), cut)


def _release(clerk: Clerk, payment: Obj, key: Key, cut: Decimal) -> None:
    """Takes ``cut`` off one link. Credit that then pays nothing is let go too; cash becomes unapplied."""
    now = linked(payment["Line"])
    now[key] -= cut
    _note(clerk, key, payment["Id"], now[key])
    idle_credit = side(now, "CreditMemo") - side(now, "Invoice")
    uncovered = -idle_credit - payment["TotalAmt"]
    for kind, excess in (("CreditMemo", idle_credit), ("Invoice", uncovered)):
        for other in [k for k in reversed(now) if k[0] == kind]:
            less = min(excess, now[other])
            if less > 0:
                excess -= less
                now[other] -= less
                apply(clerk, other, payment["Id"], now[other])
    lines = [payment_line(kind, ident, amount) for (kind, ident), amount in now.items() if amount]
    unapplied = payment["TotalAmt"] + side(now, "CreditMemo") - side(now, "Invoice")
    clerk.replace("Payment", payment, {**payment, "Line": lines, "UnappliedAmt": unapplied})
