"""A matter's sub-customer in QuickBooks, where the firm wishes one: its name, its link, and what becomes of it. Pure.

A display name is used once among customers, vendors and employees (reference/quickbooks.md 4.1), so it is the matter's
number, and where that is taken, the number with Clio's id. When the number changes, so does the name; one that a person
gave in QuickBooks stands. One that people made inactive, merged or moved there is a broken link, and a person decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.domain import effects, profile
from chalicelib.domain.effects import Do
from chalicelib.domain.firm import Policy
from chalicelib.domain.kernel import Decision, Effect, Guard, Json, Listing, Neighbour
from chalicelib.domain.payable import Payable
from chalicelib.domain.readings import CustomerReading
from chalicelib.errors import Refused

LOST = "lost-matters"
SUB_CUSTOMER = "subcustomer"  # a customer there that is a matter's here, as its guard calls it
BROKEN = "sub-customer"  # what its task says is broken
ANEW = ("anew", "Create another")


@dataclass(frozen=True, slots=True)
class Matter:
    """``id``: client and matter, since a matter that goes to another client gets a sub-customer of that one.
    ``name``: its number in Clio. ``customer``: QuickBooks' id, empty while there is none. ``revision`` counts how often
    one was asked for, ``renames`` how often it should have another name since. ``written``: the names that are ours:
    what we last wrote or found when linking (``wrote``: at which of the renames); empty in links older than this.
    ``lost``: why the sub-customer cannot be used, by what QuickBooks showed last; ``under``: the client's customer
    then; ``breaks``: how often a person was asked; ``without``: they accepted it. ``stood``: its id in an
    earlier generation of links, until it is met again; ``written`` is kept for then."""

    firm: str
    id: str
    client: str
    matter: str
    name: str
    customer: str = ""
    revision: int = 1
    generation: int = 1
    written: tuple[str, ...] = ()
    renames: int = 0
    wrote: int = 0
    lost: str = ""
    under: str = ""
    breaks: int = 0
    without: bool = False
    stood: str = ""


def listing(state: Matter) -> Listing:
    """Grouped while it cannot be used: a later generation of links has to meet it."""
    return Listing(group=(f"{state.firm}/{LOST}", state.id)) if state.lost else Listing()


def id_of(client: str, matter: str) -> str:
    return f"{of_client(client)}{matter}"


def of_client(client: str) -> str:
    """What the ids of all matters of a client begin with."""
    return f"{client}."


def of_bill(p: Payable) -> str:
    """The one matter that a bill stands for; empty where it has several, or where Clio did not tell them."""
    return p.matter_ids[0] if len(p.matter_ids) == 1 and p.matters and p.matters[0].strip() else ""


def wanted(p: Payable, policy: Policy) -> str:
    """The matter whose sub-customer the bill's invoice belongs to; empty: the client's own customer. The setting
    holds for new invoices: one that is there stays where it is."""
    by_matter = bool(p.booked.matter) if p.booked else policy.firm.invoicing.sub_customers
    return of_bill(p) if by_matter else ""


def names(matter: str, name: str) -> tuple[str, str]:
    """The name it gets, and the one for when that is taken; both as QuickBooks allows them."""
    plain = profile.clean(name)[: profile.NAME_AT_MOST - len(matter) - 10]
    return plain, f"{plain} (Clio {matter})"


def step(p: Payable, state: Matter | None, policy: Policy, now: datetime) -> Effect:
    """The sub-customer that is owed, its client's customer before it."""
    matter, revision = of_bill(p), state.revision if state else 1
    lane, generation = policy.lanes.of(Neighbour.QUICKBOOKS), policy.firm.generation
    return owed(p.firm, lane, p.client_id, matter, p.matters[0], f"{generation}.{revision}", now)


