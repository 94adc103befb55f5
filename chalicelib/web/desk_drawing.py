"""Settings, Invoices: how they are drawn in QuickBooks, with an example; and writing open invoices again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.errors import Refused
from chalicelib.web.answers import Reply
from chalicelib.web.desk_shell import back, desk, page
from chalicelib.web.door import Ask

if TYPE_CHECKING:
    from chalicelib.domain.firm import Invoicing

HERE = "/desk/settings/invoices"
PICKED = ("services", "expenses", "interest", "tax", "credit", "discount")


@desk.get(HERE)
def drawing(ask: Ask) -> str:
    return _page(ask)


@desk.post(HERE, who="owner")
def choose(ask: Ask) -> Reply | str:
    """Saves, or only shows the example of what is ticked now."""
    from chalicelib.flow import drawing as flow

    how, ids = _how(ask), {name: ask.one(name) for name in PICKED if name in ask.form}
    if ask.one("do") == "example":
        return _page(ask, how, ids)
    try:
        flow.save(ask.world, ask.firm, how, ids, ask.by)
    except Refused as no:
        return _page(ask, how, ids, no.reason)
    return back(HERE, "drawn")


@desk.get(f"{HERE}/apply", who="owner")
def apply(ask: Ask) -> str:
    """How many open invoices would be written again, before anything is."""
    from chalicelib.flow import drawing as flow

    return page(ask, "drawing_apply.html", "settings", count=flow.count(ask.world, ask.firm))


@desk.post(f"{HERE}/apply", who="owner")
def begin(ask: Ask) -> Reply:
    from chalicelib.flow import drawing as flow

    flow.start(ask.world, ask.firm, ask.by)
    return back(HERE, "redrawing")


def _how(ask: Ask) -> Invoicing:
    from chalicelib.domain.firm import Detail, Invoicing, TaxAs

    return Invoicing(
        detail=Detail.KINDS if ask.one("detail") == Detail.KINDS else Detail.LINES,
        tax=TaxAs.QUICKBOOKS if ask.one("tax_as") == TaxAs.QUICKBOOKS else TaxAs.LINE,
        tax_code=ask.one("tax_code").strip(),
        pay_link=ask.one("pay_link") == "yes",
        clio_memo=ask.one("clio_memo") == "yes",
        sub_customers=ask.one("sub_customers") == "yes",
    )


def _page(ask: Ask, how: Invoicing | None = None, ids: dict[str, str] | None = None, problem: str = "") -> str:
    from chalicelib.flow import drawing as flow

    shown = flow.shown(ask.world, ask.firm, how, ids)
    return page(ask, "drawing.html", "settings", d=shown, tried=how is not None, problem=problem)
