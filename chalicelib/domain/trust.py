"""An entry of a trust bank account: what Clio shows of it, what the ledgers count of it, what QuickBooks should show.

Trust money travels one way, from Clio to QuickBooks, as journal entries between the trust bank account and the trust
liability account with the client as entity (reference/quickbooks.md 4.7). A payment out of trust has two faces at Clio,
the allocation on the bill and the line on the trust account: both are this one entry, named by the allocation.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import assert_never

from chalicelib.domain import effects, journaled
from chalicelib.domain.firm import Firm, Policy
from chalicelib.domain.holding import account_name
from chalicelib.domain.journaled import Lines, figures
from chalicelib.domain.kernel import Decision, Effect, Guard, Json, Listing, Neighbour
from chalicelib.domain.left import Left, stays
from chalicelib.domain.wanted import Side

# Kinds of bank transactions that are ordinary movements. Clio does not list its words (reference/clio.md 6): any other
# is counted, since its sign tells the direction, and is written to QuickBooks once a person says so.
KNOWN_WORDS = ("", "deposit", "withdrawal", "transfer", "bank_transfer", "trust_interest", "bank_charge")
OWN = "own"  # the ledger of the firm's own money in trust (practice.md 3.1: only to cover bank charges)
NUMBER_LENGTH = 21  # reference/quickbooks.md 3.3


@dataclass(frozen=True, slots=True)
class Move:
    """A movement of trust money as Clio shows it. ``cents``: into trust is positive. ``transaction``: the line on the
    trust account; empty while only the ``allocation`` of a payment from trust is shown."""

    transaction: str
    allocation: str
    account: str
    on: date
    cents: int
    currency: str
    client_id: str = ""
    client_name: str = ""
    matter_id: str = ""
    matter: str = ""
    bill_id: str = ""
    bill_number: str = ""
    text: str = ""
    word: str = ""
    etag: str = ""

    @property
    def entry(self) -> str:
        """The id of the entry that this is."""
        return f"a{self.allocation}" if self.allocation else self.transaction


@dataclass(frozen=True, slots=True)
class Journaled:
    """What QuickBooks shows of an entry: the journal entry there, as of which revision; ``removed``: it was deleted.
    ``told``: what people made of it there that a person was told of (``journaled.told``); ``lines``: as it was
    written (empty: not known)."""

    id: str
    revision: int
    removed: bool = False
    told: str = ""
    lines: Lines = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """``begun``: QuickBooks is to show it, as of ``revision``, in this ``generation`` of links. ``counted``: how many
    of its changes moved the ledgers; ``moved_at``: when the last of them was seen, and ``touched``: the last one of
    each month that it was ever dated in. ``stood``: the id of its journal entry in an earlier generation, while there
    is none in this one. ``left``: a person's word on a refused revision."""

    firm: str
    id: str
    move: Move
    gone: bool = False
    revision: int = 0
    posted: Journaled | None = None
    counted: int = 0
    moved_at: datetime | None = None
    begun: bool = False
    generation: int = 1
    stood: str = ""
    left: Left | None = None
    touched: dict[str, datetime] = field(default_factory=dict)

    @property
    def stays(self) -> bool:
        return stays(self.left, self.revision)

    @property
    def number(self) -> str:
        """Its own space of numbers, so that it can never meet an invoice's (error 6140)."""
        return f"T-{self.id}"[:NUMBER_LENGTH]

    @property
    def ledger(self) -> str:
        """Whose money it is: a client's id, or the firm's own."""
        return self.move.client_id or OWN

    @property
    def stands(self) -> bool:
        """Whether QuickBooks should hold a journal entry of it: a line of nothing is refused there."""
        return not self.gone and self.move.cents != 0

    @property
    def nothing(self) -> bool:
        """Whether QuickBooks should hold none, and holds none that we know of, whoever took it out."""
        return not self.stands and not self.stood and (self.posted is None or self.posted.removed)

    @property
    def people_changed(self) -> bool:
        """Whether it stands in QuickBooks as somebody changed it there, and they were told of that."""
        return bool(self.posted and not self.posted.removed and self.posted.told not in ("", DELETED))

    @property
    def written(self) -> bool:
        """Whether QuickBooks shows what it should, or what a person left."""
        there = self.posted.revision if self.posted else -1
        return not self.begun or self.nothing or self.stays or there >= self.revision


@dataclass(frozen=True, slots=True)
class MoveSeen:
    move: Move


@dataclass(frozen=True, slots=True)
class MoveGone:
    """Clio shows it no more: it was asked for alone, with a token that still sees its account."""


@dataclass(frozen=True, slots=True)
class RulesChanged:
    """The firm chose accounts, or took a word: what could not be written before may be now."""


@dataclass(frozen=True, slots=True)
class WriteAgain:
    """A person wants it in QuickBooks again, where somebody deleted it; ``over``: over what somebody changed there."""

    over: bool = False


