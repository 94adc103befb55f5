"""What must hold at the end of every test: the journal replays, nothing owed is forgotten, nothing is booked twice."""

from __future__ import annotations

from collections import Counter

from chalicelib.domain import ledger
from chalicelib.domain.effects import Do, key_of
from chalicelib.domain.kernel import Effect, Json, Kind, Status, fold
from chalicelib.domain.ledger import Ledger
from chalicelib.domain.payable import Payable
from chalicelib.domain.payment import UNDER_WAY, Payment, Phase
from chalicelib.domain.posting import is_current, should_stand
from chalicelib.domain.readings import Pot
from chalicelib.domain.trust import Entry
from tests.flow import acts
from tests.world import Stage

WAITING = (Status.OWED, Status.PARKED)


def check(stage: Stage) -> None:
    """Everything due is worked first. Raises AssertionError with every promise that does not hold."""
    stage.work()
    problems = [
        *_replay(stage),
        *_timed(stage),
        *_payables(stage),
        *_payments(stage),
        *_contacts(stage),
        *_books(stage),
        *_trust(stage),
        *_lanes(stage),
    ]
    assert not problems, "\n".join(problems)


def _replay(stage: Stage) -> list[str]:
    """Promise 7: the journal replays to the state."""
    problems = []
    store = stage.world.store
    for ref, state in store._states.items():
        body: Json | None = None
        lines = store._journal[ref]
        for line in lines:
            body = fold(line.read().change, body)
        if body != state.held().body or lines[-1].line.version != state.version:
            problems.append(f"the journal of {ref} does not replay to its state")
    return problems


def _timed(stage: Stage) -> list[str]:
    """Every effect is done, parked with what to do about it, or has a future time; one that failed has a cause."""
    now = stage.world.now()
    problems = []
    for e in acts.all_effects(stage):
        if e.status is Status.OWED and e.due_at <= now:
            problems.append(f"{e.key} is due and nobody works on it: {e.cause or 'no cause'}")
        if e.status is Status.OWED and e.tries and not e.cause:
            problems.append(f"{e.key} was tried {e.tries} times and has no cause")
        if e.status is Status.PARKED and not (e.reason and e.remedy):
            problems.append(f"{e.key} is parked without a reason and a remedy")
    return problems


def _waits(stage: Stage, do: Do, name: str) -> bool:
    effect: Effect | None = stage.world.store.effect(key_of(stage.firm, do, name))
    return effect is not None and effect.status in WAITING


def _payables(stage: Stage) -> list[str]:
    problems = []
    for p in acts.payables(stage):
        problems += [f"{p.number}: {what}" for what in (*_in_books(stage, p), *_told(stage, p), *_attempted(stage, p))]
    return problems


def _in_books(stage: Stage, p: Payable) -> list[str]:
    if p.pot is Pot.TRUST:
        return ["a trust request is in QuickBooks"] if p.booked else []
    shown = p.booked and (p.booked.revision >= p.revision or p.booked.voided)
    if shown or p.unapproved or (p.booked is None and p.gone):  # nothing of a draft is written
        return []
    name = f"{p.id}/{p.revision}"
    effect = stage.world.store.effect(key_of(stage.firm, Do.INVOICE, name))
    if _waits(stage, Do.READ_LINES, name) or effect is not None:
        return []
    return [f"revision {p.revision} is not on its way to QuickBooks"]


def _told(stage: Stage, p: Payable) -> list[str]:
    problems = []
    for k in p.asked:
        if not any(e.key.split("/task/")[1].split("/")[2] == k.id for e in _tasks(stage, f"match/{p.id}")):
            problems.append(f"receipt {k.id} waits for a word that nobody is asked for")
    if p.hold and not _tasks(stage, f"remove/{p.id}"):
        problems.append("it is held and nobody is told")
    if p.surplus and not _tasks(stage, f"surplus/{p.id}", closed_too=True):
        problems.append("a surplus that nobody is told of")
    c = p.collection
    if c and c.next and not _waits(stage, Do.REMIND, f"{p.id}/{c.round}"):
        problems.append("its next reminder is not owed")
    if p.sending and not _waits(stage, Do.WATCH_MAIL, p.sending.envelope):
        problems.append("a claimed mail is not watched")
    return problems


def _tasks(stage: Stage, begins: str, *, closed_too: bool = False) -> list[Effect]:
    start = key_of(stage.firm, Do.TASK, begins)
    return [e for e in acts.all_effects(stage) if e.key.startswith(start) and (closed_too or e.status is Status.PARKED)]


def _attempted(stage: Stage, p: Payable) -> list[str]:
    if p.attempt is None:
        return []
    payment = acts.payment(stage, p.attempt.payment)
    return [] if payment.phase in UNDER_WAY else [f"locked by an attempt that is {payment.phase}"]


def _payments(stage: Stage) -> list[str]:
    problems = []
    for x in acts.payments(stage):
        problems += [f"payment {x.id}: {what}" for what in (*_ends(stage, x), *_posted(stage, x), *_counted(stage, x))]
    return problems


def _ends(stage: Stage, x: Payment) -> list[str]:
    if x.phase is Phase.CREATING and not _waits(stage, Do.OPEN_SESSION, f"{x.id}/{x.attempt}"):
        return ["its session is not being made"]
    if x.phase in (Phase.OPEN, Phase.ON_ITS_WAY) and not _waits(stage, Do.LOOK_SESSION, x.session):
        return ["nobody looks how its attempt ends"]
    return []


