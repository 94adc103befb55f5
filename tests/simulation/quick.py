"""What a history does without, to be quick.

The stripe package makes an object of every node of an answer, which the shipped client turns back into plain values at
once; here the plain values are given at once, and no lines are made for its log. What is stored becomes text by the
package that reads it, in a tenth of the time (``test_swarm.py`` compares histories with and without). An address that
bounced is looked up anew every ten days, not every day, and a bank debit on its way is looked at every four. Polls and
waits are stretched in ``world.py``; Stripe's events, which are polled for every hour and kept for thirty days, are
kept, and asked for, as much longer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest import mock

import msgspec
import stripe
from stripe import _api_requestor

from chalicelib.domain import paying
from chalicelib.domain.kernel import Json
from chalicelib.flow import feeds, mailing
from chalicelib.store import encoding
from tests.line import query_text
from tests.world import MemoryWorld

LASTED = feeds.EVENTS_BACK
_built = _api_requestor._convert_to_stripe_object  # type: ignore[attr-defined]


class Plain(dict[str, Any]):
    """An answer of Stripe's as far as ``chalicelib.stripe.client`` uses it."""

    def to_dict(self) -> dict[str, Any]:
        return self

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def auto_paging_iter(self) -> Iterator[Plain]:
        yield from map(Plain, self["data"])


class Read(stripe.StripeResponse):
    """An answer of Stripe's, read by the package that the program reads the others' with."""

    def __init__(self, body: str, code: int, headers: Mapping[str, str]) -> None:
        self.body, self.code, self.headers = body, code, headers
        self.data = msgspec.json.decode(body)


def _plain(**asked: Any) -> Any:
    data = asked["resp"].data
    if data.get("has_more") or not isinstance(asked["resp"], stripe.StripeResponse):
        return _built(**asked)
    return Plain(data)


def _silent(*_: Any, **__: Any) -> None:
    """What the package would log nowhere: it makes the line first."""


def _text(body: Json) -> str:
    return msgspec.json.encode(body).decode()


QUICKER: dict[str, Any] = {
    "_convert_to_stripe_object": _plain,
    "StripeResponse": Read,
    "urlencode": query_text,
    "log_info": _silent,
    "log_debug": _silent,
}


def events_as_in_truth(world: MemoryWorld) -> None:
    """Until this history ends, Stripe's events last as long as they do."""
    world.stripe_box.switches["events_kept_seconds"] = 30 * 86_400
    feeds.EVENTS_BACK = LASTED


@contextmanager
def quick() -> Iterator[None]:
    plain = mock.patch.dict(vars(_api_requestor), QUICKER)
    bounced = mock.patch.object(mailing, "LOOKS_AGAIN", timedelta(days=10))
    events = mock.patch.object(feeds, "EVENTS_BACK", timedelta(days=400))
    text = mock.patch.object(encoding, "json_text", _text)
    with plain, bounced, events, text, mock.patch.object(paying, "ON_ITS_WAY_LOOKS", timedelta(days=4)):
        yield
