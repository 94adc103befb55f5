"""Every effect the program can owe: its kind, its key that never changes, its lane. One constructor each.

Keys hold the aggregate's revision or round, never a hash of content (design section 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from chalicelib.domain.kernel import Effect, Json, Neighbour, Status, lane_of


class Do(StrEnum):
    """The kinds of effects; ``flow/act.py`` has one actor for each."""

    POLL_CLIO = "clio.poll"
    LOOK_BILL = "clio.bill"
    LOOK_GROUP = "clio.payment"
    LOOK_CREDIT = "clio.credit"
    LOOK_CLIENT = "clio.client"
    LOOK_MATTER = "clio.matter"
    READ_LINES = "clio.lines"
    MARK_PAID = "clio.mark_paid"
    BILL_MEMO = "clio.memo"
    KEEP_HOOKS = "clio.hooks"
    LOOK_MOVE = "clio.move"
    TRUST_CHECK = "clio.trust"
    TRUST_SWEEP = "clio.trust_sweep"
    CHANGE_CLIENT = "clio.change_client"
    CUSTOMER = "quickbooks.customer"
    SUB_CUSTOMER = "quickbooks.subcustomer"
    LOOK_CUSTOMER = "quickbooks.look_customer"
    LOOK_SUB_CUSTOMER = "quickbooks.look_subcustomer"
    POLL_BOOKS = "quickbooks.poll"
    LOOK_BOOKED = "quickbooks.look"
    INVOICE = "quickbooks.invoice"
    POSTING = "quickbooks.payment"
    HOLDER = "quickbooks.subaccount"
    JOURNAL = "quickbooks.journal"
    CREDIT = "quickbooks.credit"
    OPEN_SESSION = "stripe.open"
    LOOK_SESSION = "stripe.session"
    LOOK_INTENT = "stripe.intent"
    LOOK_ACCOUNT = "stripe.account"
    EXPIRE_SESSION = "stripe.expire"
    POLL_STRIPE = "stripe.poll"
    REMIND = "mail.remind"
    RECEIPT = "mail.receipt"
    WATCH_MAIL = "mail.watch"
    DIGEST = "mail.digest"
    ITEM_MATCHED = "self.matched"
    REPOST = "self.repost"
    TRY_ALL = "self.tries"
    RESYNC = "self.resync"
    RECONCILE = "self.reconcile"
    PREFLIGHT = "self.preflight"
    RENEW = "self.renew"
    REDRAW = "self.redraw"
    FIRST_SYNC = "self.first"
    FOLD = "self.fold"
    LEDGER = "self.ledger"
    TRUST_BEGIN = "self.trust"
    TASK = "task"


@dataclass(frozen=True, slots=True)
class Lanes:
    """A firm's lanes, from its connections: an account that is not connected has an empty name and its lane waits.

    ``generation``: of the links to QuickBooks (docs/decisions/0016-generations.md). A later one has a lane of its own,
    so that what an earlier one still owes, or has in a call, is never sent to the new books.
    """

    firm: str
    clio: str = ""
    realm: str = ""
    operating: str = ""
    trust: str = ""
    generation: int = 1

    @property
    def book(self) -> str:
        """The QuickBooks company in this generation: what guards of links are kept under."""
        return self.realm if self.generation == 1 else f"{self.realm}~{self.generation}"

    def of(self, neighbour: Neighbour, account: str = "") -> str:
        books = self.realm if self.generation == 1 else f"~{self.generation}"
        accounts = {Neighbour.CLIO: self.clio, Neighbour.QUICKBOOKS: books}
        return lane_of(self.firm, neighbour, account or accounts.get(neighbour, ""))


def generation_in(lane: str) -> int:
    """Of which generation of links a QuickBooks lane is."""
    account = lane.rpartition("|")[2]
    return int(account.removeprefix("~")) if account.startswith("~") else 1


def linked_name(id: str, generation: int) -> str:
    """Names what is linked in QuickBooks in this generation of links: in a later one, its id may be another thing's."""
    return id if generation == 1 else f"{id}~{generation}"


def owed(
    firm: str,
    kind: Do,
    name: str,
    about: str,
    lane: str,
    at: datetime,
    *,
    body: Json | None = None,
    after: tuple[str, ...] = (),
    title: str = "",
) -> Effect:
    """An effect whose key is ``<firm>/<kind>/<name>``."""
    return Effect(
        key=key_of(firm, kind, name),
        kind=kind,
        firm=firm,
        about=about,
        lane=lane,
        due_at=at,
        after=after,
        body=body or {},
        title=title,
    )


def key_of(firm: str, kind: Do, name: str) -> str:
    return f"{firm}/{kind}/{name}"


def broken_name(entity: str, id: str, book: str, breaks: int, generation: int) -> str:
    """The task about what people did to what this ``invoice`` or ``payment`` is linked to, for the nth time."""
    return f"broken/{entity}/{id}/{linked_name(book, generation)}/{breaks}"


