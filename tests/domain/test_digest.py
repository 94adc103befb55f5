"""The daily digest: one in a local day at most, in the firm's morning, switched off by what comes back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain import digest
from chalicelib.domain.digest import Chosen, Claimed, Digest, Heard, Need, News, Which
from chalicelib.domain.effects import Do, key_of
from chalicelib.domain.envelope import TRY_AGAIN, Outcome, Post
from chalicelib.domain.firm import Firm
from chalicelib.domain.kernel import Decision, Status
from chalicelib.errors import Refused
from tests.builders import FIRM, a_firm
from tests.domain.given import is_said, one

FIRM_HERE = a_firm()
MORNING = datetime(2026, 5, 4, 13, 30, tzinfo=UTC)  # 9:30 in New York
TO = "office@hartwell.example"
KEY = key_of(FIRM, Do.DIGEST, "1")


def decided(state: Digest | None, *facts: Any, firm: Firm = FIRM_HERE, now: datetime = MORNING) -> Digest:
    for fact in facts:
        state = digest.decide(state, fact, firm, now).state
    assert state is not None
    return state


def on(to: str = TO, which: Which = Which.ALL) -> Chosen:
    return Chosen(True, to, which)


OFF = Chosen(False, TO, Which.ALL)


def heard(post: Post, number: int = 1) -> Heard:
    return Heard(number, Outcome(post))


def owed_at(found: Decision[Digest]) -> datetime:
    return one(found.effects, Do.DIGEST).due_at


# --- choosing ---------------------------------------------------------------------------------------------------------


def test_switching_it_on_owes_the_next_morning() -> None:
    found = digest.decide(None, on(f" {TO} ", Which.BROKEN), FIRM_HERE, MORNING)
    assert found.state == Digest(FIRM, True, TO, Which.BROKEN, begun=1)
    effect = one(found.effects, Do.DIGEST)
    assert (effect.key, effect.lane, effect.about, effect.body) == (KEY, f"{FIRM}|mail|", "digest/main", {"begun": 1})
    assert effect.due_at == datetime(2026, 5, 5, 13, 0, tzinfo=UTC)


def test_before_the_morning_of_the_day_it_is_owed_that_morning() -> None:
    early = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)  # 4:00 there
    assert owed_at(digest.decide(None, on(), FIRM_HERE, early)) == datetime(2026, 5, 4, 13, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "address",
    ["", "office", "office@", "@a.example", "a b@c.example", "a..b@c.example", "ö@c.example", f"{'a' * 250}@b.example",
     "a@b@c.example", "a@b.example\nBcc: x@y.example"],
)  # fmt: skip
def test_an_address_that_mail_cannot_reach_is_refused(address: str) -> None:
    with pytest.raises(Refused) as no:
        digest.decide(None, on(address), FIRM_HERE, MORNING)
    assert is_said(no.value.reason)


def test_an_address_may_be_as_long_as_mail_allows() -> None:
    assert digest.reachable(f"{'a' * 244}@b.example")
    assert not digest.reachable(f"{'a' * 245}@b.example")


def test_changing_the_address_or_what_it_tells_owes_nothing_anew() -> None:
    state = decided(None, on())
    found = digest.decide(state, on("new@hartwell.example", Which.BROKEN), FIRM_HERE, MORNING)
    assert (found.state.to, found.state.which, found.state.begun) == ("new@hartwell.example", Which.BROKEN, 1)
    assert not found.effects and not found.closes
    assert digest.decide(state, on(), FIRM_HERE, MORNING).state == state


def test_switching_it_off_closes_what_is_owed_and_keeps_the_address() -> None:
    state = decided(None, on())
    found = digest.decide(state, Chosen(False, "nonsense", Which.BROKEN), FIRM_HERE, MORNING)
    assert found.closes == (KEY,)
    assert (found.state.on, found.state.to, found.state.which) == (False, TO, Which.BROKEN)
    again = digest.decide(found.state, Chosen(False, "new@hartwell.example", Which.ALL), FIRM_HERE, MORNING)
    assert again.state.to == "new@hartwell.example" and not again.closes


def test_switched_on_again_it_is_owed_under_a_key_of_its_own() -> None:
    state = decided(None, on(), OFF)
    effect = one(digest.decide(state, on(), FIRM_HERE, MORNING).effects, Do.DIGEST)
    assert effect.key == key_of(FIRM, Do.DIGEST, "2")


# --- when -------------------------------------------------------------------------------------------------------------


def test_one_in_a_local_day() -> None:
    state = decided(None, on(), Claimed(1, TO))
    assert state.day == date(2026, 5, 4)
    tomorrow = datetime(2026, 5, 5, 13, 0, tzinfo=UTC)
    assert digest.opens(state, FIRM_HERE, MORNING + timedelta(hours=3)) == tomorrow
    assert digest.opens(state, FIRM_HERE, tomorrow) == tomorrow


def test_in_the_hours_in_which_reminders_go() -> None:
    state = decided(None, on())
    for at, opening in (
        (datetime(2026, 5, 4, 12, 59, tzinfo=UTC), datetime(2026, 5, 4, 13, 0, tzinfo=UTC)),
        (datetime(2026, 5, 4, 23, 59, tzinfo=UTC), datetime(2026, 5, 4, 23, 59, tzinfo=UTC)),  # 19:59 there
        (datetime(2026, 5, 5, 0, 0, tzinfo=UTC), datetime(2026, 5, 5, 13, 0, tzinfo=UTC)),  # 20:00 there
    ):
        assert digest.opens(state, FIRM_HERE, at) == opening


@pytest.mark.parametrize(
    ("before", "hours"),
    [
        (datetime(2026, 3, 7, 14, 0, tzinfo=UTC), 23),  # New York goes forward on March 8 ...
        (datetime(2026, 10, 31, 13, 0, tzinfo=UTC), 25),  # ... and back on November 1
        (datetime(2026, 5, 4, 13, 0, tzinfo=UTC), 24),
    ],
)
def test_nine_stays_nine_when_the_clocks_change(before: datetime, hours: int) -> None:
    state = decided(None, on(), Claimed(1, TO), now=before)
    after = before + timedelta(hours=hours)
    assert digest.next_morning(FIRM_HERE, before) == digest.opens(state, FIRM_HERE, before) == after


def test_a_firm_that_moves_to_another_zone_still_gets_one_a_day() -> None:
    evening = datetime(2026, 5, 4, 23, 0, tzinfo=UTC)  # the fifth in Auckland
    state = decided(None, on(), Claimed(1, TO), firm=a_firm(zone="Pacific/Auckland"), now=evening)
    assert state.day == date(2026, 5, 5)
    assert digest.opens(state, FIRM_HERE, MORNING + timedelta(days=1)) == datetime(2026, 5, 6, 13, 0, tzinfo=UTC)


def test_a_claim_of_which_nobody_speaks_is_uncertain_after_ten_minutes() -> None:
    state = decided(None, on(), Claimed(1, TO))
    assert state.mail and digest.speaks_by(state.mail) == MORNING + timedelta(minutes=10)


# --- claiming and hearing ---------------------------------------------------------------------------------------------


def test_it_is_claimed_only_while_it_is_the_mail_to_send() -> None:
    state = decided(None, on())
    assert digest.may_claim(state, Claimed(1, TO), FIRM_HERE, MORNING)
    night = MORNING + timedelta(hours=12)
    for held, claim, now in (
        (None, Claimed(1, TO), MORNING),
        (decided(state, OFF), Claimed(1, TO), MORNING),
        (decided(state, on("new@hartwell.example")), Claimed(1, TO), MORNING),
        (state, Claimed(2, TO), MORNING),
        (decided(state, Claimed(1, TO)), Claimed(2, TO), MORNING),
        (state, Claimed(1, TO), night),
    ):
        assert not digest.may_claim(held, claim, FIRM_HERE, now)


def test_a_mail_that_was_surely_not_sent_may_go_the_same_day() -> None:
    state = decided(None, on(), Claimed(1, TO), heard(Post.RELEASED))
    assert digest.may_claim(state, Claimed(2, TO), FIRM_HERE, MORNING)
    assert digest.due_after(Outcome(Post.RELEASED), FIRM_HERE, MORNING) == MORNING + TRY_AGAIN


@pytest.mark.parametrize("post", [Post.SENT, Post.UNCERTAIN, Post.DELIVERED])
def test_one_that_may_have_gone_is_not_followed_by_another_that_day(post: Post) -> None:
    state = decided(None, on(), Claimed(1, TO), heard(post))
    assert state.mail and state.mail.post is post
    assert not digest.may_claim(state, Claimed(2, TO), FIRM_HERE, MORNING)
    assert digest.due_after(Outcome(post), FIRM_HERE, MORNING) == digest.next_morning(FIRM_HERE, MORNING)


def test_what_is_heard_late_never_undoes_what_was_known() -> None:
    state = decided(None, on(), Claimed(1, TO), heard(Post.DELIVERED))
    for late in (Post.UNCERTAIN, Post.RELEASED, Post.SENT):
        assert decided(state, heard(late)) == state


@pytest.mark.parametrize("post", [Post.BOUNCED, Post.COMPLAINED, Post.REFUSED])
def test_what_comes_back_switches_it_off_and_a_task_says_so(post: Post) -> None:
    state = decided(None, on(), Claimed(1, TO))
    found = digest.decide(state, heard(post), FIRM_HERE, MORNING)
    assert not found.state.on and found.state.mail and found.state.mail.post is post
    task = one(found.effects, Do.TASK)
    assert task.status is Status.PARKED and task.reason == found.state.why_off
    assert TO in task.reason and is_said(task.reason) and is_said(task.remedy)
    assert found.closes == (KEY,)
    again = digest.decide(found.state, on(), FIRM_HERE, MORNING)
    assert task.key in again.closes and not again.state.why_off


def test_what_came_back_of_an_address_given_up_since_switches_nothing_off() -> None:
    state = decided(None, on(), Claimed(1, TO), heard(Post.SENT), on("new@hartwell.example"))
    assert decided(state, heard(Post.BOUNCED)).on
    told_again = decided(None, on(), Claimed(1, TO), heard(Post.BOUNCED), on())
    assert decided(told_again, heard(Post.BOUNCED)).on, "the same event twice: a person has answered it"


def test_what_came_back_of_an_earlier_mail_to_the_same_address_switches_it_off() -> None:
    later = MORNING + timedelta(days=1)
    state = decided(decided(None, on(), Claimed(1, TO), heard(Post.SENT)), Claimed(2, TO), now=later)
    off = decided(state, heard(Post.BOUNCED, number=1))
    assert not off.on and off.mail and off.mail.post is Post.CLAIMED


def test_what_is_heard_after_it_was_switched_off_is_kept_and_no_more() -> None:
    state = decided(None, on(), Claimed(1, TO), OFF)
    found = digest.decide(state, heard(Post.BOUNCED), FIRM_HERE, MORNING)
    assert found.state.mail and found.state.mail.post is Post.BOUNCED and not found.effects


# --- what it tells ----------------------------------------------------------------------------------------------------


def a_need(about: str = "payable/1") -> Need:
    return Need("Invoice 1042", "It waits.", "Press Retry.", "/desk/attention", about)


@pytest.mark.parametrize("part", ["lost", "broken", "needs", "settings", "differences"])
def test_there_is_something_to_tell_where_any_part_has_something(part: str) -> None:
    news = News(**{part: (a_need(),)})  # type: ignore[arg-type]
    assert digest.wanted(news, Which.ALL) == news
    assert bool(digest.wanted(news, Which.BROKEN)) == (part in ("lost", "broken"))


def test_where_nothing_needs_anybody_there_is_nothing_to_tell() -> None:
    assert digest.wanted(News(compared_on=date(2026, 5, 4)), Which.ALL) is None


def test_of_broken_links_only_the_rest_is_left_out() -> None:
    news = News(lost=(a_need(),), needs=(a_need(),), differences=(a_need(),), more=True)
    assert digest.wanted(news, Which.BROKEN) == News(lost=(a_need(),))


def test_kinds_are_counted_the_most_first() -> None:
    abouts = ["contact/1", "payable/1", "payable/2", "customer/3", "trust/1", "payable/9", "firm", "odd/1"]
    needs = [a_need(a) for a in abouts]
    assert digest.counted(needs) == ("3 invoices", "2 clients", "2 other things", "1 trust entry")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("named “Brook” with bj@old-mail.example.", "named “Brook” with an e-mail address."),
        ("It shows <a.b@c.example>, “x@y” (home)", "It shows <an e-mail address>, “an e-mail address” (home)"),
        ("Meet @ nine. 5 @ $3", "Meet @ nine. 5 @ $3"),
    ],
)
def test_addresses_of_people_are_not_told(text: str, told: str) -> None:
    assert digest.discreet(text) == told
