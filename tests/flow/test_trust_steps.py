"""Steps of trust money one at a time: what another worker does meanwhile, and what Clio may answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from chalicelib.domain import effects, trust
from chalicelib.domain.effects import Do, Lanes
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Effect, Kind, Neighbour, Ref
from chalicelib.domain.ledger import Ledger
from chalicelib.domain.readings import Broken, ClientReading, Page, Receipt, Tokens
from chalicelib.domain.statement import Statement
from chalicelib.domain.trust import Entry, Journaled, MoveSeen
from chalicelib.domain.trust_books import TrustBank, TrustBooks
from chalicelib.domain.trust_readings import Deposit
from chalicelib.errors import Declined, Refused, Unreadable
from chalicelib.flow import states, tokens, trust_check, trust_csv, trust_report, trust_views, trusting
from tests.builders import FIRM, NOW, TODAY, a_firm, put
from tests.flow.alone import is_done, near, owe
from tests.world import MemoryWorld

BOOKS = TrustBooks(banks=(TrustBank("7", "IOLTA", "91", "Trust bank"),), liability="92")
LANES = Lanes(FIRM, clio="us/1", realm="123")
POLICY = Policy(a_firm(trust=BOOKS), 1, LANES)
NOT_CHOSEN = Policy(a_firm(), 1, LANES)
CLIO = LANES.of(Neighbour.CLIO)
MONTH = "2026-02"


def a_deposit(id: str = "500", **fields: Any) -> Deposit:
    usual: dict[str, Any] = {"on": TODAY, "cents": 1000, "trust": True, "text": "", "account": "7", "etag": "e1"}
    more: dict[str, Any] = {"client_id": "c1", "client": ClientReading("c1", "Ada", "a@x.y"), "word": "deposit"}
    return Deposit(id, **{**usual, **more, **fields})


def entry(world: MemoryWorld, id: str) -> Entry | None:
    found: Entry | None = states.decode(Kind.TRUST, world.store.load(Ref(FIRM, Kind.TRUST, id)).body)
    return found


def an_entry(id: str = "500", policy: Policy = POLICY, **fields: Any) -> Entry:
    move = trusting.move_of(a_deposit(id, **fields), policy)
    return trust.decide(None, MoveSeen(move), policy, NOW).state


def owed(world: MemoryWorld, kind: Do) -> list[Effect]:
    return [o.read() for o in world.store._effects.values() if o.effect.kind == kind]


# --- pages ------------------------------------------------------------------------------------------------------------


def test_where_another_worker_brings_one_in_meanwhile_the_others_of_the_page_come_in_all_the_same() -> None:
    world = MemoryWorld()

    def another_is_faster(verb: str, _table: str) -> None:
        if verb == "commit":
            world.store.before = None
            trusting.see_page(world, NOT_CHOSEN, [a_deposit("500")])

    world.store.before = another_is_faster
    assert trusting.see_page(world, NOT_CHOSEN, [a_deposit("500"), a_deposit("501", cents=700)])
    assert entry(world, "500") and entry(world, "501")
    moves = [m["cents"] for e in owed(world, Do.LEDGER) for m in e.body["moves"]]
    assert sorted(moves) == [700, 1000], "each is counted once"


def test_a_client_who_is_not_known_yet_comes_in_with_their_money() -> None:
    world = MemoryWorld()
    trusting.see_page(world, POLICY, [a_deposit()])
    assert world.store.load(Ref(FIRM, Kind.CONTACT, "c1")).body
    trusting.see_page(world, POLICY, [a_deposit("501")])
    assert len(world.store.journal(Ref(FIRM, Kind.CONTACT, "c1"))) == 1


def test_a_client_of_whom_only_the_name_is_shown_is_read() -> None:
    world = MemoryWorld()
    paid = Receipt("9", "b1", TODAY, 500, from_trust=True, contact_id="c1", contact_name="Ada", source="7")
    assert trusting.see_allocations(world, POLICY, [paid])
    assert entry(world, "a9")
    assert [e.body["client"] for e in owed(world, Do.LOOK_CLIENT)] == ["c1"]


def test_a_row_that_cannot_be_read_is_parked_once_for_each_version() -> None:
    world = MemoryWorld()
    row = Broken("500", "", "amount", "1.234", "", "e1")
    assert trusting.see_page(world, POLICY, [row])
    assert not trusting.see_page(world, POLICY, [row])


# --- looks ------------------------------------------------------------------------------------------------------------


class Clio:
    def __init__(self, *rows: Deposit | Broken, no: Declined | None = None) -> None:
        self.rows, self.no = rows, no

    def deposits_by_id(self, _access: object, ids: Sequence[str]) -> Page[Deposit]:
        return Page(tuple(r for r in self.rows if r.id in ids))

    def deposit(self, _access: object, _id: str) -> Deposit:
        assert self.no
        raise self.no


def look(clio: Clio) -> None:
    world = MemoryWorld()
    effect = owe(world, effects.look_move(FIRM, CLIO, "500", "", "7", NOW))
    trusting.look_at_move(world, near(clio=clio), POLICY, effect)


def test_a_transaction_that_cannot_be_understood_is_told_with_its_value() -> None:
    with pytest.raises(Unreadable) as told:
        look(Clio(Broken("500", "", "date", "never", "Correct it.")))
    assert (told.value.what, told.value.raw, told.value.remedy) == ("date", "never", "Correct it.")


def test_only_a_not_found_may_mean_that_it_is_gone() -> None:
    with pytest.raises(Declined) as told:
        look(Clio(no=Declined("forbidden", "You may not.", status=403)))
    assert told.value.status == 403


# --- what may be written has changed ----------------------------------------------------------------------------------


def test_every_page_of_an_account_is_gone_through_once_its_accounts_are_chosen() -> None:
    world = MemoryWorld()
    for n in range(101):
        put(world.store, Kind.TRUST, an_entry(str(n + 1), NOT_CHOSEN))
    effect = owe(world, effects.trust_begin(FIRM, "7", 1, NOW))
    trusting.begin(world, POLICY, effect)
    assert len(owed(world, Do.JOURNAL)) == 101
    assert is_done(world, effect)


# --- the check --------------------------------------------------------------------------------------------------------


def test_a_firm_that_is_not_set_up_is_not_checked() -> None:
    world = MemoryWorld()
    effect = owe(world, effects.trust_check(FIRM, CLIO, NOW))
    reach = near()
    trust_check.check(world, reach, Policy(a_firm(native_sync_off=False), 1, LANES), effect)
    assert (reach.asked, is_done(world, effect)) == (0, True)


class Ids:
    """Clio with one account of these transactions."""

    def __init__(self, *rows: tuple[str, str]) -> None:
        self.rows = rows

    def transaction_ids(self, _access: object, _account: str, *, next: str | None = None) -> Any:
        return self.rows, None


def test_an_allocation_alone_has_no_id_that_a_sweep_could_miss_and_an_account_that_is_gone_is_noted_nowhere() -> None:
    world = MemoryWorld()
    put(world.store, Kind.TRUST, an_entry("", receipt_id="9"))
    tokens.keep(world, FIRM, Neighbour.CLIO, "us/1", Tokens("access", "refresh", world.now() + timedelta(hours=1)))
    world.clio = Ids()  # type: ignore[assignment]
    effect = owe(world, effects.trust_sweep(FIRM, CLIO, "7", NOW))
    trust_check.sweep(world, near(), POLICY, effect)
    assert is_done(world, effect)
    assert owed(world, Do.LOOK_MOVE) == []
    assert trust_check.last(world, FIRM) is None


# --- the month's reconciliation ---------------------------------------------------------------------------------------


def a_ledger(client: str = "", matter: str = "", **fields: Any) -> Ledger:
    id = ":".join(part for part in ("7", client, matter) if part)
    usual: dict[str, Any] = {"balance": 1000, "months": {"2026-02": 1000}, "name": client and "Ada"}
    return Ledger(FIRM, id, "7", client, matter, **{**usual, **fields})


def a_world(*ledgers: Ledger, checked: bool = True) -> MemoryWorld:
    world = MemoryWorld()
    put(world.store, Kind.FIRM, a_firm(trust=BOOKS))
    for found in ledgers:
        put(world.store, Kind.LEDGER, found)
    if checked:
        figures = {"name": "IOLTA", "clio": 1000, "here": 1000, "book": 1000}
        world.store.put_record("trust", FIRM, {"at": NOW.isoformat(), "accounts": {"7": figures}})
    return world


def test_a_matter_with_nothing_at_the_month_end_is_no_line_of_the_trial_balance() -> None:
    held = (a_ledger(), a_ledger("c1"), a_ledger("c1", "m1"))
    none = a_ledger("c1", "m2", balance=0, months={"2026-02": 500, "2026-01": -500}, label="Empty")
    report = trust_report.three_way(a_world(*held, none), FIRM, "7", MONTH)
    assert [[m.cents for m in line.matters] for line in report.lines] == [[1000]]


def test_before_any_check_clios_and_quickbooks_figures_are_not_known() -> None:
    world = a_world(a_ledger(), a_ledger("c1"), checked=False)
    put(world.store, Kind.STATEMENT, Statement(FIRM, f"7:{MONTH}", "7", "IOLTA", MONTH, ending=1000))
    report = trust_report.three_way(world, FIRM, "7", MONTH)
    assert (report.clio, report.book, report.checked_at, report.journal) == (None, None, None, 1000)


def test_nothing_is_signed_off_while_changes_are_being_added_up() -> None:
    world = a_world(a_ledger(), a_ledger("c1"))
    owe(world, effects.ledger(FIRM, "500", 1, NOW, {"moves": []}))
    with pytest.raises(Refused) as told:
        trust_report.sign(world, FIRM, "7", MONTH, "Olivia")
    assert told.value.reason == trust_report.NOT_ADDED_UP


@pytest.mark.parametrize("note", ["", "A bank error."])
def test_the_file_holds_the_note_where_there_is_one(note: str) -> None:
    world = a_world(a_ledger(), a_ledger("c1"))
    put(world.store, Kind.STATEMENT, Statement(FIRM, f"7:{MONTH}", "7", "IOLTA", MONTH, ending=1000, note=note))
    told = trust_csv.as_csv(trust_report.three_way(world, FIRM, "7", MONTH))
    assert ("Note,A bank error." in told) == bool(note)
    assert "Signed off" not in told


def test_an_account_without_money_has_no_months_to_reconcile() -> None:
    assert trust_views.months(a_world(), FIRM, "7") == ()


@pytest.mark.parametrize(
    ("policy", "fields", "state"),
    [
        (POLICY, {}, "waits"),
        (POLICY, {"posted": Journaled("8", 1)}, "written"),
        (POLICY, {"posted": Journaled("8", 1, removed=True)}, "removed"),
        (POLICY, {"gone": True}, "deleted"),
        (NOT_CHOSEN, {}, "waits"),
    ],
)
def test_a_line_of_a_ledger_says_how_it_stands_in_quickbooks(
    policy: Policy, fields: dict[str, Any], state: str
) -> None:
    world = a_world(a_ledger(), a_ledger("c1"))
    made = an_entry(policy=policy)
    put(world.store, Kind.TRUST, replace(made, **fields))
    (row,) = trust_views.ledger(world, FIRM, "7", "c1").entries
    assert (row.state, row.on) == (state, date(2026, 3, 2))
