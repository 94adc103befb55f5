"""QuickBooks: what is owed there, looked up first, then written in batches under a stored call. A lost answer is not a
failure: the identical call is repeated, then every member is looked up before it may go into another call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache

from chalicelib.domain.effects import Do, generation_in
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Call, Effect, Finish
from chalicelib.domain.preflight import UNREAD
from chalicelib.domain.readings import Wrote
from chalicelib.domain.wanted import Wanted
from chalicelib.errors import Conflict, Declined, Unreadable
from chalicelib.flow import capturing, contacts, customers, parking, renaming, staying, subcustomer_links
from chalicelib.flow.by_kind import look_up, prepare, take
from chalicelib.flow.changed import CLOCKS
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import NAME_TAKEN, Asked, Lately, count_parked, done, refusals, refused
from chalicelib.flow.reach import Reach

BATCH = 30  # reference/quickbooks.md 2.6
REPEATS = 2  # identical sends of one call before its members are looked up
SETTLES = timedelta(seconds=120)  # QuickBooks may work on a request for this long (reference/quickbooks.md 2.1)
REPEAT_AFTER = timedelta(seconds=5)
LOOKED_UP_RARELY = timedelta(hours=1)
TOLD_AFTER = REPEATS + 3  # sends and refused look-ups of one call, before a person is told
UNKNOWN = "unknown"  # in a step's body: its call could not be looked up
NOT_TOLD = (
    "QuickBooks' answer was lost, and it does not let us look whether this was written. Nothing is written again until "
    "that is known."
)
LOOK_YOURSELF = (
    "Look in QuickBooks whether the user who connected us may still see it. It is looked up again by itself, every "
    "hour."
)
BLOCKED_FOR = timedelta(seconds=20)
BLOCKED_AT_MOST = timedelta(minutes=10)
ASKED_AT_MOST = timedelta(hours=6)  # what waits for a person's word is woken by it
SETUP_WAITS = timedelta(minutes=30)
SETTING_WAITS = timedelta(hours=1)  # the preflight wakes them as soon as the setting is right
BEING_READ = timedelta(minutes=1)  # ... and reads them at once where a company was just connected
READS = {
    Do.LOOK_CUSTOMER: contacts.look_at_customers,
    Do.LOOK_SUB_CUSTOMER: subcustomer_links.look,
    Do.LOOK_BOOKED: capturing.look,
    Do.POLL_BOOKS: capturing.poll,
}
# what others need goes before them
ORDER = (Do.CUSTOMER, Do.SUB_CUSTOMER, Do.HOLDER, Do.INVOICE, Do.POSTING, Do.CREDIT, Do.JOURNAL)
NOT_REPLAYED = ("6000", "600")
STALE, GONE = "5010", "610"
LOOKED_AGAIN = 2
DOUBTFUL = ("6140", NAME_TAKEN, GONE, STALE, *NOT_REPLAYED)
THROTTLED = ("3001", "003001", "429")
TROUBLE = ("10000", "130", "140", "150")  # QuickBooks' own: tried again, a bounded number of times
TROUBLES_AT_MOST = 5


@dataclass(frozen=True, slots=True)
class Ready:
    """An effect whose turn it is, and what to write for it."""

    effect: Effect
    wanted: Wanted


def work(world: World, reach: Reach, policy: Policy, effects: Sequence[Effect]) -> bool:
    """One pass over a firm's QuickBooks lane. Gives whether anything moved, so that another pass may find more.

    Raises Unavailable and Disconnected for the whole lane.
    """
    if effects and generation_in(effects[0].lane) < policy.firm.generation:
        return _retire(world, effects)
    if not policy.firm.may_write:
        for e in effects:
            world.store.postpone(
                e.key,
                world.now() + SETUP_WAITS,
                cause="It waits for the first sync to be gone through: see the set-up.",
            )
        return False
    moved = False
    lane = effects[0].lane if effects else ""
    for call in world.store.live_calls(lane) if lane else []:
        moved |= resume(world, reach, policy, call)
    free = _allowed(world, policy, _free(world, lane, effects))
    for kind, look in READS.items():
        if looks := [e for e in free if e.kind == kind]:
            parking.read(world, reach, policy, looks, look)
            moved = True
    for kind in ORDER:
        mine = [e for e in free if e.kind == kind]
        for start in range(0, len(mine), BATCH):
            moved |= _each(world, reach, policy, kind, mine[start : start + BATCH])
    return moved


def _retire(world: World, effects: Sequence[Effect]) -> bool:
    """What an earlier generation of links owed is owed no more, and its calls are never sent again: those books are
    not ours. Whatever should stand is owed in the lane of the present generation, under keys of its own."""
    for call in world.store.live_calls(effects[0].lane):
        world.store.end(call.id)
    for e in effects:
        done(world, e, "GenerationOver")
    return True


def _free(world: World, lane: str, effects: Sequence[Effect]) -> list[Effect]:
    """The effects that may go into a call. What is in a live call waits for it, and so does a newer revision of the
    same thing: until the older one's outcome is known, nothing else may be written in its place."""
    wakes: dict[str, datetime] = {}
    for call in world.store.live_calls(lane) if lane else []:
        for member in _members(world, call):
            wakes[member.about] = (call.sent_at or call.stored_at) + next_repeat(call)
    free = []
    for e in effects:
        if e.about not in wakes and not e.call:
            free.append(e)
        elif (wake := wakes.get(e.about, world.now() + REPEAT_AFTER)) > world.now():
            world.store.postpone(e.key, wake, cause="QuickBooks' answer is awaited.")
    return free


