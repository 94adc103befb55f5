"""The JSON API under /api/v1: what the pages do, for programs with a bearer token. Documented in static/openapi.json.

Amounts are integer cents; instants are ISO 8601 in UTC; errors are application/problem+json; lists have ``items`` and
``next``, the cursor of the following page. A POST may carry an Idempotency-Key: its answer is kept for a day.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chalicelib.errors import Unreadable
from chalicelib.web import api_accounts, api_broken, api_contacts, api_pairing, api_sync, api_trust
from chalicelib.web.answers import JSON, NotFound, Reply
from chalicelib.web.api_door import Asked, delete, doors, found, get, post, put
from chalicelib.web.door import Ask, whole

__all__ = ["api_accounts", "api_broken", "api_contacts", "api_pairing", "api_sync", "api_trust", "doors"]


@doors.file("/api/v1/openapi.json")
def document(_ask: Ask) -> Reply:
    from pathlib import Path

    text = (Path(__file__).parent / "static" / "openapi.json").read_text()
    return Reply(text, kind=JSON)


# --- invoices ---------------------------------------------------------------------------------------------------------


@get("/invoices")
def invoices(ask: Asked) -> dict[str, Any]:
    from chalicelib.flow import views

    rows = views.invoices(ask.world, ask.firm, ask.query.get("tab", "open"), ask.cursor, ask.size)
    return {"items": list(rows.rows), "next": rows.next}


@get("/invoices/{payable}")
def invoice(ask: Asked, payable: str) -> Any:
    from chalicelib.flow import views

    return found(lambda: views.invoice(ask.world, ask.firm, payable))


@delete("/invoices/{payable}/links")
def make_links_useless(ask: Asked, payable: str) -> None:
    """Every pay link sent for the invoice opens nothing any more; those on it and in the memo are replaced."""
    from chalicelib.flow import drawing, views

    found(lambda: views.invoice(ask.world, ask.firm, payable))
    drawing.without_links(ask.world, ask.firm, payable, ask.by)


@delete("/invoices/{payable}/matches/{receipt}")
def undo_match(ask: Asked, payable: str, receipt: str) -> None:
    from chalicelib.flow import attention

    attention.undo(ask.world, ask.firm, payable, receipt, ask.by)


# --- resync -----------------------------------------------------------------------------------------------------------


@post("/resyncs", 202)
def start_resync(ask: Asked) -> Any:
    from chalicelib.flow import resync

    run = resync.start(ask.world, ask.firm, ask.by)
    return resync.progress(ask.world, ask.firm, run)


@get("/resyncs/{run}")
def resync_progress(ask: Asked, run: str) -> Any:
    from chalicelib.flow import resync

    return found(lambda: resync.progress(ask.world, ask.firm, run))


# --- reminder sets and collections ------------------------------------------------------------------------------------


@get("/reminder-sets")
def sets(ask: Asked) -> dict[str, Any]:
    """All of them: a firm has few. Supplied ones cannot be changed; archived ones cannot be chosen."""
    from chalicelib.flow.firms import sets as sets_of

    return {"items": list(sets_of(ask.world, ask.firm).values()), "next": None}


@post("/reminder-sets", 201)
def new_set(ask: Asked) -> Any:
    return _save(ask, None)


@put("/reminder-sets/{set_id}")
def change_set(ask: Asked, set_id: str) -> Any:
    from chalicelib.flow.firms import sets as sets_of

    if set_id not in sets_of(ask.world, ask.firm):
        raise NotFound
    return _save(ask, set_id)


@delete("/reminder-sets/{set_id}")
def archive_set(ask: Asked, set_id: str) -> None:
    from chalicelib.flow import collecting

    collecting.archive_set(ask.world, ask.firm, set_id, ask.by)


def _save(ask: Asked, id: str | None) -> Any:
    from chalicelib.domain.reminders import Step
    from chalicelib.flow import collecting

    steps = [Step(s.number("days"), s.text("subject"), s.text("body")) for s in ask.json.objects("steps")]
    return collecting.save_set(ask.world, ask.firm, id=id, name=ask.json.text("name"), steps=steps, by=ask.by)


@post("/collections")
def start_collection(ask: Asked) -> dict[str, Any]:
    """Each invoice by itself: those that cannot be collected say why, and the others begin."""
    from chalicelib.flow import collecting

    ids, chosen = ask.json.texts("invoices"), ask.json.text("reminder_set")
    told = collecting.start(ask.world, ask.firm, ids, chosen, ask.by)
    return {"items": [{"invoice": id, "started": not why, "why_not": why} for id, why in told], "next": None}


@delete("/collections/{payable}")
def stop_collection(ask: Asked, payable: str) -> None:
    from chalicelib.flow import collecting

    collecting.stop(ask.world, ask.firm, payable, ask.by)


# --- what needs a person ----------------------------------------------------------------------------------------------


@get("/attention")
def attention(ask: Asked) -> dict[str, Any]:
    from chalicelib.flow import states, views

    page = views.attention(ask.world, ask.firm, ask.cursor, ask.size)
    return {"items": [{"id": ask.item_id(i.key), **states.encode(i)} for i in page.items], "next": page.next}


@get("/attention/causes")
def causes(ask: Asked) -> dict[str, Any]:
    """What can be tried again together, by cause, and where that is under way."""
    from chalicelib.flow import retrying

    return {"items": list(retrying.of(ask.world, ask.firm)), "tries": list(retrying.runs(ask.world, ask.firm))}


@post("/attention/causes/{cause}/retry", 202)
def retry_all(ask: Asked, cause: str) -> Any:
    from chalicelib.flow import retrying

    return retrying.start(ask.world, ask.firm, cause, ask.by)


@post("/attention/{item}/retry", 202)
def retry(ask: Asked, item: str) -> dict[str, Any]:
    from chalicelib.flow import attention as flow

    flow.retry(ask.world, ask.firm, ask.item_key(item), ask.by, ask.json.text("choice", ""))
    return {"id": item}


@post("/attention/{item}/done")
def done(ask: Asked, item: str) -> dict[str, Any]:
    from chalicelib.flow import attention as flow

    flow.done(ask.world, ask.firm, ask.item_key(item), ask.by)
    return {"id": item}


@post("/attention/{item}/answer")
def answer_match(ask: Asked, item: str) -> dict[str, Any]:
    """Whether a receipt in Clio is the payment that we know, or another one."""
    from chalicelib.flow import attention as flow

    task = ask.world.store.effect(ask.item_key(item))
    if task is None or "receipt" not in task.body:
        raise NotFound
    payable, receipt = str(task.body["payable"]), str(task.body["receipt"])
    if ask.json.flag("same_money"):
        payments = [str(p) for p in task.body["payments"]]
        flow.same_money(ask.world, ask.firm, payable, receipt, payments, ask.by)
    else:
        flow.separate(ask.world, ask.firm, payable, receipt, ask.by)
    return {"id": item}


# --- money, connections, the books ------------------------------------------------------------------------------------


@get("/payments")
def payments(ask: Asked) -> dict[str, Any]:
    from chalicelib.flow import views

    page = views.payments(ask.world, ask.firm, ask.cursor, ask.size)
    return {"items": list(page.payments), "next": page.next}


@get("/unrecorded")
def unrecorded(ask: Asked) -> dict[str, Any]:
    """The list "Record in Clio"."""
    from chalicelib.flow import views

    page = views.unrecorded(ask.world, ask.firm, ask.cursor, ask.size)
    return {"items": list(page.rows), "next": page.next}


@get("/connections")
def connections(ask: Asked) -> dict[str, Any]:
    from chalicelib.flow import views

    return {"items": list(views.connections(ask.world, ask.firm)), "next": None}


@post("/connections/{connection}/revoke")
def revoke_connection(ask: Asked, connection: str) -> dict[str, Any]:
    """Our access is given back; every link is kept."""
    from chalicelib.flow import connecting

    connecting.disconnect(ask.world, ask.firm, connection, ask.by)
    return {"id": connection}


@post("/connections/{connection}/purge")
def purge_links(ask: Asked, connection: str) -> dict[str, Any]:
    """... and every link to the QuickBooks company is deleted; the firm's name confirms it."""
    from chalicelib.flow import connecting

    if connection != "quickbooks":
        raise NotFound
    connecting.purge(ask.world, ask.firm, ask.json.text("firm_name"), ask.by)
    return {"id": "quickbooks"}


