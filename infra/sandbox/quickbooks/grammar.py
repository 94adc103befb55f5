"""The query language, exactly as far as reference/quickbooks.md 2.5 goes: its grammar.

``select * | count(*) | columns from Entity [where a = 'x' and ...] [orderby f [asc|desc], ...] [startposition n]
[maxresults n]``. OR, NOT, joins and unknown entities are refused with 4000, properties that cannot be filtered or
sorted with 4001 (the codes are remembered, see 6).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

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
    "SalesReceipt": SALE,
    "RefundReceipt": SALE,
    "Estimate": {k: v for k, v in SALE.items() if k != "Balance"},
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
        if kind != "number" or not text.isdecimal() or len(text) > 9:
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
    if kind == "text" or (kind == "word" and text.lower() in ("true", "false")):
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
