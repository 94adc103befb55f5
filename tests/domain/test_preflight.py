"""What QuickBooks' settings and numbers mean for syncing: each finding with what to click and what waits for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from chalicelib.domain import preflight, preflight_accounts
from chalicelib.domain.effects import Do
from chalicelib.domain.finding import Finding, Weight
from chalicelib.domain.firm import Accounts, Firm, Preflighted
from chalicelib.domain.firm import decide as decide_firm
from chalicelib.domain.readings import Account, Books, DocNumber
from chalicelib.domain.trust_books import TrustBank, TrustBooks
from tests.builders import a_firm
from tests.domain.given import is_said

CHOSEN = Accounts("4", "Undeposited Funds", services="1", expenses="2", interest="1", tax="1", discount="9")
FUNDS = Account("4", "Undeposited Funds", "Other Current Asset", "UndepositedFunds")
DISCOUNTS = Account("9", "Discounts", "Income", "DiscountsRefundsGiven")
IOLTA = Account("60", "IOLTA Trust Account", "Bank", "TrustAccounts")
HELD = Account("61", "Trust Liability", "Other Current Liability", "TrustAccountsLiabilities")
TRUST = TrustBooks((TrustBank("7", "IOLTA", "60", "IOLTA Trust Account"),), "61", "Trust Liability")


def firm(**fields: Any) -> Firm:
    return a_firm(**{"accounts": CHOSEN, "start_on": date(2026, 10, 1), **fields})


def books(**fields: Any) -> Books:
    usual = Books(
        company="Hartwell",
        currency="USD",
        accounts=(FUNDS, DISCOUNTS),
        items=(("1", "Legal services"), ("2", "Expenses")),
        custom_numbers=True,
        allow_discount=True,
        auto_apply_credit=False,
        close_date=None,
        warns_of_doubles=True,
    )
    return replace(usual, **fields)


def found(
    b: Books | None = None, f: Firm | None = None, *, top: tuple[DocNumber, ...] = (), clio: tuple[str, ...] = ("1042",)
) -> tuple[Finding, ...]:
    return preflight.findings(f or firm(), b or books(), top, clio)


def needs(*args: Any, **more: Any) -> list[tuple[str, Weight]]:
    """What is not good; each tells a person what it is and what to do."""
    told = [f for f in found(*args, **more) if f.weight is not Weight.GOOD]
    for f in told:
        assert f.steps, f
        assert all(is_said(text) for text in (f.title + ".", f.found, *f.steps)), f
        assert bool(f.kinds) == (f.weight is Weight.BLOCKS), f
        assert is_said(f.waits), f
    return [(f.key, f.weight) for f in told]


def finding(key: str, *args: Any, **more: Any) -> Finding:
    return next(f for f in found(*args, **more) if f.key == key)


def a_number(number: str, id: str = "1", entity: str = "Invoice") -> DocNumber:
    return DocNumber(entity, id, number)


def test_all_is_good_where_all_is_set() -> None:
    assert needs() == []
    good = found(books(accounts=(FUNDS, DISCOUNTS, IOLTA, HELD)), firm(trust=TRUST), top=(a_number("1041"),))
    assert {f.weight for f in good} == {Weight.GOOD}
    assert [(f.key, f.title, f.found) for f in good] == [
        ("currency", "Currency", "Both keep their amounts in USD."),
        ("custom-numbers", "Custom transaction numbers", "They are on."),
        ("accounts", "Accounts and items", "All that were chosen are there."),
        ("trust-accounts", "Accounts of trust money", "All that were chosen are there."),
        (
            "numbers",
            "Bill numbers",
            "The highest in Clio is 1042; the highest in QuickBooks is 1041: new ones cannot meet.",
        ),
        ("doubles", "Warning about double numbers", "It is on."),
        ("auto-apply", "Automatic application of credits", "It is off."),
        ("discounts", "Discounts", "QuickBooks takes them."),
        ("closed", "Closed books", "No period is closed."),
    ]


@pytest.mark.parametrize("country", ["", "US", "us", "United States"])
def test_a_company_of_the_united_states_or_of_no_told_country_is_written(country: str) -> None:
    assert needs(books(country=country)) == []


def test_invoices_wait_where_quickbooks_wants_tax_codes_of_another_country() -> None:
    assert needs(books(country="CA")) == [("country", Weight.BLOCKS)]
    assert finding("country", books(country="CA")).kinds == (Do.INVOICE, Do.CREDIT)


@pytest.mark.parametrize(
    ("setting", "key", "weight"),
    [
        ({"custom_numbers": False}, "custom-numbers", Weight.BLOCKS),
        ({"custom_numbers": None}, "custom-numbers", Weight.UNKNOWN),
        ({"warns_of_doubles": False}, "doubles", Weight.WARNS),
        ({"warns_of_doubles": None}, "doubles", Weight.UNKNOWN),
        ({"auto_apply_credit": True}, "auto-apply", Weight.WARNS),
        ({"auto_apply_credit": None}, "auto-apply", Weight.UNKNOWN),
        ({"allow_discount": False}, "discounts", Weight.WARNS),
        ({"currency": "CAD"}, "currency", Weight.BLOCKS),
        ({"currency": ""}, "currency", Weight.UNKNOWN),
        ({"close_date": date(2026, 10, 1)}, "closed", Weight.WARNS),
        ({"accounts": (DISCOUNTS,)}, "clearing", Weight.BLOCKS),
        ({"accounts": (replace(FUNDS, active=False), DISCOUNTS)}, "clearing", Weight.BLOCKS),
        ({"accounts": (replace(FUNDS, type="Income"), DISCOUNTS)}, "clearing", Weight.BLOCKS),
        ({"accounts": (replace(FUNDS, type="Bank", subtype="TrustAccounts"), DISCOUNTS)}, "clearing", Weight.BLOCKS),
        ({"items": (("2", "Expenses"),)}, "items", Weight.BLOCKS),
        ({"accounts": (FUNDS,)}, "discount", Weight.WARNS),
        ({"accounts": (FUNDS, replace(DISCOUNTS, active=False))}, "discount", Weight.WARNS),
        ({"accounts": (FUNDS, replace(DISCOUNTS, subtype="SalesOfProductIncome"))}, "discount", Weight.WARNS),
    ],
)
def test_each_setting_is_found_with_its_weight(setting: dict[str, Any], key: str, weight: Weight) -> None:
    assert needs(books(**setting)) == [(key, weight)]


@pytest.mark.parametrize(
    ("accounts", "told"),
    [
        ((HELD,), "IOLTA Trust Account is not in QuickBooks any more."),
        ((replace(IOLTA, active=False), HELD), "IOLTA Trust Account was made inactive in QuickBooks."),
        ((replace(IOLTA, type="Income"), HELD), "IOLTA Trust Account is of the type “Income”; trust money needs"),
        ((IOLTA,), "Trust Liability is not in QuickBooks any more."),
        ((IOLTA, replace(HELD, active=False)), "Trust Liability was made inactive in QuickBooks."),
        ((IOLTA, replace(HELD, type="Bank")), "Trust Liability is of the type “Bank”; what is held for clients"),
    ],
)
def test_accounts_of_trust_money_are_checked_and_only_its_journal_entries_wait(
    accounts: tuple[Account, ...], told: str
) -> None:
    b, f = books(accounts=(FUNDS, DISCOUNTS, *accounts)), firm(trust=TRUST)
    assert needs(b, f) == [("trust-accounts", Weight.BLOCKS)]
    [wrong] = (x for x in found(b, f) if x.key == "trust-accounts")
    assert wrong.found.startswith(told)
    assert {kind for kind, _ in preflight.blocks(found(b, f))} == {Do.HOLDER, Do.JOURNAL}


def test_trust_accounts_that_are_there_are_in_order_and_those_of_an_earlier_generation_are_not_asked_for() -> None:
    assert needs(books(accounts=(FUNDS, DISCOUNTS, IOLTA, HELD)), firm(trust=TRUST)) == []
    assert needs(f=firm(trust=TRUST, generation=2)) == []
    assert preflight_accounts.chosen(firm(trust=TRUST), books()) == ("4", "9", "61", "60")


def test_without_an_item_of_their_own_credit_notes_wait_for_the_item_of_fees() -> None:
    gone = books(items=(("2", "Expenses"),))
    assert [kind for kind, _ in preflight.blocks(found(gone))] == [Do.CREDIT, Do.INVOICE]
    assert "credit notes" in finding("items", gone).waits
    own = firm(accounts=replace(CHOSEN, credit="2"))
    assert [kind for kind, _ in preflight.blocks(found(gone, own))] == [Do.INVOICE]
    other = books(items=(("1", "Legal services"),))
    assert [kind for kind, _ in preflight.blocks(found(other))] == [Do.INVOICE]
    assert "credit notes" not in finding("items", other).waits


def test_the_item_of_credits_holds_credit_notes_only() -> None:
    gone = firm(accounts=replace(CHOSEN, credit="3"))
    assert needs(f=gone) == [("credit-item", Weight.BLOCKS)]
    assert [kind for kind, _ in preflight.blocks(found(f=gone))] == [Do.CREDIT]


INCOMES = {"1": "20", "2": "21"}
FEES = Account("20", "Legal Fees", "Income", "ServiceFeeIncome")
COSTS = Account("21", "Costs", "Other Current Asset", "OtherCurrentAssets")


def in_accounts(*accounts: Account) -> Books:
    return books(incomes=INCOMES, accounts=(FUNDS, DISCOUNTS, *accounts))


@pytest.mark.parametrize(
    ("accounts", "said", "held"),
    [
        ((FEES, COSTS), "", []),
        (
            (replace(FEES, active=False), COSTS),
            "“Legal Fees” of the item for fees and interest and tax was",
            "both",
        ),
        ((FEES,), "The income account of the item for expenses is not in QuickBooks any more.", "invoices"),
        (
            (FEES, replace(COSTS, type="Accounts Payable")),
            "“Costs” of the item for expenses is of the",
            "invoices",
        ),
    ],
)
def test_an_item_that_is_booked_in_an_account_that_cannot_be_used_holds_what_is_booked_under_it(
    accounts: tuple[Account, ...], said: str, held: str
) -> None:
    b = in_accounts(*accounts)
    kinds = {"both": [Do.CREDIT, Do.INVOICE], "invoices": [Do.INVOICE]}.get(held or "", [])
    assert [kind for kind, _ in preflight.blocks(found(b))] == kinds
    assert needs(b) == ([("incomes", Weight.BLOCKS)] if said else [])
    assert not said or said in finding("incomes", b).found


def test_the_account_of_an_item_of_credits_holds_credit_notes_only() -> None:
    own = firm(accounts=replace(CHOSEN, credit="3"))
    b = replace(in_accounts(FEES, COSTS), incomes={**INCOMES, "3": "22"}, items=(*books().items, ("3", "Credits")))
    assert [kind for kind, _ in preflight.blocks(found(b, own))] == [Do.CREDIT]
    assert finding("incomes", b, own).waits == "Credit notes wait."


def test_the_accounts_that_the_items_chosen_are_booked_in_are_looked_for_too() -> None:
    assert preflight_accounts.chosen(firm(), in_accounts()) == ("4", "9", "20", "21")


def test_an_unknown_ability_to_discount_is_no_complaint_but_no_account_for_it_is() -> None:
    assert needs(books(allow_discount=None)) == []
    no_account = firm(accounts=replace(CHOSEN, discount=""))
    assert needs(f=no_account) == [("discounts", Weight.WARNS)]
    assert finding("discounts", f=no_account).found == "No account for discounts is chosen here."
    assert finding("discounts", books(allow_discount=False)).found == "Discounts are switched off there."


@pytest.mark.parametrize(
    ("key", "accounts", "told"),
    [
        ("clearing", (DISCOUNTS,), "Undeposited Funds is not in QuickBooks any more."),
        ("clearing", (replace(FUNDS, active=False), DISCOUNTS), "Undeposited Funds was made inactive in QuickBooks."),
        ("discount", (FUNDS,), "It is not in QuickBooks any more."),
        ("discount", (FUNDS, replace(DISCOUNTS, active=False)), "It was made inactive in QuickBooks."),
    ],
)
def test_an_account_that_cannot_be_used_is_told_with_why(key: str, accounts: tuple[Account, ...], told: str) -> None:
    assert finding(key, books(accounts=accounts)).found == told


def test_accounts_are_not_asked_for_before_they_are_chosen() -> None:
    assert needs(books(accounts=()), firm(accounts=Accounts(discount="9"))) == []


def test_books_closed_before_the_first_bill_are_in_order() -> None:
    closed = books(close_date=date(2026, 9, 30))
    assert needs(closed) == []
    assert needs(closed, firm(start_on=None)) == []
    told = finding("closed", closed)
    assert (told.title, told.found) == ("Closed books", "Closed through Sep 30, 2026, before the first bill.")


@pytest.mark.parametrize("start_on", [None, date(2026, 9, 1), date(2026, 10, 1)])
def test_trust_entries_of_a_closed_period_are_told_beside_bills(start_on: date | None) -> None:
    closed = books(close_date=date(2026, 9, 30), accounts=(FUNDS, DISCOUNTS, IOLTA, HELD))
    told = finding("closed", closed, firm(trust=replace(TRUST, start_on=start_on)))
    if start_on == date(2026, 10, 1):
        assert told.weight is Weight.GOOD
        return
    begins = "from Sep 1, 2026 on" if start_on else "from the first one on"
    assert (
        told.found
        == f"Trust entries are brought in {begins}. QuickBooks takes nothing that is dated in a closed period."
    )
    assert [s for s in told.steps if "trust entries" in s] and not [s for s in told.steps if "bring bills" in s]
    both = finding("closed", closed, firm(trust=replace(TRUST, start_on=start_on), start_on=date(2026, 9, 1)))
    assert both.found.startswith("Bills are brought in from Sep 1, 2026 on. Trust entries") and len(both.steps) == 3


def test_an_item_that_is_not_listed_is_looked_for() -> None:
    assert not preflight_accounts.unlisted(firm(), books())
    assert preflight_accounts.unlisted(firm(), books(items=()))


def test_what_has_to_be_done_stands_first() -> None:
    wrong = books(warns_of_doubles=None, auto_apply_credit=True, custom_numbers=False)
    assert [f.weight for f in found(wrong)][:3] == [Weight.BLOCKS, Weight.WARNS, Weight.UNKNOWN]


def test_the_lanes_are_told_what_waits_once_for_each_kind() -> None:
    wrong = found(books(custom_numbers=False, accounts=(), items=()))
    assert [kind for kind, _ in preflight.blocks(wrong)] == [Do.CREDIT, Do.INVOICE, Do.POSTING]
    assert dict(preflight.blocks(wrong))[Do.INVOICE].startswith("Custom transaction numbers are off")
    everything = preflight.blocks(found(books(currency="CAD")))
    written = {Do.CUSTOMER, Do.SUB_CUSTOMER, Do.INVOICE, Do.POSTING, Do.CREDIT, Do.HOLDER, Do.JOURNAL}
    assert {kind for kind, _ in everything} == written
    assert decide_firm(firm(), Preflighted(everything)).state.blocked == everything


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_what_is_above_clios_highest_will_meet_and_is_listed_by_kind() -> None:
    top = (a_number("1050", "7", "CreditMemo"), a_number("1043", "3"), a_number("1042", "2"))
    assert needs(top=top) == [("numbers", Weight.WARNS)]
    told = finding("numbers", top=top)
    assert told.listed == ("credit memo 1050", "invoice 1043")
    assert told.steps[1] == "Set it to 1051 or more, then press Save."


def test_numbers_below_clios_or_before_clio_has_any_are_in_order() -> None:
    assert needs(top=(a_number("1042"),)) == []
    assert needs(top=(a_number("1042"),), clio=()) == []
    assert finding("numbers").found == "The highest in Clio is 1042: new ones cannot meet."
    none = finding("numbers", clio=("draft",))
    assert (none.title, none.found) == ("Bill numbers", "Clio has not used a number with digits yet.")


def test_each_series_of_numbers_is_laid_beside_its_own() -> None:
    top = (a_number("INV-9", "9"), a_number("2026-014", "8", "Estimate"), a_number("5000", "7"))
    told = finding("numbers", top=top, clio=("INV-7", "2026-013", "5000"))
    assert told.weight is Weight.WARNS
    assert told.found == (
        "Of numbers like “INV-…” the highest in Clio is INV-7, the highest in QuickBooks is INV-9. "
        "Of numbers like “2026-…” the highest in Clio is 2026-013, the highest in QuickBooks is 2026-014. "
        "QuickBooks refuses a number that any other document has."
    )
    assert told.steps[1:] == (
        "For numbers like “INV-…”: set it to INV-10 or more, then press Save.",
        "For numbers like “2026-…”: set it to 2026-015 or more, then press Save.",
    )
    assert told.listed == ("invoice INV-9", "estimate 2026-014")


def test_numbers_of_digits_alone_are_named_so_where_there_are_others() -> None:
    one = finding("numbers", top=(a_number("INV-9"),), clio=("INV-7",))
    assert one.found.startswith("Of numbers like “INV-…” the highest in Clio is INV-7, ")
    assert one.steps[1:] == ("For numbers like “INV-…”: set it to INV-10 or more, then press Save.",)
    plain = finding("numbers", top=(a_number("1050"),))
    assert plain.found.startswith("The highest in Clio is 1042, the highest in QuickBooks is 1050. ")
    both = finding("numbers", top=(a_number("INV-9", "2"), a_number("1050")), clio=("INV-7", "1042"))
    assert "Of numbers of digits alone the highest in Clio is 1042" in both.found
    assert both.steps[2] == "For numbers of digits alone: set it to 1051 or more, then press Save."


def test_a_higher_number_of_another_series_meets_nothing() -> None:
    told = finding("numbers", top=(a_number("9000"), a_number("CN-70", "2")), clio=("INV-7",))
    assert (told.weight, told.found) == (Weight.GOOD, "The highest in Clio is INV-7: new ones cannot meet.")
    both = finding("numbers", top=(a_number("INV-6"),), clio=("INV-7", "1042"))
    assert both.found == "Clio counts in 2 series, and QuickBooks has no higher number in any: new ones cannot meet."


@pytest.mark.parametrize(
    ("many", "words"), [(5, ""), (6, "1 more series meets as well."), (7, "2 more series meet as well.")]
)
def test_of_many_series_five_are_said_and_the_rest_counted(many: int, words: str) -> None:
    clio = tuple(f"{letter}1" for letter in "ABCDEFG"[:many])
    told = finding("numbers", top=tuple(a_number(f"{n[0]}2", n) for n in clio), clio=clio)
    assert (words in told.found, "more series" in told.found) == (True, bool(words))
    assert (len(told.steps), len(told.listed)) == (6, many)


def test_no_more_documents_are_listed_than_somebody_reads() -> None:
    clio = tuple(f"{letter}0" for letter in "ABCDEF")
    told = finding(
        "numbers", top=tuple(a_number(f"{c[0]}{n}", f"{c}{n}") for c in clio for n in range(1, 19)), clio=clio
    )
    assert len(told.listed) == 100
