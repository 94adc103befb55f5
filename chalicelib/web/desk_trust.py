"""Trust pages: what is held for whom, whether the books agree on it, and each month's three-way reconciliation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from chalicelib.domain.money import decimal_of, parse
from chalicelib.errors import Refused
from chalicelib.web.answers import NotFound, Reply
from chalicelib.web.desk_shell import back, desk, page
from chalicelib.web.door import Ask

if TYPE_CHECKING:
    from chalicelib.domain.carrying import Offer
    from chalicelib.domain.statement import Outstanding

HERE = "/desk/trust"
SPARE = 3  # empty rows offered on the form


@desk.get("/desk/trust")
def overview(ask: Ask) -> str:
    from chalicelib.flow import trust_views

    return page(ask, "trust.html", "trust", o=trust_views.overview(ask.world, ask.firm))


@desk.post("/desk/trust")
def check(ask: Ask) -> Reply:
    from chalicelib.flow import trust_check

    trust_check.start(ask.world, ask.firm)
    return back(HERE, "trust-check")


@desk.get("/desk/trust/settings")
def settings(ask: Ask) -> str:
    """What Clio and QuickBooks offer: a call to each."""
    from chalicelib.flow import trust_setup

    offered = trust_setup.choices(ask.world, ask.firm)
    return page(
        ask,
        "trust_settings.html",
        "trust",
        offered=offered,
        chosen={b.clio: b.book for b in offered.chosen.banks},
        banks=[("", "Not written to QuickBooks"), *((b.id, b.name) for b in offered.banks)],
        liabilities=[(a.id, a.name) for a in offered.liabilities],
        earlier=[*((b.book, b.book_name) for b in offered.chosen.earlier), *offered.chosen.earlier_liabilities],
    )


@desk.post("/desk/trust/settings", who="owner")
def choose(ask: Ask) -> Reply:
    from chalicelib.flow import trust_setup

    banks = {name.removeprefix("bank-"): ask.one(name) for name in ask.form if name.startswith("bank-")}
    trust_setup.choose(
        ask.world,
        ask.firm,
        banks,
        ask.one("liability"),
        ask.by,
        sub_accounts=ask.one("sub_accounts") == "yes",
        start_on=day(ask.one("start_on")),
        apart=set(ask.many("earlier")) - set(ask.many("counted")),
    )
    return back(HERE, "trust-chosen")


@desk.get("/desk/trust/account/{account}")
def account(ask: Ask, account: str) -> str:
    """An account's client ledgers, page by page, and its months."""
    from chalicelib.flow import trust_views

    cursor = ask.query.get("cursor") or None
    found = _found(lambda: trust_views.clients(ask.world, ask.firm, account, cursor))
    here = f"{HERE}/account/{account}"
    following = f"{here}?{urlencode({'cursor': found.next})}" if found.next else ""
    months = trust_views.months(ask.world, ask.firm, account) if cursor is None else ()
    return page(
        ask,
        "trust_account.html",
        "trust",
        found=found,
        months=months,
        next_month=trust_views.next_month(months),
        next_url=following,
        first_url=here if cursor else "",
    )


@desk.get("/desk/trust/account/{account}/ledger/{client}")
def ledger(ask: Ask, account: str, client: str) -> str:
    from chalicelib.flow import trust_views

    cursor = ask.query.get("cursor") or None
    found = _found(lambda: trust_views.ledger(ask.world, ask.firm, account, client, cursor))
    here = f"{HERE}/account/{account}/ledger/{client}"
    following = f"{here}?{urlencode({'cursor': found.next})}" if found.next else ""
    return page(ask, "trust_ledger.html", "trust", x=found, next_url=following, first_url=here if cursor else "")


@desk.get("/desk/trust/account/{account}/month/{month}")
def month(ask: Ask, account: str, month: str) -> str:
    return _month_page(ask, account, month)


@desk.post("/desk/trust/account/{account}/month/{month}")
def month_act(ask: Ask, account: str, month: str) -> Reply | str:
    """Save the statement (with more empty rows, if asked), sign off, or open again. A statement that is refused is
    shown as it was typed, with why."""
    from chalicelib.flow import trust_report

    here = f"{HERE}/account/{account}/month/{month}"
    match ask.one("do"):
        case "sign":
            trust_report.sign(ask.world, ask.firm, account, month, ask.by, ask.one("mark"))
            return back(here, "trust-signed")
        case "reopen":
            trust_report.reopen(ask.world, ask.firm, account, month, ask.by)
            return back(here, "trust-opened")
        case asked:
            try:
                _enter(ask, account, month)
            except Refused as no:
                return Reply(_month_page(ask, account, month, f"Not saved. {no.reason}"), status=422)
            return back(here, "trust-saved", rows="10" if asked == "more" else str(SPARE))


def _enter(ask: Ask, account: str, month: str) -> None:
    from chalicelib.domain.carrying import Answer, Side, said
    from chalicelib.flow import trust_report

    offers = _answered(ask, account, month)
    trust_report.enter(
        ask.world,
        ask.firm,
        account,
        month,
        ask.by,
        ending=_amount("Ending balance", ask.one("ending")),
        deposits=[*said(offers, Side.DEPOSIT, Answer.STILL), *_items(ask, "deposit")],
        checks=[*said(offers, Side.CHECK, Answer.STILL), *_items(ask, "check")],
        note=ask.one("note")[:2000],
        cleared_deposits=said(offers, Side.DEPOSIT, Answer.CLEARED),
        cleared_checks=said(offers, Side.CHECK, Answer.CLEARED),
    )


