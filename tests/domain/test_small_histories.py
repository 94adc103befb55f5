"""Any history of the daily digest, of a matter's sub-customer and a client's account below the trust liability, and of
the firm's sums: the folded journal is the state, and what each promises holds at every step."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chalicelib.domain import digest, holding, matters, sums
from chalicelib.domain.digest import Chosen, Claimed, Digest, Heard, Which
from chalicelib.domain.effects import Do, key_of
from chalicelib.domain.envelope import Outcome, Post
from chalicelib.domain.holding import Holder
from chalicelib.domain.kernel import Effect, Guard, Kind
from chalicelib.domain.matters import Matter
from chalicelib.domain.readings import CustomerReading
from chalicelib.domain.reminders import EVENING
from chalicelib.domain.sums import Sums
from chalicelib.errors import Refused
from tests.builders import FIRM, NOW, TODAY, a_firm, a_payable, a_payment
from tests.domain.given import a_policy
from tests.domain.journal import Journal

QUICK = settings(max_examples=min(40, settings().max_examples), stateful_step_count=20)
FIRM_HERE = a_firm()
NUMBERS = st.sampled_from(["00001", "00002", "00003"])
MIDNIGHT = datetime(2026, 3, 6, 5, 0, tzinfo=UTC)  # in New York; its clocks go forward two days later


class OneDigest(RuleBasedStateMachine):
    """The firm's daily mail: chosen, claimed, and heard of late, twice or never."""

    def __init__(self) -> None:
        super().__init__()
        self.journal: Journal[Digest] = Journal(Kind.DIGEST)
        self.at = MIDNIGHT
        self.went: dict[int, date] = {}  # number -> the local day of each mail that was not surely unsent
        self.choose(on=True, to="office@firm.example")

    @property
    def state(self) -> Digest:
        return self.journal.now

    def hear(self, fact: digest.DigestFact) -> None:
        self.journal.keep(digest.decide(self.journal.state, fact, FIRM_HERE, self.at))

    @rule(hours=st.sampled_from([1, 5, 13, 24]))
    def time_passes(self, hours: int) -> None:
        self.at += timedelta(hours=hours)

    @rule(on=st.booleans(), to=st.sampled_from(["office@firm.example", "two@firm.example", "nonsense"]))
    def choose(self, on: bool, to: str) -> None:
        try:
            self.hear(Chosen(on, to, Which.ALL))
        except Refused:
            assert on
            assert to == "nonsense"

    @rule()
    def a_worker_claims(self) -> None:
        mail = Claimed(self.state.next_number, self.state.to)
        if digest.may_claim(self.state, mail, FIRM_HERE, self.at):
            today = FIRM_HERE.today(self.at)
            assert today not in self.went.values(), "two on one local day"
            assert FIRM_HERE.send_hour <= self.at.astimezone(ZoneInfo(FIRM_HERE.zone)).hour < EVENING
            self.hear(mail)
            self.went[mail.number] = today

    @precondition(lambda self: self.state.mail)
    @rule(post=st.sampled_from([p for p in Post if p is not Post.CLAIMED]), late=st.booleans())
    def something_is_heard(self, post: Post, late: bool) -> None:
        assert self.state.mail
        number, stood = max(1, self.state.mail.number - late), self.state.mail.post
        self.hear(Heard(number, Outcome(post)))
        if self.state.mail.number == number and self.state.mail.post is Post.RELEASED is not stood:
            del self.went[number]

    @invariant()
    def it_is_owed_while_it_is_on_and_told_when_it_goes_off_by_itself(self) -> None:
        owed = [k for k, e in self.journal.effects.items() if e.kind is Do.DIGEST and k not in self.journal.done]
        assert owed == ([key_of(FIRM, Do.DIGEST, str(self.state.begun))] if self.state.on else [])
        off_by_itself = bool(self.state.why_off) and not self.state.on
        assert len(self.journal.tasks("digest/")) == (1 if off_by_itself else 0)