def task(
    firm: str, name: str, about: str, at: datetime, *, title: str, reason: str, remedy: str, body: Json | None = None
) -> Effect:
    """Something only a person can do: born parked, closed by the decision that sees it done."""
    return Effect(
        key=key_of(firm, Do.TASK, name),
        kind=Do.TASK,
        firm=firm,
        about=about,
        lane=lane_of(firm, Neighbour.SELF),
        due_at=at,
        body=body or {},
        status=Status.PARKED,
        title=title,
        reason=reason,
        remedy=remedy,
    )


def look_bill(firm: str, lane: str, bill: str, at: datetime, title: str = "", *, receipts: bool = True) -> Effect:
    """``receipts``: what was received on it is read whatever the bill's own figures say. A pointer that asks for it is
    not forgotten for a later one that does not: bodies are laid over each other while the look is owed."""
    body: Json = {"bill": bill, **({"receipts": True} if receipts else {})}
    return owed(firm, Do.LOOK_BILL, bill, f"payable/{bill}", lane, at, body=body, title=title)


def look_group(firm: str, lane: str, group: str, at: datetime) -> Effect:
    return owed(firm, Do.LOOK_GROUP, group, f"payment/clio-{group}", lane, at, body={"group": group})


def look_credit(firm: str, lane: str, memo: str, at: datetime) -> Effect:
    return owed(firm, Do.LOOK_CREDIT, memo, f"credit/{memo}", lane, at, body={"credit": memo})


def look_client(firm: str, lane: str, client: str, at: datetime, why: str = "") -> Effect:
    """``why``: ``again``, a person retries what hangs on it, so that its customer step is owed anew; or ``deleted``."""
    body: Json = {"client": client, **({why: True} if why else {})}
    name = f"{client}/again" if why == "again" else client
    return owed(firm, Do.LOOK_CLIENT, name, f"contact/{client}", lane, at, body=body)


def read_client(firm: str, lane: str, client: str, at: datetime) -> Effect:
    """The first reading of a client that a bill brought: owed once, whatever pointers at it came before."""
    name, about = f"{client}/first", f"contact/{client}"
    return owed(firm, Do.LOOK_CLIENT, name, about, lane, at, body={"client": client})


def look_matter(firm: str, lane: str, client: str, matter: str, at: datetime, told: str = "") -> Effect:
    """``told``: its number as a bill of the client shows it."""
    body: Json = {"client": client, "matter": matter, **({"told": told} if told else {})}
    return owed(firm, Do.LOOK_MATTER, f"{client}.{matter}", f"contact/{client}", lane, at, body=body)


def change_client(firm: str, lane: str, contact: str, revision: int, at: datetime, title: str) -> Effect:
    """What changed in QuickBooks goes to Clio."""
    name, body = f"{contact}/{revision}", {"contact": contact, "revision": revision}
    return owed(firm, Do.CHANGE_CLIENT, name, f"contact/{contact}", lane, at, body=body, title=title)


def first_look(firm: str, lane: str, customer_id: str, at: datetime) -> Effect:
    """The first reading of a customer that was linked without one: owed once."""
    body: Json = {"customer": customer_id}
    name = linked_name(customer_id, generation_in(lane))
    return owed(firm, Do.LOOK_CUSTOMER, f"{name}/first", f"customer/{customer_id}", lane, at, body=body)


def look_customer(firm: str, lane: str, customer_id: str, at: datetime, into: str = "") -> Effect:
    """A pointer at a customer in QuickBooks; one that no client is linked to is let be. ``into``: the customer that it
    is said to be merged into."""
    body: Json = {"customer": customer_id, **({"into": into} if into else {})}
    name = linked_name(customer_id, generation_in(lane))
    return owed(firm, Do.LOOK_CUSTOMER, name, f"customer/{customer_id}", lane, at, body=body)


def poll_books(firm: str, lane: str, book: str, at: datetime, heard: str = "") -> Effect:
    """What people changed in QuickBooks. ``book``: the company in this generation of links; ``heard``: when QuickBooks
    last told us that something did (UTC)."""
    body: Json = {"heard": heard} if heard else {}
    return owed(firm, Do.POLL_BOOKS, book, "firm", lane, at, body=body)


def look_booked(firm: str, lane: str, entity: str, id: str, about: str, at: datetime) -> Effect:
    """A pointer at an invoice or payment in QuickBooks that is linked to ``about``."""
    body: Json = {"entity": entity, "id": id}
    name = linked_name(f"{entity.lower()}-{id}", generation_in(lane))
    return owed(firm, Do.LOOK_BOOKED, name, about, lane, at, body=body)