def _answered(ask: Ask, account: str, month: str) -> list[Offer]:
    """What was outstanding at the last sign-off, with the answers on the form. Raises Refused where the page showed
    the items of another."""
    from chalicelib.flow import trust_report

    found = trust_report.offered(ask.world, trust_report.statement_of(ask.world, ask.firm, account, month))
    if ask.one("offered") != found.mark:
        raise Refused(
            "Another month end has been signed off or opened again since this page was shown. Open the page again: "
            "what was outstanding may be another."
        )
    return _said(ask, found.offers)


def _said(ask: Ask, offers: Sequence[Offer]) -> list[Offer]:
    """These offers with the answers on the form."""
    from chalicelib.domain.carrying import Answer

    named = {a.value: a for a in Answer}
    return [replace(o, answer=named.get(ask.one(f"offer-{n}"), Answer.OPEN)) for n, o in enumerate(offers)]


@desk.get("/desk/trust/account/{account}/month/{month}/csv")
def month_csv(ask: Ask, account: str, month: str) -> Reply:
    from chalicelib.flow import trust_report

    report = _found(lambda: trust_report.three_way(ask.world, ask.firm, account, month))
    return _csv(report, f"trust-{account}-{month}")


@desk.get("/desk/trust/account/{account}/month/{month}/signed/{number}")
def month_before(ask: Ask, account: str, month: str, number: str) -> str:
    """A sign-off that was opened again later, as it was kept."""
    from chalicelib.flow import trust_report

    report = _found(lambda: trust_report.signed_before(ask.world, ask.firm, account, month, number))
    return page(ask, "trust_month.html", "trust", r=report, s=report.statement, before=number)


@desk.get("/desk/trust/account/{account}/month/{month}/signed/{number}/csv")
def month_before_csv(ask: Ask, account: str, month: str, number: str) -> Reply:
    from chalicelib.flow import trust_report

    report = _found(lambda: trust_report.signed_before(ask.world, ask.firm, account, month, number))
    return _csv(report, f"trust-{account}-{month}-signed-{number}")


def _csv(report: Any, name: str) -> Reply:
    from chalicelib.flow import trust_csv

    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    marked = "\ufeff" + trust_csv.as_csv(report)  # by which a spreadsheet knows that it is UTF-8
    return Reply(marked, kind="text/csv; charset=utf-8", headers=headers)


def _month_page(ask: Ask, account: str, month: str, problem: str = "") -> str:
    """``problem``: why what was typed is not saved; it is shown again."""
    from chalicelib.domain import carrying
    from chalicelib.domain.statement import ITEMS_AT_MOST
    from chalicelib.flow import trust_report

    report = _found(lambda: trust_report.three_way(ask.world, ask.firm, account, month))
    spare = 10 if ask.query.get("rows") == "10" else SPARE
    state, offered = report.statement, report.offered
    if problem and ask.one("offered") == offered.mark:
        offered = replace(offered, offers=tuple(_said(ask, offered.offers)))

    def rows(side: carrying.Side, items: tuple[Outstanding, ...]) -> list[dict[str, str]]:
        held = _as_typed(ask, side) if problem else [_row(i) for i in carrying.own(items, report.offered, side)]
        return held + [_row()] * min(spare, ITEMS_AT_MOST - len(held))

    return page(
        ask,
        "trust_month.html",
        "trust",
        r=report,
        s=state,
        before="",
        problem=problem,
        ending=ask.one("ending") if problem else _typed(state.ending),
        note_typed=ask.one("note") if problem else state.note,
        offered=offered,
        groups=(
            ("deposit", "Outstanding deposits", "Deposit", rows(carrying.Side.DEPOSIT, state.deposits)),
            ("check", "Outstanding checks", "Check", rows(carrying.Side.CHECK, state.checks)),
        ),
    )


def _typed(cents: int | None) -> str:
    return "" if cents is None else str(decimal_of(cents))


def _row(item: Outstanding | None = None) -> dict[str, str]:
    """One row of the form."""
    if item is None:
        return {"on": "", "text": "", "amount": ""}
    return {"on": item.on.isoformat() if item.on else "", "text": item.text, "amount": _typed(item.cents)}


def _on_form(ask: Ask, kind: str) -> list[tuple[str, str, str]]:
    """The rows of one kind that hold anything: day, text, amount."""
    days, texts, amounts = (ask.form.get(f"{kind}-{name}", []) for name in ("on", "text", "amount"))
    return [row for row in zip(days, texts, amounts, strict=False) if any(x.strip() for x in row)]


def _as_typed(ask: Ask, kind: str) -> list[dict[str, str]]:
    return [{"on": on, "text": text, "amount": amount} for on, text, amount in _on_form(ask, kind)]


def _items(ask: Ask, kind: str) -> list[Outstanding]:
    """The rows of one kind as items. Raises Refused for what cannot be read."""
    from chalicelib.domain.statement import TEXT_LENGTH, Outstanding

    found = []
    for on, text, amount in _on_form(ask, kind):
        if not amount.strip():
            raise Refused("Each outstanding item needs its amount.")
        cents = _amount(kind.capitalize(), amount)
        found.append(Outstanding(day(on), " ".join(text.split())[:TEXT_LENGTH], cents))
    return found


def _amount(what: str, text: str) -> int:
    """Cents. Raises Refused with ``what`` it is and the text, for the page."""
    try:
        return parse(text)
    except Refused as no:
        raise Refused(f"{what} “{text.strip()[:20]}”: {no.reason}") from no


def day(text: str) -> date | None:
    """A day as a date field sends it; empty is none. Raises Refused for anything else."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as bad:
        raise Refused("Give dates as year, month and day, for example 2026-03-31.") from bad


def _found(read: Any) -> Any:
    """Another firm's account and no account look the same: not found."""
    try:
        return read()
    except Refused as no:
        raise NotFound from no
