"""What people do at Stripe: clients who pay, the firm in its Dashboard, banks, and whoever plans the deliveries.

In process: ``sandbox.people.pay_card(...)``. Over HTTP: ``POST /_sandbox/people/<verb>`` with the arguments as JSON.
Cents; days are calendar days of stage time and may be fractions. All raise ``Refusal`` where Stripe would say no.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

from . import accounts, checkout, disputes, due, endpoints, payments, payouts, refunds
from .box import Box, snapshot
from .refusals import OAuthRefusal, Refusal
from .state import Account, Plan, Thing

BANK_NUMBERS = {"succeed": "000123456789", "fail": "000111111116", "return": "000000004954"}


class People:
    """Every public method is a verb of the control route."""

    def __init__(self, box: Box) -> None:
        self._box = box

    # --- clients ----------------------------------------------------------------------------------------------------
    def pay_card(self, session_id: str, card: str = "4242424242424242", email: str | None = None) -> Thing:
        """Pays by card. Raises Refusal 402 when it is declined (the Session stays open). Returns the Session."""
        due.advance(self._box)
        return snapshot(checkout.pay_by_card(self._box, session_id, card, email))

    def pay_bank(
        self,
        session_id: str,
        outcome: str = "succeed",
        after_days: float | None = None,
        return_after_days: float | None = None,
        email: str | None = None,
    ) -> Thing:
        """Starts a bank debit that will ``succeed``, ``fail``, or ``return`` weeks after it cleared."""
        due.advance(self._box)
        if outcome not in BANK_NUMBERS:
            raise Refusal(f"Unknown outcome: {outcome}", param="outcome")
        bank = checkout.bank(BANK_NUMBERS[outcome], after_days=after_days, return_after_days=return_after_days)
        return snapshot(checkout.pay_by_bank(self._box, session_id, bank, email))

    # --- banks ------------------------------------------------------------------------------------------------------
    def clear_debit(self, payment_intent: str) -> Thing:
        """The bank lets the debit through now, whatever was planned."""
        return self._end_debit(payment_intent, cleared=True)

    def fail_debit(self, payment_intent: str) -> Thing:
        """The bank refuses the debit now, whatever was planned."""
        return self._end_debit(payment_intent, cleared=False)

    def _end_debit(self, payment_intent: str, *, cleared: bool) -> Thing:
        due.advance(self._box)
        account, charge = self._charge(payment_intent)
        if charge["status"] != "pending":
            raise Refusal(f"This debit is decided already: {charge['status']}.")
        payments.end_debit(self._box, account, charge, cleared=cleared)
        return snapshot(charge)

    def return_debit(self, payment_intent: str) -> Thing:
        """A cleared debit is returned now. Returns the dispute, which is lost."""
        due.advance(self._box)
        account, charge = self._charge(payment_intent)
        if charge["payment_method_details"]["type"] == "card":
            raise Refusal("Only bank debits are returned.")
        return snapshot(disputes.late_return(self._box, account, charge))

    def open_dispute(
        self,
        payment: str,
        amount: int | None = None,
        reason: str = "fraudulent",
        inquiry: bool = False,
    ) -> Thing:
        """``payment`` is a PaymentIntent or a charge."""
        due.advance(self._box)
        account, charge = self._charge(payment)
        return snapshot(disputes.open_one(self._box, account, charge, amount=amount, reason=reason, inquiry=inquiry))

    def answer_dispute(self, dispute: str) -> Thing:
        """The firm hands in evidence in its Dashboard."""
        account, held = self._thing("dispute", dispute)
        return snapshot(disputes.submit_evidence(self._box, account, held))

    def close_dispute(self, dispute: str, won: bool) -> Thing:
        due.advance(self._box)
        account, held = self._thing("dispute", dispute)
        return snapshot(disputes.close(self._box, account, held, won=won))

    def settle_refund(self, refund: str, failed: bool = False) -> Thing:
        due.advance(self._box)
        account, held = self._thing("refund", refund)
        refunds.settle(self._box, account, held, failed=failed)
        return snapshot(held)

    # --- the firm, in its Dashboard ---------------------------------------------------------------------------------
    def refund(self, payment: str, amount: int | None = None, outcome: str | None = None) -> Thing:
        """Refunds in the Dashboard. ``outcome``: ``succeed``, ``pending``, ``fail``; None: as the method has it."""
        due.advance(self._box)
        account, charge = self._charge(payment)
        given: Thing = {"charge": charge["id"], "reason": "requested_by_customer"}
        if amount is not None:
            given["amount"] = amount
        return snapshot(refunds.create(self._box, account, given, outcome=outcome))

    def disconnect(self, account: str) -> Thing:
        """The firm removes the platform: ``account.application.deauthorized``, and 403 from now on."""
        accounts.disconnect(self._box, self._box.account(account))
        return {"account": account}

    def set_ach(self, account: str, on: bool) -> Thing:
        accounts.set_ach(self._box, self._box.account(account), on)
        return {"account": account, "ach_enabled": on}

    def set_ready(self, account: str, on: bool) -> Thing:
        """Stripe stops or resumes the account's charges and payouts."""
        accounts.set_ready(self._box, self._box.account(account), on)
        return {"account": account, "charges_enabled": on}

    def change_bank(self, account: str, last4: str) -> Thing:
        return snapshot(accounts.change_bank(self._box, self._box.account(account), last4))

    def pay_out(self, account: str, fails: bool = False) -> Thing:
        due.advance(self._box)
        return snapshot(payouts.pay_out(self._box, self._box.account(account), fails=fails))

    def add_account(
        self,
        account: str,
        name: str,
        last4: str = "6789",
        ach: bool = True,
        controlled_elsewhere: bool = False,
    ) -> Thing:
        """Another Standard account that somebody already has."""
        email = f"{account.removeprefix('acct_')}@example.com"
        made = accounts.add_standard(
            self._box, account, name=name, email=email, last4=last4, ach=ach, controlled_elsewhere=controlled_elsewhere
        )
        return snapshot(made.object)

    # --- connecting -------------------------------------------------------------------------------------------------
    def authorize(self, url: str, account: str) -> Thing:
        """Follows an authorize address as the account's owner and agrees. Returns ``location``, where it leads back."""
        asked = dict(parse_qsl(urlsplit(url).query))
        uri, scope = self._asked(asked)
        code = accounts.grant(self._box, self._box.account(account), scope, uri)
        return {"location": back(uri, asked, code=code, scope=scope)}

    def refuse(self, url: str) -> Thing:
        """Follows an authorize address and says no."""
        asked = dict(parse_qsl(urlsplit(url).query))
        uri, _ = self._asked(asked)
        return {"location": denied(uri, asked)}

    def _asked(self, asked: dict[str, str]) -> tuple[str, str]:
        try:
            return accounts.check_authorize(self._box, asked)
        except OAuthRefusal as no:
            raise Refusal(no.body["error_description"], code=no.body["error"]) from no

    def onboard(self, url: str, name: str = "", last4: str = "4321", complete: bool = True) -> Thing:
        """Follows an Account Link and fills it in, or leaves half way. Returns ``location``."""
        link, fresh = accounts.open_link(self._box, urlsplit(url).path.rstrip("/").rsplit("/", 1)[-1])
        if not fresh:
            return {"location": link.refresh_url}
        if complete:
            accounts.finish_onboarding(self._box, link.finish_token, name=name, last4=last4)
        else:
            accounts.leave_onboarding(self._box, link.finish_token)
        return {"location": link.return_url}

    # --- deliveries and keys ----------------------------------------------------------------------------------------
    def register_endpoint(
        self, url: str, secret: str | None = None, events: list[str] | None = None, connect: bool = True
    ) -> Thing:
        made = endpoints.register(self._box, url, secret=secret, events=events, connect=connect)
        return {"id": made.id, "url": made.url, "secret": made.secret}

    def plan_deliveries(
        self,
        next: int = 1,
        late_seconds: int = 0,
        double: bool = False,
        twin: bool = False,
        reorder: bool = False,
        drop: bool = False,
        types: str = ".*",
    ) -> Thing:
        """What happens to the next deliveries (see ``state.Plan``). Plans are used up in the order of making."""
        self._box.state.plans.append(Plan(next, late_seconds, double, twin, reorder, drop, types))
        return {"plans": len(self._box.state.plans)}

    def hold_key(self, account: str, key: str, times: int = 1) -> Thing:
        """The next ``times`` requests with this idempotency key meet one still in progress: 409."""
        self._box.state.busy_keys[(account, key)] = times
        return {"key": key, "times": times}

    # --- finding ----------------------------------------------------------------------------------------------------
    def _charge(self, payment: str) -> tuple[Account, Thing]:
        for account in self._box.state.accounts.values():
            intent = account.held["payment_intent"].get(payment)
            charge_id = intent["latest_charge"] if intent else payment
            if charge_id in account.held["charge"]:
                return account, account.held["charge"][charge_id]
        raise Refusal(f"No such payment: {payment}", status=404, code="resource_missing")

    def _thing(self, kind: str, thing_id: str) -> tuple[Account, Thing]:
        for account in self._box.state.accounts.values():
            if thing_id in account.held[kind]:
                return account, account.held[kind][thing_id]
        raise Refusal(f"No such {kind}: {thing_id}", status=404, code="resource_missing")


def back(uri: str, asked: dict[str, str], **found: str) -> str:
    """The redirect address with what was found and the caller's ``state``."""
    state = {"state": asked["state"]} if "state" in asked else {}
    return uri + ("&" if "?" in uri else "?") + urlencode({**found, **state})


def denied(uri: str, asked: dict[str, str]) -> str:
    return back(uri, asked, error="access_denied", error_description="The user denied your request")
