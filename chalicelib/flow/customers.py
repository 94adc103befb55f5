"""Clients become QuickBooks customers: looked up by name first, linked or made; and linked ones are kept in step.

What cannot go on is shown to a person with what may be chosen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain import comparing, invoicing, linking, naming, paylinks, posting, profile
from chalicelib.domain.contact import Contact
from chalicelib.domain.crediting import Credit
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Finish, Kind, Ref
from chalicelib.domain.linking import CustomerLinked, CustomerSeen, NameRefused
from chalicelib.domain.naming import Match, name_for
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import Payment
from chalicelib.domain.profile import Change
from chalicelib.domain.readings import CustomerReading, Wrote
from chalicelib.domain.trust import Entry
from chalicelib.domain.wanted import ChangedCustomer, WantedCustomer
from chalicelib.errors import Conflict
from chalicelib.flow import contacts, leaving, states
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import NAME_TAKEN, Prepared, done, park, still_open, wake
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import settle

CUSTOMER_CODES = ("610", "620", "2500", "6250")  # what refers to a customer that is inactive, merged or another's
LOOKS_AT_MOST = 2
MOVED_ONCE = LOOKS_AT_MOST + 1
LOOKED_FOR = timedelta(seconds=10)
STANDS_STILL_FOR, AT_MOST = timedelta(minutes=10), timedelta(days=1)
MOVES = "Its invoice goes to the customer that its client is linked to first."

Step = tuple[Effect, Contact]


def _contact_ref(effect: Effect) -> Ref:
    return Ref(effect.firm, Kind.CONTACT, str(effect.body["contact"]))


def prepare(world: World, reach: Reach, policy: Policy, batch: Sequence[Effect]) -> Prepared:
    out = Prepared()
    open_: list[Step] = still_open(world, policy, batch, _contact_ref, lambda c, e: not _wanted(c, e), out)
    if old := [(e, c) for e, c in open_ if c.customer]:
        _old_customers(world, reach, policy, old, out)
    if new := [(e, c) for e, c in open_ if not c.customer]:
        _new_customers(world, reach, policy, new, out)
    return out


def _wanted(state: Contact, e: Effect) -> bool:
    """Whether the step of this revision still has something to do."""
    return state.revision == int(e.body["revision"]) and bool(not state.customer or state.lost or state.to_books)


# --- customers that are linked ----------------------------------------------------------------------------------------


def _old_customers(world: World, reach: Reach, policy: Policy, old: Sequence[Step], out: Prepared) -> None:
    """A change needs the present SyncToken, and must not overwrite what came since: they are read and merged first."""
    found = {c.id: c for c in reach.quickbooks(lambda q, a: q.customers_by_id(a, [s.customer for _, s in old]))}
    for e, state in old:
        there = found.get(state.customer)
        if state.answer == "activate" and there is not None and not there.active:
            changes = (Change("name", there.name),)
            out.write.append((e, ChangedCustomer(there.id, there.sync_token, changes, activate=True)))
            continue
        fact = contacts.shown(world, reach, policy, state, state.customer, there)
        try:
            now = contacts.tell(world, policy, state.id, fact)
        except Conflict:  # what it was merged into is another client's by now
            now = contacts.tell(world, policy, state.id, replace(fact, into=None, elsewhere=True))
        if now.lost and _wanted(now, e):
            _park(world, e, naming.broken_link(now), broken="customer")
        elif _wanted(now, e) and now.usable and there is not None:
            _change(world, policy, e, now, there, out)
            continue
        else:
            done(world, e)
        out.settled += 1


def _change(world: World, policy: Policy, e: Effect, state: Contact, there: CustomerReading, out: Prepared) -> None:
    if _unwritable(state) and _goes_apart(state):
        state = _set_apart(world, policy, state)
    changes = []
    for change in state.sent:
        if change.field == "name":
            if no := _unwritable(state):
                _park(world, e, no)
                out.settled += 1
                return
            change = Change("name", name_for(state, str(change.value)))
        changes.append(change)
    out.write.append((e, ChangedCustomer(there.id, there.sync_token, tuple(changes), state.company)))


def _new_name(state: Contact) -> str:
    """The client's new name, which its customer shall have; empty where the name goes nowhere."""
    return next((str(c.value) for c in state.to_books if c.field == "name"), "")


