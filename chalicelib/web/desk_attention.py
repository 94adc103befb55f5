"""What needs a person: the list, the buttons on it, and the answers about matched payments."""

from __future__ import annotations

from urllib.parse import urlencode

from chalicelib.errors import Refused
from chalicelib.web.answers import Reply
from chalicelib.web.desk_shell import back, desk, own_path, page
from chalicelib.web.door import Ask

HERE = "/desk/attention"
SAID = {"accept": "accepted", "leave": "accepted", "look": "looked"}  # after a choice about a broken link


@desk.get("/desk/attention")
def attention(ask: Ask) -> str:
    from chalicelib.flow import retrying, views

    cursor = ask.query.get("cursor") or None
    items = views.attention(ask.world, ask.firm, cursor)
    groups = retrying.groups(items.steps, more=items.next is not None)  # of this page: nothing more is read for it
    return page(
        ask,
        "attention.html",
        "attention",
        items=items,
        groups=groups,
        tries=() if cursor else retrying.runs(ask.world, ask.firm),
        first_url=HERE if cursor else "",
        next_url=f"{HERE}?{urlencode({'cursor': items.next})}" if items.next else "",
    )


@desk.post("/desk/attention")
def answer(ask: Ask) -> Reply:
    """A button on one item: try again (perhaps with a choice), say that it is done, or answer about a payment."""
    from chalicelib.flow import attention as flow

    key, do, choice = ask.one("key"), ask.one("do"), ask.one("choice")
    if not key.startswith(f"{ask.firm}/"):
        raise Refused("This is not on your list any more. Reload the page.")
    where = own_path(ask.one("back"), HERE)
    match do:
        case "retry":
            flow.retry(ask.world, ask.firm, key, ask.by, choice)
            return back(where, "retried")
        case "done":
            flow.done(ask.world, ask.firm, key, ask.by)
            return back(where, "done")
        case "take":
            _take(ask, key)
            return back(where, "taken")
        case "same" | "separate":
            return _about_payment(ask, key, do, where)
        case _:
            raise Refused("Press one of the buttons.")


@desk.get("/desk/attention/again")
def all_again(ask: Ask) -> str:
    """All that waits for one cause: how many there are, and what trying them again does."""
    from chalicelib.flow import retrying

    g = retrying.group(ask.world, ask.firm, ask.query.get("cause", ""))
    return page(ask, "again.html", "attention", g=g, back=own_path(ask.query.get("back", ""), HERE))


@desk.post("/desk/attention/again")
def try_all_again(ask: Ask) -> Reply:
    from chalicelib.flow import retrying

    retrying.start(ask.world, ask.firm, ask.one("cause"), ask.by)
    return back(own_path(ask.one("back"), HERE), "all-tried")


def _take(ask: Ask, key: str) -> None:
    """The task names the client, the field, and the side whose value was set aside."""
    from chalicelib.flow import contacts

    effect = ask.world.store.effect(key)
    if effect is None or "field" not in effect.body:
        raise Refused("This is not on your list any more. Reload the page.")
    body = effect.body
    contacts.take(ask.world, ask.firm, str(body["contact"]), str(body["field"]), str(body["side"]), ask.by)


def _about_payment(ask: Ask, key: str, do: str, where: str) -> Reply:
    """The task names the receipt and the payments that it may be."""
    from chalicelib.flow import attention as flow

    effect = ask.world.store.effect(key)
    if effect is None:
        raise Refused("This is not on your list any more. Reload the page.")
    payable, receipt = str(effect.body["payable"]), str(effect.body["receipt"])
    if do == "same":
        payments = [str(p) for p in effect.body["payments"]]
        flow.same_money(ask.world, ask.firm, payable, receipt, payments, ask.by)
        return back(where, "matched")
    flow.separate(ask.world, ask.firm, payable, receipt, ask.by)
    return back(where, "separate")


@desk.post("/desk/invoices/{payable}/undo")
def undo(ask: Ask, payable: str) -> Reply:
    from chalicelib.flow import attention as flow

    flow.undo(ask.world, ask.firm, payable, ask.one("receipt"), ask.by)
    return back(f"/desk/invoices/{payable}", "undone")


@desk.get("/desk/attention/broken")
def broken(ask: Ask) -> str:
    """What was removed or changed in QuickBooks, with every choice and what it would write."""
    return _broken(ask, ask.query.get("key", ""), own_path(ask.query.get("back", ""), HERE))


def _broken(ask: Ask, key: str, where: str, problem: str = "") -> str:
    from chalicelib.flow import broken as flow

    shown = flow.choices(ask.world, ask.firm, key)
    return page(ask, "broken.html", "attention", b=shown, problem=problem, back=where)


@desk.post("/desk/attention/broken")
def decide_broken(ask: Ask) -> Reply | str:
    """The choice is made, and the page that the person came from says so; what does not fit is said on the same
    page."""
    from chalicelib.flow import broken as flow

    key, choice, where = ask.one("key"), ask.one("choice"), own_path(ask.one("back"), HERE)
    flow.choices(ask.world, ask.firm, key)  # settled meanwhile: said on a page of its own
    try:
        flow.decide(ask.world, ask.firm, key, choice, ask.one("to"), ask.by)
    except Refused as no:
        return _broken(ask, key, where, no.reason)
    return back(where, SAID.get(choice, "decided"))
