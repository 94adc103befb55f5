"""Payments on a linked QuickBooks invoice beside those known here: kept when the invoice is met, shown, and carried out
once a person has said what each of them is. Until then nothing is posted there (docs/decisions/0018).

Records ``pairing/<firm>/<generation>``: what was read, ``c/<bill>`` where all of it is certain, ``a/<bill>`` where not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from chalicelib.domain import effects, first_paid, pairing, receipts
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Kind, Neighbour, Ref
from chalicelib.domain.money import show
from chalicelib.domain.pairing import Answer, Ours, Theirs
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment
from chalicelib.domain.readings import BookedPayment, InvoiceReading
from chalicelib.errors import Conflict, Refused
from chalicelib.flow import answered, clearing, first_plan, holders, leaving
from chalicelib.flow.answered import Answered
from chalicelib.flow.budget import Floor
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import current, wake
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of, settle

AT_ONCE = 100  # certain ones confirmed by one press
LOOKED_AT = 25  # of the others, which may have become certain
LINKED_AT_ONCE = 10  # payments in one commit
CERTAIN, ASKED = "c/", "a/"
NOTHING = "Nothing waits for your word on this invoice any more."
CHANGED = "The payments have changed meanwhile. Look at them again."
TAKEN = "One of the QuickBooks payments is linked to another payment already. Look at them again."


@dataclass(frozen=True, slots=True)
class Kept:
    """What was read of a bill's invoice. ``theirs``: the live payments on it then."""

    payable: str
    invoice: str
    at: datetime
    theirs: tuple[Theirs, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """``words``: the payments that a person has to compare; ``left``: those that they said are something else;
    ``told``: what was said before, and was carried out."""

    words: str = ""
    left: tuple[tuple[str, int], ...] = ()
    told: Answered | None = None


# --- an invoice that is there is met ----------------------------------------------------------------------------------


def compare(
    world: World, reach: Reach, policy: Policy, p: Payable, invoice: InvoiceReading, booked: Sequence[BookedPayment]
) -> Compared:
    """The payments on an invoice that is being linked: what is clear or was said before is; the rest is asked about."""
    if not booked:
        return Compared()
    theirs = pairing.theirs_on(invoice.id, booked, p.firm)
    payments = payments_of(world, policy, [p], theirs)
    paid = clearing.paid_with(world, reach, policy, [p], {invoice.id: invoice}, booked, payments)
    pairs, left = first_paid.paired(p, invoice, paid)
    if _anothers(world, policy, p, invoice.id):  # it will not be linked: its payments are let be
        return Compared(words=_words(theirs, p))
    if not left and _link_clear(world, policy, p, invoice.id, theirs, pairs, paid):
        return Compared()
    open_ = pairing.asked(theirs, payments)
    told = answered.find(world, policy, p.id)  # before the answer: whoever takes it back removes this one last
    said = answered.answers(world, policy, [p.id]).get(p.id)
    if not open_ or (said and said.invoice == invoice.id and said.covers(open_)):
        try:
            _link(world, policy, p, invoice.id, open_, said.pairs if said else (), "")
        except Refused as no:  # it is another's, or is not what it was: asked about anew
            world.log("not_paired", firm=p.firm, why=no.reason)
        else:
            return Compared(left=_left(open_, said), told=told)
    note(world, policy, p, invoice.id, theirs)
    return Compared(words=_words(open_, p))


def _words(theirs: Sequence[Theirs], p: Payable) -> str:
    return ", ".join(show(t.cents, p.currency) for t in theirs)


def _anothers(world: World, policy: Policy, p: Payable, invoice: str) -> bool:
    """Whether the invoice is linked to another bill."""
    guard = receipts.link_key(policy.lanes.book, "invoice", invoice)
    return world.store.holders([guard]).get(guard, f"{p.firm}/{p.id}") != f"{p.firm}/{p.id}"


def kept_as_told(world: World, policy: Policy, payable: str, told: Answered) -> None:
    """What was said before is carried out, and the invoice is linked. Whoever took it back at that moment came too
    late: it is shown again, and can be taken back as any other."""
    if answered.find(world, policy, payable) is not None:
        return
    p = leaving.payables(world, policy, [payable])[payable]
    if answered.holds(p, {x.id: x for x in payments_of(world, policy, [p])}, told):
        answered.put(world, policy, told)
        forget(world, policy, payable)


def _link_clear(
    world: World,
    policy: Policy,
    p: Payable,
    invoice: str,
    theirs: Sequence[Theirs],
    pairs: Sequence[tuple[BookedPayment, Payment]],
    paid: first_paid.Paid,
) -> bool:
    """What is clear is ours from here on: changed or removed in Clio, it is taken out first as any other. False where
    it cannot be linked: a person is asked then."""
    there = {t.id: t for t in theirs}
    chosen = [(x, there[b.id]) for b, x in pairs if b.id not in pairing.linked_ids(x)]
    try:
        _tie(world, policy, invoice, chosen, {**paid.bills, invoice: p.id}, "")
    except Refused as no:
        world.log("not_paired", firm=p.firm, why=no.reason)
        return False
    return True


def note(world: World, policy: Policy, p: Payable, invoice: str, theirs: Sequence[Theirs]) -> None:
    """Keeps what was read of an invoice, for the page."""
    kept = Kept(p.id, invoice, world.now(), tuple(theirs))
    file(world, policy, kept, certain=_certainly(world, policy, p, kept) is not None)


def file(world: World, policy: Policy, kept: Kept, *, certain: bool) -> None:
    """Keeps it among the certain ones, or among the others."""
    where, other = (CERTAIN, ASKED) if certain else (ASKED, CERTAIN)
    world.store.put_record(_pk(policy), f"{where}{kept.payable}", msgspec.to_builtins(kept))
    world.store.delete_record(_pk(policy), f"{other}{kept.payable}")


def _pk(policy: Policy) -> str:
    return f"pairing/{policy.firm.id}/{policy.firm.generation}"


def forget(world: World, policy: Policy, payable: str) -> None:
    for where in (CERTAIN, ASKED):
        world.store.delete_record(_pk(policy), f"{where}{payable}")


def _left(theirs: Sequence[Theirs], said: Answer | None) -> tuple[tuple[str, int], ...]:
    return tuple((t.id, t.cents) for t in theirs if said and t.id in said.left)


# --- the two sides ----------------------------------------------------------------------------------------------------


def records(world: World, policy: Policy, begins: str, limit: int) -> list[Kept]:
    return [msgspec.convert(body, Kept) for _, body in world.store.records(_pk(policy), begins=begins, limit=limit)]


def find(world: World, policy: Policy, payable: str) -> Kept | None:
    """What was read of this bill's invoice, where it waits."""
    for where in (CERTAIN, ASKED):
        if found := world.store.record(_pk(policy), f"{where}{payable}"):
            return msgspec.convert(found[1], Kept)
    return None


def _kept(world: World, policy: Policy, payable: str) -> Kept:
    kept = find(world, policy, payable)
    if kept is None:
        raise Refused(NOTHING)
    return kept


def waits(p: Payable, kept: Kept) -> bool:
    """Whether a person is still asked: the invoice is linked and waits, or is not linked yet."""
    if p.booked is None:
        return not p.gone
    return p.booked.waits and p.booked.id == kept.invoice


def payments_of(world: World, policy: Policy, bills: Sequence[Payable], there: Sequence[Theirs] = ()) -> list[Payment]:
    """``there``: and those whose marker stands on these, though Clio may show them on no such bill any more."""
    ids = dict.fromkeys([*(id for p in bills for id in pairing.touching(p)), *(t.of for t in there if t.of)])
    refs = [Ref(policy.firm.id, Kind.PAYMENT, id) for id in ids]
    return list(current(world, policy, refs).values()) if refs else []


def sides(
    world: World, policy: Policy, p: Payable, kept: Kept, payments: Sequence[Payment]
) -> tuple[tuple[Theirs, ...], tuple[Ours, ...]]:
    mine = [x for x in payments if any(i.payable == p.id for i in x.items)]
    about = {*pairing.touching(p), *(t.of for t in kept.theirs)}
    here = {x.id: x for x in payments if x.id in about}
    met = {t.of for t in kept.theirs if pairing.is_met(t.of, t.id, here)}
    ours = pairing.ours_on(p, [x for x in mine if x.id not in met], _invoices(world, policy, p, kept.invoice, mine))
    return pairing.asked(kept.theirs, here.values()), ours


def _invoices(world: World, policy: Policy, p: Payable, invoice: str, payments: Sequence[Payment]) -> dict[str, str]:
    """The QuickBooks invoices of the bills that these payments pay: linked, or about to be."""
    others = {i.payable for x in payments for i in x.items} - {p.id}
    found = {p.id: invoice}
    for id, other in leaving.payables(world, policy, sorted(others)).items():
        if other.booked is not None:
            found[id] = other.booked.id
        elif said := answered.answers(world, policy, [id]).get(id):
            found[id] = said.invoice
        elif asked := find(world, policy, id):
            found[id] = asked.invoice
    return found


def _certainly(world: World, policy: Policy, p: Payable, kept: Kept) -> Answer | None:
    theirs, ours = sides(world, policy, p, kept, payments_of(world, policy, [p], kept.theirs))
    return pairing.certainly(kept.invoice, theirs, ours)


# --- what a person says -----------------------------------------------------------------------------------------------


def read(world: World, firm: str, payable: str) -> None:
    """Reads the payments on the invoice again. Raises Refused when nothing waits there."""
    policy = policy_of(world, firm)
    p = leaving.payables(world, policy, [payable]).get(payable)
    if p is None:
        raise Refused(NOTHING)
    if p.booked and p.booked.waits:
        invoice = p.booked.id
    else:
        invoice = _kept(world, policy, payable).invoice
    note(world, policy, p, invoice, read_theirs(world, policy, [invoice])[invoice])


def answer(world: World, firm: str, payable: str, said: Answer, by: str) -> None:
    """A person has said of each payment on both sides what it is. ``said.invoice`` is the one that the page showed.
    Raises Refused with what is missing or does not fit, or has changed meanwhile."""
    policy = policy_of(world, firm)
    kept = _kept(world, policy, payable)
    p = leaving.payables(world, policy, [payable])[payable]
    if said.invoice != kept.invoice or not waits(p, kept):
        raise Refused(CHANGED)
    theirs, ours = sides(world, policy, p, kept, payments_of(world, policy, [p], kept.theirs))
    pairing.check(theirs, ours, said, p.currency)
    fresh = read_theirs(world, policy, [kept.invoice])[kept.invoice]
    if fresh != kept.theirs:
        note(world, policy, p, kept.invoice, fresh)
        raise Refused(CHANGED)
    _carry_out(world, policy, p, kept, said, by)


def confirm_certain(world: World, firm: str, by: str) -> int:
    """The certain ones together, as many as one press may take; gives how many. What is not certain any more is asked
    about one by one."""
    policy = policy_of(world, firm)
    kept = records(world, policy, CERTAIN, AT_ONCE)
    others = records(world, policy, ASKED, LOOKED_AT)
    bills = leaving.payables(world, policy, [k.payable for k in (*kept, *others)])
    kept += [k for k in others if _certainly(world, policy, bills[k.payable], k)]  # by what Clio shows since
    fresh = read_theirs(world, policy, [k.invoice for k in kept])
    done = 0
    for k in kept:
        p = bills[k.payable]
        said = _certainly(world, policy, p, k) if waits(p, k) and fresh[k.invoice] == k.theirs else None
        if said is None:
            _again(world, policy, p, k, fresh[k.invoice])
            continue
        _carry_out(world, policy, p, k, said, by)
        done += 1
    return done


def _again(world: World, policy: Policy, p: Payable, kept: Kept, fresh: tuple[Theirs, ...]) -> None:
    """It is not what it was: asked about as it is now, if it waits at all."""
    if waits(p, kept):
        note(world, policy, p, kept.invoice, fresh)
    else:
        forget(world, policy, p.id)


def release(world: World, firm: str, payable: str, by: str) -> None:
    """A person says that all its payments are compared: what stands there stays, and what is here is entered."""
    policy = policy_of(world, firm)
    p = leaving.payables(world, policy, [payable])[payable]
    kept = find(world, policy, payable)
    there = kept.theirs if kept else ()
    theirs = pairing.asked(there, payments_of(world, policy, [p], there))
    said = Answer(kept.invoice if kept else "", left=tuple(t.id for t in theirs))
    answered.keep(world, policy, p, theirs, said, by)
    _release(world, policy, p, _left(theirs, said), by)


def read_theirs(world: World, policy: Policy, ids: Sequence[str]) -> dict[str, tuple[Theirs, ...]]:
    """The live payments on these invoices as QuickBooks shows them now; two calls for up to 200."""
    if not ids:
        return {}
    reach = Reach(world, policy.firm.id, policy.lanes, Floor.PERSON)
    on_them = list(dict.fromkeys(x for i in leaving.invoices(reach, ids) for x in i.payments))
    booked = leaving.booked_payments(reach, on_them)
    return {id: pairing.theirs_on(id, booked, policy.firm.id) for id in ids}


# --- carrying it out --------------------------------------------------------------------------------------------------


def _carry_out(world: World, policy: Policy, p: Payable, kept: Kept, said: Answer, by: str) -> None:
    """Before the invoice is linked the answer is kept for then; afterwards it holds at once."""
    answered.keep(world, policy, p, kept.theirs, said, by)
    if p.booked is None:
        answered.say(world, policy, p.id, said)
        forget(world, policy, p.id)
        count(world, policy, p, said, 1)
        return
    _link(world, policy, p, kept.invoice, kept.theirs, said.pairs, by)
    _release(world, policy, p, _left(kept.theirs, said), by)


def count(world: World, policy: Policy, p: Payable, said: Answer, sign: int) -> None:
    """The first sync's list counts it, or no longer counts it; a payment over several invoices once."""
    ours = [o for _, o in said.pairs]
    over = first_paid.shared(ours, payments_of(world, policy, [p]))

    def change(plan: first_plan.Plan) -> None:
        if plan.phase == "ready":
            others = sum(not first_plan.first(world, policy, plan, id, p.id) for id in over)
            plan.bills.unmatched -= sign
            plan.bills.matched += sign * (len(ours) - others)

    if first_plan.load(world, policy):
        first_plan.change(world, policy, change)


def _link(
    world: World,
    policy: Policy,
    p: Payable,
    invoice: str,
    theirs: Sequence[Theirs],
    pairs: Sequence[tuple[str, str]],
    by: str,
) -> None:
    """Links these pairs. Raises Refused where one is another's, or is not what it was."""
    there = {t.id: t for t in theirs}
    chosen = [(o, there[t]) for t, o in pairs if t in there]
    payments = payments_of(world, policy, [p])
    bills = {i: id for id, i in _invoices(world, policy, p, invoice, payments).items()}
    here = {o.id: o for o in sides(world, policy, p, Kept(p.id, invoice, world.now(), ()), payments)[1]}
    if any(o not in here or pairing.unfit(t, here[o], p.currency) for o, t in chosen):
        raise Refused(CHANGED)
    known = {x.id: x for x in payments}
    _tie(world, policy, invoice, [(known[o], t) for o, t in chosen], bills, by)


def _tie(
    world: World,
    policy: Policy,
    invoice: str,
    chosen: Sequence[tuple[Payment, Theirs]],
    bills: Mapping[str, str],
    by: str,
) -> None:
    """Each pair becomes one link, guarded: a QuickBooks payment is one payment's. ``bills``: by their invoices. Raises
    Refused where one is another's, or its own answer is awaited."""
    sent = leaving.sent(world, policy.lanes.of(Neighbour.QUICKBOOKS))
    if any(effects.key_of(x.firm, Do.POSTING, f"{x.id}/{x.wanted}") in sent for x, _ in chosen):
        raise Refused("QuickBooks' answer about one of these payments is awaited. Try again in two minutes.")
    for n in range(0, len(chosen), LINKED_AT_ONCE):
        some = {Ref(x.firm, Kind.PAYMENT, x.id): t for x, t in chosen[n : n + LINKED_AT_ONCE]}

        def decide(before: Mapping[Ref, Any], _now: datetime, some: Any = some) -> dict[Ref, Decision[Any]]:
            return {ref: pairing.linked(before[ref], t, bills, policy) for ref, t in some.items()}

        body = {"invoice": invoice, "payments": [t.id for t in some.values()]}
        try:
            settle(world, list(some), decide, fact="PaymentsPaired", body=body, policy=policy.version, by=by)
        except Conflict as taken:
            raise Refused(TAKEN) from taken


def _release(world: World, policy: Policy, p: Payable, left: tuple[tuple[str, int], ...], by: str) -> None:
    """What waited for a person's word on this invoice goes on."""
    ref, over = Ref(p.firm, Kind.PAYABLE, p.id), holders.nobodys(world, policy, p)

    def decide(before: Mapping[Ref, Any], _now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: pairing.compared(before[ref], left, over)}

    settle(world, [ref], decide, fact="PaymentsCompared", body={"left": list(left)}, by=by)
    forget(world, policy, p.id)
    lane = policy.lanes.of(Neighbour.QUICKBOOKS)
    wake(world, lane, f"invoice/{p.id}")
    world.queue.hint([lane])
