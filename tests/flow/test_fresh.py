"""The freshness promise: a bill or client changed in Clio in its own fields is in QuickBooks within 60 seconds, also
when 500 change at once, against the sandboxes' real limits and with time passing for every call.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Status
from chalicelib.flow import resync
from infra.sandbox.clio import make_many
from tests import kept
from tests import world as memory
from tests.flow import acts
from tests.flow.acts import cents
from tests.world import Stage

CALL_SECONDS, MEMBER_SECONDS = 0.15, 0.03  # a call, and what a batch takes more for each of its members


def with_latency(stage: Stage) -> None:
    """From now on every call to a neighbour takes its time on the stage's clock."""
    send = stage.world.session.request

    def slow(method: Any, url: Any, *args: Any, **kwargs: Any) -> Any:
        members = str(kwargs.get("data") or "").count('"bId"')
        stage.world.clock.move(seconds=CALL_SECONDS + MEMBER_SECONDS * members)
        return send(method, url, *args, **kwargs)

    stage.world.session.request = slow  # type: ignore[method-assign]


def a_firm_of(bills: int) -> Stage:
    """With so many more unpaid bills, each of a client of its own, all in QuickBooks, told of changes by webhooks,
    under the real limits."""

    def build() -> Stage:
        stage = memory.a_stage(hooks=True)
        world = stage.world
        firm = int(stage.firm.partition("-")[2])
        make_many(world.clio_box, bills, firm=firm, today=world.now().date(), clients=bills, paid_share=0.0)
        stage.resync()
        stage.pass_time(minutes=10)
        world.quickbooks_box.switches["ignore_limits"] = False
        world.clock.move(minutes=2)
        stage.work()
        return stage

    return kept.once(("fresh", bills), build)


def own_bills(stage: Stage) -> list[Any]:
    """Clio's rows of the bills that stand open in QuickBooks and have nothing paid."""
    rows = stage.world.clio_box.state.rows["bills"]
    return [rows[int(p.id)] for p in acts.payables(stage) if p.booked and p.open == p.asks and not p.receipts]


def until(stage: Stage, done: Callable[[], bool], *, seconds: int) -> datetime:
    """Works as sweeps, hints and webhooks make it, second by second, until it is done. Gives when that was."""
    world = stage.world
    latest = world.now() + timedelta(seconds=seconds)
    while not done():
        assert world.now() <= latest, "it took too long"
        stage.work(1)
        if not world.queue.told:
            world.clock.move(seconds=1)
    return world.now()


def change(stage: Stage, rows: list[Any], due: date) -> None:
    for row in rows:
        row.due_at = due
        stage.world.clio_box.changed(row)


def due_there(stage: Stage, rows: list[Any], due: date) -> bool:
    booked = {o["DocNumber"]: o["DueDate"] for o in acts.booked(stage)}
    return all(booked[row.number] == due.isoformat() for row in rows)


def test_500_bills_that_change_at_once_are_in_quickbooks_within_60_seconds() -> None:
    stage = a_firm_of(500)
    with_latency(stage)
    rows = own_bills(stage)
    assert len(rows) >= 500
    due = stage.world.now().date() + timedelta(days=77)
    before = {name: len(box.log) for name, box in boxes(stage).items()}
    began = stage.world.now()
    change(stage, rows, due)
    ended = until(stage, lambda: due_there(stage, rows, due), seconds=60)
    assert ended - began <= timedelta(seconds=60)
    asked = {name: box.log[before[name] :] for name, box in boxes(stage).items()}
    assert not [e for log in asked.values() for e in log if e.status == 429]
    assert len(asked["clio"]) <= len(rows) // 50 + 10


def test_500_clients_that_change_at_once_are_in_quickbooks_within_60_seconds() -> None:
    stage = a_firm_of(500)
    with_latency(stage)
    people, rows = stage.world.clio_box.people, own_bills(stage)
    clients = sorted({row.client_id for row in rows})
    assert len(clients) >= 500
    wanted = {f"now{id}@many.example" for id in clients}
    before = {name: len(box.log) for name, box in boxes(stage).items()}
    began = stage.world.now()
    for id in clients:
        people.change_client(id, email=f"now{id}@many.example")

    def there() -> bool:
        customers = stage.world.quickbooks_box.company(stage.realm).all("Customer")
        return wanted <= {c.get("PrimaryEmailAddr", {}).get("Address", "") for c in customers}

    ended = until(stage, there, seconds=60)
    assert ended - began <= timedelta(seconds=60)
    assert not [e for name, box in boxes(stage).items() for e in box.log[before[name] :] if e.status == 429]


def boxes(stage: Stage) -> dict[str, Any]:
    return {"clio": stage.world.clio_box, "quickbooks": stage.world.quickbooks_box}


def a_told_stage() -> Stage:
    stage = acts.a_synced_stage(hooks=True)
    stage.pass_time(minutes=10)
    return stage


