"""Which QuickBooks customer a client may be: scored suggestions for a person to confirm. Nothing is linked here.

A score is 0 to 100: what agrees adds up, and what disagrees takes off. Names are compared as people write them:
"Example, Ada" and "Ada Example" are one name, and so are "Calder Freight Inc." and "Calder Freight".
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.domain import profile
from chalicelib.domain.readings import ClientReading, CustomerReading

CERTAIN = 90  # same name and e-mail: Clio's own rule for one and the same (reference/quickbooks.md 4.1)
WORTH_SHOWING = 30
OTHERS_SHOWN = 5
THE_NAME = 45  # what the same name comes to, whatever else differs: a customer like that keeps a new one from having it
COMMON = 50  # a word in more names than this ("Smith") leads nowhere by itself
NAME, NEARLY_NAME, WORDS_SHARED = 55, 45, 25
EMAIL, PHONE = 40, 30
OTHER_EMAIL = 10
LEGAL_FORMS = frozenset(
    {"inc", "incorporated", "llc", "llp", "lp", "ltd", "limited", "corp", "corporation", "co", "pc", "plc"}
)
TITLES = frozenset({"mr", "mrs", "ms", "dr", "prof", "the"})


@dataclass(frozen=True, slots=True)
class Other:
    """Another customer that the client may be."""

    customer_id: str
    score: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The best customer for one client; ``customer_id`` is empty where its very name is there, as another client's.
    ``reasons``: words for a person, the strongest first."""

    client_id: str
    customer_id: str
    score: int
    reasons: tuple[str, ...]
    others: tuple[Other, ...] = ()


def suggest(
    clients: Sequence[ClientReading], customers: Sequence[CustomerReading], chosen: Mapping[str, str] | None = None
) -> tuple[Suggestion, ...]:
    """Suggestions, best first. Each client and each customer stands at most once as the best; what else a client may be
    is among its ``others``. A client that nothing speaks for is left out, and so are inactive customers. ``chosen``:
    customers by client, as a person said: each is its client's best, whatever it scores.

    Only pairs that share an e-mail address, a number, the name, or a word of it that is not common are compared.
    """
    by_id = {c.id: c for c in customers if c.active}
    found = _places(by_id.values())
    scored: dict[str, list[Other]] = {}
    picked = {c: id for c, id in (chosen or {}).items() if id in by_id}
    for client in clients:
        near = dict.fromkeys(id for key in _keys(client) for id in found.get(key, ()))
        near |= dict.fromkeys([picked[client.id]] if client.id in picked else [])
        told = [Other(id, *score(client, by_id[id])) for id in near]
        kept = (o for o in told if o.score >= WORTH_SHOWING or picked.get(client.id) == o.customer_id)
        scored[client.id] = sorted(kept, key=_order)
    return _paired(scored, picked)


def _order(o: Other) -> tuple[int, str]:
    return -o.score, o.customer_id


def _paired(scored: dict[str, list[Other]], picked: Mapping[str, str]) -> tuple[Suggestion, ...]:
    """What a person chose first, then the best pairs: who has found a partner is not given to another. Who is left
    without one, though a customer has its name, is told apart from a client that nothing speaks for."""
    pairs = sorted(((o, client) for client, told in scored.items() for o in told), key=lambda p: (*_order(p[0]), p[1]))
    best: dict[str, Other] = {}
    taken: set[str] = set()
    for other, client in sorted(pairs, key=lambda p: picked.get(p[1]) != p[0].customer_id):
        if client not in best and other.customer_id not in taken:
            best[client] = other
            taken.add(other.customer_id)
    none = Other("", 0, ())
    best |= {c: none for c, told in scored.items() if c not in best and any(o.score >= THE_NAME for o in told)}
    return tuple(
        Suggestion(
            client, o.customer_id, o.score, o.reasons, tuple(x for x in scored[client] if x is not o)[:OTHERS_SHOWN]
        )
        for client, o in sorted(best.items(), key=lambda b: (-b[1].score, b[0]))
    )


# --- one pair ---------------------------------------------------------------------------------------------------------


def score(client: ClientReading, customer: CustomerReading) -> tuple[int, tuple[str, ...]]:
    """0 to 100, with the reasons in words."""
    points, reasons = _by_name(client.name, customer.name)
    mail, said = _by_email(client.email, customer.email)
    points, reasons = points + mail, reasons + said
    if _numbers(client) & _numbers(customer):
        points, reasons = points + PHONE, [*reasons, "Same phone number"]
    return max(0, min(100, points)), tuple(reasons)


def _by_name(a: str, b: str) -> tuple[int, list[str]]:
    if profile.bare(profile.clean(a)).casefold() == profile.bare(profile.clean(b)).casefold():
        return NAME, ["Same name"]
    one, two = set(words(a)), set(words(b))
    if not one or not two:
        return 0, []
    if one == two:
        return NEARLY_NAME, ["Same name, written differently"]
    shared = one & two
    if shared in (one, two) and len(shared) > 1:
        return NEARLY_NAME - 10, [f"One name is part of the other: “{b}”"]
    if len(shared) * 2 >= len(one | two):
        return WORDS_SHARED, [f"Similar name: “{b}”"]
    return 0, []


def _by_email(a: str, b: str) -> tuple[int, list[str]]:
    one, two = emails(a), emails(b)
    if one & two:
        return EMAIL, ["Same e-mail address"]
    if one and two:
        return -OTHER_EMAIL, [f"Another e-mail address: {b}"]
    return 0, []


def words(name: str) -> tuple[str, ...]:
    """A name's words without accents, titles and legal forms, so that spellings of one name compare equal."""
    decomposed = unicodedata.normalize("NFKD", profile.bare(name).casefold())
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    found = re.findall(r"\w+", re.sub(r"[.'’]", "", bare))
    kept = tuple(w for w in found if w not in LEGAL_FORMS | TITLES)
    return kept or tuple(found)


def emails(text: str) -> set[str]:
    """The addresses in a field; QuickBooks lets people put several there."""
    return {m.casefold() for m in profile.ONE_ADDRESS.findall(text)}


def _numbers(of: ClientReading | CustomerReading) -> set[str]:
    found = {profile.digits(of.phone), profile.digits(of.mobile)}
    return {n for n in found if len(n) >= 7}


def _keys(of: ClientReading | CustomerReading) -> list[tuple[str, str]]:
    """Where to look for partners: by each address and number, the name, and each word of it longer than an initial."""
    name = words(of.name)
    parts = [("word", w) for w in name if len(w) > 1]
    whole = ("name", " ".join(sorted(name)))
    return [*(("email", e) for e in emails(of.email)), *(("phone", n) for n in _numbers(of)), whole, *parts]


def _places(customers: Iterable[CustomerReading]) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for customer in customers:
        for key in _keys(customer):
            found[key].append(customer.id)
    return {key: ids for key, ids in found.items() if key[0] != "word" or len(ids) <= COMMON}
