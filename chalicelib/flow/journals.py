"""Trust entries become QuickBooks journal entries: written, changed under their SyncToken, or deleted there; and, where
the firm wishes, each client gets an account below the trust liability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.domain import effects, holding, journaled, posting, trust, trust_comparing
from chalicelib.domain.contact import Contact
from chalicelib.domain.firm import Policy
from chalicelib.domain.holding import Holder
from chalicelib.domain.journaled import Lines
from chalicelib.domain.kernel import Decision, Effect, Finish, Kind, Ref, Status
from chalicelib.domain.readings import Account
from chalicelib.domain.trust import Entry, JournalWritten
from chalicelib.domain.trust_books import TrustBooks
from chalicelib.domain.trust_comparing import dated
from chalicelib.domain.trust_readings import JournalReading
from chalicelib.domain.wanted import Removal, WantedJournal, WantedSubAccount
from chalicelib.errors import Refused
from chalicelib.flow import states, staying
from chalicelib.flow.budget import Floor
from chalicelib.flow.numbered import Sought, only
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import FOR_A_PERSON, FOR_ITS_CUSTOMER, WITHOUT, Prepared, current, done, park, still_open
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import settle
from chalicelib.flow.trusting import entry_ref

NO_ACCOUNTS = "Choose the accounts of your trust money under Trust first."
AGAIN = ("again", "Write the journal entry again")
CHANGED = "changed journal entry"


def _ref(effect: Effect) -> Ref:
    return entry_ref(effect.firm, str(effect.body["entry"]))


def _entry(world: World, effect: Effect) -> Entry:
    state: Entry = states.decode(Kind.TRUST, world.store.load(_ref(effect)).body)
    return state


def prepare(world: World, reach: Reach, policy: Policy, batch: Sequence[Effect]) -> Prepared:
    """Looks up what is there by number and by id, one query each, before anything is written."""
    out = Prepared()
    open_ = staying.left(world, reach, policy, still_open(world, policy, batch, _ref, _superseded, out), out)
    if not open_:
        return out
    new = [s.number for _, s in open_ if s.posted is None or s.posted.removed]
    old = [id for id in (s.stood if s.posted is None else s.posted.id for _, s in open_) if id]
    numbered = {j.number: j for j in reach.quickbooks(lambda q, a: q.journals_numbered(a, new))} if new else {}
    by_id = {j.id: j for j in reach.quickbooks(lambda q, a: q.journals_by_id(a, old))} if old else {}
    customers, accounts = _clients(world, policy, [s for _, s in open_])
    for e, state in open_:
        posted = state.posted if state.posted and not state.posted.removed else None
        there = by_id.get(posted.id) if posted else _unlinked(state, numbered, by_id)
        out.settled += _step(world, policy, e, state, there, customers, accounts, out)
    return out


def _unlinked(
    state: Entry, numbered: Mapping[str, JournalReading], by_id: Mapping[str, JournalReading]
) -> JournalReading | None:
    """What may be its journal entry: ours of an earlier generation of links, whatever number people gave it since, or
    the one with its number. Of what is gone only ours counts."""
    may = [j for j in (by_id.get(state.stood), numbered.get(state.number)) if j]
    ours = next((j for j in may if trust_comparing.is_ours(state, j)), None)
    return ours or (may[-1] if may and state.stands else None)


def _superseded(state: Entry, e: Effect) -> bool:
    return state.revision != int(e.body["revision"]) or state.written


def _clients(world: World, policy: Policy, entries: Sequence[Entry]) -> tuple[dict[str, Contact], dict[str, str]]:
    """By client: who they are as a customer, and the account below the liability that shows what is held for them."""
    firm = policy.firm.id
    ids = list(dict.fromkeys(s.move.client_id for s in entries if s.move.client_id))
    found = {ref.id: c for ref, c in current(world, policy, [Ref(firm, Kind.CONTACT, id) for id in ids]).items()}
    if not policy.firm.trust_books.sub_accounts:
        return found, dict.fromkeys(ids, policy.firm.trust_books.liability)
    holders = current(world, policy, [Ref(firm, Kind.HOLDER, id) for id in ids])
    return found, {ref.id: h.account for ref, h in holders.items()}


def _step(
    world: World,
    policy: Policy,
    e: Effect,
    state: Entry,
    there: JournalReading | None,
    customers: Mapping[str, Contact],
    accounts: Mapping[str, str],
    out: Prepared,
) -> int:
    """One entry: written, waiting, settled (1), or shown to a person (1)."""
    posted = state.posted is not None and not state.posted.removed
    taken = posted or (state.posted is not None and state.posted.told == trust.DELETED)
    if not state.stands and there is None:  # it is gone in both
        if state.posted is None:
            _nothing_left(world, policy, e)
        else:
            link(world, policy, e, state.posted.id, Finish(e.key))
        return 1
    if taken and there is None:
        _ask_about_deletion(world, e, state)
        return 1
    if there is not None and posted and state.stands and e.body.get("noticed"):
        return _show_change(world, policy, e, state, there, customers.get(state.move.client_id), out)
    if there is not None and not posted and not trust_comparing.is_ours(state, there):
        park(
            world,
            e,
            f"QuickBooks already has a journal entry numbered {state.number} that is not ours.",
            "Give that journal entry another number in QuickBooks, then press Retry.",
            detail=f"QuickBooks journal entry {there.id}",
        )
        return 1
    if not state.stands and there is not None:
        out.write.append((e, Removal("JournalEntry", there.id, there.sync_token)))
        return 0
    bank = policy.firm.trust_books.book_of(state.move.account)
    client = state.move.client_id
    contact = customers.get(client)
    liability = accounts.get(client, "") if client else policy.firm.trust_books.liability
    cause = _cause(world, policy.firm.trust_books, state, contact, liability)
    if cause:
        out.blocked.append((e, cause))
        return 0
    out.write.append(
        (
            e,
            WantedJournal(
                number=state.number,
                on=state.move.on,
                sides=trust.sides(state, bank, liability, contact.usable if contact else ""),
                note=trust_comparing.marker(state),
                currency=state.move.currency,
                existing=(there.id, there.sync_token) if there else None,
            ),
        )
    )
    return 0


def _ask_about_deletion(world: World, e: Effect, state: Entry) -> None:
    reason = f"The journal entry {state.number} was deleted in QuickBooks."
    remedy = "Nothing is written again silently: write it again, link another one, or accept that it is gone."
    park(world, e, reason, remedy, choices=(AGAIN,), may_close=True, broken="journal entry")


def _show_change(
    world: World,
    policy: Policy,
    e: Effect,
    state: Entry,
    there: JournalReading,
    contact: Contact | None,
    out: Prepared,
) -> int:
    """Somebody changed it in QuickBooks: nothing is written over it without a person's word, or until it changes in
    Clio. Where only its client is
    another, the client's own link is settled first: customers may have been merged."""
    written, customer = state.posted.lines if state.posted else (), contact.usable if contact else ""
    same = journaled.figures(there.debits, there.on) == journaled.figures(state.move.cents, state.move.on)
    if same and not journaled.differs(written, there.lines, customer):  # it was set back, or followed its client
        link(world, policy, e, there.id, Finish(e.key), lines=there.lines)
        return 1
    if contact and contact.lost and not contact.without and journaled.only_client(written, there.lines):
        out.blocked.append((e, FOR_A_PERSON))
        return 0
    currency = state.move.currency
    theirs, ours = dated(there.debits, there.on, currency), dated(abs(state.move.cents), state.move.on, currency)
    what = f"was changed in QuickBooks to {theirs}; it is {ours}"
    if same:
        what = journaled.otherwise(written, there.lines, state.move.client_name)
    park(
        world,
        e,
        f"The journal entry {state.number} {what}.",
        "Write ours over it, or press Done to leave it as it is there; the comparison of the books goes on naming it.",
        choices=(AGAIN,),
        may_close=True,
        broken=CHANGED,
    )
    return 1


