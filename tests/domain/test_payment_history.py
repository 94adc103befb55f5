"""Any history of payments over three bills: attempts in one tab or another, what Stripe shows of each in any order,
what QuickBooks answers. The folded journals are the states, and no cent is lost between a payment and its bills."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chalicelib.domain import paying, posting
from chalicelib.domain.effects import Do, key_of
from chalicelib.domain.kernel import Effect, Kind
from chalicelib.domain.payable import Payable, blocked
from chalicelib.domain.paying import AttemptAsked, AttemptFailed, SessionOpened, Together
from chalicelib.domain.payment import UNDER_WAY, Payment, Phase
from chalicelib.domain.posting import PaymentPosted
from chalicelib.domain.readings import Disputed, Refunded, SessionReading
from tests.builders import FIRM, NOW, TODAY, a_payable
from tests.domain.given import ACCOUNT, a_paid_session, a_policy, a_session
from tests.domain.journal import Journal

POLICY = a_policy(mark_paid=True)
BILLS = {"b1": 40000, "b2": 333, "b3": 1}
ORDER = [Phase.CREATING, Phase.OPEN, Phase.ON_ITS_WAY, Phase.FAILED, Phase.EXPIRED, Phase.SETTLED]


class Payments(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.effects: dict[str, Effect] = {}
        self.bills: dict[str, Journal[Payable]] = {}
        self.payments: dict[str, Journal[Payment]] = {}
        self.was: dict[str, Phase] = {}
        for id, cents in BILLS.items():
            self.bills[id] = Journal(Kind.PAYABLE, self.effects)
            self.bills[id].write(a_payable(id=id, number=f"N-{id}", asks=cents, total=cents, balance=cents))

    def keep(self, id: str, together: Together) -> None:
        self.payments.setdefault(id, Journal(Kind.PAYMENT, self.effects)).keep(together.payment)
        for bill, decision in together.payables.items():
            self.bills[bill].keep(decision)

    def of(self, payment: Payment) -> list[Payable]:
        return [self.bills[i.payable].now for i in payment.items]

    def pick(self, number: int, *phases: Phase) -> Payment | None:
        found = [j.now for j in self.payments.values() if not phases or j.now.phase in phases]
        return found[number % len(found)] if found else None

    # --- a client -----------------------------------------------------------------------------------------------------
    @rule(chosen=st.sets(st.sampled_from(sorted(BILLS)), min_size=1))
    def a_client_presses_pay(self, chosen: set[str]) -> None:
        bills = [self.bills[b].now for b in sorted(chosen)]
        free = not any(blocked(b) or b.attempt for b in bills)
        if not free or sum(b.open for b in bills) < paying.SMALLEST_CENTS:
            return
        id = f"p{len(self.payments) + 1}"
        asked = AttemptAsked(id, f"FS-{id}", ACCOUNT, "link", tuple((b.id, b.open) for b in bills))
        self.keep(id, paying.begin(bills, asked, POLICY, self.now))

    # --- Stripe -------------------------------------------------------------------------------------------------------
    @rule(number=st.integers(0, 9))
    def stripe_makes_the_session(self, number: int) -> None:
        if payment := self.pick(number):
            fact = SessionOpened(f"cs_{payment.id}", "https://stripe.test/pay", self.now + timedelta(minutes=45))
            self.keep(payment.id, paying.opened(payment, self.of(payment), fact, self.now))

    @rule(number=st.integers(0, 9))
    def stripe_refuses_the_session(self, number: int) -> None:
        if payment := self.pick(number, Phase.CREATING):
            fact = AttemptFailed("refused")
            self.keep(payment.id, paying.failed(payment, self.of(payment), fact, POLICY, self.now))

    @rule(
        number=st.integers(0, 9),
        fate=st.sampled_from(["open", "expired", "debit", "failed", "paid", "paid", "paid"]),
        back=st.integers(0, 50000),
        lost=st.integers(0, 50000),
        minutes=st.integers(0, 90),
    )
    def stripe_shows_the_session(self, number: int, fate: str, back: int, lost: int, minutes: int) -> None:
        """Any snapshot, also one from before."""
        self.now += timedelta(minutes=minutes)
        payment = self.pick(number)
        if payment is None:
            return
        refunds = (Refunded("re", back, "succeeded"),) if back > 25000 else ()
        disputes = (Disputed("dp", lost, "lost", withdrawn=True),) if lost > 40000 else ()
        debit: dict[str, Any] = {"status": "complete", "intent_status": "processing"}
        readings: dict[str, SessionReading] = {
            "open": a_session(payment),
            "expired": a_session(payment, status="expired"),
            "debit": a_session(payment, **debit),
            "failed": a_session(payment, **{**debit, "intent_status": "canceled"}),
            "paid": a_paid_session(payment, refunds=refunds, disputes=disputes),
        }
        self.keep(payment.id, paying.shown(payment, self.of(payment), readings[fate], POLICY, self.now))

    # --- QuickBooks ---------------------------------------------------------------------------------------------------
    @precondition(lambda self: self.pick(0, Phase.SETTLED))
    @rule(number=st.integers(0, 9), behind=st.integers(0, 2))
    def quickbooks_answers(self, number: int, behind: int) -> None:
        """Also to an older revision: a call that was repeated."""
        payment = self.pick(number, Phase.SETTLED)
        assert payment is not None
        before = payment.posted.revision if payment.posted else 0
        revision = max(1, payment.wanted - behind)
        decision = posting.posted(payment, PaymentPosted(f"qb-{payment.id}", "realm-1", revision, payment.total))
        after = self.payments[payment.id].keep(decision)
        assert after.posted is not None
        assert after.posted.revision == max(before, revision)
        assert posting.is_current(after) == (after.posted.revision == after.wanted)

    # --- what always holds --------------------------------------------------------------------------------------------
    @invariant()
    def a_payment_is_the_sum_of_its_parts(self) -> None:
        for journal in self.payments.values():
            p = journal.now
            assert sum(i.cents for i in p.items) == p.total
            assert sum(i.back for i in p.items) == min(p.back, p.total)
            assert all(0 <= i.back <= i.cents for i in p.items)

    @invariant()
    def each_bill_counts_of_each_payment_what_is_left_of_its_part(self) -> None:
        for id, bill in self.bills.items():
            parts = {p.id: i.net for p in self.money() for i in p.items if i.payable == id}
            assert {s.payment: s.cents for s in bill.now.shares} == {k: v for k, v in parts.items() if v}

    def money(self) -> list[Payment]:
        return [j.now for j in self.payments.values() if j.now.money]

    @invariant()
    def an_attempt_under_way_holds_all_its_bills_and_is_looked_at_again(self) -> None:
        held = {b.now.attempt.payment for b in self.bills.values() if b.now.attempt}
        under_way = [j.now for j in self.payments.values() if j.now.phase in UNDER_WAY]
        assert held == {p.id for p in under_way}
        for p in under_way:
            assert {b.attempt.payment if b.attempt else "" for b in self.of(p)} == {p.id}
            assert paying.next_look(p, self.now) is not None

    @invariant()
    def a_payment_only_goes_forward(self) -> None:
        for id, journal in self.payments.items():
            phase = journal.now.phase
            assert ORDER.index(self.was.get(id, phase)) <= ORDER.index(phase)
            self.was[id] = phase

    @invariant()
    def money_is_posted_once_and_has_its_day(self) -> None:
        for p in self.money():
            assert p.wanted == 1
            assert p.settled_on == TODAY
            assert key_of(FIRM, Do.POSTING, f"{p.id}/1") in self.effects

    @invariant()
    def what_went_back_has_one_task(self) -> None:
        for id, journal in self.payments.items():
            assert len(journal.tasks(f"reversal/{id}/")) <= 1
            assert bool(journal.now.reversals) == bool(journal.tasks(f"reversal/{id}/"))


Payments.TestCase.settings = settings(max_examples=min(60, settings().max_examples), stateful_step_count=30)
TestPayments = Payments.TestCase
