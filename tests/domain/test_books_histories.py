"""Any history of what goes to the books without Stripe: trust entries with their ledgers, a month's statement, a
credit, and payments that Clio shows first. The folded journal is the state, no effect is lost under a key that was used
before, and what is open, for QuickBooks and for a person, is what the state calls for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chalicelib.domain import crediting, generation, grouping, ledger, noticing, paying, posting, statement, trust
from chalicelib.domain.crediting import Accepted, Credit, CreditGone, CreditSeen, CreditShown, MemoBooked
from chalicelib.domain.effects import Do, Lanes, key_of
from chalicelib.domain.firm import Policy
from chalicelib.domain.grouping import GroupSeen
from chalicelib.domain.kernel import Decision, Effect, Kind
from chalicelib.domain.ledger import Ledger, Moved
from chalicelib.domain.notes import CreditReading
from chalicelib.domain.noticing import Noticed
from chalicelib.domain.payable import Broken, Harm, Known, Payable, Standing
from chalicelib.domain.payment import Payment, Phase, Posted
from chalicelib.domain.posting import PaymentPosted, PaymentRemoved
from chalicelib.domain.readings import Receipt
from chalicelib.domain.statement import Entered, Figures, Outstanding, Reopened, SignedOff, Statement
from chalicelib.domain.trust import (
    Entry,
    JournalWritten,
    Move,
    MoveGone,
    MoveSeen,
    NothingLeft,
    RulesChanged,
    WriteAgain,
)
from chalicelib.domain.trust_books import TrustBank, TrustBooks
from chalicelib.errors import Refused
from tests.builders import FIRM, NOW, TODAY, a_firm, a_payable, a_payment
from tests.domain.journal import Journal

QUICK = settings(max_examples=min(40, settings().max_examples), stateful_step_count=20)
CENTS = st.sampled_from([-40000, -1, 0, 1, 25000, 40000])


class Books(RuleBasedStateMachine):
    """A firm whose links to QuickBooks may begin anew, and the effects of all that it holds by their keys."""

    def __init__(self) -> None:
        super().__init__()
        self.effects: dict[str, Effect] = {}
        self.firm = a_firm()

    @property
    def policy(self) -> Policy:
        return Policy(self.firm, 1, Lanes(FIRM, clio="us/1", realm="realm-1", generation=self.firm.generation))

    def open(self, journal: Journal[Any], kind: Do) -> set[str]:
        return {key for key, e in self.effects.items() if e.kind == kind and key not in journal.done}


# --- trust ------------------------------------------------------------------------------------------------------------


class OneTrustEntry(Books):
    """A movement on the trust account, its journal entry in QuickBooks, and the ledgers that count it."""

    BOOKS = TrustBooks(banks=(TrustBank("7", "IOLTA", "91", "Trust bank"),), liability="92")

    def __init__(self) -> None:
        super().__init__()
        self.journal: Journal[Entry] = Journal(Kind.TRUST, self.effects)
        self.ledgers: dict[str, Journal[Ledger]] = {}
        self.folded: list[Moved] = []

    @property
    def held(self) -> bool:
        return self.journal.state is not None

    def hear(self, fact: trust.EntryFact) -> None:
        self.journal.keep(trust.decide(self.journal.state, fact, self.policy, NOW))

    @rule(
        cents=CENTS,
        day=st.integers(0, 2),
        client=st.sampled_from(["c1", "c2", ""]),
        word=st.sampled_from(["deposit", "deposit", "sweep_in"]),
        line=st.booleans(),
    )
    def clio_shows_it(self, cents: int, day: int, client: str, word: str, line: bool) -> None:
        """By its line on the account, or by its allocation alone."""
        on = TODAY - timedelta(days=day)
        self.hear(MoveSeen(Move("500" if line else "", "9", "7", on, cents, "USD", client, client, word=word)))
        assert not self.journal.now.gone

    @precondition(lambda self: self.held)
    @rule()
    def clio_shows_it_no_more(self) -> None:
        self.hear(MoveGone())

    @rule(words=st.sampled_from([(), ("sweep_in",)]), late=st.booleans())
    def the_firm_chooses_accounts(self, words: tuple[str, ...], late: bool) -> None:
        start = TODAY if late else None
        self.firm = replace(
            self.firm,
            trust=replace(self.BOOKS, words=words, start_on=start, generation=self.firm.generation),
        )
        if self.held:
            self.hear(RulesChanged())

    @precondition(lambda self: self.held and self.journal.now.begun)
    @rule(behind=st.integers(0, 1), id=st.sampled_from(["j1", "j2"]))
    def quickbooks_answers(self, behind: int, id: str) -> None:
        """Also to an older revision: a call that was repeated."""
        before = self.journal.now
        revision = max(1, before.revision - behind)
        self.hear(JournalWritten(id, "realm-1", revision, removed=not before.stands, generation=before.generation))
        if revision == before.revision:
            self.journal.done.add(trust.journal_key(before))

    @precondition(
        lambda self: self.held and self.journal.now.begun and self.journal.now.stood and not self.journal.now.stands
    )
    @rule()
    def nothing_is_left_of_it_where_it_stood(self) -> None:
        self.hear(NothingLeft())
        self.journal.done.add(trust.journal_key(self.journal.now))
        assert self.journal.now.written

    @precondition(lambda self: self.held and self.journal.now.begun and self.journal.now.written)
    @rule()
    def a_person_has_it_written_again(self) -> None:
        self.hear(WriteAgain())

    @precondition(lambda self: self.held)
    @rule()
    def links_begin_anew(self) -> None:
        self.firm = replace(self.firm, generation=self.firm.generation + 1)
        self.journal.keep(generation.renewed(self.journal.now, self.policy, NOW))

    @rule()
    def the_ledgers_fold_what_is_owed(self) -> None:
        for effect in [e for e in self.effects.values() if e.kind == Do.LEDGER and e.key not in self.journal.done]:
            moves = [
                Moved(m["account"], m["client"], m["matter"], date.fromisoformat(m["on"]), m["cents"], m["name"])
                for m in effect.body["moves"]
            ]
            self.folded += moves
            folded: list[Ledger] = []
            for id in sorted({id for m in moves for id in ledger.ids_of(m)}, key=len, reverse=True):
                mine = [m for m in moves if id in ledger.ids_of(m)]
                kept = self.ledgers.setdefault(id, Journal(Kind.LEDGER, self.effects))
                matters = [x for x in folded if x.id.startswith(f"{id}:")]
                kept.keep(ledger.fold(kept.state or ledger.new(FIRM, id), mine, "USD", NOW, matters))
                folded.append(kept.now)
            self.journal.ran(effect)

    @invariant()
    def exactly_what_quickbooks_does_not_show_is_owed(self) -> None:
        state = self.journal.state
        wanted = {trust.journal_key(state)} if state is not None and not state.written else set()
        owed = self.open(self.journal, Do.JOURNAL)
        if state is not None and state.begun and state.nothing:  # what is owed still finds that it is over
            assert owed <= {trust.journal_key(state)}
        else:
            assert owed == wanted

    @invariant()
    def nothing_is_written_before_its_accounts_are_chosen(self) -> None:
        state = self.journal.state
        if state is not None and state.begun:
            assert state.generation == self.firm.generation
            assert self.firm.trust_books.book_of("7")

    @invariant()
    def the_ledgers_count_it_once_or_not_at_all(self) -> None:
        owed = [e for e in self.effects.values() if e.kind == Do.LEDGER and e.key not in self.journal.done]
        state = self.journal.state
        if owed or state is None:
            return
        stands = {} if state.gone else {(state.ledger, state.move.on): state.move.cents}
        found: dict[tuple[str, date], int] = {}
        for m in self.folded:
            found[m.client, m.on] = found.get((m.client, m.on), 0) + m.cents
        assert {k: c for k, c in found.items() if c} == {k: c for k, c in stands.items() if c}
        for kept in self.ledgers.values():
            assert kept.now.balance == sum(m.cents for m in self.folded if kept.now.id in ledger.ids_of(m))

    @invariant()
    def each_client_below_zero_has_one_task_and_no_other_has(self) -> None:
        for id, kept in self.ledgers.items():
            matters = [x.now for x in self.ledgers.values() if x.now.matter and x.now.id.startswith(f"{id}:")]
            low = {m.matter: m.balance for m in matters if m.balance < 0}
            if kept.now.client and not kept.now.matter:
                assert kept.now.below == ledger.below(kept.now)
                assert {m: x.cents for m, x in kept.now.low.items()} == low
            assert len(kept.tasks(f"below-zero/{id}/")) == (1 if kept.now.below or kept.now.low else 0)


class OneStatement(RuleBasedStateMachine):
    """The reconciliation of one account over one month: what is signed off stays as it was."""

    def __init__(self) -> None:
        super().__init__()
        self.journal: Journal[Statement] = Journal(Kind.STATEMENT)
        self.journal.write(Statement(FIRM, "7-2026-03", "7", "IOLTA", "2026-03"))
        self.signed = 0

    def say(self, fact: statement.StatementFact) -> bool:
        before = self.journal.now
        try:
            decision = statement.decide(before, fact, "USD", NOW)
        except Refused as told:
            assert told.reason.endswith(".")
            return False
        self.journal.keep(decision)
        return True

    @rule(
        ending=st.integers(-1, 1),
        deposit=st.integers(0, 2),
        checks=st.integers(0, 2),
        note=st.sampled_from(["", " a bank error "]),
    )
    def a_person_enters_it(self, ending: int, deposit: int, checks: int, note: str) -> None:
        free, before = self.journal.now.signed is None, self.journal.now
        fact = Entered(ending, (Outstanding(TODAY, "d", deposit),), (Outstanding(None, "c", 1),) * checks, note, "ada")
        assert self.say(fact) == (free and deposit > 0)
        if free and deposit:
            assert self.journal.now.adjusted == ending + deposit - checks
        else:
            assert self.journal.now == before

    @rule(journal=st.integers(-1, 3), stale=st.sampled_from(["", "figures", "statement"]))
    def a_person_signs_it_off(self, journal: int, stale: str) -> None:
        state = self.journal.now
        adjusted = (state.adjusted or 0) + (1 if stale == "figures" else 0)
        figures = Figures(adjusted, journal, journal)
        entered_at = NOW - timedelta(days=1) if stale == "statement" else state.entered_at
        may = not (state.signed or stale) and state.adjusted is not None and bool(figures.agree or state.note)
        assert self.say(SignedOff("ada", NOW, figures, (f"doc{self.signed}",), {}, entered_at)) == may
        self.signed += may

    @rule()
    def a_person_opens_it_again(self) -> None:
        was = self.journal.now.signed
        assert self.say(Reopened("ben")) == (was is not None)
        assert self.journal.now.signed is None

    @invariant()
    def every_sign_off_stays_on_record_in_its_order(self) -> None:
        state = self.journal.now
        record = [*state.earlier, *([state.signed] if state.signed else [])]
        assert [s.documents for s in record] == [(f"doc{n}",) for n in range(self.signed)]
        assert all(s.figures.agree or s.note for s in record)


# --- a credit ---------------------------------------------------------------------------------------------------------


class OneCredit(Books):
    """Clio's credit memo over two bills on its way to be a memo in QuickBooks."""

    def __init__(self) -> None:
        super().__init__()
        self.journal: Journal[Credit] = Journal(Kind.CREDIT, self.effects)
        self.held: dict[str, Payable] = {b: a_payable(id=b, number=f"N-{b}") for b in ("b1", "b2")}
        self.memos = 0

    @property
    def state(self) -> Credit:
        return self.journal.now

    @property
    def key(self) -> str:
        return key_of(FIRM, Do.CREDIT, f"m1/{self.state.wanted}")

    @rule(
        total=st.integers(3, 5),
        parts=st.lists(st.tuples(st.sampled_from(["b1", "b2", "b9"]), st.booleans()), max_size=3),
        voided=st.booleans(),
        etag=st.sampled_from(["e1", "e2"]),
    )
    def clio_shows_it(self, total: int, parts: list[tuple[str, bool]], voided: bool, etag: str) -> None:
        receipts = tuple(
            Receipt(f"r{n}", bill, TODAY, 1, group="m1", kind="credit", voided=gone)
            for n, (bill, gone) in enumerate(parts)
        )
        memo = CreditReading("m1", etag, TODAY, total, voided, "", "c1", tuple(r.id for r in receipts))
        decision = crediting.seen(self.journal.state, CreditSeen(memo, receipts), self.held, self.policy, NOW)
        valid = [r for r in receipts if not r.voided]
        ours = sum(r.bill_id in self.held for r in valid)
        if decision is None:
            assert self.journal.state is None
            assert voided or not ours
            return
        state = self.journal.keep(decision)
        assert state.gone == (voided or not ours)
        if not state.gone:
            assert state.cents == total - (len(valid) - ours)
            assert sum(state.on_payable(b) for b in self.held) == ours

    @precondition(lambda self: self.journal.state is not None)
    @rule()
    def quickbooks_has_the_memo(self) -> None:
        self.memos += self.state.memo is None
        fact = MemoBooked(f"cm{self.memos}", "realm-1", self.state.generation)
        self.journal.keep(crediting.booked(self.state, fact, NOW))
        assert self.state.memo

    @precondition(lambda self: self.journal.state is not None and not self.state.gone and self.state.memo)
    @rule(behind=st.integers(0, 1), left=st.integers(0, 2))
    def quickbooks_shows_it_applied(self, behind: int, left: int) -> None:
        self.journal.keep(crediting.shown(self.state, CreditShown(self.state.wanted - behind, left), "realm-1"))
        self.finish(behind)

    @precondition(lambda self: self.journal.state is not None and self.state.gone)
    @rule()
    def quickbooks_has_it_no_more(self) -> None:
        self.journal.keep(crediting.taken_back(self.state, CreditGone(self.state.wanted)))
        self.finish(0)
        assert self.state.memo is None

    @precondition(lambda self: self.journal.state is not None and not self.state.current)
    @rule(behind=st.integers(0, 1), lost=st.booleans())
    def a_person_leaves_it_as_it_is(self, behind: int, lost: bool) -> None:
        self.journal.keep(crediting.accepted(self.state, Accepted(self.state.wanted - behind, lost)))
        self.finish(behind)
        assert behind or (self.state.left_alone and self.state.lost == lost)

    def finish(self, behind: int) -> None:
        if not behind:
            self.journal.done.add(self.key)

    @precondition(lambda self: self.journal.state is not None)
    @rule()
    def links_begin_anew(self) -> None:
        self.firm = replace(self.firm, generation=self.firm.generation + 1)
        self.journal.keep(generation.renewed(self.state, self.policy, NOW))
        assert self.state.memo is None

    @invariant()
    def exactly_what_quickbooks_does_not_show_is_owed(self) -> None:
        if self.journal.state is not None:
            nothing = self.state.current or self.state.left_alone
            assert self.open(self.journal, Do.CREDIT) == (set() if nothing else {self.key})
            assert self.state.shown <= self.state.wanted


