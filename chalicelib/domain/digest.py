"""The firm's own daily digest: to whom, when, what it tells, and what became of the last one. Pure.

One mail a day at most, claimed before it is sent. One whose fate is not known is not sent again: what it told of stands
on the pages, and the next morning's tells it anew (docs/decisions/0019-digest.md).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import assert_never

from chalicelib.domain import effects
from chalicelib.domain.effects import Do
from chalicelib.domain.envelope import TRY_AGAIN, UNCERTAIN_AFTER, Outcome, Post, moves
from chalicelib.domain.firm import Firm
from chalicelib.domain.kernel import Decision, Effect, Neighbour, lane_of
from chalicelib.domain.reminders import local_instant, sending_time
from chalicelib.errors import Refused

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
ADDRESS = re.compile(rf"{_ATOM}(\.{_ATOM})*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")  # what SES takes: reference/aws.md 7
ADDRESS_LENGTH = 254
A_DAY = timedelta(days=1)
ID = "main"  # a firm has one
ABOUT = f"digest/{ID}"


def reachable(address: str) -> bool:
    """Whether a mail can be addressed so."""
    return bool(ADDRESS.fullmatch(address)) and len(address) <= ADDRESS_LENGTH


class Which(StrEnum):
    """ALL: everything that needs a person. BROKEN: only broken links and lost connections."""

    ALL = "all"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Mail:
    """The digest claimed last. ``number`` counts them; ``day``: the firm's local day that it was claimed for."""

    number: int
    to: str
    day: date
    claimed_at: datetime
    post: Post = Post.CLAIMED


@dataclass(frozen=True, slots=True)
class Digest:
    """The firm's choice, and the last mail. ``begun``: how often it was switched on. ``day``: no other is sent on this
    local day or before. ``heeded``: what is heard of mails with lower numbers concerns an address given up since, or
    was answered by a person. ``why_off``: why it was switched off by itself; empty when a person did, or it is on."""

    firm: str
    on: bool = False
    to: str = ""
    which: Which = Which.ALL
    begun: int = 0
    day: date | None = None
    mail: Mail | None = None
    heeded: int = 1
    why_off: str = ""

    @property
    def next_number(self) -> int:
        return self.mail.number + 1 if self.mail else 1


@dataclass(frozen=True, slots=True)
class Chosen:
    """A person said whether it is sent, to which address, and what it tells."""

    on: bool
    to: str
    which: Which


@dataclass(frozen=True, slots=True)
class Claimed:
    """A digest that is about to be sent; the caller has read what it tells."""

    number: int
    to: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of the digest of this number."""

    number: int
    outcome: Outcome


DigestFact = Chosen | Claimed | Heard


# --- when -------------------------------------------------------------------------------------------------------------


def owed(state: Digest, at: datetime) -> Effect:
    """It is one effect, owed again with its next time for as long as the digest is on."""
    lane = lane_of(state.firm, Neighbour.MAIL)
    body = {"begun": state.begun}
    return effects.owed(state.firm, Do.DIGEST, str(state.begun), ABOUT, lane, at, body=body)


def key(state: Digest) -> str:
    return effects.key_of(state.firm, Do.DIGEST, str(state.begun))


def next_morning(firm: Firm, now: datetime) -> datetime:
    """When the firm's sending hours begin next (UTC): today if that is still to come."""
    today = firm.today(now)
    opening = local_instant(today, firm.send_hour, firm.zone)
    return opening if opening > now else local_instant(today + A_DAY, firm.send_hour, firm.zone)


def opens(state: Digest, firm: Firm, now: datetime) -> datetime:
    """When the next digest may go: now, or later (UTC). In the hours in which reminders go, one in a local day."""
    at = sending_time(now, firm.zone, firm.send_hour)
    if state.day is not None and firm.today(at) <= state.day:
        return local_instant(state.day + A_DAY, firm.send_hour, firm.zone)
    return at


def due_after(fact: Outcome, firm: Firm, now: datetime) -> datetime:
    """When it is owed again after this became of a mail: one that was surely not sent is tried again today."""
    return now + TRY_AGAIN if fact.post is Post.RELEASED else next_morning(firm, now)


def speaks_by(mail: Mail) -> datetime:
    """A claim of which nobody has spoken by then is uncertain."""
    return mail.claimed_at + UNCERTAIN_AFTER


# --- deciding ---------------------------------------------------------------------------------------------------------


WHY = {
    Post.BOUNCED: "The daily digest to {} came back as undeliverable.",
    Post.COMPLAINED: "The daily digest to {} was marked as unwanted there.",
    Post.REFUSED: "The mail service refused the daily digest to {}.",
}


