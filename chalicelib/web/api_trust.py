"""Trust in the JSON API: accounts, ledgers, reconciliations, as the pages have them. Documented in openapi.json."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from chalicelib.errors import Unreadable
from chalicelib.web.api_door import Asked, Body, found, get, post, put

if TYPE_CHECKING:
    from chalicelib.domain.statement import Outstanding

HERE = "/trust/accounts/{account}"


@get("/trust")
def overview(ask: Asked) -> Any:
    from chalicelib.flow import states, trust_views

    shown = trust_views.overview(ask.world, ask.firm)
    rows = [{**states.encode(r), "agrees": r.agrees} for r in shown.accounts]
    return {**states.encode(shown), "accounts": rows}


@post("/trust/checks", 202)
def check(ask: Asked) -> dict[str, Any]:
    from chalicelib.flow import trust_check

    trust_check.start(ask.world, ask.firm)
    return {"started": True}


@get("/trust/settings")
def settings(ask: Asked) -> Any:
    """What can be chosen, and what is chosen or proposed. A call to Clio and one to QuickBooks."""
    from chalicelib.flow import trust_setup

    return trust_setup.choices(ask.world, ask.firm)


@put("/trust/settings")
def choose(ask: Asked) -> Any:
    from chalicelib.flow import trust_setup

    banks = {b.text("account"): b.text("book") for b in ask.json.objects("banks")}
    trust_setup.choose(
        ask.world,
        ask.firm,
        banks,
        ask.json.text("liability"),
        ask.by,
        sub_accounts=ask.json.flag("sub_accounts"),
        start_on=_day(ask.json.text("start_on", "")),
        apart=ask.json.texts("apart") if "apart" in ask.json.names else (),
    )
    return trust_setup.choices(ask.world, ask.firm)


@get(HERE + "/ledgers")
def ledgers(ask: Asked, account: str) -> Any:
    from chalicelib.flow import trust_views

    page = found(lambda: trust_views.clients(ask.world, ask.firm, account, ask.cursor, ask.size))
    return {"items": list(page.rows), "next": page.next}


@get(HERE + "/ledgers/{client}")
def ledger(ask: Asked, account: str, client: str) -> Any:
    from chalicelib.flow import trust_views

    page = found(lambda: trust_views.ledger(ask.world, ask.firm, account, client, ask.cursor, ask.size))
    return {"ledger": page.row, "matters": list(page.matters), "items": list(page.entries), "next": page.next}


@get(HERE + "/reconciliations")
def months(ask: Asked, account: str) -> Any:
    """The months that are over, two years back at most, and those that were reconciled before."""
    from chalicelib.flow import trust_views

    return {"items": list(found(lambda: trust_views.months(ask.world, ask.firm, account))), "next": None}


@get(HERE + "/reconciliations/{month}")
def month(ask: Asked, account: str, month: str) -> Any:
    return _shown(ask, account, month)


@put(HERE + "/reconciliations/{month}")
def enter(ask: Asked, account: str, month: str) -> Any:
    """The bank statement as a person reads it off, with what has cleared of what the last sign-off hands on."""
    from chalicelib.flow import trust_report

    _shown(ask, account, month)
    trust_report.enter(
        ask.world,
        ask.firm,
        account,
        month,
        ask.by,
        ending=ask.json.number("ending"),
        deposits=[_item(i) for i in ask.json.objects("deposits")],
        checks=[_item(i) for i in ask.json.objects("checks")],
        note=ask.json.text("note", "")[:2000],
        cleared_deposits=_items(ask, "cleared_deposits"),
        cleared_checks=_items(ask, "cleared_checks"),
    )
    return _shown(ask, account, month)


@post(HERE + "/reconciliations/{month}/sign")
def sign(ask: Asked, account: str, month: str) -> Any:
    from chalicelib.flow import trust_report

    _shown(ask, account, month)
    trust_report.sign(ask.world, ask.firm, account, month, ask.by, ask.json.text("mark", ""))
    return _shown(ask, account, month)


@post(HERE + "/reconciliations/{month}/reopen")
def reopen(ask: Asked, account: str, month: str) -> Any:
    from chalicelib.flow import trust_report

    _shown(ask, account, month)
    trust_report.reopen(ask.world, ask.firm, account, month, ask.by)
    return _shown(ask, account, month)


@get(HERE + "/reconciliations/{month}/signed/{number}")
def signed_before(ask: Asked, account: str, month: str, number: str) -> Any:
    """A sign-off that was opened again later, as it was kept."""
    from chalicelib.flow import trust_report

    return _told(found(lambda: trust_report.signed_before(ask.world, ask.firm, account, month, number)))


def _shown(ask: Asked, account: str, month: str) -> Any:
    from chalicelib.flow import trust_report

    return _told(found(lambda: trust_report.three_way(ask.world, ask.firm, account, month)))


def _told(report: Any) -> Any:
    from chalicelib.flow import states

    worked_out = {name: getattr(report, name) for name in ("own", "agree", "may_sign", "mark")}
    lists = {"overdrawn": list(report.overdrawn), "clues": list(report.clues)}
    told = {**states.encode(report), **worked_out, **lists}
    del told["touched"]  # for the sign-off itself
    return told


def _items(ask: Asked, name: str) -> list[Outstanding]:
    return [_item(i) for i in ask.json.objects(name)] if name in ask.json.names else []


def _item(body: Body) -> Outstanding:
    from chalicelib.domain.statement import TEXT_LENGTH, Outstanding

    text = " ".join(body.text("text", "").split())[:TEXT_LENGTH]
    return Outstanding(_day(body.text("on", "")), text, body.number("cents"))


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as bad:
        raise Unreadable("date", text, "Give dates as 2026-03-31.") from bad
