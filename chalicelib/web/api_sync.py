"""The API about syncing: how it stands, who is told of it, what has to be set, and the first sync with care."""

from __future__ import annotations

from typing import Any

from chalicelib.web.answers import NotFound
from chalicelib.web.api_door import Asked, get, post, put
from chalicelib.web.door import whole


@get("/sync")
def sync_status(ask: Asked) -> Any:
    """Freshness of each feed, what waits in each queue and why, broken links, and what is parked."""
    from chalicelib.flow import health, states

    told = health.health(ask.world, ask.firm)
    ids = {name: [{"id": ask.item_id(i.key), **states.encode(i)} for i in getattr(told, name)] for name in ITEMS}
    return {**states.encode(told), **ids, "well": told.well}


ITEMS = ("broken", "parked")


@post("/sync/tries", 202)
def try_now(ask: Asked) -> dict[str, Any]:
    """What the queue owes and has a cause is due at once."""
    from chalicelib.flow import health

    health.again(ask.world, ask.firm, ask.json.text("lane"))
    return {"started": True}


@get("/first-sync")
def first_sync(ask: Asked) -> Any:
    """The plan of the first sync: how far it is, and what it comes to."""
    from chalicelib.flow import first_sync

    plan = first_sync.plan_of(ask.world, ask.firm)
    if plan is None:
        raise NotFound
    return plan


@post("/first-sync", 202)
def prepare_first_sync(ask: Asked) -> dict[str, Any]:
    from chalicelib.flow import first_sync

    first_sync.start(ask.world, ask.firm, ask.by)
    return {"started": True}


@post("/first-sync/confirm-exact")
def confirm_exact(ask: Asked) -> dict[str, Any]:
    from chalicelib.flow import first_sync

    first_sync.confirm_exact(ask.world, ask.firm)
    return {"confirmed": True}


@post("/first-sync/create-rest")
def create_rest(ask: Asked) -> dict[str, Any]:
    """Every client that is still asked about becomes a new customer."""
    from chalicelib.flow import first_sync

    first_sync.create_rest(ask.world, ask.firm)
    return {"confirmed": True}


@post("/first-sync/begin", 202)
def begin_first_sync(ask: Asked) -> dict[str, Any]:
    from chalicelib.flow import first_sync

    first_sync.begin(ask.world, ask.firm, ask.by)
    return {"started": True}


@get("/first-sync/{what}")
def first_rows(ask: Asked, what: str) -> Any:
    """One page of what would become of clients, bills or money; ``needs=yes`` only those that somebody is asked
    about."""
    from chalicelib.flow import first_plan, first_sync

    place, needs = whole(ask.query.get("page", ""), 0), ask.query.get("needs") == "yes"
    return first_sync.rows(ask.world, ask.firm, _one_of(what, first_plan.KINDS), place, needs=needs)


@post("/first-sync/{what}/answer")
def answer_first(ask: Asked, what: str) -> dict[str, Any]:
    from chalicelib.flow import first_plan, first_sync

    id = ask.json.text("id")
    kind = _one_of(what, first_plan.ANSWERED)
    first_sync.answer(ask.world, ask.firm, kind, ask.json.number("page"), id, ask.json.text("choice"))
    return {"id": id}


def _one_of(text: str, kinds: tuple[Any, ...]) -> Any:
    if text not in kinds:
        raise NotFound
    return text


@get("/preflight")
def preflight(ask: Asked) -> Any:
    """The last findings about QuickBooks' settings; 404 before the first."""
    from chalicelib.flow import preflight

    report = preflight.report(ask.world, ask.firm)
    if report is None:
        raise NotFound
    return report


@post("/preflights", 202)
def check_preflight(ask: Asked) -> dict[str, Any]:
    from chalicelib.flow import preflight

    preflight.start(ask.world, ask.firm)
    return {"started": True}


@get("/digest")
def digest(ask: Asked) -> Any:
    """The daily digest: to whom, what it tells, and what became of the last one."""
    from chalicelib.flow import digesting

    return digesting.shown(ask.world, ask.firm)


@put("/digest")
def set_digest(ask: Asked) -> Any:
    """What is left out stays as it is."""
    from chalicelib.flow import digesting

    now = digesting.shown(ask.world, ask.firm)
    to, which = ask.json.text("to", now.to), ask.json.text("which", now.which)
    digesting.choose(ask.world, ask.firm, on=ask.json.flag("on"), to=to, which=which, by=ask.by)
    return digesting.shown(ask.world, ask.firm)
