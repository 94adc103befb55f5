"""Credits become QuickBooks credit memos, applied by a payment of nothing, and are taken back in the opposite order.

Each pass reads what QuickBooks shows and does the next step: so a lost answer, or a company that applies credits by
itself, needs no step of its own, and nothing is applied twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, assert_never

from chalicelib.domain import crediting, posting
from chalicelib.domain.crediting import Credit
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Finish, Kind, Ref, Status
from chalicelib.domain.money import show
from chalicelib.domain.notes import MemoReading
from chalicelib.domain.payable import Payable
from chalicelib.domain.readings import BookedPayment, Wrote
from chalicelib.domain.wanted import Removal, WantedApplication, WantedCredit, WantedLine
from chalicelib.flow import leaving, states, staying
from chalicelib.flow.credit_links import LINKED
from chalicelib.flow.credit_readings import Around, read
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import Lately, Prepared, park, still_open, unblocked
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import settle

ENTER = ("enter", "Enter the credit all the same")
AGAIN = ("again", "Enter it again")
MOVE = ("move", "Apply it as in Clio")
APPLY = ("apply", "Apply it again")
LEAVE = ("leave", "Leave it off its invoices")
MET_LOOKS = 3  # over two minutes (booking.BLOCKED_FOR, doubled each time): crediting.BY_ITSELF


def credit_ref(effect: Effect) -> Ref:
    return Ref(effect.firm, Kind.CREDIT, str(effect.body["credit"]))


def prepare(world: World, reach: Reach, policy: Policy, batch: Sequence[Effect]) -> Prepared:
    out = Prepared()
    open_ = staying.left(world, reach, policy, still_open(world, policy, batch, credit_ref, _superseded, out), out)
    for _, state in open_:
        staying.take_up(world, policy, state)
    payables = leaving.payables(world, policy, [p.payable for _, c in open_ for p in c.parts])
    open_ = unblocked(open_, lambda state: _asked_about(state, payables), out)
    if open_:
        around = read(world, reach, policy, open_, payables)
        for e, state in open_:
            out.settled += _step(world, policy, e, state, around, out)
    return out


def _superseded(state: Credit, e: Effect) -> bool:
    return int(e.body["revision"]) != state.wanted or state.current or state.stays


def _asked_about(state: Credit, payables: Mapping[str, Payable]) -> str:
    """For a person's word on which invoice; empty for none. QuickBooks is asked nothing meanwhile."""
    held = [] if state.gone else [payables[p.payable] for p in state.parts]
    return next((told for told in map(leaving.asked_about, (p for p in held if not p.gone)) if told), "")


def _step(world: World, policy: Policy, e: Effect, state: Credit, around: Around, out: Prepared) -> int:
    """Adds the next step to ``out``, or why it waits. Gives 1 where the credit is settled or parked."""
    mark = posting.marker(state.firm, "credit", state.id)
    there = next((m for m in around.memos.values() if _is_it(m, state, mark)), None)
    if state.gone:
        return _take_back(world, policy, e, state, there, around, out)
    if there is None and state.memo and e.body.get("choice") != AGAIN[0]:
        reason = f"The credit memo {state.number} was deleted in QuickBooks."
        remedy = "Enter it again, link another one, or accept that it is gone."
        park(world, e, reason, remedy, choices=(AGAIN,), may_close=True, broken="credit memo")
        return 1
    if there is None:
        return _enter(world, policy, e, state, around, out)
    if cause := leaving.not_met(around.payables[p.payable] for p in state.parts):
        out.blocked.append((e, cause))
        return 0
    off = crediting.taken_off(state, around.applying(there)) and not e.body.get("choice")
    if off and (numbers := _off(state, there, around)):
        _ask_to_apply(world, e, state, there, numbers)
        return 1
    other_day = state.shown and state.shown < state.wanted and there.on != state.on
    if there.total != state.cents or (other_day and e.body.get("choice") != LINKED):
        return _change(world, policy, e, state, there, around, out)
    return _apply(world, policy, e, state, there, around, out)


def _is_it(memo: MemoReading, state: Credit, mark: str) -> bool:
    named = memo.number == state.number or memo.id == state.stood
    return memo.id == state.memo.id if state.memo else named and posting.bears(memo.note, mark)


# --- entering and applying --------------------------------------------------------------------------------------------


