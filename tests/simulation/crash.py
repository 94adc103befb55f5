"""Every crash point of scripted stories: the worker is killed at the 1st, 2nd, ... Nth I/O step of the story, then each
answer is lost though the call worked. After each the story must converge as if nothing had been.

``python -m tests.simulation.crash 0`` prints what came of each point of the first story.
"""

from __future__ import annotations

import gc
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from infra.sandbox.clio import books as clio_books
from tests.forked import Forked, Lost
from tests.simulation.history import History
from tests.simulation.terms import Script
from tests.world import Sent

WORKERS = 2
ROOT = Path(__file__).parents[2]


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


Where = tuple[int, int, int]  # story, the step at which its worker dies or 0, the answer that is lost or 0


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of one point: the steps of the whole history, and what was broken."""

    steps: int
    broken: list[str]


def played(story: int, chosen: Callable[[Where], bool] = lambda _: True, at_once: int = 1) -> dict[Where, Judged]:
    """What comes of the chosen points of a story: all are each step and each answer of it before everything heals.

    The story is played once, untouched. At each point a child is forked for which it goes on with that fault: what came
    before is the same for both. ``at_once``: how many children run at the same time.
    """
    forked = Forked(at_once)

    def goes_wrong(where: Where) -> bool:
        return chosen(where) and forked.fork(where)

    script = replace(
        STORIES[story], dies=lambda step: goes_wrong((story, step, 0)), loses=lambda n: goes_wrong((story, 0, n))
    )
    _judged(STORIES[story])  # what is made on first use is made before there are children
    untouched = forked.whole(lambda: _judged(script))
    assert not untouched.broken, untouched.broken
    return {
        where: Judged(0, [f"the child is lost: {told.why}"]) if isinstance(told, Lost) else told
        for where, told in forked.told.items()
    }


def alone(where: Where) -> Judged:
    """One point, played from the beginning of its story."""
    story, dies_at, lost_at = where
    return _judged(replace(STORIES[story], dies=lambda step: step == dies_at, loses=lambda n: n == lost_at))


def _judged(script: Script) -> Judged:
    collects = gc.isenabled()
    gc.disable()  # to collect touches every object, of which a child then has to have its own
    try:
        outcome = History(1, script=script).run()
    finally:
        if collects:
            gc.enable()
    broken = [f"promise {v.promise} at {v.at:%m-%d %H:%M}: {v.what}" for v in outcome.violations]
    return Judged(outcome.steps, broken)


def played_elsewhere(story: int) -> dict[Where, Judged]:
    """Each point of a story, played in a new process: to fork a small one is quicker than to fork pytest's."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation.crash", str(story)],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        stdout=subprocess.PIPE,
        check=True,
    )
    return {(story, dies_at, lost_at): Judged(*rest) for dies_at, lost_at, *rest in json.loads(done.stdout)}


def broken(found: dict[Where, Judged]) -> list[tuple[Where, list[str]]]:
    return [(where, judged.broken) for where, judged in found.items() if judged.broken]


def crash_points() -> tuple[int, int, int]:
    """(points, steps, violations) of all stories."""
    total = steps = bad = 0
    for story, script in enumerate(STORIES):
        found = played(story, at_once=WORKERS)
        total, steps = total + len(found), steps + sum(judged.steps for judged in found.values())
        for (_, dies_at, lost_at), lines in broken(found):
            bad += len(lines)
            for line in lines[:2]:
                print(f"crash {script.name}, dies at {dies_at}, answer lost {lost_at}: {line[:500]}", flush=True)
        print(f"{script.name}: {len(found)} crash points, {bad} violations so far", flush=True)
    return total, steps, bad


if __name__ == "__main__":
    found_here = played(int(sys.argv[1]))
    print(json.dumps([(*where[1:], judged.steps, judged.broken) for where, judged in found_here.items()]))
