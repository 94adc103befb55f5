"""Pages of a list: cursor and offset, limits, order, the links (reference/clio.md 2.2)."""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from . import books, filters
from .refuse import Refusal, bad_parameter
from .select import select
from .shapes import SHAPES
from .show import Teller

OFFSET_CEILING = 10_000
_BY_BILL = {"line_items", "allocations", "interest_charges", "trust_line_items"}


@dataclass(frozen=True)
class Listing:
    """One list: its rows, the words ``order`` takes (none: no such parameter), its default order and its limit."""

    kind: str
    shape: str
    orders: tuple[str, ...] = ("id",)
    default: str = "id(asc)"
    limit: int = 200


@dataclass(frozen=True)
class Place:
    """Where a page starts: after or before an id, or at an offset. ``records`` is the count found on the first page."""

    after: int | None = None
    before: int | None = None
    offset: int | None = None
    records: int | None = None

    def token(self) -> str:
        kept = {name: value for name, value in vars(self).items() if value is not None}
        return base64.urlsafe_b64encode(json.dumps(kept).encode()).decode().rstrip("=")


def place_of(args: filters.Args) -> Place:
    token = args.get("page_token")
    if token is None:
        offset = filters.as_int("offset", args["offset"]) if "offset" in args else None
        if offset is not None and offset < 0:
            raise bad_parameter("offset must not be negative")
        return Place(offset=offset)
    try:
        kept = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        place = Place(**kept)
    except (ValueError, TypeError, binascii.Error) as wrong:
        raise bad_parameter("page_token is not valid") from wrong
    if not all(value is None or (isinstance(value, int) and value >= 0) for value in vars(place).values()):
        raise bad_parameter("page_token is not valid")
    return place


def page(listing: Listing, firm: int, args: filters.Args, base_url: str, t: Teller) -> dict[str, Any]:
    """The answer to one list request. Raises Refusal (400, or 422 beyond 10,000 records by offset)."""
    dropped = tuple(t.switch("drop_fields", ()))
    asked = select(SHAPES[listing.shape], args.get("fields"), dropped)
    limit = _limit(listing, args)
    order = _order(listing, args)
    place = place_of(args)
    if place.offset is not None and place.offset >= OFFSET_CEILING:
        raise Refusal(422, "ArgumentError", "offset must be below 10000")
    conditions = filters.keeps(listing.kind, args, t)
    ids = _ids(listing, firm, args, t)
    rows = t.state.rows[listing.kind]
    if order == "id(asc)" and place.offset is None:
        chosen, back, on = _by_cursor(ids, rows, conditions, place, limit)
    else:
        chosen, back, on = _by_offset(ids, rows, conditions, place, limit, _key(order, t), order.endswith("(desc)"))
    shape = SHAPES[listing.shape]
    links = {name: _link(base_url, args, to) for name, to in (("previous", back), ("next", on)) if to}
    records = (on or back or Place()).records
    return {
        "data": [t.record(shape, row, asked) for row in chosen],
        "meta": {"paging": links, "records": len(chosen) if records is None else records},
    }


def _limit(listing: Listing, args: filters.Args) -> int:
    limit = filters.as_int("limit", args["limit"]) if "limit" in args else listing.limit
    if limit is None or not 1 <= limit <= listing.limit:
        raise bad_parameter(f"limit must be between 1 and {listing.limit}")
    return limit


def _order(listing: Listing, args: filters.Args) -> str:
    if "order" not in args or not listing.orders:
        return listing.default
    order = args["order"]
    if order not in [f"{name}({way})" for name in listing.orders for way in ("asc", "desc")]:
        raise bad_parameter(f"order must not be {order}")
    return order


def _ids(listing: Listing, firm: int, args: filters.Args, t: Teller) -> list[int]:
    """The candidates, ascending: the bill's children or the asked ids where that is less than the firm's whole list."""
    everything = t.state.ids.get((listing.kind, firm), [])
    if listing.kind == "contacts" and (hidden := t.switch("hidden_contacts", ())):
        everything = [i for i in everything if i not in hidden]
    bill = args.get("bill_id", "")
    if listing.kind in _BY_BILL and bill.isdecimal():
        held = t.state.of_bill.get((listing.kind, int(bill)), [])
        rows = t.state.rows[listing.kind]
        return [i for i in held if rows[i].firm == firm]
    wanted = filters.numbers(args, "ids")
    if wanted is not None:
        rows = t.state.rows[listing.kind]
        seen = set(everything) if listing.kind == "contacts" else rows
        return sorted(i for i in wanted if i in seen and i in rows and rows[i].firm == firm)
    return everything


Paged = tuple[list[Any], Place | None, Place | None]


def _by_cursor(ids: list[int], rows: dict[int, Any], keeps: list[filters.Keep], place: Place, limit: int) -> Paged:
    def fits(i: int) -> bool:
        row = rows[i]
        return all(keep(row) for keep in keeps)

    records = place.records
    if records is None:
        found = [i for i in ids if fits(i)]
        records = len(found)
        ids = found
    picked: list[int] = []
    if place.before is not None:
        at = bisect_left(ids, place.before)
        while at > 0 and len(picked) <= limit:
            at -= 1
            if fits(ids[at]):
                picked.append(ids[at])
        earlier, more = len(picked) > limit, True
        picked = picked[:limit][::-1]
    else:
        at = bisect_right(ids, place.after) if place.after is not None else 0
        while at < len(ids) and len(picked) <= limit:
            if fits(ids[at]):
                picked.append(ids[at])
            at += 1
        earlier, more = place.after is not None, len(picked) > limit
        picked = picked[:limit]
    back = Place(before=picked[0], records=records) if earlier and picked else None
    on = Place(after=picked[-1], records=records) if more and picked else None
    return [rows[i] for i in picked], back, on


def _by_offset(
    ids: list[int],
    rows: dict[int, Any],
    keeps: list[filters.Keep],
    place: Place,
    limit: int,
    key: Callable[[Any], Any],
    down: bool,
) -> Paged:
    found = [rows[i] for i in ids if all(keep(rows[i]) for keep in keeps)]
    found.sort(key=lambda row: ((held := key(row)) is not None, held if held is not None else 0), reverse=down)
    start = place.offset or 0
    chosen = found[start : start + limit]
    back = Place(offset=max(0, start - limit), records=len(found)) if start else None
    on = Place(offset=start + limit, records=len(found)) if start + limit < len(found) else None
    return chosen, back, on


def _key(order: str, t: Teller) -> Callable[[Any], Any]:
    name = order.partition("(")[0]
    contacts, matters = t.state.rows["contacts"], t.state.rows["matters"]
    if name == "client_name":
        return lambda bill: contacts[bill.client_id].name if bill.client_id else None
    if name == "matter_display_number":
        return lambda bill: matters[bill.matters[0]].display_number if bill.matters else None
    if name == "balance":
        return books.balance
    if name == "name":
        return lambda row: row.name if hasattr(row, "name") else f"{row.first_name} {row.last_name}"
    return lambda row: getattr(row, name, None)


def _link(base_url: str, args: filters.Args, to: Place) -> str:
    sent = [(k, v) for k, v in args.items(multi=True) if k not in ("page_token", "offset")]
    return f"{base_url}?{urlencode([*sent, ('page_token', to.token())])}"
