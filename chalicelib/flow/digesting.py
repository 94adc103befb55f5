"""The firm's daily digest: what needs somebody is read from the firm's own pages, claimed in one commit, sent once.

It asks no neighbour but SES. Nothing that needs nobody is sent. A claim of which nobody has spoken is uncertain, and no
second one follows that day; the effect itself is the watch: it is owed again ten minutes after the claim.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from chalicelib.domain import digest
from chalicelib.domain.comparing import Difference
from chalicelib.domain.digest import Chosen, Claimed, Digest, DigestFact, Heard, Need, News, Which
from chalicelib.domain.effects import Do
from chalicelib.domain.envelope import UNCERTAIN_AFTER, Outcome, Post
from chalicelib.domain.finding import Weight
from chalicelib.domain.firm import Firm, Policy
from chalicelib.domain.kernel import Decision, Effect, Finish, Json, Kind, Ref, Status
from chalicelib.domain.money import show
from chalicelib.domain.wanted import Letter
from chalicelib.errors import Refused
from chalicelib.flow import attention, compared, mailing, preflight, states
from chalicelib.flow.firms import firm_of
from chalicelib.flow.letters import words_for
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach
from chalicelib.flow.rows import item
from chalicelib.flow.settle import settle

TOLD = 10  # of each kind, with cause and remedy
SENDER = "Fee Simple"  # it is no client's mail: the firm hears from the program
VALUES = "What each side shows stands on the client's page."  # a client's phone or address is for no mail
SETTINGS = "/desk/settings#digest"


# --- the setting ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """The setting, for the page and the API. ``to``: the address, or the one proposed while none was chosen;
    ``addresses``: the members'. ``last_at``, ``last``: the last digest and what became of it; ``next_at``: when the
    next may go."""

    on: bool
    to: str
    which: Which
    why_off: str
    addresses: tuple[str, ...]
    last_at: datetime | None
    last: Post | None
    next_at: datetime | None


def shown(world: World, firm: str) -> Shown:
    """What the settings page and the API tell of the digest: what was chosen, who can be chosen, the last one and the
    next."""
    state, who = state_of(world, firm) or Digest(firm), _firm(world, firm)
    effect = world.store.effect(digest.key(state)) if state.on else None
    addresses = tuple(dict.fromkeys(m.email for m in who.members if m.email))
    mail = state.mail
    return Shown(
        state.on,
        state.to or proposed(who),
        state.which,
        state.why_off,
        addresses,
        mail.claimed_at if mail else None,
        mail.post if mail else None,
        effect.due_at if effect else None,
    )


def proposed(firm: Firm) -> str:
    """The owner's address, else the one to which clients' answers go."""
    return next((m.email for m in firm.members if m.owner and m.email), firm.reply_to)


def state_of(world: World, firm: str) -> Digest | None:
    found: Digest | None = states.decode(Kind.DIGEST, world.store.load(Ref(firm, Kind.DIGEST, digest.ID)).body)
    return found


def choose(world: World, firm: str, *, on: bool, to: str, which: str, by: str) -> None:
    """A person's choice. Raises Refused for an address that cannot be one and for an unknown choice."""
    if which not in list(Which):
        raise Refused("Choose what the daily digest tells: everything, or only broken links and lost connections.")
    _settle(world, _firm(world, firm), Chosen(on, to, Which(which)), by=by)


def begin(world: World, firm: str, by: str) -> None:
    """The person who finishes the set-up asked for it. What was chosen before stays, and so does an address that mail
    cannot reach: then it is off until one is given."""
    to = proposed(_firm(world, firm))
    if state_of(world, firm) is None and digest.reachable(to):
        choose(world, firm, on=True, to=to, which=Which.ALL, by=by)


def _firm(world: World, firm: str) -> Firm:
    state = firm_of(world, firm)
    if state is None:
        raise Refused("This firm is not set up yet.")
    return state


def _settle(
    world: World, firm: Firm, fact: DigestFact, *, policy: int = 0, by: str = "", finish: tuple[Finish, ...] = ()
) -> None:
    ref = Ref(firm.id, Kind.DIGEST, digest.ID)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: digest.decide(before[ref], fact, firm, now)}

    settle(world, [ref], decide, fact=f"Digest{type(fact).__name__}", body=fact, policy=policy, by=by, finish=finish)


# --- telling ----------------------------------------------------------------------------------------------------------


