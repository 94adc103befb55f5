"""What tests of the flows do: build a firm, act as its staff and clients, and read what came of it.

``a_stage()`` and ``a_synced_stage()`` note every stage they build; conftest.py checks each at the end (soundness.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from chalicelib.domain.contact import Contact
from chalicelib.domain.effects import Do
from chalicelib.domain.envelope import Envelope
from chalicelib.domain.kernel import Effect, Kind, Neighbour, Ref, Status
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment
from chalicelib.flow import checkout, collecting, compared, links, reconciling, states
from chalicelib.flow.compared import Report
from chalicelib.flow.links import PayLink
from tests import kept
from tests import world as memory
from tests.world import Stage

BUILT: list[Stage] = []
STAFF = "test"


def a_stage(*, second: bool = False, trust: bool = True, hooks: bool = False) -> Stage:
    """A firm connected and set up, nothing read yet."""
    built = kept.once(("begun", second, trust, hooks), lambda: memory.a_stage(second=second, trust=trust, hooks=hooks))
    BUILT.append(built)
    return built


def a_synced_stage(*, second: bool = False, trust: bool = True, hooks: bool = False) -> Stage:
    """... after its first Resync."""

    def build() -> Stage:
        stage = memory.a_stage(second=second, trust=trust, hooks=hooks)
        stage.resync()
        return stage

    built = kept.once(("synced", second, trust, hooks), build)
    BUILT.append(built)
    return built


# --- reading ----------------------------------------------------------------------------------------------------------


def all_states(stage: Stage, kind: Kind) -> list[Any]:
    held = [s.held() for ref, s in stage.world.store._states.items() if (ref.firm, ref.kind) == (stage.firm, kind)]
    return [states.decode(kind, h.body) for h in held]


def payables(stage: Stage) -> list[Payable]:
    return all_states(stage, Kind.PAYABLE)


def payable(stage: Stage, number: str) -> Payable:
    return next(p for p in payables(stage) if p.number == number)


def holds(stage: Stage, number: str) -> bool:
    return any(p.number == number for p in payables(stage))


def payments(stage: Stage) -> list[Payment]:
    return all_states(stage, Kind.PAYMENT)


def payment(stage: Stage, id: str) -> Payment:
    return next(p for p in payments(stage) if p.id == id)


def payments_on(stage: Stage, number: str) -> list[Payment]:
    return [p for p in payments(stage) if any(i.number == number for i in p.items)]


def contact(stage: Stage, name: str) -> Contact:
    found: list[Contact] = all_states(stage, Kind.CONTACT)
    return next(c for c in found if c.name == name)


def envelopes(stage: Stage) -> list[Envelope]:
    return all_states(stage, Kind.ENVELOPE)


def all_effects(stage: Stage) -> list[Effect]:
    return [o.read() for o in stage.world.store._effects.values() if o.effect.firm == stage.firm]


def parked(stage: Stage, *, kind: str = "", about: str = "") -> list[Effect]:
    return [
        e
        for e in all_effects(stage)
        if e.status is Status.PARKED and e.kind.startswith(kind) and e.about.startswith(about)
    ]


def parked_on(stage: Stage, number: str, kind: str = "") -> list[Effect]:
    return parked(stage, kind=kind, about=f"payable/{payable(stage, number).id}")


def tasks(stage: Stage, name: str) -> list[Effect]:
    """Open tasks for a person whose key says ``name``: match, remove, surplus, reversal, reconnect ..."""
    return [e for e in parked(stage, kind="task") if f"/task/{name}/" in e.key]


# --- QuickBooks' own books --------------------------------------------------------------------------------------------


def cents(raw: Any) -> int:
    return int(raw * 100)  # amounts are Decimals of whole cents


def booked(stage: Stage, entity: str = "Invoice", **wanted: str) -> list[dict[str, Any]]:
    return stage.world.quickbooks_box.people.find(stage.realm, entity, **wanted)


def invoice(stage: Stage, number: str) -> dict[str, Any]:
    found = booked(stage, DocNumber=number)
    assert len(found) == 1, f"{len(found)} invoices numbered {number}"
    return found[0]


def posted_on(stage: Stage, number: str) -> list[int]:
    """Cents of each live QuickBooks payment's part on the invoice of this number; one of nothing only ties a credit."""
    id = invoice(stage, number)["Id"]
    return [
        cents(line["Amount"])
        for p in booked(stage, "Payment")
        if p["TotalAmt"]
        for line in p.get("Line", [])
        for link in line.get("LinkedTxn", [])
        if link["TxnType"] == "Invoice" and link["TxnId"] == id
    ]


