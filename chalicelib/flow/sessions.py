"""Who is at the browser: sessions, and the one-time states of an OAuth round trip. Only hashes of secrets are stored.

Records: ``session/<hash>`` and ``oauth/<hash>``, both of the machine and not of the books.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.errors import Conflict, Refused

if TYPE_CHECKING:
    from chalicelib.domain.kernel import Json
    from chalicelib.flow.ports import World

IDLE = timedelta(hours=12)  # a session ends after so long without a request ...
AT_MOST = timedelta(days=7)  # ... and after so long in any case
TOUCH = timedelta(minutes=10)  # a session's time is written at most this often
ROUND_TRIP = timedelta(minutes=10)

LOST_STATE = (
    "This sign-in link was opened in another browser, was used already, or is older than ten minutes. "
    "Nothing was changed. Start again from the first page."
)


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in person. ``key`` is the hash under which it is stored; ``csrf`` goes into every form."""

    key: str
    firm: str
    user: str
    name: str
    owner: bool
    csrf: str
    began_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Trip:
    """An OAuth round trip under way. ``purpose``: sign-in, clio, quickbooks or stripe. ``pot``: for stripe."""

    purpose: str
    region: str = ""
    pot: str = ""
    firm: str = ""
    user: str = ""


def hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def begin(world: World, *, firm: str, user: str, name: str, owner: bool) -> str:
    """A new session; gives the cookie's value, which is stored nowhere."""
    cookie, now = world.secret(), world.now()
    session = Session(hashed(cookie), firm, user, name, owner, world.secret(), now, now)
    _write(world, session, now)
    return cookie


def find(world: World, cookie: str) -> Session | None:
    """The session of this cookie, its time moved on at most once in ten minutes; None when there is none any more."""
    if not cookie:
        return None
    key = hashed(cookie)
    found = world.store.record(f"session/{key}", "session")
    if found is None:
        return None
    session, now = _read(key, found[1]), world.now()
    if now - session.seen_at > IDLE or now - session.began_at > AT_MOST:
        return None
    if now - session.seen_at >= TOUCH:
        session = replace(session, seen_at=now)
        _write(world, session, now)
    return session


def end(world: World, session: Session) -> None:
    world.store.delete_record(f"session/{session.key}", "session")


def _write(world: World, session: Session, now: datetime) -> None:
    body: Json = {
        "firm": session.firm,
        "user": session.user,
        "name": session.name,
        "owner": session.owner,
        "csrf": session.csrf,
        "began_at": session.began_at.isoformat(),
        "seen_at": session.seen_at.isoformat(),
    }
    world.store.put_record(f"session/{session.key}", "session", body, expires=now + IDLE)


def _read(key: str, body: Json) -> Session:
    began, seen = datetime.fromisoformat(body["began_at"]), datetime.fromisoformat(body["seen_at"])
    return Session(key, body["firm"], body["user"], body["name"], body["owner"], body["csrf"], began, seen)


# --- OAuth states -----------------------------------------------------------------------------------------------------


def depart(world: World, trip: Trip, browser: str) -> str:
    """Stores a state bound to this browser's cookie, good once and for ten minutes; gives its text. Raises
    Refused for a browser without our cookie."""
    if not browser:
        raise Refused("Your browser does not keep our cookie. Allow cookies for this site and try again.")
    state, now = world.secret(), world.now()
    body: Json = {
        "purpose": trip.purpose,
        "region": trip.region,
        "pot": trip.pot,
        "firm": trip.firm,
        "user": trip.user,
        "browser": hashed(browser),
        "until": (now + ROUND_TRIP).isoformat(),
    }
    world.store.put_record(f"oauth/{hashed(state)}", "state", body, expected=0, expires=now + ROUND_TRIP)
    return state


def arrive(world: World, state: str, browser: str, *, session: Session | None) -> Trip:
    """The trip that this state began, which is used up by it. Raises Refused for a state that is missing, wrong, used,
    too old, of another browser, or of another person's session."""
    pk = f"oauth/{hashed(state)}"
    found = world.store.record(pk, "state") if state and browser else None
    if found is None:
        raise Refused(LOST_STATE)
    version, body = found
    if body.get("used") or body["browser"] != hashed(browser) or world.now() > datetime.fromisoformat(body["until"]):
        raise Refused(LOST_STATE)
    try:
        used: Json = {**body, "used": True}
        world.store.put_record(pk, "state", used, expected=version, expires=datetime.fromisoformat(body["until"]))
    except Conflict as twice:
        raise Refused(LOST_STATE) from twice
    trip = Trip(body["purpose"], body["region"], body["pot"], body["firm"], body["user"])
    if trip.firm and (session is None or (session.firm, session.user) != (trip.firm, trip.user)):
        raise Refused("You were signed out in between. Sign in, then connect again.")
    return trip
