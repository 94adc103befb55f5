"""The checkers of what clerks do in Clio to contacts and bills as such: two contacts merged into one, a bill taken back
to a draft, another number.

Promise 1: an invoice is its bill's client's, by QuickBooks' own mark of for whom a customer was made; another client's
only where a person said that it is taken over, or where money stood on it, which QuickBooks does not let go elsewhere;
two clients never share a customer; of a draft nothing is written; two invoices of ours never have one number. Promise
9: of a draft a client sees nothing. Promise 10: whoever takes a customer over gets no other one.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import requests

from chalicelib.domain.kernel import Kind, Ref, Status
from chalicelib.errors import Refused
from chalicelib.flow import checkout
from tests.simulation.base import FirmFacts

if TYPE_CHECKING:
    from tests.simulation.checkers import Checkers
    from tests.simulation.quiet import Quiet

MADE_FOR = re.compile(r"feesimple:([^:]+):client:(\S+)")
DRAFTS = ("draft", "awaiting_approval")
LIVE = ("awaiting_payment", "paid")
UNDER_WAY = timedelta(minutes=5)  # what a worker had read before
A_SECOND = timedelta(seconds=1)  # QuickBooks' stamps have no fractions


@dataclass
class Drafts:
    """``known``: (firm, bill) that is a draft as we hold it, and since when; ``begun``: when each of our calls was
    first sent, by its request id: one that was stored before is repeated with the same bytes."""

    known: dict[tuple[str, str], datetime] = field(default_factory=dict)
    begun: dict[str, datetime] = field(default_factory=dict)


def committed(c: Checkers, ref: Ref, body: dict[str, Any]) -> None:
    """A payable was committed."""
    if body["bill_state"] in DRAFTS:
        c.drafts.known.setdefault((ref.firm, ref.id), c.h.clock.at)
    else:
        c.drafts.known.pop((ref.firm, ref.id), None)


# --- at the seam ------------------------------------------------------------------------------------------------------


def sent(c: Checkers, request: requests.PreparedRequest) -> datetime:
    """A batch goes to QuickBooks. Gives when it first went."""
    id = parse_qs(urlsplit(str(request.url)).query).get("requestid", [""])[0]
    return c.drafts.begun.setdefault(id, c.h.clock.at)


def batch(c: Checkers, request: requests.PreparedRequest) -> None:
    """QuickBooks did a batch: nothing of a bill that we know to be a draft, and that is one in Clio, is in it."""
    began = sent(c, request)
    if not c.drafts.known:
        return
    for item in json.loads(request.body or b"{}").get("BatchItemRequest", []):
        invoice = item.get("Invoice")
        if not invoice or "Line" not in invoice or item.get("optype") == "void":
            continue
        for bill in c._marked([{"Id": "", **invoice}], "bill"):
            firm = invoice["PrivateNote"].partition("feesimple:")[2].partition(":")[0]
            since = c.drafts.known.get((firm, bill))
            if since is not None and began > since + UNDER_WAY and c.h.truth.bill(bill).state in DRAFTS:
                c.say("1", f"{firm}: bill {bill} is a draft again since {since}, and its invoice is written")


def numbers(c: Checkers, firm: FirmFacts) -> None:
    """After each batch of ours: no two invoices that we wrote have one number, unless people gave it to one."""
    held: dict[str, list[str]] = {}
    for row in c._live(firm.realm, "Invoice"):
        ours = c._marked([row], "bill") and (firm.realm, "Invoice", row["Id"]) not in c.h.truth.touched
        if ours and row.get("DocNumber"):
            held.setdefault(row["DocNumber"], []).append(row["Id"])
    for number, ids in held.items():
        if len(ids) > 1:
            c.say("1", f"{firm.firm}: invoices {ids} both have the number {number}")


def made(c: Checkers, firm: FirmFacts) -> None:
    """After each batch of ours: a client that takes another's customer over gets none of its own."""
    taken = {k: at for k, at in c.h.truth.over.items() if k[0] == firm.firm}
    if not taken:
        return
    for row in c.h.world.quickbooks_box.company(firm.realm).all("Customer"):
        of = _made_for(row)
        for (_, client, customer), at in taken.items():
            late = datetime.fromisoformat(row["MetaData"]["CreateTime"]) > at - A_SECOND
            if of == client and late and (firm.firm, client) not in c.h.truth.apart:
                c.say("10", f"{firm.firm}: client {client} takes customer {customer} over, and {row['Id']} was made")