def _allowed(world: World, policy: Policy, effects: Sequence[Effect]) -> list[Effect]:
    """Without those that wait for a setting in QuickBooks, by the last preflight, or for the one after connecting."""
    blocked = dict(policy.firm.blocked)
    for e in effects:
        if cause := blocked.get(e.kind):
            wait = BEING_READ if cause == UNREAD else SETTING_WAITS
            world.store.postpone(e.key, world.now() + wait, cause=cause)
    return [e for e in effects if e.kind not in blocked]


def _each(world: World, reach: Reach, policy: Policy, kind: str, effects: Sequence[Effect]) -> bool:
    """A batch; where QuickBooks refuses it as a whole, or shows something that we cannot use, its members are taken
    alone, so that only the culprit parks."""
    try:
        return _batch(world, reach, policy, kind, effects)
    except (Declined, Unreadable) as no:
        if len(effects) == 1 and isinstance(no, Declined):
            _refused(world, effects[0], no.code, no.message, no.detail)
            return True
        if len(effects) == 1:
            parking.park(world, effects[0], no)
            return True
    for effect in effects:
        _each(world, reach, policy, kind, [effect])
    return True


def _batch(world: World, reach: Reach, policy: Policy, kind: str, effects: Sequence[Effect]) -> bool:
    reach.batch_room()
    prepared = prepare(world, reach, policy, kind, effects)
    for effect, cause in prepared.blocked:
        longest = ASKED_AT_MOST if isinstance(cause, Asked) else BLOCKED_AT_MOST
        wait = min(BLOCKED_FOR * (2 ** min(effect.tries, 12)), longest)
        world.store.postpone(effect.key, world.now() + wait, cause=str(cause), tries=effect.tries + 1)
    if not prepared.write:
        return prepared.settled > 0
    members = [Ready(e, w) for e, w in prepared.write]
    request = world.quickbooks.request([(bid(i), m.wanted) for i, m in enumerate(members)])
    call = Call(
        id=world.secret(16)[:24].replace("_", "a").replace("-", "b"),
        lane=effects[0].lane,
        kind=kind,
        members=tuple(m.effect.key for m in members),
        request=request,
        stored_at=world.now(),
    )
    reach.spend_batch()
    try:
        world.store.begin(call)
    except Conflict:
        return True  # another worker took one of them: the next pass sees what is left
    send(world, reach, policy, call)
    return True


def bid(position: int) -> str:
    """A batch member's name there; at most 10 characters (reference/quickbooks.md 2.3)."""
    return f"m{position}"


def send(world: World, reach: Reach, policy: Policy, call: Call) -> None:
    """Sends the stored bytes, counting the try first, and settles each member by its answer."""
    call = world.store.sending(call.id, world.now())
    try:
        answers = reach.quickbooks(lambda q, a: q.send(a, call.request, call.id))
    except Declined as no:
        if call.tries == 1:  # nothing of it was carried out
            world.store.end(call.id)
            raise
        world.log("call_not_replayed", code=no.code)  # of an earlier send this says nothing: look-up follows
        return
    doubtful = 0
    for i, effect in enumerate(_members(world, call)):
        wrote = answers.get(bid(i))
        if wrote is None or (not wrote.ok and _in_doubt(call, wrote)):
            doubtful += 1
            continue
        try:
            _settle_member(world, policy, call, effect, wrote)
        except Conflict:  # another worker settles it at this moment: the call stays open until all is known
            doubtful += 1
    if not doubtful:
        world.store.end(call.id)


def _in_doubt(call: Call, wrote: Wrote) -> bool:
    """After a repeat, "already there", "changed" and "gone" may be our own first send, and "not replayed" says nothing
    of it."""
    return call.tries > 1 and wrote.fault[0] in DOUBTFUL


