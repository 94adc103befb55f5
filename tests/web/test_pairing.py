"""The page of payments on linked invoices, and the same by the API."""

from __future__ import annotations

import pytest

from chalicelib.flow import pairing, pairing_views
from chalicelib.flow.pairing_views import Beside
from chalicelib.flow.settle import policy_of
from tests.flow.acts import payable, posted_on, tasks
from tests.flow.test_adoption import pay_in_quickbooks
from tests.web.test_api import DOCUMENT, Program
from tests.web.visit import Visitor, a_seeded_world
from tests.world import Stage, connect

HERE = "/desk/first/payments"


def a_linked_invoice(*, certain: bool = False) -> Stage:
    """1042 was in QuickBooks with a payment; Clio shows it a day later, and another one. ``certain``: by its number."""
    world = a_seeded_world()
    stage = connect(world)
    made = pay_in_quickbooks(stage, "1042", "150.00", "2026-02-20")
    world.quickbooks_box.people.change_payment(stage.realm, str(made["Id"]), PaymentRefNum="CHK 118")
    world.clio_box.switches["description_on_allocation"] = certain
    world.clio_box.people.record_payment({"1042": 15000}, on="2026-02-21", description="Check 118")
    world.clio_box.people.record_payment({"1042": 2500}, on="2026-02-22")
    stage.resync()
    stage.pass_time(5, minutes=20)
    return stage


def owner_of(stage: Stage) -> Visitor:
    return Visitor(stage.world).sign_in(stage.firm)  # type: ignore[arg-type]


def beside(stage: Stage) -> Beside:
    return pairing_views.one(stage.world, stage.firm, payable(stage, "1042").id)


def form(b: Beside, **more: str) -> dict[str, str]:
    """As the page comes, with what is suggested chosen, and the other one entered as new."""
    said = {f"t-{t.payment.id}": t.pair.ours if t.pair else "" for t in b.theirs}
    said |= {f"o-{o.payment.id}": "above" if o.pair else "new" for o in b.ours}
    return {"payable": b.payable, "there": b.invoice, **said, **more}


def test_the_page_is_reached_from_needs_attention_and_from_the_invoice() -> None:
    stage = a_linked_invoice()
    owner, id = owner_of(stage), payable(stage, "1042").id
    for place in ("/desk/attention", f"/desk/invoices/{id}"):
        assert f'href="{HERE}?invoice={id}">Compare the payments' in owner.get(place).html
    assert "Compare its payments" in owner.get(f"/desk/invoices/{id}").text
    text = owner.get(f"{HERE}?invoice={id}").text
    for words in (
        "CHK 118",
        "$150.00",
        "1 day apart",
        "65 of 100",
        "Something else: leave it",
        "Enter it in QuickBooks",
    ):
        assert words in text
    assert "1042" in owner.get(HERE).text


def test_a_person_confirms_pairs_and_the_rest_is_entered() -> None:
    stage = a_linked_invoice()
    owner = owner_of(stage)
    owner.get(HERE)
    page = owner.follow(owner.post(HERE, form(beside(stage))))
    assert "No payment waits for your word" in page.text
    stage.pass_time(5, minutes=20)
    assert sorted(posted_on(stage, "1042")) == [2500, 15000]
    assert not tasks(stage, "payments")


def test_what_was_chosen_stands_there_when_something_is_missing() -> None:
    stage = a_linked_invoice()
    owner, b = owner_of(stage), beside(stage)
    owner.get(HERE)
    wrong = form(b, only=b.payable)
    new = next(name for name, value in wrong.items() if value == "new")
    wrong[new] = "above"
    page = owner.post(HERE, wrong)
    assert "Say whether the payment of $25.00 is one of those above" in page.text
    assert '<option value="above" selected>' in page.html
    there = next(name for name in wrong if name.startswith("t-"))
    left = owner.post(HERE, {**wrong, there: "leave"})
    assert '<option value="leave" selected>' in left.html
    done = owner.post(HERE, form(b, only=b.payable))
    assert done.location == f"/desk/invoices/{b.payable}?note=compared"
    assert "compared with Clio" in owner.follow(done).text


def test_it_is_read_again_when_asked() -> None:
    stage = a_linked_invoice()
    owner, b = owner_of(stage), beside(stage)
    owner.get(HERE)
    assert owner.post(HERE, {"do": "read", "payable": b.payable}).location == f"{HERE}?note=read"
    one = owner.post(HERE, {"do": "read", "payable": b.payable, "only": b.payable})
    assert "Read again just now" in owner.follow(one).text
    gone = owner.get(f"{HERE}?invoice=unknown").text
    assert "Nothing waits for your word on this invoice" in gone
    assert "See what else needs you" in gone
    pairing.forget(stage.world, policy_of(stage.world, stage.firm), b.payable)
    assert "Read the payments in QuickBooks" in owner.get(f"{HERE}?invoice={b.payable}").text
    assert "Nothing waits" in owner.post(HERE, {"do": "read", "payable": "unknown", "only": "unknown"}).text


