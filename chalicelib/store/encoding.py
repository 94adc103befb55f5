"""How values become text in the tables, the same for both stores. Pure.

Instants have a fixed width (microseconds, ``Z``), so that text order is time order; bodies are JSON text.
"""

from __future__ import annotations

import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from datetime import UTC, datetime
from functools import lru_cache

from chalicelib.domain.kernel import SHARDS, Json, Line, Ref
from chalicelib.errors import Unreadable

SEPARATOR = "\x1f"  # sorts before every printable character, so it never changes the order of what stands before it

_COMPACT = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)
KILOBYTE = 1024  # what DynamoDB counts writing in, in the table and again in each index
BESIDE = 256  # what an item holds beside its body, about
LAST = "\U0010ffff"  # after every other text


def shard_of(lane: str) -> int:
    """The shard, 0 to kernel.SHARDS - 1, in which a lane's owed effects lie. The same on every machine."""
    return zlib.crc32(lane.encode()) % SHARDS


@lru_cache(maxsize=256)
def instant_text(at: datetime) -> str:
    """UTC, 27 characters. Raises ValueError for a time without zone. The same instant is asked for by each index and
    shard: what was written last is remembered."""
    if at.tzinfo is None:
        raise ValueError(f"an instant without a zone: {at}")
    plain = at if at.tzinfo is UTC else at.astimezone(UTC)
    return plain.isoformat(timespec="microseconds")[:26] + "Z"


def instant_of(text: str) -> datetime:
    """The UTC instant of ``instant_text``."""
    return datetime.fromisoformat(text[:-1] + "+00:00")


def json_text(body: Json) -> str:
    """Compact JSON. Raises TypeError for what is not JSON and ValueError for NaN."""
    return _COMPACT.encode(body)


def json_of(text: str) -> Json:
    body: Json = json.loads(text)
    return body


def packed(text: str) -> bytes | None:
    """The text compressed, where its item costs fewer kilobytes so; None where it may as well stay readable."""
    plain = text.encode()
    if BESIDE + len(plain) <= KILOBYTE:
        return None
    small = zlib.compress(plain)
    return small if _kilobytes(small) < _kilobytes(plain) else None


def unpacked(small: bytes) -> str:
    return zlib.decompress(small).decode()


def state_key(ref: Ref) -> tuple[str, str]:
    """(pk, sk) of a state: one partition per firm and kind, so that a firm's things can be read out without a scan."""
    return f"{ref.firm}|{ref.kind}", ref.id


def journal_pk(ref: Ref) -> str:
    """The partition of one aggregate's journal."""
    return f"{ref.firm}|{ref}"


def journal_sk(version: int) -> str:
    return f"{version:012d}"


def list_sk(sort: str, ref: Ref) -> str:
    """The sort key in the indexes of states: the listing's own, made unique by the reference."""
    return f"{sort}{SEPARATOR}{ref}"


def due_sk(at: str, key: str) -> str:
    """The sort key of an effect in its lane and among the parked ones; ``at`` is the instant's text."""
    return f"{at}#{key}"


def due_upto(now: datetime) -> str:
    """The last sort key that is due at ``now``."""
    return due_sk(instant_text(now), LAST)


def line_texts(line: Line) -> tuple[str, str]:
    """(body, change) of a journal line as JSON text."""
    return json_text(line.body), json_text(line.change)


def cursor_text(*parts: str) -> str:
    """An opaque cursor: where the last page ended."""
    return urlsafe_b64encode(json.dumps(parts).encode()).decode()


def cursor_parts(cursor: str, count: int, begins: str = "") -> list[str]:
    """The parts of a cursor. It comes from a page's address, so anything may be in it: raises Unreadable."""
    try:
        parts = json.loads(urlsafe_b64decode(cursor.encode()))
    except (NotBase64, ValueError) as e:
        raise Unreadable("cursor", cursor) from e
    if not isinstance(parts, list) or len(parts) != count or not all(isinstance(p, str) and p for p in parts):
        raise Unreadable("cursor", cursor)
    if not parts[0].startswith(begins):
        raise Unreadable("cursor", cursor)
    return parts


def _kilobytes(body: bytes) -> int:
    return -(-(BESIDE + len(body)) // KILOBYTE)
