"""Trust money in the books laid side by side: each account at Clio, by our entries and in QuickBooks, and each entry
with its journal entry. Every difference with its cause and its remedy. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from chalicelib.domain import journaled, posting
from chalicelib.domain.comparing import WHAT_HOLDS_IT, Difference, nothing_needed
from chalicelib.domain.dates import day
from chalicelib.domain.journaled import figures
from chalicelib.domain.left import UNTIL_CHANGED
from chalicelib.domain.money import show
from chalicelib.domain.trust import DELETED, Entry
from chalicelib.domain.trust_readings import JournalReading


def marker(state: Entry) -> str:
    return posting.marker(state.firm, "trust", state.id)


def is_ours(state: Entry, there: JournalReading) -> bool:
    """By our mark; or a person's own that was linked to it in an earlier generation, and shows what it should still."""
    same = figures(there.debits, there.on) == figures(state.move.cents, state.move.on)
    return posting.bears(there.note, marker(state)) or (there.id == state.stood and same)


def _named(number: str, kind: str, cause: str, remedy: str, cents: int, *, expected: bool = False) -> Difference:
    return Difference("", number, kind, cause, remedy, cents=cents, expected=expected)


def unlisted(name: str, here: int, currency: str, *, chosen: bool) -> list[Difference]:
    """A trust account that Clio lists no more. ``chosen``: it has an account in QuickBooks. One without money that is
    not chosen is nobody's business any more."""
    if not (here or chosen):
        return []
    cause = f"Clio no longer lists the trust account “{name}”; the entries that it showed us come to "
    cause += f"{show(here, currency)}."
    remedy = "Look in Clio whether it was made another kind of account, or hidden from the user who connected us: set "
    remedy += "that back, then compare again. If it was closed for good, choose the accounts under Trust anew."
    return [_named(name, "trust account not listed in Clio", cause, remedy, -here)]


def account(name: str, clio: int, here: int, currency: str, *, looked_for: bool = False) -> list[Difference]:
    """A trust account's balance in Clio against our entries. ``looked_for``: its transactions are still being compared
    one by one."""
    if clio == here:
        return []
    cause = f"Clio shows {show(clio, currency)} in “{name}”; the entries that it shows us come to "
    cause += f"{show(here, currency)}."
    remedy = "Every transaction was compared. Look in Clio for one that this user may not see, then compare again."
    if looked_for:
        remedy = "Its transactions are being compared one by one. Compare again in a few minutes."
    return [_named(name, "trust account differs in Clio", cause, remedy, clio - here)]


EXPLAINED = " That is what the entries come to that are named here as left or waiting."


def booked(name: str, shown: int, here: int, currency: str, explained: int = 0) -> list[Difference]:
    """What its QuickBooks account shows against our entries. ``explained``: by how much it differs because of entries
    that are named, and expected, themselves."""
    if shown == here:
        return []
    cause = f"QuickBooks shows {show(shown, currency)} for “{name}”; the trust entries come to {show(here, currency)}."
    remedy = "See the entries named here. Where none is, correct what was entered in QuickBooks by hand, or enter "
    remedy += "what the account held before your start date."
    return [_explained(name, "trust account differs in QuickBooks", cause, remedy, shown - here, explained)]


def liability(shown: int, here: int, currency: str, explained: int = 0) -> list[Difference]:
    """QuickBooks' trust liability against what is held in all trust accounts that travel there."""
    if shown == here:
        return []
    cause = f"QuickBooks shows {show(shown, currency)} as held for clients; the ledgers come to {show(here, currency)}."
    remedy = "Correct what was entered in QuickBooks by hand on the trust liability account."
    kind = "trust liability differs in QuickBooks"
    return [_explained("Trust liability", kind, cause, remedy, shown - here, explained)]


def _explained(name: str, kind: str, cause: str, remedy: str, cents: int, explained: int) -> Difference:
    if cents != explained:
        return _named(name, kind, cause, remedy, cents)
    return _named(name, kind, cause + EXPLAINED, "Nothing more is needed than for those.", cents, expected=True)


LIABILITY = ""  # among accounts at Clio


