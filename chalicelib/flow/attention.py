"""What needs a person: retry a parked step, close a task, say whether two payments are the same money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.domain import effects, linking, receipts
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Decision, Effect, Finish, Neighbour, Ref, Status, lane_of
from chalicelib.errors import Refused
from chalicelib.flow import contacts, credit_links, journals, pairing, trust_setup
from chalicelib.flow.looking import payable_ref
from chalicelib.flow.ports import World
from chalicelib.flow.settle import policy_of, settle

GONE = "This is already settled. Reload the page."
READ = 100  # parked steps and tasks of one page
PAGES = 20  # of which at most so many are read for what is told apart


def _parked(world: World, firm: str, key: str) -> Effect:
    effect = world.store.effect(key)
    if effect is None or effect.firm != firm or effect.status is not Status.PARKED:
        raise Refused(GONE)
    return effect


def parked(world: World, firm: str) -> list[Effect]:
    """What is parked, newest first, up to two thousand."""
    page, read = world.store.parked(firm, limit=READ), 1
    found = list(page.items)
    while page.next and read < PAGES:
        page, read = world.store.parked(firm, limit=READ, cursor=page.next), read + 1
        found += page.items
    return found


def standing(found: Sequence[Effect]) -> tuple[list[Effect], bool]:
    """Of what is parked, the newest hundred; and of what is older the broken links and the lost connections, which are
    told by themselves. With it whether there is more than the newest hundred."""
    return [*found[:READ], *(e for e in found[READ:] if apart(e))], len(found) > READ


def apart(effect: Effect) -> bool:
    """Whether it is told by itself: what is linked is gone, or a connection is lost."""
    return bool(effect.body.get("broken")) or (effect.kind == Do.TASK and "connection" in effect.body)


def retry(world: World, firm: str, key: str, by: str, choice: str = "") -> None:
    """Owes a parked step again, now, with what the person chose. Raises Refused when it is no longer parked.

    What may have been mended at Clio is read there again first.
    """
    effect = _parked(world, firm, key)
    if effect.kind == Do.TASK:
        raise Refused("There is nothing to retry here: press Done when it is done.")
    offered = [str(c[0]) for c in effect.body.get("choices", [])]
    if choice and choice not in offered:
        raise Refused("Choose one of the offered ways.")
    policy = policy_of(world, firm)
    now = world.now()
    clio = lane_of(firm, Neighbour.CLIO, policy.lanes.clio)
    if effect.kind == Do.CUSTOMER and choice:
        contacts.tell(world, policy, str(effect.body["contact"]), linking.ChoiceMade(choice), by=by)
        world.store.retry(key, now)
    elif effect.kind == Do.CUSTOMER and effect.body.get("customer"):
        world.store.retry(key, now)
        world.store.arrive(effects.look_client(firm, clio, str(effect.body["contact"]), now))
    elif effect.kind == Do.CUSTOMER:
        world.store.arrive(effects.look_client(firm, clio, str(effect.body["contact"]), now, "again"))
    elif effect.kind == Do.JOURNAL and choice == journals.AGAIN[0]:
        journals.again(world, policy, effect, by)
    elif effect.kind == Do.CHANGE_CLIENT and choice:
        contacts.leave_clio(world, firm, str(effect.body["contact"]), by)
    else:
        world.store.retry(key, now, body={"choice": choice, "by": by})
        if effect.kind == Do.INVOICE:
            world.store.arrive(effects.look_bill(firm, clio, str(effect.body["payable"]), now, effect.title))
    world.log("retried", firm=firm, kind=effect.kind)
    world.queue.hint([effect.lane, clio])


def done(world: World, firm: str, key: str, by: str) -> None:
    """A person says that a task is done, or accepts what is parked as it is."""
    effect = _parked(world, firm, key)
    if effect.kind == Do.TASK and "receipt" in effect.body:
        raise Refused("Say whether it is the same money: that closes it.")
    if effect.kind == Do.TASK and effect.body.get("broken"):
        raise Refused("Choose what becomes of it: that closes it.")
    if effect.kind != Do.TASK and not effect.body.get("may_close"):
        raise Refused("This step is still needed. Correct what holds it, then press Retry.")
    if effect.kind == Do.JOURNAL:
        journals.accept(world, policy_of(world, firm), effect, by)
        return
    if effect.kind == Do.CREDIT:
        credit_links.accept(world, policy_of(world, firm), effect, by)
        return
    if effect.kind == Do.TASK and "field" in effect.body:
        contacts.leave(world, firm, str(effect.body["contact"]), str(effect.body["field"]), by)
        return
    if effect.kind == Do.TASK and "word" in effect.body:
        trust_setup.take_word(world, firm, str(effect.body["word"]), by)
    if effect.body.get("release"):
        pairing.release(world, firm, str(effect.body["payable"]), by)
    settle(world, [], lambda _s, _n: {}, fact="Done", by=by, finish=[Finish(key)])


def _answer(world: World, firm: str, payable: str, fact: receipts.MatchFact, by: str) -> None:
    ref = payable_ref(firm, payable)
    policy = policy_of(world, firm)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        if before[ref] is None:
            raise Refused("There is no such invoice.")
        return {ref: receipts.answered(before[ref], fact, policy, now)}

    settle(world, [ref], decide, fact=type(fact).__name__, body=fact, policy=policy.version, by=by)


def same_money(world: World, firm: str, payable: str, receipt: str, payments: Sequence[str], by: str) -> None:
    """The receipt in Clio is these payments of ours."""
    _answer(world, firm, payable, receipts.MatchConfirmed(receipt, tuple(payments)), by)


def separate(world: World, firm: str, payable: str, receipt: str, by: str) -> None:
    """The receipt in Clio is a payment of its own."""
    _answer(world, firm, payable, receipts.MatchRefused(receipt), by)


def undo(world: World, firm: str, payable: str, receipt: str, by: str) -> None:
    """Takes a match back; it is asked about again."""
    _answer(world, firm, payable, receipts.MatchUndone(receipt), by)