def _made_for(row: dict[str, Any]) -> str:
    """The client for whom we made a customer; empty where it is none of ours."""
    found = MADE_FOR.search(str(row.get("Notes", "")))
    return found[2] if found else ""


# --- a client at a pay link -------------------------------------------------------------------------------------------


def page(c: Checkers, firm: FirmFacts, token: str, row: checkout.PayRow) -> None:
    """A client looks at a bill that was taken back: nothing is asked for, and nothing of it is shown."""
    if c.drafts.known.get((firm.firm, row.id)) is None or c.h.truth.bill(row.id).state not in DRAFTS:
        return
    if row.can_pay or row.open or row.total or row.status == "paid":
        c.say("9", f"{firm.firm}: bill {row.number} is a draft again, and its client is shown {row}")
    try:
        checkout.invoice_lines(c.h.world, token, row.id)
    except Refused:
        return
    if c.drafts.known.get((firm.firm, row.id)) and c.h.truth.bill(row.id).state in DRAFTS:
        c.say("9", f"{firm.firm}: bill {row.number} is a draft again, and its client reads its lines")


# --- at quiet ---------------------------------------------------------------------------------------------------------


def judge(q: Quiet, firm: FirmFacts) -> None:
    company = q.world.quickbooks_box.company(firm.realm)
    invoices = {r["Id"]: r for r in company.all("Invoice") if r["TotalAmt"] > 0}
    customers = {r["Id"]: r for r in company.all("Customer")}
    numbers(q.c, firm)
    generation = q.c.bodies[Ref(firm.firm, Kind.FIRM, firm.firm)]["generation"]
    hands_off = not any(t[:2] == (firm.realm, "Customer") for t in q.h.truth.touched)
    users: dict[str, set[int]] = {}
    asked = {e.about for e in q.effects if e.firm == firm.firm and e.status is Status.PARKED}
    for name, ids in q.c._marked(list(invoices.values()), "bill").items():
        bill, row = q.h.truth.bill(name), invoices[ids[0]]
        touched = (firm.realm, "Invoice", row["Id"]) in q.h.truth.touched
        if bill.state in DRAFTS and not touched:
            _as_approved(q, firm, bill, row)
        owner = customers[row["CustomerRef"]["value"]]
        waits = bool({f"payable/{name}", f"contact/{bill.client_id}"} & asked)
        excused = touched or waits or bill.state not in LIVE or had_money(q, bill)
        if excused or generation != 1 or not hands_off:
            continue
        whose = customers[owner["ParentRef"]["value"]] if "ParentRef" in owner else owner
        users.setdefault(whose["Id"], set()).add(bill.client_id)
        of = _made_for(whose)
        said = (firm.firm, str(bill.client_id), whose["Id"]) in q.h.truth.over
        if of and of != str(bill.client_id) and not said:
            q.say(
                "1",
                f"{firm.firm}: the invoice of {bill.number} is {whose['DisplayName']}'s, made for {of}: {row['Id']}",
            )
    for id, clients in users.items():
        if len(clients) > 1:
            q.say("1", f"{firm.firm}: clients {sorted(clients)} share customer {id}, {customers[id]['DisplayName']}")


def _as_approved(q: Quiet, firm: FirmFacts, bill: Any, row: dict[str, Any]) -> None:
    """The invoice of a draft shows what the bill asked for when it was last approved, or before."""
    approved = {s.due for s in q.h.truth.bills[bill.id] if s.state in LIVE}
    if int(row["TotalAmt"] * 100) not in approved:
        q.say("1", f"{firm.firm}: bill {bill.number} is a draft again; its invoice shows {row['TotalAmt']}, {approved}")


def had_money(q: Quiet, bill: Any) -> bool:
    """Whether anything was ever received or credited on it, or is on its way: its invoice stays whose it was then."""
    shown = any(s.balance != s.due or s.pending for s in q.h.truth.bills[bill.id] if s.state in LIVE)
    return shown or bool(q.h.truth.ours_on(bill.id))
