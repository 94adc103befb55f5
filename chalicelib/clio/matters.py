"""Matters at Clio: their numbers, by id and as they change (reference/clio.md 2.2, 2.3, 7). Part of ``ClioClient``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.clio import wire
from chalicelib.clio.pieces import digits, ids, since
from chalicelib.domain.news import MatterReading
from chalicelib.domain.raw import Raw
from chalicelib.domain.readings import Access, Page

if TYPE_CHECKING:
    from chalicelib.clio.client import ClioClient

FIELDS = "id,display_number"
WITH_CLIENT = f"{FIELDS},client{{id}}"
IN_ORDER = ("order", "id(asc)")


class Matters:
    """Satisfies ``flow.ports.ClioMatters``."""

    def __init__(self, client: ClioClient) -> None:
        self.client = client

    def numbers(self, access: Access, wanted: Sequence[str]) -> dict[str, str]:
        """Display numbers by id; a matter that is not visible is absent."""
        asked = [IN_ORDER, *ids([digits(id) for id in wanted])]
        rows, _ = self.client._rows(access, "matters", asked, FIELDS, FIELDS, None)
        return {str(row["id"]): str(row.get("display_number") or "").strip() for row in rows}

    def changed(self, access: Access, *, updated_since: datetime | None, next: str | None) -> Page[MatterReading]:
        """A page of up to 200 matters that changed, in id order. Rows that cannot be understood come as Broken."""
        asked = [IN_ORDER, *since(updated_since)]
        return self.client._page(access, "matters", asked, WITH_CLIENT, WITH_CLIENT, _matter, next)


def _matter(row: Raw) -> MatterReading:
    client = row.get("client")
    client_id = str(client.get("id") or "") if isinstance(client, dict) else ""
    return MatterReading(wire.id_of(row), client_id, str(row.get("display_number") or "").strip())
