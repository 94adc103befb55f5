"""The first sync with care: what would be written, what a person is asked, and the button that begins it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from chalicelib.errors import Refused
from chalicelib.web.answers import Reply
from chalicelib.web.desk_shell import back, desk, own_path, page
from chalicelib.web.door import Ask, whole

if TYPE_CHECKING:
    from chalicelib.flow import first_plan

HERE = "/desk/first"
KINDS = (("clients", "Clients"), ("bills", "Bills"))  # a person is asked about these
MONEY = (("payments", "Payments"), ("credits", "Credit notes"), ("trust", "Trust transactions"))


@desk.get("/desk/first")
def first(ask: Ask) -> str:
    """``show``: one of the lists; ``only=needs``: those that a person is asked about; ``page`` counts from 0."""
    return _first(ask)


def _first(ask: Ask, problem: str = "") -> str:
    from chalicelib.flow import first_sync

    plan = first_sync.plan_of(ask.world, ask.firm)
    show = ask.query.get("show", "")
    show = show if show in dict((*KINDS, *MONEY)) else "clients"
    only, at = ask.query.get("only") == "needs" and show in dict(KINDS), ask.query.get("page", "0")
    place = whole(at, 0)
    what = cast("first_plan.What", show)
    rows = first_sync.rows(ask.world, ask.firm, what, place, needs=only) if plan else None
    plan = first_sync.plan_of(ask.world, ask.firm) if rows and only and not rows.rows else plan  # nobody is asked now
    here = f"{HERE}?show={show}{'&only=needs' if only else ''}"
    return page(
        ask,
        "first.html",
        "sync",
        plan=plan,
        show=show,
        only=only,
        kinds=KINDS,
        money=MONEY,
        rows=rows,
        here=f"{here}&page={rows.page if rows else 0}",
        first_url=here if rows and rows.page else "",
        next_url=f"{here}&page={rows.next}" if rows and rows.next is not None else "",
        problem=problem,
    )


@desk.post("/desk/first", who="owner")
def act(ask: Ask) -> Reply | str:
    """An answer about one row, a confirmation of many, reading anew, or beginning."""
    from chalicelib.flow import first_sync

    do, show = ask.one("do"), "bills" if ask.one("show") == "bills" else "clients"
    what = cast("first_plan.What", show)
    where = own_path(ask.one("back"), HERE)
    try:
        match do:
            case "exact":
                first_sync.confirm_exact(ask.world, ask.firm)
            case "rest":
                first_sync.create_rest(ask.world, ask.firm)
            case "read":
                first_sync.start(ask.world, ask.firm, ask.by)
            case "begin":
                first_sync.begin(ask.world, ask.firm, ask.by)
            case _:
                at = ask.one("page")
                first_sync.answer(ask.world, ask.firm, what, whole(at), ask.one("row"), do)
    except Refused as no:
        return _first(ask, no.reason)
    return back(where)
