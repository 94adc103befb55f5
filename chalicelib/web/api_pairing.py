"""The API about payments on linked QuickBooks invoices: what waits for a person's word, and the word."""

from __future__ import annotations

from typing import Any

from chalicelib.web.answers import NotFound
from chalicelib.web.api_door import Asked, delete, found, get, post


@get("/linked-payments")
def linked_payments(ask: Asked) -> Any:
    """The linked invoices whose payments nobody has compared yet, the certain ones first."""
    from chalicelib.flow import pairing_views

    return pairing_views.waiting(ask.world, ask.firm)


@post("/linked-payments")
def confirm_linked_payments(ask: Asked) -> dict[str, Any]:
    """Confirms those that are certain together."""
    from chalicelib.flow import pairing

    return {"confirmed": pairing.confirm_certain(ask.world, ask.firm, ask.by)}


@get("/linked-payments/{payable}")
def linked_payment(ask: Asked, payable: str) -> Any:
    from chalicelib.flow import pairing_views

    return found(lambda: pairing_views.one(ask.world, ask.firm, payable))


@post("/linked-payments/{payable}")
def pair_payments(ask: Asked, payable: str) -> dict[str, Any]:
    """What each payment on either side is."""
    from chalicelib.domain.pairing import Answer
    from chalicelib.flow import pairing

    pairs = tuple((x.text("quickbooks"), x.text("payment")) for x in ask.json.objects("pairs"))
    left, new = tuple(ask.json.texts("left")), tuple(ask.json.texts("new"))
    said = Answer(ask.json.text("invoice"), pairs, left, new)
    pairing.answer(ask.world, ask.firm, payable, said, ask.by)
    return {"payable": payable}


@get("/linked-payments/{payable}/answer")
def linked_payments_answer(ask: Asked, payable: str) -> Any:
    """What was said of this invoice's payments; ``open``: it can be taken back."""
    from chalicelib.flow import pairing_views

    told = pairing_views.said(ask.world, ask.firm, payable)
    if told is None:
        raise NotFound
    return told


@delete("/linked-payments/{payable}/answer")
def take_back_linked_payments(ask: Asked, payable: str) -> None:
    """Takes it back: nothing changes in QuickBooks or Clio, and the invoice is asked about again."""
    from chalicelib.flow import unpairing

    unpairing.take_back(ask.world, ask.firm, payable, ask.by)


@post("/linked-payments/{payable}/read")
def read_linked_payment(ask: Asked, payable: str) -> Any:
    """Reads the payments on the invoice again, and gives both sides."""
    from chalicelib.flow import pairing, pairing_views

    pairing.read(ask.world, ask.firm, payable)
    return found(lambda: pairing_views.one(ask.world, ask.firm, payable))
