"""What QuickBooks does with what it accepts: sums, balances, numbers, voids, names (reference/quickbooks.md 3, 4)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.quickbooks_wire import App, code, good, stamp


def app() -> App:
    return App()


def last_updated(obj: dict[str, Any]) -> str:
    return str(obj["MetaData"]["LastUpdatedTime"])


# --- invoices: sums ------------------------------------------------------------------------------------------------


def test_3_1_a_new_invoice_is_numbered_summed_and_open() -> None:
    made = App().invoice(450, DocNumber="2001")
    assert (made["SyncToken"], made["DocNumber"], made["TotalAmt"], made["Balance"]) == ("0", "2001", 450, 450)
    assert made["LinkedTxn"] == []


def test_3_1_a_subtotal_line_is_added() -> None:
    a = app()
    made = a.invoice(Line=[a.line(100), a.line(0.1), a.line(0.2)])
    own = [line for line in made["Line"] if line["DetailType"] == "SubTotalLineDetail"]
    assert [line["Amount"] for line in own] == [100.3]
    assert made["TotalAmt"] == 100.3


def test_3_1_a_discount_amount_lowers_the_total() -> None:
    a = app()
    made = a.invoice(Line=[a.line(450), a.discount(Amount=50, PercentBased=False)])
    assert made["TotalAmt"] == 400


def test_3_4_a_discount_percent_is_rounded_half_up() -> None:
    a = app()
    made = a.invoice(Line=[a.line(10.1), a.discount(PercentBased=True, DiscountPercent=2.5)])
    assert made["TotalAmt"] == 9.85


def test_3_4_a_line_without_item_does_not_count() -> None:
    a = app()
    note = {"DetailType": "SalesItemLineDetail", "Amount": 70, "SalesItemLineDetail": {}, "Description": "words"}
    made = a.invoice(Line=[a.line(30), note])
    assert made["TotalAmt"] == 30


def test_3_4_negative_lines_count_as_long_as_the_total_is_not_negative() -> None:
    a = app()
    assert a.invoice(Line=[a.line(100), a.line(-100)])["TotalAmt"] == 0


def test_3_4_quantity_times_price_may_equal_the_amount() -> None:
    a = app()
    assert a.invoice(Line=[a.line(59.97, Qty=3, UnitPrice=19.99)])["TotalAmt"] == 59.97


def test_3_4_seven_hundred_and_fifty_lines_are_accepted() -> None:
    a = app()
    assert a.invoice(Line=[a.line(0.01)] * 750)["TotalAmt"] == 7.5


def test_3_2_what_is_sent_for_a_computed_property_is_ignored() -> None:
    made = App().invoice(100, TotalAmt=5, Balance=5, LinkedTxn=[{"TxnId": "1", "TxnType": "Payment"}])
    assert (made["TotalAmt"], made["Balance"], made["LinkedTxn"]) == (100, 100, [])


def test_3_2_an_address_comes_back_in_lines_once_the_invoice_was_changed() -> None:
    a = app()
    made = a.invoice(
        BillAddr={"Line1": "1 Elm", "City": "Boston", "CountrySubDivisionCode": "MA", "PostalCode": "02110"}
    )
    assert made["BillAddr"]["City"] == "Boston"
    new = a.made("Invoice", stamp(made, sparse=True, PrivateNote="x"))
    assert new["BillAddr"] == {"Line1": "1 Elm", "Line2": "Boston MA 02110"}
    assert a.made("Invoice", stamp(new, sparse=True, PrivateNote="y"))["BillAddr"] == new["BillAddr"]


def test_3_2_clients_can_pay_online_where_the_company_can_unless_it_is_sent_as_false() -> None:
    a, name = app(), "AllowOnlineCreditCardPayment"
    assert a.invoice()[name] is False
    a.people.set_preferences(a.realm, ETransactionPaymentEnabled=True)
    assert (a.invoice()[name], a.invoice(**{name: False})[name]) == (True, False)


def test_3_2_large_amounts_keep_their_cents() -> None:
    a = app()
    assert '"TotalAmt": 1234567.89' in a.post("invoice", a.invoice_body(1234567.89)).text


def test_3_2_the_date_defaults_to_the_servers_day() -> None:
    a = app()
    a.clock.at = a.clock.at.replace(hour=3)
    a.tokens = a.refresh().json()
    assert a.invoice(TxnDate=None)["TxnDate"] == "2026-03-01"


def test_3_2_the_due_date_follows_the_terms() -> None:
    a = app()
    made = a.invoice(SalesTermRef={"value": a.id_of("Term", Name="Net 30")})
    assert made["DueDate"] == "2026-03-31"


def test_3_5_tax_is_ignored_where_sales_tax_is_off() -> None:
    assert App().invoice(100, TxnTaxDetail={"TotalTax": 8})["TotalAmt"] == 100


def test_3_4_a_fraction_of_a_cent_is_rounded_or_refused_by_switch() -> None:
    a = app()
    assert a.invoice(10.005)["TotalAmt"] == 10.01
    a.box.switches["fraction_of_cent"] = "refuse"
    assert code(a.post("invoice", a.invoice_body(10.005))) == "2090"


# --- numbers -------------------------------------------------------------------------------------------------------


def test_3_3_no_number_stays_none_with_custom_numbers_on() -> None:
    assert "DocNumber" not in App().invoice()


@pytest.mark.parametrize("entity", ["SalesReceipt", "Estimate", "RefundReceipt", "CreditMemo"])
def test_3_3_every_sales_form_shares_the_numbers_and_shows_them(entity: str) -> None:
    a = app()
    bank = {"DepositToAccountRef": {"value": a.account("Operating Checking")}} if entity == "RefundReceipt" else {}
    made = a.made(entity, a.invoice_body(75, DocNumber="7007", **bank))
    assert code(a.post("invoice", a.invoice_body(DocNumber="7007"))) == "6140"
    shown = a.rows(f"select Id, DocNumber from {entity} where MetaData.LastUpdatedTime >= '2020-01-01T00:00:00Z'")
    assert {"DocNumber": "7007", "Id": made["Id"]}.items() <= shown[entity][-1].items()


def test_a_sales_receipt_is_money_and_owes_nothing() -> None:
    a = app()
    before = a.rows("select * from Account where Name = 'Undeposited Funds'")["Account"][0]["CurrentBalance"]
    receipt = a.made("SalesReceipt", a.invoice_body(75))
    after = a.rows("select * from Account where Name = 'Undeposited Funds'")["Account"][0]["CurrentBalance"]
    assert (receipt["Balance"], after - before) == (0, 75)


def test_4_6_a_sales_receipt_is_voided_as_a_payment_is() -> None:
    a = app()
    receipt = a.made("SalesReceipt", a.invoice_body(75, DocNumber="7007"))
    body = stamp(receipt, sparse=True)
    done = good(a.post("salesreceipt", body, operation="update", include="void"))["SalesReceipt"]
    assert (done["TotalAmt"], done["DocNumber"], done["PrivateNote"]) == (0, "7007", "Voided")
    assert a.rows("select * from Account where Name = 'Undeposited Funds'")["Account"][0]["CurrentBalance"] == 0


def test_3_3_an_empty_number_is_none() -> None:
    assert "DocNumber" not in App().invoice(DocNumber="")


def test_3_3_a_number_that_only_looks_like_one_does_not_count() -> None:
    a = app()
    a.invoice(DocNumber="\u00b2")
    a.people.set_preferences(a.realm, CustomTxnNumbers=False)
    assert a.invoice()["DocNumber"] == "1044"


def test_3_3_numbers_are_given_out_with_custom_numbers_off() -> None:
    a = app()
    a.people.set_preferences(a.realm, CustomTxnNumbers=False)
    assert a.invoice()["DocNumber"] == "1044"


def test_3_3_a_number_sent_with_custom_numbers_off_is_kept_or_not_by_switch() -> None:
    a = app()
    a.people.set_preferences(a.realm, CustomTxnNumbers=False)
    assert a.invoice(DocNumber="77")["DocNumber"] == "77"
    a.box.switches["numbers_kept_when_off"] = False
    assert a.invoice(DocNumber="5000")["DocNumber"] == "1044"


def test_3_3_auto_generate_gives_nothing_by_default() -> None:
    a = app()
    assert "DocNumber" not in a.invoice(DocNumber="AUTO_GENERATE")
    a.box.switches["auto_generate_works"] = True
    assert a.invoice(DocNumber="AUTO_GENERATE")["DocNumber"] == "1044"


def test_3_3_duplicates_pass_with_the_include() -> None:
    a = app()
    assert good(a.post("invoice", a.invoice_body(DocNumber="1042"), include="allowduplicatedocnum"))


def test_3_3_duplicates_pass_silently_by_switch() -> None:
    a = app()
    a.box.switches["duplicate_docnumber_unchecked"] = True
    a.invoice(DocNumber="1042")
    assert a.rows("select count(*) from Invoice where DocNumber = '1042'") == {"totalCount": 2}


def test_3_3_whether_types_share_numbers_is_a_switch() -> None:
    a = app()
    a.box.switches["docnumber_shared"] = False
    assert a.made("CreditMemo", a.invoice_body(DocNumber="1042"))["DocNumber"] == "1042"


def test_3_6_a_deleted_invoices_number_is_free_again() -> None:
    a = app()
    made = a.invoice(DocNumber="3000")
    done = good(a.post("invoice", stamp(made), operation="delete"))["Invoice"]
    assert done == {"status": "Deleted", "domain": "QBO", "Id": made["Id"]}
    assert a.invoice(DocNumber="3000")["Id"] != made["Id"]


def test_3_6_a_voided_invoice_keeps_its_number_and_loses_its_amounts() -> None:
    a = app()
    made = a.invoice(DocNumber="3000", PrivateNote="clio:bill:1", Line=[a.line(50, Qty=5, UnitPrice=10)])
    done = good(a.post("invoice", stamp(made), operation="void"))["Invoice"]
    assert (done["TotalAmt"], done["Balance"], done["DocNumber"]) == (0, 0, "3000")
    assert done["PrivateNote"].startswith("Voided") and "clio:bill:1" in done["PrivateNote"]
    assert done["Line"][0]["Amount"] == 0 and done["Line"][0]["SalesItemLineDetail"]["Qty"] == 0
    assert code(a.post("invoice", a.invoice_body(DocNumber="3000"))) == "6140"


def test_3_6_a_payment_on_a_voided_invoice_becomes_unapplied() -> None:
    a = app()
    made = a.invoice(100)
    paid = a.payment(100, ("Invoice", made["Id"], 100))
    a.post("invoice", stamp(a.read("Invoice", made["Id"])), operation="void")
    left = a.read("Payment", paid["Id"])
    assert (left["UnappliedAmt"], left["Line"]) == (100, [])


# --- updates -------------------------------------------------------------------------------------------------------


def test_2_4_a_sparse_update_keeps_what_is_left_out() -> None:
    a = app()
    made = a.invoice(PrivateNote="mine", DocNumber="9")
    new = a.made("Invoice", stamp(made, sparse=True, DueDate="2026-05-01"))
    assert (new["PrivateNote"], new["DocNumber"], new["DueDate"], new["TotalAmt"]) == ("mine", "9", "2026-05-01", 100)
    assert new["SyncToken"] == "1"


def test_2_4_a_full_update_drops_what_is_left_out() -> None:
    a = app()
    made = a.invoice(PrivateNote="mine", DocNumber="9")
    new = a.made("Invoice", stamp(made, **a.invoice_body(120)))
    assert "PrivateNote" not in new and "DocNumber" not in new and new["TotalAmt"] == 120


def test_2_4_lines_are_all_or_nothing_and_keep_known_ids() -> None:
    a = app()
    made = a.invoice(Line=[a.line(1), a.line(2), a.line(4)])
    second = made["Line"][1]
    new = a.made("Invoice", stamp(made, sparse=True, Line=[second, a.line(10)]))
    ids = [line["Id"] for line in new["Line"] if line["DetailType"] == "SalesItemLineDetail"]
    assert ids == ["2", "4"] and new["TotalAmt"] == 12


def test_2_4_every_write_moves_the_version_and_the_time() -> None:
    a = app()
    made = a.invoice()
    a.clock.move(seconds=5)
    new = a.made("Invoice", stamp(made, sparse=True, PrivateNote="x"))
    assert new["SyncToken"] == "1" and last_updated(new) > last_updated(made)
    assert new["MetaData"]["CreateTime"] == made["MetaData"]["CreateTime"]


# --- payments ------------------------------------------------------------------------------------------------------


def test_4_3_a_payment_lowers_the_balance_and_moves_the_invoices_version() -> None:
    a = app()
    made = a.invoice(100)
    a.clock.move(seconds=5)
    paid = a.payment(60, ("Invoice", made["Id"], 60))
    now = a.read("Invoice", made["Id"])
    assert (now["Balance"], now["SyncToken"]) == (40, "1")
    assert last_updated(now) > last_updated(made)
    assert now["LinkedTxn"] == [{"TxnId": paid["Id"], "TxnType": "Payment"}]


def test_4_3_one_payment_can_pay_several_invoices() -> None:
    a = app()
    ids = [a.invoice(n)["Id"] for n in (10, 20, 30)]
    paid = a.payment(60, *[("Invoice", i, n) for i, n in zip(ids, (10, 20, 30), strict=True)])
    assert [a.read("Invoice", i)["Balance"] for i in ids] == [0, 0, 0]
    assert paid["UnappliedAmt"] == 0


def test_4_3_money_without_lines_is_unapplied() -> None:
    assert App().payment(75)["UnappliedAmt"] == 75


def test_4_3_the_account_defaults_to_undeposited_funds() -> None:
    a = app()
    assert a.payment(75)["DepositToAccountRef"]["value"] == a.account("Undeposited Funds")


def test_4_3_empty_lines_unapply_everything() -> None:
    a = app()
    made = a.invoice(100)
    paid = a.payment(100, ("Invoice", made["Id"], 100))
    new = a.made("Payment", stamp(paid, sparse=True, Line=[]))
    assert new["UnappliedAmt"] == 100
    assert a.read("Invoice", made["Id"])["Balance"] == 100


def test_4_3_an_update_may_reuse_the_balance_that_it_held() -> None:
    a = app()
    made = a.invoice(100)
    paid = a.payment(100, ("Invoice", made["Id"], 100))
    a.made("Payment", stamp(paid, **a.payment_body(90, ("Invoice", made["Id"], 90))))
    assert a.read("Invoice", made["Id"])["Balance"] == 10


def test_4_3_deleting_a_payment_opens_the_invoice_again() -> None:
    a = app()
    made = a.invoice(100)
    paid = a.payment(100, ("Invoice", made["Id"], 100))
    good(a.post("payment", stamp(paid), operation="delete"))
    assert a.read("Invoice", made["Id"])["Balance"] == 100
    assert code(a.get(f"payment/{paid['Id']}")) == "610"


def test_4_6_voiding_a_payment_opens_the_invoice_and_leaves_an_empty_payment() -> None:
    a = app()
    made = a.invoice(100)
    paid = a.payment(100, ("Invoice", made["Id"], 100), PrivateNote="clio:alloc:1")
    body = stamp(paid, sparse=True)
    done = good(a.post("payment", body, operation="update", include="void"))["Payment"]
    assert (done["TotalAmt"], done["UnappliedAmt"], done["Line"]) == (0, 0, [])
    assert done["PrivateNote"].startswith("Voided")
    assert a.read("Invoice", made["Id"])["Balance"] == 100


def test_4_3_too_much_is_left_unapplied_by_switch() -> None:
    a = App(over_apply="unapplied")
    made = a.invoice(100)
    paid = a.payment(150, ("Invoice", made["Id"], 150))
    assert (paid["UnappliedAmt"], paid["Line"][0]["Amount"]) == (50, 100)


def test_4_3_answered_lines_carry_noise_that_may_be_sent_back() -> None:
    a = app()
    paid = a.payment(100, ("Invoice", a.invoice(100)["Id"], 100))
    assert "LineEx" in paid["Line"][0]
    assert a.made("Payment", stamp(paid, sparse=True, Line=paid["Line"]))["SyncToken"] == "1"


def test_3_6_deleting_a_paid_invoice_unlinks_by_switch() -> None:
    a = App(delete_linked="unlink")
    made = a.invoice(100)
    paid = a.payment(100, ("Invoice", made["Id"], 100))
    good(a.post("invoice", stamp(a.read("Invoice", made["Id"])), operation="delete"))
    assert a.read("Payment", paid["Id"])["UnappliedAmt"] == 100


# --- credit memos, deposits, journals ------------------------------------------------------------------------------


def test_4_4_a_payment_of_nothing_applies_a_credit_memo() -> None:
    a = app()
    made = a.invoice(100)
    memo = a.made("CreditMemo", a.invoice_body(75))
    a.payment(0, ("Invoice", made["Id"], 75), ("CreditMemo", memo["Id"], 75))
    assert a.read("Invoice", made["Id"])["Balance"] == 25
    assert a.read("CreditMemo", memo["Id"])["RemainingCredit"] == 0


def test_4_4_both_links_may_stand_in_one_line() -> None:
    a = app()
    made, memo = a.invoice(100), a.made("CreditMemo", a.invoice_body(75))
    links = [{"TxnId": made["Id"], "TxnType": "Invoice"}, {"TxnId": memo["Id"], "TxnType": "CreditMemo"}]
    a.made("Payment", a.payment_body(0, Line=[{"Amount": 75, "LinkedTxn": links}]))
    assert a.read("Invoice", made["Id"])["Balance"] == 25


def test_4_4_with_auto_apply_a_memo_pays_the_oldest_invoice_by_itself() -> None:
    a = app()
    a.people.set_preferences(a.realm, AutoApplyCredit=True)
    memo = a.made("CreditMemo", a.invoice_body(75))
    assert memo["RemainingCredit"] == 0
    assert a.read("Invoice", a.id_of("Invoice", DocNumber="1042"))["Balance"] == 325


def test_4_5_a_deposit_moves_payments_to_the_bank_and_freeing_them_unlocks() -> None:
    a = app()
    paid = a.payment(50)
    deposit = a.people.deposit_payment(a.realm, paid["Id"])
    bank = a.account("Operating Checking")
    assert a.read("Account", bank)["CurrentBalance"] == 50
    assert a.read("Account", a.account("Undeposited Funds"))["CurrentBalance"] == 0
    good(a.post("deposit", stamp(deposit), operation="delete"))
    assert good(a.post("payment", stamp(paid), operation="delete"))


def test_4_7_a_trust_deposit_raises_bank_and_liability_alike() -> None:
    a = app()
    bank, owed = a.account("Client Trust Account"), a.account("Client Trust Liability")
    entity = {"Type": "Customer", "EntityRef": {"value": a.customer()}}
    lines = [
        {"DetailType": "JournalEntryLineDetail", "Amount": 1000, "JournalEntryLineDetail": detail}
        for detail in (
            {"PostingType": "Debit", "AccountRef": {"value": bank}},
            {"PostingType": "Credit", "AccountRef": {"value": owed}, "Entity": entity},
        )
    ]
    made = a.made("JournalEntry", {"DocNumber": "T-1", "Line": lines})
    assert made["TotalAmt"] == 0
    assert a.read("Account", bank)["CurrentBalance"] == a.read("Account", owed)["CurrentBalance"] == 1000
    assert code(a.post("journalentry", {"DocNumber": "T-1", "Line": lines})) == "6140"
    a.people.set_preferences(a.realm, Duplicates={"WarnDuplicateJournalNumber": "false"})
    assert good(a.post("journalentry", {"DocNumber": "T-1", "Line": lines}))


def test_4_2_a_sub_account_stands_below_one_of_its_type_and_counts_in_its_balance() -> None:
    a = app()
    bank, owed = a.account("Client Trust Account"), a.account("Client Trust Liability")
    below = {"Name": "Ada (Clio 77)", "AccountType": "Other Current Liability", "ParentRef": {"value": owed}}
    made = a.made("Account", below)
    assert (made["SubAccount"], made["FullyQualifiedName"]) == (True, "Client Trust Liability:Ada (Clio 77)")
    a.people.add_journal(a.realm, bank, made["Id"], "12.50")
    parent = a.read("Account", owed)
    assert (parent["CurrentBalance"], parent["CurrentBalanceWithSubAccounts"]) == (0, 12.5)
    assert a.read("Account", made["Id"])["CurrentBalance"] == 12.5
    assert code(a.post("account", {**below, "Name": "Wrong", "AccountType": "Bank"})) == "700"


def test_4_6_a_journal_entry_is_changed_and_deleted_under_its_sync_token() -> None:
    a = app()
    bank, owed = a.account("Client Trust Account"), a.account("Client Trust Liability")
    made = a.people.add_journal(a.realm, bank, owed, "12.50", "T-9")
    changed = a.people.change_journal_amount(a.realm, made["Id"], "20.00")
    assert a.read("Account", bank)["CurrentBalance"] == 20
    assert code(a.post("journalentry", stamp(made), operation="delete")) == "5010"
    assert good(a.post("journalentry", stamp(changed), operation="delete"))
    assert a.read("Account", owed)["CurrentBalance"] == 0


# --- names ---------------------------------------------------------------------------------------------------------


def test_4_1_a_name_is_built_from_its_parts() -> None:
    assert App().made("Customer", {"GivenName": "Grace", "FamilyName": "Hopper"})["DisplayName"] == "Grace Hopper"


def test_4_1_a_sparse_update_cannot_blank_a_name() -> None:
    a = app()
    new = a.made("Customer", {"Id": a.customer(), "SyncToken": "0", "sparse": True, "DisplayName": ""})
    assert new["DisplayName"] == "Ada Example"


def test_4_1_an_inactive_customer_shows_deleted_and_becomes_itself_again() -> None:
    a = app()
    new = a.made("Customer", {"Id": a.customer(), "SyncToken": "0", "sparse": True, "Active": False})
    assert new["DisplayName"] == "Ada Example (deleted)"
    assert a.made("Customer", stamp(new, sparse=True, Active=True))["DisplayName"] == "Ada Example"


def test_4_1_whether_inactive_names_get_a_suffix_is_a_switch() -> None:
    a = App(deleted_suffix=False)
    new = a.made("Customer", {"Id": a.customer(), "SyncToken": "0", "sparse": True, "Active": False})
    assert new["DisplayName"] == "Ada Example"


def test_4_1_renaming_an_inactive_customer_frees_its_name() -> None:
    a = app()
    a.people.deactivate_customer(a.realm, a.customer())
    gone = a.people.find(a.realm, "Customer", DisplayName="Ada Example (deleted)")[0]
    a.made("Customer", stamp(gone, sparse=True, DisplayName="Former client"))
    assert a.made("Customer", {"DisplayName": "Ada Example"})["Active"] is True


def test_4_1_a_sub_customer_has_a_qualified_name() -> None:
    a = app()
    made = a.made("Customer", {"DisplayName": "00012-Orr", "Job": True, "ParentRef": {"value": a.customer()}})
    assert made["FullyQualifiedName"] == "Ada Example:00012-Orr"
    below = a.made("Customer", {"DisplayName": "Appeal", "ParentRef": {"value": made["Id"]}})
    a.people.rename_customer(a.realm, a.customer(), "Ada Lovelace")
    assert a.read("Customer", below["Id"])["FullyQualifiedName"] == "Ada Lovelace:00012-Orr:Appeal"
    found = a.rows("select * from Customer where FullyQualifiedName = 'Ada Lovelace:00012-Orr'")["Customer"]
    assert [c["Id"] for c in found] == [made["Id"]]


def test_4_1_a_customers_balance_follows_invoices_and_payments() -> None:
    a = app()
    a.payment(150, ("Invoice", a.id_of("Invoice", DocNumber="1042"), 150))
    assert a.read("Customer", a.customer())["Balance"] == 250


def test_4_1_invoices_show_a_customers_new_name() -> None:
    a = app()
    a.people.rename_customer(a.realm, a.customer(), "Ada Lovelace")
    found = a.read("Invoice", a.id_of("Invoice", DocNumber="1042"))
    assert found["CustomerRef"]["name"] == "Ada Lovelace"


# --- the company ---------------------------------------------------------------------------------------------------


def test_4_2_company_info_is_read_by_realm() -> None:
    a = app()
    assert good(a.get(f"companyinfo/{a.realm}"))["CompanyInfo"]["CompanyName"] == "Hartwell & Pine LLP"


def test_4_8_preferences_say_how_the_company_is_set() -> None:
    found = good(App().get("preferences"))["Preferences"]
    assert found["SalesFormsPrefs"]["CustomTxnNumbers"] is True
    assert "BookCloseDate" not in found["AccountingInfoPrefs"]
    assert {"Name": "WarnDuplicateBillNumber", "Value": "true"} in found["OtherPrefs"]["NameValue"]


def test_4_8_a_duplicate_warning_may_not_be_returned_at_all() -> None:
    a = app()
    a.people.set_preferences(a.realm, Duplicates={"WarnDuplicateBillNumber": None})
    names = [n["Name"] for n in good(a.get("preferences"))["Preferences"]["OtherPrefs"]["NameValue"]]
    assert "WarnDuplicateBillNumber" not in names


def test_4_8_simple_start_tells_no_home_currency_and_works_all_the_same() -> None:
    a = app()
    a.people.set_preferences(a.realm, HomeCurrency="")
    assert "HomeCurrency" not in good(a.get("preferences"))["Preferences"]["CurrencyPrefs"]
    assert a.made("Customer", {"DisplayName": "Simon Start"})["CurrencyRef"] == {"value": "USD"}


def test_4_8_custom_numbers_can_be_written_and_little_else() -> None:
    a = app()
    body = {"Id": "1", "SyncToken": "0", "SalesFormsPrefs": {"CustomTxnNumbers": False, "AllowDiscount": False}}
    new = a.made("Preferences", body)
    assert new["SalesFormsPrefs"]["CustomTxnNumbers"] is False
    assert new["SalesFormsPrefs"]["AllowDiscount"] is True


@pytest.mark.parametrize("status", [400, 404])
def test_10_the_status_of_reading_what_is_deleted_is_a_switch(status: int) -> None:
    assert App(deleted_read_status=status).get("invoice/999").status_code == status


# --- items and their accounts (4.2) --------------------------------------------------------------------------------


@pytest.mark.parametrize("refused", [True, False])
def test_4_2_whether_an_item_whose_income_account_is_inactive_is_refused_is_a_switch(refused: bool) -> None:
    a = App(inactive_income_refused=refused)
    income = a.account("Legal Fee Income")
    item = a.made("Item", {"Name": "Old item", "Type": "Service", "IncomeAccountRef": {"value": income}})["Id"]
    a.people.change_name(a.realm, "Account", income, Active=False)
    body = {"CustomerRef": {"value": a.customer()}, "Line": [a.line(10, ItemRef={"value": item})]}
    answer = a.post("invoice", body)
    assert code(answer) == "610" if refused else good(answer)