def owed(
    firm: str,
    lane: str,
    client: str,
    matter: str,
    name: str,
    count: str,
    at: datetime,
    rename: tuple[str, int] | None = None,
) -> Effect:
    """``count``: of the links and of those asked for. ``rename``: the sub-customer that is there, and which of its
    renames this is; else one is to be made."""
    body: Json = {"client": client, "matter": matter, "name": name}
    if rename:
        body |= {"customer": rename[0], "rename": rename[1]}
    key, about, after = f"{id_of(client, matter)}/{count}", f"contact/{client}", (f"customer/{client}",)
    return effects.owed(firm, Do.SUB_CUSTOMER, key, about, lane, at, body=body, after=after, title=name)


def told_anew(there: Effect, owed: Effect) -> Effect | None:
    """The step that is not through yet, where its matter has another number by now; None where it has not. A name once
    looked up stays among those: what was made under it is found again."""
    known = [there.body["name"], *there.body.get("older", ())]
    if owed.body["name"] in known:
        return None
    return replace(owed, body={**owed.body, "older": known})


@dataclass(frozen=True, slots=True)
class Choice:
    """What to do about a sub-customer: ``link`` one that is there under ``name``, ``create`` it so, or ``park``."""

    do: str
    customer: str = ""
    name: str = ""


def choose(
    wishes: tuple[str, str],
    note: str,
    parent: str,
    found: Sequence[CustomerReading],
    taken: Mapping[str, str],
    promised: Set[str] = frozenset(),
) -> Choice:
    """One with our marker is ours, after an answer that was lost; or it is the same matter's, whose client had this
    customer before (``_same_matter``). One of the same name below this client's customer is
    the same matter's: Clio's matter numbers are used once. Anything else holds only the name. ``parent``: the client's
    customer, empty while there is none. ``promised``: names, casefolded, that are to be another's."""
    active = [c for c in found if c.active and parent and c.parent == parent]
    mine = next((c for c in active if c.note == note), next((c for c in active if _same_matter(c.note, note)), None))
    plain = wishes[0].casefold()
    same = next((c for c in active if c.name.casefold() == plain and plain not in promised), None)
    if there := mine or same:
        return Choice("link", customer=there.id, name=there.name)
    name = free(wishes, found, {**taken, **dict.fromkeys(promised, "")})
    return Choice("create", name=name) if name else Choice("park")


def _same_matter(note: str, mine: str) -> bool:
    """Whether two markers are of one matter of Clio's, under whichever client: one was merged into the other, whose
    customer went along."""
    (firm, of, id), (our_firm, _, our_id) = note.rpartition(":"), mine.rpartition(":")
    return bool(of) and firm == our_firm and id.partition(".")[2] == our_id.partition(".")[2] != ""


def free(wishes: tuple[str, str], found: Sequence[CustomerReading], taken: Mapping[str, str], own: str = "") -> str:
    """The first name that nobody else has; ``own``: the sub-customer that is to have it. Empty: both are used."""
    used = {c.name.casefold() for c in found if c.id != own} | {n.casefold() for n in taken}
    return next((n for n in wishes if n.casefold() not in used), "")


def guard_of(book: str, customer: str) -> str:
    return f"quickbooks/{book}/{SUB_CUSTOMER}/{customer}"


def linked(
    state: Matter | None, told: Matter, shown: str, policy: Policy, now: datetime, *, by_hand: bool = False
) -> Decision[Matter]:
    """QuickBooks has the sub-customer, under the name ``shown``: it is this matter's alone. The matter is read once
    more: until now nobody was told of its number. ``by_hand``: a person gave it that name, which stands."""
    if state is not None and state.customer == told.customer:
        return Decision(state)
    met = state is not None and state.stood == told.customer and shown not in (*ours(state), *ours(told))
    new = replace(told, written=() if by_hand or met else (shown,))  # so it is met again: a person's name stands
    if state is not None:
        new = replace(new, revision=state.revision, renames=state.renames, wrote=state.renames, breaks=state.breaks)
    owed: tuple[Effect, ...] = (_first_look(new, policy, now),)
    if behind(new, shown):
        new = replace(new, renames=new.renames + 1)
        owed = (*owed, rename(new, policy, now))
    guard = Guard(guard_of(policy.lanes.book, told.customer), f"{told.firm}/{told.id}")
    return Decision(new, effects=owed, guards=(guard,))


