"""What a batch of QuickBooks steps comes to before it is sent: written, waiting, settled, or shown to a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from chalicelib.domain import generation
from chalicelib.domain.book_changes import BookChanges
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Finish, Json, Kind, Ref
from chalicelib.domain.wanted import Wanted
from chalicelib.flow import states
from chalicelib.flow.ports import World
from chalicelib.flow.settle import settle

WOKEN_AT_MOST = 500
LANE_WAITS = "Waiting: "  # what begins the cause where a neighbour does not answer: of each effect of the lane
FOR_ITS_CUSTOMER = "It waits for its client's customer in QuickBooks."
FOR_A_PERSON = "It waits for your word on its client or matter, under Needs attention."
NAME_TAKEN = "6240"  # the name is another entry's (reference/quickbooks.md 6)
WITHOUT = "Its client stays without a customer in QuickBooks, as you decided. Link one on the client's page."
S = TypeVar("S", bound=generation.Linked)
Lately = Callable[[str], BookChanges]  # what changed in QuickBooks since a call was first sent, by kind


class Asked(str):
    """What a step waits for, where that is a person's word which wakes it: it need not look for itself often."""


@dataclass
class Prepared:
    """What a batch of effects came to: to write now, to wait for something else (with its cause), or settled
    already."""

    write: list[tuple[Effect, Wanted]] = field(default_factory=list)
    blocked: list[tuple[Effect, str]] = field(default_factory=list)
    settled: int = 0


def still_open(
    world: World,
    policy: Policy,
    batch: Sequence[Effect],
    ref_of: Callable[[Effect], Ref],
    over: Callable[[S, Effect], bool],
    out: Prepared,
) -> list[tuple[Effect, S]]:
    """Of a batch, each step that is still to be carried out with its state as it is now, all loaded at once. A state of
    an earlier generation is renewed; what is ``over`` needs nothing any more: both count as settled."""
    refs = [ref_of(e) for e in batch]
    held = {h.ref: h for h in world.store.load_many(refs)}
    open_: list[tuple[Effect, S]] = []
    for e, ref in zip(batch, refs, strict=True):
        state: S = states.decode(ref.kind, held[ref].body)
        if renew(world, policy, e, state):
            out.settled += 1
        elif over(state, e):
            done(world, e)
            out.settled += 1
        else:
            open_.append((e, state))
    return open_


def unblocked(
    open_: Sequence[tuple[Effect, S]], waits_for: Callable[[S], str], out: Prepared
) -> list[tuple[Effect, S]]:
    """Those that wait for nothing; the others, with what ``waits_for`` says, go among the blocked."""
    causes = [(e, state, waits_for(state)) for e, state in open_]
    out.blocked += [(e, cause) for e, _, cause in causes if cause]
    return [(e, state) for e, state, cause in causes if not cause]


def done(world: World, effect: Effect, fact: str = "NothingToDo") -> None:
    settle(world, [], lambda _s, _n: {}, fact=fact, finish=[Finish(effect.key)])


def renew(world: World, policy: Policy, effect: Effect, state: generation.Linked) -> bool:
    """Whether the state was of an earlier generation of links: it is renewed then, its step is owed under another key,
    and this one is done. Every ``prepare`` asks this before it uses a link."""
    if not generation.is_stale(state, policy):
        return False
    kinds = {
        "Contact": Kind.CONTACT,
        "Payable": Kind.PAYABLE,
        "Payment": Kind.PAYMENT,
        "Credit": Kind.CREDIT,
        "Entry": Kind.TRUST,
        "Holder": Kind.HOLDER,
        "Matter": Kind.MATTER,
    }
    ref = Ref(state.firm, kinds[type(state).__name__], state.id)
    renew_state(world, policy, ref, [Finish(effect.key)])
    return True


def renew_state(world: World, policy: Policy, ref: Ref, finish: Sequence[Finish] = ()) -> Any:
    """Brings one state into the present generation of links, and gives it."""

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: generation.renewed(before[ref], policy, now)}

    body = {"generation": policy.firm.generation}
    told = settle(world, [ref], decide, fact="GenerationBegun", body=body, policy=policy.version, finish=finish)
    return told.states[ref]


def current(world: World, policy: Policy, refs: Sequence[Ref]) -> dict[Ref, Any]:
    """The states of these refs in the present generation of links; what is older is renewed on the way, what does not
    exist is left out."""
    found: dict[Ref, Any] = {}
    for held in world.store.load_many(list(dict.fromkeys(refs))):
        state = states.decode(held.ref.kind, held.body)
        if state is not None and generation.is_stale(state, policy):
            state = renew_state(world, policy, held.ref)
        if state is not None:
            found[held.ref] = state
    return found


