"""Payments that stand on a linked invoice in QuickBooks, beside those known here for its bill: which may be the same.

Pure. Pairs are suggested with a score and its reasons, and never two to one; a person confirms, corrects or chooses
(docs/decisions/0018). Amounts are integer cents.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from chalicelib.domain import comparing, linked_payments, paying, posting, receipts
from chalicelib.domain.effects import Do, key_of
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision
from chalicelib.domain.money import show
from chalicelib.domain.payable import Booked, Payable
from chalicelib.domain.payment import Payment
from chalicelib.domain.readings import BookedPayment, Pot
from chalicelib.errors import Refused

AMOUNT, SAME_DAY, NEAR, WITHIN_WEEKS, REFERENCE = 50, 25, 15, 5, 25
NEAR_DAYS, WEEKS_DAYS = 5, 31
REFERENCE_LENGTH = 3
TAKEN_BACK = "What was said of the payments on this invoice was taken back."
WRITTEN = "QuickBooks was written for this pair since: correct it in QuickBooks or Clio."
YEAR = re.compile(r"(19|20)\d\d")


@dataclass(frozen=True, slots=True)
class Theirs:
    """A payment in QuickBooks. ``cents``: of it on this invoice; ``whole``: of it altogether; ``lines``: (invoice,
    cents) that it pays; ``of``: the payment known here that we wrote it for, by our marker."""

    id: str
    cents: int
    whole: int
    on: date | None
    reference: str
    method: str
    lines: tuple[tuple[str, int], ...]
    of: str = ""


@dataclass(frozen=True, slots=True)
class Ours:
    """A payment known here, not in QuickBooks yet. ``cents``: of it on this bill; ``whole``: of it altogether;
    ``text``: what Clio says of it, or our code; ``lines``: (QuickBooks invoice, cents) of the bills that it pays."""

    id: str
    cents: int
    whole: int
    on: date | None
    text: str
    method: str
    lines: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """``certain``: nothing else is possible on either side, and the day or the reference is the same."""

    theirs: str
    ours: str
    score: int
    reasons: tuple[str, ...]
    certain: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said about the payments on one invoice. ``pairs``: (theirs, ours); ``left``: theirs that are
    something else; ``new``: ours that are entered as new ones."""

    invoice: str
    pairs: tuple[tuple[str, str], ...] = ()
    left: tuple[str, ...] = ()
    new: tuple[str, ...] = ()

    def covers(self, theirs: Sequence[Theirs]) -> bool:
        """Whether something was said about each of these."""
        return {t.id for t in theirs} <= {id for id, _ in self.pairs} | set(self.left)


# --- the two sides ----------------------------------------------------------------------------------------------------


def theirs_on(invoice: str, booked: Sequence[BookedPayment], firm: str) -> tuple[Theirs, ...]:
    """The live payments on an invoice, by day. What only puts a credit on it is no money: crediting.py has those."""
    found = []
    for x in booked:
        cents = sum(c for id, c in x.lines if id == invoice)
        if cents and not x.voided and not x.of_nothing:
            of = posting.marked(firm, x.note)
            found.append(Theirs(x.id, cents, x.total, x.on, x.reference, x.method, x.lines, of))
    return tuple(sorted(found, key=lambda t: (t.on or date.min, t.id)))


def ours_on(p: Payable, payments: Iterable[Payment], invoices: Mapping[str, str]) -> tuple[Ours, ...]:
    """The payments of this bill that QuickBooks does not show yet, by day. ``invoices``: QuickBooks' ids by bill."""
    found = []
    for x in payments:
        items, _ = posting.rest(x)
        mine = next((i for i in items if i.payable == p.id), None)
        if mine is None or x.pot is not Pot.OPERATING or not _open(x):
            continue
        lines = tuple((invoices[i.payable], i.cents) for i in items if i.payable in invoices)
        found.append(our(p, x, lines))
    return tuple(sorted(found, key=lambda o: (o.on or date.min, o.id)))