def _enter(world: World, policy: Policy, e: Effect, state: Credit, around: Around, out: Prepared) -> int:
    other = next((m for m in around.memos.values() if m.number == state.number), None)
    if other is not None:
        reason = f"QuickBooks already has a credit memo numbered {state.number} that we did not write."
        park(world, e, reason, "Renumber it in QuickBooks, then press Retry.", detail=f"credit memo {other.id}")
        return 1
    cause = _waits(world, state, around)
    customer = _customer(state, around)
    if cause or not customer:
        out.blocked.append((e, cause or leaving.without_customer(around.clients.get(state.client_id))))
        return 0
    reason, remedy = _there_already(state, around)
    if reason and e.body.get("choice") not in (ENTER[0], AGAIN[0]):
        park(world, e, reason, remedy, choices=(ENTER,), may_close=True)
        return 1
    if _falls_apart(world, e, state, around.live(state), None, around):
        return 1
    out.write.append((e, _wanted(policy, state, customer, None)))
    return 0


def _falls_apart(
    world: World, e: Effect, state: Credit, on: Sequence[Payable], there: MemoReading | None, around: Around
) -> bool:
    """Whether it is to be put on invoices of several customers: QuickBooks links one customer's alone (620), and a
    person is asked before anything is written."""
    shares: dict[str, list[Payable]] = {}
    for id, p in ((p.booked.id, p) for p in on if p.booked):
        shares.setdefault(around.invoices[id].customer_id, []).append(p)
    if len(shares) < 2:
        return False
    told = [
        f"{show(sum(state.on_payable(p.id) for p in held), state.currency)} on invoice "
        f"{', '.join(p.number for p in held)}"
        for held in shares.values()
    ]
    reason = f"This credit falls on invoices of several customers in QuickBooks: {'; '.join(told)}. A credit memo "
    reason += "there can be applied to invoices of its own customer only."
    first = f"delete the credit memo {there.number} and enter" if there else "enter"
    remedy = f"In QuickBooks {first} a credit memo for each customer, apply it there, then press Done. Or replace it "
    remedy += "in Clio by a credit note for each bill: those go on by themselves."
    park(world, e, reason, remedy, may_close=True)
    return True


def _there_already(state: Credit, around: Around) -> tuple[str, str]:
    """Why it may stand there without us, and what to do; empty where nothing says so."""
    if state.by_hand:
        amount = show(state.cents, state.currency)
        reason = (
            f"You left the credit as others entered it in QuickBooks. It changed in Clio since: it is {amount} now."
        )
        return reason, "Correct it there and press Done. If it is not there any more, enter it."
    numbers = ", ".join(p.number for p in around.doubled(state))
    reason = f"Invoice {numbers} in QuickBooks has a credit that we did not enter, or is lower by just this one: "
    reason += "somebody may have entered it there."
    return (reason, "If it is there, press Done. If not, enter it.") if numbers else ("", "")


def _wanted(policy: Policy, state: Credit, customer: str, existing: tuple[str, str] | None) -> WantedCredit:
    accounts = policy.firm.accounts
    numbers = ", ".join(p.number for p in state.parts)
    line = WantedLine(state.text or f"Credit on {numbers}", state.cents, accounts.credit or accounts.services)
    mark = posting.marker(state.firm, "credit", state.id)
    return WantedCredit(state.number, customer, state.on, line, mark, state.currency, existing)


def _waits(world: World, state: Credit, around: Around) -> str:
    """Why it cannot be entered or applied yet."""
    for part in state.parts:
        p = around.payables[part.payable]
        if p.gone or p.left_out:
            continue
        if cause := leaving.waits(world, p, around.invoices, around.clients, f"credit-{state.id}", around.sent):
            return cause
    return ""


def _customer(state: Credit, around: Around) -> str:
    """The invoices' own customer; with none, the client's."""
    theirs = [around.invoices[p.booked.id].customer_id for p in around.live(state) if p.booked]
    client = around.clients.get(state.client_id)
    return theirs[0] if theirs else client.usable if client else ""


def _off(state: Credit, there: MemoReading, around: Around) -> str:
    """The invoices that it would be applied to, by number, while there is something left of it; empty for none."""
    standing = crediting.applied(there.id, around.applying(there))
    missing = [p for p in around.live(state) if p.booked and standing.get(p.booked.id, 0) < state.on_payable(p.id)]
    return ", ".join(p.number for p in missing if p.booked and around.left[p.booked.id]) if there.left > 0 else ""


