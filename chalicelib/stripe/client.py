"""Stripe through its own package: Connect, Checkout Sessions, events (reference/stripe.md). Satisfies
``flow.ports.Stripe``. Acts for a firm by the header ``Stripe-Account`` (direct charges). Logs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

import requests

from chalicelib.domain import readings as r
from chalicelib.domain.kernel import Json
from chalicelib.domain.raw import Raw
from chalicelib.domain.wanted import WantedSession
from chalicelib.errors import Declined, Disconnected, Outside, Unavailable
from chalicelib.stripe import wire

if TYPE_CHECKING:
    import stripe

T = TypeVar("T")

PAGE = 100  # reference/stripe.md 6
WITH_MONEY = ["payment_intent.latest_charge.balance_transaction"]
BUSY_SECONDS = 5.0
FAULT_SECONDS = 30.0
OUR_KEY_SECONDS = 300.0  # the platform's own key is refused: nothing of a firm's may park for that


class StripeClient:
    """``secret_key`` is the platform's. ``api_base`` and ``connect_base`` without a slash at the end."""

    def __init__(
        self,
        *,
        secret_key: str,
        client_id: str,
        api_base: str,
        connect_base: str,
        session: requests.Session,
        connect_seconds: float = 3.0,
        read_seconds: float = 8.0,
    ) -> None:
        self._key = secret_key
        self.client_id = client_id
        self.api_base = api_base.rstrip("/")
        self.connect_base = connect_base.rstrip("/")
        self.http = session
        self.timeout = (connect_seconds, read_seconds)

    @property
    def livemode(self) -> bool:
        """By the key: sk_live_ and rk_live_ are real money."""
        return "_live_" in self._key

    @cached_property
    def _stripe(self) -> stripe.StripeClient:
        import stripe

        stripe.enable_telemetry = False
        return stripe.StripeClient(
            self._key,
            base_addresses={"api": self.api_base, "connect": self.connect_base},
            http_client=stripe.RequestsClient(session=self.http, timeout=self.timeout),
            max_network_retries=0,  # the call records repeat, not the library
        )

    # --- Connect (reference/stripe.md 3, 4) -------------------------------------------------------------------------
    def authorize_url(self, state: str, redirect_uri: str) -> str:
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "scope": "read_write",  # the default is read_only
            "state": state,
            "redirect_uri": redirect_uri,
        }
        return f"{self.connect_base}/oauth/authorize?{urlencode(asked)}"

    def exchange(self, code: str) -> str:
        """Only the account's id is kept: the tokens that come along are full keys. Declined("invalid_grant") for a used
        code; Declined("scope") or ("livemode") when the account was joined with less than we need."""
        params: Any = {"grant_type": "authorization_code", "code": code}
        told = self._ask(lambda: self._stripe.oauth.token(params=params).to_dict(), write=True)
        if told.get("scope") != "read_write":
            raise Declined("scope", "The account was connected for reading only.", str(told.get("scope")))
        if bool(told.get("livemode")) != self.livemode:
            raise Declined("livemode", "A test account cannot be used for real money, nor the other way round.")
        return str(told["stripe_user_id"])

    def deauthorize(self, account: str) -> None:
        """An account that is no longer connected is no error."""
        params: Any = {"client_id": self.client_id, "stripe_user_id": account}
        try:
            self._ask(lambda: self._stripe.oauth.deauthorize(params=params), write=True)
        except Declined as no:
            if no.code != "invalid_client":
                raise

    def create_trust_account(self, *, firm: str, name: str, email: str, key: str) -> str:
        params: Any = wire.trust_account_params(firm, name, email)
        made = self._ask(
            lambda: self._stripe.v1.accounts.create(params=params, options={"idempotency_key": key}), write=True
        )
        return str(made.id)

    def onboarding_url(self, account: str, return_url: str, refresh_url: str) -> str:
        """Good once and for minutes: make it when the person clicks."""
        params: Any = {
            "account": account,
            "type": "account_onboarding",
            "return_url": return_url,
            "refresh_url": refresh_url,
        }
        return str(self._ask(lambda: self._stripe.v1.account_links.create(params=params), write=True).url)

    def account(self, account: str) -> r.StripeAccount:
        row = self._ask(lambda: self._stripe.v1.accounts.retrieve(account).to_dict(), write=False)
        return wire.account(row, livemode=self.livemode)

    # --- sessions (reference/stripe.md 5) ---------------------------------------------------------------------------
    def session_request(self, wanted: WantedSession) -> Json:
        return wire.session_params(wanted)

    def create_session(self, account: str, request: Json, key: str) -> r.SessionReading:
        """``key``: idempotency key; the same key with the same request gives the same session for a day (6)."""
        params: Any = request
        options: Any = {"stripe_account": account, "idempotency_key": key}
        sessions = self._stripe.v1.checkout.sessions
        return wire.session(self._ask(lambda: sessions.create(params=params, options=options).to_dict(), write=True))

    def session(self, account: str, id: str) -> r.SessionReading:
        """With its intent, charge, balance transaction, refunds and disputes: one to three requests."""
        sessions, options = self._stripe.v1.checkout.sessions, _on(account)
        row = self._ask(lambda: sessions.retrieve(id, {"expand": WITH_MONEY}, options).to_dict(), write=False)
        intent = row.get("payment_intent")
        if not isinstance(intent, dict) or not intent.get("latest_charge"):
            return wire.session(row)
        of: Any = {"payment_intent": intent["id"], "limit": PAGE}
        refunds = self._all(lambda: self._stripe.v1.refunds.list(of, options))
        disputes = self._all(lambda: self._stripe.v1.disputes.list(of, options))
        return wire.session(row, refunds, disputes)

    def session_of_intent(self, account: str, intent: str) -> r.SessionReading | None:
        """The session that made this payment, without its money; None when none did."""
        sessions = self._stripe.v1.checkout.sessions
        asked: Any = {"payment_intent": intent, "limit": 1}
        try:
            found = self._ask(lambda: sessions.list(asked, _on(account)).to_dict(), write=False)["data"]
        except Declined as no:
            if no.code != "resource_missing":
                raise
            return None
        return wire.session(found[0]) if found else None

    def sessions_since(self, account: str, since: datetime) -> list[r.SessionReading]:
        sessions = self._stripe.v1.checkout.sessions
        asked: Any = {"created": {"gte": int(since.timestamp())}, "limit": PAGE}
        return [wire.session(row) for row in self._all(lambda: sessions.list(asked, _on(account)))]

    def expire(self, account: str, id: str) -> r.SessionReading:
        sessions = self._stripe.v1.checkout.sessions
        try:
            self._ask(lambda: sessions.expire(id, None, _on(account)), write=True)
        except Declined as no:
            if no.status != 400:
                raise
        return self.session(account, id)

    # --- events (reference/stripe.md 7) -----------------------------------------------------------------------------
    def events(self, account: str, *, since: datetime) -> list[r.EventPointer]:
        """Oldest first. Of the types that we follow."""
        asked: Any = {"created": {"gte": int(since.timestamp())}, "types": wire.EVENT_TYPES, "limit": PAGE}
        rows = self._all(lambda: self._stripe.v1.events.list(asked, _on(account)))
        return [wire.pointer({"account": account, **row}) for row in reversed(rows)]

    def reversed_since(self, account: str, *, since: datetime) -> list[str]:
        """The lists go back further than events do; both take ``created`` as the list of sessions does (5)."""
        asked: Any = {"created": {"gte": int(since.timestamp())}, "limit": PAGE}
        v1, on = self._stripe.v1, _on(account)
        rows = self._all(lambda: v1.disputes.list(asked, on)) + self._all(lambda: v1.refunds.list(asked, on))
        return list(dict.fromkeys(filter(None, map(wire.intent_of, rows))))

    # --- asking -----------------------------------------------------------------------------------------------------
    def _all(self, ask: Callable[[], Any]) -> list[Raw]:
        """Every page's rows."""
        return self._ask(lambda: [row.to_dict() for row in ask().auto_paging_iter()], write=False)

    def _ask(self, do: Callable[[], T], *, write: bool) -> T:
        import stripe

        try:
            return do()
        except stripe.StripeError as no:
            raise error(no, write=write) from no


