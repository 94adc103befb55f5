"""What the flows ask of the world. The store and the neighbours' clients have these shapes; so do the tests' fakes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

from chalicelib.flow.credit_ports import BookedCredits, ClioCredits
from chalicelib.flow.news_ports import BookNews, ClioNews
from chalicelib.flow.trust_ports import ClioTrust, QuickBooksTrust

if TYPE_CHECKING:  # shapes only: a cold start must not build the classes that they name
    from chalicelib.domain import readings as r
    from chalicelib.domain.kernel import Call, Commit, Effect, EffectSlice, Held, Json, Line, Ref, Slice
    from chalicelib.domain.profile import Change
    from chalicelib.domain.wanted import Letter, Wanted, WantedSession


class Store(Protocol):
    """A few verbs. Two implementations (DynamoDB, in memory) pass one contract test: tests/store/test_contract.py.

    Raises Conflict when a condition fails and Unavailable when throttled. Nothing here scans a table.
    """

    # states and journal
    def load(self, ref: Ref) -> Held:
        """The state as last committed (strongly consistent)."""

    def load_many(self, refs: Sequence[Ref]) -> list[Held]:
        """In the order asked, missing ones with version 0; batched reads."""
        ...

    def commit(self, commit: Commit) -> None:
        """All or nothing. Conditions: each change's expected version; each Finish's arrivals/call while not done;
        each guard free or held by the same holder. Effects are put if absent: one that exists already stays as it is
        and is no conflict. A Finish of a missing effect raises Conflict when it names arrivals or a call, else it is
        nothing. Raises Conflict; ValueError over 90 actions or a state over 64 KB."""
        ...

    def journal(self, ref: Ref, *, after: int = 0, limit: int = 100) -> list[Line]:
        """Lines of one aggregate in order, those with version > after."""
        ...

    def listed(
        self, partition: str, *, limit: int, cursor: str | None = None, descending: bool = False, begins: str = ""
    ) -> Slice:
        """One page of index ``list``: reads ``limit`` items and no more."""
        ...

    def grouped(
        self, partition: str, *, limit: int, cursor: str | None = None, descending: bool = False, begins: str = ""
    ) -> Slice:
        """One page of index ``group``."""
        ...

    def held_by(self, guard: str) -> str | None:
        """Who holds a uniqueness guard."""

    def holders(self, guards: Sequence[str]) -> dict[str, str]:
        """Who holds each of these that is held; batched reads."""

    # documents
    def put_document(self, key: str, body: bytes, *, now: datetime) -> None:
        """Writes an immutable item; it is swept after two days unless a commit names it. The same
        key again changes nothing."""
        ...

    def document(self, key: str) -> bytes | None: ...

    # effects
    def effect(self, key: str) -> Effect | None: ...

    def arrive(self, effect: Effect) -> None:
        """A pointer came: puts the effect, or adds one to ``arrivals`` of the one there and makes it owed again, due
        at the earlier of the two times (a done or parked one: at the new time). The body is laid over an owed one's,
        and takes the place of any other's."""
        ...

    def due(self, shard: int, now: datetime, *, limit: int) -> list[tuple[str, str]]:
        """(effect key, lane) of one shard of the sparse index, ``due_at <= now``, oldest first (eventually
        consistent)."""
        ...

    def lane_due(self, lane: str, now: datetime, *, limit: int) -> list[Effect]:
        """Owed effects of one lane that are due, oldest first (eventually consistent; commits re-check)."""
        ...

    def lane_owed(self, lane: str, *, limit: int) -> list[Effect]:
        """Owed effects of one lane, due or not, soonest first."""
        ...

    def postpone(self, key: str, due_at: datetime, *, cause: str = "", tries: int | None = None) -> None:
        """Moves an owed effect's time (no condition but that it is still owed); ``cause`` is shown, why it waits."""
        ...

    def park(
        self,
        key: str,
        *,
        reason: str,
        remedy: str,
        detail: str,
        arrivals: int | None = None,
        body: Json | None = None,
    ) -> None:
        """Parks an owed effect so that a person sees it; ``body`` is laid over its body. Raises Conflict when arrivals
        moved."""
        ...

    def retry(self, key: str, now: datetime, *, body: Json | None = None) -> bool:
        """A person retries a parked effect: owed again, due now, tries 0, ``body`` laid over its body. False if it was
        not parked."""
        ...

    def parked(self, firm: str, *, limit: int, cursor: str | None = None) -> EffectSlice:
        """A firm's parked effects and tasks, newest first."""
        ...

    # calls
    def begin(self, call: Call) -> None:
        """Stores the call and marks each member "in this call", only if each is owed and in no live call. Conflict."""
        ...

    def sending(self, call: str, now: datetime) -> Call:
        """Counts one more try and the time, before sending. Conflict if the call is done."""
        ...

    def end(self, call: str) -> None:
        """The call is over: members that still name it are free again."""
        ...

    def free(self, call: str, key: str) -> None:
        """One member leaves a live call (looked up, not done): it may go into another."""
        ...

    def call(self, id: str) -> Call | None: ...

    def live_calls(self, lane: str) -> list[Call]:
        """Calls of a lane that are not over (strong enough: a commit re-checks membership)."""
        ...

    # plain records: settings of the machine, not of the books
    def record(self, pk: str, sk: str) -> tuple[int, Json] | None:
        """(version, body) or None. An expired one is None."""
        ...

    def put_record(
        self, pk: str, sk: str, body: Json, *, expected: int | None = None, expires: datetime | None = None
    ) -> int:
        """Writes a record; ``expected`` is the version seen (0 = must not exist), None writes blindly. Gives the new
        version. Raises Conflict."""
        ...

    def delete_record(self, pk: str, sk: str) -> None: ...

    def records(
        self, pk: str, *, begins: str = "", limit: int = 100, descending: bool = False
    ) -> list[tuple[str, Json]]:
        """(sk, body) of one partition."""
        ...