def tell(world: World, reach: Reach, policy: Policy, effect: Effect) -> None:
    """This morning's digest, if it is due and something needs somebody; owed again with its next time."""
    firm = policy.firm
    ref = Ref(firm.id, Kind.DIGEST, digest.ID)
    held = world.store.load(ref)
    state: Digest | None = states.decode(Kind.DIGEST, held.body)
    if state is None or not state.on or state.begun != effect.body["begun"]:
        _rest(world, Finish(effect.key))
        return
    now = world.now()
    if state.mail and state.mail.post is Post.CLAIMED:
        _watch(world, policy, state.mail, effect)
        return
    opening = digest.opens(state, firm, now)
    news = None if opening > now else digest.wanted(read(world, policy), state.which)
    if news is None:
        until = opening if opening > now else digest.next_morning(firm, now)
        _rest(world, Finish(effect.key, status=Status.OWED, due_at=until))
        return
    claim = Claimed(state.next_number, state.to)
    raw = world.mail.compose(letter(world, policy, claim, news))
    claimed: list[digest.Mail] = []

    def decide(before: Mapping[Ref, Any], at: datetime) -> dict[Ref, Decision[Any]]:
        claimed.clear()
        if not digest.may_claim(before[ref], claim, firm, at):
            return {}
        decided = digest.decide(before[ref], claim, firm, at)
        assert decided.state.mail
        claimed.append(decided.state.mail)
        return {ref: decided}

    watch = Finish(effect.key, status=Status.OWED, due_at=world.now() + UNCERTAIN_AFTER)
    settle(
        world, [ref], decide, fact="DigestClaimed", body=claim, policy=policy.version, finish=[watch], held={ref: held}
    )
    if claimed:
        _send(world, reach, policy, claimed[0], raw, effect)


def _rest(world: World, finish: Finish) -> None:
    settle(world, [], lambda _s, _n: {}, fact="DigestRests", finish=[finish])


def _watch(world: World, policy: Policy, mail: digest.Mail, effect: Effect) -> None:
    """Another worker claimed it: it is being sent, or that worker is dead and nobody knows."""
    until = digest.speaks_by(mail)
    if until > world.now():
        _rest(world, Finish(effect.key, status=Status.OWED, due_at=until))
        return
    _heard(world, policy, mail.number, Outcome(Post.UNCERTAIN), effect)


def _send(world: World, reach: Reach, policy: Policy, mail: digest.Mail, raw: bytes, effect: Effect) -> None:
    tag = mailing.tag_of(policy.firm.id, f"{mailing.DIGEST}{mail.number}")
    said = mailing.deliver(world, reach, raw, to=mail.to, tag=tag, claimed_at=mail.claimed_at)
    if said.post is Post.SENT:
        world.count("mail_sent", kind="digest")
    _heard(world, policy, mail.number, said, effect)


def _heard(world: World, policy: Policy, number: int, said: Outcome, effect: Effect) -> None:
    due = digest.due_after(said, policy.firm, world.now())
    finish = () if said.post in digest.WHY else (Finish(effect.key, status=Status.OWED, due_at=due),)
    _settle(world, policy.firm, Heard(number, said), policy=policy.version, finish=finish)


def event_seen(world: World, firm: str, number: str, post: Post) -> None:
    """A mail event of SES about the digest of this number. One that we never sent changes nothing."""
    state = state_of(world, firm)
    if state is not None and state.mail is not None and number.isdecimal() and int(number) <= state.mail.number:
        _settle(world, _firm(world, firm), Heard(int(number), Outcome(post)))


# --- what it tells ----------------------------------------------------------------------------------------------------


def read(world: World, policy: Policy) -> News:
    """What stands on the firm's pages: what is parked, the last preflight, the last comparison."""
    firm = policy.firm
    waiting, more = attention.standing(attention.parked(world, firm.id))
    ended = {e.key for e in waiting if e.body.get("chosen")}  # on purpose, by a person of the firm
    lost = [e for e in waiting if e.kind == Do.TASK and "connection" in e.body and e.key not in ended]
    broken = [e for e in waiting if e.body.get("broken")]
    apart = {e.key for e in (*lost, *broken)} | ended
    findings = preflight.report(world, firm.id)
    told = compared.last(world, firm.id)
    differ = [d for d in told.differences if not d.expected] if told else []
    return News(
        lost=tuple(need(e) for e in lost),
        broken=tuple(need(e) for e in broken),
        needs=tuple(need(e) for e in waiting if e.key not in apart),
        settings=tuple(
            Need(f.title, f.found, " ".join(f.steps), "/desk/preflight")
            for f in (findings.findings if findings else ())
            if f.weight is Weight.BLOCKS
        ),
        differences=tuple(_difference(d, firm) for d in differ),
        beyond=told.named - told.expected - len(differ) if told else 0,
        compared_on=told.at.astimezone(ZoneInfo(firm.zone)).date() if told else None,
        more=more,
    )


