"""Trust money as Clio shows it becomes entries here: from pages of its feeds, and from looks at single transactions.

What is new on a page is a fact; what is held and differs is a pointer, looked at in batches of ids. Clio does not tell
of a transaction that was deleted (reference/clio.md 9.11): ``flow/trust_check.py`` finds it, a look here confirms it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.domain import effects, generation, trust
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Finish, Held, Json, Kind, Neighbour, Ref, lane_of
from chalicelib.domain.readings import Broken, ClientReading, Receipt
from chalicelib.domain.trust import Entry, Move, MoveGone, MoveSeen
from chalicelib.domain.trust_readings import Deposit
from chalicelib.errors import Conflict, Declined, Refused, Unreadable
from chalicelib.flow import states
from chalicelib.flow.contacts import see_client
from chalicelib.flow.firms import firm_of
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import renew_state
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import settle

AT_ONCE = 12  # entries in one commit: each is a state, a line, and up to four effects
NOT_VISIBLE = "Clio no longer shows us the trust account of this transaction."


def entry_ref(firm: str, id: str) -> Ref:
    return Ref(firm, Kind.TRUST, id)


# --- pages of the feeds -----------------------------------------------------------------------------------------------


def see_page(world: World, policy: Policy, items: Sequence[Deposit | Broken]) -> bool:
    """A page of bank transactions. Gives whether anything was written. Those on operating accounts are left alone,
    save one that we hold: it has left its trust account."""
    firm = policy.firm.id
    rows = [i for i in items if not isinstance(i, Broken)]
    broken = broken_moves(world, firm)
    wrote = sum(_park(world, policy, i, broken) for i in items if isinstance(i, Broken)) > 0
    moves = {d.id: move_of(d, policy) for d in rows if d.trust}
    ids = {d.id: moves[d.id].entry if d.trust else d.id for d in rows}
    wanted = dict.fromkeys((*ids.values(), *ids))  # one that is named by its allocation now may be held by its own id
    held = {h.ref.id: h for h in world.store.load_many([entry_ref(firm, id) for id in wanted])}
    new: list[Deposit] = []
    for d in rows:
        here = held[ids[d.id]]
        before: Entry | None = states.decode(Kind.TRUST, held[d.id].body)
        if ids[d.id] != d.id and before is not None and not before.gone:
            point_at(world, policy, d.id, d.id, d.account)
            wrote = True
            continue
        known: Entry | None = states.decode(Kind.TRUST, here.body)
        if known is None and d.trust and d.id not in broken and not _foreign(policy, d):
            new.append(d)
        elif (known is None and (d.id in broken or d.trust)) or (
            known is not None and not _same(known, moves.get(d.id))
        ):
            point_at(world, policy, d.id, ids[d.id] if known else "", d.account)
            wrote = True
    for start in range(0, len(new), AT_ONCE):
        _bring_in(world, policy, {held[ids[d.id]].ref: (held[ids[d.id]], d) for d in new[start : start + AT_ONCE]})
    return wrote or bool(new)


def see_allocations(world: World, policy: Policy, receipts: Sequence[Receipt]) -> bool:
    """A page of allocations: those paid from trust. Where Clio shows no line on the trust account for one, it is the
    only trace of that money, and an edit of it is one of the entry; one that was voided takes its entry with it, unless
    its line still stands."""
    firm = policy.firm.id
    mine = [r for r in receipts if r.from_trust and r.kind == "payment"]
    moves = {r.id: _from_allocation(r, policy) for r in mine}
    held = {h.ref.id: h for h in world.store.load_many([entry_ref(firm, m.entry) for m in moves.values()])}
    wrote = False
    for r in mine:
        here, move = held[moves[r.id].entry], moves[r.id]
        known: Entry | None = states.decode(Kind.TRUST, here.body)
        if not r.voided and (known is None or _edited(known, move)):
            know_client(world, policy, client_of(move))
            _settle(world, policy, {here.ref: MoveSeen(move)}, held={here.ref: here})
            wrote = True
        elif known is not None and r.voided and not known.gone:
            if known.move.transaction:
                point_at(world, policy, known.move.transaction, known.id, known.move.account)
            else:
                _settle(world, policy, {here.ref: MoveGone()}, held={here.ref: here})
            wrote = True
    return wrote


def _edited(known: Entry, seen: Move) -> bool:
    """Whether an allocation without a line was changed by staff: its line is the truth where there is one."""
    one, other = ((m.cents, m.on, m.client_id, m.matter_id, m.account) for m in (known.move, seen))
    return not known.gone and not known.move.transaction and one != other


def _foreign(policy: Policy, d: Deposit) -> bool:
    """In another currency: no ledger takes it in; its look parks it."""
    return d.currency not in ("", policy.firm.currency)


def _same(known: Entry, seen: Move | None) -> bool:
    """Whether what is held is what Clio shows; None: it is not on a trust account."""
    return known.gone if seen is None else not known.gone and known.move == seen


def _bring_in(world: World, policy: Policy, new: Mapping[Ref, tuple[Held, Deposit]]) -> None:
    """New entries in one commit; where one of them is taken by another worker, each by itself."""
    for _, d in new.values():
        know_client(world, policy, d.client)
    facts = {ref: MoveSeen(move_of(d, policy)) for ref, (_, d) in new.items()}
    try:
        _settle(world, policy, facts, held={ref: h for ref, (h, _) in new.items()})
    except Conflict:
        for ref, fact in facts.items():
            _settle(world, policy, {ref: fact})


def _settle(
    world: World,
    policy: Policy,
    facts: Mapping[Ref, trust.EntryFact],
    *,
    finish: Sequence[Finish] = (),
    held: Mapping[Ref, Held] | None = None,
) -> None:
    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: trust.decide(before[ref], fact, policy, now) for ref, fact in facts.items()}

    names = sorted({type(f).__name__ for f in facts.values()})
    told = settle(world, list(facts), decide, fact=" ".join(names), policy=policy.version, finish=finish, held=held)
    if not all(state is None or state.begun or state.gone for state in told.states.values()):
        _chosen_meanwhile(world, policy, {str(state.move.account) for state in told.states.values() if state})


def _chosen_meanwhile(world: World, policy: Policy, accounts: Collection[str]) -> None:
    """What waits was decided under the policy of this job's beginning. Where accounts or words were chosen since then,
    the look that the choice owed may have gone by before these entries were there: it is owed once more."""
    firm = firm_of(world, policy.firm.id)
    if firm is not None and firm.trust.choices != policy.firm.trust.choices:
        for account in sorted(accounts):
            world.store.arrive(effects.trust_begin(firm.id, account, firm.trust.choices, world.now()))


# --- what Clio shows, in our words ------------------------------------------------------------------------------------


def move_of(d: Deposit, policy: Policy) -> Move:
    """Clio's line on a trust account, in our words. Cents, negative for money that leaves it."""
    return Move(
        transaction=d.id,
        allocation=d.receipt_id,
        account=d.account,
        on=d.on,
        cents=d.cents,
        currency=d.currency or policy.firm.currency,
        client_id=d.client_id,
        client_name=d.client.name if d.client else "",
        matter_id=d.matter_id,
        matter=d.matter,
        bill_id=d.bill_id,
        bill_number=d.bill_number,
        text=d.text,
        word=d.word,
        etag=d.etag,
    )


