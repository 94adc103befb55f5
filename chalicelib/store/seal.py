"""Encrypts neighbours' tokens with KMS, under the firm and the neighbour as encryption context. Satisfies
``flow.ports.Seal``. A token sealed for one firm cannot be opened as another's, whoever holds the key.
"""

from __future__ import annotations

import base64
from functools import cached_property
from typing import Any

from chalicelib.errors import Unavailable, Unreadable

PIECE_BYTES = 4000  # KMS encrypts at most 4096 bytes at once; two QuickBooks tokens are longer
JOINT = "."


class KmsSeal:
    """``key_id``: the key's id or alias. ``client``: a KMS client, else one is made on first use, with the region and
    endpoint of the environment as botocore reads them."""

    def __init__(
        self, key_id: str, *, client: Any = None, connect_seconds: float = 3.0, read_seconds: float = 8.0
    ) -> None:
        self.key_id = key_id
        self.timeouts = (connect_seconds, read_seconds)
        self._given = client

    @cached_property
    def _kms(self) -> Any:
        if self._given is not None:
            return self._given
        from botocore.config import Config
        from botocore.session import get_session

        connect, read = self.timeouts
        config = Config(connect_timeout=connect, read_timeout=read, retries={"total_max_attempts": 2})
        return get_session().create_client("kms", config=config)

    def seal(self, clear: str, *, firm: str, neighbour: str) -> str:
        """ASCII text. Each piece carries its place, so that pieces cannot be left out or exchanged."""
        data = clear.encode()
        pieces = [data[at : at + PIECE_BYTES] for at in range(0, max(len(data), 1), PIECE_BYTES)]
        context = {"firm": firm, "neighbour": neighbour}
        sealed = [
            self._ask("encrypt", KeyId=self.key_id, Plaintext=_place(n, len(pieces)) + piece, EncryptionContext=context)
            for n, piece in enumerate(pieces)
        ]
        return JOINT.join(base64.b64encode(one["CiphertextBlob"]).decode() for one in sealed)

    def open(self, sealed: str, *, firm: str, neighbour: str) -> str:
        """Raises Unreadable for another firm's or neighbour's seal, and for one that was changed."""
        pieces = sealed.split(JOINT)
        context = {"firm": firm, "neighbour": neighbour}
        clear = b""
        for n, piece in enumerate(pieces):
            blob = _bytes(piece)
            opened = self._ask("decrypt", KeyId=self.key_id, CiphertextBlob=blob, EncryptionContext=context)[
                "Plaintext"
            ]
            place = _place(n, len(pieces))
            if not opened.startswith(place):
                raise Unreadable("seal", "pieces out of place")
            clear += opened[len(place) :]
        return clear.decode()

    def _ask(self, verb: str, **asked: Any) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: dict[str, Any] = getattr(self._kms, verb)(**asked)
        except ClientError as no:
            code = str(no.response.get("Error", {}).get("Code", ""))
            if code in ("InvalidCiphertextException", "IncorrectKeyException"):
                raise Unreadable("seal", code) from no
            raise Unavailable(f"KMS: {code}", after=10.0) from no
        except BotoCoreError as lost:
            raise Unavailable("KMS does not answer", after=10.0) from lost
        return answer


def _place(n: int, count: int) -> bytes:
    return f"{n + 1}/{count}:".encode()


def _bytes(piece: str) -> bytes:
    try:
        return base64.b64decode(piece, validate=True)
    except ValueError as bad:
        raise Unreadable("seal", "not base64") from bad
