"""Is QuickBooks set so that syncing can go well? Findings from one reading of its settings and numbers. Pure.

Each finding says what was found, why it matters, what to click, and what waits for it
(reference/quickbooks.md 3.3, 4.8).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import assert_never

from chalicelib.domain import series
from chalicelib.domain.dates import day
from chalicelib.domain.effects import Do
from chalicelib.domain.finding import Finding, Weight
from chalicelib.domain.firm import Firm
from chalicelib.domain.preflight_accounts import TRUST_WRITES, accounts, trust_accounts
from chalicelib.domain.readings import Books, DocNumber
from chalicelib.domain.series import Place

EVERYTHING = (Do.CUSTOMER, Do.SUB_CUSTOMER, Do.INVOICE, Do.POSTING, Do.CREDIT, *TRUST_WRITES)

UNREAD = "QuickBooks' settings are being read."  # from the moment a company is connected until they are
ALL_UNREAD = tuple((str(kind), UNREAD) for kind in sorted(EVERYTHING))


def findings(firm: Firm, books: Books, top: Sequence[DocNumber], clio: Sequence[str]) -> tuple[Finding, ...]:
    """``top``: the highest numbers of each series in QuickBooks; ``clio``: the highest of each that Clio uses. What has
    to be done comes first."""
    found = [
        _currency(firm, books),
        *_country(books),
        _custom_numbers(books),
        *accounts(firm, books),
        *trust_accounts(firm, books),
        _numbers(top, clio),
        _doubles(books),
        _auto_apply(books),
        _discounts(firm, books),
        _closed(firm, books),
    ]
    order = list(Weight)
    return tuple(sorted(found, key=lambda f: order.index(f.weight)))


def blocks(found: Iterable[Finding]) -> tuple[tuple[str, str], ...]:
    """(kind of effect, why it waits), one for each kind that waits: what the lanes ask."""
    told: dict[str, str] = {}
    for f in found:
        for kind in f.kinds:
            told.setdefault(kind, f"{f.title}: see Preflight.")
    return tuple(sorted(told.items()))


# --- settings ---------------------------------------------------------------------------------------------------------

NOTHING_WAITS = "Nothing waits for it."
GEAR = "In QuickBooks press the gear at the top right, then “Account and settings”."


def _currency(firm: Firm, books: Books) -> Finding:
    if books.currency == firm.currency:
        return Finding("currency", Weight.GOOD, "Currency", f"Both keep their amounts in {firm.currency}.")
    if not books.currency:
        return Finding(
            "currency",
            Weight.UNKNOWN,
            "QuickBooks does not say in which currency it keeps its books",
            f"Its plan Simple Start never does. The firm bills in {firm.currency}; amounts are booked as they are.",
            (
                "In QuickBooks open “Reports”, then “Balance sheet”.",
                f"Its amounts should be in {firm.currency}. If they are not, connect the company that keeps its books "
                f"in {firm.currency}.",
            ),
            NOTHING_WAITS,
        )
    return Finding(
        "currency",
        Weight.BLOCKS,
        f"QuickBooks keeps its books in {books.currency}, the firm bills in {firm.currency}",
        "An amount would be booked as another one.",
        (
            "Check under Settings, Firm, that the currency is the one of the firm's bills.",
            f"If it is, connect the QuickBooks company that keeps its books in {firm.currency}.",
        ),
        "Everything that goes to QuickBooks waits.",
        EVERYTHING,
    )


UNITED_STATES = ("", "us", "usa", "united states")  # where QuickBooks does not say, nothing speaks against it


def _country(books: Books) -> list[Finding]:
    """Elsewhere QuickBooks wants a tax code of the company's own on each line (reference/quickbooks.md 3.5)."""
    if books.country.strip().casefold() in UNITED_STATES:
        return []
    return [
        Finding(
            "country",
            Weight.BLOCKS,
            f"The QuickBooks company is in another country: {books.country[:40]}",
            "Outside the United States QuickBooks takes an invoice only with one of the company's tax codes on each "
            "line. Fee Simple cannot write those yet.",
            (
                "If this is not the firm's company, disconnect QuickBooks under Settings and connect the right one.",
                "If it is, write to us: we tell you when it can be used.",
            ),
            "Invoices and credit notes wait, and with them their payments. Reminders and payments by link go on.",
            (Do.INVOICE, Do.CREDIT),
        )
    ]


