"""Histories in which the sandboxes tell of every change by themselves, past signatures, handshakes and renewals."""

from __future__ import annotations

from collections import Counter

import pytest

from chalicelib.domain.kernel import Neighbour
from chalicelib.domain.readings import EventPointer
from chalicelib.flow import inbox, subscribing
from tests.simulation import news
from tests.simulation.history import History


def test_what_the_sandboxes_send_is_taken_in_and_breaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "SHARE", 1.0)
    heard: Counter[str] = Counter()
    right = inbox.point

    def point(world: object, neighbour: Neighbour, pointers: list[EventPointer]) -> int:
        heard.update(f"{neighbour} {p.kind}" for p in pointers)
        return right(world, neighbour, pointers)  # type: ignore[arg-type]

    monkeypatch.setattr(inbox, "point", point)
    kept, forms = 0, set()
    for seed in range(1, 31):
        history = History(seed)
        forms.add(history.news.form)
        broken = history.run().violations
        assert broken == [], f"seed {seed}: {[(v.promise, v.what) for v in broken]}"
        kept += sum(len(subscribing.of(history.world, firm.firm).hooks) for firm in history.firms)
    assert kept > 60
    assert forms == {"cloudevents", "legacy"}
    assert heard["clio bill"] > 3
    assert heard["clio contact"]
    assert heard["quickbooks invoice"] > 5
    assert heard["quickbooks payment"]


def test_most_histories_hear_only_of_what_people_do() -> None:
    own = [seed for seed in range(1, 61) if History(seed).news.own]
    assert 0 < len(own) < 8
