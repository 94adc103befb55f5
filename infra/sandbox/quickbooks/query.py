"""Answers queries: selects, sorts, pages and projects rows as reference/quickbooks.md 2.5 says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import MAXYEAR, UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from infra.sandbox.quickbooks import books
from infra.sandbox.quickbooks.books import Obj
from infra.sandbox.quickbooks.clerk import Clerk
from infra.sandbox.quickbooks.grammar import FILTERABLE, Condition, Query, parse, parse_error, property_error

COMPUTED = ("Balance", "CurrentBalance", "FullyQualifiedName")  # at the moment of reading
DIGITS = 18  # of an id at most: no longer number is one


def run(clerk: Clerk, statement: str) -> Obj:
    """The ``QueryResponse`` of a statement: ``{}`` where nothing was found."""
    query = parse(statement)
    if query.columns is not None and not clerk.switch("column_lists", True):  # no part of the documented grammar
        raise parse_error(f"* or count(*) expected, found {query.columns[0]}")
    kinds = dict(FILTERABLE[query.entity])
    if query.entity == "Payment" and clerk.switch("payment_ref_filterable", False):
        kinds["PaymentRefNum"] = "text"
    for name in [c.name for c in query.conditions] + [o[0] for o in query.order]:
        if name not in kinds:
            raise property_error(query.entity, name, "is not queryable")
    fold = bool(clerk.switch("names_ignore_case", True))
    rows = list(_select(clerk, query, kinds, fold))
    if query.count:
        return {"totalCount": len(rows)}
    if not query.order:
        rows.sort(key=lambda row: int(row["Id"]))
    for name, descending in reversed(query.order):
        rows.sort(key=_sort_key(name, kinds[name]), reverse=descending)
    page = rows[query.start - 1 : query.start - 1 + query.most]
    if not page:
        return {}
    shown = [_projected(clerk.shown(query.entity, row), query.columns) for row in page]
    return {query.entity: shown, "startPosition": query.start, "maxResults": len(page)}


def _select(clerk: Clerk, query: Query, kinds: dict[str, str], fold: bool) -> Iterable[Obj]:
    tests = [_test(c, kinds[c.name], fold) for c in query.conditions]
    if query.entity in books.LISTS and not any(c.name == "Active" for c in query.conditions):
        tests.append(lambda row: bool(row["Active"]))
    computed = query.entity in books.LISTS and any(c.name in COMPUTED for c in query.conditions)
    for row in _candidates(clerk, query):
        if (query.entity, row["Id"]) in clerk.hidden:
            continue
        seen = clerk.shown(query.entity, row) if computed else row
        if all(test(seen) for test in tests):
            yield row


def _candidates(clerk: Clerk, query: Query) -> Iterable[Obj]:
    """The rows that may match: by index where a condition allows, else all."""
    company, entity = clerk.company, query.entity
    if entity == "CompanyInfo":
        return [company_info(clerk)]
    if entity == "Preferences":
        return [company.preferences]
    table = company.tables[entity]
    for condition in query.conditions:
        if condition.operator not in ("=", "in"):
            continue
        if condition.name == "Id":
            return [table[v] for v in dict.fromkeys(condition.values) if v in table]
        if condition.name == "DocNumber" and all(v.strip() for v in condition.values):
            held = [key for v in dict.fromkeys(condition.values) for key in company.numbers.get(v, [])]
            return [table[ident] for kind, ident in held if kind == entity]
        if condition.name == "CustomerRef":
            ids = [i for v in dict.fromkeys(condition.values) for i in company.of_customer.get((entity, v), {})]
            return [table[i] for i in ids]
        if condition.name == "DisplayName":
            return _named(clerk, entity, condition.values)
    for condition in query.conditions:
        if condition.name == "MetaData.LastUpdatedTime" and condition.operator in (">", ">="):
            # Stamps are whole seconds, the order of changes is finer: begin a second earlier.
            since = _instant(condition.values[0]) - timedelta(seconds=1)
            return [table[i] for (kind, i), _ in company.changed_since(since) if kind == entity and i in table]
    return table.values()


def _named(clerk: Clerk, entity: str, names: list[str]) -> list[Obj]:
    """Who is called so, or is shown as "… (deleted)"."""
    found: dict[str, Obj] = {}
    for name in names:
        for text in (name, name.removesuffix(books.SUFFIX)):
            for kind, ident in clerk.company.names.get(text.casefold(), {}).values():
                if kind == entity:
                    found[ident] = clerk.company.tables[entity][ident]
    return list(found.values())


def company_info(clerk: Clerk) -> Obj:
    company = clerk.company
    return {
        "CompanyName": company.name,
        "LegalName": company.legal_name or company.name,
        "Country": "US",
        "Email": {"Address": company.email},
        "FiscalYearStartMonth": "January",
        "DefaultTimeZone": company.zone,
        "SupportedLanguages": "en",
        "NameValue": [{"Name": "OfferingSku", "Value": "QuickBooks Online Plus"}],
        "domain": "QBO",
        "sparse": False,
        "Id": "1",
        "SyncToken": "0",
        "MetaData": company.preferences["MetaData"],
    }


def _get(row: Obj, name: str, kind: str) -> Any:
    first, _, rest = name.partition(".")
    value = row.get(first)
    if rest:
        value = value.get(rest) if value else None
    if kind == "ref":
        return value["value"] if value else None
    if kind == "mail":
        return value.get("Address") if value else None
    return value


def _reader(kind: str, fold: bool) -> Callable[[Any], Any]:
    """Turns a stored value, or the text of the statement, into something that compares."""
    if kind == "number":
        return _decimal
    if kind == "id":
        return lambda v: int(v) if str(v).isdecimal() and len(str(v)) <= DIGITS else -1
    if kind == "time":
        return _instant
    if kind == "bool":
        return lambda v: str(v).lower()
    if kind in ("text", "mail") and fold:
        return lambda v: str(v).casefold()
    return str


def _decimal(value: Any) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise parse_error(f"{value!r} is not a number")
    return number


def _instant(value: Any) -> datetime:
    try:
        at = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        raise parse_error(f"{value!r} is not a time") from None
    if not 1 < at.year < MAXYEAR:
        raise parse_error(f"{value!r} is not a time of this world")
    return at if at.tzinfo else at.replace(tzinfo=books.PACIFIC).astimezone(UTC)


def _test(condition: Condition, kind: str, fold: bool) -> Callable[[Obj], bool]:
    name, operator = condition.name, condition.operator
    if operator == "like":
        return _like(name, kind, condition.values[0])
    null = any(v == " " for v in condition.values)
    read = _reader(kind, fold)
    values = [read(v) for v in condition.values if v != " "]
    compare = COMPARE[operator]

    def test(row: Obj) -> bool:
        value = _get(row, name, kind)
        if value is None or value == "":
            return null and operator in ("=", "in")
        return bool(values) and compare(read(value), values)

    return test


COMPARE: dict[str, Callable[[Any, list[Any]], bool]] = {
    "=": lambda value, given: value == given[0],
    "in": lambda value, given: value in given,
    "<": lambda value, given: value < given[0],
    ">": lambda value, given: value > given[0],
    "<=": lambda value, given: value <= given[0],
    ">=": lambda value, given: value >= given[0],
}


def _like(name: str, kind: str, pattern: str) -> Callable[[Obj], bool]:
    """``%`` stands for any text; nothing else is special."""
    shape = re.compile(".*".join(re.escape(part) for part in pattern.split("%")), re.IGNORECASE | re.DOTALL)
    return lambda row: bool(shape.fullmatch(str(_get(row, name, kind) or "")))


def _sort_key(name: str, kind: str) -> Callable[[Obj], Any]:
    """Text sorts as text: "999" comes after "1000" (2.5). Missing values first."""
    read = _reader(kind, True)

    def key(row: Obj) -> Any:
        value = _get(row, name, kind)
        return (0, 0) if value is None else (1, read(value))

    return key


def _projected(row: Obj, columns: list[str] | None) -> Obj:
    if columns is None:
        return row
    done: Obj = {"domain": "QBO", "sparse": True}
    for column in columns:
        first, _, rest = column.partition(".")
        value = row.get(first)
        if value is None:
            continue
        if rest:
            done.setdefault(first, {})[rest] = value.get(rest)
        else:
            done[first] = value
    return done
