"""Clio, as reference/clio.md describes it: OAuth, ``/api/v4``, webhooks, pages, and people who work in it.

``ClioSandbox(clock, clients={key: (secret, [redirect addresses])})`` is a WSGI application; ``seed(clio, today)`` fills
it; ``clio.people`` acts as staff; ``clio.deliver_due(send)`` sends due webhooks. It imports nothing of chalicelib.

Behaviours that the reference marks unknown, remembered or seen once are switches (``POST /_sandbox/switches``):

=========================  ==========  ============================================================================
switch                     default     means (section of reference/clio.md)
=========================  ==========  ============================================================================
patch_paid                 "refuse"    PATCH state=paid with a balance: "refuse" 422; "accept" pays it, with an
                                       allocation; "accept_bare" pays it without one; "no_effect" 200 and nothing (10.1)
offer_paid                 (derived)   ``paid`` in available_state_transitions; by default unless "refuse" (10.1)
approve_by_api             True        draft and awaiting_approval offer awaiting_payment (3.5)
bump_on_allocation         True        a payment or credit moves the bill's updated_at and ETag (10.2); False moves
                                       neither, the worst case
hook_on_allocation         True        ... and fires the bill's webhook (10.2)
plain_list_has_removed     False       bills listed without ``state`` include void and deleted (10.3)
ids_list_has_removed       True        ... asked for by ``ids[]`` they are told (3.3)
since_inclusive            False       updated_since, created_since include the instant (10.3)
allocations_permissions    both        which app permission opens allocations and credit memos: one of these (10.4)
parent_type_words          True        parent_type=Payment works; False: 400, as the document says integer (10.4)
description_on_allocation  False       a payment's description shows on its allocations; the document says only a
                                       credit memo's does (5.1). Bank transactions always show it
trust_deposit_allocation   False       a deposit for a trust request also makes an allocation (6)
trust_payment_lines        "both"      bank transactions of a payment from trust: "both" accounts', "operating" alone,
                                       or "none" (6)
negative_allocations       False       money that went back is recorded as an amount below zero (5.1)
trust_deposit_names_bill   True        ... and its bank transaction names the bill (6)
app_permissions            all         what the app may be given at the next consent (1)
drop_fields                ()          names refused on this account: "interest" or "Bill.interest" (9.2)
expires_in                 2592000     seconds an access token lives (1)
rotate_refresh             False       refreshing gives a new refresh token and ends the old one (1)
rate_limit                 50          requests a minute and token; peak hours all day, the other figure is
                                       not published (2.6)
not_modified_costs         True        a 304 counts against the limit (2.4)
allow_http_hooks           False       webhooks may use http anywhere; without it only this machine itself may
hook_nested_fields         False       braces in a webhook's fields (10.6)
handshake_key              webhook_id  the id's name in the handshake's data: "webhook_id" or "id" (10.6)
handshake_by_itself        False       the handshake completes by itself, seen once (8)
hook_delay_seconds         0           deliveries come late
hook_copies                1           deliveries come more than once
hidden_contacts            ()          ids of contacts that this user may not see (1: contacts visibility)
draft_with_money           False       an unpaid bill on which something was received can go back to a draft (3.2)
matter_moves_bills         False       a matter's new display number moves its bills' updated_at and ETag (7)
hook_reversed              False       due deliveries go out last first
hook_suspend_after         3           deliveries given up until the webhook is suspended (8)
=========================  ==========  ============================================================================

Not served, so 404: contacts cannot be made or removed; matters, bank accounts, bank transactions, interest charges,
trust lines and themes cannot be written; no tasks, notes, reports, activities, Clio Payments, custom fields. POST
/payments answers 403, as one integrator found (5.2 D).
"""

from .sandbox import CLIENTS, ClioSandbox
from .seed import FIRM_A, FIRM_B, OWNER_A, OWNER_B, make_many, seed

__all__ = ["CLIENTS", "FIRM_A", "FIRM_B", "OWNER_A", "OWNER_B", "ClioSandbox", "make_many", "seed"]
