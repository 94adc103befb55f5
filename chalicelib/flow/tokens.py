"""Neighbours' tokens: sealed in records, fresh when asked for, refreshed by one worker at a time.

Record ``token/<firm>``, sk ``<neighbour>/<account>``. Stripe has none: our own key acts for an account. A clear token
is never logged and never stored.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from chalicelib.domain.kernel import Json, Neighbour
from chalicelib.domain.readings import Access, Tokens
from chalicelib.errors import Conflict, Declined, Disconnected, Expired, Unavailable
from chalicelib.flow.ports import World

T = TypeVar("T")

EARLY = timedelta(minutes=5)  # reference/quickbooks.md 1.5
LEASE = timedelta(seconds=30)  # longer than a token call's own time-outs
WAIT_SECONDS = 3.0  # while another worker refreshes
OUR_FAULT = ("invalid_client", "invalid_request")  # our own id, or an incident there: no reason to lose a firm
OUR_FAULT_SECONDS = 300.0
KEPT_OPEN = 64
WRITES_AT_MOST = 8  # of one rotated token, while the store is busy


@dataclass(frozen=True, slots=True)
class Stored:
    """What a record holds, opened. ``spare``: the refresh token before this one, for an answer that was lost."""

    version: int
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    spare: str = field(repr=False)
    expires_at: datetime
    refresh_expires_at: datetime | None


Purse = dict[tuple[str, str], Stored]  # (neighbour, account) -> a token as it was read

_opened: dict[tuple[str, str, str], str] = {}  # (firm, neighbour, sealed) -> clear: KMS is asked once per token


def access(world: World, firm: str, neighbour: Neighbour, account: str, purse: Purse | None = None) -> Access:
    """A token with at least five minutes left. Raises Disconnected when there is none, Unavailable while another worker
    refreshes one that is over."""
    if neighbour is Neighbour.STRIPE:
        return Access(firm, account)
    key = (str(neighbour), account)
    held = purse.get(key) if purse is not None else None
    if held is None or held.expires_at - world.now() <= EARLY:
        held = _read(world, firm, neighbour, account)
    if held.expires_at - world.now() <= EARLY:
        return _refreshed(world, firm, neighbour, account, held)
    if purse is not None:
        purse[key] = held
    return Access(firm, account, held.access)


def with_access(
    world: World, firm: str, neighbour: Neighbour, account: str, call: Callable[[Access], T], purse: Purse | None = None
) -> T:
    """The call with a fresh token; on Expired the token is refreshed once and the call repeated. When that fails too,
    the connection is Lost and Disconnected is raised: effects wait and the firm is told. ``purse``: what one piece of
    work has read of this firm's tokens, so that it does not read the record again for every call."""
    try:
        first = access(world, firm, neighbour, account, purse)
        try:
            return call(first)
        except Expired:
            if purse is not None:
                purse.pop((str(neighbour), account), None)
            return call(_renewed(world, firm, neighbour, account, first))
    except Expired as no:
        raise lose(world, firm, neighbour, account, "it refuses our access") from no
    except Disconnected as no:
        raise lose(world, firm, neighbour, account, no.why or "access was withdrawn") from no


def keep(world: World, firm: str, neighbour: Neighbour, account: str, tokens: Tokens) -> None:
    """Stores the tokens of a new consent; they take the place of what was there."""
    _write(world, firm, neighbour, account, tokens, spare="", expected=None)


def forget(world: World, firm: str, neighbour: Neighbour, account: str) -> None:
    world.store.delete_record(f"token/{firm}", f"{neighbour}/{account}")


def held(world: World, firm: str, neighbour: Neighbour, account: str) -> Stored:
    """What is stored, for revoking. Raises Disconnected when nothing is."""
    return _read(world, firm, neighbour, account)


def lose(world: World, firm: str, neighbour: Neighbour, account: str, why: str) -> Disconnected:
    """Marks the connection to this account as lost and gives the error to raise."""
    from chalicelib.flow import connecting

    connecting.lose(world, firm, neighbour, account, why)
    return Disconnected(firm, str(neighbour), why)


# --- refreshing -------------------------------------------------------------------------------------------------------


def _renewed(world: World, firm: str, neighbour: Neighbour, account: str, refused: Access) -> Access:
    """Another token than the one refused: the stored one if another worker was faster, else a refreshed one."""
    held = _read(world, firm, neighbour, account)
    if held.access != refused.token:
        return Access(firm, account, held.access)
    return _refreshed(world, firm, neighbour, account, held, refused=True)


def _refreshed(
    world: World, firm: str, neighbour: Neighbour, account: str, held: Stored, *, refused: bool = False
) -> Access:
    """A refreshed token, written before it is used. A token that still has a little time serves when the refresh cannot
    be done now."""
    still_good = not refused and held.expires_at > world.now()
    try:
        lease = _lease(world, neighbour, account)
    except Conflict as taken:
        now_there = _read(world, firm, neighbour, account)
        if now_there.version != held.version:
            return Access(firm, account, now_there.access)
        if still_good:
            return Access(firm, account, held.access)
        raise Unavailable("its token is being refreshed", after=WAIT_SECONDS) from taken
    try:
        return Access(firm, account, _refresh_once(world, firm, neighbour, account, held))
    except Unavailable:
        if still_good:
            return Access(firm, account, held.access)
        raise
    finally:
        world.store.put_record(*lease, {"until": ""}, expires=world.now() + LEASE)