# --- a payment that Clio shows first ----------------------------------------------------------------------------------


class OneClioPayment(Books):
    """A payment that staff recorded over two bills; people sort its parts, and change what QuickBooks has of it."""

    def __init__(self) -> None:
        super().__init__()
        self.journal: Journal[Payment] = Journal(Kind.PAYMENT, self.effects)
        self.ids = 0

    @property
    def state(self) -> Payment:
        return self.journal.now

    @property
    def key(self) -> str:
        return key_of(FIRM, Do.POSTING, f"{self.state.id}/{self.state.wanted}")

    def bills(self, parts: Mapping[str, tuple[int, Standing]]) -> dict[str, Payable]:
        return {
            bill: a_payable(
                id=bill, number=f"N-{bill}", receipts=(Known(f"r-{bill}", cents, TODAY, "g1", "payment", "", standing),)
            )
            for bill, (cents, standing) in parts.items()
        }

    @rule(
        parts=st.dictionaries(
            st.sampled_from(["b1", "b2"]),
            st.tuples(st.sampled_from([300, 500]), st.sampled_from([Standing.OWN, Standing.OWN, *Standing])),
        ),
        day=st.integers(0, 1),
    )
    def clio_shows_it(self, parts: dict[str, tuple[int, Standing]], day: int) -> None:
        on = TODAY - timedelta(days=day)
        receipts = tuple(Receipt(f"r-{bill}", bill, on, cents, group="g1") for bill, (cents, _) in parts.items())
        decision = grouping.seen(
            self.journal.state, GroupSeen("g1", receipts, NOW), self.bills(parts), self.policy, NOW
        )
        waits = any(s in (Standing.NEW, Standing.ASKED) for _, s in parts.values())
        own = {bill: cents for bill, (cents, s) in parts.items() if s is Standing.OWN}
        if decision is None:
            assert waits or (self.journal.state is None and not own)
            return
        assert not waits
        state = self.journal.keep(decision)
        assert (state.phase is Phase.SETTLED) == bool(own)
        if own:
            assert {i.payable: i.cents for i in state.items} == own
            assert (state.total, state.settled_on) == (sum(own.values()), on)

    @precondition(lambda self: self.journal.state is not None and posting.should_stand(self.state))
    @rule()
    def quickbooks_adds_it(self) -> None:
        if not posting.is_current(self.state) and not (self.state.posted and self.state.posted.broken):
            self.ids += 1
            fact = PaymentPosted(f"q{self.ids}", "realm-1", self.state.wanted, self.state.total)
            self.journal.keep(posting.posted(self.state, fact))
            self.journal.done.add(self.key)

    @precondition(lambda self: self.journal.state is not None and self.state.posted)
    @rule()
    def quickbooks_took_it_out(self) -> None:
        """The void that goes before a change, or that ends it."""
        posted = self.state.posted
        assert posted is not None
        if not posting.is_current(self.state) and not posted.broken:
            self.journal.keep(posting.removed(self.state, PaymentRemoved(posted.id, self.state.wanted)))
            if not posting.should_stand(self.state):
                self.journal.done.add(self.key)

    @precondition(lambda self: self.journal.state is not None and self.state.posted)
    @rule(harm=st.sampled_from([None, Harm.DELETED, Harm.VOIDED]), more=st.integers(0, 1), found=st.booleans())
    def quickbooks_is_looked_at(self, harm: Harm | None, more: int, found: bool) -> None:
        posted = self.state.posted
        assert posted is not None
        fact = Noticed(posted.id, posted.cents + more, harm)
        by = noticing.found if found and not posted.voided else noticing.looked
        after = self.journal.keep(by(self.state, fact, NOW))
        if not posting.should_stand(after) and after.posted and after.posted.voided and not posting.is_current(after):
            self.journal.done.add(self.key)

    @precondition(lambda self: self.journal.state is not None)
    @rule(choice=st.sampled_from(["again", "write", "accept"]))
    def a_person_decides(self, choice: str) -> None:
        before = self.state
        broken = before.posted.broken if before.posted else None
        try:
            after = self.journal.keep(noticing.decided(before, choice, self.policy, NOW))
        except Refused:
            assert broken is None or broken.accepted or choice == ("write" if broken.absent else "again")
            return
        assert broken is not None
        assert choice == "accept" or after.wanted == before.wanted + 1

    @invariant()
    def a_payment_is_the_sum_of_its_parts(self) -> None:
        if self.journal.state is not None:
            assert sum(i.cents for i in self.state.items) == self.state.total

    @invariant()
    def what_was_changed_there_has_one_task_until_a_person_spoke(self) -> None:
        if self.journal.state is not None:
            broken = self.state.posted.broken if self.state.posted else None
            asked = 1 if broken and not broken.accepted else 0
            assert len(self.journal.tasks("broken/payment/")) == asked

    @invariant()
    def at_most_the_posting_that_is_wanted_is_owed(self) -> None:
        if self.journal.state is not None:
            assert self.open(self.journal, Do.POSTING) <= {self.key}
            if not posting.settled(self.state) and not (self.state.posted and self.state.posted.broken):
                assert self.open(self.journal, Do.POSTING) == {self.key}


