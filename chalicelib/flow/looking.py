"""Looks at Clio: load the state, then ask the owner; the fact commits only if the state has not moved since."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from chalicelib.domain import billing, effects, grouping, receipts
from chalicelib.domain.billing import BillSeen
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Finish, Held, Kind, Neighbour, Ref, lane_of
from chalicelib.domain.payable import Payable
from chalicelib.domain.readings import Access, BillReading, Broken, Page, Pot, Receipt
from chalicelib.errors import Declined, Unavailable, Unreadable
from chalicelib.flow import first_receipts, renaming, states
from chalicelib.flow.contacts import bill_went_over, see_client
from chalicelib.flow.first_receipts import FirstReceipts
from chalicelib.flow.ports import Clio, World
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import settle

T = TypeVar("T")
LOOKS_IN_BATCH = 50
LISTED_IN_BATCH = 200  # reference/clio.md 2.2: a page
READ_AGAIN = 3
NOT_SHOWN = "Clio no longer shows this bill."


def payable_ref(firm: str, id: str) -> Ref:
    return Ref(firm, Kind.PAYABLE, id)


def read_receipts(reach: Reach, bill: BillReading, known: Payable | None) -> tuple[Receipt, ...]:
    """What Clio shows as received on a bill. For a trust request: deposits on trust accounts for it."""
    if bill.pot is Pot.TRUST:
        return _trust_deposits(reach, bill, known)
    if not (bill.paid or bill.credits) and bill.balance == bill.asks and not (known and known.receipts):
        return ()
    shown = every(reach, lambda c, a, n: c.receipts(a, bill_id=bill.id, next=n))
    return _with_texts(reach, bill, known, _clear(shown))


def every(reach: Reach, read: Callable[[Clio, Access, str | None], Page[T]]) -> Iterator[T | Broken]:
    """Every item of a list at Clio, page by page. ``read``: one page, from the address that the page before gave."""
    next_: str | None = None
    while True:
        page = reach.clio(lambda c, a, n=next_: read(c, a, n))  # type: ignore[misc]
        yield from page.items
        if page.next is None:
            return
        next_ = page.next


def _clear(items: Iterable[Receipt | Broken]) -> tuple[Receipt, ...]:
    """All of them, or Unreadable: a payment is not read by halves."""
    found: list[Receipt] = []
    for item in items:
        if isinstance(item, Broken):
            raise Unreadable(f"payment {item.id}: {item.what}", item.raw, item.remedy)
        found.append(item)
    return tuple(found)


def _with_texts(
    reach: Reach, bill: BillReading, known: Payable | None, found: tuple[Receipt, ...]
) -> tuple[Receipt, ...]:
    """Where a new receipt may be a payment of ours, the text that staff typed is read from the bank side too."""
    if known is None or not bill.client:
        return found
    if not known.returned and not any(s.recorded < s.cents for s in known.shares):
        return found
    held = {k.id for k in known.receipts}
    if all(r.id in held or r.voided or r.kind == "credit" for r in found):
        return found
    texts: dict[str, str] = {}
    client = bill.client.id
    for d in every(reach, lambda c, a, n: c.deposits(a, client_id=client, next=n)):
        if not isinstance(d, Broken) and d.receipt_id:
            texts[d.receipt_id] = f"{texts.get(d.receipt_id, '')} {d.text}".strip()
    return tuple(replace(r, text=f"{r.text} {texts.get(r.id, '')}".strip()) for r in found)


def _trust_deposits(reach: Reach, bill: BillReading, known: Payable | None) -> tuple[Receipt, ...]:
    if known is None or not (known.shares or known.returned or known.receipts or known.attempt) or not bill.client:
        return ()
    client = bill.client.id
    return tuple(
        Receipt(f"bt-{d.id}", bill.id, d.on, d.cents, group="", kind="deposit", text=d.text, loose=not d.bill_id)
        for d in every(reach, lambda c, a, n: c.deposits(a, client_id=client, next=n))
        if not isinstance(d, Broken) and d.trust and d.cents > 0 and d.bill_id in ("", bill.id)
    )


def read_bill(reach: Reach, id: str, known: Payable | None, first: BillReading | None = None) -> BillSeen:
    """A bill with its receipts, read so that the balance already counts every receipt given (decision 0003).

    The bill first, then its receipts; a receipt not known before makes both be read again until nothing new comes.
    """
    bill = first if first is not None else reach.clio(lambda c, a: c.bill(a, id))
    at = reach.world.now()
    counted = {k.id for k in known.receipts} if known else set()
    for _ in range(READ_AGAIN):
        found = read_receipts(reach, bill, known)
        new = {r.id for r in found if not r.voided} - counted
        if not new:
            return BillSeen(bill, found, at)
        counted |= new
        at = reach.world.now()
        bill = reach.clio(lambda c, a: c.bill(a, id))
    raise Unavailable("payments are being recorded on this bill at this moment", after=10)


def look_at_bills(
    world: World, reach: Reach, policy: Policy, looks: Sequence[Effect], *, owed: bool = True
) -> list[tuple[Effect, Exception | None]]:
    """Looks at up to 200 bills with one call, and at what was received on each. Gives each look with what went wrong.

    ``owed``: the looks are stored effects, and each is done with what came of it. Raises Unavailable and Disconnected,
    which concern the whole lane.
    """
    firm = policy.firm.id
    by_id = {str(e.body["bill"]): e for e in looks}
    held = {h.ref.id: h for h in world.store.load_many([payable_ref(firm, id) for id in by_id])}
    waited = any(e.body.get("first") for e in looks)
    first = first_receipts.of(world, policy) if waited else None  # before the bills: their balances are younger
    page = reach.clio(lambda c, a: c.bills_by_id(a, list(by_id)))
    shown = {item.id: item for item in page.items}
    outcomes: list[tuple[Effect, Exception | None]] = []
    for id, effect in by_id.items():
        problem: Exception | None = None
        try:
            take_in(world, reach, policy, held[id], shown.get(id), effect, first, owed=owed)
        except (Unreadable, Declined) as bad:
            problem = bad
        outcomes.append((effect, problem))
    return outcomes


def look_at_bill(world: World, reach: Reach, policy: Policy, effect: Effect) -> None:
    """Looks at one bill. Raises Unreadable and Declined when it cannot be taken in."""
    for _, bad in look_at_bills(world, reach, policy, [effect]):
        if bad is not None:
            raise bad


def take_in(
    world: World,
    reach: Reach,
    policy: Policy,
    held: Held,
    item: BillReading | Broken | None,
    effect: Effect,
    first: FirstReceipts | None = None,
    *,
    owed: bool = True,
) -> None:
    """Settles one look at a bill. Raises Conflict when the state moved meanwhile, Unreadable for a Broken row."""
    done = [Finish(effect.key, arrivals=effect.arrivals)] if owed else []
    known: Payable | None = states.decode(Kind.PAYABLE, held.body)
    if item is None:
        if known is None:
            settle(world, [], lambda _s, _n: {}, fact="BillGone", finish=done)
            return
        item = reach.clio(lambda c, a: c.bill(a, held.ref.id))  # Declined("404"): parks with what to do
    if isinstance(item, Broken):
        raise Unreadable(item.what, item.raw, item.remedy)
    if known is None and billing.left_alone(item, policy.firm):
        settle(world, [], lambda _s, _n: {}, fact="LeftAlone", finish=done)
        return
    if known is None and first is not None and first.id == effect.body.get("first"):
        listed = first.of_bill(held.ref.id)
        if listed and receipts.explain(item, listed):
            bring_in(world, policy, held, BillSeen(item, listed, world.now()), done, listed=True)
            return
    if known is None or effect.body.get("receipts") or billing.receipts_moved(known, item):
        fact = read_bill(reach, held.ref.id, known, item)
    else:
        fact = BillSeen(item, None, world.now())
    bring_in(world, policy, held, fact, done)


def bring_in(
    world: World, policy: Policy, held: Held, fact: BillSeen, done: Sequence[Finish] = (), *, listed: bool = False
) -> bool:
    """Commits a bill's reading, its client first. Gives whether anything but the look itself was written. ``listed``:
    its receipts are those of a first sync's list."""
    if not listed:
        _newer_than_list(world, policy, held, fact)
    client = fact.bill.client
    known: Payable | None = states.decode(Kind.PAYABLE, held.body)
    if client and policy.firm.sub_customers_used and not (known and billing.same_matters(known, fact.bill)):
        renaming.hear(world, policy, client.id, zip(fact.bill.matter_ids, fact.bill.matters, strict=False))
    shown = (known.client_id, known.client_name, known.client_email) if known else None
    if client and fact.bill.pot is Pot.OPERATING and shown != (client.id, client.name, client.email):
        see_client(world, policy, client)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {held.ref: billing.seen(before[held.ref], fact, policy, now)}

    settled = settle(
        world,
        [held.ref],
        decide,
        fact="BillSeen",
        body=brief(fact),
        policy=policy.version,
        finish=done,
        held={held.ref: held},
    )
    if known and client and fact.bill.pot is Pot.OPERATING and known.client_id not in ("", client.id):
        bill_went_over(world, policy, known.client_id, client.id)
    return settled.wrote