class Clio(ClioTrust, ClioCredits, ClioNews, Protocol):
    """Clio Manage. ``account`` of an Access is ``<region>/<account id>``. Reads raise Expired on 401, Unavailable on
    429/5xx/time-out, Declined on 403/404/422/412 (code = HTTP status as text, or ``error.type``)."""

    def authorize_url(self, region: str, state: str, redirect_uri: str) -> str: ...
    def exchange(self, region: str, code: str, redirect_uri: str) -> r.Tokens: ...
    def refresh(self, region: str, refresh_token: str) -> r.Tokens: ...
    def revoke(self, region: str, token: str) -> None: ...
    def who(self, access: r.Access) -> r.Person: ...
    def may_see(self, access: r.Access) -> dict[str, bool]:
        """bills, contacts, allocations, accounts, transactions -> may this token see them? One small read of each."""
        ...

    def currency(self, access: r.Access) -> str: ...
    def bills(
        self, access: r.Access, *, updated_since: datetime | None = None, state: str = "", next: str | None = None
    ) -> r.Page[r.BillReading]:
        """A page of up to 200 bills in id order. Rows that cannot be understood come as Broken."""
        ...

    def bills_by_id(self, access: r.Access, ids: Sequence[str]) -> r.Page[r.BillReading]:
        """Up to 200 bills by id in one call, whatever their state; ids that are absent are not shown."""
        ...

    def bill(self, access: r.Access, id: str) -> r.BillReading:
        """One bill; Declined("404") when not visible; Unreadable when it cannot be understood."""
        ...

    def lines(self, access: r.Access, bill_id: str) -> tuple[r.BillLine, ...]:
        """All printed lines, every page. Raises Unreadable."""
        ...

    def receipts(
        self,
        access: r.Access,
        *,
        bill_id: str = "",
        group: str = "",
        updated_since: datetime | None = None,
        next: str | None = None,
    ) -> r.Page[r.Receipt]:
        """Allocations, in id order; of a bill, of a payment (parent), or changed since. Voided ones are included."""
        ...

    def client(self, access: r.Access, id: str) -> r.ClientReading:
        """A contact, whole. Declined("404") when there is none that this user may see."""
        ...

    def clients(
        self, access: r.Access, *, updated_since: datetime | None = None, next: str | None = None
    ) -> r.Page[r.ClientReading]:
        """A page of up to 200 contacts, whole, in id order."""
        ...

    def clients_by_id(self, access: r.Access, ids: Sequence[str]) -> r.Page[r.ClientReading]:
        """Up to 200 contacts by id in one call, whole; ids that are absent are not shown."""
        ...

    def newest_numbers(self, access: r.Access) -> tuple[str, ...]:
        """The numbers of the 200 bills that were made last, newest first, in one call."""
        ...

    def change_client(self, access: r.Access, reading: r.ClientReading, changes: Sequence[Change]) -> None:
        """PATCH of these fields with If-Match. Declined("412") when the contact moved; Declined otherwise when
        refused; Unavailable(maybe_done=True) when the answer is lost."""
        ...

    def contact_link(self, account: str, id: str) -> str:
        """The address of a contact in Clio for a person."""
        ...

    def mark_paid(self, access: r.Access, bill_id: str, etag: str) -> None:
        """PATCH state=paid with If-Match. Declined("412") when the bill moved; Declined otherwise when refused."""
        ...

    def bill_link(self, account: str, bill_id: str) -> str:
        """The address of a bill in Clio for a person."""
        ...


