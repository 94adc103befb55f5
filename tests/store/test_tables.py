"""The models, the template and the connection agree."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from chalicelib.store.dynamo import DynamoStore
from chalicelib.store.tables import MODELS
from tests.store.given import NOON, a_ref

ROOT = Path(__file__).parents[2]
IMPORTS = "import sys; import chalicelib.store.dynamo; print(*sys.modules)"


class Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads CloudFormation's short tags as if they were not there."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: None)


def declared(name: str) -> dict[str, Any]:
    """A table's properties in the template."""
    template = yaml.load((ROOT / "infra/resources.yaml").read_text(), Loader)  # a SafeLoader underneath
    properties: dict[str, Any] = template["Resources"][f"{name.capitalize()}Table"]["Properties"]
    return properties


def keys(schema: Any) -> list[tuple[str, str]]:
    return sorted((key["KeyType"], key["AttributeName"]) for key in schema)


@pytest.mark.parametrize("name", MODELS)
def test_the_template_declares_the_table_that_the_model_expects(name: str) -> None:
    schema, table = MODELS[name]._get_schema(), declared(name)
    assert keys(table["KeySchema"]) == keys(schema["key_schema"])
    assert {(a["AttributeName"], a["AttributeType"]) for a in table["AttributeDefinitions"]} == {
        (a["AttributeName"], a["AttributeType"]) for a in schema["attribute_definitions"]
    }
    ours = {
        i["index_name"]: (keys(i["key_schema"]), i["projection"]["ProjectionType"])
        for i in schema["global_secondary_indexes"]
    }
    theirs = {
        i["IndexName"]: (keys(i["KeySchema"]), i["Projection"]["ProjectionType"])
        for i in table.get("GlobalSecondaryIndexes", [])
    }
    assert theirs == ours


@pytest.mark.parametrize("name", ["documents", "records"])
def test_the_template_sweeps_what_has_expired(name: str) -> None:
    assert declared(name)["TimeToLiveSpecification"]["AttributeName"] == "expires"


def test_all_tables_share_one_client(dynamo: DynamoStore) -> None:
    dynamo.load(a_ref())
    dynamo.effect("e")
    dynamo.due(0, NOON, limit=1)
    assert {id(model._get_connection().connection) for model in MODELS.values()} == {id(dynamo._connection)}


def test_importing_the_store_brings_in_nothing_heavy_beside_pynamodb() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", IMPORTS], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {"boto3", "chalice", "requests", "stripe", "jinja2", "msgspec", "chalicelib.store.memory"}
    assert heavy.isdisjoint(loaded)
