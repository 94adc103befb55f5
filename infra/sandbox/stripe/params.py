"""Which parameters each call takes: one table per call, compared by a test with the typed parameters of the installed
``stripe`` package (so that none is forgotten and none is invented). ``TYPED`` pairs each table with its class there.
"""

from __future__ import annotations

from .kinds import (
    EXPAND,
    FLAG,
    LABELS,
    NOT_HERE,
    WHOLE,
    WINDOW,
    Kind,
    Table,
    choice,
    listed,
    shape,
    text,
    unmodelled,
    words,
)

URL = Kind("url", most=5000)
REQUIRED_URL = Kind("url", most=5000, required=True)
EMAIL = Kind("email", most=512)

METHODS = words(
    "acss_debit affirm afterpay_clearpay alipay alma amazon_pay au_becs_debit bacs_debit bancontact billie bizum "
    "blik boleto card cashapp crypto customer_balance eps fpx giropay grabpay ideal kakao_pay klarna konbini "
    "kr_card link mb_way mobilepay multibanco naver_pay nz_bank_account oxxo p24 pay_by_bank payco paynow paypal "
    "paypay payto pix promptpay revolut_pay samsung_pay satispay scalapay sepa_debit sequra sofort sunbit swish "
    "twint upi us_bank_account wechat_pay zip"
)

# --- Checkout Sessions (reference/stripe.md 2, 5) ---------------------------------------------------------------------
PRODUCT_DATA: Table = {
    "name": text(5000, required=True),
    "description": text(),
    "metadata": LABELS,
    **unmodelled("images tax_code tax_details unit_label"),
}
PRICE_DATA: Table = {
    "currency": Kind("text", required=True, most=3),
    "product_data": Kind("shape", fields=PRODUCT_DATA, required=True),
    "unit_amount": Kind("whole", required=True),
    **unmodelled("product recurring tax_behavior unit_amount_decimal"),
}
LINE_ITEM: Table = {
    "price_data": Kind("shape", fields=PRICE_DATA, required=True),
    "quantity": Kind("whole", required=True),
    "metadata": LABELS,
    **unmodelled("adjustable_quantity price tax_rates"),
}
PAYMENT_INTENT_DATA: Table = {
    "application_fee_amount": WHOLE,
    "description": text(1000),
    "metadata": LABELS,
    "receipt_email": EMAIL,
    "statement_descriptor": text(22),
    "statement_descriptor_suffix": text(22),
    **unmodelled("capture_method on_behalf_of setup_future_usage shipping transfer_data transfer_group"),
}
BANK_OPTIONS: Table = {
    "verification_method": choice("automatic", "instant"),
    **unmodelled("financial_connections setup_future_usage target_date"),
}
METHOD_OPTIONS: Table = {
    "us_bank_account": shape(BANK_OPTIONS),
    **unmodelled(
        "acss_debit affirm afterpay_clearpay alipay alma amazon_pay au_becs_debit bacs_debit bancontact billie blik "
        "boleto card cashapp crypto customer_balance demo_pay eps fpx giropay grabpay ideal kakao_pay klarna konbini "
        "kr_card link mobilepay multibanco naver_pay oxxo p24 pay_by_bank payco paynow paypal payto pix revolut_pay "
        "samsung_pay satispay scalapay sepa_debit sequra sofort sunbit swish twint upi wechat_pay"
    ),
}
ADAPTIVE_PRICING: Table = {"enabled": FLAG}
LINK_WALLET: Table = {"display": choice("auto", "never")}
WALLETS: Table = {"link": shape(LINK_WALLET)}
SUBMIT_TEXT: Table = {"message": text(1200, required=True)}
CUSTOM_TEXT: Table = {
    "submit": shape(SUBMIT_TEXT),
    "after_submit": shape(SUBMIT_TEXT),
    **unmodelled("shipping_address terms_of_service_acceptance"),
}
SESSION_CREATE: Table = {
    "mode": choice("payment", required=True),
    "line_items": Kind("list", of=shape(LINE_ITEM), most=100, required=True),
    "success_url": REQUIRED_URL,
    "cancel_url": URL,
    "allowed_payment_method_types": listed(choice(*METHODS)),
    "excluded_payment_method_types": listed(choice(*METHODS)),
    "client_reference_id": text(200),
    "customer": text(),
    "customer_email": EMAIL,
    "customer_creation": choice("always", "if_required"),
    "metadata": LABELS,
    "payment_intent_data": shape(PAYMENT_INTENT_DATA),
    "payment_method_options": shape(METHOD_OPTIONS),
    "expires_at": WHOLE,
    "adaptive_pricing": shape(ADAPTIVE_PRICING),
    "submit_type": choice("auto", "book", "donate", "pay", "subscribe"),
    "ui_mode": choice("hosted_page"),
    "currency": text(3),
    "locale": text(10),
    "billing_address_collection": choice("auto", "required"),
    "wallet_options": shape(WALLETS),
    "custom_text": shape(CUSTOM_TEXT),
    "expand": EXPAND,
    **unmodelled(
        "after_expiration allow_promotion_codes automatic_tax branding_settings consent_collection custom_fields "
        "customer_account customer_update discounts integration_identifier invoice_creation managed_payments "
        "name_collection optional_items origin_context payment_method_collection payment_method_configuration "
        "payment_method_data permissions phone_number_collection redirect_on_completion return_url "
        "saved_payment_method_options setup_intent_data shipping_address_collection shipping_options "
        "subscription_data tax_id_collection"
    ),
}
RETRIEVE: Table = {"expand": EXPAND}
PAGE: Table = {"limit": WHOLE, "starting_after": text(), "ending_before": text(), "expand": EXPAND}
SESSION_LIST: Table = {
    **PAGE,
    "created": WINDOW,
    "customer": text(),
    "customer_details": shape({"email": EMAIL}),
    "payment_intent": text(),
    "status": choice("complete", "expired", "open"),
    **unmodelled("customer_account payment_link subscription"),
}

