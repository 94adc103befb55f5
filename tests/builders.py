"""Plain builders: a thing as it usually is, each field open to change. No I/O, no fixtures."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from chalicelib.domain.firm import Accounts, Firm, Member
from chalicelib.domain.kernel import Change, Commit, Kind, Line, Ref, changed
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Item, Payment, Phase, Source
from chalicelib.domain.readings import BillReading, BillState, ClientReading, Pot
from chalicelib.flow import states
from chalicelib.flow.ports import Store

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)
FIRM = "us-1"


def a_firm(**fields: Any) -> Firm:
    """Set up and confirmed, in New York, in dollars."""
    usual: dict[str, Any] = {
        "id": FIRM,
        "name": "Hartwell & Pine LLP",
        "region": "us",
        "account": "1",
        "members": (Member("1", "Olivia Hartwell", "olivia@hartwell.example", owner=True),),
        "place_confirmed": True,
        "native_sync_off": True,
        "native_reminders_off": True,
        "start_on": TODAY - timedelta(days=60),
        "accounts": Accounts(clearing="35", clearing_name="Undeposited Funds"),
        "reply_to": "office@hartwell.example",
        "matched": fields.get("generation", 1),
    }
    return Firm(**{**usual, **fields})


def a_bill(**fields: Any) -> BillReading:
    """Approved, unpaid, 400.00, due in ten days."""
    usual: dict[str, Any] = {
        "id": "b1",
        "etag": "e1",
        "number": "1042",
        "pot": Pot.OPERATING,
        "state": BillState.AWAITING_PAYMENT,
        "issued_on": TODAY - timedelta(days=20),
        "due_on": TODAY + timedelta(days=10),
        "updated_at": NOW,
        "total": 40000,
        "asks": 40000,
        "paid": 0,
        "pending": 0,
        "balance": 40000,
        "credits": 0,
        "tax": 0,
        "interest": 0,
        "discount": 0,
        "currency": "USD",
        "client": ClientReading("c1", "Ada Example", "ada@example.com"),
        "matters": ("00001-Example",),
    }
    return BillReading(**{**usual, **fields})


def a_payable(**fields: Any) -> Payable:
    """Open over 400.00, due in ten days, no reminders."""
    usual: dict[str, Any] = {
        "firm": FIRM,
        "id": "b1",
        "pot": Pot.OPERATING,
        "number": "1042",
        "client_id": "c1",
        "client_name": "Ada Example",
        "client_email": "ada@example.com",
        "matters": ("00001-Example",),
        "currency": "USD",
        "issued_on": TODAY - timedelta(days=20),
        "due_on": TODAY + timedelta(days=10),
        "bill_state": BillState.AWAITING_PAYMENT,
        "total": 40000,
        "asks": 40000,
        "tax": 0,
        "interest": 0,
        "discount": 0,
        "balance": 40000,
        "pending": 0,
        "credits": 0,
        "paid": 0,
        "etag": "e1",
        "updated_at": NOW,
        "read_at": NOW,
    }
    return Payable(**{**usual, **fields})


def a_payment(**fields: Any) -> Payment:
    """400.00 by card for invoice 1042, settled today and not yet shown by Clio."""
    usual: dict[str, Any] = {
        "firm": FIRM,
        "id": "p1",
        "source": Source.STRIPE,
        "pot": Pot.OPERATING,
        "currency": "USD",
        "client_id": "c1",
        "client_name": "Ada Example",
        "email": "ada@example.com",
        "items": (Item("b1", "1042", 40000),),
        "total": 40000,
        "phase": Phase.SETTLED,
        "created_at": NOW - timedelta(minutes=5),
        "code": "FS-ABC234",
        "method": "card",
        "fee": 1190,
        "settled_at": NOW,
        "settled_on": TODAY,
    }
    return Payment(**{**usual, **fields})


def put(
    store: Store, kind: Kind, state: Any, *, id: str = "", fact: str = "Put", by: str = "", at: datetime = NOW
) -> Ref:
    """Commits a state as it is, over whatever was there, with the journal line of the change."""
    ref = Ref(getattr(state, "firm", FIRM), kind, id or state.id)
    held = store.load(ref)
    body = states.encode(state)
    line = Line(ref, held.version + 1, fact, {}, at, 0, changed(held.body, body), by)
    store.commit(Commit((Change(ref, held.version, body, line, states.listing(kind, ref.firm, state)),)))
    return ref
