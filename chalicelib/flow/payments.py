"""Payments become QuickBooks payments on the right invoices. One that changed is taken out there first and added after;
where QuickBooks refuses to let it go, nothing is added: never two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from chalicelib.domain import posting
from chalicelib.domain.contact import Contact
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Finish, Kind, Ref, Status
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import ANEW, Payment, Posted
from chalicelib.domain.readings import BookedPayment, InvoiceReading, Wrote
from chalicelib.domain.wanted import Void, WantedPayment
from chalicelib.flow import leaving, noticing, states, staying
from chalicelib.flow.invoices import customer_ids
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import Prepared, done, still_open, unblocked, wake
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import settle


@dataclass
class _Batch:
    """What a batch's payments are laid against, read once for all of them. ``left``: open cents of each invoice in
    QuickBooks, less what the batch itself puts on it. ``sent``: keys of effects whose answer is awaited."""

    payables: dict[str, Payable]
    clients: dict[str, Contact]
    invoices: dict[str, InvoiceReading]
    there: dict[str, BookedPayment]
    sent: frozenset[str]
    left: dict[str, int] = field(default_factory=dict)


def _payment_ref(effect: Effect) -> Ref:
    return Ref(effect.firm, Kind.PAYMENT, str(effect.body["payment"]))


def prepare(world: World, reach: Reach, policy: Policy, batch: Sequence[Effect]) -> Prepared:
    out = Prepared()
    open_ = still_open(world, policy, batch, _payment_ref, _superseded, out)
    open_ = staying.left(world, reach, policy, open_, out)
    for _, state in open_:
        staying.take_up(world, policy, state)
    payables = leaving.payables(world, policy, [i.payable for _, x in open_ for i in x.items])
    open_ = unblocked(open_, lambda state: _asked_about(state, payables), out)
    if open_:
        around = _read(world, reach, policy, open_, payables)
        for e, state in open_:
            out.settled += _step(world, reach, policy, e, state, around, out)
    return out


def _superseded(state: Payment, e: Effect) -> bool:
    return int(e.body["revision"]) != state.wanted or (posting.settled(state) and not posting.left_behind(state))


def _asked_about(state: Payment, payables: Mapping[str, Payable]) -> str:
    """Where nothing stands of it there: for a person's word on which invoice; empty for none. QuickBooks is asked
    nothing meanwhile."""
    items = state.items if state.posted is None or state.posted.voided else ()
    return next((told for told in (leaving.asked_about(payables[i.payable]) for i in items) if told), "")


def _read(
    world: World,
    reach: Reach,
    policy: Policy,
    open_: Sequence[tuple[Effect, Payment]],
    payables: dict[str, Payable],
) -> _Batch:
    ids = [p.booked.id for p in payables.values() if p.booked and not p.booked.voided]
    invoices = {i.id: i for i in leaving.invoices(reach, ids)}
    posted = [id for _, x in open_ if x.posted and not x.posted.voided for id in x.posted.ids]
    there = {p.id: p for p in leaving.booked_payments(reach, posted)}
    sent = leaving.sent(world, open_[0][0].lane)
    clients = leaving.clients(world, policy, payables.values())
    return _Batch(payables, clients, invoices, there, sent, {i.id: i.balance for i in invoices.values()})


def _step(world: World, reach: Reach, policy: Policy, e: Effect, state: Payment, around: _Batch, out: Prepared) -> int:
    """Adds to ``out`` what is to be written, or why it waits. Gives 1 where it is settled or parked."""
    more = bool(state.posted and not state.posted.voided and state.posted.adding == state.wanted)
    if state.posted and not state.posted.voided and not more:
        return _take_out(world, reach, policy, e, state, state.posted, around, out)
    if state.generation > 1 and (
        more or state.posted is None
    ):  # books that were not purged show it from an earlier one
        if cause := leaving.not_met(around.payables[i.payable] for i in state.items):
            out.blocked.append((e, cause))
            return 0
        if _meet(world, reach, policy, e, state):
            return 1
    _add(world, policy, e, state, around, out)
    return 0


def _take_out(
    world: World, reach: Reach, policy: Policy, e: Effect, state: Payment, posted: Posted, around: _Batch, out: Prepared
) -> int:
    """QuickBooks has an older form of it, which goes first, piece by piece. What somebody took out there is not entered
    unasked."""
    standing = [x for x in (around.there.get(id) for id in posted.ids) if x is not None and not x.voided]
    all_there = len(standing) == len(posted.ids)
    if standing and (all_there or posted.adding == ANEW or not posting.should_stand(state)):
        there = standing[-1]
        if cause := _customer_gone(state, around):  # it goes only when what takes its place can come
            out.blocked.append((e, cause))
            return 0
        out.write.append((e, Void("Payment", there.id, there.sync_token)))
        return 0
    if posting.should_stand(state) and posted.adding != ANEW:
        missing = next((id for id in posted.ids if around.there.get(id) not in standing), posted.id)
        if noticing.payment_stopped(world, reach, policy, e, state, missing, around.there.get(missing)):
            return 1
        out.blocked.append((e, "QuickBooks does not show the payment at this moment."))
        return 0
    for id in posted.ids:
        _removed(world, policy, e, state, id, call=None)
    return 1


def _meet(world: World, reach: Reach, policy: Policy, e: Effect, state: Payment) -> bool:
    """Whether what stands of it from an earlier generation is met, and settled so. What was taken back or changed in
    Clio since is older than what is wanted: this effect takes it out."""
    if not (posting.left_behind(state) or posting.changed_since(state)):
        return find(world, reach, policy, e, Finish(e.key))
    ref, rows = _payment_ref(e), list(_standing(world, reach, policy, e, state))
    if not rows and posting.left_behind(state):
        done(world, e)
        return True
    if not rows:
        body = {"stood": list(state.stood)}
        settle(world, [ref], lambda s, _now: {ref: posting.stands_nowhere(s[ref])}, fact="StandsNowhere", body=body)
        return False

    def decide(before: Mapping[Ref, Any], _now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: posting.met(before[ref], rows, policy.lanes.book)}

    goes_on = Finish(e.key, status=Status.OWED, due_at=world.now())
    body = {"payments": [p.id for p in rows]}
    settle(world, [ref], decide, fact="PaymentMet", body=body, policy=policy.version, finish=[goes_on])
    return True


def _add(world: World, policy: Policy, e: Effect, state: Payment, around: _Batch, out: Prepared) -> None:
    lines: list[tuple[str, int]] = []
    items, cents_left = posting.rest(state)
    for item in items:
        p = around.payables[item.payable]
        cause = _waits(world, state, p, around)
        if cause:
            out.blocked.append((e, cause))
            return
        if p.booked is None or p.booked.voided or p.left_out:  # its money stays unapplied on the customer
            continue
        invoice = around.invoices[p.booked.id]
        if cause := leaving.short(world, p, item.cents, around.left[invoice.id]):
            out.blocked.append((e, cause))
            return
        cents = max(0, min(item.cents, around.left[invoice.id]))  # what is too much stays unapplied, and is shown
        if cents:
            lines.append((invoice.id, cents))
    groups = _by_customer(lines, around)
    if len(groups) > 1:  # QuickBooks links a payment to invoices of its own customer only: one for each of them
        lines = groups[0]
        mine = {around.payables[i.payable].booked.id: i.cents for i in items if around.payables[i.payable].booked}  # type: ignore[union-attr]
        cents_left = min(cents_left, sum(mine[id] for id, _ in lines))
    customer = _customer(state, lines, around)
    if not customer:
        out.blocked.append((e, leaving.without_customer(_client(state, around))))
        return
    for id, cents in lines:
        around.left[id] -= cents
    piece = len(groups) > 1 or cents_left < state.total
    out.write.append((e, _wanted(world, policy, state, customer, tuple(lines), cents_left, piece=piece)))


def _by_customer(lines: Sequence[tuple[str, int]], around: _Batch) -> list[list[tuple[str, int]]]:
    """The invoices by whose they are now, in the order of the customers' ids."""
    owners = sorted({around.invoices[id].customer_id for id, _ in lines})
    return [[x for x in lines if around.invoices[x[0]].customer_id == owner] for owner in owners]


