"""Any history of a contact, connection, firm, reminder set or envelope: the folded journal is the state, no effect is
lost under a key that was used before, and what each aggregate promises holds at every step."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chalicelib.domain import connection, envelope, firm, linking, planning, profile, reminders
from chalicelib.domain.agreeing import can_take, change_key, task_key
from chalicelib.domain.connection import AccountShown, Connected, Connection, Lost
from chalicelib.domain.contact import Contact
from chalicelib.domain.effects import Do, key_of
from chalicelib.domain.envelope import Envelope, Outcome, Post
from chalicelib.domain.firm import (
    Accounts,
    AccountsChosen,
    Firm,
    Founded,
    MarkPaidSwitched,
    Member,
    MemberSeen,
    PlaceConfirmed,
    WritesConfirmed,
)
from chalicelib.domain.kernel import Guard, Kind, Neighbour
from chalicelib.domain.linking import (
    ChoiceMade,
    ClientHidden,
    ClientLeft,
    ClientSeen,
    ContactFact,
    CustomerLinked,
    CustomerSeen,
    Left,
    Taken,
)
from chalicelib.domain.payable import Payable
from chalicelib.domain.planning import CollectionStarted
from chalicelib.domain.profile import Profile
from chalicelib.domain.readings import ClientReading, CustomerReading, Pot
from chalicelib.domain.reminders import FIELDS, STEPS_AT_MOST, ReminderSet, SetArchived, SetSaved, Step
from chalicelib.errors import Refused
from tests.builders import FIRM, NOW, TODAY, a_payable
from tests.domain.given import a_policy
from tests.domain.journal import Journal

POLICY = a_policy()
QUICK = settings(max_examples=min(40, settings().max_examples), stateful_step_count=20)


class OneContact(RuleBasedStateMachine):
    """Clio's client on its way to be one QuickBooks customer, and kept in step with it from then on."""

    def __init__(self) -> None:
        super().__init__()
        self.journal: Journal[Contact] = Journal(Kind.CONTACT)
        self.clio, self.books = Profile("Ada", "a@x.y"), Profile()
        self.clio_is_read(again=False)

    @property
    def state(self) -> Contact:
        return self.journal.now

    def hear(self, fact: ContactFact) -> None:
        self.journal.keep(linking.decide(self.journal.state, fact, POLICY, NOW))

    @rule(name=st.sampled_from(["Ada", "Ada B.", "Ada: Ltd"]), email=st.sampled_from(["", "a@x.y", "nonsense"]))
    def clio_changes(self, name: str, email: str) -> None:
        self.clio = replace(self.clio, name=name, email=email)

    @rule(again=st.booleans())
    def clio_is_read(self, again: bool) -> None:
        c = self.clio
        self.hear(ClientSeen(ClientReading("c1", c.name, c.email, phone=c.phone, whole=True), again))
        assert self.state.clio == self.clio

    @rule(deleted=st.booleans())
    def clio_shows_it_no_more(self, deleted: bool) -> None:
        self.hear(ClientHidden(deleted=deleted))
        assert not (self.state.vanished and (self.state.to_books or self.state.to_clio))

    @precondition(lambda self: self.state.vanished == "asked")
    @rule()
    def a_person_leaves_it_gone(self) -> None:
        self.hear(ClientLeft())

    @rule(choice=st.sampled_from(["suffix", "clean", "link:7"]))
    def a_person_chooses(self, choice: str) -> None:
        self.hear(ChoiceMade(choice))

    @precondition(lambda self: not self.state.customer)
    @rule()
    def quickbooks_makes_the_customer(self) -> None:
        self.books = replace(self.state.clio, email="" if self.state.email == "nonsense" else self.state.email)
        step = self.step
        fact = CustomerLinked("7", "realm-1", self.customer, created=True)
        decision = linking.decide(self.state, fact, POLICY, NOW)
        assert decision.guards == (Guard("quickbooks/realm-1/customer/7", "us-1/c1"),)
        self.journal.keep(decision)
        self.journal.ran(self.journal.effects[step])

    @property
    def customer(self) -> CustomerReading:
        b = self.books
        return CustomerReading("7", "0", b.name, b.email, active=True, phone=b.phone)

    @precondition(lambda self: self.state.customer)
    @rule(phone=st.sampled_from(["", "1", "2"]), email=st.sampled_from(["", "a@x.y", "b@x.y", "a@x.y, b@x.y"]))
    def quickbooks_changes(self, phone: str, email: str) -> None:
        self.books = replace(self.books, phone=phone, email=email)

    @precondition(lambda self: self.state.customer)
    @rule()
    def quickbooks_is_read(self) -> None:
        self.hear(CustomerSeen("7", self.customer))

    @precondition(lambda self: self.state.to_books)
    @rule()
    def quickbooks_takes_what_is_owed(self) -> None:
        step = self.step
        for change in self.state.to_books:
            self.books = profile.put(self.books, change.field, change.value)
        self.hear(CustomerSeen("7", self.customer, wrote=self.state.revision))
        self.journal.ran(self.journal.effects[step])

    @precondition(lambda self: self.state.to_clio)
    @rule()
    def clio_takes_what_is_owed(self) -> None:
        step = change_key(self.state)
        for change in self.state.to_clio:
            self.clio = profile.put(self.clio, change.field, change.value)
        c = self.clio
        reading = ClientReading("c1", c.name, c.email, phone=c.phone, whole=True)
        self.hear(ClientSeen(reading, wrote=self.state.clio_revision))
        self.journal.ran(self.journal.effects[step])

    @precondition(lambda self: self.state.kept)
    @rule(leave=st.booleans())
    def a_person_settles_what_was_kept(self, leave: bool) -> None:
        kept = self.state.kept[0]
        self.hear(Left(kept.field) if leave or not can_take(kept) else Taken(kept.field, kept.side))

    @property
    def step(self) -> str:
        return key_of(FIRM, Do.CUSTOMER, f"c1/{self.state.revision}")

    @invariant()
    def what_its_state_wants_is_owed_and_nothing_else(self) -> None:
        left = {key for key in self.journal.effects if key not in self.journal.done}
        wanted = {task_key(self.state, k) for k in self.state.kept}
        wanted |= {self.step} if not self.state.customer or self.state.to_books else set()
        wanted |= {change_key(self.state)} if self.state.to_clio else set()
        wanted |= {linking.vanished_key(self.state)} if self.state.vanished == "asked" else set()
        assert left == wanted


