"""Do the accounts and items that the firm chose still exist in QuickBooks, of the right type? Pure
(reference/quickbooks.md 4.2).
"""

from __future__ import annotations

from chalicelib.domain import usable
from chalicelib.domain.effects import Do
from chalicelib.domain.finding import Finding, Weight
from chalicelib.domain.firm import Firm
from chalicelib.domain.readings import Account, Books

TRUST_WRITES = (Do.HOLDER, Do.JOURNAL)

ANOTHER = "Choose another here: Settings, Change these in the set-up, Choose where payments are recorded."
ANOTHER_ITEM = "Choose another here: Settings, How invoices look."
ACTIVE = (
    "Or make it active again: in QuickBooks press the gear at the top right, then “Chart of accounts”.",
    "Above the list press its own gear, tick “Include inactive”, then press “Make active” beside the account.",
    "Come back and press Check again.",
)
ACTIVE_ITEM = (
    "Or make it active again: in QuickBooks press the gear at the top right, then “Products and services”.",
    "Press the filter, choose the status “Inactive”, then press “Make active” beside the item.",
    "Come back and press Check again.",
)
ACTIVE_INCOME = (
    "Make the account active again: in QuickBooks press the gear at the top right, then “Chart of accounts”.",
    ACTIVE[1],
    "Or give the item another income account: the gear, “Products and services”, then “Edit” beside the item.",
)
ITEMS = (("services", "fees"), ("expenses", "expenses"), ("interest", "interest"), ("tax", "tax"))


def chosen(firm: Firm, books: Books) -> tuple[str, ...]:
    """Ids of the accounts that the firm chose, and of those that the items it chose are booked in."""
    trust = firm.trust_books
    ids = (firm.accounts.clearing, firm.accounts.discount, trust.liability, *(b.book for b in trust.banks))
    incomes = (books.incomes.get(item, "") for item in _items(firm))
    return tuple(dict.fromkeys(id for id in (*ids, *incomes) if id))


def _items(firm: Firm) -> dict[str, str]:
    """Items that the firm chose, each with what is booked under it, in words."""
    told: dict[str, list[str]] = {}
    for name, words in (*ITEMS, ("credit", "credits")):
        if id := getattr(firm.accounts, name):
            told.setdefault(id, []).append(words)
    return {id: " and ".join(words) for id, words in told.items()}


def unlisted(firm: Firm, books: Books) -> bool:
    """Whether an item that the firm chose is not among those read."""
    chosen, listed = firm.accounts, {id for id, _ in books.items}
    return any(id and id not in listed for id in (chosen.credit, *(getattr(chosen, name) for name, _ in ITEMS)))


def accounts(firm: Firm, books: Books) -> list[Finding]:
    """The accounts and items chosen, once they are."""
    chosen = firm.accounts
    if not chosen.clearing:
        return []
    found = []
    if wrong := usable.wrong_clearing(_account(books, chosen.clearing)):
        found.append(
            Finding(
                "clearing",
                Weight.BLOCKS,
                "The account that payments are recorded in cannot be used",
                f"{chosen.clearing_name or 'It'} {wrong}",
                (ANOTHER, *ACTIVE),
                "Payments and credit notes wait; invoices go on.",
                (Do.POSTING, Do.CREDIT),  # a credit is applied by a payment
            )
        )
    active = {id for id, _ in books.items}
    lost = [words for name, words in ITEMS if getattr(chosen, name) and getattr(chosen, name) not in active]
    if lost:
        credits = not chosen.credit and chosen.services not in active  # they are booked under the item of fees then
        found.append(
            Finding(
                "items",
                Weight.BLOCKS,
                "An item that invoices are booked under is gone",
                f"The item for {' and '.join(lost)} is not an active service item in QuickBooks any more.",
                (ANOTHER_ITEM, *ACTIVE_ITEM),
                f"Invoices wait, and with them their payments{'; so do credit notes' if credits else ''}.",
                (Do.INVOICE, Do.CREDIT) if credits else (Do.INVOICE,),
            )
        )
    if chosen.credit and chosen.credit not in active:
        found.append(
            Finding(
                "credit-item",
                Weight.BLOCKS,
                "The item that credits are booked under is gone",
                "It is not an active service item in QuickBooks any more.",
                (ANOTHER_ITEM, *ACTIVE_ITEM),
                "Credit notes wait; invoices and payments go on.",
                (Do.CREDIT,),
            )
        )
    found += _incomes(firm, books)
    if wrong := chosen.discount and usable.wrong_discount(_account(books, chosen.discount)):
        title, waits = "The account for discounts cannot be used", "Only bills with a discount wait."
        found.append(Finding("discount", Weight.WARNS, title, f"It {wrong}", (ANOTHER_ITEM, *ACTIVE), waits))
    return found or [Finding("accounts", Weight.GOOD, "Accounts and items", "All that were chosen are there.")]


def _incomes(firm: Firm, books: Books) -> list[Finding]:
    """QuickBooks takes nothing for an item whose income account is inactive; where it does not tell an item's account,
    nothing is said of it."""
    told: dict[str, str] = {}
    for item, words in _items(firm).items():
        account = _account(books, books.incomes.get(item, ""))
        if item in books.incomes and (wrong := usable.wrong_income(account)):
            named = f" “{account.name}”" if account else ""
            told[item] = f"The income account{named} of the item for {words} {wrong}"
    if not told:
        return []
    chosen = firm.accounts
    invoices = any(getattr(chosen, name) in told for name, _ in ITEMS)
    credits = (chosen.credit or chosen.services) in told  # without one of their own they are booked as fees
    held = [k for k, waits in ((Do.INVOICE, invoices), (Do.CREDIT, credits)) if waits]
    words = " and ".join({Do.INVOICE: "invoices, with their payments,", Do.CREDIT: "credit notes"}[k] for k in held)
    return [
        Finding(
            "incomes",
            Weight.BLOCKS,
            "An item is booked in an account that cannot be used",
            " ".join(told.values()),
            (*ACTIVE_INCOME, ANOTHER_ITEM, ACTIVE[-1]),
            f"{words[0].upper()}{words[1:]} wait.",
            tuple(held),
        )
    ]


def _account(books: Books, id: str) -> Account | None:
    return next((a for a in books.accounts if a.id == id), None)


def trust_accounts(firm: Firm, books: Books) -> list[Finding]:
    """The accounts that trust money stands in, once they are chosen."""
    trust = firm.trust_books
    if not trust.liability:
        return []
    wrong = [(b.book_name or b.name, usable.wrong_bank(_account(books, b.book))) for b in trust.banks]
    wrong.append(
        (trust.liability_name or "The liability account", usable.wrong_liability(_account(books, trust.liability)))
    )
    told = " ".join(f"{name} {why}" for name, why in wrong if why)
    if not told:
        return [Finding("trust-accounts", Weight.GOOD, "Accounts of trust money", "All that were chosen are there.")]
    return [
        Finding(
            "trust-accounts",
            Weight.BLOCKS,
            "An account that trust money stands in cannot be used",
            told,
            ("Choose another here: Trust, Accounts of trust money.", *ACTIVE),
            "Journal entries of trust money wait; invoices and payments go on.",
            TRUST_WRITES,
        )
    ]