def _wanted(
    world: World,
    policy: Policy,
    state: Payment,
    customer: str,
    lines: tuple[tuple[str, int], ...],
    cents: int,
    *,
    piece: bool,
) -> WantedPayment:
    mark = posting.marker(state.firm, "payment", state.id)
    return WantedPayment(
        customer=customer,
        on=state.settled_on or policy.firm.today(world.now()),
        cents=cents,
        lines=lines,
        account=policy.firm.accounts.clearing,
        reference=(state.code or f"Clio {state.group}")[:21],
        note=f"{mark}#{customer}" if piece else mark,
        currency=state.currency,
    )


def _waits(world: World, state: Payment, p: Payable, around: _Batch) -> str:
    """Why this payment cannot be put on a bill's invoice yet; empty when it can."""
    if (p.gone and (p.booked is None or p.booked.voided)) or p.left_out:
        return ""
    return leaving.waits(world, p, around.invoices, around.clients, state.id, around.sent)


def _customer_gone(state: Payment, around: _Batch) -> str:
    """Why a payment that should stand cannot be entered on its invoices' customers; empty when it can."""
    bills = [around.payables[i.payable] for i in state.items] if posting.should_stand(state) else []
    there = [(p, around.invoices.get(p.booked.id if p.booked else "")) for p in bills]
    causes = (leaving.lost(around.clients.get(p.client_id), i.customer_id) for p, i in there if i)
    return next((cause for cause in causes if cause), "")