def repost(firm: str, what: str, payable: str, revision: int, at: datetime) -> Effect:
    """To its ``payable``'s other invoice, at that one's ``revision``. ``what``: ``payment/<id>`` or ``credit/<id>``."""
    kind, _, id = what.partition("/")
    name = f"{id if kind == 'payment' else what}/{payable}/{revision}"
    return owed(firm, Do.REPOST, name, what, lane_of(firm, Neighbour.SELF), at, body={kind: id, "payable": payable})


def keep_hooks(firm: str, lane: str, at: datetime) -> Effect:
    """The firm's webhook subscriptions at Clio are made, extended, or made anew; owed for as long as Clio is."""
    return owed(firm, Do.KEEP_HOOKS, "main", "firm", lane, at)


def read_lines(firm: str, lane: str, bill: str, revision: int, at: datetime, title: str, pace: int = 0) -> Effect:
    """``pace``: minutes to wait, in a first sync; then it also leaves more of the budget to others."""
    body: Json = {"bill": bill, "revision": revision, **({"paced": True} if pace else {})}
    due = at + timedelta(minutes=pace)
    return owed(firm, Do.READ_LINES, f"{bill}/{revision}", f"payable/{bill}", lane, due, body=body, title=title)


def check_lines(firm: str, lane: str, bill: str, revision: int, at: datetime, title: str, wait: int) -> Effect:
    """The lines of a revision that is owed already with those of the one before: read when Clio has calls to spare.
    ``wait``: minutes."""
    body: Json = {"bill": bill, "revision": revision, "paced": True, "check": True}
    due = at + timedelta(minutes=wait)
    return owed(firm, Do.READ_LINES, f"{bill}/{revision}", f"payable/{bill}", lane, due, body=body, title=title)


def bill_memo(firm: str, lane: str, bill: str, name: str, at: datetime, title: str) -> Effect:
    """The pay link in the memo of Clio's bill."""
    body: Json = {"bill": bill}
    return owed(firm, Do.BILL_MEMO, name, f"payable/{bill}", lane, at, body=body, title=title)


def customer(
    firm: str, lane: str, contact: str, revision: int, at: datetime, title: str, customer_id: str = ""
) -> Effect:
    """``title``: the client's name at this revision: after a lost answer the customer is looked up by it.
    ``customer_id``: the linked one that is to be changed; empty while there is none."""
    body: Json = {"contact": contact, "revision": revision, "name": title}
    body |= {"customer": customer_id} if customer_id else {}
    return owed(firm, Do.CUSTOMER, f"{contact}/{revision}", f"contact/{contact}", lane, at, body=body, title=title)


def invoice(
    firm: str, lane: str, payable: str, contact: str, revision: int, number: str, at: datetime, title: str
) -> Effect:
    """``number``: the bill's at this revision: after a lost answer the invoice is looked up by it."""
    body: Json = {"payable": payable, "revision": revision, "number": number}
    name, about, after = f"{payable}/{revision}", f"payable/{payable}", (f"customer/{contact}",)
    return owed(firm, Do.INVOICE, name, about, lane, at, body=body, after=after, title=title)


def posting(
    firm: str,
    lane: str,
    payment: str,
    payables: tuple[str, ...],
    revision: int,
    on: date | None,
    at: datetime,
    title: str,
) -> Effect:
    """``on``: its day at this revision: after a lost answer the payment is looked up by customer and day."""
    body: Json = {"payment": payment, "revision": revision, "on": on.isoformat() if on else ""}
    after = tuple(f"invoice/{p}" for p in payables)
    name, about = f"{payment}/{revision}", f"payment/{payment}"
    return owed(firm, Do.POSTING, name, about, lane, at, body=body, after=after, title=title)


def credit(
    firm: str, lane: str, memo: str, payables: tuple[str, ...], revision: int, at: datetime, title: str
) -> Effect:
    """A credit note in QuickBooks, applied to its invoices (or taken back), step by step under one key."""
    body: Json = {"credit": memo, "revision": revision}
    after = tuple(f"invoice/{p}" for p in payables)
    name = f"{memo}/{revision}"
    return owed(firm, Do.CREDIT, name, f"credit/{memo}", lane, at, body=body, after=after, title=title)


def look_session(firm: str, account: str, session: str, payment: str, at: datetime) -> Effect:
    lane = lane_of(firm, Neighbour.STRIPE, account)
    body: Json = {"account": account, "session": session}
    return owed(firm, Do.LOOK_SESSION, session, f"payment/{payment}", lane, at, body=body)


def open_session(firm: str, account: str, payment: str, attempt: int, at: datetime) -> Effect:
    lane = lane_of(firm, Neighbour.STRIPE, account)
    body: Json = {"payment": payment, "try": attempt}
    return owed(firm, Do.OPEN_SESSION, f"{payment}/{attempt}", f"payment/{payment}", lane, at, body=body)