def _cause(world: World, books: TrustBooks, state: Entry, contact: Contact | None, liability: str) -> str:
    """Why it still has to wait; empty when nothing keeps it."""
    if not books.book_of(state.move.account):
        return NO_ACCOUNTS
    if state.move.client_id and not (contact and contact.usable):
        if contact and contact.without:
            return WITHOUT
        name = f"{state.move.client_id}/{contact.revision}" if contact else ""
        step = world.store.effect(effects.key_of(state.firm, effects.Do.CUSTOMER, name))
        parked = step is not None and step.status is Status.PARKED
        return FOR_A_PERSON if parked else FOR_ITS_CUSTOMER
    return "" if liability else "It waits for its client's account below the trust liability."


def link(
    world: World, policy: Policy, effect: Effect, id: str, finish: Finish, by: str = "", lines: Lines = ()
) -> None:
    """QuickBooks shows the journal entry as the effect's revision wanted it: deleted only where that revision said
    so. ``lines``: as it stands there, where they were read."""
    ref, revision = _ref(effect), int(effect.body["revision"])

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        state: Entry = before[ref]
        removed = state.revision == revision and not state.stands
        fact = JournalWritten(id, policy.lanes.book, revision, removed, policy.firm.generation, lines=lines)
        return {ref: trust.decide(state, fact, policy, now)}

    settle(world, [ref], decide, fact="JournalWritten", body={"id": id}, policy=policy.version, finish=[finish], by=by)


