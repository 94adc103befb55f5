"""A firm in the middle of its month, for the pages to show: open, reminded, paid, on its way, waiting for a person."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import quote

from chalicelib.domain.kernel import Kind, Ref
from chalicelib.domain.pairing import Answer
from chalicelib.domain.payable import Payable
from chalicelib.domain.statement import Outstanding
from chalicelib.flow import (
    checkout,
    collecting,
    contacts,
    links,
    pairing,
    pairing_views,
    reconciling,
    resync,
    retrying,
    states,
    trust_check,
    trust_report,
    trust_setup,
    trust_views,
)
from chalicelib.flow.settle import policy_of
from chalicelib.flow.views import invoices
from tests.web.visit import PagesWorld, a_seeded_world
from tests.world import Stage, connect


@dataclass
class Month:
    """The firm, and what happened in it by name: ids of payables, and pay links by what they show."""

    stage: Stage
    world: PagesWorld
    ids: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)


def a_busy_month() -> Month:
    world = a_seeded_world()
    stage = connect(world)
    pay_on_an_invoice_that_is_there(stage)
    stage.resync()
    month = Month(stage, world)
    rows = [r for r in invoices(world, stage.firm, "open", None, 50).rows if r.open]
    bills = [r for r in rows if r.kind == "invoice" and r.status.tone != "bad" and r.number not in ("1042", "2001")]
    for name, row in zip(("card", "debit", "failed", "left", "fresh"), bills, strict=False):
        month.ids[name] = row.id
    month.ids["linked"] = next(r.id for r in rows if r.number == "1042")
    month.ids["answered"] = say_what_is_the_same(stage, "2001")
    month.ids["credited"] = next(r.id for r in rows if r.number == "1059")
    month.ids["trust"] = next(r.id for r in rows if r.kind != "invoice")
    collecting.start(world, stage.firm, [r.id for r in bills[:12]], "friendly", "Olivia Hartwell")
    stage.pass_time(hours=3, step_minutes=60)
    for name in ("card", "debit", "failed", "left", "fresh", "trust"):
        month.links[name] = a_link(stage, month.ids[name])
    world.stripe_box.people.pay_card(pay(stage, month.links["card"], month.ids["card"]))
    world.stripe_box.people.pay_bank(pay(stage, month.links["debit"], month.ids["debit"]))
    world.stripe_box.people.pay_bank(pay(stage, month.links["failed"], month.ids["failed"]), outcome="fail")
    stage.pass_time(minutes=30, step_minutes=10)
    month.ids["changed"] = change_on_both_sides(stage)
    month.ids["broken"] = a_broken_link(stage, bills[-1].id)
    month.ids["cause"] = a_closed_period(stage)
    month.ids["run"] = resync.start(world, stage.firm, "Olivia Hartwell")
    reconciling.start(world, stage.firm, "Olivia Hartwell")
    stage.work()
    reconcile_trust(month)
    month.ids["client"] = the_payable(stage, month.ids["fresh"]).client_id
    stage.work()  # the sums are folded from what changed
    return month


def pay_on_an_invoice_that_is_there(stage: Stage) -> None:
    """The bookkeeper entered a client's payments in QuickBooks, staff in Clio, not quite alike."""
    box, clio = stage.world.quickbooks_box.people, stage.world.clio_box.people
    [there] = box.find(stage.realm, "Invoice", DocNumber="1042")
    methods = {m["Name"]: m["Id"] for m in box.find(stage.realm, "PaymentMethod")}
    for dollars, day, number in (("150.00", "2026-02-20", "CHK 118"), ("40.00", "2026-02-24", "")):
        made = box.add_payment(stage.realm, there["CustomerRef"]["value"], dollars, there["Id"], day)
        method = {"value": methods["Check"]}
        box.change_payment(stage.realm, made["Id"], PaymentRefNum=number, PaymentMethodRef=method)
    clio.record_payment({"1042": 15000}, on="2026-02-21", description="Check 118")
    clio.record_payment({"1042": 2500}, on="2026-02-22")

    clio.add_bill("Hartwell & Pine LLP", "Ada Example", "2001", [{"note": "Advice", "price": 30000}])
    other = box.add_invoice(stage.realm, there["CustomerRef"]["value"], "300.00", "2001")
    for dollars, day in (("75.00", "2026-02-23"), ("20.00", "2026-02-26")):
        box.add_payment(stage.realm, there["CustomerRef"]["value"], dollars, other["Id"], day)
    clio.record_payment({"2001": 7500}, on="2026-02-24")


def say_what_is_the_same(stage: Stage, number: str) -> str:
    """The bookkeeper answers about one linked invoice: what is suggested, and the rest is something else."""
    found = next(b for b in pairing_views.waiting(stage.world, stage.firm).items if b.number == number)
    pairs = tuple((t.payment.id, t.pair.ours) for t in found.theirs if t.pair)
    left = tuple(t.payment.id for t in found.theirs if not t.pair)
    pairing.answer(stage.world, stage.firm, found.payable, Answer(found.invoice, pairs, left), "Olivia Hartwell")
    return found.payable


