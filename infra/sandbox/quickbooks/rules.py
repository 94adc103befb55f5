"""Which rule is whose."""

from __future__ import annotations

from infra.sandbox.quickbooks.clerk import Rule
from infra.sandbox.quickbooks.deposits import Deposits
from infra.sandbox.quickbooks.journals import Journals
from infra.sandbox.quickbooks.names import Accounts, Items, Names, PlainList
from infra.sandbox.quickbooks.payments import Payments
from infra.sandbox.quickbooks.sales import CreditMemos, Invoices, RefundReceipts, Sale, SalesReceipts

RULES: dict[str, Rule] = {
    "Customer": Names(),
    "Vendor": Names(),
    "Employee": Names(),
    "Item": Items(),
    "Account": Accounts(),
    "PaymentMethod": PlainList(),
    "Term": PlainList(),
    "Invoice": Invoices(),
    "CreditMemo": CreditMemos(),
    "SalesReceipt": SalesReceipts(),
    "RefundReceipt": RefundReceipts(),
    "Estimate": Sale(),
    "Payment": Payments(),
    "JournalEntry": Journals(),
    "Deposit": Deposits(),
}
