from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.session import get_session
from moto import mock_aws

from chalicelib.errors import Unavailable, Unreadable
from chalicelib.store.seal import KmsSeal


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield get_session().create_client("kms", region_name="us-east-1")


def a_seal(kms: Any) -> KmsSeal:
    return KmsSeal(kms.create_key()["KeyMetadata"]["KeyId"], client=kms)


@pytest.mark.parametrize("clear", ["", "token", "é" * 10, "x" * 9000])
def test_what_was_sealed_opens_again(kms: Any, clear: str) -> None:
    seal = a_seal(kms)
    sealed = seal.seal(clear, firm="f1", neighbour="clio")
    assert sealed.isascii()
    assert clear == "" or clear not in sealed
    assert seal.open(sealed, firm="f1", neighbour="clio") == clear


@pytest.mark.parametrize(("firm", "neighbour"), [("f2", "clio"), ("f1", "quickbooks")])
def test_it_does_not_open_for_another(kms: Any, firm: str, neighbour: str) -> None:
    seal = a_seal(kms)
    sealed = seal.seal("token", firm="f1", neighbour="clio")
    with pytest.raises(Unreadable):
        seal.open(sealed, firm=firm, neighbour=neighbour)


def test_pieces_cannot_be_left_out_exchanged_or_changed(kms: Any) -> None:
    seal = a_seal(kms)
    one, two, three = seal.seal("x" * 9000, firm="f1", neighbour="clio").split(".")
    for bad in (f"{one}.{two}", f"{two}.{one}.{three}", one, f"{one}.{two}.%"):
        with pytest.raises(Unreadable):
            seal.open(bad, firm="f1", neighbour="clio")


def test_a_missing_key_is_for_later(kms: Any) -> None:
    with pytest.raises(Unavailable):
        KmsSeal("11111111-1111-1111-1111-111111111111", client=kms).seal("x", firm="f1", neighbour="clio")
