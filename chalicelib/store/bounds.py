"""What a commit may hold: every limit of the store, and a commit checked against them and put into text. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from chalicelib.domain.kernel import Call, Change, Commit, Effect, Finish, Guard, Json, Status
from chalicelib.store import encoding

ACTIONS = 90  # DynamoDB takes 100 in a transaction (reference/aws.md 4); design section 2 leaves room
STATE_BYTES = 64 * 1024
LINE_BYTES = 256 * 1024  # an item holds 400 KB; a line holds the fact and the change, so up to a state and more
EFFECT_BYTES = 64 * 1024
DOCUMENT_BYTES = 380 * 1024
COMMIT_BYTES = 3_500_000  # a transaction holds 4 MB (reference/aws.md 4)
MEMBERS = 80  # of one call; all of them are marked in one transaction
LIVE_CALLS = 100  # of one lane, at most so many are shown
RECORD_BYTES = 64 * 1024
DOCUMENT_DAYS = 2  # how long a document lives that no commit names


@dataclass(frozen=True, slots=True)
class ChangeText:
    """A change with its state, its fact and its change as JSON text."""

    change: Change
    body: str
    fact: str
    moved: str


@dataclass(frozen=True, slots=True)
class GuardStep:
    """One guard's way through a commit: it may be free or with one of ``holders`` before, and is ``after``'s then."""

    key: str
    holders: tuple[str, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A commit within its limits, as text where it is stored as text.

    ``sure``: keys of effects that it marks done under conditions which the Finish names itself. They need not be read:
    DynamoDB is told the condition, and only where it does not hold is the effect read."""

    changes: tuple[ChangeText, ...]
    effects: tuple[Effect, ...]
    finish: tuple[Finish, ...]
    sure: frozenset[str]
    guards: tuple[GuardStep, ...]
    names: tuple[str, ...]


def prepare(commit: Commit) -> Prepared:
    """Raises ValueError: too many actions, too large, the same thing twice, a line of another version than its state's.

    What exists already counts among the actions too, so whether a commit is refused never depends on the tables.
    """
    changes = tuple(_change_text(change) for change in commit.changes)
    if len({c.change.ref for c in changes}) < len(changes):
        raise ValueError("one state twice in a commit")
    effects: dict[str, Effect] = {}
    for effect in commit.effects:
        effects.setdefault(effect.key, effect)
    guards = _guard_steps(commit.guards)
    names = tuple(dict.fromkeys(commit.names))
    keys = set(effects) | {f.key for f in commit.finish}
    actions = 2 * len(changes) + len(keys) + len(guards) + len(names)
    if actions > ACTIONS:
        raise ValueError(f"{actions} actions in one commit; at most {ACTIONS}")
    size = sum(len(c.body) + len(c.fact) + len(c.moved) for c in changes)
    if size + sum(effect_bytes(e) for e in effects.values()) > COMMIT_BYTES:
        raise ValueError(f"a commit of {size} bytes and more; at most {COMMIT_BYTES}")
    return Prepared(changes, tuple(effects.values()), commit.finish, _sure(effects, commit.finish), guards, names)


def _sure(put: Container[str], finish: Sequence[Finish]) -> frozenset[str]:
    often = Counter(f.key for f in finish)
    return frozenset(
        f.key
        for f in finish
        if (f.arrivals is not None or f.call is not None)
        and (f.status is Status.DONE and f.due_at is None)
        and (often[f.key] == 1 and f.key not in put)
    )


def effect_bytes(effect: Effect) -> int:
    """The size of an effect's body. Raises ValueError when it is too large, or has no key."""
    size = len(encoding.json_text(effect.body).encode())
    if size > EFFECT_BYTES:
        raise ValueError(f"{effect.key}: a body of {size} bytes; at most {EFFECT_BYTES}")
    if not effect.key or not effect.lane or not effect.firm:
        raise ValueError(f"an effect without key, lane or firm: {effect}")
    return size


def check_document(key: str, body: bytes) -> None:
    if not key or len(body) > DOCUMENT_BYTES:
        raise ValueError(f"document {key!r}: {len(body)} bytes; at most {DOCUMENT_BYTES}")


def check_call(call: Call) -> None:
    if not call.id or not call.lane or len(call.members) > MEMBERS or len(set(call.members)) < len(call.members):
        raise ValueError(f"call {call.id!r}: {len(call.members)} members; at most {MEMBERS}, each once")


def record_text(pk: str, sk: str, body: Json) -> str:
    """A record's body as text. Raises ValueError when it is too large or has no key."""
    text = encoding.json_text(body)
    if not pk or not sk or len(text.encode()) > RECORD_BYTES:
        raise ValueError(f"record {pk!r}/{sk!r}: {len(text)} characters; at most {RECORD_BYTES} bytes")
    return text


def _change_text(change: Change) -> ChangeText:
    line = change.line
    if line.ref != change.ref or line.version != change.expected + 1:
        raise ValueError(f"{change.ref}: the journal line is not the one of version {change.expected + 1}")
    for place in (change.listing.list, change.listing.group):
        if place is not None and not place[0]:
            raise ValueError(f"{change.ref}: a listing without partition")
    body = encoding.json_text(change.body)
    if len(body.encode()) > STATE_BYTES:
        raise ValueError(f"{change.ref}: a state of {len(body.encode())} bytes; at most {STATE_BYTES}")
    fact, moved = encoding.line_texts(line)
    if len(fact.encode()) + len(moved.encode()) > LINE_BYTES:
        raise ValueError(f"{change.ref}: a journal line over {LINE_BYTES} bytes")
    return ChangeText(change, body, fact, moved)


def _guard_steps(guards: Iterable[Guard]) -> tuple[GuardStep, ...]:
    """One step for each key: DynamoDB takes one action per item, and a guard may pass from one holder to another."""
    steps: dict[str, GuardStep] = {}
    for guard in guards:
        before = steps.get(guard.key)
        if before is not None and before.after is not None and before.after != guard.holder:
            raise ValueError(f"guard {guard.key}: two holders in one commit")
        holders = (*before.holders, guard.holder) if before else (guard.holder,)
        steps[guard.key] = GuardStep(guard.key, holders, None if guard.release else guard.holder)
    return tuple(steps.values())
