"""A stand-in for QuickBooks Online, written from reference/quickbooks.md alone; strict where the real one is.

Addresses below the base: ``/connect/oauth2`` (consent), ``/oauth2/v1/tokens/bearer``, ``/v2/oauth2/tokens/revoke``,
``/v3/company/{realm}/…`` (API), ``/`` (pages for people), ``/_sandbox/…`` (control: ``people/<act>``,
``books/<realm>``, ``companies``, ``seed``, and the kit's counts, log, faults, switches, reset).

Switches, with their defaults; each stands for something that the reference marks unknown, remembered or disputed:

=============================  ============  =======================================================================
switch                         default       meaning
=============================  ============  =======================================================================
rotate_every_seconds           86400         a refresh gives a new refresh token once the present value is that old;
                                             0: at each refresh (1.3)
access_token_seconds           3600          life of an access token
old_token_revokes              "soon"        a replaced refresh token used again ends the whole grant: "soon" only
                                             within 60 s of its replacement (two refreshes at once), true, false (1.5)
gateway_fault_case             "lower"       spelling of 401, 403 and 429 faults: "lower" or "upper" (2.9)
throttle_as_xml                false         429 as XML in spite of Accept (2.9)
fault_with_200                 false         faults that would be 400 come with 200 (2.9)
deleted_read_status            400           status of reading a deleted object (610): 400 or 404 (2.9, 10)
ignore_limits                  false         no limits at all
limit_per_minute               500           requests per realm and minute; 0: none (2.8)
limit_per_second               10            requests per realm and second; 0: none
limit_batches_per_minute       40            batches per realm and minute; 0: none
batch_replay                   "error6000"   a batch with a known requestid: "error6000" (reported) or "replay" (2.3)
requestid_memory_seconds       0             how long ids are remembered; 0: for ever
requestid_other_body           "replay"      a known id with another body: "replay" or "error600"
replay_failures                false         a refused first answer to a requestid is remembered as well
docnumber_shared               true          numbers are unique over invoices, credit memos, refunds, journals (3.3)
duplicate_docnumber_unchecked  false         duplicate numbers are accepted silently (3.3)
numbers_kept_when_off          true          a sent number is kept though CustomTxnNumbers is false (3.3)
auto_generate_works            false         AUTO_GENERATE and AutoDocNumber give a number (3.3)
fraction_of_cent               "round"       line amounts with a fraction of a cent: "round" half up, or "refuse"
over_apply                     "error"       a payment line above the invoice's balance: "error" (6000) or
                                             "unapplied" (4.3)
delete_linked                  "refuse"      deleting an invoice with payments: "refuse" (800) or "unlink" (3.6)
shrink_below_paid              "error"       a total below what is applied: "error" (6000) or "unapply"
deleted_suffix                 true          inactive list objects are shown with "(deleted)" (4.1)
names_ignore_case              true          names are unique, and queried, without regard to case
inactive_ref_code              "610"         writing with an inactive customer, item, account: "610" or "2500" (6)
inactive_income_refused        true          ... and so is a line of an item whose income account is inactive (4.2)
null_clears                    true          null in a sparse update empties a property; else it is as if left out (2.4)
deactivate_makes_credit        false         people deactivating a customer with a balance make a credit memo (4.1)
column_lists                   true          queries may name columns, which is no part of their grammar (2.5)
sub_account_same_type          true          a sub-account stands below one of its own type only (4.2)
payment_ref_filterable         false         queries may filter payments by PaymentRefNum
cdc_cap                        1000          objects in one change-data answer (2.7)
webhook_form                   "cloudevents" "cloudevents" or "legacy" (5)
hold_back                      true          later events of a company wait until the first is acknowledged (5)
events_per_delivery            50            most events in one webhook request
events_late_seconds            0             events wait that long first (counted as ``events_late``)
events_doubled                 false         each acknowledged delivery is sent once more (``events_doubled``)
events_shuffled                false         events of a delivery come in random order
=============================  ============  =======================================================================

Codes that the reference does not name, chosen here: 2040 forbidden character in a name, 2050 for an overlong
requestid or bId, 4001 for a bad cdc moment, 6000 for what has no code of its own (discount while AllowDiscount is
off, too many lines, negative totals, unequal journals).

Not modelled: automated sales tax, non-US tax, tax codes and rates, multicurrency beyond asking for a customer's own
currency, PDF and send, reports, attachments, Transfer, an invoice's Deposit, CDCQuery inside a batch, payments linked
to anything but invoices and credit memos. A payment's effect on an invoice bumps its SyncToken and LastUpdatedTime.
"""

from infra.sandbox.quickbooks.seed import REALM_A, REALM_B, make_many, seed
from infra.sandbox.quickbooks.server import QuickBooksSandbox

__all__ = ["REALM_A", "REALM_B", "QuickBooksSandbox", "make_many", "seed"]
