"""Both stores, and the simulator's, under one contract: ``store`` is each of them in turn, with a clock that a test may
move."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from moto import mock_aws
from moto.dynamodb.models import dynamodb_backends

from chalicelib.store.dynamo import DynamoStore
from chalicelib.store.memory import MemoryStore
from chalicelib.store.tables import MODELS, Tables
from tests.simulation.world import SimStore
from tests.store.given import Clock

AnyStore = MemoryStore | DynamoStore
REGION = "us-east-1"
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


@pytest.fixture(scope="module")
def aws() -> Iterator[Any]:
    """moto with our tables, in process, and a client for it: made once for a file, as that takes longer than a test."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        store = DynamoStore(TABLES, region=REGION, clock=Clock().now, nonce=str)
        for model in MODELS.values():
            model.create_table()
        yield store._connection.client


@pytest.fixture
def dynamo(clock: Clock, aws: Any) -> DynamoStore:
    return a_dynamo_store(clock, aws)


def a_dynamo_store(clock: Clock, client: Any) -> DynamoStore:
    """A DynamoStore on empty tables of moto; ``client`` is what ``aws`` gives."""
    nonces = count()
    for backend in dynamodb_backends["123456789012"].values():
        for table in backend.tables.values():
            table.items.clear()
    store = DynamoStore(
        TABLES, region=REGION, clock=clock.now, nonce=lambda: f"nonce-{next(nonces)}", pause=lambda _: None
    )
    store._connection._client = client
    return store
