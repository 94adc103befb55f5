"""Resync: what comes in, what is left alone and why, and that a second one changes nothing."""

from __future__ import annotations

from chalicelib.domain.readings import BillState, Pot
from chalicelib.errors import Conflict
from tests.flow import acts
from tests.flow.acts import a_stage, a_synced_stage, booked, cents, payable, payables

DRAFTS = {"1067", "1068", "1069", "1070"}
UNAPPROVED = {"1071", "1072", "1073"}
REMOVED = {"1074", "1075", "1076", "1077"}


def test_resync_counts_what_is_new_and_what_is_left_alone_and_why() -> None:
    run = a_stage().resync()
    assert run.finished_at is not None
    assert {p["state"] for p in run.parts.values()} == {"done"}
    assert run.left_alone["draft"] == len(DRAFTS)
    assert run.left_alone["awaiting approval"] == len(UNAPPROVED)
    assert run.left_alone["issued before the start date and paid"] == 3
    assert (run.new, run.changed) == (34, 0)


def test_resync_ends_though_a_bill_waits_for_a_person() -> None:
    stage = a_stage()
    run = stage.resync()
    assert run.invoices_owed == 0
    assert acts.parked(stage), "the firm has bills that wait for a person"


def test_bills_awaiting_payment_and_those_since_the_start_date_come_in() -> None:
    stage = a_synced_stage()
    held = acts.numbers(payables(stage))
    assert {"1042", "1058", "1066", "1080"} <= held, "unpaid ones"
    assert {"1025", "1026", "1024", "1027", "1023"} <= held, "paid ones since the start date"
    assert not {"1020", "1021", "1022"} & held, "paid ones from before it"


def test_drafts_unapproved_void_and_deleted_bills_do_not_come_in() -> None:
    held = acts.numbers(payables(a_synced_stage()))
    assert not held & (DRAFTS | UNAPPROVED | REMOVED)


def test_every_invoice_has_the_number_the_dates_and_the_total_of_its_bill_to_the_cent() -> None:
    stage = a_synced_stage()
    compared = 0
    for p in payables(stage):
        if p.pot is Pot.TRUST or not p.booked or p.booked.adopted:
            continue
        shown = acts.invoice(stage, p.number)
        bill = stage.world.clio_box.people.find_bill(p.number)
        assert cents(shown["TotalAmt"]) == bill["due"] == p.asks, p.number
        assert (shown["TxnDate"], shown["DueDate"]) == (str(p.issued_on), str(p.due_on)), p.number
        compared += 1
    assert compared >= 25


def test_the_lines_of_every_invoice_add_up_to_its_total() -> None:
    stage = a_synced_stage()
    for shown in booked(stage):
        signs = {"SalesItemLineDetail": 1, "DiscountLineDetail": -1}
        total = sum(signs.get(line["DetailType"], 0) * cents(line["Amount"]) for line in shown["Line"])
        assert total == cents(shown["TotalAmt"]), shown["DocNumber"]


def test_discount_tax_and_interest_reach_the_invoice() -> None:
    stage = a_synced_stage()
    names = {i["Id"]: i["Name"] for i in booked(stage, "Item")}

    def items(number: str) -> set[str]:
        lines = [line.get("SalesItemLineDetail", {}) for line in acts.invoice(stage, number)["Line"]]
        return {names[line["ItemRef"]["value"]] for line in lines if "ItemRef" in line}

    assert "Tax" in items("1052")
    assert "Interest" in items("1058")
    assert "Expenses" in items("1048")
    assert any(line["DetailType"] == "DiscountLineDetail" for line in acts.invoice(stage, "1063")["Line"])


def test_trust_requests_come_in_and_never_reach_quickbooks() -> None:
    stage = a_synced_stage()
    trust = [p for p in payables(stage) if p.pot is Pot.TRUST]
    assert acts.numbers(trust) >= {"1080", "1081", "1082"}
    assert not any(booked(stage, DocNumber=p.number) for p in trust)


