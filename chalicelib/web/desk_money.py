"""Money pages: payments, what is to be recorded in Clio, and whether the books agree."""

from __future__ import annotations

from urllib.parse import urlencode

from chalicelib.web.answers import NotFound, Reply
from chalicelib.web.desk_shell import back, desk, page
from chalicelib.web.door import Ask


@desk.get("/desk/payments")
def payments(ask: Ask) -> str:
    from chalicelib.flow import views

    cursor = ask.query.get("cursor") or None
    found = views.payments(ask.world, ask.firm, cursor)
    return page(ask, "payments.html", "payments", found=found, **_pages("/desk/payments", cursor, found.next))


@desk.get("/desk/record")
def record(ask: Ask) -> str:
    """The list "Record in Clio": nothing else tells Clio of a payment (reference/clio.md 5)."""
    from chalicelib.flow import views

    cursor = ask.query.get("cursor") or None
    found = views.unrecorded(ask.world, ask.firm, cursor)
    return page(ask, "record.html", "record", found=found, **_pages("/desk/record", cursor, found.next))


@desk.get("/desk/books")
def books(ask: Ask) -> str:
    from chalicelib.flow import reconciling

    report, history = reconciling.report(ask.world, ask.firm), reconciling.history(ask.world, ask.firm)
    return page(ask, "books.html", "books", report=report, history=history, past=False)


@desk.get("/desk/books/{id}")
def old_comparison(ask: Ask, id: str) -> str:
    """One comparison of the history, as it was found then."""
    from chalicelib.flow import reconciling

    report = reconciling.past(ask.world, ask.firm, id)
    if report is None:
        raise NotFound
    return page(ask, "books.html", "books", report=report, history=(), past=True)


@desk.post("/desk/books")
def compare(ask: Ask) -> Reply:
    from chalicelib.flow import reconciling

    reconciling.start(ask.world, ask.firm, ask.by)
    return back("/desk/books")


def _pages(here: str, cursor: str | None, following: str | None) -> dict[str, str]:
    return {
        "first_url": here if cursor else "",
        "next_url": f"{here}?{urlencode({'cursor': following})}" if following else "",
    }