@dataclass(frozen=True, slots=True)
class JournalWritten:
    """QuickBooks shows the journal entry as one revision wanted it, or shows it no more. ``told``: a person accepts
    that it shows this instead. ``lines``: between which accounts, and for whom (empty: as known before)."""

    id: str
    realm: str
    revision: int
    removed: bool = False
    generation: int = 1
    told: str = ""
    lines: Lines = ()


DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class JournalNoticed:
    """What QuickBooks tells of a journal entry that changed there. ``shows``: its ``figures``, or DELETED; ``mark``: of
    its lines."""

    id: str
    shows: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class NothingLeft:
    """QuickBooks shows nothing of it where it stood in an earlier generation of links."""


EntryFact = MoveSeen | MoveGone | RulesChanged | WriteAgain | JournalWritten | JournalNoticed | NothingLeft


def decide(state: Entry | None, fact: EntryFact, policy: Policy, now: datetime) -> Decision[Entry]:
    """What the ledgers count of an entry then, and whether its journal entry is to be written, changed or taken out.
    ``state`` None: it is not held yet; only MoveSeen begins one, any other fact raises ValueError."""
    match fact:
        case MoveSeen():
            new = Entry(policy.firm.id, fact.move.entry, fact.move, gone=True, generation=policy.firm.generation)
            before = state or new
            return _moved(before, replace(before, move=_kept(before, fact.move), gone=False), policy, now)
        case _ if state is None:
            raise ValueError("an entry that is not held cannot change")
        case MoveGone():
            return _moved(state, replace(state, gone=True), policy, now)
        case RulesChanged():
            return _moved(state, state, policy, now)
        case WriteAgain():
            kept = replace(state.posted, told="") if fact.over and state.posted else None
            return _wanted(replace(state, posted=kept), policy, now)
        case JournalWritten():
            return _written(state, fact)
        case JournalNoticed():
            return _noticed(state, fact, policy, now)
        case NothingLeft():
            return Decision(replace(state, begun=False, stood=""))
        case _:
            assert_never(fact)


def _kept(state: Entry, seen: Move) -> Move:
    """The line on the trust account is the truth; the allocation alone only fills what that does not show."""
    return seen if seen.transaction or not state.move.transaction or state.gone else state.move


def _moved(old: Entry, new: Entry, policy: Policy, now: datetime) -> Decision[Entry]:
    """The ledgers first, then QuickBooks."""
    found: tuple[Effect, ...] = ()
    if _counts(old) != _counts(new):
        months = {s.move.on.isoformat()[:7] for s in (old, new) if not s.gone}
        touched = {**new.touched, **dict.fromkeys(sorted(months), now)}
        new = replace(new, counted=new.counted + 1, moved_at=now, touched=touched)
        found = (effects.ledger(new.firm, new.id, new.counted, now, {"moves": _differences(old, new)}),)
    why = "" if new.begun else waits(new, policy.firm)
    if why == "word":
        found = (*found, unknown_word(new, now))
    same = _shown(old) == _shown(new) or (new.people_changed and _money(old) == _money(new))  # no word is worth that
    if why or (new.begun and same) or not (new.begun or new.stands or new.stood):
        return Decision(new, effects=found)
    wanted = _wanted(new, policy, now)
    return replace(wanted, effects=(*found, *wanted.effects))


def _wanted(state: Entry, policy: Policy, now: datetime) -> Decision[Entry]:
    """QuickBooks is owed the next revision, which takes the place of the one before."""
    closes = (journal_key(state),) if state.begun else ()
    new = replace(state, revision=state.revision + 1, begun=True)
    lane = policy.lanes.of(Neighbour.QUICKBOOKS)
    m = new.move
    owed = [effects.journal(new.firm, lane, new.id, new.revision, new.number, m.client_id, now)]
    if policy.firm.trust_books.sub_accounts and m.client_id:
        name = account_name(m.client_id, m.client_name)
        owed.append(effects.holder(new.firm, lane, m.client_id, policy.firm.generation, name, now))
    return Decision(new, effects=tuple(owed), closes=closes)


def journal_key(state: Entry) -> str:
    return effects.key_of(state.firm, effects.Do.JOURNAL, f"{state.id}/{state.revision}")


def _written(state: Entry, fact: JournalWritten) -> Decision[Entry]:
    """An answer to an older revision than the one known (a call that was repeated), or of an earlier generation of
    links, changes nothing."""
    if fact.generation < state.generation:
        return Decision(state)
    if state.posted is not None and state.posted.id == fact.id and fact.revision < state.posted.revision:
        return Decision(state)
    guard = Guard(f"quickbooks/{fact.realm}/journal/{fact.id}", f"{state.firm}/{state.id}")
    known = state.posted.lines if state.posted and state.posted.id == fact.id else ()
    lines = journaled.between(fact.lines) or known
    posted = Journaled(fact.id, fact.revision, fact.removed, fact.told, lines)
    return Decision(replace(state, posted=posted, stood=""), guards=(guard,))