def _nothing_left(world: World, policy: Policy, effect: Effect) -> None:
    ref = _ref(effect)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: trust.decide(before[ref], trust.NothingLeft(), policy, now)}

    settle(world, [ref], decide, fact="NothingLeft", policy=policy.version, finish=[Finish(effect.key)])


def find(world: World, reach: Reach, policy: Policy, effect: Effect, finish: Finish) -> bool:
    """Whether a lost answer's journal entry is there, by its number; settled then. A change or a deletion is written
    again under the present SyncToken, which does no harm."""
    state = _entry(world, effect)
    if state.posted is not None and not state.posted.removed:
        return False
    number = str(effect.body["number"])
    found = reach.quickbooks(lambda q, a: q.journals_numbered(a, [number]))
    mine = next((j for j in found if posting.bears(j.note, trust_comparing.marker(state))), None)
    if mine:
        link(world, policy, effect, mine.id, finish, lines=mine.lines)
    return mine is not None


def again(world: World, policy: Policy, effect: Effect, by: str) -> None:
    """A person wants the journal entry again that somebody deleted, or ours over what somebody changed there: under
    whatever number, it stays the one that is linked."""
    ref, over = _ref(effect), effect.body.get("broken") == CHANGED

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: trust.decide(before[ref], trust.WriteAgain(over), policy, now)}

    settle(world, [ref], decide, fact="WriteAgain", policy=policy.version, by=by)


def accept(world: World, policy: Policy, effect: Effect, by: str) -> None:
    """A person accepts that QuickBooks does not show it, or shows it otherwise; the comparison goes on naming it.
    Raises Refused where there is no change to keep any more: the person is asked about the deletion instead."""
    ref, revision = _ref(effect), int(effect.body["revision"])
    gone = effect.body.get("broken") != CHANGED
    if not gone:
        _still_there(world, policy, effect)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        state: Entry = before[ref]
        id = state.posted.id if state.posted else ""
        told = trust.DELETED if gone else state.posted.told if state.posted else ""
        fact = JournalWritten(id, policy.lanes.book, revision, gone, policy.firm.generation, told)
        return {ref: trust.decide(state, fact, policy, now)}

    settle(world, [ref], decide, fact="Accepted", policy=policy.version, by=by, finish=[Finish(effect.key)])


def _still_there(world: World, policy: Policy, step: Effect) -> None:
    """Of a changed one: QuickBooks is asked before a person's word counts."""
    state = _entry(world, step)
    assert state.posted is not None
    ids = [state.posted.id]
    reach = Reach(world, policy.firm.id, policy.lanes, Floor.PERSON)
    if reach.quickbooks(lambda q, a: q.journals_by_id(a, ids)):
        return
    world.store.retry(step.key, world.now())
    _ask_about_deletion(world, step, state)
    raise Refused(
        f"The journal entry {state.number} was deleted in QuickBooks meanwhile: there is no change to keep. Choose now "
        "what becomes of it."
    )