def _customer(state: Payment, lines: Sequence[tuple[str, int]], around: _Batch) -> str:
    """The invoices' own customer as it is now (reference/quickbooks.md 6: 620); with several, or none, the client's."""
    theirs = {around.invoices[id].customer_id for id, _ in lines}
    if len(theirs) == 1:
        return theirs.pop()
    client = _client(state, around)
    return client.usable if client else ""


def _client(state: Payment, around: _Batch) -> Contact | None:
    return around.clients.get(around.payables[state.items[0].payable].client_id)


# --- what came of it --------------------------------------------------------------------------------------------------


def take(world: World, policy: Policy, effect: Effect, answer: Wrote, finish: Finish) -> None:
    """QuickBooks answered: the payment there was taken out, or a new one stands. The answer says which, not what we
    hold: it may come again, when a worker died after it was kept and the identical call was repeated."""
    if answer.deleted or not answer.total:
        state: Payment = states.decode(Kind.PAYMENT, world.store.load(_payment_ref(effect)).body)
        _removed(world, policy, effect, state, answer.id, call=finish.call)
    else:
        _posted(world, policy, effect, answer, finish)


def _posted(world: World, policy: Policy, effect: Effect, answer: Wrote, finish: Finish) -> None:
    """Where it is one piece of the money, the same effect goes on with the next, in the same commit."""
    ref, revision = _payment_ref(effect), int(effect.body["revision"])
    state: Payment = states.decode(Kind.PAYMENT, world.store.load(ref).body)
    cents, payables = answer.total or state.total, _paid_by(world, policy, state, answer)
    book, generation = policy.lanes.book, policy.firm.generation
    fact = posting.PaymentPosted(answer.id, book, revision, cents, answer.unapplied, generation, payables)
    told = posting.posted(state, fact).state.posted
    if told and told.adding == revision == state.wanted and finish.status is Status.DONE:
        finish = replace(finish, status=Status.OWED, due_at=world.now())

    def decide(before: Mapping[Ref, Any], _now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: posting.posted(before[ref], fact)}

    body = {"id": answer.id, "unapplied": answer.unapplied}
    settle(world, [ref], decide, fact="PaymentPosted", body=body, policy=policy.version, finish=[finish])


def _paid_by(world: World, policy: Policy, state: Payment, answer: Wrote) -> tuple[str, ...]:
    """The bills whose invoices a piece pays."""
    if not 0 < answer.total < state.total:
        return ()
    payables = leaving.payables(world, policy, [i.payable for i in state.items])
    return tuple(sorted(id for id, p in payables.items() if p.booked and p.booked.id in answer.invoices))