# --- money (reference/stripe.md 9) ------------------------------------------------------------------------------------
PAYMENT_INTENT_RETRIEVE: Table = {**RETRIEVE, "client_secret": text()}
PAYMENT_INTENT_LIST: Table = {**PAGE, "created": WINDOW, "customer": text(), "customer_account": NOT_HERE}
PAYMENT_INTENT_CANCEL: Table = {
    **RETRIEVE,
    "cancellation_reason": choice("abandoned", "duplicate", "fraudulent", "requested_by_customer"),
}
CHARGE_LIST: Table = {
    **PAGE,
    "created": WINDOW,
    "customer": text(),
    "payment_intent": text(),
    "transfer_group": NOT_HERE,
}
TRANSACTION_LIST: Table = {
    **PAGE,
    "created": WINDOW,
    "currency": text(3),
    "payout": text(),
    "source": text(),
    "type": text(),
}
REFUND_CREATE: Table = {
    **RETRIEVE,
    "amount": WHOLE,
    "charge": text(),
    "payment_intent": text(),
    "reason": choice("duplicate", "fraudulent", "requested_by_customer"),
    "metadata": LABELS,
    **unmodelled("currency customer instructions_email origin refund_application_fee reverse_transfer"),
}
BY_PAYMENT: Table = {**PAGE, "created": WINDOW, "charge": text(), "payment_intent": text()}
PAYOUT_LIST: Table = {
    **PAGE,
    "created": WINDOW,
    "arrival_date": WINDOW,
    "destination": text(),
    "status": choice("canceled", "failed", "in_transit", "paid", "pending"),
}
EVENT_LIST: Table = {
    **PAGE,
    "created": WINDOW,
    "delivery_success": FLAG,
    "type": text(),
    "types": listed(text(), 20),
}

# --- customers and accounts (reference/stripe.md 3, 4) ----------------------------------------------------------------
ADDRESS: Table = {name: text() for name in ["city", "country", "line1", "line2", "postal_code", "state"]}
CUSTOMER_CREATE: Table = {
    **RETRIEVE,
    "address": shape(ADDRESS),
    "description": text(),
    "email": EMAIL,
    "name": text(256),
    "phone": text(),
    "metadata": LABELS,
    **unmodelled(
        "balance business_name cash_balance individual_name invoice_prefix invoice_settings next_invoice_sequence "
        "payment_method preferred_locales shipping source tax tax_exempt tax_id_data test_clock validate"
    ),
}
CUSTOMER_LIST: Table = {**PAGE, "created": WINDOW, "email": EMAIL, "test_clock": NOT_HERE}

