"""Webhook subscriptions against the Clio sandbox, in process (reference/clio.md 8)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.clio.subscriptions import hook
from chalicelib.domain.news import HookReading
from chalicelib.domain.readings import Access
from chalicelib.errors import Declined, Unavailable, Unreadable
from tests.clio.stage import Stage, a_stage

URL = "https://fee.example/webhooks/clio/unguessable"
EVENTS = ("created", "updated", "deleted")


def made(stage: Stage, access: Access, url: str = URL) -> HookReading:
    until = stage.clock.now() + timedelta(days=30)
    return stage.client.hooks.create(access, model="bill", url=url, fields="id,balance", events=EVENTS, until=until)


def test_a_new_one_is_pending_and_tells_its_secret_and_its_end() -> None:
    stage = a_stage()
    got = made(stage, stage.access())
    assert (got.status, got.events, got.url) == ("pending", EVENTS, URL)
    assert got.expires_at == stage.clock.now() + timedelta(days=30)
    assert got.secret and got.secret not in repr(got)


def test_the_list_shows_them_over_every_page() -> None:
    stage = a_stage()
    access = stage.access()
    ids = {made(stage, access, f"{URL}/{n}").id for n in range(201)}
    assert {h.id for h in stage.client.hooks.all(access)} == ids


def test_one_is_extended_activated_and_deleted_and_deleting_twice_is_no_error() -> None:
    stage = a_stage()
    access = stage.access()
    got = made(stage, access)
    assert stage.client.hooks.activate(access, got.id, got.secret).status == "enabled"
    stage.clock.move(days=20)
    later = stage.clock.now() + timedelta(days=30)
    assert stage.client.hooks.extend(access, got.id, events=EVENTS, until=later).expires_at == later
    stage.client.hooks.delete(access, got.id)
    stage.client.hooks.delete(access, got.id)
    assert stage.client.hooks.all(access) == ()


def test_a_wrong_secret_is_declined() -> None:
    stage = a_stage()
    access = stage.access()
    with pytest.raises(Declined):
        stage.client.hooks.activate(access, made(stage, access).id, "made up")


def test_clio_refusing_to_delete_is_told() -> None:
    stage = a_stage()
    access = stage.access()
    got = made(stage, access)
    stage.fault(do="status", path="webhooks", status=403)
    with pytest.raises(Declined):
        stage.client.hooks.delete(access, got.id)


def test_a_lost_answer_may_have_been_done() -> None:
    stage = a_stage()
    access = stage.access()
    stage.fault(do="drop_answer", path="webhooks", method="POST")
    with pytest.raises(Unavailable) as lost:
        made(stage, access)
    assert lost.value.maybe_done
    assert len(stage.client.hooks.all(access)) == 1


@pytest.mark.parametrize("row", [{}, {"id": 1, "expires_at": "soon"}])
def test_one_that_cannot_be_understood_is_unreadable(row: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        hook(row)


def test_what_an_account_does_not_show_is_empty() -> None:
    assert hook({"id": 1, "events": None}) == HookReading("1", "", "", (), None)
