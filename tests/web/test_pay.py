"""The client's pages: a GET changes nothing, an unknown link hints at nothing, Pay leads to Stripe once."""

from __future__ import annotations

import pytest

from chalicelib.domain.money import show
from chalicelib.flow import links, views
from tests.browser.story import a_link, the_payable
from tests.flow import acts
from tests.web.test_desk import an_open_invoice
from tests.web.visit import Page, Visitor, a_firm_with_pages
from tests.world import Stage


def a_client() -> tuple[Stage, Visitor, str, str]:
    """(stage, the client's browser, pay link, payable)."""
    stage, desk = a_firm_with_pages()
    row = an_open_invoice(stage)
    return stage, Visitor(desk.world), a_link(stage, row.id), row.id


def press_pay(stage: Stage, client: Visitor, token: str, id: str, cents: int | None = None) -> Page:
    client.get(f"/pay/{token}")
    shown = the_payable(stage, id).open if cents is None else cents
    return client.post(f"/pay/{token}", {"id": [id], f"shown-{id}": str(shown)})


@pytest.mark.parametrize("path", ["", "/done", "/done?cancelled=1", "/view/{id}"])
def test_a_get_changes_nothing(path: str) -> None:
    stage, client, token, id = a_client()
    before = stage.world.store.writes
    page = client.get(f"/pay/{token}{path.format(id=id)}")
    assert page.status == 200
    assert stage.world.store.writes == before


def test_the_page_says_what_is_owed_by_when_and_how_to_ask_firm_first() -> None:
    stage, client, token, id = a_client()
    text = client.get(f"/pay/{token}").text
    p = the_payable(stage, id)
    assert text.index("Hartwell & Pine LLP") < text.index(p.number)
    assert "office@hartwell.example" in text
    assert "Fee Simple" not in text


def test_pay_leads_to_stripe() -> None:
    stage, client, token, id = a_client()
    page = press_pay(stage, client, token, id)
    assert page.status == 303
    assert page.location.startswith("http://stripe.test/")


def test_a_second_window_gets_the_same_payment_page() -> None:
    stage, client, token, id = a_client()
    first = press_pay(stage, client, token, id)
    second = press_pay(stage, Visitor(client.world), token, id)
    assert first.location == second.location


def test_an_amount_that_moved_since_the_page_was_shown_is_not_charged() -> None:
    stage, client, token, id = a_client()
    page = press_pay(stage, client, token, id, cents=1)
    assert page.status == 422
    assert "has changed" in page.text


@pytest.mark.parametrize("typed", ["ten", "²", "9" * 5000])
def test_an_amount_that_is_no_number_is_not_charged(typed: str) -> None:
    _, client, token, id = a_client()
    client.get(f"/pay/{token}")
    assert client.post(f"/pay/{token}", {"id": [id], f"shown-{id}": typed}).status == 422


def test_ticking_nothing_says_what_to_do() -> None:
    _, client, token, _ = a_client()
    client.get(f"/pay/{token}")
    assert "Tick what you want to pay" in client.post(f"/pay/{token}", {}).text


def test_a_foreign_form_cannot_pay() -> None:
    stage, client, token, id = a_client()
    client.get(f"/pay/{token}")
    page = client.post(f"/pay/{token}", {"id": [id], f"shown-{id}": "100"}, csrf="guessed")
    assert page.status == 403
    assert the_payable(stage, id).attempt is None


def test_unknown_and_revoked_links_look_the_same_and_hint_at_nothing() -> None:
    stage, client, token, id = a_client()
    links.revoke(stage.world, stage.firm, id)
    revoked, unknown = client.get(f"/pay/{token}"), client.get("/pay/aaaaaaaaaaaaaaaaaaaaaaaaaaaa")
    assert revoked.status == unknown.status == 404
    assert revoked.text == unknown.text
    assert "Hartwell" not in revoked.text


def test_a_link_opens_no_other_client_s_bill() -> None:
    stage, client, token, id = a_client()
    mine = the_payable(stage, id).client_id
    other = next(r for r in views.invoices(stage.world, stage.firm, "open").rows if r.client_id != mine)
    assert client.get(f"/pay/{token}/view/{other.id}").status == 404


def test_the_invoice_view_shows_lines_that_add_up_to_the_total() -> None:
    stage, client, token, id = a_client()
    p = the_payable(stage, id)
    text = client.get(f"/pay/{token}/view/{id}").text
    assert "What it is for" in text
    assert f"Total {show(p.asks, p.currency)}" in text


def test_after_a_card_payment_the_page_thanks_and_asks_for_nothing() -> None:
    stage, client, token, id = a_client()
    session = press_pay(stage, client, token, id).location.rpartition("/")[2].split("?")[0].split("#")[0]
    stage.world.stripe_box.people.pay_card(session)
    assert "waiting for the confirmation" in client.get(f"/pay/{token}/done").text
    stage.pass_time(minutes=10, step_minutes=5)
    assert "Your payment has reached us" in client.get(f"/pay/{token}/done").text
    assert "Paid, thank you" in client.get(f"/pay/{token}").text


def test_a_bank_debit_is_on_its_way_and_is_not_called_paid() -> None:
    stage, client, token, id = a_client()
    session = press_pay(stage, client, token, id).location.rpartition("/")[2].split("?")[0].split("#")[0]
    stage.world.stripe_box.people.pay_bank(session)
    stage.pass_time(minutes=10, step_minutes=5)
    done = client.get(f"/pay/{token}/done").text
    assert "it is on its way" in done
    assert "has reached us" not in done


def test_leaving_the_payment_page_says_that_nothing_was_paid() -> None:
    _, client, token, _ = a_client()
    assert "Nothing was charged" in client.get(f"/pay/{token}/done?cancelled=1").text


def test_a_bill_that_was_taken_back_to_a_draft_shows_its_number_and_that_nothing_is_owed() -> None:
    stage, client, token, id = a_client()
    bill = stage.world.clio_box.state.rows["bills"][int(id)]
    amount = show(the_payable(stage, id).open)
    stage.world.clio_box.people.take_back(bill.id)
    acts.poll(stage)
    text = client.get(f"/pay/{token}").text
    section = text[text.index(bill.number) :].partition("</li>")[0]
    assert "Being revised" in section and "until you hear from us" in section
    assert amount not in section and "/view/" not in section
    assert client.get(f"/pay/{token}/view/{id}").status == 404
