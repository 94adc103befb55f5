"""One booker for each thing QuickBooks shows: customer, invoice, payment. Each looks up, wants, settles, explains."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from chalicelib.domain import billing, contact, effects, posting
from chalicelib.domain.contact import Contact
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Accounts, Policy
from chalicelib.domain.kernel import Call, Decision, Effect, Finish, Kind, Ref
from chalicelib.domain.money import show
from chalicelib.domain.payable import Payable, Standing
from chalicelib.domain.payment import Payment
from chalicelib.domain.readings import BillLine, BookedPayment, InvoiceReading, Wrote
from chalicelib.domain.wanted import Void, Wanted, WantedCustomer, WantedInvoice, WantedLine, WantedPayment
from chalicelib.errors import Conflict
from chalicelib.flow import states
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import settle

LONGEST_NUMBER = 21  # reference/quickbooks.md 3.2
MOST_LINES = 750


@dataclass
class Prepared:
    """What a batch of effects came to: to write now, to wait for something else, or settled already."""

    write: list[tuple[Effect, Wanted]] = field(default_factory=list)
    blocked: list[tuple[Effect, str]] = field(default_factory=list)
    settled: int = 0


def prepare(world: World, reach: Reach, policy: Policy, kind: str, batch: Sequence[Effect]) -> Prepared:
    match kind:
        case Do.CUSTOMER:
            return _customers(world, reach, policy, batch)
        case Do.INVOICE:
            return _invoices(world, reach, policy, batch)
        case _:
            return _payments(world, reach, policy, batch)


def wrote(world: World, policy: Policy, effect: Effect, call: Call | None, answer: Wrote) -> None:
    """QuickBooks wrote it: in one commit its aggregate hears of it and the effect is done, while it is in this call."""
    finish = Finish(effect.key, call=call.id if call else None)
    match effect.kind:
        case Do.CUSTOMER:
            _link_customer(world, policy, effect, answer.id, finish)
        case Do.INVOICE:
            _link_invoice(world, policy, effect, answer.id, answer.total, finish)
        case _:
            _link_payment(world, policy, effect, answer.id, finish)


def done(world: World, effect: Effect, fact: str = "NothingToDo") -> None:
    settle(world, [], lambda _s, _n: {}, fact=fact, finish=[Finish(effect.key)])


def park(
    world: World, effect: Effect, reason: str, remedy: str, detail: str = "", choices: Sequence[tuple[str, str]] = ()
) -> None:
    """Shows the step to a person, with its cause, its remedy and what they may choose."""
    body = {"choices": [list(c) for c in choices]}
    world.store.park(effect.key, reason=reason, remedy=remedy, detail=detail, body=body)


REASONS: dict[str, tuple[str, str]] = {
    "6140": (
        "The number is already used in QuickBooks, perhaps by another kind of document.",
        "Renumber the bill in Clio or the other document in QuickBooks, then press Retry.",
    ),
    "6210": (
        "The books are closed for this date in QuickBooks.",
        "Ask the bookkeeper to open the period, or change the date in Clio; then press Retry.",
    ),
    "6200": ("The books are closed for this date in QuickBooks.", "Open the period in QuickBooks, then press Retry."),
    "6540": ("The payment is already on a deposit in QuickBooks.", "Take it off the deposit, then press Retry."),
    "6240": (
        "The name is already used in QuickBooks by a customer, vendor or employee.",
        "Rename one of the two, then press Retry.",
    ),
    "610": (
        "Something this needs in QuickBooks was deleted or made inactive.",
        "Make it active again in QuickBooks, or choose another account under Settings; then press Retry.",
    ),
    "620": (
        "In QuickBooks the invoice belongs to another customer than the payment.",
        "Compare the customer of the invoice in QuickBooks with the client in Clio, then press Retry.",
    ),
    "2210": ("QuickBooks does not accept the client's e-mail address.", "Correct it in Clio, then press Retry."),
    "6190": ("The QuickBooks subscription has ended: the company is read only.", "Renew it, then press Retry."),
}


def refused(world: World, effect: Effect, code: str, message: str, detail: str) -> None:
    """QuickBooks said no, and asking again would not change that."""
    reason, remedy = REASONS.get(
        code, (f"QuickBooks refused this: {message}", "Correct the cause in QuickBooks or Clio, then press Retry.")
    )
    world.store.park(effect.key, reason=reason, remedy=remedy, detail=f"{code}: {detail or message}")


# --- customers ------------------------------------------------------------------------------------------------------


def _contact_ref(effect: Effect) -> Ref:
    return Ref(effect.firm, Kind.CONTACT, str(effect.body["contact"]))


def _customers(world: World, reach: Reach, policy: Policy, batch: Sequence[Effect]) -> Prepared:
    out = Prepared()
    held = {h.ref: h for h in world.store.load_many([_contact_ref(e) for e in batch])}
    open_: list[tuple[Effect, Contact]] = []
    for e in batch:
        state: Contact = states.decode(Kind.CONTACT, held[_contact_ref(e)].body)
        if state.customer or state.revision != int(e.body["revision"]):
            done(world, e)
            out.settled += 1
        else:
            open_.append((e, state))
    names = [contact.name_for(c) for _, c in open_ if not c.choice.startswith("link:")]
    askable = [n for n in dict.fromkeys(names) if not any(x in n for x in contact.FORBIDDEN)]
    found = reach.quickbooks(lambda q, a: q.customers_named(a, askable)) if askable else []
    free = [n for n in askable if not any(f.name == n for f in found)]
    taken = reach.quickbooks(lambda q, a: q.names_taken(a, free)) if free else {}
    claimed: set[str] = set()
    for e, state in open_:
        name = contact.name_for(state)
        same = [f for f in found if f.name.removesuffix(" (deleted)") == name]
        mine = next((f for f in same if f.note == _note(state)), None)
        match_ = contact.match(state, same, taken.get(name, ""))
        if mine is not None:
            match_ = contact.Match("link", customer=mine.id, name=name)
        if match_.do == "create" and name in claimed:
            match_ = contact.match(state, [_twin(name)], "")
        out.settled += _customer_step(world, policy, e, state, match_, out)
        claimed.add(name)
    return out


def _twin(name: str) -> Any:
    """Another client of the same name is being created at this moment: this one waits for a person."""
    from chalicelib.domain.readings import CustomerReading

    return CustomerReading("", "", name, "another client of this firm", active=True)


def _customer_step(
    world: World, policy: Policy, e: Effect, state: Contact, match_: contact.Match, out: Prepared
) -> int:
    if match_.do == "link":
        try:
            _link_customer(world, policy, e, match_.customer, Finish(e.key), match_.name)
        except Conflict:
            park(
                world,
                e,
                "This QuickBooks customer is already linked to another client.",
                "Create another customer with a suffix, or correct the name in Clio.",
                choices=(("suffix", "Create with a suffix"),),
            )
        return 1
    if match_.do == "park":
        choices = [c for c in match_.choices if c[0] != "link:"]
        park(world, e, match_.reason, match_.remedy, choices=choices)
        return 1
    out.write.append((e, WantedCustomer(match_.name, state.email, _note(state), state.company)))
    return 0


def _note(state: Contact) -> str:
    return posting.marker(state.firm, "client", state.id)


def _link_customer(
    world: World, policy: Policy, effect: Effect, id: str, finish: Finish, name: str | None = None
) -> None:
    ref = _contact_ref(effect)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        state: Contact = before[ref]
        fact = contact.CustomerLinked(id, policy.lanes.realm, name or contact.name_for(state))
        return {ref: contact.decide(state, fact, policy, now)}

    settle(world, [ref], decide, fact="CustomerLinked", body={"id": id}, policy=policy.version, finish=[finish])


# --- invoices -------------------------------------------------------------------------------------------------------


def _payable_ref(effect: Effect) -> Ref:
    return Ref(effect.firm, Kind.PAYABLE, str(effect.body["payable"]))


def _invoices(world: World, reach: Reach, policy: Policy, batch: Sequence[Effect]) -> Prepared:
    out = Prepared()
    held = {h.ref: h for h in world.store.load_many([_payable_ref(e) for e in batch])}
    new: list[tuple[Effect, Payable]] = []
    old: list[tuple[Effect, Payable]] = []
    for e in batch:
        state: Payable = states.decode(Kind.PAYABLE, held[_payable_ref(e)].body)
        if _superseded(state, e):
            done(world, e)
            out.settled += 1
        elif reason := _unwritable(world, state):
            park(world, e, *reason)
            out.settled += 1
        else:
            (old if state.booked else new).append((e, state))
    customers = _customer_ids(world, [p for _, p in (*new, *old)])
    if new:
        _new_invoices(world, reach, policy, new, customers, out)
    if old:
        _old_invoices(world, reach, policy, old, customers, out)
    return out


def _superseded(state: Payable, e: Effect) -> bool:
    """Done when QuickBooks shows it already, when a newer revision is owed, or when there is nothing to write."""
    if int(e.body["revision"]) != state.revision:
        return True
    if state.booked is None:
        return state.gone
    return state.booked.revision >= state.revision or (state.gone and state.booked.voided)


def _unwritable(world: World, state: Payable) -> tuple[str, str] | None:
    """What keeps this bill from being an invoice, and what to do; None when nothing does."""
    if len(state.number) > LONGEST_NUMBER:
        return (
            f"The number {state.number} is longer than the {LONGEST_NUMBER} characters QuickBooks allows.",
            "Shorten the bill's number in Clio, then press Retry.",
        )
    if state.gone:
        if state.shares or any(k.standing is Standing.OWN for k in state.receipts):
            return (
                "The bill was removed in Clio, and money was received on it.",
                "Decide where the money belongs, void the invoice in QuickBooks, then press Done.",
            )
        return None
    lines = lines_of(world, state)
    if len(lines) > MOST_LINES:
        return (
            f"The bill has {len(lines)} lines; QuickBooks takes at most {MOST_LINES}.",
            "Combine entries on the bill in Clio, then press Retry.",
        )
    asked = sum(line.net for line in lines) + state.tax + state.interest - state.discount
    if asked != state.asks:
        return (
            f"The bill's lines come to {show(asked, state.currency)}, but Clio asks for "
            f"{show(state.asks, state.currency)}.",
            "Compare the bill's lines, tax and discount in Clio, then press Retry.",
        )
    return None


def lines_of(world: World, state: Payable) -> list[BillLine]:
    """The lines as last read; a document that a commit named is always there."""
    raw = world.store.document(state.lines)
    return msgspec.convert(json.loads(raw or b"[]"), list[BillLine])


def _customer_ids(world: World, payables: Sequence[Payable]) -> dict[str, str]:
    refs = [Ref(p.firm, Kind.CONTACT, p.client_id) for p in payables]
    held = world.store.load_many(list(dict.fromkeys(refs)))
    return {h.ref.id: states.decode(Kind.CONTACT, h.body).customer for h in held if h.body}


def _new_invoices(
    world: World,
    reach: Reach,
    policy: Policy,
    new: Sequence[tuple[Effect, Payable]],
    customers: Mapping[str, str],
    out: Prepared,
) -> None:
    """Numbers are looked up before anything is created (issue: looked up in QuickBooks before creating)."""
    ready = []
    for e, state in new:
        if customers.get(state.client_id):
            ready.append((e, state))
        else:
            out.blocked.append((e, "It waits for its client's customer in QuickBooks."))
    if not ready:
        return
    numbers = list(dict.fromkeys(s.number for _, s in ready))
    found = reach.quickbooks(lambda q, a: q.invoices_numbered(a, numbers))
    claimed: set[str] = set()
    for e, state in ready:
        there = [i for i in found if i.number == state.number and not i.voided]
        customer = customers[state.client_id]
        if there:
            _meet(world, reach, policy, e, state, there, customer)
            out.settled += 1
        elif state.number in claimed:
            park(
                world,
                e,
                f"Another bill in Clio has the number {state.number} too.",
                "Renumber one of them, then Retry.",
            )
            out.settled += 1
        else:
            claimed.add(state.number)
            out.write.append((e, _wanted(world, policy.firm.accounts, state, customer, None)))


def _meet(
    world: World,
    reach: Reach,
    policy: Policy,
    e: Effect,
    state: Payable,
    there: Sequence[InvoiceReading],
    customer: str,
) -> None:
    """The number is in QuickBooks already: ours after a lost answer, one to link, or somebody else's."""
    mine = next((i for i in there if _marker(state) in i.note), None)
    same = [i for i in there if i.customer_id == customer and i.total == state.asks]
    invoice = mine or (same[0] if len(same) == 1 else None)
    if invoice is None:
        other = there[0]
        park(
            world,
            e,
            f"QuickBooks already has an invoice numbered {state.number}: {show(other.total, state.currency)}, "
            "of another customer or amount.",
            "Renumber the bill in Clio or that invoice in QuickBooks, then press Retry.",
            detail=f"QuickBooks invoice {other.id}",
        )
        return
    waits = False if mine else _payments_wait(world, reach, state, invoice)
    fact = billing.InvoiceBooked(
        invoice.id, policy.lanes.realm, state.revision, invoice.total, adopted=mine is None, waits=waits
    )
    try:
        _settle_invoice(world, policy, e, fact, Finish(e.key))
    except Conflict:
        park(
            world,
            e,
            f"The QuickBooks invoice {state.number} is already linked to another bill.",
            "Renumber this bill in Clio, then press Retry.",
        )