def explains(e: Entry, there: JournalReading | None, banks: Mapping[str, str]) -> dict[str, int]:
    """By how much QuickBooks differs from what the ledgers count because this entry is otherwise there: by account at
    Clio, and on the LIABILITY. ``banks``: those accounts, by their accounts in QuickBooks."""
    lines = there.lines if there else ()
    found = {LIABILITY: 0, e.move.account: 0}
    for account, cents, _ in lines:
        if account in banks:
            found[banks[account]] = found.get(banks[account], 0) + cents
    known = {account for account, _, _ in (e.posted.lines if e.posted else ()) if account not in banks}
    found[LIABILITY] = -sum(c for a, c, _ in lines if (a in known if known else a not in banks))
    wanted = e.move.cents if e.stands else 0
    found[LIABILITY] -= wanted
    found[e.move.account] -= wanted
    return {account: cents for account, cents in found.items() if cents}


def of_another(e: Entry, there: JournalReading | None) -> bool:
    """Whether it is another customer's than when we wrote it: the client's own may be another by now."""
    return bool(e.posted and there and journaled.only_client(e.posted.lines, there.lines))


def entry(e: Entry, why: str, there: JournalReading | None, currency: str, customer: str = "") -> list[Difference]:
    """``why``: what keeps an entry that is not begun (``trust.waits``); ``there``: its journal entry; ``customer``: the
    client's now, where it is ``of_another``."""
    cents = e.move.cents
    if not e.begun:
        if why != "word" or not e.stands:
            return []
        cause = f"Clio calls this trust transaction “{e.move.word}”, a kind that we do not know."
        return [_named(e.number, "not yet in QuickBooks", cause, "See Needs attention.", cents, expected=True)]
    if e.stays and e.left:
        what = f"The trust entry of {show(cents, currency)} is not in QuickBooks."
        if there is not None:
            ours = f"is {dated(abs(cents), e.move.on, currency)} in Clio" if e.stands else "was deleted in Clio"
            what = f"QuickBooks shows {dated(there.debits, there.on, currency)}; the entry {ours}."
        beside = _beside(e, there) if e.stands else there.debits if there else 0
        cause = e.left.of(what, currency)
        return [_named(e.number, "trust entry left as it is", cause, UNTIL_CHANGED, beside, expected=True)]
    if not e.written and not e.stands:
        if there is None:
            return []
        ours = "was deleted in Clio" if e.gone else "comes to nothing in Clio"
        cause = f"The trust entry {ours}; its journal entry of {show(there.debits, currency)} stands in QuickBooks."
        remedy = WHAT_HOLDS_IT
        return [_named(e.number, "not removed from QuickBooks", cause, remedy, there.debits)]
    if not e.written:
        cause = f"The trust entry of {show(cents, currency)} is not in QuickBooks yet."
        remedy = WHAT_HOLDS_IT
        return [_named(e.number, "not yet in QuickBooks", cause, remedy, cents)]
    if not e.stands:
        return []
    written = e.posted.lines if e.posted else ()
    moved = there is not None and journaled.differs(written, there.lines, customer)
    shown = DELETED if there is None else figures(there.debits, there.on)
    if e.posted and e.posted.told == (journaled.told(shown, written, journaled.mark(there.lines if there else ()))):
        what = "is not in QuickBooks any more" if there is None else "shows something else in QuickBooks"
        cause = f"You accepted that the journal entry of {show(cents, currency)} {what}."
        remedy = nothing_needed("transaction")
        return [_named(e.number, "journal entry left as it is", cause, remedy, _beside(e, there), expected=True)]
    if there is None:
        cause = f"The journal entry of {show(cents, currency)} was deleted in QuickBooks."
        remedy = "Enter it there again, or delete the transaction in Clio."
        return [_named(e.number, "journal entry deleted in QuickBooks", cause, remedy, _beside(e, there))]
    if shown != figures(cents, e.move.on):
        cause = f"QuickBooks shows this trust entry as {dated(there.debits, there.on, currency)}; it is "
        cause += f"{dated(abs(cents), e.move.on, currency)}."
        remedy = "Set the journal entry back in QuickBooks."
        return [_named(e.number, "journal entry changed in QuickBooks", cause, remedy, _beside(e, there))]
    if moved:
        cause = f"The journal entry {journaled.otherwise(written, there.lines, e.move.client_name)}."
        remedy = "Set it back in QuickBooks, or decide under Needs attention."
        return [_named(e.number, "journal entry changed in QuickBooks", cause, remedy, 0)]
    return []


def dated(cents: int, on: date | None, currency: str) -> str:
    """An amount and its day, as a person reads them: ``$10.00 of Mar 2, 2026``."""
    return f"{show(cents, currency)} of {day(on, currency)}"


def _beside(e: Entry, there: JournalReading | None) -> int:
    """Cents by which QuickBooks differs."""
    return -e.move.cents if there is None else there.debits - abs(e.move.cents)
