"""The daily digest: read from the firm's pages, claimed first, sent once a day at most, stopped by what comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from chalicelib.domain import digest, effects
from chalicelib.domain.comparing import Difference
from chalicelib.domain.digest import Digest, News
from chalicelib.domain.envelope import CLAIM_LASTS, TRY_AGAIN, UNCERTAIN_AFTER, Post
from chalicelib.domain.finding import Finding, Weight
from chalicelib.domain.firm import Member
from chalicelib.domain.kernel import Effect, Kind, Status
from chalicelib.errors import Conflict, Declined, Refused
from chalicelib.flow import attention, compared, digesting, mailing, preflight
from chalicelib.flow.budget import Floor
from chalicelib.flow.compared import Report
from chalicelib.flow.drain import drain
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of
from tests.builders import FIRM, a_firm, put
from tests.domain.given import a_policy
from tests.flow import acts
from tests.flow.alone import held, near, owe
from tests.world import MemoryWorld, Sent, Ses

TO = "office@hartwell.example"
LANE = f"{FIRM}|mail|"
NEW_YORK = ZoneInfo("America/New_York")


class Died(BaseException):
    """The worker is gone."""


@dataclass
class Room:
    """A firm with the digest on, nothing else owed. Its clock stands at the hour at which it was switched on."""

    world: MemoryWorld = field(default_factory=MemoryWorld)

    def __post_init__(self) -> None:
        put(self.world.store, Kind.FIRM, a_firm())
        self.choose()

    def choose(self, *, on: bool = True, to: str = TO, which: str = "all") -> None:
        digesting.choose(self.world, FIRM, on=on, to=to, which=which, by="Olivia")

    @property
    def state(self) -> Digest:
        found = digesting.state_of(self.world, FIRM)
        assert found is not None
        return found

    @property
    def effect(self) -> Effect:
        found = self.world.store.effect(digest.key(self.state))
        assert found is not None
        return found

    @property
    def mails(self) -> list[Sent]:
        return self.world.mail.outbox

    def move(self, to: datetime | timedelta) -> None:
        span = to - self.world.now() if isinstance(to, datetime) else to
        self.world.clock.move(seconds=span.total_seconds())

    def work(self) -> None:
        drain(self.world, LANE)

    def due(self) -> None:
        """The effect's own time comes."""
        self.move(self.effect.due_at)
        self.work()

    def needs(self, name: str = "mail/e1/bounced", about: str = "payable/b1", **body: Any) -> Effect:
        return owe(
            self.world,
            effects.task(
                FIRM,
                name,
                about,
                self.world.now(),
                title=f"About {about}",
                reason="It came back.",
                remedy="Correct the address in Clio.",
                body=body,
            ),
        )

    def tell(self, reach: Any = None) -> None:
        """One worker performs the effect as it lies there."""
        policy = policy_of(self.world, FIRM)
        digesting.tell(self.world, reach or Reach(self.world, FIRM, policy.lanes, Floor.POLL), policy, self.effect)

    def event(self, kind: str, number: str = "1") -> None:
        mailing.event_seen(self.world, mailing.tag_of(FIRM, f"digest-{number}"), kind)

    def tasks(self) -> list[Effect]:
        page = self.world.store.parked(FIRM, limit=100)
        return [e for e in page.items if "/digest/" in e.key]


class Meanwhile(Ses):
    """SES before which something happens: while the mail is being written, or when it is being sent."""

    writing: Callable[[], object] | None = None
    sending: Callable[[], object] | None = None

    def compose(self, letter: Any) -> bytes:
        do, self.writing = self.writing, None
        if do:
            do()
        return super().compose(letter)

    def send(self, raw: bytes, *, to: str, tag: str) -> str:
        do, self.sending = self.sending, None
        if do:
            do()
        return super().send(raw, to=to, tag=tag)


def an_interrupted_room(**does: Callable[[Room], object]) -> Room:
    """Something needs somebody, it is morning, and ``does`` happens at its moment."""
    room = Room()
    room.needs()
    room.world.mail = mail = Meanwhile(room.world.now)
    for name, do in does.items():
        setattr(mail, name, lambda do=do: do(room))
    room.move(room.effect.due_at)
    return room


