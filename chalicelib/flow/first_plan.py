"""What a first sync has found so far, as records: how far it is, and its rows, 50 to a record.

Records ``plan/<firm>/<generation>``: ``state``, ``customers/<n>``, ``names/<n>``, ``documents/<n>``, ``clients/<n>``,
``bills/<n>``, ``payments/<n>``, ``credits/<n>``, ``trust/<n>``;
``answers/<firm>/<generation>``: what a person said, by kind and id; ``plan/<firm>/<generation>/claims/<turn>``: by
customer or invoice, the row that is matched with it; ``…/links/<turn>``: by client, the customer of its row, and
whether it has to wait. It reads and keeps; what follows from it is in flow/first_sync.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

import msgspec

from chalicelib.domain.firm import Policy
from chalicelib.domain.first import NEW, Fate, Row, Totals, contested, found_since, must_wait, named
from chalicelib.domain.first import answered as answered_row
from chalicelib.domain.kernel import Json
from chalicelib.domain.readings import CustomerReading
from chalicelib.errors import Conflict, Unavailable
from chalicelib.flow.ports import World

ROWS = 50  # in one record
BYTES = 48_000  # of what was read in QuickBooks, in one record, which holds 64 KB
ATTEMPTS = 5
ALL = 1_000_000  # answers: one for each client that a person was asked about

What = Literal["clients", "bills", "payments", "credits", "trust"]
KINDS: tuple[What, ...] = ("clients", "bills", "payments", "credits", "trust")
ANSWERED: tuple[What, ...] = KINDS[:2]  # a person is asked about these


DONE = {Fate.CREATE: "created", Fate.LINK: "linked", Fate.CHANGE: "changed", Fate.WAIT: "that wait"}


@dataclass
class Plan:
    """How far it is. ``pages``: of rows, by kind; ``needs``: the pages on which somebody is asked. ``begin``: a person
    wants it carried out; ``said``: why it did not begin yet. ``payments``, ``credits``, ``entries`` (of trust money):
    counts and cents of what Clio has; ``besides``: what becomes of those, by kind. ``matters``: sub-customers to be
    made; ``matters_there``: those that are there and get linked. ``turn``: how often it was listed anew. ``behind``: a
    client was answered otherwise since its bills were compared; ``otherwise``: it was so when somebody began; ``was``:
    what the list that they began came to. ``closed``: the last day of QuickBooks' closed books."""

    generation: int
    phase: str = "reading"
    at: datetime | None = None
    run: str = ""
    place: int = 0
    cursor: str = ""
    pages: dict[str, int] = field(default_factory=dict)
    needs: dict[str, list[int]] = field(default_factory=dict)
    clients: Totals = field(default_factory=Totals)
    bills: Totals = field(default_factory=Totals)
    payments: list[int] = field(default_factory=lambda: [0, 0])
    credits: list[int] = field(default_factory=lambda: [0, 0])
    entries: list[int] = field(default_factory=lambda: [0, 0])
    besides: dict[str, Totals] = field(default_factory=dict)
    matters: int = 0
    matters_there: int = 0
    turn: int = 0
    behind: bool = False
    otherwise: bool = False
    was: dict[str, list[int]] = field(default_factory=dict)
    closed: date | None = None
    exact: bool = False
    begin: bool = False
    by: str = ""
    said: str = ""

    def totals(self, what: What) -> Totals:
        if what == "clients":
            return self.clients
        return self.bills if what == "bills" else self.besides.setdefault(what, Totals())

    def comes_to(self) -> dict[str, list[int]]:
        """Counts, and cents where there are any, in the words of the page; and the marks of all clients and bills. What
        becomes of money follows the bills that it falls on."""
        told = {f"bills {done}": [self.bills.counts.get(f, 0), self.bills.cents.get(f, 0)] for f, done in DONE.items()}
        told |= {f"clients {done}": [self.clients.counts.get(f, 0)] for f, done in DONE.items()}
        told |= {"payments": self.payments, "credit notes": self.credits, "trust transactions": self.entries}
        told |= {"sub-customers made": [self.matters], "sub-customers linked": [self.matters_there]}
        return told | {"": [self.clients.mark, self.bills.mark]}

    @property
    def asked(self) -> int:
        """How many answers are still missing."""
        certain = 0 if self.exact else self.clients.exact + self.bills.exact
        return self.clients.needs + self.bills.needs + certain

    @property
    def working(self) -> bool:
        return self.phase not in ("ready", "begun")


@dataclass(frozen=True, slots=True)
class Page:
    """``page`` counts from 0. ``next``: the following page, None on the last."""

    rows: tuple[Row, ...]
    page: int
    next: int | None


def pk_of(policy: Policy) -> str:
    return f"plan/{policy.firm.id}/{policy.firm.generation}"


def answers_of(policy: Policy) -> str:
    return f"answers/{policy.firm.id}/{policy.firm.generation}"


