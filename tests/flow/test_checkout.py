"""The client's side when something is not as it should be: what the page shows, and what Pay answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.domain.kernel import Neighbour
from chalicelib.errors import Refused
from chalicelib.flow import checkout, links, looking
from chalicelib.flow.drain import drain
from chalicelib.flow.links import PayLink
from chalicelib.flow.settle import policy_of
from chalicelib.store.index import Index
from infra.sandbox.kit import Fault
from tests.flow import acts, races
from tests.flow.acts import clio_id, open_session, pay_link, payable, press_pay, session_of
from tests.world import Stage


@pytest.fixture
def stage(synced: Stage) -> Stage:
    """One firm for all; each test pays other bills."""
    acts.BUILT.append(synced)
    synced.world.clock.move(seconds=61)
    synced.work()
    return synced


def row(stage: Stage, number: str) -> checkout.PayRow:
    return next(r for r in checkout.page(stage.world, pay_link(stage, number)).payables if r.number == number)


def look_again(stage: Stage, number: str) -> None:
    looking.point_at_bill(stage.world, policy_of(stage.world, stage.firm), payable(stage, number).id)
    stage.work()


# --- the page ---------------------------------------------------------------------------------------------------------


def test_a_link_of_a_firm_that_is_not_there_opens_nothing(stage: Stage) -> None:
    token = links.make(stage.world, PayLink("us-0", "1", "2"))
    with pytest.raises(Refused, match="no longer valid"):
        checkout.page(stage.world, token)


def test_a_link_never_shows_a_bill_of_another_client_even_if_it_names_it(stage: Stage) -> None:
    theirs = payable(stage, "1042")
    token = links.make(stage.world, PayLink(stage.firm, payable(stage, "1046").client_id, theirs.id))
    shown = checkout.page(stage.world, token)
    assert {r.number for r in shown.payables} == {"1046", "1047", "1048"}
    assert shown.client_name == payable(stage, "1046").client_name


def test_the_bill_that_the_link_was_sent_for_is_shown_though_the_list_lags_behind(stage: Stage) -> None:
    stage.world.clio_box.people.approve("1071")
    looking.point_at_bill(stage.world, policy_of(stage.world, stage.firm), str(clio_id(stage, "1071")))
    drain(stage.world, policy_of(stage.world, stage.firm).lanes.of(Neighbour.CLIO))
    listed = f"{stage.firm}/client/{payable(stage, '1071').client_id}"
    stage.world.store._index["group"], whole = Index(), stage.world.store._index["group"]
    assert stage.world.store.grouped(listed, limit=9).items == ()
    assert row(stage, "1071").can_pay
    stage.world.store._index["group"] = whole
    stage.work()


@pytest.fixture
def pending(stage: Stage) -> Iterator[str]:
    """A bill on which Clio shows a payment of its own under way."""
    stage.world.clio_box.people.set_pending("1053", 64000)
    look_again(stage, "1053")
    yield "1053"
    stage.world.clio_box.people.set_pending("1053", 0)
    look_again(stage, "1053")


def test_a_bill_that_cannot_be_paid_now_says_whom_to_ask(stage: Stage, pending: str) -> None:
    shown = row(stage, pending)
    assert (shown.status, shown.can_pay) == ("open", False)
    assert "Please contact us about this one" in shown.why_not


# --- Pay --------------------------------------------------------------------------------------------------------------


def test_where_clio_refuses_to_show_the_bill_nothing_is_begun(stage: Stage) -> None:
    stage.world.clio_box.faults.append(Fault("status", path="bills", method="GET", status=422))
    answer = press_pay(stage, "1054")
    assert (answer.kind, answer.sentence) == (
        "refused",
        "This cannot be paid online right now. Please contact us.",
    )
    assert payable(stage, "1054").attempt is None


def test_a_bill_that_clio_shows_in_a_way_we_do_not_understand_is_not_charged(stage: Stage) -> None:
    box = stage.world.clio_box
    bill = box.state.rows["bills"][clio_id(stage, "1056")]
    bill.state = "in_review"
    answer = press_pay(stage, "1056")
    assert answer.kind == "refused" and "contact us about this bill" in answer.sentence
    assert payable(stage, "1056").attempt is None
    bill.state = "awaiting_payment"


def test_an_attempt_that_ends_while_pay_is_pressed_again_makes_room_for_a_new_one(stage: Stage) -> None:
    first = open_session(stage, "1060")
    token, shown = pay_link(stage, "1060"), [(payable(stage, "1060").id, 10000)]

    def end() -> None:
        stage.world.stripe.expire(stage.operating, first)
        stage.work()

    with races.before(stage.world.store, "load", end):
        answer = checkout.pay(stage.world, token, shown)
    assert answer.kind == "go"
    assert session_of(answer) != first


def test_while_stripe_still_shows_the_old_page_as_open_no_second_one_is_opened(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_session(stage, "1054")
    monkeypatch.setattr(stage.world.stripe, "expire", lambda _account, _session: None)
    answer = press_pay(stage, "1054", "1055")
    assert answer.kind == "wait"
    monkeypatch.undo()
    assert session_of(press_pay(stage, "1054", "1055")) != first
