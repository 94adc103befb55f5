"""One aggregate's life as the store keeps it: its state, its journal folded from the beginning, and its effects by key.

For the stateful tests: ``keep`` takes each decision in and checks what holds for every aggregate.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Decision, Effect, Json, Kind, Status, changed, fold
from chalicelib.flow import states
from tests.domain.given import well_made

S = TypeVar("S")

# Owed again under the key they had: a look by its arrivals (design section 2); a session is expired only once.
LOOKS = {Do.LOOK_BILL, Do.LOOK_CLIENT, Do.LOOK_MATTER, Do.LOOK_SESSION, Do.LOOK_INTENT, Do.LOOK_ACCOUNT}
AGAIN = {*LOOKS, Do.EXPIRE_SESSION}


class Journal(Generic[S]):
    """``state``: None until the first decision. ``effects``: as the store would hold them."""

    def __init__(self, kind: Kind, owed: dict[str, Effect] | None = None) -> None:
        self.kind = kind
        self.state: S | None = None
        self.replayed: Json | None = None
        self.effects: dict[str, Effect] = {} if owed is None else owed
        self.done: set[str] = set()

    @property
    def now(self) -> S:
        assert self.state is not None
        return self.state

    def keep(self, decision: Decision[S]) -> S:
        """As ``settle`` commits it: the state with its journal line, effects put if absent, tasks closed."""
        self.write(decision.state)
        for effect in decision.effects:
            self.owe(effect)
        self.done |= {key for key in decision.closes if key in self.effects}
        return decision.state

    def write(self, new: S) -> None:
        body = states.encode(new)
        before = None if self.state is None else states.encode(self.state)
        self.replayed = fold(changed(before, body), self.replayed)
        assert self.replayed == body, "the folded journal is another state"
        assert states.decode(self.kind, body) == new, "a state is not what was stored"
        self.state = new

    def owe(self, effect: Effect) -> None:
        well_made(effect)
        old = self.effects.get(effect.key)
        if old is None:
            self.effects[effect.key] = effect
        elif effect.kind not in AGAIN:
            assert effect.key not in self.done, f"{effect.key} was done: owed again under that key it is lost"
            assert old.body == effect.body, f"{effect.key} is there already: another body under that key is lost"

    def tasks(self, name: str) -> list[Effect]:
        """Tasks for a person, open now, whose name begins so."""
        return [
            e
            for key, e in self.effects.items()
            if e.status is Status.PARKED and key not in self.done and f"/{Do.TASK}/{name}" in key
        ]

    def ran(self, effect: Effect | Any) -> None:
        """An actor is through with it."""
        self.done.add(effect.key)
