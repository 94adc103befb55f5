"""``ClioSandbox``: the application, its clock and its records. Rules live in the modules it brings together."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from infra.sandbox.kit import Clock, Sandbox

from . import access, hooks, pages
from .api import Api
from .people import People
from .show import Teller
from .state import Row, State, User

R = TypeVar("R", bound=Row)
Clients = dict[str, tuple[str, list[str]]]
CLIENTS: Clients = {"clio-key": ("clio-secret", ["https://fee.example/connect/clio/callback"])}


class ClioSandbox(Sandbox):
    """One region of Clio. ``clients`` maps an app's key to its secret and registered redirect addresses."""

    def __init__(
        self,
        clock: Clock,
        *,
        region: str = "us",
        clients: Clients | None = None,
        keep: Path | None = None,
        seed: int = 1,
    ) -> None:
        super().__init__("clio", clock, State, keep=keep, seed=seed)
        self.region = region
        self.clients = CLIENTS if clients is None else clients
        self.people = People(self)
        access.routes(self)
        Api(self)
        pages.routes(self)

    # --- time ------------------------------------------------------------------------------------------------------
    def stamp(self) -> datetime:
        """Now, in whole seconds: the precision of Clio's stamps here."""
        return self.now().astimezone(UTC).replace(microsecond=0)

    def today(self, user: User) -> date:
        return self.now().astimezone(ZoneInfo(user.time_zone)).date()

    def firm_today(self, firm: int) -> date:
        return self.now().astimezone(ZoneInfo(self.state.rows["firms"][firm].time_zone)).date()

    def teller(self, user: User) -> Teller:
        return Teller(self.state, ZoneInfo(user.time_zone), self.today(user), self.switch)

    # --- records ---------------------------------------------------------------------------------------------------
    def new(self, cls: type[R], firm: int, *, at: datetime | None = None, **values: Any) -> R:
        """A new record of ``firm``, created now or ``at``; webhooks hear of it."""
        stamp = at or self.stamp()
        row = cls(id=self.state.next_id(), firm=firm, created_at=stamp, updated_at=stamp, **values)
        self.state.add(row)
        self.announce("created", row)
        return row

    def touch(self, row: Row) -> None:
        row.updated_at, row.version = self.stamp(), row.version + 1

    def changed(self, row: Row, event: str = "updated") -> None:
        self.touch(row)
        self.announce(event, row)

    def announce(self, event: str, row: Row) -> None:
        hooks.announce(self, event, row)

    def deliver_due(self, send: hooks.Send) -> int:
        """Sends the webhook deliveries that are due; see ``hooks.deliver_due``."""
        return hooks.deliver_due(self, send)
