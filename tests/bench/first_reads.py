"""What lists, pages and the sweep read, at 100 invoices and at 100,000.

The invoices are laid straight into the store, in the shape that ``settle`` gives them (state, journal line, listing);
the pages are then asked for through the shipped routes by a signed-in person. What is counted is every item that the
answer made the store read: session, firm, sets and all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from chalicelib.domain import effects
from chalicelib.domain.kernel import Change, Commit, Effect, Kind, Line, Neighbour, Ref, lane_of
from chalicelib.domain.payable import Collection, Payable
from chalicelib.domain.readings import BillState, Pot
from chalicelib.domain.reminders import Next
from chalicelib.flow import states
from chalicelib.flow.sweep import sweep
from tests.bench.figures import Figure
from tests.web.visit import Visitor, a_seeded_world
from tests.world import Stage, connect

FEW, MANY = 100, 100_000
DUE_NOW = 10  # reminders due at this minute, whatever the size of the firm
PAGES = {
    "open": "/desk/invoices?tab=open",
    "reminding": "/desk/invoices?tab=reminding",
    "paid": "/desk/invoices?tab=paid",
    "attention": "/desk/invoices?tab=attention",
    "tasks": "/desk/attention",
    "payments": "/desk/payments",
    "start": "/desk",
    "one": "/desk/invoices/9000041",
}
TABS = ("open", "reminding", "paid", "attention")  # an invoice of each in turn


def figures() -> list[Figure]:
    few, many = reads_at(FEW), reads_at(MANY)
    found = [
        Figure("page_reads", few["open"], what="items read for the first page of 25 open invoices, 100 in the firm"),
        Figure("page_reads_100k", many["open"], None, "page_reads", "the same with 100,000"),
    ]
    for name in few:
        if name != "open":
            found.append(Figure(f"reads_{name}", few[name], what=WHAT.get(name, f"the same for the page of: {name}")))
            found.append(Figure(f"reads_{name}_100k", many[name], None, f"reads_{name}", "the same with 100,000"))
    return found


WHAT = {
    "due_reminders": f"items that the sweep and its worker read for {DUE_NOW} due reminders, 100 invoices",
    "one": "items read for the page of one invoice",
}


def reads_at(count: int) -> dict[str, int]:
    """Items read, by what was asked for."""
    stage, owner = a_firm_with(count)
    store = stage.world.store
    found: dict[str, int] = {}
    for name, path in PAGES.items():
        store.reset_counts()
        page = owner.get(path)
        assert page.status == 200, (path, page.status)
        found[name] = store.reads
    stage.world.clock.move(minutes=1)
    store.reset_counts()
    sweep(stage.world)
    due = store.lane_due(lane_of(stage.firm, Neighbour.MAIL), stage.world.now(), limit=60)
    assert len(due) == DUE_NOW, len(due)
    found["due_reminders"] = store.reads
    return found


def a_firm_with(count: int) -> tuple[Stage, Visitor]:
    """A connected firm with so many invoices, a quarter of them in each tab, and its owner signed in."""
    world = a_seeded_world()
    stage = connect(world)
    for commit in commits(stage.firm, count, world.now()):
        world.store.commit(commit)
    stage.work()  # what connecting owed: it must not count as a reminder
    return stage, Visitor(world).sign_in(stage.firm)


def commits(firm: str, count: int, now: datetime) -> Iterator[Commit]:
    usual = an_invoice(firm, now)
    reminded = 0
    for n in range(count):
        tab, due = TABS[n % 4], now.date() + timedelta(days=30 + n % 300)
        state = replace(usual, id=f"{9_000_000 + n}", number=f"X{n:06d}", client_id=f"c{n % 200}", due_on=due)
        owed: tuple[Effect, ...] = ()
        if tab == "reminding":
            at = now + (timedelta(seconds=30) if reminded < DUE_NOW else timedelta(days=40 + n % 200))
            reminded += 1
            state = replace(state, collection=Collection("friendly", now, next=Next(0, at), round=1))
            owed = (effects.remind(firm, state.id, 1, at, f"Reminder for {state.number}"),)
        elif tab == "paid":
            state = replace(state, bill_state=BillState.PAID, balance=0, paid=state.asks)
        elif tab == "attention":
            owed = (a_task(firm, state, now),)
        yield Commit((a_change(state, now),), owed)


def an_invoice(firm: str, now: datetime) -> Payable:
    amounts: dict[str, Any] = dict.fromkeys(("tax", "interest", "discount", "pending", "credits", "paid"), 0)
    today: date = now.date()
    return Payable(
        firm=firm,
        id="",
        pot=Pot.OPERATING,
        number="",
        client_id="",
        client_name="Ada Example",
        client_email="ada@example.com",
        matters=("00001-Example",),
        currency="USD",
        issued_on=today,
        due_on=today,
        bill_state=BillState.AWAITING_PAYMENT,
        total=40000,
        asks=40000,
        balance=40000,
        etag="e1",
        updated_at=now,
        read_at=now,
        **amounts,
    )


def a_task(firm: str, state: Payable, now: datetime) -> Effect:
    title = f"Invoice {state.number}"
    about = f"payable/{state.id}"
    return effects.task(firm, f"bench/{state.id}", about, now, title=title, reason="Something.", remedy="Decide it.")


def a_change(state: Payable, now: datetime) -> Change:
    ref = Ref(state.firm, Kind.PAYABLE, state.id)
    body = states.encode(state)
    line = Line(ref, 1, "BillSeen", {}, now, 1, body)
    return Change(ref, 0, body, line, states.listing(Kind.PAYABLE, state.firm, state))
