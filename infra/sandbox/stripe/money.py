"""What each movement does to an account's balance: balance transactions with their fees. Integer cents, USD.

Rates (reference/stripe.md 9, remembered): card 2.9 % + 30 cents, bank debit 0.8 % at most $5, dispute $15; read the
``fee`` and never compute it. Where ``controller.fees.payer`` is ``application``, the connected account pays no Stripe
fee: the platform is billed (reference/stripe.md 3, 4).
"""

from __future__ import annotations

from . import money_shapes
from .box import Box, business_days_after, snapshot
from .state import Account, Thing


def platform_pays(account: Account) -> bool:
    return bool(account.object["controller"].get("fees", {}).get("payer") == "application")


def processing_fee(amount: int, method: str) -> int:
    """Cents, half a cent rounded up."""
    if method == "us_bank_account":
        return min(500, (amount * 8 + 500) // 1000)
    return (amount * 29 + 500) // 1000 + 30


def book(
    box: Box,
    account: Account,
    *,
    type: str,
    category: str,
    amount: int,
    stripe_fee: int = 0,
    application_fee: int = 0,
    source: str | None = None,
    available_days: int = 2,
    description: str | None = None,
) -> Thing:
    """Books one movement and bills its Stripe fee to whoever pays it. Returns the balance transaction."""
    fees = []
    if stripe_fee and platform_pays(account):
        _bill_platform(box, account, stripe_fee, source)
    elif stripe_fee:
        fees.append(money_shapes.fee_line(stripe_fee))
    if application_fee:
        fees.append(money_shapes.fee_line(application_fee, "application_fee", box.client_id))
    now = box.epoch()
    made = money_shapes.balance_transaction(
        box.new_id("txn_1"),
        now,
        type=type,
        category=category,
        amount=amount,
        fees=fees,
        source=source,
        available_on=business_days_after(now, available_days) if available_days else now,
        description=description,
    )
    return box.hold(account, made)


def _bill_platform(box: Box, account: Account, fee: int, source: str | None) -> None:
    platform = box.state.accounts[box.platform_id]
    book(
        box,
        platform,
        type="stripe_fee",
        category="fee",
        amount=-fee,
        available_days=0,
        description=f"Stripe processing fees of {account.id} ({source})",
    )


def balance(account: Account) -> int:
    """Cents on the account, what is not yet available included, less what was paid out."""
    return sum(int(line["net"]) for line in account.held["balance_transaction"].values())


def book_charge(box: Box, account: Account, charge: Thing) -> Thing:
    """The money of a succeeded charge arrives. Returns the balance transaction, already named by the charge."""
    method = charge["payment_method_details"]["type"]
    card = method == "card"
    fee = charge["application_fee_amount"] or 0
    made = book(
        box,
        account,
        type="charge" if card else "payment",
        category="charge",
        amount=charge["amount"],
        stripe_fee=processing_fee(charge["amount"], method),
        application_fee=fee,
        source=charge["id"],
        available_days=2 if card else 4,
        description=charge["description"],
    )
    if fee:
        charge["application_fee"] = box.new_id("fee_1")
        book(
            box,
            box.state.accounts[box.platform_id],
            type="application_fee",
            category="platform_earning",
            amount=fee,
            source=charge["application_fee"],
        )
    charge["balance_transaction"] = made["id"]
    return made


def show_transaction(box: Box, line: Thing) -> Thing:
    """A balance transaction with the status that it has by now."""
    shown = snapshot(line)
    shown["status"] = "available" if shown["available_on"] <= box.epoch() else "pending"
    return shown
