"""A first sync reads what was received from the list of all receipts; whatever does not fit is read by itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from chalicelib.domain.kernel import Neighbour
from chalicelib.domain.readings import Broken, Page, Pot
from chalicelib.errors import Unavailable
from chalicelib.flow import feeds, first_receipts, first_sync
from chalicelib.flow.budget import Floor
from chalicelib.flow.drain import drain
from chalicelib.flow.feeds import UNHOOKED, Tally
from chalicelib.flow.first_receipts import HEAD, FirstReceipts
from chalicelib.flow.looking import point_at_bill
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of
from infra.sandbox.clio.books import balance
from infra.sandbox.clio.refuse import Refusal
from tests.flow import acts
from tests.flow.acts import STAFF, clio_id, payable
from tests.flow.test_first_sync import a_new_stage, prepare, settled
from tests.world import Stage


@pytest.fixture
def stage() -> Stage:
    return a_new_stage()


def shown(stage: Stage) -> Any:
    """What is known of bills, receipts and payments, whenever and however it was read."""
    bills = [
        (
            p.number,
            p.balance,
            p.open,
            p.paid,
            p.credits,
            sorted((k.id, k.cents, k.standing, k.group) for k in p.receipts),
        )
        for p in acts.payables(stage)
    ]
    payments = [(x.id, x.total, x.phase, x.settled_on, x.items, x.method) for x in acts.payments(stage)]
    return sorted(bills), sorted(payments)


def count(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """What is read of single bills and payments from now on."""
    clio = stage.world.clio
    asked: dict[str, list[Any]] = {"bill": [], "of bill": [], "of payment": [], "by id": []}
    bill, receipts, by_id = clio.bill, clio.receipts, clio.bills_by_id

    def one(access: Any, id: str) -> Any:
        asked["bill"].append(id)
        return bill(access, id)

    def some(access: Any, **named: Any) -> Any:
        if named.get("bill_id"):
            asked["of bill"].append(named["bill_id"])
        if named.get("group"):
            asked["of payment"].append(named["group"])
        return receipts(access, **named)

    def many(access: Any, ids: Any) -> Any:
        asked["by id"].append(list(ids))
        return by_id(access, ids)

    monkeypatch.setattr(clio, "bill", one)
    monkeypatch.setattr(clio, "receipts", some)
    monkeypatch.setattr(clio, "bills_by_id", many)
    return asked


def before_the_looks(stage: Stage, monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any]) -> None:
    """This happens once the list is read, at the moment when the bills that waited for it are asked for."""
    real, done = stage.world.clio.bills_by_id, list[int]()

    def late(access: Any, ids: Any) -> Any:
        if not done:
            done.append(1)
            act()
        return real(access, ids)

    monkeypatch.setattr(stage.world.clio, "bills_by_id", late)


def in_pages(stage: Stage, monkeypatch: pytest.MonkeyPatch, rows: int = 5, dies_at: int = 0) -> list[str | None]:
    """The list of all receipts comes in pages this small; reading one of them fails once. Gives what was asked for."""
    real, asked = stage.world.clio.receipts, []

    def paged(access: Any, **named: Any) -> Any:
        if named.get("bill_id") or named.get("group") or named.get("updated_since"):
            return real(access, **named)
        asked.append(named.get("next"))
        if len(asked) == dies_at:
            raise Unavailable("down", after=1)
        at, items = int(named.get("next") or 0), real(access).items
        return Page(items[at : at + rows], str(at + rows) if at + rows < len(items) else None)

    monkeypatch.setattr(stage.world.clio, "receipts", paged)
    return asked


def head(stage: Stage) -> FirstReceipts | None:
    return first_receipts.of(stage.world, policy_of(stage.world, stage.firm))


class Killed(BaseException):
    """The worker's process ends."""


