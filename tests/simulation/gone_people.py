"""A client that Clio shows no more: deleted, or hidden from the user who connected us, for good or for some days; with
or without a word to us. Its customer and its bills change around it, and the bookkeeper says what becomes of it."""

from __future__ import annotations

import random

from tests.simulation.acting import AT_ONCE, HOUR, Acting
from tests.simulation.base import FirmFacts

ACTS: dict[str, int] = {"lose_client": 2}


class Gone(Acting):
    """Whether it was deleted or hidden looks the same to us (the sandbox hides it), but for what Clio says of it."""

    def lose_client(self, rng: random.Random) -> None:
        firm, rows = self.firm(rng), self.h.world.clio_box.state.rows["contacts"]
        linked = self._linked(rng, firm)
        if linked is None or int(linked[0]) not in rows:
            return
        client, draw = int(linked[0]), random.Random(rng.random())
        if rng.random() < 0.5:
            change = lambda: self._change_customer(draw, firm, linked[1])  # noqa: E731
            self._soon(rng, (0, AT_ONCE, HOUR, 1, 4), "changes its customer", change)
        if rng.random() < 0.3:
            self._soon(rng, (0, HOUR, 1), "its bills change", lambda: self._bill_of(firm, client, draw))
        word = rng.choice(("deleted", "deleted", "updated", ""))
        self._soon(rng, (0, AT_ONCE, HOUR), "a client is gone", lambda: self._hide(firm, client, word))
        if rng.random() < 0.5:
            back = lambda: self._show(firm, client, draw)  # noqa: E731
            self._soon(rng, (HOUR, 0.5, 2, 6), "the client is there again", back)
        for _ in range(rng.choice((0, 1, 1, 2))):
            answer = random.Random(rng.random())
            job = lambda d=answer: self._at_desk(firm, "answers", lambda: self._answer_broken(firm, d))  # noqa: E731
            self._soon(rng, (HOUR, 0.5, 3, 7), "says what becomes of it", job)

    def _hide(self, firm: FirmFacts, client: int, word: str) -> None:
        clio = self.h.world.clio_box
        clio.switches["hidden_contacts"] = sorted({*clio.switches.get("hidden_contacts", ()), client})
        self.h.tell(f"  client {client} is gone: {word or 'not a word'}")
        if word:
            self.h.point_client(firm, client, word)

    def _show(self, firm: FirmFacts, client: int, rng: random.Random) -> None:
        clio = self.h.world.clio_box
        clio.switches["hidden_contacts"] = [id for id in clio.switches.get("hidden_contacts", ()) if id != client]
        if rng.random() < 0.4 and client in clio.state.rows["contacts"]:
            clio.people.change_client(client, email=f"again{rng.randint(1, 99)}@mail.example")
        if rng.random() < 0.6:
            self.h.point_client(firm, client)
