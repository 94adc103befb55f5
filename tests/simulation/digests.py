"""The checker of the daily digest to the firm: at most one a local day, to the address that the firm chose, and nothing
of another firm in it (promises 4 and 9); what waits for somebody is told, every day (promise 8)."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from chalicelib.domain.kernel import Effect, Kind, Ref, Status
from chalicelib.flow.digesting import TOLD
from tests.world import Sent

if TYPE_CHECKING:
    from tests.simulation.base import FirmFacts
    from tests.simulation.checkers import Checkers

A_MINUTE = timedelta(minutes=1)
TWO_DAYS = timedelta(hours=50)  # a morning may be spent on a mail whose fate nobody knows, but not the next one too
INVOICE, CLIENT = re.compile(r"/desk/invoices/(\d+)"), re.compile(r"/desk/contacts/(\d+)")
KEY = re.compile(r"broken\?key=([^\s&#]+)")
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")


class Digests:
    """``sent``: the delivered ones, by firm and local day. ``chosen``: how the choice stood, and since when."""

    def __init__(self, checkers: Checkers) -> None:
        self.c, self.h = checkers, checkers.h
        self.sent: dict[tuple[str, date], str] = {}
        self.last: dict[str, datetime] = {}
        self.chosen: dict[str, list[tuple[datetime, bool, str]]] = {}

    def committed(self, firm: str, was: dict[str, Any], now: dict[str, Any]) -> None:
        if (was.get("on"), was.get("to")) != (now["on"], now["to"]):
            self.chosen.setdefault(firm, []).append((self.h.clock.at, now["on"], now["to"]))

    def mailed(self, firm: str, sent: Sent) -> None:
        zone = ZoneInfo(self.c.bodies[Ref(firm, Kind.FIRM, firm)]["zone"])
        day = sent.at.astimezone(zone).date()
        if (firm, day) in self.sent:
            self.c.say("4", f"{firm}: a second digest on {day}: {self.sent[firm, day]} and {sent.tag}")
        self.sent[firm, day], self.last[firm] = sent.tag, sent.at
        if (firm, sent.to) not in self.h.truth.readers or sent.to not in self._addresses(firm, sent.at):
            self.c.say("9", f"{firm}: a digest went to {sent.to}, which nobody chose: {self._addresses(firm, sent.at)}")
        self._of_this_firm(self.h.truth.firm_of(firm), sent)

    def _addresses(self, firm: str, at: datetime) -> set[str]:
        """The addresses to which it may go: those of the last minute."""
        past = self.chosen.get(firm, [])
        return {
            to for n, (_, on, to) in enumerate(past) if on and (n + 1 == len(past) or past[n + 1][0] >= at - A_MINUTE)
        }

    def _of_this_firm(self, firm: FirmFacts, sent: Sent) -> None:
        """It names and links only what is this firm's, and no client's address."""
        text, rows = sent.text, self.h.world.clio_box.state.rows
        for pattern, table in ((INVOICE, "bills"), (CLIENT, "contacts")):
            for id in pattern.findall(text):
                row = rows[table].get(int(id))
                if row is None or row.firm != firm.clio:
                    self.c.say("9", f"{sent.tag} leads to {table} {id}, which is not this firm's")
        for key in KEY.findall(text):
            if not unquote(key).startswith(f"{firm.firm}/"):
                self.c.say("9", f"{sent.tag} leads to {unquote(key)}")
        others = [f for f in self.h.firms if f is not firm]
        for client in [c for f in others for c in self.h.world.clio_box.state.of_firm("contacts", f.clio)]:
            if client.name in text:
                self.c.say("9", f"{sent.tag} names {client.name}, another firm's client")
        if addresses := set(ADDRESS.findall(text)) - {sent.to}:
            self.c.say("9", f"{sent.tag} tells {addresses}")

    def at_quiet(self, firm: FirmFacts, effects: list[Effect]) -> None:
        """Where it is on and something has waited for somebody for two days, one was delivered within these."""
        now = self.h.clock.at
        state = self.c.bodies.get(Ref(firm.firm, Kind.DIGEST, "main"))
        since = self.chosen.get(firm.firm, [])
        if not state or not state["on"] or state["which"] != "all" or since[-1][0] > now - TWO_DAYS:
            return
        parked = [e for e in effects if e.firm == firm.firm and e.status is Status.PARKED]
        waits = [e.key for e in parked if e.due_at < now - TWO_DAYS]
        if waits and self.last.get(firm.firm, self.h.began) < now - TWO_DAYS:
            self.c.say("8", f"{firm.firm}: no digest for two days, and {waits[:TOLD]} wait for somebody")