def _noticed(state: Entry, fact: JournalNoticed, policy: Policy, now: datetime) -> Decision[Entry]:
    """What people did to it there is a step that looks at it, and asks a person. Our own echoes are nothing, and so is
    what a person was told of; a step that is owed finds it by itself."""
    p = state.posted
    if p is None or p.id != fact.id or p.removed or state.stays or not (state.written and state.stands):
        return Decision(state)
    told = journaled.told(fact.shows, p.lines, fact.mark)
    if state.generation < policy.firm.generation or told in (p.told, figures(state.move.cents, state.move.on)):
        return Decision(state)
    wanted = _wanted(replace(state, posted=replace(p, told=told)), policy, now)
    looks = tuple(replace(e, body={**e.body, "noticed": True}) for e in wanted.effects if e.kind == effects.Do.JOURNAL)
    return replace(wanted, effects=looks)


def afresh(state: Entry, policy: Policy, now: datetime) -> Decision[Entry]:
    """The link belongs to an earlier generation: it counts no more, and what should stand is written in this one as
    soon as its accounts are chosen. What is gone is to be taken out where it stood."""
    closes = (journal_key(state),) if state.begun else ()
    stood = state.stood if state.posted is None else "" if state.posted.removed else state.posted.id
    new = replace(state, posted=None, begun=False, stood=stood, generation=policy.firm.generation)
    decided = _moved(new, new, policy, now)
    return replace(decided, closes=closes)


# --- what an entry comes to -------------------------------------------------------------------------------------------


def waits(state: Entry, firm: Firm) -> str:
    """Why nothing of it is written to QuickBooks: ``accounts`` are not chosen, it is from ``before`` the start, its
    ``word`` is not known; empty when nothing keeps it."""
    trust = firm.trust_books
    if not trust.book_of(state.move.account):
        return "accounts"
    if trust.start_on and state.move.on < trust.start_on:
        return "before"
    if state.move.word not in KNOWN_WORDS and state.move.word not in trust.words:
        return "word"
    return ""


def unknown_word(state: Entry, now: datetime) -> Effect:
    """One question for each word, however many entries carry it."""
    word = state.move.word
    return effects.task(
        state.firm,
        f"trust-word/{word}",
        f"trust/{state.id}",
        now,
        title=f"Clio calls a trust transaction “{word}”",
        reason="We do not know this kind. It counts in the ledgers, but it is not written to QuickBooks.",
        remedy="If it is an ordinary movement of trust money, press Done: such transactions are written from now on.",
        body={"word": word},
    )


def _counts(state: Entry) -> tuple[object, ...]:
    """What the ledgers see of it."""
    m = state.move
    if state.gone:
        return ()
    return (m.account, m.client_id, m.client_name, m.matter_id, m.matter, m.on, m.cents, bool(m.transaction))


def _shown(state: Entry) -> tuple[object, ...]:
    """What QuickBooks shows of it."""
    return (*_money(state), words(state)) if state.stands else ()


def _money(state: Entry) -> tuple[object, ...]:
    m = state.move
    return (m.account, m.client_id, m.on, m.cents) if state.stands else ()


def _differences(old: Entry, new: Entry) -> list[Json]:
    """The old part taken back and the new one added."""
    return [_part(s, sign) for s, sign in ((old, -1), (new, 1)) if not s.gone]


def _part(state: Entry, sign: int) -> Json:
    m = state.move
    return {
        "account": m.account,
        "client": state.ledger,
        "name": m.client_name,
        "matter": m.matter_id,
        "label": m.matter,
        "on": m.on.isoformat(),
        "cents": sign * m.cents,
        "rows": sign if m.transaction else 0,
    }


def words(state: Entry) -> str:
    """The description on both lines of the journal entry."""
    m = state.move
    what = "Trust deposit" if m.cents > 0 else "Paid from trust"
    return ", ".join(part for part in (what, f"bill {m.bill_number}" * bool(m.bill_number), m.matter, m.text) if part)


def sides(state: Entry, bank: str, liability: str, customer: str) -> tuple[Side, ...]:
    """Debit and credit: money in is a debit of the bank, and a credit of what is held for the client."""
    cents, text = state.move.cents, words(state)
    return (Side(bank, cents, text), Side(liability, -cents, text, customer))


MOVES, LEAVING = "moves", "leaving-moves"  # of one account: those that count, and those still to leave QuickBooks


def listing(state: Entry) -> Listing:
    """In its ledger by day; and by Clio's id on its account, as long as Clio shows it."""
    m = state.move
    place = (f"{state.firm}/trust/{m.account}/{state.ledger}", f"{m.on.isoformat()}#{state.id}")
    by_id = m.transaction.zfill(20) if m.transaction else f"~{m.allocation}"  # those without a line come last
    stands = bool(state.stood or (state.posted and not state.posted.removed))
    group = LEAVING if state.gone else MOVES
    return Listing(list=place, group=(f"{state.firm}/{group}/{m.account}", by_id) if stands or not state.gone else None)
