"""Reaching a neighbour for a firm: within the budget, with a fresh token. Every call of the flows goes through here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from typing import TypeVar

from chalicelib.domain.effects import Lanes
from chalicelib.domain.kernel import Neighbour
from chalicelib.domain.readings import Access
from chalicelib.errors import Disconnected, Unavailable
from chalicelib.flow import tokens
from chalicelib.flow.budget import Floor, Meter
from chalicelib.flow.ports import Clio, Mail, QuickBooks, Stripe, World

T = TypeVar("T")
ONE_CALL = timedelta(seconds=5)  # the time-outs of a call made while somebody waits (world.py)


class Reach:
    """One firm's way out, for one piece of work of one class."""

    def __init__(
        self,
        world: World,
        firm: str,
        lanes: Lanes,
        floor: Floor,
        *,
        deadline: datetime | None = None,
        until: datetime | None = None,
    ) -> None:
        """``deadline``: when somebody waiting must have an answer; no call starts without time for its time-out.
        ``until``: when the drain ends; what takes longer keeps what it has and goes on in another."""
        self.deadline = deadline
        self.until = until
        self.world = world
        self.firm = firm
        self.lanes = lanes
        self.meter = Meter(world, floor)
        self.purse: tokens.Purse = {}

    @cached_property
    def paced(self) -> Reach:
        """The same way out for work that leaves most of each minute to others. One for all such work of a drain: what
        is left of a block that it took serves the next piece."""
        return Reach(self.world, self.firm, self.lanes, Floor.FIRST_SYNC, deadline=self.deadline)

    def clio(self, call: Callable[[Clio, Access], T]) -> T:
        """Raises Disconnected, Unavailable, Declined, Unreadable as the call does."""
        return self._call(Neighbour.CLIO, self.lanes.clio, lambda access: call(self.world.clio, access))

    def quickbooks(self, call: Callable[[QuickBooks, Access], T]) -> T:
        return self._call(Neighbour.QUICKBOOKS, self.lanes.realm, lambda access: call(self.world.quickbooks, access))

    def seconds_left(self) -> float | None:
        """Of the drain; None outside of one."""
        return (self.until - self.world.now()).total_seconds() if self.until else None

    def batch_room(self) -> None:
        """Raises Unavailable while QuickBooks would refuse another batch: asked before what a batch needs is read."""
        self.meter.batch_room(self.lanes.realm)

    def spend_batch(self) -> None:
        """Before a batch is sent. Raises Unavailable."""
        self.meter.spend_batch(self.lanes.realm)

    def stripe(self, call: Callable[[Stripe], T]) -> T:
        self._in_time()
        self.meter.spend(Neighbour.STRIPE, "")
        return call(self.world.stripe)

    def mail(self, call: Callable[[Mail], T]) -> T:
        self.meter.spend(Neighbour.MAIL, "")
        return call(self.world.mail)

    def _call(self, neighbour: Neighbour, account: str, call: Callable[[Access], T]) -> T:
        if not account:
            raise Disconnected(self.firm, str(neighbour), "not connected yet")

        def spent(access: Access) -> T:
            self._in_time()
            self.meter.spend(neighbour, account)
            return call(access)

        return tokens.with_access(self.world, self.firm, neighbour, account, spent, self.purse)

    def _in_time(self) -> None:
        if self.deadline is not None and self.world.now() > self.deadline - ONE_CALL:
            raise Unavailable("there is no time left for another call", after=5)
