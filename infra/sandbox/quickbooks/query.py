"""The query language, exactly as far as reference/quickbooks.md 2.5 goes: parser, then selection.

``select * | count(*) | columns from Entity [where a = 'x' and ...] [orderby f [asc|desc], ...] [startposition n]
[maxresults n]``. OR, NOT, joins and unknown entities are refused with 4000, properties that cannot be filtered or
sorted with 4001 (the codes are remembered, see 6).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from infra.sandbox.quickbooks import books
from infra.sandbox.quickbooks.books import Obj
from infra.sandbox.quickbooks.clerk import Clerk
from infra.sandbox.quickbooks.faults import Refusal
from infra.sandbox.quickbooks.schema import SCHEMAS

MOST_ROWS = 1000
OPERATORS = ("=", "<", ">", "<=", ">=", "in", "like")
TOKEN = re.compile(r"\s*(?:('(?:[^'\\]|\\.)*')|(<=|>=|<>|!=|[=<>(),*])|([A-Za-z_][\w.]*)|(-?\d+(?:\.\d+)?))", re.S)

TIMES = {"MetaData.CreateTime": "time", "MetaData.LastUpdatedTime": "time"}
LISTED = {"Id": "id", "Active": "bool", **TIMES}
PERSON = {
    **LISTED,
    **dict.fromkeys(
        ("DisplayName", "GivenName", "MiddleName", "FamilyName", "CompanyName", "PrintOnCheckName"),
        "text",
    ),
}
DATED = {"Id": "id", "TxnDate": "text", "TotalAmt": "number", **TIMES}
SALE = {**DATED, "DocNumber": "text", "CustomerRef": "ref", "Balance": "number"}
FILTERABLE: dict[str, dict[str, str]] = {
    "Customer": {**PERSON, "FullyQualifiedName": "text", "PrimaryEmailAddr": "mail", "Balance": "number"},
    "Vendor": {**PERSON, "PrimaryEmailAddr": "mail"},
    "Employee": {**PERSON, "PrimaryEmailAddr": "mail"},
    "Item": {**LISTED, "Name": "text", "Type": "text", "FullyQualifiedName": "text", "Sku": "text"},
    "Account": {
        **LISTED,
        **dict.fromkeys(("Name", "AccountType", "AccountSubType", "Classification", "FullyQualifiedName"), "text"),
        "CurrentBalance": "number",
    },
    "PaymentMethod": {**LISTED, "Name": "text", "Type": "text"},
    "Term": {**LISTED, "Name": "text"},
    "Invoice": {**SALE, "DueDate": "text"},
    "CreditMemo": SALE,
    "RefundReceipt": SALE,
    "Payment": {**DATED, "CustomerRef": "ref"},
    "JournalEntry": {**DATED, "DocNumber": "text"},
    "Deposit": {**DATED, "DepositToAccountRef": "ref"},
    "CompanyInfo": {"Id": "id", **TIMES},
    "Preferences": {"Id": "id", **TIMES},
}
COMPUTED_COLUMNS = {"MetaData", "TotalAmt", "Balance", "LinkedTxn", "UnappliedAmt", "RemainingCredit", "CurrentBalance"}


@dataclass
class Condition:
    name: str
    operator: str
    values: list[str]


@dataclass
class Query:
    entity: str
    columns: list[str] | None = None
    count: bool = False
    conditions: list[Condition] = field(default_factory=list)
    order: list[tuple[str, bool]] = field(default_factory=list)
    """(property, descending)."""
    start: int = 1
    most: int = 100


class _Words:
    """The statement as tokens: ('text', …) is a quoted string, ('word', …), ('number', …), ('sign', …)."""

    def __init__(self, statement: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        at, text = 0, statement.strip()
        while at < len(text):
            found = TOKEN.match(text, at)
            if not found:
                raise parse_error(f"unexpected text at position {at + 1}: {text[at : at + 20]!r}")
            quoted, sign, word, number = found.groups()
            if quoted is not None:
                self.tokens.append(("text", re.sub(r"\\(.)", r"\1", quoted[1:-1], flags=re.S)))
            else:
                kind = "sign" if sign else "word" if word else "number"
                self.tokens.append((kind, sign or word or number))
            at = found.end()
            while at < len(text) and text[at].isspace():
                at += 1
        self.at = 0

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def take(self) -> tuple[str, str]:
        token = self.peek()
        self.at += 1
        return token

    def keyword(self, *words: str) -> bool:
        """Takes the next token if it is one of these words (case does not matter)."""
        kind, text = self.peek()
        if kind == "word" and text.lower() in words:
            self.at += 1
            return True
        return False

    def sign(self, sign: str) -> bool:
        if self.peek() == ("sign", sign):
            self.at += 1
            return True
        return False

    def word(self, what: str) -> str:
        kind, text = self.take()
        if kind != "word":
            raise parse_error(f"{what} expected, found {text or 'the end'!r}")
        return text

    def number(self, what: str) -> int:
        kind, text = self.take()
        if kind != "number" or not text.isdigit():
            raise parse_error(f"{what} needs a number")
        return int(text)


def parse_error(detail: str) -> Refusal:
    return Refusal("4000", f"Error parsing query : QueryParserError: {detail}")


def property_error(entity: str, name: str, why: str) -> Refusal:
    return Refusal("4001", f"Invalid query : QueryValidationError: property '{name}' of {entity} {why}", element=name)


def parse(statement: str) -> Query:
    """Raises Refusal 4000 or 4001."""
    words = _Words(statement)
    if not words.keyword("select"):
        raise parse_error("select expected")
    columns, count = _columns(words)
    if not words.keyword("from"):
        raise parse_error("from expected")
    entity = words.word("an entity")
    if entity not in FILTERABLE:
        raise Refusal("4000", f"Error parsing query : Metadata not found for entity: {entity}")
    query = Query(entity, columns, count)
    if words.keyword("where"):
        query.conditions.append(_condition(words))
        while words.keyword("and"):
            query.conditions.append(_condition(words))
    if words.keyword("orderby") or (words.keyword("order") and (words.keyword("by") or _fail("by expected"))):
        query.order.append(_order(words))
        while words.sign(","):
            query.order.append(_order(words))
    if words.keyword("startposition"):
        query.start = words.number("startposition")
    if words.keyword("maxresults"):
        query.most = words.number("maxresults")
    if words.peek()[0] != "end":
        raise parse_error(f"unexpected {words.peek()[1]!r}")
    _validate(query)
    return query


def _fail(detail: str) -> bool:
    raise parse_error(detail)


def _columns(words: _Words) -> tuple[list[str] | None, bool]:
    if words.sign("*"):
        return None, False
    first = words.word("a column")
    if first.lower() == "count" and words.sign("("):
        if not (words.sign("*") and words.sign(")")):
            raise parse_error("count(*) expected")
        return None, True
    columns = [first]
    while words.sign(","):
        columns.append(words.word("a column"))
    return columns, False


def _condition(words: _Words) -> Condition:
    if words.sign("("):
        raise parse_error("brackets around conditions are not supported")
    if words.keyword("not"):
        raise parse_error("NOT is not supported")
    name = words.word("a property")
    kind, operator = words.take()
    operator = operator.lower()
    if operator not in OPERATORS or kind not in ("sign", "word"):
        raise parse_error(f"operator expected after {name}, found {operator!r}")
    if operator != "in":
        return Condition(name, operator, [_value(words)])
    if not words.sign("("):
        raise parse_error("( expected after IN")
    values = [_value(words)]
    while words.sign(","):
        values.append(_value(words))
    if not words.sign(")"):
        raise parse_error(") expected after the values of IN")
    return Condition(name, operator, values)


def _value(words: _Words) -> str:
    kind, text = words.take()
    if kind in ("text", "number") or (kind == "word" and text.lower() in ("true", "false")):
        return text
    raise parse_error(f"a value in single quotes expected, found {text or 'the end'!r}")


def _order(words: _Words) -> tuple[str, bool]:
    name = words.word("a property")
    if words.keyword("desc"):
        return name, True
    words.keyword("asc")
    return name, False


def _validate(query: Query) -> None:
    if query.start < 1:
        raise Refusal("4001", "Invalid query : startposition begins at 1")
    if not 0 <= query.most <= MOST_ROWS:
        raise Refusal("4001", f"Invalid query : maxresults can be at most {MOST_ROWS}")
    known = SCHEMAS.get(query.entity, {})
    for column in query.columns or []:
        first = column.partition(".")[0]
        if known and first not in known and first not in COMPUTED_COLUMNS:
            raise property_error(query.entity, column, "does not exist")


# --- selection -----------------------------------------------------------------------------------------------------


def run(clerk: Clerk, statement: str) -> Obj:
    """The ``QueryResponse`` of a statement: ``{}`` where nothing was found."""
    query = parse(statement)
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
    computed = any(c.name in ("Balance", "CurrentBalance") for c in query.conditions) and query.entity in books.LISTS
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
        return lambda v: v if isinstance(v, Decimal) else Decimal(str(v))
    if kind == "id":
        return lambda v: int(v) if str(v).isdigit() else -1
    if kind == "time":
        return _instant
    if kind == "bool":
        return lambda v: str(v).lower()
    if kind in ("text", "mail") and fold:
        return lambda v: str(v).casefold()
    return str


def _instant(value: Any) -> datetime:
    try:
        at = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        raise parse_error(f"{value!r} is not a time") from None
    return at if at.tzinfo else at.replace(tzinfo=books.PACIFIC).astimezone(UTC)


def _test(condition: Condition, kind: str, fold: bool) -> Callable[[Obj], bool]:
    name, operator = condition.name, condition.operator
    if operator == "like":
        return _like(name, kind, condition.values[0])
    null = any(v == " " for v in condition.values)
    read = _reader(kind, fold)
    try:
        values = [read(v) for v in condition.values if v != " "]
    except InvalidOperation:
        raise parse_error(f"{condition.values[0]!r} is not a number") from None
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