def dies(_room: Room) -> None:
    raise Died


def is_refused(_room: Room) -> None:
    raise Declined("MessageRejected", "The mail was refused.")


# --- when, and how often ----------------------------------------------------------------------------------------------


def test_where_nothing_needs_anybody_no_mail_goes_and_it_is_looked_again_next_morning() -> None:
    room = Room()
    first = room.effect.due_at
    room.due()
    assert room.mails == [] and room.state.mail is None
    assert room.effect.due_at == first + timedelta(days=1)


def test_what_needs_somebody_is_told_in_the_firms_morning() -> None:
    room = Room()
    room.needs()
    room.work()
    assert room.mails == [], "it waits for the morning"
    room.due()
    [mail] = room.mails
    assert (mail.to, mail.subject, mail.tag) == (TO, "1 thing needs you", f"{FIRM}--digest-1")
    local = mail.at.astimezone(NEW_YORK)
    assert (local.hour, local.minute) == (9, 0)
    assert room.state.mail and room.state.mail.post is Post.SENT


def test_once_a_day_whatever_comes_meanwhile() -> None:
    room = Room()
    room.needs()
    room.due()
    for n in range(5):
        room.needs(f"mail/e{n + 2}/bounced")
        room.move(timedelta(hours=1))
        room.world.store.arrive(digest.owed(room.state, room.world.now()))
        room.work()
    assert len(room.mails) == 1
    room.due()
    assert [m.subject for m in room.mails] == ["1 thing needs you", "6 things need you"]


def test_after_an_outage_of_ours_it_goes_in_the_daytime_only() -> None:
    room = Room()
    room.needs()
    opening = room.effect.due_at
    room.move(opening + timedelta(hours=12))  # 21:00 there
    room.work()
    assert room.mails == []
    room.due()
    assert [m.at for m in room.mails] == [opening + timedelta(days=1)]


def test_nine_in_the_morning_stays_nine_over_the_change_of_the_clocks() -> None:
    room = Room()
    room.needs()
    room.choose(on=False)
    room.move(datetime(2026, 10, 30, 16, 0, tzinfo=UTC))
    room.choose()
    for _ in range(4):
        room.due()
    told = [m.at.astimezone(NEW_YORK) for m in room.mails]
    assert [(t.month, t.day, t.hour) for t in told] == [(10, 31, 9), (11, 1, 9), (11, 2, 9), (11, 3, 9)]
    assert room.mails[1].at - room.mails[0].at == timedelta(hours=25)


# --- the setting ------------------------------------------------------------------------------------------------------


def test_switched_off_nothing_is_owed_and_nothing_is_sent() -> None:
    room = Room()
    room.needs()
    effect = room.effect
    room.choose(on=False)
    assert held(room.world, effect).status is Status.DONE
    room.move(timedelta(days=3))
    room.work()
    assert room.mails == []
    shown = digesting.shown(room.world, FIRM)
    assert (shown.on, shown.to, shown.next_at, shown.last) == (False, TO, None, None)


def test_off_and_on_again_on_one_day_sends_no_second_one() -> None:
    room = Room()
    room.needs()
    room.due()
    room.choose(on=False)
    room.choose()
    room.due()
    assert len(room.mails) == 2 and room.mails[1].at.date() > room.mails[0].at.date()


def test_an_effect_of_an_earlier_switching_on_does_nothing() -> None:
    room = Room()
    room.needs()
    stale = room.effect
    room.choose(on=False)
    room.choose()
    room.world.store.arrive(stale)
    room.move(room.effect.due_at)
    digesting.tell(room.world, near(), a_policy(), stale)
    assert held(room.world, stale).status is Status.DONE and room.mails == []


def test_an_effect_without_a_setting_does_nothing() -> None:
    world = MemoryWorld()
    effect = owe(world, digest.owed(Digest(FIRM, begun=1), world.now()))
    digesting.tell(world, near(), a_policy(), effect)
    assert held(world, effect).status is Status.DONE


