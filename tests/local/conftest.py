"""One stage of its own for each module, with the real program packaged and deployed on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local.ports import Ports
from infra.local.preflight import NotReady, emulator_program
from infra.local.stack import Stack
from infra.package import ROOT


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them are slow and need the emulator; ``make test`` keeps a file with one worker."""
    for item in items:
        if "tests/local/" in item.nodeid:
            item.add_marker(pytest.mark.local)


@pytest.fixture(scope="session")
def emulator() -> None:
    """Skips what needs the emulator where it is not installed."""
    try:
        emulator_program(ROOT)
    except NotReady:
        pytest.skip("the emulator is not installed: make setup")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, emulator: None) -> Iterator[Stack]:
    """A stage that is up until the module's last test."""
    with Stack(tmp_path_factory.mktemp("stage"), ports=Ports.any_free()) as stack:
        yield stack
