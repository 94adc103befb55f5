"""What happens to Clio's records when money or credit is recorded, taken back or corrected (reference/clio.md 5, 6).

Shared by staff's acts (people.py) and by the one API update that may pay a bill (updates.py). All money is cents.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from . import books
from .refuse import invalid
from .state import Allocation, BankAccount, BankTransaction, Bill, CreditMemo, Payment

if TYPE_CHECKING:
    from .sandbox import ClioSandbox


def account(clio: ClioSandbox, firm: int, kind: str) -> BankAccount:
    """The firm's first account of ``Operating`` or ``Trust``."""
    held: BankAccount = next(a for a in clio.state.of_firm("bank_accounts", firm) if a.type == kind)
    return held


def touch_bill(clio: ClioSandbox, bill: Bill) -> None:
    """Moves the bill's ``updated_at`` and ETag, and tells its webhooks, unless either is switched off (10.2)."""
    if clio.switch("bump_on_allocation", True):
        clio.touch(bill)
    if clio.switch("hook_on_allocation", True):
        clio.announce("updated", bill)


def _settle_state(clio: ClioSandbox, bill: Bill) -> None:
    """Paid once nothing is outstanding, unpaid again once something is (3.2)."""
    if bill.state == "awaiting_payment" and books.balance(bill) <= 0:
        bill.state, bill.paid_at = "paid", clio.stamp()
    elif bill.state == "paid" and books.balance(bill) > 0:
        bill.state, bill.paid_at = "awaiting_payment", None


def record_payment(
    clio: ClioSandbox,
    amounts: dict[int, int],
    *,
    on: date,
    method: str = "check",
    description: str = "",
    reference: str = "",
    from_trust: bool = False,
    interest: bool = False,
) -> Payment:
    """One payment over several bills, ``amounts`` by bill id; each bill gets its allocation (5.1).

    Raises Refusal(422): not an unpaid bill, more than its balance, or bills of two firms. Whether Clio shows money that
    went back as an amount below zero is not in the reference: it does under the switch ``negative_allocations``.
    """
    bills: list[Bill] = [clio.state.rows["bills"][b] for b in amounts]
    if len({b.firm for b in bills}) != 1:
        raise invalid("A payment belongs to one firm")
    for bill in bills:
        if bill.state != "awaiting_payment":
            raise invalid(f"Bill {bill.number} is {bill.state} and takes no payment")
        least = -bill.paid if clio.switch("negative_allocations", False) else 1
        if not least <= amounts[bill.id] <= books.balance(bill):
            raise invalid(f"Bill {bill.number} owes {books.balance(bill)} cents, not {amounts[bill.id]}")
    payment = clio.new(
        Payment,
        bills[0].firm,
        date=on,
        amount=sum(amounts.values()),
        method=method,
        description=description,
        reference=reference,
        from_trust=from_trust,
    )
    for bill in bills:
        _allocate(clio, payment, bill, amounts[bill.id], interest)
    clio.note("payments_recorded")
    return payment


def _allocate(clio: ClioSandbox, payment: Payment, bill: Bill, amount: int, interest: bool) -> None:
    trust = account(clio, bill.firm, "Trust") if payment.from_trust else None
    operating = account(clio, bill.firm, "Operating")
    allocation = clio.new(
        Allocation,
        bill.firm,
        bill=bill.id,
        contact=bill.client_id,
        matter=bill.matters[0] if bill.matters else None,
        date=payment.date,
        amount=amount,
        parent_id=payment.id,
        parent_type="Payment",
        interest=interest,
        shown_description=payment.description if clio.switch("description_on_allocation", False) else None,
        source_bank_account=trust.id if trust else None,
        destination_bank_account=operating.id,
    )
    lines = clio.switch("trust_payment_lines", "both")  # a payment from trust: both, operating only, or none (6, M)
    if trust and lines == "both":
        _move(clio, trust, -amount, payment, bill, allocation)
    elif trust:
        trust.balance -= amount
        clio.touch(trust)
    if not trust or lines != "none":
        _move(clio, operating, amount, payment, bill, allocation)
    else:
        operating.balance += amount
    bill.paid += amount
    _settle_state(clio, bill)
    touch_bill(clio, bill)


