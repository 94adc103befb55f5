"""Every crash point of scripted stories: the worker is killed at the 1st, 2nd, ... Nth I/O step of the story, then each
answer is lost though the call worked. After each the story must converge as if nothing had been.
"""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from infra.sandbox.clio import books as clio_books
from tests.simulation.history import History
from tests.simulation.terms import Outcome, Script
from tests.world import Sent

WORKERS = 2


def _bill(h: History, number: str) -> Any:
    return next(b for b in h.world.clio_box.state.rows["bills"].values() if b.number == number)


def _at(h: History, hours: float, what: str, do: Any) -> None:
    h.later(h.began + timedelta(hours=hours), what, do)


def _first_sync(h: History) -> None:
    """A firm's first sync: bills come in, two with a cheque on them, a person goes through the list, and customers,
    invoices and the payment appear in QuickBooks."""
    people = h.world.clio_box.people
    one, two = _bill(h, "A1"), _bill(h, "A4")
    people.record_payment({one.id: 10000, two.id: 5001})
    _at(h, 1, "goes on", lambda: h.people.begin_anew(h.firms[0]))


def _card(h: History) -> None:
    """A reminder goes out, the client pays by card, staff record it in Clio with its code."""

    def press() -> None:
        mails = [m for m in h.world.mail.outbox if "/pay/" in m.text and m.tag.startswith(h.firms[0].firm)]
        if mails and not h.checkers.settled(h.firms[0].firm):
            h.people.press(mails[0], _token(mails[0]), random.Random("card"), 1)

    _at(h, 1, "client pays", press)
    _at(h, 1.05, "client presses again if nothing came", press)
    _at(h, 20, "staff record it", lambda: h.people.act("record_ours", random.Random("first")))
    _at(h, 21, "staff record it", lambda: h.people.act("record_ours", random.Random("second")))


def _token(mail: Sent) -> str:
    return mail.text.partition("/pay/")[2].split()[0].split("/")[0]


def _cheque(h: History) -> None:
    """A cheque over two bills comes in and bounces; a bill is edited and another one voided."""
    people, firm = h.world.clio_box.people, h.firms[0]
    made: list[int] = []

    def cheque() -> None:
        one, two = _bill(h, "A1"), _bill(h, "A4")
        made.append(people.record_payment({one.id: clio_books.balance(one), two.id: 5001}))
        h.people._did(firm, one.id, two.id)

    def bounced() -> None:
        people.remove_payment(made[0])
        h.people._did(firm, _bill(h, "A1").id, _bill(h, "A4").id)

    def edited() -> None:
        people.edit_bill(_bill(h, "A5").id, total=77777)
        people.void(_bill(h, "A2").id)
        h.people._did(firm, _bill(h, "A5").id, _bill(h, "A2").id)

    _at(h, 1, "cheque", cheque)
    _at(h, 2, "edits", edited)
    _at(h, 25, "cheque bounces", bounced)


STORIES = (
    Script("first sync", _first_sync, begins="new", days=0.5),
    Script("reminder and card", _card, days=1.5),
    Script("cheque and edits", _cheque, days=1.5),
)


def point(story: int, dies_at: int, lost_at: int, *, tracing: bool = False) -> Outcome:
    script = replace(STORIES[story], dies_at=dies_at, lost_at=lost_at)
    return History(1, script=script, tracing=tracing).run()


def lengths(story: int) -> tuple[int, int]:
    """(I/O steps, answers) of the untouched story, before everything heals."""
    h = History(1, script=STORIES[story])
    counted: list[int] = []
    heal = h._heal

    def healing() -> None:
        counted.append(h.crew.steps)
        heal()

    h._heal = healing  # type: ignore[method-assign]
    outcome = h.run()
    assert not outcome.violations, outcome.violations
    return counted[0], h.answers


def points(story: int, stride: int = 1) -> Iterator[tuple[int, int, int]]:
    steps, answers = lengths(story)
    yield from ((story, k, 0) for k in range(1, steps + 1, stride))
    yield from ((story, 0, k) for k in range(1, answers + 1, stride))


def judged(where: tuple[int, int, int]) -> tuple[tuple[int, int, int], int, list[str]]:
    outcome = point(*where)
    return where, outcome.steps, [f"promise {v.promise} at {v.at:%m-%d %H:%M}: {v.what}" for v in outcome.violations]


def crash_points(stride: int = 1) -> tuple[int, int, int]:
    """(points, steps, violations) of all stories."""
    total = steps = bad = 0
    with multiprocessing.get_context("fork").Pool(WORKERS) as pool:
        for story, script in enumerate(STORIES):
            wheres = list(points(story, stride))
            for where, its_steps, broken in pool.imap_unordered(judged, wheres, chunksize=8):
                total, steps, bad = total + 1, steps + its_steps, bad + len(broken)
                for line in broken[:2]:
                    print(f"crash {script.name}, dies at {where[1]}, answer lost {where[2]}: {line[:500]}", flush=True)
            print(f"{script.name}: {len(wheres)} crash points, {bad} violations so far", flush=True)
    return total, steps, bad
