"""The names each record may be asked for: its own fields, and the records nested in it (reference/clio.md 3 to 8).

A name missing here is refused with ``InvalidFields`` (2.1). Some names are served as null because the sandbox keeps
nothing behind them; the contract test holds the whole catalogue against Clio's own document.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Shape:
    """``own`` are plain values in the order shown; ``parts`` maps a nested record's name to its shape."""

    name: str
    own: tuple[str, ...]
    parts: dict[str, str] = field(default_factory=dict)

    @property
    def default(self) -> tuple[str, ...]:
        """What is shown when nothing is asked for: id and etag; all of it where the shape has neither (our choice)."""
        return tuple(n for n in ("id", "etag") if n in self.own) or self.own


_STAMPS = "id etag created_at updated_at"
_BILL = """number issued_at due_at tax_rate secondary_tax_rate subject purchase_order type memo start_at end_at balance
 state kind total paid paid_at pending due discount_services_only can_update credits_issued shared last_sent_at
 services_secondary_tax services_sub_total services_tax services_taxable_sub_total
 services_secondary_taxable_sub_total taxable_sub_total secondary_taxable_sub_total sub_total tax_sum
 secondary_tax_sum total_tax available_state_transitions"""
_CONTACT = """name first_name middle_name last_name date_of_birth type prefix title initials clio_connect_email
 locked_clio_connect_email client_connect_user_id primary_email_address secondary_email_address
 primary_phone_number secondary_phone_number ledes_client_id has_clio_for_clients_permission is_client
 is_clio_for_client_user is_co_counsel is_bill_recipient sales_tax_number"""
_MATTER = """number display_number custom_number description status location client_reference client_id billable
 maildrop_address billing_method open_date close_date pending_date shared has_tasks last_activity_date
 matter_stage_updated_at"""
_USER = """account_owner clio_connect court_rules_default_attendee default_calendar_id email enabled first_name
 initials last_name name phone_number rate roles subscription_type time_zone"""
_ACCOUNT = """account_number balance bank_transactions_count clio_payment_page_link clio_payment_page_qr_code
 clio_payments_enabled controlled_account currency currency_symbol currency_id default_account domicile_branch
 general_ledger_number holder institution name swift transit_number type"""
_TRANSACTION = """type bank_account_id source confirmation date amount currency currency_id description exchange_rate
 transaction_type funds_in funds_out clio_payments_transaction current_account_balance read_only_confirmation"""
_BALANCE = """associated_matter_ids last_payment_date last_shared_date newest_issued_bill_due_date
 pending_payments_total reminders_enabled total_outstanding_balance"""
_SETTING = """rounded_duration rounding use_decimal_rounding currency currency_sign tax_rate tax_name
 apply_tax_by_default apply_secondary_tax_by_default time_on_flat_rate_contingency_matters_is_non_billable
 use_secondary_tax secondary_tax_rate secondary_tax_rule secondary_tax_name notify_after_bill_created
 use_utbms_codes multi_currency_billing billing_currencies"""


def _shape(name: str, own: str, stamps: str = _STAMPS, **parts: str) -> Shape:
    return Shape(name, tuple(f"{stamps} {own}".split()), parts)


_ALL = [
    _shape(
        "Bill",
        _BILL,
        user="User",
        client="Contact",
        discount="Discount",
        interest="Interest",
        matters="Matter",
        group="Group",
        bill_theme="BillTheme",
        original_bill="Bill",
        destination_account="BankAccount",
        balances="Balance",
        matter_totals="MatterBalance",
        currency="Currency",
        billing_setting="BillingSetting",
        client_addresses="Address",
        legal_aid_uk_bill="Empty",
        split_invoice="SplitInvoice",
    ),
    _shape(
        "Allocation",
        "date amount interest voided_at description has_online_payment destroyable payment_type",
        bill="Bill",
        source_bank_account="BankAccount",
        destination_bank_account="BankAccount",
        matter="Matter",
        contact="Contact",
        parent="PolymorphicObject",
    ),
    _shape(
        "LineItem",
        """type description date price taxable kind note secondary_taxable total tax secondary_tax sub_total quantity
        group_ordering""",
        bill="Bill",
        activity="Activity",
        matter="Matter",
        user="User",
        discount="Discount",
        included_line_item_totals="LineItemTotals",
    ),
    _shape(
        "CreditMemo",
        "date amount description discount voided_at",
        user="User",
        contact="Contact",
        allocations="Allocation",
    ),
    _shape(
        "Contact",
        _CONTACT,
        addresses="Address",
        email_addresses="EmailAddress",
        phone_numbers="PhoneNumber",
        account_balances="AccountBalance",
        related_contacts="Contact",
        primary_work_address="Address",
        primary_address="Address",
        secondary_address="Address",
        company="Contact",
        payment_profile="PaymentProfile",
        currency="Currency",
    ),
    _shape(
        "Matter",
        _MATTER,
        client="Contact",
        group="Group",
        originating_attorney="User",
        practice_area="PracticeArea",
        responsible_attorney="User",
        responsible_staff="User",
        user="User",
        currency="Currency",
        account_balances="AccountBalance",
        matter_bill_recipients="MatterBillRecipient",
    ),
    _shape("User", _USER, account="Account", contact="Contact", job_title="Named", groups="Group"),
    _shape("BankAccount", _ACCOUNT, user="User"),
    _shape(
        "BankTransaction",
        _TRANSACTION,
        client="Contact",
        matter="Matter",
        bank_account="BankAccount",
        bill="Bill",
        allocation="Allocation",
    ),
    _shape("OutstandingClientBalance", _BALANCE, outstanding_bills="Bill", contact="Contact", currency="Currency"),
    _shape("InterestCharge", "date description total", bill="Bill", balances="Balance", matters="Matter"),
    _shape("TrustLineItem", "date total note", bill="Bill", matter="Matter", client="Contact"),
    _shape("Webhook", "url fields shared_secret model status events expires_at", user="User"),
    _shape("BillingSetting", _SETTING),
    _shape("BillTheme", "account_id default name config"),
    _shape("Currency", "code sign"),
    _shape("Account", "name state"),
    _shape("Address", "street city province postal_code country name primary"),
    _shape("EmailAddress", "address name primary"),
    _shape("PhoneNumber", "number name primary"),
    _shape("Activity", "type"),
    _shape("PracticeArea", "name category code"),
    _shape("PaymentProfile", "name terms discount_rate discount_period interest_rate interest_period interest_type"),
    _shape("MatterBillRecipient", "", recipient="Contact"),
    _shape("Named", "name", stamps="id etag"),
    _shape("Group", "name type client_connect_user updated_at", stamps="id etag"),
    _shape("PolymorphicObject", "type identifier secondary_identifier tertiary_identifier", stamps="id"),
    _shape("Balance", "amount type interest_amount due", stamps="id"),
    _shape("MatterBalance", "amount", stamps="id"),
    _shape("AccountBalance", "balance type name currency_id", stamps="id"),
    _shape("SplitInvoice", "bill_id linked_invoices_display_numbers linked_invoices_ids split_portion"),
    _shape("Discount", "rate type note early_payment_rate early_payment_period", stamps=""),
    _shape("Interest", "balance period rate total type", stamps=""),
    _shape("LineItemTotals", "quantity price discount_percent total sub_total", stamps=""),
    _shape("Empty", "", stamps="id"),
]
SHAPES = {shape.name: shape for shape in _ALL}