class OneMatter(RuleBasedStateMachine):
    """A matter's sub-customer and a client's account in QuickBooks: each that is linked is held by its guard."""

    def __init__(self) -> None:
        super().__init__()
        self.matter: Journal[Matter] = Journal(Kind.MATTER)
        self.there: dict[str, str] = {}  # what QuickBooks shows, by customer
        self.wrote: dict[str, str] = {}  # ... and as we last left it
        self.holder: Journal[Holder] = Journal(Kind.HOLDER)
        self.held: set[str] = set()
        self.generation, self.book = 1, "realm-1"

    @property
    def policy(self) -> Any:
        made = a_policy(generation=self.generation)
        return replace(made, lanes=replace(made.lanes, generation=self.generation))

    def take(self, guards: tuple[Guard, ...]) -> None:
        for guard in guards:
            assert guard.holder in (f"{FIRM}/c1.m1", f"{FIRM}/c1")
            (self.held.discard if guard.release else self.held.add)(guard.key)

    @precondition(lambda self: not self.matter.state or not self.matter.now.customer)
    @rule(customer=st.sampled_from(["70", "71"]), number=NUMBERS, shown=NUMBERS, second=st.booleans())
    def quickbooks_has_it(self, customer: str, number: str, shown: str, second: bool) -> None:
        told = Matter(FIRM, "c1.m1", "c1", "m1", number, customer, generation=self.generation)
        name = matters.names("m1", shown)[second]
        decision = matters.linked(self.matter.state, told, name, self.policy, NOW)
        before = self.matter.state
        mine = before is None or before.stood != customer or name in (*matters.ours(before), *matters.ours(told))
        self.there[customer], self.wrote[customer] = name, name if mine else ""
        self.take(decision.guards)
        self.matter.keep(decision)

    @precondition(lambda self: self.matter.state)
    @rule(number=NUMBERS)
    def clio_shows_a_number(self, number: str) -> None:
        self.matter.keep(matters.numbered(self.matter.now, number, self.policy, NOW))
        assert not self.matter.now.customer or self.matter.now.name == number

    @precondition(lambda self: self.renames())
    @rule(second=st.booleans(), answered=st.booleans(), again=st.booleans())
    def its_step_is_taken(self, second: bool, answered: bool, again: bool) -> None:
        """It is written where it has an earlier name of ours; the answer comes, later, twice or in a look-up."""
        [step] = self.renames()
        was = self.matter.now
        shown = self.there[was.customer]
        if matters.behind(was, shown):
            assert shown == self.wrote[was.customer], "a person's name is overwritten"
            shown = self.there[was.customer] = self.wrote[was.customer] = matters.names("m1", was.name)[second]
            if not answered:
                return
        if shown in matters.names("m1", was.name):
            for _ in range(1 + again):
                self.matter.keep(matters.named(self.matter.now, was.customer, step.body["rename"], shown))
            self.wrote[was.customer] = shown
        self.matter.ran(step)

    @precondition(lambda self: self.matter.state and self.matter.now.customer)
    @rule(name=st.sampled_from(["By hand", "00001"]))
    def a_person_renames_it(self, name: str) -> None:
        """A name that was ours, while the answer to our next one is lost, is taken for ours."""
        customer = self.matter.now.customer
        self.there[customer] = name
        if name in matters.ours(self.matter.now):
            self.wrote[customer] = name

    def renames(self) -> list[Effect]:
        """Those that are owed for what is linked now."""
        owed = [e for k, e in self.matter.effects.items() if k not in self.matter.done and "rename" in e.body]
        state = self.matter.state
        return [e for e in owed if state and (e.body["customer"], e.body["rename"]) == (state.customer, state.renames)]

    @precondition(lambda self: self.matter.state)
    @rule(active=st.booleans(), parent=st.sampled_from(["7", "8"]), own=st.sampled_from(["7", ""]))
    def quickbooks_shows_it(self, active: bool, parent: str, own: str) -> None:
        row = CustomerReading("70", "0", "X", "", active=active, parent=parent)
        self.matter.keep(matters.seen(self.matter.now, self.matter.now.customer or "70", row, own, NOW))

    @precondition(lambda self: self.matter.state)
    @rule(choice=st.sampled_from(["anew", "link", "accept"]), customer=st.sampled_from(["70", "71", "72"]))
    def a_person_decides(self, choice: str, customer: str) -> None:
        was, other = self.matter.now, "71" if customer == "70" else "70"
        row = CustomerReading(other, "0", "By hand", "", active=True, parent="7")
        try:
            if choice == "anew":
                decision = matters.let_go(was, self.policy, NOW, customer=customer)
            elif choice == "link":
                decision = matters.relinked(was, self.policy, customer=customer, there=row)
                self.there[other], self.wrote[other] = row.name, ""
            else:
                decision = matters.left_without(was, customer=customer)
        except Refused:
            assert was.customer != customer or not was.lost or was.without
            return
        self.take(decision.guards)
        self.matter.keep(decision)

    @invariant()
    def a_person_is_asked_exactly_while_it_cannot_be_used(self) -> None:
        state = self.matter.state
        assert len(self.matter.tasks("broken/")) == bool(state and state.lost and not state.without)

    @rule()
    def the_account_is_there(self) -> None:
        decision = holding.held_in("c1", "Ada", f"a{self.generation}", self.policy)
        self.take(decision.guards)
        self.holder.keep(decision)

    @rule()
    def everything_is_purged(self) -> None:
        self.generation += 1
        if self.matter.state:
            self.matter.keep(matters.afresh(self.matter.now, self.policy))
        if self.holder.state:
            self.holder.keep(holding.without_account(self.holder.now, self.policy))

    @invariant()
    def what_is_linked_is_held_and_of_this_generation(self) -> None:
        book = self.policy.lanes.book
        if self.matter.state and self.matter.now.customer:
            assert matters.guard_of(book, self.matter.now.customer) in self.held
            assert self.matter.now.generation == self.generation
            shown = self.there[self.matter.now.customer]
            wears = shown.casefold() in {n.casefold() for n in matters.names("m1", self.matter.now.name)}
            assert wears or self.renames() or shown != self.wrote[self.matter.now.customer], "its name is forgotten"
        if self.holder.state and self.holder.now.account:
            assert f"quickbooks/{book}/account/{self.holder.now.account}" in self.held
            assert self.holder.now.generation == self.generation