def test_only_broken_links_and_lost_connections_where_the_firm_wants_no_more() -> None:
    room = Room()
    room.choose(which="broken")
    room.needs()
    room.due()
    assert room.mails == []
    room.needs("reconnect/clio/1", "connection/clio", connection="clio")
    room.due()
    [mail] = room.mails
    assert "CONNECTIONS LOST" in mail.text and "WAITING FOR YOU" not in mail.text
    assert "/desk/settings#connections" in mail.text


def test_a_connection_that_somebody_of_the_firm_ended_is_told_in_no_digest() -> None:
    room = Room()
    room.choose()
    room.needs("reconnect/quickbooks/1", "connection/quickbooks", connection="quickbooks", chosen=True)
    room.due()
    assert room.mails == []


def test_the_setting_shows_the_owners_address_before_one_is_chosen() -> None:
    world = MemoryWorld()
    with pytest.raises(Refused):
        digesting.shown(world, FIRM)
    put(world.store, Kind.FIRM, a_firm())
    shown = digesting.shown(world, FIRM)
    assert (shown.on, shown.to, shown.addresses) == (False, "olivia@hartwell.example", ("olivia@hartwell.example",))
    assert digesting.proposed(a_firm(members=())) == TO


def test_an_unknown_choice_is_refused() -> None:
    with pytest.raises(Refused):
        Room().choose(which="everything")


def test_who_finishes_the_set_up_is_told_unless_something_was_chosen_before() -> None:
    world = MemoryWorld()
    put(world.store, Kind.FIRM, a_firm())
    digesting.begin(world, FIRM, "Olivia")
    assert digesting.shown(world, FIRM).on
    digesting.choose(world, FIRM, on=False, to=TO, which="all", by="Olivia")
    digesting.begin(world, FIRM, "Olivia")
    assert not digesting.shown(world, FIRM).on


def test_an_address_that_mail_cannot_reach_does_not_hold_up_the_set_up() -> None:
    world = MemoryWorld()
    put(world.store, Kind.FIRM, a_firm(members=(Member("1", "Zoë", "zoë@hartwell.example", owner=True),)))
    digesting.begin(world, FIRM, "Zoë")
    assert not digesting.shown(world, FIRM).on


# --- claimed first, never blindly again -------------------------------------------------------------------------------


@pytest.mark.parametrize(("fate", "arrives"), [("lose", 1), ("lose_before", 0)])
def test_after_a_lost_answer_it_is_not_sent_again_that_day(fate: str, arrives: int) -> None:
    room = Room()
    room.needs()
    room.world.mail.fail = [fate]
    room.due()
    assert room.state.mail and room.state.mail.post is Post.UNCERTAIN
    room.move(timedelta(hours=8))
    room.work()
    assert len(room.mails) == arrives
    assert room.tasks() == [], "what it told of stands on the pages"
    room.due()
    assert len(room.mails) == arrives + 1


def test_ses_tells_afterwards_that_a_doubtful_one_arrived() -> None:
    room = Room()
    room.needs()
    room.world.mail.fail = ["lose"]
    room.due()
    room.event("delivery")
    shown = digesting.shown(room.world, FIRM)
    assert shown.last is Post.DELIVERED and shown.next_at == room.effect.due_at


def test_refused_for_now_it_is_tried_again_within_minutes() -> None:
    room = Room()
    room.needs()
    room.world.mail.fail = ["refuse"]
    room.due()
    assert room.mails == [] and room.effect.due_at == room.world.now() + TRY_AGAIN
    room.due()
    assert [m.tag for m in room.mails] == [f"{FIRM}--digest-2"]
    room.due()
    assert len(room.mails) == 2


@pytest.mark.parametrize("moment", ["writing", "sending"])
def test_a_worker_that_dies_sends_at_most_once_that_day(moment: str) -> None:
    room = an_interrupted_room(**{moment: dies})
    with pytest.raises(Died):
        room.work()
    for _ in range(30):
        room.move(timedelta(minutes=1))
        room.work()
    claimed = moment == "sending"
    assert len(room.mails) == (0 if claimed else 1), "a claim may have gone out"
    assert room.state.mail and room.state.mail.post is (Post.UNCERTAIN if claimed else Post.SENT)
    room.due()
    assert len({m.at.date() for m in room.mails}) == len(room.mails) == (1 if claimed else 2)