def killed_once_whole(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list is whole, and no bill that waited for it was told so."""
    real = stage.world.store.put_record

    def killed(pk: str, sk: str, body: Any, **more: Any) -> int:
        version = real(pk, sk, body, **more)
        if pk == HEAD and body["whole"] and not body["over"]:
            monkeypatch.setattr(stage.world.store, "put_record", real)
            raise Killed
        return version

    monkeypatch.setattr(stage.world.store, "put_record", killed)
    with pytest.raises(Killed):
        stage.work()


def read_plainly() -> Stage:
    """The same firm, each bill read by itself."""
    stage = acts.a_stage()
    stage.resync()
    return stage


def paid_ones(stage: Stage) -> set[str]:
    return {p.id for p in acts.payables(stage) if p.receipts and p.pot is Pot.OPERATING}


def test_what_was_received_is_the_same_as_when_each_bill_is_read_by_itself(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = count(stage, monkeypatch)
    prepare(stage)
    assert shown(stage) == shown(read_plainly())
    assert (asked["bill"], asked["of bill"], asked["of payment"]) == ([], [], [])
    [together] = asked["by id"]
    assert paid_ones(stage) <= set(together)


def test_a_payment_over_several_bills_comes_from_the_list_whole(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    parts: dict[str | int, int] = {"1046": 1000, "1047": 2000, "1048": 3000}
    stage.world.clio_box.people.record_payment(parts)
    in_pages(stage, monkeypatch, rows=2)
    asked = count(stage, monkeypatch)
    prepare(stage)
    [whole] = acts.payments_on(stage, "1047")
    assert {i.number: i.cents for i in whole.items} == parts
    assert asked["of payment"] == []


def test_a_payment_recorded_after_the_list_was_read_is_read_beside_its_bill(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = stage.world.clio_box.people
    people.record_payment({"1046": 1000})
    before_the_looks(stage, monkeypatch, lambda: people.record_payment({"1046": 500, "1047": 700}))
    asked = count(stage, monkeypatch)
    prepare(stage)
    assert set(asked["of bill"]) == {str(clio_id(stage, "1046"))}
    assert sorted(k.cents for k in payable(stage, "1046").receipts) == [500, 1000]
    stage.pass_time(15, hours=1)
    assert sorted(x.total for x in acts.payments_on(stage, "1046")) == [1000, 1200]
    assert payable(stage, "1047").balance == 87550 - 700


@pytest.mark.parametrize("polled", [False, True])
def test_a_payment_that_took_the_place_of_another_of_the_same_amount_is_met_by_the_next_poll(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, polled: bool
) -> None:
    people = stage.world.clio_box.people
    old = people.record_payment({"1046": 1000})
    new: list[int] = []

    def swap() -> None:
        people.remove_payment(old)
        new.append(people.record_payment({"1046": 1000}))
        if polled:  # the cursor passes the change, and so does the overlap, before the bill is held
            poll_alone(stage)
            stage.world.clock.move(minutes=11)
            poll_alone(stage)
            stage.world.clock.move(minutes=11)
            poll_alone(stage)

    before_the_looks(stage, monkeypatch, swap)
    prepare(stage)
    stage.pass_time(15, hours=1)
    assert [k.group for k in payable(stage, "1046").receipts] == [str(new[0])]
    assert [x.id for x in acts.payments_on(stage, "1046") if x.money] == [f"clio-{new[0]}"]


def poll_alone(stage: Stage, names: tuple[str, ...] = UNHOOKED) -> Tally:
    """A poll that was under way already; nothing of what follows from it."""
    policy, tally = policy_of(stage.world, stage.firm), Tally()
    reach = Reach(stage.world, stage.firm, policy.lanes, Floor.PERSON)
    feeds.poll_clio(stage.world, reach, policy, tally, names)
    return tally


def test_a_part_of_a_payment_that_somebody_looked_at_makes_it_be_read_whole(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list had passed when the payment was laid on a further bill, which came in by itself."""
    people, state = stage.world.clio_box.people, stage.world.clio_box.state
    paid = people.record_payment({"1046": 1000})

    first_sync.start(stage.world, stage.firm, STAFF)
    killed_once_whole(stage, monkeypatch)
    other = people.record_payment({"1047": 700})
    for row in state.rows["allocations"].values():
        if row.parent_id == other:
            row.parent_id = paid
    policy = policy_of(stage.world, stage.firm)
    point_at_bill(stage.world, policy, str(clio_id(stage, "1047")))
    drain(stage.world, policy.lanes.of(Neighbour.CLIO))
    assert payable(stage, "1047").receipts
    asked = count(stage, monkeypatch)
    settled(stage)
    assert {i.number: i.cents for x in acts.payments_on(stage, "1046") for i in x.items} == {"1046": 1000, "1047": 700}
    assert set(asked["of payment"]) == {str(paid)}


def test_the_list_goes_on_where_it_stopped(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = in_pages(stage, monkeypatch, dies_at=3)
    asked = count(stage, monkeypatch)
    prepare(stage)
    assert pages[:4] == [None, "5", "10", "10"]
    assert shown(stage) == shown(read_plainly())
    assert asked["of bill"] == asked["of payment"] == []


def test_a_worker_that_dies_goes_on_at_the_page_it_was_at(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = in_pages(stage, monkeypatch)

    first_sync.start(stage.world, stage.firm, STAFF)
    killed_once_whole(stage, monkeypatch)
    last = pages[-1]
    asked = count(stage, monkeypatch)
    settled(stage)
    assert pages.count(last) == 2, "the last page is read again"
    assert pages.count(None) == 1
    assert shown(stage) == shown(read_plainly())
    assert asked["of bill"] == asked["of payment"] == []


def test_wanted_bills_are_told_of_once_by_whoever_goes_on(stage: Stage) -> None:
    first = first_receipts.begin(stage.world, policy_of(stage.world, stage.firm))
    for page in (["1", "2"], ["3"]):
        first.want(page)
    told = first.untold()
    one = next(told)
    again = head(stage)
    assert again
    assert sorted(next(iter(again.untold()))) == sorted(one), "it is not known that they were told"
    other = next(told)
    assert sorted([*one, *other]) == ["1", "2", "3"]
    assert [*again.untold()] == [other]
    assert [*again.untold()] == []
    assert again.head.over
    assert not again.head.whole, "no page of the list was read"


def test_where_another_poll_read_a_part_of_the_receipts_each_bill_is_read_by_itself(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_pages(stage, monkeypatch, dies_at=2)
    first_sync.start(stage.world, stage.firm, STAFF)
    stage.work()
    stage.world.clock.move(seconds=2)
    cursors = stage.world.store.record("feeds", stage.firm)
    assert cursors
    assert cursors[1]["receipts"]["list"]
    del cursors[1]["receipts"]["list"]
    stage.world.store.put_record("feeds", stage.firm, cursors[1])
    asked = count(stage, monkeypatch)
    settled(stage)
    assert paid_ones(stage) <= set(asked["of bill"])
    assert shown(stage) == shown(read_plainly())


def down(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clio does not give the list of all receipts; those of one bill or payment it does."""
    real = stage.world.clio.receipts

    def receipts(access: Any, **named: Any) -> Any:
        if named.get("bill_id") or named.get("group"):
            return real(access, **named)
        raise Unavailable("down", after=1)

    monkeypatch.setattr(stage.world.clio, "receipts", receipts)


def test_a_list_that_never_ends_holds_no_bill_up_for_longer_than_hours(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    down(stage, monkeypatch)
    first_sync.start(stage.world, stage.firm, STAFF)
    stage.pass_time(15, hours=5)
    assert not acts.holds(stage, "1026")
    assert acts.holds(stage, "1046"), "nothing was received on it"
    stage.pass_time(15, hours=2)
    assert acts.holds(stage, "1026")
    monkeypatch.undo()
    settled(stage)


def test_a_row_that_cannot_be_understood_makes_payments_be_read_by_themselves(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = stage.world.clio.receipts

    def one_is_bad(access: Any, **named: Any) -> Any:
        page = real(access, **named)
        whole = not (named.get("bill_id") or named.get("group"))
        return Page((*page.items, Broken("8", "", "date", "None")), page.next) if whole else page

    monkeypatch.setattr(stage.world.clio, "receipts", one_is_bad)
    asked = count(stage, monkeypatch)
    prepare(stage)
    assert asked["of bill"] == []
    assert asked["of payment"]
    assert shown(stage) == shown(read_plainly())


def test_after_a_day_and_once_we_may_write_the_list_is_of_no_use(stage: Stage) -> None:
    prepare(stage)
    policy = policy_of(stage.world, stage.firm)
    assert head(stage)
    assert first_receipts.of(stage.world, replace(policy, firm=replace(policy.firm, matched=1))) is None
    stage.world.clock.move(hours=24)
    assert head(stage) is None


def test_while_the_first_sync_reads_the_polls_rest(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    real = stage.world.clio.deposits

    def deposits(access: Any, **named: Any) -> Any:
        asked.append(named)
        return real(access, **named)

    with monkeypatch.context() as m:
        m.setattr(stage.world.clio, "deposits", deposits)
        with monkeypatch.context() as also:
            down(stage, also)
            first_sync.start(stage.world, stage.firm, STAFF)
            stage.pass_time(5, hours=1)
        assert len(asked) == 1, "by the first sync itself"
        settled(stage)
        assert len(asked) == 1
        stage.pass_time(5, minutes=30)
        assert len(asked) > 1


def test_a_pointer_in_between_reads_its_bill_at_once_and_by_itself(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as m:
        down(stage, m)
        first_sync.start(stage.world, stage.firm, STAFF)
        stage.pass_time(5, hours=1)
        id = str(clio_id(stage, "1026"))
        assert not acts.holds(stage, "1026")
        asked = count(stage, m)
        point_at_bill(stage.world, policy_of(stage.world, stage.firm), id)
        stage.work()
        assert acts.holds(stage, "1026")
        assert asked["of bill"] == [id, id]
    settled(stage)
    assert shown(stage) == shown(read_plainly())


# --- whatever people do meanwhile -------------------------------------------------------------------------------------


def meddle(stage: Stage, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Before every few of the calls for bills and receipts somebody records or removes a payment, or Clio fails."""
    chance, clio, people = Random(seed), stage.world.clio, stage.world.clio_box.people
    numbers, made = ["1046", "1047", "1048", "1049", "1026", "1057"], list[int]()
    every = chance.choice([1, 2, 4])

    def act() -> None:
        if chance.randrange(every):
            return
        if made and chance.random() < 0.4:
            people.remove_payment(made.pop(chance.randrange(len(made))))
        elif chance.random() < 0.2:
            raise Unavailable("down", after=chance.choice([1, 40]))
        else:
            some = chance.sample(numbers, chance.choice([1, 1, 2, 3]))
            cents: dict[str | int, int] = dict.fromkeys(some, chance.choice([100, 100, 250]))
            with suppress(Refusal):  # it is paid already
                made.append(people.record_payment(cents))

    def with_act(real: Any) -> Any:
        def call(*args: Any, **named: Any) -> Any:
            act()
            return real(*args, **named)

        return call

    for name in ("bills", "bills_by_id", "bill", "receipts"):
        monkeypatch.setattr(clio, name, with_act(getattr(clio, name)))


def at_clio(stage: Stage) -> dict[str, tuple[int, set[str]]]:
    """Bill -> what is open, and the allocations that stand."""
    rows, held = stage.world.clio_box.state.rows, {p.id for p in acts.payables(stage) if p.pot is Pot.OPERATING}
    stand = [a for a in rows["allocations"].values() if a.voided_at is None]
    return {id: (balance(rows["bills"][int(id)]), {str(a.id) for a in stand if str(a.bill) == id}) for id in held}


@pytest.mark.parametrize("seed", range(6))
def test_whatever_people_do_meanwhile_ends_as_clio_shows_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    with monkeypatch.context() as m:
        in_pages(stage, m)
        meddle(stage, m, seed)
        first_sync.start(stage.world, stage.firm, STAFF)
        stage.pass_time(1, minutes=12)
    settled(stage)
    stage.pass_time(15, hours=1)
    mine = [p for p in acts.payables(stage) if p.pot is Pot.OPERATING]
    assert {p.id: (p.balance, {k.id for k in p.receipts}) for p in mine} == at_clio(stage)
    rows = stage.world.clio_box.state.rows["allocations"].values()
    for x in acts.payments(stage):
        truth = {
            str(a.bill): a.amount for a in rows if f"clio-{a.parent_id}" == x.id and not a.voided_at and holds(stage, a)
        }
        assert {i.payable: i.cents for i in x.items} == truth or not (x.money or truth)


def holds(stage: Stage, allocation: Any) -> bool:
    return any(p.id == str(allocation.bill) for p in acts.payables(stage))
