"""Change data capture: whole objects changed since a moment, deleted ones as a stub (reference 2.7)."""

from __future__ import annotations

from datetime import datetime, timedelta

from infra.sandbox.quickbooks import books
from infra.sandbox.quickbooks.books import Key, Obj
from infra.sandbox.quickbooks.clerk import Clerk
from infra.sandbox.quickbooks.faults import Refusal, missing

MOST_OBJECTS = 1000
LOOK_BACK = timedelta(days=30)


def run(clerk: Clerk, entities: str, changed_since: str) -> Obj:
    """At most 1000 objects over all entities together, and no paging: a full answer may be cut off."""
    wanted = [e.strip() for e in entities.split(",") if e.strip()]
    if not wanted:
        raise missing("entities")
    for entity in wanted:
        if entity not in books.ENTITIES:
            raise Refusal("4001", f"Invalid query : change data capture does not know {entity}", element=entity)
    since = _moment(changed_since)
    if clerk.now - since > LOOK_BACK:
        raise Refusal("4001", "Invalid query : changedSince may be at most 30 days ago", element="changedSince")
    groups: dict[str, list[Obj]] = {entity: [] for entity in wanted}
    count = 0
    for (entity, ident), at in clerk.company.changed_since(since):
        if entity not in groups:
            continue
        if count == int(clerk.switch("cdc_cap", MOST_OBJECTS)):
            clerk.box.note("cdc_cut_off")
            break
        groups[entity].append(_shown(clerk, (entity, ident), at))
        count += 1
    found = [_page(entity, rows) for entity, rows in groups.items()]
    return {"CDCResponse": [{"QueryResponse": found}]}


def _page(entity: str, rows: list[Obj]) -> Obj:
    return {entity: rows, "startPosition": 1, "maxResults": len(rows)} if rows else {}


def _shown(clerk: Clerk, key: Key, at: datetime) -> Obj:
    entity, ident = key
    obj = clerk.company.get(entity, ident)
    if obj is None:
        return {"domain": "QBO", "status": "Deleted", "Id": ident, "MetaData": {"LastUpdatedTime": books.stamp(at)}}
    return clerk.shown(entity, obj)


def _moment(text: str) -> datetime:
    if not text:
        raise missing("changedSince")
    try:
        # A plus sign that was not URL-encoded arrives as a blank.
        at = datetime.fromisoformat(text.replace(" ", "+").replace("Z", "+00:00"))
    except ValueError:
        raise Refusal("4001", f"Invalid query : changedSince {text!r} is not a time", element="changedSince") from None
    return at if at.tzinfo else at.replace(tzinfo=books.PACIFIC)
