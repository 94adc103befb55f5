"""Both stores, and the simulator's, under one contract: ``store`` is each of them in turn, with a clock that a test may
move."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from moto import mock_aws

from chalicelib.store.dynamo import DynamoStore
from chalicelib.store.memory import MemoryStore
from chalicelib.store.tables import MODELS, Tables
from tests.simulation.world import SimStore
from tests.store.given import Clock

AnyStore = MemoryStore | DynamoStore
TABLES = Tables(
    "test-states", "test-journal", "test-effects", "test-calls", "test-documents", "test-records"
)  # DynamoDB wants three characters and more


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "simulated", "dynamo"])
def store(request: pytest.FixtureRequest, clock: Clock) -> AnyStore:
    if request.param != "dynamo":
        return (SimStore if request.param == "simulated" else MemoryStore)(clock.now)
    dynamo: DynamoStore = request.getfixturevalue("dynamo")
    return dynamo


@pytest.fixture
def dynamo(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoStore]:
    """A DynamoStore on empty tables of moto, in process."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield a_dynamo_store(clock)


def a_dynamo_store(clock: Clock) -> DynamoStore:
    nonces = count()
    store = DynamoStore(
        TABLES, region="us-east-1", clock=clock.now, nonce=lambda: f"nonce-{next(nonces)}", pause=lambda _: None
    )
    for model in MODELS.values():
        model.create_table()
    return store