def _payments_wait(world: World, reach: Reach, state: Payable, invoice: InvoiceReading) -> bool:
    """Whether payments on a linked invoice still have to be matched to Clio's by a person.

    One with the same amount and day as exactly one of Clio's, and no other, is the same; it is taken as posted.
    """
    if not invoice.payments:
        return False
    booked = reach.quickbooks(lambda q, a: q.payments_by_id(a, list(invoice.payments)))
    theirs = [(p, cents) for p in booked for id, cents in p.lines if id == invoice.id and not p.voided]
    ours = [k for k in state.receipts if k.kind == "payment"]
    pairs = [(p, k) for p, cents in theirs for k in ours if (cents, p.on) == (k.cents, k.on)]
    clear = len(pairs) == len(theirs) == len(ours) == len({k.id for _, k in pairs}) == len({p.id for p, _ in pairs})
    if clear:
        for p, k in pairs:
            _already_posted(world, state, k.group, p)
        return False
    amounts = ", ".join(show(c, state.currency) for _, c in theirs)
    world.store.arrive(
        effects.task(
            state.firm,
            f"payments/{state.id}",
            f"payable/{state.id}",
            world.now(),
            title=f"Invoice {state.number}: payments in QuickBooks",
            reason=f"The linked invoice has payments in QuickBooks ({amounts}) that do not match Clio's one to one.",
            remedy="Compare them with Clio's and correct either side. Press Done when both show the same; until then "
            "nothing is posted on this invoice.",
            body={"payable": state.id, "release": True},
        )
    )
    return True


