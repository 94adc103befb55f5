"""Matters at Clio: their numbers, by id (reference/clio.md 2.2, 7). Part of ``ClioClient``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib.clio.pieces import digits, ids
from chalicelib.domain.readings import Access

if TYPE_CHECKING:
    from chalicelib.clio.client import ClioClient

FIELDS = "id,display_number"


class Matters:
    """Satisfies ``flow.ports.ClioMatters``."""

    def __init__(self, client: ClioClient) -> None:
        self.client = client

    def numbers(self, access: Access, wanted: Sequence[str]) -> dict[str, str]:
        """Display numbers by id; a matter that is not visible is absent."""
        asked = [("order", "id(asc)"), *ids([digits(id) for id in wanted])]
        rows, _ = self.client._rows(access, "matters", asked, FIELDS, FIELDS, None)
        return {str(row["id"]): str(row.get("display_number") or "").strip() for row in rows}