def expire_session(firm: str, account: str, payment: str, session: str, at: datetime) -> Effect:
    lane = lane_of(firm, Neighbour.STRIPE, account)
    body: Json = {"payment": payment, "session": session, "account": account}
    return owed(firm, Do.EXPIRE_SESSION, session, f"payment/{payment}", lane, at, body=body)


def remind(firm: str, payable: str, round_: int, at: datetime, title: str) -> Effect:
    lane = lane_of(firm, Neighbour.MAIL)
    body: Json = {"payable": payable, "round": round_}
    return owed(firm, Do.REMIND, f"{payable}/{round_}", f"payable/{payable}", lane, at, body=body, title=title)


def receipt_mail(firm: str, payment: str, attempt: int, at: datetime, title: str) -> Effect:
    """``attempt`` grows with every receipt of this payment that was released unsent."""
    lane, body = lane_of(firm, Neighbour.MAIL), {"payment": payment}
    return owed(firm, Do.RECEIPT, f"{payment}/{attempt}", f"payment/{payment}", lane, at, body=body, title=title)


def watch_mail(firm: str, envelope: str, about: str, at: datetime) -> Effect:
    lane = lane_of(firm, Neighbour.MAIL)
    return owed(firm, Do.WATCH_MAIL, envelope, about, lane, at, body={"envelope": envelope})


def item_matched(firm: str, payment: str, payable: str, version: int, at: datetime) -> Effect:
    """Tells the payment that Clio shows (or no longer shows) it on one payable. ``version``: the payable's."""
    lane, body = lane_of(firm, Neighbour.SELF), {"payment": payment, "payable": payable}
    return owed(firm, Do.ITEM_MATCHED, f"{payment}/{payable}/{version}", f"payment/{payment}", lane, at, body=body)


def mark_paid(firm: str, lane: str, payment: str, payable: str, at: datetime) -> Effect:
    body: Json = {"payment": payment, "payable": payable}
    return owed(firm, Do.MARK_PAID, f"{payment}/{payable}", f"payment/{payment}", lane, at, body=body)


def fold(firm: str, about: str, version: int, at: datetime, body: Json) -> Effect:
    """What one change of a payable or payment adds to the firm's sums; ``version``: the state's after it."""
    return owed(firm, Do.FOLD, f"{about}/{version}", about, lane_of(firm, Neighbour.SELF), at, body=body)


# --- trust ------------------------------------------------------------------------------------------------------------

TRUST_LANE = "trust"  # ledgers are folded apart from the firm's sums, so that neither waits for the other


def look_move(firm: str, lane: str, move: str, entry: str, account: str, at: datetime) -> Effect:
    """``move``: Clio's bank transaction; ``entry``: ours, empty while none is held; ``account``: the one it was on."""
    body: Json = {"move": move, "entry": entry, "account": account}
    return owed(firm, Do.LOOK_MOVE, move, f"trust/{entry or move}", lane, at, body=body)


def journal(firm: str, lane: str, entry: str, revision: int, number: str, client: str, at: datetime) -> Effect:
    """``number``: its document number there: after a lost answer the journal entry is looked up by it."""
    body: Json = {"entry": entry, "revision": revision, "number": number}
    after = (f"customer/{client}",) if client else ()
    name = f"{entry}/{revision}"
    return owed(firm, Do.JOURNAL, name, f"trust/{entry}", lane, at, body=body, after=after, title=number)


def holder(firm: str, lane: str, client: str, generation: int, name: str, at: datetime) -> Effect:
    """A client's account below the trust liability. ``name``: the account's, by which it is looked up."""
    body: Json = {"client": client, "name": name}
    return owed(firm, Do.HOLDER, f"{client}/{generation}", f"holder/{client}", lane, at, body=body, title=name)


def ledger(firm: str, entry: str, count: int, at: datetime, body: Json) -> Effect:
    """What one change of an entry moves in the ledgers; ``count`` grows with each such change of the entry."""
    lane = lane_of(firm, Neighbour.SELF, TRUST_LANE)
    return owed(firm, Do.LEDGER, f"{entry}/{count}", f"trust/{entry}", lane, at, body=body)


def trust_begin(firm: str, account: str, choices: int, at: datetime) -> Effect:
    """Goes through the entries of one trust account, since what may be written of them has changed."""
    lane = lane_of(firm, Neighbour.SELF, TRUST_LANE)
    return owed(firm, Do.TRUST_BEGIN, f"{account}/{choices}", "firm", lane, at, body={"account": account})


def trust_check(firm: str, lane: str, at: datetime) -> Effect:
    return owed(firm, Do.TRUST_CHECK, "main", "firm", lane, at)


def trust_sweep(firm: str, lane: str, account: str, at: datetime) -> Effect:
    return owed(firm, Do.TRUST_SWEEP, account, "firm", lane, at, body={"account": account})