def _from_allocation(r: Receipt, policy: Policy) -> Move:
    return Move(
        transaction="",
        allocation=r.id,
        account=r.source,
        on=r.on,
        cents=-r.cents,
        currency=policy.firm.currency,
        client_id=r.contact_id,
        client_name=r.contact_name,
        matter_id=r.matter_id,
        matter=r.matter,
        bill_id=r.bill_id,
        text=r.text,
    )


def know_client(world: World, policy: Policy, client: ClientReading | None) -> None:
    """The client stands on the journal entry as a customer of QuickBooks. One that is held already is left as it is;
    another is taken in by what is told of it here, and read."""
    if client is None or not policy.firm.trust_books.liability:
        return
    if world.store.load(Ref(policy.firm.id, Kind.CONTACT, client.id)).body is None:
        see_client(world, policy, client)


def client_of(move: Move) -> ClientReading | None:
    """What an entry tells of its client; None for the firm's own money."""
    return ClientReading(move.client_id, move.client_name) if move.client_id else None


# --- looks ------------------------------------------------------------------------------------------------------------


def point_at(world: World, policy: Policy, move: str, entry: str, account: str) -> None:
    """Owes a look at one bank transaction."""
    lane = lane_of(policy.firm.id, Neighbour.CLIO, policy.lanes.clio)
    world.store.arrive(effects.look_move(policy.firm.id, lane, move, entry, account, world.now()))


def look_at_moves(
    world: World, reach: Reach, policy: Policy, looks: Sequence[Effect]
) -> list[tuple[Effect, Exception | None]]:
    """Looks at up to 200 transactions with one call; what is gone is asked for alone. Gives each look with what went
    wrong. Raises Unavailable and Disconnected, which concern the whole lane."""
    by_id = {str(e.body["move"]): e for e in looks}
    refs = {id: entry_ref(policy.firm.id, str(e.body["entry"]) or id) for id, e in by_id.items()}
    held = {h.ref: h for h in world.store.load_many(list(dict.fromkeys(refs.values())))}
    page = reach.clio(lambda c, a: c.deposits_by_id(a, list(by_id)))
    shown = {item.id: item for item in page.items}
    outcomes: list[tuple[Effect, Exception | None]] = []
    for id, effect in by_id.items():
        problem: Exception | None = None
        try:
            _take_in(world, reach, policy, held[refs[id]], shown.get(id), effect)
        except (Unreadable, Declined, Refused) as bad:
            problem = bad
        outcomes.append((effect, problem))
    return outcomes