def a_closed_period(stage: Stage) -> str:
    """Bills changed in Clio after their period was closed in QuickBooks; it is open again, and nobody has pressed yet.
    Gives the cause."""
    box, clio = stage.world.quickbooks_box.people, stage.world.clio_box.people
    box.set_preferences(stage.realm, BookCloseDate=stage.world.now().date().isoformat())
    for number, total in (("1046", 131000), ("1047", 92000), ("1048", 83000)):
        clio.edit_bill(number, total=total)
    stage.pass_time(minutes=20, step_minutes=5)
    box.set_preferences(stage.realm, BookCloseDate="")
    return next(g.id for g in retrying.of(stage.world, stage.firm) if g.cause.startswith("The books are closed"))


def reconcile_trust(month: Month) -> None:
    """The trust accounts are chosen, and last month's statement is entered with a check that is still out since the
    month before. It was signed off once, and opened again."""
    stage, world = month.stage, month.world
    trust_check.start(world, stage.firm)
    stage.pass_time(minutes=5)
    account = next(iter(trust_views.overview(world, stage.firm).accounts)).id
    offered = trust_setup.choices(world, stage.firm).chosen
    trust_setup.choose(
        world, stage.firm, {b.clio: b.book for b in offered.banks}, offered.liability, "Olivia Hartwell", start_on=None
    )
    trust_check.start(world, stage.firm)
    stage.pass_time(minutes=10)
    last, before = (m.month for m in trust_views.months(world, stage.firm, account)[:2])
    check, deposit = Outstanding(date(2025, 6, 3), "101 to Ada Example", 2500), Outstanding(None, "Counter", 1000)
    for month_end, deposits in ((before, [deposit]), (last, [])):
        held = trust_report.three_way(world, stage.firm, account, month_end).journal
        trust_report.enter(
            world,
            stage.firm,
            account,
            month_end,
            "Ben Pine",
            ending=held + 2500 - 1000 * len(deposits),
            deposits=deposits,
            checks=[check],
            cleared_deposits=() if deposits else [deposit],
        )
        trust_report.sign(world, stage.firm, account, month_end, "Ben Pine")
    trust_report.reopen(world, stage.firm, account, last, "Olivia Hartwell")
    client = next(r for r in trust_views.clients(world, stage.firm, account).rows).client
    month.ids |= {"account": account, "holder": client, "month": last}


def change_on_both_sides(stage: Stage) -> str:
    """A client whose e-mail address staff changed in Clio and in QuickBooks."""
    world, name = stage.world, "Ada Example"
    held = next(c for c in world.clio_box.state.rows["contacts"].values() if c.name == name)
    ref = Ref(stage.firm, Kind.CONTACT, str(held.id))
    customer = states.decode(Kind.CONTACT, world.store.load(ref).body).customer
    world.clio_box.people.edit_client(name, email_addresses=[{"id": held.emails[0]["id"], "address": "a@x.example"}])
    changes = {"PrimaryEmailAddr": {"Address": "ada@books.example"}, "PrimaryPhone": {"FreeFormNumber": "555-0100"}}
    world.quickbooks_box.people.change_name(stage.realm, "Customer", customer, **changes)
    contacts.point_at_customers(world, policy_of(world, stage.firm), [customer])
    stage.pass_time(minutes=20, step_minutes=4)
    return str(held.id)


def a_broken_link(stage: Stage, payable: str) -> str:
    """Somebody deletes an invoice in QuickBooks; the next poll finds it. The key of its task, for an address."""
    booked = the_payable(stage, payable).booked
    assert booked is not None
    stage.world.quickbooks_box.people.delete_invoice(stage.realm, booked.id)
    resync.begin_polls(stage.world, stage.firm)
    stage.pass_time(minutes=17)
    parked = stage.world.store.parked(stage.firm, limit=100).items
    return quote(next(e.key for e in parked if e.body.get("book") == booked.id), safe="")


def a_link(stage: Stage, payable: str) -> str:
    """A pay link as a mail would carry it."""
    p = the_payable(stage, payable)
    return links.make(stage.world, links.PayLink(stage.firm, p.client_id, p.id))


def the_payable(stage: Stage, id: str) -> Payable:
    state: Payable = states.decode(Kind.PAYABLE, stage.world.store.load(Ref(stage.firm, Kind.PAYABLE, id)).body)
    return state


def pay(stage: Stage, token: str, payable: str) -> str:
    """The client presses Pay; gives the id of the Checkout Session."""
    answer = checkout.pay(stage.world, token, [(payable, the_payable(stage, payable).open)])
    assert answer.kind == "go", answer
    found = re.search(r"cs_[A-Za-z0-9_]+", answer.url)
    assert found, answer.url
    return found[0]