def _newer_than_list(world: World, policy: Policy, held: Held, fact: BillSeen) -> None:
    """What a first sync's list shows of these payments is not the last word any more: said before this is known."""
    known: Payable | None = states.decode(Kind.PAYABLE, held.body)
    groups = {r.group for r in fact.receipts or ()} | {r.group for r in (known.receipts if known else ())}
    if groups and (first := first_receipts.of(world, policy)):
        first.moved(groups)


def brief(fact: BillSeen) -> dict[str, Any]:
    """The journal keeps the reading's figures; the change holds the rest."""
    b = fact.bill
    return {"state": b.state, "balance": b.balance, "asks": b.asks, "pending": b.pending, "etag": b.etag, "at": fact.at}


def look_at_group(world: World, reach: Reach, policy: Policy, looks: Sequence[Effect]) -> None:
    """All allocations of one Clio payment become one payment here. ``looks``: every look at it that is owed, since each
    of its bills asks for one."""
    firm, group = policy.firm.id, str(looks[0].body["group"])
    ref = Ref(firm, Kind.PAYMENT, f"clio-{group}")
    held = world.store.load(ref)
    first = first_receipts.of(world, policy) if held.version == 0 else None  # it is older than what we hold
    found = first.of_group(group) if first else ()
    if not found:
        shown = every(reach, lambda c, a, n: c.receipts(a, group=group, next=n))
        found = _clear(shown)
    refs = [payable_ref(firm, b) for b in sorted({r.bill_id for r in found if r.bill_id})]
    payables = {h.ref.id: states.decode(Kind.PAYABLE, h.body) for h in world.store.load_many(refs) if h.body}
    fact = grouping.GroupSeen(group, found, world.now())

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any] | None]:
        return {ref: grouping.seen(before[ref], fact, payables, policy, now)}

    settle(
        world,
        [ref],
        decide,
        fact="GroupSeen",
        body={"group": group, "cents": sum(r.cents for r in found if not r.voided)},
        policy=policy.version,
        finish=[Finish(e.key, arrivals=e.arrivals) for e in looks],
        held={ref: held},
    )


