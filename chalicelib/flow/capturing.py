"""What people change in QuickBooks, by change data capture (reference/quickbooks.md 2.7). A page only points: what is
linked and shows something other than what we wrote is looked at; our own echoes are nothing.

Record ``captured/<firm>``, sk the company in this generation of links: ``since``, in QuickBooks' own time. Every window
begins two minutes earlier, so that nothing that changed in the same second is skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain import effects, journaled, matters, posting, trust
from chalicelib.domain.book_changes import BookChanges
from chalicelib.domain.crediting import TIE, Credit, MemoNoticed
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Effect, Finish, Kind, Neighbour, Ref
from chalicelib.domain.noticing import Noticed, of_piece
from chalicelib.domain.payable import Harm
from chalicelib.domain.payment import Payment
from chalicelib.domain.readings import BookedPayment, InvoiceReading
from chalicelib.domain.trust import Entry, JournalNoticed
from chalicelib.domain.trust_readings import JournalReading
from chalicelib.flow import credit_links, noticing, polling, states, subcustomer_links
from chalicelib.flow.budget import Floor
from chalicelib.flow.holders import holders
from chalicelib.flow.noticing import INVOICE, KINDS, PAYMENT, point
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import done
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of, settle

OVERLAP = timedelta(minutes=2)
LOOKS_BACK = timedelta(days=30) - timedelta(hours=1)
FIRST_LOOK = timedelta(days=1)
SOON = timedelta(seconds=15)  # what comes in one burst is read at once
APART = timedelta(minutes=2)  # while a first sync goes out, our own echoes come all the time
CUSTOMER, JOURNAL, MEMO = "Customer", "JournalEntry", "CreditMemo"
GUARDED = {JOURNAL: "journal"}  # what guards call an entity otherwise
KINDS_TOLD = (INVOICE, PAYMENT, CUSTOMER, JOURNAL, MEMO)
NAME = "quickbooks"


def begin(world: World, policy: Policy) -> None:
    """From now on nothing is missed, however late the first reading comes."""
    if policy.lanes.book and world.store.record(f"captured/{policy.firm.id}", policy.lanes.book) is None:
        since = world.now().isoformat()
        world.store.put_record(f"captured/{policy.firm.id}", policy.lanes.book, {"since": since})


def poll(world: World, _reach: Reach, policy: Policy, polls: Sequence[Effect]) -> None:
    """The firm's poll, of which there is one for a company. It comes every 15 minutes until QuickBooks' webhooks are
    known to work, then rarely."""
    firm, mine = policy.firm.id, effects.key_of(policy.firm.id, effects.Do.POLL_BOOKS, policy.lanes.book)
    for other in (e for e in polls if e.key != mine):  # of a company that these links are not in
        done(world, other)
    effect = next((e for e in polls if e.key == mine), None)
    if effect is None:
        return
    reach = Reach(world, firm, policy.lanes, Floor.POLL)
    noted = polling.noted(world, firm, NAME)
    heard, last = str(effect.body.get("heard", "")), str(noted.get("at", ""))
    told = bool(heard) and heard >= last  # ISO instants in UTC, one format
    came = capture(world, reach, policy)
    works = told if came else (told or bool(noted.get("works")))
    polling.again(world, effect, NAME, came and not told, works, {"works": works})


def capture(world: World, reach: Reach, policy: Policy) -> bool:
    """Reads what changed since the last time and points at what differs. Gives whether anything changed at all. Raises
    Unavailable and Disconnected with the cursor where it was."""
    firm, book = policy.firm.id, policy.lanes.book
    found = world.store.record(f"captured/{firm}", book)
    now = world.now()
    since = datetime.fromisoformat(found[1]["since"]) - OVERLAP if found else now - FIRST_LOOK
    silence: list[BookChanges] = []
    if since < now - LOOKS_BACK:  # too long ago: all bills and payments are compared instead, and customers are read
        _compare_all(world, firm, "after a long silence")
        silence = [reach.quickbooks(lambda q, a, t=since: q.changed(a, CUSTOMER, t))]  # type: ignore[misc]
        since = now - LOOKS_BACK
    told = [*pages(reach, since), *silence]
    if any(page.full for page in told):  # deletions that the queries cannot show
        _compare_all(world, firm, "more was changed at once than QuickBooks tells")
    for page in told:
        _take(world, policy, page)
    world.store.put_record(f"captured/{firm}", book, {"since": told[0].at.isoformat()})
    return any(p.invoices or p.payments or p.customers or p.journals or p.memos or p.deleted or p.odd for p in told)


def pages(reach: Reach, since: datetime, kinds: Sequence[str] = KINDS_TOLD) -> list[BookChanges]:
    """What changed since then, to its end. A full answer may be cut off, in no order that is promised, and is asked for
    again kind by kind. What is ``full`` by itself is read by query as well, which shows what lives, but no deletions.
    """
    whole = reach.quickbooks(lambda q, a: q.changes(a, since))
    if not whole.full:
        return [whole]
    found = []
    for entity in kinds:
        page = reach.quickbooks(lambda q, a, e=entity: q.changes(a, since, e))  # type: ignore[misc]
        found.append(page)
        if page.full:
            found.append(reach.quickbooks(lambda q, a, e=entity: q.changed(a, e, since)))  # type: ignore[misc]
    return found


def _compare_all(world: World, firm: str, why: str) -> None:
    from chalicelib.flow import reconciling

    reconciling.start(world, firm, f"by itself: {why}")


def _take(world: World, policy: Policy, page: BookChanges) -> None:
    gone = {entity: [id for e, id in page.deleted if e == entity] for entity in KINDS_TOLD}
    _compare(world, policy, INVOICE, page.invoices, gone[INVOICE])
    _compare(world, policy, PAYMENT, page.payments, gone[PAYMENT])
    compare_journals(world, policy, page.journals, gone[JOURNAL])
    credit_links.notice(
        world, policy, (*_memos(world, policy, page, gone[MEMO]), *_ties(world, policy, page, gone[PAYMENT]))
    )
    _point_at_odd(world, policy, page.odd)
    lane = policy.lanes.of(Neighbour.QUICKBOOKS)
    customers = {**{c.id: c for c in page.customers}, **dict.fromkeys(gone[CUSTOMER])}
    for id in holders(world, policy, CUSTOMER, list(customers)):
        world.store.arrive(effects.look_customer(policy.firm.id, lane, id, world.now()))
    if policy.firm.sub_customers_used:
        held = holders(world, policy, matters.SUB_CUSTOMER, list(customers))
        subcustomer_links.notice(world, policy, [(matter, id, customers[id]) for id, matter in held.items()])


def _point_at_odd(world: World, policy: Policy, odd: Iterable[tuple[str, str]]) -> None:
    """What we cannot read is looked at where it is ours, and its look is shown to a person if it stays so."""
    lane, firm = policy.lanes.of(Neighbour.QUICKBOOKS), policy.firm.id
    for entity, id in odd:
        ours = holders(world, policy, GUARDED.get(entity, entity), [id]).get(id)
        credit = "" if ours or entity != PAYMENT else holders(world, policy, TIE, [id]).get(id, "")
        world.log("not_readable", entity=entity, ours=bool(ours or credit))
        if ours and entity in KINDS:
            about = f"{KINDS[entity]}/{ours}"
            world.store.arrive(effects.look_booked(firm, lane, entity, id, about, world.now()))
        elif ours and entity == CUSTOMER:
            world.store.arrive(effects.look_customer(firm, lane, id, world.now()))
        elif ours and entity == JOURNAL:
            entry: Entry = states.decode(Kind.TRUST, world.store.load(Ref(firm, Kind.TRUST, ours)).body)
            _look_alone(world, policy, JOURNAL, id, f"{Kind.TRUST}/{ours}", f"Journal entry {entry.number}")
        elif ours or credit:  # what applies a credit is judged by its memo
            named = (ours or credit).removeprefix("credit-")
            state: Credit = states.decode(Kind.CREDIT, world.store.load(Ref(firm, Kind.CREDIT, named)).body)
            memo, what = state.memo.id if state.memo else id, f"Credit memo {state.number}"
            _look_alone(world, policy, MEMO, memo, f"{Kind.CREDIT}/{named}", what)


def _look_alone(world: World, policy: Policy, entity: str, id: str, about: str, what: str) -> None:
    lane = policy.lanes.of(Neighbour.QUICKBOOKS)
    made = effects.look_booked(policy.firm.id, lane, entity, id, about, world.now())
    world.store.arrive(replace(made, title=f"{what} could not be read in QuickBooks"))


def look(world: World, reach: Reach, policy: Policy, looks: Sequence[Effect]) -> None:
    """What is pointed at in QuickBooks. A journal entry or a credit memo that could not be read is taken as if it had
    just changed; of what is not there the feed tells. Raises Unreadable and Declined."""
    by_kind = {kind: [e for e in looks if e.body["entity"] == kind] for kind in (JOURNAL, MEMO)}
    if others := [e for e in looks if e.body["entity"] in KINDS]:
        noticing.look(world, reach, policy, others)
    if mine := by_kind[JOURNAL]:
        ids = [str(e.body["id"]) for e in mine]
        compare_journals(world, policy, reach.quickbooks(lambda q, a: q.journals_by_id(a, ids)), ())
    if mine := by_kind[MEMO]:
        shown = [str(e.body["id"]) for e in mine]
        page = BookChanges(
            (), (), (), (), world.now(), memos=tuple(reach.quickbooks(lambda q, a: q.memos_by_id(a, shown)))
        )
        credit_links.notice(world, policy, _memos(world, policy, page, ()))
    for e in (*by_kind[JOURNAL], *by_kind[MEMO]):
        settle(world, [], lambda _s, _n: {}, fact="Looked", finish=[Finish(e.key, arrivals=e.arrivals)])


def _compare(
    world: World, policy: Policy, entity: str, rows: Sequence[InvoiceReading | BookedPayment], gone: Iterable[str]
) -> None:
    """What is ours is known by our marker in its note, without a reading; else by its guard."""
    facts = {r.id: (Noticed(r.id, r.total, Harm.VOIDED if r.voided else None), r.note) for r in rows}
    facts.update({id: (Noticed(id, harm=Harm.DELETED), "") for id in gone})
    named = _ours(world, policy, entity, entity, {id: note for id, (_, note) in facts.items()})
    refs = {id: Ref(policy.firm.id, KINDS[entity], ours) for id, ours in named.items()}
    held = {h.ref: h for h in world.store.load_many(list(dict.fromkeys(refs.values())))} if refs else {}
    for id, ref in refs.items():
        state = states.decode(ref.kind, held[ref].body)
        if state is not None:
            fact = facts[id][0]
            posted = state.posted if isinstance(state, Payment) else None
            point(world, policy.lanes, entity, state, of_piece(posted, fact) if posted else fact)


def compare_journals(world: World, policy: Policy, rows: Sequence[JournalReading], gone: Iterable[str]) -> None:
    """Journal entries of trust money. What differs is a step that reads it and asks a person (flow/journals.py)."""
    notes = {r.id: r.note for r in rows} | dict.fromkeys(gone, "")
    facts = {r.id: JournalNoticed(r.id, journaled.figures(r.debits, r.on), journaled.mark(r.lines)) for r in rows}
    facts.update({id: JournalNoticed(id, trust.DELETED) for id in gone})
    named = _ours(world, policy, JOURNAL, GUARDED[JOURNAL], notes)
    refs = {id: Ref(policy.firm.id, Kind.TRUST, ours) for id, ours in named.items()}
    held = {h.ref: h for h in world.store.load_many(list(dict.fromkeys(refs.values())))} if refs else {}
    for id, ref in refs.items():
        state = states.decode(Kind.TRUST, held[ref].body)
        fact = facts[id]
        if state is None or not trust.decide(state, fact, policy, world.now()).effects:
            continue

        def decide(before: Mapping[Ref, Any], now: datetime, at: Ref = ref, told: Any = fact) -> dict[Ref, Any]:
            return {at: trust.decide(before[at], told, policy, now)}

        settle(world, [ref], decide, fact="JournalNoticed", body=fact, policy=policy.version)


def _memos(world: World, policy: Policy, page: BookChanges, gone: Iterable[str]) -> Iterator[tuple[str, MemoNoticed]]:
    """Credit memos of ours that changed or are gone, each with its credit."""
    shows = {
        **{m.id: credit_links.told_of(m.id, m) for m in page.memos},
        **{id: credit_links.told_of(id, None) for id in gone},
    }
    for id, ours in holders(world, policy, MEMO, list(shows)).items():
        yield ours.removeprefix("credit-"), shows[id]


def _ties(world: World, policy: Policy, page: BookChanges, gone: Iterable[str]) -> Iterator[tuple[str, MemoNoticed]]:
    """Credits whose payment of nothing was deleted, or voided: the memo itself may not be told of (2.7)."""
    ties = [*gone, *(p.id for p in page.payments if not p.total and not p.credits)]
    for id, ours in holders(world, policy, TIE, ties).items():
        yield ours.removeprefix("credit-"), MemoNoticed(tie=id)


MARKS = {INVOICE: "bill", PAYMENT: "payment", JOURNAL: "trust"}


def _named(policy: Policy, entity: str, note: str) -> str:
    """The id in our marker, if it stands in the note. It says where to look; the state's link decides."""
    mark = posting.marker(policy.firm.id, MARKS[entity], "")
    _, found, rest = note.partition(mark)
    return rest.split()[0].partition("#")[0] if found and rest.split() else ""


def _ours(world: World, policy: Policy, entity: str, guarded: str, notes: Mapping[str, str]) -> dict[str, str]:
    """By id there, what of ours each is, where it is ours. ``notes``: what stands on each. ``guarded``: what guards
    call the entity."""
    named = {id: _named(policy, entity, note) for id, note in notes.items()}
    held = holders(world, policy, guarded, [id for id, ours in named.items() if not ours])
    return {id: ours for id, ours in {**named, **held}.items() if ours}


def hear(world: World, firm: str) -> None:
    """QuickBooks told us that something changed: the next poll is soon, and once for all that is told until then."""
    policy = policy_of(world, firm)
    now = world.now()
    last = str(polling.noted(world, firm, NAME).get("at", ""))
    soon = max(now + SOON, datetime.fromisoformat(last) + APART) if last else now + SOON
    lane = policy.lanes.of(Neighbour.QUICKBOOKS)
    world.store.arrive(effects.poll_books(firm, lane, policy.lanes.book, soon, now.isoformat()))
