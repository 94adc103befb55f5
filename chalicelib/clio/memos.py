"""The memo of a bill at Clio: read, and changed under If-Match (reference/clio.md 2.4, 3.5). Part of ``ClioClient``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.clio.pieces import digits
from chalicelib.domain.notes import MemoOfBill
from chalicelib.domain.raw import Raw
from chalicelib.domain.readings import Access

if TYPE_CHECKING:
    from chalicelib.clio.client import ClioClient

FIELDS = "id,etag,memo,can_update"


class Memos:
    def __init__(self, client: ClioClient) -> None:
        self.client = client

    def read(self, access: Access, bill: str) -> MemoOfBill:
        """Declined("404") when the bill is not visible."""
        return _memo(self.client.one(access, f"bills/{digits(bill)}", FIELDS))

    def write(self, access: Access, bill: str, memo: str, etag: str) -> None:
        """Declined("412") when the bill moved."""
        self.client.write(access, "PATCH", f"bills/{digits(bill)}", {"memo": memo}, "id,etag", {"If-Match": etag})


def _memo(row: Raw) -> MemoOfBill:
    return MemoOfBill(str(row.get("etag") or ""), str(row.get("memo") or ""), row.get("can_update") is not False)
