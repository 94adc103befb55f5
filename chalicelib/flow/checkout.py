"""The client's side: what a pay link shows, and Pay. Showing changes nothing; Pay makes the attempt at that moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from chalicelib.domain import paying
from chalicelib.domain.connection import Connection
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Kind, Ref
from chalicelib.domain.payable import Payable, blocked
from chalicelib.domain.payment import UNDER_WAY, Payment, Phase
from chalicelib.domain.readings import BillLine, BillReading, Pot
from chalicelib.errors import Conflict, Declined, Disconnected, Refused, Unavailable, Unreadable
from chalicelib.flow import links, looking, states, striping
from chalicelib.flow.budget import Floor
from chalicelib.flow.firms import connections, firm_of
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of, settle

SHOWN_AT_MOST = 50
BUDGET = timedelta(seconds=12)  # issue: the POST has 12 seconds in all
ONE_CALL = timedelta(seconds=4)
CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that are mistaken for another
BUSY = "We could not check the balance just now. Nothing was charged; please try again in a minute."


@dataclass(frozen=True, slots=True)
class PayRow:
    """One payable as the client sees it. ``open`` cents. ``status``: open | on_its_way | paying | paid | closed |
    draft (taken back to one: nothing of it is shown but its number)."""

    id: str
    number: str
    kind: str  # invoice | trust
    due_on: date | None
    open: int
    currency: str
    status: str
    can_pay: bool
    why_not: str
    total: int = 0


@dataclass(frozen=True, slots=True)
class PayPage:
    """All that a pay link opens. ``attempt_url``: the payment page of an attempt under way, if it is open."""

    firm_name: str
    reply_to: str
    client_name: str
    payables: tuple[PayRow, ...]
    highlighted: str
    on_its_way: bool
    attempt_url: str
    today: date


@dataclass(frozen=True, slots=True)
class Answer:
    """What Pay came to: ``go`` to ``url``; ``wait``: press again, the same attempt goes on; ``refused``: a
    sentence says why."""

    kind: str
    url: str = ""
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """A bill as its client may see it. Amounts in cents; ``asks`` is what it asks for, ``open`` what is still open."""

    firm_name: str
    reply_to: str
    client_name: str
    row: PayRow
    issued_on: date | None
    lines: tuple[BillLine, ...]
    tax: int
    interest: int
    discount: int
    asks: int


def page(world: World, token: str) -> PayPage:
    """Raises Refused when the link opens nothing. Reads only."""
    link = _link(world, token)
    firm = firm_of(world, link.firm)
    if firm is None:
        raise Refused("This link is no longer valid.")
    connected = connections(world, link.firm)
    payables = _payables(world, link)
    rows = tuple(_row(p, connected) for p in payables if _shown(p, link))
    main = next((p for p in payables if p.id == link.payable), None)
    if not payables:  # the bill went to another client: its newer mails open it
        raise Refused("This link is no longer valid. Please ask the firm for a new one.")
    url = _attempt_url(world, main) if main else ""
    name = (main or payables[0]).client_name
    return PayPage(
        firm.name,
        firm.reply_to,
        name,
        rows,
        link.payable,
        any(r.status == "on_its_way" for r in rows),
        url,
        firm.today(world.now()),
    )


def _link(world: World, token: str) -> links.PayLink:
    link = links.opened_by(world, token)
    if link is None:
        raise Refused("This link is no longer valid. Please ask the firm for a new one.")
    return link


def _payables(world: World, link: links.PayLink) -> list[Payable]:
    listed = world.store.grouped(f"{link.firm}/client/{link.client}", limit=SHOWN_AT_MOST)
    found: list[Payable] = [states.decode(Kind.PAYABLE, h.body) for h in listed.items]
    if not any(p.id == link.payable for p in found):
        own = states.decode(Kind.PAYABLE, world.store.load(looking.payable_ref(link.firm, link.payable)).body)
        found += [own] if own is not None and own.client_id == link.client else []
    return found


def _shown(p: Payable, link: links.PayLink) -> bool:
    """The one it was sent for, and what else is open or on its way."""
    return p.id == link.payable or p.open > 0 or p.attempt is not None


def _row(p: Payable, connected: Mapping[str, Connection]) -> PayRow:
    account = connected.get(f"stripe-{p.pot}")
    why = ""
    if p.attempt and p.attempt.on_its_way:
        status = "on_its_way"
    elif p.unapproved:
        status, why = "draft", "This bill is being revised. Nothing is owed on it until you hear from us."
    elif p.gone:
        status, why = "closed", "This bill was withdrawn. Nothing is owed on it."
    elif p.open == 0:
        status = "paid"
    else:
        status = "paying" if p.attempt else "open"
        if blocked(p):
            why = "Please contact us about this one; it cannot be paid online right now."
        elif account is None or not account.takes_payments:
            why = "It cannot be paid online. Please contact us."
    can = status in ("open", "paying") and not why
    kind = "trust" if p.pot is Pot.TRUST else "invoice"
    return PayRow(p.id, p.number, kind, p.due_on, p.open, p.currency, status, can, why, 0 if p.unapproved else p.asks)


def _attempt_url(world: World, p: Payable) -> str:
    if p.attempt is None or p.attempt.on_its_way:
        return ""
    payment = _payment(world, p.firm, p.attempt.payment)
    return payment.url if payment and payment.phase is Phase.OPEN else ""


def _payment(world: World, firm: str, id: str) -> Payment | None:
    state: Payment | None = states.decode(Kind.PAYMENT, world.store.load(Ref(firm, Kind.PAYMENT, id)).body)
    return state


def invoice_lines(world: World, token: str, payable: str) -> InvoiceView:
    """The bill with its lines as last read. Raises Refused for anything that the link does not open."""
    link = _link(world, token)
    firm = firm_of(world, link.firm)
    state: Payable | None = states.decode(Kind.PAYABLE, world.store.load(looking.payable_ref(link.firm, payable)).body)
    if firm is None or state is None or state.client_id != link.client or state.unapproved:
        raise Refused("This link does not open that bill.")
    from chalicelib.flow.invoices import lines_of

    return InvoiceView(
        firm.name,
        firm.reply_to,
        state.client_name,
        _row(state, connections(world, link.firm)),
        state.issued_on,
        tuple(lines_of(world, state)),
        state.tax,
        state.interest,
        state.discount,
        state.asks,
    )


# --- Pay ------------------------------------------------------------------------------------------------------------


def pay(world: World, token: str, chosen: Sequence[tuple[str, int]]) -> Answer:
    """Makes (or goes on with) the attempt over the chosen payables at their open amounts of this moment.

    ``chosen``: (payable id, cents shown). Within 12 seconds: what takes longer goes on with the same attempt when the
    client presses again. Raises Refused when the link opens nothing.
    """
    deadline = world.now() + BUDGET
    link = _link(world, token)
    policy = policy_of(world, link.firm)
    reach = Reach(world, link.firm, policy.lanes, Floor.PERSON, deadline=deadline)
    ids = list(dict.fromkeys(id for id, _ in chosen))[: paying.PAYABLES_AT_MOST + 1]
    held = world.store.load_many([looking.payable_ref(link.firm, id) for id in ids])
    payables: list[Payable] = [states.decode(Kind.PAYABLE, h.body) for h in held if h.body]
    if not ids or len(payables) != len(ids) or any(p.client_id != link.client for p in payables):
        return Answer("refused", sentence="Choose what you want to pay.")
    try:
        going = _resume(world, reach, policy, payables, deadline)
        if going is not None:
            return going
        _read_again(world, reach, policy, ids)
        payment = _begin(world, policy, token, ids, dict(chosen))
        return _open(world, reach, policy, payment, deadline)
    except Refused as no:
        return Answer("refused", sentence=no.reason)
    except (Unavailable, Conflict):
        return Answer("refused", sentence=BUSY)
    except (Disconnected, Declined, Unreadable):
        return Answer("refused", sentence="This cannot be paid online right now. Please contact us.")


def _read_again(world: World, reach: Reach, policy: Policy, ids: Sequence[str]) -> None:
    """The open amount at this moment needs the owner's balance at this moment: one call for all bills."""
    held = {h.ref.id: h for h in world.store.load_many([looking.payable_ref(policy.firm.id, id) for id in ids])}
    shown = {i.id: i for i in reach.clio(lambda c, a: c.bills_by_id(a, list(ids))).items}
    for id in ids:
        item = shown.get(id)
        if not isinstance(item, BillReading):
            raise Refused("Please contact us about this bill; it cannot be paid online right now.")
        fact = looking.read_bill(reach, id, states.decode(Kind.PAYABLE, held[id].body), item)
        looking.bring_in(world, policy, held[id], fact)