def _settle_member(world: World, policy: Policy, call: Call, effect: Effect, wrote: Wrote) -> None:
    if wrote.ok:
        take(world, policy, effect, wrote, _finish(call, effect))
        world.count("effect_done", kind=effect.kind)
        return
    if not _member(call, effect):
        return  # refused, and a newer revision has taken its place
    effect = replace(effect, tries=refusals(effect))
    code, message, detail = wrote.fault
    world.count("quickbooks_refused", code=code)
    if code in THROTTLED:
        world.store.free(call.id, effect.key)
        world.store.postpone(effect.key, world.now() + timedelta(seconds=60), cause="QuickBooks asks us to slow down.")
    elif code == STALE and effect.tries < 5:
        world.store.free(call.id, effect.key)
        world.store.postpone(
            effect.key, world.now(), cause="It was changed in QuickBooks meanwhile.", tries=effect.tries + 1
        )
    elif code in TROUBLE and effect.tries < TROUBLES_AT_MOST:
        world.store.free(call.id, effect.key)
        wait = timedelta(seconds=15 * 2**effect.tries)
        cause = "QuickBooks has trouble of its own."
        world.store.postpone(effect.key, world.now() + wait, cause=cause, tries=effect.tries + 1)
    else:
        world.store.free(call.id, effect.key)
        if customers.refused(world, policy, effect, code) or renaming.refused(world, effect, code):
            return
        if code == GONE and effect.tries < LOOKED_AGAIN:  # the next pass reads it: what is gone there has its choices
            cause = "Something of it was removed in QuickBooks: it is being looked at."
            world.store.postpone(effect.key, world.now() + REPEAT_AFTER, cause=cause, tries=effect.tries + 1)
        else:
            _refused(world, effect, code, message, detail)


def _refused(world: World, effect: Effect, code: str, message: str, detail: str) -> None:
    if not staying.refused(world, effect, code, message, detail):
        refused(world, effect, code, message, detail)


def resume(world: World, reach: Reach, policy: Policy, call: Call) -> bool:
    """Goes on with a call whose answer was lost, or that a dead worker left. Gives whether anything moved."""
    now = world.now()
    if call.sent_at is not None and call.tries < REPEATS:
        if now < call.sent_at + REPEAT_AFTER:
            return False
        reach.spend_batch()
        send(world, reach, policy, call)
        return True
    if call.sent_at is None:  # stored, never sent: the bytes may be old, so they are made anew
        if now < call.stored_at + timedelta(seconds=30):
            return False
        world.store.end(call.id)
        return True
    if now < call.sent_at + next_repeat(call):
        return False
    try:
        _look_up_all(world, reach, policy, call)
    except (Declined, Unreadable) as no:
        _not_known(world, call, no)
        return False
    world.store.end(call.id)
    return True


def _look_up_all(world: World, reach: Reach, policy: Policy, call: Call) -> None:
    """Each is settled, or free to go into another call. Raises Declined and Unreadable where that cannot be told."""
    lately = _changed_since(reach, call.stored_at - CLOCKS)
    for effect in _members(world, call):
        if not look_up(world, reach, policy, effect, _finish(call, effect), lately):
            world.store.free(call.id, effect.key)
            if effect.call == call.id and effect.body.get(UNKNOWN):
                world.store.retry(effect.key, world.now(), body={UNKNOWN: False})


def _not_known(world: World, call: Call, no: Declined | Unreadable) -> None:
    """What became of a call cannot be told: nothing may be written in its place. It is looked up again, less and less
    often, and a person is told."""
    world.log("call_not_looked_up", why=str(no))
    world.store.sending(call.id, world.now())  # counted as another send, so that it is left alone for longer each time
    if call.tries < TOLD_AFTER:
        return
    for effect in _members(world, call):
        if _member(call, effect):
            count_parked(world, effect)
            body = {"choices": [], "may_close": False, "broken": "", UNKNOWN: True}
            world.store.park(effect.key, reason=NOT_TOLD, remedy=LOOK_YOURSELF, detail=str(no), body=body)


def _changed_since(reach: Reach, since: datetime) -> Lately:
    """What changed since, by kind: read once, and only when asked for (reference/quickbooks.md 2.5)."""
    return cache(lambda entity: reach.quickbooks(lambda q, a: q.changed(a, entity, since)))


def _members(world: World, call: Call) -> Iterator[Effect]:
    """What is in the call, each as it is when its turn comes. Nothing that was ever owed is deleted."""
    for key in call.members:
        effect = world.store.effect(key)
        assert effect is not None
        yield effect


def _member(call: Call, effect: Effect) -> bool:
    return effect.call == call.id and effect.status == "owed"


def _finish(call: Call, effect: Effect) -> Finish:
    """A member is done only while it is in this call. One that a newer revision closed meanwhile is done already: what
    QuickBooks wrote for it is linked all the same, so that the newer revision changes it instead of making another."""
    return Finish(effect.key, call=call.id if _member(call, effect) else None)


def next_repeat(call: Call) -> timedelta:
    """How long after its last send a live call has something to do again."""
    return REPEAT_AFTER if call.tries < REPEATS else min(SETTLES * 2 ** min(call.tries - REPEATS, 8), LOOKED_UP_RARELY)