def _posted(stage: Stage, x: Payment) -> list[str]:
    if x.pot is Pot.TRUST:
        return ["trust money is posted"] if x.posted else []
    if is_current(x) or x.stays or x.phase not in (Phase.SETTLED, Phase.REMOVED):
        return []
    if not should_stand(x) and (x.posted is None or x.posted.voided):
        return []
    if x.posted and x.posted.broken:  # removed in QuickBooks: a person is asked, or has accepted it
        asked = _tasks(stage, f"broken/payment/{x.id}/{x.posted.id}")
        return [] if asked or x.posted.broken.accepted else ["it was removed in QuickBooks and nobody is asked"]
    return [] if _waits(stage, Do.POSTING, f"{x.id}/{x.wanted}") else ["its posting is forgotten"]


def _counted(stage: Stage, x: Payment) -> list[str]:
    """Each part of a settled payment of ours is counted by its payable, and the payment knows what Clio shows of it."""
    if x.source != "stripe" or not x.money:
        return []
    problems = []
    for i in x.items:
        share = next(p for p in acts.payables(stage) if p.id == i.payable).share_of(x.id)
        if (share.cents if share else 0) != i.net:
            problems.append(f"{i.number} counts {share.cents if share else 0} of {i.net}")
        if (share.recorded if share else 0) != i.shown:
            problems.append(f"{i.number} shows {share.recorded if share else 0} in Clio, the payment says {i.shown}")
    return problems


def _contacts(stage: Stage) -> list[str]:
    found = acts.all_states(stage, Kind.CONTACT)
    return [
        f"client {c.name} is not on the way to QuickBooks"
        for c in found
        if not c.customer
        and not c.without
        and not _waits(stage, Do.CUSTOMER, f"{c.id}/{c.revision}")
        and not _waits(stage, Do.LOOK_CLIENT, f"{c.id}/first")
    ] + [
        f"client {c.name} is not brought in step with {side}"
        for c in found
        for side, wants, do, revision in (
            ("QuickBooks", c.to_books or (c.lost and not c.without), Do.CUSTOMER, c.revision),
            ("Clio", c.to_clio, Do.CHANGE_CLIENT, c.clio_revision),
        )
        if wants and not _waits(stage, do, f"{c.id}/{revision}")
    ]


def _books(stage: Stage) -> list[str]:
    """Promises 1 and 2 in QuickBooks' own data: one invoice for each bill, one payment for each payment."""
    let_be = {id for x in acts.payments(stage) for id in x.let_be}  # people left it standing: it is ours no longer
    notes = Counter(
        (entity, o["PrivateNote"].split("\n")[-1])
        for entity in ("Invoice", "Payment")
        for o in acts.booked(stage, entity)
        if "feesimple:" in o.get("PrivateNote", "") and o["TotalAmt"] and (entity == "Invoice" or o["Id"] not in let_be)
    )
    problems = [f"{entity} {note} stands {n} times in QuickBooks" for (entity, note), n in notes.items() if n > 1]
    used = Counter(o["DocNumber"] for o in acts.booked(stage) if o.get("DocNumber") and o["TotalAmt"])
    return problems + [f"number {number} is used {n} times" for number, n in used.items() if n > 1]


def _trust(stage: Stage) -> list[str]:
    """Each trust entry is in the ledgers once and in QuickBooks at most once, on trust accounts only."""
    entries: list[Entry] = acts.all_states(stage, Kind.TRUST)
    ledgers: list[Ledger] = acts.all_states(stage, Kind.LEDGER)
    held = sum(e.move.cents for e in entries if not e.gone)
    problems = [
        f"the ledgers of {kind} hold {found}, the entries {held}"
        for kind, found in {
            "accounts": sum(x.balance for x in ledgers if not x.client),
            "clients": sum(x.balance for x in ledgers if x.client and not x.matter),
            "matters": sum(x.balance for x in ledgers if x.matter),
        }.items()
        if found != held
    ]
    for e in entries:
        if not e.written and not _waits(stage, Do.JOURNAL, f"{e.id}/{e.revision}"):
            problems.append(f"trust entry {e.id}: its journal entry is forgotten")
    for x in ledgers:
        low = [m for m in ledgers if m.matter and m.balance < 0 and m.id.startswith(f"{x.id}:")]
        named = _tasks(stage, f"below-zero/{x.id}/")
        if x.client and not x.matter and (ledger.below(x) is not None or bool(low)) != bool(named):
            problems.append(f"ledger {x.id}, or a matter of it, is below zero and nobody is told, or told for nothing")
    operating = {a["Id"] for a in acts.booked(stage, "Account") if "Trust" not in a.get("AccountSubType", "")}
    for j in acts.booked(stage, "JournalEntry"):
        lines = [line["JournalEntryLineDetail"]["AccountRef"]["value"] for line in j["Line"]]
        if "feesimple:" in j.get("PrivateNote", "") and operating & set(lines):
            problems.append(f"journal entry {j['DocNumber']} touches an operating account")
    notes = Counter(j["PrivateNote"] for j in acts.booked(stage, "JournalEntry") if j.get("PrivateNote"))
    return problems + [f"{note} stands {n} times in QuickBooks" for note, n in notes.items() if n > 1]


def _lanes(stage: Stage) -> list[str]:
    """No worker left a lane locked."""
    store = stage.world.store
    found = {name: store.record("lane", name) for name in store._records.get("lane", {})}
    return [f"lane {name} is locked" for name, lane in found.items() if lane and lane[1]["until"]]