def our(p: Payable, x: Payment, lines: tuple[tuple[str, int], ...] = ()) -> Ours:
    """A payment known here as it falls on this bill."""
    cents = sum(i.cents for i in x.items if i.payable == p.id)
    said = dict.fromkeys(k.text for k in p.receipts if x.group and k.group == x.group and k.text)
    return Ours(x.id, cents, x.total, x.settled_on, x.code or "; ".join(said), x.method, lines)


def linked_ids(x: Payment) -> tuple[str, ...]:
    """What it is in QuickBooks already."""
    return x.posted.ids if x.posted and not x.posted.voided else ()


def _open(x: Payment) -> bool:
    """Whether it is money that QuickBooks does not show, or of which a piece is missing there."""
    adding = bool(x.posted and x.posted.adding == x.wanted)
    return x.money and (adding or not linked_ids(x))


def asked(theirs: Sequence[Theirs], payments: Iterable[Payment]) -> tuple[Theirs, ...]:
    """Those that are not linked to a payment of this bill already, nor met by the step of the one that they are."""
    here = {x.id: x for x in payments}
    known = {id for x in here.values() for id in linked_ids(x)}
    return tuple(t for t in theirs if t.id not in known and not is_met(t.of, t.id, here))


def is_met(of: str, id: str, payments: Mapping[str, Payment]) -> bool:
    """Whether the payment ``id`` in QuickBooks is what we wrote for the payment ``of``, in an earlier generation of
    links or before an answer was lost: that one's own step takes it up, or takes it out. Not what people let be there,
    nor another one beside what is linked."""
    x = payments.get(of)
    return bool(of) and (x is None or (id not in x.let_be and id in (linked_ids(x) or (id,))))


# --- suggesting -------------------------------------------------------------------------------------------------------


def unfit(t: Theirs, o: Ours, currency: str) -> str:
    """Why these two cannot be the same payment; empty when they can. What it pays besides must agree too."""
    if t.cents != o.cents:
        return (
            f"QuickBooks shows {show(t.cents, currency)} and here it is {show(o.cents, currency)}: "
            "correct one of the two first."
        )
    if sum(c for _, c in t.lines) != t.whole or not set(t.lines) <= set(o.lines):
        return (
            f"The QuickBooks payment of {show(t.whole, currency)} pays something else too than this payment of "
            f"{show(o.whole, currency)}: correct it in QuickBooks first."
        )
    return ""


def score(t: Theirs, o: Ours) -> tuple[int, tuple[str, ...]]:
    """0 to 100 for two of one amount, with the reasons in words."""
    points, reasons = AMOUNT, ["Same amount"]
    apart = abs((t.on - o.on).days) if t.on and o.on else None
    if apart == 0:
        points, reasons = points + SAME_DAY, [*reasons, "Same day"]
    elif apart is not None and apart <= WEEKS_DAYS:
        near = NEAR if apart <= NEAR_DAYS else WITHIN_WEEKS
        points, reasons = points + near, [*reasons, f"{apart} day{'' if apart == 1 else 's'} apart"]
    if shared := sorted(references(t.reference) & references(f"{o.text} {o.id}")):
        points, reasons = points + REFERENCE, [*reasons, f"Same reference {shared[0]}"]
    return points, tuple(reasons)


def references(text: str) -> set[str]:
    """The words of a text that hold a number people would know a payment by: a cheque's, a code; no year."""
    words = re.findall(r"[a-z0-9]*\d[a-z0-9]*", text.casefold())
    return {w.lstrip("0") for w in words if len(w) >= REFERENCE_LENGTH and not YEAR.fullmatch(w)}