@get("/drift")
def drift(ask: Asked) -> Any:
    """The last comparison of the books; 404 before the first."""
    from chalicelib.flow import compared

    report = compared.last(ask.world, ask.firm)
    if report is None:
        raise NotFound
    return report


@get("/reconciliations")
def comparisons(ask: Asked) -> dict[str, Any]:
    """The last comparisons, newest first."""
    from chalicelib.flow import compared

    return {"items": list(compared.history(ask.world, ask.firm)), "next": None}


@get("/reconciliations/{id}")
def comparison(ask: Asked, id: str) -> Any:
    """One of them with its first hundred differences; ``page`` 1, 2 ... has those after them."""
    from chalicelib.flow import compared

    report, place = compared.past(ask.world, ask.firm, id), whole(ask.query.get("page", ""), 0)
    if report is None:
        raise NotFound
    return replace(report, differences=compared.rest(ask.world, ask.firm, report, place))


@post("/reconciliations", 202)
def reconcile(ask: Asked) -> dict[str, Any]:
    from chalicelib.flow import reconciling

    reconciling.start(ask.world, ask.firm, ask.by)
    return {"started": True}


# --- how invoices are drawn -------------------------------------------------------------------------------------------


@get("/invoice-settings")
def drawing(ask: Asked) -> Any:
    """The choice, what QuickBooks offers, an example, and the last run."""
    from chalicelib.flow import drawing

    return drawing.shown(ask.world, ask.firm)


@put("/invoice-settings")
def draw(ask: Asked) -> Any:
    """Holds for invoices written from now on. ``booked_under``: items and the discount's account, by purpose."""
    from chalicelib.domain.firm import Detail, Invoicing, TaxAs
    from chalicelib.flow import drawing

    detail, tax = ask.json.text("detail"), ask.json.text("tax")
    if detail not in list(Detail) or tax not in list(TaxAs):
        raise Unreadable(
            "detail or tax", f"{detail}, {tax}", '"detail" is lines or kinds; "tax" is line or quickbooks.'
        )
    how = Invoicing(
        Detail(detail),
        TaxAs(tax),
        ask.json.text("tax_code", ""),
        ask.json.flag("pay_link"),
        ask.json.flag("clio_memo"),
        ask.json.flag("sub_customers", False),
    )
    picked = ask.json.object("booked_under")
    drawing.save(ask.world, ask.firm, how, {name: picked.text(name) for name in picked.names}, ask.by)
    return drawing.shown(ask.world, ask.firm)


@get("/open-invoices")
def open_invoices(ask: Asked) -> Any:
    """How many invoices a rewrite would write again."""
    from chalicelib.flow import drawing

    return drawing.count(ask.world, ask.firm)


@post("/invoice-rewrites", 202)
def rewrite(ask: Asked) -> Any:
    """Open invoices are written again as chosen now; read /invoice-settings for how far it is."""
    from chalicelib.flow import drawing

    return drawing.start(ask.world, ask.firm, ask.by)
