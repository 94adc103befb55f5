"""What the domain's tests build on: the usual policy, a receipt in Clio, a session at Stripe, a share of a payment."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

from chalicelib.domain import paying
from chalicelib.domain.effects import Lanes
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Status
from chalicelib.domain.payable import Payable, Share
from chalicelib.domain.paying import AttemptAsked, SessionOpened
from chalicelib.domain.payment import Payment
from chalicelib.domain.readings import Receipt, SessionReading
from chalicelib.domain.reminders import SUPPLIED
from tests.builders import FIRM, NOW, TODAY, a_firm

ACCOUNT = "acct_1"
CODE = "FS-ABC234"
CODED = re.compile(r"XX|\d{4}-\d\d-\d\d|None")  # what a program writes for itself


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
    """The only effect of this kind; it and those beside it are well made."""
    for effect in effects:
        well_made(effect)
    found = [e for e in effects if e.kind == kind]
    assert len(found) == 1, (kind, effects)
    return found[0]


def well_made(effect: Effect) -> None:
    """What every effect must be: keyed by firm and kind, in a lane of the firm, due at an instant in UTC; and what is
    parked tells a person in whole sentences what it is, why, and what to do."""
    assert effect.key.startswith(f"{effect.firm}/{effect.kind}/")
    assert "None" not in effect.key
    assert effect.lane.startswith(f"{effect.firm}|")
    assert effect.due_at.tzinfo is UTC
    assert effect.about.partition("/")[2]
    if effect.status is Status.PARKED:
        assert effect.title
        assert is_said(effect.reason.removesuffix(".") + ".")  # it may end with a neighbour's own words
        assert is_said(effect.remedy)


def is_said(text: str) -> bool:
    """Whether a person can read it: a sentence with its capital, its end, no more shouting than names ask for, and its
    days in words."""
    letters = [c for c in text if c.isalpha()]
    quiet = sum(c.islower() for c in letters) > len(letters) / 2
    return quiet and text[-1] in ".?:" and (text[0].isupper() or not text[0].isalpha()) and not CODED.search(text)