def _unwritable(state: Contact) -> Match | None:
    name = _new_name(state)
    return naming.refusal(name_for(state, name)) if name else None


def _goes_apart(state: Contact) -> bool:
    """Whether other fields go over with a name that will not: they go alone, and then a person is asked about it."""
    return any(c.field != "name" for c in state.sent) and any(c.field == "name" for c in state.sent)


def _set_apart(world: World, policy: Policy, state: Contact) -> Contact:
    return contacts.tell(world, policy, state.id, NameRefused(_new_name(state)))


# --- customers that are not there yet ---------------------------------------------------------------------------------


def _new_customers(world: World, reach: Reach, policy: Policy, new: Sequence[Step], out: Prepared) -> None:
    picked = [id for _, s in new if (id := linking.picked(s.choice))]
    named = {c.id: c for c in reach.quickbooks(lambda q, a: q.customers_by_id(a, picked))} if picked else {}
    names = [name_for(s) for _, s in new if not linking.picked(s.choice)]
    askable = [n for n in dict.fromkeys(names) if not any(x in n for x in profile.FORBIDDEN)]
    found = reach.quickbooks(lambda q, a: q.customers_named(a, askable)) if askable else []
    there = {f.name.casefold() for f in found}
    free = [n for n in askable if n.casefold() not in there]
    taken = reach.quickbooks(lambda q, a: q.names_taken(a, free)) if free else {}
    by_id = named | {c.id: c for c in found}
    claimed: set[str] = set()
    for e, state in new:
        name = name_for(state)
        same = [f for f in found if f.name.casefold() == name.casefold()]
        mine = next((f for f in same if f.note == _note(state)), None)
        match = naming.match(state, same, taken.get(name, ""), policy.firm.currency)
        if mine is not None:
            match = Match("link", customer=mine.id, name=name)
        if match.do == "create" and name.casefold() in claimed:
            match = naming.match(state, [_twin(name)], "")
        if match.do == "link":
            _link_existing(world, policy, e, state, by_id.get(match.customer), created=mine is not None)
        elif match.do == "park":
            _park(world, e, match)
        else:
            out.write.append((e, _new(state, match.name)))
            out.settled -= 1
        out.settled += 1
        claimed.add(name.casefold())


def _new(state: Contact, name: str) -> WantedCustomer:
    """What does not fit into QuickBooks is left out; merging names it once the customer is there."""
    fit = {
        field: profile.value(state.clio, field)
        for field in state.fields
        if field != "name" and not profile.unfit(field, profile.value(state.clio, field), profile.Side.QUICKBOOKS)
    }
    return WantedCustomer(name=name, note=_note(state), company=state.company, **{"email": "", **fit})  # type: ignore[arg-type]


def _twin(name: str) -> CustomerReading:
    """Another client of the same name is being created at this moment: this one waits for a person."""
    return CustomerReading("", "", name, "another client of this firm", active=True)


def _link_existing(
    world: World, policy: Policy, e: Effect, state: Contact, customer: CustomerReading | None, *, created: bool
) -> None:
    suffix = (("suffix", "Create with a suffix"),)
    if customer is None or not customer.active:
        reason = "The QuickBooks customer that was chosen is inactive or no longer there."
        park(world, e, reason, "Make it active in QuickBooks and press Retry, or create another.", choices=suffix)
        return
    took = contacts.give_up(world, policy, customer.id) if state.choice.startswith(linking.OVER) else ()
    try:
        _link(world, policy, e, customer.id, customer, Finish(e.key), created=created, took=took)
    except Conflict:
        _park(world, e, naming.anothers(state, customer.id, contacts.may_give_up(world, policy, customer.id)))


