"""What QuickBooks refuses to write, because the books are closed for its date, because it is on a deposit, or for a
reason that we do not know: what a person may choose, and leaving QuickBooks as it is (docs/decisions/0024). Dates are
never shifted, and nothing is added in the place of what stands there unasked (docs/decisions/0014).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar, assert_never

from chalicelib.domain import crediting, naming, paylinks, posting, receipts
from chalicelib.domain import pairing as rules
from chalicelib.domain import staying as domain
from chalicelib.domain.contact import Contact
from chalicelib.domain.crediting import Credit
from chalicelib.domain.dates import day
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Finish, Kind, Ref
from chalicelib.domain.left import STAY, Left
from chalicelib.domain.money import show
from chalicelib.domain.naming import Choice
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment
from chalicelib.domain.readings import BookedPayment
from chalicelib.domain.trust import Entry
from chalicelib.flow import holders, leaving, pairing, states
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import NAME_TAKEN, Prepared, done, park, wake, words
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of, settle

WHOLE = ("6190",)  # the company is read only: nothing of it is about one thing
WHY = {"6210": "closed period", "6200": "closed period", "6540": "on a deposit"}
ASKED = (
    "A payment that changed in Clio stays on this invoice in QuickBooks. Clio shows another that is not entered yet."
)
ANEW = "The comparison names the difference as left by you. The next change in Clio is written anew."
KINDS = {
    Do.INVOICE: (Kind.PAYABLE, "payable"),
    Do.POSTING: (Kind.PAYMENT, "payment"),
    Do.CREDIT: (Kind.CREDIT, "credit"),
    Do.JOURNAL: (Kind.TRUST, "entry"),
}
BY_HAND = {
    Do.SUB_CUSTOMER: "Or add or rename it yourself in QuickBooks, below its client's customer and as “{}”, then press "
    "Retry: it is found then.",
    Do.HOLDER: "Or add the account “{}” yourself in QuickBooks, below your trust liability, then press Retry: it is "
    "found then.",
}
S = TypeVar("S", Payable, Payment, Credit, Entry)
State = Payable | Payment | Credit | Entry
OnBill = tuple[Payable, tuple[tuple[str, int], ...]]  # a bill, and (id, cents) of what stands on its invoice
TOLD_AT_ONCE = 40  # bills in one commit (store/bounds.py)


def _ref(effect: Effect) -> Ref:
    kind, name = KINDS[Do(effect.kind)]
    return Ref(effect.firm, kind, str(effect.body[name]))


# --- what may be chosen -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Offer:
    """``what``: what could not be done, a sentence; ``button``: to leave it; ``means``: what that does."""

    what: str
    button: str
    means: str


def refused(world: World, effect: Effect, code: str, message: str, detail: str) -> bool:
    """Whether it is about a step that a person may leave: shown with its choices then."""
    if code in WHOLE:
        return False
    if effect.kind == Do.CUSTOMER or effect.kind in BY_HAND:
        return _of_client(world, effect, code, message, detail)
    ref = _ref(effect)
    state: State = states.decode(ref.kind, world.store.load(ref).body)
    reason, remedy = _because(world, state, code) or words(code, detail or message)
    offer = _offer(effect, state)
    choices = ((STAY, offer.button),) if offer.button else ()
    means = f"Or leave it: {offer.means}" if offer.button else offer.means
    why = WHY.get(code, f"QuickBooks said “{detail or message}”")
    said = f"{code}: {detail or message}"
    told, shared = (f"{offer.what} {reason}", f"{remedy} {means}"), (reason, remedy)
    park(world, effect, *told, detail=said, choices=choices, why=why, shared=shared)
    return True


def _because(world: World, state: State, code: str) -> tuple[str, str] | None:
    """What QuickBooks' word for everything (6000: reference/quickbooks.md 6) means, as far as what we hold tells, and
    what to do. None where it does not."""
    if code != "6000" or isinstance(state, Entry):
        return None
    home = policy_of(world, state.firm).firm.currency
    if state.currency != home:
        reason = f"It is in {state.currency}, and QuickBooks takes it for a customer in {state.currency} only; the "
        reason += f"client's customer is kept in {home}."
        remedy = "If that currency is a mistake, correct the bill in Clio, then press Retry. If not, enter it in "
        return reason, f"{remedy}QuickBooks by hand, for a customer of its own in {state.currency}."
    if isinstance(state, Payable) and state.booked and state.received + state.credits > state.asks:
        asks = show(state.asks, state.currency)
        reason = f"More is paid on the invoice in QuickBooks than the {asks} that the bill asks for now."
        remedy = f"In QuickBooks, open its payments and lower what they pay of this invoice to {asks} in all, so that "
        return reason, f"{remedy}the rest stays unapplied; then press Retry."
    return None


def _offer(effect: Effect, state: State) -> _Offer:
    match state:
        case Payable():
            return _of_link(state) if effect.body.get(paylinks.RELINKED) else _of_invoice(state)
        case Payment():
            return _of_payment(state)
        case Credit():
            return _of_credit(state)
        case Entry():
            return _of_entry(state)
        case _:
            assert_never(state)


def _of_link(p: Payable) -> _Offer:
    what = f"The pay link in the message of invoice {p.number} cannot be replaced."
    return _Offer(what, "Leave the message as it is", "the invoice keeps the old link, which opens nothing any more.")


def _of_invoice(p: Payable) -> _Offer:
    if p.booked is None:
        what = f"Invoice {p.number} of {show(p.asks, p.currency)} cannot be created."
        means = "the bill stays without an invoice in QuickBooks, and what is received on it is the client's unapplied "
        return _Offer(what, "Leave it out of QuickBooks", f"{means}credit there. {ANEW}")
    amount = show(p.booked.total, p.currency)
    if p.gone:
        what = f"The bill was removed in Clio, and its invoice of {amount} cannot be voided."
        means = "the invoice stays in QuickBooks as it is, and the comparison names it as left there by you."
        return _Offer(what, f"Leave the {amount} in QuickBooks", means)
    what = f"The bill changed in Clio, and its invoice of {amount} cannot be changed."
    means = f"the invoice stays at {amount} in QuickBooks, and payments go on being entered on it. {ANEW}"
    return _Offer(what, "Leave the invoice as it is", means)


def _of_payment(x: Payment) -> _Offer:
    standing = x.posted if x.posted and not x.posted.voided else None
    if standing is None:
        what = f"The payment of {show(x.total, x.currency)} cannot be entered."
        means = f"it stays out of QuickBooks, and its invoice stays open there by as much. {ANEW}"
        return _Offer(what, "Leave it out of QuickBooks", means)
    amount = show(standing.cents, x.currency)
    if standing.adding == x.wanted:
        what = f"{amount} of the payment of {show(x.total, x.currency)} is entered, and the rest cannot be."
        return _Offer(what, "", "It cannot be left as it is: half of a payment would stand in QuickBooks.")
    if posting.should_stand(x):
        what = f"The payment of {amount} was changed in Clio, and QuickBooks does not let it go."
        return _Offer(what, f"Leave the {amount} as it is", f"the payment stays in QuickBooks as it was. {ANEW}")
    what = f"The payment of {amount} was removed in Clio, and QuickBooks does not let it go."
    means = f"{amount} stays in QuickBooks on its invoice, the comparison names it as a difference, and a payment that "
    means += "Clio shows instead is entered only when you have said that it is another one."
    return _Offer(what, f"Leave the {amount} in QuickBooks", means)


def _of_credit(c: Credit) -> _Offer:
    amount = show(c.cents, c.currency)
    if c.memo is None:
        means = f"it stays out of QuickBooks, and its invoice stays open there by as much. {ANEW}"
        return _Offer(f"The credit of {amount} cannot be entered.", "Leave it out of QuickBooks", means)
    was = "taken back" if c.gone else "brought in step"
    means = f"the credit memo and what it is applied to stay in QuickBooks as they are. {ANEW}"
    return _Offer(f"The credit {c.number} of {amount} cannot be {was}.", "Leave the credit as it is", means)


def _of_entry(e: Entry) -> _Offer:
    amount = show(abs(e.move.cents), e.move.currency)
    if e.posted is None or e.posted.removed:
        means = f"the entry stays out of QuickBooks; it counts in the ledgers here. {ANEW}"
        what = f"The trust entry of {amount} of {day(e.move.on, e.move.currency)} cannot be entered."
        return _Offer(what, "Leave it out of QuickBooks", means)
    was = "changed" if e.stands else "deleted"
    what = f"The trust entry of {amount} was {was} in Clio, and its journal entry cannot be."
    return _Offer(what, "Leave the journal entry as it is", f"the journal entry stays in QuickBooks as it is. {ANEW}")


# --- a client, a matter, a client's trust account ---------------------------------------------------------------------


def _of_client(world: World, effect: Effect, code: str, message: str, detail: str) -> bool:
    """What was to be made may be made by hand; what there is may be left as it is (docs/decisions/0025)."""
    reason, remedy = words(code, detail or message)
    choices: tuple[Choice, ...] = ()
    broken = ""
    if effect.kind == Do.CUSTOMER:
        ref = Ref(effect.firm, Kind.CONTACT, str(effect.body["contact"]))
        state: Contact = states.decode(ref.kind, world.store.load(ref).body)
        more, choices = naming.refused(state, code == NAME_TAKEN)
        broken = "customer" if state.lost else ""
    else:
        more = BY_HAND[Do(effect.kind)].format(effect.body["name"])
    said = f"{code}: {detail or message}"
    park(world, effect, reason, f"{remedy} {more}".strip(), said, choices, broken=broken, shared=(reason, remedy))
    return True


# --- leaving it -------------------------------------------------------------------------------------------------------


def left(
    world: World, reach: Reach, policy: Policy, open_: Sequence[tuple[Effect, S]], out: Prepared
) -> list[tuple[Effect, S]]:
    """Of steps that are to be carried out, those that a person does not leave as they are; the others are settled."""
    rest: list[tuple[Effect, S]] = []
    for e, state in open_:
        if e.body.get("choice") == STAY and _leave(world, reach, policy, e, state):
            out.settled += 1
        else:
            rest.append((e, state))
    return rest


def _leave(world: World, reach: Reach, policy: Policy, e: Effect, state: State) -> bool:
    """False where what was to be left has changed meanwhile: the step goes on."""
    if e.body.get(paylinks.RELINKED):
        done(world, e, "LeftAsItIs")
        return True
    ref, said = _ref(e), _said(world, policy, e)
    match state:
        case Payable():
            _settle(world, policy, e, {ref: lambda s: domain.invoice(s, said)})
            wake(world, e.lane, f"invoice/{state.id}")
        case Payment() if state.posted is None or state.posted.voided:
            _settle(world, policy, e, {ref: lambda s: domain.payment(s, said)})
        case Payment():
            return _stays_there(world, reach, policy, e, state, said)
        case Credit():
            _leave_credit(world, reach, policy, e, state, said)
        case Entry():
            _settle(world, policy, e, {ref: lambda s: domain.entry(s, said)})
        case _:
            assert_never(state)
    return True


def _said(world: World, policy: Policy, e: Effect) -> Left:
    revision = int(e.body["revision"])
    return Left(revision, str(e.body["by"]), policy.firm.today(world.now()), str(e.body["why"]))


def _settle(world: World, policy: Policy, e: Effect, told: Mapping[Ref, Any]) -> None:
    """In one commit with the step. ``told``: what becomes of each state."""

    def decide(before: Mapping[Ref, Any], _now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: rule(before[ref]) for ref, rule in told.items()}

    by, finish = str(e.body["by"]), [Finish(e.key)]
    body = {"why": e.body["why"]}
    settle(world, list(told), decide, fact="LeftAsItIs", body=body, policy=policy.version, by=by, finish=finish)


def _leave_credit(world: World, reach: Reach, policy: Policy, e: Effect, state: Credit, said: Left) -> None:
    on: list[OnBill] = []
    if state.memo:
        id = state.memo.id
        memos = reach.quickbooks(lambda q, a: q.memos_by_id(a, [id]))
        ties = leaving.booked_payments(reach, sorted({p for m in memos for p in m.payments}))
        invoices = sorted({invoice for t in ties for invoice, _ in t.lines})
        cents = {invoice: crediting.of_memos(invoice, ties, {id}) for invoice in invoices}
        on = [(p, ((id, cents[invoice]),)) for p, invoice in _bills(world, policy, invoices)]
    _leave_on(world, policy, e, on, lambda s, bills: domain.credit(s, said, bills))
    for part in state.parts:
        wake(world, e.lane, f"invoice/{part.payable}")


def _leave_on(
    world: World, policy: Policy, e: Effect, on: Sequence[OnBill], rule: Callable[[Any, list[str]], Decision[Any]]
) -> None:
    """The bills that it stands on are told how much of it does, whatever Clio shows of it there. ``rule``: what becomes
    of it itself, with the ids of these bills."""
    own, refs = _ref(e), {Ref(p.firm, Kind.PAYABLE, p.id): some for p, some in on}
    bills, (with_it, others) = [ref.id for ref in refs], (list(refs)[:TOLD_AT_ONCE], list(refs)[TOLD_AT_ONCE:])
    revision, by, body = int(e.body["revision"]), str(e.body["by"]), {"why": e.body["why"]}
    if others:  # kept first, so that a change that comes in between takes them up again (``take_up``)
        kept = _tell(world, policy, own, lambda state, _now: domain.spread(state, revision, bills))
        others = others if kept.wanted == revision else []
    for ref in others:
        _tell(world, policy, ref, lambda before, _now, ref=ref: rules.left_there(before, refs[ref]))

    def decide(before: Mapping[Ref, Any], _now: datetime) -> dict[Ref, Decision[Any]]:
        left_ = rule(before[own], bills)
        if left_.state == before[own]:  # it changed meanwhile: nobody is told
            return {}
        return {own: left_} | {ref: rules.left_there(before[ref], refs[ref]) for ref in with_it}

    told, finish = [own, *with_it], [Finish(e.key)]
    settle(world, told, decide, fact="LeftAsItIs", body=body, policy=policy.version, by=by, finish=finish)


def take_up(world: World, policy: Policy, state: Payment | Credit) -> None:
    """What was left is worked on again."""
    if not state.left_on:
        return
    memo = (state.memo.id,) if isinstance(state, Credit) and state.memo else ()
    ids = memo if isinstance(state, Credit) else rules.linked_ids(state)
    ref = Ref(state.firm, Kind.CREDIT if isinstance(state, Credit) else Kind.PAYMENT, state.id)
    bills = [Ref(state.firm, Kind.PAYABLE, id) for id in state.left_on]
    for bill in bills[TOLD_AT_ONCE:]:
        _tell(world, policy, bill, lambda before, _now: domain.taken_up(before, ids))
    some = bills[:TOLD_AT_ONCE]

    def decide(before: Mapping[Ref, Any], _now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: domain.again(before[ref])} | {b: domain.taken_up(before[b], ids) for b in some}

    settle(world, [ref, *some], decide, fact="TakenUpAgain", policy=policy.version)


def _stays_there(world: World, reach: Reach, policy: Policy, e: Effect, state: Payment, said: Left) -> bool:
    """What stands there of a payment stays. Of one that changed in Clio it is ours still: there is nothing else to ask
    about. Of one that was removed there it is ours no longer: where Clio shows another payment on its invoice that is
    not entered yet, a person says what each is; else it is kept as something else, which the comparison names."""
    assert state.posted is not None
    standing = [x for x in leaving.booked_payments(reach, state.posted.ids) if not x.voided]
    if not standing or state.posted.adding == state.wanted:
        return False
    on_them = _on(world, policy, standing)
    if posting.should_stand(state):
        _leave_on(world, policy, e, on_them, lambda s, bills: domain.payment(s, said, bills))
    else:
        _let_be(world, policy, e, state, standing, on_them)
    for p, _ in on_them:
        wake(world, e.lane, f"invoice/{p.id}")
    return True


def _let_be(
    world: World,
    policy: Policy,
    e: Effect,
    state: Payment,
    standing: Sequence[BookedPayment],
    on_them: Sequence[OnBill],
) -> None:
    asked = []
    for p, some in on_them:
        others = [x for x in pairing.payments_of(world, policy, [p]) if x.id != state.id]
        bill = Ref(p.firm, Kind.PAYABLE, p.id)
        if rules.ours_on(p, others, {}):
            asked.append(p)
            again = partial(rules.asked_again, over=holders.nobodys(world, policy, p), why=ASKED)
            _tell(world, policy, bill, again)
        else:
            _tell(world, policy, bill, lambda before, _now, some=some: rules.left_there(before, some))
    ref = Ref(state.firm, Kind.PAYMENT, state.id)

    def decide(before: Mapping[Ref, Any], _now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: rules.let_be(before[ref], policy)}

    body, by = {"payments": [x.id for x in standing], "why": e.body["why"]}, str(e.body["by"])
    finish = [Finish(e.key)]
    settle(world, [ref], decide, fact="LeftThere", body=body, policy=policy.version, by=by, finish=finish)
    for p in asked:
        pairing.read(world, p.firm, p.id)


def _on(world: World, policy: Policy, standing: Sequence[BookedPayment]) -> list[OnBill]:
    """The bills on whose invoices these stand, each with (payment, cents)."""
    found: dict[str, dict[str, int]] = {}
    for x in standing:
        for invoice, cents in x.lines:
            on_it = found.setdefault(invoice, {})
            on_it[x.id] = on_it.get(x.id, 0) + cents
    return [(p, tuple(found[invoice].items())) for p, invoice in _bills(world, policy, list(found))]


def _bills(world: World, policy: Policy, invoices: Sequence[str]) -> list[tuple[Payable, str]]:
    """The bills that are linked to these invoices, each with its own."""
    guards = {id: receipts.link_key(policy.lanes.book, "invoice", id) for id in invoices}
    held = world.store.holders(list(guards.values())) if guards else {}
    by_bill = {held[key].removeprefix(f"{policy.firm.id}/"): id for id, key in guards.items() if held.get(key)}
    bills = leaving.payables(world, policy, list(by_bill))
    return [(p, by_bill[id]) for id, p in bills.items()]


def _tell(world: World, policy: Policy, ref: Ref, rule: Any) -> Any:
    """The state after."""

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: rule(before[ref], now)}

    return settle(world, [ref], decide, fact="LeftThere", policy=policy.version).states[ref]