def suggest(theirs: Sequence[Theirs], ours: Sequence[Ours]) -> dict[str, Pair]:
    """At most one of ours for each of theirs, by theirs. Two that fit equally well are left to the person."""
    fit = {(t.id, o.id): score(t, o) for t in theirs for o in ours if not unfit(t, o, "")}
    found: dict[str, Pair] = {}
    open_ = dict(fit)
    while best := _best(open_):
        for t, o in best:
            points, reasons = fit[t, o]
            alone = sum(a == t for a, _ in fit) == sum(b == o for _, b in fit) == 1
            certain = alone and any(r.startswith(("Same day", "Same reference")) for r in reasons)
            found[t] = Pair(t, o, points, reasons, certain)
        taken_t, taken_o = {t for t, _ in best}, {o for _, o in best}
        open_ = {pair: told for pair, told in open_.items() if pair[0] not in taken_t and pair[1] not in taken_o}
    return found


def _best(fit: Mapping[tuple[str, str], tuple[int, tuple[str, ...]]]) -> list[tuple[str, str]]:
    """The pairs of which each is the other's only best."""
    return [
        pair
        for pair, (points, _) in fit.items()
        if all(
            points > other
            for rival, (other, _) in fit.items()
            if rival != pair and (rival[0] == pair[0] or rival[1] == pair[1])
        )
    ]


def certainly(invoice: str, theirs: Sequence[Theirs], ours: Sequence[Ours]) -> Answer | None:
    """The answer that is certain: each payment in QuickBooks has its only partner, and what is here besides is new."""
    pairs = suggest(theirs, ours)
    if len(pairs) < len(theirs) or not all(p.certain for p in pairs.values()):
        return None
    taken = {p.ours for p in pairs.values()}
    told = tuple((p.theirs, p.ours) for p in pairs.values())
    return Answer(invoice, told, new=tuple(o.id for o in ours if o.id not in taken))


# --- what a person says -----------------------------------------------------------------------------------------------


def check(theirs: Sequence[Theirs], ours: Sequence[Ours], said: Answer, currency: str) -> None:
    """Each payment on either side is spoken of, once. Raises Refused with what is missing or does not fit."""
    there, here = {t.id: t for t in theirs}, {o.id: o for o in ours}
    chosen = [id for id, _ in said.pairs] + list(said.left)
    if not set(chosen) <= set(there) or not {id for _, id in said.pairs} | set(said.new) <= set(here):
        raise Refused("The payments have changed meanwhile. Look at them again.")
    for t in theirs:
        if chosen.count(t.id) != 1:
            raise Refused(f"Say what the QuickBooks payment of {show(t.cents, currency)} is.")
    partners = [id for _, id in said.pairs]
    for o in ours:
        amount = show(o.cents, currency)
        if partners.count(o.id) > 1:
            raise Refused(f"The payment of {amount} is chosen for two QuickBooks payments: it can be one of them only.")
        if o.id in partners and o.id in said.new:
            raise Refused(f"The payment of {amount} is chosen above and is to be entered as new: say one of both.")
        if o.id not in partners and o.id not in said.new:
            raise Refused(f"Say whether the payment of {amount} is one of those above, or is entered as a new one.")
    for t_id, o_id in said.pairs:
        if why := unfit(there[t_id], here[o_id], currency):
            raise Refused(why)


def linked(x: Payment, t: Theirs, payables: Mapping[str, str], policy: Policy) -> Decision[Payment]:
    """It is this payment in QuickBooks, or this piece of it. ``payables``: bills by their QuickBooks invoice. Raises
    Refused when it is in QuickBooks otherwise meanwhile."""
    if t.id in linked_ids(x):
        return Decision(x)
    if not _open(x):
        raise Refused("One of these payments was entered or taken back meanwhile. Look at them again.")
    paid = tuple(sorted(payables[id] for id, _ in t.lines))
    book, generation = policy.lanes.book, policy.firm.generation
    told = posting.posted(x, posting.PaymentPosted(t.id, book, x.wanted, t.whole, 0, generation, paid))
    step = key_of(x.firm, Do.POSTING, f"{x.id}/{x.wanted}")
    closes = (step,) if posting.settled(told.state) else ()
    return replace(told, closes=(*told.closes, *closes))