def first_links(policy: Policy) -> str:
    """The records of invoices that a person linked in the first sync of this generation."""
    return f"first-links/{policy.firm.id}/{policy.firm.generation}"


def wake(world: World, lane: str, link: str) -> None:
    """What waits in the lane for this link goes on at once."""
    now = world.now()
    for waiting in world.store.lane_owed(lane, limit=WOKEN_AT_MOST):
        if link in waiting.after and waiting.due_at > now and not waiting.call:
            world.store.postpone(waiting.key, now, tries=0)


def park(
    world: World,
    effect: Effect,
    reason: str,
    remedy: str,
    detail: str = "",
    choices: Sequence[tuple[str, str]] = (),
    *,
    may_close: bool = False,
    broken: str = "",
    why: str = "",
    shared: tuple[str, str] | None = None,
) -> None:
    """Shows the step to a person, with its cause, its remedy and what they may choose. ``may_close``: they may accept
    it as it is. ``broken``: what is linked and gone in QuickBooks (invoice, payment, customer ...): the page Sync
    status shows those by themselves. ``why``: what keeps it, in a few words for who leaves it as it is. ``shared``:
    cause and remedy without what is this step's alone, by which those of one cause are told together (``retrying``)."""
    body: Json = {"choices": [list(c) for c in choices], "may_close": may_close, "broken": broken}
    body |= {"why": why} if why else {}
    body |= {"shared": list(shared)} if shared else {}
    count_parked(world, effect)
    world.store.park(effect.key, reason=reason, remedy=remedy, detail=detail, body=body)


def refusals(effect: Effect) -> int:
    """How often it was refused in a row. How often its neighbour did not answer at all says nothing of it."""
    return 0 if effect.cause.startswith(LANE_WAITS) else effect.tries


def count_parked(world: World, effect: Effect) -> None:
    """By kind for the picture, and once more without a dimension, which the alarm watches."""
    world.count("effect_parked", kind=effect.kind)
    world.count("effects_parked")


OPEN_IT = (
    "In QuickBooks, under the gear, “Account and settings”, “Advanced”, “Accounting”, set an earlier closing date for "
    "as long as this takes, then press Retry. Or change the date in Clio."
)
CLOSED = ("The books are closed for this date in QuickBooks.", OPEN_IT)
REASONS: dict[str, tuple[str, str]] = {
    "6140": (
        "The number is already used in QuickBooks, perhaps by another kind of document.",
        "Renumber the bill in Clio or the other document in QuickBooks, then press Retry.",
    ),
    "6210": CLOSED,
    "6200": CLOSED,
    "6540": ("The payment is already on a deposit in QuickBooks.", "Take it off the deposit, then press Retry."),
    NAME_TAKEN: (
        "The name is already used in QuickBooks by a customer, vendor or employee.",
        "Rename one of the two, then press Retry.",
    ),
    "610": (
        "QuickBooks says that something this needs is not there: a customer, an item or an account was deleted, merged "
        "or made inactive.",
        "Look in QuickBooks for what is named below, and make it active again or choose another one under Settings; "
        "then press Retry.",
    ),
    "620": (
        "In QuickBooks the invoice belongs to another customer than the payment.",
        "Compare the customer of the invoice in QuickBooks with the client in Clio, then press Retry.",
    ),
    "5010": (
        "It was changed in QuickBooks each time that we were about to write it.",
        "Wait until nobody works on it there, then press Retry.",
    ),
    "10000": ("QuickBooks had trouble of its own, several times in a row.", "Press Retry in an hour or so."),
    "2210": ("QuickBooks does not accept the client's e-mail address.", "Correct it in Clio, then press Retry."),
    "6190": ("The QuickBooks subscription has ended: the company is read only.", "Renew it, then press Retry."),
}


def words(code: str, said: str) -> tuple[str, str]:
    """Why QuickBooks said no, and what to do about it. ``said``: in its own words, as fully as it told."""
    unknown = f"QuickBooks refused this: {said}", "Correct the cause in QuickBooks or Clio, then press Retry."
    return REASONS.get(code, unknown)


def refused(world: World, effect: Effect, code: str, message: str, detail: str) -> None:
    """QuickBooks said no, and asking again would not change that."""
    reason, remedy = words(code, detail or message)
    count_parked(world, effect)
    world.store.park(effect.key, reason=reason, remedy=remedy, detail=f"{code}: {detail or message}")
