"""Money pages: payments, what is to be recorded in Clio, and whether the books agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.web.answers import NotFound, Reply
from chalicelib.web.desk_shell import back, desk, page, turning
from chalicelib.web.door import Ask, whole

if TYPE_CHECKING:
    from chalicelib.flow.compared import Report


@desk.get("/desk/payments")
def payments(ask: Ask) -> str:
    from chalicelib.flow import views

    cursor = ask.query.get("cursor") or None
    found = views.payments(ask.world, ask.firm, cursor)
    return page(ask, "payments.html", "payments", found=found, **turning("/desk/payments", cursor, found.next))


@desk.get("/desk/record")
def record(ask: Ask) -> str:
    """The list "Record in Clio": nothing else tells Clio of a payment (reference/clio.md 5)."""
    from chalicelib.flow import views

    cursor = ask.query.get("cursor") or None
    found = views.unrecorded(ask.world, ask.firm, cursor)
    return page(ask, "record.html", "record", found=found, **turning("/desk/record", cursor, found.next))


@desk.get("/desk/books")
def books(ask: Ask) -> str:
    from chalicelib.flow import compared

    report, history = compared.last(ask.world, ask.firm), compared.history(ask.world, ask.firm)
    under_way = compared.under_way(ask.world, ask.firm)
    return _books(ask, report, history=history, past=False, under_way=under_way)


@desk.get("/desk/books/{id}")
def old_comparison(ask: Ask, id: str) -> str:
    """One comparison of the history, as it was found then."""
    from chalicelib.flow import compared

    report = compared.past(ask.world, ask.firm, id)
    if report is None:
        raise NotFound
    return _books(ask, report, history=(), past=True, under_way=None)


def _books(ask: Ask, report: Report | None, **more: Any) -> str:
    """One comparison, with a page of its differences. The following ones are its own: a newer one may end meanwhile."""
    from chalicelib.flow import compared

    place = whole(ask.query.get("page", ""), 0)
    shown = compared.rest(ask.world, ask.firm, report, place) if report else ()
    here = f"/desk/books/{report.id}" if report else ""
    following = f"{here}?page={place + 1}" if report and place < report.pages else ""
    pages = {"first_url": here if place else "", "next_url": following}
    return page(ask, "books.html", "books", report=report, shown=shown, **pages, **more)


@desk.post("/desk/books")
def compare(ask: Ask) -> Reply:
    from chalicelib.flow import reconciling

    reconciling.start(ask.world, ask.firm, ask.by)
    return back("/desk/books")
