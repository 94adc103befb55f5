"""Looks at Clio's bills, and its feeds: what is not shown, not ours to follow, not understood, or moving meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from chalicelib.domain import effects
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Effect, Status
from chalicelib.domain.readings import Broken, EventPointer, Page, Receipt
from chalicelib.domain.trust_readings import Deposit
from chalicelib.errors import Unavailable
from chalicelib.flow import feeds, looking
from chalicelib.flow.budget import Floor
from chalicelib.flow.feeds import Tally
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of
from tests.flow import acts
from tests.flow.acts import clio_id, holds, payable
from tests.world import Stage


@pytest.fixture
def stage(synced: Stage) -> Stage:
    """One firm for all; each test looks at other bills."""
    acts.BUILT.append(synced)
    synced.pass_time(1, minutes=2)
    return synced


def reach(stage: Stage) -> Reach:
    return Reach(stage.world, stage.firm, policy_of(stage.world, stage.firm).lanes, Floor.WEBHOOK)


def look(stage: Stage, id: str, *, receipts: bool = True) -> Effect:
    """A pointer at the bill came, and what followed; gives its look."""
    looking.point_at_bill(stage.world, policy_of(stage.world, stage.firm), id, receipts=receipts)
    stage.work()
    found = stage.world.store.effect(effects.key_of(stage.firm, Do.LOOK_BILL, id))
    assert found is not None
    return found


def feed(stage: Stage, *names: str) -> Tally:
    """One poll of these feeds, and nothing of what follows from it."""
    tally = Tally()
    feeds.poll_clio(stage.world, reach(stage), policy_of(stage.world, stage.firm), tally, names)
    return tally


def clio_bill(stage: Stage, number: str) -> Any:
    return stage.world.clio_box.state.rows["bills"][clio_id(stage, number)]


def show(stage: Stage, number: str, **fields: object) -> None:
    """Clio shows the bill like this from now on."""
    bill = clio_bill(stage, number)
    for name, value in fields.items():
        setattr(bill, name, value)
    stage.world.clio_box.changed(bill)


# --- one bill ---------------------------------------------------------------------------------------------------------


def test_a_pointer_at_a_bill_that_was_never_held_and_is_not_there_leaves_nothing(stage: Stage) -> None:
    assert look(stage, "999999").status is Status.DONE
    assert not any(p.id == "999999" for p in acts.payables(stage))


@pytest.fixture
def hidden(stage: Stage) -> Iterator[str]:
    """A bill that we hold and that Clio does not show, as where a user may not see it."""
    rows, id = stage.world.clio_box.state.rows["bills"], clio_id(stage, "1046")
    bill = rows.pop(id)
    yield str(id)
    rows[id] = bill


def test_a_bill_that_we_hold_and_clio_does_not_show_is_never_taken_for_deleted(stage: Stage, hidden: str) -> None:
    found = look(stage, hidden)
    assert (found.status, found.reason) == (Status.PARKED, looking.NOT_SHOWN)
    assert not payable(stage, "1046").gone


def test_a_pointer_at_a_draft_brings_nothing_in(stage: Stage) -> None:
    assert look(stage, str(clio_id(stage, "1070"))).status is Status.DONE
    assert not holds(stage, "1070")


def test_a_bill_on_which_payments_keep_coming_is_looked_at_later(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    real, people = stage.world.clio.bill, stage.world.clio_box.people

    def another(*args: Any) -> Any:
        people.record_payment({"1047": 100})
        return real(*args)

    people.record_payment({"1047": 100})
    monkeypatch.setattr(stage.world.clio, "bill", another)
    found = look(stage, payable(stage, "1047").id)
    assert found.cause == "Waiting: payments are being recorded on this bill at this moment"
    monkeypatch.undo()
    stage.pass_time(0.5, minutes=2)
    assert payable(stage, "1047").open == 87550 - 400


def test_a_payment_is_not_read_by_halves(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    real = stage.world.clio.receipts

    def one_is_bad(*args: Any, **named: Any) -> Any:
        page = real(*args, **named)
        return Page((*page.items, Broken("8", "", "date", "None", "A payment must have a date.")), page.next)

    stage.world.clio_box.people.record_payment({"1048": 100})
    monkeypatch.setattr(stage.world.clio, "receipts", one_is_bad)
    found = look(stage, payable(stage, "1048").id)
    assert (found.status, found.remedy) == (Status.PARKED, "A payment must have a date.")
    assert "payment 8: date" in found.reason
    assert payable(stage, "1048").receipts == ()
    monkeypatch.undo()
    assert look(stage, payable(stage, "1048").id).status is Status.DONE
    assert payable(stage, "1048").open == 39210 - 100


def test_the_text_beside_a_new_payment_is_read_from_the_line_that_names_it_and_from_no_other(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid = acts.pay_by_card(stage, "1053")
    real = stage.world.clio.deposits

    def with_others(*args: Any, **named: Any) -> Any:
        page = real(*args, **named)
        bad = Broken("1", "", "date", "None")
        nobodys = Deposit("2", date(2026, 3, 1), 64000, False, text=paid.code)
        return Page((bad, nobodys, *page.items), page.next)

    monkeypatch.setattr(stage.world.clio, "deposits", with_others)
    stage.world.clio_box.people.record_payment({"1053": 64000}, description="by wire")
    look(stage, payable(stage, "1053").id)
    [known] = payable(stage, "1053").receipts
    assert paid.code not in known.text, "that line names no payment"
    assert [t.body["receipt"] for t in acts.tasks(stage, "match")] == [known.id]


def test_every_page_of_a_list_is_read(stage: Stage) -> None:
    pages: dict[str | None, Page[str]] = {None: Page(("a", "b"), "second"), "second": Page(("c",), None)}

    def read(_clio: Any, _access: Any, next: str | None) -> Page[str]:
        return pages[next]

    assert [*looking.every(reach(stage), read)] == ["a", "b", "c"]


def test_a_row_that_cannot_be_understood_asks_a_person_once_for_each_version_of_it(stage: Stage) -> None:
    policy = policy_of(stage.world, stage.firm)
    told = [
        looking.park_look(stage.world, policy, Broken("777", "B-777", "state", "odd", mark=mark))
        for mark in ("one", "one", "two")
    ]
    assert told == [True, False, True]
    [asked] = acts.parked(stage, about="payable/777")
    assert asked.reason == "Clio shows “odd” as this bill's state, which we do not understand."


# --- feeds ------------------------------------------------------------------------------------------------------------


def test_a_first_reading_that_was_interrupted_goes_on_at_its_page_without_a_since(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, Any]] = []

    def bills(_access: Any, *, updated_since: Any, state: str, next: str | None) -> Page[Any]:
        asked.append((updated_since, next))
        if len(asked) == 2:
            raise Unavailable("down")
        return Page((), None if next else "page 2")

    held = stage.world.store.record("feeds", stage.firm)
    stage.world.store.delete_record("feeds", stage.firm)
    monkeypatch.setattr(stage.world.clio, "bills", bills)
    with pytest.raises(Unavailable):
        feed(stage, "bills")
    feed(stage, "bills")
    assert asked == [(None, None), (None, "page 2"), (None, "page 2")]
    assert held is not None
    stage.world.store.put_record("feeds", stage.firm, held[1])


def test_what_parked_a_bill_is_nobodys_concern_once_the_bill_is_void(stage: Stage) -> None:
    stage.world.clio_box.people.approve("1071")
    show(stage, "1071", state="in_review")
    acts.poll(stage)
    assert [e.status for e in acts.parked(stage, about=f"payable/{clio_id(stage, '1071')}")] == [Status.PARKED]
    show(stage, "1071", state="void")
    acts.poll(stage)
    assert acts.parked(stage, about=f"payable/{clio_id(stage, '1071')}") == []
    assert not holds(stage, "1071")


def test_a_bill_that_waits_for_a_person_is_not_asked_about_again_until_it_changes(stage: Stage) -> None:
    stage.world.clio_box.people.approve("1072")
    client = clio_bill(stage, "1072").client_id
    show(stage, "1072", client_id=None)
    assert feed(stage, "bills").parked == 1
    [asked] = acts.parked(stage, about=f"payable/{clio_id(stage, '1072')}")
    assert feed(stage, "bills").parked == 1
    assert acts.parked(stage, about=f"payable/{clio_id(stage, '1072')}") == [asked]
    show(stage, "1072", client_id=client)
    assert feed(stage, "bills").new == 1
    stage.work()
    assert holds(stage, "1072")


def test_an_allocation_to_a_trust_request_is_left_to_the_deposits(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust = payable(stage, "1080")
    shown = Receipt("70", trust.id, date(2026, 3, 1), 100, group="70")
    monkeypatch.setattr(stage.world.clio, "receipts", lambda *_a, **_m: Page((shown,)))
    assert not feed(stage, "receipts").wrote
    assert [e for e in acts.all_effects(stage) if e.about == f"payable/{trust.id}" and e.status is Status.OWED] == []


def test_news_from_stripe_that_is_of_no_concern_owes_nothing(stage: Stage) -> None:
    before = acts.all_effects(stage)
    pointer = EventPointer("evt_1", stage.operating, "balance.available", "balance", "bal_1")
    assert not feeds.point_at_stripe(stage.world, stage.firm, pointer)
    assert acts.all_effects(stage) == before