def _ask_to_apply(world: World, e: Effect, state: Credit, there: MemoReading, numbers: str) -> None:
    left = show(there.left, state.currency)
    reason = f"The credit {state.number} was taken off invoice {numbers} in QuickBooks: {left} of it is on no invoice."
    remedy = "Apply it again, or leave it there as the client's credit."
    park(world, e, reason, remedy, choices=(APPLY, LEAVE), broken="credit application")


def _apply(
    world: World, policy: Policy, e: Effect, state: Credit, there: MemoReading, around: Around, out: Prepared
) -> int:
    """Reads back first: what is applied already, by us or by QuickBooks itself, is not applied again."""
    payments = around.applying(there)
    standing = crediting.applied(there.id, payments)
    live = {p.booked.id: p for p in around.live(state) if p.booked}
    wanted = {id: state.on_payable(p.id) for id, p in live.items()}
    if standing and any(cents > wanted.get(id, 0) for id, cents in standing.items()):
        if _falls_apart(world, e, state, list(live.values()), there, around):
            return 1
        return _applied_elsewhere(world, policy, e, state, payments, out)
    left_off, lines, missing = e.body.get("choice") == LEAVE[0], [], False
    for id, p in ({} if left_off or there.left <= 0 else live).items():
        more = wanted[id] - standing.get(id, 0)
        if cause := leaving.short(world, p, more, around.left[id]):
            out.blocked.append((e, cause))
            return 0
        missing |= more > 0
        if (cents := min(more, around.left[id])) > 0:
            lines.append((id, cents))
            around.left[id] -= cents
    cause = _waits(world, state, around) if missing else ""  # what has yet to leave the invoice makes room
    if not lines and not cause:
        mine = posting.marker(state.firm, "applied", state.id)
        ties = tuple(p.id for p in payments if posting.bears(p.note, mine))
        fact = crediting.CreditShown(state.wanted, there.left, ties, unapplied=left_off and there.left > 0)
        _settle(world, policy, e, "CreditShown", fact, Finish(e.key), memo=there.id)
        return 1
    if not cause and around.by_itself is not False and _young(world, e, state):
        cause = "QuickBooks may apply the credit by itself: it is looked at again in two minutes."
    if cause:
        out.blocked.append((e, cause))
        return 0
    if _falls_apart(world, e, state, [live[id] for id, _ in lines], there, around):
        return 1
    mark = posting.marker(state.firm, "applied", state.id)
    to = policy.firm.accounts.clearing
    tie = WantedApplication(there.id, there.customer_id, state.on, tuple(lines), mark, state.currency, to)
    out.write.append((e, tie))
    return 0


def _young(world: World, e: Effect, state: Credit) -> bool:
    """Of one that is met and not linked yet nobody knows since when it stands there: it is looked at a few times."""
    if state.memo is None:
        return e.tries < MET_LOOKS
    return world.now() < state.memo.made_at + crediting.BY_ITSELF


def _applied_elsewhere(
    world: World, policy: Policy, e: Effect, state: Credit, payments: Sequence[BookedPayment], out: Prepared
) -> int:
    """It pays other invoices, or more of them, than in Clio. What we applied before is taken back; what QuickBooks or
    somebody did is a person's decision."""
    mine = posting.marker(state.firm, "applied", state.id)
    own = next((p for p in payments if posting.bears(p.note, mine)), None)
    by_itself = next((p for p in payments if not p.total), None)
    if own is not None or (by_itself is not None and e.body.get("choice") == MOVE[0]):
        gone = own or by_itself
        assert gone is not None
        _remove(world, policy, e, state, gone, out)
        return 0
    park(
        world,
        e,
        f"The credit {state.number} pays another invoice in QuickBooks than in Clio: QuickBooks may have applied it by "
        "itself.",
        "Apply it as in Clio, or press Done to leave it where it is. To stop this, switch off “Automatically apply "
        "credits” in QuickBooks under Account and settings, Advanced, Automation.",
        choices=(MOVE,),
        may_close=True,
    )
    return 1


# --- changing and taking back -----------------------------------------------------------------------------------------


def _change(
    world: World, policy: Policy, e: Effect, state: Credit, there: MemoReading, around: Around, out: Prepared
) -> int:
    """Another amount or day: it is taken off its invoices first, then changed, then applied again."""
    if cause := leaving.lost(around.clients.get(state.client_id), there.customer_id):
        out.blocked.append((e, cause))
        return 0
    if _falls_apart(world, e, state, around.live(state), there, around):
        return 1
    if _unapply(world, policy, e, state, there, around, out):
        return 1
    if not any(effect is e for effect, _ in out.write):
        out.write.append((e, _wanted(policy, state, there.customer_id, (there.id, there.sync_token))))
    return 0