def _removed(world: World, policy: Policy, effect: Effect, state: Payment, id: str, *, call: str | None) -> None:
    """It no longer stands there. Where a changed one is to be added, the same effect goes on, in the same commit."""
    ref, fact = _payment_ref(effect), posting.PaymentRemoved(id, int(effect.body["revision"]))
    left = [p for p in (state.posted.pieces if state.posted else ()) if p.id != id]
    goes_on = posting.should_stand(state) or bool(left)
    status, due_at = (Status.OWED, world.now()) if goes_on else (Status.DONE, None)
    finish = Finish(effect.key, call=call, status=status, due_at=due_at)

    def decide(before: Mapping[Ref, Any], _now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: posting.removed(before[ref], fact)}

    settle(world, [ref], decide, fact="PaymentRemoved", body=fact, policy=policy.version, finish=[finish])
    for item in state.items:  # what takes its place there has waited for this
        wake(world, effect.lane, f"invoice/{item.payable}")


def find(world: World, reach: Reach, policy: Policy, effect: Effect, finish: Finish) -> bool:
    """Whether what a lost answer was about has been done: settled then. A removal is looked up by the payment's id, an
    added payment by customer and the day it was sent with."""
    state: Payment = states.decode(Kind.PAYMENT, world.store.load(_payment_ref(effect)).body)
    known = state.posted.ids if state.posted and not state.posted.voided else ()
    if state.posted and known and state.posted.adding != state.wanted:
        standing = {p.id for p in leaving.booked_payments(reach, known) if not p.voided}
        gone = [id for id in known if id not in standing]
        if gone:
            _removed(world, policy, effect, state, gone[-1], call=finish.call)
        return bool(gone)
    mine = next((p for p in _standing(world, reach, policy, effect, state) if p.id not in known), None)
    if mine:
        invoices = tuple(id for id, _ in mine.lines)
        if (
            not invoices and mine.total < state.total
        ):  # a piece that people took off its invoice is its customer's still
            invoices = tuple(i.id for i in _invoices(world, reach, policy, state) if i.customer_id == mine.customer_id)
        answer = Wrote(ok=True, id=mine.id, total=mine.total, unapplied=mine.unapplied, invoices=invoices)
        _posted(world, policy, effect, answer, finish)
    return mine is not None


def _standing(world: World, reach: Reach, policy: Policy, effect: Effect, state: Payment) -> Iterator[BookedPayment]:
    """The live payments that we wrote for it, under each customer and on the day that the effect was owed with; those
    of an earlier generation of links wherever they stand: people may have changed them since."""
    on = date.fromisoformat(str(effect.body["on"])) if effect.body.get("on") else policy.firm.today(world.now())
    mark, seen = posting.marker(state.firm, "payment", state.id), set()
    for customer in customers_of(world, reach, policy, state):
        found = reach.quickbooks(lambda q, a, c=customer: q.payments_on(a, c, on))  # type: ignore[misc]
        for p in found:
            if posting.bears(p.note, mark) and not p.voided and p.id not in state.let_be:
                seen.add(p.id)
                yield p
    if stood := [id for id in state.stood if id not in seen]:
        older = leaving.booked_payments(reach, stood)
        yield from (p for p in older if posting.bears(p.note, mark) and not p.voided)


def customers_of(world: World, reach: Reach, policy: Policy, state: Payment) -> list[str]:
    """The customers under whom it may have been written: its invoices', and its clients'."""
    payables = leaving.payables(world, policy, [i.payable for i in state.items]).values()
    theirs = {i.customer_id for i in _invoices(world, reach, policy, state)}
    return sorted({*customer_ids(world, policy, list(payables)).values(), *theirs} - {""})


def _invoices(world: World, reach: Reach, policy: Policy, state: Payment) -> list[InvoiceReading]:
    """The invoices of its bills as QuickBooks shows them now."""
    payables = leaving.payables(world, policy, [i.payable for i in state.items]).values()
    return leaving.invoices(reach, [p.booked.id for p in payables if p.booked])
