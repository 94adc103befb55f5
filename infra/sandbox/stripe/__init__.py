"""Stripe as a stateful stand-in, written from reference/stripe.md alone; it imports nothing of our client.

Served: Connect (OAuth, Accounts, Account Links), hosted Checkout with card and bank debit, PaymentIntents, Charges,
Balance Transactions, Refunds, Disputes, Payouts, Customers, Events, webhook endpoints and signed deliveries.
Not served, and refused: PaymentIntents made directly, saved methods, Invoices, Payment Links, thin (v2) events,
micro-deposits.
A parameter that Stripe takes and this sandbox does not act out gets 400 ``sandbox_not_modelled``.

Switches (``POST /_sandbox/switches``): each stands for something that the reference marks remembered or unknown.

=============================  ==========  ============================================================================
name                           default     meaning
=============================  ==========  ============================================================================
ach_business_days              4           days until a bank debit clears (a failure is known one day earlier)
ach_return_days                21          calendar days between clearing and the late return (test account ...4954)
ach_failure_fee_cents          0           fee for a failed debit, a balance transaction of its own
dispute_fee_cents              1500        fee on the balance transaction of a dispute
fee_arrives_after_seconds      0           above 0: ``balance_transaction`` comes later, with ``charge.updated``
payment_intent_at_creation     false       true: a Session has its PaymentIntent from the start, not from the first try
refund_of_pending_debit        refuse      ``allow``: a whole refund of a debit under way waits for it
refund_without_funds           negative    ``pending``: a refund above the balance waits (``insufficient_funds``)
refund_returns_fee             false       true: a refund gives Stripe's fee back in proportion
idempotency_stores_refusals    true        false: an error met during execution is not stored under the key
executions_to_break            0           the next n POSTs with a key are carried out, then answered 500, and stored so
reused_code_revokes            false       true: an OAuth code used twice also disconnects the account
events_kept_seconds            2592000     how long events can be listed
links_for_oauth_accounts       false       true: Account Links may be made for accounts connected by OAuth
oauth_offers_own_accounts      false       true: the authorize page also lists accounts that the platform made
oauth_controller_bare          false       true: accounts connected by OAuth show its ``type`` alone
managed_risk                   true        false: ``losses=stripe`` with ``fees=application`` is refused
rate_per_second                0           above 0: so many requests per endpoint and second, then 429
=============================  ==========  ============================================================================

In process: ``StripeSandbox(clock)``, ``seed(sandbox, today)``, ``sandbox.people.<verb>(...)``, ``sandbox.advance()``,
``sandbox.deliver_due(send)``, ``sandbox.books()``. Over HTTP: ``POST /_sandbox/people/<verb>``, ``/_sandbox/advance``,
``/_sandbox/deliver``, ``/_sandbox/seed``, ``GET /_sandbox/books``, ``/_sandbox/deliveries``, and the kit's.
Counted: ``events_late``, ``events_doubled``, ``events_twinned``, ``events_dropped``, ``events_reordered``,
``events_refused``, ``events_given_up``, ``answers_replayed``, ``executions_broken``, ``cards_declined``,
``rate_limited``, ``accounts_disconnected``.
"""

from .people import People
from .refusals import Refusal
from .seed import seed
from .server import StripeSandbox

__all__ = ["People", "Refusal", "StripeSandbox", "seed"]