def _take_back(
    world: World, policy: Policy, e: Effect, state: Credit, there: MemoReading | None, around: Around, out: Prepared
) -> int:
    """Its application goes first, then the memo (reference/quickbooks.md 4.4)."""
    if there is None:
        _settle(world, policy, e, "CreditTakenBack", crediting.CreditGone(state.wanted), Finish(e.key))
        return 1
    if _unapply(world, policy, e, state, there, around, out):
        return 1
    if not any(effect is e for effect, _ in out.write):
        out.write.append((e, Removal("CreditMemo", there.id, there.sync_token)))
    return 0


def _unapply(
    world: World, policy: Policy, e: Effect, state: Credit, there: MemoReading, around: Around, out: Prepared
) -> bool:
    """Takes one application off, where there is one. Gives True where a person has to do it: real money hangs on it."""
    payments = around.applying(there)
    if not payments:
        return False
    bare = next((p for p in payments if not p.total and {id for id, _ in p.credits} == {there.id}), None)
    if bare is None:
        amount = show(payments[0].total, state.currency)
        reason = f"The credit {state.number} changed in Clio, and in QuickBooks a payment of {amount} makes use of it."
        park(world, e, reason, "Open that payment in QuickBooks, take the credit off it, then press Retry.")
        return True
    _remove(world, policy, e, state, bare, out)
    return False


def _remove(world: World, policy: Policy, e: Effect, state: Credit, tie: BookedPayment, out: Prepared) -> None:
    if tie.id in state.ties:
        ref, fact = credit_ref(e), crediting.Untied(tie.id)

        def decide(before: Mapping[Ref, Any], _now: datetime) -> dict[Ref, Decision[Any]]:
            return {ref: crediting.untied(before[ref], fact)}

        settle(world, [ref], decide, fact="Untied", body=fact, policy=policy.version)
    out.write.append((e, Removal("Payment", tie.id, tie.sync_token)))


# --- what came of it --------------------------------------------------------------------------------------------------


def take(world: World, policy: Policy, effect: Effect, answer: Wrote, finish: Finish) -> None:
    """One step is done; the next pass reads back and does the following one."""
    goes_on = Finish(effect.key, call=finish.call, status=Status.OWED, due_at=world.now())
    if answer.entity == "CreditMemo" and not answer.deleted:
        fact = _booked(policy, answer.id)
        _settle(world, policy, effect, "MemoBooked", fact, goes_on)
    else:
        settle(world, [], lambda _s, _n: {}, fact="CreditStep", finish=[goes_on])


def find(world: World, policy: Policy, effect: Effect, finish: Finish, lately: Lately) -> bool:
    """Whether a lost answer's memo is there, by our mark among those changed since: QuickBooks gives numbers of its
    own while custom numbers are off. The step goes on with it then. What stands already is read by its next pass."""
    state: Credit = states.decode(Kind.CREDIT, world.store.load(credit_ref(effect)).body)
    if state.memo is not None:
        return False
    mark = posting.marker(state.firm, "credit", state.id)
    mine = next((m for m in lately("CreditMemo").memos if posting.bears(m.note, mark) and m.total), None)
    if mine:
        take(world, policy, effect, Wrote(ok=True, id=mine.id, total=mine.total, entity="CreditMemo"), finish)
    return mine is not None


def _booked(policy: Policy, id: str) -> crediting.MemoBooked:
    return crediting.MemoBooked(id, policy.lanes.book, policy.firm.generation)


def _settle(
    world: World,
    policy: Policy,
    effect: Effect,
    name: str,
    fact: crediting.MemoBooked | crediting.CreditShown | crediting.CreditGone,
    finish: Finish,
    memo: str = "",
) -> None:
    """``memo``: its id, where QuickBooks shows one that we had not heard of."""
    ref = credit_ref(effect)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        match fact:
            case crediting.MemoBooked():
                return {ref: crediting.booked(before[ref], fact, now)}
            case crediting.CreditShown():
                known = crediting.booked(before[ref], _booked(policy, memo), now)
                told = crediting.shown(known.state, fact, policy.lanes.book)
                return {ref: Decision(told.state, guards=(*known.guards, *told.guards))}
            case crediting.CreditGone():
                return {ref: crediting.taken_back(before[ref], fact)}
            case _:
                assert_never(fact)

    settle(world, [ref], decide, fact=name, body=fact, policy=policy.version, finish=[finish])
