"""The second firm holds every bad input (infra/sandbox/clio/bad_input.py): on the deployed template, through the pages.

The tests follow one another on one stage, as one firm's first days do: each starts where the one above it ended.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

from infra.local.counting import leaked
from infra.local.desk import BEXLEY, Desk
from infra.local.stack import Stack
from infra.sandbox.clio.bad_input import (
    BAD,
    COLON,
    EMPLOYEE,
    GOOD,
    INACTIVE,
    LONG_NUMBER,
    LONG_NUMBER_CURED,
    TAB,
    VENDOR,
)

REALM = BEXLEY.realm
WITHOUT_MAIL = "B-NOMAIL"
CLIENTS = {COLON: "B-COLON", TAB: "B-TAB", VENDOR: "B-VENDOR", EMPLOYEE: "B-EMPLOYEE", INACTIVE: "B-INACTIVE"}
NAMED = ("COLON", "TAB", "VENDOR", "EMPLOYEE", "INACTIVE")  # their clients' addresses are made of these
LISTED = [n for n in BAD if n not in CLIENTS.values()]  # the others are asked about before the first write
TABLES = ("states", "journal", "effects", "calls", "documents", "records")


@pytest.fixture(scope="module")
def desk(stack: Stack) -> Iterator[Desk]:
    """Bea has connected everything, resynced, started collection on all that came in, and slept five days over it."""
    desk = Desk(stack, BEXLEY)
    seeded_on = stack.now().date()
    desk.sign_in()
    desk.set_up(seeded_on - timedelta(days=60))
    desk.resync()
    desk.collect_all("Friendly notes", template="friendly")
    morning = stack.now().replace(hour=15, minute=0) + timedelta(days=8)
    stack.move_clock(int((morning - stack.now()).total_seconds()))
    stack.settle(90)
    stack.pass_minutes(10)  # what a busy machine answered too late is tried again by itself
    yield desk


def numbers(desk: Desk) -> list[str]:
    """The numbers of QuickBooks' invoices, in order."""
    return sorted(i["DocNumber"] for i in desk.town.invoices(REALM))


def about(item: Any) -> str:
    """The number of the bill that an item under Needs attention is about."""
    by_number = [n for n in sorted(BAD, key=len, reverse=True) if n in item["title"]]
    return (by_number or [CLIENTS[name] for name in CLIENTS if name in item["title"]] or [str(item["title"])])[0]


def everything(stack: Stack) -> dict[str, list[str]]:
    """Every item of every table, read as the emulator's owner."""
    database = stack.emulator.account.client("dynamodb")
    return {
        table: sorted(
            json.dumps(item, sort_keys=True, default=str)
            for page in database.get_paginator("scan").paginate(TableName=f"fee-simple-local-{table}")
            for item in page["Items"]
        )
        for table in TABLES
    }


# --- what bad input gets ----------------------------------------------------------------------------------------------


def test_a_name_that_quickbooks_does_not_take_is_asked_about_before_the_first_write(desk: Desk) -> None:
    asked = re.sub(r"\s+", " ", desk.in_doubt)
    assert [name for name in CLIENTS if re.sub(r"\s+", " ", name) not in asked] == []
    for said in ("used only once in QuickBooks", "vendor", "employee", "inactive", "Create as “Smith Estate of”"):
        assert said in asked
    made = {c["DisplayName"] for c in desk.town.books.act("find", realm=REALM, entity="Customer")}
    assert {"Smith Estate of", "Wren Hollis"} <= made
    for name in (VENDOR, EMPLOYEE, INACTIVE):
        assert [m for m in made if re.fullmatch(rf"{name} \(Clio \d+\)", m)], made
    assert set(CLIENTS.values()) <= set(numbers(desk))


def test_what_cannot_be_done_is_listed_by_name_with_its_cause_and_remedy(desk: Desk) -> None:
    listed = desk.attention()
    assert sorted(about(item) for item in listed) == sorted(LISTED)
    assert all(item["cause"] and item["remedy"] and item["actions"] for item in listed)


def test_everything_else_went_on(desk: Desk) -> None:
    assert numbers(desk) == sorted([*GOOD, WITHOUT_MAIL, *CLIENTS.values()])
    written_to = {address for mail in desk.stack.mailbox.to_clients() for address in mail.to}
    booked = {f"good{n}@example.com" for n in range(1, 6)} | {f"{who.lower()}@example.com" for who in NAMED}
    waiting_at_quickbooks = {f"{who}@example.com" for who in ("tara", "uma")}
    assert written_to == booked | waiting_at_quickbooks


