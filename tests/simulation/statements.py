"""The checkers of signed month ends (issue 4, *Trust*): "A three-way trust reconciliation as of any month end: the
adjusted bank statement (entered by a person), the trust journal, the sum of client and matter ledgers ...; signed off,
kept". They judge by Clio's own trust lines and QuickBooks' journal entries.

Promise 10 ("the books agree, or the difference is on a named list"): what is signed off is what the books held, no
difference is signed as agreed, and what came later is named. Promise 7: what was signed off never changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.domain.kernel import Kind, Ref
from chalicelib.domain.statement import end_of
from chalicelib.domain.trust import OWN
from chalicelib.flow import trust_report
from tests.simulation import beside
from tests.simulation.base import FirmFacts

if TYPE_CHECKING:
    from tests.simulation.checkers import Checkers
    from tests.simulation.quiet import Quiet

POLLED_BEFORE = timedelta(minutes=10)  # a check reads what changed, then measures
KEPT = ("ending", "deposits", "checks", "note")


@dataclass(frozen=True, order=True)
class Row:
    """One movement of trust money as Clio holds it. ``client``: its id there, or the firm's own."""

    on: date
    client: str
    cents: int


def rows(clio: Any, account: int) -> tuple[Row, ...]:
    """The lines of a trust account, and what was paid from it without a line."""
    firm = clio.rows["bank_accounts"][account].firm
    lines = [m for m in clio.of_firm("bank_transactions", firm) if m.bank_account_id == account]
    lined = {m.allocation for m in lines}
    paid = [
        a
        for a in clio.of_firm("allocations", firm)
        if a.source_bank_account == account and not a.voided_at and a.id not in lined
    ]
    moved = [Row(m.date, str(m.client or OWN), m.amount) for m in lines]
    return tuple(sorted([*moved, *(Row(a.date, str(a.contact or OWN), -a.amount) for a in paid)]))


def held(moves: Iterable[Row], month: str) -> dict[str, int]:
    """Cents by client at the end of a month."""
    end, found = end_of(month), dict[str, int]()
    for r in moves:
        if r.on <= end:
            found[r.client] = found.get(r.client, 0) + r.cents
    return _held(found)


def _held(by_client: dict[str, int]) -> dict[str, int]:
    return {client: cents for client, cents in by_client.items() if cents}


def _lines(c: Checkers, keys: Iterable[str]) -> list[dict[str, Any]]:
    """The trial balance that documents hold."""
    documents = c.h.world.store._documents
    return [line for key in keys for line in json.loads(documents[key][0])["lines"]]


def committed(c: Checkers, ref: Ref, was: dict[str, Any], now: dict[str, Any]) -> None:
    """At each commit of a statement."""
    before, signed = was.get("signed"), now["signed"]
    kept = was.get("earlier", [])
    if now["earlier"][: len(kept)] != kept:
        c.say("7", f"{ref}: an earlier sign-off was changed or dropped")
    if before and not signed and now["earlier"] != [*kept, before]:
        c.say("7", f"{ref}: it was opened again, and its sign-off is not kept")
    if before and signed and (before != signed or any(was[k] != now[k] for k in KEPT)):
        c.say("7", f"{ref}: it was signed off by {before['by']} and changed without being opened again")
    if signed and not before:
        _signed(c, ref, now)


def _signed(c: Checkers, ref: Ref, now: dict[str, Any]) -> None:
    figures, signed = now["signed"]["figures"], now["signed"]
    typed = c.h.truth.typed.get((ref.firm, ref.id), [])
    if (now["ending"], figures["adjusted"], now["note"]) not in typed:
        c.say("10", f"{ref}: {figures['adjusted']} was signed off, and people entered {typed}")
    agree = figures["adjusted"] == figures["journal"] == figures["ledgers"]
    if not agree and not signed["note"]:
        c.say("10", f"{ref}: a difference was signed off as agreed: {figures}")
    lines = _lines(c, signed["documents"])
    matters = [(x["client"], x["cents"]) for x in lines if sum(m["cents"] for m in x["matters"]) != x["cents"]]
    if sum(x["cents"] for x in lines) != figures["ledgers"] or matters:
        c.say("10", f"{ref}: its ledgers come to {sum(x['cents'] for x in lines)}, signed was {figures}; {matters}")
    if figures["ledgers"] != figures["journal"]:
        c.say("10", f"{ref}: the ledgers signed off do not sum up to the journal: {figures}")
    _of_the_books(c, ref, now, {x["client"]: x["cents"] for x in lines if x["cents"]})