def look_at_move(world: World, reach: Reach, policy: Policy, effect: Effect) -> None:
    """Looks at one. Raises Unreadable, Declined and Refused when it cannot be taken in."""
    for _, bad in look_at_moves(world, reach, policy, [effect]):
        if bad is not None:
            raise bad


def _take_in(
    world: World, reach: Reach, policy: Policy, held: Held, item: Deposit | Broken | None, effect: Effect
) -> None:
    done = [Finish(effect.key, arrivals=effect.arrivals)]
    if item is None:
        item = _alone(reach, effect)
    if isinstance(item, Broken):
        raise Unreadable(item.what, item.raw, item.remedy)
    move = move_of(item, policy) if item is not None and item.trust else None
    if move is not None and move.currency != policy.firm.currency:
        raise Unreadable("currency", move.currency, "Trust money in another currency is not followed yet.")
    _mended(world, policy.firm.id, str(effect.body["move"]))
    if move is None or item is None:
        gone: dict[Ref, trust.EntryFact] = {held.ref: MoveGone()} if held.body else {}
        _settle(world, policy, gone, finish=done, held={held.ref: held})
        return
    know_client(world, policy, item.client)
    ref = entry_ref(policy.firm.id, move.entry)
    facts: dict[Ref, trust.EntryFact] = {ref: MoveSeen(move)}
    if ref != held.ref and held.body:  # Clio shows now that it is one face of a payment: it becomes that entry
        facts[held.ref] = MoveGone()
    _settle(world, policy, facts, finish=done, held={held.ref: held} if set(facts) == {held.ref} else None)


def _alone(reach: Reach, effect: Effect) -> Deposit | None:
    """None: it is gone, and a token that sees its account says so."""
    try:
        return reach.clio(lambda c, a: c.deposit(a, str(effect.body["move"])))
    except Declined as no:
        if no.status != 404:
            raise
    accounts = reach.clio(lambda c, a: c.trust_accounts(a))
    if str(effect.body["account"]) not in {a.id for a in accounts}:
        raise Refused(NOT_VISIBLE)
    return None


# --- rows that cannot be understood -----------------------------------------------------------------------------------


def broken_moves(world: World, firm: str) -> Json:
    """Ids of transactions that are parked, each with the mark of what was seen."""
    found = world.store.record("broken-moves", firm)
    return dict(found[1]) if found else {}


def _park(world: World, policy: Policy, item: Broken, known: Json) -> bool:
    """A row parks alone, once for each version of it. Gives whether it was written."""
    firm = policy.firm.id
    if known.get(item.id) == item.mark:
        return False
    known[item.id] = item.mark
    world.store.put_record("broken-moves", firm, known)
    lane = lane_of(firm, Neighbour.CLIO, policy.lanes.clio)
    world.store.arrive(effects.look_move(firm, lane, item.id, "", "", world.now()))
    world.store.park(
        effects.key_of(firm, Do.LOOK_MOVE, item.id),
        reason=f"Clio shows “{item.raw}” as the {item.what} of a bank transaction, which we do not understand.",
        remedy=item.remedy or "Correct the transaction in Clio, then press Retry.",
        detail=f"{item.what}={item.raw}",
    )
    return True


def _mended(world: World, firm: str, id: str) -> None:
    known = broken_moves(world, firm)
    if id in known:
        del known[id]
        world.store.put_record("broken-moves", firm, known)


# --- what may be written has changed ----------------------------------------------------------------------------------


def begin(world: World, policy: Policy, effect: Effect) -> None:
    """Goes through the entries of one trust account and owes what may be written now; it is finished when all are."""
    firm, account = policy.firm.id, str(effect.body["account"])
    for group in (trust.MOVES, trust.LEAVING):
        cursor: str | None = None
        while True:
            page = world.store.grouped(f"{firm}/{group}/{account}", limit=100, cursor=cursor)
            for held in page.items:
                _begin_one(world, policy, held)
            cursor = page.next
            if cursor is None:
                break
    settle(world, [], lambda _s, _n: {}, fact="TrustBegun", finish=[Finish(effect.key, arrivals=effect.arrivals)])


def _begin_one(world: World, policy: Policy, held: Held) -> None:
    state: Entry = states.decode(Kind.TRUST, held.body)
    if generation.is_stale(state, policy):
        state = renew_state(world, policy, held.ref)
        know_client(world, policy, client_of(state.move))
    nothing = not (state.stands or state.stood)
    if state.begun or nothing or trust.waits(state, policy.firm) not in ("", "word"):
        return
    know_client(world, policy, client_of(state.move))
    _settle(world, policy, {held.ref: trust.RulesChanged()})
