"""A list of Clio's that it does not let us read: the user who connected it may not see it any more, or for a reason
that we do not know. It concerns itself alone: the other lists of the poll are read, and that one is tried at each poll.
It has an effect of its own besides, which a person sees with what to do until the list is read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from chalicelib.domain import effects
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Effect, Finish, Neighbour, Status
from chalicelib.errors import Declined, Unreadable
from chalicelib.flow import prepared
from chalicelib.flow.feeds import MATTERS, Tally, poll_clio
from chalicelib.flow.parking import LET_US_SEE
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import settle

NAMES = {
    "bills": "bills",
    "void": "voided bills",
    "deleted": "deleted bills",
    "contacts": "clients",
    MATTERS: "the numbers of matters",
    "deposits": "bank transactions",
    "receipts": "payments",
    "credits": "credit notes",
}
REFUSED_AT_MOST, REFUSED_AFTER = 3, timedelta(minutes=5)  # times in a row, the second after twice as long, and so on
MAY_NOT = (403, 404)  # a list that may not be seen is forbidden, or not shown to be there (reference/clio.md 2.7)


def _cause(feed: str, no: Declined | Unreadable) -> str:
    if isinstance(no, Declined) and no.status in MAY_NOT:
        return f"Clio does not let us read {NAMES[feed]}: the user who connected it may not see them."
    return f"Clio's list of {NAMES[feed]} cannot be read: {no.message if isinstance(no, Declined) else no}."


def _remedy(refused: Iterable[Declined | Unreadable]) -> str:
    on = "Everything else is read meanwhile, and this is tried again by itself too."
    if all(isinstance(no, Declined) and no.status in MAY_NOT for no in refused):
        return f"{LET_US_SEE}, then press Retry. {on}"
    return f"Press Retry in an hour or so; if it stays, tell us. {on}"


def causes(tally: Tally) -> list[str]:
    """Why each list that this run was refused is not read, a sentence each."""
    return [_cause(feed, no) for feed, no in tally.refused.items()]


def park(world: World, effect: Effect, tally: Tally) -> None:
    """What needs lists that Clio does not let us read waits for a person."""
    said = "; ".join(
        f"{no.code}: {no.detail or no.message}" if isinstance(no, Declined) else str(no)
        for no in tally.refused.values()
    )
    prepared.park(world, effect, " ".join(causes(tally)), _remedy(tally.refused.values()), said)


def tell(world: World, policy: Policy, tally: Tally, before: Mapping[str, str]) -> dict[str, str]:
    """After a poll: each list that it was refused has its effect, and that of one that is read again is done. Gives by
    list why it is not read. ``before``: so after the poll before this one."""
    for feed in tally.refused:
        alone = _effect(world, policy, feed)
        there = world.store.effect(alone.key)
        if there is None or there.status is Status.DONE:
            world.store.arrive(alone)
    over = [Finish(_effect(world, policy, feed).key) for feed in before if feed in tally.read]
    if over:
        settle(world, [], lambda _s, _n: {}, fact="ReadAgain", finish=over)
    return {feed: _cause(feed, no) for feed, no in tally.refused.items()}


def _effect(world: World, policy: Policy, feed: str) -> Effect:
    title = f"{NAMES[feed].capitalize()} could not be read in Clio"
    lane = policy.lanes.of(Neighbour.CLIO)
    return effects.owed(policy.firm.id, Do.POLL_CLIO, feed, "firm", lane, world.now(), title=title)


def read(world: World, reach: Reach, policy: Policy, effect: Effect, feed: str) -> None:
    """That list alone: done once it is read. What is refused mostly passes: a person is told after a few times. Raises
    Unavailable and Disconnected."""
    tally = Tally()
    poll_clio(world, reach, policy, tally, (feed,))
    tries = prepared.refusals(effect)
    if tally.refused and tries < REFUSED_AT_MOST:
        until = world.now() + REFUSED_AFTER * 2**tries
        world.store.postpone(effect.key, until, cause=" ".join(causes(tally)), tries=tries + 1)
    elif tally.refused:
        park(world, effect, tally)
    else:
        settle(world, [], lambda _s, _n: {}, fact="ReadAgain", finish=[Finish(effect.key, arrivals=effect.arrivals)])