def _custom_numbers(books: Books) -> Finding:
    steps = (
        GEAR,
        "Open “Sales”, then “Sales form content”.",
        "Switch “Custom transaction numbers” on, then press Save and Done.",
        "Come back and press Check again.",
    )
    match books.custom_numbers:
        case True:
            return Finding("custom-numbers", Weight.GOOD, "Custom transaction numbers", "They are on.")
        case False:
            return Finding(
                "custom-numbers",
                Weight.BLOCKS,
                "Custom transaction numbers are off in QuickBooks",
                "QuickBooks would give invoices numbers of its own, and Clio's bill numbers would be lost.",
                steps,
                "Invoices wait, and with them their payments. They go on by themselves once it is on.",
                (Do.INVOICE,),
            )
        case None:
            return Finding(
                "custom-numbers",
                Weight.UNKNOWN,
                "QuickBooks does not say whether custom transaction numbers are on",
                "Without them QuickBooks gives invoices numbers of its own. Please look.",
                steps,
                NOTHING_WAITS,
            )
        case _:
            assert_never(books.custom_numbers)


def _doubles(books: Books) -> Finding:
    title = "Warning about double numbers"
    if books.warns_of_doubles:
        return Finding("doubles", Weight.GOOD, title, "It is on.")
    told = books.warns_of_doubles is not None
    return Finding(
        "doubles",
        Weight.WARNS if told else Weight.UNKNOWN,
        f"{title}: {'off' if told else 'QuickBooks does not say whether it is on'}",
        "With it, QuickBooks warns staff who use a number twice. We look every number up ourselves before we use it.",
        (
            GEAR,
            "Open “Advanced”, then “Other preferences”.",
            "Switch “Warn if duplicate bill number is used” on, then press Save and Done.",
        ),
        NOTHING_WAITS,
    )


def _auto_apply(books: Books) -> Finding:
    title = "Automatic application of credits"
    if books.auto_apply_credit is False:
        return Finding("auto-apply", Weight.GOOD, title, "It is off.")
    on = books.auto_apply_credit is True
    return Finding(
        "auto-apply",
        Weight.WARNS if on else Weight.UNKNOWN,
        f"{title}: {'on' if on else 'QuickBooks does not say whether it is on'}",
        "QuickBooks itself puts a new credit on the client's oldest invoice, which may not be the one that it is for "
        "in Clio. A credit on the wrong invoice is shown under Needs attention.",
        (
            GEAR,
            "Open “Advanced”, then “Automation”.",
            "Switch “Automatically apply credits” off, then press Save and Done.",
        ),
        NOTHING_WAITS,
    )


def _discounts(firm: Firm, books: Books) -> Finding:
    if books.allow_discount is not False and firm.accounts.discount:
        return Finding("discounts", Weight.GOOD, "Discounts", "QuickBooks takes them.")
    return Finding(
        "discounts",
        Weight.WARNS,
        "Bills with a discount cannot be sent to QuickBooks",
        "Discounts are switched off there."
        if books.allow_discount is False
        else "No account for discounts is chosen here.",
        (
            GEAR,
            "Open “Sales”, then “Sales form content”, and switch “Discount” on.",
            "Then choose the account for discounts here, under Settings, Change these in the set-up.",
        ),
        "Only bills with a discount wait, each under Needs attention.",
    )