class OneConnection(RuleBasedStateMachine):
    """A Stripe account connected, lost, connected again, and shown by Stripe."""

    def __init__(self) -> None:
        super().__init__()
        self.journal: Journal[Connection] = Journal(Kind.CONNECTION)
        self.holds: set[str] = set()

    @rule(account=st.sampled_from(["acct_1", "acct_2"]), ours=st.booleans(), enabled=st.booleans())
    def a_person_connects(self, account: str, ours: bool, enabled: bool) -> None:
        fact = Connected(Neighbour.STRIPE, account, "Trust", Pot.TRUST, ours, charges_enabled=enabled)
        before = self.journal.state
        try:
            decision = connection.decide(before, fact, FIRM, NOW)
        except Refused:
            assert before is not None
            assert before.account != account
            assert before.fees_paid_by_platform
            return
        self.journal.keep(decision)
        for guard in decision.guards:
            (self.holds.discard if guard.release else self.holds.add)(guard.key)
        assert self.journal.now.account == account

    @precondition(lambda self: self.journal.state is not None)
    @rule()
    def it_is_lost(self) -> None:
        self.journal.keep(connection.decide(self.journal.state, Lost("revoked"), FIRM, NOW))

    @precondition(lambda self: self.journal.state is not None)
    @rule(enabled=st.booleans(), ours=st.booleans())
    def stripe_shows_the_account(self, enabled: bool, ours: bool) -> None:
        before = self.journal.now
        fact = AccountShown("Trust account", enabled, "4242", ours)
        after = self.journal.keep(connection.decide(before, fact, FIRM, NOW))
        assert (after.account, after.connected, after.losses) == (before.account, before.connected, before.losses)

    @invariant()
    def a_lost_connection_has_one_task_and_a_standing_one_has_none(self) -> None:
        state = self.journal.state
        wanted = 0 if state is None or state.connected else 1
        assert len(self.journal.tasks("reconnect/")) == wanted

    @invariant()
    def the_account_it_has_and_no_other_is_taken(self) -> None:
        state = self.journal.state
        assert self.holds == ({f"account/stripe/{state.account}"} if state else set())

    @invariant()
    def what_takes_no_payments_says_why_and_trust_money_pays_no_fee(self) -> None:
        state = self.journal.state
        if state is not None:
            assert state.takes_payments == (not state.why_not)
            assert not state.takes_payments or state.fees_paid_by_platform