def _move(
    clio: ClioSandbox,
    held: BankAccount,
    amount: int,
    payment: Payment,
    bill: Bill,
    allocation: Allocation | None,
) -> BankTransaction:
    """One signed line on a bank account; ``liability`` on trust accounts (6)."""
    return _enter(
        clio,
        held,
        amount,
        payment.date,
        source=payment.method,
        description=payment.description,
        confirmation=payment.reference,
        client=bill.client_id,
        matter=bill.matters[0] if bill.matters else None,
        bill=bill.id if allocation or clio.switch("trust_deposit_names_bill", True) else None,
        allocation=allocation.id if allocation else None,
    )


def _enter(
    clio: ClioSandbox, held: BankAccount, amount: int, on: date, *, word: str = "", **told: Any
) -> BankTransaction:
    held.balance += amount
    clio.touch(held)
    return clio.new(
        BankTransaction,
        held.firm,
        type="liability" if held.type == "Trust" else "asset",
        bank_account_id=held.id,
        date=on,
        amount=amount,
        transaction_type=word or ("deposit" if amount > 0 else "withdrawal"),
        after=held.balance,
        **told,
    )


def remove_payment(clio: ClioSandbox, payment: Payment) -> None:
    """Staff delete a payment: its allocations get ``voided_at``, its bank lines vanish, its bills reopen (9.11)."""
    if payment.voided_at:
        raise invalid("The payment has been removed already")
    payment.voided_at = clio.stamp()
    for allocation in _of_parent(clio, payment.firm, "Payment", payment.id):
        _void(clio, allocation)
        accounts = clio.state.rows["bank_accounts"]
        if allocation.source_bank_account:
            accounts[allocation.source_bank_account].balance += allocation.amount
        if allocation.destination_bank_account:
            accounts[allocation.destination_bank_account].balance -= allocation.amount
        for move in clio.state.children("bank_transactions", allocation.bill):
            if move.allocation == allocation.id:
                clio.state.drop(move)
        bill = clio.state.rows["bills"][allocation.bill]
        bill.paid -= allocation.amount
        _settle_state(clio, bill)
        touch_bill(clio, bill)
    clio.note("payments_removed")


def _of_parent(clio: ClioSandbox, firm: int, kind: str, parent: int) -> list[Allocation]:
    held = clio.state.of_firm("allocations", firm)
    return [a for a in held if a.parent_type == kind and a.parent_id == parent]


def _void(clio: ClioSandbox, allocation: Allocation) -> None:
    allocation.voided_at = clio.stamp()
    clio.touch(allocation)


def issue_credit(
    clio: ClioSandbox, bill: Bill, amount: int, *, on: date, description: str = "", discount: bool = False
) -> CreditMemo:
    """A credit note against one unpaid bill, with its allocation (6). Raises Refusal(422)."""
    if bill.state != "awaiting_payment" or not 0 < amount <= books.balance(bill):
        raise invalid(f"Bill {bill.number} cannot be credited {amount} cents")
    memo = clio.new(
        CreditMemo,
        bill.firm,
        date=on,
        amount=amount,
        description=description,
        contact=bill.client_id,
        user=bill.user,
        discount=discount,
    )
    clio.new(
        Allocation,
        bill.firm,
        bill=bill.id,
        contact=bill.client_id,
        matter=bill.matters[0] if bill.matters else None,
        date=on,
        amount=amount,
        parent_id=memo.id,
        parent_type="CreditMemo",
        shown_description=description,
    )
    bill.credits += amount
    _settle_state(clio, bill)
    touch_bill(clio, bill)
    return memo


def remove_credit(clio: ClioSandbox, memo: CreditMemo) -> None:
    memo.voided_at = clio.stamp()
    clio.touch(memo)
    for allocation in _of_parent(clio, memo.firm, "CreditMemo", memo.id):
        _void(clio, allocation)
        bill = clio.state.rows["bills"][allocation.bill]
        bill.credits -= allocation.amount
        _settle_state(clio, bill)
        touch_bill(clio, bill)