def link_numbered(world: World, reach: Reach, policy: Policy, step: Effect, number: str, by: str) -> None:
    """The journal entry of this number in QuickBooks stands for the entry of a parked step: a person names it. Raises
    Refused with what does not fit, Conflict where it is linked to another one."""
    state = _entry(world, step)
    found = reach.quickbooks(lambda q, a: q.journals_numbered(a, [number]))
    currency = state.move.currency
    ours = dated(abs(state.move.cents), state.move.on, currency)
    sought = Sought("journal entry", "journal entries", number, "the entry is", ours)
    there = only(sought, found, lambda j: dated(j.debits, j.on, currency))
    customers, accounts = _clients(world, policy, [state])
    client, books = state.move.client_id, policy.firm.trust_books
    contact, liability = customers.get(client), accounts.get(client, "") if client else books.liability
    customer = contact.usable if contact else ""
    banks = {b.book for b in books.standing if b.clio == state.move.account}
    held = {liability, *(id for id, _ in books.earlier_liabilities)}  # what stands in them counts with the present ones
    if not journaled.moves(there.lines, banks, held, state.move.cents):
        raise Refused(f"Journal entry {number} in QuickBooks is between other accounts than this trust entry.")
    if any(who != customer for account, _, who in there.lines if account in held):
        whose = state.move.client_name or "the firm itself"
        raise Refused(f"Journal entry {number} in QuickBooks is for another client than {whose}.")
    link(world, policy, step, there.id, Finish(step.key), by, there.lines)


# --- a client's account below the liability ---------------------------------------------------------------------------


def _holder_ref(effect: Effect) -> Ref:
    return Ref(effect.firm, Kind.HOLDER, str(effect.body["client"]))


def prepare_holders(world: World, reach: Reach, policy: Policy, batch: Sequence[Effect]) -> Prepared:
    """Looked up where it stood in an earlier generation of links, and by name; made where there is none."""
    out = Prepared()
    books = policy.firm.trust_books
    held = current(world, policy, [_holder_ref(e) for e in batch])
    open_ = []
    for e in batch:
        known: Holder | None = held.get(_holder_ref(e))
        if (known is not None and known.account) or not books.sub_accounts:
            done(world, e)
            out.settled += 1
        else:
            open_.append(e)
    stood = _stood(reach, [(h.id, h.stood) for e in open_ if (h := held.get(_holder_ref(e))) and h.stood])
    names = [str(e.body["name"]) for e in open_ if e.body["client"] not in stood]
    found = {a.name: a for a in reach.quickbooks(lambda q, a: q.accounts_named(a, names))} if names else {}
    for e in open_:
        name = str(e.body["name"])
        there = stood.get(str(e.body["client"])) or found.get(name)
        if there is None:
            wanted = WantedSubAccount(name, books.liability, books.liability_type, books.liability_subtype)
            out.write.append((e, wanted))
        elif there.active and there.parent == books.liability:
            link_holder(world, policy, e, there.id, Finish(e.key))
            out.settled += 1
        else:
            where = "It is not below your trust liability." if there.active else "It is inactive."
            reason = f"QuickBooks has an account named “{there.name}” that cannot be used. {where}"
            park(world, e, reason, "Correct that account in QuickBooks, then press Retry.")
            out.settled += 1
    return out


def _stood(reach: Reach, known: Sequence[tuple[str, str]]) -> dict[str, Account]:
    """By client, the account there of this id, where it bears Clio's id of the client still. ``known``: client and
    id."""
    ids = [id for _, id in known]
    there = {a.id: a for a in reach.quickbooks(lambda q, a: q.accounts_by_id(a, ids))} if ids else {}
    return {
        client: account
        for client, id in known
        if (account := there.get(id)) and account.name.endswith(holding.account_ending(client))
    }


def link_holder(world: World, policy: Policy, effect: Effect, id: str, finish: Finish) -> None:
    ref, name = _holder_ref(effect), str(effect.body["name"])

    def decide(_before: Mapping[Ref, Any], _now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: holding.held_in(ref.id, name, id, policy)}

    settle(world, [ref], decide, fact="HeldIn", body={"id": id}, policy=policy.version, finish=[finish])


def find_holder(world: World, reach: Reach, policy: Policy, effect: Effect, finish: Finish) -> bool:
    """Whether a lost answer's account is there; settled then."""
    name = str(effect.body["name"])
    found = reach.quickbooks(lambda q, a: q.accounts_named(a, [name]))
    mine = next((x for x in found if x.active and x.parent == policy.firm.trust_books.liability), None)
    if mine:
        link_holder(world, policy, effect, mine.id, finish)
    return mine is not None