def load(world: World, policy: Policy) -> tuple[int, Plan] | None:
    found = world.store.record(pk_of(policy), "state")
    return (found[0], msgspec.convert(found[1], Plan)) if found else None


def save(world: World, policy: Policy, plan: Plan, version: int) -> int:
    """Raises Conflict when a person or another worker changed it meanwhile: then the step is done again."""
    return world.store.put_record(pk_of(policy), "state", msgspec.to_builtins(plan), expected=version)


def change(world: World, policy: Policy, change: Callable[[Plan], None]) -> None:
    """Raises Unavailable where others answer at this moment, again and again."""
    for _ in range(ATTEMPTS):
        found = load(world, policy)
        assert found is not None
        change(found[1])
        try:
            save(world, policy, found[1], found[0])
        except Conflict:
            continue
        return
    raise Unavailable("somebody else answers at this moment", after=2)


def write(
    world: World,
    policy: Policy,
    plan: Plan,
    what: What,
    made: Iterator[Row],
    then: Callable[[Row], None] | None = None,
) -> None:
    """Keeps rows after those that are there. A step that is done again writes the same pages again. ``then`` is told
    of each as it is kept."""
    totals = plan.totals(what)
    batch: list[Row] = []
    for row in made:
        if holder := claim(world, policy, plan, what, row):
            row = contested(row, holder)
        elif plan.begin and row.exact and not _was_shown(world, policy, plan, what, row):
            row = found_since(row)
        totals.add(row)
        totals.matched += matched(world, policy, plan, row)
        if what == "clients" and (row.link or must_wait(row)):
            kept: Json = {"customer": row.link, "suggested": row.needs, "waits": must_wait(row)}
            world.store.put_record(_links(policy, plan), row.id, kept)
        if then:
            then(row)
        batch.append(row)
        if len(batch) == ROWS:
            _flush(world, policy, plan, what, batch)
            batch = []
    if batch:
        _flush(world, policy, plan, what, batch)


def _flush(world: World, policy: Policy, plan: Plan, what: What, batch: Sequence[Row]) -> None:
    page = plan.pages.get(what, 0)
    world.store.put_record(pk_of(policy), f"{what}/{page:05d}", {"rows": msgspec.to_builtins(list(batch))})
    plan.pages[what] = page + 1
    if any(r.needs for r in batch):
        plan.needs.setdefault(what, []).append(page)


def create_page(world: World, policy: Policy, page: int) -> None:
    """Each client of the page that is asked about is created. What it is only suggested to be is nobody's to let go."""
    before = rows_of(world, policy, "clients", page)
    after = [answered_row(r, NEW) if r.needs else r for r in before]
    for r in (new for old, new in zip(before, after, strict=True) if old.needs):
        world.store.put_record(answers_of(policy), f"clients/{r.id}", {"choice": r.choice})
    world.store.put_record(pk_of(policy), f"clients/{page:05d}", {"rows": msgspec.to_builtins(after)})

    def count(p: Plan) -> None:
        for old, new in zip(before, after, strict=True):
            p.behind |= old.link != new.link or must_wait(old) != must_wait(new)
            p.clients.add(old, -1)
            p.clients.add(new)
        nobody_asked(p, "clients", page)

    change(world, policy, count)


def nobody_asked(p: Plan, what: What, page: int) -> None:
    """On this page. Where it is so on each, no answer is missing, whatever was counted: whoever answered may have died
    before it was."""
    p.needs[what] = [n for n in p.needs.get(what, []) if n != page]
    if not p.needs[what]:
        p.totals(what).needs = 0


def customer_of(world: World, policy: Policy, plan: Plan, client: str) -> tuple[str, bool]:
    """The customer that a client will be linked to by its row in this list, empty for none; and whether that is only
    suggested."""
    found = world.store.record(_links(policy, plan), client)
    return (str(found[1]["customer"]), bool(found[1]["suggested"])) if found else ("", False)


def waiting(world: World, policy: Policy, plan: Plan, clients: Iterable[str]) -> set[str]:
    """Those of these clients that have to wait for a free name. None is read where no client does."""
    if not (plan.clients.needs or plan.clients.counts.get(Fate.WAIT)):
        return set()
    found = {id: world.store.record(_links(policy, plan), id) for id in dict.fromkeys(clients)}
    return {id for id, kept in found.items() if kept and kept[1]["waits"]}


def _links(policy: Policy, plan: Plan) -> str:
    return f"{pk_of(policy)}/links/{plan.turn}"


def matched(world: World, policy: Policy, plan: Plan, row: Row) -> int:
    """The payments on its invoice that are Clio's, without those that an earlier row has counted."""
    return row.payments - sum(not first(world, policy, plan, id, row.id) for id in row.shared)


def first(world: World, policy: Policy, plan: Plan, id: str, bill: str) -> bool:
    """Whether this bill is the first that has it: what several share is counted once. A step that is done again gets
    the same answers."""
    pk = f"{pk_of(policy)}/first/{plan.turn}"
    found = world.store.record(pk, id)
    if found is None:
        world.store.put_record(pk, id, {"bill": bill})
    return found is None or str(found[1]["bill"]) == bill


