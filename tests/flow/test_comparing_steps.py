"""A comparison page by page: through every page of every list, over what moves meanwhile, on after an interruption."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.comparing import Difference
from chalicelib.domain.effects import Do, owed
from chalicelib.domain.kernel import Effect, Kind, Neighbour, Ref, lane_of
from chalicelib.domain.payment import Source
from chalicelib.domain.readings import Broken, Page, Pot
from chalicelib.errors import Unavailable
from chalicelib.flow import compared, compared_money, reconciling
from chalicelib.flow.budget import Floor
from chalicelib.flow.compared import Report
from chalicelib.flow.reach import Reach
from tests.builders import FIRM, NOW, a_payable, a_payment, put
from tests.domain.given import a_policy
from tests.flow.alone import held, is_done, near, owe
from tests.world import MemoryWorld

POLICY = a_policy()


class Clio:
    """Shows these bills, and no trust accounts. ``meanwhile``: done while bills are read; ``trouble``: how often it
    does not answer about trust accounts."""

    def __init__(self, *bills: Any, meanwhile: Callable[[], object] | None = None, trouble: int = 0) -> None:
        self.bills, self.meanwhile, self.trouble, self.asked = bills, meanwhile, trouble, 0

    def bills_by_id(self, _access: object, ids: list[str]) -> Page[Any]:
        self.asked += 1
        if self.meanwhile:
            self.meanwhile()
        return Page(tuple(b for b in self.bills if b.id in ids))

    def trust_accounts(self, _access: object) -> tuple[()]:
        if self.trouble:
            self.trouble -= 1
            raise Unavailable("Clio is having a moment")
        return ()


def a_comparison(world: MemoryWorld) -> Effect:
    body = {"by": "test", "full": True}
    return owe(world, owed(FIRM, Do.RECONCILE, "main", "firm", lane_of(FIRM, Neighbour.SELF), NOW, body=body))


def the_comparison(world: MemoryWorld, *bills: Any, meanwhile: Callable[[], object] | None = None) -> Report:
    reach = near(clio=Clio(*bills, meanwhile=meanwhile), quickbooks=object())
    reconciling.reconcile(world, reach, POLICY, a_comparison(world))
    report = compared.last(world, FIRM)
    assert report is not None
    return report


def kinds(report: Report) -> list[str]:
    return [d.kind for d in report.differences]


def a_trust_request(world: MemoryWorld, id: str = "b1", **fields: Any) -> Ref:
    """It is in Clio alone, so that nothing is asked of QuickBooks."""
    return put(world.store, Kind.PAYABLE, a_payable(id=id, number=f"N-{id}", pot=Pot.TRUST, **fields))


# --- what is named ----------------------------------------------------------------------------------------------------


def differing(n: int, *, expected: bool) -> list[Difference]:
    return [Difference(f"b{i}", f"N-{i}", "kind", "cause", "remedy", expected=expected) for i in range(n)]


def test_what_needs_somebody_stands_before_what_is_expected_and_none_is_cut_off() -> None:
    world, told = MemoryWorld(), Report(NOW)
    compared.name(world, FIRM, told, differing(230, expected=True))
    compared.name(world, FIRM, told, differing(30, expected=False))
    assert (told.named, told.expected, len(told.differences)) == (260, 230, 100)
    assert [d.expected for d in told.differences] == [False] * 30 + [True] * 70
    pages = [compared.rest(world, FIRM, told, n) for n in range(told.pages + 1)]
    assert [len(p) for p in pages] == [100, 100, 30, 30]
    assert sum(1 for p in pages for d in p if not d.expected) == 30
    assert compared.rest(world, FIRM, told, told.pages + 1) == ()


def test_more_than_can_be_kept_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compared, "PAGES_AT_MOST", 1)
    world, told = MemoryWorld(), Report(NOW)
    compared.name(world, FIRM, told, differing(330, expected=False))
    assert (told.named, told.pages) == (330, 1)


def test_while_a_comparison_is_owed_that_is_told_with_how_far_it_is() -> None:
    world = MemoryWorld()
    assert compared.under_way(world, FIRM) is None
    a_trust_request(world)
    reach = near(clio=Clio(trouble=1), quickbooks=object())
    effect = a_comparison(world)
    assert compared.under_way(world, FIRM) == compared.UnderWay(0, "")
    with pytest.raises(Unavailable):
        reconciling.reconcile(world, reach, POLICY, effect)
    assert compared.under_way(world, FIRM) == compared.UnderWay(1, "")
    world.store.postpone(effect.key, NOW, cause="Waiting: Clio is having a moment")
    reconciling.reconcile(world, reach, POLICY, replace(effect, cause="Waiting"))
    report = compared.last(world, FIRM)
    assert report and not report.running
    world.store.arrive(effect)
    report = compared.last(world, FIRM)
    assert report and report.running


def test_every_page_of_a_list_is_compared() -> None:
    world = MemoryWorld()
    for n in range(reconciling.PAGE + 1):
        a_trust_request(world, f"b{n}")
    report = the_comparison(world)
    assert report.checked == reconciling.PAGE + 1
    assert report.named == reconciling.PAGE + 1
    assert set(kinds(report)) == {"missing in Clio"}


def test_a_long_comparison_keeps_what_it_has_before_its_drain_ends_and_compares_each_once() -> None:
    """A worker that is stopped in the middle of one begins it anew, and is stopped again: it never ended."""
    world = MemoryWorld()
    for n in range(2 * reconciling.PAGE + 1):
        a_trust_request(world, f"b{n}")
    effect = a_comparison(world)
    legs, longest = 0, 0.0
    while not is_done(world, effect):
        legs, began = legs + 1, world.now()
        way = near(clio=Clio(meanwhile=lambda: world.clock.move(seconds=4)), quickbooks=object())
        way.until = began + timedelta(seconds=60)
        way.seconds_left = lambda way=way: (way.until - world.now()).total_seconds()
        try:
            reconciling.reconcile(world, way, POLICY, held(world, effect))
        except Unavailable as goes_on:
            assert goes_on.ours, "nothing failed: no try is counted"
            world.store.postpone(effect.key, world.now(), cause=goes_on.why)
        longest = max(longest, (world.now() - began).total_seconds())
    report = compared.last(world, FIRM)
    assert report is not None
    assert (report.checked, report.named) == (2 * reconciling.PAGE + 1, 2 * reconciling.PAGE + 1)
    assert legs > 1
    assert longest <= 60 - 12, "a drain's minute, less the time-out of a call"


def test_in_the_last_seconds_of_a_drain_a_small_page_is_compared() -> None:
    world = MemoryWorld()
    for n in range(reconciling.PAGE):
        a_trust_request(world, f"b{n}")
    way = near(clio=Clio(), quickbooks=object())
    way.left = 13.0
    effect = a_comparison(world)
    with pytest.raises(Unavailable):
        reconciling.reconcile(world, way, POLICY, effect)
    found = world.store.record("report", f"{FIRM}/running")
    assert found
    assert found[1]["report"]["checked"] == reconciling.FEW


def test_a_drain_tells_a_comparison_how_long_it_may_take() -> None:
    world = MemoryWorld()
    way = Reach(world, FIRM, POLICY.lanes, Floor.WEBHOOK, until=world.now() + timedelta(seconds=60))
    world.clock.move(seconds=15)
    assert way.seconds_left() == 45
    assert Reach(world, FIRM, POLICY.lanes, Floor.WEBHOOK).seconds_left() is None


@pytest.mark.parametrize("size", [100, 1000])
@pytest.mark.parametrize(("full", "compared_"), [(True, 252), (False, 251)])
def test_every_payment_is_compared_once_and_a_night_stops_at_those_of_five_weeks_ago(
    size: int, compared_: int, *, full: bool
) -> None:
    world = MemoryWorld()
    for n in range(251):
        at = NOW - timedelta(minutes=n)
        put(world.store, Kind.PAYMENT, a_payment(id=f"p{n}", source=Source.CLIO, created_at=at, settled_at=at))
    old = NOW - timedelta(days=40)
    put(world.store, Kind.PAYMENT, a_payment(id="old", source=Source.CLIO, created_at=old, settled_at=old))
    report, way, cursor = Report(NOW, full=full), near(), ""
    found: list[Difference] = []
    for _ in range(3):
        more, cursor = compared_money.page(world, way, "payments", size, cursor, report)
        found += more
        if not cursor:
            break
    assert len({d.detail for d in found}) == len(found) == report.counts["payments"] == compared_


def test_a_bill_that_cannot_be_understood_is_parked_by_its_feed_and_no_difference() -> None:
    world = MemoryWorld()
    a_trust_request(world)
    assert kinds(the_comparison(world, Broken("b1", "N-b1", "state", "unheard-of"))) == []


def test_an_invoice_that_moves_while_it_is_compared_still_replays() -> None:
    world = MemoryWorld()
    a_trust_request(world)
    assert kinds(the_comparison(world, meanwhile=lambda: a_trust_request(world, seq=1))) == ["missing in Clio"]
    assert len(world.store.journal(Ref(FIRM, Kind.PAYABLE, "b1"))) == 2


def test_an_invoice_whose_journal_lost_a_line_is_named() -> None:
    """Promise 7: the journal replays to the state."""
    whole, lost = MemoryWorld(), MemoryWorld()
    for world in (whole, lost):
        a_trust_request(world)
        a_trust_request(world, seq=1)
    lost.store._journal[Ref(FIRM, Kind.PAYABLE, "b1")].pop()
    assert len(kinds(the_comparison(lost))) == len(kinds(the_comparison(whole))) + 1


def test_a_comparison_that_was_interrupted_goes_on_where_it_was() -> None:
    world = MemoryWorld()
    a_trust_request(world)
    clio = Clio(trouble=1)
    effect = a_comparison(world)
    with pytest.raises(Unavailable):
        reconciling.reconcile(world, near(clio=clio, quickbooks=object()), POLICY, effect)
    assert compared.last(world, FIRM) is None
    world.store.postpone(effect.key, world.now(), cause="Clio did not answer.")
    reconciling.reconcile(world, near(clio=clio, quickbooks=object()), POLICY, held(world, effect))
    report = compared.last(world, FIRM)
    assert report is not None
    assert (report.checked, clio.asked) == (1, 1), "each bill was compared once"
    assert is_done(world, effect)