def test_a_client_without_an_address_keeps_only_its_mail_waiting(desk: Desk) -> None:
    (kept,) = [item for item in desk.attention() if about(item) == WITHOUT_MAIL]
    assert kept["kind"] == "mail.remind"
    assert "e-mail address" in kept["cause"]


def test_a_retry_before_the_cause_is_gone_lists_it_again(desk: Desk) -> None:
    before = numbers(desk)
    desk.press(LONG_NUMBER, "retry")
    desk.stack.pass_minutes(1)
    assert sorted(about(item) for item in desk.attention()) == sorted(LISTED)
    assert numbers(desk) == before


def test_once_the_causes_are_gone_retry_brings_in_exactly_those_bills(desk: Desk) -> None:
    before = numbers(desk)
    for number in LISTED:
        desk.town.clio.act("cure", bill=number)
    for item in desk.attention():
        desk.press_retry_where_asked(item["title"])
    desk.stack.pass_minutes(12)
    assert desk.attention() == []
    cured = {LONG_NUMBER_CURED if n == LONG_NUMBER else n for n in LISTED if n != WITHOUT_MAIL}
    assert numbers(desk) == sorted([*before, *cured])
    assert len(set(numbers(desk))) == len(numbers(desk))
    assert any(mail.to == ["vera.nomail@example.com"] for mail in desk.stack.mailbox.all())


# --- wrong signatures -------------------------------------------------------------------------------------------------


def forged(stack: Stack, times: int) -> list[int]:
    """The answers to one forged message for each neighbour; ``times`` makes them differ from earlier ones."""
    event = {"id": f"evt_forged{times}", "object": "event", "account": BEXLEY.operating, "type": "charge.refunded"}
    news = {"eventNotifications": [{"realmId": REALM, "dataChangeEvent": {"entities": [{"id": str(900 + times)}]}}]}
    clio = {"data": {"id": 900 + times}, "meta": {"event": "updated"}}
    stamp = int(stack.now().timestamp())
    return [
        requests.post(f"{stack.url}/webhooks/{path}", json=body, headers={header: value}, timeout=30).status_code
        for path, body, header, value in (
            ("stripe", event, "Stripe-Signature", f"t={stamp},v1={'0' * 64}"),
            ("quickbooks", news, "intuit-signature", "Zm9yZ2Vk"),
            ("clio/nobody-was-told-this-address", clio, "X-Hook-Signature", "0" * 64),
        )
    ]


def test_a_webhook_with_a_wrong_signature_is_refused_and_nothing_is_stored(stack: Stack, desk: Desk) -> None:
    stack.settle(60)
    seen = []
    for times in range(4):  # the emulator's own schedule may sweep in between, which may write
        before = everything(stack)
        assert forged(stack, times) == [400, 403, 400]
        seen.append(everything(stack) == before)
        if seen[-1]:
            break
    assert seen[-1]
    assert stack._depth("work") == (0, 0)


# --- revoked access ---------------------------------------------------------------------------------------------------


def a_new_bill(desk: Desk, number: str) -> None:
    line = [{"note": "Advice", "price": 12300}]
    desk.town.clio.act("add_bill", firm=BEXLEY.name, client="Good Client 1", number=number, lines=line)


@pytest.mark.parametrize("neighbour", ["QuickBooks", "Clio"])
def test_when_access_is_revoked_the_firm_is_told_and_reconnecting_resumes_what_waits(
    desk: Desk, neighbour: str
) -> None:
    before = numbers(desk)
    if neighbour == "Clio":
        desk.town.clio.act("revoke", email=BEXLEY.owner)
    else:
        desk.town.books.act("revoke_grants", realm=REALM)
    a_new_bill(desk, f"B-AFTER-{neighbour}")
    desk.stack.pass_minutes(20)
    (told,) = desk.attention()
    assert told["title"] == f"{neighbour} is disconnected"
    assert told["actions"][0]["do"] == "connect"
    assert "is disconnected" in re.sub(r"\s+", " ", desk.page("/desk").text)
    assert numbers(desk) == before
    desk.connect_clio() if neighbour == "Clio" else desk.connect_quickbooks()
    desk.stack.pass_minutes(6)
    assert desk.attention() == []
    assert numbers(desk) == sorted([*before, f"B-AFTER-{neighbour}"])


def test_no_secret_of_these_days_stands_in_any_log(stack: Stack, desk: Desk) -> None:
    seen = desk.secrets | desk.browser.secrets
    assert len(desk.town.issued()) > 10 and len(seen) > 10
    assert leaked(stack, desk.town, seen) == []
    assert leaked(stack, desk.town, {"/desk/attention"})  # no secret: it shows that the logs are searched
