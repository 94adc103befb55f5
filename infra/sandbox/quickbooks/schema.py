"""Which properties each entity takes, and how a body is checked against them, strictly.

An unknown property is refused (2010), as are wrong lengths (2050), numbers (2090), choices (2170) and e-mail addresses
(2210). Properties that QuickBooks computes are accepted and ignored. Source: reference/quickbooks.md 3.2, 3.4, 4.1-4.7
and the property names of the public API reference.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from infra.sandbox.quickbooks.faults import Refusal, missing

Obj = dict[str, Any]


@dataclass(frozen=True)
class Text:
    """A string of at most ``most`` characters; ``never`` are characters that it must not hold."""

    most: int = 4000
    never: str = ""


@dataclass(frozen=True)
class Number:
    """A number; ``places`` decimal places at most, 10 digits before the point where places is 5 (3.4)."""

    places: int = 12


@dataclass(frozen=True)
class Choice:
    of: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    of: dict[str, Any]


@dataclass(frozen=True)
class Many:
    of: Any


class Flag: ...


class Day: ...


class Email: ...


class Ref: ...


class Computed:
    """Accepted and ignored: QuickBooks sets it itself."""


FLAG, DAY, EMAIL, REF, COMPUTED = Flag(), Day(), Email(), Ref(), Computed()
NAME_NEVER = ":\t\n\r"

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
    }
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
        "LinkedTxn": COMPUTED,
        "CustomExtensions": COMPUTED,
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
                "JournalEntryLineDetail": Group(
                    {
                        "PostingType": Choice(("Debit", "Credit")),
                        "AccountRef": REF,
                        "Entity": Group({"Type": Choice(("Customer", "Vendor", "Employee")), "EntityRef": REF}),
                        "ClassRef": REF,
                        "DepartmentRef": REF,
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
    return _group(SCHEMAS[entity], body)


def _group(spec: Obj, body: Obj) -> Obj:
    done: Obj = {}
    for name, value in body.items():
        kind = spec.get(name)
        if kind is None:
            said = f"Property Name:{name} specified is unsupported or invalid"
            raise Refusal("2010", said, element=name)
        if kind is COMPUTED:
            continue
        done[name] = None if value is None else CHECKS[type(kind)](kind, value, name)
    return done


def _text(kind: Text, value: Any, name: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise Refusal("2010", f"Property Name:{name} must be a string", element=name)
    text = str(value)
    if len(text) > kind.most:
        said = f"Min:0 Max:{kind.most} supported. Supplied length:{len(text)} for {name}"
        raise Refusal("2050", said, element=name)
    bad = [c for c in kind.never if c in text]
    if bad:
        # Intuit's list of forbidden characters has no code of its own in the reference (4.1).
        raise Refusal("2040", f"{name} holds a character that is not supported: {bad[0]!r}", element=name)
    return text


def _number(kind: Number, value: Any, name: str) -> Decimal:
    if isinstance(value, bool):
        raise Refusal("2090", f"{name} is not a number", element=name)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise Refusal("2090", f"{name} is not a number", element=name) from None
    exponent = number.normalize().as_tuple().exponent
    if not isinstance(exponent, int) or -exponent > kind.places or (kind.places == 5 and abs(number) >= 10**10):
        raise Refusal("2090", f"{name} is out of range or has too many decimal places", element=name)
    return number


def _flag(_: Flag, value: Any, name: str) -> bool:
    if value in (True, False):
        return bool(value)
    if value in ("true", "false"):
        return bool(value == "true")
    raise Refusal("2010", f"{name} must be true or false", element=name)


def _day(_: Day, value: Any, name: str) -> str:
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        raise Refusal("2090", f"{name} is not a date (YYYY-MM-DD)", element=name) from None


def _email(_: Email, value: Any, name: str) -> str:
    text = str(value)
    if len(text) > 100:
        raise Refusal("2050", f"Min:0 Max:100 supported. Supplied length:{len(text)} for {name}", element=name)
    if not re.fullmatch(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+", text):
        raise Refusal("2210", f"Email Address {text!r} does not conform to RFC 822", element=name)
    return text


def _ref(_: Ref, value: Any, name: str) -> Obj:
    if not isinstance(value, dict):
        raise Refusal("2010", f"{name} must be an object with a value", element=name)
    for key in value:
        if key not in ("value", "name", "type"):
            raise Refusal("2010", f"Property Name:{key} specified is unsupported or invalid", element=key)
    if not value.get("value"):
        raise missing(name)
    return {"value": str(value["value"]), **({"name": str(value["name"])} if value.get("name") else {})}


def _choice(kind: Choice, value: Any, name: str) -> str:
    if value not in kind.of:
        raise Refusal("2170", f"{name} : {value} is not one of {', '.join(kind.of)}", element=name)
    return str(value)


def _many(kind: Many, value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise Refusal("2010", f"{name} must be a list", element=name)
    return [CHECKS[type(kind.of)](kind.of, one, name) for one in value]


def _subgroup(kind: Group, value: Any, name: str) -> Obj:
    if not isinstance(value, dict):
        raise Refusal("2010", f"{name} must be an object", element=name)
    return {k: v for k, v in _group(kind.of, value).items() if v is not None}


CHECKS: dict[type, Callable[[Any, Any, str], Any]] = {
    Text: _text,
    Number: _number,
    Flag: _flag,
    Day: _day,
    Email: _email,
    Ref: _ref,
    Choice: _choice,
    Many: _many,
    Group: _subgroup,
}
