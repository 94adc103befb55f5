"""Is syncing healthy? Sync status, and preflight: what has to be set in QuickBooks or Clio."""

from __future__ import annotations

from chalicelib.web.answers import Reply
from chalicelib.web.desk_shell import back, desk, page
from chalicelib.web.door import Ask


@desk.get("/desk/sync")
def status(ask: Ask) -> str:
    from chalicelib.flow import digesting, health

    told = digesting.shown(ask.world, ask.firm)
    return page(ask, "sync.html", "sync", h=health.health(ask.world, ask.firm), digest=told)


@desk.post("/desk/sync")
def try_now(ask: Ask) -> Reply:
    from chalicelib.flow import health

    health.again(ask.world, ask.firm, ask.one("lane"))
    return back("/desk/sync", "tried")


@desk.get("/desk/preflight")
def preflight(ask: Ask) -> str:
    from chalicelib.flow import preflight

    report = preflight.report(ask.world, ask.firm)
    return page(ask, "preflight.html", "sync", report=report, running=preflight.running(ask.world, ask.firm))


@desk.post("/desk/preflight")
def check_again(ask: Ask) -> Reply:
    from chalicelib.flow import preflight

    preflight.start(ask.world, ask.firm)
    return back("/desk/preflight")
