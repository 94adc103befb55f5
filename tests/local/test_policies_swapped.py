"""The real program with two Lambdas' policies swapped: IAM is enforced, so it fails with AccessDenied."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.desk import HARTWELL, Desk
from infra.local.ports import Ports
from infra.local.stack import Stack
from infra.package import ROOT

SWAPPED = ("work", "sweep")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This program, with the two policy files' contents exchanged."""
    folder = tmp_path_factory.mktemp("swapped")
    skip = shutil.ignore_patterns("deployments", "deployed", "__pycache__")
    for name in ("chalicelib", ".chalice"):
        shutil.copytree(ROOT / name, folder / name, ignore=skip)
    for name in ("app.py", "requirements.txt"):
        shutil.copyfile(ROOT / name, folder / name)
    one, other = (folder / ".chalice" / f"policy-{name}.json" for name in SWAPPED)
    texts = one.read_text(), other.read_text()
    one.write_text(texts[1])
    other.write_text(texts[0])
    return folder


@pytest.fixture(scope="module")
def stack(project: Path, tmp_path_factory: pytest.TempPathFactory, emulator: None) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("stage"), ports=Ports.any_free(), project=project) as stack:
        yield stack


def test_work_with_the_sweeps_policy_is_refused_and_nothing_reaches_a_neighbour(stack: Stack) -> None:
    desk = Desk(stack, HARTWELL)
    desk.sign_in()  # the API has its own policy still
    desk.confirm_set_up(stack.now().date())  # the first sync is work's already
    before = len(desk.town.invoices(HARTWELL.realm))
    desk.browser.submit(desk.page("/desk/invoices"), "/desk/resync")
    with pytest.raises(TimeoutError):  # what is due stays due
        stack.settle(15)
    assert "AccessDenied" in stack.logs()["work"]
    assert len(desk.town.invoices(HARTWELL.realm)) == before
