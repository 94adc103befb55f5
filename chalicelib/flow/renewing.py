"""A new generation of links begins: every client, bill and payment is brought into it, page by page.

It can be interrupted anywhere and goes on where it was. Nothing leans on its having finished: what it has not met yet
is renewed by whoever uses its link first (flow/prepared.py). It is what owes those that nobody would meet otherwise.
"""

from __future__ import annotations

from datetime import timedelta

from chalicelib.domain import effects, generation, matters, trust
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Effect, Finish, Json, Neighbour, Status, lane_of
from chalicelib.domain.payable import Tab
from chalicelib.domain.trust import Entry
from chalicelib.flow import states, trust_check, trusting
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import renew_state
from chalicelib.flow.settle import policy_of, settle

PAGE = 100
AT_ONCE = timedelta(seconds=20)
# A bill that moves to an earlier list while its own is read is met in the second look at the lists of open ones.
PARTS = ("contacts", *(f"payables/{t}" for t in (*Tab, Tab.OPEN, Tab.REMINDING)), "credits", "payments", matters.LOST)
GROUPED = ("contacts", matters.LOST)  # in the other index
MOVES = (trust.MOVES, trust.LEAVING)  # the entries of one trust account


def start(world: World, firm: str) -> None:
    """Owes it where a later generation than the first has begun; beginning again does no harm."""
    policy = policy_of(world, firm)
    if policy.firm.generation == 1:
        return
    lane = lane_of(firm, Neighbour.SELF)
    name = str(policy.firm.generation)
    world.store.arrive(effects.owed(firm, Do.RENEW, name, "firm", lane, world.now()))
    world.queue.hint([lane])


def finished(world: World, policy: Policy) -> bool:
    """Whether everything is in the present generation of links."""
    if policy.firm.generation == 1:
        return True
    found = world.store.record(f"renewing/{policy.firm.id}", str(policy.firm.generation))
    return found is not None and found[1]["part"] >= len(found[1].get("parts", PARTS))


def run(world: World, policy: Policy, effect: Effect) -> None:
    """A few pages; owed again at once while there are more."""
    key = (f"renewing/{policy.firm.id}", str(policy.firm.generation))
    found = world.store.record(*key)
    new: Json = {"part": 0, "cursor": None, "renewed": 0, "parts": _parts(world, policy)}
    place: Json = {**new, **found[1]} if found else new
    until = world.now() + AT_ONCE
    while place["part"] < len(place["parts"]) and world.now() < until:
        _page(world, policy, place)
        world.store.put_record(*key, place)
    done = Finish(effect.key, arrivals=effect.arrivals)
    if place["part"] < len(place["parts"]):
        done = Finish(effect.key, arrivals=effect.arrivals, status=Status.OWED, due_at=world.now())
    settle(world, [], lambda _s, _n: {}, fact="Renewed", finish=[done])


def _parts(world: World, policy: Policy) -> list[str]:
    """Every list; of trust money, each account that was ever checked or chosen."""
    checked = trust_check.last(world, policy.firm.id)
    accounts = {*(checked.accounts if checked else ()), *(b.clio for b in policy.firm.trust.banks)}
    return [*PARTS, *(f"{group}/{account}" for account in sorted(accounts) for group in MOVES)]


def _page(world: World, policy: Policy, place: Json) -> None:
    part = str(place["parts"][place["part"]])
    grouped = part in GROUPED or part.partition("/")[0] in MOVES
    read = world.store.grouped if grouped else world.store.listed
    page = read(f"{policy.firm.id}/{part}", limit=PAGE, cursor=place["cursor"])
    for held in page.items:
        if generation.is_stale(states.decode(held.ref.kind, held.body), policy):
            state = renew_state(world, policy, held.ref)
            if isinstance(state, Entry):
                trusting.know_client(world, policy, trusting.client_of(state.move))
            place["renewed"] += 1
    place["cursor"] = page.next
    if page.next is None:
        place["part"] += 1