def _already_posted(world: World, state: Payable, group: str, booked: BookedPayment) -> None:
    """The Clio payment stands in QuickBooks already: when it comes to be posted, it is known."""
    world.store.put_record(f"posted/{state.firm}", f"clio-{group}", {"id": booked.id, "cents": booked.total})


def _old_invoices(
    world: World,
    reach: Reach,
    policy: Policy,
    old: Sequence[tuple[Effect, Payable]],
    customers: Mapping[str, str],
    out: Prepared,
) -> None:
    """Changes and voids need the present SyncToken, so the invoices are read first."""
    ids = [p.booked.id for _, p in old if p.booked]
    found = {i.id: i for i in reach.quickbooks(lambda q, a: q.invoices_by_id(a, ids))}
    for e, state in old:
        assert state.booked is not None
        there = found.get(state.booked.id)
        if there is None:
            park(
                world,
                e,
                f"Invoice {state.number} was deleted in QuickBooks.",
                "Nothing is re-created silently. Restore it there, or press Done to accept the deletion.",
            )
            out.settled += 1
        elif state.gone:
            out.write.append((e, Void("Invoice", there.id, there.sync_token)))
        else:
            customer = customers.get(state.client_id) or there.customer_id
            existing = (there.id, there.sync_token)
            out.write.append((e, _wanted(world, policy.firm.accounts, state, customer, existing)))


