"""The contract of plain records and of documents, for both stores."""

from __future__ import annotations

import pytest

from chalicelib.domain.kernel import Commit
from chalicelib.errors import Conflict
from tests.store.conftest import AnyStore
from tests.store.given import NOON, Clock, a_change, a_ref, minutes


def test_a_record_is_read_back_with_its_version(store: AnyStore) -> None:
    assert store.record("lock", "a") is None
    assert store.put_record("lock", "a", {"n": 1}) == 1
    assert store.record("lock", "a") == (1, {"n": 1})
    assert store.put_record("lock", "a", {"n": 2}) == 2
    assert store.record("lock", "a") == (2, {"n": 2})


@pytest.mark.parametrize("odd", ["", "x" * 3000, "é" * 1025])
def test_what_stands_under_a_key_that_nothing_can_have_is_nothing(store: AnyStore, odd: str) -> None:
    """A part of a key may come from an address or a form. DynamoDB refuses to look for such a one."""
    ref = a_ref(id=odd)
    assert store.record("lock", odd) is None and store.effect(odd) is None
    assert store.load(ref).body is None and [h.body for h in store.load_many([ref])] == [None]


def test_a_record_is_created_once(store: AnyStore) -> None:
    assert store.put_record("lock", "a", {}, expected=0) == 1
    with pytest.raises(Conflict):
        store.put_record("lock", "a", {}, expected=0)


def test_a_record_is_replaced_only_by_who_saw_its_version(store: AnyStore) -> None:
    store.put_record("bucket", "a", {"n": 1})
    assert store.put_record("bucket", "a", {"n": 2}, expected=1) == 2
    with pytest.raises(Conflict):
        store.put_record("bucket", "a", {"n": 3}, expected=1)
    with pytest.raises(Conflict):
        store.put_record("bucket", "b", {}, expected=1)
    assert store.record("bucket", "a") == (2, {"n": 2})


def test_an_expired_record_is_gone_and_may_be_created_anew(store: AnyStore, clock: Clock) -> None:
    store.put_record("lock", "a", {"by": 1}, expires=minutes(1))
    clock.at = minutes(0.99)
    assert store.record("lock", "a") == (1, {"by": 1})
    clock.at = minutes(1)
    assert store.record("lock", "a") is None
    assert store.records("lock") == []
    with pytest.raises(Conflict):
        store.put_record("lock", "a", {}, expected=1)
    version = store.put_record("lock", "a", {"by": 2}, expected=0)
    assert store.record("lock", "a") == (version, {"by": 2})


def test_who_saw_an_expired_record_cannot_take_the_new_one_for_it(store: AnyStore, clock: Clock) -> None:
    seen = store.put_record("lock", "a", {"by": 1}, expires=minutes(1))
    clock.at = minutes(1)
    assert store.put_record("lock", "a", {"by": 2}, expected=0, expires=minutes(9)) != seen


def test_a_record_written_without_expiry_stays(store: AnyStore, clock: Clock) -> None:
    store.put_record("lock", "a", {}, expires=minutes(1))
    store.put_record("lock", "a", {})
    clock.pass_(days=9)
    assert store.record("lock", "a") == (2, {})


def test_a_deleted_record_is_gone(store: AnyStore) -> None:
    store.put_record("session", "a", {})
    store.delete_record("session", "a")
    store.delete_record("session", "a")
    assert store.record("session", "a") is None
    assert store.put_record("session", "a", {}, expected=0) == 1


def test_the_records_of_a_partition_are_shown_in_order(store: AnyStore) -> None:
    for sk in ("b2", "a", "b1", "c"):
        store.put_record("p", sk, {"is": sk})
    store.put_record("q", "b0", {})
    assert [sk for sk, _ in store.records("p")] == ["a", "b1", "b2", "c"]
    assert [sk for sk, _ in store.records("p", begins="b")] == ["b1", "b2"]
    assert store.records("p", limit=2, descending=True) == [("c", {"is": "c"}), ("b2", {"is": "b2"})]


def test_expired_records_take_no_place_in_a_page(store: AnyStore, clock: Clock) -> None:
    for n in range(6):
        store.put_record("p", str(n), {}, expires=minutes(1) if n < 3 else None)
    clock.pass_(minutes=2)
    assert [sk for sk, _ in store.records("p", limit=2)] == ["3", "4"]


# --- documents ---


def test_a_document_is_read_back_byte_by_byte(store: AnyStore) -> None:
    body = bytes(range(256)) * 9
    store.put_document("f1/mail/1", body, now=NOON)
    assert store.document("f1/mail/1") == body
    assert store.document("f1/mail/2") is None


def test_the_same_document_again_changes_nothing(store: AnyStore) -> None:
    store.put_document("d", b"first", now=NOON)
    store.put_document("d", b"second", now=NOON)
    assert store.document("d") == b"first"


def test_a_document_that_no_commit_names_is_gone_after_two_days(store: AnyStore, clock: Clock) -> None:
    store.put_document("d", b"x", now=NOON)
    clock.pass_(hours=47)
    assert store.document("d") == b"x"
    clock.pass_(hours=2)
    assert store.document("d") is None


def test_a_document_put_again_gets_two_more_days(store: AnyStore, clock: Clock) -> None:
    store.put_document("d", b"x", now=NOON)
    clock.pass_(hours=47)
    store.put_document("d", b"x", now=clock.at)
    clock.pass_(hours=47)
    assert store.document("d") == b"x"


def test_a_named_document_stays(store: AnyStore, clock: Clock) -> None:
    store.put_document("d", b"x", now=NOON)
    store.commit(Commit((a_change(),), names=("d", "d")))
    store.put_document("d", b"y", now=clock.at)
    clock.pass_(days=3000)
    assert store.document("d") == b"x"


def test_a_commit_that_names_a_missing_document_conflicts(store: AnyStore) -> None:
    with pytest.raises(Conflict):
        store.commit(Commit((a_change(),), names=("d",)))
    assert store.load(a_ref()).version == 0
    assert store.document("d") is None


def test_a_document_that_does_not_fit_an_item_is_refused(store: AnyStore) -> None:
    store.put_document("d", b"x" * 380 * 1024, now=NOON)
    with pytest.raises(ValueError, match="at most"):
        store.put_document("e", b"x" * (380 * 1024 + 1), now=NOON)