def need(effect: Effect) -> Need:
    """A parked step or task as the page Needs attention shows it, with the page where something is done about it."""
    i = item(effect)
    kind, _, id = i.about.partition("/")
    if effect.body.get("broken"):
        path = f"/desk/attention/broken?key={quote(i.key, safe='')}"
    elif kind == "connection":
        path = "/desk/settings#connections"
    elif kind == "contact":
        path = f"/desk/contacts/{quote(id, safe='')}"
    else:
        path = f"/desk/invoices/{quote(i.payable, safe='')}" if i.payable else "/desk/attention"
    cause = VALUES if "field" in effect.body else i.cause
    return Need(digest.discreet(i.title), digest.discreet(cause), digest.discreet(i.remedy), path, i.about)


def _difference(d: Difference, firm: Firm) -> Need:
    by = f", {show(d.cents, firm.currency)}" if d.cents else ""
    path = f"/desk/invoices/{quote(d.payable, safe='')}" if d.payable else "/desk/books"
    return Need(
        f"{d.number}: {d.kind}{by}" if d.number else f"{d.kind[:1].upper()}{d.kind[1:]}{by}", d.cause, d.remedy, path
    )


def letter(world: World, policy: Policy, claim: Claimed, news: News) -> Letter:
    """The digest as a mail: plain links to the desk, which ask for a sign-in."""
    firm = policy.firm
    text, html = world.mail.render("digest", context(world.public_url, firm, news))
    tag = mailing.tag_of(firm.id, f"{mailing.DIGEST}{claim.number}")
    return Letter(
        sender_name=SENDER,
        reply_to="",
        to=claim.to,
        subject=subject(news),
        text=text,
        html=html,
        tag=tag,
        message_id=f"{tag}.{world.secret(9)}",
    )


def subject(news: News) -> str:
    """How much there is, never what: no client and no amount."""
    waits = len(news.lost) + len(news.broken) + len(news.needs) + len(news.settings)
    over = "over " if news.more else ""
    parts = [f"{over}{waits} {'thing needs' if waits == 1 else 'things need'} you"] if waits else []
    if n := len(news.differences) + news.beyond:
        parts.append(f"{n} {'difference' if n == 1 else 'differences'} between the books")
    words = ", ".join(parts)
    return words[:1].upper() + words[1:]


def context(url: str, firm: Firm, news: News) -> Json:
    """What the templates show, addresses made absolute."""
    on = words_for(news.compared_on, firm.currency)
    kinds = ", ".join(digest.counted(news.needs))
    gone = "Removed or changed in QuickBooks by hand. Nothing is made again until you say so."
    differ = f"As compared on {on}, without what only waits for a step that is listed already."
    attention = f"{'Over ' if news.more else ''}{kinds}."
    sections = [
        _section(url, "Connections lost", "What goes there waits; nothing is lost.", news.lost, "", ""),
        _section(url, "Broken links", gone, news.broken, "/desk/sync", "Show all broken links"),
        _section(url, "Settings in QuickBooks", "Syncing waits for these.", news.settings, "/desk/preflight", "Check"),
        _section(url, "Waiting for you", attention, news.needs, "/desk/attention", "Show all that needs attention"),
        _section(url, "The books differ", differ, news.differences, "/desk/books", "Show the comparison", news.beyond),
    ]
    return {
        "firm_name": firm.name,
        "paragraphs": ["Good morning. This needs somebody at your firm."],
        "sections": [s for s in sections if s["rows"]],
        "settings_url": f"{url}{SETTINGS}",
    }


def _section(
    url: str, heading: str, lead: str, needs: tuple[Need, ...], path: str, words: str, beyond: int = 0
) -> Json:
    rows = [{"title": n.title, "cause": n.cause, "remedy": n.remedy, "url": f"{url}{n.path}"} for n in needs[:TOLD]]
    rest = len(needs) + beyond - len(rows)
    return {
        "heading": heading,
        "lead": lead,
        "rows": rows,
        "rest": f"And {rest} more." if rest else "",
        "url": f"{url}{path}" if words else "",
        "words": words,
    }
