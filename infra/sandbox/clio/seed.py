"""The story's data: two firms, built as their staff would have, at past moments relative to ``today``.

``seed`` is deterministic. Firm A is the story's; firm B (bad_input.py) holds one bill for every bad input.
``make_many`` fills a firm for benches.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from infra.sandbox.kit import ManualClock

from .state import Allocation, BankAccount, Bill, BillTheme, Contact, Firm, LineItem, Matter, Payment, User

if TYPE_CHECKING:
    from .sandbox import ClioSandbox

FIRM_A = "Hartwell & Pine LLP"
FIRM_B = "Bexley Corner Law"
OWNER_A, BOOKKEEPER_A, ASSOCIATE_A = (
    "olivia@hartwellpine.example",
    "ben@hartwellpine.example",
    "ann@hartwellpine.example",
)
OWNER_B = "bea@bexleycorner.example"


@dataclass(frozen=True)
class Seeded:
    """The ids of the two firms."""

    firm_a: int
    firm_b: int


@contextmanager
def as_of(clio: ClioSandbox, day: date, hour: int = 15) -> Iterator[None]:
    """Everything inside happens at that hour, UTC, of that day."""
    real = clio.clock
    clio.clock = ManualClock(datetime.combine(day, time(hour), UTC))
    try:
        yield
    finally:
        clio.clock = real


class Builder:
    """Staff of one firm, entering things on days counted from ``today``."""

    def __init__(self, clio: ClioSandbox, today: date, name: str, domain: str) -> None:
        self.clio, self.today, self.domain = clio, today, domain
        with as_of(clio, today - timedelta(days=400)):
            stamp = clio.stamp()
            firm = Firm(id=clio.state.next_id(), firm=0, created_at=stamp, updated_at=stamp, name=name)
            firm.firm = firm.id
            clio.state.add(firm)
            self.firm = firm.id
            clio.new(BankAccount, firm.id, name="Operating Account", type="Operating", default_account=True)
            clio.new(BankAccount, firm.id, name="IOLTA Trust Account", type="Trust")
            clio.new(BillTheme, firm.id, name="Standard")

    def user(self, name: str, email: str, roles: list[str], owner: bool = False) -> User:
        first, _, last = name.partition(" ")
        with as_of(self.clio, self.today - timedelta(days=399)):
            return self.clio.new(
                User,
                self.firm,
                first_name=first,
                last_name=last,
                email=email,
                roles=roles,
                account_owner=owner,
                subscription_type="Attorney" if owner else "NonAttorney",
            )

    def client(self, name: str, email: str | None, *, company: bool = False, matter: str = "General advice") -> Contact:
        """A client with one matter, entered 200 days ago."""
        first, _, last = name.rpartition(" ")
        clio = self.clio
        with as_of(clio, self.today - timedelta(days=200)):
            contact = clio.new(
                Contact,
                self.firm,
                type="Company" if company else "Person",
                name=name,
                first_name=None if company else first,
                last_name=None if company else last,
                emails=[_email(clio, email)] if email else [],
                addresses=[_address(clio)],
            )
            self.matter(contact, matter)
        return contact

    def matter(self, contact: Contact, description: str) -> Matter:
        clio = self.clio
        number = len(clio.state.ids.get(("matters", self.firm), [])) + 1
        return clio.new(
            Matter,
            self.firm,
            number=number,
            display_number=f"{number:05d}-{contact.name.split()[-1]}",
            description=description,
            client_id=contact.id,
            open_date=self.today - timedelta(days=200),
            responsible_attorney=clio.state.ids[("users", self.firm)][0],
        )

    def bill(
        self,
        number: str,
        client: Contact,
        lines: list[dict[str, Any]],
        *,
        due: int,
        state: str = "awaiting_payment",
        issued: int | None = None,
        **more: Any,
    ) -> Bill:
        """A bill due ``due`` days from today, issued 30 days before that, but not after yesterday."""
        issued_day = self.today + timedelta(days=issued if issued is not None else min(due - 30, -3))
        clio = self.clio
        with as_of(clio, issued_day):
            made = clio.people.add_bill(
                self.firm,
                client.id,
                number,
                lines,
                issued_at=issued_day,
                due_at=self.today + timedelta(days=due),
                state=state,
                **more,
            )
        held: Bill = clio.state.rows["bills"][made]
        held.start_at, held.end_at = issued_day - timedelta(days=30), issued_day
        return held

    def day(self, days: int) -> Any:
        return as_of(self.clio, self.today + timedelta(days=days))


def _email(clio: ClioSandbox, address: str) -> dict[str, Any]:
    now = clio.stamp()
    ids = {"id": clio.state.next_id(), "etag": '"email"', "created_at": now, "updated_at": now}
    return {**ids, "address": address, "name": "Work", "primary": True}


def _address(clio: ClioSandbox) -> dict[str, Any]:
    now = clio.stamp()
    ids = {"id": clio.state.next_id(), "etag": '"address"', "created_at": now, "updated_at": now}
    place = {"street": "12 Harbour Street", "city": "New York", "province": "NY", "postal_code": "10004"}
    return {**ids, **place, "country": "US", "name": "Billing", "primary": True}


def line(note: str, price: int, hours: float | str = 1, **more: Any) -> dict[str, Any]:
    """``price`` in cents for each hour (or piece)."""
    return {"note": note, "price": price, "hours": hours, **more}


def seed(clio: ClioSandbox, today: date) -> Seeded:
    """Both firms, once; on a state that holds firms it only tells their ids."""
    from .bad_input import seed_b

    firms = clio.state.rows["firms"]
    if not firms:
        _seed_a(clio, today)
        seed_b(clio, today)
        clio.save()
    return Seeded(*list(firms)[:2])


def _seed_a(clio: ClioSandbox, today: date) -> None:
    b = Builder(clio, today, FIRM_A, "hartwellpine.example")
    b.user("Olivia Hartwell", OWNER_A, ["admin", "accounts", "billing", "reports"], owner=True)
    b.user("Ben Pine", BOOKKEEPER_A, ["accounts", "billing"])
    b.user("Ann Reed", ASSOCIATE_A, [])
    who = _clients(b)
    _open_bills(b, who)
    _odd_bills(b, who)
    _paid_bills(b, who)
    _other_states(b, who)
    _trust(b, who)


def _clients(b: Builder) -> dict[str, Contact]:
    """Ada is a QuickBooks customer by name and e-mail, Brook by name only; Felix has no e-mail."""
    return {
        "ada": b.client("Ada Example", "ada@example.com", matter="Lease of shop"),
        "brook": b.client("Brook Jensen", "brook.jensen@example.com", matter="Will"),
        "calder": b.client("Calder Freight Inc", "ap@calderfreight.example", company=True, matter="Fleet contracts"),
        "delia": b.client("Delia Marsh", "delia.marsh@example.net", matter="House purchase"),
        "evergreen": b.client("Evergreen Dental Group", "accounts@evergreendental.example", company=True),
        "felix": b.client("Felix Ortega", None, matter="Boundary dispute"),
        "greyhaven": b.client("Greyhaven Holdings LLC", "finance@greyhaven.example", company=True, matter="Merger"),
        "hana": b.client("Hana Kobayashi", "hana.k@example.org", matter="Visa"),
        "iverson": b.client("Iverson & Sons Builders", "office@iversonbuilders.example", company=True),
        "jonas": b.client("Jonas Weld", "jonas.weld@example.com", matter="Employment"),
        "kestrel": b.client("Kestrel Bakery Co", "hello@kestrelbakery.example", company=True, matter="Franchise"),
    }


def _open_bills(b: Builder, who: dict[str, Contact]) -> None:
    """Plain unpaid bills, from 40 days overdue to 30 days ahead."""
    advice = "Advice and correspondence"
    b.bill("1042", who["ada"], [line("Review of lease", 20000, 2)], due=-10)
    b.bill("1043", who["ada"], [line("Letter to landlord", 25000)], due=5)
    b.bill("1044", who["brook"], [line("Drafting of will", 30000, "1.5")], due=-20)
    b.bill("1045", who["brook"], [line("Signing meeting", 18000)], due=12)
    b.bill("1046", who["calder"], [line("Carrier agreement", 25000, 5)], due=-12)
    b.bill("1047", who["calder"], [line("Claims review", 35020, "2.5")], due=-5)
    b.bill("1048", who["calder"], [line("Depot lease", 28000, "1.25"), line("Courier", 4210, kind="Expense")], due=10)
    b.bill("1049", who["delia"], [line("Land registry copies", 1999, 3, kind="Expense")], due=-3)
    b.bill("1051", who["evergreen"], [line("Practice acquisition", 123456789)], due=30)
    b.bill("1053", who["felix"], [line("Survey and letters", 32000, 2)], due=-7)
    b.bill("1060", who["jonas"], [line(f"Hearing, part {n}", p) for n, p in enumerate((3333, 3333, 3334), 1)], due=-1)
    free = line("Courtesy call", 28500, "0.5", type="NoChargeLineItem")
    b.bill("1061", who["jonas"], [line(advice, 28500, "1.4"), free], due=14)
    b.bill("1062", who["kestrel"], [line(advice, 30000, "2.2"), line("Filing fee", 7550, kind="Expense")], due=-40)
    b.bill("1064", who["delia"], [line("Contract of sale", 29000, "2.5")], due=7)
    b.bill("1065", who["jonas"], [line("Settlement talks", 100505)], due=21)


def _odd_bills(b: Builder, who: dict[str, Contact]) -> None:
    """Discounts, tax, interest, many lines, two matters, part payments, credit, and doubles that are not exact."""
    people = b.clio.people
    b.bill("1050", who["delia"], [line("Copy", 10), line("Stamp", 20)], due=20).noisy = True
    taxed = [line("Consultation", 31000, "1.75", taxable=True), line("Court fee", 4150, kind="Expense")]
    b.bill("1052", who["evergreen"], taxed, due=-15, tax_rate="8.875")
    many = [line(f"Due diligence, folder {n}", 21000 + 7 * n, f"0.{n % 9 + 1}") for n in range(1, 41)]
    b.bill("1054", who["greyhaven"], many, due=-25)
    ten = {"rate": 10.0, "type": "percentage", "note": "Long-standing client"}
    b.bill("1055", who["greyhaven"], [line("Board meeting", 33333, 3)], due=2, discount=ten)
    off = {"rate": 25.5, "type": "money"}
    b.bill("1056", who["hana"], [line("Visa forms", 24000, 2, discount=off)], due=-2)
    part = b.bill("1057", who["hana"], [line("Visa interview", 26000, 3)], due=-8)
    interest = b.bill("1058", who["iverson"], [line("Lien filing", 22500, 4)], due=-35)
    credited = b.bill("1059", who["iverson"], [line("Contract review", 24500, 2)], due=9)
    fifty = {"rate": 50.0, "type": "money", "note": "Goodwill"}
    b.bill("1063", who["kestrel"], [line("Franchise disclosure", 39900, "1.1")], due=25, discount=fifty)
    second = b.matter(who["greyhaven"], "Office lease")
    two = [
        who_matter.id for who_matter in b.clio.state.of_firm("matters", b.firm) if who_matter.description == "Merger"
    ]
    both = [line("Merger filing", 45000), line("Lease review", 27500, matter=second.id)]
    b.bill("1066", who["greyhaven"], both, due=17, matters=[*two, second.id])
    with b.day(-6):
        people.record_payment({part.id: 20000}, method="check", reference="2217")
        people.add_interest(interest.id, 1350)
    with b.day(-2):
        people.issue_credit(credited.id, 5000, description="Courtesy credit")
    bounced = b.clio.people.find_bill("1064")["id"]
    with b.day(-2):
        payment = people.record_payment({bounced: 10000}, method="check", reference="901")
    with b.day(-1):
        people.remove_payment(payment)


def _paid_bills(b: Builder, who: dict[str, Contact]) -> None:
    people = b.clio.people
    three = [
        b.bill(f"10{n}", who["evergreen"], [line("Monthly retainer", price)], due=-32, issued=-62).id
        for n, price in ((20, 50000), (21, 61234), (22, 43210))
    ]
    wire = b.bill("1025", who["calder"], [line("Customs opinion", 64000)], due=-30, issued=-60)
    card = b.bill("1026", who["hana"], [line("First meeting", 15000)], due=-28, issued=-58)
    cheque = b.bill("1024", who["jonas"], [line("Demand letter", 32050)], due=-20, issued=-50)
    bakery = b.bill("1027", who["kestrel"], [line("Trade mark search", 27575)], due=-18, issued=-48)
    with b.day(-31):
        people.record_payment(dict(zip(three, (50000, 61234, 43210), strict=True)), method="check", reference="5501")
    with b.day(-29):
        people.record_payment({wire.id: 64000}, method="wire_transfer", reference="FT-88213")
        people.record_payment({card.id: 10000}, method="credit_card")
    with b.day(-21):
        people.record_payment({card.id: 5000}, method="cash")
        people.record_payment({cheque.id: 32050}, method="check", reference="118")
    with b.day(-12):
        people.record_payment({bakery.id: 27575}, method="ach", reference="ACH 77120")


def _other_states(b: Builder, who: dict[str, Contact]) -> None:
    fee = [line("Work in progress", 31500, "1.2")]
    for number, client in (("1067", "ada"), ("1068", "delia"), ("1069", "kestrel"), ("1070", "iverson")):
        b.bill(number, who[client], fee, due=28, state="draft", issued=-1)
    for number, client in (("1071", "evergreen"), ("1072", "jonas"), ("1073", "felix")):
        b.bill(number, who[client], fee, due=27, state="awaiting_approval", issued=-2)
    for number, client in (("1074", "iverson"), ("1075", "greyhaven")):
        voided = b.bill(number, who[client], fee, due=-14)
        with b.day(-9):
            b.clio.people.void(voided.id)
    for number, client in (("1076", "hana"), ("1077", "kestrel")):
        deleted = b.bill(number, who[client], fee, due=-16, state="draft")
        with b.day(-10):
            b.clio.people.delete(deleted.id)


def _trust(b: Builder, who: dict[str, Contact]) -> None:
    """Three open trust requests; a fourth was deposited and then paid a bill."""
    people = b.clio.people
    done = b.bill("1079", who["delia"], [line("Deposit for house purchase", 60000)], due=-25, kind="trust_kind")
    fees = b.bill("1023", who["delia"], [line("Title search", 24000, 2)], due=-22, issued=-52)
    with b.day(-40):
        people.record_trust_deposit(done.id, 60000, method="check", reference="3310")
    with b.day(-22):
        people.record_payment({fees.id: 48000}, method="bank_account", from_trust=True)
    for number, client, amount, due in (
        ("1080", "delia", 100000, 6),
        ("1081", "hana", 250000, -4),
        ("1082", "kestrel", 50000, 15),
    ):
        b.bill(number, who[client], [line("Deposit on account of fees", amount)], due=due, kind="trust_kind")


def make_many(
    clio: ClioSandbox, n: int, *, firm: int, today: date, clients: int = 200, paid_share: float = 0.5
) -> list[int]:
    """n plain revenue bills of one line each in a seeded firm, the open ones first; their ids, ascending.

    Rows are written directly, months in the past, without webhooks: 40,000 take a few seconds.
    """
    state = clio.state
    b = Builder.__new__(Builder)
    b.clio, b.today, b.firm, b.domain = clio, today, firm, "many.example"
    who = [b.client(f"Client Number{n:05d}", f"client{n}@many.example") for n in range(min(n, clients))]
    matter_of = {m.client_id: m.id for m in state.of_firm("matters", firm)}
    first_paid = n - int(n * paid_share)
    return [_plain_bill(clio, b, at, who[at % len(who)], matter_of, paid=at >= first_paid) for at in range(n)]


def _plain_bill(
    clio: ClioSandbox, b: Builder, at: int, client: Contact, matter_of: dict[int, int], *, paid: bool
) -> int:
    state, day = clio.state, b.today - timedelta(days=60 + at % 300)
    stamp = datetime.combine(day, time(15), UTC)
    amount, matter = 10000 + at % 977 * 100 + at % 100, matter_of[client.id]
    common: dict[str, Any] = {"firm": b.firm, "created_at": stamp, "updated_at": stamp}
    bill = Bill(
        id=state.next_id(),
        **common,
        number=f"M{at + 1:06d}",
        state="paid" if paid else "awaiting_payment",
        client_id=client.id,
        matters=[matter],
        issued_at=day,
        due_at=day + timedelta(days=30),
        paid_at=stamp if paid else None,
        sub_total=amount,
        services_sub_total=amount,
        paid=amount if paid else 0,
    )
    state.add(bill)
    item = LineItem(id=state.next_id(), **common, bill=bill.id, date=day, note="Fees", quantity=Decimal(1))
    item.price = item.sub_total = amount
    item.matter = matter
    state.add(item)
    if paid:
        payment = Payment(
            id=state.next_id(),
            **common,
            date=day,
            amount=amount,
            method="check",
            description="",
            reference="",
            from_trust=False,
        )
        state.add(payment)
        state.add(
            Allocation(
                id=state.next_id(),
                **common,
                bill=bill.id,
                contact=client.id,
                matter=matter,
                date=day,
                amount=amount,
                parent_id=payment.id,
                parent_type="Payment",
            )
        )
    return bill.id