CONTROLLER_FEES: Table = {"payer": choice("account", "application")}
CONTROLLER_LOSSES: Table = {"payments": choice("application", "stripe")}
CONTROLLER_DASHBOARD: Table = {"type": choice("express", "full", "none")}
CONTROLLER: Table = {
    "fees": shape(CONTROLLER_FEES),
    "losses": shape(CONTROLLER_LOSSES),
    "requirement_collection": choice("application", "stripe"),
    "stripe_dashboard": shape(CONTROLLER_DASHBOARD),
}
REQUESTED: Table = {"requested": FLAG}
CAPABILITIES: Table = {
    **{name: shape(REQUESTED) for name in ["card_payments", "transfers", "us_bank_account_ach_payments"]},
    **unmodelled(
        "acss_debit_payments affirm_payments afterpay_clearpay_payments alma_payments amazon_pay_payments "
        "app_distribution au_becs_debit_payments bacs_debit_payments bancontact_payments bank_transfer_payments "
        "billie_payments bizum_payments blik_payments blik_recurring_payments boleto_payments card_issuing "
        "cartes_bancaires_payments cashapp_payments crypto_payments eps_payments fpx_payments "
        "gb_bank_transfer_payments giropay_payments grabpay_payments ideal_payments india_international_payments "
        "jcb_payments jp_bank_transfer_payments kakao_pay_payments klarna_payments konbini_payments kr_card_payments "
        "legacy_payments link_payments mb_way_payments mobilepay_payments multibanco_payments "
        "mx_bank_transfer_payments naver_pay_payments nz_bank_account_becs_debit_payments oxxo_payments p24_payments "
        "pay_by_bank_payments payco_payments paynow_payments paypay_payments payto_payments pix_payments "
        "promptpay_payments revolut_pay_payments samsung_pay_payments satispay_payments scalapay_payments "
        "sepa_bank_transfer_payments sepa_debit_payments sequra_payments sofort_payments sunbit_payments "
        "swish_payments tax_reporting_us_1099_k tax_reporting_us_1099_misc treasury twint_payments upi_payments "
        "us_bank_transfer_payments wero_payments zip_payments"
    ),
}
BUSINESS_PROFILE: Table = {
    "mcc": text(4),
    "name": text(),
    "product_description": text(),
    "support_email": EMAIL,
    "support_phone": text(),
    "support_url": URL,
    "url": URL,
    **unmodelled(
        "annual_revenue estimated_worker_count minority_owned_business_designation monthly_estimated_revenue "
        "specified_commercial_transactions_act_url support_address"
    ),
}
ACCOUNT_CREATE: Table = {
    **RETRIEVE,
    "business_profile": shape(BUSINESS_PROFILE),
    "business_type": choice("company", "government_entity", "individual", "non_profit"),
    "capabilities": shape(CAPABILITIES),
    "controller": shape(CONTROLLER),
    "country": text(2),
    "default_currency": text(3),
    "email": EMAIL,
    "metadata": LABELS,
    "type": choice("custom", "express", "standard"),
    **unmodelled("account_token company documents external_account groups individual settings tos_acceptance"),
}
ACCOUNT_LIST: Table = {**PAGE, "created": WINDOW}
EXTERNAL_LIST: Table = {**PAGE, "object": choice("bank_account", "card")}
LINK_CREATE: Table = {
    **RETRIEVE,
    "account": text(required=True),
    "refresh_url": REQUIRED_URL,
    "return_url": REQUIRED_URL,
    "type": choice("account_onboarding", "account_update", required=True),
    **unmodelled("collect collection_options"),
}
ENDPOINT_CREATE: Table = {
    **RETRIEVE,
    "url": REQUIRED_URL,
    "enabled_events": Kind("list", of=text(), most=300, required=True),
    "connect": FLAG,
    "api_version": text(),
    "description": text(),
    "metadata": LABELS,
}