def test_the_certain_ones_are_confirmed_with_one_button() -> None:
    stage = a_linked_invoice(certain=True)
    owner = owner_of(stage)
    assert "Confirm 1 certain invoice" in owner.get(HERE).text
    assert "No payment waits" in owner.follow(owner.post(HERE, {"do": "certain"})).text
    stage.pass_time(5, minutes=20)
    assert sorted(posted_on(stage, "1042")) == [2500, 15000]


def test_what_was_said_is_shown_and_taken_back_after_its_effect_was_read() -> None:
    stage = a_linked_invoice()
    owner, b = owner_of(stage), beside(stage)
    owner.get(HERE)
    owner.post(HERE, form(b))
    listed = owner.get(HERE).text
    assert "Said last" in listed
    assert "1 payment is the same" in listed
    one = owner.get(f"{HERE}?invoice={b.payable}").text
    assert "CHK 118" in one
    assert "Take it back" in one
    asked = owner.get(f"{HERE}/undo?invoice={b.payable}").text
    for words in ("Nothing is changed in QuickBooks or in Clio", "The pairs above come apart", "stays there"):
        assert words in asked
    done = owner.post(f"{HERE}/undo", {"payable": b.payable})
    assert done.location == f"{HERE}?invoice={b.payable}&note=unsaid"
    page = owner.follow(done).text
    assert "until you have said anew" in page
    assert "Choose what it is" in page
    assert owner.get(f"{HERE}/undo?invoice={b.payable}").location == f"{HERE}?invoice={b.payable}"
    assert "Nothing that was said" in owner.post(f"{HERE}/undo", {"payable": b.payable}).text
    assert "Nothing that was said" in owner.post(f"{HERE}/undo", {"payable": "unknown"}).text
    assert "was taken back" in owner.get(f"/desk/invoices/{b.payable}").text


def test_what_was_left_as_something_else_is_said_in_words() -> None:
    stage = a_linked_invoice()
    owner, b = owner_of(stage), beside(stage)
    owner.get(HERE)
    left = {f"t-{t.payment.id}": "leave" for t in b.theirs} | {f"o-{o.payment.id}": "new" for o in b.ours}
    owner.post(HERE, {"payable": b.payable, "there": b.invoice, **left})
    assert "1 is something else" in owner.get(HERE).text
    assert "Something else" in owner.get(f"{HERE}?invoice={b.payable}").text


# --- the API ----------------------------------------------------------------------------------------------------------


def test_a_program_sees_both_sides_and_says_what_each_is() -> None:
    stage = a_linked_invoice()
    program, id = Program(stage), payable(stage, "1042").id
    listed = program.get("/linked-payments").json
    schema = DOCUMENT["components"]["schemas"]
    assert set(listed) == set(schema["LinkedPayments"]["properties"])
    one = program.get(f"/linked-payments/{id}").json
    assert listed["items"] == [one]
    assert set(one) == set(schema["LinkedInvoice"]["properties"])
    for side in ("theirs", "ours"):
        assert set(one[side][0]) == set(schema["LinkedInvoice"]["properties"][side]["items"]["properties"])
    assert program.post(f"/linked-payments/{id}/read").json["theirs"] == one["theirs"]
    pairs = [{"quickbooks": t["pair"]["theirs"], "payment": t["pair"]["ours"]} for t in one["theirs"]]
    new = [o["payment"]["id"] for o in one["ours"] if not o["pair"]]
    body = {"invoice": one["invoice"], "pairs": pairs, "left": [], "new": []}
    assert program.post(f"/linked-payments/{id}", body).status == 422
    assert program.post(f"/linked-payments/{id}", {**body, "new": new}).json == {"payable": id}
    assert program.get(f"/linked-payments/{id}").status == 404
    stage.pass_time(5, minutes=20)
    assert sorted(posted_on(stage, "1042")) == [2500, 15000]


def test_a_program_reads_what_was_said_and_takes_it_back() -> None:
    stage = a_linked_invoice(certain=True)
    program, id = Program(stage), payable(stage, "1042").id
    assert program.get(f"/linked-payments/{id}/answer").status == 404
    program.post("/linked-payments")
    told = program.get(f"/linked-payments/{id}/answer").json
    assert set(told) == set(DOCUMENT["components"]["schemas"]["LinkedInvoiceAnswer"]["properties"])
    assert [p["open"] for p in told["pairs"]] == [True]
    [listed] = program.get("/linked-payments").json["said"]
    assert listed == told
    assert program.ask("DELETE", f"/linked-payments/{id}/answer").status == 204
    assert program.ask("DELETE", f"/linked-payments/{id}/answer").status == 422
    assert program.get(f"/linked-payments/{id}").json["theirs"][0]["payment"] == told["pairs"][0]["theirs"]


def test_a_program_confirms_the_certain_ones() -> None:
    stage = a_linked_invoice(certain=True)
    assert Program(stage).post("/linked-payments").json == {"confirmed": 1}


@pytest.mark.parametrize("path", ["", "/unknown", "/unknown/read"])
def test_another_firm_sees_nothing_of_it(path: str) -> None:
    stage = a_linked_invoice()
    program = Program(stage, token="")
    method = "POST" if path.endswith("read") else "GET"
    assert program.ask(method, f"/linked-payments{path}").status == 401