def test_of_two_workers_one_claims_it() -> None:
    room = an_interrupted_room(writing=lambda room: room.tell())
    with pytest.raises(Conflict):
        room.tell()
    room.move(timedelta(hours=8))
    room.work()
    assert len(room.mails) == 1


def test_a_second_worker_waits_while_the_first_is_sending() -> None:
    room = an_interrupted_room(sending=lambda room: room.tell())
    room.tell()
    assert len(room.mails) == 1
    assert room.state.mail and room.state.mail.post is Post.SENT
    assert room.effect.due_at > room.world.now() + UNCERTAIN_AFTER, "the next morning"


def test_written_before_the_evening_and_claimed_after_it_does_not_go() -> None:
    room = an_interrupted_room(writing=lambda room: room.move(timedelta(minutes=2)))
    room.move(timedelta(hours=10, minutes=59))
    room.work()
    assert room.mails == [] and room.state.mail is None
    room.due()
    room.due()
    assert len(room.mails) == 1


def test_a_claim_that_lay_too_long_is_given_back_unsent() -> None:
    world = MemoryWorld()
    past = world.now() - CLAIM_LASTS - timedelta(seconds=1)
    assert mailing.deliver(world, near(), b"", to=TO, tag="t", claimed_at=past).post is Post.RELEASED


# --- what comes back --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("event", "words"), [("bounce", "came back"), ("complaint", "marked as unwanted")])
def test_what_comes_back_switches_it_off_and_a_task_says_so(event: str, words: str) -> None:
    room = Room()
    room.needs()
    room.due()
    room.event(event)
    room.event(event)
    assert words in digesting.shown(room.world, FIRM).why_off
    [task] = room.tasks()
    assert words in task.reason
    room.move(timedelta(days=2))
    room.work()
    assert len(room.mails) == 1
    room.choose(to="other@hartwell.example")
    assert room.tasks() == []
    room.due()
    assert room.mails[-1].to == "other@hartwell.example"


def test_an_address_that_ses_refuses_switches_it_off() -> None:
    room = an_interrupted_room(sending=is_refused)
    effect = room.effect
    room.work()
    [task] = room.tasks()
    assert "refused" in task.reason and not room.state.on
    assert held(room.world, effect).status is Status.DONE


@pytest.mark.parametrize("number", ["2", "x", "", "²"])
def test_news_of_a_digest_that_never_was_changes_nothing(number: str) -> None:
    room = Room()
    room.event("bounce")
    assert room.state.on, "none was sent yet"
    room.needs()
    room.due()
    room.event("bounce", number)
    assert room.state.on
    mailing.event_seen(room.world, "us-9--digest-1", "bounce")


# --- what it tells ----------------------------------------------------------------------------------------------------


def a_difference(**fields: Any) -> Difference:
    usual = {
        "payable": "b1",
        "number": "1042",
        "kind": "amount changed in QuickBooks",
        "cause": "It shows $12.00 more.",
    }
    return Difference(**{**usual, "remedy": "Set it back in QuickBooks.", "cents": 1200, **fields})


def test_each_thing_links_to_the_page_where_something_is_done_about_it() -> None:
    room = Room()
    room.needs("broken/invoice/1", "payable/b1", broken="invoice")
    room.needs("reconnect/clio/1", "connection/clio", connection="clio")
    room.needs("contact/c 1", "contact/c 1", side="clio")
    room.needs("mail/e1/bounced", "payable/b2")
    room.needs("preflight/x", "firm")
    told = digesting.read(room.world, policy_of(room.world, FIRM))
    assert [n.path for n in told.broken] == [f"/desk/attention/broken?key={FIRM}%2Ftask%2Fbroken%2Finvoice%2F1"]
    assert [n.path for n in told.lost] == ["/desk/settings#connections"]
    assert {n.path for n in told.needs} == {"/desk/contacts/c%201", "/desk/invoices/b2", "/desk/attention"}
    assert not told.more and told.compared_on is None