def _closed(firm: Firm, books: Books) -> Finding:
    if books.close_date is None:
        return Finding("closed", Weight.GOOD, "Closed books", "No period is closed.")
    close, trust, currency = books.close_date, firm.trust_books, firm.currency
    closed = day(close, currency)
    bills = firm.start_on if firm.start_on is not None and firm.start_on <= close else None
    money = bool(trust.liability) and (trust.start_on is None or trust.start_on <= close)
    if bills is None and not money:
        before = "the first bill" if firm.start_on else "anything is brought in"
        return Finding("closed", Weight.GOOD, "Closed books", f"Closed through {closed}, before {before}.")
    from_on = f"from {day(trust.start_on, currency)} on" if trust.start_on else "from the first one on"
    found = [f"Bills are brought in from {day(bills, currency)} on."] if bills else []
    found += [f"Trust entries are brought in {from_on}."] if money else []
    ask = "Either ask the bookkeeper to open the period: gear, “Account and settings”, “Advanced”, “Accounting”."
    steps = (
        [f"Or bring bills in only from the day after {closed}: Settings, Change these in the set-up."] if bills else []
    )
    steps += (
        [f"Or bring trust entries in only from the day after {closed}: Trust, Accounts of trust money."]
        if money
        else []
    )
    return Finding(
        "closed",
        Weight.WARNS,
        f"The books are closed through {closed}",
        " ".join([*found, "QuickBooks takes nothing that is dated in a closed period."]),
        (ask, *steps),
        "Only what is dated in the closed period waits, each under Needs attention.",
    )


# --- numbers ----------------------------------------------------------------------------------------------------------

KINDS = {
    "Invoice": "invoice",
    "CreditMemo": "credit memo",
    "SalesReceipt": "sales receipt",
    "RefundReceipt": "refund",
    "Estimate": "estimate",
    "JournalEntry": "journal entry",
}
SERIES_SAID = 5
LISTED = 100


def _numbers(top: Sequence[DocNumber], clio: Sequence[str]) -> Finding:
    """Clio counts on from its highest, in each series: what QuickBooks has above it, Clio's next bills will meet."""
    title, used = "Bill numbers", series.places(clio)
    ahead = series.ahead(used, top)
    if not used:
        return Finding("numbers", Weight.GOOD, title, "Clio has not used a number with digits yet.")
    if not ahead:
        return Finding("numbers", Weight.GOOD, title, f"{_apart(used, top)}: new ones cannot meet.")
    many, said, steps = len(ahead) > 1, list[str](), list[str]()
    for at, up, _ in ahead[:SERIES_SAID]:
        the, set_ = _of(at, many, "Of {} the", "The"), _of(at, many, "For {}: set", "Set")
        said.append(f"{the} highest in Clio is {at.number}, the highest in QuickBooks is {up.number}.")
        steps.append(f"{set_} it to {up.following} or more, then press Save.")
    more = len(ahead) - SERIES_SAID
    others = [f"{more} more series {'meets' if more == 1 else 'meet'} as well."] if more > 0 else []
    return Finding(
        "numbers",
        Weight.WARNS,
        "Clio's next bill numbers are used in QuickBooks already",
        " ".join([*said, *others, "QuickBooks refuses a number that any other document has."]),
        ("In Clio open Settings, Billing, and look for the next invoice number.", *steps),
        "Only a bill that meets such a number waits, under Needs attention.",
        listed=tuple(f"{KINDS.get(d.entity, d.entity)} {d.number}" for _, _, above in ahead for d in above)[:LISTED],
    )


def _of(at: Place, many: bool, words: str, alone: str) -> str:
    """``words`` about a series; ``alone`` where there is no other and it is of digits alone."""
    around = at.before or at.after
    like = f"numbers like “{at.before}…{at.after}”" if around else "numbers of digits alone"
    return words.format(like) if many or around else alone


def _apart(used: Sequence[Place], top: Sequence[DocNumber]) -> str:
    """That no number in QuickBooks is above Clio's."""
    if len(used) > 1:
        return f"Clio counts in {len(used)} series, and QuickBooks has no higher number in any"
    theirs = series.grouped(top).get(used[0].series)
    last = f"; the highest in QuickBooks is {theirs[0][0].number}" if theirs else ""
    return f"The highest in Clio is {used[0].number}{last}"
