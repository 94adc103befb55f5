"""Which properties each entity takes: reference/quickbooks.md 3.2, 3.4, 4.1-4.7 and the public API's property names."""

from __future__ import annotations

from typing import Any

from infra.sandbox.quickbooks.faults import Refusal
from infra.sandbox.quickbooks.properties import (
    COMPUTED,
    DAY,
    EMAIL,
    FLAG,
    NAME_NEVER,
    REF,
    Choice,
    Group,
    Many,
    Number,
    Obj,
    Text,
    check,
)

COMMON: Obj = {
    "Id": Text(50),
    "SyncToken": Text(20),
    "sparse": FLAG,
    "domain": COMPUTED,
    "MetaData": COMPUTED,
    "status": COMPUTED,
}
ADDRESS = Group(
    {
        **{f"Line{n}": Text(500) for n in range(1, 6)},
        **{name: Text(255) for name in ("City", "Country", "CountrySubDivisionCode", "CountryCode")},
        **{"PostalCode": Text(30), "Id": COMPUTED, "Lat": COMPUTED, "Long": COMPUTED},
    },
    together=2000,
)
PHONE = Group({"FreeFormNumber": Text(30)})
MAIL = Group({"Address": EMAIL})
LINKS = Many(Group({"TxnId": Text(50), "TxnType": Text(30), "TxnLineId": Text(20)}))
CUSTOM = Many(
    Group({"DefinitionId": Text(20), "Name": Text(100), "Type": Choice(("StringType",)), "StringValue": Text(31)})
)