def claim(world: World, policy: Policy, plan: Plan, what: What, row: Row) -> str:
    """Makes what a row is matched with its own, in this list: no two clients are one customer, and no two bills one
    invoice. Gives the row that has it already, in words; empty where it is its own now."""
    if not _holds(row):
        return ""
    pk, sk = _claims(policy, plan.turn), f"{what}/{row.link}"
    try:
        world.store.put_record(pk, sk, {"id": row.id, "named": named(row), "fate": row.fate}, expected=0)
    except Conflict:
        found = world.store.record(pk, sk)
        return str(found[1]["named"]) if found and found[1]["id"] != row.id else ""
    return ""


def release(world: World, policy: Policy, plan: Plan, what: What, row: Row) -> None:
    """What the row was matched with is free for another."""
    if _holds(row):
        world.store.delete_record(_claims(policy, plan.turn), f"{what}/{row.link}")


def _was_shown(world: World, policy: Policy, plan: Plan, what: What, row: Row) -> bool:
    """Whether the list before this one had the same match."""
    found = world.store.record(_claims(policy, plan.turn - 1), f"{what}/{row.link}")
    return found is not None and (found[1]["id"], found[1]["fate"]) == (row.id, row.fate)


def _holds(row: Row) -> bool:
    """What is only suggested is nobody's yet."""
    return bool(row.link) and not row.needs


def _claims(policy: Policy, turn: int) -> str:
    return f"{pk_of(policy)}/claims/{turn}"


def rows_of(world: World, policy: Policy, what: What, page: int) -> list[Row]:
    found = world.store.record(pk_of(policy), f"{what}/{page:05d}")
    return msgspec.convert(found[1]["rows"], list[Row]) if found else []


def answered(world: World, policy: Policy, what: What, about: Mapping[str, Any]) -> dict[str, str]:
    """What a person said before about these; none is read where nobody has said anything."""
    pk = answers_of(policy)
    if not world.store.records(pk, begins=f"{what}/", limit=1):
        return {}
    found = {id: world.store.record(pk, f"{what}/{id}") for id in about}
    return {id: str(kept[1]["choice"]) for id, kept in found.items() if kept}


def all_answers(world: World, policy: Policy, what: What) -> dict[str, str]:
    """Everything that a person said, by id."""
    found = world.store.records(answers_of(policy), begins=f"{what}/", limit=ALL)
    return {sk.removeprefix(f"{what}/"): str(body["choice"]) for sk, body in found}


def keep(world: World, policy: Policy, plan: Plan, what: str, name: str, read: Mapping[str, str] | list[Any]) -> None:
    """Keeps what was read of QuickBooks behind what is there, under ``name``, in as many records as it takes. A step
    that is done again writes the same records again."""
    items = list(read.items()) if isinstance(read, Mapping) else read
    for some in _pieces(items):
        place = plan.pages.get(what, 0)
        body: Json = {name: dict(some) if isinstance(read, Mapping) else some}
        world.store.put_record(pk_of(policy), f"{what}/{place:05d}", body)
        plan.pages[what] = place + 1


def _pieces(items: list[Any]) -> Iterator[list[Any]]:
    """In pieces that a record holds, by the size of their JSON; one empty piece of none."""
    some: list[Any] = []
    room = BYTES
    for item in items:
        size = len(msgspec.json.encode(item)) + 1
        if size > room:
            yield some
            some, room = [], BYTES
        some.append(item)
        room -= size
    yield some


def kept_customers(world: World, policy: Policy, plan: Plan) -> Iterator[CustomerReading]:
    """Of their notes only ours are kept."""
    for n in range(plan.pages.get("customers", 0)):
        found: tuple[int, Json] | None = world.store.record(pk_of(policy), f"customers/{n:05d}")
        for id, name, email, phone, mobile, *more in found[1]["rows"] if found else []:
            note, currency = (*more, "", "")[:2]
            yield CustomerReading(id, "", name, email, True, note, phone, mobile, currency=currency)


def kept_names(world: World, policy: Policy, plan: Plan) -> Iterator[tuple[str, str]]:
    """Names in QuickBooks that are no active customer's, each with what holds it."""
    for n in range(plan.pages.get("names", 0)):
        found: tuple[int, Json] | None = world.store.record(pk_of(policy), f"names/{n:05d}")
        yield from found[1]["names"].items() if found else ()


def kept_numbers(world: World, policy: Policy, plan: Plan) -> dict[str, str]:
    """Numbers in QuickBooks that documents other than invoices have, each with QuickBooks' name of the kind."""
    pages = world.store.records(pk_of(policy), begins="documents/", limit=plan.pages.get("documents", 1))
    return {number: entity for _, body in pages for number, entity in body["numbers"].items()}