# --- what people do in QuickBooks -------------------------------------------------------------------------------------


class OneBrokenLink(Books):
    """A posted payment that people change, remove and set back in QuickBooks, while it may change in Clio too."""

    def __init__(self) -> None:
        super().__init__()
        self.journal: Journal[Payment] = Journal(Kind.PAYMENT, self.effects)
        self.journal.write(a_payment(wanted=1, posted=Posted("q1", 1, 40000)))
        self.ids = 1

    @property
    def link(self) -> Posted | None:
        return self.journal.now.posted

    @property
    def broken(self) -> Broken | None:
        return self.link.broken if self.link else None

    @property
    def key(self) -> str:
        return key_of(FIRM, Do.POSTING, f"p1/{self.journal.now.wanted}")

    @precondition(lambda self: self.link)
    @rule(harm=st.sampled_from([None, Harm.DELETED, Harm.VOIDED]), more=st.integers(0, 2))
    def quickbooks_is_looked_at(self, harm: Harm | None, more: int) -> None:
        assert self.link is not None
        before, fact = self.broken, Noticed(self.link.id, 40000 + more, harm)
        self.journal.keep(noticing.looked(self.journal.now, fact, NOW))
        if posting.is_current(self.journal.now):
            assert (self.broken is None) == (harm is None and more == 0) or (before is not None and before.accepted)

    @precondition(lambda self: self.broken)
    @rule(choice=st.sampled_from(["again", "write", "accept"]))
    def a_person_decides(self, choice: str) -> None:
        was = self.broken
        assert was is not None
        offered = not was.accepted and choice in ("accept", "again" if was.absent else "write")
        try:
            self.journal.keep(noticing.decided(self.journal.now, choice, self.policy, NOW))
        except Refused:
            assert not offered
            return
        assert offered
        assert (self.broken is not None and self.broken.accepted) == (choice == "accept")
        assert (self.key in self.effects) == (choice != "accept" or self.journal.now.wanted > 1)

    @rule()
    def it_changes_in_clio(self) -> None:
        """Of what is gone a person is asked; else the write is owed."""
        new, owed = paying.post(self.journal.now, self.policy, NOW)
        older = (self.key,)
        self.journal.keep(Decision(new, effects=tuple(owed), closes=older))
        if self.broken and self.broken.absent:
            if self.broken.accepted:
                self.journal.keep(noticing.again_wanted(self.journal.now, NOW))
            self.journal.done.add(self.key)

    @precondition(lambda self: self.open(self.journal, Do.POSTING))
    @rule(anew=st.booleans())
    def quickbooks_writes_what_is_owed(self, anew: bool) -> None:
        self.ids += anew or self.link is None
        fact = PaymentPosted(f"q{self.ids}", "realm-1", self.journal.now.wanted, 40000)
        self.journal.keep(posting.posted(self.journal.now, fact))
        self.journal.done.add(self.key)

    @invariant()
    def a_person_is_asked_exactly_while_it_is_broken_and_not_accepted(self) -> None:
        asked = 1 if self.broken and not self.broken.accepted else 0
        assert len(self.journal.tasks("broken/payment/p1/")) == asked


for machine in (OneTrustEntry, OneStatement, OneCredit, OneClioPayment, OneBrokenLink):
    machine.TestCase.settings = QUICK
TestOneTrustEntry = OneTrustEntry.TestCase
TestOneStatement = OneStatement.TestCase
TestOneCredit = OneCredit.TestCase
TestOneClioPayment = OneClioPayment.TestCase
TestOneBrokenLink = OneBrokenLink.TestCase
