"""The first sync with care: reads everything, writes nothing, and lists what would be created, changed and linked.

One run per generation of links: Clio is read, then QuickBooks' customers and the other names there page by page, then
the rows of all clients and bills are kept, 50 to a record, so that 40,000 bills fit into little memory and a run goes
on where it was. A person answers what is not certain. To begin, everything is looked at once more with the answers
kept. Only where nothing needs a person, and the list comes to what they saw, are the choices handed to the lanes and
writing begins; else the new list is shown with what changed (docs/decisions/0026).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import msgspec

from chalicelib.domain import effects, first
from chalicelib.domain.contact import Contact
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.first import Row, Totals
from chalicelib.domain.kernel import Effect, Finish, Kind, Neighbour, Ref, Status, lane_of
from chalicelib.domain.money import show
from chalicelib.domain.payable import Payable, Tab
from chalicelib.errors import Refused
from chalicelib.flow import (
    capturing,
    contacts,
    first_bills,
    first_clients,
    first_handing,
    pairing,
    renewing,
    resync,
    states,
)
from chalicelib.flow.answered import answers as answered_payments
from chalicelib.flow.first_counts import list_page
from chalicelib.flow.first_plan import (
    Page,
    Plan,
    What,
    answers_of,
    change,
    claim,
    create_page,
    load,
    matched,
    nobody_asked,
    pk_of,
    release,
    rows_of,
    save,
)
from chalicelib.flow.ports import World
from chalicelib.flow.reach import Reach
from chalicelib.flow.settle import policy_of, settle

LISTED = 100  # of our states in one page
PRESSED_AT_MOST = timedelta(seconds=15)  # a request ends within 29 seconds
READ_NOW = "It is being read at this moment. Answer once the list is there."
AT_ONCE = timedelta(seconds=25)
READING_WAITS = timedelta(seconds=15)
SHOULD_THEY_DIE = timedelta(seconds=60)  # before the plan is kept all is owed for then; after it, the run at once
OWED_LOOKED_AT = 200
BILLS = (*(f"payables/{t}" for t in (Tab.OPEN, Tab.REMINDING, Tab.PAID)),)
CHANGED = "Something changed since the list was made: look at what is asked now, then begin again."
ANOTHER = "The list changed since you saw it{}: {}. Look at it, then begin again: just what it says now is done."
SAID_OTHERWISE = ", perhaps by what you said about clients"
PHASES = ("reading", "customers", "names", "clients", "bills", "payments", "ready", "handing", "begun")


# --- asked by people --------------------------------------------------------------------------------------------------


def plan_of(world: World, firm: str) -> Plan | None:
    """The plan of the present generation; None before it was begun."""
    found = load(world, policy_of(world, firm))
    return found[1] if found else None


def start(world: World, firm: str, by: str) -> None:
    """Owes the reading; where it was done before, it is done again with the answers kept."""
    policy = policy_of(world, firm)
    if not policy.firm.may_read:
        raise Refused("Finish the set-up first: bills are read once every step before this one is confirmed.")
    found = load(world, policy)
    version, old = found if found else (0, Plan(policy.firm.generation))
    if old.phase in ("handing", "begun"):
        return
    renewing.start(world, firm)  # whoever connected may have died before it was owed
    capturing.begin(world, policy)  # after a purge QuickBooks' own poll ended with the links
    if found is None:  # of this generation; by the time that they are due, those of Clio rest while it reads
        resync.begin_polls(world, firm, SHOULD_THEY_DIE)
    run = resync.start(world, firm, by)
    new = Plan(policy.firm.generation, run=run, exact=old.exact, by=by, turn=old.turn + 1)
    _owe(world, policy, SHOULD_THEY_DIE)
    save(world, policy, new, version)
    _owe(world, policy)


def rows(world: World, firm: str, what: What, page: int, *, needs: bool = False) -> Page:
    """One page of rows; with ``needs`` only those that a person is asked about, from that page on."""
    policy, plan = _planned(world, firm)
    count = plan.pages.get(what, 0)
    places = sorted(plan.needs.get(what, [])) if needs else list(range(count))
    place = next((n for n in places if n >= page), None)
    if place is None:
        return Page((), page, None)
    told = _compared(world, policy, rows_of(world, policy, what, place))
    asked = [r for r in told if r.needs] if needs else told
    if needs and not asked and plan.phase == "ready":
        change(world, policy, lambda p: nobody_asked(p, what, place) if p.turn == plan.turn else None)
    return Page(tuple(asked), place, next((n for n in places if n > place), None))


def _compared(world: World, policy: Policy, told: list[Row]) -> list[Row]:
    """With what was said about payments since the list was made."""
    said = answered_payments(world, policy, [r.id for r in told if r.unmatched])
    return [first.compared(r, said[r.id]) if r.id in said else r for r in told]


def answer(world: World, firm: str, what: What, page: int, id: str, choice: str) -> None:
    """A person confirms, corrects, or says "create new" about one row. Raises Refused."""
    policy, plan = _planned(world, firm)
    if plan.phase != "ready":
        raise Refused(READ_NOW)
    told = rows_of(world, policy, what, page) if 0 <= page < plan.pages.get(what, 0) else []
    row = next((r for r in told if r.id == id), None)
    if row is None:
        raise Refused("This is not on the list any more. Reload the page.")
    [before] = _compared(world, policy, [row])
    new, after = first.answered(row, choice), first.answered(before, choice)
    if holder := _linked_by_hand(world, policy, what, new) or claim(world, policy, plan, what, new):
        raise first.taken(new, holder)
    world.store.put_record(answers_of(policy), f"{what}/{id}", {"choice": new.choice})
    changed = [new if r.id == id else r for r in told]
    world.store.put_record(pk_of(policy), f"{what}/{page:05d}", {"rows": msgspec.to_builtins(changed)})
    if row.link != new.link:
        release(world, policy, plan, what, row)
        if row.unmatched:
            pairing.forget(world, policy, id)

    moved = matched(world, policy, plan, after) - matched(world, policy, plan, before)

    def count(p: Plan) -> None:
        moves = row.link != new.link or first.must_wait(row) != first.must_wait(new)
        p.behind |= what == "clients" and moves
        totals = p.totals(what)
        totals.add(before, -1)
        totals.add(after)
        totals.matched += moved
        if not any(r.needs for r in changed):
            nobody_asked(p, what, page)

    change(world, policy, count)


def _linked_by_hand(world: World, policy: Policy, what: What, row: Row) -> str:
    """The client that a person linked to this customer on its page since the list was made, in words; empty for
    none."""
    held = contacts.holder(world, policy, row.link) if what == "clients" and row.link else ""
    if held in ("", row.id):
        return ""
    client: Contact = states.decode(Kind.CONTACT, world.store.load(Ref(policy.firm.id, Kind.CONTACT, held)).body)
    return f"client {client.name}"


def confirm_exact(world: World, firm: str) -> None:
    """Everything that is certain is confirmed together."""
    policy, _ = _planned(world, firm)

    def mark(p: Plan) -> None:
        p.exact = True

    change(world, policy, mark)


def create_rest(world: World, firm: str) -> None:
    """Every client that is still asked about becomes a new customer, or waits where no name is free; as many as one
    press may take, page by page."""
    policy, plan = _planned(world, firm)
    if plan.phase != "ready":
        raise Refused(READ_NOW)
    until = world.now() + PRESSED_AT_MOST
    for page in list(plan.needs.get("clients", [])):
        if world.now() < until:
            create_page(world, policy, page)


def begin(world: World, firm: str, by: str) -> None:
    """A person wants it carried out. Everything is looked at once more first. Raises Refused while answers are
    missing."""
    policy, plan = _planned(world, firm)
    if plan.phase != "ready":
        raise Refused("It is being read at this moment. Begin once the list is there.")
    if plan.asked:
        raise Refused("First answer what is asked, and confirm what is certain.")

    def go(p: Plan) -> None:
        p.begin, p.by, p.said = True, by, ""
        p.was, p.otherwise = p.comes_to(), p.behind
        _again(p)

    _owe(world, policy, SHOULD_THEY_DIE)
    change(world, policy, go)
    _owe(world, policy)


def _again(p: Plan) -> None:
    """From the customers on, with the answers kept."""
    p.phase, p.place, p.cursor = "customers", 0, ""
    p.pages, p.needs, p.turn, p.matters, p.matters_there, p.behind = {}, {}, p.turn + 1, 0, 0, False
    p.clients, p.bills, p.besides = Totals(), Totals(), {}
    p.payments, p.credits, p.entries = [0, 0], [0, 0], [0, 0]


def _planned(world: World, firm: str) -> tuple[Policy, Plan]:
    policy = policy_of(world, firm)
    found = load(world, policy)
    if found is None:
        raise Refused("The first sync has not been prepared yet.")
    return policy, found[1]


# --- the run ----------------------------------------------------------------------------------------------------------


def run(world: World, reach: Reach, policy: Policy, effect: Effect) -> None:
    """Some steps; owed again at once while there are more. Raises Unavailable with what it has kept."""
    found = load(world, policy)
    if found is None or policy.firm.may_write:
        settle(world, [], lambda _s, _n: {}, fact="FirstSync", finish=[Finish(effect.key)])
        return
    version, plan = found
    until, wait = world.now() + AT_ONCE, timedelta(0)
    steps: dict[str, Callable[[World, Reach, Policy, Plan], timedelta]] = {
        "reading": _reading,
        "customers": _customers,
        "names": _names,
        "clients": _clients,
        "bills": _bills,
        "payments": _payments,
        "handing": _handing,
    }
    while plan.working and not wait and world.now() < until:
        wait = steps[plan.phase](world, reach, policy, plan)
        version = save(world, policy, plan, version)
    done = Finish(effect.key, arrivals=effect.arrivals)
    if plan.working:
        due = world.now() + wait
        done = Finish(effect.key, arrivals=effect.arrivals, status=Status.OWED, due_at=due)
    settle(world, [], lambda _s, _n: {}, fact="FirstSync", finish=[done])


def _next(plan: Plan) -> timedelta:
    plan.phase, plan.place, plan.cursor = PHASES[PHASES.index(plan.phase) + 1], 0, ""
    return timedelta(0)


def _reading(world: World, _reach: Reach, policy: Policy, plan: Plan) -> timedelta:
    """Waits until Clio's feeds are read to their end and each bill that they pointed at was looked at, and so were the
    payments on it; and until what an earlier generation held is in this one."""
    clio = policy.lanes.of(Neighbour.CLIO)
    read = resync.progress(world, policy.firm.id, plan.run).finished_at
    looked_at = (Do.LOOK_BILL, Do.LOOK_GROUP)
    looks = [e for e in world.store.lane_owed(clio, limit=OWED_LOOKED_AT) if e.kind in looked_at]
    if not read or looks or not renewing.finished(world, policy):
        return READING_WAITS
    return _next(plan)


def _customers(world: World, reach: Reach, policy: Policy, plan: Plan) -> timedelta:
    return timedelta(0) if first_clients.read_customers(world, reach, policy, plan) else _next(plan)


def _names(world: World, reach: Reach, policy: Policy, plan: Plan) -> timedelta:
    return timedelta(0) if first_clients.read_names(world, reach, policy, plan) else _next(plan)


def _clients(world: World, _reach: Reach, policy: Policy, plan: Plan) -> timedelta:
    first_clients.list_all(world, policy, plan)
    return _next(plan)


def _bills(world: World, reach: Reach, policy: Policy, plan: Plan) -> timedelta:
    """Looks up the numbers of one page of bills, and the payments on what is found."""
    page = world.store.listed(f"{policy.firm.id}/{BILLS[plan.place]}", limit=LISTED, cursor=plan.cursor or None)
    all_: list[Payable] = [states.decode(Kind.PAYABLE, h.body) for h in page.items]
    bills = [p for p in all_ if first.concerns(p)]
    if bills:
        first_bills.list_page(world, reach, policy, plan, bills)
    plan.cursor = page.next or ""
    if page.next is not None:
        return timedelta(0)
    plan.place += 1
    return _next(plan) if plan.place == len(BILLS) else timedelta(0)


def _payments(world: World, reach: Reach, policy: Policy, plan: Plan) -> timedelta:
    """Lists what is posted besides, a page at a time: payments, credit notes, and entries of trust money."""
    parts = ("payments", "credits", *(f"moves/{b.clio}" for b in policy.firm.trust_books.banks))
    if plan.place < len(parts):
        list_page(world, reach, policy, plan, parts[plan.place])
        return timedelta(0)
    _next(plan)
    plan.at = world.now()
    if plan.begin and not plan.asked and plan.was == plan.comes_to():
        plan.phase = "handing"
    elif plan.begin:
        plan.begin = False
        plan.said = CHANGED if plan.asked else _otherwise(plan, policy)
    return timedelta(0)


def _otherwise(plan: Plan, policy: Policy) -> str:
    """What the list comes to now, and came to before, where that is not the same."""
    told = []
    for what, now in plan.comes_to().items():
        if what and plan.was[what] != now:
            (n, *cents), before = now, plan.was[what]
            sums = [f" of {show(c[1], policy.firm.currency)}" if cents else "" for c in (now, before)]
            told.append(f"{what}: {n}{sums[0]}, before {before[0]}{sums[1]}")
    return ANOTHER.format(SAID_OTHERWISE if plan.otherwise else "", "; ".join(told) or "some rows are others")


def _handing(world: World, _reach: Reach, policy: Policy, plan: Plan) -> timedelta:
    return timedelta(0) if first_handing.page(world, policy, plan) else _next(plan)


def _owe(world: World, policy: Policy, wait: timedelta = timedelta(0)) -> None:
    firm = policy.firm.id
    lane = lane_of(firm, Neighbour.SELF)
    name = str(policy.firm.generation)
    world.store.arrive(effects.owed(firm, Do.FIRST_SYNC, name, "firm", lane, world.now() + wait))
    if not wait:
        world.queue.hint([lane])
