"""What only DynamoDB does: lost answers, collisions, throttling, races between a read and a write."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from pynamodb.exceptions import CancellationReason, TransactWriteError, VerboseClientError

from chalicelib.domain.kernel import Commit, Finish, Guard
from chalicelib.errors import Conflict, Unavailable
from chalicelib.store import encoding
from chalicelib.store.dynamo import DynamoStore
from chalicelib.store.tables import CallRow, StateRow
from tests.store.given import LANE, NOON, a_call, a_change, a_commit, a_ref, an_effect, finish, minutes, owed

KEY = "f1/look/1"
Real = Callable[[], Any]
TRANSACTION, READ_ONE, READ_MANY = "TransactWriteItems", "GetItem", "BatchGetItem"
PUT, UPDATE = "PutItem", "UpdateItem"


def on(dynamo: DynamoStore, operation: str, *plans: Callable[[Real], Any]) -> list[str]:
    """The next requests of this operation go as planned, one plan each; gives the operations as they are asked for."""
    connection = dynamo._connection
    ask, left, asked = connection.dispatch, list(plans), []

    def dispatch(name: str, kwargs: dict[str, Any]) -> Any:
        asked.append(name)
        if name == operation and left:
            return left.pop(0)(lambda: ask(name, dict(kwargs)))
        return ask(name, kwargs)

    connection.dispatch = dispatch  # type: ignore[method-assign, assignment]
    return asked


def lost(_: Real) -> Any:
    raise ReadTimeoutError(endpoint_url="https://dynamodb")


def landed_but_lost(real: Real) -> Any:
    real()
    return lost(real)


def repeated(real: Real) -> Any:
    """botocore repeats a request whose answer was lost; the emulator does not know that it is the same one."""
    real()
    return real()


def refused(code: str) -> Callable[[Real], Any]:
    def plan(_: Real) -> Any:
        raise ClientError({"Error": {"Code": code, "Message": ""}}, "Operation")

    return plan


def cancelled(*codes: str) -> Callable[[Real], Any]:
    def plan(_: Real) -> Any:
        reasons = [CancellationReason(code) if code else None for code in codes]
        error: Any = {"Error": {"Code": "TransactionCanceledException", "Message": ""}}
        raise VerboseClientError(error, TRANSACTION, {}, cancellation_reasons=reasons)

    return plan


# --- lost answers ---


def test_a_commit_that_landed_though_its_answer_was_lost_is_done(dynamo: DynamoStore) -> None:
    on(dynamo, TRANSACTION, landed_but_lost)
    dynamo.commit(Commit((a_change(),), (an_effect(),)))
    assert dynamo.load(a_ref()).version == 1
    assert dynamo.counts["write", "states"] == 1


def test_a_commit_that_did_not_land_may_have_been_done_as_far_as_the_caller_knows(dynamo: DynamoStore) -> None:
    on(dynamo, TRANSACTION, lost)
    with pytest.raises(Unavailable) as told:
        dynamo.commit(a_commit())
    assert told.value.maybe_done
    assert dynamo.load(a_ref()).version == 0
    dynamo.commit(a_commit())


def test_a_commit_repeated_below_us_does_not_conflict_with_itself(dynamo: DynamoStore) -> None:
    on(dynamo, TRANSACTION, repeated)
    dynamo.commit(a_commit())
    assert dynamo.load(a_ref()).version == 1


def test_the_same_commit_of_another_worker_is_not_taken_for_ours(dynamo: DynamoStore) -> None:
    dynamo.commit(a_commit())
    on(dynamo, TRANSACTION, lost)
    with pytest.raises(Unavailable):
        dynamo.commit(a_commit())
    with pytest.raises(Conflict):
        dynamo.commit(a_commit())


def test_a_commit_without_a_state_whose_answer_was_lost_is_asked_for_again(dynamo: DynamoStore) -> None:
    on(dynamo, PUT, landed_but_lost)
    with pytest.raises(Unavailable):
        dynamo.commit(owed())
    dynamo.commit(owed())
    assert dynamo.effect(KEY) == an_effect()


def test_every_transaction_carries_a_token_so_that_its_repetition_is_the_same(dynamo: DynamoStore) -> None:
    sent: list[dict[str, Any]] = []
    events = dynamo._connection.client.meta.events
    events.register("before-call.dynamodb.TransactWriteItems", lambda params, **_: sent.append(params))
    dynamo.commit(a_commit())
    assert json.loads(sent[0]["body"])["ClientRequestToken"]


def test_a_call_that_was_stored_though_the_answer_was_lost_is_begun(dynamo: DynamoStore) -> None:
    dynamo.commit(owed())
    on(dynamo, TRANSACTION, landed_but_lost)
    dynamo.begin(a_call())
    assert dynamo.call("c1") == a_call()


def test_a_call_that_was_not_stored_is_not_begun(dynamo: DynamoStore) -> None:
    dynamo.commit(owed())
    on(dynamo, TRANSACTION, lost)
    with pytest.raises(Unavailable):
        dynamo.begin(a_call())
    assert dynamo.call("c1") is None


# --- collisions and throttling ---


def test_a_transaction_that_only_met_another_is_sent_again(dynamo: DynamoStore) -> None:
    asked = on(dynamo, TRANSACTION, cancelled("TransactionConflict", ""), cancelled("", "TransactionConflict"))
    dynamo.commit(a_commit())
    assert asked.count(TRANSACTION) == 3
    assert dynamo.load(a_ref()).version == 1


def test_what_writes_one_item_is_no_transaction_and_waits_for_one_all_the_same(dynamo: DynamoStore) -> None:
    asked = on(dynamo, PUT, refused("TransactionConflictException"), repeated)
    dynamo.commit(owed())
    assert dynamo.effect(KEY) == an_effect()
    assert asked.count(TRANSACTION) == 0
    asked = on(dynamo, UPDATE, refused("TransactionConflictException"), repeated)
    dynamo.commit(finish(arrivals=1))
    assert asked.count(UPDATE) == 2
    assert (told := dynamo.effect(KEY)) and told.status == "done"


def test_a_guard_alone_is_let_go_without_a_transaction(dynamo: DynamoStore) -> None:
    dynamo.commit(Commit(guards=(Guard("g", "a"),)))
    asked = on(dynamo, TRANSACTION)
    dynamo.commit(Commit(guards=(Guard("g", "a", release=True),)))
    assert dynamo.held_by("g") is None and TRANSACTION not in asked


def test_a_transaction_that_meets_others_again_and_again_conflicts(dynamo: DynamoStore) -> None:
    asked = on(dynamo, TRANSACTION, *[cancelled("TransactionConflict", "")] * 9)
    with pytest.raises(Conflict):
        dynamo.commit(a_commit())
    assert asked.count(TRANSACTION) == 5


def test_a_failed_condition_beside_a_collision_is_a_conflict_at_once(dynamo: DynamoStore) -> None:
    asked = on(dynamo, TRANSACTION, cancelled("ConditionalCheckFailed", "TransactionConflict"))
    with pytest.raises(Conflict):
        dynamo.commit(a_commit())
    assert asked.count(TRANSACTION) == 1


@pytest.mark.parametrize("plan", [cancelled("ThrottlingError", ""), refused("ThrottlingException")])
def test_a_throttled_commit_is_unavailable_and_surely_not_done(
    dynamo: DynamoStore, plan: Callable[[Real], Any]
) -> None:
    on(dynamo, TRANSACTION, plan)
    with pytest.raises(Unavailable) as told:
        dynamo.commit(a_commit())
    assert not told.value.maybe_done and told.value.after > 0


@pytest.mark.parametrize("plan", [lost, refused("ProvisionedThroughputExceededException")])
def test_a_read_without_answer_is_unavailable(dynamo: DynamoStore, plan: Callable[[Real], Any]) -> None:
    on(dynamo, READ_ONE, plan)
    with pytest.raises(Unavailable) as told:
        dynamo.load(a_ref())
    assert not told.value.maybe_done


def test_a_wrong_request_is_a_bug_and_flies(dynamo: DynamoStore) -> None:
    on(dynamo, TRANSACTION, cancelled("ValidationError", ""))
    with pytest.raises(TransactWriteError):
        dynamo.commit(a_commit())


# --- races between a read and a write ---


def test_pointers_that_come_at_the_same_time_are_all_counted(dynamo: DynamoStore) -> None:
    dynamo.arrive(an_effect())

    def meanwhile(real: Real) -> Any:
        read = real()
        dynamo.arrive(an_effect())
        return read

    on(dynamo, READ_ONE, meanwhile)
    dynamo.arrive(an_effect())
    effect = dynamo.effect(KEY)
    assert effect is not None and effect.arrivals == 3


def test_a_first_pointer_and_another_at_the_same_time_are_both_counted(dynamo: DynamoStore) -> None:
    def meanwhile(real: Real) -> Any:
        read = real()
        dynamo.arrive(an_effect())
        return read

    on(dynamo, READ_ONE, meanwhile)
    dynamo.arrive(an_effect())
    effect = dynamo.effect(KEY)
    assert effect is not None and effect.arrivals == 2


def test_a_pointer_that_comes_while_a_look_is_committed_keeps_it_owed(dynamo: DynamoStore) -> None:
    dynamo.arrive(an_effect())

    def meanwhile(real: Real) -> Any:
        dynamo.arrive(an_effect())
        return real()

    on(dynamo, TRANSACTION, meanwhile)
    with pytest.raises(Conflict):
        dynamo.commit(Commit((a_change(),), finish=(Finish(KEY, arrivals=1),)))
    assert dynamo.load(a_ref()).version == 0
    assert [e.key for e in dynamo.lane_due(LANE, NOON, limit=9)] == [KEY]


def test_an_effect_postponed_while_it_is_finished_is_done_all_the_same(dynamo: DynamoStore) -> None:
    dynamo.arrive(an_effect())

    def meanwhile(real: Real) -> Any:
        read = real()
        dynamo.postpone(KEY, minutes(9))
        return read

    on(dynamo, READ_MANY, meanwhile)
    dynamo.commit(finish())
    assert dynamo.lane_owed(LANE, limit=9) == []


def test_an_effect_that_is_done_under_a_named_condition_is_not_read(dynamo: DynamoStore) -> None:
    dynamo.arrive(an_effect())
    dynamo.reset_counts()
    dynamo.commit(finish(arrivals=1))
    assert dynamo.counts["read", "effects"] == 0
    assert (told := dynamo.effect(KEY)) and told.status == "done"


def test_one_that_was_parked_meanwhile_is_done_all_the_same(dynamo: DynamoStore) -> None:
    dynamo.arrive(an_effect())

    def meanwhile(real: Real) -> Any:
        dynamo.park(KEY, reason="r", remedy="", detail="")
        return real()

    on(dynamo, UPDATE, meanwhile)
    dynamo.commit(finish(arrivals=1))
    assert (told := dynamo.effect(KEY)) and (told.status, dynamo.parked("f1", limit=9).items) == ("done", ())


def test_a_member_that_another_call_took_first_is_not_taken(dynamo: DynamoStore) -> None:
    dynamo.commit(owed())

    def meanwhile(real: Real) -> Any:
        read = real()
        dynamo.begin(a_call("c1"))
        return read

    on(dynamo, READ_MANY, meanwhile)
    with pytest.raises(Conflict):
        dynamo.begin(a_call("c2"))
    effect = dynamo.effect(KEY)
    assert effect is not None and effect.call == "c1"


def test_a_call_ends_though_a_pointer_comes_to_its_member(dynamo: DynamoStore) -> None:
    dynamo.commit(owed())
    dynamo.begin(a_call())

    def meanwhile(real: Real) -> Any:
        read = real()
        dynamo.arrive(an_effect())
        return read

    on(dynamo, READ_MANY, meanwhile)
    dynamo.end("c1")
    effect = dynamo.effect(KEY)
    assert effect is not None and (effect.call, effect.arrivals) == ("", 2)


def test_an_effect_that_moves_all_the_time_conflicts_in_the_end(dynamo: DynamoStore) -> None:
    dynamo.arrive(an_effect())
    on(dynamo, "PutItem", *[refused("ConditionalCheckFailedException")] * 20)
    with pytest.raises(Conflict):
        dynamo.postpone(KEY, minutes(1))


# --- what is large is packed ---

LARGE = {"receipts": [{"id": f"r{n}", "cents": 100 * n, "standing": "own"} for n in range(60)]}


def test_what_fits_fewer_kilobytes_packed_is_kept_packed_and_shown_as_it_was(dynamo: DynamoStore) -> None:
    dynamo.commit(Commit((a_change(body=LARGE, list=("l", "1")),), (an_effect(),)))
    row = StateRow.get(*encoding.state_key(a_ref()))
    assert row.body is None and len(row.packed) < 1024
    assert dynamo.load(a_ref()).body == dynamo.listed("l", limit=1).items[0].body == LARGE
    call = replace(a_call(), request=LARGE)
    dynamo.begin(call)
    assert CallRow.get("c1").request is None
    assert [dynamo.call("c1"), *dynamo.live_calls(LANE)] == [call, call]
    assert dynamo.sending("c1", NOON).request == LARGE


def test_what_is_small_stays_readable(dynamo: DynamoStore) -> None:
    dynamo.commit(a_commit())
    row = StateRow.get(*encoding.state_key(a_ref()))
    assert row.body == '{"cents":100}'
    assert row.packed is None


def test_a_large_state_and_a_call_that_were_kept_as_text_are_read_as_before(dynamo: DynamoStore) -> None:
    pk, sk = encoding.state_key(a_ref())
    text = encoding.json_text(LARGE)
    StateRow(pk=pk, sk=sk, firm="f1", kind="payable", version=1, body=text).save()
    assert dynamo.load(a_ref()).body == LARGE
    dynamo.commit(owed())
    dynamo.begin(a_call())
    CallRow("c1").update(actions=[CallRow.request.set(text)])
    assert dynamo.sending("c1", NOON).request == LARGE