def test_what_a_client_has_at_home_is_told_in_no_mail() -> None:
    room = Room()
    values = room.needs("contact/c1/phone/1", "contact/c1", field="phone", side="clio")
    assert digesting.need(values).cause == digesting.VALUES
    assert "@" not in digesting.need(replace(values, body={}, reason="It has ada@example.com.", key="k")).cause


def test_differences_that_wait_for_a_listed_step_are_left_out() -> None:
    room = Room()
    report = Report(
        at=datetime(2026, 5, 4, 3, 0, tzinfo=UTC),  # still the third in New York
        differences=(a_difference(), a_difference(expected=True), a_difference(payable="", number="", cents=0)),
    )
    compared.keep(room.world, FIRM, report)
    told = digesting.read(room.world, policy_of(room.world, FIRM))
    assert [(n.title, n.path) for n in told.differences] == [
        ("1042: amount changed in QuickBooks, $12.00", "/desk/invoices/b1"),
        ("Amount changed in QuickBooks", "/desk/books"),
    ]
    assert told.compared_on == date(2026, 5, 3)
    room.due()
    [mail] = room.mails
    assert mail.subject == "2 differences between the books"


def test_differences_beyond_those_that_a_report_holds_are_counted() -> None:
    room = Room()
    report = Report(at=datetime(2026, 5, 4, 9, 0, tzinfo=UTC))
    compared.name(room.world, FIRM, report, [a_difference() for _ in range(130)] + [a_difference(expected=True)] * 5)
    compared.keep(room.world, FIRM, report)
    room.due()
    [mail] = room.mails
    assert mail.subject == "130 differences between the books" and "And 120 more." in mail.text


def test_of_quickbooks_settings_only_those_that_syncing_waits_for() -> None:
    room = Room()
    findings = tuple(Finding(w, w, f"Title {w}", "It is off.", ("Open it.", "Switch it on.")) for w in Weight)
    told = preflight.Report(room.world.now(), findings)
    room.world.store.put_record("preflight", FIRM, msgspec.to_builtins(told))
    news = digesting.read(room.world, policy_of(room.world, FIRM))
    assert [(n.title, n.remedy) for n in news.settings] == [("Title blocks", "Open it. Switch it on.")]


def test_ten_of_each_are_told_and_the_rest_counted() -> None:
    room = Room()
    for n in range(12):
        room.needs(f"mail/e{n}/bounced", f"payable/b{n}")
    room.due()
    [mail] = room.mails
    assert mail.text.count("What to do: Correct the address in Clio.") == 10
    assert "12 invoices." in mail.text and "And 2 more." in mail.text


def test_more_than_can_be_read_is_said_so() -> None:
    room = Room()
    for n in range(attention.READ + 1):
        room.needs(f"mail/e{n}/bounced", f"payable/b{n}")
    room.due()
    [mail] = room.mails
    assert mail.subject == "Over 100 things need you" and "Over 100 invoices." in mail.text


def test_the_subject_counts_and_names_nobody() -> None:
    one = digesting._difference(a_difference(), a_firm())
    assert (
        digesting.subject(News(needs=(one,), differences=(one,))) == "1 thing needs you, 1 difference between the books"
    )


def test_both_parts_say_the_same_and_how_to_stop_it() -> None:
    stage = acts.a_synced_stage()
    digesting.choose(stage.world, stage.firm, on=True, to=TO, which="all", by="Olivia")
    acts.collect(stage, "1053")  # its client has no address
    stage.pass_time(60, hours=30)
    stage.pass_time(60, hours=24)
    told = acts.mails_to(stage, TO)
    assert told
    for part in (told[-1].text, told[-1].part("html")):
        for said in ("Waiting for you", "What to do:", "/desk/settings#digest", "/desk/attention"):
            assert said.upper() in part.upper()
    assert told[-1].message["From"] == "Fee Simple <billing@fee.test>"
    assert told[-1].message["Reply-To"] is None
    assert "/pay/" not in told[-1].text