def decide(state: Digest | None, fact: DigestFact, firm: Firm, now: datetime) -> Decision[Digest]:
    """Raises Refused for an address that cannot be one."""
    old = state or Digest(firm.id)
    match fact:
        case Chosen():
            return _chosen(old, fact, firm, now)
        case Claimed():
            mail = Mail(fact.number, fact.to, firm.today(now), now)
            return Decision(replace(old, day=mail.day, mail=mail))
        case Heard():
            return _heard(old, fact, now)
        case _:
            assert_never(fact)


def may_claim(state: Digest | None, mail: Claimed, firm: Firm, now: datetime) -> bool:
    """Whether this is still the mail to send, and now its time."""
    return bool(
        state
        and state.on
        and (state.next_number, state.to) == (mail.number, mail.to)
        and opens(state, firm, now) <= now
    )


def _chosen(old: Digest, fact: Chosen, firm: Firm, now: datetime) -> Decision[Digest]:
    to = fact.to.strip()
    if not fact.on:
        kept = replace(old, on=False, to=to if reachable(to) else old.to, which=fact.which)
        return Decision(kept, closes=(key(old),) if old.on else ())
    if not reachable(to):
        raise Refused("Give the e-mail address that the daily digest goes to, for example office@yourfirm.com.")
    new = replace(old, on=True, to=to, which=fact.which)
    begins = not old.on
    if begins or to != old.to:
        new = replace(new, heeded=old.next_number, why_off="")
    if not begins:
        return Decision(new)
    new = replace(new, begun=old.begun + 1)
    return Decision(new, effects=(owed(new, next_morning(firm, now)),), closes=(_task_key(old),))


def _heard(old: Digest, fact: Heard, now: datetime) -> Decision[Digest]:
    said, new = fact.outcome, old
    if old.mail and old.mail.number == fact.number and moves(old.mail.post, said.post):
        day = None if said.post is Post.RELEASED else old.day
        new = replace(old, mail=replace(old.mail, post=said.post), day=day)
    if said.post not in WHY or not old.on or fact.number < old.heeded:
        return Decision(new)
    why = WHY[said.post].format(old.to)
    task = effects.task(
        old.firm,
        f"digest/{old.begun}",
        ABOUT,
        now,
        title="The daily digest is switched off",
        reason=why,
        remedy="Give another address, or switch it on again, under Settings, Daily digest.",
    )
    return Decision(replace(new, on=False, why_off=why), effects=(task,), closes=(key(old),))


def _task_key(state: Digest) -> str:
    return effects.key_of(state.firm, Do.TASK, f"digest/{state.begun}")


# --- what it tells ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that needs a person, as its page shows it. ``path``: of that page; ``about``: what kind of thing."""

    title: str
    cause: str
    remedy: str
    path: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class News:
    """What stands on the firm's pages this morning. ``more``: more is parked than was read. ``settings``: those in
    QuickBooks that syncing waits for. ``differences``: of the last comparison of the books, those that wait for no step
    that is listed already; ``beyond``: how many more of them there are; ``compared_on``: its local day."""

    lost: tuple[Need, ...] = ()
    broken: tuple[Need, ...] = ()
    needs: tuple[Need, ...] = ()
    settings: tuple[Need, ...] = ()
    differences: tuple[Need, ...] = ()
    beyond: int = 0
    compared_on: date | None = None
    more: bool = False


def wanted(news: News, which: Which) -> News | None:
    """What of it the firm wants to be told; None when there is nothing of that."""
    told = news if which is Which.ALL else News(news.lost, news.broken)
    return told if told.lost or told.broken or told.needs or told.settings or told.differences else None


WITHIN = re.compile(r"[^\s\"“”'<>(),;:]+@[^\s\"“”'<>(),;:]*[A-Za-z0-9]")


def discreet(text: str) -> str:
    """Without the addresses of people: a mail tells no more of a client than the name and number in a title."""
    return WITHIN.sub("an e-mail address", text)


KINDS = {
    "payable": ("invoice", "invoices"),
    "payment": ("payment", "payments"),
    "contact": ("client", "clients"),
    "customer": ("client", "clients"),
    "credit": ("credit note", "credit notes"),
    "trust": ("trust entry", "trust entries"),
    "connection": ("connection", "connections"),
}
OTHER = ("other thing", "other things")


def counted(needs: Iterable[Need]) -> tuple[str, ...]:
    """How many of each kind, the most first: ``2 invoices``, ``1 client``."""
    kinds = Counter(KINDS.get(n.about.partition("/")[0], OTHER) for n in needs)
    return tuple(f"{n:,} {one if n == 1 else many}" for (one, many), n in kinds.most_common())