class OneFirm(RuleBasedStateMachine):
    """A firm from its founding on; what a rule refuses changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.journal: Journal[Firm] = Journal(Kind.FIRM)
        self.people: dict[str, Member] = {}

    def say(self, fact: firm.FirmFact) -> bool:
        try:
            self.journal.keep(firm.decide(self.journal.state, fact))
        except Refused as told:
            assert told.reason.endswith(".")
            return False
        return True

    @rule(zone=st.sampled_from(["Europe/London", "Nowhere/Else"]), member=st.sampled_from(["1", "2"]))
    def it_is_founded(self, zone: str, member: str) -> None:
        first = self.journal.state is None
        person = Member(member, f"Person {member}", f"{member}@firm.example", owner=True)
        assert self.say(Founded(FIRM, "Hartwell", "us", "1", zone, "USD", person))
        if first:
            self.people[member] = person

    @rule(id=st.sampled_from(["1", "2", "3"]), name=st.sampled_from(["Ada", "Ben"]), owner=st.booleans())
    def a_member_signs_in(self, id: str, name: str, owner: bool) -> None:
        person = Member(id, name, f"{id}@firm.example", owner)
        if self.say(MemberSeen(person)):
            self.people[id] = person

    @rule(
        zone=st.sampled_from(["America/Chicago", "Mars/Base"]),
        currency=st.sampled_from(["CAD", "XXX"]),
        reply_to=st.sampled_from([" a@b.c ", "nobody"]),
        name=st.sampled_from(["", " Hart "]),
    )
    def the_place_is_confirmed(self, zone: str, currency: str, reply_to: str, name: str) -> None:
        there = self.journal.state is not None
        taken = self.say(PlaceConfirmed(zone, currency, name, reply_to))
        assert taken == (there and (zone, currency, reply_to) == ("America/Chicago", "CAD", " a@b.c "))

    @rule(clearing=st.sampled_from(["", "35"]))
    def accounts_are_chosen(self, clearing: str) -> None:
        there = self.journal.state is not None
        assert self.say(AccountsChosen(Accounts(clearing))) == (there and bool(clearing))

    @rule(sync=st.booleans(), mails=st.booleans(), start=st.sampled_from([None, TODAY]))
    def writes_are_confirmed(self, sync: bool, mails: bool, start: object) -> None:
        there = self.journal.state is not None
        fact = WritesConfirmed(sync, mails, TODAY if start else None)
        assert self.say(fact) == (there and sync and mails and start is not None)

    @rule(on=st.booleans())
    def marking_paid_is_switched(self, on: bool) -> None:
        if self.say(MarkPaidSwitched(on)):
            assert self.journal.now.mark_paid == on

    @invariant()
    def each_person_stands_once_as_last_seen(self) -> None:
        state = self.journal.state
        members = state.members if state else ()
        assert {m.id: m for m in members} == self.people
        assert len(members) == len(self.people)

    @invariant()
    def nothing_is_written_before_all_is_confirmed(self) -> None:
        state = self.journal.state
        if state and state.may_write:
            assert state.place_confirmed
            assert state.native_sync_off
            assert state.native_reminders_off
            assert state.start_on
            assert state.accounts.clearing
            assert "@" in state.reply_to


STEPS = st.lists(
    st.builds(Step, st.integers(-61, 366), st.sampled_from(["", "S {{due_date}}", "{{none}}"]), st.just(" Text ")),
    max_size=STEPS_AT_MOST + 1,
)


class OneSet(RuleBasedStateMachine):
    """A reminder set that people change; whatever they type, what is kept can be sent."""

    def __init__(self) -> None:
        super().__init__()
        self.journal: Journal[ReminderSet] = Journal(Kind.SET)

    def say(self, fact: reminders.SetFact) -> None:
        before = self.journal.state
        try:
            self.journal.keep(reminders.decide(before, fact))
        except Refused as told:
            assert told.reason.endswith(".")
            assert self.journal.state == before

    @rule(name=st.sampled_from(["", "Mine", " x " * 50]), steps=STEPS)
    def a_person_saves_anything(self, name: str, steps: list[Step]) -> None:
        self.say(SetSaved("s1", name, tuple(steps)))

    @rule(days=st.sets(st.integers(-60, 365), min_size=1, max_size=STEPS_AT_MOST), field=st.sampled_from(FIELDS))
    def a_person_saves_a_set_that_works(self, days: set[int], field: str) -> None:
        self.say(SetSaved("s1", "Mine", tuple(Step(d, f"Day {d}", f"{{{{{field}}}}}") for d in sorted(days, key=str))))
        assert [s.days for s in self.journal.now.steps] == sorted(days)

    @rule()
    def a_person_archives_it(self) -> None:
        self.say(SetArchived())

    @invariant()
    def a_set_that_is_kept_would_be_taken_again_as_it_is(self) -> None:
        state = self.journal.state
        if state is not None:
            again = reminders.decide(state, SetSaved(state.id, state.name, state.steps)).state
            assert again == replace(state, archived=False)


class OneEnvelope(RuleBasedStateMachine):
    """One reminder claimed, and all that is ever heard of it, in any order and as often as it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.journal: Journal[Envelope] = Journal(Kind.ENVELOPE)
        self.payable: Journal[Payable] = Journal(Kind.PAYABLE)
        overdue = a_payable(due_on=TODAY - timedelta(days=40))
        started = planning.collect(overdue, CollectionStarted("friendly"), POLICY, NOW)
        state = self.payable.keep(started)
        assert state.collection is not None
        assert state.collection.next is not None
        step = state.collection.next.step
        mail = Envelope(FIRM, "e1", "reminder", state.client_email, "c1", ("b1",), "Invoice 1042", "raw", "reading",
                        40000, 40000, step, NOW, about="payable/b1")  # fmt: skip
        claimed = envelope.claim(state, mail, NOW)
        assert claimed is not None
        self.payable.keep(claimed[0])
        self.journal.keep(claimed[1])
        self.heard: list[Post] = [Post.CLAIMED]

    @rule(post=st.sampled_from([p for p in Post if p is not Post.CLAIMED]), minutes=st.integers(0, 60))
    def it_is_heard_of(self, post: Post, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        before = self.journal.now
        fact = Outcome(post, message="m1" if post is Post.SENT else "")
        after = self.journal.keep(envelope.outcome(before, fact, self.now))
        if after.post is not before.post:
            self.heard.append(after.post)
            self.payable.keep(envelope.after_mail(self.payable.now, after, fact, POLICY, self.now))

    @rule(minutes=st.integers(0, 60 * 24))
    def the_payable_is_planned_again(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        self.payable.write(planning.plan(self.payable.now, POLICY, self.now)[0])

    @rule(email=st.sampled_from(["ada@example.com", "new@example.com"]))
    def the_client_has_another_address(self, email: str) -> None:
        self.payable.write(planning.plan(replace(self.payable.now, client_email=email), POLICY, self.now)[0])

    @invariant()
    def what_was_said_of_it_is_never_said_twice(self) -> None:
        assert len(self.heard) == len(set(self.heard))
        assert self.heard[-1] is self.journal.now.post

    @invariant()
    def while_nothing_is_heard_its_payable_plans_no_other(self) -> None:
        p = self.payable.now
        waiting = self.journal.now.post is Post.CLAIMED
        assert (p.sending is not None) == waiting
        if waiting:
            assert p.collection is not None
            assert p.collection.next is None

    @invariant()
    def a_step_that_may_have_gone_out_is_never_planned_again(self) -> None:
        c = self.payable.now.collection
        assert c is not None
        released = self.heard[1:2] == [Post.RELEASED]
        if c.next and not released and len(self.heard) > 1:
            assert c.next.step > self.journal.now.step
        assert c.sent <= 1

    @invariant()
    def to_an_address_that_came_back_nothing_is_planned(self) -> None:
        p = self.payable.now
        bad = {Post.BOUNCED, Post.COMPLAINED, Post.REFUSED} & set(self.heard)
        if bad and p.client_email == self.journal.now.to:
            assert p.collection is not None
            assert p.collection.next is None
            assert p.collection.waits == planning.BOUNCED

    @invariant()
    def a_doubt_has_a_task_until_it_is_gone(self) -> None:
        doubt = self.journal.now.post is Post.UNCERTAIN
        assert len(self.journal.tasks(f"mail/e1/{Post.UNCERTAIN}")) == (1 if doubt else 0)


OneContact.TestCase.settings = QUICK
TestOneContact = OneContact.TestCase
OneConnection.TestCase.settings = QUICK
TestOneConnection = OneConnection.TestCase
OneFirm.TestCase.settings = QUICK
TestOneFirm = OneFirm.TestCase
OneSet.TestCase.settings = QUICK
TestOneSet = OneSet.TestCase
OneEnvelope.TestCase.settings = QUICK
TestOneEnvelope = OneEnvelope.TestCase