def _marker(state: Payable) -> str:
    return posting.marker(state.firm, "bill", state.id)


def _wanted(
    world: World, accounts: Accounts, state: Payable, customer: str, existing: tuple[str, str] | None
) -> WantedInvoice:
    lines = [
        WantedLine(line.text, line.net, accounts.expenses if line.kind == "expense" else accounts.services, line.on)
        for line in lines_of(world, state)
    ]
    if state.tax:
        lines.append(WantedLine("Tax", state.tax, accounts.tax or accounts.services))
    if state.interest:
        lines.append(WantedLine("Interest", state.interest, accounts.interest or accounts.services))
    if not lines:
        lines.append(WantedLine(f"Bill {state.number}", state.asks + state.discount, accounts.services))
    return WantedInvoice(
        number=state.number,
        customer=customer,
        on=state.issued_on,
        due_on=state.due_on,
        lines=tuple(lines),
        discount=state.discount,
        discount_account=accounts.discount,
        note=_marker(state),
        currency=state.currency,
        email=state.client_email,
        existing=existing,
    )


def _link_invoice(world: World, policy: Policy, effect: Effect, id: str, total: int, finish: Finish) -> None:
    state: Payable = states.decode(Kind.PAYABLE, world.store.load(_payable_ref(effect)).body)
    fact = billing.InvoiceBooked(
        id, policy.lanes.realm, int(effect.body["revision"]), total, voided=state.gone and state.booked is not None
    )
    _settle_invoice(world, policy, effect, fact, finish)