def test_a_changed_date_is_written_at_once_and_the_lines_are_checked_afterwards() -> None:
    stage = a_told_stage()
    p = acts.payable(stage, "1042")
    assert p.due_on is not None
    stage.world.clio_box.people.edit_bill("1042", due_at=p.due_on + timedelta(days=3))
    stage.work()
    assert acts.invoice(stage, "1042")["DueDate"] == (p.due_on + timedelta(days=3)).isoformat()
    check = next(e for e in acts.all_effects(stage) if e.kind == Do.READ_LINES and e.status is Status.OWED)
    assert check.body["check"]
    stage.pass_time(minutes=40)
    after = acts.payable(stage, "1042")
    assert (after.revision, after.lines) == (p.revision + 1, p.lines)


def test_a_text_changed_together_with_the_date_reaches_quickbooks_when_the_lines_are_checked() -> None:
    stage = a_told_stage()
    p = acts.payable(stage, "1042")
    assert p.due_on is not None
    line = next(r for r in stage.world.clio_box.state.children("line_items", int(p.id)) if r.price)
    line.note = "Words changed on the same screen"
    stage.world.clio_box.people.edit_bill("1042", due_at=p.due_on + timedelta(days=3))
    stage.pass_time(minutes=40)
    shown = acts.invoice(stage, "1042")
    assert "Words changed on the same screen" in [x.get("Description") for x in shown["Line"]]
    assert acts.payable(stage, "1042").revision == p.revision + 2


def test_a_check_that_comes_after_a_newer_change_does_nothing() -> None:
    stage = a_told_stage()
    p = acts.payable(stage, "1042")
    assert p.due_on is not None
    stage.world.clio_box.people.edit_bill("1042", due_at=p.due_on + timedelta(days=3))
    stage.work()
    check = next(e for e in acts.all_effects(stage) if e.kind == Do.READ_LINES and e.status is Status.OWED)
    stage.world.clio_box.people.edit_bill("1042", total=99_00)
    stage.work()
    assert acts.payable(stage, "1042").revision == p.revision + 2
    stage.world.store.arrive(check)  # a hint of it came back
    stage.pass_time(minutes=40)
    assert acts.payable(stage, "1042").revision == p.revision + 2
    assert cents(acts.invoice(stage, "1042")["TotalAmt"]) == 99_00


def test_changed_lines_go_as_fast_as_clio_allows_and_their_number_is_shown() -> None:
    stage = a_told_stage()
    run = resync.start(stage.world, stage.firm, acts.STAFF)
    numbers = [p.number for p in acts.payables(stage) if p.booked and p.open == p.asks and not p.receipts][:5]
    for n in numbers:
        stage.world.clio_box.people.edit_bill(n, total=123_00)
    assert len(numbers) == 5
    stage.deliver()
    assert resync.progress(stage.world, stage.firm, run).invoices_owed >= 5
    stage.pass_time(minutes=2)
    assert all(cents(acts.invoice(stage, n)["TotalAmt"]) == 123_00 for n in numbers)


def test_news_of_a_bill_whose_figures_stand_does_not_read_its_payments_again() -> None:
    stage = a_told_stage()
    paid = next(p for p in acts.payables(stage) if p.receipts and p.open and p.booked and not p.shares)
    assert paid.due_on is not None
    before = acts.calls(stage)
    stage.world.clio_box.people.edit_bill(paid.number, due_at=paid.due_on + timedelta(days=2))
    stage.work()
    asked = [path for name, _, path in acts.requests_since(stage, before) if name == "clio"]
    assert not [path for path in asked if "allocations" in path]
    assert acts.invoice(stage, paid.number)["DueDate"] == (paid.due_on + timedelta(days=2)).isoformat()


def test_a_first_sync_reads_the_lines_of_20_bills_a_minute() -> None:
    stage = acts.a_stage()
    world = stage.world
    make_many(world.clio_box, 60, firm=int(stage.firm.partition("-")[2]), today=world.now().date(), paid_share=0.0)
    resync.start(world, stage.firm, acts.STAFF)
    for _ in range(10):
        stage.work()
        world.clock.move(seconds=60)
    assert not [e for e in acts.all_effects(stage) if e.kind == Do.READ_LINES and e.status is Status.OWED]


def test_waiting_for_the_next_minutes_calls_is_no_failure() -> None:
    stage = acts.a_stage()
    world = stage.world
    make_many(world.clio_box, 60, firm=int(stage.firm.partition("-")[2]), today=world.now().date(), paid_share=0.0)
    resync.start(world, stage.firm, acts.STAFF)
    stage.work()
    waiting = [e for e in acts.all_effects(stage) if e.cause.startswith("Waiting") and e.kind == Do.READ_LINES]
    assert waiting and all(e.tries == 0 for e in waiting)
    assert max(e.due_at for e in waiting) <= world.now() + timedelta(seconds=61)