def _park(world: World, e: Effect, match: Match, *, broken: str = "") -> None:
    park(world, e, match.reason, match.remedy, choices=[c for c in match.choices if c[0] != "link:"], broken=broken)


def _note(state: Contact) -> str:
    return posting.marker(state.firm, "client", state.id)


def _link(
    world: World,
    policy: Policy,
    effect: Effect,
    id: str,
    customer: CustomerReading | None,
    finish: Finish,
    *,
    created: bool,
    took: tuple[str, ...] = (),
) -> None:
    generation = policy.firm.generation
    fact = CustomerLinked(id, policy.lanes.book, customer, created=created, generation=generation, took=took)
    state = contacts.tell(world, policy, str(effect.body["contact"]), fact, finish=[finish])
    if state.choice or state.revision > 1:  # a person waits for it: what it held up goes on at once
        wake(world, effect.lane, f"customer/{state.id}")


# --- what QuickBooks answered -----------------------------------------------------------------------------------------


def take(world: World, policy: Policy, effect: Effect, answer: Wrote, finish: Finish) -> None:
    """QuickBooks made or changed the customer: the answer is its reading."""
    if linked := str(effect.body.get("customer") or ""):
        wrote = int(effect.body["revision"])
        fact = CustomerSeen(linked, answer.customer, wrote=wrote)
        contacts.tell(world, policy, str(effect.body["contact"]), fact, finish=[finish])
        return
    _link(world, policy, effect, answer.id, answer.customer, finish, created=True)


def find(world: World, reach: Reach, policy: Policy, effect: Effect, finish: Finish) -> bool:
    """Whether a lost answer's customer is there as it was sent: by its name, or a linked one by what it shows."""
    state: Contact = states.decode(Kind.CONTACT, world.store.load(_contact_ref(effect)).body)
    if linked := str(effect.body.get("customer") or ""):
        return _find_change(world, reach, policy, state, linked)
    if state.customer:
        return False
    name = name_for(replace(state, name=str(effect.body["name"])))
    found = reach.quickbooks(lambda q, a: q.customers_named(a, [name]))
    mine = next((f for f in found if f.note == _note(state)), None)
    if mine:
        _link(world, policy, effect, mine.id, mine, finish, created=True)
    return mine is not None


def _find_change(world: World, reach: Reach, policy: Policy, state: Contact, linked: str) -> bool:
    """Reading it is enough: what it shows of ours is agreed, and what it does not show is wanted still."""
    found = reach.quickbooks(lambda q, a: q.customers_by_id(a, [linked]))
    contacts.tell(world, policy, state.id, CustomerSeen(linked, found[0] if found else None))
    return False


def refused(world: World, policy: Policy, effect: Effect, code: str) -> bool:
    """Whether a refusal has to do with a customer and is taken care of here."""
    if effect.kind == Do.CUSTOMER and code == NAME_TAKEN and effect.body.get("customer"):
        state: Contact = states.decode(Kind.CONTACT, world.store.load(_contact_ref(effect)).body)
        if _goes_apart(state):
            _set_apart(world, policy, state)
            world.store.postpone(effect.key, world.now(), cause="What else changed goes first.", tries=effect.tries)
        else:
            _park(world, effect, naming.taken_on_rename(state))
        return True
    if code not in CUSTOMER_CODES:
        return False
    bills, clients = _leans_on(world, policy, effect)
    mine = str(effect.body.get("customer") or "") if effect.kind == Do.CUSTOMER else ""
    linked = [id for id in (mine, *(c.customer for c in clients.values())) if id]
    if effect.tries < LOOKS_AT_MOST and contacts.point_at_customers(world, policy, linked):
        cause = "Its customer may have changed in QuickBooks: it is being looked at."
        world.store.postpone(effect.key, world.now() + LOOKED_FOR, cause=cause, tries=effect.tries + 1)
        return True
    lost = next((told for c in clients.values() if (told := leaving.lost(c, c.customer))), "")
    whole = effect.kind == Do.INVOICE and not effect.body.get(paylinks.RELINKED)  # it goes over by itself
    cause = lost or ("" if whole else _moves(world, policy, bills, clients, effect.tries))
    if cause == MOVES:  # the invoice's own step wakes this one; until then, which may be never, it asks less and less
        more = max(0, effect.tries - MOVED_ONCE)
        wait = min(STANDS_STILL_FOR * 2 ** min(more, 8), AT_MOST)
        world.store.postpone(effect.key, world.now() + wait, cause=cause, tries=MOVED_ONCE + more + 1)
    elif cause:
        world.store.postpone(effect.key, world.now() + STANDS_STILL_FOR, cause=cause, tries=effect.tries)
    return bool(cause)


