"""What a list shows of each state: one word to read first, and how it stands in QuickBooks and in Clio."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain import effects
from chalicelib.domain.connection import Connection
from chalicelib.domain.crediting import Accepted, Credit, Memo, Part
from chalicelib.domain.effects import Do
from chalicelib.domain.kernel import Neighbour
from chalicelib.domain.payable import Booked, Collection, Known, Standing
from chalicelib.domain.payment import Phase, Posted, Source
from chalicelib.domain.readings import BillState, Pot
from chalicelib.domain.reminders import SUPPLIED, Next
from chalicelib.flow import rows
from chalicelib.flow.steps import Action, actions
from tests.builders import FIRM, NOW, TODAY, a_payable, a_payment
from tests.domain.given import a_share

SETS = {s.id: s for s in SUPPLIED}


def a_credit(**fields: Any) -> Credit:
    part = (Part("b1", "1042", 700),)
    return Credit(FIRM, "m1", "c1", "Ada", "USD", TODAY, "", 700, part, "e1", **fields)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Not there yet"),
        ({"memo": Memo("9", NOW)}, "Being applied"),
        ({"shown": 1}, "Applied"),
        ({"shown": 1, "left": 200}, "Applied, $2.00 of it on no invoice"),
        ({"memo": Memo("9", NOW), "accepted": Accepted(1, lost=True)}, "Not there any more, as you accepted"),
        ({"memo": Memo("9", NOW), "accepted": Accepted(1)}, "Left as it is there, as you decided"),
        ({"gone": True}, "Being taken back"),
        ({"gone": True, "shown": 1}, "Taken back"),
    ],
)
def test_how_a_credit_stands_in_quickbooks(fields: dict[str, Any], words: str) -> None:
    assert rows.credited(a_credit(**fields), "b1").booked == words


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Not there yet"),
        ({"bill_state": BillState.VOID}, "Not needed"),
        ({"pot": Pot.TRUST}, "Not income: kept out of QuickBooks"),
        ({"booked": Booked("7", 1, 40000)}, "In step"),
        ({"booked": Booked("7", 1, 40000), "revision": 2}, "Being updated"),
        (
            {"booked": Booked("7", 1, 40000), "revision": 2, "bill_state": BillState.DRAFT},
            "As it was last approved",
        ),
        ({"booked": Booked("7", 1, 40000, voided=True)}, "Voided"),
        ({"booked": Booked("7", 1, 40000, kept=True)}, "Kept, though the bill is gone"),
        ({"booked": Booked("7", 1, 40000, waits=True)}, "Waits for you"),
    ],
)
def test_how_an_invoice_stands_in_quickbooks(fields: dict[str, Any], words: str) -> None:
    assert rows.row(a_payable(**fields), SETS, TODAY).booked == words


@pytest.mark.parametrize(
    ("state", "also"),
    [
        (a_payable(balance=100), ("Part paid",)),
        (a_payable(balance=0, shares=(a_share(cents=500),)), ("Paid $5.00 too much",)),
        (a_payable(bill_state=BillState.VOID, shares=(a_share(cents=500),)), ("$5.00 received, unapplied",)),
        (a_payable(bill_state=BillState.DRAFT, shares=(a_share(cents=500),)), ("$5.00 received",)),
        (a_payable(due_on=TODAY, collection=Collection("friendly", NOW)), ("Reminding",)),
        (a_payable(collection=Collection("friendly", NOW)), ()),
    ],
)
def test_what_stands_beside_the_status(state: Any, also: tuple[str, ...]) -> None:
    assert rows.row(state, SETS, TODAY).also == also


@pytest.mark.parametrize(("set_id", "step"), [("gone", 0), ("friendly", 99)])
def test_a_mail_of_a_set_that_is_no_more_has_no_subject_to_show(set_id: str, step: int) -> None:
    collection = Collection(set_id, NOW, next=Next(step, NOW))
    row = rows.row(a_payable(collection=collection), SETS, TODAY)
    assert (row.next_at, row.next_subject) == (NOW, "")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Waiting to be posted"),
        ({"pot": Pot.TRUST}, "Trust money: not posted as income"),
        ({"phase": Phase.OPEN}, "—"),
        ({"phase": Phase.REMOVED, "posted": Posted("8", 1, 40000)}, "Voided"),
        ({"posted": Posted("8", 1, 40000), "wanted": 2}, "Being updated"),
        ({"posted": Posted("8", 1, 40000), "wanted": 1}, "Posted"),
        ({"posted": Posted("8", 1, 40000, unapplied=100), "wanted": 1}, "Posted, $1.00 of it unapplied"),
    ],
)
def test_how_a_payment_stands_in_quickbooks(fields: dict[str, Any], words: str) -> None:
    assert rows.paid(a_payment(**fields)).booked == words


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"source": Source.CLIO}, "Came from Clio"),
        ({"phase": Phase.OPEN}, "—"),
        ({}, "To be recorded"),
        ({"items": tuple(replace(i, shown=40000) for i in a_payment().items)}, "Recorded"),
    ],
)
def test_how_a_payment_stands_in_clio(fields: dict[str, Any], words: str) -> None:
    assert rows.paid(a_payment(**fields)).recorded == words


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"phase": Phase.CREATING}, "Paying now"),
        ({"phase": Phase.ON_ITS_WAY}, "On its way"),
        ({"phase": Phase.FAILED}, "Failed"),
        ({"phase": Phase.EXPIRED}, "Not finished"),
        ({"phase": Phase.REMOVED}, "Removed in Clio"),
        ({}, "Received"),
        ({"returned": 100}, "Part returned"),
        ({"returned": 40000}, "Returned"),
        ({"dispute": "needs_response", "lost": 40000}, "Disputed"),
        ({"dispute": "won"}, "Received"),
    ],
)
def test_a_payment_has_one_word(fields: dict[str, Any], words: str) -> None:
    assert rows.payment_status(a_payment(**fields)).word == words


def test_a_match_names_the_payments_by_their_codes() -> None:
    receipt = Known("r1", 40000, TODAY, "g1", "payment", "", Standing.MATCHED, "code")
    shares = (a_share("p1", shown=(("r1", 300),)), a_share("p2", shown=(("r1", 100),)), a_share("p3"))
    (match,) = rows.matches(a_payable(receipts=(receipt,), shares=shares), {"p1": "FS-ABC234"})
    assert (match.ours, match.can_undo) == (("FS-ABC234", "p2"), True)


@pytest.mark.parametrize(
    ("neighbour", "id", "pot"),
    [
        (Neighbour.CLIO, "clio", None),
        (Neighbour.STRIPE, "stripe-trust", Pot.TRUST),
    ],
)
def test_a_connection_that_was_never_made_and_one_that_was_lost(neighbour: Neighbour, id: str, pot: Pot | None) -> None:
    never = rows.link(id, None)
    assert (never.neighbour, never.pot, never.made, never.why_not) == (neighbour, pot, False, "Not connected.")
    c = Connection(FIRM, id, neighbour, "x", "X", pot, connected=False, why="", since=NOW)
    assert rows.link(id, c).why_not.endswith("no longer lets us in: connect it again.")
    assert rows.link(id, replace(c, why="revoked")).why_not.endswith("no longer lets us in: revoked.")
    ended = replace(c, why="Olivia Hartwell disconnected it", chosen=True)
    assert rows.link(id, ended).why_not == "Olivia Hartwell disconnected it."


# --- what is parked ---------------------------------------------------------------------------------------------------


def test_a_step_is_called_by_its_kind_and_what_it_is_about() -> None:
    step = replace(effects.look_bill(FIRM, "l", "7", NOW, "Bill 1042"), cause="It did not answer.")
    shown = rows.item(step)
    assert (shown.payable, shown.cause, shown.remedy) == ("7", "It did not answer.", "Press Retry.")
    assert "Bill 1042" in shown.title
    assert rows.item(replace(step, title="")).title
    assert rows.item(replace(step, kind="a.kind.of.later")).title == "Bill 1042"


def test_a_client_that_is_linked_already_is_not_in_step_rather_than_missing() -> None:
    of = effects.customer(FIRM, "l", "3", 2, NOW, "Ada", "63")
    assert rows.item(of).title == "Client Ada: not in step with QuickBooks"
    assert rows.item(replace(of, body={**of.body, "customer": ""})).title != rows.item(of).title


@pytest.mark.parametrize(
    ("body", "does"),
    [({"release": True}, ["pair"]), ({"choices": [["x", "X"]], "may_close": True}, ["retry", "retry", "done"])],
)
def test_a_step_may_offer_choices_and_may_be_closed(body: dict[str, Any], does: list[str]) -> None:
    step = replace(effects.look_bill(FIRM, "l", "7", NOW, "Bill 1042"), body=body)
    assert [a.do for a in actions(step)] == does


@pytest.mark.parametrize(
    ("name", "body", "does"),
    [
        ("match/7", {}, ["same", "separate"]),
        ("broken/invoice/7/1/1", {}, ["decide"]),
        ("reconnect/clio/1", {}, ["connect"]),
        ("remove/7/1", {}, []),
        ("contact/7", {"side": "clio", "can_take": True}, ["take", "done"]),
        ("contact/7", {"side": "quickbooks"}, ["done"]),
        ("surplus/7", {}, ["done"]),
    ],
)
def test_each_task_has_its_buttons(name: str, body: dict[str, Any], does: list[str]) -> None:
    task = effects.task(FIRM, name, "payable/7", NOW, title="T", reason="R.", remedy="M.", body=body)
    found: tuple[Action, ...] = actions(task)
    assert task.kind == Do.TASK
    assert [a.do for a in found] == does