SALE_LINE = Group(
    {
        "Id": Text(20),
        "LineNum": Number(),
        "Description": Text(4000),
        "Amount": Number(5),
        "DetailType": Choice(
            ("SalesItemLineDetail", "DiscountLineDetail", "SubTotalLineDetail", "DescriptionOnly", "GroupLineDetail")
        ),
        "SalesItemLineDetail": Group(
            {
                "ItemRef": REF,
                "Qty": Number(),
                "UnitPrice": Number(),
                "TaxCodeRef": REF,
                "ServiceDate": DAY,
                "ClassRef": REF,
                "TaxInclusiveAmt": Number(),
                "ItemAccountRef": COMPUTED,
            }
        ),
        "DiscountLineDetail": Group(
            {"PercentBased": FLAG, "DiscountPercent": Number(), "DiscountAccountRef": REF, "TaxCodeRef": REF}
        ),
        "SubTotalLineDetail": COMPUTED,
        "DescriptionLineDetail": Group({"ServiceDate": DAY, "TaxCodeRef": REF}),
        "GroupLineDetail": COMPUTED,
        **dict.fromkeys(("LinkedTxn", "CustomExtensions", "CustomField"), COMPUTED),
    }
)
SALE: Obj = {
    **COMMON,
    "DocNumber": Text(21),
    "TxnDate": DAY,
    "CustomerRef": REF,
    "PrivateNote": Text(4000),
    "CustomerMemo": Group({"value": Text(1000)}),
    "BillEmail": MAIL,
    "BillEmailCc": MAIL,
    "BillEmailBcc": MAIL,
    "EmailStatus": Choice(("NotSet", "NeedToSend", "EmailSent")),
    "PrintStatus": Choice(("NotSet", "NeedToPrint", "PrintComplete")),
    "BillAddr": ADDRESS,
    "ShipAddr": ADDRESS,
    "CurrencyRef": REF,
    "ExchangeRate": Number(),
    "CustomField": CUSTOM,
    "ApplyTaxAfterDiscount": FLAG,
    "DepartmentRef": REF,
    "ClassRef": REF,
    "ProjectRef": REF,
    "GlobalTaxCalculation": Choice(("TaxExcluded", "TaxInclusive", "NotApplicable")),
    "TxnTaxDetail": Group(
        {"TxnTaxCodeRef": REF, "TotalTax": Number(), "TaxLine": COMPUTED, "UseAutomatedSalesTax": FLAG}
    ),
    "Line": Many(SALE_LINE),
    **dict.fromkeys(("TotalAmt", "Balance", "HomeTotalAmt", "HomeBalance", "LinkedTxn", "DeliveryInfo"), COMPUTED),
    "FreeFormAddress": FLAG,  # python-quickbooks sends it with every sale (8: all that it holds)
}
INVOICE: Obj = {
    **SALE,
    "DueDate": DAY,
    "SalesTermRef": REF,
    "AutoDocNumber": FLAG,
    **{
        f"Allow{n}": FLAG
        for n in ("OnlineCreditCardPayment", "OnlineACHPayment", "OnlineAffirmPayment", "OnlinePayment", "IPNPayment")
    },
    "Deposit": Number(5),
    "DepositToAccountRef": REF,
    "ShipDate": DAY,
    "TrackingNum": Text(31),
    "InvoiceLink": COMPUTED,
}
PAYMENT: Obj = {
    **COMMON,
    "CustomerRef": REF,
    "TotalAmt": Number(5),
    "TxnDate": DAY,
    "PaymentRefNum": Text(21),
    "PaymentMethodRef": REF,
    "DepositToAccountRef": REF,
    "PrivateNote": Text(4000),
    "CurrencyRef": REF,
    "ExchangeRate": Number(),
    "ProcessPayment": FLAG,
    "ARAccountRef": REF,
    "Line": Many(
        Group({"Amount": Number(5), "LinkedTxn": LINKS, "LineEx": COMPUTED, "Id": COMPUTED, "LineNum": COMPUTED})
    ),
    **dict.fromkeys(("UnappliedAmt", "LinkedTxn"), COMPUTED),
}
JOURNAL: Obj = {
    **COMMON,
    "DocNumber": Text(21),
    "TxnDate": DAY,
    "PrivateNote": Text(4000),
    "CurrencyRef": REF,
    "ExchangeRate": Number(),
    "Adjustment": FLAG,
    "TotalAmt": COMPUTED,
    "Line": Many(
        Group(
            {
                "Id": Text(20),
                "LineNum": Number(),
                "Description": Text(4000),
                "Amount": Number(5),
                "DetailType": Choice(("JournalEntryLineDetail", "DescriptionOnly")),
                **dict.fromkeys(("LinkedTxn", "CustomField"), COMPUTED),
                "JournalEntryLineDetail": Group(
                    {
                        "PostingType": Choice(("Debit", "Credit")),
                        "AccountRef": REF,
                        "Entity": Group({"Type": Choice(("Customer", "Vendor", "Employee")), "EntityRef": REF}),
                        "ClassRef": REF,
                        "DepartmentRef": REF,
                        "TaxAmount": Number(5),
                        "TaxApplicableOn": Choice(("Sales", "Purchase")),
                    }
                ),
            }
        )
    ),
}
DEPOSIT: Obj = {
    **COMMON,
    "TxnDate": DAY,
    "PrivateNote": Text(4000),
    "DepositToAccountRef": REF,
    "CurrencyRef": REF,
    "TotalAmt": COMPUTED,
    "Line": Many(
        Group(
            {
                "Id": Text(20),
                "LineNum": Number(),
                "Description": Text(4000),
                "Amount": Number(5),
                "LinkedTxn": LINKS,
                "DetailType": Choice(("DepositLineDetail",)),
                "DepositLineDetail": Group(
                    {
                        "AccountRef": REF,
                        "Entity": REF,
                        "PaymentMethodRef": REF,
                        "CheckNum": Text(21),
                    }
                ),
            }
        )
    ),
}
PERSON: Obj = {
    **COMMON,
    "DisplayName": Text(500, NAME_NEVER),
    "Title": Text(16, NAME_NEVER),
    "GivenName": Text(100, NAME_NEVER),
    "MiddleName": Text(100, NAME_NEVER),
    "FamilyName": Text(100, NAME_NEVER),
    "Suffix": Text(16, NAME_NEVER),
    "CompanyName": Text(100),
    "PrintOnCheckName": Text(110, NAME_NEVER),
    "PrimaryEmailAddr": MAIL,
    "PrimaryPhone": PHONE,
    "AlternatePhone": PHONE,
    "Mobile": PHONE,
    "Fax": PHONE,
    "WebAddr": Group({"URI": Text(1000)}),
    "BillAddr": ADDRESS,
    "ShipAddr": ADDRESS,
    "Active": FLAG,
    "CurrencyRef": REF,
    "Notes": Text(2000),
}
CUSTOMER: Obj = {
    **PERSON,
    "ResaleNum": Text(16),
    "PrimaryTaxIdentifier": Text(30),  # as FreeFormAddress above
    "Job": FLAG,
    "ParentRef": REF,
    "BillWithParent": FLAG,
    "Taxable": FLAG,
    "DefaultTaxCodeRef": REF,
    "TaxExemptionReasonId": Text(10),
    "SalesTermRef": REF,
    "PaymentMethodRef": REF,
    "PreferredDeliveryMethod": Choice(("Print", "Email", "None")),
    "Balance": Number(5),
    "OpenBalanceDate": DAY,
    **dict.fromkeys(("FullyQualifiedName", "BalanceWithJobs", "Level", "IsProject", "V4IDPseudonym"), COMPUTED),
}
ITEM: Obj = {
    **COMMON,
    "Name": Text(100, NAME_NEVER),
    "Description": Text(4000),
    "Active": FLAG,
    "Type": Choice(("Service", "NonInventory", "Inventory", "Category", "Group")),
    "IncomeAccountRef": REF,
    "ExpenseAccountRef": REF,
    "UnitPrice": Number(),
    "Taxable": FLAG,
    "SalesTaxCodeRef": REF,
    "Sku": Text(100),
    "TrackQtyOnHand": FLAG,
    **dict.fromkeys(("FullyQualifiedName", "Level"), COMPUTED),
}
ACCOUNT_TYPES = {
    "Bank": "Asset",
    "Accounts Receivable": "Asset",
    "Other Current Asset": "Asset",
    "Fixed Asset": "Asset",
    "Other Asset": "Asset",
    "Accounts Payable": "Liability",
    "Credit Card": "Liability",
    "Other Current Liability": "Liability",
    "Long Term Liability": "Liability",
    "Equity": "Equity",
    "Income": "Revenue",
    "Other Income": "Revenue",
    "Expense": "Expense",
    "Other Expense": "Expense",
    "Cost of Goods Sold": "Expense",
}
ACCOUNT: Obj = {
    **COMMON,
    "Name": Text(100, ':"'),
    "AccountType": Choice(tuple(ACCOUNT_TYPES)),
    "AccountSubType": Text(100),
    "AcctNum": Text(20),
    "Description": Text(100),
    "Active": FLAG,
    "SubAccount": FLAG,
    "ParentRef": REF,
    "CurrencyRef": REF,
    **dict.fromkeys(
        ("Classification", "CurrentBalance", "CurrentBalanceWithSubAccounts", "FullyQualifiedName"), COMPUTED
    ),
}
SCHEMAS: dict[str, Obj] = {
    "Customer": CUSTOMER,
    "Vendor": {**PERSON, "AcctNum": Text(100), "Vendor1099": FLAG, "Balance": COMPUTED},
    "Employee": {**PERSON, "PrimaryAddr": ADDRESS, "HiredDate": DAY, "EmployeeNumber": Text(30)},
    "Item": ITEM,
    "Account": ACCOUNT,
    "PaymentMethod": {
        **COMMON,
        "Name": Text(31),
        "Type": Choice(("CREDIT_CARD", "NON_CREDIT_CARD")),
        "Active": FLAG,
    },
    "Term": {
        **COMMON,
        "Name": Text(31),
        "DueDays": Number(),
        "DiscountPercent": Number(),
        "Active": FLAG,
        "Type": COMPUTED,
    },
    "Invoice": INVOICE,
    "CreditMemo": {**SALE, "RemainingCredit": COMPUTED},
    "SalesReceipt": {**SALE, "DepositToAccountRef": REF, "PaymentMethodRef": REF, "PaymentRefNum": Text(21)},
    "Estimate": {**SALE, "ExpirationDate": DAY},
    "RefundReceipt": {**SALE, "DepositToAccountRef": REF, "PaymentMethodRef": REF, "PaymentRefNum": Text(21)},
    "Payment": PAYMENT,
    "JournalEntry": JOURNAL,
    "Deposit": DEPOSIT,
}


def clean(entity: str, body: Any) -> Obj:
    """``body`` as sent, checked; numbers come back as Decimal, computed properties are gone, null means absent.

    Raises Refusal.
    """
    if not isinstance(body, dict):
        raise Refusal("2010", "The request body must be one JSON object")
    return check(SCHEMAS[entity], body)