class QuickBooks(QuickBooksTrust, BookedCredits, BookNews, Protocol):
    """QuickBooks Online. ``account`` of an Access is the realm id. Expired on 401 (3200), Disconnected on 3100/120,
    Unavailable on 429/5xx/time-out (``maybe_done`` for writes), Declined for other faults with QuickBooks' code."""

    def authorize_url(self, state: str, redirect_uri: str) -> str: ...
    def exchange(self, code: str, redirect_uri: str) -> r.Tokens: ...
    def refresh(self, refresh_token: str) -> r.Tokens:
        """Raises Declined("invalid_grant") when the refresh token is dead."""
        ...

    def revoke(self, refresh_token: str) -> None: ...
    def books(self, access: r.Access, *, whole: bool = False) -> r.Books:
        """Company, preferences, 1000 accounts and items, in one batch. ``whole``: all of these, by further calls."""

    def customers_named(self, access: r.Access, names: Sequence[str]) -> list[r.CustomerReading]:
        """Active and inactive customers of these display names, however they are spelt (one query)."""

    def customers(self, access: r.Access, start: int, size: int) -> list[r.CustomerReading]:
        """A page of active customers in id order; ``start`` counts from 1, ``size`` is at most 1000."""

    def customers_by_id(self, access: r.Access, ids: Sequence[str]) -> list[r.CustomerReading]:
        """Up to 200 ids in one query, active or not; ids that are unknown there are absent."""
        ...

    def names_taken(self, access: r.Access, names: Sequence[str]) -> dict[str, str]:
        """name -> "vendor" | "employee" for names that another kind of list entry holds (one batch)."""

    def names_held(self, access: r.Access, start: int = 1) -> tuple[dict[str, str], bool]:
        """A page of names that no active customer holds, and who does; whether more follow; ``start``: 1, 1001 ..."""

    def invoices_numbered(self, access: r.Access, numbers: Sequence[str]) -> list[r.InvoiceReading]: ...
    def invoices_by_id(self, access: r.Access, ids: Sequence[str]) -> list[r.InvoiceReading]:
        """One call for up to 6000 ids, as with all that ends in ``_by_id``; deleted ones are absent."""

    def invoices_compared(self, access: r.Access, ids: Sequence[str]) -> list[r.InvoiceReading]:
        """As ``invoices_by_id``, of each only what a comparison looks at, so that a thousand are a small answer: no
        message, payments, currency and time. Declined where QuickBooks gives no lists of columns."""

    def payments_by_id(self, access: r.Access, ids: Sequence[str]) -> list[r.BookedPayment]: ...
    def payments_on(self, access: r.Access, customer: str, on: date) -> list[r.BookedPayment]:
        """Payments of one customer dated that day: the look-up before a payment may be written again."""
        ...

    def request(self, members: Sequence[tuple[str, Wanted]]) -> Json:
        """The exact batch to store and send; (bId, what). At most 30; bIds at most 10 characters."""
        ...

    def send(self, access: r.Access, request: Json, request_id: str) -> dict[str, r.Wrote]:
        """Sends the stored batch; bId -> outcome. Unavailable(maybe_done=True) when the answer is lost."""
        ...