def _on(account: str) -> Any:
    """The account goes into the options: among the parameters it would be a form field (reference/stripe.md 1)."""
    return {"stripe_account": account}


def error(no: stripe.StripeError, *, write: bool) -> Outside:
    """Stripe's errors in ours (reference/stripe.md 1). ``write``: a lost answer may have been carried out."""
    import stripe

    status, code = no.http_status or 0, str(no.code or "")
    words = str(no.user_message or no)
    if isinstance(no, stripe.APIConnectionError):
        return Unavailable("Stripe's answer was lost", after=FAULT_SECONDS, maybe_done=write)
    if isinstance(no, stripe.RateLimitError):
        return Unavailable("Stripe's rate limit", after=_after(no))
    if isinstance(no, stripe.oauth_error.OAuthError):
        return Declined(code, "Stripe refused the connection", words, status)
    if isinstance(no, stripe.PermissionError) or code == "account_invalid":
        return Disconnected("", "stripe", words)
    if isinstance(no, stripe.AuthenticationError):
        return Unavailable("Stripe refused the platform's own key", after=OUR_KEY_SECONDS)
    if isinstance(no, stripe.IdempotencyError):
        return Declined("idempotency_error", words, status=status)
    if isinstance(no, stripe.InvalidRequestError | stripe.CardError):
        return Declined(code or "invalid_request", words, str(no.param or ""), status)
    return Unavailable(f"Stripe answered {status}", after=FAULT_SECONDS, maybe_done=write)


def _after(no: stripe.StripeError) -> float:
    after = str((no.headers or {}).get("Retry-After", ""))
    return max(float(after), 1.0) if after.isdigit() else BUSY_SECONDS
