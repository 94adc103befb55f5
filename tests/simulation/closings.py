"""The checkers of what people left as it is in QuickBooks (decision 0024): promise 10, each is named with their word;
promise 8, a step that is refused is not sent again by itself, for ever.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import requests

from chalicelib.domain.kernel import Kind, Ref
from chalicelib.flow import compared
from tests.simulation.base import FirmFacts

if TYPE_CHECKING:
    from tests.simulation.checkers import Checkers
    from tests.simulation.quiet import Quiet

CLOSED = "6210"
REPEATS = 6  # a call that was sent twice, a batch taken apart, a newer revision


def left(c: Checkers) -> set[Ref]:
    """What is, by a person's word and at its present revision, as it is in QuickBooks."""
    found = set()
    for ref, b in c.bodies.items():
        if (ref.firm, str(ref)) not in c.h.truth.stayed:
            continue
        word = b["left_behind" if ref.kind is Kind.CREDIT else "left"]
        revision = b["wanted" if ref.kind in (Kind.CREDIT, Kind.PAYMENT) else "revision"]
        if word and word["revision"] == revision:
            found.add(ref)
    return found


def let_be(c: Checkers, firm: str) -> set[str]:
    """Ids of payments in QuickBooks that stay there by a person's word, and are ours no longer."""
    stayed = [Ref(f, Kind.PAYMENT, about.partition("/")[2]) for f, about in c.h.truth.stayed if f == firm]
    return {id for ref in stayed for id in c.bodies.get(ref, {}).get("let_be", ())}


def carried(c: Checkers, request: requests.PreparedRequest, got: requests.Response) -> None:
    """Counts what is refused because the books are closed, by what was sent."""
    if CLOSED not in got.text:
        return
    body = request.body.decode() if isinstance(request.body, bytes) else str(request.body)
    sent = {item["bId"]: item for item in json.loads(body)["BatchItemRequest"]}
    for answer in json.loads(got.text)["BatchItemResponse"]:
        if CLOSED not in json.dumps(answer.get("Fault", {})):
            continue
        what = json.dumps({k: v for k, v in sent[answer["bId"]].items() if k != "bId"}, sort_keys=True)
        c.refusals[what] = c.refusals.get(what, 0) + 1
        if c.refusals[what] > REPEATS + c.h.truth.pressed:
            c.say("8", f"refused {c.refusals[what]} times as its period is closed, and sent again: {what[:300]}")


def judge(q: Quiet, firm: FirmFacts) -> None:
    report = compared.last(q.world, firm.firm)
    if report is None or not report.full or report.named > len(report.differences):
        return
    told = [d for d in report.differences if d.expected and "Left by staff on " in d.cause]
    for ref in left(q.c):
        if ref.firm != firm.firm:
            continue
        b: dict[str, Any] = q.c.bodies[ref]
        away = b["phase"] != "settled" if ref.kind is Kind.PAYMENT else b.get("bill_state") in ("void", "deleted")
        nothing = ref.kind is Kind.PAYABLE and b["booked"] is None and not b["total"]
        names = {ref.id, f"CN-{ref.id}", f"T-{ref.id}"}
        if not (away or nothing or b["generation"] < _generation(q, firm)) and not any(
            {d.payable, d.detail, d.number} & names for d in told
        ):
            q.say("10", f"{firm.firm}: {ref} was left as it is in QuickBooks, and the comparison does not say so")


def _generation(q: Quiet, firm: FirmFacts) -> int:
    return int(q.c.bodies[Ref(firm.firm, Kind.FIRM, firm.firm)]["generation"])
