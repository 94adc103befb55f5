"""What the neighbours tell by themselves: the sandboxes' own webhooks, of every change, of ours too.

Most histories hear only of what people do (that is cheaper, and harder on the polls). In these the program makes its
subscriptions at Clio, keeps them and makes new ones; QuickBooks has an address of ours; each message is signed by the
sandbox, gets lost, comes late, twice and in any order as all news does, and passes the shipped checks and readings.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalicelib.clio import webhook as clio_webhook
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Neighbour
from chalicelib.domain.readings import EventPointer
from chalicelib.flow import clio_hooks, inbox
from chalicelib.quickbooks import webhook as books_webhook
from tests.simulation.world import SimStore
from tests.world import PUBLIC, VERIFIER

if TYPE_CHECKING:
    from tests.simulation.history import History

SHARE = 0.04  # of the histories


class News:
    """``own``: whether the sandboxes tell by themselves in this history."""

    def __init__(self, history: History) -> None:
        self.h = history
        draw = random.Random(f"news-{history.seed}")
        self.own, self.form = history.script is None and draw.random() < SHARE, draw.choice(("cloudevents", "legacy"))
        history.world.hooks_url = PUBLIC if self.own else ""

    def begin(self) -> None:
        """Both sides know each other's addresses from now on."""
        if not self.own:
            return
        world, store = self.h.world, self.h.world.store
        assert isinstance(store, SimStore)
        world.quickbooks_box.switches["webhook_form"] = self.form
        world.quickbooks_box.people.register_webhook(f"{PUBLIC}/webhooks/quickbooks")
        awake = {firm.firm for firm in self.h.healing}
        for owed in list(store._effects.values()):
            if owed.effect.kind == Do.KEEP_HOOKS and owed.effect.firm in awake:
                store.move(owed.effect.key, self.h.began)

    def tell(self, neighbour: Neighbour, pointers: list[EventPointer], firm: str) -> None:
        """Of what people did; nothing where the sandbox tells it itself."""
        if not self.own:
            self.h.hook(f"{neighbour} hook", lambda: self._point(neighbour, pointers), firm)

    def deliver(self) -> None:
        """What the sandboxes send by now goes on its way."""
        if not self.own:
            return
        clio, books = self.h.world.clio_box, self.h.world.quickbooks_box
        if clio.state.deliveries:
            clio.deliver_due(self._clio)
        if books.state.events or books.state.deliveries:
            books.deliver_due(self._books)

    def _clio(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Mapping[str, str]]:
        token = url.rpartition("/")[2]
        if secret := headers.get("X-Hook-Secret"):
            self.h.hook("clio handshake", lambda: clio_hooks.shake_hands(self.h.world, token, secret))
            answered = self.h.rng.random() < 0.5  # else we are too slow, and enable it from our side
            return 200, {"X-Hook-Secret": secret} if answered else {}
        self.h.hook("clio news", lambda: self._heard(token, headers.get("X-Hook-Signature", ""), body))
        return 200, {}

    def _heard(self, token: str, signature: str, body: bytes) -> None:
        """As web/webhooks.py does it."""
        kept = clio_hooks.find(self.h.world, token)
        if kept is not None and clio_webhook.signed(body, signature, kept.secret):
            self._point(Neighbour.CLIO, clio_webhook.pointers(body, kept.account, kept.kind))

    def _books(self, _url: str, headers: Mapping[str, str], body: bytes) -> int:
        def heard() -> None:
            if books_webhook.signed(body, headers["intuit-signature"], VERIFIER):
                told = books_webhook.pointers(body)
                self._point(
                    Neighbour.QUICKBOOKS, [EventPointer(p.event, p.realm, p.entity, p.entity, p.id) for p in told]
                )

        self.h.hook("quickbooks news", heard)
        return 200

    def _point(self, neighbour: Neighbour, pointers: list[EventPointer]) -> None:
        inbox.point(self.h.world, neighbour, pointers)
        for told in pointers:
            if neighbour is Neighbour.CLIO and told.kind == "bill":
                for firm in self.h.firms:
                    if told.account == f"us/{firm.clio}":
                        self.h.checkers.pointed_at[firm.firm, int(told.object_id)] = self.h.clock.at
