"""What a neighbour refuses, or shows in a way that we cannot use: it alone waits for a person, with its cause and
remedy, and everything beside it goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import assert_never

from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Effect, Neighbour
from chalicelib.errors import Conflict, Declined, Refused, Unreadable
from chalicelib.flow import looking
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import count_parked, refusals
from chalicelib.flow.reach import Reach

READ_AGAIN = 3  # times, before a person is told of a reading of QuickBooks that is refused
READ_AGAIN_AFTER = timedelta(minutes=5)  # then twice as long each time
NOT_LET_SEE = "Clio does not let the user who connected it see this."
LET_US_SEE = (
    "At Clio, give that user the permission to see it (an owner with the roles Billing and Accounts has it), or "
    "connect Clio again as somebody who has"
)
Read = Callable[[World, Reach, Policy, Sequence[Effect]], None]


def park(world: World, effect: Effect, problem: Unreadable | Declined | Refused) -> None:
    """Shows to a person what cannot be done, why, and what to do."""
    count_parked(world, effect)
    match problem:
        case Unreadable():
            reason = f"It shows a {problem.what} that we cannot use: {problem.raw}"
            remedy, detail = problem.remedy or "Correct it at its source, then press Retry.", str(problem)
        case Declined(status=403) if effect.lane.split("|")[1] == Neighbour.CLIO:
            reason, remedy = NOT_LET_SEE, f"{LET_US_SEE}, then press Retry."
            detail = f"{problem.code}: {problem.detail or problem.message}"
        case Declined():
            gone = problem.status == 404 or problem.code == "404"
            reason = looking.NOT_SHOWN if gone and effect.about.startswith("payable/") else problem.message
            remedy, detail = (
                "Look at it there, then press Retry.",
                f"{problem.code}: {problem.detail or problem.message}",
            )
        case Refused():
            reason, remedy, detail = problem.reason, "Then press Retry.", ""
        case _:
            assert_never(problem)
    try:
        world.store.park(effect.key, reason=reason, remedy=remedy, detail=detail, arrivals=effect.arrivals)
    except Conflict:
        world.log("arrived_while_parking", kind=effect.kind)  # a pointer came meanwhile: it is looked at again


def read(world: World, reach: Reach, policy: Policy, looks: Sequence[Effect], look: Read) -> None:
    """Looks of one kind at QuickBooks, together. Where one of them is refused or cannot be used each is taken alone:
    that one is tried again a few times, since a reading does no harm, and then parks. Raises Unavailable and
    Disconnected."""
    try:
        look(world, reach, policy, looks)
    except (Declined, Unreadable) as no:
        if len(looks) > 1:
            for one in looks:
                read(world, reach, policy, [one], look)
        elif (tries := refusals(looks[0])) < READ_AGAIN:
            wait = READ_AGAIN_AFTER * 2**tries
            cause = f"QuickBooks cannot be read: {no.message if isinstance(no, Declined) else no}"
            world.store.postpone(looks[0].key, world.now() + wait, cause=cause, tries=tries + 1)
        else:
            park(world, looks[0], no)
