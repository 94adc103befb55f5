"""An address of Clio's webhooks has one secret, told once: by the handshake or by the answer, whichever is first."""

from __future__ import annotations

import pytest

from chalicelib.flow import clio_hooks
from chalicelib.flow.clio_hooks import SECRET_LENGTH
from chalicelib.flow.sessions import hashed
from tests.flow import races
from tests.world import MemoryWorld


@pytest.fixture(scope="module")
def world() -> MemoryWorld:
    return MemoryWorld()


def a_token(world: MemoryWorld) -> str:
    return clio_hooks.new_address(world, "us-1", "us/1", "bill").rpartition("/")[2]


def secret_of(world: MemoryWorld, token: str) -> str:
    return clio_hooks.secret_of(world, hashed(token))


def test_the_first_secret_stays_whoever_tells_another_later(world: MemoryWorld) -> None:
    token = a_token(world)
    assert clio_hooks.shake_hands(world, token, "first")
    assert not clio_hooks.shake_hands(world, token, "second")
    assert clio_hooks.shake_hands(world, token, "first"), "the same again is no harm"
    assert secret_of(world, token) == "first"


@pytest.mark.parametrize("secret", ["", "x" * (SECRET_LENGTH + 1)])
def test_no_secret_or_one_out_of_all_proportion_is_not_kept(world: MemoryWorld, secret: str) -> None:
    token = a_token(world)
    assert not clio_hooks.shake_hands(world, token, secret)
    assert secret_of(world, token) == ""


def test_an_address_that_we_never_gave_out_learns_nothing(world: MemoryWorld) -> None:
    assert not clio_hooks.shake_hands(world, "guessed", "secret")
    assert clio_hooks.find(world, "guessed") is None


@pytest.mark.parametrize(("told", "is_it"), [("ours", True), ("another", False)])
def test_handshake_and_answer_at_once_must_tell_the_same(world: MemoryWorld, told: str, is_it: bool) -> None:
    token = a_token(world)
    with races.before(world.store, "put_record", lambda: clio_hooks.shake_hands(world, token, told)):
        assert clio_hooks.learn(world, hashed(token), "ours") is is_it
    assert secret_of(world, token) == told


def test_a_store_that_refuses_twice_has_learned_nothing(world: MemoryWorld) -> None:
    token = a_token(world)
    with races.before(world.store, "put_record", races.taken, times=2):
        assert not clio_hooks.shake_hands(world, token, "secret")
    assert clio_hooks.shake_hands(world, token, "secret"), "Clio shakes hands again"