def read_lines(world: World, reach: Reach, policy: Policy, effect: Effect) -> None:
    """Stores the bill's lines as a document and says so; the invoice is owed then."""
    id, revision = str(effect.body["bill"]), int(effect.body["revision"])
    ref = payable_ref(policy.firm.id, id)
    lines = reach.clio(lambda c, a: c.lines(a, id))
    raw = json.dumps(states.encode(list(lines))).encode()
    if effect.body.get("check"):
        known: Payable = states.decode(Kind.PAYABLE, world.store.load(ref).body)
        if known.revision != revision or world.store.document(known.lines) == raw:
            settle(world, [], lambda _s, _n: {}, fact="LinesStand", finish=[Finish(effect.key)])
            return
    key = f"{policy.firm.id}/lines/{id}/{revision}/{effect.arrivals}-{effect.tries}"
    world.store.put_document(key, raw, now=world.now())
    fact = billing.LinesRead(revision, key)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: billing.lines_read(before[ref], fact, policy, now)}

    settle(world, [ref], decide, fact="LinesRead", body=fact, policy=policy.version, finish=[Finish(effect.key)])


def item_matched(world: World, policy: Policy, effect: Effect) -> None:
    """Tells a payment what Clio shows of it on one payable."""
    firm = policy.firm.id
    source = states.decode(Kind.PAYABLE, world.store.load(payable_ref(firm, str(effect.body["payable"]))).body)
    ref = Ref(firm, Kind.PAYMENT, str(effect.body["payment"]))
    share = source.share_of(ref.id) if source else None
    fact = grouping.ItemShown(
        str(effect.body["payable"]), share.recorded if share else 0, bool(share and share.patched)
    )

    def decide(before: Mapping[Ref, Any], _now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: grouping.item_shown(before[ref], fact)}

    settle(world, [ref], decide, fact="ItemShown", body=fact, policy=policy.version, finish=[Finish(effect.key)])


