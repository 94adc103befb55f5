"""Why an account in QuickBooks cannot serve for what the firm chose it for; empty where it can. Pure
(reference/quickbooks.md 4.2)."""

from __future__ import annotations

from chalicelib.domain.readings import Account

HOLDS_MONEY = ("Bank", "Other Current Asset")  # what a payment may be deposited to
TRUST = "TrustAccounts"  # ... but never this kind of bank account
LIABILITIES = ("Other Current Liability", "Long Term Liability")  # what shows trust money as held for clients
NO_INCOME = ("Accounts Receivable", "Accounts Payable")  # what QuickBooks books no service item in
DISCOUNTS = "DiscountsRefundsGiven"  # the only kind of account that QuickBooks books discounts in


def _missing(account: Account | None) -> str:
    return "is not in QuickBooks any more." if account is None else "was made inactive in QuickBooks."


def wrong_bank(account: Account | None) -> str:
    if account is None or not account.active:
        return _missing(account)
    return "" if account.type == "Bank" else f"is of the type “{account.type}”; trust money needs a bank account."


def wrong_liability(account: Account | None) -> str:
    if account is None or not account.active:
        return _missing(account)
    if account.type in LIABILITIES:
        return ""
    return f"is of the type “{account.type}”; what is held for clients needs a liability account."


def wrong_discount(account: Account | None) -> str:
    if account is None or not account.active:
        return _missing(account)
    return "" if account.subtype == DISCOUNTS else "is not of the detail type “Discounts/Refunds Given” any more."


def wrong_income(account: Account | None) -> str:
    """Why nothing that is booked in it can be sold."""
    if account is None or not account.active:
        return _missing(account)
    return f"is of the type “{account.type}”; no item is booked in that." if account.type in NO_INCOME else ""


def wrong_clearing(account: Account | None) -> str:
    """Why payments cannot be recorded in it; empty when they can."""
    if account is None or not account.active:
        return _missing(account)
    if account.type not in HOLDS_MONEY:
        return f"is of the type “{account.type}”; payments need a bank account or another current asset."
    if account.subtype == TRUST:
        return "is a trust account, and invoices are never paid into trust."
    return ""
