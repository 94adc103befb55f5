"""A killed worker runs no clean-up: whatever it asks of World from then on is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.domain.kernel import Commit, Kind, Ref
from tests.simulation.crew import Killed
from tests.simulation.history import History
from tests.simulation.terms import Script
from tests.world import CLIO, QUICKBOOKS, STRIPE

DEAD = "us-1|dead"
REF = Ref("us-1", Kind.PAYABLE, "b1")

ASKED: dict[str, Callable[[Any], Any]] = {
    "the clock": lambda w: w.now(),
    "randomness": lambda w: w.secret(),
    "the log": lambda w: w.log("dead"),
    "a metric": lambda w: w.count("dead"),
    "sealing": lambda w: w.seal.seal("clear", firm="us-1", neighbour="clio"),
    "opening": lambda w: w.seal.open("us-1|clio|clear", firm="us-1", neighbour="clio"),
    "a reading": lambda w: w.store.load(REF),
    "a list": lambda w: w.store.listed("us-1/payables/open", limit=1),
    "a commit": lambda w: w.store.commit(Commit()),
    "a record": lambda w: w.store.put_record("lane", "us-1", {"until": None}),
    "the end of a record": lambda w: w.store.delete_record("lane", "us-1"),
    "a document": lambda w: w.store.put_document("us-1/d", b"x", now=w.clock.at),
    "the end of a call": lambda w: w.store.end("c1"),
    "a step put off": lambda w: w.store.postpone("us-1/clio.bill/b1", w.clock.at),
    "a hint": lambda w: w.queue.hint([DEAD]),
    "a mail": lambda w: w.mail.send(b"dead", to="ada@a.example", tag="us-1--x"),
    "Clio": lambda w: w.session.request("GET", f"{CLIO}/api/v4/bills.json"),
    "QuickBooks": lambda w: w.session.request("GET", f"{QUICKBOOKS}/v3/company/1/query"),
    "Stripe": lambda w: w.session.request("GET", f"{STRIPE}/v1/events"),
}


@pytest.mark.parametrize("what", ASKED)
def test_a_dead_worker_is_refused(what: str) -> None:
    told: list[str] = []

    def _live_on(h: History) -> None:
        try:
            h.world.store.load(REF)
        except Killed:
            told.append("died")
        try:
            ASKED[what](h.world)
        except Killed:
            told.append("refused")

    history = History(1, script=Script("a death", lambda h: h.spawn("dies", lambda: _live_on(h))))
    history.crew.dies = lambda _step: history.crew.current is not None and history.crew.current.name == "dies"
    history.crew.run()
    assert told == ["died", "refused"]
    assert history.world.mail.outbox == []
    assert DEAD not in [lane for _, _, lane, _ in history.messages.waiting]
    history.crew.close()