def _first_look(state: Matter, policy: Policy, now: datetime) -> Effect:
    """Owed once for each link, whatever pointers at the matter came before. What is linked within a quarter of an hour
    is due together: one call reads it."""
    lane = policy.lanes.of(Neighbour.CLIO)
    due = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0) + timedelta(minutes=15)
    look = effects.look_matter(state.firm, lane, state.client, state.matter, due)
    return replace(look, key=f"{look.key}/{state.generation}.{state.revision}")


def afresh(state: Matter, policy: Policy) -> Decision[Matter]:
    """The link belongs to an earlier generation. Where it stood is remembered: it may have another name than ours."""
    closes = (task_key(state),) if state.lost else ()
    new = replace(state, customer="", generation=policy.firm.generation, lost="", under="", without=False)
    return Decision(replace(new, stood=state.customer or state.stood), closes=closes)


# --- one that people took away in QuickBooks --------------------------------------------------------------------------

INACTIVE, MOVED = "inactive", "moved"
WHY = {
    INACTIVE: "It was made inactive or merged in QuickBooks.",
    MOVED: "In QuickBooks it is below another customer than the client's, or below none.",
}
DECIDE = (
    "Its new invoices wait. Set it back in QuickBooks, or decide: create another, link it to another, or accept it."
)
SETTLED = "This is already settled. Reload the page."


def harm(there: CustomerReading | None, own: str) -> str:
    """Why the sub-customer cannot be used; empty where it can. ``there``: as QuickBooks shows it, None where it does
    not; ``own``: the client's customer, empty while that is not known."""
    if there is None or not there.active:
        return INACTIVE
    return MOVED if own and there.parent != own else ""


def look(firm: str, lane: str, customer: str, at: datetime) -> Effect:
    """A pointer at a sub-customer in QuickBooks; one that no matter is linked to is let be."""
    name, about = effects.linked_name(customer, effects.generation_in(lane)), f"customer/{customer}"
    return effects.owed(firm, Do.LOOK_SUB_CUSTOMER, name, about, lane, at, body={"customer": customer})


def known_lost(state: Matter, own: str) -> bool:
    """Whether it is known that it cannot be used below this customer of the client."""
    return bool(state.lost) and state.under == own


def seen(state: Matter, customer: str, there: CustomerReading | None, own: str, now: datetime) -> Decision[Matter]:
    """QuickBooks shows the sub-customer (see ``harm``). A person is asked once; what they accepted stays accepted until
    it is set back."""
    why = harm(there, own)
    new = replace(state, lost=why, under=own if why else "")
    if state.customer != customer or state == new:
        return Decision(state)
    if why and (state.without or state.lost == why):
        return Decision(new)
    closes = (task_key(state),) if state.lost else ()
    if not why:
        return Decision(replace(new, without=False), closes=closes)
    new = replace(new, breaks=state.breaks + 1)
    return Decision(new, effects=(_task(new, now),), closes=closes)


def task_key(state: Matter) -> str:
    """The task about the sub-customer that cannot be used."""
    return effects.key_of(state.firm, Do.TASK, _task_name(state))


def _task_name(state: Matter) -> str:
    return effects.broken_name(BROKEN, state.id, state.customer, state.breaks, state.generation)


def _task(state: Matter, now: datetime) -> Effect:
    body: Json = {"broken": BROKEN, "id": state.id, "customer": state.customer, "choices": [ANEW], "may_close": True}
    about, title = f"contact/{state.client}", f"Sub-customer of matter {state.name}"
    name, why = _task_name(state), WHY[state.lost]
    return effects.task(state.firm, name, about, now, title=title, reason=why, remedy=DECIDE, body=body)


