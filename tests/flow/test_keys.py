"""Keys for programs: named, limited in number, and gone at once when revoked."""

from __future__ import annotations

import pytest

from chalicelib.errors import Refused
from chalicelib.flow import keys
from chalicelib.flow.keys import KEYS_AT_MOST
from tests.world import MemoryWorld


@pytest.fixture(scope="module")
def world() -> MemoryWorld:
    return MemoryWorld()


def test_a_key_without_a_name_is_refused(world: MemoryWorld) -> None:
    with pytest.raises(Refused, match="Give the key a name"):
        keys.create(world, "us-1", " \t ", "test")
    assert keys.listed(world, "us-1") == []


def test_a_firm_has_a_limited_number_of_keys_and_a_revoked_one_makes_room(world: MemoryWorld) -> None:
    tokens = [keys.create(world, "us-2", f"key {n}", "test") for n in range(KEYS_AT_MOST)]
    with pytest.raises(Refused, match=f"at most {KEYS_AT_MOST} keys"):
        keys.create(world, "us-2", "one more", "test")
    found = keys.find(world, tokens[0])
    assert found is not None
    keys.revoke(world, "us-2", found.id)
    assert keys.find(world, tokens[0]) is None
    assert keys.create(world, "us-2", "one more", "test")


def test_revoking_twice_is_no_error_and_never_another_firms(world: MemoryWorld) -> None:
    token = keys.create(world, "us-3", "theirs", "test")
    found = keys.find(world, token)
    assert found is not None
    keys.revoke(world, "us-4", found.id)
    assert keys.find(world, token) == found
    keys.revoke(world, "us-3", found.id)
    keys.revoke(world, "us-3", found.id)
    assert keys.listed(world, "us-3") == []
