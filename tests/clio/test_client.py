"""The client against the Clio sandbox, in process."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from chalicelib.clio.client import ClioClient, Region
from chalicelib.domain.news import MatterReading
from chalicelib.domain.readings import BillReading, BillState, Broken, ClientReading, Pot
from chalicelib.errors import Declined, Expired, Refused, Unavailable, Unreadable
from infra.sandbox.kit import Wire
from tests.clio.stage import ASSOCIATE, BASE, CALLBACK, OTHER_BASE, OWNER, OWNER_B, Spy, Stage, a_stage


def bills_of(stage: Stage, who: str = OWNER) -> list[BillReading]:
    return [b for b in stage.client.bills(stage.access(who)).items if not isinstance(b, Broken)]


def unpaid(stage: Stage) -> BillReading:
    return next(b for b in bills_of(stage) if b.state is BillState.AWAITING_PAYMENT and b.pot is Pot.OPERATING)


# --- authorization --------------------------------------------------------------------------------------------------


def test_the_authorize_address_asks_for_a_code_and_carries_the_state() -> None:
    url = a_stage().client.authorize_url("US", "state 1", CALLBACK)
    asked = parse_qs(urlsplit(url).query)
    assert url.startswith(f"{BASE}/oauth/authorize?")
    assert asked["response_type"] == ["code"]
    assert asked["state"] == ["state 1"]
    assert asked["redirect_uri"] == [CALLBACK]


def consent(stage: Stage) -> str:
    session = requests.Session()
    session.mount(BASE, Wire(stage.clio, BASE))
    user = next(u for u in stage.clio.state.rows["users"].values() if u.first_name == OWNER)
    url = stage.client.authorize_url("us", "s", CALLBACK)
    form = {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}
    form |= {"decision": "approve", "user_id": str(user.id)}
    answer = session.post(f"{BASE}/oauth/authorize", data=form, allow_redirects=False)
    return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


def test_a_code_becomes_tokens_that_work_until_they_expire() -> None:
    stage = a_stage()
    tokens = stage.client.exchange("us", consent(stage), CALLBACK)
    assert tokens.expires_at == stage.clock.now() + timedelta(seconds=2_592_000)
    assert tokens.refresh
    person = stage.client.who(replace(stage.access(), account="us", token=tokens.access))
    assert (person.name, person.account_name, person.is_owner) == ("Olivia Hartwell", "Hartwell & Pine LLP", True)


def test_a_code_works_once() -> None:
    stage = a_stage()
    code = consent(stage)
    stage.client.exchange("us", code, CALLBACK)
    with pytest.raises(Declined) as no:
        stage.client.exchange("us", code, CALLBACK)
    assert no.value.code == "invalid_grant"


def test_a_refresh_gives_no_new_refresh_token() -> None:
    stage = a_stage()
    first = stage.client.exchange("us", consent(stage), CALLBACK)
    second = stage.client.refresh("us", first.refresh)
    assert second.access != first.access
    assert second.refresh == ""


def test_a_rotated_refresh_token_is_given() -> None:
    stage = a_stage(rotate_refresh=True)
    assert stage.client.refresh("us", stage.client.exchange("us", consent(stage), CALLBACK).refresh).refresh


def test_a_revoked_grant_cannot_be_refreshed() -> None:
    stage = a_stage()
    tokens = stage.client.exchange("us", consent(stage), CALLBACK)
    stage.client.revoke("us", tokens.access)
    with pytest.raises(Declined) as no:
        stage.client.refresh("us", tokens.refresh)
    assert no.value.code == "invalid_grant"
    stage.client.revoke("us", tokens.access)


def test_the_wrong_region_looks_like_a_wrong_secret() -> None:
    with pytest.raises(Declined) as no:
        a_stage().client.refresh("eu", "anything")
    assert no.value.code == "invalid_client"


def test_a_lost_token_answer_may_have_been_given() -> None:
    stage = a_stage()
    stage.fault(do="drop_answer", path="/oauth/token")
    with pytest.raises(Unavailable) as later:
        stage.client.refresh("us", "anything")
    assert later.value.maybe_done


def test_a_region_that_is_not_set_up_is_refused_in_words() -> None:
    with pytest.raises(Refused, match="not set up"):
        a_stage().client.authorize_url("mars", "s", CALLBACK)


def test_the_secret_is_not_shown_by_accident() -> None:
    assert "hidden" not in repr(Region("key", "hidden", BASE))


# --- bills ----------------------------------------------------------------------------------------------------------


def test_lines_tax_and_interest_are_the_total_and_less_the_discount_what_is_asked() -> None:
    stage = a_stage()
    access = stage.access()
    for bill in bills_of(stage):
        if bill.pot is Pot.OPERATING:
            net = sum(line.net for line in stage.client.lines(access, bill.id))
            assert net + bill.tax + bill.interest == bill.total, bill.number
            assert bill.total - bill.discount == bill.asks, bill.number


def test_bad_rows_park_alone_and_the_others_come_through() -> None:
    stage = a_stage()
    items = stage.client.bills(stage.access(OWNER_B)).items
    broken = {b.number: b.what for b in items if isinstance(b, Broken)}
    assert broken == {"B-STATE": "state", "B-KIND": "kind", "B-FRACTION": "total"}
    assert len([b for b in items if isinstance(b, BillReading)]) >= 10


def test_a_single_bill_that_cannot_be_understood_is_unreadable() -> None:
    stage = a_stage()
    access = stage.access(OWNER_B)
    broken = next(b for b in stage.client.bills(access).items if isinstance(b, Broken))
    with pytest.raises(Unreadable):
        stage.client.bill(access, broken.id)


def test_two_thousand_lines_come_over_every_page() -> None:
    stage = a_stage()
    bill = next(b for b in bills_of(stage, OWNER_B) if b.number == "B-2000LINES")
    lines = stage.client.lines(stage.access(OWNER_B), bill.id)
    assert len(lines) == 2000
    assert sum(line.net for line in lines) == bill.total


def test_pages_follow_clios_next_to_the_end_in_order_of_ids() -> None:
    stage = a_stage()
    stage.clio.people.make_many(450)
    access = stage.access()
    seen: list[int] = []
    next = None
    while True:
        page = stage.client.bills(access, next=next)
        seen += [int(b.id) for b in page.items]
        next = page.next
        if next is None:
            break
    assert len(seen) > 450
    assert seen == sorted(set(seen))


def test_removed_bills_are_found_by_state_and_by_id() -> None:
    stage = a_stage()
    access = stage.access()
    void = stage.client.bills(access, state="void").items[0]
    assert isinstance(void, BillReading)
    assert void.state is BillState.VOID
    found = stage.client.bills_by_id(access, [void.id, "999999999"])
    assert [b.id for b in found.items] == [void.id]


def test_only_what_changed_since_is_listed() -> None:
    stage = a_stage()
    bill = unpaid(stage)
    stage.clock.move(days=1)
    before = stage.clock.now() - timedelta(minutes=1)
    stage.clio.people.edit_bill(int(bill.id), due_at="2026-12-01")
    changed = stage.client.bills(stage.access(), updated_since=before)
    assert [b.id for b in changed.items] == [bill.id]


def test_no_ids_ask_nothing() -> None:
    stage = a_stage()
    access, before = stage.access(), len(stage.clio.log)
    assert stage.client.bills_by_id(access, []).items == ()
    assert len(stage.clio.log) == before


@pytest.mark.parametrize("name", ["total_tax", "available_state_transitions", "Bill.credits_issued"])
def test_a_refused_field_is_done_without(name: str) -> None:
    stage = a_stage(drop_fields=[name])
    access = stage.access()
    whole = {b.id: b for b in bills_of(a_stage())}
    page = stage.client.bills(access)
    again = stage.client.bills(access)
    for bill in page.items:
        assert isinstance(bill, BillReading)
        assert (bill.total, bill.asks, bill.tax) == (whole[bill.id].total, whole[bill.id].asks, whole[bill.id].tax)
    assert again == page
    refused = [e for e in stage.clio.log if e.path.endswith("/bills.json") and e.status == 400]
    assert len(refused) == 1  # the client remembers


def test_braces_of_the_selection_travel_encoded() -> None:
    stage = a_stage()
    spy = Spy(Wire(stage.clio, BASE))
    stage.client.session.mount(BASE, spy)
    stage.client.bills(stage.access())
    url = str(spy.seen[-1].url)
    assert "client%7Bid%2Cname" in url
    assert "{" not in url
    assert spy.seen[-1].headers["X-API-VERSION"] == "4.0.13"


def test_a_next_page_on_another_host_gets_no_token() -> None:
    stage = a_stage()
    access = stage.access()
    for host in (OTHER_BASE, "https://evil.example/us", f"{BASE}.evil.example", "http://clio.example/us"):
        with pytest.raises(Unreadable):
            stage.client.bills(access, next=f"{host}/api/v4/bills.json?page_token=1")


def test_the_link_for_people_leads_into_clio() -> None:
    assert a_stage().client.bill_link("us/1001", "77") == f"{BASE}/nc/#/bills/77"


def test_an_id_that_is_no_number_never_reaches_the_address() -> None:
    stage = a_stage()
    with pytest.raises(ValueError, match="not a Clio id"):
        stage.client.bill(stage.access(), "1/../2")


# --- the one write --------------------------------------------------------------------------------------------------


def test_a_bill_is_marked_paid_where_clio_takes_it() -> None:
    stage = a_stage(patch_paid="accept")
    bill, access = unpaid(stage), stage.access()
    stage.client.mark_paid(access, bill.id, bill.etag)
    assert stage.client.bill(access, bill.id).state is BillState.PAID


def test_a_refused_mark_says_why() -> None:
    stage = a_stage(patch_paid="refuse")
    bill = unpaid(stage)
    with pytest.raises(Declined) as no:
        stage.client.mark_paid(stage.access(), bill.id, bill.etag)
    assert no.value.code == "422"
    assert no.value.detail == "UnprocessableEntityError"


def test_a_bill_that_moved_is_not_marked() -> None:
    stage = a_stage(patch_paid="accept")
    bill = unpaid(stage)
    stage.clio.people.edit_bill(int(bill.id), due_at="2026-12-01")
    with pytest.raises(Declined) as no:
        stage.client.mark_paid(stage.access(), bill.id, bill.etag)
    assert no.value.code == "412"


def test_a_lost_answer_to_the_write_may_have_been_carried_out() -> None:
    stage = a_stage(patch_paid="accept")
    bill, access = unpaid(stage), stage.access()
    stage.fault(do="drop_answer", method="PATCH")
    with pytest.raises(Unavailable) as later:
        stage.client.mark_paid(access, bill.id, bill.etag)
    assert later.value.maybe_done
    assert stage.client.bill(access, bill.id).state is BillState.PAID


# --- money and clients ----------------------------------------------------------------------------------------------


def test_a_payment_over_several_bills_is_one_group() -> None:
    stage = a_stage()
    one, two = [b for b in bills_of(stage) if b.state is BillState.AWAITING_PAYMENT and b.pot is Pot.OPERATING][:2]
    stage.clio.people.record_payment({int(one.id): 100, int(two.id): 250}, description="by cheque")
    (mine,) = stage.client.receipts(stage.access(), bill_id=one.id).items
    assert not isinstance(mine, Broken)
    group = stage.client.receipts(stage.access(), group=mine.group).items
    assert sorted(r.cents for r in group if not isinstance(r, Broken)) == [100, 250]


def test_a_removed_payment_stays_visible_as_voided() -> None:
    stage = a_stage()
    bill = unpaid(stage)
    payment = stage.clio.people.record_payment({int(bill.id): 100})
    stage.clio.people.remove_payment(payment)
    (receipt,) = stage.client.receipts(stage.access(), bill_id=bill.id).items
    assert not isinstance(receipt, Broken)
    assert receipt.voided


def test_a_trust_deposit_is_a_transaction_on_a_trust_account() -> None:
    stage = a_stage()
    bill = next(b for b in bills_of(stage) if b.pot is Pot.TRUST and b.balance > 0)
    stage.clio.people.record_trust_deposit(int(bill.id), 1000, description="FS-77")
    assert bill.client
    found = stage.client.deposits(stage.access(), client_id=bill.client.id).items
    deposit = next(d for d in found if not isinstance(d, Broken) and "FS-77" in d.text)
    assert (deposit.cents, deposit.trust, deposit.bill_id) == (1000, True, bill.id)


def test_a_client_is_read_by_id() -> None:
    stage = a_stage()
    bill = unpaid(stage)
    assert bill.client
    found = stage.client.client(stage.access(), bill.client.id)
    assert (found.id, found.name, found.email) == (bill.client.id, bill.client.name, bill.client.email)
    assert found.whole
    assert not bill.client.whole
    [by_id] = stage.client.clients_by_id(stage.access(), [bill.client.id]).items
    assert by_id == found
    assert stage.client.clients_by_id(stage.access(), []).items == ()
    with pytest.raises(ValueError, match="at most"):
        stage.client.clients_by_id(stage.access(), ["1"] * 201)


def test_contacts_are_read_page_by_page_and_since() -> None:
    stage = a_stage()
    page = stage.client.clients(stage.access())
    assert all(isinstance(c, ClientReading) and c.whole for c in page.items)
    later = stage.clock.now() + timedelta(days=1)
    assert stage.client.clients(stage.access(), updated_since=later).items == ()


def test_matters_numbers_are_read_by_id_with_one_call() -> None:
    stage = a_stage()
    bill = unpaid(stage)
    there = stage.clio.state.rows["matters"][int(bill.matter_ids[0])]
    told = stage.client.matters.numbers(stage.access(), [*bill.matter_ids, "424242"])
    assert told == {bill.matter_ids[0]: there.display_number}
    there.display_number = ""
    assert stage.client.matters.numbers(stage.access(), bill.matter_ids) == {bill.matter_ids[0]: ""}
    with pytest.raises(ValueError, match="not a Clio id"):
        stage.client.matters.numbers(stage.access(), ["../bills"])


def test_matters_that_changed_are_read_page_by_page_with_their_client() -> None:
    stage = a_stage()
    since = stage.clock.now()
    stage.clock.move(minutes=5)
    bill = unpaid(stage)
    held = stage.clio.state.rows["matters"][int(bill.matter_ids[0])]
    assert stage.client.matters.changed(stage.access(), updated_since=since, next=None).items == ()
    stage.clio.people.rename_matter(held.id, "X-77")
    page = stage.client.matters.changed(stage.access(), updated_since=since, next=None)
    assert page.items == (MatterReading(str(held.id), str(held.client_id), "X-77"),)
    assert page.next is None
    held.client_id = None
    [alone] = stage.client.matters.changed(stage.access(), updated_since=since, next=None).items
    assert alone == MatterReading(str(held.id), "", "X-77")


def test_the_currency_is_a_code() -> None:
    stage = a_stage()
    assert stage.client.currency(stage.access()) == "USD"


def test_what_a_user_without_roles_may_not_see_is_told() -> None:
    stage = a_stage()
    seen = stage.client.may_see(stage.access(ASSOCIATE))
    assert seen == {"bills": False, "contacts": True, "allocations": False, "accounts": False, "transactions": False}
    assert all(stage.client.may_see(stage.access()).values())


# --- refusals -------------------------------------------------------------------------------------------------------


def test_a_refused_token_is_expired() -> None:
    stage = a_stage()
    access = stage.access()
    stage.clio.people.expire_tokens()
    with pytest.raises(Expired):
        stage.client.bills(access)
    with pytest.raises(Expired):
        stage.client.bills(replace(access, token=""))


def test_a_bill_that_is_not_visible_is_declined_with_404() -> None:
    stage = a_stage()
    with pytest.raises(Declined) as no:
        stage.client.bill(stage.access(), "999999999")
    assert (no.value.code, no.value.status) == ("404", 404)


def test_a_missing_role_is_declined_with_403() -> None:
    stage = a_stage()
    with pytest.raises(Declined) as no:
        stage.client.bills(stage.access(ASSOCIATE))
    assert (no.value.code, no.value.detail) == ("403", "ForbiddenError")


def test_the_rate_limit_says_how_long_to_wait_and_how_much_is_left() -> None:
    stage = a_stage(rate_limit=50)
    access = stage.access()
    stage.client.bills(access)
    left = stage.client.remaining[access.account]
    stage.client.bills(access)
    assert stage.client.remaining[access.account] == left - 1
    stage.clio.people.use_up_rate()
    with pytest.raises(Unavailable) as later:
        stage.client.bills(access)
    assert 0 < later.value.after <= 60
    assert not later.value.maybe_done


def test_a_rate_limit_without_a_word_waits_a_window() -> None:
    stage = a_stage()
    stage.fault(do="status", status=429)
    with pytest.raises(Unavailable) as later:
        stage.client.bills(stage.access())
    assert later.value.after == 60


def test_clios_own_fault_is_for_later() -> None:
    stage = a_stage()
    stage.fault(do="status", status=502, body="<html>Bad gateway</html>")
    with pytest.raises(Unavailable) as later:
        stage.client.bills(stage.access())
    assert not later.value.maybe_done


@pytest.mark.parametrize("do", ["drop_request", "drop_answer", "slow"])
def test_a_lost_read_is_for_later_and_did_nothing(do: str) -> None:
    stage = a_stage()
    stage.fault(do=do)
    with pytest.raises(Unavailable) as later:
        stage.client.bills(stage.access())
    assert not later.value.maybe_done


@pytest.mark.parametrize("body", ["<html>", "[]", '{"data": null}'])
def test_an_answer_that_cannot_be_read_is_unreadable(body: str) -> None:
    stage = a_stage()
    stage.fault(do="status", status=200, body=body)
    with pytest.raises(Unreadable):
        stage.client.bills(stage.access())


def test_the_client_waits_three_seconds_to_connect_and_eight_to_read() -> None:
    stage = a_stage()
    spy = Timed(Wire(stage.clio, BASE))
    stage.client.session.mount(BASE, spy)
    stage.client.bills(stage.access())
    assert spy.timeouts == [(3.0, 8.0)]


class Timed(Spy):
    timeouts: list[object]

    def send(self, request: requests.PreparedRequest, **more: object) -> requests.Response:  # type: ignore[override]
        self.timeouts = [*getattr(self, "timeouts", []), more["timeout"]]
        return super().send(request, **more)


def test_the_client_has_the_shape_that_the_flows_ask_for() -> None:
    from chalicelib.flow.ports import Clio

    client: Clio = a_stage().client
    assert isinstance(client, ClioClient)


def test_the_newest_numbers_come_in_one_call_newest_first() -> None:
    stage = a_stage()
    access, before = stage.access(), len(stage.clio.log)
    told = stage.client.newest_numbers(access)
    assert len(stage.clio.log) == before + 1
    assert "1042" in told
    assert told[0] == max(told, key=lambda n: stage.clio.people.find_bill(n)["id"])
