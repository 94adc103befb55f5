"""Lists newest first with their pages, and ``expand[]``: how objects leave the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from . import checkout, money, shapes
from .box import Box, snapshot
from .refusals import Refusal, missing
from .state import Account, Thing

# object -> field -> kind of what the id names
REFERENCES: dict[str, dict[str, tuple[str, ...]]] = {
    "checkout.session": {"payment_intent": ("payment_intent",), "customer": ("customer",)},
    "payment_intent": {"latest_charge": ("charge",), "customer": ("customer",)},
    "charge": {
        "balance_transaction": ("balance_transaction",),
        "failure_balance_transaction": ("balance_transaction",),
        "payment_intent": ("payment_intent",),
        "customer": ("customer",),
    },
    "refund": {
        "charge": ("charge",),
        "payment_intent": ("payment_intent",),
        "balance_transaction": ("balance_transaction",),
        "failure_balance_transaction": ("balance_transaction",),
    },
    "dispute": {"charge": ("charge",), "payment_intent": ("payment_intent",)},
    "balance_transaction": {"source": ("charge", "refund", "dispute", "payout")},
    "payout": {
        "balance_transaction": ("balance_transaction",),
        "failure_balance_transaction": ("balance_transaction",),
    },
}
DEEPEST = 4


def show(box: Box, account: Account, thing: Thing, expand: Iterable[str] = ()) -> Thing:
    """A copy of ``thing`` for an answer. Raises Refusal 400 for fields that cannot be expanded."""
    shown = money.show_transaction(box, thing) if thing["object"] == "balance_transaction" else snapshot(thing)
    for path in expand:
        parts = path.split(".")
        if len(parts) > DEEPEST:
            raise Refusal(
                f"You cannot expand more than {DEEPEST} levels of a property. Property: {path}", param="expand"
            )
        _expand(box, account, shown, parts, path)
    return shown


def _expand(box: Box, account: Account, shown: Thing, parts: list[str], path: str) -> None:
    name, rest = parts[0], parts[1:]
    kind = shown["object"]
    if kind == "checkout.session" and name == "line_items" and not rest:
        shown |= checkout.with_lines(account, shown)
        return
    if kind == "charge" and name == "refunds" and not rest:
        ours = [snapshot(r) for r in account.held["refund"].values() if r["charge"] == shown["id"]]
        shown["refunds"] = shapes.a_list(f"/v1/charges/{shown['id']}/refunds", ours[::-1])
        return
    kinds = REFERENCES.get(kind, {}).get(name)
    if not kinds:
        raise Refusal(
            f"This property cannot be expanded ({path}). You may want to try expanding 'data.{path}' instead.",
            param="expand",
        )
    held = shown[name]
    if isinstance(held, str):
        held = shown[name] = _lookup(box, account, kinds, held)
    if held and rest:
        _expand(box, account, held, rest, path)


def _lookup(box: Box, account: Account, kinds: tuple[str, ...], thing_id: str) -> Any:
    for kind in kinds:
        if thing_id in account.held[kind]:
            return show(box, account, account.held[kind][thing_id])
    return thing_id


def within(window: dict[str, int] | None, moment: int) -> bool:
    """Whether a time (epoch seconds) passes a ``created`` filter."""
    if not window:
        return True
    tests: dict[str, Callable[[int], bool]] = {
        "eq": lambda limit: moment == limit,
        "gt": lambda limit: moment > limit,
        "gte": lambda limit: moment >= limit,
        "lt": lambda limit: moment < limit,
        "lte": lambda limit: moment <= limit,
    }
    return all(tests[name](limit) for name, limit in window.items())


def page(
    box: Box,
    account: Account,
    things: Iterable[Thing],
    asked: Thing,
    *,
    url: str,
    keep: Callable[[Thing], bool] = lambda _t: True,
    kind: str = "object",
) -> Thing:
    """One page, newest first. ``things`` come oldest first; ``keep`` filters; cursors are ids of things in the list.

    Raises Refusal 400 for a limit outside 1..100 or two cursors, 404 for a cursor that names nothing.
    """
    limit = asked.get("limit", 10)
    if not 1 <= limit <= 100:
        raise Refusal("Invalid limit: must be between 1 and 100", code="parameter_invalid_integer", param="limit")
    if "starting_after" in asked and "ending_before" in asked:
        raise Refusal("You can't pass both starting_after and ending_before.", param="starting_after")
    rows, expand = list(things)[::-1], _below_data(asked.get("expand", []))
    if cursor := asked.get("starting_after"):
        rows = [t for t in rows[_place(rows, cursor, kind, "starting_after") + 1 :] if keep(t)]
        taken = rows[:limit]
    elif cursor := asked.get("ending_before"):
        rows = [t for t in rows[: _place(rows, cursor, kind, "ending_before")] if keep(t)]
        taken = rows[-limit:]
    else:
        rows = [t for t in rows if keep(t)]
        taken = rows[:limit]
    shown = [show(box, account, t, expand) for t in taken]
    return shapes.a_list(url, shown, has_more=len(rows) > len(taken))


def _below_data(expand: list[str]) -> list[str]:
    for path in expand:
        if not path.startswith("data."):
            raise Refusal(f"This property cannot be expanded ({path}).", param="expand")
    return [path.removeprefix("data.") for path in expand]


def _place(rows: list[Thing], cursor: str, kind: str, param: str) -> int:
    for place, row in enumerate(rows):
        if row["id"] == cursor:
            return place
    raise missing(kind, cursor, param)
