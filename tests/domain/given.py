"""What the domain's tests build on: the usual policy, a receipt in Clio, a session at Stripe, a share of a payment."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from chalicelib.domain import paying
from chalicelib.domain.effects import Lanes
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect
from chalicelib.domain.payable import Payable, Share
from chalicelib.domain.paying import AttemptAsked, SessionOpened
from chalicelib.domain.payment import Payment
from chalicelib.domain.readings import Receipt, SessionReading
from chalicelib.domain.reminders import SUPPLIED
from tests.builders import FIRM, NOW, TODAY, a_firm

ACCOUNT = "acct_1"
CODE = "FS-ABC234"


def a_policy(**fields: Any) -> Policy:
    """The usual firm, connected everywhere, with the supplied reminder sets."""
    lanes = Lanes(FIRM, clio="us/1", realm="realm-1", operating=ACCOUNT, trust="acct_2")
    return Policy(a_firm(**fields), 1, lanes, {s.id: s for s in SUPPLIED})


def a_receipt(id: str = "r1", cents: int = 40000, *, on: date = TODAY, **fields: Any) -> Receipt:
    return Receipt(id, "b1", on, cents, **{"group": f"g-{id}", **fields})


def a_share(payment: str = "p1", cents: int = 40000, code: str = CODE, **fields: Any) -> Share:
    return Share(payment, cents, code, TODAY, **fields)


def a_session(payment: Payment, **fields: Any) -> SessionReading:
    """Open at Stripe, nothing paid yet."""
    usual: dict[str, Any] = {
        "id": f"cs_{payment.id}",
        "attempt": payment.id,
        "status": "open",
        "paid": False,
        "url": "https://stripe.test/pay",
        "expires_at": NOW + timedelta(minutes=45),
        "total": payment.total,
        "currency": "USD",
        "metadata": {},
    }
    return SessionReading(**{**usual, **fields})


def a_paid_session(payment: Payment, **fields: Any) -> SessionReading:
    usual: dict[str, Any] = {
        "status": "complete",
        "paid": True,
        "intent": f"pi_{payment.id}",
        "intent_status": "succeeded",
        "charge": f"ch_{payment.id}",
        "method": "card",
        "captured_at": NOW,
        "fee": 1190,
    }
    return a_session(payment, **{**usual, **fields})


def begun(*payables: Payable, id: str = "p1", code: str = CODE, now: datetime = NOW) -> tuple[Payment, list[Payable]]:
    """An attempt over these payables, its session open: the payment and the locked payables."""
    asked = AttemptAsked(id, code, ACCOUNT, "link-1", tuple((p.id, p.open) for p in payables))
    together = paying.begin(payables, asked, a_policy(), now)
    locked = [together.payables[p.id].state for p in payables]
    opened = SessionOpened(f"cs_{id}", "https://stripe.test/pay", now + timedelta(minutes=45))
    after = paying.opened(together.payment.state, locked, opened, now)
    return after.payment.state, [after.payables[p.id].state for p in locked]


def paid(*payables: Payable, id: str = "p1", code: str = CODE, **policy: Any) -> tuple[Payment, list[Payable]]:
    """These payables paid by card in one session."""
    payment, locked = begun(*payables, id=id, code=code)
    after = paying.shown(payment, locked, a_paid_session(payment), a_policy(**policy), NOW)
    return after.payment.state, [after.payables[p.id].state for p in locked]


def kinds(decision: Decision[Any]) -> list[str]:
    return [e.kind for e in decision.effects]


def one(effects: tuple[Effect, ...], kind: str) -> Effect:
    """The only effect of this kind."""
    found = [e for e in effects if e.kind == kind]
    assert len(found) == 1, (kind, effects)
    return found[0]