def _of_the_books(c: Checkers, ref: Ref, now: dict[str, Any], lines: dict[str, int]) -> None:
    """They are the books as they stood at a moment since the last check of trust, or Clio's other figure is kept."""
    account, month = int(now["account"]), now["month"]
    checked = c.h.world.store._records["trust"][ref.firm].body
    at = datetime.fromisoformat(json.loads(checked)["at"]) - POLLED_BEFORE
    past = [held(moves, month) for moves in c.h.truth.trust_within(account, at, c.h.clock.at)]
    figures = now["signed"]["figures"]
    if lines not in past and figures["clio"] == figures["journal"]:
        c.say("10", f"{ref}: signed off were {lines}; since {at} Clio held {past}, and no difference was named")


# --- at quiet ---------------------------------------------------------------------------------------------------------


def judge(q: Quiet, firm: FirmFacts) -> None:
    """What came after the sign-off is named, client by client; and the month ends agree in all books."""
    found = {r: b for r, b in q.c.bodies.items() if r.kind is Kind.STATEMENT and r.firm == firm.firm}
    months = [(b["account"], b["month"]) for b in found.values()]
    if len(set(months)) != len(months):
        q.say("2", f"{firm.firm}: a month end is there more than once: {months}")
    excused = any(about.startswith(("trust/", "move/")) for about in q.parked.get(firm.firm, ()))
    excused = excused or q.entries_wait(firm) or any(n.startswith("trust/") for _, n in q.h.truth.dealt)
    excused = excused or bool(beside.changed(q.c, firm))
    for ref, b in found.items():
        there = held(rows(q.world.clio_box.state, int(b["account"])), b["month"])
        for signed in [*b["earlier"], *([b["signed"]] if b["signed"] else [])]:
            if sum(x["cents"] for x in _lines(q.c, signed["documents"])) != signed["figures"]["ledgers"]:
                q.say("7", f"{ref}: what {signed['by']} signed off is not kept as it was")
        if not excused:
            _agrees(q, firm, ref, b, there)


def _agrees(q: Quiet, firm: FirmFacts, ref: Ref, b: dict[str, Any], there: dict[str, int]) -> None:
    q.world.life = None
    report = trust_report.three_way(q.world, firm.firm, b["account"], b["month"])
    lines = {x.client: x.cents for x in report.lines if x.cents}
    signed = {x["client"]: x["cents"] for x in _lines(q.c, b["signed"]["documents"])} if b["signed"] else {}
    shown = (report.journal, report.ledgers, lines)
    if b["signed"] and shown != (b["signed"]["figures"]["journal"], sum(signed.values()), _held(signed)):
        q.say("7", f"{ref}: shown is {shown}, and {signed} was signed off")
    if not b["signed"] and shown != (sum(there.values()), sum(there.values()), there):
        q.say("10", f"{ref}: shown is {shown}; Clio holds {there} as of then")
    book = _booked(q, firm, b)
    if book != sum(there.values()):
        q.say("10", f"{ref}: Clio holds {sum(there.values())} as of then, QuickBooks' entries come to {book}")
    if b["signed"] is None:
        return
    both = {client: (signed.get(client, 0), there.get(client, 0)) for client in {*signed, *there}}
    late = {client: two for client, two in both.items() if two[0] != two[1]}
    named = {x.client: (x.signed, x.now) for x in report.late if not x.matter}
    if named != late:
        q.say("10", f"{ref}: changed since the sign-off (signed, now): {late}; named: {named}")


def _booked(q: Quiet, firm: FirmFacts, b: dict[str, Any]) -> int:
    """Cents of our journal entries on the account's bank in QuickBooks, as of the month end."""
    from tests.simulation.quiet import into_banks

    state = q.c.bodies[Ref(firm.firm, Kind.FIRM, firm.firm)]
    standing = (*state["trust"]["banks"], *state["trust"]["earlier"])
    banks = {x["book"] for x in standing if x["clio"] == b["account"]}
    entries = q.world.quickbooks_box.company(firm.realm).all("JournalEntry")
    end = end_of(b["month"]).isoformat()
    return sum(into_banks(e, banks) for e in entries if e["TxnDate"] <= end and q.c._marked([e], "trust"))
