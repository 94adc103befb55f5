"""Payments on linked QuickBooks invoices beside Clio's: what is suggested, and what a person says each of them is."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from chalicelib.errors import Refused
from chalicelib.web.answers import Reply
from chalicelib.web.desk_shell import back, desk, page
from chalicelib.web.door import Ask

if TYPE_CHECKING:
    from chalicelib.domain.pairing import Answer

HERE = "/desk/first/payments"
LEAVE, NEW = "leave", "new"


@desk.get("/desk/first/payments")
def payments(ask: Ask) -> str:
    """``invoice``: only this one."""
    return _page(ask, ask.query.get("invoice", ""))


def _page(ask: Ask, only: str, problem: str = "", chosen: dict[str, str] | None = None) -> str:
    """``chosen``: what a person had chosen when it was refused."""
    from chalicelib.flow import pairing_views as flow

    unread = bool(only) and flow.unread(ask.world, ask.firm, only)
    told, was = flow.Waiting((), 0, more=False), None
    if not only:
        told = flow.waiting(ask.world, ask.firm)
    elif not unread:
        try:
            told = flow.Waiting((flow.one(ask.world, ask.firm, only),), 0, more=False)
        except Refused as no:
            was = flow.said(ask.world, ask.firm, only)
            problem = problem or ("" if was else no.reason)
    shown = {"told": told, "only": only, "unread": unread, "was": was, "chosen": chosen or {}}
    return page(ask, "pairing.html", "sync", problem=problem, **shown)


@desk.post("/desk/first/payments")
def act(ask: Ask) -> Reply | str:
    """An answer about one invoice, the certain ones together, or reading one again."""
    from chalicelib.flow import pairing

    only, payable = ask.one("only"), ask.one("payable")
    shown = {"invoice": only} if only else {}
    try:
        match ask.one("do"):
            case "certain":
                pairing.confirm_certain(ask.world, ask.firm, ask.by)
            case "read":
                pairing.read(ask.world, ask.firm, payable)
                return back(HERE, "read", None, **shown)
            case _:
                pairing.answer(ask.world, ask.firm, payable, _said(ask), ask.by)
    except Refused as no:
        return _page(ask, only, no.reason, _chosen(ask))
    return back(f"/desk/invoices/{quote(only, safe='')}" if only else HERE, "compared")


@desk.get("/desk/first/payments/undo")
def undo(ask: Ask) -> Reply | str:
    """What taking it back would do, before it is done."""
    from chalicelib.flow import pairing_views as flow

    payable = ask.query.get("invoice", "")
    was = flow.said(ask.world, ask.firm, payable)
    if was is None or not was.open:
        return back(HERE, invoice=payable)
    return page(ask, "pairing_undo.html", "sync", was=was)


@desk.post("/desk/first/payments/undo")
def take_back(ask: Ask) -> Reply | str:
    from chalicelib.flow import unpairing

    payable = ask.one("payable")
    try:
        unpairing.take_back(ask.world, ask.firm, payable, ask.by)
    except Refused as no:
        return _page(ask, payable, no.reason)
    return back(HERE, "unsaid", invoice=payable)


def _chosen(ask: Ask) -> dict[str, str]:
    """What was chosen: ``t-<id>`` of each payment in QuickBooks, ``o-<id>`` of each one here."""
    return {name: ask.one(name) for name in ask.form if name.startswith(("t-", "o-")) and ask.one(name)}


def _said(ask: Ask) -> Answer:
    from chalicelib.domain.pairing import Answer

    theirs = {name[2:]: value for name, value in _chosen(ask).items() if name.startswith("t-")}
    new = [name[2:] for name, value in _chosen(ask).items() if name.startswith("o-") and value == NEW]
    return Answer(
        ask.one("there"),
        tuple((id, value) for id, value in theirs.items() if value != LEAVE),
        tuple(id for id, value in theirs.items() if value == LEAVE),
        tuple(new),
    )
