"""The client's pages behind a pay link. A GET changes nothing, because mail scanners follow links; Pay is a POST.

An unknown or revoked link gets one calm page that hints at nothing: not at the firm, nor at whether it ever worked.
"""

from __future__ import annotations

from typing import Any

from chalicelib.domain.money import show
from chalicelib.errors import Refused
from chalicelib.web.answers import Reply, go
from chalicelib.web.door import Ask, Door, whole

pay = Door("pay", who="anyone")

CHOSEN_AT_MOST = 10


@pay.get("/pay/{token}", forms_to="pay")
def owed(ask: Ask, token: str) -> Reply | str:
    """What is owed, for what, by when, how to pay, how to ask."""
    return _page(ask, token)


@pay.post("/pay/{token}", forms_to="pay")
def begin(ask: Ask, token: str) -> Reply | str:
    """Pay: the chosen ones at the amounts that the page showed. On to Stripe, or back with a sentence."""
    from chalicelib.flow import checkout

    chosen = [(id, whole(ask.one(f"shown-{id}"))) for id in ask.many("id")[: CHOSEN_AT_MOST + 1]]
    if not chosen:
        return _page(ask, token, problem="Tick what you want to pay, then press Pay.")
    try:
        answer = checkout.pay(ask.world, token, chosen)
    except Refused:
        return _nothing_here(ask)
    match answer.kind:
        case "go":
            return go(answer.url)
        case "wait":
            return _waiting(ask, token, chosen)
        case _:
            return _page(ask, token, problem=answer.sentence)


@pay.get("/pay/{token}/view/{payable}")
def view(ask: Ask, token: str, payable: str) -> Reply | str:
    """One invoice with its lines, fit for printing."""
    from chalicelib.flow import checkout

    try:
        bill = checkout.invoice_lines(ask.world, token, payable)
    except Refused:
        return _nothing_here(ask)
    return _render(ask, "pay_view.html", bill=bill, token=token, currency=bill.row.currency)


@pay.get("/pay/{token}/done")
def done(ask: Ask, token: str) -> Reply | str:
    """Where Stripe sends the client back to. Says only what the books say; the money shows when Stripe has told us."""
    from chalicelib.flow import checkout

    try:
        page = checkout.page(ask.world, token)
    except Refused:
        return _nothing_here(ask)
    state = "cancelled" if ask.query.get("cancelled") else _state(page)
    return _render(ask, "pay_done.html", p=page, token=token, state=state, currency=_currency(page))


def _state(page: Any) -> str:
    """paid, on_its_way, or checking while Stripe's word is not here yet."""
    main = [r for r in page.payables if r.id == page.highlighted] or list(page.payables)
    if any(r.status == "on_its_way" for r in main):
        return "on_its_way"
    if main and all(r.status in ("paid", "closed", "draft") for r in main):
        return "paid"
    return "checking"


def _page(ask: Ask, token: str, problem: str = "") -> Reply | str:
    from chalicelib.flow import checkout

    try:
        page = checkout.page(ask.world, token)
    except Refused:
        return _nothing_here(ask)
    rows = page.payables
    pots = [
        ("invoice", [r for r in rows if r.kind == "invoice"]),
        ("trust", [r for r in rows if r.kind == "trust"]),
    ]
    pots.sort(key=lambda pot: all(r.id != page.highlighted for r in pot[1]))
    html = _render(
        ask,
        "pay.html",
        p=page,
        token=token,
        pots=[(kind, group, [r for r in group if r.can_pay]) for kind, group in pots if group],
        problem=problem,
        currency=_currency(page),
    )
    return Reply(html, 422) if problem else html


def _waiting(ask: Ask, token: str, chosen: list[tuple[str, int]]) -> str:
    from chalicelib.flow import checkout

    page = checkout.page(ask.world, token)
    total = show(sum(cents for _, cents in chosen), _currency(page))
    return _render(ask, "pay_wait.html", p=page, token=token, chosen=chosen, total=total, currency=_currency(page))


def _nothing_here(ask: Ask) -> Reply:
    return Reply(_render(ask, "pay_gone.html"), 404)


def _render(ask: Ask, name: str, **context: Any) -> str:
    from chalicelib.web import pages

    return pages.render(name, **{"now": ask.world.now(), "csrf": ask.csrf, **context})


def _currency(page: Any) -> str:
    return page.payables[0].currency if page.payables else "USD"


blueprint = pay.blueprint