def test_payments_that_clio_shows_come_along_and_are_posted_once() -> None:
    stage = a_synced_stage()
    assert sorted(acts.posted_on(stage, "1026")) == [5000, 10000]
    assert acts.posted_on(stage, "1057") == [20000]
    assert acts.posted_on(stage, "1064") == [], "a payment that was removed again"
    assert acts.posted_on(stage, "1023") == [48000], "paid from trust"


def test_a_second_resync_with_nothing_changed_writes_nothing_anywhere() -> None:
    stage = a_synced_stage()
    stage.work()
    store, before = stage.world.store, acts.calls(stage)
    store.reset_counts()
    run = stage.resync()
    wrote = {table: n for (verb, table), n in store.counts.items() if verb == "write"}
    asked = acts.requests_since(stage, before)
    assert (run.new, run.changed) == (0, 0)
    assert all(method == "GET" for _, method, _ in asked)
    assert not any(name == "quickbooks" for name, _, _ in asked)
    assert len(asked) <= 12
    assert wrote.get("states", 0) == wrote.get("journal", 0) == wrote.get("documents", 0) == 0
    assert sum(wrote.values()) <= 12, wrote


def test_a_second_resync_books_nothing_a_second_time() -> None:
    stage = a_synced_stage()
    before = {e: len(booked(stage, e)) for e in ("Invoice", "Customer", "Payment")}
    stage.resync()
    assert {e: len(booked(stage, e)) for e in before} == before


def test_a_bill_that_is_approved_later_comes_in_with_the_next_poll() -> None:
    stage = a_synced_stage()
    stage.world.clio_box.people.approve("1071")
    acts.poll(stage)
    assert payable(stage, "1071").booked
    assert cents(acts.invoice(stage, "1071")["TotalAmt"]) == payable(stage, "1071").asks


def test_a_resync_that_clio_interrupts_goes_on_and_counts_once() -> None:
    from infra.sandbox.kit import Fault

    stage = a_stage()
    stage.world.clio_box.faults.append(Fault("status", path="allocations", status=503, times=3))
    run = stage.resync()
    assert run.finished_at is not None
    assert run.left_alone["draft"] == len(DRAFTS)
    assert {p["state"] for p in run.parts.values()} == {"done"}


def test_an_edit_of_a_bill_reaches_its_invoice() -> None:
    stage = a_synced_stage()
    stage.world.clio_box.people.edit_bill("1045", due_at="2026-05-01")
    stage.world.clio_box.people.edit_bill("1061", total=41000)
    acts.poll(stage)
    assert cents(acts.invoice(stage, "1061")["TotalAmt"]) == 41000
    assert payable(stage, "1045").due_on is not None


def test_interest_that_clio_adds_by_itself_reaches_the_invoice() -> None:
    stage = a_synced_stage()
    before = payable(stage, "1062").asks
    stage.world.clio_box.people.add_interest("1062", 777)
    acts.poll(stage)
    assert cents(acts.invoice(stage, "1062")["TotalAmt"]) == before + 777


def test_a_voided_bill_voids_its_invoice() -> None:
    stage = a_synced_stage()
    stage.world.clio_box.people.void("1061")
    acts.poll(stage)
    p = payable(stage, "1061")
    assert p.bill_state is BillState.VOID
    assert p.booked and p.booked.voided
    assert cents(acts.invoice(stage, "1061")["TotalAmt"]) == 0


def test_a_bill_whose_commit_collided_while_it_came_in_is_looked_at_and_not_skipped() -> None:
    """Found by the simulator: the cursor went on, and the bill was never brought in."""
    whole = acts.numbers(payables(a_synced_stage()))
    stage = a_stage()
    commits: list[str] = []

    def collides(verb: str, _table: str) -> None:
        commits.extend([verb] if verb == "commit" else [])
        if verb == "commit" and len(commits) < 40 and len(commits) % 3 == 0:
            raise Conflict("somebody else was first")

    stage.world.store.before = collides
    stage.resync()
    stage.world.store.before = None
    assert acts.numbers(payables(stage)) == whole