def _begin(world: World, policy: Policy, token: str, ids: Sequence[str], shown: Mapping[str, int]) -> Payment:
    """Locks the payables for a new attempt. Raises Refused with what the client should know."""
    refs = [looking.payable_ref(policy.firm.id, id) for id in ids]
    first: Payable = states.decode(Kind.PAYABLE, world.store.load(refs[0]).body)
    account = connections(world, policy.firm.id).get(f"stripe-{first.pot}")
    if account is None or not account.takes_payments:
        raise Refused("This cannot be paid online. Please contact us.")
    ref = Ref(policy.firm.id, Kind.PAYMENT, f"p{world.secret(12)}".replace("-", "x").replace("_", "y"))
    fact = paying.AttemptAsked(ref.id, _code(ref.id), account.account, token, tuple(shown.items()))

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        both = paying.begin([before[r] for r in refs], fact, policy, now)
        by_ref: dict[Ref, Decision[Any]] = {ref: both.payment}
        by_ref.update({looking.payable_ref(policy.firm.id, id): d for id, d in both.payables.items()})
        return by_ref

    settled = settle(
        world, [ref, *refs], decide, fact="AttemptAsked", body={"code": fact.code}, policy=policy.version, by="client"
    )
    state: Payment = settled.states[ref]
    return state


