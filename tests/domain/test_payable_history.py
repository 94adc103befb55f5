"""Any history of one bill: money taken here, money recorded in Clio, refunds, removals, a person's answers.

Beside the rules runs a plain ledger of what really happened. Whenever a mail or an attempt may begin, we ask for what
the client really owes, as far as we have seen it, and not a cent more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chalicelib.domain import billing, paying, planning, receipts, surplus
from chalicelib.domain.billing import BillSeen
from chalicelib.domain.kernel import Decision, Kind
from chalicelib.domain.payable import Payable, Standing, blocked
from chalicelib.domain.payment import Payment, Phase
from chalicelib.domain.planning import CollectionStarted
from chalicelib.domain.readings import BillState, Receipt, Refunded
from chalicelib.domain.receipts import MatchConfirmed, MatchRefused, MatchUndone
from tests.builders import NOW, TODAY, a_bill
from tests.domain.given import a_paid_session, a_policy, a_session, begun
from tests.domain.journal import Journal

ASKS = 40000
POLICY = a_policy()


@dataclass
class InClio:
    """A receipt as staff recorded it. ``ours``: the payment of ours that it really is; empty for money of its own."""

    receipt: Receipt
    ours: str = ""
    seen: bool = False


class OneBill(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.count = 0
        self.clio: dict[str, InClio] = {}
        self.payments: dict[str, Payment] = {}
        self.under_way: Payment | None = None
        self.journal: Journal[Payable] = Journal(Kind.PAYABLE)
        self.seen_asks = ASKS
        self.asks = ASKS
        self.look()
        self.keep(planning.collect(self.state, CollectionStarted("friendly"), POLICY, self.now))

    # --- the machine's own books --------------------------------------------------------------------------------------
    @property
    def state(self) -> Payable:
        return self.journal.now

    def keep(self, decision: Decision[Payable]) -> None:
        self.journal.keep(decision)

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    def recorded_of(self, payment: str) -> int:
        return sum(c.receipt.cents for c in self.clio.values() if c.ours == payment)

    def net_of(self, payment: Payment) -> int:
        return payment.total - min(payment.back, payment.total)

    @property
    def balance(self) -> int:
        return max(0, self.asks - sum(c.receipt.cents for c in self.clio.values()))

    @property
    def really_owed(self) -> int:
        """What the bill asked for when last seen, less all money of which we know."""
        own = sum(c.receipt.cents for c in self.clio.values() if c.seen and not c.ours)
        ours = sum(self.net_of(p) for p in self.payments.values() if p.money)
        return max(0, self.seen_asks - own - ours)

    # --- at Clio ------------------------------------------------------------------------------------------------------
    @rule(cents=st.integers(1, 15000))
    def staff_record_a_cheque(self, cents: int) -> None:
        if cents <= self.balance:
            id = self.name("r")
            self.clio[id] = InClio(Receipt(id, "b1", TODAY, cents, group=f"g{id}"))

    @rule(part=st.integers(1, 100), with_code=st.booleans(), pick=st.integers(0, 5))
    def staff_record_a_payment_of_ours(self, part: int, with_code: bool, pick: int) -> None:
        left = [(p, self.net_of(p) - self.recorded_of(p.id)) for p in self.payments.values() if p.money]
        left = [(p, cents) for p, cents in left if cents > 0 and self.balance > 0]
        if not left:
            return
        payment, cents = left[pick % len(left)]
        cents = min(max(1, cents * part // 100), self.balance)
        id = self.name("r")
        text = f"card {payment.code}" if with_code else ""
        self.clio[id] = InClio(Receipt(id, "b1", TODAY, cents, group=f"g{id}", text=text), ours=payment.id)

    @precondition(lambda self: self.clio)
    @rule(pick=st.integers(0, 9))
    def staff_remove_a_payment(self, pick: int) -> None:
        del self.clio[sorted(self.clio)[pick % len(self.clio)]]

    @rule(by=st.integers(-5000, 5000))
    def staff_change_the_bill(self, by: int) -> None:
        if sum(c.receipt.cents for c in self.clio.values()) <= self.asks + by:
            self.asks += by

    @rule()
    def look(self) -> None:
        """A reading of the bill with all its receipts, as decision 0003 wants it."""
        self.now += timedelta(minutes=1)
        for c in self.clio.values():
            c.seen = True
        self.seen_asks = self.asks
        bill = a_bill(
            etag=self.name("e"),
            total=self.asks,
            asks=self.asks,
            balance=self.balance,
            paid=self.asks - self.balance,
            state=BillState.AWAITING_PAYMENT if self.balance else BillState.PAID,
        )
        fact = BillSeen(bill, tuple(c.receipt for c in self.clio.values()), self.now)
        self.keep(billing.seen(self.journal.state, fact, POLICY, self.now))

    # --- at Stripe ----------------------------------------------------------------------------------------------------
    @precondition(lambda self: self.under_way is None and self.state.open >= 50 and not blocked(self.state))
    @rule()
    def a_client_presses_pay(self) -> None:
        id = self.name("p")
        self.under_way, (locked,) = begun(self.state, id=id, code=f"FS-{id.upper()}X", now=self.now)
        self.journal.write(locked)

    @precondition(lambda self: self.under_way is not None)
    @rule(fate=st.sampled_from(["paid", "paid", "expired", "debit", "debit failed"]))
    def stripe_shows_the_session(self, fate: str) -> None:
        assert self.under_way is not None
        debit: dict[str, Any] = {"status": "complete", "method": "us_bank_account", "intent_status": "processing"}
        reading = {
            "paid": a_paid_session(self.under_way),
            "expired": a_session(self.under_way, status="expired"),
            "debit": a_session(self.under_way, **debit),
            "debit failed": a_session(self.under_way, **{**debit, "intent_status": "requires_payment_method"}),
        }[fate]
        if fate == "expired" and self.under_way.phase is Phase.ON_ITS_WAY:
            return
        after = paying.shown(self.under_way, [self.state], reading, POLICY, self.now)
        payment = after.payment.state
        if "b1" in after.payables:
            self.keep(after.payables["b1"])
        if payment.money:
            self.payments[payment.id] = payment
        self.under_way = payment if payment.phase in (Phase.OPEN, Phase.ON_ITS_WAY) else None

    @precondition(lambda self: self.payments)
    @rule(pick=st.integers(0, 5), percent=st.sampled_from([0, 10, 50, 100]))
    def stripe_shows_refunds(self, pick: int, percent: int) -> None:
        """Also of less than before: a refund that failed comes back."""
        payment = self.payments[sorted(self.payments)[pick % len(self.payments)]]
        refunds = (Refunded("re_1", payment.total * percent // 100, "succeeded"),) if percent else ()
        reading = a_paid_session(payment, refunds=refunds)
        after = paying.shown(payment, [self.state], reading, POLICY, self.now)
        self.payments[payment.id] = after.payment.state
        if "b1" in after.payables:
            self.keep(after.payables["b1"])

    # --- a person -----------------------------------------------------------------------------------------------------
    @precondition(lambda self: self.state.asked)
    @rule()
    def a_person_answers_truly(self) -> None:
        known = self.state.asked[0]
        real = self.clio.get(known.id)
        share = self.state.share_of(real.ours) if real and real.ours else None
        answer: receipts.MatchFact = MatchConfirmed(known.id, (share.payment,)) if share else MatchRefused(known.id)
        self.keep(receipts.answered(self.state, answer, POLICY, self.now))

    @precondition(lambda self: any(k.standing is Standing.MATCHED for k in self.state.receipts))
    @rule()
    def a_person_takes_a_match_back(self) -> None:
        known = next(k for k in self.state.receipts if k.standing is Standing.MATCHED)
        self.keep(receipts.answered(self.state, MatchUndone(known.id), POLICY, self.now))

    # --- what always holds --------------------------------------------------------------------------------------------
    @invariant()
    def a_client_is_never_asked_for_more_than_is_owed(self) -> None:
        if self.state.attempt is None and not blocked(self.state):
            assert self.state.open <= self.really_owed

    @invariant()
    def what_we_ask_and_what_we_hold_unseen_is_the_owners_balance(self) -> None:
        p = self.state
        if p.bill_state is BillState.AWAITING_PAYMENT:
            unseen = sum(s.unseen for s in p.shares)
            assert p.open == max(0, p.balance - unseen)
            assert p.open - p.surplus == p.balance - unseen
            assert 0 <= p.open <= p.balance

    @invariant()
    def no_receipt_is_counted_twice(self) -> None:
        shown = [(r, s.payment) for s in self.state.shares for r, _ in s.shown]
        assert len(shown) == len(set(shown))
        for known in self.state.receipts:
            laid = sum(c for s in self.state.shares for r, c in s.shown if r == known.id)
            assert laid == (known.cents if known.standing is Standing.MATCHED else 0)

    @invariant()
    def shares_are_what_is_left_of_the_payments(self) -> None:
        for share in self.state.shares:
            assert share.cents == self.net_of(self.payments[share.payment])

    @invariant()
    def what_is_paid_too_much_has_one_task_with_its_amount(self) -> None:
        p = self.state
        told = {
            e.key: e.body.get("surplus", e.body.get("apart"))
            for n in ("surplus/", "apart/")
            for e in self.journal.tasks(n)
        }
        assert told == dict(zip(surplus.keys(p), [c for c in (p.surplus, p.shown_apart) if c], strict=True))

    @invariant()
    def each_question_and_each_hold_has_its_task(self) -> None:
        asked = {receipts.match_task(p.firm, p.id, k) for p in [self.state] for k in p.asked}
        assert {e.key for e in self.journal.tasks("match/")} == asked
        assert len(self.journal.tasks("remove/")) == (1 if self.state.hold else 0)

    @invariant()
    def a_reminder_is_planned_only_while_nothing_stands_against_it(self) -> None:
        c = self.state.collection
        if c and c.next:
            assert not planning.waits(self.state)
            assert not c.waits


OneBill.TestCase.settings = settings(stateful_step_count=30)
TestOneBill = OneBill.TestCase
