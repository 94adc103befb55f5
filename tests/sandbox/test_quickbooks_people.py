"""The seed, the control routes and the pages of the QuickBooks sandbox."""

from __future__ import annotations

import json
import time
from datetime import date
from typing import Any

import requests

from infra.sandbox.quickbooks import REALM_A, REALM_B, make_many, seed
from tests.sandbox.quickbooks_wire import BASE, App, code, good, stamp


def act(app: App, name: str, **args: Any) -> requests.Response:
    return app.http.post(f"{BASE}/_sandbox/people/{name}", json=args)


# --- seed ----------------------------------------------------------------------------------------------------------


def test_the_story_firm_has_its_customers_and_two_invoices() -> None:
    app = App()
    seed(app.box, date(2026, 3, 2))
    found = app.http.get(f"{BASE}/_sandbox/books/{REALM_A}").json()
    invoices = [(i["DocNumber"], i["CustomerRef"]["name"], i["TotalAmt"], i["Balance"]) for i in found["Invoice"]]
    assert invoices == [("1042", "Ada Example", 400, 400), ("1043", "Zeta Holdings", 999, 999)]
    assert found["Invoice"][0]["TxnDate"] == "2026-02-10"
    mails = {c["DisplayName"]: c["PrimaryEmailAddr"]["Address"] for c in found["Customer"]}
    assert mails["Ada Example"] == "ada@example.com" and mails["Brook Jensen"] == "bjensen@old-mail.example"


def test_the_bad_input_firm_has_names_that_block() -> None:
    app = App(REALM_B)
    for name in ("Marlow Court Reporting", "Dana Whitlock", "Old Mill Partners"):
        assert code(app.post("customer", {"DisplayName": name})) == "6240"
    shown = app.rows("select DisplayName from Customer where Active = false")["Customer"]
    assert shown[0]["DisplayName"] == "Old Mill Partners (deleted)"


def test_the_chart_of_accounts_has_both_pots_and_the_clearing_accounts() -> None:
    subtypes = {a["AccountSubType"] for a in App().people.find(REALM_A, "Account")}
    assert {"Checking", "TrustAccounts", "TrustAccountsLiabilities", "UndepositedFunds"} <= subtypes
    assert App().people.find(REALM_A, "Account", Name="Stripe Clearing")


def test_seeding_twice_gives_the_same_books() -> None:
    first, second = App(), App()
    seed(second.box)
    assert first.people.books(REALM_A) == second.people.books(REALM_A)


# --- acting as people ----------------------------------------------------------------------------------------------


def test_an_invoices_amount_can_be_changed_behind_our_back() -> None:
    app = App()
    ident = app.id_of("Invoice", DocNumber="1042")
    done = act(app, "change_invoice_amount", realm=REALM_A, id=ident, amount="412.50").json()
    assert (done["TotalAmt"], done["Balance"], done["SyncToken"]) == (412.5, 412.5, "1")


def test_lowering_a_paid_invoice_by_hand_leaves_credit() -> None:
    app = App()
    ident = app.id_of("Invoice", DocNumber="1042")
    paid = app.payment(400, ("Invoice", ident, 400))
    done = app.people.change_invoice_amount(REALM_A, ident, "390.00")
    assert (done["TotalAmt"], done["Balance"]) == (390, 0)
    assert app.read("Payment", paid["Id"])["UnappliedAmt"] == 10


def test_people_may_write_into_a_closed_period() -> None:
    app = App()
    act(app, "set_preferences", realm=REALM_A, BookCloseDate="2026-03-01")
    ident = app.id_of("Invoice", DocNumber="1042")
    assert act(app, "void_invoice", realm=REALM_A, id=ident).json()["TotalAmt"] == 0


def test_merging_moves_the_losers_invoices() -> None:
    app = App()
    ada, zeta = app.customer(), app.customer("Zeta Holdings")
    act(app, "merge_customers", realm=REALM_A, loser=ada, winner=zeta)
    moved = app.read("Invoice", app.id_of("Invoice", DocNumber="1042"))
    assert moved["CustomerRef"] == {"value": zeta, "name": "Zeta Holdings"}
    assert app.read("Customer", ada)["Active"] is False
    assert app.read("Customer", zeta)["Balance"] == 1399
    paid = app.post("payment", app.payment_body(5, ("Invoice", moved["Id"], 5), CustomerRef={"value": zeta}))
    assert good(paid)


def test_merging_moves_the_losers_journal_entries_and_a_person_may_move_one() -> None:
    app = App()
    ada, zeta = app.customer(), app.customer("Zeta Holdings")
    bank, liability, other = (app.people.add_account(REALM_A, n)["Id"] for n in ("Trust", "Held", "Elsewhere"))
    made = app.people.add_journal(REALM_A, bank, liability, "5.00", "T-1", customer=ada)

    def shown() -> list[tuple[str, str]]:
        details = [line["JournalEntryLineDetail"] for line in app.read("JournalEntry", made["Id"])["Line"]]
        return [(d["AccountRef"]["value"], d.get("Entity", {}).get("EntityRef", {}).get("value", "")) for d in details]

    act(app, "merge_customers", realm=REALM_A, loser=ada, winner=zeta)
    assert shown() == [(bank, zeta), (liability, zeta)]
    app.people.move_journal(
        REALM_A, made["Id"], accounts={liability: other}, customers={zeta: app.customer("Brook Jensen")}
    )
    assert [account for account, _ in shown()] == [bank, other]
    assert {who for _, who in shown()} == {app.customer("Brook Jensen")}