class Stripe(Protocol):
    """Stripe with Connect. Unavailable on time-outs, 429, 5xx (``maybe_done`` for writes); Declined with Stripe's code;
    Disconnected when the account is no longer ours (403, account_invalid)."""

    def authorize_url(self, state: str, redirect_uri: str) -> str: ...
    def exchange(self, code: str) -> str:
        """The connected account's id."""
        ...

    def deauthorize(self, account: str) -> None: ...
    def create_trust_account(self, *, firm: str, name: str, email: str, key: str) -> str:
        """Connect onboarding account with ``controller.fees.payer=application``; ``key`` = idempotency key."""
        ...

    def onboarding_url(self, account: str, return_url: str, refresh_url: str) -> str: ...
    def account(self, account: str) -> r.StripeAccount: ...
    def session_request(self, wanted: WantedSession) -> Json:
        """The exact parameters to store in the call record."""
        ...

    def create_session(self, account: str, request: Json, key: str) -> r.SessionReading: ...
    def session(self, account: str, id: str) -> r.SessionReading: ...
    def session_of_intent(self, account: str, intent: str) -> r.SessionReading | None: ...
    def sessions_since(self, account: str, since: datetime) -> list[r.SessionReading]:
        """Sessions created at or after ``since`` (all pages, without charges): to find one whose answer was lost."""
        ...

    def expire(self, account: str, id: str) -> r.SessionReading:
        """Expires an open session; a session that is no longer open is read and given back."""
        ...

    def events(self, account: str, *, since: datetime) -> list[r.EventPointer]:
        """Pointers of an account's events created at or after ``since`` (at most 30 days back; all pages)."""
        ...

    def reversed_since(self, account: str, *, since: datetime) -> list[str]:
        """Payment intents that a dispute or refund made at or after ``since`` is about, however long ago (all)."""
        ...


class Mail(Protocol):
    """SES. ``compose`` is pure; ``send`` raises Unavailable(maybe_done=False) when SES refused for now,
    Unavailable(maybe_done=True) when the answer was lost, Declined when this mail will never be accepted."""

    def compose(self, letter: Letter) -> bytes: ...
    def render(self, kind: str, context: Json) -> tuple[str, str]:
        """(text, html) of a letter: reminder, receipt, failed or digest. Pure."""
        ...

    def send(self, raw: bytes, *, to: str, tag: str) -> str:
        """Gives SES' message id."""
        ...


class Seal(Protocol):
    """Encrypts tokens under the firm and neighbour as encryption context (KMS)."""

    def seal(self, clear: str, *, firm: str, neighbour: str) -> str: ...
    def open(self, sealed: str, *, firm: str, neighbour: str) -> str: ...


class Queue(Protocol):
    def hint(self, lanes: Iterable[str], after: float = 0) -> None:
        """Tells workers, ``after`` so many seconds, that these lanes have something due. May be lost or doubled: the
        sweep still gets there."""
        ...


class World(Protocol):
    """All that the program can touch."""

    def now(self) -> datetime: ...
    def secret(self, bytes: int = 32) -> str:
        """A fresh unguessable token, URL safe."""
        ...

    def log(self, event: str, **fields: object) -> None: ...
    def count(self, metric: str, value: float = 1, **dimensions: str) -> None: ...

    @property
    def store(self) -> Store: ...
    @property
    def queue(self) -> Queue: ...
    @property
    def seal(self) -> Seal: ...
    @property
    def clio(self) -> Clio: ...
    @property
    def quickbooks(self) -> QuickBooks: ...
    @property
    def stripe(self) -> Stripe: ...
    @property
    def mail(self) -> Mail: ...
    @property
    def public_url(self) -> str:
        """No slash at the end. Pages and pay links are built from it."""
        ...

    @property
    def hooks_url(self) -> str:
        """Where neighbours may send webhooks, no slash at the end; empty where they cannot: Clio takes https only."""
        ...

    @property
    def stage(self) -> str: ...
