"""The text of queries in QuickBooks' language, which only reads (reference/quickbooks.md 2.5). Pure.

Values in ``where`` were quoted by ``wire.quoted``.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.quickbooks import wire

MAX_ROWS = 1000  # 2.5
ANY = "Active in (true, false)"  # name lists show only active rows otherwise (2.5)
IDS_AT_ONCE = 200  # in one query: a GET stays a short line
QUERIES_AT_ONCE = 30  # in one batch (2.6)
COMPARED = "Id, SyncToken, DocNumber, TxnDate, DueDate, CustomerRef, TotalAmt, Balance, PrivateNote"  # of an invoice


def select(entity: str, where: str, what: str = "*") -> str:
    return f"select {what} from {entity} where {where} maxresults {MAX_ROWS}"  # noqa: S608


def page(entity: str, where: str, start: int = 1, what: str = "*", size: int = MAX_ROWS) -> str:
    """As ``select``, in an order that pages keep."""
    place = f"orderby Id startposition {start} maxresults {min(size, MAX_ROWS)}"
    return f"select {what} from {entity} where {where} {place}"  # noqa: S608


def by_id(entity: str, ids: Sequence[str], more: str = "", what: str = "*") -> list[str]:
    """As many queries as these ids take. Raises ValueError for more than one batch holds."""
    if len(ids) > IDS_AT_ONCE * QUERIES_AT_ONCE:
        raise ValueError(f"at most {IDS_AT_ONCE * QUERIES_AT_ONCE} ids at once")
    parts = [ids[n : n + IDS_AT_ONCE] for n in range(0, len(ids), IDS_AT_ONCE)]
    return [select(entity, f"Id in {wire.among(some)}{more}", what) for some in parts]