def test_a_person_deleting_an_invoice_leaves_its_payment_unapplied() -> None:
    app = App()
    ident = app.id_of("Invoice", DocNumber="1042")
    paid = app.payment(400, ("Invoice", ident, 400))
    act(app, "delete_invoice", realm=REALM_A, id=ident)
    assert app.read("Payment", paid["Id"])["UnappliedAmt"] == 400


def test_deactivating_with_a_balance_makes_a_memo_by_switch() -> None:
    app = App(deactivate_makes_credit=True)
    act(app, "deactivate_customer", realm=REALM_A, id=app.customer())
    assert [m["TotalAmt"] for m in app.people.find(REALM_A, "CreditMemo")] == [400]


def test_disconnecting_in_quickbooks_ends_the_tokens() -> None:
    app = App()
    assert act(app, "revoke_grants", realm=REALM_A).json() == {"revoked": 1}
    assert app.refresh().json()["error"] == "invalid_grant"


def test_a_program_can_answer_the_consent_page() -> None:
    app = App()
    back = act(app, "consent", url=app.authorize_url(), realm=REALM_A).json()["location"]
    assert "realmId=" + REALM_A in back
    assert "access_denied" in act(app, "consent", url=app.authorize_url()).json()["location"]


def test_a_wrong_act_is_refused_with_its_reason() -> None:
    app = App()
    assert act(app, "dance").status_code == 404
    assert act(app, "void_invoice", realm=REALM_A).status_code == 400
    assert code(act(app, "void_invoice", realm=REALM_A, id="999")) == "610"


def test_a_reset_and_a_seed_start_again() -> None:
    app = App()
    app.http.post(f"{BASE}/_sandbox/reset")
    assert app.http.get(f"{BASE}/_sandbox/companies").json() == []
    app.http.post(f"{BASE}/_sandbox/seed")
    assert len(app.http.get(f"{BASE}/_sandbox/companies").json()) == 2


# --- pages ---------------------------------------------------------------------------------------------------------


def test_the_pages_show_the_books_and_say_sandbox() -> None:
    app = App()
    page = app.http.get(f"{BASE}/company/{REALM_A}")
    assert "SANDBOX" in page.text and "Ada Example" in page.text and "1042" in page.text
    assert f'href="/quickbooks/company/{REALM_A}/Invoice/145"' in page.text
    assert json.dumps("1042") in app.http.get(f"{BASE}/company/{REALM_A}/Invoice/145").text.replace("&#34;", '"')


def test_a_form_changes_the_books_and_returns_to_the_company() -> None:
    app = App()
    url = f"{BASE}/company/{REALM_A}/do/change_invoice_amount"
    answer = app.http.post(url, data={"id": "145", "amount": "401"}, allow_redirects=False)
    assert answer.status_code == 303 and answer.headers["Location"].endswith(f"/quickbooks/company/{REALM_A}")
    assert app.read("Invoice", "145")["TotalAmt"] == 401


def test_a_form_that_is_refused_says_why() -> None:
    app = App()
    answer = app.http.post(f"{BASE}/company/{REALM_A}/do/add_customer", data={"name": "Ada Example"})
    assert answer.status_code == 400 and "6240" in answer.text


def test_the_preferences_form_sets_and_clears_the_closing_date() -> None:
    app = App()
    url = f"{BASE}/company/{REALM_A}/do/set_preferences"
    app.http.post(url, data={"BookCloseDate": "2026-01-31", "AutoApplyCredit": "true"})
    held = good(app.get("preferences"))["Preferences"]
    assert held["AccountingInfoPrefs"]["BookCloseDate"] == "2026-01-31"
    assert held["SalesFormsPrefs"]["AutoApplyCredit"] is True
    app.http.post(url, data={"BookCloseDate": ""})
    assert "BookCloseDate" not in good(app.get("preferences"))["Preferences"]["AccountingInfoPrefs"]


# --- size ----------------------------------------------------------------------------------------------------------


def test_looking_up_numbers_does_not_depend_on_how_many_invoices_there_are() -> None:
    app = App()
    make_many(app.box, REALM_A, 3000)
    began = time.perf_counter()
    for n in range(20):
        app.rows(f"select Id, DocNumber from Invoice where DocNumber in ('M-{n}', 'M-{n + 1}')")
    assert time.perf_counter() - began < 2
    made = app.invoice(DocNumber="one more")
    assert app.made("Invoice", stamp(made, sparse=True, PrivateNote="x"))["SyncToken"] == "1"