class TheSums(RuleBasedStateMachine):
    """The sums, folded late and in batches, are those of what stands."""

    def __init__(self) -> None:
        super().__init__()
        self.journal: Journal[Sums] = Journal(Kind.SUMS)
        self.journal.write(Sums(FIRM))
        self.standing: dict[str, Any] = {}
        self.waiting: list[Any] = []

    def moves(self, name: str, state: Any) -> None:
        if moved := sums.difference(self.standing.get(name), state):
            self.waiting.append(moved)
        self.standing[name] = state

    @rule(id=st.sampled_from("ab"), cents=st.sampled_from([0, 1, 3333, 40000]), due=st.sampled_from([None, -3, 10]))
    def a_bill_changes(self, id: str, cents: int, due: int | None) -> None:
        on = None if due is None else TODAY + timedelta(days=due)
        self.moves(id, a_payable(id=id, balance=cents, due_on=on))

    @rule(id=st.sampled_from("pq"), cents=st.sampled_from([1, 5000]), back=st.sampled_from([0, 1]))
    def money_settles_or_goes_back(self, id: str, cents: int, back: int) -> None:
        self.moves(id, a_payment(id=id, total=cents, returned=back))

    @precondition(lambda self: self.waiting)
    @rule(some=st.integers(1, 4))
    def a_batch_is_folded(self, some: int) -> None:
        batch, self.waiting = self.waiting[:some], self.waiting[some:]
        self.journal.write(sums.fold(self.journal.now, batch, NOW))

    @invariant()
    def with_what_waits_they_are_those_of_what_stands(self) -> None:
        found = sums.fold(self.journal.now, self.waiting, NOW)
        wanted = sums.fold(Sums(FIRM), [sums.difference(None, s) for s in self.standing.values()], NOW)
        assert (found.open, found.received, found.on_its_way) == (wanted.open, wanted.received, wanted.on_its_way)


OneDigest.TestCase.settings = QUICK
TestOneDigest = OneDigest.TestCase
OneMatter.TestCase.settings = QUICK
TestOneMatter = OneMatter.TestCase
TheSums.TestCase.settings = QUICK
TestTheSums = TheSums.TestCase