def compared(p: Payable, left: tuple[tuple[str, int], ...], over: Collection[str] = ()) -> Decision[Payable]:
    """The payments of its invoice are compared: what waited for that may be posted. ``left``: (payment, cents) that are
    something else; ``over``: those of which that was said before. What of ours was left there as it is stays so."""
    if p.booked is None:
        return Decision(p)
    link = replace(p.booked, waits=False, left=tuple({**dict(_rest(p.booked, over)), **dict(left)}.items()))
    task = key_of(p.firm, Do.TASK, linked_payments.name(p, p.booked.id, p.generation))
    return Decision(replace(p, booked=link), closes=(task,))


# --- a person takes it back -------------------------------------------------------------------------------------------


def stands(x: Payment, id: str) -> bool:
    """Whether this pair still is what a person said, and nothing was written for it since."""
    link = x.posted
    if link is None or id not in linked_ids(x) or not x.money:
        return False
    return link.adding == x.wanted if link.adding else link.revision == x.wanted


def parted(x: Payment, id: str, policy: Policy, now: datetime) -> Decision[Payment]:
    """It is not this payment in QuickBooks after all: it is owed anew, at a revision of its own, which waits until a
    person has said what it is. Raises Refused when something was written for it meanwhile."""
    if x.posted is None or not stands(x, id):
        raise Refused(WRITTEN)
    guard = receipts.link_guard(policy.lanes.book, "payment", id, x.firm, x.id)
    older = key_of(x.firm, Do.POSTING, f"{x.id}/{x.wanted}")
    new, owed = paying.post(x, policy, now)
    left = tuple(p for p in x.posted.pieces if p.id != id)
    link = None
    if left:
        cents = sum(p.cents for p in left)
        link = replace(x.posted, id=left[0].id, revision=0, cents=cents, pieces=left, adding=new.wanted, broken=None)
    closes = (older, *posting.asked(x))
    return Decision(replace(new, posted=link), tuple(owed), closes, (replace(guard, release=True),))


def _rest(link: Booked, over: Collection[str]) -> tuple[tuple[str, int], ...]:
    return tuple(x for x in link.left if x[0] not in over)


def asked_again(p: Payable, now: datetime, over: Collection[str], why: str = TAKEN_BACK) -> Decision[Payable]:
    """A person is asked anew about the payments on its invoice: nothing is posted there until they have spoken.
    ``over``: as for ``compared``."""
    if p.booked is None or p.booked.waits:
        return Decision(p)
    new = replace(p, booked=replace(p.booked, waits=True, left=_rest(p.booked, over), asked=p.booked.asked + 1))
    name = linked_payments.name(new, p.booked.id, p.generation)
    return Decision(new, effects=(linked_payments.task(new, name, why, now),))


# --- what stands there is left there ----------------------------------------------------------------------------------


def let_be(x: Payment, policy: Policy) -> Decision[Payment]:
    """It was removed in Clio, QuickBooks does not give it up, and a person leaves it there: it is ours no longer."""
    if x.posted is None:
        return Decision(x)
    book = policy.lanes.book
    held = [receipts.link_guard(book, "payment", id, x.firm, x.id) for id in x.posted.ids]
    freed, closes = tuple(replace(g, release=True) for g in held), posting.asked(x)
    return Decision(replace(x, posted=None, let_be=(*x.let_be, *x.posted.ids)), closes=closes, guards=freed)


def left_there(p: Payable, payments: tuple[tuple[str, int], ...]) -> Decision[Payable]:
    """These (payment, cents) stay on its invoice and are something else."""
    if p.booked is None:
        return Decision(p)
    left = tuple({**dict(p.booked.left), **dict(payments)}.items())
    return Decision(replace(p, booked=replace(p.booked, left=left)))


def touching(p: Payable) -> list[str]:
    return sorted(comparing.touching(p))