def _code(id: str) -> str:
    """A short code for Clio's description, from the payment's unguessable id: FS- and six letters."""
    import hashlib

    number = int.from_bytes(hashlib.sha256(id.encode()).digest()[:8], "big")
    letters = ""
    for _ in range(6):
        number, at = divmod(number, len(CODE_LETTERS))
        letters += CODE_LETTERS[at]
    return f"FS-{letters}"


def _open(world: World, reach: Reach, policy: Policy, payment: Payment, deadline: datetime) -> Answer:
    """Makes the session of an attempt while there is time; otherwise the page says so and the same attempt goes on."""
    effect = _open_effect(world, payment)
    if effect is None or world.now() > deadline - ONE_CALL:
        return Answer("wait")
    try:
        payment = striping.open_session(world, reach, policy, effect)
    except (Unavailable, Conflict):
        return Answer("wait")
    if payment.phase is Phase.OPEN:
        return Answer("go", url=payment.url)
    return Answer("refused", sentence="The payment page could not be opened. Nothing was charged; please try again.")


def _open_effect(world: World, payment: Payment) -> Effect | None:
    from chalicelib.domain.effects import Do, key_of

    effect = world.store.effect(key_of(payment.firm, Do.OPEN_SESSION, f"{payment.id}/{payment.attempt}"))
    return effect if effect and effect.status == "owed" else None


def _resume(
    world: World, reach: Reach, policy: Policy, payables: Sequence[Payable], deadline: datetime
) -> Answer | None:
    """What an attempt under way means for this press of Pay; None when there is none (any more)."""
    attempts = {p.attempt.payment for p in payables if p.attempt}
    if not attempts:
        return None
    if any(p.attempt and p.attempt.on_its_way for p in payables):
        return Answer("refused", sentence="A bank debit for this is already on its way. Nothing more is needed.")
    for id in attempts:
        payment = _payment(world, policy.firm.id, id)
        if payment is None or payment.phase not in UNDER_WAY:
            continue
        same = {i.payable: i.cents for i in payment.items} == {p.id: p.open for p in payables}
        if payment.phase is Phase.CREATING:
            return _open(world, reach, policy, payment, deadline) if same else Answer("wait")
        if same and payment.expires_at and payment.expires_at > world.now() + timedelta(minutes=1):
            return Answer("go", url=payment.url)
        if answer := _make_way(world, reach, policy, payment):
            return answer
    return None


def _make_way(world: World, reach: Reach, policy: Policy, payment: Payment) -> Answer | None:
    """Another choice or amount: the old page is closed at Stripe before a new one may open, so only one can be paid."""
    from chalicelib.domain import effects

    effect = effects.expire_session(payment.firm, payment.account, payment.id, payment.session, world.now())
    world.store.arrive(effect)
    there = world.store.effect(effect.key)
    assert there is not None  # it has just come
    striping.expire_session(world, reach, policy, there)
    now = _payment(world, payment.firm, payment.id)
    if now is None or now.phase is Phase.EXPIRED:
        return None
    if now.phase is Phase.OPEN:
        return Answer("wait")
    return Answer("refused", sentence="This was just paid, thank you. Reload the page to see it.")