def _settle_invoice(world: World, policy: Policy, effect: Effect, fact: billing.InvoiceBooked, finish: Finish) -> None:
    ref = _payable_ref(effect)

    def decide(before: Mapping[Ref, Any], now: datetime) -> dict[Ref, Decision[Any]]:
        return {ref: billing.booked(before[ref], fact, now)}

    settle(world, [ref], decide, fact="InvoiceBooked", body=fact, policy=policy.version, finish=[finish])


# --- payments -------------------------------------------------------------------------------------------------------


def _payment_ref(effect: Effect) -> Ref:
    return Ref(effect.firm, Kind.PAYMENT, str(effect.body["payment"]))


def _payments(world: World, reach: Reach, policy: Policy, batch: Sequence[Effect]) -> Prepared:
    out = Prepared()
    held = {h.ref: h for h in world.store.load_many([_payment_ref(e) for e in batch])}
    for e in batch:
        state: Payment = states.decode(Kind.PAYMENT, held[_payment_ref(e)].body)
        if (
            int(e.body["revision"]) != state.wanted
            or posting.is_current(state)
            or (not posting.should_stand(state) and (state.posted is None or state.posted.voided))
        ):
            done(world, e)
            out.settled += 1
        else:
            out.settled += _payment_step(world, reach, policy, e, state, out)
    return out


def _payment_step(world: World, reach: Reach, policy: Policy, e: Effect, state: Payment, out: Prepared) -> int:
    known = world.store.record(f"posted/{e.firm}", state.id)
    if known and state.posted is None:
        _link_payment(world, policy, e, str(known[1]["id"]), Finish(e.key))
        return 1
    existing: tuple[str, str] | None = None
    if state.posted and not state.posted.voided:
        there = reach.quickbooks(lambda q, a: q.payments_by_id(a, [state.posted.id if state.posted else ""]))
        if not there:
            park(
                world, e, "The payment was deleted in QuickBooks.", "Enter it there again, or press Done to accept it."
            )
            return 1
        existing = (there[0].id, there[0].sync_token)
        if not posting.should_stand(state):
            out.write.append((e, Void("Payment", *existing)))
            return 0
    lines, customer, cause = _invoice_lines(world, state)
    if cause:
        out.blocked.append((e, cause))
        return 0
    reference = (state.code or f"Clio {state.group}")[:21]
    out.write.append(
        (
            e,
            WantedPayment(
                customer=customer,
                on=state.settled_on or policy.firm.today(world.now()),
                cents=state.total,
                lines=lines,
                account=policy.firm.accounts.clearing,
                reference=reference,
                note=posting.marker(state.firm, "payment", state.id),
                currency=state.currency,
                existing=existing,
            ),
        )
    )
    return 0