def correct_credit(clio: ClioSandbox, memo: CreditMemo, amount: int) -> None:
    """A credit note on one unpaid bill gets another amount, and its allocation with it. Raises Refusal(422)."""
    parts = [a for a in _of_parent(clio, memo.firm, "CreditMemo", memo.id) if a.voided_at is None]
    bill = clio.state.rows["bills"][parts[0].bill] if len(parts) == 1 else None
    if bill is None or bill.state != "awaiting_payment" or not 0 < amount <= books.balance(bill) + parts[0].amount:
        raise invalid(f"Credit memo {memo.id} cannot become {amount} cents")
    bill.credits += amount - parts[0].amount
    memo.amount = parts[0].amount = amount
    clio.touch(memo)
    clio.touch(parts[0])
    _settle_state(clio, bill)
    touch_bill(clio, bill)


def record_trust_deposit(
    clio: ClioSandbox,
    bill: Bill,
    amount: int,
    *,
    on: date,
    method: str = "credit_card",
    description: str = "",
    reference: str = "",
) -> BankTransaction:
    """A deposit for a trust request: a line on the trust account, and the request's balance falls (6).

    An allocation appears only under the switch ``trust_deposit_allocation``. Raises Refusal(422).
    """
    if bill.kind != books.TRUST or bill.state != "awaiting_payment" or not 0 < amount <= books.balance(bill):
        raise invalid(f"Bill {bill.number} takes no deposit of {amount} cents")
    held = account(clio, bill.firm, "Trust")
    payment = clio.new(
        Payment,
        bill.firm,
        date=on,
        amount=amount,
        method=method,
        description=description,
        reference=reference,
        from_trust=False,
    )
    allocation = None
    if clio.switch("trust_deposit_allocation", False):
        allocation = clio.new(
            Allocation,
            bill.firm,
            bill=bill.id,
            contact=bill.client_id,
            matter=bill.matters[0] if bill.matters else None,
            date=on,
            amount=amount,
            parent_id=payment.id,
            parent_type="Payment",
            destination_bank_account=held.id,
        )
    moved = _move(clio, held, amount, payment, bill, allocation)
    bill.paid += amount
    _settle_state(clio, bill)
    touch_bill(clio, bill)
    clio.note("trust_deposits_recorded")
    return moved


def move_trust(
    clio: ClioSandbox,
    held: BankAccount,
    amount: int,
    *,
    on: date,
    client: int | None = None,
    matter: int | None = None,
    word: str = "",
    description: str = "",
    reference: str = "",
) -> BankTransaction:
    """One line on a bank account that no bill asks for: a deposit, a disbursement (negative), interest, a charge."""
    told = {"source": "", "description": description, "confirmation": reference, "client": client, "matter": matter}
    return _enter(clio, held, amount, on, word=word, **told)


def delete_move(clio: ClioSandbox, move: BankTransaction) -> None:
    """Staff delete a bank transaction: it vanishes, unreported, and its account's balance moves (9.11)."""
    held = clio.state.rows["bank_accounts"][move.bank_account_id]
    held.balance -= move.amount
    clio.touch(held)
    clio.state.drop(move)


def edit_move(clio: ClioSandbox, move: BankTransaction, amount: int | None, on: date | None) -> None:
    """Amount or date of a bank transaction; the balance follows."""
    held = clio.state.rows["bank_accounts"][move.bank_account_id]
    if amount is not None:
        held.balance += amount - move.amount
        move.amount = amount
        clio.touch(held)
    move.date = on or move.date
    clio.touch(move)


def reckon(clio: ClioSandbox, bill: Bill) -> None:
    """The bill's sums anew from its lines."""
    children: Any = clio.state.children
    lines = [books.reckon_line(line, bill.tax_rate) for line in children("line_items", bill.id)]
    books.reckon(bill, lines, children("trust_line_items", bill.id))
    _settle_state(clio, bill)
