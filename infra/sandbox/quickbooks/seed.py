"""The story's two companies, the same every time for the same day."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from infra.sandbox.quickbooks import books
from infra.sandbox.quickbooks.books import Company, Obj
from infra.sandbox.quickbooks.clerk import Clerk

if TYPE_CHECKING:
    from infra.sandbox.quickbooks.server import QuickBooksSandbox

REALM_A = "9130350000000001"
REALM_B = "9130350000000002"

ACCOUNTS = (
    ("Operating Checking", "Bank", "Checking"),
    ("Client Trust Account", "Bank", "TrustAccounts"),
    ("Client Trust Liability", "Other Current Liability", "TrustAccountsLiabilities"),
    ("Undeposited Funds", "Other Current Asset", "UndepositedFunds"),
    ("Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable"),
    ("Legal Fee Income", "Income", "ServiceFeeIncome"),
    ("Reimbursed Expenses Income", "Income", "OtherPrimaryIncome"),
    ("Discounts Given", "Income", "DiscountsRefundsGiven"),
    ("Stripe Clearing", "Other Current Asset", "OtherCurrentAssets"),
    ("Sales Tax Payable", "Other Current Liability", "SalesTaxPayable"),
)
ITEMS = (
    ("Legal services", "Legal Fee Income"),
    ("Expenses", "Reimbursed Expenses Income"),
    ("Interest", "Legal Fee Income"),
    ("Tax", "Sales Tax Payable"),
    ("Discount", "Discounts Given"),
)


def seed(box: QuickBooksSandbox, today: date | None = None) -> None:
    """Both companies, from nothing: "Hartwell & Pine LLP" (realm A) and "Bexley Corner Law" (realm B).

    ``today`` is the day that dates are counted back from; the stage's server day where it is left out.
    """
    today = today or books.server_day(box.now())
    box.state.companies.clear()
    hartwell_and_pine(box, today)
    bexley_corner(box)


def hartwell_and_pine(box: QuickBooksSandbox, today: date) -> Company:
    company = a_company(box, REALM_A, "Hartwell & Pine LLP", "books@hartwell-pine.example")
    people = box.people
    ada = people.add_customer(REALM_A, "Ada Example", "ada@example.com", GivenName="Ada", FamilyName="Example")
    people.add_customer(REALM_A, "Brook Jensen", "bjensen@old-mail.example", GivenName="Brook", FamilyName="Jensen")
    zeta = people.add_customer(REALM_A, "Zeta Holdings", "accounts@zeta.example", CompanyName="Zeta Holdings")
    issued = today - timedelta(days=20)
    due = issued + timedelta(days=30)
    people.add_invoice(REALM_A, ada["Id"], "400.00", "1042", issued.isoformat(), due.isoformat())
    people.add_invoice(REALM_A, zeta["Id"], "999.00", "1043", issued.isoformat(), due.isoformat())
    return company


def bexley_corner(box: QuickBooksSandbox) -> Company:
    company = a_company(box, REALM_B, "Bexley Corner Law", "books@bexley.example")
    box.people.add_vendor(REALM_B, "Marlow Court Reporting", "office@marlow.example")
    box.people.add_employee(REALM_B, "Dana Whitlock", GivenName="Dana", FamilyName="Whitlock")
    gone = box.people.add_customer(REALM_B, "Old Mill Partners", "info@oldmill.example")
    box.people.deactivate_customer(REALM_B, gone["Id"])
    return company


def a_company(box: QuickBooksSandbox, realm: str, name: str, email: str = "") -> Company:
    """A company with a chart of accounts, items, payment methods, terms and preferences good for syncing."""
    company = Company(realm, name, legal_name=name, email=email)
    box.state.companies[realm] = company
    company.preferences = _preferences(box)
    clerk = Clerk(box, company, person=True)
    accounts: dict[str, str] = {}
    for title, kind, subtype in ACCOUNTS:
        made = clerk.create("Account", {"Name": title, "AccountType": kind, "AccountSubType": subtype})
        accounts[title] = made["Id"]
    for title, income in ITEMS:
        clerk.create("Item", {"Name": title, "Type": "Service", "IncomeAccountRef": {"value": accounts[income]}})
    for title, kind in (("Cash", "NON_CREDIT_CARD"), ("Check", "NON_CREDIT_CARD"), ("Credit Card", "CREDIT_CARD")):
        clerk.create("PaymentMethod", {"Name": title, "Type": kind})
    for title, days in (("Due on receipt", 0), ("Net 15", 15), ("Net 30", 30)):
        clerk.create("Term", {"Name": title, "DueDays": days})
    company.preferences["SalesFormsPrefs"]["DefaultDiscountAccount"] = accounts["Discounts Given"]
    return company


def _preferences(box: QuickBooksSandbox) -> Obj:
    at = books.stamp(box.now())
    warnings = ("WarnDuplicateBillNumber", "WarnDuplicateCheckNumber", "WarnDuplicateJournalNumber")
    return {
        "SalesFormsPrefs": {
            "CustomTxnNumbers": True,
            "AllowDiscount": True,
            "AutoApplyCredit": False,
            "AutoApplyPayments": False,
            "AllowDeposit": False,
            "ETransactionPaymentEnabled": False,
        },
        "AccountingInfoPrefs": {
            "CustomerTerminology": "Clients",
            "ClassTrackingPerTxn": False,
            "ClassTrackingPerTxnLine": False,
            "TrackDepartments": False,
        },
        "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": "USD"}},
        "TaxPrefs": {"UsingSalesTax": False},
        "OtherPrefs": {
            "NameValue": [
                *({"Name": name, "Value": "true"} for name in warnings),
                {"Name": "VendorAndPurchasesPrefs.UseCustomTxnNumbers", "Value": "false"},
                {"Name": "SalesFormsPrefs.DefaultItem", "Value": "1"},
            ]
        },
        "domain": "QBO",
        "sparse": False,
        "Id": "1",
        "SyncToken": "0",
        "MetaData": {"CreateTime": at, "LastUpdatedTime": at},
    }


def make_many(box: QuickBooksSandbox, realm: str, count: int, *, prefix: str = "M-", customers: int = 100) -> list[str]:
    """``count`` open invoices over ``customers`` new customers, for benches; returns the invoices' ids."""
    people = box.people
    ids = [people.add_customer(realm, f"Client {prefix}{n}", f"client{n}@many.example")["Id"] for n in range(customers)]
    made = []
    for n in range(count):
        amount = Decimal(100 + n % 900) + Decimal(n % 100) / 100
        made.append(people.add_invoice(realm, ids[n % customers], amount, f"{prefix}{n}")["Id"])
    return made