def _invoice_lines(world: World, state: Payment) -> tuple[tuple[tuple[str, int], ...], str, str]:
    """The QuickBooks invoices it pays and their customer, or why it still has to wait."""
    refs = [Ref(state.firm, Kind.PAYABLE, i.payable) for i in state.items]
    payables: list[Payable] = [states.decode(Kind.PAYABLE, h.body) for h in world.store.load_many(refs)]
    for p in payables:
        if p.booked is None or p.booked.voided:
            return (), "", f"It waits for invoice {p.number} in QuickBooks."
        if p.booked.waits:
            return (), "", f"It waits for your word on the payments of invoice {p.number} in QuickBooks."
    customers = _customer_ids(world, payables)
    customer = customers.get(payables[0].client_id, "")
    if not customer:
        return (), "", "It waits for its client's customer in QuickBooks."
    booked = {p.id: p.booked.id for p in payables if p.booked}
    return tuple((booked[i.payable], i.cents) for i in state.items), customer, ""


def _link_payment(world: World, policy: Policy, effect: Effect, id: str, finish: Finish) -> None:
    ref = _payment_ref(effect)

    def decide(before: Mapping[Ref, Any], _now: datetime) -> dict[Ref, Decision[Any]]:
        state: Payment = before[ref]
        fact = posting.PaymentPosted(
            id,
            policy.lanes.realm,
            int(effect.body["revision"]),
            state.total,
            voided=not posting.should_stand(state),
        )
        return {ref: posting.posted(state, fact)}

    settle(world, [ref], decide, fact="PaymentPosted", body={"id": id}, policy=policy.version, finish=[finish])


# --- after a lost answer --------------------------------------------------------------------------------------------


def look_up(world: World, reach: Reach, policy: Policy, effect: Effect, call: Call) -> bool:
    """Looks a member up by name, number, or customer and date. Gives whether it is there, and settles it then."""
    finish = Finish(effect.key, call=call.id)
    match effect.kind:
        case Do.CUSTOMER:
            return _find_customer(world, reach, policy, effect, finish)
        case Do.INVOICE:
            return _find_invoice(world, reach, policy, effect, finish)
        case _:
            return _find_payment(world, reach, policy, effect, finish)


def _find_customer(world: World, reach: Reach, policy: Policy, effect: Effect, finish: Finish) -> bool:
    state: Contact = states.decode(Kind.CONTACT, world.store.load(_contact_ref(effect)).body)
    name = contact.name_for(state)
    found = reach.quickbooks(lambda q, a: q.customers_named(a, [name]))
    mine = next((f for f in found if f.note == _note(state)), None)
    if mine:
        _link_customer(world, policy, effect, mine.id, finish, name)
    return mine is not None


def _find_invoice(world: World, reach: Reach, policy: Policy, effect: Effect, finish: Finish) -> bool:
    state: Payable = states.decode(Kind.PAYABLE, world.store.load(_payable_ref(effect)).body)
    if state.booked is not None:  # a change or a void: writing it again under the present SyncToken does no harm
        return False
    found = reach.quickbooks(lambda q, a: q.invoices_numbered(a, [state.number]))
    mine = next((i for i in found if _marker(state) in i.note), None)
    if mine:
        _link_invoice(world, policy, effect, mine.id, mine.total, finish)
    return mine is not None


def _find_payment(world: World, reach: Reach, policy: Policy, effect: Effect, finish: Finish) -> bool:
    state: Payment = states.decode(Kind.PAYMENT, world.store.load(_payment_ref(effect)).body)
    if state.posted is not None:
        return False
    _, customer, cause = _invoice_lines(world, state)
    if cause:
        return False
    on = state.settled_on or policy.firm.today(world.now())
    found = reach.quickbooks(lambda q, a: q.payments_on(a, customer, on))
    mark = posting.marker(state.firm, "payment", state.id)
    mine = next((p for p in found if mark in p.note), None)
    if mine:
        _link_payment(world, policy, effect, mine.id, finish)
    return mine is not None