def let_go(state: Matter, policy: Policy, now: datetime, *, customer: str) -> Decision[Matter]:
    """A person wants another one instead of ``customer``, which cannot be used any more. Raises Refused."""
    _still_asked(state, customer)
    new = replace(state, customer="", revision=state.revision + 1, written=(), lost="", under="")
    lane, count = policy.lanes.of(Neighbour.QUICKBOOKS), f"{new.generation}.{new.revision}"
    step = owed(new.firm, lane, new.client, new.matter, new.name, count, now)
    return Decision(new, effects=(step,), closes=(task_key(state),), guards=(_released(state, policy),))


def relinked(state: Matter, policy: Policy, *, customer: str, there: CustomerReading) -> Decision[Matter]:
    """A person says which one it is instead of ``customer``. Nothing is written: a name that is not one of ours is
    theirs, and stands. Raises Refused."""
    _still_asked(state, customer)
    wears = there.name.casefold() in {n.casefold() for n in names(state.matter, state.name)}
    new = replace(state, customer=there.id, revision=state.revision + 1, written=(there.name,) if wears else ())
    new = replace(new, wrote=new.renames, lost="", under="")
    taken = Guard(guard_of(policy.lanes.book, there.id), f"{state.firm}/{state.id}")
    return Decision(new, closes=(task_key(state),), guards=(taken, _released(state, policy)))


def given_up(state: Matter, customer: str, policy: Policy) -> Decision[Matter]:
    """The matter is another client's in Clio, whose customer this sub-customer stands below now: it goes along."""
    if state.customer != customer:
        return Decision(state)
    new = replace(state, customer="", revision=state.revision + 1, written=(), lost="", under="", without=False)
    closes = (task_key(state),) if state.lost else ()
    return Decision(new, closes=closes, guards=(_released(state, policy),))


def left_without(state: Matter, *, customer: str) -> Decision[Matter]:
    """A person accepts it: from now on its invoices are the client's own customer's. Raises Refused."""
    _still_asked(state, customer)
    return Decision(replace(state, without=True), closes=(task_key(state),))


def _still_asked(state: Matter, customer: str) -> None:
    if state.customer != customer or not state.lost or state.without:
        raise Refused(SETTLED)


def _released(state: Matter, policy: Policy) -> Guard:
    return Guard(guard_of(policy.lanes.book, state.customer), f"{state.firm}/{state.id}", release=True)


# --- another number ---------------------------------------------------------------------------------------------------


def numbered(state: Matter, number: str, policy: Policy, now: datetime) -> Decision[Matter]:
    """Clio shows this number. A newer step replaces one that is not through."""
    if not state.customer or state.name == number:
        return Decision(state)
    older = rename(state, policy, now).key
    new = replace(state, name=number, written=ours(state), renames=state.renames + 1)
    return Decision(new, effects=(rename(new, policy, now),), closes=(older,) if state.renames else ())


def rename(state: Matter, policy: Policy, now: datetime) -> Effect:
    """The step that gives the sub-customer the matter's present name."""
    lane, count = policy.lanes.of(Neighbour.QUICKBOOKS), f"{state.generation}.{state.revision}.{state.renames}"
    to = (state.customer, state.renames)
    return owed(state.firm, lane, state.client, state.matter, state.name, count, now, to)


def ours(state: Matter) -> tuple[str, ...]:
    """The names under which the sub-customer may stand without a person having given it another."""
    return state.written or names(state.matter, state.name)


def behind(state: Matter, shown: str) -> bool:
    """Whether the sub-customer still has an earlier name of ours: not a person's, nor one of the present number."""
    folded = shown.casefold()
    return shown in ours(state) and folded not in {n.casefold() for n in names(state.matter, state.name)}


def named(state: Matter, customer: str, rename: int, shown: str) -> Decision[Matter]:
    """QuickBooks shows the name that this rename wished for. An older one's answer changes nothing."""
    if state.customer != customer or rename < state.wrote:
        return Decision(state)
    return Decision(replace(state, written=(shown,), wrote=rename))