# Table, and the class of the typed package it is compared with (below stripe.params).
TYPED: tuple[tuple[Table, str], ...] = (
    (SESSION_CREATE, "checkout.SessionCreateParams"),
    (LINE_ITEM, "checkout.SessionCreateParamsLineItem"),
    (PRICE_DATA, "checkout.SessionCreateParamsLineItemPriceData"),
    (PRODUCT_DATA, "checkout.SessionCreateParamsLineItemPriceDataProductData"),
    (PAYMENT_INTENT_DATA, "checkout.SessionCreateParamsPaymentIntentData"),
    (METHOD_OPTIONS, "checkout.SessionCreateParamsPaymentMethodOptions"),
    (BANK_OPTIONS, "checkout.SessionCreateParamsPaymentMethodOptionsUsBankAccount"),
    (ADAPTIVE_PRICING, "checkout.SessionCreateParamsAdaptivePricing"),
    (WALLETS, "checkout.SessionCreateParamsWalletOptions"),
    (LINK_WALLET, "checkout.SessionCreateParamsWalletOptionsLink"),
    (CUSTOM_TEXT, "checkout.SessionCreateParamsCustomText"),
    (SUBMIT_TEXT, "checkout.SessionCreateParamsCustomTextSubmit"),
    (RETRIEVE, "checkout.SessionRetrieveParams"),
    (RETRIEVE, "checkout.SessionExpireParams"),
    (SESSION_LIST, "checkout.SessionListParams"),
    (PAGE, "checkout.SessionListLineItemsParams"),
    (PAYMENT_INTENT_RETRIEVE, "PaymentIntentRetrieveParams"),
    (PAYMENT_INTENT_LIST, "PaymentIntentListParams"),
    (PAYMENT_INTENT_CANCEL, "PaymentIntentCancelParams"),
    (RETRIEVE, "ChargeRetrieveParams"),
    (CHARGE_LIST, "ChargeListParams"),
    (RETRIEVE, "BalanceTransactionRetrieveParams"),
    (TRANSACTION_LIST, "BalanceTransactionListParams"),
    (REFUND_CREATE, "RefundCreateParams"),
    (RETRIEVE, "RefundRetrieveParams"),
    (BY_PAYMENT, "RefundListParams"),
    (RETRIEVE, "DisputeRetrieveParams"),
    (BY_PAYMENT, "DisputeListParams"),
    (RETRIEVE, "PayoutRetrieveParams"),
    (PAYOUT_LIST, "PayoutListParams"),
    (RETRIEVE, "EventRetrieveParams"),
    (EVENT_LIST, "EventListParams"),
    (ADDRESS, "CustomerCreateParamsAddress"),
    (CUSTOMER_CREATE, "CustomerCreateParams"),
    (RETRIEVE, "CustomerRetrieveParams"),
    (CUSTOMER_LIST, "CustomerListParams"),
    (CONTROLLER, "AccountCreateParamsController"),
    (CONTROLLER_FEES, "AccountCreateParamsControllerFees"),
    (CONTROLLER_LOSSES, "AccountCreateParamsControllerLosses"),
    (CONTROLLER_DASHBOARD, "AccountCreateParamsControllerStripeDashboard"),
    (CAPABILITIES, "AccountCreateParamsCapabilities"),
    (REQUESTED, "AccountCreateParamsCapabilitiesCardPayments"),
    (BUSINESS_PROFILE, "AccountCreateParamsBusinessProfile"),
    (ACCOUNT_CREATE, "AccountCreateParams"),
    (RETRIEVE, "AccountRetrieveParams"),
    (RETRIEVE, "AccountRetrieveCurrentParams"),
    (ACCOUNT_LIST, "AccountListParams"),
    (EXTERNAL_LIST, "AccountExternalAccountListParams"),
    (LINK_CREATE, "AccountLinkCreateParams"),
    (ENDPOINT_CREATE, "WebhookEndpointCreateParams"),
)