def _leans_on(world: World, policy: Policy, effect: Effect) -> tuple[dict[str, Payable], dict[str, Contact]]:
    """The bills and the clients, by id, that a step leans on; of a client's own step none."""
    firm, body = policy.firm.id, effect.body
    if effect.kind == Do.JOURNAL:
        entry: Entry = states.decode(Kind.TRUST, world.store.load(Ref(firm, Kind.TRUST, str(body["entry"]))).body)
        return {}, _clients(world, firm, [entry.move.client_id])
    payables: list[str] = [str(body["payable"])] if "payable" in body else []
    if effect.kind == Do.POSTING:
        payment: Payment = states.decode(
            Kind.PAYMENT, world.store.load(Ref(firm, Kind.PAYMENT, str(body["payment"]))).body
        )
        payables = [i.payable for i in payment.items]
    if effect.kind == Do.CREDIT:
        credit: Credit = states.decode(Kind.CREDIT, world.store.load(Ref(firm, Kind.CREDIT, str(body["credit"]))).body)
        payables = [p.payable for p in credit.parts]
    bills = leaving.payables(world, policy, payables)
    return bills, _clients(world, firm, [p.client_id for p in bills.values()])


def _clients(world: World, firm: str, ids: Sequence[str]) -> dict[str, Contact]:
    refs = [Ref(firm, Kind.CONTACT, id) for id in dict.fromkeys(ids) if id]
    held = world.store.load_many(refs) if refs else []
    return {h.ref.id: states.decode(Kind.CONTACT, h.body) for h in held if h.body}


def _moves(
    world: World, policy: Policy, bills: Mapping[str, Payable], clients: Mapping[str, Contact], tries: int
) -> str:
    """Invoices that belong to an earlier customer of their client, on which QuickBooks books nothing any more, are
    written again, which takes them to the present one; not where money stands on one of them, which keeps it where it
    is (flow/rewriting.py), nor twice: people's own payments keep it there too. Gives why the step waits, empty where
    nothing moves."""
    former = [
        p
        for p in bills.values()
        if p.booked and p.client_id in clients and invoicing.elsewhere(p, clients[p.client_id].usable)
    ]
    written = all(p.booked and p.booked.revision >= p.revision for p in former)
    if any(_paid(world, p) for p in former) or (written and tries >= MOVED_ONCE):
        return ""
    for p in former:
        ref = Ref(p.firm, Kind.PAYABLE, p.id)

        def decide(before: Mapping[Ref, Any], now: datetime, at: Ref = ref) -> dict[Ref, Decision[Any]]:
            return {at: invoicing.taken_over(before[at], policy, now)}

        settle(world, [ref], decide, fact="InvoiceMoves", policy=policy.version)
    return MOVES if former else ""


def _paid(world: World, p: Payable) -> bool:
    """Whether a payment or credit of ours stands on its invoice."""
    refs = [Ref(p.firm, Kind.PAYMENT, id) for id in sorted(comparing.touching(p))]
    refs += [Ref(p.firm, Kind.CREDIT, id) for id in sorted(comparing.crediting_ids(p))]
    held = [states.decode(h.ref.kind, h.body) for h in (world.store.load_many(refs) if refs else []) if h.body]
    return any(x.memo if isinstance(x, Credit) else x.posted and not x.posted.voided for x in held)
