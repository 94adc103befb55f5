"""Which rows a list holds: the filters of each list (reference/clio.md 2.3, 3.3, 4 to 7).

Unknown parameters do nothing: a misspelt name silently returns everything, as at Clio. A known parameter whose value
cannot be read is a 400. Clio's own that nothing stands behind here do nothing either; the contract test lists them.
"""

# ruff: noqa: ARG001, ARG005 - tables of functions that all take the same arguments
from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from string import ascii_uppercase
from typing import Any

from werkzeug.datastructures import MultiDict

from . import books
from .refuse import bad_parameter
from .show import Teller, activity_of, currency, emails_of

Args = MultiDict[str, str]
Keep = Callable[[Any], bool]
Make = Callable[[Teller, Any], Keep]
Read = Callable[[str, str], Any]


def as_int(name: str, text: str) -> int | None:
    """An id; the keyword ``null`` is None."""
    if text == "null":
        return None
    if not re.fullmatch("-?[0-9]{1,19}", text):
        raise bad_parameter(f"{name} must be an integer")
    return int(text)


def as_day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as wrong:
        raise bad_parameter(f"{name} must be an ISO-8601 date") from wrong


def as_instant(name: str, text: str) -> datetime:
    """An ISO-8601 date-time; one without an offset is taken as UTC (our choice)."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise bad_parameter(f"{name} must be an ISO-8601 timestamp") from wrong
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def as_flag(name: str, text: str) -> bool:
    if text not in ("true", "false", "1", "0"):
        raise bad_parameter(f"{name} must be true or false")
    return text in ("true", "1")


def as_text(name: str, text: str) -> str:
    return text


def one_of(*words: str) -> Read:
    def read(name: str, text: str) -> str:
        if text not in words:
            raise bad_parameter(f"{name} must be one of {', '.join(words)}")
        return text

    return read


def since(attribute: str) -> Make:
    """Records *after* the instant; inclusive only under the switch ``since_inclusive`` (10.3)."""

    def make(t: Teller, at: Any) -> Keep:
        if t.switch("since_inclusive", False):
            return lambda row: bool(getattr(row, attribute) >= at)
        return lambda row: bool(getattr(row, attribute) > at)

    return make


def same(attribute: str) -> Make:
    return lambda t, value: lambda row: bool(getattr(row, attribute) == value)


def _day(row: Any, attribute: str) -> date | None:
    held = getattr(row, attribute)
    return held.date() if isinstance(held, datetime) else held


def after(attribute: str) -> Make:
    return lambda t, value: lambda row: bool((held := _day(row, attribute)) and held > value)


def before(attribute: str) -> Make:
    return lambda t, value: lambda row: bool((held := _day(row, attribute)) and held < value)


def among_matters(t: Teller, matter: Any) -> Keep:
    return lambda bill: matter in bill.matters if matter else not bill.matters


def by_attorney(t: Teller, user: Any) -> Keep:
    matters = t.state.rows["matters"]
    return lambda bill: any(matters[m].responsible_attorney == user for m in bill.matters)


def in_currency(t: Teller, wanted: Any) -> Keep:
    return lambda row: bool(currency(t, row)["id"] == wanted)


def by_initial(t: Teller, letter: Any) -> Keep:
    """By what a list of names is sorted under: a person's last name, a company's name (7)."""
    return lambda row: (row.last_name or row.name).casefold().startswith(letter.casefold())


def by_activity(t: Teller, wanted: Any) -> Keep:
    return lambda row: activity_of(row) == wanted


def by_bill_kind(t: Teller, wanted: Any) -> Keep:
    """``trust`` is trust_kind; ``revenue`` every other kind, whatever its name (3.3)."""
    return lambda bill: (bill.kind == books.TRUST) == (wanted == "trust")


def overdue(t: Teller, wanted: Any) -> Keep:
    return lambda bill: not wanted or books.overdue(bill, t.today)


def by_payment_status(t: Teller, wanted: Any) -> Keep:
    return overdue(t, wanted == "overdue")


def by_parent_type(t: Teller, word: Any) -> Keep:
    """``Payment`` or ``CreditMemo``; refused under ``parent_type_words`` false, as the document says integer (10.4)."""
    if not t.switch("parent_type_words", True):
        raise bad_parameter("parent_type must be an integer")
    return lambda row: bool(row.parent_type == word)


def valid(t: Teller, wanted: Any) -> Keep:
    return lambda row: (row.voided_at is None) == (wanted == "valid")


def account_type(t: Teller, wanted: Any) -> Keep:
    """The filter's words differ from the answer's (9.4)."""
    return lambda row: bool(f"{row.type}Account" == wanted)


def account_status(t: Teller, wanted: Any) -> Keep:
    return lambda row: bool(row.closed == (wanted == "closed"))


def matter_status(t: Teller, words: Any) -> Keep:
    wanted = set(words.split(","))
    if not wanted <= {"open", "closed", "pending"}:
        raise bad_parameter("status must be open, closed or pending")
    return lambda row: row.status.lower() in wanted


def contact_query(t: Teller, text: Any) -> Keep:
    sought = text.lower()
    return lambda row: any(sought in held.lower() for held in (row.name, *emails_of(row)))


def has_email(t: Teller, wanted: Any) -> Keep:
    return lambda row: not wanted or bool(row.emails)


def is_client(t: Teller, wanted: Any) -> Keep:
    return lambda row: not wanted or bool(row.is_client)


def contains(*attributes: str) -> Make:
    return lambda t, text: lambda row: any(text.lower() in str(getattr(row, a) or "").lower() for a in attributes)


def displayed(t: Teller, wanted: Any) -> Keep:
    return lambda row: not wanted or bool(row.displayed)


def role(t: Teller, wanted: Any) -> Keep:
    return lambda row: wanted in row.roles


_STATES = one_of("draft", "awaiting_approval", "awaiting_payment", "paid", "void", "deleted")
COMMON: dict[str, tuple[Read, Make]] = {
    "updated_since": (as_instant, since("updated_at")),
    "created_since": (as_instant, since("created_at")),
}
FILTERS: dict[str, dict[str, tuple[Read, Make]]] = {
    "bills": {
        "state": (_STATES, same("state")),
        "status": (one_of("all", "overdue"), by_payment_status),
        "overdue_only": (as_flag, overdue),
        "type": (one_of("revenue", "trust"), by_bill_kind),
        "client_id": (as_int, same("client_id")),
        "matter_id": (as_int, among_matters),
        "responsible_attorney_id": (as_int, by_attorney),
        "originating_attorney_id": (as_int, by_attorney),
        "bill_number": (as_text, same("number")),
        "query": (as_text, contains("number")),
        "due_at": (as_day, same("due_at")),
        "due_after": (as_day, after("due_at")),
        "due_before": (as_day, before("due_at")),
        "issued_after": (as_day, after("issued_at")),
        "issued_before": (as_day, before("issued_at")),
        "last_sent_start_date": (as_day, after("last_sent_at")),
        "last_sent_end_date": (as_day, before("last_sent_at")),
        "currency_id": (as_int, in_currency),
    },
    "allocations": {
        "bill_id": (as_int, same("bill")),
        "contact_id": (as_int, same("contact")),
        "matter_id": (as_int, same("matter")),
        "parent_id": (as_int, same("parent_id")),
        "parent_type": (as_text, by_parent_type),
        "status": (one_of("valid", "invalid"), valid),
    },
    "line_items": {
        "bill_id": (as_int, same("bill")),
        "matter_id": (as_int, same("matter")),
        "activity_id": (as_int, by_activity),
        "kind": (as_text, same("kind")),
        "display": (as_flag, displayed),
        "query": (as_text, contains("note", "description")),
        "group_ordering": (as_int, same("group_ordering")),
    },
    "credit_memos": {"contact_id": (as_int, same("contact"))},
    "contacts": {
        "type": (one_of("Company", "Person"), same("type")),
        "client_only": (as_flag, is_client),
        "email_only": (as_flag, has_email),
        "query": (as_text, contact_query),
        "initial": (one_of(*ascii_uppercase), by_initial),
    },
    "matters": {
        "client_id": (as_int, same("client_id")),
        "status": (as_text, matter_status),
        "responsible_attorney_id": (as_int, same("responsible_attorney")),
        "originating_attorney_id": (as_int, same("responsible_attorney")),
        "currency_id": (as_int, in_currency),
        "query": (as_text, contains("display_number", "number", "description")),
    },
    "users": {
        "enabled": (as_flag, same("enabled")),
        "role": (one_of("admin", "accounts", "billing", "reports"), role),
    },
    "bank_accounts": {
        "type": (one_of("OperatingAccount", "TrustAccount"), account_type),
        "status": (one_of("opened", "closed"), account_status),
    },
    "bank_transactions": {
        "bank_account_id": (as_int, same("bank_account_id")),
        "client_id": (as_int, same("client")),
        "matter_id": (as_int, same("matter")),
        "type": (one_of("asset", "liability"), same("type")),
    },
    "interest_charges": {"bill_id": (as_int, same("bill"))},
    "trust_line_items": {"bill_id": (as_int, same("bill")), "matter_id": (as_int, same("matter"))},
}


def numbers(args: Args, name: str) -> set[int] | None:
    """The ids of ``name[]``; None where none was sent."""
    sent = args.getlist(f"{name}[]")
    return {as_int(name, text) or 0 for text in sent} if sent else None


def keeps(kind: str, args: Args, t: Teller) -> list[Keep]:
    """The conditions a row of ``kind`` must meet. Raises Refusal(400) for a value that cannot be read."""
    conditions: list[Keep] = []
    for name, (read, make) in {**COMMON, **FILTERS.get(kind, {})}.items():
        if name in args:
            conditions.append(make(t, read(name, args[name])))
    if (wanted := numbers(args, "ids")) is not None:
        conditions.append(lambda row: row.id in wanted)
    if (unwanted := numbers(args, "exclude_ids")) is not None:
        conditions.append(lambda row: row.id not in unwanted)
    if kind == "bills":
        conditions += _plain_list(args, t)
    return conditions


def _plain_list(args: Args, t: Teller) -> list[Keep]:
    """Without ``state``, void and deleted bills stay away unless switched (10.3); asked for by id they are told."""
    if "state" in args or t.switch("plain_list_has_removed", False):
        return []
    if "ids[]" in args and t.switch("ids_list_has_removed", True):
        return []
    return [lambda bill: bill.state not in books.REMOVED]