def mark_paid(world: World, reach: Reach, policy: Policy, effect: Effect) -> None:
    """The firm's chosen write-back: our state change at Clio, guarded, verified by reading it back, never repeated.

    Where it is not possible any more, or had no effect, the payment stays in the list "Record in Clio".
    """
    firm, payment, id = policy.firm.id, str(effect.body["payment"]), str(effect.body["payable"])
    ref = payable_ref(firm, id)
    held = world.store.load(ref)
    known: Payable = states.decode(Kind.PAYABLE, held.body)
    share = known.share_of(payment)
    before_it = read_bill(reach, id, known)
    bill = before_it.bill
    offered = "paid" in bill.transitions and bill.state == "awaiting_payment" and not bill.pending
    if not (policy.firm.mark_paid and share and share.unseen and bill.balance == share.cents and offered):
        bring_in(world, policy, held, before_it, [Finish(effect.key)])
        return
    try:
        reach.clio(lambda c, a: c.mark_paid(a, id, bill.etag))
    except Declined as no:
        world.log("clio_mark_paid_refused", firm=firm, code=no.code)
        settle(world, [], lambda _s, _n: {}, fact="MarkPaidRefused", finish=[Finish(effect.key)])
        return
    after = reach.clio(lambda c, a: c.bill(a, id))
    found = read_receipts(reach, after, known)
    after = reach.clio(lambda c, a: c.bill(a, id))
    if after.state != "paid":
        world.log("clio_mark_paid_without_effect", firm=firm)
        settle(world, [], lambda _s, _n: {}, fact="MarkPaidWithoutEffect", finish=[Finish(effect.key)])
        return
    fact = receipts.MarkedPaid(payment, found)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        state = before[ref]
        matched = receipts.marked_paid(state, fact, policy, now)
        read = billing.seen(matched.state, BillSeen(after, found, now), policy, now)
        return {ref: Decision(read.state, effects=(*matched.effects, *read.effects), closes=read.closes)}

    settle(
        world,
        [ref],
        decide,
        fact="MarkedPaid",
        body={"payment": payment},
        policy=policy.version,
        finish=[Finish(effect.key)],
        held={ref: held},
    )


def point_at_bill(
    world: World,
    policy: Policy,
    id: str,
    title: str = "",
    *,
    receipts: bool = True,
    first: str | None = None,
    wait: timedelta = timedelta(0),
) -> None:
    """Owes a look at a bill; a pointer that comes while it is being looked at makes it look again. ``first``: the list
    of a first sync that may show what was received on it; empty where that no longer holds."""
    look = pointer_at_bill(world, policy, id, title, receipts=receipts, wait=wait)
    world.store.arrive(look if first is None else replace(look, body={**look.body, "first": first}))


def pointer_at_bill(
    world: World, policy: Policy, id: str, title: str, *, receipts: bool, wait: timedelta = timedelta(0)
) -> Effect:
    """A look at a bill, not owed yet."""
    lane = lane_of(policy.firm.id, Neighbour.CLIO, policy.lanes.clio)
    return effects.look_bill(policy.firm.id, lane, id, world.now() + wait, title, receipts=receipts)


def park_look(world: World, policy: Policy, broken: Broken) -> bool:
    """A row that cannot be understood parks alone, once for each version of it. Gives whether it was written."""
    lane = lane_of(policy.firm.id, Neighbour.CLIO, policy.lanes.clio)
    key = effects.key_of(policy.firm.id, Do.LOOK_BILL, broken.id)
    there = world.store.effect(key)
    if there and there.status == "parked" and there.body.get("mark") == broken.mark:
        return False
    look = effects.look_bill(policy.firm.id, lane, broken.id, world.now(), f"Bill {broken.number or broken.id}")
    world.store.arrive(replace(look, body={**look.body, "mark": broken.mark}))
    world.store.park(
        key,
        reason=f"Clio shows no {broken.what} on this bill."
        if broken.raw in ("None", "")
        else f"Clio shows “{broken.raw}” as this bill's {broken.what}, which we do not understand.",
        remedy=broken.remedy or "Correct the bill in Clio, then press Retry.",
        detail=f"{broken.what}={broken.raw}",
    )
    return True
