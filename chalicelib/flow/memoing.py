"""The pay link in the memo of Clio's bill, if the firm wishes it: read before, written under If-Match, read after."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain import paylinks
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Finish
from chalicelib.domain.payable import Payable
from chalicelib.errors import Declined
from chalicelib.flow import links, states
from chalicelib.flow.looking import payable_ref, point_at_bill
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import done, park
from chalicelib.flow.reach import Reach
from chalicelib.flow.relinking import put_off
from chalicelib.flow.settle import settle

AFTER_A_LOOK = timedelta(minutes=1)  # then twice as long each time
MOVED = "The bill moved in Clio meanwhile."
MOVED_AT_MOST = 6  # times, before a person is told
AGAIN_AND_AGAIN = "The bill is another one in Clio each time that the link is about to be written."
OR_LEAVE_IT = "Press Retry, or Done to leave the memo as it is."


def write(world: World, reach: Reach, policy: Policy, effect: Effect) -> None:
    """Raises what Clio raises; a lost answer is found when the memo is read again."""
    id = str(effect.body["bill"])
    ref = payable_ref(policy.firm.id, id)
    state: Payable | None = states.decode(ref.kind, world.store.load(ref).body)
    if state is None or not policy.firm.invoicing.clio_memo or not (state.open or state.relinked):
        done(world, effect)
        return
    if not state.open:
        put_off(world, policy, ref, effect)
        return
    there = reach.clio(lambda c, a: c.memos.read(a, id))
    link = links.PayLink(state.firm, state.client_id, id)
    stands = links.lives(world, link, there.memo)
    if stands or not (there.can_update or state.relinked):
        done(world, effect)
        return
    if not there.can_update:  # it was paid meanwhile, which we have yet to read
        put_off(world, policy, ref, effect, refused=True)
        return
    if there.etag != state.etag:  # what changed is taken in first, so that our own change is known as ours
        point_at_bill(world, policy, id)
        _moved(world, effect)
        return
    memo = links.replaced(world, there.memo, links.make(world, link))
    try:
        reach.clio(lambda c, a: c.memos.write(a, id, memo, there.etag))
    except Declined as no:
        if no.status == 412:
            _moved(world, effect)
        else:
            said = f"{no.code}: {no.detail or no.message}"
            park(world, effect, f"Clio did not take the link: {no.message}", OR_LEAVE_IT, said, may_close=True)
        return
    after = reach.clio(lambda c, a: c.memos.read(a, id))

    def decide(before: Mapping[Any, Any], _now: datetime) -> dict[Any, Decision[Any]]:
        return {ref: paylinks.memo_written(before[ref], there.etag, after.etag)}

    settle(world, [ref], decide, fact="MemoWritten", policy=policy.version, finish=[Finish(effect.key)])


def _moved(world: World, effect: Effect) -> None:
    """It is tried again a little later, since whoever works on the bill may be done then."""
    if effect.tries >= MOVED_AT_MOST:
        park(world, effect, AGAIN_AND_AGAIN, OR_LEAVE_IT, may_close=True)
        return
    wait = AFTER_A_LOOK * 2**effect.tries
    world.store.postpone(effect.key, world.now() + wait, cause=MOVED, tries=effect.tries + 1)
