"""Keeping the firm's webhooks at Clio alive: made when the set-up allows it, extended before they end, made anew when
Clio suspended or lost one, ended when the firm disconnects (reference/clio.md 8).

Record ``hooks/<firm>``, sk ``clio``: what was subscribed to, by model. A webhook is only a hint: where one does not
work, the polls come as often as without any (flow/polling.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Effect, Neighbour
from chalicelib.domain.news import HookReading
from chalicelib.domain.readings import Access
from chalicelib.errors import Declined, Outside
from chalicelib.flow import clio_hooks, tokens
from chalicelib.flow.ports import Clio, World
from chalicelib.flow.reach import Reach

# What an ``updated`` must have touched to be told (8): the bill's own fields, the client's, and whose client it is.
WATCHED = {
    "bill": "id,etag,number,state,issued_at,due_at,total,due,paid,pending,balance,credits_issued,client,memo,subject",
    "contact": "id,etag,name,first_name,last_name,type,primary_email_address,primary_phone_number,primary_address,"
    "email_addresses,phone_numbers,addresses",
    "matter": "id,etag,display_number,client",
}
EVENTS = ("created", "updated", "deleted")
ASKED_FOR = timedelta(days=30)  # Clio gives at most 31
EXTENDED_WITHIN = timedelta(days=7)
DAILY = timedelta(days=1)
UNSHAKEN = timedelta(minutes=5)  # a handshake that did not come is made from our side then
ENABLED, PENDING, SUSPENDED = "enabled", "pending", "suspended"


class Hook(msgspec.Struct):
    """One subscription as last seen at Clio. ``name``: its address' (flow/clio_hooks.py); ``id``: Clio's, empty while
    the answer to its creation is not known; ``events``: whether Clio took all that we asked for."""

    name: str
    id: str = ""
    status: str = PENDING
    until: str = ""
    events: bool = True


class Book(msgspec.Struct):
    """The firm's subscriptions by model. ``why``: why there are none."""

    hooks: dict[str, Hook] = {}
    why: str = ""


def keep(world: World, reach: Reach, policy: Policy, effect: Effect) -> None:
    """One round over the subscriptions; owed again for tomorrow, or soon while a handshake is awaited."""
    book = of(world, policy.firm.id)
    if not world.hooks_url:
        book.why = "This stage has no https address that Clio could send news to."
    elif policy.firm.may_read:
        try:
            _round(world, reach, policy, book)
            book.why = ""
        except Declined as no:
            book.why = f"Clio does not let us subscribe to news: {no.message}"
            world.log("clio_hooks_refused", firm=policy.firm.id, code=no.code)
    _save(world, policy.firm.id, book)
    waiting = any(h.status == PENDING and h.id for h in book.hooks.values())
    world.store.postpone(effect.key, world.now() + (UNSHAKEN if waiting else DAILY), tries=0)


def working(world: World, firm: str) -> set[str]:
    """The models whose news Clio tells us of at this time, all of them."""
    now = world.now().isoformat()
    held = of(world, firm).hooks
    return {m for m, h in held.items() if h.status == ENABLED and h.events and h.until > now}


def of(world: World, firm: str) -> Book:
    found = world.store.record(f"hooks/{firm}", "clio")
    return msgspec.convert(found[1], Book) if found else Book()


def end(world: World, firm: str, account: str) -> None:
    """Before our access is given back: the subscriptions are deleted at Clio and their addresses closed. Clio not
    answering does not stop it: messages to a closed address are refused."""
    for hook in of(world, firm).hooks.values():
        try:
            access = tokens.access(world, firm, Neighbour.CLIO, account)
            if hook.id:
                world.clio.hooks.delete(access, hook.id)
        except Outside as no:
            world.log("clio_hook_not_ended", firm=firm, kind=type(no).__name__)
        clio_hooks.forget(world, hook.name)
    world.store.delete_record(f"hooks/{firm}", "clio")


def _save(world: World, firm: str, book: Book) -> None:
    world.store.put_record(f"hooks/{firm}", "clio", msgspec.to_builtins(book))


def _round(world: World, reach: Reach, policy: Policy, book: Book) -> None:
    there = {clio_hooks.name_of(world, h.url): h for h in reach.clio(lambda c, a: c.hooks.all(a))}
    there.pop("", None)
    ours = {h.name for h in book.hooks.values()}
    for name, stray in there.items():
        if name not in ours:  # of a time before a disconnect, or of a worker that died while it subscribed
            reach.clio(lambda c, a, id=stray.id: c.hooks.delete(a, id))  # type: ignore[misc]
    refused: Declined | None = None
    for model in WATCHED:
        try:
            book.hooks[model] = _lasting(world, reach, policy, book, there, model)
        except Declined as no:  # of this one; the others must not end for it
            refused = no
    if refused:
        raise refused


def _lasting(
    world: World, reach: Reach, policy: Policy, book: Book, there: Mapping[str, HookReading], model: str
) -> Hook:
    """The one that is there, kept alive, or another. ``there``: what Clio shows, by our name of it."""
    known = book.hooks.get(model)
    shown = there.get(known.name) if known else None
    if known and shown and shown.status != SUSPENDED and not _over(shown, world.now()):
        return _kept(world, reach, known, shown)
    if known and shown:
        reach.clio(lambda c, a: c.hooks.delete(a, shown.id))
    if known:
        clio_hooks.forget(world, known.name)
    return _made(world, reach, policy, book, model)


def _over(shown: HookReading, now: datetime) -> bool:
    return shown.expires_at is None or shown.expires_at <= now


def _made(world: World, reach: Reach, policy: Policy, book: Book, model: str) -> Hook:
    """A new subscription. Its address is kept before Clio hears of it, so that the handshake finds it, and so that one
    whose answer was lost is known by its address when the list is read again."""
    url = clio_hooks.new_address(world, policy.firm.id, policy.lanes.clio, model)
    hook = book.hooks[model] = Hook(clio_hooks.name_of(world, url))
    _save(world, policy.firm.id, book)
    until = world.now() + ASKED_FOR

    def create(c: Clio, a: Access) -> HookReading:
        return c.hooks.create(a, model=model, url=url, fields=WATCHED[model], events=EVENTS, until=until)

    shown = reach.clio(create)
    return _kept(world, reach, hook, shown)


def _kept(world: World, reach: Reach, hook: Hook, shown: HookReading) -> Hook:
    """Its secret is kept, its handshake made from our side where Clio's did not come, its end moved on."""
    if shown.secret:
        clio_hooks.learn(world, hook.name, shown.secret)
    if hook.id and shown.status == PENDING and (secret := clio_hooks.secret_of(world, hook.name)):
        shown = reach.clio(lambda c, a, id=shown.id: c.hooks.activate(a, id, secret))  # type: ignore[misc]
    ends = shown.expires_at
    if not set(EVENTS) <= set(shown.events) or ends is None or ends - world.now() < EXTENDED_WITHIN:
        until = world.now() + ASKED_FOR
        shown = reach.clio(lambda c, a: c.hooks.extend(a, shown.id, events=EVENTS, until=until))
    return Hook(
        hook.name,
        shown.id,
        shown.status,
        shown.expires_at.isoformat() if shown.expires_at else "",
        set(EVENTS) <= set(shown.events),
    )