def calls(stage: Stage) -> dict[str, int]:
    """How many requests each neighbour has seen."""
    w = stage.world
    boxes = {"clio": w.clio_box, "quickbooks": w.quickbooks_box, "stripe": w.stripe_box}
    return {name: len(box.log) for name, box in boxes.items()}


def requests_since(stage: Stage, before: dict[str, int]) -> list[tuple[str, str, str]]:
    w = stage.world
    boxes = {"clio": w.clio_box, "quickbooks": w.quickbooks_box, "stripe": w.stripe_box}
    return [(name, e.method, e.path) for name, box in boxes.items() for e in box.log[before[name] :]]


# --- acting -----------------------------------------------------------------------------------------------------------


def clio_id(stage: Stage, number: str) -> int:
    return int(stage.world.clio_box.people.find_bill(number)["id"])


def collect(stage: Stage, *numbers: str, set_id: str = "friendly") -> None:
    outcome = collecting.start(stage.world, stage.firm, [payable(stage, n).id for n in numbers], set_id, STAFF)
    assert all(not why for _, why in outcome), outcome


def pay_link(stage: Stage, number: str) -> str:
    p = payable(stage, number)
    return links.make(stage.world, PayLink(stage.firm, p.client_id, p.id))


def press_pay(stage: Stage, *numbers: str, token: str = "", shown: dict[str, int] | None = None) -> checkout.Answer:
    """The client presses Pay over the open amounts that the page shows (or over ``shown``)."""
    shown = shown or {}
    chosen = [(p.id, shown.get(p.number, p.open)) for p in (payable(stage, n) for n in numbers)]
    return checkout.pay(stage.world, token or pay_link(stage, numbers[0]), chosen)


def session_of(answer: checkout.Answer) -> str:
    assert answer.kind == "go", answer
    return answer.url.rstrip("/").rsplit("/", 1)[-1]


def open_session(stage: Stage, *numbers: str) -> str:
    return session_of(press_pay(stage, *numbers))


def pay_by_card(stage: Stage, *numbers: str) -> Payment:
    """A client pays these together by card, and everything that follows at once is done."""
    session = open_session(stage, *numbers)
    stage.world.stripe_box.people.pay_card(session)
    stage.work()
    return next(p for p in payments(stage) if p.session == session)


def pay_by_bank(stage: Stage, *numbers: str, outcome: str = "succeed") -> Payment:
    session = open_session(stage, *numbers)
    stage.world.stripe_box.people.pay_bank(session, outcome)
    stage.work()
    return next(p for p in payments(stage) if p.session == session)


def poll(stage: Stage) -> None:
    """The next polls of Clio's and Stripe's feeds, and what follows from them."""
    for e in all_effects(stage):
        if e.kind in (Do.POLL_CLIO, Do.POLL_STRIPE):
            stage.world.store.arrive(replace(e, due_at=stage.world.now()))
    stage.pass_time(8, minutes=16)


def record(stage: Stage, amounts: dict[str, int], description: str = "", **more: Any) -> int:
    """Staff record a payment in Clio; the next poll sees it."""
    by_number: dict[str | int, int] = dict(amounts.items())
    made = stage.world.clio_box.people.record_payment(by_number, description=description, **more)
    poll(stage)
    return made


def compare(stage: Stage) -> Report:
    """A person asks for a comparison and waits for it; Clio's limit may ask for a minute."""
    stage.world.clock.move(seconds=1)  # an earlier comparison ended before this one
    began = stage.world.now()
    reconciling.start(stage.world, stage.firm, STAFF)
    for _ in range(5):
        stage.work()
        report = compared.last(stage.world, stage.firm)
        if report is not None and report.at >= began:
            return report
        stage.world.clock.move(seconds=61)
    raise AssertionError("the comparison did not end")


def about(report: Report, number: str) -> list[str]:
    return [d.kind for d in report.differences if d.number == number]


def mails_to(stage: Stage, address: str) -> list[memory.Sent]:
    return [m for m in stage.world.mail.outbox if m.to == address]


def lane(stage: Stage, neighbour: Neighbour) -> str:
    return next(e.lane for e in all_effects(stage) if f"|{neighbour}|" in e.lane)


def ref(stage: Stage, number: str) -> Ref:
    return Ref(stage.firm, Kind.PAYABLE, payable(stage, number).id)


def numbers(found: Iterable[Payable]) -> set[str]:
    return {p.number for p in found}


def tab(stage: Stage, number: str) -> str:
    """The list that this invoice stands in, as the index has it."""
    for name in ("open", "reminding", "paid", "closed"):
        page = stage.world.store.listed(f"{stage.firm}/payables/{name}", limit=500)
        if any(states.decode(Kind.PAYABLE, h.body).number == number for h in page.items):
            return name
    raise AssertionError(f"{number} stands in no list")
