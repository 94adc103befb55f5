"""Bills become QuickBooks invoices: numbers are looked up first, invoices linked, written, changed or voided."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import msgspec

from chalicelib.domain import billing, effects, invoicing, paylinks, posting, surplus
from chalicelib.domain import staying as domain_staying
from chalicelib.domain.firm import Policy, TaxAs
from chalicelib.domain.invoicing import LONGEST_NUMBER, Drawn
from chalicelib.domain.kernel import Effect, Finish, Json, Kind, Ref, Status
from chalicelib.domain.money import show
from chalicelib.domain.payable import Payable
from chalicelib.domain.readings import BillLine, BookedPayment, InvoiceReading
from chalicelib.domain.wanted import Void, WantedInvoice
from chalicelib.errors import Conflict
from chalicelib.flow import (
    clearing,
    leaving,
    noticing,
    pairing,
    relinking,
    rewriting,
    same_number,
    states,
    staying,
    subcustomers,
)
from chalicelib.flow.invoice_links import link, may_be, ref_of, settle_booked
from chalicelib.flow.ports import World
from chalicelib.flow.prepared import (
    FOR_A_PERSON,
    FOR_ITS_CUSTOMER,
    WITHOUT,
    Asked,
    Lately,
    Prepared,
    current,
    done,
    park,
    still_open,
)
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import settle
from chalicelib.flow.subcustomers import Place

MOST_LINES = 750


def prepare(world: World, reach: Reach, policy: Policy, batch: Sequence[Effect]) -> Prepared:
    out = Prepared()
    new: list[tuple[Effect, Payable]] = []
    old: list[tuple[Effect, Payable]] = []
    messages: list[tuple[Effect, Payable]] = []
    drawn: dict[str, Drawn] = {}
    open_ = still_open(world, policy, batch, ref_of, _superseded, out)
    for e, state in staying.left(world, reach, policy, open_, out):
        if state.gone and state.booked and (state.received or state.disputed):
            out.settled += _gone_with_money(world, policy, e, state, old)
        elif e.body.get(paylinks.RELINKED):
            messages.append((e, state))
        elif reason := _unwritable(world, policy, state, drawn):
            park(world, e, *reason)
            out.settled += 1
        else:
            (old if state.booked else new).append((e, state))
    customers = customer_ids(world, policy, [p for _, p in (*new, *old)])
    places = subcustomers.places(world, reach, policy, [p for _, p in (*new, *old) if not p.gone], customers)
    if new:
        _new_invoices(world, reach, policy, new, places, drawn, out)
    asked = [(e, p) for e, p in old if not p.gone and isinstance(places[p.id].waits, Asked)]  # a person, not QuickBooks
    out.blocked += [(e, places[p.id].waits) for e, p in asked]
    if read := [step for step in old if step not in asked]:
        _old_invoices(world, reach, policy, read, places, drawn, out)
    whole = {p.id for _, p in old}
    out.blocked += [(e, relinking.WRITTEN) for e, p in messages if p.id in whole]
    if messages := [(e, p) for e, p in messages if p.id not in whole]:
        relinking.prepare(world, reach, policy, messages, out)
    return out


def _placed(world: World, e: Effect, p: Payable, place: Place, out: Prepared) -> bool:
    """Whether it is known whose the invoice is; else it waits."""
    if not place.customer:
        out.blocked.append((e, place.waits or _waits_for_customer(world, p)))
        return False
    return True


def _superseded(state: Payable, e: Effect) -> bool:
    """Done when QuickBooks shows it already, when a newer revision is owed, or when there is nothing to write."""
    if int(e.body["revision"]) != state.revision or e.body.get(paylinks.RELINKED, state.relinked) != state.relinked:
        return True
    if e.body.get(paylinks.RELINKED):  # it says nothing of what the books show
        return state.booked is None
    if state.booked is None:  # after a purge the invoice that was ours may stand there still
        return state.stays or (state.gone and state.generation == 1)
    return state.booked.revision >= state.revision or (state.gone and state.booked.voided)


def _gone_with_money(world: World, policy: Policy, e: Effect, state: Payable, old: list[tuple[Effect, Payable]]) -> int:
    """The bill is gone and we hold money for it: the invoice stands until a person has decided. Gives 1 where it is
    settled or parked; a void goes on with ``old``."""
    if e.body.get("choice") == "void":
        old.append((e, state))
        return 0
    if e.body.get("choice") == "keep":
        ref = ref_of(e)
        settle(
            world,
            [ref],
            lambda before, _now: {ref: domain_staying.kept(before[ref])},
            fact="InvoiceKept",
            policy=policy.version,
            finish=[Finish(e.key)],
        )
        return 1
    amount = show(state.received, state.currency)
    what = f"{amount} was received on it."
    if not state.received:  # it may come back
        amount, what = "the money", "the client's bank has not decided yet about the money that was received on it."
    park(
        world,
        e,
        f"The bill was removed in Clio, and {what}",
        f"Decide what becomes of the invoice. Voided: its total becomes zero, and {amount} stays in QuickBooks as "
        "unapplied credit of the client. Kept: invoice and payment stay as they are. Then return the money in Stripe, "
        f"or record it in Clio where it belongs ({surplus.ENTERED_ANEW}).",
        choices=(("void", f"Void it; {amount} stays unapplied"), ("keep", "Keep the invoice")),
    )
    return 1


def _unwritable(world: World, policy: Policy, state: Payable, drawn: dict[str, Drawn]) -> tuple[str, str] | None:
    """What keeps this bill from being an invoice, and what to do; None when nothing does: then what the invoice shall
    hold is laid into ``drawn``."""
    if state.gone:
        return None
    if len(state.number) > LONGEST_NUMBER:
        return (
            f"The number {state.number} is longer than the {LONGEST_NUMBER} characters QuickBooks allows.",
            "Shorten the bill's number in Clio, then press Retry.",
        )
    paper = drawn[state.id] = invoicing.draw(state, lines_of(world, state), policy.firm)
    if (lines := len(paper.lines) + bool(paper.discount)) > MOST_LINES:
        return (
            f"The invoice would have {lines} lines; QuickBooks takes at most {MOST_LINES}.",
            "Under Settings, “Invoices in QuickBooks”, choose “One line for services, one for expenses”, or combine "
            "entries on the bill in Clio; then press Retry.",
        )
    if paper.total != state.asks:
        return (
            f"The bill's lines come to {show(paper.total, state.currency)}, but Clio asks for "
            f"{show(state.asks, state.currency)}.",
            "Compare the bill's lines, tax and discount in Clio, then press Retry.",
        )
    return None


def lines_of(world: World, state: Payable) -> list[BillLine]:
    """The lines as last read; a document that a commit named is always there."""
    raw = world.store.document(state.lines)
    return msgspec.convert(json.loads(raw or b"[]"), list[BillLine])


def customer_ids(world: World, policy: Policy, payables: Sequence[Payable]) -> dict[str, str]:
    refs = [Ref(p.firm, Kind.CONTACT, p.client_id) for p in payables]
    return {ref.id: c.usable for ref, c in current(world, policy, refs).items()}


def _waits_for_customer(world: World, p: Payable) -> str:
    """Why there is no customer yet: it is being made, or a person has to say something about it first."""
    client = states.decode(Kind.CONTACT, world.store.load(Ref(p.firm, Kind.CONTACT, p.client_id)).body)
    if client and client.without:
        return WITHOUT
    name = f"{p.client_id}/{client.revision}" if client else ""
    step = world.store.effect(effects.key_of(p.firm, effects.Do.CUSTOMER, name))
    return FOR_A_PERSON if step and step.status is Status.PARKED else FOR_ITS_CUSTOMER


def _new_invoices(
    world: World,
    reach: Reach,
    policy: Policy,
    new: Sequence[tuple[Effect, Payable]],
    places: Mapping[str, Place],
    drawn: Mapping[str, Drawn],
    out: Prepared,
) -> None:
    """Numbers are looked up before anything is created (issue: looked up in QuickBooks before creating)."""
    ready = [(e, state) for e, state in new if state.gone or _placed(world, e, state, places[state.id], out)]
    if not ready:
        return
    found = may_be(reach, [s for _, s in ready])
    on_them = dict.fromkeys(id for of in found.values() for i in of for id in i.payments)
    booked = leaving.booked_payments(reach, list(on_them))
    claimed: set[str] = set()
    holds = same_number.holds(world, policy, [s for _, s in ready])
    for e, state in ready:
        if same_number.held(world, policy, e, state, holds.get(state.id)):
            out.settled += 1
            continue
        there = [i for i in found[state.id] if not i.voided]
        if state.gone:  # ours of an earlier generation is linked, and then voided as any other
            there = [i for i in there if posting.bears(i.note, _marker(state))]
        listed = same_number.listed_of(world, policy, e, state.id) if there else {}
        if there := [i for i in there if i.number == state.number or i.id not in listed.get("left", ())]:
            if _meet(world, reach, policy, e, state, there, booked, places.get(state.id, Place()), listed):
                out.settled += 1
            else:
                out.blocked.append((e, "The payments that Clio shows on it are being read."))
        elif state.gone:
            done(world, e)
            out.settled += 1
        elif state.number in claimed:
            park(world, e, *same_number.two_bills(state.number))
            out.settled += 1
        else:
            claimed.add(state.number)
            out.write.append((e, _wanted(world, policy, state, drawn[state.id], places[state.id].customer, None)))


def _meet(
    world: World,
    reach: Reach,
    policy: Policy,
    e: Effect,
    state: Payable,
    there: Sequence[InvoiceReading],
    booked: Sequence[BookedPayment],
    place: Place,
    listed: Json,
) -> bool:
    """The number is in QuickBooks already: ours after a lost answer, one to link, or somebody else's. ``booked``: the
    payments on all that are there. False where those on this one cannot be compared yet."""
    left = [i for i in there if i.id in listed.get("left", ())]
    invoice = same_number.which(state, [i for i in there if i not in left], place, listed)
    if invoice is None and state.gone:  # what a person said is another invoice is not voided with this bill
        done(world, e)
        return True
    if invoice is None:
        was = next((i for i in there if i.id == listed.get("invoice")), None)
        if was:
            same_number.park_changed(world, e, state, was, int(listed.get("cents", state.asks)))
        else:
            same_number.park_number(
                world, e, state, (left or there)[0], left=bool(left), may=same_number.which(state, there, place, {})
            )
        return True
    lies_on = bool(invoice.payments) and not state.gone  # one that is voided next is nobody's to compare
    if lies_on and clearing.coming(world, policy, state, pairing.payments_of(world, policy, [state])):
        return False
    on_it = [x for x in booked if x.id in invoice.payments] if lies_on else []
    compared = pairing.compare(world, reach, policy, state, invoice, on_it)
    ours = posting.bears(invoice.note, _marker(state))  # it may show an older revision: written anew
    fact = billing.InvoiceBooked(
        invoice.id,
        policy.lanes.book,
        state.revision if same_number.alike(state, invoice, place) and not ours else 0,
        invoice.total,
        adopted=not ours,
        waits=bool(compared.words),
        unmatched=compared.words,
        left=compared.left,
        generation=policy.firm.generation,
        customer=invoice.customer_id,
        matter=subcustomers.matter_of(world, policy, state, invoice.customer_id),
    )
    finish = Finish(e.key) if fact.revision else None  # what a person linked gets Clio's figures next
    try:
        settle_booked(world, policy, e, fact, finish)
    except Conflict:
        park(
            world,
            e,
            f"The QuickBooks invoice {state.number} is already linked to another bill.",
            "Renumber this bill in Clio, then press Retry.",
        )
    else:
        if compared.told:
            pairing.kept_as_told(world, policy, state.id, compared.told)
    return True


def _old_invoices(
    world: World,
    reach: Reach,
    policy: Policy,
    old: Sequence[tuple[Effect, Payable]],
    places: Mapping[str, Place],
    drawn: Mapping[str, Drawn],
    out: Prepared,
) -> None:
    """Changes and voids need the present SyncToken, so the invoices are read first."""
    ids = [p.booked.id for _, p in old if p.booked]
    found = {i.id: i for i in reach.quickbooks(lambda q, a: q.invoices_by_id(a, ids))}
    again: list[rewriting.Again] = []
    for e, state in old:
        assert state.booked is not None
        there = found.get(state.booked.id)
        if noticing.invoice_stopped(world, reach, policy, e, state, there):
            out.settled += 1
        elif there is None:
            out.blocked.append((e, relinking.NOT_SHOWN))
        elif state.gone and there.voided:
            link(world, policy, e, there.id, there.total, there.customer_id, Finish(e.key))
            out.settled += 1
        elif state.gone:
            out.write.append((e, Void("Invoice", there.id, there.sync_token)))
        elif _placed(world, e, state, places[state.id], out):
            again.append((e, state, there))
    for e, state, shown, customer in rewriting.writable(world, reach, again, places, out):
        out.write.append((e, _wanted(world, policy, state, drawn[state.id], customer, shown)))


def _marker(state: Payable) -> str:
    return posting.marker(state.firm, "bill", state.id)


def _wanted(
    world: World, policy: Policy, state: Payable, drawn: Drawn, customer: str, there: InvoiceReading | None
) -> WantedInvoice:
    how, accounts = policy.firm.invoicing, policy.firm.accounts
    return WantedInvoice(
        number=state.number,
        customer=customer,
        on=state.issued_on,
        due_on=state.due_on,
        undated=bool(there and state.due_was and there.due_on == state.due_was),
        lines=drawn.lines,
        discount=drawn.discount,
        discount_account=accounts.discount,
        note=invoicing.note(state, _marker(state)),
        currency=state.currency,
        email=invoicing.email(state),
        existing=(there.id, there.sync_token) if there else None,
        tax=drawn.tax if how.tax is TaxAs.QUICKBOOKS else None,
        tax_code=how.tax_code,
        message=relinking.message(world, policy, state, there),
    )


def find(
    world: World,
    reach: Reach,
    policy: Policy,
    effect: Effect,
    finish: Finish,
    lately: Lately,
) -> bool:
    """Whether a lost answer's invoice is there, by the number it was sent with, or, where QuickBooks gave it a number
    of its own, as custom numbers were switched off meanwhile, by our mark among those changed ``lately``; settled
    then."""
    state: Payable = states.decode(Kind.PAYABLE, world.store.load(ref_of(effect)).body)
    if state.booked is not None:  # a change or a void: writing it again under the present SyncToken does no harm
        return False
    number = str(effect.body["number"])
    found = reach.quickbooks(lambda q, a: q.invoices_numbered(a, [number]))
    mine = _ours(state, found) or _ours(state, lately("Invoice").invoices)
    if mine:
        link(world, policy, effect, mine.id, mine.total, mine.customer_id, finish, mine.number)
    return mine is not None


def _ours(state: Payable, found: Sequence[InvoiceReading]) -> InvoiceReading | None:
    return next((i for i in found if posting.bears(i.note, _marker(state)) and not i.voided), None)
