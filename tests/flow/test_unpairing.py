"""An answer about payments is taken back in the very moment in which the first sync links its invoice: whichever comes
first, a pair is left that can be taken back, or nothing is paired."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from chalicelib.domain.kernel import Commit
from chalicelib.flow import first_sync, pairing_views, unpairing
from tests.flow import races
from tests.flow.acts import STAFF, payable, payments_on, posted_on, tasks
from tests.flow.test_first_sync import answer_all, settled
from tests.flow.test_pairing import beside, planned, said, say, take_back
from tests.world import Stage


@contextmanager
def at_commit(stage: Stage, fact: str, about: str, act: Callable[[], object]) -> Iterator[None]:
    """Does ``act`` once, just before the first commit of this fact about this state."""
    store, real, told = stage.world.store, stage.world.store.commit, list[str]()

    def watched(commit: Commit) -> None:
        if not told and any(x.line.fact == fact and x.line.ref.id == about for x in commit.changes):
            told.append(fact)
            act()
        real(commit)

    store.commit = watched  # type: ignore[method-assign]
    yield
    store.commit = real  # type: ignore[method-assign]
    assert told, f"nothing said {fact}"


def answered_in_the_first_sync() -> Stage:
    """Its only linked invoice is 1042, whose payments a person has compared."""
    stage = planned()
    b = beside(stage)
    say(stage, {b.theirs[0].payment.id: b.ours[0].payment.id})
    answer_all(stage)
    first_sync.begin(stage.world, stage.firm, STAFF)
    return stage


def unsay(stage: Stage) -> None:
    unpairing.take_back(stage.world, stage.firm, payable(stage, "1042").id, STAFF)


def written(stage: Stage) -> None:
    assert settled(stage).phase == "begun"
    stage.pass_time(5, hours=2)


def is_a_pair_that_can_be_taken_back(stage: Stage) -> None:
    [x] = payments_on(stage, "1042")
    assert x.posted
    told = said(stage)
    assert told and told.linked and [p.open for p in told.pairs] == [True]
    assert pairing_views.waiting(stage.world, stage.firm).items == ()
    assert posted_on(stage, "1042") == [15000]
    take_back(stage)
    is_asked_about_again(stage)


def is_asked_about_again(stage: Stage) -> None:
    [x] = payments_on(stage, "1042")
    assert x.posted is None
    assert said(stage) is None
    assert len(beside(stage).theirs) == 1
    assert len(tasks(stage, "payments")) == 1
    assert posted_on(stage, "1042") == [15000], "nothing is posted before a person has spoken"


@pytest.mark.parametrize("fact", ["PaymentsPaired", "InvoiceBooked"])
def test_an_answer_that_was_read_already_is_carried_out_and_stays_one(fact: str) -> None:
    stage = answered_in_the_first_sync()
    about = {"PaymentsPaired": payments_on(stage, "1042")[0].id, "InvoiceBooked": payable(stage, "1042").id}
    with at_commit(stage, fact, about[fact], lambda: unsay(stage)):
        written(stage)
    is_a_pair_that_can_be_taken_back(stage)


@pytest.mark.parametrize("step", [0, 1, 2, 3])
def test_an_invoice_that_is_linked_while_its_answer_is_taken_back_is_asked_about_again(step: int) -> None:
    """``step``: how many of the records are removed by then."""
    stage = answered_in_the_first_sync()
    with races.before(stage.world.store, "delete_record", lambda: written(stage), skip=step):
        unsay(stage)
    stage.pass_time(3, minutes=20)
    is_asked_about_again(stage)