def _refresh_once(world: World, firm: str, neighbour: Neighbour, account: str, held: Stored) -> str:
    """Under the lease. What is stored now counts: another worker may have refreshed before we held the lease."""
    there = _read(world, firm, neighbour, account)
    if there.version != held.version:
        return there.access
    try:
        tokens = _ask(world, firm, neighbour, account, there)
    except Declined as no:
        again = _read(world, firm, neighbour, account)
        if again.version != there.version:
            return again.access
        _note_refused(world, firm, neighbour, account, again.version, no.code)
        raise _refused(firm, neighbour, no.code) from no
    fresh = tokens if tokens.refresh else Tokens(tokens.access, there.refresh, tokens.expires_at)
    spare = there.refresh if fresh.refresh != there.refresh else there.spare
    try:
        _write_surely(world, firm, neighbour, account, fresh, spare, there.version)
    except Conflict:
        return _read(world, firm, neighbour, account).access
    world.count("tokens_refreshed", neighbour=str(neighbour))
    return fresh.access


def _refused(firm: str, neighbour: Neighbour, code: str) -> Disconnected:
    return Disconnected(firm, str(neighbour), f"it refused to renew our access ({code})")


def _note_refused(world: World, firm: str, neighbour: Neighbour, account: str, version: int, code: str) -> None:
    """A refusal is final: what waits for this connection does not ask for it again and again. A new consent writes over
    the note; a token that another worker stored meanwhile stays."""
    pk, sk = f"token/{firm}", f"{neighbour}/{account}"
    with suppress(Conflict, Unavailable):
        found = world.store.record(pk, sk)
        body = found[1] if found else {}
        world.store.put_record(pk, sk, {**body, "refused": code}, expected=version)


def _write_surely(
    world: World, firm: str, neighbour: Neighbour, account: str, fresh: Tokens, spare: str, expected: int
) -> None:
    """A rotated refresh token that is not stored is a connection lost by our own doing, so a busy store is asked again
    at once. Raises Conflict when the record moved: by another worker, or by our own write whose answer was lost."""
    tries = 1
    while True:
        try:
            return _write(world, firm, neighbour, account, fresh, spare=spare, expected=expected)
        except Unavailable:
            if tries == WRITES_AT_MOST:
                raise
        tries += 1


def _ask(world: World, firm: str, neighbour: Neighbour, account: str, there: Stored) -> Tokens:
    """Tries the stored refresh token and, if it is refused, the one before it. Raises Declined when both are dead."""
    try:
        return _send(world, neighbour, account, there.refresh)
    except Declined as no:
        if no.code in OUR_FAULT:
            world.log("refresh_refused", firm=firm, neighbour=str(neighbour), code=no.code)
            raise Unavailable(f"the token endpoint says {no.code}", after=OUR_FAULT_SECONDS) from no
        if not there.spare:
            raise
        return _send(world, neighbour, account, there.spare)


def _send(world: World, neighbour: Neighbour, account: str, refresh_token: str) -> Tokens:
    if neighbour is Neighbour.CLIO:
        return world.clio.refresh(account.split("/")[0], refresh_token)
    return world.quickbooks.refresh(refresh_token)


def _lease(world: World, neighbour: Neighbour, account: str) -> tuple[str, str]:
    """One refresher at a time: of two at once QuickBooks may revoke both (reference/quickbooks.md 1.5). Raises Conflict
    while another holds it; a dead worker's ends by itself."""
    pk, sk, now = "lease", f"token/{neighbour}/{account}", world.now()
    found = world.store.record(pk, sk)
    version, body = found if found else (0, {})
    if body.get("until", "") > now.isoformat():
        raise Conflict("another worker refreshes")
    until = now + LEASE
    world.store.put_record(pk, sk, {"until": until.isoformat()}, expected=version, expires=until)
    return pk, sk


# --- records ----------------------------------------------------------------------------------------------------------


def _read(world: World, firm: str, neighbour: Neighbour, account: str) -> Stored:
    found = world.store.record(f"token/{firm}", f"{neighbour}/{account}")
    if found is None:
        raise Disconnected(firm, str(neighbour), "not connected")
    version, body = found
    if body.get("refused"):
        raise _refused(firm, neighbour, str(body["refused"]))
    told = json.loads(opened(world, firm, neighbour, body["sealed"]))
    refresh_until = body.get("refresh_expires_at")
    return Stored(
        version,
        told["access"],
        told["refresh"],
        told.get("spare", ""),
        datetime.fromisoformat(body["expires_at"]),
        datetime.fromisoformat(refresh_until) if refresh_until else None,
    )


def opened(world: World, firm: str, neighbour: Neighbour, sealed: str) -> str:
    """What was sealed for this firm and neighbour, in clear. Kept for the life of the worker: KMS is asked once."""
    key = (firm, str(neighbour), sealed)
    if key not in _opened:
        clear = world.seal.open(sealed, firm=firm, neighbour=str(neighbour))
        while len(_opened) >= KEPT_OPEN:
            _opened.pop(next(iter(_opened)), None)
        _opened[key] = clear
    return _opened[key]


def _write(
    world: World,
    firm: str,
    neighbour: Neighbour,
    account: str,
    tokens: Tokens,
    *,
    spare: str,
    expected: int | None,
) -> None:
    clear = json.dumps({"access": tokens.access, "refresh": tokens.refresh, "spare": spare})
    refresh_until = tokens.refresh_expires_at
    body: Json = {
        "sealed": world.seal.seal(clear, firm=firm, neighbour=str(neighbour)),
        "expires_at": tokens.expires_at.isoformat(),
        "refresh_expires_at": refresh_until.isoformat() if refresh_until else None,
    }
    world.store.put_record(f"token/{firm}", f"{neighbour}/{account}", body, expected=expected)
