"""What was outstanding at the last signed-off month end is offered when the next one is reconciled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from chalicelib.domain.carrying import Answer
from chalicelib.domain.statement import Outstanding, months_until
from chalicelib.errors import Refused
from chalicelib.flow import trust_csv, trust_report
from tests.flow import acts
from tests.flow import trust_acts as trust

Items = Sequence[Outstanding]
Two = tuple[Items, Items]  # of deposits and checks
NONE: Two = ((), ())


class Account:
    """A trust account with money in each of the last three months, and what people do with its month ends."""

    def __init__(self) -> None:
        self.stage = trust.a_trust_stage()
        self.id = trust.account(self.stage)
        self.months = months_until(self.stage.world.now().date().isoformat()[:7], 4)[:0:-1]
        for month in self.months:
            trust.move(self.stage, "Ada Example", 50000, on=date.fromisoformat(f"{month}-15"))
        trust.check(self.stage)
        first = date.fromisoformat(f"{self.months[0]}-14")
        self.check, self.plain, self.counter = (
            Outstanding(first, "101 to Felix Ortega", 2500),
            Outstanding(None, "102", 700),
            Outstanding(first, "Counter deposit", 300),
        )

    def shown(self, month: str) -> trust_report.ThreeWay:
        return trust_report.three_way(self.stage.world, self.stage.firm, self.id, month)

    def enter(self, month: str, deposits: Items = (), checks: Items = (), cleared: Two = NONE) -> None:
        """With the ending balance that makes the three agree."""
        out = sum(c.cents for c in checks) - sum(d.cents for d in deposits)
        trust_report.enter(
            self.stage.world,
            self.stage.firm,
            self.id,
            month,
            acts.STAFF,
            ending=self.shown(month).journal + out,
            deposits=deposits,
            checks=checks,
            cleared_deposits=cleared[0],
            cleared_checks=cleared[1],
        )

    def sign(self, month: str) -> None:
        trust_report.sign(self.stage.world, self.stage.firm, self.id, month, "Olivia")

    def reopen(self, month: str) -> None:
        trust_report.reopen(self.stage.world, self.stage.firm, self.id, month, "Olivia")

    def first_signed(self) -> None:
        self.enter(self.months[0], [self.counter], [self.check, self.plain])
        self.sign(self.months[0])

    def answers(self, month: str) -> list[Answer]:
        return [o.answer for o in self.shown(month).offered.offers]


def test_what_was_outstanding_is_offered_and_nothing_is_taken_over_by_itself() -> None:
    a = Account()
    first, second, _ = a.months
    a.enter(first, [a.counter], [a.check, a.plain])
    assert a.shown(second).offered.offers == ()  # entered, and not signed off
    a.sign(first)
    shown = a.shown(second)
    assert [o.item for o in shown.offered.offers] == [a.counter, a.check, a.plain]
    assert shown.offered.since is not None and shown.offered.since.isoformat()[:7] == first
    assert (shown.statement.deposits, shown.statement.checks, shown.adjusted) == ((), (), None)
    assert a.shown(first).offered.offers == ()


def test_a_sign_off_waits_until_each_has_its_answer_and_each_may_be_changed_until_then() -> None:
    a = Account()
    _, second, third = a.months
    a.first_signed()
    a.enter(second)
    assert a.answers(second) == [Answer.OPEN] * 3
    assert not a.shown(second).may_sign
    with pytest.raises(Refused, match="whether it still is"):
        a.sign(second)
    a.enter(second, [a.counter], [a.check], ((), [a.plain]))
    assert a.answers(second) == [Answer.STILL, Answer.STILL, Answer.CLEARED]
    a.enter(second, [], [a.check, a.plain], ([a.counter], []))
    assert a.answers(second) == [Answer.CLEARED, Answer.STILL, Answer.STILL]
    a.sign(second)
    assert a.shown(second).offered.offers == ()
    assert [o.item for o in a.shown(third).offered.offers] == [a.check, a.plain]


def test_a_month_end_that_was_left_out_hands_on_what_was_signed_off_before_it() -> None:
    a = Account()
    first, second, third = a.months
    a.first_signed()
    a.enter(second)
    shown = a.shown(third).offered
    assert shown.since is not None and shown.since.isoformat()[:7] == first
    assert len(shown.offers) == 3


def test_the_last_sign_off_is_found_behind_many_months(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust_report, "SIGNED_AT_ONCE", 1)
    a = Account()
    a.first_signed()
    a.enter(a.months[1])
    assert len(a.shown(a.months[2]).offered.offers) == 3


def test_when_the_month_before_is_opened_again_what_was_said_of_it_is_said_anew() -> None:
    a = Account()
    first, second, _ = a.months
    a.first_signed()
    a.enter(second, [a.counter], [], ((), [a.check, a.plain]))
    seen = a.shown(second)
    assert seen.may_sign
    a.reopen(first)
    other = a.shown(second)
    assert (other.offered.other, other.may_sign, other.mark == seen.mark) == (True, False, False)
    with pytest.raises(Refused, match="whether it still is"):
        a.sign(second)
    with pytest.raises(Refused, match="cannot have cleared"):
        a.enter(second, [], [], ((), [a.check]))
    a.enter(first, [a.counter], [a.check])
    a.sign(first)
    assert a.answers(second) == [Answer.STILL, Answer.CLEARED]
    a.enter(second, [a.counter], [], ((), [a.check]))
    a.sign(second)


def test_what_is_signed_off_stays_though_the_month_before_is_opened_again() -> None:
    a = Account()
    first, second, _ = a.months
    a.first_signed()
    a.enter(second, [a.counter], [], ((), [a.check, a.plain]))
    a.sign(second)
    before = a.shown(second)
    a.reopen(first)
    assert a.shown(second) == before
    a.reopen(second)
    kept = trust_report.signed_before(a.stage.world, a.stage.firm, a.id, second, "1")
    assert kept.statement.cleared_checks == (a.check, a.plain)
    assert kept.offered.offers == ()


def test_the_sheet_tells_what_has_cleared_and_what_has_no_answer_yet() -> None:
    a = Account()
    first, second, _ = a.months
    a.first_signed()
    a.enter(second, [], [a.plain], ([a.counter], []))
    since = a.shown(second).offered.since
    told = trust_csv.as_csv(a.shown(second)).splitlines()
    assert f"Deposit cleared since {since},Counter deposit,{a.counter.on},3.00" in told
    assert f'"Check outstanding on {since}, no word yet",101 to Felix Ortega,{a.check.on},25.00' in told
    assert "Outstanding check,102,,-7.00" in told
    assert not any("since" in row or "no word" in row for row in trust_csv.as_csv(a.shown(first)).splitlines())
    a.enter(second, [], [a.plain], ([a.counter], [a.check]))
    a.sign(second)
    signed = trust_csv.as_csv(a.shown(second)).splitlines()
    assert f"Check cleared since {since},101 to Felix Ortega,{a.check.on},25.00" in signed
