"""Accounts and journal entries: QuickBooks' JSON to our readings, and what we want to its JSON. Pure; no HTTP.

Sources: reference/quickbooks.md 4.2 and 4.7.
"""

from __future__ import annotations

from chalicelib.domain.kernel import Json
from chalicelib.domain.money import decimal_of
from chalicelib.domain.raw import Raw, cents, day, part, parts, text
from chalicelib.domain.readings import Account
from chalicelib.domain.trust_readings import JournalReading
from chalicelib.domain.wanted import Side, WantedJournal, WantedSubAccount
from chalicelib.quickbooks.customer_wire import INACTIVE
from chalicelib.quickbooks.parts import id_of

TEXT_LENGTH = 4000  # Description, PrivateNote (3.2, 3.4)


def existing(known: tuple[str, str] | None) -> Json:
    """A sparse update leaves what we do not own (2.4)."""
    return {"Id": known[0], "SyncToken": known[1], "sparse": True} if known else {}


def account(row: Raw) -> Account:
    """An account (4.2). An inactive one's name is given without QuickBooks' "(deleted)"."""
    active = row.get("Active") is not False
    name = text(row, "Name")
    shown = (
        "CurrentBalanceWithSubAccounts" if row.get("CurrentBalanceWithSubAccounts") is not None else "CurrentBalance"
    )
    return Account(
        id=id_of(row),
        name=name if active else name.removesuffix(INACTIVE),
        type=text(row, "AccountType"),
        subtype=text(row, "AccountSubType"),
        active=active,
        balance=0 if row.get(shown) is None else cents(row, shown),
        parent=text(part(row, "ParentRef"), "value"),
    )


def journal(row: Raw) -> JournalReading:
    """A journal entry (4.7); lines that only describe are left out."""
    details = [(line, part(line, "JournalEntryLineDetail")) for line in parts(row, "Line")]
    return JournalReading(
        id=id_of(row),
        sync_token=text(row, "SyncToken"),
        number=text(row, "DocNumber"),
        on=day(row, "TxnDate"),
        note=text(row, "PrivateNote"),
        lines=tuple(
            (
                text(part(detail, "AccountRef"), "value"),
                cents(line, "Amount") * (-1 if detail.get("PostingType") == "Credit" else 1),
                text(part(part(detail, "Entity"), "EntityRef"), "value"),
            )
            for line, detail in details
            if detail
        ),
    )


def journal_body(wanted: WantedJournal) -> Json:
    """Debits and credits of equal sums, the client as entity on its side (4.7). All lines always go along (2.4)."""
    body: Json = {
        **existing(wanted.existing),
        "DocNumber": wanted.number,
        "TxnDate": wanted.on.isoformat(),
        "PrivateNote": wanted.note[:TEXT_LENGTH],
        "Line": [_journal_line(side) for side in wanted.sides],
    }
    if wanted.currency:
        body["CurrencyRef"] = {"value": wanted.currency}
    return body


def _journal_line(side: Side) -> Json:
    detail: Json = {"PostingType": "Debit" if side.cents > 0 else "Credit", "AccountRef": {"value": side.account}}
    if side.customer:
        detail["Entity"] = {"Type": "Customer", "EntityRef": {"value": side.customer}}
    return {
        "DetailType": "JournalEntryLineDetail",
        "Amount": decimal_of(abs(side.cents)),
        "Description": side.text[:TEXT_LENGTH],
        "JournalEntryLineDetail": detail,
    }


def account_body(wanted: WantedSubAccount) -> Json:
    body: Json = {
        "Name": wanted.name,
        "AccountType": wanted.type,
        "SubAccount": True,
        "ParentRef": {"value": wanted.parent},
    }
    if wanted.subtype:
        body["AccountSubType"] = wanted.subtype
    return body
